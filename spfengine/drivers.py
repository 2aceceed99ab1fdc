"""The only loops between the core and what answers: they send Questions out, and Answers in.

The elapsed-time limit (RFC 7208 §4.6.4) is watched here, at every question, on a monotonic clock.
"""

from collections.abc import Callable, Generator
from time import monotonic

from spfengine.answers import Answer, Question
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Deadline
from spfengine.evaluation.session import KnownAnswer, Session
from spfengine.lean_typing import Any, TypeVar
from spfengine.resolvers.asking import aresolve_of, no_answer, no_resolver

_T = TypeVar("_T")


def run(session: Session, resolver: object) -> None:
    """Come to the verdict on a session, every question answered by `resolver`; what it has at hand is never asked for.

    Where the resolver says that questions may be asked ahead, they are (see `prefetch`).

    Raises:
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    known_answer: KnownAnswer | None = getattr(resolver, "known_answer", None)
    if known_answer is not None:
        session.known_answer = known_answer
        evaluation = check_host(session)
        question = next(evaluation, None)
        if question is not None:
            drive(evaluation, resolver, session.limits.seconds, question)
    elif getattr(resolver, "prefetch", 0):
        from spfengine.prefetch import drive_ahead

        drive_ahead(session, resolver)
    else:
        drive(check_host(session), resolver, session.limits.seconds)


async def arun(session: Session, resolver: object) -> None:
    """Come to the verdict on a session in asyncio: `run` with `aresolve`."""
    if getattr(resolver, "prefetch", 0):
        from spfengine.prefetch import adrive_ahead

        await adrive_ahead(session, resolver)
    else:
        session.known_answer = getattr(resolver, "known_answer", session.known_answer)
        await adrive(check_host(session), resolver, session.limits.seconds)


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
