"""IP addresses as (family, int), tables of address ranges, and `locate`, which looks an address up in such a table.

An IPv4-mapped IPv6 address is an IPv4 address (RFC 7208 §5). It is mapped here, where text becomes a number.
"""

import socket  # conversion only: no socket is opened here
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from operator import itemgetter
from socket import AF_INET, inet_ntop, inet_pton
from typing import NamedTuple, TypeVar

from spfengine.errors import AddressError
from spfengine.visible import visible

IPAddress = str | IPv4Address | IPv6Address
"""An IP address that a caller gives: text, or an object of `ipaddress`."""

_MAPPED = 0xFFFF  # ::ffff:0:0/96
_from_octets = int.from_bytes  # most significant octet first; looked up once, which takes as long as the conversion


def _read_ip6(text: str) -> bytes:
    """Return the octets of an IPv6 address, as `inet_pton` does.

    Raises:
        ValueError: it is not one.
    """
    if "%" in text:
        raise ValueError("a zone id")
    return IPv6Address(text).packed


def _choose_ip6_reader() -> Callable[[str], bytes]:
    """Return what reads IPv6 addresses: the platform, or `ipaddress` if the platform has no IPv6.

    A browser has none, for example (Pyodide), and a Python built with `--disable-ipv6`.
    """
    try:
        read = partial(inet_pton, socket.AF_INET6)
        read("::1")
    except (AttributeError, OSError):
        return _read_ip6
    return read


_ip6_octets = _choose_ip6_reader()


class Family(NamedTuple):
    """An address family: its IP version, the bits of an address, and its last address."""

    version: int
    bits: int
    last: int

    def __reduce__(self) -> str:
        return f"V{self.version}"  # the same object again, because families are compared by identity


V4 = Family(4, 32, (1 << 32) - 1)
V6 = Family(6, 128, (1 << 128) - 1)

_Hit = TypeVar("_Hit")

Table = tuple[Sequence[int], Sequence[_Hit | None]]
"""(starts, hits): ranges that cover all addresses of a family. Range i begins at `starts[i]`; an address in it hits
`hits[i]` (None: nothing)."""


def parse_address(address: object) -> tuple[Family, int]:
    """Return an IP address given by a caller as (family, int).

    Args:
        address: text ("192.0.2.1", "2001:db8::1") or an `ipaddress` object.

    Raises:
        AddressError: it is not an IP address, or it has a zone id (`fe80::1%eth0`), which means nothing to a receiver.
    """
    if isinstance(address, str):
        try:
            if ":" in address:
                value = _from_octets(_ip6_octets(address))
                return (V4, value & V4.last) if value >> 32 == _MAPPED else (V6, value)
            return V4, _from_octets(inet_pton(AF_INET, address))
        except (OSError, ValueError):
            pass
    elif isinstance(address, IPv4Address):
        return V4, address.__int__()  # half as long as int()
    elif isinstance(address, IPv6Address) and address.scope_id is None:
        value = address.__int__()
        return (V4, value & V4.last) if value >> 32 == _MAPPED else (V6, value)
    hint = " (leave out the zone id after '%')" if "%" in str(address) else ""
    printable = visible(str(address), 60)
    raise AddressError(f"not an IP address: {printable!r}; expected one like 192.0.2.1 or 2001:db8::1{hint}")


def parse_ip6(text: str) -> int | None:
    """Return the text of an IPv6 address (RFC 4291 §2.2) as an int, or None if it is not one."""
    try:
        return _from_octets(_ip6_octets(text))
    except (OSError, ValueError):
        return None


def parse_ip4(text: str) -> int | None:
    """Return a dotted quad without leading zeros (RFC 7208 §12, ip4-network) as an int, or None if it is not one."""
    try:
        return _from_octets(inet_pton(AF_INET, text))
    except (OSError, ValueError):
        return None


