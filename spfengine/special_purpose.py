"""Addresses that no client on the Internet has: private, loopback, link-local and other special-purpose networks.

They are those of IANA's special-purpose address registries (RFC 6890) that are not globally reachable, and those of the
multicast registries. Networks that those registries call globally reachable, or for which they leave it open (6to4,
Teredo), are not among them.

Registries, as of November 2026:

- https://www.iana.org/assignments/iana-ipv4-special-registry
- https://www.iana.org/assignments/iana-ipv6-special-registry
- https://www.iana.org/assignments/multicast-addresses
- https://www.iana.org/assignments/ipv6-multicast-addresses
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from spfengine.addresses import (
    V4,
    Family,
    IPAddress,
    Table,
    build_table,
    locate,
    network_range,
    parse_address,
    parse_ip4,
    parse_ip6,
)
from spfengine.names import fold, is_same_or_under


class Use(StrEnum):
    """What a special-purpose network is for."""

    LOOPBACK = "loopback"
    """A host's connections to itself."""
    PRIVATE = "private"
    """Networks at home or in a company; each of them uses the same addresses again."""
    LINK_LOCAL = "link-local"
    """One network segment."""
    SHARED = "shared"
    """The network between a provider and its customers (carrier-grade NAT)."""
    DOCUMENTATION = "documentation"
    """Examples in documents."""
    UNSPECIFIED = "unspecified"
    """No address at all: 0.0.0.0 and ::."""
    MULTICAST = "multicast"
    """Groups of receivers; nobody sends from them."""
    RESERVED = "reserved"
    """Anything else that is not for hosts on the Internet: benchmarks, protocols, the future."""


LOCAL = frozenset({Use.LOOPBACK, Use.PRIVATE, Use.LINK_LOCAL, Use.SHARED})
"""What a server sees if the client is in its own network, or if a NAT or proxy in it hides the client."""


@dataclass(frozen=True, slots=True)
class SpecialPurpose:
    """An entry of a registry of special-purpose addresses.

    Attributes:
        network: the network, such as "10.0.0.0/8".
        name: its name in the registry, such as "Private-Use".
        source: the document that reserves it, such as "RFC 1918".
        use: what it is for.
    """

    network: str
    name: str
    source: str
    use: Use

    @property
    def is_local(self) -> bool:
        """Whether a client with such an address is in the server's own network, or hidden by a NAT or proxy there."""
        return self.use in LOCAL

    @property
    def described(self) -> str:
        """What it is, in words: "a private address (10.0.0.0/8, RFC 1918)"."""
        return f"{_KINDS[self.use]} ({self.network}, {self.source})"

    @property
    def means(self) -> str:
        """What it means if a mail server sees such an address as that of a client."""
        if self.use is Use.LOOPBACK:
            return "the mail server itself, or a proxy or filter on it that hides the client"
        if self.is_local:
            return "a client in the server's own network, or a NAT or proxy that hides the client"
        return "no client on the Internet has it"

    def to_dict(self) -> dict[str, object]:
        """Return the entry as JSON-safe values."""
        return {"network": self.network, "name": self.name, "source": self.source, "use": str(self.use)}


_KINDS = {
    Use.LOOPBACK: "a loopback address",
    Use.PRIVATE: "a private address",
    Use.LINK_LOCAL: "a link-local address",
    Use.SHARED: "a shared address of a provider's NAT",
    Use.DOCUMENTATION: "an address for documentation only",
    Use.UNSPECIFIED: "the unspecified address",
    Use.MULTICAST: "a multicast address",
    Use.RESERVED: "a reserved address",
}

