"""Meters: how much of the limits of RFC 7208 §4.6.4 and of a DNS answer is used."""

from collections.abc import Sequence

from spfengine.evaluation.limits import LIFTED, Limits, VoidRule
from spfengine.linting.limits import PLAIN_UDP, UNFRAGMENTED
from spfengine.policy.budget import Budget
from spfengine.report.page import Bar, Fact, Meter, Text, text
from spfengine.text.lines import Span

_WIDTH = 100  # units of a bar
_HEIGHT = 8
_MOST_CELLS = 40  # with more, they would be too narrow to count
_GAP = 0.8  # between two cells


def limit_meters(before: Budget | None, after: Budget, limits: Limits, *, is_open: bool = False) -> list[Meter]:
    """Return the meters of lookups and void lookups.

    Args:
        before: the budget before a change; None if nothing changes.
        is_open: whether there may be more than is known.
    """
    budgets = [after] if before is None else [before, after]
    is_least = is_open or any(each.incomplete for each in budgets)
    rule = limits.void_rule
    lookups = [each.worst_lookups for each in budgets]
    if after.endless:
        endless = Span("the records form a loop, so that no number of lookups is enough", "fail")
        return [Meter("DNS lookups", endless, tuple(_bars(lookups, limits.lookups)))]
    voids = [each.worst_voids(rule) for each in budgets]
    return [
        count_meter("DNS lookups", lookups, limits.lookups, is_least=is_least),
        count_meter("Void lookups", voids, limits.voids, is_least=is_least, notes=_other_rules(budgets, limits)),
    ]


def _other_rules(budgets: Sequence[Budget], limits: Limits) -> tuple[Text, ...]:
    rule = VoidRule.PER_LOOKUP
    counts = [each.worst_voids(rule) for each in budgets]
    if limits.voids == LIFTED or counts == [each.worst_voids(limits.void_rule) for each in budgets]:
        return ()
    style = "softfail" if counts[-1] > limits.voids else ""
    numbers = " → ".join(map(str, counts))
    return (text("receivers that count each void answer: ", Span(f"{numbers} of {limits.voids}", style)),)


def count_meter(
    name: str, values: Sequence[int], limit: int, *, is_least: bool = False, notes: tuple[Text, ...] = ()
) -> Meter:
    """Return a meter of something that is counted; `values` are those before and after, or one."""
    return Meter(name, _verdict(values[-1], limit, is_least=is_least), tuple(_bars(values, limit, is_least)), notes)


def size_meter(before: int | None, after: int, allowed: int = UNFRAGMENTED) -> Meter:
    """Return the meter of the DNS answer with all TXT records of a name, in octets."""
    values = [after] if before is None else [before, after]
    if after > allowed:
        verdict = Span("too large: some receivers can't get it", "fail")
    elif after > PLAIN_UDP:
        verdict = Span(f"over {PLAIN_UDP}: old DNS software may not get it", "softfail")
    else:
        verdict = Span("fits every DNS answer", "pass")
    scale = max(allowed, *values)
    bars = [
        Bar(label, f"{value:,} of {allowed:,} octets", (*_continuous(value, allowed, scale), _tick(PLAIN_UDP, scale)))
        for label, value in zip(_labels(values), values, strict=True)
    ]
    return Meter("DNS answer", verdict, tuple(bars))


def _verdict(value: int, limit: int, *, is_least: bool) -> Span:
    if limit == LIFTED:
        return Span("no limit", "pass")
    if value > limit:
        return Span("over the limit: some clients get permerror", "fail")
    least = ", as far as is known" if is_least else ""
    if value == limit:
        return Span(f"at the limit: none is left{least}", "softfail")
    return Span(f"within the limit: {limit - value} left{least}", "softfail" if is_least else "pass")


def _labels(values: Sequence[int]) -> Sequence[str]:
    return ("",) if len(values) == 1 else ("before", "after")


def _bars(values: Sequence[int], limit: int, is_least: bool = False) -> list[Bar]:
    scale = max(limit, *values)
    least = "at least " if is_least else ""
    of = "" if limit == LIFTED else f" of {limit}"
    return [
        Bar(label, f"{least}{value}{of}", _counted(value, limit, scale))
        for label, value in zip(_labels(values), values, strict=True)
    ]


def _counted(value: int, limit: int, scale: int) -> tuple[tuple[str, str], ...]:
    """Return a bar of cells, one for each; a continuous one if there are too many."""
    if scale > _MOST_CELLS:
        return _continuous(value, limit, scale)
    step = _WIDTH / scale
    cells = [(_cell_style(index, value, limit), index * step) for index in range(scale)]
    styles = dict.fromkeys(style for style, _ in cells)
    width = _number(step - _GAP)
    return tuple(
        [(style, "".join([_box(_number(x), width) for each, x in cells if each == style])) for style in styles]
    )


def _cell_style(index: int, value: int, limit: int) -> str:
    if index >= value:
        return "free"
    return "used" if index < limit else "over"


def _continuous(value: int, limit: int, scale: int) -> tuple[tuple[str, str], ...]:
    used = min(value, limit) * _WIDTH / scale
    over = max(value - limit, 0) * _WIDTH / scale
    parts = [("free", 0.0, float(_WIDTH)), ("used", 0.0, used), ("over", used, over)]
    return tuple([(style, _box(_number(x), _number(width))) for style, x, width in parts if width])


def _tick(value: int, scale: int) -> tuple[str, str]:
    return "tick", f"M{_number(value * _WIDTH / scale)} 0v{_HEIGHT}"


def _box(x: str, width: str) -> str:
    return f"M{x} 0h{width}v{_HEIGHT}h-{width}z"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def lookups_fact(before: Budget, after: Budget, limits: Limits) -> Fact:
    """Return the lookups before and after a change, of the worst addresses."""
    needs = before, after
    numbers = ["no end" if each.endless else f"{'at least ' * each.incomplete}{each.worst_lookups}" for each in needs]
    is_over = after.endless or after.worst_lookups > limits.lookups
    return Fact(" \N{RIGHTWARDS ARROW} ".join(numbers), f"lookups of {limits.lookups}", "fail" if is_over else "")
