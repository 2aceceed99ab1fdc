"""`lint`: everything that is wrong, risky or without effect in a domain's SPF."""

from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from spfengine.answers import Answer, Question, RRType, TextRecord, is_spf_octets
from spfengine.arguments import name_list
from spfengine.catalogue.catalogue import Catalogue
from spfengine.drivers import adrive, drive
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.explanation import explain
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers, Session
from spfengine.linting import names, syntax, terms, zone_names
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.exposure import exposure, rentable_terms
from spfengine.linting.finding import Finding, ReachedRecord, joins_of, without_consequences
from spfengine.linting.hosts import helo_names
from spfengine.linting.idle import idle_includes
from spfengine.linting.limits import limits as limits_of, sizes, ttl
from spfengine.linting.walk import Walk, walking
from spfengine.linting.zones import Facts, facts_of, known_to, names_to_lint, records_of_type_spf, zone_of
from spfengine.names import Names, fold, octets
from spfengine.policy.compile import Tables
from spfengine.policy.inputs import Inputs
from spfengine.policy.shared import SharedIncludes
from spfengine.policy.work import WORK_LIMIT, Work
from spfengine.problems import ProblemCode
from spfengine.record.model import Explanation, Record
from spfengine.record.parser import parse
from spfengine.record.tokenizer import is_spf
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.zone import Zone
from spfengine.senders import Sender, sender_list

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

Findings = Generator[Question, Answer, list[Finding]]


class Linted(NamedTuple):
    """The findings of a domain, and what they are about.

    Attributes:
        findings: the findings.
        records: the domains that evaluation reaches, the domain linted first.
        outside: names (folded) that are not in the files given, each with its finding.
    """

    findings: list[Finding]
    records: list[ReachedRecord]
    outside: dict[str, Finding]


