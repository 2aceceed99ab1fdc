"""What a suggestion is asked to do, for which senders, and from which state of the domain's record."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeVar

from spfengine.addresses import address_text, parse_address
from spfengine.advice.suggest.baseline import Baseline
from spfengine.answers import Answer, Question
from spfengine.arguments import list_of, name_list
from spfengine.drivers import once
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.beyond import beyond_limit, is_over_limit
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.linting.terms import is_example
from spfengine.names import fold
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import Policy
from spfengine.problems import Result
from spfengine.record.model import All, Directive, Record, term_key
from spfengine.record.parser import parse
from spfengine.senders import Sender
from spfengine.simulation.drafts import Layer
from spfengine.special_purpose import SpecialPurpose, special_purpose
from spfengine.visible import visible

_T = TypeVar("_T")
AddressOrNetwork = str | IPv4Address | IPv6Address | IPv4Network | IPv6Network
Networks = tuple[IPv4Network | IPv6Network, ...]
Steps = Generator[Question, Answer, _T]

_MOST_LISTED = 20  # terms in a message
_MOST_BEYOND = 200  # senders that are checked again without the limits


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller of `suggest` has decided.

    Attributes:
        add: terms to add instead of those that would be found.
        drop: directives to remove, even if they let senders pass.
        keep: directives to keep.
        want: networks that are wanted, even if they can't be identified.
        ignore: networks that are not wanted.
        keep_all: whether nothing is removed except `drop`.
        allow_unnamed: whether addresses that can't be identified may be added.
        own: names that the admin manages, with all names under them, besides the domain.
        hosts: names of the admin's hosts.
        max_size: octets that the DNS answer with the TXT records of the name may have.
        max_drafts: how many drafts are compiled and compared.
    """

    add: tuple[str, ...]
    drop: tuple[Directive, ...]
    keep: tuple[Directive, ...]
    want: Networks
    ignore: Networks
    keep_all: bool
    allow_unnamed: bool
    own: tuple[str, ...]
    hosts: tuple[str, ...]
    max_size: int
    max_drafts: int

    def require_terms(self, record: Record) -> None:
        """Raise ArgumentError if a term to drop or to keep is not in the record."""
        existing = set(map(term_key, record.directives))
        for term in (*self.drop, *self.keep):
            if term_key(term) not in existing:
                terms = [visible(directive.text, 60) for directive in record.directives[:_MOST_LISTED]]
                listed = ", ".join(terms) or "none"
                raise ArgumentError(f"the record has no term {visible(term.text, 80)}; its terms are: {listed}")


def read_request(
    add: Iterable[str],
    drop: Iterable[str],
    keep: Iterable[str],
    want: Iterable[AddressOrNetwork],
    ignore: Iterable[AddressOrNetwork],
    keep_all: bool,
    allow_unnamed: bool,
    own: Iterable[str],
    hosts: Iterable[str],
    max_size: int,
    max_drafts: int,
) -> Request:
    """Return the arguments of `suggest` as a Request.

    Raises:
        AddressError, ArgumentError: one of them can't be used.
    """
    added = _terms(add, "add")
    dropped, kept = _terms(drop, "drop"), _terms(keep, "keep")
    kept_keys = set(map(term_key, kept))
    for term in dropped:
        if term_key(term) in kept_keys:
            raise ArgumentError(f"{visible(term.text, 80)} is in both drop and keep")
    return Request(
        tuple([term.text for term in added]),
        dropped,
        kept,
        _networks(want, "want"),
        _networks(ignore, "ignore"),
        keep_all,
        allow_unnamed,
        name_list(own),
        list_of(str, hosts, "hosts", "host names", '["mail.example.com"]'),
        max_size,
        max(1, max_drafts),
    )


def _terms(terms: object, name: str) -> tuple[Directive, ...]:
    texts = list_of(str, terms, name, "mechanisms", '["include:relay.example.net"]')
    return tuple([read_term(text) for text in texts])


def read_term(text: str) -> Directive:
    """Return the directive that a text is. Raises ArgumentError if it is not exactly one."""
    try:
        directives = parse(f"v=spf1 {text}").directives
    except RecordSyntaxError as error:
        fault = error.problems[0]
        hint = "" if fault.hint is None else f"; {fault.hint}"
        raise ArgumentError(f"{visible(text, 80)!r} is not a term of a record: {fault.text}{hint}") from None
    if len(directives) != 1 or directives[0].text != text:
        raise ArgumentError(f"{visible(text, 80)!r} is not one mechanism, such as include:relay.example.net")
    return directives[0]


def _networks(values: object, name: str) -> Networks:
    items = list_of(object, values, name, "addresses or networks", '["192.0.2.0/24"]')
    return tuple([_network(item) for item in items])


def _network(value: object) -> IPv4Network | IPv6Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    if isinstance(value, str) and "/" in value:
        try:
            return ip_network(value, strict=False)
        except ValueError:
            raise ArgumentError(f"not an address or network: {visible(value, 60)!r}") from None
    return ip_network(address_text(*parse_address(value)))


