"""A cache before any resolver: answers are kept for as long as their TTL says, and no longer."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver

if TYPE_CHECKING:
    from asyncio import Task

_Key = tuple[str, str]

_OVERHEAD = 512
"""Octets that an answer is taken to cost beside its records."""


class _Entry(NamedTuple):
    answer: Answer
    expires: float
    octets: int


class Cache:
    """Answers of a resolver, kept until their TTL is over; itself a Resolver and an AsyncResolver.

    Failures are never kept: the next question asks again. NXDOMAIN and "no records" are kept by their own TTL. No
    answer is served past its time, which starts when the question went out; the `ttl` that it shows does not count
    down. Names compare without case. Safe to share between threads. In asyncio, the same question asked by several
    at once goes out once.
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
        self._clock = clock
        self._lock = Lock()
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._octets = 0
        self._flights: dict[tuple[Any, _Key], Task[Answer]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget every answer."""
        with self._lock:
            self._entries.clear()
            self._octets = 0

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer that is kept, or ask for it. Raises ResolverError as a driver does."""
        key = _key(question)
        answer = self._get(key)
        if answer is None:
            since = self._clock()
            answer = ask(self._resolver, question)
            self._keep(key, answer, since)
        return answer

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer that is kept, or ask for it. Raises ResolverError as a driver does."""
        key = _key(question)
        answer = self._get(key)
        if answer is not None:
            return answer
        import asyncio  # here: who checks without asyncio does not pay for it

        loop = asyncio.get_running_loop()
        flight = self._flights.get((loop, key))
        if flight is None:
            flight = self._flights[loop, key] = loop.create_task(self._fetch(key, question))
            flight.add_done_callback(lambda done: self._land((loop, key), done))
        return await asyncio.shield(flight)  # who gives up waiting does not take the answer from the others

    async def _fetch(self, key: _Key, question: Question) -> Answer:
        since = self._clock()
        answer = await aask(self._resolver, question)
        self._keep(key, answer, since)
        return answer

    def _land(self, flight: tuple[Any, _Key], done: "Task[Answer]") -> None:
        self._flights.pop(flight, None)
        if not done.cancelled():
            done.exception()  # else asyncio complains where nobody waits for it any more

    def _get(self, key: _Key) -> Answer | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if self._clock() >= entry.expires:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry.answer

    def _keep(self, key: _Key, answer: Answer, since: float) -> None:
        ttl = self._default_ttl if answer.ttl is None else answer.ttl
        if answer.is_failure or ttl is None or ttl <= 0:
            return
        octets = _OVERHEAD + len(key[0]) + sum(map(_octets, answer.records)) + sum(map(len, answer.chain))
        with self._lock:
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


def _octets(record: Any) -> int:
    return len(record) if isinstance(record, bytes | str) else 64
