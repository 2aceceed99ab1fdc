"""`simulate`: what a change does before it is published, for every address, and for the senders given."""

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
from spfengine.policy.diff import Change, result_changes, segments
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Dependency
from spfengine.policy.policy import Policy, compiling, open_term
from spfengine.policy.ranges import Spans, between, networks_of, union
from spfengine.policy.reachability import matched_alone
from spfengine.problems import Problem
from spfengine.record.model import All, Record
from spfengine.record.parser import parse
from spfengine.resolvers.overlay import Drafts
from spfengine.resolvers.rrsets import Records, read_name
from spfengine.senders import Sender, sender_list
from spfengine.simulation.checking import Checking
from spfengine.simulation.drafts import Drafted, Layer, Replaced
from spfengine.simulation.records import (
    BROKEN,
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
    """Return what a draft would change for a domain if it were published.

    Args:
        domain: the domain whose mail is checked.
        draft: a record in place of the domain's SPF record (its other TXT records stay); or drafts for any number of
            names, each such a record, or records by type as `Overlay` takes them.
        resolver: what answers DNS questions now; live DNS by default.
        senders: senders to check before and after.
        limits, receiver, now: as for `check`.
        suffixes: a list of public suffixes, for the alignment of senders with From; see `alignment`.

    Raises:
        ArgumentError: the draft is empty, the domain is not a domain name, or `senders` is not a list of Senders.
        ZoneError: a draft can't be used, or one name has two.
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    return drive(simulating(domain, draft, sender_list(senders), limits, receiver, now, suffixes), resolver)


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
    """Async version of `simulate`."""
    return await adrive(simulating(domain, draft, sender_list(senders), limits, receiver, now, suffixes), resolver)


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
    """Return what changes for a domain if `after` answers in place of `before`, such as two zones or two recordings.

    The other arguments are those of `simulate`.

    Raises:
        ArgumentError: `senders` is not a list of Senders.
        ResolverError: one of them breaks the resolver protocol. Exceptions that they raise themselves are passed on.
    """
    inputs = Inputs(domain, None, None, limits, receiver, time() if now is None else now)
    return drive(_simulate(inputs, Replaced(after), sender_list(senders), {}, suffixes), before, None)


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
    """Return what `simulate` returns.

    Args:
        known: the answers of DNS so far; new ones are added.
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
    """Compile and check before and after. A question that both need is asked once."""
    before = yield from once(compiling(inputs), known)
    after = yield from once(layer.through(compiling(inputs)), known)
    asked_before, asked_after = dict(before.answers), dict(after.answers)
    before_budget = yield from once(budget(inputs, asked_before), known)
    after_budget = yield from once(layer.through(budget(inputs, asked_after)), known)
    checked = yield from Checking(layer, (before, after), known, suffixes).check(senders)
    records, problems = yield from _records(inputs.domain, layer, asked_before | asked_after, known, open_term(after))
    problems += [] if any(each.code in BROKEN for each in problems) else breaking(after)
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


def _records(
    domain: str, layer: Layer, asked: Answers, known: Answers, open_term: Dependency | None
) -> Generator[Question, Answer, tuple[list[RecordChange], list[Problem]]]:
    """Return the names whose SPF records the change is about, and what is wrong with its drafts."""
    records: list[RecordChange] = []
    problems: list[Problem] = []
    txt_names = [question.name for question in asked if question.type is RRType.TXT]
    for name in {fold(name): name for name in (*txt_names, *layer.names)}.values():
        reached = layer.is_reached(name, asked)
        if not reached:
            problems.append(not_reached(domain, name, open_term))
        txt = Question(name, RRType.TXT)
        old = yield from once(asking(txt), known)
        new = yield from once(layer.through(asking(txt)), known)
        is_changed = spf_texts(old) != spf_texts(new)
        if is_changed or layer.is_meant(name):
            problems += broken(name, old, new, meant=layer.is_meant(name))
        if is_changed:
            records.append(record_change(name, old, new, reached))
    return records, problems


_NO_DRAFT = "there is no draft: give a record, or drafts by name"


def _read_drafts(domain: str, draft: Draft) -> Generator[Question, Answer, tuple[Drafts, set[str]]]:
    """Return drafts by name, and the names (folded) whose draft was given as a record.

    Such a draft takes the place of the SPF record only: the other TXT records of the name are added to it.
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
    """Return the networks that a removed term matches, and that keep their result nevertheless."""
    matched: list[tuple[Spans, Spans]] = []
    for change in records:
        going = {term.term for term in change.terms if term.sign == "-"}
        record = None if change.before is None else _parsed(change.before)
        for directive in () if record is None else record.directives:
            if directive.text in going and not isinstance(directive, All):
                own = yield from matched_alone(before.inputs, change.domain, directive, dict(before.answers))
                if own is not None:
                    matched.append(own)
    ip4, ip6 = union(*[own[0] for own in matched]), union(*[own[1] for own in matched])
    return [*_unchanged_in(ip4, V4, before, after), *_unchanged_in(ip6, V6, before, after)]


def _unchanged_in(spans: Spans, family: Family, before: Policy, after: Policy) -> Iterator[Change]:
    """Yield the networks of `spans` whose result is known and stays, each with its outcomes before and after."""
    for first, last, old, new in segments(before, after, family):
        if old.result is not None and old.result is new.result and not old.is_incomplete:
            for network in networks_of(family, between(first, last, spans)):
                yield Change(network, old, new)


def _parsed(text: str) -> Record | None:
    try:
        return parse(text)
    except RecordSyntaxError:
        return None
