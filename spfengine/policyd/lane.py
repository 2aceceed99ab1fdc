"""Waiting by name: a name of which many wait gets no more than one of which one does."""

from asyncio import Future, get_running_loop
from bisect import bisect
from collections import OrderedDict, deque
from typing import Generic, TypeVar

_COSTS = (4, 8, 16)  # units from which on a check comes after those that have cost less
_ONE_IN = 16  # turns of which one is for those that have cost more

_Item = TypeVar("_Item")


class RoundRobin(Generic[_Item]):
    """Items by name, which are taken one name after the other, and those of a name in their order."""

    def __init__(self) -> None:
        self._queues: OrderedDict[str, deque[_Item]] = OrderedDict()  # the first is next; none is empty

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, name: str, item: _Item) -> None:
        """Add an item."""
        self._queues.setdefault(name, deque()).append(item)

    def take(self) -> _Item:
        """Remove the next item and return it. There must be one."""
        name, queue = self._queues.popitem(last=False)
        item = queue.popleft()
        if queue:
            self._queues[name] = queue  # at the end: the others come first
        return item


class Lane:
    """Lets those who wait go on slowly: in each turn of the event loop, one of them comes one turn closer.

    If the loop has nothing else to do, a turn takes some microseconds. The more the others have to do, the longer.

    Those that have cost little come first, since most good checks do; of `_ONE_IN` turns, one is for the others.
    """

    def __init__(self) -> None:
        self._waiting: list[RoundRobin[tuple[Future[None], int]]] = [RoundRobin() for _ in range(len(_COSTS) + 1)]
        self._turns = 0
        self._moves = False

    async def wait(self, name: str, turns: int, cost: float) -> None:
        """Wait for so many turns of this name, after those that have cost less."""
        loop = get_running_loop()
        waits: Future[None] = loop.create_future()
        waiting = self._waiting[bisect(_COSTS, cost)]
        for left in range(turns - 1, -1, -1):
            waiting.add(name, (waits, left))
        if not self._moves:
            self._moves = True
            loop.call_soon(self._move)
        await waits

    def _move(self) -> None:
        while any(self._waiting):
            waits, left = self._next().take()
            if waits.done():
                continue  # who waited has given up
            if not left:
                waits.set_result(None)
            get_running_loop().call_soon(self._move)
            return
        self._moves = False

    def _next(self) -> RoundRobin[tuple[Future[None], int]]:
        """Return those of which one has the next turn."""
        self._turns += 1
        turns = self._turns
        first, *others = filter(None, self._waiting)
        while others and turns % _ONE_IN == 0:
            first, *others = others
            turns //= _ONE_IN
        return first
