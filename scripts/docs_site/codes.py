"""A page of the site for each code of a finding and of a problem.

What a code means and what to do is in `docs/reference/lint.md` and `problems.md`; its example is its case in
`tests/lint/cases.py`, or the first case of our own suite that ends with it. What spfengine says of the example is
computed here, by spfengine.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import spfengine
from scripts.docs_site.links import REPOSITORY, on_the_site
from scripts.docs_site.playground import Example
from spfengine import CheckResult, ProblemCode, Zone
from spfengine.errors import ZoneError
from spfengine.linting import Finding, LintCode
from spfengine.linting.codes import ABOUT
from spfengine.testing.exporters import master_file
from spfengine.testing.suites import load_suite
from spfengine.text.check import check_lines
from spfengine.text.lines import plain
from spfengine.visible import visible
from tests.docs.pages import Block, run
from tests.lint.cases import CASES, Case

WIDTH = 100
"""Columns of what is shown, as in the other pages."""

_CLIENT = "198.51.100.77"
_MOST_LINES = 20  # of a zone that is shown
_EXAMPLES = REPOSITORY / "examples"
_SEED = (_EXAMPLES / "seed.zone").read_text(encoding="utf-8")
_FLATTEN = "spfengine flatten bakery.example --zone examples/bakery.zone --draft"
_LONG_TERMS = " ".join([f"exists:%{{l}}.{each}.long-names.of-departments.bakery.example" for each in "abcdef"])
_COMMANDS = {
    "dns-incomplete": "spfengine simulate outage.example --zone examples/failures.yaml "
    "--draft 'v=spf1 include:slow.example ~all'",
    "draft-broken": "spfengine simulate seed.example --zone examples/seed.zone --draft 'v=spf1 +a +mx -al'",
    "draft-not-reached": "spfengine simulate seed.example --zone examples/seed.zone --draft 'a.example=v=spf1 -all'",
    "flatten-alias": "spfengine flatten mail.seed.example --zone examples/seed-cpanel.zone",
    "flatten-conditional": f"{_FLATTEN} 'v=spf1 include:u.bakery.example -all' "
    "--draft 'u.bakery.example=v=spf1 exists:%{l}.bakery.example -all' --include u.bakery.example",
    "flatten-no-free-name": "spfengine flatten wild.example --zone examples/failures.yaml --max-size 256",
    "flatten-too-large": f"{_FLATTEN} 'v=spf1 include:servers.mcsv.net {_LONG_TERMS} -all' --max-size 256",
    "helo-unknown": "spfengine check 192.0.2.1 a@seed.example --zone examples/seed.zone --draft 'v=spf1 a:%{h} -all'",
}
"""Examples of codes that neither lint nor the cases of our own suite have."""
TRIES = {
    "dns-incomplete": Example(
        "outage.example",
        (_EXAMPLES / "failures.yaml").read_text(encoding="utf-8"),
        "v=spf1 include:slow.example ~all",
    ),
    "draft-broken": Example("seed.example", _SEED, "v=spf1 +a +mx -al"),
    "helo-unknown": Example(
        "a.example", 'a.example. IN TXT "v=spf1 a:%{h} -all"', ip="192.0.2.1", sender="a@a.example"
    ),
}
"""What the playground is filled in with for codes of `_COMMANDS`."""
NO_EXAMPLE = {
    "dns-failure": "No command prints it: only a `Policy` in Python has it.",
    "exp-time-limit": "Only a slow DNS server causes it, and when the time is over differs from run to run.",
    "flatten-not-equivalent": "No record causes it, only a change of DNS meanwhile, or a fault of spfengine.",
    "time-limit": "Only slow DNS servers cause it, and when the time is over differs from run to run.",
}
"""Why codes have no example."""
_GREETED = """\
greeted.example. 60 IN TXT "v=spf1 exp=why.greeted.example -all"
why.greeted.example. 60 IN TXT "%{h} may not send for %{d}"
"""
"""A check of it has an explanation that needs the HELO name."""
_ROOT = "../../"  # of the site, from the page of a code
_ROW = re.compile(r"^\| `(?P<code>[a-z0-9-]+)` \| (?P<cells>.+) \|$", re.MULTILINE)


class Entry(NamedTuple):
    """A row of a table of codes, and the chapter of the page that has it."""

    page: str
    chapter: str
    cells: list[str]


class Found(NamedTuple):
    """A check that ends with a problem, the zone that answered, and the names that it was asked for."""

    result: CheckResult
    zone: Zone
    names: frozenset[str]


def pages(*, with_playground: bool) -> dict[str, str]:
    """Return the text of every page, by its path on the site.

    Args:
        with_playground: whether the pages have links to the playground.
    """
    lint = entries("docs/reference/lint.md")
    problems = entries("docs/reference/problems.md")
    shown = entries("docs/reference/lint-examples.md")
    checks = _checks()
    codes = sorted({*lint, *problems})
    made = {"codes/index.md": _index(codes, lint, problems)}
    for code in codes:
        parts = [f"# `{code}`", ""]
        if code in lint:
            parts += _finding_part(code, lint[code], shown[code], with_playground)
        if code in problems:
            parts += _problem_part(code, problems[code], checks.get(code), with_playground)
        made[page_of(code)] = "\n".join([*parts, "[All codes](index.md)", ""])
    return made


def page_of(code: str) -> str:
    """Return the path of the page of a code."""
    return f"codes/{code}.md"


def entries(page: str) -> dict[str, Entry]:
    """Return the rows of the tables of a page that begin with a code."""
    found = {}
    chapter = ""
    for line in (REPOSITORY / page).read_text(encoding="utf-8").split("\n"):
        row = _ROW.match(line)
        if line.startswith("## "):
            chapter = line.removeprefix("## ")
        elif row is not None:
            found[row["code"]] = Entry(page, chapter, re.split(r"(?<!\\) \| ", row["cells"]))
    return found


def with_links(text: str) -> str:
    """Return a page of the reference in which the code that begins a row leads to its page."""
    return _ROW.sub(lambda row: f"| [`{row['code']}`](../{page_of(row['code'])}) | {row['cells']} |", text)


def _index(codes: Iterable[str], lint: Mapping[str, Entry], problems: Mapping[str, Entry]) -> str:
    lines = [
        "# All codes",
        "",
        "What [lint](../reference/lint.md) reports, and the [problems](../reference/problems.md) of checks, drafts and",
        "flattening. Each code has a page of its own.",
        "",
        "| Code | Severity | What it means |",
        "|---|---|---|",
    ]
    for code in codes:
        severity = lint[code].cells[0] if code in lint else ""
        entry = lint.get(code) or problems[code]
        meaning = _cell(entry, entry.cells[-2], "codes/index.md")
        lines.append(f"| [`{code}`]({code}.md) | {severity} | {meaning} |")
    return "\n".join(lines) + "\n"


def _finding_part(code: str, entry: Entry, shown: Entry, with_playground: bool) -> Iterator[str]:
    severity, meaning, to_do = entry.cells
    yield from ("## As a finding of lint", "")
    yield from (f"Severity: **{severity}**{_source(ABOUT[LintCode(code)].section)}", "")
    yield from _meaning(code, entry, meaning, to_do)
    if code in CASES:
        finding, example = _linted(code, CASES[code][0])
    else:
        record = shown.cells[0].split("`")[1]  # given by itself: there is no zone
        finding, example = _of_code(spfengine.lint(None, record=record), code), Example(record=record)
    yield from _example(example.zone, shown)
    yield from ("Lint reports:", "", "```text", finding.render(width=WIDTH).strip("\n"), "```", "")
    if finding.fix is not None:
        yield from ("The fix that lint offers:", "", "```text", *map(visible, finding.fix), "```", "")
    if with_playground:
        yield from example.button(_ROOT)


def _linted(code: str, case: Case) -> tuple[Finding, Example]:
    """Return the finding of a case, and the example without names that lint does not ask for.

    The example is empty if it can't be written as a master file.
    """
    zone = case.make()
    recorder = spfengine.Recorder(zone)
    findings = spfengine.lint(case.domain, resolver=recorder)
    if all(finding.code != code for finding in findings):  # a code that only a whole zone shows
        findings = case.findings()
    text = _zone_text(zone, {*_asked(recorder), case.domain, *case.zone})
    if not any(finding.code == code for finding in spfengine.lint(case.domain, resolver=Zone.from_text(text))):
        text = ""
    return _of_code(findings, code), _example_of(case.domain, text)


def _problem_part(code: str, entry: Entry, found: Found | None, with_playground: bool) -> Iterator[str]:
    meaning, to_do = entry.cells
    problem = None if found is None else _problem_of(found.result, code)
    yield from ("## As a problem", "")
    yield from (f"{_chapter(entry)}{'' if problem is None else _source(problem.section)}", "")
    yield from _meaning(code, entry, meaning, to_do)
    if code in _COMMANDS:
        yield from _command(code)
        if with_playground and code in TRIES:
            yield from TRIES[code].button(_ROOT)
    if code in NO_EXAMPLE:
        yield from (f"There is no example here. {NO_EXAMPLE[code]}", "")
    if found is None:
        return
    result = found.result
    text = _zone_text(found.zone, found.names)
    again = spfengine.check(result.ip, result.sender, helo=result.helo or None, resolver=Zone.from_text(text))
    example = _example_of(result.domain, "" if _problem_of(again, code) is None else text)
    example = example._replace(ip=str(result.ip), sender=visible(result.sender))
    yield from _example(example.zone, None)
    yield from (f"A check of {result.ip} and `{example.sender}` says:", "")
    lines = check_lines([result], spfengine.Limits(), WIDTH, {}, with_trace=False)
    yield from ("```text", plain(lines, WIDTH).strip("\n"), "```", "")
    if problem is result.explanation_problem:
        yield from ("Its `explanation_problem` is:", "", "```text", str(problem), "```", "")
    if with_playground:
        yield from example.button(_ROOT)


def _command(code: str) -> Iterator[str]:
    """Yield the block of a command of `_COMMANDS` and what it prints."""
    block = Block("codes", 0, "console", "")
    printed, _ = run(block, _COMMANDS[code], REPOSITORY)
    if f"[{code}]" not in printed:
        raise AssertionError(f"{_COMMANDS[code]} does not print [{code}]")
    yield from ("For example:", "", "```console", f"$ {_COMMANDS[code]}", printed.strip("\n"), "```", "")


def _meaning(code: str, entry: Entry, meaning: str, to_do: str) -> Iterator[str]:
    page = page_of(code)
    yield from (_cell(entry, meaning, page), "")
    yield from (f"**What to do:** {_cell(entry, to_do, page)}", "")


def _example(zone: str, shown: Entry | None) -> Iterator[str]:
    """Yield what DNS has: as a master file, or, if it can't be one or is long, as `lint-examples.md` shows it."""
    if zone and zone.count("\n") <= _MOST_LINES and max(map(len, zone.split("\n"))) <= 3 * WIDTH:
        yield from ("What DNS has:", "", "```zone", zone.rstrip("\n"), "```", "")
    elif shown is not None:
        yield from (f"The record, as in [Lint codes by example](../{shown.page.removeprefix('docs/')}):", "")
        yield from (shown.cells[0].replace("\\|", "|"), "")


