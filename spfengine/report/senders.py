"""Senders before and after a change, in groups by what happens to them."""

from collections.abc import Callable, Sequence

from spfengine.report.owners import owner_of
from spfengine.report.page import Block, Cell, Column, Fact, Facts, Table, Text, prose, table, text
from spfengine.senders import override_text
from spfengine.simulation.simulation import Effect, SenderChange
from spfengine.text.lines import Line, Span
from spfengine.text.senders import (
    GROUPS,
    by_effect,
    by_loss,
    counted_senders,
    deciding_after,
    deciding_before,
    failing_dmarc_lines,
    reported_spans,
    result_spans,
    sender_name,
)

_COLUMNS = (Column("Sender"), Column("Messages", is_number=True), Column("Result"))
_SHOWN = 10
_Describe = Callable[[SenderChange], list[Span]]
_STYLES = {Effect.NEWLY_FAILING: "fail", Effect.UNKNOWN: "softfail", Effect.NEWLY_PASSING: "pass"}


def sender_facts(changes: Sequence[SenderChange]) -> list[Block]:
    """Return how many messages are affected, by what happens to them."""
    facts = []
    for effect, group in by_effect(changes).items():
        name, _ = GROUPS[effect]
        messages = sum(change.sender.count for change in group)
        if messages or effect in (Effect.NEWLY_FAILING, Effect.NEWLY_PASSING):
            style = _STYLES.get(effect, "") if messages else ""
            facts.append(Fact(f"{messages:,}", f"{'message' if messages == 1 else 'messages'} {name}", style))
    return [Facts(tuple(facts))] if changes else []


def sender_tables(changes: Sequence[SenderChange]) -> list[Block]:
    """Return a table for each thing that happens to senders."""
    blocks: list[Block] = []
    for effect, group in by_effect(changes).items():
        if group:
            name, style = GROUPS[effect]
            blocks += prose(_dmarc_lines(effect, group))
            caption = text(Span(name, style), Span(f" {counted_senders(group)}", "quiet"))
            blocks.append(sender_table(caption, group))
    return blocks


def _dmarc_lines(effect: Effect, group: Sequence[SenderChange]) -> list[Line]:
    return list(failing_dmarc_lines(group)) if effect is Effect.NEWLY_FAILING else []


def sender_table(caption: Text, changes: Sequence[SenderChange]) -> Table:
    """Return senders, those that lose most first."""
    return _table(caption, changes, result_spans, deciding_after)


def disagreement_tables(changes: Sequence[SenderChange]) -> list[Block]:
    """Return the senders for which the record gives a different result than was reported."""
    found = [change for change in changes if change.disagrees]
    if not found:
        return []
    why = "DNS has changed since then, a forwarder resent these, or the report is about another identity"
    heading = "the current record gives a different result than was reported"
    caption = text(Span(heading, "softfail"), Span(f" {counted_senders(found)}: {why}", "quiet"))
    return [_table(caption, found, reported_spans, deciding_before)]


def _table(caption: Text, changes: Sequence[SenderChange], results: _Describe, why: _Describe) -> Table:
    rows = [_row(change, results, why) for change in by_loss(changes)]
    return table(caption, _COLUMNS, rows, _SHOWN)


def _row(change: SenderChange, results: _Describe, why: _Describe) -> tuple[Cell, ...]:
    sender = change.sender
    name = sender_name(change)
    owner = owner_of(change.after) or owner_of(change.before)
    who = f"{name} ({owner})" if owner and owner not in name else name
    override = override_text(sender) if sender.override is not None and sender.authentication is None else ""
    more = tuple([(Span(span.text.strip(), "" if span.style == "quiet" else span.style),) for span in why(change)])
    return (
        Cell((Span(sender.ip),), ((Span(who),), *more, *(((Span(override),),) if override else ())), True),
        Cell((Span(f"{sender.count:,}"),)),
        Cell(tuple(results(change))),
    )
