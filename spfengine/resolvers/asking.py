"""Asking an object that was given as a resolver: which of the two methods it has, and whether it returns Answers."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from spfengine.answers import Answer, AsyncResolver, Question, Status
from spfengine.errors import ResolverError
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots


def resolve_of(resolver: object) -> Callable[[Question], Answer]:
    """Return the `resolve` of a resolver. Raises ResolverError if it has none."""
    resolve: Callable[[Question], Answer] | None = getattr(resolver, "resolve", None)
    if resolve is not None:
        return resolve
    raise no_resolver(resolver)


def aresolve_of(resolver: object) -> Callable[[Question], Awaitable[Answer]]:
    """Return the `aresolve` of a resolver, or its `resolve` run in a thread, so that it can't block the event loop.

    Raises:
        ResolverError: it has neither method.
    """
    aresolve: Callable[[Question], Awaitable[Answer]] | None = getattr(resolver, "aresolve", None)
    if aresolve is not None:  # isinstance(resolver, AsyncResolver) takes several times as long
        return aresolve
    from asyncio import to_thread

    resolve = resolve_of(resolver)
    return lambda question: to_thread(resolve, question)


def no_resolver(resolver: object) -> ResolverError:
    """Return the error for an object without `resolve`."""
    kind = type(resolver).__name__
    if isinstance(resolver, AsyncResolver):
        return ResolverError(f"{kind} answers in asyncio only (it has aresolve, but no resolve): use acheck()")
    return ResolverError(f"{kind} is not a resolver: it has neither resolve(question) nor aresolve(question)")


def ask(resolver: object, question: Question) -> Answer:
    """Return a resolver's answer. Raises ResolverError if it breaks the resolver protocol."""
    return require_answer(resolver, question, resolve_of(resolver)(question))


async def aask(resolver: object, question: Question) -> Answer:
    """Async version of `ask`."""
    return require_answer(resolver, question, await aresolve_of(resolver)(question))


def require_answer(resolver: object, question: Question, answer: object) -> Answer:
    """Return `answer`. Raises ResolverError unless it is an Answer to `question`."""
    if isinstance(answer, Answer) and (not answer.records or answer.type is question.type):
        return answer
    raise no_answer(resolver, question, answer)


def no_answer(resolver: object, question: Question, answer: object) -> ResolverError:
    """Return the error for a resolver that returned something else than an answer to `question`."""
    got = f"records of type {answer.type}" if isinstance(answer, Answer) else f"a {type(answer).__name__}"
    wanted = f"{question.type} of {visible_name(question.name)}"
    return ResolverError(
        f"{type(resolver).__name__} was asked for {wanted}, and must return an Answer to it, not {got}"
    )


def require_resolver(resolver: object) -> None:
    """Raise ResolverError unless this is a Resolver or an AsyncResolver."""
    if not isinstance(resolver, AsyncResolver):
        resolve_of(resolver)


def slots_of(resolver: object, loop: "AbstractEventLoop") -> "Slots | None":
    """Return the slots for questions that this event loop has in flight; None if the resolver has no limit."""
    slots: Callable[[AbstractEventLoop], Slots | None] | None = getattr(resolver, "slots", None)
    return None if slots is None else slots(loop)


class Unanswered:
    """A resolver that fails every question: for what must not be asked of DNS."""

    def __init__(self, status: Status = Status.SERVFAIL) -> None:
        self._failure = Answer.failed(status)

    def resolve(self, question: Question) -> Answer:  # noqa: ARG002 - the answer is always the same
        """Return the failure."""
        return self._failure

    async def aresolve(self, question: Question) -> Answer:  # noqa: ARG002 - the answer is always the same
        """Async version of `resolve`."""
        return self._failure
