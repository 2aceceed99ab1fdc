"""What a policy is compiled for."""

from copy import copy
from ipaddress import IPv4Address

from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Session
from spfengine.names import fold
from spfengine.visible import visible

_ANY_CLIENT = IPv4Address(0)


class Inputs:
    """What a policy is compiled for: a domain, and what is known of its senders.

    Attributes:
        domain: the domain, as a Session has it.
        domain_refused: whether IDNA2008 refuses it.
        local_part: the local part of the sender, or None for every sender.
        helo: the HELO name, or None for every client.
        limits, receiver, now: as for a check; the time limit does not count.
    """

    def __init__(
        self, domain: str, sender: str | None, helo: str | None, limits: Limits, receiver: str | None, now: float
    ) -> None:
        """Read the arguments as a check would. Raises ArgumentError."""
        if not isinstance(domain, str):
            raise ArgumentError(f"domain must be text, not {type(domain).__name__}")
        if "@" in domain:
            shown = visible(domain, 80)
            raise ArgumentError(f"a policy is compiled for a domain, and {shown!r} is none; its sender is `sender`")
        model = Session(_ANY_CLIENT, f"@{domain}", limits=limits)
        if sender is not None:
            given, model = model.domain, Session(_ANY_CLIENT, sender, helo or "", limits=limits)
            if fold(model.domain) != fold(given):
                raise ArgumentError(
                    f"the sender {visible(sender, 80)!r} is of the domain {visible(model.domain, 80)!r}, "
                    f"so a policy of {visible(given, 80)!r} says nothing about it"
                )
        self.domain = model.domain
        self.domain_refused = model.domain_refused
        self.local_part = None if sender is None else model.local_part
        self.helo = None if helo is None else Session(_ANY_CLIENT, "", helo).helo
        self.limits = limits
        self.receiver = receiver
        self.now = now

    def at(self, domain: str) -> "Inputs":
        """Return the same inputs where evaluation has come to another domain."""
        other = copy(self)
        other.domain = domain
        other.domain_refused = False
        return other

    def with_limits(self, limits: Limits) -> "Inputs":
        """Return the same inputs under other limits."""
        other = copy(self)
        other.limits = limits
        return other
