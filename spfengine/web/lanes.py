"""Threads that answer, in two lanes, so that requests that wait for DNS never delay those that need none.

A lane has a number of threads and a bounded queue. A request that finds it full is refused at once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any, TypeVar

from spfengine.answers import Answer, Question, Status
from spfengine.resolvers.asking import resolve_of

_T = TypeVar("_T")
_TIMED_OUT = Answer.failed(Status.TIMEOUT)


class BusyError(Exception):
    """The queue of a lane is full."""


class LateError(Exception):
    """There was no answer in time. Its thread ends later, and is not free until then."""


class Lane:
    """Threads with a bounded queue before them.

    Args:
        threads: how many requests are answered at once.
        waiting: how many more may wait.
        seconds: how long a request may take, with the time that it waits.
    """

    def __init__(self, threads: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._places = threads + waiting
        self._seconds = seconds

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns.

        Raises:
            BusyError: the queue is full.
            LateError: it takes too long.
        """
        if self._places <= 0:
            raise BusyError
        self._places -= 1
        loop = asyncio.get_running_loop()
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: _call_in(loop, self._leave))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)  # cancels what has not begun
        except TimeoutError:
            raise LateError from None

    def _leave(self) -> None:
        self._places += 1

    def close(self) -> None:
        """Take no more requests, and don't wait for those that are being answered."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


class Until:
    """A resolver for one request: after a time nothing more is asked, and every answer is TIMEOUT.

    Args:
        resolver: the resolver to ask.
        seconds: how long it is asked, from now on. A question that is being asked then is not interrupted.
        closed: once it is set, nothing more is asked either.
    """

    def __init__(self, resolver: Any, seconds: float, closed: Event) -> None:
        self._resolve = resolve_of(resolver)
        self._end = monotonic() + seconds
        self._closed = closed
        self.is_thread_safe = getattr(resolver, "is_thread_safe", False)

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer."""
        is_over = self._closed.is_set() or monotonic() >= self._end
        return _TIMED_OUT if is_over else self._resolve(question)
