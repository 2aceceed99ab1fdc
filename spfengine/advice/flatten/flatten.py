"""Flatten a record: networks in place of includes, split over names by size, and proved to say the same."""

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from spfengine.advice.flatten.choosing import Choice, Wish, choosing
from spfengine.advice.flatten.flattening import Before, FlatRecord, Flattening, drafts_of, measuring, proving, too_large
from spfengine.advice.flatten.splitting import LEAST_SIZE, MOST_SIZE, NAMES, SIZES, Names, record_size, split
from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import as_strings
from spfengine.linting.limits import answer_size, sizes
from spfengine.linting.terms import many_ip4
from spfengine.names import domain_fault, fold, to_a_labels
from spfengine.policy.compile import Inputs
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Record
from spfengine.record.parser import parse
from spfengine.record.tokenizer import is_spf_octets
from spfengine.simulation.drafts import Drafted
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_TOLD = 5  # questions, names that a message lists


def flatten(
    domain: str,
    *,
    resolver: "Resolver | None" = None,
    includes: Iterable[str] | None = None,
    hosts: bool = False,
    names: str = NAMES,
    size: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Flattening:
    """Return a record that says the same as a domain's, with networks in place of what it includes.

    Whatever is not replaced stays as it is written, in its order. The networks are those of now: the record no longer
    follows what others change. Nothing is offered that was not proved, for every address, to give the same result.
    Only clients that are over a limit of RFC 7208 §4.6.4 now may get another: what the record would have given them.

    Args:
        domain: the domain.
        resolver: what answers DNS questions; live DNS where it is not given.
        includes: the names of the includes, and of the redirect, to replace. If one of them can't be, flattening is
            refused. Where nothing is given: all that can be; those that can't are kept, and told.
        hosts: whether `a` and `mx` are replaced too.
        names: what the names are called that take what does not fit into the domain's own record, below the domain
            (with a final dot: anywhere). {n} becomes 1, 2, …; names that are taken are passed over.
        size: how many octets the DNS answer for a name may have, 256 to 65535. Where it is not given: 512 (RFC 7208
            §3.4), or 1232 where that would need too many names.
        limits: how much a check may ask. There is no time limit.

    Raises:
        ArgumentError: one of `includes` is none of the record, or another argument can't be used.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return drive(_flattening(domain, includes, hosts, names, size, limits), resolver, None)


async def aflatten(
    domain: str,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    includes: Iterable[str] | None = None,
    hosts: bool = False,
    names: str = NAMES,
    size: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Flattening:
    """Return what `flatten` returns, without blocking the event loop while DNS answers.

    Raises:
        ArgumentError, ResolverError: as `flatten`.
    """
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return await adrive(_flattening(domain, includes, hosts, names, size, limits), resolver, None)


def _flattening(
    domain: str, includes: Iterable[str] | None, hosts: bool, names: str, size: int | None, limits: Limits
) -> Generator[Question, Answer, Flattening]:
    inputs = Inputs(domain, None, None, limits, None, 0.0)
    domain = inputs.domain
    fault = domain_fault(domain)
    if fault is not None:
        raise ArgumentError(fault)
    if size is not None and not (size.__class__ is int and LEAST_SIZE <= size <= MOST_SIZE):
        raise ArgumentError(f"size must be from {LEAST_SIZE} to {MOST_SIZE} octets, not {visible(repr(size), 40)}")
    named = Names(domain, names)
    wish = Wish(None if includes is None else frozenset([_name(each) for each in includes]), hosts)
    known: Answers = {}
    before = yield from measuring(inputs, known)
    answer = known[Question(domain, RRType.TXT).key]
    record = select_record(answer)
    refusal = _unanswered(known) or _alias(domain, answer) or _broken(before)
    if isinstance(before, Problem) or refusal is not None or not isinstance(record, Record):
        return Flattening(domain, record.source if isinstance(record, Record) else None, refusal=refusal)
    choice = yield from choosing(inputs, record, wish, known)
    _require_all(wish, choice)
    refusal = _unanswered(known) or _not_chosen(wish, choice)
    if refusal is not None or not choice.replaced:
        return Flattening(domain, record.source, (), choice.kept, refusal=refusal)
    first, *larger = SIZES if size is None else (size,)
    found = yield from _fitted(inputs, before, choice, named, first, known)
    for each in larger:
        if isinstance(found, Problem) and found.code is ProblemCode.FLATTEN_TOO_LARGE:
            found = yield from _fitted(inputs, before, choice, named, each, known)
    if isinstance(found, Problem):
        return Flattening(domain, record.source, choice.replaced, choice.kept, refusal=found)
    return found


def _fitted(
    inputs: Inputs, before: Before, choice: Choice, names: Names, size: int, known: Answers
) -> Generator[Question, Answer, Flattening | Problem]:
    """Return the flattening whose DNS answers stay within a size, or why there is none."""
    domain, allowed = inputs.domain, inputs.limits.lookups
    answer = known[Question(domain, RRType.TXT).key]
    siblings = tuple([strings for strings in answer.strings if not is_spf_octets(b"".join(strings))])
    own_size = max(size, answer_size(domain, answer))
    layout = split(domain, choice, names, siblings, size, own_size)
    count = len(layout.others)
    if count > allowed:
        return too_large(f"the networks fill {count} names of {size} octets each, and {allowed} lookups are allowed")
    needed = record_size(domain, layout.record([names.longest] * count), siblings)
    if needed > own_size:
        return too_large(f"the answer with the record of {visible_name(domain)} has {needed} octets, over {own_size}")
    free = yield from names.free(count, known)
    if isinstance(free, Problem):
        return free
    own = layout.record(free)
    pairs = zip(free, layout.others, strict=True)
    records = [FlatRecord(name, text, (), record_size(name, text)) for name, text in pairs]
    records.append(FlatRecord(domain, own, siblings, record_size(domain, own, siblings)))
    proof = yield from proving(inputs, before, Drafted(drafts_of(records), ()), known)
    if isinstance(proof, Problem):
        return proof
    source = next(octets for octets in answer.records if is_spf_octets(octets)).decode("latin-1")
    warnings = tuple(_warnings(records[-1]))
    return Flattening(domain, source, choice.replaced, choice.kept, tuple(records), size, proof, None, warnings)


def _name(name: object) -> str:
    """Return the name of an include as a caller wrote it, folded."""
    a_labels = to_a_labels(name) if isinstance(name, str) else None
    if a_labels is None:
        raise ArgumentError(f"includes: {visible(str(name), 80)!r} is no name of an include")
    return fold(a_labels.removesuffix("."))


def _require_all(wish: Wish, choice: Choice) -> None:
    """Raise ArgumentError where a name was given that the record does not include."""
    missing = sorted((wish.includes or frozenset()) - {fold(name) for name in choice.available})
    if missing:
        shown = ", ".join([visible_name(name) for name in choice.available[:_TOLD]])
        there = f"it has {shown}" if shown else "it has no include"
        raise ArgumentError(f"includes: there is no include of {visible_name(missing[0])} in the record; {there}")


def _unanswered(known: Answers) -> Problem | None:
    """Return the problem that DNS could not answer something, where that is so."""
    failed = [(question, answer) for question, answer in known.items() if answer.is_failure]
    if not failed:
        return None
    shown = [f"{question.type} {visible_name(question.name)} ({answer.status})" for question, answer in failed[:_TOLD]]
    more = f" and {len(failed) - _TOLD} more" if len(failed) > _TOLD else ""
    text = f"DNS could not answer {', '.join(shown)}{more}, so what the record says is not known"
    return Problem(ProblemCode.DNS_INCOMPLETE, text, failed[0][0].name, None, "2.6.6", "try again later")


def _alias(domain: str, answer: Answer) -> Problem | None:
    """Return the problem that the record stands at another name, to which a CNAME record leads, where that is so."""
    if not answer.chain:
        return None
    other = visible_name(answer.chain[-1])
    text = f"{visible_name(domain)} is an alias of {other}: a record can't be published at it"
    return Problem(ProblemCode.FLATTEN_ALIAS, text, domain, None, "", f"flatten {other}, or replace the CNAME record")


def _broken(before: Before | Problem) -> Problem | None:
    """Return why some clients get no result, whatever the limits are; None where all get one."""
    if isinstance(before, Problem):
        return before
    for version in (4, 6):
        for _, _, outcome in before.meant.ranges(version):
            if outcome.result in (Result.PERMERROR, Result.NONE):
                return outcome.problem
    return None


def _not_chosen(wish: Wish, choice: Choice) -> Problem | None:
    """Return why flattening is refused for terms that can't be replaced: those that were named, and broken ones."""
    named = wish.includes is not None
    kept = [each.problem for each in choice.kept if named or each.problem.code is not ProblemCode.FLATTEN_CONDITIONAL]
    return kept[0] if kept else None


def _warnings(record: FlatRecord) -> Iterator[Finding]:
    """Yield what some receivers may make of the domain's own record."""
    parsed = parse(record.record)
    reached = ReachedRecord(record.name, source=record.record, record=parsed)
    yield from many_ip4(reached, parsed)
    yield from sizes(reached, Answer.txt(as_strings(record.record), *record.siblings))
