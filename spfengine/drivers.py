"""The loops that connect a generator of questions to a resolver: Questions go out, Answers come in.

The limit of elapsed time (RFC 7208 §4.6.4) is enforced here, after each answer, on a monotonic clock.
"""

from collections.abc import Callable, Generator
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from spfengine.answers import Answer, Question
from spfengine.evaluation.limits import DeadlineError
from spfengine.evaluation.session import Answers
from spfengine.resolvers.asking import aresolve_of, no_answer, resolve_of

if TYPE_CHECKING:
    from spfengine.resolvers.live import LiveResolver

_T = TypeVar("_T")


@cache  # one resolver, and so one cache of DNS answers, for the whole process
def default_resolver() -> "LiveResolver":
    """Return the resolver that is used if none is given: live DNS as the system is configured, made once.

    Raises:
        ArgumentError: the system's settings can't be read, or have no name server to use.
    """
    from spfengine.resolvers.live import LiveResolver

    return LiveResolver()


def given_or_live(resolver: object) -> Any:
    """Return the resolver that was given, or live DNS for None."""
    return default_resolver() if resolver is None else resolver


def drive(
    evaluation: Generator[Question, Answer, _T],
    resolver: object,
    seconds: float | None = None,
    question: Question | None = None,
) -> _T:
    """Run an evaluation to its end, answering each question from `resolver` (None: live DNS).

    Args:
        seconds: the elapsed time after which `DeadlineError` is thrown into the evaluation; None for no limit.
        question: the first question, if the evaluation has already yielded it.

    Raises:
        ResolverError: `resolver` breaks the resolver protocol. Exceptions that it raises itself are passed on.
    """
    resolver = given_or_live(resolver)
    resolve = resolve_of(resolver)
    end = float("inf") if seconds is None else monotonic() + seconds
    step: Callable[[Any], Question] = evaluation.send
    value: Any = None
    while True:
        if question is None:
            try:
                question = step(value)
            except StopIteration as stop:
                result: _T = stop.value
                return result
        value = resolve(question)
        if not isinstance(value, Answer) or (value.type is not question.type and value.records):
            raise no_answer(resolver, question, value)
        question = None
        if monotonic() > end:
            step, value = evaluation.throw, DeadlineError()


async def adrive(evaluation: Generator[Question, Answer, _T], resolver: object, seconds: float | None = None) -> _T:
    """Async version of `drive`. A resolver without `aresolve` runs in a thread and can't block the event loop."""
    import asyncio  # not at the top: `import spfengine` loads no event loop

    resolver = given_or_live(resolver)
    aresolve = aresolve_of(resolver)
    over = asyncio.timeout(seconds)
    try:
        async with over:
            answer: Any = None
            while True:
                try:
                    question = evaluation.send(answer)
                except StopIteration as stop:
                    result: _T = stop.value
                    return result
                answer = await aresolve(question)
                if not isinstance(answer, Answer) or (answer.type is not question.type and answer.records):
                    raise no_answer(resolver, question, answer)
    except TimeoutError:
        if not over.expired():
            raise
    try:
        evaluation.throw(DeadlineError())
    except StopIteration as stop:
        at_deadline: _T = stop.value
        return at_deadline
    raise AssertionError("an evaluation ends at its deadline")


def once(steps: Generator[Question, Answer, _T], known: Answers) -> Generator[Question, Answer, _T]:
    """Run steps, asking only questions whose answer is not in `known`; new answers are added to it."""

    def answering(question: Question) -> Generator[Question, Answer, Answer]:
        key = question.key
        if key not in known:
            known[key] = yield question
        return known[key]

    return answered_by(steps, answering)


def answered_by(
    steps: Generator[Question, Answer, _T], answering: Callable[[Question], Generator[Question, Answer, Answer]]
) -> Generator[Question, Answer, _T]:
    """Run steps, answering each question through `answering`, which yields the questions that it asks itself."""
    answer: Any = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        answer = yield from answering(question)


def asking(question: Question) -> Generator[Question, Answer, Answer]:
    """Ask one question and return its answer."""
    return (yield question)
