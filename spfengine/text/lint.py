"""Findings by record: each with the part of the record that it is about, what to do, and the record to publish."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding, quoted
from spfengine.text.lines import Line, Span, line, note, plain
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_MARKS = {
    Severity.ERROR: Span("error: ", "fault"),
    Severity.WARNING: Span("warning: ", "softfail"),
    Severity.INFO: Span("info: ", "neutral"),
}


def lint_lines(
    domain: str | None, findings: Sequence[Finding], place_of: Callable[[Finding], str], width: int | None
) -> Iterator[Line]:
    """Yield the lines for all findings, and how many there are.

    Args:
        place_of: returns the file and line of the record that a finding is about, or "".
    """
    for name, group in groupby(findings, lambda finding: finding.domain):
        yield from record_lines(name, list(group), place_of, width)
        yield line()
    what = "" if domain is None else f" for {visible_name(domain)}"
    if not findings:
        yield line(Span("nothing found", "pass"), what)
        return
    counts = Counter(finding.severity for finding in findings)
    summary = ", ".join([counted(counts[severity], str(severity)) for severity in Severity if counts[severity]])
    yield line(Span(summary, "strong"), what)


def render_finding(finding: Finding, width: int | None) -> str:
    """Return the text of a finding; see its method `render`."""
    return plain(record_lines(finding.domain, [finding], lambda _: "", width), width)


def record_lines(
    name: str | None, findings: list[Finding], place_of: Callable[[Finding], str], width: int | None
) -> Iterator[Line]:
    """Yield the findings about one record."""
    first = findings[0]
    parts = [Span("the record" if name is None else visible_name(name), "strong")]
    place = place_of(first)
    if place:
        parts.append(Span(f" ({place})", "quiet"))
    if not first.own:
        parts.append(Span(" (not yours: its owner has to change it)", "quiet"))
    yield line(*parts)
    if first.path:
        steps = [f"{visible_name(domain)} {visible(term, 120)}" for domain, term in first.path]
        yield note(Span(f"reached by {' → '.join(steps)}", "quiet"))
    for finding in findings:
        mark = _MARKS[finding.severity]
        yield from problem_lines(finding, width, source=finding.source, mark=mark, section=True)
        if finding.fix is not None:
            yield note(Span("fix:  ", "strong"), quoted(finding.fix), indent=4)
