"""`lint`: everything that is wrong, risky or without effect in a domain's SPF."""

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from spfengine.answers import Answer, Question, RRType, is_spf_octets
from spfengine.drivers import adrive, drive, given_or_live
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.explanation import explain
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers, Session
from spfengine.linting import names, syntax, terms
from spfengine.linting.finding import Finding, Held
from spfengine.linting.limits import limits as limits_of, sizes
from spfengine.linting.terms import reach
from spfengine.linting.walk import Walk
from spfengine.linting.zones import facts_of, names_to_lint, records_of_type_spf
from spfengine.names import Names, fold
from spfengine.policy.compile import Inputs
from spfengine.record.model import Record
from spfengine.record.parser import parse
from spfengine.resolvers.zone import Zone

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

Found = Generator[Question, Answer, list[Finding]]
Linted = tuple[list[Finding], list[Held]]
"""What was found, and the domains that evaluation came to, the domain linted first."""


def lint(
    domain: str | None,
    *,
    resolver: "Resolver | None" = None,
    record: str | bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
) -> list[Finding]:
    """Return everything that is wrong, risky or without effect in a domain's SPF, in the order of its records.

    Args:
        domain: the domain; None for a record alone, of which only the text is looked at and nothing is asked.
        resolver: what answers DNS questions; live DNS where it is not given. Of a `Zone`, the records of type SPF are
            looked at too.
        record: a record that stands for the domain's; its other TXT records stay.
        limits: how much a check may ask. There is no time limit while linting.
        own: names whose records the admin can edit, and all under them, besides those of the domain; of a `Zone`, the
            names that it is authoritative for (its SOA records say so), or all its names.

    Raises:
        ArgumentError: neither a domain nor a record is given, or `record` is no text.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if domain is None:
        return _of_text(record)
    resolver = given_or_live(resolver)
    return drive(linting(domain, resolver, record, limits, tuple(own)), resolver, None)[0]


async def alint(
    domain: str | None,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    record: str | bytes | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
) -> list[Finding]:
    """Return what `lint` returns, without blocking the event loop while DNS answers.

    Raises:
        ArgumentError, ResolverError: as `lint`.
    """
    if domain is None:
        return _of_text(record)
    resolver = given_or_live(resolver)
    found, _ = await adrive(linting(domain, resolver, record, limits, tuple(own)), resolver, None)
    return found


def lint_zone(zone: Zone, *, limits: Limits = DEFAULT_LIMITS) -> list[Finding]:
    """Return everything that is wrong, risky or without effect in the SPF of all names of a zone, each finding once.

    Linted are the names that have an SPF record, or something like one, or take mail and so should have one. A name
    that others include, and that takes no mail, is linted as a part of them.

    Args:
        zone: the zone; names that it is not authoritative for are left out (its SOA records say what it is).
        limits: how much a check may ask.
    """
    wanted = names_to_lint(zone)
    takes_mail = facts_of(zone).takes_mail
    linted = {name: drive(linting(name, zone, None, limits, ()), zone, None) for name in wanted}
    parts = {fold(held.domain or "") for _, visited in linted.values() for held in visited[1:]}
    roots = [name for name in wanted if fold(name) in takes_mail or fold(name) not in parts]
    covered = {fold(held.domain or "") for root in roots for held in linted[root][1]}
    for name in wanted:  # what is left leads in a circle
        if fold(name) not in covered:
            roots.append(name)
            covered |= {fold(held.domain or "") for held in linted[name][1]}
    seen = {_key(finding): finding for root in reversed(roots) for finding in reversed(linted[root][0])}
    return list(seen.values())[::-1]


def _of_text(record: str | bytes | None) -> list[Finding]:
    """Return what the text of a record alone tells."""
    if record is None:
        raise ArgumentError("there is nothing to lint: give a domain, a record, or both")
    answer = _answer(record, ())
    source = answer.records[0].decode("latin-1")
    held = Held(None, True, False, (), source, None)
    try:
        parsed = parse(source)
    except RecordSyntaxError:
        return [*syntax.faults(held), *sizes(held, answer)]
    held = held._replace(record=parsed)
    return _in_order([*_of_record(held, parsed), *sizes(held, answer)], [held])


def linting(
    domain: str, resolver: object, record: str | bytes | None, limits: Limits, own: tuple[str, ...]
) -> Generator[Question, Answer, Linted]:
    """Return the findings of a domain, and the domains that evaluation came to; yields the Questions that need answers.

    The arguments are those of `lint`. Of `resolver` only the names that it holds are looked at, where it is a `Zone`.
    """
    inputs = Inputs(domain, None, None, limits, None, 0.0)
    answers: Answers = {}
    if record is not None:
        question = Question(inputs.domain, RRType.TXT)
        key = question.key
        live = (yield question).strings
        answer = answers[key] = _answer(record, [each for each in live if not is_spf_octets(b"".join(each))])
        if not is_spf_octets(answer.records[0]):
            held = Held(inputs.domain, True, False, (), answer.records[0].decode("latin-1"), None)
            return list(syntax.faults(held)), [held]
    zone = facts_of(resolver)
    walk = Walk(inputs, (Names((inputs.domain, *own)), zone.own), answers, zone.proxied)
    yield from walk.run()
    findings = yield from names.without_record(walk, zone)
    for held in walk.held:
        if held.record is not None:
            findings += _of_record(held, held.record)
        found = answers.get(Question(held.domain or "", RRType.TXT).key)
        if found is not None and held.own:
            findings += sizes(held, found)
            findings += syntax.look_alikes(held, found)
            findings += yield from _explained(walk, held)
            findings += records_of_type_spf(held, zone)
    findings += yield from names.targets(walk)
    if walk.held[0].record is not None:
        findings += yield from limits_of(walk)
        findings += yield from reach(walk, findings)
    findings += names.unanswered(walk, findings)
    return _in_order(findings, walk.held), walk.held


def _of_record(held: Held, record: Record) -> Iterator[Finding]:
    """Yield what a record alone tells; of somebody else's, only what harms who includes it."""
    yield from terms.many_ip4(held, record)
    if held.own:
        yield from syntax.spaces(held, record)
        yield from syntax.modifiers(held, record)
        yield from syntax.duplicates(held, record)
        yield from terms.policy(held, record)
        yield from terms.networks(held, record)
        yield from terms.neutral(held, record)
        yield from terms.discouraged(held, record)


