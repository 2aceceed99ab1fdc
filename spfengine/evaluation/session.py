"""`Session`: what one check knows. Its arguments, its limits, what DNS has answered, its counters, and its verdict."""

from collections.abc import Callable, Generator, Mapping
from math import isfinite
from types import NoneType
from typing import Any, Protocol, TypeVar

from spfengine.addresses import V4, Family, IPAddress, Table, address_text, locate, parse_address
from spfengine.answers import Answer, Question, RRType
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.names import octets, to_a_labels
from spfengine.problems import Problem, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import All, Directive, Explanation, Include, NetworkRun, Record, Redirect, Term

_A, _AAAA = RRType.A, RRType.AAAA

POSTMASTER = "postmaster"
"""The local part of a sender that has none (RFC 7208 §4.3)."""
MAILFROM = "mailfrom"
HELO = "helo"


Answers = dict[Question, Answer]
"""What DNS answered, by `Question.key`."""
KnownAnswer = Callable[[Question], Answer | None]
"""What a resolver can answer without a query: returns the answer by `Question.key`, or None."""

_NOTHING: Answers = {}

Matching = Generator[Question, Answer, bool]
Located = TypeVar("Located")


class Matcher(Protocol):
    """What decides whether a mechanism matches (RFC 7208 §5); for a redirect, whether its result is pass."""

    def __call__(self, session: "Session", term: Any, domain: str, /) -> Matching:
        """Return whether the term matches; `domain` is the domain whose record holds it."""


class Tracer(Protocol):
    """What watches an evaluation. check_host calls these methods as it goes; nothing they do changes the verdict."""

    def enter(self, domain: str, via: Include | Redirect | None) -> None:
        """The record of a domain is needed; `via` names it (None: it is the domain checked)."""

    def record(self, record: Record) -> None:
        """The record has been found."""

    def begin(self, term: Term) -> None:
        """The evaluation of a term begins."""

    def end(self, matched: bool) -> None:
        """The evaluation of a term has ended; for an explanation, `matched` says whether there is a text."""

    def networks(self, run: NetworkRun, match: Directive | None) -> None:
        """The client's address has been looked up in a run of networks."""

    def all(self, directive: All) -> None:
        """No directive before `all` matched, so `all` does."""

    def expanded(self, domain_spec: MacroString, name: str | None) -> None:
        """A domain-spec with macros has been expanded."""


