"""The survey of one domain: what its record comes to for every client, as Questions out and Answers in."""

from collections.abc import Generator, Iterable, Mapping
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import QUALIFIERS, select_record
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import linting
from spfengine.names import fold
from spfengine.policy.budget import budget
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import All, Include, Record
from spfengine.simulation.layers import once
from spfengine.surveying.surveyed import DomainState, SurveyedDomain

_ONE_FOR_ALL = (Result.NONE, Result.PERMERROR, Result.TEMPERROR)
_LIMITS = frozenset({ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS, ProblemCode.TOO_MANY_MX})
_BY_CHANCE = frozenset({ProblemCode.DNS_FAILURE, ProblemCode.TOO_MANY_MX})
"""What a policy counts with where a term rests on more than the address, though nothing says that it will come."""


def surveying(domain: str, limits: Limits, *, lint: bool) -> Generator[Question, Answer, SurveyedDomain]:
    """Return what the record of a domain comes to; yields the Questions that need answers, each once.

    Args:
        domain: a domain that can be asked for, as `read_domain` returns it.
        limits: how much a check may ask; the time limit does not count.
        lint: whether it is linted too.
    """
    known: Answers = {}
    policy = yield from once(compiling(Inputs(domain, None, None, limits, None, 0.0)), known)
    tables = [[outcome for _, _, outcome in policy.ranges(version)] for version in (4, 6)]
    outcomes = [*tables[0], *tables[1]]
    ends = _ends(outcomes)
    cost = yield from _cost(policy, tables, ends, known)
    answers = dict(known)
    codes = None
    if lint:
        findings, _ = yield from once(linting(domain, None, None, limits, ()), known)
        codes = _codes(findings)
    results = {end.result for end in ends}
    state, problem = _state(ends)
    record = _record(answers, domain)
    return SurveyedDomain(
        domain,
        state,
        result=ends[0].result if len(results) == 1 and ends[0].result in _ONE_FOR_ALL else None,
        results=tuple([each for each in Result if each in results]),
        problem=problem,
        record=record.source if isinstance(record, (Record, RecordSyntaxError)) else None,
        all=_all(answers, domain),
        redirect=None if not isinstance(record, Record) or record.redirect is None else record.redirect.value.text,
        includes=_includes(record),
        leads_to=tuple([name for name, type in answers if type is RRType.TXT and name != domain]),
        lookups=cost.lookups,
        void_lookups=cost.voids,
        endless=cost.endless,
        passing=(policy.address_count(Result.PASS, 4), policy.address_count(Result.PASS, 6)),
        conditional=any(outcome.is_conditional for outcome in outcomes),
        incomplete=any(answer.is_failure for answer in known.values()),
        lint=codes,
        ttl=policy.ttl,
        questions=len(known),
    )


def _ends(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return what checks may come to, certain outcomes first; for a conditional range the ends of its tree."""
    seen = {id(outcome): outcome for outcome in outcomes}
    pending = list(seen.values())
    ends = []
    for outcome in pending:  # it grows meanwhile
        if outcome.tree is None:
            ends.append(outcome)
            continue
        for _, branch in outcome.tree.branches:
            by_chance = branch.problem is not None and branch.problem.code in _BY_CHANCE
            if id(branch) not in seen and not by_chance:  # trees share their branches
                seen[id(branch)] = branch
                pending.append(branch)
    return ends


class _Cost(NamedTuple):
    """What the worst clients cost, of IPv4 and of IPv6."""

    lookups: tuple[int, int]
    voids: tuple[int, int]
    endless: bool = False


def _cost(
    policy: Policy, tables: list[list[Outcome]], ends: list[Outcome], known: Answers
) -> Generator[Question, Answer, _Cost]:
    """Return what the worst clients cost: what the policy says, unless it was cut off at a limit."""
    if not any(end.problem is not None and end.problem.code in _LIMITS for end in ends):
        ip4, ip6 = tables
        return _Cost(
            (max([each.lookups for each in ip4]), max([each.lookups for each in ip6])),
            (max([each.void_lookups for each in ip4]), max([each.void_lookups for each in ip6])),
        )
    need = yield from once(budget(policy.inputs, dict(policy.answers)), known)
    voids = need.voids[policy.limits.void_rule]
    return _Cost((need.lookups[4].most, need.lookups[6].most), (voids[4].most, voids[6].most), need.endless)


def _state(ends: list[Outcome]) -> tuple[DomainState, Problem | None]:
    """Return how a domain stands, and the first problem by which it does."""
    problems: dict[DomainState, Problem] = {}
    for end in ends:
        if end.problem is not None:
            problems.setdefault(_state_by(end.result, end.problem), end.problem)
    if DomainState.NONE in problems and len(problems) == 1:
        return DomainState.NONE, problems[DomainState.NONE]
    for state in (DomainState.UNKNOWN, DomainState.OVER_LIMIT, DomainState.PERMERROR):
        if state in problems:
            return state, problems[state]
    return DomainState.WORKS, None


def _state_by(result: Result | None, problem: Problem) -> DomainState:
    if result is Result.NONE:
        return DomainState.NONE
    if result is Result.TEMPERROR:
        return DomainState.UNKNOWN
    return DomainState.OVER_LIMIT if problem.code in _LIMITS else DomainState.PERMERROR


def _codes(findings: list[Finding]) -> dict[Severity, tuple[LintCode, ...]]:
    return {
        severity: tuple(dict.fromkeys([each.code for each in findings if each.severity is severity]))
        for severity in Severity
    }


def _record(answers: Mapping[Question, Answer], domain: str) -> object:
    answer = answers.get(Question(domain, RRType.TXT).key)
    return None if answer is None else select_record(answer)


def _all(answers: Mapping[Question, Answer], domain: str) -> Result | None:
    """Return the result that `all` gives in the domain's record, or in one that it redirects to."""
    seen: set[str] = set()
    while fold(domain) not in seen:
        seen.add(fold(domain))
        record = _record(answers, domain)
        if not isinstance(record, Record):
            return None
        for term in record.terms:
            if isinstance(term, All):
                return QUALIFIERS[term.qualifier]
        if record.redirect is None or record.redirect.value.target is None:
            return None
        domain = record.redirect.value.target
    return None


def _includes(record: object) -> tuple[str, ...]:
    if not isinstance(record, Record):
        return ()
    return tuple(dict.fromkeys([step.domain_spec.text for step in record.steps if isinstance(step, Include)]))
