"""Findings of lint as a page: how many there are, and each with the part of the record that it is about."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding as LintFinding
from spfengine.linting.zones import NameSummary, Sends
from spfengine.record.parser import diagnose, parse
from spfengine.report.page import (
    Block,
    Cell,
    Column,
    Fact,
    Facts,
    Findings,
    Group,
    Page,
    Section,
    Text,
    prose,
    table,
    text,
)
from spfengine.report.records import lint_finding, worst_first
from spfengine.report.sentence import sentence_blocks
from spfengine.text.lines import Line, Span
from spfengine.text.lint import LintedRecord, finding_counts, not_looked_at, unasked, unasked_of
from spfengine.visible import visible, visible_name
from spfengine.wording import and_more, counted

KIND = "What is wrong with SPF"
_DOES = {Sends.YES: "sends mail", Sends.NO: "sends no mail", Sends.UNKNOWN: "may send mail"}
_STYLES = {Severity.ERROR: "fail", Severity.WARNING: "softfail", Severity.INFO: "pass"}
_MOST_SENTENCES = 20
_SHORTEST_ANSWER, _LONGEST_ANSWER = 16, 200  # characters


def lint_page(
    domain: str | None,
    findings: Sequence[LintFinding],
    place_of: Callable[[LintFinding], str] = lambda _: "",
    names: Sequence[NameSummary] = (),
    plan: Sequence[Line] = (),
    alone: Sequence[str] | None = None,
) -> Page:
    """Return the page of findings.

    Args:
        domain: the domain that was linted; None if it was a text, or all names of a zone.
        place_of: returns the file and line of the record that a finding is about, or "".
        names: the names of a zone, with what each needs.
        plan: the lines of plans to get within the limits.
        alone: the strings of a record of which the text alone was looked at.
    """
    subject = visible_name(domain) if domain is not None else "all names of the zone" if names else "a record"
    return _page(
        subject,
        findings,
        (
            Section("findings", "What was found", tuple(_by_record(findings, place_of))),
            Section("plan", "How to get within the limits", tuple(prose(plan))),
            Section("records", "The records as sentences", tuple(_sentences(findings))),
            Section("names", "Names of the zone", tuple(_names(names))),
        ),
        unasked(alone),
    )


def sources_page(domain: str | None, linted: Sequence[LintedRecord], files: int, *, is_asked: bool) -> Page:
    """Return the page of the findings in source files; `is_asked`: whether what their terms lead to was looked up."""
    findings = [finding for each in linted for finding in each.findings]
    blocks: list[Block] = []
    for each in linted:
        if each.findings or each.record.unknown:
            region = each.record.region
            title = text(Span(f"{visible(each.record.path)}, line {region.line}, column {region.column}"))
            found = worst_first([lint_finding(finding, _place(each, finding)) for finding in each.findings])
            unknown = prose(not_looked_at(each.record))
            blocks.append(Group(title, (*unknown, *([Findings(found)] if found else []))))
    where = f"{counted(len(linted), 'record')} in {counted(files, 'file')}"
    subject = where if domain is None else f"{visible_name(domain)}, {where}"
    caveat = "" if is_asked else unasked_of(linted)
    return _page(subject, findings, (Section("findings", "What was found", tuple(blocks)),), caveat)


def _page(subject: str, findings: Sequence[LintFinding], sections: tuple[Section, ...], caveat: str = "") -> Page:
    facts = Facts(tuple([Fact(*each) for each in _counts(findings)]))
    worst = min([finding.severity for finding in findings], key=list(Severity).index, default=Severity.INFO)
    if worst is not Severity.INFO:
        return Page(KIND, subject, _answer(subject, findings, worst), _STYLES[worst], (facts,), sections)
    style = "" if caveat else "pass"
    if not findings:
        return Page(KIND, subject, text(Span("nothing found", style), caveat), style, (), sections)
    answer = text(Span("nothing wrong was found", style), f"{caveat}; {counted(len(findings), 'thing')} to know")
    return Page(KIND, subject, answer, style, (facts,), sections)


def _counts(findings: Sequence[LintFinding]) -> Iterator[tuple[str, str, str]]:
    """Yield how many findings there are of each severity, what they are, and its style."""
    numbers = Counter(finding.severity for finding in findings)
    for severity, style in _STYLES.items():
        number = numbers[severity]
        if number:
            name = str(severity) if severity is Severity.INFO or number == 1 else f"{severity}s"
            yield f"{number:,}", name, "" if severity is Severity.INFO else style


def _answer(subject: str, findings: Sequence[LintFinding], worst: Severity) -> Text:
    """Return what the worst finding says first, and how many findings there are besides."""
    first = next(finding for finding in findings if finding.severity is worst)
    name = "" if first.domain is None else visible_name(first.domain)
    said = _first_clause(first.text.removeprefix(f"{name}: "))
    if len(said) > _LONGEST_ANSWER:
        return text(f"{finding_counts(findings)} found")
    whose = f"{name}: " if name and name != subject else ""
    more = and_more(len(findings) - 1, "finding")
    return text(Span(f"{whose}{said}", _STYLES[worst]), f"; {more}" if more else "")


def _first_clause(said: str) -> str:
    """Return the beginning of a text, up to a colon or semicolon, but more than a few words."""
    ends = [found.start() for found in re.finditer("[:;] ", said) if found.start() >= _SHORTEST_ANSWER]
    return said[: ends[0]] if ends else said


def _place(linted: LintedRecord, finding: LintFinding) -> str:
    region = linted.region_of(finding)
    return f"line {region.line}, column {region.column}"


def _by_record(findings: Sequence[LintFinding], place_of: Callable[[LintFinding], str]) -> list[Block]:
    blocks: list[Block] = []
    for name, group in groupby(findings, lambda finding: finding.domain):
        of_record = list(group)
        about = [Span("the record" if name is None else visible_name(name), "strong"), *_about(of_record[0], place_of)]
        blocks.append(Findings(worst_first([lint_finding(each) for each in of_record]), tuple(about)))
    return blocks


def _about(first: LintFinding, place_of: Callable[[LintFinding], str]) -> Text:
    place = place_of(first)
    notes = [f" ({place})"] if place else []
    notes += [] if first.own else [" (not yours: its owner has to change it)"]
    if first.path:
        steps = " → ".join([f"{visible_name(domain)} {visible(term, 120)}".lstrip() for domain, term in first.path])
        notes.append(f", reached by {steps}")
    return tuple([Span(each, "quiet") for each in notes])


def _sentences(findings: Sequence[LintFinding]) -> list[Block]:
    sources = {finding.domain: finding.source for finding in findings if finding.source is not None and finding.own}
    readable = [(name, source) for name, source in sources.items() if not diagnose(source)]
    blocks: list[Block] = []
    for name, source in readable[:_MOST_SENTENCES]:
        title = "the record" if name is None else visible_name(name)
        blocks.append(Group(text(Span(title)), tuple(sentence_blocks(parse(source), name))))
    return blocks


def _names(names: Sequence[NameSummary]) -> list[Block]:
    if not names:
        return []
    sending = sum(name.sends is Sends.YES for name in names)
    needing = sum(bool(name.needs) for name in names)
    caption = text(
        Span(counted(len(names), "name"), "strong"),
        Span(f": {sending:,} known to send mail; what to do for {needing:,}", "quiet"),
    )
    rows = [
        (
            Cell(text(visible_name(name.name)), is_code=True),
            Cell(text(_DOES[name.sends]), (text(Span(name.why, "quiet")),)),
            Cell(text(name.needs or "nothing")),
        )
        for name in names
    ]
    return [table(caption, [Column("Name"), Column("Mail"), Column("Needs")], rows, 40)]
