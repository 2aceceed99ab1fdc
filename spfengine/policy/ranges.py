"""Ranges of addresses as networks, and sets of addresses."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from spfengine.addresses import V4, Family

MAPPED_FIRST = 0xFFFF << 32
"""The first address of ::ffff:0:0/96, in which there is no IPv6 client (RFC 7208 §5)."""
MAPPED_LAST = MAPPED_FIRST | 0xFFFFFFFF
MAPPED_COUNT = 1 << 32

IPNetwork = IPv4Network | IPv6Network
Prefix = tuple[int, int]
"""A network as numbers: its first address, and its length in bits."""


def networks_of(family: Family, spans: Iterable[tuple[int, int]]) -> list[IPNetwork]:
    """Return the fewest networks that cover these (first, last) spans, which are in order and disjoint."""
    return [network_of(family, prefix) for first, last in _joined(spans) for prefix in prefixes_of(family, first, last)]


def network_of(family: Family, prefix: Prefix) -> IPNetwork:
    """Return a network as an object of `ipaddress`."""
    return IPv4Network(prefix) if family is V4 else IPv6Network(prefix)


def prefixes_of(family: Family, first: int, last: int) -> list[Prefix]:
    """Return the fewest networks that cover a range of addresses."""
    bits = family.bits
    prefixes: list[Prefix] = []
    while first <= last:
        host = (last - first + 1).bit_length() - 1
        aligned = (first & -first).bit_length() - 1
        if 0 <= aligned < host:
            host = aligned
        prefixes.append((first, bits - host))
        first += 1 << host
    return prefixes


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


def intersection(left: Spans, right: Spans) -> Spans:
    """Return the addresses that are in both sets."""
    spans: Spans = []
    i = j = 0
    while i < len(left) and j < len(right):
        first, last = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if first <= last:
            spans.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return spans


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
