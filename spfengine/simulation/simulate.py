"""What a draft would change, before it is published: exactly, for every address, and for the senders that you know."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.frozen import Frozen, fill
from spfengine.names import fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, segments
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import Policy, Unanswered, compiling
from spfengine.policy.ranges import Spans, intersection, networks_of
from spfengine.policy.reachability import matched_alone
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import All, Record
from spfengine.record.parser import parse
from spfengine.record.tokenizer import is_spf_octets
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.simulation.problems import broken, incomplete, not_reached, over_limits
from spfengine.simulation.records import RecordChange, record_change
from spfengine.simulation.senders import Effect, Sender, SenderChange, change_is_worse

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_T = TypeVar("_T")


class Simulation(Frozen):
    """What a draft would change for a domain.

    Attributes:
        domain: the domain.
        before, after: its policy as it is, and as it would be.
        changes: the networks whose result changes, in order.
        kept: the networks that a term that goes leads to, and that keep their result by another way.
        senders: the senders given, each with its results before and after.
        records: the names whose SPF records the draft changes.
        before_budget, after_budget: what the worst addresses cost.
        problems: what makes the draft unsafe, or what is known incomplete.
    """

    __slots__ = fields = (
        "domain",
        "before",
        "after",
        "changes",
        "kept",
        "senders",
        "records",
        "before_budget",
        "after_budget",
        "problems",
    )
    domain: str
    before: Policy
    after: Policy
    changes: tuple[Change, ...]
    kept: tuple[Change, ...]
    senders: tuple[SenderChange, ...]
    records: tuple[RecordChange, ...]
    before_budget: Budget
    after_budget: Budget
    problems: tuple[Problem, ...]

    def __init__(
        self,
        domain: str,
        before: Policy,
        after: Policy,
        changes: tuple[Change, ...],
        kept: tuple[Change, ...],
        senders: tuple[SenderChange, ...],
        records: tuple[RecordChange, ...],
        before_budget: Budget,
        after_budget: Budget,
        problems: tuple[Problem, ...],
    ) -> None:
        fill(self, "domain", domain)
        fill(self, "before", before)
        fill(self, "after", after)
        fill(self, "changes", changes)
        fill(self, "kept", kept)
        fill(self, "senders", senders)
        fill(self, "records", records)
        fill(self, "before_budget", before_budget)
        fill(self, "after_budget", after_budget)
        fill(self, "problems", problems)

    @property
    def is_broken(self) -> bool:
        """Whether a drafted record is none, or no address at all gets a result from it but permerror."""
        return any(problem.code is ProblemCode.DRAFT_BROKEN for problem in self.problems)

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer for some addresses, so that their change is not known."""
        return any(problem.code is ProblemCode.DNS_INCOMPLETE for problem in self.problems)

    @property
    def is_worse(self) -> bool:
        """Whether a network or sender that passed no longer does, or newly gets permerror or temperror."""
        return any(change_is_worse(change.before, change.after) for change in self.changes) or any(
            change.effect is Effect.NEWLY_FAILING for change in self.senders
        )


