"""Who may ask now: the questions of an event loop that are in flight, and which of them wait for the others.

A check waits for its own questions, and not for those that are asked ahead. So its own questions come first:

- Questions asked ahead take only free slots, at most half of all, and no more than `MOST_AHEAD`. If these are taken,
  the oldest question asked ahead ends if it is not answered after `SOON` seconds: its server is silent, or slow. Its
  check asks again if it needs the answer.
- An own question that finds no free slot ends the oldest question asked ahead as well.
- One check gets a fifth of what is left, and at least `LEAST_SHARE`: many that ask much leave some for the next one.

So an own question waits only if all slots are taken by own questions.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import Future

LEAST_SHARE = 4
"""How many questions each check may ask ahead at once, however many others do."""
MOST_AHEAD = 100
"""How many questions are asked ahead at once, in an event loop."""
SOON = 0.5
"""Seconds in which most questions are answered."""
_PART = 5  # a check may take one part in five of what is left


class Slots:
    """The slots of one event loop.

    Args:
        size: how many questions may be in flight at once.
        clock: a monotonic clock, in seconds.

    Attributes:
        in_use: how many are in flight now.
    """

    def __init__(self, size: int, clock: Callable[[], float] = monotonic) -> None:
        self.size = size
        self._clock = clock
        self.in_use: int = 0
        self._waiting: deque[Future[None]] = deque()
        self._ahead: OrderedDict[object, tuple[float, Callable[[], object]]] = OrderedDict()  # oldest first

    @property
    def ahead(self) -> int:
        """How many questions are asked ahead now."""
        return len(self._ahead)

    @property
    def share(self) -> int:
        """How many questions one check may ask ahead at once."""
        return max(LEAST_SHARE, (self._most_ahead - self.ahead) // _PART)

    @property
    def _most_ahead(self) -> int:
        return min(self.size // 2, MOST_AHEAD)

    async def take(self) -> None:
        """Wait for a slot, and take it. Give it back with `release`."""
        if self.in_use < self.size:
            self.in_use += 1
            return
        self._end_oldest()
        from asyncio import CancelledError, get_running_loop  # here, so that synchronous programs do not load it

        given: Future[None] = get_running_loop().create_future()
        self._waiting.append(given)
        try:
            await given
        except CancelledError:
            if given.done() and not given.cancelled():
                self.release()  # it was given just before the caller gave up
            elif given in self._waiting:
                self._waiting.remove(given)
            raise

    def release(self) -> None:
        """Give a slot back: to the one that has waited longest, if any does."""
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return
        self.in_use -= 1

    def ask_ahead(self, key: object, end: Callable[[], object]) -> bool:
        """Whether a question may be asked ahead now.

        Args:
            key: what `done` is called with once nothing is asked ahead for it any more.
            end: ends the question, if its slot is needed.
        """
        if self.in_use >= self.size:
            return False
        if self.ahead >= self._most_ahead:
            self._end_oldest(self._clock() - SOON)
            if self.ahead >= self._most_ahead:
                return False
        self._ahead[key] = self._clock(), end
        return True

    def done(self, key: object) -> None:
        """Note that a question is not asked ahead any more: it is answered, or its check waits for it now."""
        self._ahead.pop(key, None)

    def _end_oldest(self, before: float = inf) -> None:
        """End the question that was asked ahead first, if that was before this time."""
        for key, (asked, end) in self._ahead.items():
            if asked < before:
                del self._ahead[key]
                end()
            return
