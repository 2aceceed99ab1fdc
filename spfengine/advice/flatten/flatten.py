"""`flatten`: networks in place of includes, split over names by size, and proved to give the same results."""

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from spfengine.advice.flatten.choosing import FlattenPlan, Wanted, choosing
from spfengine.advice.flatten.flattening import FlatRecord, Flattening, drafts_of
from spfengine.advice.flatten.proof import Measured, measuring, proving, too_large
from spfengine.advice.flatten.splitting import LEAST_SIZE, MOST_SIZE, NAMES, SIZES, Names, record_size, split
from spfengine.answers import Answer, Question, RRType, is_spf_octets, spf_texts
from spfengine.arguments import list_of, renamed
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import select_record
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import hint_for, incompleteness, named_unknown, unanswered
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.fixes import as_strings
from spfengine.linting.limits import answer_size, sizes
from spfengine.linting.terms import many_ip4
from spfengine.names import domain_fault, fold, to_a_labels
from spfengine.policy.inputs import Inputs
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Record
from spfengine.record.parser import parse
from spfengine.simulation.drafts import Drafted
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

_MOST_LISTED = 5  # questions or names in a message


def flatten(
    domain: str,
    *,
    resolver: "Resolver | None" = None,
    includes: Iterable[str] | None = None,
    hosts: bool = False,
    names: str = NAMES,
    max_size: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    size: int | None = None,
) -> Flattening:
    """Return a record that means the same as a domain's record, with networks in place of its includes.

    Terms that are not replaced stay as they are written, in their order. The networks are today's: the record no longer
    follows what others change. A record is only returned if it is proved, for every address, to give the same result.
    Only clients that exceed a limit of RFC 7208 §4.6.4 now may get another: what the record would give them without
    the limit.

    Args:
        domain: the domain.
        resolver: answers DNS questions; live DNS by default.
        includes: the names of the includes, and of the redirect, to replace. If one of them can't be replaced,
            flattening is refused. By default, all that can be are replaced, and the others are kept and listed.
        hosts: whether `a` and `mx` are replaced too.
        names: the pattern of the names for what does not fit into the domain's own record, below the domain (with a
            final dot: anywhere). {n} becomes 1, 2, …; names that exist are skipped.
        max_size: how many octets the DNS answer for a name may have, 256 to 65535. By default 512 (RFC 7208 §3.4), or
            1232 if that would need too many names.
        limits: the limits of a check. There is no time limit.
        size: the former name of `max_size`, deprecated.

    Raises:
        ArgumentError: one of `includes` is not in the record, or another argument can't be used.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    max_size = renamed("size", size, "max_size", max_size)
    steps = flattening(domain, includes, hosts, names, max_size, limits)
    return drive(steps, resolver, None)


async def aflatten(
    domain: str,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    includes: Iterable[str] | None = None,
    hosts: bool = False,
    names: str = NAMES,
    max_size: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
    size: int | None = None,
) -> Flattening:
    """Async version of `flatten`."""
    max_size = renamed("size", size, "max_size", max_size)
    steps = flattening(domain, includes, hosts, names, max_size, limits)
    return await adrive(steps, resolver, None)


def flattening(
    domain: str, includes: Iterable[str] | None, hosts: bool, names: str, max_size: int | None, limits: Limits
) -> Generator[Question, Answer, Flattening]:
    """Return what `flatten` returns."""
    inputs = Inputs(domain, None, None, limits, None, 0.0)
    domain = inputs.domain
    fault = domain_fault(domain)
    if fault is not None:
        raise ArgumentError(fault)
    sizes_to_try = _sizes(max_size)
    pattern = Names(domain, names)
    wanted = Wanted(_includes(includes), hosts)
    known: Answers = {}
    before = yield from measuring(inputs, known)
    answer = known[Question(domain, RRType.TXT).key]
    record = select_record(answer)
    refusal = _unanswered(known) or _alias(domain, answer) or _broken(before)
    if isinstance(before, Problem) or refusal is not None or not isinstance(record, Record):
        return Flattening(domain, record.source if isinstance(record, Record) else None, refusal=refusal)
    plan = yield from choosing(inputs, record, wanted, known)
    _require_all(wanted, plan)
    refusal = _unanswered(known) or _not_replaceable(wanted, plan)
    if refusal is not None or not plan.replaced:
        return Flattening(domain, record.source, (), plan.kept, refusal=refusal)
    for size_to_try in sizes_to_try:
        result = yield from _fitting(inputs, before, plan, pattern, size_to_try, known)
        if isinstance(result, Flattening):
            return result
        refusal = result
        if refusal.code is not ProblemCode.FLATTEN_TOO_LARGE:
            break
    return Flattening(domain, record.source, plan.replaced, plan.kept, refusal=refusal)


def _sizes(max_size: object) -> tuple[int, ...]:
    """Return the sizes of DNS answers to try. Raises ArgumentError."""
    if max_size is None:
        return SIZES
    if not isinstance(max_size, int) or isinstance(max_size, bool) or not LEAST_SIZE <= max_size <= MOST_SIZE:
        given = visible(repr(max_size), 40)
        raise ArgumentError(f"max_size must be from {LEAST_SIZE} to {MOST_SIZE} octets, not {given}")
    return (max_size,)


def _fitting(
    inputs: Inputs, before: Measured, plan: FlattenPlan, names: Names, max_size: int, known: Answers
) -> Generator[Question, Answer, Flattening | Problem]:
    """Return the flattening whose DNS answers have at most `max_size` octets, or why there is none."""
    domain, allowed = inputs.domain, inputs.limits.lookups
    answer = known[Question(domain, RRType.TXT).key]
    siblings = tuple([strings for strings in answer.strings if not is_spf_octets(b"".join(strings))])
    own_size = max(max_size, answer_size(domain, answer))
    layout = split(domain, plan, names, siblings, max_size, own_size)
    count = len(layout.others)
    if count > allowed:
        needed_names = f"{count} names of {max_size} octets each"
        return too_large(f"the networks fill {needed_names}, and {allowed} lookups are allowed")
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
    source = spf_texts(answer)[0].decode("latin-1")
    warnings = tuple(_warnings(records[-1]))
    return Flattening(domain, source, plan.replaced, plan.kept, tuple(records), max_size, proof, None, warnings)


def _includes(includes: object) -> frozenset[str] | None:
    """Return the names of includes in lower case; None for all. Raises ArgumentError."""
    if includes is None:
        return None
    return frozenset([_name(name) for name in list_of(str, includes, "includes", "names", '["_spf.example.net"]')])


def _name(name: str) -> str:
    a_labels = to_a_labels(name)
    if a_labels is None:
        raise ArgumentError(f"includes: {visible(name, 80)!r} is not a domain name")
    return fold(a_labels.removesuffix("."))


def _require_all(wanted: Wanted, plan: FlattenPlan) -> None:
    """Raise ArgumentError if the caller named an include that the record does not have."""
    missing = sorted((wanted.includes or frozenset()) - {fold(name) for name in plan.available})
    if missing:
        listed = ", ".join([visible_name(name) for name in plan.available[:_MOST_LISTED]])
        existing = f"it has {listed}" if listed else "it has no include"
        raise ArgumentError(f"includes: the record has no include of {visible_name(missing[0])}; {existing}")


def _unanswered(known: Answers) -> Problem | None:
    """Return the problem that a question was not answered, or None if all were."""
    failed = unanswered([known])
    if not failed:
        return None
    text = f"{named_unknown(failed)}, so what the record says is not known"
    return Problem(incompleteness(failed), text, next(iter(failed)).name, None, "2.6.6", hint_for(failed))


def _alias(domain: str, answer: Answer) -> Problem | None:
    """Return the problem that the domain is an alias (CNAME), so that its record is at another name; else None."""
    if not answer.chain:
        return None
    other = visible_name(answer.chain[-1])
    text = f"{visible_name(domain)} is an alias of {other}: a record can't be published at it"
    return Problem(ProblemCode.FLATTEN_ALIAS, text, domain, None, "", f"flatten {other}, or replace the CNAME record")


def _broken(before: Measured | Problem) -> Problem | None:
    """Return why some clients get permerror or none regardless of the limits; None if no client does."""
    if isinstance(before, Problem):
        return before
    for version in (4, 6):
        for _, _, outcome in before.meant.ranges(version):
            if outcome.result in (Result.PERMERROR, Result.NONE):
                return outcome.problem
    return None


def _not_replaceable(wanted: Wanted, plan: FlattenPlan) -> Problem | None:
    """Return why flattening is refused: a term that the caller named can't be replaced, or any term is broken."""
    is_named = wanted.includes is not None
    problems = [kept.problem for kept in plan.kept]
    return next((each for each in problems if is_named or each.code is not ProblemCode.FLATTEN_CONDITIONAL), None)


def _warnings(record: FlatRecord) -> Iterator[Finding]:
    """Yield what some receivers may object to in the domain's own record."""
    parsed = parse(record.record)
    reached = ReachedRecord(record.name, source=record.record, record=parsed)
    yield from many_ip4(reached, parsed)
    yield from sizes(reached, Answer.txt(as_strings(record.record), *record.siblings))
