"""The clients to ask about: between them, every outcome of a policy, and both ends of its ranges of addresses."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy

_UNICAST: tuple[tuple[type[IPv4Address] | type[IPv6Address], tuple[int, int]], ...] = (
    (IPv4Address, (int(IPv4Address("1.0.0.0")), int(IPv4Address("126.255.255.255")))),
    (IPv4Address, (int(IPv4Address("128.0.0.0")), int(IPv4Address("223.255.255.255")))),
    (IPv6Address, (int(IPv6Address("2000::")), int(IPv6Address("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")))),
)


class Client(NamedTuple):
    """A client to ask about.

    Attributes:
        ip: its address.
        first, last: the range of addresses that have the same outcome as this one.
    """

    ip: str
    first: str
    last: str

    @property
    def range_text(self) -> str:
        """The range, as one text."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


def choose_clients(policies: Iterable[Policy], most: int) -> tuple[list[Client], int]:
    """Return clients for a domain, and how many more there would be.

    First one for each distinct outcome, then the first and the last address of each range, IPv4 first. All are global
    unicast addresses: receivers treat others, such as loopback, in ways of their own.

    Args:
        policies: the policies of the domain, with the limits that receivers have.
        most: how many to return, at most.
    """
    by_outcome: dict[Outcome, Client] = {}
    at_ends: dict[str, Client] = {}
    for policy in policies:
        for outcome, client in _ends(policy):
            by_outcome.setdefault(outcome, client)
            at_ends.setdefault(client.ip, client)
    chosen = {client.ip: client for client in [*by_outcome.values(), *at_ends.values()]}
    return list(chosen.values())[:most], max(0, len(chosen) - most)


def _ends(policy: Policy) -> Iterator[tuple[Outcome, Client]]:
    for kind, (lowest, highest) in _UNICAST:
        for first, last, outcome in policy.ranges(kind(0).version):
            if first > highest or last < lowest:
                continue
            for address in (max(first, lowest), min(last, highest)):
                yield outcome, Client(str(kind(address)), str(kind(first)), str(kind(last)))
