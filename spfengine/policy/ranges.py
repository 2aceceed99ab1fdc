"""Ranges of addresses as networks, the fewest there can be."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network

from spfengine.addresses import V4, Family

MAPPED_FIRST = 0xFFFF << 32
"""The first address of ::ffff:0:0/96, where no IPv6 client ever stands (RFC 7208 §5)."""
MAPPED_LAST = MAPPED_FIRST | 0xFFFFFFFF
MAPPED_COUNT = 1 << 32


def networks_of(family: Family, spans: Iterable[tuple[int, int]]) -> list[IPv4Network | IPv6Network]:
    """Return the fewest networks that cover these (first, last) spans, which are in order and disjoint."""
    kind = IPv4Network if family is V4 else IPv6Network
    found: list[IPv4Network | IPv6Network] = []
    for first, last in _joined(spans):
        while first <= last:
            host = min((first & -first).bit_length() - 1 if first else family.bits, (last - first + 1).bit_length() - 1)
            found.append(kind((first, family.bits - host)))
            first += 1 << host
    return found


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined
