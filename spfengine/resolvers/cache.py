"""A cache before any resolver: answers are kept for as long as their TTL says, and no longer."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.answers import Answer, Question, RRType
from spfengine.errors import ArgumentError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver

if TYPE_CHECKING:
    from asyncio import Task

_Key = tuple[str, str]

# What an answer is taken to cost in memory, in octets: `bench/memory.py` measures it. A record that has been parsed is
# about twenty times as large as its text; hostile ones come to less than twice what is reckoned here.
_OVERHEAD = 512
_RECORD = 200
_SPF_TERM = 200
_SPF_MACRO = 200
_SPF_OCTET = 12


class _Entry(NamedTuple):
    answer: Answer
    expires: float
    octets: int


class _Flight:
    """A question that is under way in an event loop, and how many wait for its answer."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: "Task[Answer]") -> None:
        self.task = task
        self.waiting = 0


class Cache:
    """Answers of a resolver, kept until their TTL is over; itself a Resolver and an AsyncResolver.

    Failures are never kept: the next question asks again. NXDOMAIN and "no records" are kept by their own TTL. No
    answer is served past its time, which starts when the question went out; the `ttl` that it shows does not count
    down. Names compare without case. Safe to share between threads. In asyncio, the same question asked by several
    at once goes out once; it is given up when the last of them gives up.

    Attributes:
        clock: the clock by which answers grow old.
    """

    def __init__(
        self,
        resolver: object,
        *,
        max_entries: int = 10_000,
        max_octets: int = 64 << 20,
        default_ttl: float | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Put a cache before a resolver.

        Args:
            resolver: a Resolver, an AsyncResolver or both; the cache answers the ways that it does.
            max_entries: answers that are kept; of more, those not asked for the longest go.
            max_octets: what the kept answers may cost together, about; of more, as above.
            default_ttl: seconds for which an answer whose TTL is not known is kept; None: it is not kept.
            clock: seconds that only grow.

        Raises:
            ResolverError: `resolver` is none.
            ArgumentError: a bound is negative.
        """
        require_resolver(resolver)
        if max_entries < 0 or max_octets < 0 or (default_ttl is not None and default_ttl < 0):
            raise ArgumentError("max_entries, max_octets and default_ttl can't be negative")
        self._resolver = resolver
        self._max_entries = max_entries
        self._max_octets = max_octets
        self._default_ttl = default_ttl
        self.clock = clock
        self._lock = Lock()
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._octets = 0
        self._flights: dict[tuple[Any, _Key], _Flight] = {}
        self._cleared = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def prefetch(self) -> int:
        """How many questions a check may ask ahead: as many as the resolver says."""
        return getattr(self._resolver, "prefetch", 0)

    def clear(self) -> None:
        """Forget every answer, and keep none of a question that is under way."""
        with self._lock:
            self._cleared += 1
            self._flights.clear()
            self._entries.clear()
            self._octets = 0

    def peek(self, question: Question, /) -> Answer | None:
        """Return the answer that is kept, or None; nothing is asked."""
        return self._get(_key(question))

    def kept_until(self, answers: Mapping[Question, Answer]) -> float | None:
        """Return until when, by the cache's clock, all of these answers are kept, or None where one is not kept."""
        until = inf
        with self._lock:
            for question, answer in answers.items():
                entry = self._entries.get(_key(question))
                if entry is None or entry.answer is not answer:
                    return None
                until = min(until, entry.expires)
        return until

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer that is kept, or ask for it. Raises ResolverError as a driver does."""
        key = _key(question)
        answer = self._get(key)
        if answer is None:
            cleared, since = self._cleared, self.clock()
            answer = ask(self._resolver, question)
            self._keep(key, answer, since, cleared)
        return answer

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer that is kept, or ask for it. Raises ResolverError as a driver does."""
        key = _key(question)
        answer = self._get(key)
        if answer is not None:
            return answer
        import asyncio  # here: who checks without asyncio does not pay for it

        loop = asyncio.get_running_loop()
        place = loop, key
        flight = self._flights.get(place)
        if flight is None:
            flight = self._flights[place] = _Flight(loop.create_task(self._fetch(key, question)))
            flight.task.add_done_callback(lambda done: self._land(place, done))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)  # who gives up waiting does not take the answer from the others
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._remove(place, flight.task)  # at once: nobody shall join it any more
                flight.task.cancel()

    async def _fetch(self, key: _Key, question: Question) -> Answer:
        cleared, since = self._cleared, self.clock()
        answer = await aask(self._resolver, question)
        self._keep(key, answer, since, cleared)
        return answer

    def _land(self, place: tuple[Any, _Key], done: "Task[Answer]") -> None:
        self._remove(place, done)
        if not done.cancelled():
            done.exception()  # else asyncio complains where nobody waits for it any more

    def _remove(self, place: tuple[Any, _Key], task: "Task[Answer]") -> None:
        with self._lock:
            flight = self._flights.get(place)
            if flight is not None and flight.task is task:
                del self._flights[place]

    def _get(self, key: _Key) -> Answer | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if self.clock() >= entry.expires:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry.answer

    def _keep(self, key: _Key, answer: Answer, since: float, cleared: int) -> None:
        ttl = self._default_ttl if answer.ttl is None else answer.ttl
        if answer.is_failure or ttl is None or ttl <= 0:
            return
        octets = len(key[0]) + octets_of(answer)
        with self._lock:
            if self._cleared != cleared:
                return
            if key in self._entries:
                self._drop(key)
            self._entries[key] = _Entry(answer, since + ttl, octets)
            self._octets += octets
            while len(self._entries) > self._max_entries or self._octets > self._max_octets:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: _Key) -> None:
        self._octets -= self._entries.pop(key).octets


def _key(question: Question) -> _Key:
    return fold(question.name.removesuffix(".")), question.type


def octets_of(answer: Answer) -> int:
    """Return about how much memory an answer takes, with what evaluation derives from it."""
    octets = _OVERHEAD + sum(map(len, answer.chain)) + _RECORD * len(answer.records)
    if answer.type is RRType.TXT:
        octets += sum([len(part) for strings in answer.strings if len(strings) > 1 for part in strings])
        for record in answer.records:
            octets += len(record)
            if record[:6].lower() == b"v=spf1":
                octets += _SPF_OCTET * len(record) + _SPF_TERM * record.count(b" ") + _SPF_MACRO * record.count(b"%")
    return octets
