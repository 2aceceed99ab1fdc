"""Findings by record: each with the part of the record that it is about, what to do, and the record to publish."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding, quoted
from spfengine.linting.zones import NameSummary, Sends
from spfengine.text.lines import SIGNS, Line, Row, Span, line, note, plain, table
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more, counted

_MOST_NAMES = 40  # names of a zone that the text shows
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
        worst_first = sorted(group, key=lambda finding: list(Severity).index(finding.severity))
        yield from record_lines(name, worst_first, place_of, width)
        yield line()
    what = "" if domain is None else f" for {visible_name(domain)}"
    if not findings:
        yield line(Span("nothing found", "pass"), what)
        return
    counts = Counter(finding.severity for finding in findings)
    summary = ", ".join([counted(counts[severity], str(severity)) for severity in Severity if counts[severity]])
    yield line(Span(summary, "strong"), what)


def summary_lines(names: Sequence[NameSummary], width: int | None) -> Iterator[Line]:
    """Yield the names of a zone: which of them send mail, and what each needs; nothing if there are none."""
    if not names:
        return
    sending = [name for name in names if name.sends is Sends.YES]
    needing = [name for name in names if name.needs]
    yield line()
    what = f"{counted(len(names), 'name')}: {len(sending)} send mail, {len(needing)} need something"
    yield line(Span(what.replace("1 send mail", "1 sends mail").replace("1 need some", "1 needs some"), "strong"))
    rows = [_summary_row(name) for name in names[:_MOST_NAMES]]
    yield from table(rows, width)
    if len(names) > _MOST_NAMES:
        yield note(Span(and_more(len(names) - _MOST_NAMES, "name") + " (--json has them all)", "quiet"))


def _summary_row(name: NameSummary) -> Row:
    mark, does = _DOES[name.sends]
    needs = f"needs {name.needs}" if _is_thing(name.needs) else name.needs or "ok"
    return Row(mark, Span(visible_name(name.name), "term"), (Span(f"{does} ({name.why}); ", "quiet"), Span(needs)))


_DOES = {
    Sends.YES: (SIGNS["+"], "sends"),
    Sends.NO: (SIGNS["-"], "sends nothing"),
    Sends.UNKNOWN: (Span("?", "neutral"), "may send"),
}


def _is_thing(needs: str) -> bool:
    return needs.startswith(("an ", '"'))


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
