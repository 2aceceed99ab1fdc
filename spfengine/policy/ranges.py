"""Ranges of addresses as networks, and sets of addresses."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from operator import itemgetter

from spfengine.addresses import V4, Family, Prefix, prefixes_of

MAPPED_FIRST = 0xFFFF << 32
"""The first address of ::ffff:0:0/96, in which there is no IPv6 client (RFC 7208 §5)."""
MAPPED_LAST = MAPPED_FIRST | 0xFFFFFFFF
MAPPED_COUNT = 1 << 32

IPNetwork = IPv4Network | IPv6Network


def networks_of(family: Family, spans: Iterable[tuple[int, int]]) -> list[IPNetwork]:
    """Return the fewest networks that cover these (first, last) spans, which are in order and disjoint."""
    return [network_of(family, prefix) for first, last in _joined(spans) for prefix in prefixes_of(family, first, last)]


def network_of(family: Family, prefix: Prefix) -> IPNetwork:
    """Return a network as an object of `ipaddress`."""
    return IPv4Network(prefix) if family is V4 else IPv6Network(prefix)


Spans = list[tuple[int, int]]
"""(first, last) of ranges of addresses: in order, disjoint, and not touching."""


def union(*sets: Spans) -> Spans:
    """Return the addresses that are in any of these sets."""
    joined: Spans = []
    for first, last in sorted(span for spans in sets for span in spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


_AFTER_ALL = (1 << 128, 1 << 128)  # the address after the last one


def intersection(left: Spans, right: Spans) -> Spans:
    """Return the addresses that are in both sets."""
    spans: Spans = []
    others = iter(right)
    begin, end = next(others, _AFTER_ALL)
    for first, last in left:
        while end < last:
            if first <= end:
                spans.append((max(first, begin), end))
            begin, end = next(others, _AFTER_ALL)
        if begin <= last:
            spans.append((max(first, begin), last))
    return spans


def between(first: int, last: int, spans: Spans) -> Spans:
    """Return the addresses of a set from the first to the last one. The work does not grow with what is outside."""
    start, end = bisect_left(spans, first, key=itemgetter(1)), bisect_right(spans, last, key=itemgetter(0))
    return [(max(first, begin), min(last, finish)) for begin, finish in spans[start:end]]


def difference(left: Spans, right: Spans) -> Spans:
    """Return the addresses that are in `left`, but not in `right`."""
    spans: Spans = []
    j = 0
    for begin, last in left:
        first = begin
        while j < len(right) and right[j][1] < first:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= last:
            if right[k][0] > first:
                spans.append((first, right[k][0] - 1))
            first = right[k][1] + 1
            k += 1
        if first <= last:
            spans.append((first, last))
    return spans


class SpanSet:
    """A set of addresses that grows. A question about it stays cheap, however many spans it has."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def has_all(self, spans: Spans) -> bool:
        """Whether all these addresses are in the set. Its own spans don't touch, so each of these is within one."""
        for first, last in spans:
            index = bisect_right(self._firsts, first) - 1
            if index < 0 or self._lasts[index] < last:
                return False
        return True

    def add(self, spans: Spans) -> None:
        """Add addresses."""
        for span in spans:
            first, last = span
            start = bisect_left(self._lasts, first - 1)
            end = bisect_right(self._firsts, last + 1)
            if start < end:  # joined with those that it overlaps or touches
                first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
            self._firsts[start:end] = [first]
            self._lasts[start:end] = [last]


class SpanIndex:
    """Finds which of many sets of addresses have addresses in common with another set.

    All spans are sorted by their first address. Above them is a binary tree that holds the greatest last address of
    each of its branches, so that a search skips whatever ends before the addresses it looks for. It is made for the
    first search: the sets of most records have nothing in common.

    Attributes:
        is_disjoint: whether no two of the spans have addresses in common.
    """

    def __init__(self, sets: Sequence[Spans]) -> None:
        self._spans = sorted([(first, last, owner) for owner, spans in enumerate(sets) for first, last in spans])
        self.is_disjoint: bool = all(before[1] < after[0] for before, after in pairwise(self._spans))
        self._firsts: list[int] = []
        self._ends: list[int] = []
        self._leaves = 0

    def touching(self, spans: Spans) -> set[int]:
        """Return the indices of the sets that have addresses in common with these spans."""
        if not self._leaves:
            self._grow()
        owners: set[int] = set()
        for first, last in spans:
            before = bisect_right(self._firsts, last)  # those that begin later have nothing in common
            nodes = [(1, 0, self._leaves)]  # each with the leaf at which it begins, and how many it has
            while nodes:
                node, start, count = nodes.pop()
                if start >= before or self._ends[node] < first:
                    continue
                if count == 1:
                    owners.add(self._spans[start][2])
                else:
                    half = count // 2
                    nodes += ((2 * node, start, half), (2 * node + 1, start + half, half))
        return owners

    def _grow(self) -> None:
        """Make the tree."""
        spans = self._spans
        self._firsts = [first for first, _, _ in spans]
        self._leaves = 1 << max(len(spans) - 1, 0).bit_length()
        self._ends = [-1] * self._leaves + [last for _, last, _ in spans] + [-1] * (self._leaves - len(spans))
        for node in range(self._leaves - 1, 0, -1):
            self._ends[node] = max(self._ends[2 * node], self._ends[2 * node + 1])


def common_sizes(sets: Sequence[Spans]) -> dict[tuple[int, int], int]:
    """Return how many addresses each pair of sets has in common, by their indices; only pairs that have some."""
    events = sorted(
        [(first, True, owner) for owner, spans in enumerate(sets) for first, _ in spans]
        + [(last + 1, False, owner) for owner, spans in enumerate(sets) for _, last in spans]
    )
    sizes: dict[tuple[int, int], int] = {}
    begun: dict[int, int] = {}  # the sets that have the current address, and since which address
    for address, begins, owner in events:  # of one address, ends come first
        if begins:
            begun[owner] = address
            continue
        start = begun.pop(owner)
        for other, other_start in begun.items():
            common = address - max(start, other_start)
            if common > 0:
                pair = (owner, other) if owner < other else (other, owner)
                sizes[pair] = sizes.get(pair, 0) + common
    return sizes


def size(spans: Spans) -> int:
    """Return how many addresses a set has."""
    return sum(last - first + 1 for first, last in spans)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
