"""What a suggestion is asked to do, and what is known while it is worked out."""

from collections.abc import Generator, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, NamedTuple, TypeVar

from spfengine.addresses import parse_address
from spfengine.advice.suggest.baseline import Baseline
from spfengine.answers import Answer, Question
from spfengine.drivers import once
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.names import fold
from spfengine.policy.compile import Inputs
from spfengine.policy.policy import Policy
from spfengine.problems import Result
from spfengine.record.model import All, Directive
from spfengine.senders import Sender
from spfengine.simulation.drafts import Layer

_T = TypeVar("_T")
Networks = tuple[IPv4Network | IPv6Network, ...]
Steps = Generator[Question, Answer, _T]


class Told(NamedTuple):
    """What whoever asks has decided.

    Attributes:
        add: terms to add in place of what would be found.
        drop: directives that go, whoever passes by them.
        keep: directives that stay.
        want: networks that are wanted, though nobody can name them.
        ignore: networks that are not wanted.
        keep_all: whether nothing goes but what is told.
        allow_unnamed: whether addresses that nobody could name may be added.
        max_answer: octets that the DNS answer with the TXT records of the name may have.
        max_drafts: how many drafts are compiled and compared.
    """

    add: tuple[str, ...]
    drop: tuple[Directive, ...]
    keep: tuple[Directive, ...]
    want: Networks
    ignore: Networks
    keep_all: bool
    allow_unnamed: bool
    max_answer: int
    max_drafts: int


class Case:
    """A suggestion that is being worked out.

    Attributes:
        inputs: the domain, and limits.
        known: what DNS said so far.
        told: what whoever asks has decided.
        base: what stands at the domain.
        before: its policy.
    """

    def __init__(self, inputs: Inputs, told: Told, base: Baseline, before: Policy, known: Answers) -> None:
        self.inputs = inputs
        self.told = told
        self.base = base
        self.before = before
        self.known = known

    def once(self, steps: Steps[_T]) -> Steps[_T]:
        """Run steps, asking only what is not known yet."""
        return once(steps, self.known)

    def result(self, sender: Sender, policy: Policy, layer: Layer | None = None) -> Steps[tuple[Result, Any]]:
        """Return the result of a sender, and the outcome or session that it comes from.

        Args:
            policy: the policy in force.
            layer: the drafts that it was compiled with.
        """
        outcome = policy.check(sender.ip)
        if outcome.result is not None:
            return outcome.result, outcome
        session = session_of(sender, self.inputs)
        steps = check_host(session)
        yield from self.once(steps if layer is None else layer.through(steps))
        return session.result, session


def session_of(sender: Sender, inputs: Inputs) -> Session:
    """Return a check of a sender whose evaluation has not begun."""
    return Session(sender.ip, sender.sender, sender.helo or "", MAILFROM, inputs.limits, inputs.receiver, inputs.now)


def address_of(sender: Sender) -> tuple[int, int]:
    """Return the IP version and the address of a sender."""
    family, address = parse_address(sender.ip)
    return family.version, address


# The senders that a suggestion is about: whose record decides for them, and what it says now.


class Asked(NamedTuple):
    """A sender, and what the record that stands there says of it.

    Attributes:
        sender: the sender.
        is_here: whether its MAIL FROM is of the domain, so that its record decides.
        is_wanted: whether whoever asks said that it is wanted.
        is_ignored: whether whoever asks said that it is not.
        before: its result; None where another domain's record decides.
        by: the term of the domain's own record that decides, as written; None for none.
        refusing: that term, where it says "-" of the sender in particular.
    """

    sender: Sender
    is_here: bool
    is_wanted: bool
    is_ignored: bool
    before: Result | None
    by: str | None
    refusing: Directive | None

    @property
    def is_failing(self) -> bool:
        """Whether something is to be done for it: it does not pass, and nobody said that it need not."""
        return self.is_here and not self.is_ignored and self.before not in (Result.PASS, Result.TEMPERROR, None)


def asking(case: Case, senders: Iterable[Sender]) -> Steps[list[Asked]]:
    """Return the senders with what the record that stands there says of each."""
    record = case.base.record
    explicit = {
        directive.text: directive
        for directive in (() if record is None else record.directives)
        if directive.qualifier == "-" and not isinstance(directive, All)
    }
    found: list[Asked] = []
    for sender in senders:
        here = fold(session_of(sender, case.inputs).domain) == fold(case.inputs.domain)
        wanted, ignored = (_is_in(sender.ip, networks) for networks in (case.told.want, case.told.ignore))
        before, by = None, None
        if here:
            before, outcome = yield from case.result(sender, case.before)
            by = top_term(outcome, case.inputs.domain)
        found.append(Asked(sender, here, wanted, ignored, before, by, explicit.get(by or "")))
    return found


def top_term(found: Any, domain: str) -> str | None:
    """Return the term of the domain's own record that an outcome, session or result comes from; None for none."""
    path = found.path
    if not path or fold(path[0][0]) != fold(domain):
        return None
    term = path[0][1]
    return term if isinstance(term, str) else str(term.text)


def _is_in(ip: str, networks: Networks) -> bool:
    address = ip_address(ip)
    return any(address in network for network in networks)
