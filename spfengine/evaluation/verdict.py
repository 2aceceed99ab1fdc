"""A verdict apart from the client that it was reached for: it holds for all clients of a range of addresses."""

from spfengine.evaluation.limits import Limits
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Answers, Session
from spfengine.problems import Problem
from spfengine.record.model import Directive, Term


class Verdict:
    """What a check came to, and what it rests on; see `Session` for the attributes.

    Only of a session whose run would have gone the same way for every sender and HELO name.
    """

    __slots__ = (
        "answers", "directive", "explanation", "explanation_problem", "limits", "lookups", "path", "problem",
        "receiver", "record_domain", "result", "voids",
    )  # fmt: skip
    answers: Answers
    directive: Directive | None
    explanation: str | None
    explanation_problem: Problem | None
    limits: Limits
    lookups: int
    path: list[tuple[str, Term]]
    problem: Problem | None
    receiver: str | None
    record_domain: str | None
    result: Result
    voids: int
    asked_ahead = 0
    unneeded = 0

    def __init__(self, session: Session) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(session, name))

    def session(self, ip: object, sender: str, helo: str, identity: str) -> Session:
        """Return the session of another client of the range: its arguments, and this verdict."""
        session = Session(ip, sender, helo, identity, self.limits, self.receiver)
        for name in self.__slots__:
            setattr(session, name, getattr(self, name))
        return session
