"""A resolver that records its questions, for tests that count them."""

from spfengine.answers import Answer, Question, Resolver


class Listening:
    """Passes questions on to another resolver, and records each question and answer in `asked`."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.asked: list[tuple[Question, Answer]] = []

    def resolve(self, question: Question, /) -> Answer:
        """Return the other resolver's answer."""
        answer = self.resolver.resolve(question)
        self.asked.append((question, answer))
        return answer

    @property
    def questions(self) -> list[Question]:
        """The questions, in order."""
        return [question for question, _ in self.asked]
