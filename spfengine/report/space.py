"""The addresses that pass, as a picture: IPv4 along a Hilbert curve, before and after, and IPv6 by prefix.

On a Hilbert curve, addresses next to each other stay next to each other, and every network is a square or two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2

from spfengine.addresses import V4, V6, Family, prefixes_of
from spfengine.policy.diff import segments
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST, Spans, difference, networks_of, size, union
from spfengine.problems import Result
from spfengine.report.owners import about_outcome
from spfengine.report.page import MARKS, Legend, Map, Prefix, Space
from spfengine.text.outcomes import address_count, joined_networks
from spfengine.wording import counted

_SIDE = 256  # units of a map
_GRID = 16  # units of the square of a /8
_LARGE = 12  # networks up to this prefix are drawn in their size, all others as a mark
_STEP = 4  # units; marks that are closer are one
_MOST_LABELS = 12
_DIGIT = 8  # units that a digit of a label takes, at most
_MOST_TRIED = 100  # marks beside which a label is tried
_MOST_PREFIXES = 12
_MOST_NETWORKS = 4
_NAMES = {
    "unsure": "not certain: not everything is known, or it depends on more than the address",
    "new": "pass only after",
    "gone": "pass only before",
    "kept": "pass",
}
_Box = tuple[int, int, int, int]  # left, top, right, bottom

_SIGNS = {
    "new": ("+", "newly passes"),
    "gone": (MARKS["-"], "no longer passes"),
    "kept": ("", "passes"),
    "unsure": ("?", "not certain"),
}

GRID = "".join([f"M{at} 0v{_SIDE}M0 {at}h{_SIDE}" for at in range(0, _SIDE + 1, _GRID)])
"""The path of the grid: a square for each /8."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """The addresses of a family that pass in one way: "new", "gone" or "kept"."""

    state: str
    about: str
    spans: Spans


def space_block(before: Policy | None, after: Policy) -> Space:
    """Return the picture of a policy, or of two."""
    passing = {family.version: _passing(before, after, family) for family in (V4, V6)}
    by_state = {state: _spans(passing[4], state) for state in _NAMES}
    if before is None:
        maps: tuple[Map, ...] = (_map("Addresses that pass", ["unsure", "kept"], by_state),)
    else:
        maps = (
            _map("Before", ["unsure", "kept", "gone"], by_state),
            _map("After", ["unsure", "kept", "new"], by_state),
        )
    prefixes, more = _prefixes(passing[6])
    return Space(maps, GRID, _legend(passing, has_two=before is not None), prefixes, more)


def _passing(before: Policy | None, after: Policy, family: Family) -> list[_Passing]:
    found: dict[tuple[str, str], Spans] = {}
    for first, last, old, new in segments(after if before is None else before, after, family):
        state = _state(old, new)
        if state:
            spans = found.setdefault((state, about_outcome(old if state == "gone" else new)), [])
            spans.append((first, last))
    mapped = [(MAPPED_FIRST, MAPPED_LAST)] if family is V6 else []
    whole = [_Passing(*key, difference(union(spans), mapped)) for key, spans in found.items()]
    return [each for each in whole if each.spans]


def _state(old: Outcome, new: Outcome) -> str:
    if _is_unsure(old) or _is_unsure(new):
        return "unsure"
    passed, passes = old.result is Result.PASS, new.result is Result.PASS
    return {(True, True): "kept", (True, False): "gone", (False, True): "new"}.get((passed, passes), "")


def _is_unsure(outcome: Outcome) -> bool:
    """Whether addresses may pass, as far as is known, but need not."""
    return outcome.is_incomplete or outcome.is_open or (outcome.result is None and Result.PASS in outcome.results)


def _spans(passing: Iterable[_Passing], state: str) -> Spans:
    return union(*[each.spans for each in passing if each.state == state])


def _map(title: str, states: Sequence[str], by_state: dict[str, Spans]) -> Map:
    paths = []
    for state in states:
        areas, marks = _shapes(by_state[state])
        if areas:
            paths.append((f"area {state}", "".join([_rectangle(*area) for area in areas])))
        if marks:
            paths.append((f"mark {state}", "".join([mark_path(state, *mark) for mark in marks])))
    words = [_in_words(state, by_state[state]) for state in states if by_state[state]]
    description = "; ".join(words) or "no IPv4 address passes"
    return Map(title, description, tuple(paths), tuple(_labels([by_state[state] for state in states])))


def _in_words(state: str, spans: Spans) -> str:
    names = joined_networks(networks_of(V4, spans[: _MOST_NETWORKS + 1]))
    more = " and more" if len(spans) > _MOST_NETWORKS else ""
    return f"{address_count(size(spans), 4)} {_NAMES[state]} ({', '.join(names[:_MOST_NETWORKS])}{more})"


def _shapes(spans: Spans) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int]]]:
    """Return what is drawn for these addresses: areas (x, y, width, height), and the places (x, y) of marks."""
    areas: list[tuple[int, int, int, int]] = []
    marks: dict[tuple[int, int], None] = {}
    for first, last in spans:
        for address, prefix in prefixes_of(V4, first, last):
            if prefix <= _LARGE:
                areas.append(_area(address, prefix))
            else:
                x, y = _point(address)
                marks[_middle(x), _middle(y)] = None
    return areas, list(marks)


def _middle(at: int) -> int:
    """Return the middle of the step that has a coordinate of the curve, far enough from the edge for a mark."""
    step = _STEP << 8  # the curve has 2^16 points on each side, and the map 2^8 units
    return min(max(at // step * _STEP + _STEP // 2, 7), _SIDE - 7)


def _area(address: int, prefix: int) -> tuple[int, int, int, int]:
    """Return the place and size of a network of at least 2^20 addresses."""
    side = _SIDE >> (prefix + 1) // 2
    squares = [address] if prefix % 2 == 0 else [address, address + (1 << (31 - prefix))]
    corners = [(x // (side << 8) * side, y // (side << 8) * side) for x, y in map(_point, squares)]
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    right, bottom = max(x for x, _ in corners), max(y for _, y in corners)
    return left, top, right - left + side, bottom - top + side


def _point(address: int) -> tuple[int, int]:
    """Return where an address is on a Hilbert curve in a square of 2^16 points on each side."""
    x = y = 0
    side = 1
    rest = address
    while side < 1 << 16:
        right = 1 & (rest >> 1)
        up = 1 & (rest ^ right)
        if not up:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        x += side * right
        y += side * up
        rest >>= 2
        side <<= 1
    return x, y


def _rectangle(x: int, y: int, width: int, height: int) -> str:
    return f"M{x} {y}h{width}v{height}h-{width}z"


def mark_path(state: str, x: int, y: int) -> str:
    """Return the path of a mark: a plus for what is new, a cross for what is gone, a square, or a ring."""
    if state == "new":
        return f"M{x - 2} {y - 7}h4v5h5v4h-5v5h-4v-5h-5v-4h5z"
    if state == "gone":
        return f"M{x - 5} {y - 5}l10 10m0 -10l-10 10"
    if state == "unsure":
        return f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
    return f"M{x - 3} {y - 3}h6v6h-6z"


def _labels(by_state: Sequence[Spans]) -> Iterable[tuple[str, str, str]]:
    """Yield the first octets of networks that are drawn as marks, each beside its mark, unless it would cover an
    area, another mark or a label.
    """
    marks: dict[tuple[int, int], str] = {}
    areas: list[_Box] = []
    for first, last in [span for spans in reversed(by_state) for span in spans]:  # those that change come first
        for address, prefix in prefixes_of(V4, first, last):
            if prefix > _LARGE:
                x, y = map(_middle, _point(address))
                marks.setdefault((x, y), str(address >> 24))
            else:
                left, top, width, height = _area(address, prefix)
                areas.append((left, top, left + width, top + height))
    boxes = {(x, y): (x - 7, y - 7, x + 7, y + 7) for x, y in marks}
    labels: list[_Box] = []
    for (x, y), octet in list(marks.items())[:_MOST_TRIED]:
        width = _DIGIT * len(octet)
        bottom = min(max(y + 4, 9), _SIDE - 2)
        others = [*areas, *labels, *[box for mark, box in boxes.items() if mark != (x, y)]]
        for left in (x + 9, x - 9 - width):
            box = left, bottom - 9, left + width, bottom
            if 0 <= left <= _SIDE - width and not any(_overlap(box, other) for other in others):
                labels.append(box)
                yield str(left), str(bottom), octet
                break
        if len(labels) == _MOST_LABELS:
            return


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend(passing: dict[int, list[_Passing]], *, has_two: bool) -> tuple[Legend, ...]:
    entries = []
    for state in ("new", "gone", "kept", "unsure") if has_two else ("kept", "unsure"):
        counts = [(size(_spans(passing[version], state)), version) for version in (4, 6)]
        words = [address_count(count, version) for count, version in counts if count]
        if words or state == "kept":
            name = "pass before and after" if has_two and state == "kept" else _NAMES[state]
            entries.append(Legend(state, mark_path(state, 8, 8), name, " and ".join(words) or "no address"))
    return tuple(entries)


def _prefixes(passing: list[_Passing]) -> tuple[tuple[Prefix, ...], str]:
    order = ["new", "gone", "kept", "unsure"]
    rows = [(each, span) for each in passing for span in each.spans]
    rows.sort(key=lambda row: (order.index(row[0].state), row[1][0] - row[1][1], row[1]))
    shown = tuple([_prefix(each, *span) for each, span in rows[:_MOST_PREFIXES]])
    more = len(rows) - len(shown)
    return shown, f"and {counted(more, 'more IPv6 network')}" if more else ""


def _prefix(each: _Passing, first: int, last: int) -> Prefix:
    number = last - first + 1
    width = max(round(log2(number)) * 100 // 128, 1)
    network = " and ".join(joined_networks(networks_of(V6, [(first, last)])))
    bar, addresses = _rectangle(0, 0, width, 6), address_count(number, 6)
    return Prefix(each.state, *_SIGNS[each.state], network, bar, addresses, each.about)
