"""Fairness: those whose checks cost much wait for each other, and nobody else waits for them.

What checks cost is counted in units and charged to the domain that is checked: a question is one, and so is each part
of a large answer. A question that fails is ten, since it was sent again, or was too large, or kept a slot; so is a
check that ends in temperror. An account halves every ten seconds. A domain whose checks cost `COSTLY` units each, and
`HEAVY` together, has heavy checks. Of these, `AT_ONCE` run at once, one domain after the other in turn. So one domain
of silent name servers, asked by hundreds of clients, leaves the event loop to the others.

Anyone can use any number of names below a domain of theirs, so those together have an account as well. The domain of an
organization is taken to be its last two labels, or three if these look like co.uk: an error only makes checks of heavy
domains wait for each other.

Someone may have many domains, and use each once. So a check of any domain that has cost `FREE` units by itself goes on
in turn with the heavy ones. And checks are slow if nothing good is known of their organization yet, and either those
that came from the client's network have cost as much as heavy ones, or the server is crowded: more than `CROWD` checks
run. So are those of an organization that has as many by itself. Slow checks leave some turns of the event loop to
others after each question, and so do heavy ones; among them, those that have cost less by then come first, since most
good checks cost little. Neither ask ahead. Heavy ones also rest after they have worked on an answer, several times as
long as that took.

An ordinary domain never gets there: few of its questions fail, and answers and verdicts are cached.
"""

from asyncio import CancelledError, Future, Task, get_running_loop, shield, sleep, timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic

from spfengine.policyd.accounts import COSTLY, Account, Accounts, network_of, organization
from spfengine.policyd.lane import Lane, RoundRobin
from spfengine.problems import Result
from spfengine.receiver.decision import Decision

AT_ONCE = 4
"""Heavy checks that run at once."""
FREE = 20.0
"""Units that any check may cost before it waits for its turn."""
CROWD = 32
"""Checks that run at once in a server that is not crowded."""
FAILED = 10
"""Units of a question that fails, and of a check that ends in temperror."""
_REST = 3 * AT_ONCE  # times as long as a heavy check has worked on an answer, it rests; so all of them take a quarter
_LONGEST_REST = 0.5  # seconds
_TURNS = 4  # turns of the event loop that a slow check leaves to others for each unit

_current: ContextVar["_Check | None"] = ContextVar("_current", default=None)


class _Check:
    """A check that runs.

    Attributes:
        domain, organization: the accounts of the domain that is checked, and of its organization.
        network: the account of the client's network, if the check is charged to it: nothing good is known of the
            organization, and it is not heavy either.
        units: what it has cost so far.
        paid: for how many of these it has let others go first; at first less than none, for the check itself.
        turn: its turn among the heavy checks, which it may still wait for; None if it is not heavy.
        works_since: when it got the answer that it works on, by the clock; None if it has none, or waits.
    """

    __slots__ = ("domain", "network", "organization", "paid", "turn", "units", "works_since")

    def __init__(self, domain: Account, organization: Account) -> None:
        self.domain = domain
        self.organization = organization
        self.network: Account | None = None
        self.units = 0.0
        self.paid = -1.0
        self.turn: Task[bool] | None = None
        self.works_since: float | None = None

    @property
    def accounts(self) -> set[Account]:
        """The accounts that it is charged to."""
        return {self.domain, self.organization, *([] if self.network is None else [self.network])}

    @property
    def is_heavy(self) -> bool:
        """Whether the domain's checks are heavy, or those of the organization."""
        return self.domain.is_heavy or self.organization.is_heavy

    @property
    def payer(self) -> str:
        """The name that it waits as."""
        if self.network is not None:
            return self.network.name
        return self.domain.name if self.domain.is_heavy else self.organization.name


class Fairness:
    """The accounts, and the checks that wait.

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
        self._accounts = Accounts()
        self._checks = 0
        self._running = 0
        self._waiting: RoundRobin[Future[None]] = RoundRobin()
        self._lane = Lane()
        self.waiting: int = 0
        self.refused: int = 0

    def charge(self, units: float) -> None:
        """Charge those who pay for the check that runs in this context."""
        check = _current.get()
        if check is None:
            return
        check.units += units
        now = self._clock()
        for account in check.accounts:
            account.add(now, units)

    def decided(self, decision: Decision) -> None:
        """Charge those who pay for the check in this context, which has led to a decision."""
        if decision.result.result is Result.TEMPERROR:
            self.charge(FAILED)

    @property
    def asks_ahead(self) -> bool:
        """Whether the check that runs in this context may ask ahead."""
        check = _current.get()
        return check is None or (check.turn is None and not self._is_slow(check))

    def _is_slow(self, check: _Check) -> bool:
        if check.network is not None and check.network.is_heavy:
            return True
        organization = check.organization
        return self._checks > CROWD and (not organization.is_known or organization.running > CROWD)

    @asynccontextmanager
    async def turn(self, domain: str, ip: str) -> AsyncIterator[bool]:
        """Hold the turn of a check of this domain, for this client, while the block makes it. It yields False if the
        check has waited too long, and must not be made.
        """
        now = self._clock()
        domain = domain.lower()
        above = organization(domain)
        checked = self._accounts.open(domain, now)
        check = _Check(checked, checked if above == domain else self._accounts.open(above, now))
        if not (check.is_heavy or check.organization.is_known):
            check.network = self._accounts.open(network_of(ip), now)
        self._checks += 1
        check.organization.running += 1
        _current.set(check)
        may_check = False
        try:
            may_check = (not check.is_heavy or await self._has_turn(check)) and await self.may_continue()
            yield may_check
        finally:
            self._end(check, was_made=may_check)

    async def may_continue(self) -> bool:
        """Wait until the check in this context may ask DNS a question, or use the answer. Return False if it has waited
        too long.
        """
        check = _current.get()
        if check is None:
            return True
        since, check.works_since = check.works_since, None
        is_free = check.turn is None and check.units < FREE
        if is_free and not self._is_slow(check):
            return True
        if not is_free:
            if since is not None:
                await sleep(min(_REST * (self._clock() - since), _LONGEST_REST))
            if not await self._has_turn(check):
                return False
        turns = int((check.units - check.paid) * _TURNS)
        check.paid = check.units
        if turns:
            await self._lane.wait(check.payer, turns, check.units)
        return True

    def got_answer(self) -> None:
        """Note that the check in this context gets an answer now."""
        check = _current.get()
        if check is not None:
            check.works_since = self._clock()

    async def _has_turn(self, check: _Check) -> bool:
        """Wait for the turn of a check, once for all its questions."""
        if check.turn is None:
            check.turn = get_running_loop().create_task(self._wait(check.payer))
        return await shield(check.turn)

    def _end(self, check: _Check, *, was_made: bool) -> None:
        self._checks -= 1
        check.organization.running -= 1
        check.organization.cheap += was_made and check.units < COSTLY
        if check.turn is None:
            return
        if not check.turn.done():
            check.turn.cancel()
        elif not check.turn.cancelled() and check.turn.result():
            self._next()

    async def _wait(self, payer: str) -> bool:
        if self._running < AT_ONCE:
            self._running += 1
            return True
        given: Future[None] = get_running_loop().create_future()
        self._waiting.add(payer, given)
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
        """Give the turn to the next that waits."""
        while self._waiting:
            given = self._waiting.take()
            if not given.done():
                given.set_result(None)
                return
        self._running -= 1
