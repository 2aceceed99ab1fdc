"""The only loops between the core and what answers: they send Questions out, and Answers in.

The elapsed-time limit (RFC 7208 §4.6.4) is watched here, at every question, on a monotonic clock.
"""

from collections.abc import Callable, Generator
from time import monotonic
from typing import Any, TypeVar

from spfengine.answers import Answer, Question
from spfengine.evaluation.limits import Deadline
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.session import Answers
from spfengine.resolvers.asking import aresolve_of, no_answer, no_resolver

_T = TypeVar("_T")


def drive(
    evaluation: Generator[Question, Answer, _T],
    resolver: object,
    seconds: float | None,
    question: Question | None = None,
) -> _T:
    """Run an evaluation to its end, each question answered by `resolver`.

    Args:
        seconds: after which elapsed time the evaluation is told that its time is over; None for never.
        question: the one that the evaluation stands at, where it has begun.

    Raises:
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    try:
        resolve: Callable[[Question], Any] = resolver.resolve  # type: ignore[attr-defined]  # asked of anything
    except AttributeError:
        raise no_resolver(resolver) from None
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
        answer = value = resolve(question)
        if not isinstance(answer, Answer) or (answer.type is not question.type and answer.records):
            raise no_answer(resolver, question, answer)
        question = None
        if monotonic() > end:
            step, value = evaluation.throw, Deadline()


async def adrive(evaluation: Generator[Question, Answer, _T], resolver: object, seconds: float | None) -> _T:
    """Run an evaluation to its end in asyncio: `drive` with `aresolve`.

    A resolver that has only `resolve` is run in a thread, so that it can't block the event loop.
    """
    import asyncio  # here: who checks without asyncio does not pay for it

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
        evaluation.throw(Deadline())
    except StopIteration as stop:
        result = stop.value
        return result
    raise AssertionError("an evaluation ends at its deadline")


def once(steps: Generator[Question, Answer, _T], known: Answers) -> Generator[Question, Answer, _T]:
    """Run steps, asking only what is not known yet; what is asked is added."""

    def answering(question: Question) -> Generator[Question, Answer, Answer]:
        key = keyed(*question)[0]
        if key not in known:
            known[key] = yield question
        return known[key]

    return answered_by(steps, answering)


def answered_by(
    steps: Generator[Question, Answer, _T], answering: Callable[[Question], Generator[Question, Answer, Answer]]
) -> Generator[Question, Answer, _T]:
    """Run steps, each question answered by `answering`, which yields what it has to ask itself."""
    answer: Any = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        answer = yield from answering(question)


def asking(question: Question) -> Generator[Question, Answer, Answer]:
    """Return the answer to one question."""
    return (yield question)
