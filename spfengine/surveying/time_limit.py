"""A DNS time limit per surveyed domain, sync and in asyncio, where it must not cost the other domains any time."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, Status
from spfengine.resolvers.asking import aresolve_of, resolve_of
from spfengine.resolvers.cache import Cache

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

_TIMED_OUT = Answer.failed(Status.TIMEOUT)
_BEAT = 0.5
_STALL = 1.0
"""Seconds of delay from which on an event loop counts as stalled: answers may have come in without being read."""
_MOST_AT_ONCE = 16
"""Domains that go on in one turn of the event loop."""
_SHORT = 0.02
"""Seconds: after a longer turn, one domain goes on in the next."""


def unchanging(resolver: object) -> bool:
    """Whether a resolver's answers never change and take no time, as those of a Zone."""
    return bool(getattr(resolver, "unchanging", False))


def with_cache(resolver: object) -> object:
    """Return a resolver that caches answers for all domains: this one if it does, or a Cache in front of it."""
    own = resolver if isinstance(resolver, Cache) else getattr(resolver, "cache", None)
    return resolver if unchanging(resolver) or isinstance(own, Cache) else Cache(resolver)


class TimeLimited:
    """A resolver for one domain with a time limit: after that nothing is asked, and every answer is TIMEOUT.

    Args:
        resolver: the resolver to ask.
        seconds: how long DNS may take for all questions together; None for no limit.
    """

    def __init__(self, resolver: Any, seconds: float | None) -> None:
        self._resolve = resolve_of(resolver)
        self._left = inf if seconds is None else seconds

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer. A question that is being asked when the time is over is not interrupted."""
        if self._left <= 0:
            return _TIMED_OUT
        began = monotonic()
        answer = self._resolve(question)
        self._left -= monotonic() - began
        return answer


class SharedLoop:
    """What the domains of one survey share in an event loop.

    After their answers, only some domains go on in one turn of the event loop, and then it handles the network. So no
    answer waits long to be read. They are few as long as turns are long, since a domain may take much work; many are
    faster, since what they all use stays in the processor's caches.

    Attributes:
        stalls: how often the event loop was late, so that answers may have come in without being read.
    """

    def __init__(self, resolver: Any) -> None:
        self.peek: Callable[[Question], Answer | None] | None = getattr(resolver, "peek", None)
        self.aresolve: Callable[[Question], Awaitable[Answer]] | None = None
        if unchanging(resolver):
            self.peek = resolve_of(resolver)
        else:
            self.aresolve = aresolve_of(resolver)
        self.stalls = 0
        self._waiting: deque[Future[None]] = deque()
        self._is_calling = False
        self._at_once = 1
        self._called = -inf

    async def turn(self) -> None:
        """Wait for this domain's turn."""
        from asyncio import get_running_loop

        loop = get_running_loop()
        called: Future[None] = loop.create_future()
        self._waiting.append(called)
        if not self._is_calling:
            self._is_calling = True
            loop.call_soon(self._call, loop)
        await called

    def _call(self, loop: "AbstractEventLoop") -> None:
        """Let the domains go on that have waited longest; the others after the loop has handled the network."""
        now = monotonic()
        self._at_once = min(2 * self._at_once, _MOST_AT_ONCE) if now - self._called < _SHORT else 1
        self._called = now
        left = self._at_once
        while self._waiting and left:
            called = self._waiting.popleft()
            if not called.done():  # its survey may have been cancelled
                called.set_result(None)
                left -= 1
        self._is_calling = bool(self._waiting)
        if self._is_calling:
            loop.call_soon(self._call, loop)

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[None, None]:
        """Count stalls while the block runs."""
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


class AsyncTimeLimited:
    """`TimeLimited` in asyncio: a question that is being asked when the time is over is cancelled.

    A timeout during which the event loop stalled does not count: the question is asked again.
    """

    def __init__(self, shared: SharedLoop, seconds: float | None) -> None:
        self._shared = shared
        self._left = inf if seconds is None else seconds

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer."""
        shared = self._shared
        cached = None if shared.peek is None else shared.peek(question)
        if cached is not None:
            return cached
        while self._left > 0:
            stalls = shared.stalls
            answer, took = await self._ask(question)
            await shared.turn()
            if shared.stalls == stalls or answer.status is not Status.TIMEOUT:
                self._left -= took
                return answer
        return _TIMED_OUT

    async def _ask(self, question: Question) -> tuple[Answer, float]:
        from asyncio import timeout

        assert self._shared.aresolve is not None, "an unchanging resolver has answered in peek"
        began = monotonic()
        over = timeout(None if self._left == inf else self._left)
        try:
            async with over:
                answer = await self._shared.aresolve(question)
        except TimeoutError:
            if not over.expired():
                raise
            answer = _TIMED_OUT
        return answer, monotonic() - began
