"""What is wrong with a domain's record, by the kinds in which measurements of SPF count."""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from spfengine.answers import Answer, Question, RRType
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import select_record
from spfengine.names import fold
from spfengine.policy.budget import LIMIT_CODES, Cost
from spfengine.policy.outcome import Outcome
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import MX, A, HostDirective, Record


class RecordFault(StrEnum):
    """Stable codes of what is wrong with a domain's record. They are public API.

    A domain may have several. The first five are syntax errors in the text of its own record, and all of them are
    found. The others concern also the records that it includes or redirects to, unless they say otherwise. Those about
    names without MX or address records, and about lookups, concern all that evaluation reads, even beyond the limits.
    """

    MISSING_NETWORK = "missing-network"
    """`ip4` or `ip6` without a value."""
    MISSING_NAME = "missing-name"
    """`a:` or `mx:` without a name."""
    INVALID_VALUE = "invalid-value"
    """A mechanism or modifier with a value that it can't have: no network, no domain, no macro, no prefix length."""
    UNKNOWN_MECHANISM = "unknown-mechanism"
    """A term that is neither a mechanism of RFC 7208 nor a modifier."""
    OTHER_SYNTAX = "other-syntax"
    """Any other syntax error, such as `include` without a name, or `redirect=` twice."""
    RECURSIVE = "recursive"
    """Records include or redirect to each other in a loop, for instance a record that includes itself."""
    MULTIPLE_RECORDS = "multiple-records"
    """The domain itself has more than one SPF record."""
    INCLUDE_WITHOUT_RECORD = "include-without-record"
    """Some client gets permerror, since an include names a domain that does not exist or has no SPF record."""
    VOID_MX = "void-mx"
    """`mx` of a name without MX records. Names with macros don't count."""
    VOID_A = "void-a"
    """`a` of a name without addresses of either family. Names with macros don't count."""
    OVER_LOOKUPS = "over-lookups"
    """More terms that ask DNS than the limit allows (10), without a loop."""
    OVER_LOOKUPS_BY_TWO_INCLUDES = "over-lookups-by-two-includes"
    """The same, and two include terms of the domain's own record, or of one that it redirects to, need more lookups
    than the limit allows even without any other term."""


_C = ProblemCode
_INVALID_VALUES = frozenset(
    {
        _C.INVALID_IP4_NETWORK,
        _C.INVALID_IP6_NETWORK,
        _C.INVALID_CIDR_LENGTH,
        _C.UNEXPECTED_CIDR_LENGTH,
        _C.UNEXPECTED_ARGUMENT,
        _C.INVALID_DOMAIN_SPEC,
        _C.ADDRESS_AS_DOMAIN_SPEC,
        _C.INVALID_MACRO,
        _C.EXPLANATION_ONLY_MACRO,
        _C.MACRO_DIGITS_ZERO,
    }
)
_INCLUDE_WITHOUT_RECORD = frozenset({_C.INCLUDE_DOMAIN_NOT_FOUND, _C.INCLUDE_NO_RECORD})
_LEADS_NOWHERE = _INCLUDE_WITHOUT_RECORD | {
    _C.INCLUDE_INVALID_DOMAIN,
    _C.REDIRECT_INVALID_DOMAIN,
    _C.REDIRECT_DOMAIN_NOT_FOUND,
    _C.REDIRECT_NO_RECORD,
}
_INCLUDE = re.compile(r"[+?~-]?include:", re.IGNORECASE)
_MECHANISM = re.compile(r"[+?~-]?([a-z0-9]*)", re.IGNORECASE)


