"""The changes that a simulation can try: drafts over what DNS answers now, or another resolver in its place."""

from collections.abc import Container, Generator, Iterable
from typing import Protocol, TypeVar

from spfengine.answers import Answer, Question, Resolver, RRType, TextRecord
from spfengine.drivers import answered_by
from spfengine.names import fold
from spfengine.resolvers.asking import Unanswered
from spfengine.resolvers.overlay import Drafts, Overlay
from spfengine.resolvers.rrsets import Records, read_name

_T = TypeVar("_T")


class Layer(Protocol):
    """A change to what DNS answers."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the change is about, if they are known beforehand."""
        ...

    def is_meant(self, name: str) -> bool:
        """Whether the change to a name was given as an SPF record, whatever it looks like."""
        ...

    def is_reached(self, name: str, asked: Container[Question]) -> bool:
        """Whether these questions, or CNAME records on their way, reach what the change has for a name."""
        ...

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps as if the change were published. Questions that it does not answer are yielded."""
        ...


def record_draft(domain: str, text: str, siblings: Iterable[TextRecord] = ()) -> dict[bytes, dict[str, Records]]:
    """Return the draft of one SPF record, next to the other TXT records of its name, as `Overlay` takes drafts.

    Each character of `domain` and `text` is one octet.
    """
    return {domain.encode("latin-1"): {"TXT": [text.encode("latin-1"), *siblings]}}


class Drafted:
    """Drafts over what DNS answers now."""

    @classmethod
    def record(cls, domain: str, text: str, siblings: Iterable[TextRecord] = ()) -> "Drafted":
        """Return the draft of one SPF record, as `record_draft` has it."""
        return cls(record_draft(domain, text, siblings), {fold(domain)})

    def __init__(self, drafts: Drafts, meant: Container[str]) -> None:
        self._overlay = Overlay(Unanswered(), drafts)
        self._meant = meant
        self._types = {fold(read_name(name, "name")): by_type for name, by_type in drafts.items()}
        self.names: tuple[str, ...] = self._overlay.names

    def is_meant(self, name: str) -> bool:
        """Whether the draft of a name was given as an SPF record, without a type."""
        return fold(name) in self._meant

    def is_reached(self, name: str, asked: Container[Question]) -> bool:
        """Whether a question of a drafted type asks for the name, or leads there through CNAME records."""
        key = fold(name)
        if not any(Question(key, type) in asked for type in RRType):
            return key in self._overlay.asked  # through CNAME records
        drafted = {str(type).upper() for type in self._types.get(key) or ()} or {"*"}
        every = drafted & {"*", "CNAME"}
        return any(Question(key, type) in asked for type in RRType if every or type in drafted)

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps, answering from the drafts first."""
        return answered_by(steps, self._overlay.answering)


class Replaced:
    """Another resolver in place of the one now, such as a zone as it will be. It must not be slow."""

    names: tuple[str, ...] = ()

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def is_meant(self, name: str) -> bool:  # noqa: ARG002 - no record was given here
        """Never: whole zones are compared."""
        return False

    def is_reached(self, name: str, asked: Container[Question]) -> bool:  # noqa: ARG002 - there are no drafts
        """Always: only names that were asked for are compared."""
        return True

    def through(self, steps: Generator[Question, Answer, _T]) -> Generator[Question, Answer, _T]:
        """Run steps, answering every question from the other resolver."""
        return answered_by(steps, self._at_once)

    def _at_once(self, question: Question) -> Generator[Question, Answer, Answer]:
        yield from ()  # a generator, as the protocol wants, but nothing is left to ask
        return self._resolver.resolve(question)
