"""A resolver that counts what it is asked, for the metrics, and charges the domain whose check asked it."""

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from spfengine.answers import Answer, Question
from spfengine.policyd.fairness import FAILED, Fairness
from spfengine.policyd.metrics import Metrics
from spfengine.resolvers.asking import aask, slots_of

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots

_RECORDS_FOR_ONE = 20  # records of an answer that cost as much as a question


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
