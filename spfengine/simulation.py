"""What a draft would change, before it is published: exactly, for every address, and for the senders that you know."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from enum import StrEnum
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from spfengine.addresses import V4, V6, Family, address_text, parse_address
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.check_host import check_host, select_record
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits, VoidRule
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.frozen import Frozen, fill
from spfengine.names import fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, segments
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, Unanswered, compiling
from spfengine.policy.ranges import Spans, intersection, networks_of
from spfengine.policy.reachability import matched_alone
from spfengine.policy.tiling import Inputs
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import All, Record
from spfengine.record.parser import diagnose, parse
from spfengine.record.tokenizer import is_spf_octets
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_T = TypeVar("_T")

_BROKEN = (Result.PERMERROR, Result.TEMPERROR)
"""Results that are worse than any that the record itself gives."""


class Sender(Frozen):
    """Somebody who sends mail for a domain, as a report, a message or a log shows it.

    Attributes:
        ip: the client's address as text.
        sender: the address of MAIL FROM, or its domain behind an "@" where the local part is not known.
        helo: the HELO name, or None where it is not known.
        count: how many messages.
        label: a name for people, or None.
        reported: the SPF result that somebody else saw, or None.
    """

    __slots__ = fields = ("ip", "sender", "helo", "count", "label", "reported")
    ip: str
    sender: str
    helo: str | None
    count: int
    label: str | None
    reported: str | None

    def __init__(
        self,
        ip: object,
        sender: str,
        helo: str | None = None,
        count: int = 1,
        label: str | None = None,
        reported: str | None = None,
    ) -> None:
        """Make a sender.

        Raises:
            AddressError: `ip` is no IP address.
        """
        fill(self, "ip", address_text(*parse_address(ip)))
        fill(self, "sender", sender)
        fill(self, "helo", helo)
        fill(self, "count", count)
        fill(self, "label", label)
        fill(self, "reported", reported)


class Effect(StrEnum):
    """What a draft does to a sender."""

    NEWLY_PASSING = "newly-passing"
    NEWLY_FAILING = "newly-failing"
    """It passed and no longer does, or newly gets permerror or temperror."""
    CHANGED = "changed"
    """Another result, neither of them pass and none worse."""
    STILL_FAILING = "still-failing"
    UNCHANGED = "unchanged"


class SenderChange(NamedTuple):
    """A sender's result before and after.

    Attributes:
        sender: the sender.
        before, after: the results of its check.
    """

    sender: Sender
    before: CheckResult
    after: CheckResult

    @property
    def effect(self) -> Effect:
        """What the draft does to this sender."""
        before, after = self.before.result, self.after.result
        if is_worse(before, after):
            return Effect.NEWLY_FAILING
        if before is after:
            return Effect.UNCHANGED if after is Result.PASS else Effect.STILL_FAILING
        return Effect.NEWLY_PASSING if after is Result.PASS else Effect.CHANGED


class TermChange(NamedTuple):
    """A term of a drafted record, against the record that stands now.

    Attributes:
        sign: "+" for a new term, "-" for one that goes, "=" for one that stays.
        term: as written.
    """

    sign: str
    term: str


class RecordChange(NamedTuple):
    """A name whose SPF record a draft changes.

    Attributes:
        domain: the name.
        before, after: the text of its SPF record; None where it has none that can be read.
        terms: what stays, goes and comes, in the order of the new record.
        ttl: seconds until the last resolver has forgotten the old record, or None where that is not known.
        reached: whether evaluation of the domain simulated ever asks for the record.
    """

    domain: str
    before: str | None
    after: str | None
    terms: tuple[TermChange, ...]
    ttl: int | None
    reached: bool


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


def is_worse(before: Result, after: Result) -> bool:
    """Whether a result is worse than the one before: pass is lost, or an error is new."""
    return before is not after and (before is Result.PASS or after in _BROKEN) and after is not Result.PASS


def change_is_worse(before: Outcome, after: Outcome) -> bool:
    """Whether a network's outcome is worse: pass is lost, or may be lost where it was certain, or an error is new."""
    if before.result is not None and after.result is not None:
        return is_worse(before.result, after.result)
    if before.result is Result.PASS:
        return True  # what passed for certain rests on more now
    return after.result in _BROKEN and before.result not in _BROKEN


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
            problems.append(_not_reached(domain, name))
        txt = Question(name, RRType.TXT)
        old = yield from _once(_asking(txt), known)
        new = yield from _once(overlay.answering(txt), known)
        if old != new:
            records.append(_record_change(name, old, new, reached))
            problems += _broken(name, new)
    problems += _incomplete(before, after)
    problems += _over_limits(after_budget, limits)
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


