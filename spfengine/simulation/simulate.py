"""Simulate a change before it is published: exactly, for every address, and for the senders that you know."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from time import time
from typing import TYPE_CHECKING, Any

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question, RRType, Text, is_spf_octets, spf_texts
from spfengine.drivers import adrive, asking, drive, once
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.names import domain_fault, fold
from spfengine.policy.budget import budget, over_limits
from spfengine.policy.compile import Inputs
from spfengine.policy.diff import Change, result_changes, segments
from spfengine.policy.policy import Policy, compiling
from spfengine.policy.ranges import Spans, intersection, networks_of, union
from spfengine.policy.reachability import matched_alone
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import All, Record
from spfengine.record.parser import parse
from spfengine.resolvers.overlay import Drafts
from spfengine.resolvers.rrsets import Records, read_name
from spfengine.senders import Sender
from spfengine.simulation.checking import Checking
from spfengine.simulation.drafts import Drafted, Layer, Replaced
from spfengine.simulation.records import (
    RecordChange,
    breaking,
    broken,
    incomplete,
    not_reached,
    record_change,
)
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver
    from spfengine.dmarc.suffixes import PublicSuffixes

Draft = Text | Mapping[Any, Text | Mapping[str, Records | None] | None]
"""A record for the domain, or drafts by name: each a record, or records by type as an `Overlay` takes them."""


def simulate(
    domain: str,
    draft: Draft,
    *,
    resolver: "Resolver | None" = None,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Simulation:
    """Return what a draft would change for a domain, were it published.

    Args:
        domain: the domain whose mail it is about.
        draft: a record that takes the place of the domain's SPF record (its other TXT records stay); or drafts for
            any number of names: each such a record, or records by type as `Overlay` takes them.
        resolver: what answers DNS questions now; live DNS where it is not given.
        senders: who sends mail, to be checked before and after.
        limits, receiver, now: as for `check`.
        suffixes: a list of public suffixes, for the alignment of senders with From; see `alignment`.

    Raises:
        ArgumentError: the draft is empty, or the domain is no domain name.
        ZoneError: a draft can't be used, or there are two for one name.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    steps = simulating(domain, draft, tuple(senders), limits, receiver, now, suffixes)
    return drive(steps, resolver, None)


async def asimulate(
    domain: str,
    draft: Draft,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    senders: Iterable[Sender] = (),
    limits: Limits = DEFAULT_LIMITS,
    receiver: str | None = None,
    now: float | None = None,
    suffixes: "PublicSuffixes | None" = None,
) -> Simulation:
    """Return what `simulate` returns, without blocking the event loop while DNS answers."""
    steps = simulating(domain, draft, tuple(senders), limits, receiver, now, suffixes)
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
    suffixes: "PublicSuffixes | None" = None,
) -> Simulation:
    """Return what changes for a domain when `after` answers in place of `before`: two zones, say, or two recordings.

    Raises:
        ResolverError: one of them does not keep the protocol. Whatever they raise themselves is passed on.
    """
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    return drive(_simulate(inputs, Replaced(after), tuple(senders), {}, suffixes), before, None)


def simulating(
    domain: str,
    draft: Draft,
    senders: tuple[Sender, ...],
    limits: Limits,
    receiver: str | None,
    now: float | None,
    suffixes: "PublicSuffixes | None" = None,
    known: Answers | None = None,
) -> Generator[Question, Answer, Simulation]:
    """Return what `simulate` returns; yields the Questions that need answers.

    Args:
        known: what DNS said already; what is asked is added.
    """
    known = {} if known is None else known
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    fault = domain_fault(inputs.domain)
    if fault is not None:
        raise ArgumentError(fault)
    drafts, meant = yield from once(_read_drafts(inputs.domain, draft), known)
    layer = Drafted(drafts, meant)
    if not layer.names:
        raise ArgumentError(_NO_DRAFT)
    return (yield from _simulate(inputs, layer, senders, known, suffixes))