_IPV4 = (
    SpecialPurpose("0.0.0.0/32", "This host on this network", "RFC 1122 §3.2.1.3", Use.UNSPECIFIED),
    SpecialPurpose("0.0.0.0/8", "This network", "RFC 791 §3.2", Use.RESERVED),
    SpecialPurpose("10.0.0.0/8", "Private-Use", "RFC 1918", Use.PRIVATE),
    SpecialPurpose("100.64.0.0/10", "Shared Address Space", "RFC 6598", Use.SHARED),
    SpecialPurpose("127.0.0.0/8", "Loopback", "RFC 1122 §3.2.1.3", Use.LOOPBACK),
    SpecialPurpose("169.254.0.0/16", "Link Local", "RFC 3927", Use.LINK_LOCAL),
    SpecialPurpose("172.16.0.0/12", "Private-Use", "RFC 1918", Use.PRIVATE),
    SpecialPurpose("192.0.0.0/29", "IPv4 Service Continuity Prefix", "RFC 7335", Use.RESERVED),
    SpecialPurpose("192.0.0.8/32", "IPv4 dummy address", "RFC 7600", Use.RESERVED),
    SpecialPurpose("192.0.0.170/31", "NAT64/DNS64 Discovery", "RFC 8880", Use.RESERVED),
    SpecialPurpose("192.0.0.0/24", "IETF Protocol Assignments", "RFC 6890 §2.1", Use.RESERVED),
    SpecialPurpose("192.0.2.0/24", "Documentation (TEST-NET-1)", "RFC 5737", Use.DOCUMENTATION),
    SpecialPurpose("192.168.0.0/16", "Private-Use", "RFC 1918", Use.PRIVATE),
    SpecialPurpose("198.18.0.0/15", "Benchmarking", "RFC 2544", Use.RESERVED),
    SpecialPurpose("198.51.100.0/24", "Documentation (TEST-NET-2)", "RFC 5737", Use.DOCUMENTATION),
    SpecialPurpose("203.0.113.0/24", "Documentation (TEST-NET-3)", "RFC 5737", Use.DOCUMENTATION),
    SpecialPurpose("224.0.0.0/4", "Multicast", "RFC 5771", Use.MULTICAST),
    SpecialPurpose("255.255.255.255/32", "Limited Broadcast", "RFC 8190", Use.RESERVED),
    SpecialPurpose("240.0.0.0/4", "Reserved", "RFC 1112 §4", Use.RESERVED),
)
_REACHABLE_IPV4 = ("192.0.0.9/32", "192.0.0.10/32")
_IPV6 = (
    SpecialPurpose("::1/128", "Loopback Address", "RFC 4291", Use.LOOPBACK),
    SpecialPurpose("::/128", "Unspecified Address", "RFC 4291", Use.UNSPECIFIED),
    SpecialPurpose("64:ff9b:1::/48", "IPv4-IPv6 Translat.", "RFC 8215", Use.RESERVED),
    SpecialPurpose("100::/64", "Discard-Only Address Block", "RFC 6666", Use.RESERVED),
    SpecialPurpose("100:0:0:1::/64", "Dummy IPv6 Prefix", "RFC 9780", Use.RESERVED),
    SpecialPurpose("2001:2::/48", "Benchmarking", "RFC 5180", Use.RESERVED),
    SpecialPurpose("2001:10::/28", "Deprecated (previously ORCHID)", "RFC 4843", Use.RESERVED),
    SpecialPurpose("2001:db8::/32", "Documentation", "RFC 3849", Use.DOCUMENTATION),
    SpecialPurpose("2001::/23", "IETF Protocol Assignments", "RFC 2928", Use.RESERVED),
    SpecialPurpose("3fff::/20", "Documentation", "RFC 9637", Use.DOCUMENTATION),
    SpecialPurpose("5f00::/16", "Segment Routing (SRv6) SIDs", "RFC 9602", Use.RESERVED),
    SpecialPurpose("fc00::/7", "Unique-Local", "RFC 4193", Use.PRIVATE),
    SpecialPurpose("fe80::/10", "Link-Local Unicast", "RFC 4291", Use.LINK_LOCAL),
    SpecialPurpose("ff00::/8", "Multicast", "RFC 4291 §2.7", Use.MULTICAST),
)
_REACHABLE_IPV6 = (
    "2001::/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28",
    "2001:30::/28",
)  # fmt: skip


_REACHABLE = SpecialPurpose("", "", "", Use.RESERVED)
"""Marks the parts of a special-purpose network that are globally reachable nevertheless."""


def special_purpose(address: IPAddress) -> SpecialPurpose | None:
    """Return the special-purpose network that an address is in, or None if a client on the Internet may have it.

    Args:
        address: text or an `ipaddress` object; an IPv4-mapped IPv6 address is an IPv4 address.

    Raises:
        AddressError: it is not an IP address.
    """
    return special_purpose_of(*parse_address(address))


def special_purpose_of(family: Family, value: int) -> SpecialPurpose | None:
    """Return what `special_purpose` does, for an address as (family, int)."""
    starts, entries = _table(family)
    return entries[locate(starts, value) - 1]


def special_purpose_network(family: Family, value: int, prefix: int) -> SpecialPurpose | None:
    """Return the special-purpose network that covers a whole network, or None if a client on the Internet may be in it.

    If several cover it together, the first is returned.
    """
    first, last = network_range(family, value, prefix)
    starts, entries = _table(family)
    covering = entries[locate(starts, first) - 1 : locate(starts, last)]
    return covering[0] if all(covering) else None


_EXAMPLES = ("example", "example.com", "example.net", "example.org", "test", "invalid", "localhost")


def is_documentation_name(name: str) -> bool:
    """Return whether a domain is reserved for examples and tests (RFC 2606, RFC 6761)."""
    return any(is_same_or_under(fold(name), reserved) for reserved in _EXAMPLES)


@lru_cache(maxsize=2)
def _table(family: Family) -> Table[SpecialPurpose]:
    """Return the table of a family; the smaller of two networks that overlap decides, as in the registries."""
    special, reachable = (_IPV4, _REACHABLE_IPV4) if family is V4 else (_IPV6, _REACHABLE_IPV6)
    ranges = [(*_range(family, entry.network), entry) for entry in special]
    ranges += [(*_range(family, network), _REACHABLE) for network in reachable]
    ranges.sort(key=lambda each: each[1] - each[0])
    starts, entries = build_table(ranges)
    return starts, tuple([None if entry is _REACHABLE else entry for entry in entries])


def _range(family: Family, network: str) -> tuple[int, int]:
    text, _, prefix = network.partition("/")
    value = parse_ip4(text) if family is V4 else parse_ip6(text)
    assert value is not None, "the registries above hold networks only"
    return network_range(family, value, int(prefix))
