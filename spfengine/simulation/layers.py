"""What answers after a change, put before what answers now; and what is asked of DNS, asked once for both."""

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from spfengine.answers import Answer, Question, Resolver
from spfengine.evaluation.questions import keyed
from spfengine.evaluation.session import Answers
from spfengine.names import fold
from spfengine.resolvers.overlay import Overlay

_T = TypeVar("_T")


class Layer(Protocol):
    """What answers after a change."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the change is about, as far as they are known beforehand."""
        ...

    def was_asked(self, name: str) -> bool:
        """Whether any question has reached what the change says of a name."""
        ...

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps with the change in force; yields what has to be asked of what answers now."""
        ...


class Drafted:
    """Drafts laid over what answers now."""

    def __init__(self, overlay: Overlay) -> None:
        self._overlay = overlay
        self.names = overlay.names

    def was_asked(self, name: str) -> bool:
        """Whether any question has reached the draft of a name."""
        return fold(name) in self._overlay.asked

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps with the drafts laid over what answers."""
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as stop:
                result: _T = stop.value
                return result
            answer = yield from self._overlay.answering(question)


class Replaced:
    """Something else answers: a zone as it will be, say. It is asked at once, so it must not be slow."""

    names: tuple[str, ...] = ()

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def was_asked(self, name: str) -> bool:  # noqa: ARG002 - there are no drafts that could be missed
        """Always true: every name is answered here."""
        return True

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps, each question answered at once; nothing is left to ask."""
        yield from ()  # it is a generator, as a Layer's must be
        answer: Any = None
        while True:
            try:
                question = steps.send(answer)
            except StopIteration as stop:
                result: _T = stop.value
                return result
            answer = self._resolver.resolve(question)


def once(steps: Generator[Question, Answer, _T], known: Answers) -> Generator[Question, Answer, _T]:
    """Run steps, asking only what is not known yet; what is asked is added."""
    answer: Any = None
    while True:
        try:
            question = steps.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        key = keyed(*question)[0]
        answer = known.get(key)
        if answer is None:
            answer = known[key] = yield question


def asking(question: Question) -> Generator[Question, Answer, Answer]:
    """Return the answer to one question."""
    return (yield question)
