"""What a check that exceeded a limit would have found without it."""

from collections.abc import Generator

from spfengine.answers import Answer, Question
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import Session
from spfengine.problems import Problem, ProblemCode

_OVER = (ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS)
_RAISED = 100  # lookups: far more than real records need, and few enough for any DNS server


def is_over_limit(problem: Problem | None) -> bool:
    """Whether a check ended because its record needs too many lookups or void lookups (RFC 7208 §4.6.4)."""
    return problem is not None and problem.code in _OVER


def raised(limits: Limits) -> Limits:
    """Return higher limits, under which a check that exceeded these usually reaches a result."""
    most = max(_RAISED, limits.lookups), max(_RAISED, limits.voids)
    return Limits(*most, limits.void_rule, limits.names, limits.seconds, count_p=limits.count_p)


def beyond_limit(session: Session) -> Generator[Question, Answer, Session | None]:
    """Return the session of the same check without the limits of lookups, if `session` ended because of them.

    None if it ended otherwise, or if the check without limits ends in an error too.
    """
    if not is_over_limit(session.problem):
        return None
    again = session.again()
    again.limits = raised(session.limits)
    again.explaining = False
    yield from check_host(again)
    return again if again.problem is None else None
