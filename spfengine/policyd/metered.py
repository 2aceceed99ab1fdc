"""The resolver of the policy server: it counts what it is asked, for the metrics, charges the domain whose check asked,
and lets checks that have cost much wait.
"""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question, Status
from spfengine.policyd.fairness import FAILED, Fairness
from spfengine.policyd.metrics import Metrics
from spfengine.resolvers.asking import aask, slots_of
from spfengine.resolvers.cache import Cache

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots

_MOST_ANSWERS = 50_000
_RECORDS_FOR_ONE = 20  # records of an answer that cost as much as a question


class Shared(Cache):
    """The answers of all checks; a check that has cost much waits for its turn before it asks for one.

    It waits here, and not when its question is sent: others may wait for the same answer.
    """

    def __init__(self, resolver: "Metered", fairness: Fairness) -> None:
        super().__init__(resolver, max_entries=_MOST_ANSWERS)
        self._fairness = fairness

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the cached answer, or ask for it."""
        known = self.peek(question)
        if known is not None:
            return known
        if not await self._fairness.may_ask():
            return Answer.failed(Status.TIMEOUT)
        return await super().aresolve(question)


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
        """How many questions a check may ask ahead: none if it is heavy, else what the resolver says."""
        return 0 if self._fairness.runs_heavy else getattr(self._resolver, "prefetch", 0)

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
            records = sum(map(len, answer.strings)) or len(answer.records)
            self._fairness.charge(FAILED if answer.is_failure else records // _RECORDS_FOR_ONE)
            return answer
        finally:
            if status == "given up":
                self._fairness.charge(FAILED)
            self._metrics.question(status, self._clock() - started)
