"""What a suggestion is asked to do, and what is known while it is worked out."""

from collections.abc import Generator
from ipaddress import IPv4Network, IPv6Network
from typing import Any, NamedTuple, TypeVar

from spfengine.addresses import parse_address
from spfengine.advice.baseline import Baseline
from spfengine.answers import Answer, Question
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import Policy
from spfengine.record.model import Directive
from spfengine.senders import Sender
from spfengine.simulation.layers import Layer, once

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
