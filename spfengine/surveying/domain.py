"""The survey of one domain: what its record means for every client."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic, time

from spfengine.answers import Answer, Question, RRType
from spfengine.drivers import once
from spfengine.errors import RecordSyntaxError
from spfengine.evaluation.check_host import QUALIFIERS, select_record
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Answers
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import linting
from spfengine.policy.budget import LIMIT_CODES, Budget, budget
from spfengine.policy.compile import Tables, compile_tables, each_once
from spfengine.policy.include_tree import redirect_chain
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, policy_of
from spfengine.policy.shared import SharedIncludes
from spfengine.policy.work import Work
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import All, Include, Record
from spfengine.surveying.faults import RecordFault, broken_by, faults_of, needs_two_includes
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.survey/1"
"""The version of the JSON form."""

MAX_STEPS = 1 << 16
"""Steps of work for one domain of a survey, in place of `spfengine.policy.work.MAX_STEPS`: hostile records must not
cost the other domains much time. Published records take up to some ten thousand."""
_EXACT = 1 << 53
"""Every JSON reader takes integers up to this; above, many need a float."""


class DomainState(StrEnum):
    """The state of a domain's record. If several apply, it is the first of them."""

    NO_DOMAIN = "no-domain"
    """The text given is not a domain name, so nothing was asked."""
    NONE = "none"
    """Every client gets none: there is no record, or no such domain."""
    UNKNOWN = "unknown"
    """Some client gets temperror: DNS could not answer, or nobody was asked; or its records take too much work."""
    OVER_LIMIT = "over-limit"
    """Some client gets permerror: its check needs more lookups, or void lookups, than are allowed."""
    PERMERROR = "permerror"
    """Some client gets permerror: the record, or one that it refers to, is broken or missing."""
    WORKS = "works"
    """Every client gets pass, fail, softfail or neutral."""


