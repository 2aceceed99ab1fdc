"""Fairness between domains: those whose checks cost much wait for each other, and no other domain waits for them.

What checks cost is counted in units and charged to the domain that is checked: a question is one. One that fails is
ten, since it was sent again, or was too large, or kept a slot; so is a check that ends in temperror. An account halves
every ten seconds. A domain whose checks cost `COSTLY` units each, and `HEAVY` together, has heavy checks. Of these,
`AT_ONCE` run at once, one domain after the other in turn, and they ask nothing ahead. So one domain of silent name
servers, asked by hundreds of clients, leaves the event loop to the others.

Anyone can use any number of names below a domain of theirs, so those together have an account as well. The domain of an
organization is taken to be its last two labels, or three if these look like co.uk: an error only makes checks of heavy
domains wait for each other.

Someone may have many domains, and use each once. So a check of any domain that has cost `FREE` units by itself goes on
in turn with the heavy ones.

An ordinary domain never gets there: few of its questions fail, and answers and verdicts are cached.
"""

from asyncio import CancelledError, Future, Task, get_running_loop, shield, timeout
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic

from spfengine.problems import Result
from spfengine.receiver.decision import Decision

HEAVY = 100.0
"""Units that the account of a domain has, at least, if its checks are heavy."""
COSTLY = 8.0
"""Units that heavy checks cost on average, at least."""
AT_ONCE = 4
"""Heavy checks that run at once."""
FREE = 20.0
"""Units that any check may cost before it waits for its turn."""
FAILED = 10
"""Units of a question that fails, and of a check that ends in temperror."""
_HALF_LIFE = 10.0  # seconds
_MOST_ACCOUNTS = 10_000

_current: ContextVar["_Check | None"] = ContextVar("_current", default=None)


class _Account:
    """What the checks of a domain have cost, and how many there were; both halve with time."""

    __slots__ = ("_at", "checks", "units")

    def __init__(self, now: float) -> None:
        self.units = self.checks = 0.0
        self._at = now

    def add(self, now: float, units: float, checks: int = 0) -> None:
        """Add to the account."""
        rest = 0.5 ** ((now - self._at) / _HALF_LIFE)
        self.units = self.units * rest + units
        self.checks = self.checks * rest + checks
        self._at = now

    @property
    def is_heavy(self) -> bool:
        """Whether the checks of the domain are heavy."""
        return self.units >= HEAVY and self.units >= COSTLY * self.checks


class _Check:
    """A check that runs.

    Attributes:
        domain: the domain that is checked.
        accounts: those that it is charged to.
        units: what it has cost so far.
        turn: its turn among the heavy checks, which it may still wait for; None if it is not heavy.
    """

    __slots__ = ("accounts", "domain", "turn", "units")

    def __init__(self, domain: str, accounts: tuple[_Account, ...]) -> None:
        self.domain = domain
        self.accounts = accounts
        self.units = 0.0
        self.turn: Task[bool] | None = None


class Fairness:
    """The accounts of domains, and the heavy checks that wait.

    Args:
        seconds: how long a heavy check waits for its turn.
        clock: a monotonic clock, in seconds.

    Attributes:
        waiting: how many heavy checks wait now.
        refused: how many have waited too long, and were not made.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()  # by domain; the last one used is last
        self._running = 0
        self._waiting: OrderedDict[str, deque[Future[None]]] = OrderedDict()  # by domain; the first is next
        self.waiting: int = 0
        self.refused: int = 0

    def charge(self, units: float) -> None:
        """Charge the domain whose check runs in this context."""
        check = _current.get()
        if check is None:
            return
        check.units += units
        now = self._clock()
        for account in check.accounts:
            account.add(now, units)

    def decided(self, decision: Decision) -> None:
        """Charge the domain whose check in this context has led to a decision."""
        if decision.result.result is Result.TEMPERROR:
            self.charge(FAILED)

    @property
    def runs_heavy(self) -> bool:
        """Whether a heavy check runs in this context."""
        check = _current.get()
        return check is not None and check.turn is not None

    def _open(self, domain: str) -> _Account:
        now = self._clock()
        account = self._accounts.get(domain)
        if account is None:
            account = self._accounts[domain] = _Account(now)
            if len(self._accounts) > _MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        self._accounts.move_to_end(domain)
        account.add(now, 0, 1)
        return account

    @asynccontextmanager
    async def turn(self, domain: str) -> AsyncIterator[bool]:
        """Hold the turn of a domain while the block checks it. It yields False if the domain has waited too long, and
        must not be checked.
        """
        domain = domain.lower()
        accounts = tuple([self._open(name) for name in dict.fromkeys((domain, organization(domain)))])
        check = _Check(domain, accounts)
        _current.set(check)
        try:
            yield await self._has_turn(check) if any(account.is_heavy for account in accounts) else True
        finally:
            self._end(check)

    async def may_ask(self) -> bool:
        """Wait until the check in this context may ask DNS a question. Return False if it has waited too long."""
        check = _current.get()
        if check is None or (check.turn is None and check.units < FREE):
            return True
        return await self._has_turn(check)

    async def _has_turn(self, check: _Check) -> bool:
        """Wait for the turn of a check, once for all its questions."""
        if check.turn is None:
            check.turn = get_running_loop().create_task(self._wait(check.domain))
        return await shield(check.turn)

    def _end(self, check: _Check) -> None:
        if check.turn is None:
            return
        if not check.turn.done():
            check.turn.cancel()
        elif not check.turn.cancelled() and check.turn.result():
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
                self.refused += 1
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


def organization(domain: str) -> str:
    """Return the domain that a domain is taken to be under: its last two labels, or three if it is like a.co.uk."""
    labels = domain.removesuffix(".").split(".")
    is_second_level = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if is_second_level else -2 :])