def lint(
    domain: str | None,
    *,
    resolver: "Resolver | None" = None,
    record: TextRecord | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
    senders: Iterable[Sender] = (),
    catalogue: Catalogue | None = None,
) -> list[Finding]:
    """Return everything that is wrong, risky or without effect in a domain's SPF, in the order of its records.

    Args:
        domain: the domain; None for a record alone, of which only the text is linted, without a DNS query.
        resolver: what answers DNS questions; live DNS by default. A `Zone`, or an `Overlay` of one, also shows records
            of type SPF.
        record: a record in place of the domain's; its other TXT records stay. A tuple is a record of several strings.
        limits: how much a check may ask. There is no time limit while linting.
        own: names whose records the admin can edit, and all under them, in addition to those of the domain. If
            `resolver` is a `Zone`, or an `Overlay` of one, its apexes and all under them count as well; all its names
            if it has no apex.
        senders: who sends mail. Includes that no message of theirs passes by are found too; and a domain that they
            send from needs a record.
        catalogue: the known services; `Catalogue.load()` by default.

    Raises:
        ArgumentError: neither a domain nor a record is given, `record` is not text, `own` is not a list of names, or
            `senders` is not one of Senders.
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    if domain is None:
        return _lint_text(record)
    steps = linting(domain, resolver, record, limits, name_list(own), sender_list(senders), catalogue)
    return drive(steps, known_to(resolver)).findings


async def alint(
    domain: str | None,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    record: TextRecord | None = None,
    limits: Limits = DEFAULT_LIMITS,
    own: Iterable[str] = (),
    senders: Iterable[Sender] = (),
    catalogue: Catalogue | None = None,
) -> list[Finding]:
    """Async version of `lint`."""
    if domain is None:
        return _lint_text(record)
    steps = linting(domain, resolver, record, limits, name_list(own), sender_list(senders), catalogue)
    return (await adrive(steps, known_to(resolver))).findings


def is_whole_fix(fix: tuple[str, ...]) -> bool:
    """Whether nothing else is wrong with the record of a fix, as far as its text shows."""
    return all(finding.severity is Severity.INFO for finding in lint(None, record=fix))


def lint_zone(
    zone: Zone | Overlay,
    *,
    limits: Limits = DEFAULT_LIMITS,
    senders: Iterable[Sender] = (),
    catalogue: Catalogue | None = None,
) -> list[Finding]:
    """Return everything that is wrong, risky or without effect in the SPF of all names of a zone, each finding once.

    A name is linted if it has an SPF record or something like one, or if it takes mail and so should have one. A name
    that others include, and that takes no mail, is linted as a part of them. A name without SPF record is an error if
    something shows that it sends mail, and otherwise a warning.

    Args:
        zone: the zone; names outside its apexes are left out. An `Overlay` of a zone has answers for what it includes.
        limits: how much a check may ask.
        senders, catalogue: as for `lint`.

    Raises:
        ArgumentError: it is an `Overlay` of drafts, not of a zone; or `senders` is not a list of Senders.
        ResolverError: see `lint`.
    """
    own = zone_of(zone)
    if own is None:
        raise ArgumentError("there are no names to lint: this Overlay has drafts, and no zone")
    given = sender_list(senders)
    answers = known_to(zone)
    linted = {
        name: drive(linting(name, zone, None, limits, (), given, catalogue), answers) for name in names_to_lint(own)
    }
    roots = _roots(own, linted)
    said: dict[str, int] = {}  # names outside, each with the finding that says so for the whole zone
    for root in roots:
        for name, finding in linted[root].outside.items():
            said.setdefault(name, id(finding))
    repeated = {id(each) for root in roots for name, each in linted[root].outside.items() if said[name] != id(each)}
    found = [finding for root in roots for finding in linted[root].findings if id(finding) not in repeated]
    seen = {_key(finding): finding for finding in reversed([*found, *zone_names.all_beside_cname(own)])}
    return list(seen.values())[::-1]


def _roots(zone: Zone, linted: dict[str, Linted]) -> list[str]:
    """Return the names to report: those that no other linted name includes."""
    takes_mail = facts_of(zone).takes_mail
    parts = {domain for each in linted.values() for domain in _domains(each.records[1:])}
    roots = [name for name in linted if fold(name) in takes_mail or fold(name) not in parts]
    covered = {domain for root in roots for domain in _domains(linted[root].records)}
    for name, each in linted.items():  # those left form a loop
        if fold(name) not in covered:
            roots.append(name)
            covered |= _domains(each.records)
    return roots


def _domains(records: Iterable[ReachedRecord]) -> set[str]:
    return {fold(reached.domain or "") for reached in records}


def _lint_text(record: TextRecord | None) -> list[Finding]:
    """Return the findings of a record's text alone."""
    if record is None:
        raise ArgumentError("there is nothing to lint: give a domain, a record, or both")
    text = _text(record)
    answer = Answer.txt(record)
    joins = joins_of(answer)
    try:
        parsed = parse(text)
    except RecordSyntaxError:
        reached = ReachedRecord(source=text, joins=joins)
        return [*syntax.faults(reached), *sizes(reached, answer)]
    reached = ReachedRecord(source=text, record=parsed, joins=joins)
    found = [*_of_record(reached, parsed), *rentable_terms(reached, parsed), *sizes(reached, answer)]
    return _in_order(without_consequences(found), [reached])


def linting(
    domain: str,
    resolver: object,
    record: TextRecord | None,
    limits: Limits,
    own: tuple[str, ...],
    senders: tuple[Sender, ...] = (),
    catalogue: Catalogue | None = None,
    work: Work | None = None,
    tables: Tables | None = None,
    includes: SharedIncludes | None = None,
) -> Generator[Question, Answer, Linted]:
    """Return the findings of a domain, and what they are about.

    The arguments are those of `lint`. Nothing is asked of `resolver`; if it is a `Zone`, it shows which names are own.

    Args:
        work: the steps of work that are left, if they are not those of a domain on which nothing was done yet.
        tables: the ranges of the domain, if they are known.
        includes: what is known of the records that many domains include.
    """
    inputs = Inputs(domain, None, None, limits, None, 0.0, work, includes)
    answers: Answers = {}
    if record is not None:
        text = _text(record)
        if not is_spf(text):
            reached = ReachedRecord(inputs.domain, source=text)
            return Linted(list(syntax.faults(reached)), [reached], {})
        question = Question(inputs.domain, RRType.TXT)
        published = (yield question).strings
        others = [strings for strings in published if not is_spf_octets(b"".join(strings))]
        answers[question.key] = Answer.txt(record, *others)
    zone = facts_of(resolver)
    walk = yield from walking(inputs, answers, (Names((inputs.domain, *own)), zone.own), zone.proxied, tables)
    findings = yield from names.without_record(walk, zone, senders, catalogue)
    for reached in walk.records:
        findings += yield from _of_reached(walk, reached, zone)
    findings += yield from names.targets(walk)
    for reached in walk.records:
        findings += terms.host_networks(walk, reached)
    if walk.root.record is not None:
        findings += yield from limits_of(walk, findings)
        findings += yield from idle_includes(walk, senders, catalogue)
        findings += yield from terms.ineffective_terms(walk, findings)
        findings += yield from exposure(walk, findings)
        findings += yield from helo_names(walk, has_apexes=zone.has_apexes)
    findings += zone_names.of_names(walk, resolver)
    findings += names.unanswered(walk, findings)
    findings += walk.outside.values()
    if inputs.work.is_over and all(finding.code is not LintCode.WORK_LIMIT for finding in findings):
        findings.append(walk.root.of_problem(WORK_LIMIT))
    return Linted(_in_order(without_consequences(findings), walk.records), walk.records, walk.outside)