@dataclass(frozen=True, slots=True, repr=False)
class SurveyedDomain:
    """What the record of a domain means for all clients.

    Attributes:
        domain: the domain, in lower case, U-labels as A-labels; or the text given, if that is not a domain name.
        state: the state of its record.
        fault: why the text given is not a domain name; None if it is one. If not, all other fields are empty.
        result: none, permerror or temperror if every client gets it; otherwise None.
        results: the results that clients get, each once.
        problem: why some client gets none, permerror or temperror, or why it is not known what some get; otherwise
            None.
        faults: what is wrong with the record, by the kinds in which measurements count; of a syntax error all kinds.
        broken_by: the other domains whose broken or missing records give some client permerror.
        record: the text of its record, each octet as one character; None if it has no record, or several.
        all: the result of the `all` in its record, or in one that it redirects to; None if there is no `all`.
        redirect: the target of its redirect modifier, as written; None if there is none, or it is ignored.
        includes: the targets of its include mechanisms, as written, each once.
        leads_to: the other domains whose records evaluation reads, in the order in which it asks for them.
        lookups: the most terms that ask DNS for any client, of IPv4 and of IPv6; the true number, even over the limit.
        void_lookups: the same for void lookups, counted by the rule of the limits.
        endless: whether the records form a loop, so that no number of lookups is enough.
        passing: how many addresses pass, of IPv4 and of IPv6, whatever the rest of the client's data is.
        conditional: whether some results depend on more than the client's address (macros, ptr).
        incomplete: whether something was not answered, or `cut`; lookups and void lookups may then be more than is said
            here.
        cut: whether the bound on work for one domain was met, so that something was left out.
        lint: the codes of lint's findings, by severity; None if the domain was not linted.
        ttl: seconds for which the answers may be kept (the smallest of their TTLs); None if not known.
        live: whether DNS was asked; otherwise the answers came from files.
        questions: how many DNS answers were used.
        asked: when the survey of the domain began, in seconds since the epoch.
        seconds: how long it took.
    """

    domain: str
    state: DomainState
    fault: str | None = None
    result: Result | None = None
    results: tuple[Result, ...] = ()
    problem: Problem | None = None
    faults: tuple[RecordFault, ...] = ()
    broken_by: tuple[str, ...] = ()
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
    cut: bool = False
    lint: Mapping[Severity, tuple[LintCode, ...]] | None = None
    ttl: int | None = None
    live: bool = False
    questions: int = 0
    asked: float = 0.0
    seconds: float = 0.0

    def __repr__(self) -> str:
        result = f", {self.result} for all" if self.result is not None else ""
        needs = f"{max(self.lookups)} lookups, {max(self.void_lookups)} void"
        return f"<SurveyedDomain {visible(self.domain, 80)}: {self.state}{result}, {needs}>"

    def to_dict(self) -> dict[str, object]:
        """Return the survey of the domain as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible(self.domain),
            "state": str(self.state),
            "fault": self.fault,
            "result": None if self.result is None else str(self.result),
            "results": [str(result) for result in self.results],
            "problem": None if self.problem is None else self.problem.to_dict(),
            "faults": [str(fault) for fault in self.faults],
            "broken_by": [visible_name(name) for name in self.broken_by],
            "record": None if self.record is None else visible(self.record, 1 << 16),
            "all": None if self.all is None else str(self.all),
            "redirect": None if self.redirect is None else visible(self.redirect),
            "includes": [visible(name) for name in self.includes],
            "leads_to": [visible_name(name) for name in self.leads_to],
            "lookups": _by_version(self.lookups),
            "void_lookups": _by_version(self.void_lookups),
            "endless": self.endless,
            "passing": _by_version(self.passing),
            "conditional": self.conditional,
            "incomplete": self.incomplete,
            "cut": self.cut,
            "lint": _by_severity(self.lint),
            "ttl": self.ttl,
            "live": self.live,
            "questions": self.questions,
            "asked": datetime.fromtimestamp(self.asked, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(self.seconds, 3),
        }


def _by_version(counts: tuple[int, int]) -> dict[str, int | float]:
    return {version: count if count <= _EXACT else float(count) for version, count in zip("46", counts, strict=True)}


def _by_severity(lint: Mapping[Severity, tuple[LintCode, ...]] | None) -> dict[str, list[str]] | None:
    return None if lint is None else {str(severity): [str(code) for code in codes] for severity, codes in lint.items()}


_ONE_FOR_ALL = (Result.NONE, Result.PERMERROR, Result.TEMPERROR)
_BY_CHANCE = frozenset({ProblemCode.DNS_FAILURE, ProblemCode.TOO_MANY_MX})
"""Problems that a policy considers if a term depends on more than the address, though they need not occur."""


def surveying(
    domain: str, limits: Limits, *, lint: bool, live: bool, includes: SharedIncludes | None = None
) -> Generator[Question, Answer, SurveyedDomain]:
    """Return what the record of a domain means for all clients. Yields the Questions that need answers, each once.

    Args:
        domain: a domain name, as `read_domain` returns it.
        limits: limits on a check, of which the time limit is not used.
        lint: whether the domain is linted too.
        live: whether DNS is asked; otherwise the answers come from files.
        includes: what is known of the records that many domains include; more is added.
    """
    asked, began = time(), monotonic()
    known: Answers = {}
    inputs = Inputs(domain, None, None, limits, None, 0.0, Work(MAX_STEPS), includes)
    tables = yield from once(compile_tables(inputs, paths=False), known)
    if includes is not None:
        includes.learn(inputs, tables.answers)
    policy = policy_of(inputs, tables)
    outcomes = tables.outcomes
    ends = _ends(outcomes)
    cost = yield from _cost(inputs, policy, tables, ends, known)
    chain = yield from redirect_chain(domain, known, limits.lookups)
    answers = dict(known)  # without those that only lint asks for
    codes = None
    if lint:
        linted = yield from once(
            linting(domain, None, None, limits, (), work=inputs.work, tables=tables, includes=includes), known
        )
        codes = _codes(linted.findings)
    results = _results(ends)
    state, problem = _state(ends)
    record = _record(answers, domain)
    return SurveyedDomain(
        domain,
        state,
        result=results[0] if len(results) == 1 and results[0] in _ONE_FOR_ALL else None,
        results=results,
        problem=problem,
        faults=faults_of(record, ends, answers, over_limit=_over_lookups(cost, chain, limits)),
        broken_by=broken_by(domain, ends),
        record=record.source if isinstance(record, (Record, RecordSyntaxError)) else None,
        all=_all(chain),
        redirect=_redirect(record),
        includes=_includes(record),
        leads_to=tuple([name for name, type in answers if type is RRType.TXT and name != domain]),
        lookups=cost.lookups,
        void_lookups=cost.voids,
        endless=cost.endless,
        passing=(policy.address_count(Result.PASS, 4), policy.address_count(Result.PASS, 6)),
        conditional=any(outcome.is_conditional for outcome in outcomes),
        incomplete=inputs.work.is_over or any(answer.is_failure for answer in known.values()),
        cut=inputs.work.is_over,
        lint=codes,
        ttl=policy.ttl,
        live=live,
        questions=len(known),
        asked=asked,
        seconds=monotonic() - began,
    )


def _ends(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes that checks may have, certain ones first; of a conditional range the leaves of its tree."""
    seen = {id(outcome): outcome for outcome in outcomes}
    pending = list(seen.values())
    ends = []
    for outcome in pending:  # which grows during the loop
        if outcome.tree is None:
            ends.append(outcome)
            continue
        for _, branch in outcome.tree.branches:
            by_chance = branch.problem is not None and branch.problem.code in _BY_CHANCE
            if id(branch) not in seen and not by_chance:  # trees share their branches
                seen[id(branch)] = branch
                pending.append(branch)
    return ends