def faults_of(
    record: object,
    ends: Iterable[Outcome],
    answers: Mapping[Question, Answer],
    *,
    over_limit: Iterable[RecordFault],
) -> tuple[RecordFault, ...]:
    """Return what is wrong with a domain's record, in the order of `RecordFault`.

    Args:
        record: what `select_record` returns for the domain.
        ends: the outcomes of all clients.
        answers: the answers that evaluation used.
        over_limit: how the records need more lookups than allowed.
    """
    found = set(over_limit)
    if isinstance(record, RecordSyntaxError):
        found.update(_syntax_fault(problem, record.source) for problem in record.problems)
    elif isinstance(record, Problem) and record.code is _C.MULTIPLE_RECORDS:
        found.add(RecordFault.MULTIPLE_RECORDS)
    if any(end.problem is not None and end.problem.code in _INCLUDE_WITHOUT_RECORD for end in ends):
        found.add(RecordFault.INCLUDE_WITHOUT_RECORD)
    found.update(_void_faults(answers))
    return tuple([fault for fault in RecordFault if fault in found])


def broken_by(domain: str, ends: Iterable[Outcome]) -> tuple[str, ...]:
    """Return the other domains whose broken or missing records give some client permerror, each once, in lower case.

    A missing one is named as the term that leads to it is written, which may have macros.
    """
    names = [_culprit(end, end.problem) for end in ends if end.result is Result.PERMERROR and end.problem is not None]
    return tuple(dict.fromkeys([fold(name) for name in names if name is not None and fold(name) != domain]))


def _culprit(end: Outcome, problem: Problem) -> str | None:
    """Return the domain whose record is broken or missing; None if it is neither."""
    if problem.code in LIMIT_CODES:
        return None
    if problem.code in _LEADS_NOWHERE and end.path:
        _, term = end.path[-1]
        return re.split("[:=]", term, maxsplit=1)[-1].removesuffix(".")
    return problem.domain


def needs_two_includes(cost: Cost, chain: Iterable[tuple[str, Record]], most: int) -> bool:
    """Whether the two most expensive includes of a domain's own record need more lookups than allowed.

    Args:
        cost: the lookups of the most expensive client.
        chain: the domain's record, and those that it redirects to, each with its domain.
        most: how many lookups are allowed.
    """
    domains = {fold(domain) for domain, _ in chain}
    costs: list[int] = []  # of each include term of these records, and of any other term
    is_include = False
    for domain, term in cost.terms:
        if fold(domain) in domains:
            is_include = _INCLUDE.match(term) is not None
            costs.append(0)
        if is_include:
            costs[-1] += 1
    return sum(sorted(costs)[-2:]) > most


def _syntax_fault(problem: Problem, source: str) -> RecordFault:
    if problem.code in _INVALID_VALUES:
        return RecordFault.INVALID_VALUE
    if problem.code is _C.UNKNOWN_MECHANISM:
        return RecordFault.UNKNOWN_MECHANISM
    mechanism = _mechanism(problem, source)
    if problem.code is _C.MISSING_ARGUMENT and mechanism in ("ip4", "ip6"):
        return RecordFault.MISSING_NETWORK
    if problem.code is _C.EMPTY_DOMAIN_SPEC and mechanism in ("a", "mx"):
        return RecordFault.MISSING_NAME
    return RecordFault.OTHER_SYNTAX


def _mechanism(problem: Problem, source: str) -> str:
    """Return the name of the mechanism of a term at fault, in lower case."""
    found = None if problem.span is None else _MECHANISM.match(source, problem.span[0])
    return "" if found is None else fold(found[1])


def _void_faults(answers: Mapping[Question, Answer]) -> Iterator[RecordFault]:
    for (name, type), answer in answers.items():
        record = select_record(answer) if type is RRType.TXT else None
        if not isinstance(record, Record):
            continue
        for step in record.steps:
            if isinstance(step, (A, MX)) and _is_void(step, name, answers):
                yield RecordFault.VOID_A if isinstance(step, A) else RecordFault.VOID_MX


def _is_void(term: HostDirective, domain: str, answers: Mapping[Question, Answer]) -> bool:
    """Whether what evaluation asked for a term with a fixed name has no records."""
    target = domain if term.domain_spec is None else term.domain_spec.target
    if target is None:
        return False
    types = (RRType.MX,) if isinstance(term, MX) else (RRType.A, RRType.AAAA)
    asked = [answers[key] for type in types if (key := Question(target, type).key) in answers]
    return bool(asked) and all(answer.is_void for answer in asked)
