"""Senders before and after a change: grouped by what happens to them, the most messages first."""

from collections.abc import Callable, Iterable, Iterator

from spfengine.dmarc.alignment import Alignment
from spfengine.policy.outcome import Input, Outcome
from spfengine.simulation.simulation import Effect, SenderChange
from spfengine.text.lines import WARNING, Line, Row, Span, line, note, table
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

_MOST_SENDERS = 20  # of a group
_MOST_ADDRESSES = 5
_GROUPS = {
    Effect.NEWLY_PASSING: ("newly passing", "pass"),
    Effect.NEWLY_FAILING: ("newly failing", "fail"),
    Effect.CHANGED: ("another result, not passing", "strong"),
    Effect.STILL_FAILING: ("still failing", "softfail"),
    Effect.UNKNOWN: ("not known", "fault"),
    Effect.UNCHANGED: ("unchanged, passing", "strong"),
}
_UNKNOWN_INPUTS = {Input.HELO: "HELO name", Input.LOCAL_PART: "local part"}

_Describe = Callable[[SenderChange], list[Span]]


def disagreement_lines(changes: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    """Yield the senders for which the current record gives a different result than was reported, if there are any."""
    disagreeing = [change for change in changes if change.disagrees]
    if disagreeing:
        heading = Span("the current record gives a different result than was reported", "softfail")
        yield line()
        yield note(heading, Span(f"  {_counted(disagreeing)}", "quiet"))
        yield from _rows(disagreeing, width, _reported, _deciding_before)
        why = "DNS has changed since then, a forwarder resent these, or the report is about another identity"
        yield line(Span(why, "quiet"), indent=6)


def sender_lines(changes: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    """Yield all senders, by what happens to them."""
    changes = list(changes)
    yield note(Span("senders", "strong"), Span(f"  {_counted(changes)}", "quiet"))
    for effect, (name, style) in _GROUPS.items():
        group = [change for change in changes if change.effect is effect]
        if group:
            yield note(Span(name, style), Span(f"  {_counted(group)}", "quiet"), indent=4)
            yield from _rows(group, width, _results, _deciding_after)
    yield from _unknown_inputs(changes)


def deciding(outcome: Outcome) -> str:
    """Return what decides: the directive, or why there is none."""
    return outcome.directive or (str(outcome.problem.code) if outcome.problem is not None else "the default")


def senders_text(sources: int, messages: int) -> str:
    """Return how many sources and messages these are, in words."""
    return f"{counted(sources, 'source')}, {counted(messages, 'message')}"


def _rows(changes: list[SenderChange], width: int | None, results: _Describe, why: _Describe) -> Iterator[Line]:
    ordered = sorted(changes, key=lambda change: -change.sender.count)
    first = [(change, results(change)) for change in ordered[:_MOST_SENDERS]]
    digits = max(len(f"{change.sender.count:,}") for change, _ in first)
    column = max(len(_text(spans)) for _, spans in first)
    rows = []
    for change, spans in first:
        count, gap = f"{change.sender.count:,}".rjust(digits), " " * (column - len(_text(spans)))
        right = (Span(f"{count}  "), *spans, Span(f"{gap}  {_name(change)}"), *why(change))
        rows.append(Row(Span(" "), Span(change.sender.ip), right))
    yield from table(rows, width, 4)
    rest = ordered[_MOST_SENDERS:]
    if rest:
        yield note(f"… and {_counted(rest)} more; --csv and --json have them all", indent=6)


def _counted(changes: list[SenderChange]) -> str:
    return senders_text(len(changes), sum(change.sender.count for change in changes))


def _text(spans: Iterable[Span]) -> str:
    return "".join([span.text for span in spans])


def _results(change: SenderChange) -> list[Span]:
    before, after = str(change.before.result), str(change.after.result)
    return [Span(before, before), Span(" → "), Span(after, after)]


def _reported(change: SenderChange) -> list[Span]:
    now = str(change.before.result)
    return [Span(f"{visible(change.sender.reported or '', 20)} was reported, now "), Span(now, now)]


def _name(change: SenderChange) -> str:
    sender = change.sender
    return visible(sender.label or sender.sender.removeprefix("@") or "<>", 60)


def _deciding_before(change: SenderChange) -> list[Span]:
    return [Span(f"  by {visible(deciding(change.before), 60)}", "quiet")]


def _deciding_after(change: SenderChange) -> list[Span]:
    """Return what decides after the change, and whether SPF is aligned with From before and after it."""
    spans = [Span(f"  by {visible(deciding(change.after), 60)}", "quiet")]
    if change.aligned_before is not None and change.aligned_after is not None:
        before, after = _aligned(change.aligned_before), _aligned(change.aligned_after)
        name = visible_name(change.aligned_after.header_from)
        spans.append(Span(f"  From: {name} {before if before == after else f'{before} → {after}'}", "quiet"))
    return spans


def _aligned(alignment: Alignment) -> str:
    if alignment.aligned is None:
        return "alignment not known"
    if alignment.aligned:
        return "aligned" if alignment.strict else "aligned (relaxed)"
    return "not aligned (DMARC asks for strict)" if alignment.relaxed else "not aligned"


def _unknown_inputs(changes: list[SenderChange]) -> Iterator[Line]:
    """Yield which results depend on what is not known about the senders."""
    for what, name in _UNKNOWN_INPUTS.items():
        ips = [change.sender.ip for change in changes if what in change.rests_on]
        if ips:
            yield note(
                WARNING,
                f"the {name} is not known, but the result of {listed(ips, _MOST_ADDRESSES)} depends on it",
                indent=4,
            )
