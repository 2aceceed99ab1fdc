"""What the resolvers that ask the network share: a cache, slots for the questions in flight, and a report."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.resolvers.cache import Cache
from spfengine.resolvers.servers import Server

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots


class Uncached(Protocol):
    """A resolver that asks the network for every question."""

    def resolve(self, question: Question, /) -> Answer:
        """Ask, and return the answer."""
        ...

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        ...

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots":
        """Return the slots for questions that an event loop has in flight."""
        ...


class NetworkResolver:
    """A resolver with a cache, or without one.

    Attributes:
        prefetch: how many questions a check may ask ahead.
        cache: the cache of answers, or None.
    """

    is_thread_safe = True
    """Whether threads may share this resolver; `identify` then uses them."""

    def __init__(self, uncached: Uncached, prefetch: int, *, cache: bool) -> None:
        if prefetch < 0:
            raise ArgumentError(f"prefetch is a number of questions, 0 or more, not {prefetch!r}")
        self.prefetch = prefetch
        self.cache: Cache | None = Cache(uncached) if cache else None
        self._answers: Cache | Uncached = uncached if self.cache is None else self.cache

    def resolve(self, question: Question, /) -> Answer:
        """Return what DNS answers; a failure is an Answer too."""
        return self._answers.resolve(question)

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        return await self._answers.aresolve(question)

    def peek(self, question: Question, /) -> Answer | None:
        """Return the cached answer, or None; nothing is asked."""
        return None if self.cache is None else self.cache.peek(question)

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots | None":
        """Return the slots for questions that this event loop has in flight; see `in_flight`."""
        return self._answers.slots(loop)


class SlotsByLoop:
    """The slots of each event loop; `in_flight` is how many questions one may have in flight at once."""

    def __init__(self, in_flight: int) -> None:
        if in_flight < 1:
            raise ArgumentError(f"in_flight is a number of questions, 1 or more, not {in_flight!r}")
        self._in_flight = in_flight
        self._slots: WeakKeyDictionary[AbstractEventLoop, Slots] = WeakKeyDictionary()

    def __len__(self) -> int:
        """The number of event loops."""
        return len(self._slots)

    def of(self, loop: "AbstractEventLoop") -> "Slots":
        """Return the slots of an event loop."""
        found = self._slots.get(loop)
        if found is None:
            from spfengine.resolvers.slots import Slots

            found = self._slots[loop] = Slots(self._in_flight)
        return found


def reporting(
    unreachable: Callable[[str, str], None] | None, name: Callable[[Server], str]
) -> Callable[[Server, str], None] | None:
    """Return what passes a server's name and the reason to `unreachable`; None if nobody is to be called."""
    return None if unreachable is None else lambda server, reason: unreachable(name(server), reason)