def _record_change(name: str, old: Answer, new: Answer, reached: bool) -> RecordChange:
    before, after = _text(old), _text(new)
    terms = tuple(compare_terms(before or "", after or ""))
    return RecordChange(name, before, after, terms, old.ttl, reached)


def _text(answer: Answer) -> str | None:
    """Return the text of the one SPF record of an answer, or None."""
    texts: list[bytes] = [octets for octets in answer.records if is_spf_octets(octets)]
    return texts[0].decode("latin-1") if len(texts) == 1 else None


def compare_terms(before: str, after: str) -> Iterator[TermChange]:
    """Yield what stays, goes and comes between the texts of two records, in the order of the new one.

    Letter case, and a "+" that says what goes without saying, make no difference.
    """
    old, new = before.split(" ")[1:], after.split(" ")[1:]
    old, new = [term for term in old if term], [term for term in new if term]
    staying = Counter(map(_plain, old)) & Counter(map(_plain, new))
    going = Counter(staying)
    place = 0
    for term in new:
        if not staying[_plain(term)]:
            yield TermChange("+", term)
            continue
        staying[_plain(term)] -= 1
        while place < len(old):
            each = old[place]
            place += 1
            if not going[_plain(each)]:
                yield TermChange("-", each)
                continue
            going[_plain(each)] -= 1
            if _plain(each) == _plain(term):
                break
        yield TermChange("=", term)
    for each in old[place:]:
        if going[_plain(each)]:
            going[_plain(each)] -= 1
        else:
            yield TermChange("-", each)


def _plain(term: str) -> str:
    return term.lower().removeprefix("+")


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


def _broken(name: str, new: Answer) -> Iterator[Problem]:
    found = select_record(new)
    shown = visible_name(name)
    if isinstance(found, Record) or not new.records:
        return
    if isinstance(found, Problem) and found.code is ProblemCode.MULTIPLE_RECORDS:
        yield Problem(ProblemCode.DRAFT_BROKEN, f"{shown}: {found.text}", name, None, found.section, found.hint)
        return
    texts = [octets for octets in new.records if is_spf_octets(octets)] or list(new.records[:1])
    for fault in diagnose(texts[0]):
        text = f"the draft for {shown} is broken: {fault.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, fault.span, fault.section, fault.hint)


def _not_reached(domain: str, name: str) -> Problem:
    text = f"the draft for {visible_name(name)} is not reached from {visible(domain)}: it changes nothing"
    hint = "check the spelling of the name, or include it from a record that is reached"
    return Problem(ProblemCode.DRAFT_NOT_REACHED, text, name, None, "", hint)


def _incomplete(before: Policy, after: Policy) -> Iterator[Problem]:
    for policy, when in ((before, "as it is now"), (after, "with the draft")):
        if policy.incomplete:
            failed = [question for question, answer in policy.answers.items() if answer.is_failure]
            names = ", ".join(f"{q.type} {visible_name(q.name)} ({policy.answers[q].status})" for q in failed[:5])
            count = len(policy.incomplete)
            text = f"{when}, DNS could not answer for {count} networks, whose result is not known: {names}"
            yield Problem(ProblemCode.DNS_INCOMPLETE, text, policy.domain, None, "2.6.6", "try again later")


def _over_limits(need: Budget, limits: Limits) -> Iterator[Problem]:
    if need.worst_lookups > limits.lookups:
        said = "no end of" if need.endless else str(need.worst_lookups)
        text = f"with the draft, {said} lookups are needed, and {limits.lookups} are allowed"
        yield Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", "fewer include, a, mx, ptr, exists")
    if need.worst_voids() > limits.voids:
        text = f"with the draft, {need.worst_voids()} terms are void lookups, and {limits.voids} are allowed"
        hint = "take out the terms whose names lead nowhere"
        yield Problem(ProblemCode.OVER_VOID_LIMIT, text, None, None, "4.6.4", hint)
    elif need.worst_voids(VoidRule.PER_LOOKUP) > limits.voids:
        worst = max(need.voids[VoidRule.PER_LOOKUP].items(), key=lambda item: item[1].most)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {worst[1].most} of them for "
            f"IPv{worst[0]} clients, and give permerror over {limits.voids}"
        )
        hint = "give the hosts that mx and a lead to addresses of both families, or name networks by ip4 and ip6"
        yield Problem(ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, None, "4.6.4", hint)