def _of_reached(walk: Walk, reached: ReachedRecord, zone: Facts) -> Findings:
    """Return the findings of a reached record, and of the other records at its name."""
    findings: list[Finding] = []
    if reached.record is not None:
        findings += _of_record(reached, reached.record)
    answer = walk.answers.get(Question(reached.domain or "", RRType.TXT).key) if reached.own else None
    if answer is not None:
        findings += sizes(reached, answer, has_strings=not zone.is_collection)
        findings += syntax.look_alikes(reached, answer)
        findings += syntax.split_records(reached, answer)
        findings += yield from _explained(walk, reached)
        findings += records_of_type_spf(reached, zone)
        findings += ttl(reached, answer, is_zone=zone.is_zone)
    return findings


def _of_record(reached: ReachedRecord, record: Record) -> Iterator[Finding]:
    """Yield the findings of a record alone; of somebody else's record, only what harms those who include it."""
    yield from terms.many_ip4(reached, record)
    if reached.own:
        yield from syntax.spaces(reached, record)
        yield from syntax.shapes(reached, record)
        yield from syntax.modifiers(reached, record)
        yield from syntax.duplicates(reached, record)
        yield from terms.all_term(reached, record)
        yield from terms.networks(reached, record)
        yield from terms.neutral(reached, record)
        yield from terms.discouraged(reached, record)


def _explained(walk: Walk, reached: ReachedRecord) -> Findings:
    """Return why a record has no explanation, unless that depends on the client (RFC 7208 §6.2)."""
    record = reached.record
    if record is None or record.explanation is None or not record.explanation.value.letters <= {"d", "o"}:
        return []
    session = Session("192.0.2.1", f"@{walk.inputs.domain}", limits=walk.inputs.limits)
    session.answers = dict(walk.answers)  # a copy, since %{p} asks for the names of this client, which nobody has
    _, problem = yield from explain(session, record.explanation, reached.domain or "")
    question = _question_of(record.explanation, reached.domain or "", walk.inputs.domain)
    answer = session.answers.get(question.key)
    if answer is not None:
        walk.answers[question.key] = answer
    if problem is None:
        return []
    if answer is not None and answer.is_unknown:
        walk.note_outside(reached, record.explanation, question, answer)
        return []
    of_client = problem.code is ProblemCode.EXP_DNS_ERROR and not (answer is not None and answer.is_failure)
    if problem.code is ProblemCode.EXP_HELO_UNKNOWN:
        of_client = True
    return [] if of_client else [reached.of_problem(problem, record.explanation)]


def _question_of(term: Explanation, domain: str, sender_domain: str) -> Question:
    """Return the question of an explanation whose name depends on domains only."""
    names = {"d": domain, "o": sender_domain}
    return Question(term.value.target or term.value.expand_name(lambda letter: names[letter]), RRType.TXT)


def _text(record: TextRecord) -> str:
    """Return the text of a record, each octet as one character."""
    if isinstance(record, tuple) and all(isinstance(string, str | bytes) for string in record):
        return "".join([_text(string) for string in record])
    if not isinstance(record, str | bytes):
        raise ArgumentError(f"a record is str or bytes, not {type(record).__name__}")
    return octets(record) if isinstance(record, str) else record.decode("latin-1")


def _in_order(findings: Iterable[Finding], records: list[ReachedRecord]) -> list[Finding]:
    """Return findings in the order of records and of spans in them, each once."""
    order = {reached.domain: index for index, reached in enumerate(records)}
    seen = {_key(finding): finding for finding in findings}
    return sorted(seen.values(), key=lambda each: (order.get(each.domain, len(records)), each.span or (-1, -1)))


def _key(finding: Finding) -> object:
    return finding.code, finding.domain, finding.span, finding.text
