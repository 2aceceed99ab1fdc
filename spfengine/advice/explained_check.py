"""A check with what explains its result, and what to do if a limit ended it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from spfengine.advice.limits.limits import limit_plan
from spfengine.advice.limits.plan import LimitPlan
from spfengine.checks import check, check_both, check_helo
from spfengine.drivers import drive
from spfengine.evaluation.beyond import is_over_limit, raised
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO, MAILFROM, Session
from spfengine.evaluation.trace import traced_questions
from spfengine.linting.client import Note, noting
from spfengine.names import fold
from spfengine.problems import ProblemCode

if TYPE_CHECKING:
    from spfengine.answers import Resolver

BOTH = "both"
"""The identity of a request for both: HELO and MAIL FROM."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is to be checked.

    Attributes:
        ip, sender, helo: of the client; `helo` is None if it is not known.
        identity: "mailfrom", "helo" or "both".
        limits: the limits of the check.
        receiver: the name of the receiving host, or None.
    """

    ip: str
    sender: str
    helo: str | None = None
    identity: str = MAILFROM
    limits: Limits = DEFAULT_LIMITS
    receiver: str | None = None

    @property
    def domain(self) -> str:
        """The domain whose record is looked up; with both identities, that of MAIL FROM."""
        if self.identity == HELO:
            return Session(self.ip, "", self.helo or "", HELO).domain
        return Session(self.ip, self.sender, self.helo).domain

    def run(self, resolver: "Resolver") -> tuple[CheckResult, ...]:
        """Return the results: one, or two for both identities, HELO first. Raises as `check` does."""
        settings: dict[str, Any] = {"resolver": resolver, "limits": self.limits, "receiver": self.receiver}
        if self.identity == HELO:
            return (check_helo(self.ip, self.helo or "", **settings),)
        if self.identity == MAILFROM:
            return (check(self.ip, self.sender, self.helo, **settings),)
        return check_both(self.ip, self.sender, self.helo or "", **settings)


@dataclass(frozen=True, slots=True)
class ExplainedCheck:
    """The results of a request, and what explains them.

    Attributes:
        results: one, or two for both identities, HELO first.
        notes: for each result, what explains it further.
        beyond: by identity, what a check that ended at a limit would give without it, if that is not an error too.
        plan: how to get within the limits; None if no limit ended a check.
    """

    results: tuple[CheckResult, ...]
    notes: tuple[tuple[Note, ...], ...]
    beyond: Mapping[str, CheckResult]
    plan: LimitPlan | None

    def asked(self, names: Iterable[str]) -> dict[str, bool]:
        """Return names that have a draft, each with whether a check asked for it."""
        asked = {fold(each.question.name) for result in self.results for each in traced_questions(result.trace.root)}
        return {name: fold(name) in asked for name in names}


def explained(
    request: CheckRequest, resolver: "Resolver", results: tuple[CheckResult, ...] | None = None
) -> ExplainedCheck:
    """Return what explains the results of a request.

    Args:
        resolver: what answers DNS questions.
        results: what `request.run` returned, if it was run.
    """
    found = request.run(resolver) if results is None else results
    notes = tuple([tuple(drive(noting(result), resolver)) for result in found])
    over = next((result for result in found if _exceeds_a_limit(result)), None)
    plan = None if over is None else limit_plan(over.domain, resolver=resolver, limits=request.limits)
    return ExplainedCheck(found, notes, _beyond(request, resolver, found), plan)


def _exceeds_a_limit(result: CheckResult) -> bool:
    """Whether a check ended because the record needs too many lookups, or an mx too many hosts (RFC 7208 §4.6.4)."""
    problem = result.problem
    return is_over_limit(problem) or (problem is not None and problem.code is ProblemCode.TOO_MANY_MX)


def _beyond(request: CheckRequest, resolver: "Resolver", results: Iterable[CheckResult]) -> dict[str, CheckResult]:
    found: dict[str, CheckResult] = {}
    for result in results:
        if is_over_limit(result.problem):
            again = replace(request, identity=result.identity, limits=raised(request.limits)).run(resolver)[0]
            if again.problem is None:
                found[result.identity] = again
    return found