def _simulate(
    inputs: Inputs, layer: Layer, senders: tuple[Sender, ...], known: Answers, suffixes: "PublicSuffixes | None"
) -> Generator[Question, Answer, Simulation]:
    """Compile and check before and after; what both ask of what answers now is asked once."""
    before = yield from once(compiling(inputs), known)
    after = yield from once(layer.through(compiling(inputs)), known)
    asked_before, asked_after = dict(before.answers), dict(after.answers)
    before_budget = yield from once(budget(inputs, asked_before), known)
    after_budget = yield from once(layer.through(budget(inputs, asked_after)), known)
    checking = Checking(layer, (before, after), known, suffixes)
    checked = yield from checking.check(senders)
    records: list[RecordChange] = []
    problems: list[Problem] = []
    asked = asked_before | asked_after
    txt_names = [question.name for question in asked if question.type is RRType.TXT]
    for name in {fold(name): name for name in (*txt_names, *layer.names)}.values():
        reached = layer.is_reached(name, asked)
        if not reached:
            problems.append(not_reached(inputs.domain, name))
        txt = Question(name, RRType.TXT)
        old = yield from once(asking(txt), known)
        new = yield from once(layer.through(asking(txt)), known)
        if spf_texts(old) != spf_texts(new) or layer.is_meant(name):
            problems += broken(name, old, new, meant=layer.is_meant(name))
        if spf_texts(old) != spf_texts(new):
            records.append(record_change(name, old, new, reached))
    problems += [] if any(each.code is ProblemCode.DRAFT_BROKEN for each in problems) else breaking(after)
    problems += incomplete(before, after)
    problems += over_limits(after_budget, inputs.limits)
    kept = yield from once(_kept(before, after, records), known)
    return Simulation(
        inputs.domain,
        before,
        after,
        tuple(result_changes(before, after)),
        tuple(kept),
        tuple(checked),
        tuple(records),
        before_budget,
        after_budget,
        tuple(problems),
    )


_NO_DRAFT = "there is no draft: give a record, or drafts by name"


def _read_drafts(domain: str, draft: Draft) -> Generator[Question, Answer, tuple[Drafts, set[str]]]:
    """Return drafts by name, and which names have one that was given as a record: it takes the place of the SPF record
    only, so the other TXT records of the name stand beside it.
    """
    if isinstance(draft, str | bytes):
        draft = {domain.encode("latin-1"): draft}
    elif not isinstance(draft, Mapping):
        raise ArgumentError(f"a draft is a record or a mapping of names, not {type(draft).__name__}")
    drafts: dict[Text, Mapping[str, Records | None] | None] = {}
    meant: set[str] = set()
    for written, value in draft.items():
        if not isinstance(value, str | bytes):
            drafts[written] = value
            continue
        name = read_name(written, "name")
        if not value.strip():
            shown = visible_name(name)
            raise ArgumentError(f"the draft for {shown} is empty; to delete the record, give {{name: {{'TXT': None}}}}")
        answer = yield Question(name, RRType.TXT)
        others = [strings for strings in answer.strings if not is_spf_octets(b"".join(strings))]
        drafts[written] = {"TXT": [value, *others]}
        meant.add(fold(name))
    return drafts, meant


def _kept(before: Policy, after: Policy, records: list[RecordChange]) -> Generator[Question, Answer, list[Change]]:
    """Return the networks that the terms that go lead to, and that keep their result all the same."""
    spans: tuple[Spans, Spans] = ([], [])
    for change in records:
        going = [term.term for term in change.terms if term.sign == "-"]
        record = None if change.before is None else _parsed(change.before)
        for directive in () if record is None else record.directives:
            if directive.text in going and not isinstance(directive, All):
                own = yield from matched_alone(before.inputs, change.domain, directive, dict(before.answers))
                if own is not None:
                    spans = union(spans[0], own[0]), union(spans[1], own[1])
    return [*_unchanged_in(spans[0], V4, before, after), *_unchanged_in(spans[1], V6, before, after)]


def _unchanged_in(spans: Spans, family: Family, before: Policy, after: Policy) -> Iterator[Change]:
    """Yield the networks of `spans` whose result is known and stays, each with its outcomes before and after."""
    for first, last, old, new in segments(before, after, family):
        if old.result is not None and old.result is new.result and not old.is_incomplete:
            for network in networks_of(family, intersection([(first, last)], spans)):
                yield Change(network, old, new)


def _parsed(text: str) -> Record | None:
    try:
        return parse(text)
    except RecordSyntaxError:
        return None
