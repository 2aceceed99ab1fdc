"""What one check knows: the client, what it said, the limits, and the counters that run along."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spfengine.addresses import V4, Family, address_text, parse_address
from spfengine.answers import Answer, Question, RRType
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.result import Result
from spfengine.names import octets, to_a_labels
from spfengine.problems import Problem
from spfengine.record.model import Directive, Term

if TYPE_CHECKING:
    from spfengine.evaluation.mechanisms import Matcher
    from spfengine.evaluation.tracing import Tracer

_A, _AAAA = RRType.A, RRType.AAAA

MAILFROM = "mailfrom"
HELO = "helo"
_EVER = float("inf")


Answers = dict[Question, Answer]
"""What DNS said, by question, the name in lower case."""
AtHand = Callable[[Question], Answer | None]
"""Where a resolver's answers are ready-made: what gives the one to a question, its name in lower case, or None."""

_NOTHING: Answers = {}


class Session:
    """One check: its arguments (RFC 7208 §4.1), and the state of its evaluation.

    Attributes:
        family, ip: the client's address.
        domain: the domain checked, U-labels as A-labels; its final dot dropped, its case kept.
        domain_refused: whether IDNA2008 refuses the domain checked; `domain` then is as it was given.
        identity: "mailfrom" or "helo" (RFC 7208 §2.3, §2.4).
        local_part: the local part of the sender, never empty (RFC 7208 §4.3); its other half is the domain checked.
        helo: what the client said in HELO or EHLO, "" where that is not known.
        receiver: the name of the receiving host, or None.
        now: seconds since the epoch, for `%{t}`.
        answers: what DNS said in this check, by folded name and type: nothing is asked twice.
        at_hand: returns the answer to a question that need not go out, or None.
        lookups, voids: counters of RFC 7208 §4.6.4, one for the whole check.
        void_lookup: `lookups` at the term that was counted as void last, so that each is counted once.
        counting: whether void lookups count now; not for the explanation (RFC 7208 §4.6.4).
        path: the terms that evaluation stands in, outermost first, each with the domain of its record.
        tracer: who writes down what happens, or None.
        tiling, hi: whether comparisons are recorded, and the last address for which all came out as they did.
        result: the verdict, once check_host() has come to it.
        problem: why it is none, temperror or permerror; otherwise None.
        directive: the directive whose qualifier gave the result; None for the default result, and with a problem.
        record_domain: the domain whose record decided; for a problem, the domain at fault.
        explanation: with fail, the domain's explanation, if it has a usable one.
        explanation_problem: with fail, why there is no explanation.
        matchers: what decides whether mechanisms match, where it is not `mechanisms.MATCHERS`.
        explaining: whether explanations are fetched.
        asked_ahead, unneeded: questions that a driver asked before they were needed, and those that never were.
    """

    # No __slots__: what has not happened yet stands in the class, so that a check only sets what it has to.
    domain_refused = False
    lookups = 0
    voids = 0
    void_lookup = -1
    counting = True
    tracer: "Tracer | None" = None
    tiling = False
    hi = 0
    result: Result
    problem: Problem | None = None
    directive: Directive | None = None
    record_domain: str | None = None
    explanation: str | None = None
    explanation_problem: Problem | None = None
    matchers: "Mapping[type[Directive], Matcher] | None" = None
    explaining = True
    at_hand: AtHand = _NOTHING.get
    asked_ahead = 0
    unneeded = 0

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG002 - a policy needs them
        """Return which inputs that these macro-letters need are not known; in a check of one client, none."""
        return ()

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
        if receiver is not None or now.__class__ is not float or not -_EVER < now < _EVER:
            _refuse(receiver=receiver, now=now)
        self.family, self.ip = parse_address(ip)
        self.identity = identity
        if sender[-1:] == ">" and sender[0] == "<":  # as it stands in MAIL FROM
            sender = sender[1:-1]
        local_part, at, domain = sender.rpartition("@")
        if not (domain or at):
            domain = helo  # RFC 7208 §2.4: a null sender stands for postmaster@helo
        self.helo = helo if helo.isascii() else to_a_labels(helo) or octets(helo)
        if domain[-1:] == ".":
            domain = domain[:-1]
        if not (sender and sender.isascii()):  # without a sender, the domain is the HELO name
            local_part = octets(local_part)
            if not domain.isascii():
                a_labels = to_a_labels(domain)
                self.domain_refused = a_labels is None
                domain = octets(domain) if a_labels is None else a_labels
        self.domain = domain
        self.local_part = local_part or "postmaster"  # RFC 7208 §4.3
        self.receiver = receiver
        self.now = now
        self.limits = limits
        self.answers: Answers = {}
        self.path: list[tuple[str, Term]] = []

    def again(self) -> "Session":
        """Return a session of the same arguments whose evaluation has not begun."""
        other = Session.__new__(Session)
        for name in _ARGUMENTS:
            setattr(other, name, getattr(self, name))
        other.answers = {}
        other.path = []
        return other

    def narrow(self, starts: Sequence[int], index: int) -> None:
        """Keep only the addresses up to the next start behind `index`."""
        if index + 1 < len(starts) and starts[index + 1] <= self.hi:
            self.hi = starts[index + 1] - 1

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
                return self.domain  # of the sender: the domain checked
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
    def sender(self) -> str:
        """The sender as a mailbox."""
        return f"{self.local_part}@{self.domain}"

    @property
    def dotted_ip(self) -> str:
        """The client's address as `%{i}` has it: IPv6 as 32 nibbles, in upper case as the official suite has them."""
        return self.ip_text if self.family is V4 else ".".join(f"{self.ip:032X}")

    @property
    def ip_text(self) -> str:
        """The client's address as text."""
        return address_text(self.family, self.ip)


_ARGUMENTS = (
    "family",
    "ip",
    "domain",
    "domain_refused",
    "identity",
    "local_part",
    "helo",
    "receiver",
    "now",
    "limits",
)


def address_type(family: Family) -> RRType:
    """Return the type of the records that hold addresses of a family (RFC 7208 §5)."""
    return _A if family is V4 else _AAAA


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
        if isinstance(value, float) and not -_EVER < value < _EVER:
            raise ArgumentError(f"{name} must be {expected}, not {value}")
