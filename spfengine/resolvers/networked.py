"""What the resolvers that ask the network share: their settings, a cache, and slots for the questions in flight."""

from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.resolvers.cache import Cache

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
    """The slots of each event loop; `size` is how many questions one may have in flight at once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._slots: WeakKeyDictionary[AbstractEventLoop, Slots] = WeakKeyDictionary()

    def __len__(self) -> int:
        """The number of event loops."""
        return len(self._slots)

    def of(self, loop: "AbstractEventLoop") -> "Slots":
        """Return the slots of an event loop."""
        found = self._slots.get(loop)
        if found is None:
            from spfengine.resolvers.slots import Slots

            found = self._slots[loop] = Slots(self._size)
        return found


def check_settings(timeout: float, lifetime: float, retries: int, prefetch: int, in_flight: int) -> None:
    """Raise ArgumentError if one of these settings can't be used."""
    if not (timeout > 0 and lifetime > 0):
        raise ArgumentError(f"timeout and lifetime are seconds above 0, not {timeout!r} and {lifetime!r}")
    if retries < 0:
        raise ArgumentError(f"retries is a number of rounds, 0 or more, not {retries!r}")
    if prefetch < 0 or in_flight < 1:
        raise ArgumentError(f"prefetch is 0 or more, and in_flight 1 or more, not {prefetch!r} and {in_flight!r}")
