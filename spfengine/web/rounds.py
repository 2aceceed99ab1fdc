"""Answers in a browser, where Python can't wait for the network in the middle of an answer.

A request is answered in rounds. What is not known yet is noted, asked all at once after the round, and known in the
next one. Each round does all the work again, of which there is little, and the last one is the same as if DNS had
answered each question at once. Since a round notes all questions that it meets, there are few rounds.
"""

from asyncio import Semaphore, gather, timeout
from time import monotonic

from spfengine.answers import Answer, AsyncResolver, Question, Status
from spfengine.web.answers import Answer as Document, answer

_MOST_ROUNDS = 100
_AT_ONCE = 20
_UNKNOWN = Answer.failed(Status.UNKNOWN)
_TIMED_OUT = Answer.failed(Status.TIMEOUT)


class Noting:
    """A resolver that knows some answers, and notes the questions that it does not know.

    Attributes:
        missing: these questions, by their key.
        is_over: whether they are answered with TIMEOUT, since nothing more is asked.
    """

    is_thread_safe = False

    def __init__(self) -> None:
        self._known: dict[object, Answer] = {}
        self.missing: dict[object, Question] = {}
        self.is_over = False

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer, or that it is not known."""
        known = self._known.get(question.key)
        if known is not None:
            return known
        if self.is_over:
            return _TIMED_OUT
        self.missing[question.key] = question
        return _UNKNOWN

    async def ask(self, resolver: AsyncResolver, end: float) -> None:
        """Ask what is missing, until a time of the monotonic clock."""
        places = Semaphore(_AT_ONCE)

        async def one(key: object, question: Question) -> None:
            async with places:
                self._known[key] = await resolver.aresolve(question)

        missing, self.missing = self.missing, {}
        try:
            async with timeout(end - monotonic()):
                await gather(*[one(key, question) for key, question in missing.items()])
        except TimeoutError:
            self.is_over = True


async def answer_in_rounds(document: object, resolver: AsyncResolver, seconds: float) -> Document:
    """Return what `answer` returns, with DNS answers of a resolver that can only be awaited.

    Args:
        document: the request, as JSON values.
        resolver: what asks DNS.
        seconds: how long DNS is asked; after that every answer is TIMEOUT.
    """
    noting = Noting()
    end = monotonic() + seconds
    for _ in range(_MOST_ROUNDS):
        found = answer(document, lambda: noting)
        if not noting.missing:
            return found
        await noting.ask(resolver, end)
    noting.is_over = True
    return answer(document, lambda: noting)
