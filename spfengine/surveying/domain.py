"""The survey of one domain: what its record comes to for every client, as Questions out and Answers in."""

from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import once
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import QUALIFIERS, select_record
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import linting
from spfengine.policy.budget import budget
from spfengine.policy.compile import Inputs
from spfengine.policy.include_tree import redirect_chain
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import All, Include, Record
from spfengine.visible import visible, visible_name

# What a survey says of one domain.

SCHEMA = "spfengine.survey/1"
"""The version of the JSON form of a line."""

_EXACT = 1 << 53
"""What every reader of JSON takes as it is; above, many read no integers."""


class DomainState(StrEnum):
    """How a domain stands, in one word. Where several hold, it is the first of them."""

    NO_DOMAIN = "no-domain"
    """What was given is no domain, so nothing was asked."""
    NONE = "none"
    """Every client gets none: there is no record, or no such domain."""
    UNKNOWN = "unknown"
    """Some client gets temperror: DNS could not answer."""
    OVER_LIMIT = "over-limit"
    """Some client gets permerror: its check needs more lookups, or void lookups, than are allowed."""
    PERMERROR = "permerror"
    """Some client gets permerror: the record, or one that it leads to, is broken or not there."""
    WORKS = "works"
    """Every client gets pass, fail, softfail or neutral."""


class SurveyedDomain(NamedTuple):
    """What the record of a domain comes to, for all clients.

    Attributes:
        domain: the domain: in lower case, U-labels as A-labels; what was given where that is no domain.
        state: how it stands, in one word.
        fault: why what was given is no domain, or None. Where it is none, nothing was asked, and all else is empty.
        result: none, permerror or temperror where every client gets it; otherwise None.
        results: the results that clients get, each once.
        problem: why some client gets none, permerror or temperror; otherwise None.
        record: the text of its record, each octet as one character; None where there is none, or not one.
        all: the result that `all` gives, in its record or in one that it redirects to; None where there is no `all`.
        redirect: the target of its redirect modifier, as written; None where there is none, or it is ignored.
        includes: the targets of its include mechanisms, as written, each once.
        leads_to: the domains whose records evaluation comes to besides its own, in the order in which it asks for them.
        lookups: the most terms that ask DNS for any client, of IPv4 and of IPv6: the true need, also over the limit.
        void_lookups: the same of void lookups, counted by the rule of the limits.
        endless: whether the records lead in a circle, so that no number of lookups is enough.
        passing: how many addresses pass, of IPv4 and of IPv6, whatever else is known of the client.
        conditional: whether some results rest on more than the client's address (macros, ptr).
        incomplete: whether DNS could not answer something.
        lint: the codes of what lint finds, by severity; None where that was not wanted.
        ttl: seconds for which the answers may be kept (the smallest of their TTLs), or None where not known.
        live: whether DNS was asked; else answers came from files.
        questions: on how many answers of DNS this rests.
        asked: when it was begun, in seconds since the epoch.
        seconds: how long it took.
    """

    domain: str
    state: DomainState
    fault: str | None = None
    result: Result | None = None
    results: tuple[Result, ...] = ()
    problem: Problem | None = None
    record: str | None = None
    all: Result | None = None
    redirect: str | None = None
    includes: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    lookups: tuple[int, int] = (0, 0)
    void_lookups: tuple[int, int] = (0, 0)
    endless: bool = False
    passing: tuple[int, int] = (0, 0)
    conditional: bool = False
    incomplete: bool = False
    lint: Mapping[Severity, tuple[LintCode, ...]] | None = None
    ttl: int | None = None
    live: bool = False
    questions: int = 0
    asked: float = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": shown(self.domain),
            "state": str(self.state),
            "fault": self.fault,
            "result": None if self.result is None else str(self.result),
            "results": [str(each) for each in self.results],
            "problem": None if self.problem is None else self.problem.to_dict(),
            "record": None if self.record is None else visible(self.record, 1 << 16),
            "all": None if self.all is None else str(self.all),
            "redirect": None if self.redirect is None else visible(self.redirect),
            "includes": [visible(each) for each in self.includes],
            "leads_to": [visible_name(each) for each in self.leads_to],
            "lookups": _by_version(self.lookups),
            "void_lookups": _by_version(self.void_lookups),
            "endless": self.endless,
            "passing": _by_version(self.passing),
            "conditional": self.conditional,
            "incomplete": self.incomplete,
            "lint": None if self.lint is None else {str(s): [str(c) for c in codes] for s, codes in self.lint.items()},
            "ttl": self.ttl,
            "live": self.live,
            "questions": self.questions,
            "asked": datetime.fromtimestamp(self.asked, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(self.seconds, 3),
        }


def shown(domain: str) -> str:
    """Return what was given as a domain, as a line shows it."""
    return visible(domain)


def _by_version(counts: tuple[int, int]) -> dict[str, int | float]:
    return {version: each if each <= _EXACT else float(each) for version, each in zip("46", counts, strict=True)}


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
    chain = yield from redirect_chain(domain, known, limits.lookups)
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
        all=_all(chain),
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


def _all(chain: Iterable[tuple[str, Record]]) -> Result | None:
    """Return the result that `all` gives in the domain's record, or in one that it redirects to; None without `all`."""
    alls = (term for _, record in chain for term in record.directives if isinstance(term, All))
    first = next(alls, None)
    return None if first is None else QUALIFIERS[first.qualifier]


def _includes(record: object) -> tuple[str, ...]:
    if not isinstance(record, Record):
        return ()
    return tuple(dict.fromkeys([step.domain_spec.text for step in record.steps if isinstance(step, Include)]))