def _explained(walk: Walk, held: Held) -> Found:
    """Return why the explanation of a record can't be had, where that rests on no client (RFC 7208 §6.2)."""
    record = held.record
    if record is None or record.explanation is None or not record.explanation.value.letters <= {"d", "o"}:
        return []
    session = Session("192.0.2.1", f"@{walk.inputs.domain}", limits=walk.inputs.limits)
    session.answers = walk.answers
    _, problem = yield from explain(session, record.explanation, held.domain or "")
    if problem is None:
        return []
    return [held.of_problem(problem, record.explanation)]


def _answer(record: str | bytes, others: Iterable[tuple[bytes, ...]]) -> Answer:
    if not isinstance(record, str | bytes):
        raise ArgumentError(f"a record is str or bytes, not {type(record).__name__}")
    return Answer.txt(record, *others)


def _in_order(findings: Iterable[Finding], held: list[Held]) -> list[Finding]:
    """Return findings in the order of records and of places in them, each once."""
    order = {each.domain: place for place, each in enumerate(held)}
    seen = {_key(finding): finding for finding in findings}
    return sorted(
        seen.values(), key=lambda each: (order.get(each.domain, 0), each.span is not None, each.span or (0, 0))
    )


def _key(finding: Finding) -> object:
    return finding.code, finding.domain, finding.span, finding.text
