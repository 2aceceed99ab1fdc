"""Senders before and after a change: any number of them in bounded memory, most of them without a check of their own.

A policy has the outcome for every sender of its domain, so a sender whose outcome depends only on its address is looked
up there. check_host() runs for the others, and only the outcome is kept. Equal outcomes are one object.
"""

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question
from spfengine.dmarc.alignment import Alignment, aligning
from spfengine.drivers import once
from spfengine.evaluation.beyond import beyond_limit, is_over_limit
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.names import domain_fault, fold
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Input, Outcome, outcome_of
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.senders import Sender
from spfengine.simulation.drafts import Layer
from spfengine.simulation.simulation import SenderChange

if TYPE_CHECKING:
    from spfengine.dmarc.suffixes import PublicSuffixes

_WORTH_COMPILING = 500  # senders of a domain; compiling it costs about as much as this many checks
_MOST_BEYOND = 200  # senders that are checked again without the limits
_MOST_PAIRS = 1000  # of domains whose alignment is determined, since names in reports may be made up
_OF_LOCAL_PART = frozenset("ls")

Policies = tuple[Policy, Policy]
"""The policies of a domain before and after."""


class _Asked(Session):
    """A check that records which macro-letters were expanded."""

    def __init__(self, sender: Sender, inputs: Inputs) -> None:
        super().__init__(
            sender.ip, sender.sender, sender.helo or None, MAILFROM, inputs.limits, inputs.receiver, inputs.now
        )
        self.explaining = False
        self.letters: set[str] = set()

    def macro_value(self, letter: str, domain: str, validated_name: str) -> str:
        self.letters.add(letter)
        return super().macro_value(letter, domain, validated_name)


class Checking:
    """Checks of senders before and after a change."""

    def __init__(
        self, layer: Layer, policies: Policies, known: Answers, suffixes: "PublicSuffixes | None" = None
    ) -> None:
        self._layer = layer
        self._inputs = policies[0].inputs
        self._policies = {fold(self._inputs.domain): policies}
        self._known = known
        self._suffixes = suffixes
        self._outcomes: dict[Outcome, Outcome] = {}
        self._alignments: dict[tuple[str | None, str], tuple[Alignment, Alignment]] = {}

    def check(self, senders: tuple[Sender, ...]) -> Generator[Question, Answer, list[SenderChange]]:
        """Return what the change does to each sender."""
        domains: dict[str, str] = {}
        for sender in senders:
            if sender.sender not in domains:
                domains[sender.sender] = Session(sender.ip, sender.sender, sender.helo or "").domain
        counts = Counter([fold(domains[sender.sender]) for sender in senders])
        for domain, count in counts.items():
            if count >= _WORTH_COMPILING:
                yield from self._compile(domain)
        changes = []
        again = _MOST_BEYOND
        for sender in senders:
            null = not sender.sender.strip("<>")
            change = yield from self._check(sender, None if null else fold(domains[sender.sender]))
            if is_over_limit(change.after.problem) and again:
                again -= 1
                change = yield from self._beyond(change)
            changes.append(change)
        return changes

    def _compile(self, domain: str) -> Generator[Question, Answer, None]:
        """Compile the policies of a domain, before and after."""
        if domain not in self._policies and domain_fault(domain) is None:
            inputs = self._inputs.at(domain)
            before = yield from once(compiling(inputs), self._known)
            after = yield from once(self._layer.through(compiling(inputs)), self._known)
            self._policies[domain] = before, after

    def _check(self, sender: Sender, domain: str | None) -> Generator[Question, Answer, SenderChange]:
        """Return what the change does to a sender.

        Args:
            domain: the sender's domain; None for the null sender, whose domain is that of HELO.
        """
        change = self._looked_up(sender, domain)
        if change is None:
            change = yield from self._interpreted(sender)
        if sender.header_from is None:
            return change
        aligned = yield from self._aligned(sender, change)
        return change if aligned is None else replace(change, aligned_before=aligned[0], aligned_after=aligned[1])

    def _looked_up(self, sender: Sender, domain: str | None) -> SenderChange | None:
        """Return a sender's outcomes from the domain's policies, if these are compiled and certain."""
        policies = None if domain is None else self._policies.get(domain)
        if policies is None:
            return None
        before, after = policies[0].check(sender.ip), policies[1].check(sender.ip)
        return None if before.is_conditional or after.is_conditional else SenderChange(sender, before, after)

    def _interpreted(self, sender: Sender) -> Generator[Question, Answer, SenderChange]:
        first, second = _Asked(sender, self._inputs), _Asked(sender, self._inputs)
        yield from once(check_host(first), self._known)
        yield from once(self._layer.through(check_host(second)), self._known)
        change = SenderChange(sender, self._kept(first), self._kept(second))
        rests_on = []
        if Input.LOCAL_PART in sender.unknown and _OF_LOCAL_PART & (first.letters | second.letters):
            rests_on.append(Input.LOCAL_PART)
        if change.needs_helo:
            rests_on.append(Input.HELO)
        return replace(change, rests_on=tuple(rests_on)) if rests_on else change

    def _beyond(self, change: SenderChange) -> Generator[Question, Answer, SenderChange]:
        """Return what the change does to a sender, with what its check would find without the limits."""
        session = _Asked(change.sender, self._inputs)
        yield from once(self._layer.through(check_host(session)), self._known)
        beyond = yield from once(self._layer.through(beyond_limit(session)), self._known)
        return change if beyond is None else replace(change, beyond=self._kept(beyond))

    def _kept(self, session: Session) -> Outcome:
        outcome = outcome_of(session)
        return self._outcomes.setdefault(outcome, outcome)

    def _aligned(
        self, sender: Sender, change: SenderChange
    ) -> Generator[Question, Answer, tuple[Alignment, Alignment] | None]:
        """Return whether SPF is aligned with From before and after; None if that would cost too many queries."""
        author = sender.header_from or ""
        domain = Session(sender.ip, sender.sender, sender.helo or "").domain
        before = domain if change.before.result is Result.PASS else None
        after = domain if change.after.result is Result.PASS else None
        first = yield from self._alignment(before, author, 0)
        second = yield from self._alignment(after, author, 1)
        return None if first is None or second is None else (first, second)

    def _alignment(self, passed: str | None, author: str, at: int) -> Generator[Question, Answer, Alignment | None]:
        key = passed, author
        if key not in self._alignments:
            if len(self._alignments) >= _MOST_PAIRS:
                return None if passed is not None else Alignment(author, None, False, False, why="SPF did not pass")
            before = yield from once(aligning(passed, author, self._suffixes), self._known)
            after = yield from once(self._layer.through(aligning(passed, author, self._suffixes)), self._known)
            self._alignments[key] = before, after
        return self._alignments[key][at]
