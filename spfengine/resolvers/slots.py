"""Who may ask now: the questions of an event loop that are in flight, and which of them wait for the others.

A check waits for its own questions, and not for those that are asked ahead. So its own questions come first:

- Questions asked ahead take at most half of the slots, and only free ones. If none is free, the oldest question asked
  ahead ends, since answers come fast, except from servers that are silent; its check asks again if it needs the answer.
- An own question that finds no free slot ends the oldest question asked ahead as well.
- One check gets a fifth of what is left, and at least `LEAST_SHARE`: many that ask much leave some for the next one.

So an own question waits only if all slots are taken by own questions.
"""

from asyncio import CancelledError, Future, get_running_loop
from collections import OrderedDict, deque
from collections.abc import Callable

LEAST_SHARE = 4
"""How many questions each check may ask ahead at once, however many others do."""
_PART = 5  # a check may take one part in five of what is left


class Slots:
    """The slots of one event loop.

    Args:
        size: how many questions may be in flight at once.

    Attributes:
        in_use: how many are in flight now.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.in_use = 0
        self._waiting: deque[Future[None]] = deque()
        self._ahead: OrderedDict[object, Callable[[], object]] = OrderedDict()  # oldest first

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
        return self.size // 2

    async def take(self) -> None:
        """Wait for a slot, and take it. Give it back with `release`."""
        if self.in_use < self.size:
            self.in_use += 1
            return
        self._end_oldest()
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
            self._end_oldest()
            if self.ahead >= self._most_ahead:
                return False  # so few slots that none is for asking ahead
        self._ahead[key] = end
        return True

    def done(self, key: object) -> None:
        """Note that a question is not asked ahead any more: it is answered, or its check waits for it now."""
        self._ahead.pop(key, None)

    def _end_oldest(self) -> None:
        if self._ahead:
            _, end = self._ahead.popitem(last=False)
            end()