def _results(ends: list[Outcome]) -> tuple[Result, ...]:
    results = {end.result for end in ends}
    return tuple([result for result in Result if result in results])


@dataclass(frozen=True, slots=True)
class _Cost:
    """The lookups of the most expensive clients, of IPv4 and of IPv6."""

    lookups: tuple[int, int]
    voids: tuple[int, int]
    need: Budget | None = None

    @property
    def endless(self) -> bool:
        """Whether the records form a loop."""
        return self.need is not None and self.need.endless


def _cost(
    inputs: Inputs, policy: Policy, tables: Tables, ends: list[Outcome], known: Answers
) -> Generator[Question, Answer, _Cost]:
    """Return the lookups of the most expensive clients; those of the policy, unless it was cut off at a limit."""
    if not any(end.problem is not None and end.problem.code in LIMIT_CODES for end in ends):
        ip4, ip6 = each_once(tables.ip4.outcomes), each_once(tables.ip6.outcomes)
        return _Cost(
            (max([outcome.lookups for outcome in ip4]), max([outcome.lookups for outcome in ip6])),
            (max([outcome.void_lookups for outcome in ip4]), max([outcome.void_lookups for outcome in ip6])),
        )
    need = yield from once(budget(inputs, dict(policy.answers)), known)
    voids = need.voids[policy.limits.void_rule]
    return _Cost((need.lookups[4].most, need.lookups[6].most), (voids[4].most, voids[6].most), need)


def _over_lookups(cost: _Cost, chain: list[tuple[str, Record]], limits: Limits) -> Iterator[RecordFault]:
    """Yield how the records need more lookups than allowed."""
    if cost.need is None:  # no limit was reached
        return
    if cost.endless:
        yield RecordFault.RECURSIVE
    elif cost.need.worst_lookups > limits.lookups:
        yield RecordFault.OVER_LOOKUPS
        if any(needs_two_includes(each, chain, limits.lookups) for each in cost.need.lookups.values()):
            yield RecordFault.OVER_LOOKUPS_BY_TWO_INCLUDES


def _state(ends: list[Outcome]) -> tuple[DomainState, Problem | None]:
    """Return the state of a domain, and the first problem that causes it."""
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
    if result is Result.TEMPERROR or problem.code is ProblemCode.WORK_LIMIT:
        return DomainState.UNKNOWN
    return DomainState.OVER_LIMIT if problem.code in LIMIT_CODES else DomainState.PERMERROR


def _codes(findings: list[Finding]) -> dict[Severity, tuple[LintCode, ...]]:
    return {
        severity: tuple(dict.fromkeys([finding.code for finding in findings if finding.severity is severity]))
        for severity in Severity
    }


def _record(answers: Mapping[Question, Answer], domain: str) -> object:
    answer = answers.get(Question(domain, RRType.TXT).key)
    return None if answer is None else select_record(answer)


def _all(chain: Iterable[tuple[str, Record]]) -> Result | None:
    """Return the result of the `all` in the domain's record, or in one that it redirects to."""
    alls = (term for _, record in chain for term in record.directives if isinstance(term, All))
    first = next(alls, None)
    return None if first is None else QUALIFIERS[first.qualifier]


def _redirect(record: object) -> str | None:
    return None if not isinstance(record, Record) or record.redirect is None else record.redirect.value.text


def _includes(record: object) -> tuple[str, ...]:
    if not isinstance(record, Record):
        return ()
    return tuple(dict.fromkeys([step.domain_spec.text for step in record.steps if isinstance(step, Include)]))
