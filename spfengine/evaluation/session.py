"""What one check knows: the client, what it said, the limits, and the counters that run along."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from spfengine.addresses import V4, Family, address_text, parse_address
from spfengine.answers import Answer, RRType
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.names import octets, to_a_labels
from spfengine.record.model import Term

if TYPE_CHECKING:
    from spfengine.evaluation.trace import Tracer

MAILFROM = "mailfrom"
HELO = "helo"


class Session:
    """One check: its arguments (RFC 7208 §4.1), and the state of its evaluation.

    Attributes:
        family, ip: the client's address.
        domain: the domain checked, U-labels as A-labels; its final dot dropped, its case kept.
        domain_refused: whether IDNA2008 refuses the domain checked; `domain` then is as it was given.
        identity: "mailfrom" or "helo" (RFC 7208 §2.3, §2.4).
        sender: the sender as mailbox, never empty (RFC 7208 §4.3); local_part and sender_domain are its halves.
        helo: what the client said in HELO or EHLO, "" where that is not known.
        receiver: the name of the receiving host, or None.
        now: seconds since the epoch, for `%{t}`.
        answers: what DNS said in this check, by folded name and type: nothing is asked twice.
        lookups, voids: counters of RFC 7208 §4.6.4, one for the whole check.
        term_is_void: whether the term being evaluated has been counted as void already.
        counting: whether void lookups count now; not for the explanation (RFC 7208 §4.6.4).
        path: the terms that evaluation stands in, outermost first, each with the domain of its record.
        tracer: who writes down what happens, or None.
        tiling, lo, hi: whether comparisons are recorded, and the addresses for which all came out as they did.
    """

    __slots__ = (
        "answers", "counting", "domain", "domain_refused", "family", "helo", "hi", "identity", "ip", "limits", "lo",
        "local_part", "lookups", "now", "path", "receiver", "sender", "sender_domain", "term_is_void", "tiling",
        "tracer", "voids",
    )  # fmt: skip

    def __init__(
        self,
        ip: object,
        sender: str,
        helo: str = "",
        identity: str = MAILFROM,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        now: float = 0.0,
    ) -> None:
        """Begin a check.

        Raises:
            AddressError: `ip` is no IP address.
            ArgumentError: another argument is not what it must be.
        """
        if sender.__class__ is not str or helo.__class__ is not str or limits.__class__ is not Limits:
            _refuse(sender=sender, helo=helo, limits=limits)
        if receiver is not None or now.__class__ is not float or not isfinite(now):
            _refuse(receiver=receiver, now=now)
        self.family, self.ip = parse_address(ip)
        self.identity = identity
        if sender[:1] == "<" and sender[-1] == ">":
            sender = sender[1:-1]  # as it stands in MAIL FROM
        local_part, _, domain = sender.rpartition("@")
        if not sender:
            domain = helo  # RFC 7208 §2.4: a null sender stands for postmaster@helo
        self.helo = helo if helo.isascii() else to_a_labels(helo) or octets(helo)
        if domain and domain[-1] == ".":
            domain = domain[:-1]
        self.domain_refused = False
        if not domain.isascii():
            a_labels = to_a_labels(domain)
            self.domain_refused = a_labels is None
            domain = octets(domain) if a_labels is None else a_labels
        self.domain = self.sender_domain = domain
        self.local_part = octets(local_part) or "postmaster"  # RFC 7208 §4.3
        self.sender = f"{self.local_part}@{domain}"
        self.receiver = receiver
        self.now = now
        self.limits = limits
        self.answers: dict[tuple[str, RRType], Answer] = {}
        self.lookups = 0
        self.voids = 0
        self.term_is_void = False
        self.counting = True
        self.path: list[tuple[str, Term]] = []
        self.tracer: Tracer | None = None
        self.tiling = False
        self.lo = 0
        self.hi = 0

    def again(self) -> "Session":
        """Return a session of the same arguments whose evaluation has not begun."""
        other = Session.__new__(Session)
        for name in ("family", "ip", "domain", "domain_refused", "identity", "sender", "local_part", "sender_domain",
                     "helo", "receiver", "now", "limits"):  # fmt: skip
            setattr(other, name, getattr(self, name))
        other.answers = {}
        other.lookups = other.voids = 0
        other.term_is_void = False
        other.counting = True
        other.path = []
        other.tracer = None
        other.tiling = False
        other.lo = other.hi = 0
        return other

    def narrow(self, starts: Sequence[int], index: int) -> None:
        """Keep only the addresses from `starts[index]` up to the next start."""
        self.lo = max(self.lo, starts[index])
        if index + 1 < len(starts):
            self.hi = min(self.hi, starts[index + 1] - 1)

    def macro_value(self, letter: str, domain: str, validated_name: str) -> str:
        """Return what a macro-letter stands for (RFC 7208 §7.2), before transformers, as octets.

        Args:
            letter: the macro-letter in lower case.
            domain: the current domain, for `d`.
            validated_name: the validated name of the client, for `p`.
        """
        match letter:
            case "d":
                return domain
            case "i":
                return self.dotted_ip
            case "v":
                return "in-addr" if self.family is V4 else "ip6"
            case "s":
                return self.sender
            case "l":
                return self.local_part
            case "o":
                return self.sender_domain
            case "h":
                return self.helo
            case "p":
                return validated_name
            case "c":
                return self.ip_text
            case "r":
                return self.receiver or "unknown"
            case _:
                return str(int(self.now))

    @property
    def dotted_ip(self) -> str:
        """The client's address as `%{i}` has it: IPv6 as 32 nibbles, in upper case as the official suite has them."""
        return self.ip_text if self.family is V4 else ".".join(f"{self.ip:032X}")

    @property
    def ip_text(self) -> str:
        """The client's address as text."""
        return address_text(self.family, self.ip)


def address_type(family: Family) -> RRType:
    """Return the type of the records that hold addresses of a family (RFC 7208 §5)."""
    return RRType.A if family is V4 else RRType.AAAA


_EXPECTED: dict[str, tuple[Any, str]] = {
    "sender": (str, "text"),
    "helo": (str, "text"),
    "receiver": (str | None, "text, or None"),
    "limits": (Limits, "Limits"),
    "now": (int | float, "seconds since the epoch"),
}


def _refuse(**arguments: object) -> None:
    """Raise ArgumentError for the first of the arguments that is not what it must be, if there is any."""
    for name, value in arguments.items():
        kind, expected = _EXPECTED[name]
        if not isinstance(value, kind):
            raise ArgumentError(f"{name} must be {expected}, not {type(value).__name__}")
        if isinstance(value, float) and not isfinite(value):
            raise ArgumentError(f"{name} must be {expected}, not {value}")
