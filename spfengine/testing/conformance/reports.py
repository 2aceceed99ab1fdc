"""Reports of conformance runs. They are made of documents: the JSON form of a run, which can be read back."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from spfengine.errors import RecordingError
from spfengine.testing.conformance.run import FAULTS, NOTHING, CaseResult, CaseStanding
from spfengine.testing.suites import Case
from spfengine.visible import visible

SCHEMA = "spfengine.conformance/1"
"""The version of the JSON form of a run."""

Document = Mapping[str, Any]
_SHOWN = 300
_REASON = 2000
_MARKS = {
    CaseStanding.RIGHT: "ok",
    CaseStanding.WRONG: "WRONG",
    CaseStanding.EXPECTED: "expected",
    CaseStanding.STALE: "STALE",
    CaseStanding.LEFT_OUT: "left out",
}


def document(name: str, results: Iterable[CaseResult], reproduce: Callable[[Case], str]) -> dict[str, Any]:
    """Return a run as JSON-safe values.

    Args:
        name: the implementation's.
        reproduce: returns the command that runs a case again.
    """
    cases = [
        {
            "suite": result.case.suite,
            "case": result.case.name,
            "description": result.case.description,
            "spec": list(result.case.spec),
            "expected": list(result.case.results),
            "got": result.got,
            "standing": str(result.standing),
            "why": result.why,
            "answer": result.raw,
            "by_hand": visible(result.by_hand.replace("\n", " "), 2000),
            "reproduce": reproduce(result.case),
        }
        for result in results
    ]
    counts = Counter(case["standing"] for case in cases)
    return {
        "schema": SCHEMA,
        "implementation": name,
        "counts": {str(standing): counts[str(standing)] for standing in CaseStanding},
        "cases": cases,
    }


def read_document(text: str) -> Document:
    """Read a run back from JSON.

    Raises:
        RecordingError: it is not the JSON of a run.
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"not JSON: {error}") from None
    if not isinstance(read, dict) or read.get("schema") != SCHEMA or not isinstance(read.get("cases"), list):
        raise RecordingError(f"expected the JSON report of a conformance run, with the schema {SCHEMA}")
    required = {"suite", "case", "got", "standing", "expected"}
    if not all(isinstance(case, dict) and required <= case.keys() for case in read["cases"]):
        raise RecordingError(f"expected cases with {', '.join(sorted(required))}")
    return read


def has_faults(run: Document) -> bool:
    """Whether an answer is as neither the suite nor the ledger says."""
    return any(run["counts"][str(standing)] for standing in FAULTS)


def as_json(run: Document) -> str:
    """Return the run as JSON."""
    return json.dumps(run, indent=2) + "\n"


def as_table(run: Document) -> str:
    """Return the cases that are not right, with commands to run them again, and the counts."""
    lines = []
    for case in run["cases"]:
        standing = CaseStanding(case["standing"])
        if standing is CaseStanding.RIGHT:
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
        standing = CaseStanding(case["standing"])
        why = visible(case["why"], _SHOWN).replace("#", "\\#")
        good = standing in (CaseStanding.RIGHT, CaseStanding.LEFT_OUT)
        directive = {CaseStanding.EXPECTED: f" # TODO {why}", CaseStanding.LEFT_OUT: f" # SKIP {why}"}.get(standing, "")
        lines.append(f"{'ok' if good else 'not ok'} {number} - {_name(case)}{directive}")
        if standing in FAULTS:
            details = {"why": case["why"], "answer": case["answer"], "again": case["reproduce"]}
            lines += ["  ---", *[f"  {key}: {json.dumps(value)}" for key, value in details.items()], "  ..."]
    return "\n".join(lines) + "\n"


