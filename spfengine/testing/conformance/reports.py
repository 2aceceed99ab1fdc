"""Reports of conformance runs. A report is made of documents: the JSON form of a run, which can be read back."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from spfengine.errors import RecordingError
from spfengine.testing.conformance.ledger import NOTHING
from spfengine.testing.conformance.run import FAULTS, Standing, Verdict
from spfengine.testing.suites import Case
from spfengine.visible import visible

SCHEMA = "spfengine.conformance/1"
"""The version of the JSON form of a run."""

Document = Mapping[str, Any]
_SHOWN = 300
_REASON = 2000
_MARKS = {Standing.RIGHT: "ok", Standing.WRONG: "WRONG", Standing.EXPECTED: "expected", Standing.STALE: "STALE",
          Standing.LEFT_OUT: "left out"}  # fmt: skip


def document(name: str, verdicts: Iterable[Verdict], reproduce: Callable[[Case], str]) -> dict[str, Any]:
    """Return a run as JSON-safe values.

    Args:
        name: of the implementation.
        reproduce: the command that runs one case again.
    """
    cases = [
        {
            "suite": verdict.case.suite,
            "case": verdict.case.name,
            "description": verdict.case.description,
            "spec": list(verdict.case.spec),
            "expected": list(verdict.case.results),
            "got": verdict.got,
            "standing": str(verdict.standing),
            "why": verdict.why,
            "answer": verdict.raw,
            "by_hand": visible(verdict.by_hand.replace("\n", " "), 2000),
            "reproduce": reproduce(verdict.case),
        }
        for verdict in verdicts
    ]
    counts = Counter(case["standing"] for case in cases)
    return {
        "schema": SCHEMA,
        "implementation": name,
        "counts": {str(standing): counts[str(standing)] for standing in Standing},
        "cases": cases,
    }


def read_document(text: str) -> Document:
    """Return a run read back from JSON.

    Raises:
        RecordingError: it is none.
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"not JSON: {error}") from None
    if not isinstance(read, dict) or read.get("schema") != SCHEMA or not isinstance(read.get("cases"), list):
        raise RecordingError(f"expected the JSON report of a conformance run, with the schema {SCHEMA}")
    wanted = {"suite", "case", "got", "standing", "expected"}
    if not all(isinstance(case, dict) and wanted <= case.keys() for case in read["cases"]):
        raise RecordingError(f"expected cases with {', '.join(sorted(wanted))}")
    return read


def has_faults(run: Document) -> bool:
    """Whether a case came out in a way that neither suite nor ledger says."""
    return any(run["counts"][str(standing)] for standing in FAULTS)


def as_json(run: Document) -> str:
    """Return the run as JSON."""
    return json.dumps(run, indent=2) + "\n"


def as_table(run: Document) -> str:
    """Return what is to be told, a case a line with how to run it again, and the counts."""
    lines = []
    for case in run["cases"]:
        standing = Standing(case["standing"])
        if standing is Standing.RIGHT:
            continue
        lines.append(f"{_MARKS[standing]:<9} {_name(case)}: {visible(case['why'], _SHOWN)}")
        if standing in FAULTS:
            lines.append(f"{'':<9} {visible(case['description'], _SHOWN)} (RFC 7208 {_sections(case)})")
            if case["answer"]:
                lines.append(f"{'':<9} it said: {case['answer']}")
            lines.append(f"{'':<9} again: {case['reproduce']}")
    lines.append(f"{visible(run['implementation'], _SHOWN)}: {_counts(run)}")
    return "\n".join(lines) + "\n"


def as_tap(run: Document) -> str:
    """Return the run in the Test Anything Protocol, version 13."""
    lines = ["TAP version 13", f"1..{len(run['cases'])}"]
    for number, case in enumerate(run["cases"], 1):
        standing = Standing(case["standing"])
        why = visible(case["why"], _SHOWN).replace("#", "\\#")
        good = standing in (Standing.RIGHT, Standing.LEFT_OUT)
        directive = {Standing.EXPECTED: f" # TODO {why}", Standing.LEFT_OUT: f" # SKIP {why}"}.get(standing, "")
        lines.append(f"{'ok' if good else 'not ok'} {number} - {_name(case)}{directive}")
        if standing in FAULTS:
            told = {"why": case["why"], "answer": case["answer"], "again": case["reproduce"]}
            lines += ["  ---", *[f"  {key}: {json.dumps(value)}" for key, value in told.items()], "  ..."]
    return "\n".join(lines) + "\n"


