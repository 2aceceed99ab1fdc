"""Simulate a change before it is published: exactly, for every address, and for the senders that you know."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from time import time
from typing import TYPE_CHECKING

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import MAILFROM, Answers, Session
from spfengine.names import fold
from spfengine.policy.budget import budget
from spfengine.policy.diff import Change, segments
from spfengine.policy.inputs import Inputs
from spfengine.policy.over_limits import over_limits
from spfengine.policy.policy import Policy, Unanswered, compiling
from spfengine.policy.ranges import Spans, intersection, networks_of
from spfengine.policy.reachability import matched_alone
from spfengine.problems import Problem
from spfengine.record.model import All, Record
from spfengine.record.parser import parse
from spfengine.record.tokenizer import is_spf_octets
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.simulation.layers import Drafted, Layer, Replaced, asking, once
from spfengine.simulation.problems import broken, incomplete, not_reached
from spfengine.simulation.records import RecordChange, record_change
from spfengine.simulation.senders import Sender, SenderChange
from spfengine.simulation.simulation import Simulation

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver


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
    steps = _drafted(domain, draft, tuple(senders), limits, receiver, now)
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
    steps = _drafted(domain, draft, tuple(senders), limits, receiver, now)
    return await adrive(steps, resolver, None)


def compare(
    domain: str,
    before: "Resolver",
    after: "Resolver",
    *,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
) -> Simulation:
    """Return what changes for a domain when `after` answers in place of `before`: two zones, say, or two recordings.

    Raises:
        ResolverError: one of them does not keep the protocol. Whatever they raise themselves is passed on.
    """
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    return drive(_simulate(inputs, Replaced(after), tuple(senders), {}), before, None)


def _drafted(
    domain: str,
    draft: str | bytes | Drafts,
    senders: tuple[Sender, ...],
    limits: Limits,
    receiver: str | None,
    now: float | None,
) -> Generator[Question, Answer, Simulation]:
    known: Answers = {}
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    drafts = yield from once(_read_draft(inputs.domain, draft), known)
    layer = Drafted(Overlay(Unanswered(), drafts))
    return (yield from _simulate(inputs, layer, senders, known))


def _simulate(
    inputs: Inputs, layer: Layer, senders: tuple[Sender, ...], known: Answers
) -> Generator[Question, Answer, Simulation]:
    """Compile and check before and after; what both ask of what answers now is asked once."""
    before = yield from once(compiling(inputs), known)
    after = yield from once(layer.through(compiling(inputs)), known)
    before_budget = yield from once(budget(inputs, dict(before.answers)), known)
    after_budget = yield from once(layer.through(budget(inputs, dict(after.answers))), known)
    checked = []
    for sender in senders:
        first = Session(
            sender.ip, sender.sender, sender.helo or "", MAILFROM, inputs.limits, inputs.receiver, inputs.now
        )
        yield from once(check_host(first), known)
        second = first.again()
        yield from once(layer.through(check_host(second)), known)
        checked.append(SenderChange(sender, CheckResult(first), CheckResult(second)))
    records: list[RecordChange] = []
    problems: list[Problem] = []
    asked = {question.name for policy in (before, after) for question in policy.answers}
    for name in _names(layer, before, after):
        reached = fold(name) in asked or layer.was_asked(name)
        if not reached:
            problems.append(not_reached(inputs.domain, name))
        txt = Question(name, RRType.TXT)
        old = yield from once(asking(txt), known)
        new = yield from once(layer.through(asking(txt)), known)
        if old != new:
            records.append(record_change(name, old, new, reached))
            problems += broken(name, new)
    problems += incomplete(before, after)
    problems += over_limits(after_budget, inputs.limits)
    kept = yield from once(_kept(before, after, records), known)
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


def _names(layer: Layer, before: Policy, after: Policy) -> list[str]:
    """Return the names that the change is about, and those whose records were wanted before or after."""
    asked = [question.name for policy in (before, after) for question in policy.answers if question.type == "TXT"]
    return list({fold(name): name for name in (*asked, *layer.names)}.values())


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
