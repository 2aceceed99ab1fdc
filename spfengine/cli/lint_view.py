"""Findings for people: by record, each with the place where it stands, what to do, and the record to paste."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from spfengine.cli.lint_places import Places
from spfengine.cli.screen import Line, Span, line
from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding, quoted
from spfengine.problems import excerpt
from spfengine.visible import visible, visible_name

_MARKS = {Severity.ERROR: Span("error: ", "fault"), Severity.WARNING: Span("warning: ", "softfail"),
          Severity.INFO: Span("info: ", "neutral")}  # fmt: skip
_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}


def page(domain: str | None, findings: list[Finding], places: Places, width: int | None) -> Iterator[Line]:
    """Yield the lines for all findings, and how many there are."""
    for name, group in groupby(findings, lambda finding: finding.domain):
        yield from _record(name, list(group), places, width)
    what = "" if domain is None else f" for {visible_name(domain)}"
    if not findings:
        yield line(Span("nothing found", "pass"), what)
        return
    counts = Counter(finding.severity for finding in findings)
    told = [f"{counts[each]} {_WORDS[each]}{'s' * (counts[each] != 1)}" for each in Severity if counts[each]]
    yield line(Span(", ".join(told), "strong"), what)


def _record(name: str | None, findings: list[Finding], places: Places, width: int | None) -> Iterator[Line]:
    first = findings[0]
    place = places.of(first)
    parts: list[str | Span] = [Span("the record" if name is None else visible_name(name), "strong")]
    if place is not None and place.line is not None:
        parts.append(Span(f" ({visible(place.path)}, line {place.line})", "quiet"))
    if not first.own:
        parts.append(Span(" (not yours: its owner has to change it)", "quiet"))
    yield line(*parts)
    if first.path:
        way = [f"{visible_name(domain)} {visible(term, 120)}" for domain, term in first.path]
        yield line(Span(f"reached by {' → '.join(way)}", "quiet"), indent=2, hang=2)
    for finding in findings:
        yield from _finding(finding, width)
    yield line()


def _finding(finding: Finding, width: int | None) -> Iterator[Line]:
    section = finding.section
    where = f" ({section if section.startswith('RFC') else f'RFC 7208 §{section}'})" if section else ""
    yield line(_MARKS[finding.severity], finding.text, Span(f"{where} [{finding.code}]", "quiet"), indent=2, hang=2)
    if finding.source is not None and finding.span is not None:
        text, carets = excerpt(finding.source, finding.span, 78 if width is None else width - 2)
        yield line(text, indent=2, folds=False)
        yield line(Span(carets, "fault"), indent=2, folds=False)
    if finding.hint:
        yield line(Span("hint: ", "strong"), finding.hint, indent=4, hang=2)
    if finding.fix is not None:
        yield line(Span("fix:  ", "strong"), quoted(finding.fix), indent=4, hang=2)
