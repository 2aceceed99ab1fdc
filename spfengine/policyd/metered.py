"""The resolver of the policy server: it counts what it is asked, for the metrics, charges the domain whose check asked,
and lets checks that have cost much wait.
"""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.policyd.fairness import FAILED, Fairness
from spfengine.policyd.metrics import Metrics
from spfengine.resolvers.asking import aask, slots_of
from spfengine.resolvers.cache import Cache

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots

_MOST_ANSWERS = 50_000
_UNANSWERED = Answer.failed(Status.TIMEOUT)
_RECORDS_FOR_ONE = 20  # records of an answer that cost as much as a question
_OCTETS_FOR_ONE = 500  # octets of a record that cost as much
_AGAIN = 10  # times that a large answer is used from the cache for what it cost at first


def _units(answer: Answer) -> int:
    """Return what an answer costs, apart from its question."""
    octets = sum(map(len, answer.records)) if answer.type is RRType.TXT else 0
    return (sum(map(len, answer.strings)) or len(answer.records)) // _RECORDS_FOR_ONE + octets // _OCTETS_FOR_ONE


class Shared(Cache):
    """The answers of all checks; a check that has cost much waits for its turn before it asks for one, and before it
    uses it, since to read a large record takes more time than to receive it.

    It waits here, and not when its question is sent: others may wait for the same answer.
    """

    def __init__(self, resolver: "Metered", fairness: Fairness) -> None:
        super().__init__(resolver, max_entries=_MOST_ANSWERS)
        self._fairness = fairness

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the cached answer, or ask for it."""
        answer = self.peek(question)
        if answer is None:
            answer = await super().aresolve(question) if await self._fairness.may_continue() else _UNANSWERED
        else:
            again = _units(answer) // _AGAIN
            if not again:
                return answer
            self._fairness.charge(again)
        if not await self._fairness.may_continue():
            return _UNANSWERED
        self._fairness.got_answer()
        return answer


class Metered:
    """Passes questions on to a resolver that asks DNS and does not cache."""

    def __init__(
        self, resolver: Any, fairness: Fairness, metrics: Metrics, clock: Callable[[], float] = monotonic
    ) -> None:
        self._resolver = resolver
        self._fairness = fairness
        self._metrics = metrics
        self._clock = clock

    @property
    def prefetch(self) -> int:
        """How many questions a check may ask ahead: what the resolver says, or none if it is heavy or slow."""
        return getattr(self._resolver, "prefetch", 0) if self._fairness.asks_ahead else 0

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots | None":
        """Return the slots for questions that this event loop has in flight, as the resolver says."""
        return slots_of(self._resolver, loop)

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the resolver's answer."""
        started = self._clock()
        status = "given up"
        self._fairness.charge(1)
        try:
            answer = await aask(self._resolver, question)
            status = str(answer.status)
            self._fairness.charge(FAILED if answer.is_failure else _units(answer))
            return answer
        finally:
            if status == "given up":
                self._fairness.charge(FAILED)
            self._metrics.question(status, self._clock() - started)