def read_ip4(address: object) -> int | None:
    """Return an IPv4 address, given as text or as an object of `ipaddress`, as an int; None if it is not one."""
    if isinstance(address, str):
        return parse_ip4(address)
    return int(address) if isinstance(address, IPv4Address) else None


def read_ip6(address: object) -> int | None:
    """Return an IPv6 address, given as text or as an object of `ipaddress`, as an int; None if it is not one."""
    if isinstance(address, str):
        return parse_ip6(address)
    return int(address) if isinstance(address, IPv6Address) else None


def address_text(family: Family, value: int) -> str:
    """Return an address as text, IPv6 as in RFC 5952."""
    if family is V4:
        return inet_ntop(AF_INET, value.to_bytes(4, "big"))
    if not value:
        return "::"  # the first address, at which most tables begin
    # A dotted quad at the end, which RFC 5952 leaves open, is how inet_ntop writes some, and Python from 3.13 on these.
    if value >> 32 == _MAPPED:
        return f"::ffff:{value >> 16 & 0xFFFF:x}:{value & 0xFFFF:x}"
    return str(IPv6Address(value))


def network_range(family: Family, value: int, prefix: int) -> tuple[int, int]:
    """Return the first and last address of the network of `prefix` bits around `value`; host bits are ignored."""
    host = family.bits - prefix
    low = value >> host << host
    return low, low | ((1 << host) - 1)


Prefix = tuple[int, int]
"""A network as numbers: its first address, and its length in bits."""


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


locate = bisect_right
"""`locate(starts, address)`: how many of the ranges that begin at `starts` begin at or before an address. The last of
them holds it, so `hits[locate(starts, address) - 1]` is what the address hits.

This function, and no other, compares a client's address with anything. That makes a policy exact: if every lookup of a
run has the same outcome for two addresses, so has the whole run. It is `bisect_right` itself, under the name of what it
is for here, because no check does anything more often.
"""


def build_table(ranges: Sequence[tuple[int, int, _Hit]], default: _Hit | None = None) -> Table[_Hit]:
    """Return a table of (first, last, hit) ranges. An address in several of them hits the first one.

    Neighbouring ranges of one hit become one. Costs n log n for n ranges.

    Args:
        default: what an address in none of them hits.
    """
    starts: list[int] = [0]
    found: list[_Hit | None] = [default]
    free = 0  # the first address after the ranges so far
    for first, last, hit in sorted(ranges, key=itemgetter(0)):
        if first < free:
            return _build_overlapping(ranges, default)
        if first > free and found[-1] is not default:
            starts.append(free)
            found.append(default)
        if first == 0:
            found[0] = hit
        elif found[-1] is not hit:
            starts.append(first)
            found.append(hit)
        free = last + 1
    if found[-1] is not default:
        starts.append(free)
        found.append(default)
    return tuple(starts), tuple(found)


def _build_overlapping(ranges: Iterable[tuple[int, int, _Hit]], default: _Hit | None) -> Table[_Hit]:
    """Return what `build_table` returns, also for ranges that overlap."""
    from heapq import heappop, heappush

    hits = []
    edges = []
    for order, (first, last, hit) in enumerate(ranges):
        hits.append(hit)
        edges.append((first, order, True))
        edges.append((last + 1, order, False))
    edges.sort(key=itemgetter(0))
    starts: list[int] = [0]
    found: list[_Hit | None] = [default]
    open_orders: list[int] = []
    closed: set[int] = set()
    for place, edge in enumerate(edges):
        position, order, opens = edge
        if opens:
            heappush(open_orders, order)
        else:
            closed.add(order)
        if place + 1 < len(edges) and edges[place + 1][0] == position:
            continue
        while open_orders and open_orders[0] in closed:
            heappop(open_orders)
        now = hits[open_orders[0]] if open_orders else default
        if starts[-1] == position:
            found[-1] = now  # the very first address
        elif now is not found[-1]:
            starts.append(position)
            found.append(now)
    return tuple(starts), tuple(found)