class Session:
    """One check: its arguments (RFC 7208 §4.1), and the state of its evaluation.

    Attributes:
        family, ip: the client's address.
        domain: the domain checked, with A-labels, no trailing dot, case as given.
        domain_refused: whether IDNA2008 refuses the domain checked; `domain` is then as it was given.
        identity: "mailfrom" or "helo" (RFC 7208 §2.3, §2.4).
        local_part: the local part of the sender, never empty (RFC 7208 §4.3); its other half is the domain checked.
        helo: what the client said in HELO or EHLO; "" if it said nothing, or if that is not known.
        helo_known: whether it is known what the client said. If not, whatever depends on it is unknown: the value of
            `%{h}`, and for the null sender the domain checked (see `domain_known`).
        domain_known: whether the domain checked is known.
        receiver: the name of the receiving host, or None.
        now: seconds since the epoch, for `%{t}`.
        limits: the limits of the check (RFC 7208 §4.6.4).
        answers: what DNS answered in this check; no question is asked twice.
        known_answer: returns an answer the resolver already has without a query; otherwise None.
        lookups, voids: the counters of RFC 7208 §4.6.4, shared by all records of the check.
        last_void_term: `lookups` at the last term that was counted as void, so that each term is counted once.
        counts_voids: whether void lookups count now; they do not for the explanation (RFC 7208 §4.6.4).
        path: the terms being evaluated, outermost first, each with the domain of its record.
        tracer: what watches the evaluation, or None.
        decision: what decided for the domain evaluated last: the domain of the record, its directive, and the record's
            exp modifier, or None.
        result: the result, once check_host() has ended.
        problem: why it is none, temperror or permerror; otherwise None.
        directive: the directive whose qualifier gave the result; None for the default result, and with a problem.
        record_domain: the domain whose record decided; with a problem, the domain at fault.
        explanation: with fail, the domain's explanation, if it has a usable one.
        explanation_problem: with fail, why there is no explanation.
        matchers: what decides whether terms match, if not `check_host.MATCHERS`.
        explaining: whether explanations are fetched.
        asked_ahead, unneeded: how many questions a driver asked ahead, and how many of those were not needed.
    """

    # Class attributes are the initial values, so that `__init__` assigns only what differs from check to check.
    family: Family
    ip: int
    domain: str
    domain_refused: bool = False
    identity: str
    local_part: str
    helo: str
    helo_known: bool = True
    domain_known: bool = True
    receiver: str | None
    now: float
    limits: Limits
    answers: Answers
    path: list[tuple[str, Term]]
    lookups: int = 0
    voids: int = 0
    last_void_term: int = -1
    counts_voids: bool = True
    tracer: Tracer | None = None
    decision: tuple[str, Directive, Explanation | None]
    result: Result
    problem: Problem | None = None
    directive: Directive | None = None
    record_domain: str | None = None
    explanation: str | None = None
    explanation_problem: Problem | None = None
    matchers: Mapping[type[Directive | Redirect], Matcher] | None = None
    explaining: bool = True
    known_answer: KnownAnswer = _NOTHING.get
    asked_ahead: int = 0
    unneeded: int = 0

    def __init__(
        self,
        ip: IPAddress,
        sender: str,
        helo: str | None = None,
        identity: str = MAILFROM,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        now: float = 0.0,
    ) -> None:
        """Begin a check.

        Raises:
            AddressError: `ip` is not an IP address.
            ArgumentError: another argument has the wrong type or value.
        """
        if helo is None:
            helo = self._without_helo(sender, identity)
        classes = (type(sender), type(helo), type(limits), type(receiver), type(now))
        if classes not in _USUAL_CLASSES or not isfinite(now):
            _refuse(sender=sender, helo=helo, limits=limits, receiver=receiver, now=now)
        self.family, self.ip = parse_address(ip)
        self.identity = identity
        if "<" in sender:
            sender = _without_brackets(sender)
        # RFC 7208 §2.4: a null sender means postmaster@helo
        local_part, _, domain = sender.rpartition("@") if sender else ("", "", helo)
        self.helo = helo if helo.isascii() else _name_octets(helo)
        domain = domain.removesuffix(".")
        if not (sender and sender.isascii()):  # without a sender, the domain is the HELO name
            local_part, domain = self._sender_octets(local_part, domain)
        self.domain = domain
        self.local_part = local_part or POSTMASTER
        self.receiver = receiver
        self.now = now
        self.limits = limits
        self.answers = {}
        self.path = []
        # Every term reads these. CPython 3.11 reads an attribute of the instance several times faster than one of the
        # class, so they are set here too.
        self.lookups = 0
        self.tracer = None
        self.matchers = None

    def _without_helo(self, sender: str, identity: str) -> str:
        """Note that neither the HELO name nor the domain of a null sender is known. Return "" as the name."""
        if identity == HELO:
            raise ArgumentError("helo must be text, not NoneType")
        self.helo_known = False
        self.domain_known = sender not in ("", "<>")
        return ""

    def _sender_octets(self, local_part: str, domain: str) -> tuple[str, str]:
        """Return the parts of the sender as octets, the domain with A-labels; note if IDNA2008 refuses the domain."""
        self.domain_refused = to_a_labels(domain) is None
        return octets(local_part), _name_octets(domain)

    def again(self) -> "Session":
        """Return a session with the same arguments that has not been evaluated."""
        other = Session.__new__(Session)
        for name in _ARGUMENTS:
            setattr(other, name, getattr(self, name))
        other.answers = {}
        other.path = []
        return other

    def hit(self, table: Table[Located]) -> Located | None:
        """Look the client's address up in a table of address ranges, and return what its range holds."""
        starts, hits = table
        return hits[locate(starts, self.ip) - 1]

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG002 - TilingSession, which overrides this, needs them
        """Return the inputs that these macro-letters need and that are not known: none in a check of one client."""
        return ()

    def lacks_helo(self, letters: frozenset[str]) -> bool:
        """Return whether these macro-letters need the HELO name, and it is not known."""
        return not self.helo_known and "h" in letters

    def macro_value(self, letter: str, domain: str, validated_name: str) -> str:
        """Return the value of a macro-letter (RFC 7208 §7.2), before transformers, as octets.

        Args:
            letter: the macro-letter in lower case.
            domain: the current domain, for `d`.
            validated_name: the validated name of the client, for `p`.
        """
        if letter == "d":
            return domain
        if letter == "p":
            return validated_name
        return _MACRO_VALUES[letter](self)

    @property
    def sender(self) -> str:
        """The sender as a mailbox."""
        return f"{self.local_part}@{self.domain}"

    @property
    def dotted_ip(self) -> str:
        """The client's address for `%{i}`: IPv6 as 32 nibbles, in upper case as in the official test suite."""
        return self.ip_text if self.family is V4 else ".".join(f"{self.ip:032X}")

    @property
    def ip_text(self) -> str:
        """The client's address as text."""
        return address_text(self.family, self.ip)