class Situation:
    """The record of a domain as it is, and what DNS has answered so far.

    Attributes:
        inputs: the domain and the limits.
        request: what the caller has decided.
        base: the record that is published, and the one to start from.
        before: the policy of the published record.
        known: the answers of DNS so far.
        own: the domain and the other names that the admin manages.
    """

    def __init__(self, inputs: Inputs, request: Request, base: Baseline, before: Policy, known: Answers) -> None:
        self.inputs = inputs
        self.request = request
        self.base = base
        self.before = before
        self.known = known
        self.own = (inputs.domain, *request.own)

    @property
    def record(self) -> Record:
        """The record to start from; only if there is one."""
        assert self.base.record is not None, "without a record, `refusing` ends the suggestion"
        return self.base.record

    def once(self, steps: Steps[_T]) -> Steps[_T]:
        """Run steps, asking only what is not known yet."""
        return once(steps, self.known)

    def result(self, sender: Sender, policy: Policy, layer: Layer | None = None) -> Steps[tuple[Result, Any]]:
        """Return the result of a sender, and the outcome or session that it is from.

        Args:
            sender: the sender.
            policy: the policy in force.
            layer: the drafts that the policy was compiled with.
        """
        outcome = policy.check(sender.ip)
        if outcome.result is not None:
            return outcome.result, outcome
        session = session_of(sender, self.inputs)
        steps = check_host(session)
        yield from self.once(steps if layer is None else layer.through(steps))
        return session.result, session


def session_of(sender: Sender, inputs: Inputs) -> Session:
    """Return the session of a check of a sender, not yet evaluated."""
    return Session(sender.ip, sender.sender, sender.helo or None, MAILFROM, inputs.limits, inputs.receiver, inputs.now)


def special_of(sender: Sender) -> SpecialPurpose | None:
    """Return what a sender's address is for, if no client on the Internet has it, so that no record can let it pass.

    In a domain for documentation, addresses for documentation are like any other.
    """
    entry = special_purpose(sender.ip)
    is_usable = entry is None or is_example(entry, sender.sender.rpartition("@")[2])
    return None if is_usable else entry


def address_of(sender: Sender) -> tuple[int, int]:
    """Return the IP version and the address of a sender."""
    family, address = parse_address(sender.ip)
    return family.version, address


@dataclass(frozen=True, slots=True)
class RequestedSender:
    """A sender, and its result by the published record.

    Attributes:
        sender: the sender.
        is_here: whether its MAIL FROM is of the domain, so that the domain's record decides.
        is_wanted: whether the caller wants it.
        is_ignored: whether the caller does not want it.
        before: its result; None if another domain's record decides.
        by: the term of the domain's own record that decides, as written; None if there is none, as with permerror.
        refusing: that term, if it has the qualifier "-" and is not `all`.
        beyond: if the check exceeds a limit, the term that would decide without it, and the result; or None.
    """

    sender: Sender
    is_here: bool
    is_wanted: bool
    is_ignored: bool
    before: Result | None
    by: str | None
    refusing: Directive | None
    beyond: tuple[str, Result] | None = None

    @property
    def is_failing(self) -> bool:
        """Whether it should pass but does not, as far as neither the caller nor a report excludes it."""
        return self._does_not_pass and not self.is_ignored and not self.is_sent_on

    @property
    def is_sent_on(self) -> bool:
        """Whether it does not pass and need not: by the reports DKIM carries its mail, or the receiver excused it,
        and the caller has not asked for it.
        """
        return self._does_not_pass and not self.is_wanted and self.sender.is_sent_on

    @property
    def _does_not_pass(self) -> bool:
        return self.is_here and self.before not in (Result.PASS, Result.TEMPERROR, None)

    @property
    def is_beyond(self) -> bool:
        """Whether the record names it, and only a limit keeps it from passing."""
        return self.beyond is not None and self.beyond[1] is Result.PASS

    @property
    def is_refused(self) -> bool:
        """Whether the record refuses it by a term of its own, and the caller has not asked for it."""
        return self.refusing is not None and not self.is_wanted

    def refused_by(self, directive: Directive) -> "RequestedSender":
        """Return the sender with the directive that would refuse it."""
        return replace(self, refusing=directive)


def requested_senders(situation: Situation, senders: Iterable[Sender]) -> Steps[list[RequestedSender]]:
    """Return the senders, each with its result by the published record."""
    record, domain = situation.base.record, situation.inputs.domain
    refusals = {
        directive.text: directive
        for directive in (() if record is None else record.directives)
        if directive.qualifier == "-" and not isinstance(directive, All)
    }
    requested: list[RequestedSender] = []
    for sender in senders:
        is_here = fold(session_of(sender, situation.inputs).domain) == fold(domain)
        is_wanted = _is_in(sender.ip, situation.request.want)
        is_ignored = _is_in(sender.ip, situation.request.ignore)
        before, by, beyond = None, None, None
        if is_here:
            before, outcome = yield from situation.result(sender, situation.before)
            by = top_term(outcome, domain)
            beyond = yield from _beyond(situation, sender, outcome, len(requested))
        refusing = refusals.get(by or "")
        requested.append(RequestedSender(sender, is_here, is_wanted, is_ignored, before, by, refusing, beyond))
    return requested


def _beyond(situation: Situation, sender: Sender, outcome: Any, before_it: int) -> Steps[tuple[str, Result] | None]:
    """Return what would decide for a sender if no limit ended its check, and the result; only for the first senders."""
    if before_it >= _MOST_BEYOND or not is_over_limit(outcome.problem):
        return None
    session = session_of(sender, situation.inputs)
    yield from situation.once(check_host(session))
    beyond = yield from situation.once(beyond_limit(session))
    term = None if beyond is None else top_term(beyond, situation.inputs.domain)
    return None if beyond is None or term is None else (term, beyond.result)


def top_term(outcome: Any, domain: str) -> str | None:
    """Return the term of the domain's own record that an outcome, session or result is from, or None.

    An error is from no term: the term at which a check ends in permerror has not matched.
    """
    path = outcome.path
    if outcome.problem is not None or not path or fold(path[0][0]) != fold(domain):
        return None
    term = path[0][1]
    return term if isinstance(term, str) else str(term.text)


def _is_in(ip: str, networks: Networks) -> bool:
    address = ip_address(ip)
    return any(address in network for network in networks)
