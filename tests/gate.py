"""A resolver that answers when a test says so."""

import asyncio
from collections.abc import Callable

from spfengine.answers import Answer, Question


class Gate:
    """Answers in asyncio once it is opened; counts the questions, and those that were cancelled.

    Args:
        answer: returns the answer to a question, or raises what the resolver raises.
    """

    def __init__(self, answer: Callable[[Question], Answer]) -> None:
        self._answer = answer
        self.opened = asyncio.Event()
        self.asked = self.cancelled = 0

    async def aresolve(self, question: Question, /) -> Answer:
        """Wait until it is opened, and return the answer."""
        self.asked += 1
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self._answer(question)
