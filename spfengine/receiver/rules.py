"""What a receiver does with results (RFC 7208 §8)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.problems import Result
from spfengine.visible import short_repr, visible

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

BOTH = "both"


class Refusal(StrEnum):
    """What to do with a message whose result is a reason to refuse it."""

    REJECT = "reject"
    DEFER = "defer"
    ACCEPT = "accept"


class Header(StrEnum):
    """The header field that an accepted message gets."""

    RECEIVED_SPF = "received-spf"
    AUTHENTICATION_RESULTS = "authentication-results"
    NONE = "none"


@dataclass(frozen=True, slots=True, repr=False)
class Rules:
    """What a receiver does with results (RFC 7208 §8).

    Attributes:
        receiver: the name of the receiving host, for header fields and `%{r}`.
        identity: "mailfrom", "helo", or "both": HELO is checked first, and MAIL FROM unless HELO decides (RFC 7208
            §2.3).
        header: which header field an accepted message gets.
        fail, temperror, permerror: what to do with these results; all others are accepted.
        skip: networks whose clients are not checked: forwarders and second mail servers of the receiver's own.
        strict_private: whether clients with a loopback, private or link-local address are checked too.
        dry_run: whether every message is accepted and gets its header field; the log says what would have been done.
        limits: limits on a check.
    """

    receiver: str
    identity: str = BOTH
    header: Header = Header.RECEIVED_SPF
    fail: Refusal = Refusal.REJECT
    temperror: Refusal = Refusal.DEFER
    permerror: Refusal = Refusal.ACCEPT
    skip: "tuple[IPv4Network | IPv6Network, ...]" = ()
    strict_private: bool = False
    dry_run: bool = False
    limits: Limits = DEFAULT_LIMITS

    def __repr__(self) -> str:
        return short_repr(self, ("receiver", "identity", "header", "fail", "temperror", "permerror", "skip", "dry_run"))

    def refusal(self, result: Result) -> Refusal:
        """Return what to do with a result."""
        return {
            Result.FAIL: self.fail,
            Result.TEMPERROR: self.temperror,
            Result.PERMERROR: self.permerror,
        }.get(result, Refusal.ACCEPT)


def checked_rules(rules: Rules) -> Rules:
    """Return the rules, if their receiver is a host name that header fields can have.

    Raises:
        ArgumentError: it is not.
    """
    name = rules.receiver
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= 255) or set(name) & set(' ()<>@,;:\\"/[]?='):
        raise ArgumentError(f"the receiver is a host name like mx.example.net, not {visible(name, 60)!r}")
    return rules
