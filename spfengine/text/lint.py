"""Findings by record: each with the part of the record that it is about, what to do, and the record to publish."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, quoted
from spfengine.linting.lint import is_whole_fix
from spfengine.linting.zones import NameSummary, Sends
from spfengine.record.parser import diagnose, parse
from spfengine.record.tokenizer import tokens
from spfengine.text.lines import SIGNS, Line, Row, Span, line, note, plain, table
from spfengine.text.problems import problem_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more, counted, listed

if TYPE_CHECKING:
    from spfengine.sources.places import Region
    from spfengine.sources.record import FoundRecord

_SHOWN = 60
_MOST_UNKNOWN = 5
_MOST_ALONE = 2  # hosts without a record that are shown one by one
_MOST_HOSTS = 10
_MOST_NAMES = 40  # names of a zone that the text shows
_MARKS = {
    Severity.ERROR: Span("error: ", "fault"),
    Severity.WARNING: Span("warning: ", "softfail"),
    Severity.INFO: Span("info: ", "neutral"),
}


def lint_lines(
    domain: str | None,
    findings: Sequence[Finding],
    place_of: Callable[[Finding], str],
    width: int | None,
    alone: Sequence[str] | None = None,
) -> Iterator[Line]:
    """Yield the lines for all findings, and how many there are.

    Args:
        place_of: returns the file and line of the record that a finding is about, or "".
        alone: the strings of a record of which the text alone was looked at.
    """
    hosts = list(dict.fromkeys([each.domain or "" for each in findings if each.code is LintCode.HELO_WITHOUT_RECORD]))
    together = len(hosts) > _MOST_ALONE
    for name, group in groupby(findings, lambda finding: finding.domain):
        said = [finding for finding in group if not (together and finding.code is LintCode.HELO_WITHOUT_RECORD)]
        worst_first = sorted(said, key=lambda finding: list(Severity).index(finding.severity))
        if worst_first:
            yield from record_lines(name, worst_first, place_of, width)
            yield line()
    if together:
        yield from _hosts_lines(hosts)
        yield line()
    what = unasked(alone) if domain is None else f" for {visible_name(domain)}"
    if not findings:
        yield line(Span("nothing found", "pass"), what)
        return
    yield line(Span(finding_counts(findings), "strong"), what)


def unasked(alone: Sequence[str] | None) -> str:
    """Return that the names in a record were not looked up, if its text alone was looked at and it has any."""
    record = "" if alone is None else "".join(alone)
    if not record or diagnose(record):
        return ""
    parsed = parse(record)
    if not any(term.costs_lookup for term in (*parsed.directives, *parsed.modifiers)):
        return ""
    return " in the text of the record; what its terms lead to was not looked up"


def unasked_of(linted: Sequence["LintedRecord"]) -> str:
    """Return that the names in the records of source files were not looked up, if they have any."""
    has_names = any(unasked([each.record.source]) for each in linted)
    return "; what their terms lead to was not looked up" if has_names else ""


def _hosts_lines(hosts: Sequence[str]) -> Iterator[Line]:
    """Yield the findings about many hosts as one, since they say the same."""
    yield line(Span(listed([visible_name(name) for name in hosts], _MOST_HOSTS, "host"), "strong"))
    code = Span(f" [{LintCode.HELO_WITHOUT_RECORD}]", "quiet")
    text = "these hosts have no SPF record: if they send mail, their HELO names get none, and so does their bounce mail"
    yield note(_MARKS[Severity.INFO], text, Span(" (RFC 7208 §10.1.3)", "quiet"), code)
    hint = 'hint: publish a TXT record for each: "v=spf1 a -all", if it sends only from its own addresses'
    yield note(hint, indent=4)


def finding_counts(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity: "1 error, 2 warnings"."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join([counted(counts[severity], str(severity)) for severity in Severity if counts[severity]])


@dataclass(frozen=True, slots=True)
class LintedRecord:
    """A record in a source file, and what was found.

    Attributes:
        record: the record.
        findings: its findings, and those of the records that it leads to.
    """

    record: "FoundRecord"
    findings: list[Finding]

    def region_of(self, finding: Finding) -> "Region":
        """Return where the term is that a finding is about, or that leads to what it is about."""
        span = finding.span
        if finding.path:
            term = finding.path[0][1].encode("utf-8", "replace").decode("latin-1")
            source = self.record.source
            span = next((token.span for token in tokens(source) if token.text == term), None)
        return self.record.region_of(span)


def source_lines(linted: Sequence[LintedRecord], files: int, width: int | None, *, is_asked: bool) -> Iterator[Line]:
    """Yield the lines for the records of source files, and how many findings there are.

    Args:
        is_asked: whether what their terms lead to was looked up.
    """
    findings = [finding for each in linted for finding in each.findings]
    for each in linted:
        if each.findings or each.record.unknown:
            yield from _source_lines(each, width)
            yield line()
    where = f" in {counted(len(linted), 'record')} of {counted(files, 'file')}"
    where += "" if is_asked else unasked_of(linted)
    if not linted:
        yield line("no SPF record found in ", counted(files, "file"))
    elif not findings:
        yield line(Span("nothing found", "pass"), where)
    else:
        yield line(Span(finding_counts(findings), "strong"), where)


def _source_lines(linted: LintedRecord, width: int | None) -> Iterator[Line]:
    record = linted.record
    name = "" if record.name is None else f"  {visible_name(record.name)}"
    yield line(Span(_place(record.path, record.region), "strong"), name)
    yield from not_looked_at(record)
    for name, group in groupby(linted.findings, lambda finding: finding.path and finding.domain):
        if name:
            yield from record_lines(name, list(group), lambda _: "", width)
            continue
        for finding in group:
            region = linted.region_of(finding)
            at = f"line {region.line}, column {region.column}: "
            yield from _finding_lines(finding, width, at)


def _shown(text: str) -> str:
    return visible(" ".join(text.split()), _SHOWN)


def not_looked_at(record: "FoundRecord") -> Iterator[Line]:
    """Yield what is not known of a record in a source file: its name, or parts of its text."""
    if record.name_text:
        yield note(Span(f"the name of the record is not known: {_shown(record.name_text)}", "quiet"))
    if record.unknown:
        shown = [_shown(part.text) or "what is added later" for part in record.unknown]
        listed = ", ".join(shown[:_MOST_UNKNOWN])
        more = and_more(len(shown) - _MOST_UNKNOWN)
        yield note(Span(f"not known, so not looked at: {listed}{more and f' and {more}'}", "quiet"))


def _place(path: str, region: "Region") -> str:
    return f"{visible(path)}:{region.line}:{region.column}"


def summary_lines(names: Sequence[NameSummary], width: int | None) -> Iterator[Line]:
    """Yield the names of a zone: which of them send mail, and what each needs; nothing if there are none."""
    if not names:
        return
    sending = [name for name in names if name.sends is Sends.YES]
    needing = [name for name in names if name.needs]
    yield line()
    send = "sends" if len(sending) == 1 else "send"
    need = "needs" if len(needing) == 1 else "need"
    what = f"{counted(len(names), 'name')}: {len(sending)} {send} mail, {len(needing)} {need} something"
    yield line(Span(what, "strong"))
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
        steps = [f"{visible_name(domain)} {visible(term, 120)}".lstrip() for domain, term in first.path]
        yield note(Span(f"reached by {' → '.join(steps)}", "quiet"))
    for finding in findings:
        yield from _finding_lines(finding, width, "")


def _finding_lines(finding: Finding, width: int | None, before: str) -> Iterator[Line]:
    mark = _MARKS[finding.severity]
    yield from problem_lines(finding, width, source=finding.source, mark=mark, before=before, section=True)
    if finding.fix is not None:
        label = "fix:  " if is_whole_fix(finding.fix) else "fixes only this: "
        yield note(Span(label, "strong"), quoted(finding.fix), indent=4)
