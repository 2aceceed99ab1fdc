"""Fairness between domains: those whose checks cost much wait for each other, and no other domain waits for them.

What checks cost is counted in units and charged to the domain that is checked: a question is one, and one that fails
is ten, since it was sent again, or was too large, or kept a slot. An account halves every ten seconds. A domain with
more than `HEAVY` units in its account has heavy checks, of which `AT_ONCE` run at once, one domain after the other in
turn. So one domain of silent name servers, asked by hundreds of clients, leaves the event loop to the others.

An ordinary domain never gets there: its answers and verdicts are cached.
"""

from asyncio import CancelledError, Future, get_running_loop, timeout
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic

HEAVY = 200.0
"""Units in the account of a domain from which on its checks wait for other heavy ones."""
AT_ONCE = 4
"""Heavy checks that run at once."""
FAILED = 10
"""Units of a question that fails."""
_HALF_LIFE = 10.0  # seconds
_MOST_ACCOUNTS = 10_000

_checked: ContextVar[str | None] = ContextVar("_checked", default=None)


class Fairness:
    """The accounts of domains, and the heavy checks that wait.

    Args:
        seconds: how long a heavy check waits for its turn.
        clock: a monotonic clock, in seconds.

    Attributes:
        waiting: how many heavy checks wait now.
        refused: how many have waited in vain.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._accounts: OrderedDict[str, tuple[float, float]] = OrderedDict()  # units, and when they were counted
        self._running = 0
        self._waiting: OrderedDict[str, deque[Future[None]]] = OrderedDict()  # by domain; the first is next
        self.waiting = 0
        self.refused = 0

    def charge(self, units: float) -> None:
        """Charge the domain whose check runs in this context."""
        domain = _checked.get()
        if domain is None:
            return
        self._accounts[domain] = self.units(domain) + units, self._clock()
        self._accounts.move_to_end(domain)
        if len(self._accounts) > _MOST_ACCOUNTS:
            self._accounts.popitem(last=False)

    def units(self, domain: str) -> float:
        """Return what is in the account of a domain now."""
        units, counted = self._accounts.get(domain, (0.0, 0.0))
        return units * 0.5 ** ((self._clock() - counted) / _HALF_LIFE) if units else 0.0

    @asynccontextmanager
    async def turn(self, domain: str) -> AsyncIterator[bool]:
        """Hold the turn of a domain while the block checks it. False: it has waited too long, and is not to be
        checked.
        """
        domain = domain.lower()
        _checked.set(domain)
        if self.units(domain) < HEAVY:
            yield True
            return
        if not await self._wait(domain):
            self.refused += 1
            yield False
            return
        try:
            yield True
        finally:
            self._next()

    async def _wait(self, domain: str) -> bool:
        if self._running < AT_ONCE:
            self._running += 1
            return True
        given: Future[None] = get_running_loop().create_future()
        self._waiting.setdefault(domain, deque()).append(given)
        self.waiting += 1
        try:
            async with timeout(self._seconds):
                await given
        except (TimeoutError, CancelledError) as error:
            if given.done() and not given.cancelled():
                self._next()  # it was given just before
            if isinstance(error, TimeoutError):
                return False
            raise
        finally:
            self.waiting -= 1
        return True

    def _next(self) -> None:
        """Give the turn to the next domain that waits."""
        while self._waiting:
            domain, queue = self._waiting.popitem(last=False)
            given = queue.popleft()
            if queue:
                self._waiting[domain] = queue  # at the end: the other domains come first
            if not given.done():
                given.set_result(None)
                return
        self._running -= 1
