"""A cache in front of any resolver: answers are kept for as long as their TTL says, and no longer."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, RRType, is_spf_octets
from spfengine.errors import ArgumentError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver, slots_of
from spfengine.visible import visible

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Task

    from spfengine.resolvers.slots import Slots

MAX_TTL = 604_800
"""The longest time in seconds, a week, for which an answer from DNS is kept, whatever its TTL (RFC 2181 §8)."""

_Key = tuple[str, str]

# Estimated memory of an answer, in octets, as `bench/memory.py` measures it. A parsed record takes about twenty times
# the memory of its text; a hostile one takes less than twice what is estimated here.
_OVERHEAD = 512
_RECORD = 200
_SPF_TERM = 200
_SPF_MACRO = 200
_SPF_OCTET = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    answer: Answer
    expires: float
    octets: int


class _Flight:
    """A question that has been sent, in one event loop, and the callers that wait for its answer.

    Attributes:
        task: what asks it.
        waiting: a future for each caller, so that one that gives up does not cancel the question for the others.
    """

    __slots__ = ("task", "waiting")

    def __init__(self, task: "Task[Answer]") -> None:
        self.task = task
        self.waiting: set[Future[Answer]] = set()


class Cache:
    """Answers of a resolver, kept until their TTL expires; itself a Resolver and an AsyncResolver.

    Failures are never kept: the next question asks again. NXDOMAIN and "no records" are kept by their own TTL. No
    answer is served after its TTL, counted from when the question was sent, or after a week; the `ttl` that an answer
    shows does not count down. Names compare without case. Safe to share between threads. In asyncio, a question that
    several callers ask at once is sent once; it is cancelled when the last of them gives up.

    Attributes:
        clock: the clock by which answers expire.
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
        """Put a cache in front of a resolver.

        Args:
            resolver: a Resolver, an AsyncResolver or both; the cache has the same methods.
            max_entries: answers kept; beyond that, the least recently asked for are dropped.
            max_octets: their estimated memory; beyond that, the same.
            default_ttl: seconds for which an answer of unknown TTL is kept; None: it is not kept.
            clock: a monotonic clock, in seconds.

        Raises:
            ResolverError: `resolver` is not a resolver.
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

    def __repr__(self) -> str:
        return f"<Cache: {len(self)} answers of a {visible(type(self._resolver).__name__, 60)}>"

    @property
    def prefetch(self) -> int:
        """How many questions a check may ask ahead, as the resolver says."""
        return getattr(self._resolver, "prefetch", 0)

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots | None":
        """Return the slots for questions that this event loop has in flight, as the resolver says; None: no limit."""
        return slots_of(self._resolver, loop)

    def clear(self) -> None:
        """Drop every answer, and do not keep the answers of questions that have been sent already."""
        with self._lock:
            self._cleared += 1
            self._flights.clear()
            self._entries.clear()
            self._octets = 0

    def peek(self, question: Question, /) -> Answer | None:
        """Return the cached answer, or None; nothing is asked."""
        return self._get(_key(question))

    def kept_until(self, answers: Mapping[Question, Answer]) -> float | None:
        """Return until when, by the cache's clock, all of these answers are kept; None if one of them is not cached."""
        until = inf
        with self._lock:
            for question, answer in answers.items():
                entry = self._entries.get(_key(question))
                if entry is None or entry.answer is not answer:
                    return None
                until = min(until, entry.expires)
        return until

    def resolve(self, question: Question, /) -> Answer:
        """Return the cached answer, or ask for it. Raises ResolverError if the resolver is not one."""
        key = _key(question)
        answer = self._get(key)
        if answer is None:
            cleared, since = self._cleared, self.clock()
            answer = ask(self._resolver, question)
            self._keep(key, answer, since, cleared)
        return answer

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        key = _key(question)
        answer = self._get(key)
        if answer is not None:
            return answer
        from asyncio import get_running_loop  # here, so that synchronous programs do not load it

        loop = get_running_loop()
        flight_key = loop, key
        flight = self._flights.get(flight_key)
        if flight is None:
            new = flight = self._flights[flight_key] = _Flight(loop.create_task(self._fetch(key, question)))
            flight.task.add_done_callback(lambda _: self._land(flight_key, new))
        given: Future[Answer] = loop.create_future()
        flight.waiting.add(given)
        try:
            return await given
        finally:
            flight.waiting.discard(given)
            if not flight.waiting and not flight.task.done():
                self._remove(flight_key, flight)  # now, so that no other caller joins a cancelled task
                flight.task.cancel()

    async def _fetch(self, key: _Key, question: Question) -> Answer:
        cleared, since = self._cleared, self.clock()
        answer = await aask(self._resolver, question)
        self._keep(key, answer, since, cleared)
        return answer

    def _land(self, flight_key: tuple[Any, _Key], flight: _Flight) -> None:
        """Give the answer of a question, or what was raised instead, to those that wait for it."""
        self._remove(flight_key, flight)
        task = flight.task
        error = None if task.cancelled() else task.exception()
        for given in flight.waiting:
            if given.done():
                continue
            if task.cancelled():
                given.cancel()
            elif error is not None:
                given.set_exception(error)
            else:
                given.set_result(task.result())

    def _remove(self, flight_key: tuple[Any, _Key], flight: _Flight) -> None:
        with self._lock:
            if self._flights.get(flight_key) is flight:
                del self._flights[flight_key]

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
        ttl = self._default_ttl if answer.ttl is None else min(answer.ttl, MAX_TTL)
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
    """Return the estimated memory of an answer, including what evaluation derives from it."""
    octets = _OVERHEAD + sum(map(len, answer.chain)) + _RECORD * len(answer.records)
    if answer.type is RRType.TXT:
        octets += sum([len(part) for strings in answer.strings if len(strings) > 1 for part in strings])
        for record in answer.records:
            octets += len(record)
            if is_spf_octets(record):
                octets += _SPF_OCTET * len(record) + _SPF_TERM * record.count(b" ") + _SPF_MACRO * record.count(b"%")
    return octets
