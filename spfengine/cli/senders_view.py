"""What a person sees of senders before and after a change: grouped by what becomes of them, the most messages first."""

from collections.abc import Callable, Iterable, Iterator

from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.cli.senders_given import counted
from spfengine.dmarc.alignment import Alignment
from spfengine.policy.outcome import Input, Outcome
from spfengine.simulation.simulation import Effect, SenderChange
from spfengine.visible import visible, visible_name

MOST = 20
"""Senders of a group that are shown."""
_GROUPS = {
    Effect.NEWLY_PASSING: ("newly passing", "pass"),
    Effect.NEWLY_FAILING: ("newly failing", "fail"),
    Effect.CHANGED: ("another result, not passing", "strong"),
    Effect.STILL_FAILING: ("still failing", "softfail"),
    Effect.UNKNOWN: ("not known: DNS could not answer", "fault"),
    Effect.UNCHANGED: ("unchanged, passing", "strong"),
}
_UNKNOWN_INPUTS = {Input.HELO: "HELO name", Input.LOCAL_PART: "local part"}

Told = Callable[[SenderChange], list[Span]]


def disagreements(changes: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    """Yield the senders of whom the record as it is says something else than was reported, if there are any."""
    found = [change for change in changes if change.disagrees]
    if found:
        told = Span("the record as it is gives another result than was reported", "softfail")
        yield line()
        yield line(told, Span(f"  {_counted(found)}", "quiet"), indent=2, hang=2)
        yield from _rows(found, width, _reported, _deciding_now)
        why = "DNS has changed since then, a forwarder sent these on, or the report is about another identity"
        yield line(Span(why, "quiet"), indent=6)


def senders(changes: Iterable[SenderChange], width: int | None) -> Iterator[Line]:
    """Yield all senders, by what becomes of them."""
    changes = list(changes)
    yield line(Span("senders", "strong"), Span(f"  {_counted(changes)}", "quiet"), indent=2, hang=2)
    for effect, (name, style) in _GROUPS.items():
        group = [change for change in changes if change.effect is effect]
        if group:
            yield line(Span(name, style), Span(f"  {_counted(group)}", "quiet"), indent=4, hang=2)
            yield from _rows(group, width, _results, _deciding_then)
    yield from _resting(changes)


def deciding(outcome: Outcome) -> str:
    """Return what decides: the directive, or why there is none."""
    return outcome.directive or (str(outcome.problem.code) if outcome.problem is not None else "the default")


def _rows(changes: list[SenderChange], width: int | None, told: Told, why: Told) -> Iterator[Line]:
    ordered = sorted(changes, key=lambda change: -change.sender.count)
    shown = [(change, told(change)) for change in ordered[:MOST]]
    digits = max(len(f"{change.sender.count:,}") for change, _ in shown)
    column = max(len(_text(spans)) for _, spans in shown)
    rows = []
    for change, spans in shown:
        count, gap = f"{change.sender.count:,}".rjust(digits), " " * (column - len(_text(spans)))
        right = (Span(f"{count}  "), *spans, Span(f"{gap}  {_who(change)}"), *why(change))
        rows.append(Row(Span(" "), Span(change.sender.ip), right))
    yield from table(rows, width, 4)
    if len(ordered) > MOST:
        told_rest = f"… and {_counted(ordered[MOST:])} more; --csv and --json have them all"
        yield line(told_rest, indent=6, hang=2)


def _counted(changes: list[SenderChange]) -> str:
    return counted(len(changes), sum(change.sender.count for change in changes))


def _text(spans: Iterable[Span]) -> str:
    return "".join([span.text for span in spans])


def _results(change: SenderChange) -> list[Span]:
    before, after = str(change.before.result), str(change.after.result)
    return [Span(before, before), Span(" → "), Span(after, after)]


def _reported(change: SenderChange) -> list[Span]:
    now = str(change.before.result)
    return [Span(f"{visible(change.sender.reported or '', 20)} was reported, now "), Span(now, now)]


def _who(change: SenderChange) -> str:
    sender = change.sender
    return visible(sender.label or sender.sender.removeprefix("@") or "<>", 60)


def _deciding_now(change: SenderChange) -> list[Span]:
    return [Span(f"  by {visible(deciding(change.before), 60)}", "quiet")]


def _deciding_then(change: SenderChange) -> list[Span]:
    """Return what decides after the change, and whether SPF is aligned with From before and after it."""
    found = [Span(f"  by {visible(deciding(change.after), 60)}", "quiet")]
    if change.aligned_before is not None and change.aligned_after is not None:
        before, after = _aligned(change.aligned_before), _aligned(change.aligned_after)
        name = visible_name(change.aligned_after.header_from)
        found.append(Span(f"  From: {name} {before if before == after else f'{before} → {after}'}", "quiet"))
    return found


def _aligned(alignment: Alignment) -> str:
    if alignment.aligned is None:
        return "alignment not known"
    if alignment.aligned:
        return "aligned" if alignment.strict else "aligned (relaxed)"
    return "not aligned (strict is asked for)" if alignment.relaxed else "not aligned"


def _resting(changes: list[SenderChange]) -> Iterator[Line]:
    """Yield which results rest on what is not known of the senders."""
    for each, name in _UNKNOWN_INPUTS.items():
        found = [change for change in changes if each in change.rests_on]
        if found:
            ips = ", ".join([change.sender.ip for change in found[:5]])
            more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
            told = f"the {name} is not known, but the result of {ips}{more} rests on it"
            yield line(Span("! ", "softfail"), told, indent=4, hang=2)