def as_junit(run: Document) -> str:
    """Return the run as JUnit XML."""
    cases: Sequence[Mapping[str, Any]] = run["cases"]
    failures = sum(CaseStanding(case["standing"]) in FAULTS for case in cases)
    skipped = sum(CaseStanding(case["standing"]) in (CaseStanding.LEFT_OUT, CaseStanding.EXPECTED) for case in cases)
    numbers = {"tests": len(cases), "failures": failures, "errors": 0, "skipped": skipped}
    attributes = " ".join([f"{key}={_attribute(value)}" for key, value in numbers.items()])
    head = f"<testsuite name={_attribute(run['implementation'])} {attributes}>"
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head]
    for case in cases:
        standing = CaseStanding(case["standing"])
        head = f"  <testcase classname={_attribute(case['suite'])} name={_attribute(case['case'])}"
        if standing is CaseStanding.RIGHT:
            lines.append(f"{head}/>")
        elif standing in FAULTS:
            text = f"{case['description']}\nit said: {case['answer']}\nagain: {case['reproduce']}"
            body = "\n".join([escape(visible(line, 2000)) for line in text.split("\n")])
            lines.append(f"{head}><failure message={_attribute(case['why'])}>{body}</failure></testcase>")
        else:
            lines.append(f"{head}><skipped message={_attribute(case['why'])}/></testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def as_markdown(runs: Sequence[Document]) -> str:
    """Return a table of the deviations: a row for each case, a column for each implementation."""
    got: dict[tuple[str, str], dict[int, str]] = {}
    expected: dict[tuple[str, str], str] = {}
    for column, run in enumerate(runs):
        for case in run["cases"]:
            key = (case["suite"], case["case"])
            got.setdefault(key, {})[column] = _markdown_cell(case)
            expected[key] = " or ".join(map(str, case["expected"]))
    rows = [["case", "expected", *[str(run["implementation"]) for run in runs]], ["---"] * (2 + len(runs))]
    for key, cells in got.items():
        if any(cell.startswith("**") for cell in cells.values()):
            rows.append([f"`{key[1]}`", expected[key], *[cells.get(column, "") for column in range(len(runs))]])
    lines = ["| " + " | ".join([visible(cell, _SHOWN).replace("|", "\\|") for cell in row]) + " |" for row in rows]
    lines += ["", *[f"- {visible(str(run['implementation']), _SHOWN)}: {_counts(run)}" for run in runs]]
    return "\n".join(lines) + "\n"


def _markdown_cell(case: Mapping[str, Any]) -> str:
    """Return the result of a case, in bold if it is wrong; "" if the case was left out."""
    if case["standing"] == CaseStanding.LEFT_OUT:
        return ""
    result = str(case["got"] or NOTHING)
    wrong = case["standing"] in (CaseStanding.WRONG, CaseStanding.EXPECTED) or (
        case["standing"] == CaseStanding.STALE and case["got"] not in case["expected"]
    )
    return f"**{result}**" if wrong else result


def as_ledger(run: Document) -> str:
    """Return a ledger of the run, in groups that share a reason. It keeps known reasons; people must find the others.

    It includes cases that were left out, so that a run reports one that no longer is.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for case in run["cases"]:
        standing = CaseStanding(case["standing"])
        wrong = standing in (CaseStanding.WRONG, CaseStanding.EXPECTED) or case["got"] not in case["expected"]
        if not wrong:
            continue
        left_out = standing is CaseStanding.LEFT_OUT
        got = str(standing) if left_out else case["got"] or NOTHING
        known = left_out or standing is CaseStanding.EXPECTED
        reason = case["why"] if known else f"not explained yet: {case['why'].rpartition(', but ')[2]}"
        groups.setdefault(visible(reason, _REASON), []).append((case["suite"], case["case"], got))
    lines = [f"# Deviations of {visible(run['implementation'], _SHOWN)}: what came out, with the reason of each group."]
    for reason, cases in groups.items():
        lines += [f"- reason: {json.dumps(reason, ensure_ascii=False)}", "  cases:"]
        suite = None
        for case_suite, name, got in cases:
            if case_suite != suite:
                suite = case_suite
                lines.append(f"    {json.dumps(suite)}:")
            lines.append(f"      {json.dumps(name)}: {got}")
    return "\n".join(lines) + "\n"


def _counts(run: Document) -> str:
    counts = run["counts"]
    parts = [
        f"{counts[str(standing)]} {_MARKS[standing].lower()}" for standing in CaseStanding if counts[str(standing)]
    ]
    return f"{len(run['cases'])} cases: {', '.join(parts)}" if parts else "no cases"


def _name(case: Mapping[str, Any]) -> str:
    return visible(f"{case['suite']}/{case['case']}", _SHOWN)


def _sections(case: Mapping[str, Any]) -> str:
    return ", ".join([f"RFC 7208 §{visible(section, 40)}" for section in case["spec"]]) or "RFC 7208 §4"


def _attribute(value: object) -> str:
    return quoteattr(visible(str(value), 2000))
