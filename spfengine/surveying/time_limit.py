"""Asking for one domain of many: it has so much time, and leaves the others theirs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf
from time import monotonic
from typing import Any

from spfengine.answers import Answer, Question, Status
from spfengine.resolvers.asking import aresolve_of, resolve_of
from spfengine.resolvers.cache import Cache

_TOO_LATE = Answer.failed(Status.TIMEOUT)
_BEAT = 0.5
_STALL = 1.0
"""Seconds by which an event loop is late at least, so that what waits in it may have been answered long ago."""


def unchanging(resolver: object) -> bool:
    """Whether what answers is at hand, and never changes: a Zone, say."""
    return bool(getattr(resolver, "unchanging", False))


def shared(resolver: object) -> object:
    """Return a resolver that keeps answers for all domains: this one, or a Cache before it."""
    own = resolver if isinstance(resolver, Cache) else getattr(resolver, "cache", None)
    return resolver if unchanging(resolver) or isinstance(own, Cache) else Cache(resolver)


class Patience:
    """A resolver for one domain, that is asked as long as there is time; then nothing is, and all answers are TIMEOUT.

    Args:
        resolver: what answers.
        seconds: how long DNS may take for all questions together; None for no limit.
    """

    def __init__(self, resolver: Any, seconds: float | None) -> None:
        self._resolve = resolve_of(resolver)
        self._left = inf if seconds is None else seconds

    def resolve(self, question: Question, /) -> Answer:
        """Return what is answered. What is under way when the time is over is waited for."""
        if self._left <= 0:
            return _TOO_LATE
        began = monotonic()
        answer = self._resolve(question)
        self._left -= monotonic() - began
        return answer


class Side:
    """What the domains of one survey share in an event loop.

    A domain whose answer has come waits for its turn to go on, and between two turns the loop sees to the network: so
    none waits for more than one other, and no answer waits unread for long.

    Attributes:
        stalls: how often the event loop stood still for long: its own questions can't have been answered meanwhile.
    """

    def __init__(self, resolver: Any) -> None:
        from asyncio import Lock

        self.peek: Callable[[Question], Answer | None] | None = getattr(resolver, "peek", None)
        self.aresolve: Callable[[Question], Awaitable[Answer]] | None = None
        if unchanging(resolver):
            self.peek = resolve_of(resolver)
        else:
            self.aresolve = aresolve_of(resolver)
        self.stalls = 0
        self._lock = Lock()

    async def turn(self) -> None:
        """Wait for the turn of this domain."""
        from asyncio import sleep

        async with self._lock:
            await sleep(0)

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[None, None]:
        """Count stalls as long as the block runs."""
        from asyncio import create_task, gather

        watch = create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await gather(watch, return_exceptions=True)

    async def _watch(self) -> None:
        from asyncio import sleep

        while True:
            began = monotonic()
            await sleep(_BEAT)
            if monotonic() - began > _BEAT + _STALL:
                self.stalls += 1


class AsyncPatience:
    """`Patience` in asyncio, beside others: what is under way when the time is over is given up."""

    def __init__(self, side: Side, seconds: float | None) -> None:
        self._side = side
        self._left = inf if seconds is None else seconds

    async def aresolve(self, question: Question, /) -> Answer:
        """Return what is answered."""
        side = self._side
        kept = None if side.peek is None else side.peek(question)
        if kept is not None:
            return kept
        while self._left > 0:
            stalls = side.stalls
            answer, took = await self._ask(question)
            await side.turn()
            if side.stalls == stalls or answer.status is not Status.TIMEOUT:
                self._left -= took
                return answer
        return _TOO_LATE

    async def _ask(self, question: Question) -> tuple[Answer, float]:
        from asyncio import timeout

        assert self._side.aresolve is not None, "what has everything at hand is not waited for"
        began = monotonic()
        over = timeout(None if self._left == inf else self._left)
        try:
            async with over:
                answer = await self._side.aresolve(question)
        except TimeoutError:
            if not over.expired():
                raise
            answer = _TOO_LATE
        return answer, monotonic() - began
