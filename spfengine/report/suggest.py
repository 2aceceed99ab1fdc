"""A suggestion as a page: the record to publish, why, for whom, the proof, and how to paste it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from spfengine.advice.suggest.suggestion import Advice, SenderAdvice, Suggestion
from spfengine.record.parser import diagnose, parse
from spfengine.report.meters import size_meter
from spfengine.report.page import (
    Block,
    Cell,
    Column,
    Finding,
    Findings,
    Page,
    Section,
    Text,
    prose,
    signed,
    style_of,
    table,
    term_blocks,
    text,
)
from spfengine.report.records import lint_finding, paste_block, problem_finding, worst_first
from spfengine.report.sentence import broken_by, sentence_blocks
from spfengine.report.simulate import draft_finding, effect_sections, measured_sections, space_facts
from spfengine.text.lines import Line, Span, line, note, verbatim
from spfengine.text.outcomes import SHOWN_TERM, condition_lines
from spfengine.text.senders import authentication_lines, unknown_input_lines
from spfengine.text.simulate import outside_lines
from spfengine.text.suggest import by_standing, opening_lines, result_spans, sender_note
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

if TYPE_CHECKING:
    from spfengine.report.answered import Resolvers

KIND = "The record to publish"
_COLUMNS = (Column("Sender"), Column("Messages", is_number=True), Column("Result"))


def suggestion_page(
    suggestion: Suggestion,
    own: Iterable[str] = (),
    formats: Sequence[str] = (),
    resolvers: "Resolvers" = None,
    plan: Sequence[Line] = (),
) -> Page:
    """Return the page of a suggestion.

    Args:
        own: names whose records the admin can edit, in addition to the domain.
        formats: the forms of the record to paste; none: all.
        resolvers: what answers, before and after, what the suggestion did not ask.
        plan: the lines of a plan to get within the limits.
    """
    own = (suggestion.domain, *own)
    opening = list(opening_lines(suggestion, None, with_faults=False))
    answer = opening[0].spans[2:]  # without the domain, which is the heading
    simulation = suggestion.simulation
    why = [
        Section("why", "Why", tuple(_terms(suggestion))),
        Section("senders", "Senders", tuple(_senders(suggestion.senders))),
    ]
    lead = prose(opening[1:])
    planned = Section("plan", "How to get within the limits", tuple(prose(plan)))
    know = Section("know", _know_title(suggestion), tuple(_caveats(suggestion, own)))
    sections = why
    if simulation is not None:
        lead += space_facts(simulation)
        worse, unknown, *others = effect_sections(simulation, with_senders=False)
        sections = [worse, unknown, *why, *others, *_measured(suggestion, own, resolvers)]
    sections = [planned, *sections, Section("rejected", "What is not proposed", tuple(_rejected(suggestion)))]
    sections.insert(0 if suggestion.faults else len(sections), know)
    sections += [
        Section("publish", "What to publish", tuple(_paste(suggestion, formats))),
    ]
    style = style_of([span for each in opening for span in each.spans if each.wraps])
    return Page(KIND, visible_name(suggestion.domain), answer, style, tuple(lead), tuple(sections))


def _terms(suggestion: Suggestion) -> list[Block]:
    blocks: list[Block] = []
    if suggestion.simulation is not None and suggestion.terms:
        terms = [
            signed(each.sign, visible(each.term, SHOWN_TERM), (Span(_names(each.names)), Span(each.why)))
            for each in suggestion.terms
        ]
        blocks += term_blocks(visible_name(suggestion.domain), terms)
    record = suggestion.record or suggestion.closest
    if record is not None and not diagnose(record):
        problem = None if suggestion.simulation is None else broken_by(suggestion.simulation.after)
        blocks += sentence_blocks(parse(record), suggestion.domain, problem)
    return blocks


def _names(names: Sequence[str]) -> str:
    return f"{', '.join(map(visible_name, names[:2]))}; " if names else ""


def _senders(senders: Sequence[SenderAdvice]) -> list[Block]:
    if not senders:
        return []
    messages = sum(advice.sender.count for advice in senders)
    caption = text(Span(counted(len(senders), "sender"), "strong"), Span(f", {counted(messages, 'message')}", "quiet"))
    rows = [_row(advice) for advice in by_standing(senders)]
    return [*prose(authentication_lines([advice.sender for advice in senders])), table(caption, _COLUMNS, rows)]


def _row(advice: SenderAdvice) -> tuple[Cell, ...]:
    sender = advice.sender
    who = advice.who or sender.label or sender.sender.removeprefix("@")
    parts = [part.strip() for part in sender_note(advice).split("; ")]
    results = list(result_spans(advice))
    more: list[Text] = [text(visible(who, 60)), *[text(Span(part, "quiet")) for part in parts if part]]
    if any(span.style == "quiet" for span in results):
        more.insert(1, tuple(results))
    return (
        Cell((Span(sender.ip),), tuple(more), is_code=True),
        Cell((Span(f"{sender.count:,}"),)),
        Cell(tuple([span for span in results if span.style != "quiet"])),
    )


def _measured(suggestion: Suggestion, own: tuple[str, ...], resolvers: "Resolvers") -> list[Section]:
    simulation = suggestion.simulation
    assert simulation is not None, "the caller has looked"
    sizes = size_meter(suggestion.size_before, suggestion.size_after, suggestion.max_size)
    limits, *others = measured_sections(simulation, own, resolvers, sizes)
    proved = f"{counted(suggestion.drafts, 'draft')} compared with the current record, for every address"
    blocks = (*limits.blocks, *prose([note(Span(proved, "quiet"))]))
    return [Section(limits.id, limits.title, blocks), *others]


def _rejected(suggestion: Suggestion) -> list[Block]:
    terms = [signed("=", visible(each.term, SHOWN_TERM), (Span(each.why),)) for each in suggestion.rejected]
    return term_blocks(visible_name(suggestion.domain), terms)


def _know_title(suggestion: Suggestion) -> str:
    is_new = suggestion.record is not None and suggestion.advice is not Advice.KEEP
    return "What to know before you publish" if is_new else "What to know"


def _caveats(suggestion: Suggestion, own: tuple[str, ...]) -> list[Block]:
    findings = [Finding("warning", caveat.text, str(caveat.code)) for caveat in suggestion.caveats]
    simulation = suggestion.simulation
    source = suggestion.published[0] if len(suggestion.published) == 1 else None
    if simulation is None:
        findings += [problem_finding(fault, source, severity="error") for fault in suggestion.faults]
        return [Findings(worst_first(findings))] if findings else []
    findings += [draft_finding(problem, simulation) for problem in simulation.problems]
    known = {finding.code for finding in findings}
    findings += [lint_finding(each) for each in suggestion.findings if str(each.code) not in known]
    lines: list[Line] = []
    if suggestion.alternative is not None:
        terms = [visible(term.removeprefix("+"), 80) for term in suggestion.alternative.drop]
        shorter = suggestion.alternative.record
        lines += [
            line("Without ", Span(listed(terms, len(terms)), "term"), " the record would be"),
            verbatim(visible(shorter, len(shorter))),
        ]
    lines += [*condition_lines(simulation.after), *unknown_input_lines(simulation.senders)]
    lines += outside_lines(simulation, own)
    blocks: list[Block] = [Findings(worst_first(findings))] if findings else []
    return [*blocks, *prose(lines)]


def _paste(suggestion: Suggestion, formats: Sequence[str]) -> list[Block]:
    if suggestion.record is None or suggestion.advice is Advice.KEEP:
        return []
    return paste_block(suggestion.domain, suggestion.forms(), formats)
