"""The bound on the work for one domain, whatever its records are."""

from collections.abc import Generator
from typing import TypeVar

from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.evaluation.unanswered import ONE_CLIENT_HINT, TOO_MUCH_WORK
from spfengine.problems import Problem, ProblemCode

_T = TypeVar("_T")

MAX_STEPS = 1 << 20
"""Steps of work for one domain. A run of check_host() for a range of addresses takes one, and one more for each lookup
that it counts; an answer takes one for each record, and for each octet of an SPF record. Published records take up to
some ten thousand. What more steps would find is not known, with the problem `work-limit`."""


WORK_LIMIT = Problem(ProblemCode.WORK_LIMIT, TOO_MUCH_WORK, hint=ONE_CLIENT_HINT)
"""The problem of what is not known because no steps were left."""


class WorkIsOverError(Exception):
    """There are no steps left. It is caught where the work is done."""


class Work:
    """The steps that may still be taken for one domain, by everything that is done for it together.

    Args:
        steps: how many; MAX_STEPS by default.

    Attributes:
        left: how many are left; 0 or less if the bound is met.
    """

    __slots__ = ("left",)

    def __init__(self, steps: int | None = None) -> None:
        self.left: int = MAX_STEPS if steps is None else steps

    @property
    def is_over(self) -> bool:
        """Whether no steps are left."""
        return self.left <= 0

    def charging(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Do what `steps` does, and take steps for each answer.

        Raises:
            WorkIsOverError: an answer came for which no steps are left.
        """
        try:
            question = next(steps)
            while True:
                answer = yield question
                octets = sum(map(len, spf_texts(answer))) if question.type is RRType.TXT else 0
                self.left -= len(answer.records) + octets
                if self.is_over:
                    raise WorkIsOverError
                question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