_MACRO_VALUES: dict[str, Callable[[Session], str]] = {
    "s": lambda session: session.sender,
    "l": lambda session: session.local_part,
    "o": lambda session: session.domain,  # the domain of the sender is the domain checked
    "i": lambda session: session.dotted_ip,
    "v": lambda session: "in-addr" if session.family is V4 else "ip6",
    "h": lambda session: session.helo,
    "c": lambda session: session.ip_text,
    "r": lambda session: session.receiver or "unknown",
    "t": lambda session: str(int(session.now)),
}
"""The values of the macro-letters that are the same in every record of a check (RFC 7208 §7.2)."""

_ARGUMENTS = (
    "family",
    "ip",
    "domain",
    "domain_refused",
    "identity",
    "local_part",
    "helo",
    "helo_known",
    "domain_known",
    "receiver",
    "now",
    "limits",
)


def _without_brackets(sender: str) -> str:
    """Return a sender without the brackets around it, as in MAIL FROM:<…>."""
    return sender[1:-1] if sender[0] == "<" and sender[-1] == ">" else sender


def address_type(family: Family) -> RRType:
    """Return the type of the address records of a family (RFC 7208 §5)."""
    return _A if family is V4 else _AAAA


def _name_octets(name: str) -> str:
    """Return a name with its U-labels as A-labels, or as the octets that were given if IDNA2008 refuses it."""
    return to_a_labels(name) or octets(name)


_USUAL_CLASSES = {  # of sender, helo, limits, receiver and now
    (str, str, Limits, NoneType, float),
    (str, str, Limits, str, float),
}
_EXPECTED: dict[str, tuple[Any, str]] = {
    "sender": (str, "text"),
    "helo": (str, "text"),
    "receiver": (str | None, "text, or None"),
    "limits": (Limits, "Limits"),
    "now": (int | float, "seconds since the epoch"),
}


def _refuse(**arguments: object) -> None:
    """Raise ArgumentError for the first argument of the wrong type or value, if there is one."""
    for name, value in arguments.items():
        kind, expected = _EXPECTED[name]
        if not isinstance(value, kind):
            raise ArgumentError(f"{name} must be {expected}, not {type(value).__name__}")
        if isinstance(value, float) and not isfinite(value):
            raise ArgumentError(f"{name} must be {expected}, not {value}")


class RangeSession(Session):
    """A check that also notes for which other clients it would have run in the same way.

    Every comparison with the client's address is a lookup in a table of address ranges (`locate`). For all addresses of
    the range that is hit, the lookup has the same outcome; where all lookups have the same outcome, so has the check.

    Attributes:
        lo, hi: the first and last address for which every lookup so far has the same outcome.
    """

    lo: int
    hi: int

    def __init__(
        self,
        ip: IPAddress,
        sender: str,
        helo: str | None = None,
        identity: str = MAILFROM,
        limits: Limits = DEFAULT_LIMITS,
        receiver: str | None = None,
        now: float = 0.0,
    ) -> None:
        super().__init__(ip, sender, helo, identity, limits, receiver, now)
        self.lo, self.hi = 0, self.family.last

    def hit(self, table: Table[Located]) -> Located | None:
        """Return what the client's address hits, and narrow `lo` and `hi` to the addresses that hit the same range."""
        starts, hits = table
        index = locate(starts, self.ip) - 1
        self.lo = max(self.lo, starts[index])
        if index + 1 < len(starts):
            self.hi = min(self.hi, starts[index + 1] - 1)
        return hits[index]


class SharedVerdict:
    """The verdict of one session, for all clients of a range of addresses; see `Session` for the attributes.

    Create one only from a session that would have run in the same way for every sender and HELO name.
    """

    __slots__ = (
        "answers", "directive", "explanation", "explanation_problem", "limits", "lookups", "path", "problem",
        "receiver", "record_domain", "result", "voids",
    )  # fmt: skip
    answers: Answers
    directive: Directive | None
    explanation: str | None
    explanation_problem: Problem | None
    limits: Limits
    lookups: int
    path: list[tuple[str, Term]]
    problem: Problem | None
    receiver: str | None
    record_domain: str | None
    result: Result
    voids: int
    asked_ahead = 0
    unneeded = 0

    def __init__(self, session: Session) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(session, name))

    def session(self, ip: IPAddress, sender: str, helo: str | None, identity: str) -> Session:
        """Return a session with the arguments of another client of the range, and this verdict."""
        session = Session(ip, sender, helo, identity, self.limits, self.receiver)
        for name in self.__slots__:
            setattr(session, name, getattr(self, name))
        return session