def _cell(entry: Entry, cell: str, page: str) -> str:
    return on_the_site(cell, entry.page, page)


def _chapter(entry: Entry) -> str:
    anchor = re.sub(r"[^a-z0-9 -]", "", entry.chapter.lower()).replace(" ", "-")
    return f"Problem codes: [{entry.chapter}](../reference/problems.md#{anchor})"


def _source(section: str) -> str:
    """Return where the RFC decides, as a link."""
    found = re.fullmatch(r"(?:RFC (?P<rfc>\d+) §)?(?P<section>[\d.]+)", section)
    if found is None:
        return ""
    rfc = found["rfc"] or "7208"
    url = f"https://www.rfc-editor.org/rfc/rfc{rfc}#section-{found['section']}"
    return f" · [RFC {rfc} §{found['section']}]({url})"


def _of_code(findings: Iterable[Finding], code: str) -> Finding:
    return next(finding for finding in findings if finding.code == code)


def _problem_of(result: CheckResult, code: str) -> spfengine.Problem | None:
    problems = (result.problem, result.explanation_problem)
    return next((problem for problem in problems if problem is not None and problem.code == code), None)


def _checks() -> dict[str, Found]:
    """Return for each problem code a check that ends with it.

    The lint case of the same code comes first, then the other lint cases, then our own suite.
    """
    found: dict[str, Found] = {}
    drawn = [(code, case, case.make()) for code, (case, _) in CASES.items()]
    for code, case, zone in drawn:
        if code in set(ProblemCode):
            _add(found, _CLIENT, f"alice@{case.domain}", zone, only=code)
    for _, case, zone in drawn:
        _add(found, _CLIENT, f"alice@{case.domain}", zone)
    for one in load_suite(REPOSITORY / "spfengine" / "testing" / "suite" / "semantics.yml", "semantics"):
        _add(found, one.host, one.mailfrom, one.zone, helo=one.helo)
    _add(found, _CLIENT, "alice@greeted.example", Zone.from_text(_GREETED))
    return found


def _add(
    found: dict[str, Found], ip: str, sender: str, zone: Zone, *, helo: str | None = None, only: str | None = None
) -> None:
    recorder = spfengine.Recorder(zone)
    result = spfengine.check(ip, sender, helo=helo, resolver=recorder)
    for problem in (result.problem, result.explanation_problem):
        if problem is not None and only in (None, problem.code):
            found.setdefault(problem.code, Found(result, zone, frozenset(_asked(recorder))))


def _asked(recorder: spfengine.Recorder) -> Iterator[str]:
    for question, answer in recorder.recording.answers:
        yield question.name
        yield from answer.chain


def _zone_text(zone: Zone, names: Iterable[str]) -> str:
    """Return the records of some names as a master file, or nothing if they can't be in one."""
    wanted = {name.lower() for name in names}
    try:
        return master_file(rrset for rrset in zone.rrsets if rrset.name.lower() in wanted and rrset.type != "SOA")
    except ZoneError:
        return ""


def _example_of(domain: str, zone: str) -> Example:
    answer = Zone.from_text(zone).resolve(spfengine.Question(domain, spfengine.RRType.TXT))
    return Example(domain, zone, answer.records[0].decode("latin-1") if len(answer.records) == 1 else "")