def as_junit(run: Document) -> str:
    """Return the run as JUnit XML."""
    cases: Sequence[Mapping[str, Any]] = run["cases"]
    failures = sum(Standing(case["standing"]) in FAULTS for case in cases)
    skipped = sum(Standing(case["standing"]) in (Standing.LEFT_OUT, Standing.EXPECTED) for case in cases)
    numbers = {"tests": len(cases), "failures": failures, "errors": 0, "skipped": skipped}
    told = " ".join([f"{key}={_attribute(value)}" for key, value in numbers.items()])
    head = f"<testsuite name={_attribute(run['implementation'])} {told}>"
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head]
    for case in cases:
        standing = Standing(case["standing"])
        head = f"  <testcase classname={_attribute(case['suite'])} name={_attribute(case['case'])}"
        if standing is Standing.RIGHT:
            lines.append(f"{head}/>")
        elif standing in FAULTS:
            told = f"{case['description']}\nit said: {case['answer']}\nagain: {case['reproduce']}"
            body = "\n".join([escape(visible(line, 2000)) for line in told.split("\n")])
            lines.append(f"{head}><failure message={_attribute(case['why'])}>{body}</failure></testcase>")
        else:
            lines.append(f"{head}><skipped message={_attribute(case['why'])}/></testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def as_markdown(runs: Sequence[Document]) -> str:
    """Return a matrix of what came out another way than the suite says: a case a row, an implementation a column."""
    got: dict[tuple[str, str], dict[int, str]] = {}
    expected: dict[tuple[str, str], str] = {}
    for column, run in enumerate(runs):
        for case in run["cases"]:
            key = (case["suite"], case["case"])
            left_out = case["standing"] == Standing.LEFT_OUT
            told = "" if left_out else str(case["got"] or "nothing")
            wrong = case["standing"] in (Standing.WRONG, Standing.EXPECTED) or (
                case["standing"] == Standing.STALE and case["got"] not in case["expected"]
            )
            got.setdefault(key, {})[column] = f"**{told}**" if wrong else told
            expected[key] = " or ".join(map(str, case["expected"]))
    rows = [["case", "expected", *[str(run["implementation"]) for run in runs]], ["---"] * (2 + len(runs))]
    for key, cells in got.items():
        if any(cell.startswith("**") for cell in cells.values()):
            rows.append([f"`{key[1]}`", expected[key], *[cells.get(column, "") for column in range(len(runs))]])
    lines = ["| " + " | ".join([visible(cell, _SHOWN).replace("|", "\\|") for cell in row]) + " |" for row in rows]
    lines += ["", *[f"- {visible(str(run['implementation']), _SHOWN)}: {_counts(run)}" for run in runs]]
    return "\n".join(lines) + "\n"


def as_ledger(run: Document) -> str:
    """Return a ledger of the run: groups that share a reason. Reasons that it had are kept, the others are to be found.

    Cases that could not be put stand there too, so that one that can be put later is noticed.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for case in run["cases"]:
        standing = Standing(case["standing"])
        wrong = standing in (Standing.WRONG, Standing.EXPECTED) or case["got"] not in case["expected"]
        if not wrong:
            continue
        left_out = standing is Standing.LEFT_OUT
        got = str(standing) if left_out else case["got"] or NOTHING
        known = left_out or standing is Standing.EXPECTED
        reason = case["why"] if known else f"not explained yet: {case['why'].rpartition(', but ')[2]}"
        groups.setdefault(visible(reason, _REASON), []).append((case["suite"], case["case"], got))
    lines = [f"# Deviations of {visible(run['implementation'], _SHOWN)}: what came out, with the reason of each group."]
    for reason, cases in groups.items():
        lines += [f"- reason: {json.dumps(reason, ensure_ascii=False)}", "  cases:"]
        suite = None
        for each, name, got in cases:
            if each != suite:
                suite = each
                lines.append(f"    {json.dumps(suite)}:")
            lines.append(f"      {json.dumps(name)}: {got}")
    return "\n".join(lines) + "\n"


def _counts(run: Document) -> str:
    counts = run["counts"]
    told = [f"{counts[str(standing)]} {_MARKS[standing].lower()}" for standing in Standing if counts[str(standing)]]
    return f"{len(run['cases'])} cases: {', '.join(told)}" if told else "no cases"


def _name(case: Mapping[str, Any]) -> str:
    return visible(f"{case['suite']}/{case['case']}", _SHOWN)


def _sections(case: Mapping[str, Any]) -> str:
    return ", ".join([f"RFC 7208 §{visible(section, 40)}" for section in case["spec"]]) or "RFC 7208 §4"


def _attribute(value: object) -> str:
    return quoteattr(visible(str(value), 2000))