def simulate(
    domain: str,
    draft: str | bytes | Drafts,
    *,
    resolver: "Resolver | None" = None,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> Simulation:
    """Return what a draft would change for a domain, were it published.

    Args:
        domain: the domain whose mail it is about.
        draft: a record that takes the place of the domain's SPF record (its other TXT records stay); or drafts for
            any number of names, as `Overlay` takes them.
        resolver: what answers DNS questions now; live DNS where it is not given.
        senders: who sends mail, to be checked before and after.
        limits, receiver, now: as for `check`.

    Raises:
        ArgumentError: the draft is empty, or there are two for one name.
        ZoneError: a draft can't be used.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    steps = _simulate(domain, draft, tuple(senders), limits, receiver, now)
    return drive(steps, resolver, None)


async def asimulate(
    domain: str,
    draft: str | bytes | Drafts,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> Simulation:
    """Return what `simulate` returns, without blocking the event loop while DNS answers."""
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    steps = _simulate(domain, draft, tuple(senders), limits, receiver, now)
    return await adrive(steps, resolver, None)


def _simulate(
    domain: str,
    draft: str | bytes | Drafts,
    senders: tuple[Sender, ...],
    limits: Limits,
    receiver: str | None,
    now: float | None,
) -> Generator[Question, Answer, Simulation]:
    """Compile and check before and after; what is asked below the drafts is asked once for both."""
    known: Answers = {}
    now = time() if now is None else now
    inputs = Inputs(domain, None, None, limits, receiver, now)
    before = yield from _once(compiling(inputs), known)
    drafts = yield from _once(_read_draft(inputs.domain, draft), known)
    overlay = Overlay(Unanswered(), drafts)
    after = yield from _once(_over(overlay, compiling(inputs)), known)
    before_budget = yield from _once(budget(inputs, dict(before.answers)), known)
    after_budget = yield from _once(_over(overlay, budget(inputs, dict(after.answers))), known)
    checked = []
    for sender in senders:
        first = Session(sender.ip, sender.sender, sender.helo or "", MAILFROM, limits, receiver, now)
        yield from _once(check_host(first), known)
        second = first.again()
        yield from _once(_over(overlay, check_host(second)), known)
        checked.append(SenderChange(sender, CheckResult(first), CheckResult(second)))
    records = []
    problems = []
    for name in overlay.names:
        reached = fold(name) in overlay.asked or any(fold(name) == asked.name for asked in before.answers)
        if not reached:
            problems.append(not_reached(domain, name))
        txt = Question(name, RRType.TXT)
        old = yield from _once(_asking(txt), known)
        new = yield from _once(overlay.answering(txt), known)
        if old != new:
            records.append(record_change(name, old, new, reached))
            problems += broken(name, new)
    problems += incomplete(before, after)
    problems += over_limits(after_budget, limits)
    kept = yield from _once(_kept(before, after, records), known)
    return Simulation(
        inputs.domain,
        before,
        after,
        tuple(before.diff(after)),
        tuple(kept),
        tuple(checked),
        tuple(records),
        before_budget,
        after_budget,
        tuple(problems),
    )


def _once(steps: Generator[Question, Answer, _T], known: Answers) -> Generator[Question, Answer, _T]:
    """Run steps, asking only what is not known yet; what is asked is added."""
    answer: Any = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        key = keyed(*question)[0]
        answer = known.get(key)
        if answer is None:
            answer = known[key] = yield question


def _over(overlay: Overlay, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
    """Run steps with the drafts laid over what answers."""
    answer: Any = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        answer = yield from overlay.answering(question)


def _asking(question: Question) -> Generator[Question, Answer, Answer]:
    return (yield question)


def _read_draft(domain: str, draft: str | bytes | Drafts) -> Generator[Question, Answer, Drafts]:
    """Return a draft as drafts by name; a record alone takes the place of the domain's SPF record only."""
    if isinstance(draft, Mapping):
        if not draft:
            raise ArgumentError("there is no draft: give a record, or drafts by name")
        return draft
    if not isinstance(draft, str | bytes):
        raise ArgumentError(f"a draft is a record or a mapping of names, not {type(draft).__name__}")
    if not draft.strip():
        raise ArgumentError("the draft is empty; to delete the record, give {name: {'TXT': None}}")
    answer = yield Question(domain, RRType.TXT)
    others = [strings for strings in answer.strings if not is_spf_octets(b"".join(strings))]
    return {domain: {"TXT": [draft, *others]}}


def _kept(before: Policy, after: Policy, records: list[RecordChange]) -> Generator[Question, Answer, list[Change]]:
    """Return the networks that the terms that go lead to, and that keep their result all the same."""
    kept: list[Change] = []
    for change in records:
        going = [term.term for term in change.terms if term.sign == "-"]
        record = None if change.before is None else _parsed(change.before)
        for directive in () if record is None else record.directives:
            if directive.text in going and not isinstance(directive, All):
                spans = yield from matched_alone(before.inputs, change.domain, directive, dict(before.answers))
                for family, own in zip((V4, V6), spans or ((), ()), strict=True):
                    kept += _unchanged_in(list(own), family, before, after)
    return list(dict.fromkeys(kept))


def _unchanged_in(spans: Spans, family: Family, before: Policy, after: Policy) -> Iterator[Change]:
    """Yield the networks of `spans` whose result stays, each with its outcomes before and after."""
    for first, last, old, new in segments(before, after, family):
        if old.result is not None and old.result is new.result:
            for network in networks_of(family, intersection([(first, last)], spans)):
                yield Change(network, old, new)


def _parsed(text: str) -> Record | None:
    try:
        return parse(text)
    except RecordSyntaxError:
        return None
