"""What a policy is compiled for: a domain, and what is known of its senders."""

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Session
from spfengine.names import fold
from spfengine.policy.work import Work
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.policy.shared import SharedIncludes

_ANY_CLIENT = IPv4Address(0)


class Inputs:
    """What a policy is compiled for: a domain, and what is known of its senders.

    Attributes:
        domain: the domain, as in a Session.
        domain_refused: whether IDNA2008 refuses it.
        local_part: the local part of the sender, or None for every sender.
        helo: the HELO name, or None for every client.
        limits, receiver, now: as for a check; but there is no time limit.
        work: the steps that are left. Inputs for other records or limits, made from these, share it.
        includes: what is known of the records that many domains include; None: nothing is shared.
    """

    def __init__(
        self,
        domain: str,
        sender: str | None,
        helo: str | None,
        limits: Limits,
        receiver: str | None,
        now: float,
        work: Work | None = None,
        includes: "SharedIncludes | None" = None,
    ) -> None:
        """Read the arguments as a check does. Raise ArgumentError if one has the wrong type, or the domains differ."""
        if not isinstance(domain, str):
            raise ArgumentError(f"domain must be text, not {type(domain).__name__}")
        if "@" in domain:
            printable = visible(domain, 80)
            raise ArgumentError(
                f"a policy is compiled for a domain, not for {printable!r}; give an address as `sender`"
            )
        model = Session(_ANY_CLIENT, f"@{domain}", limits=limits)
        if sender is not None:
            given, model = model.domain, Session(_ANY_CLIENT, sender, helo, limits=limits)
            if fold(model.domain) != fold(given):
                raise ArgumentError(
                    f"the sender {visible(sender, 80)!r} belongs to the domain {visible(model.domain, 80)!r}, "
                    f"so a policy of {visible(given, 80)!r} says nothing about it"
                )
        self.domain: str = model.domain
        self.domain_refused: bool = model.domain_refused
        self.local_part: str | None = None if sender is None else model.local_part
        self.helo: str | None = None if helo is None else Session(_ANY_CLIENT, "", helo).helo
        self.limits = limits
        self.receiver = receiver
        self.now = now
        self.work: Work = Work() if work is None else work
        self.includes = includes

    def at(self, domain: str) -> "Inputs":
        """Return the same inputs for the record of another domain."""
        other = self._copy()
        other.domain = domain
        other.domain_refused = False
        return other

    def with_limits(self, limits: Limits) -> "Inputs":
        """Return the same inputs under other limits."""
        other = self._copy()
        other.limits = limits
        return other

    def _copy(self) -> "Inputs":
        other = object.__new__(Inputs)
        other.__dict__.update(self.__dict__)  # a survey makes many: `copy.copy` takes several times as long
        return other
