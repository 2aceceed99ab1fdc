"""The trace of a check: every term, what was asked, what came back, and why it matched or did not.

A check never pays for it: the trace is made afterwards, by running check_host() again over the answers that the
result kept (see `tracing`). The reasons are worked out from what was written down then (see `reasons`).
"""

from collections.abc import Iterator
from enum import StrEnum

from spfengine.answers import Answer, Question
from spfengine.evaluation.result import Result
from spfengine.lean_typing import NamedTuple
from spfengine.problems import Problem
from spfengine.record.model import Record, Redirect, Span, Term
from spfengine.visible import visible, visible_name


class Outcome(StrEnum):
    """What became of a term."""

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"
    """The check ended here, in temperror or permerror."""
    FOLLOWED = "followed"
    """A redirect that was followed, or an explanation that was fetched."""
    NOT_EVALUATED = "not-evaluated"


class TracedQuestion(NamedTuple):
    """A question of a term.

    Attributes:
        question, answer: what was asked, and what came back.
        repeated: whether it had been asked in this check before, so was not asked again.
    """

    question: Question
    answer: Answer
    repeated: bool

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.question.name),
            "type": str(self.question.type),
            "status": str(self.answer.status),
            "records": self.answer.texts(),
            "chain": [visible_name(name) for name in self.answer.chain],
            "ttl": self.answer.ttl,
            "repeated": self.repeated,
            "void": self.answer.is_void,
        }


class Expansion(NamedTuple):
    """A domain-spec with macros, and the name that it expanded to (None: nothing, RFC 8616 §4)."""

    domain_spec: str
    name: str | None


class TracedTerm:
    """A term of a record, and what became of it.

    Attributes:
        term: the term itself, with text and span.
        outcome: what became of it.
        why: the reason, in words; safe to print.
        questions: what it asked itself; what an included record asked stands with that record's terms.
        expansions: its domain-spec expanded, where it has macros.
        record: the record that it led to (include, redirect), or None.
    """

    __slots__ = ("expansions", "outcome", "questions", "record", "term", "why")

    def __init__(self, term: Term) -> None:
        self.term = term
        self.outcome = Outcome.NOT_EVALUATED
        self.why = ""
        self.questions: list[TracedQuestion] = []
        self.expansions: list[Expansion] = []
        self.record: TracedRecord | None = None

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "term": visible(self.term.text, 1 << 16),
            "span": list(self.term.span),
            "outcome": str(self.outcome),
            "why": self.why,
            "expansions": [
                {"domain_spec": e.domain_spec, "name": None if e.name is None else visible_name(e.name)}
                for e in self.expansions
            ],
            "questions": [asked.to_dict() for asked in self.questions],
            "record": None if self.record is None else self.record.to_dict(),
        }


class TracedRecord:
    """A domain whose record was wanted, and what came of it.

    Attributes:
        domain: the domain.
        record: its record, or None where there is none that can be read.
        question: the question for it and its answer; None where it was never asked.
        result: what the record gave; None where the check ended in it, or where a redirect's record gave it.
        problem: why the check ended in this record, or in one below it.
    """

    __slots__ = ("_met", "domain", "problem", "question", "record", "result")

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.record: Record | None = None
        self.question: TracedQuestion | None = None
        self._met: dict[Span, TracedTerm] = {}  # the others are made when somebody asks: records may be long
        self.result: Result | None = None
        self.problem: Problem | None = None

    @property
    def terms(self) -> list[TracedTerm]:
        """The terms of the record in order of evaluation: directives, then redirect, then exp."""
        if self.record is None:
            return []
        modifiers = self.record.modifiers
        ordered: list[Term] = [*self.record.directives]
        ordered += [m for m in modifiers if isinstance(m, Redirect)]
        ordered += [m for m in modifiers if not isinstance(m, Redirect)]
        return [self.term(term) for term in ordered]

    def term(self, term: Term) -> TracedTerm:
        """Return a term of the record, with what became of it."""
        found = self._met.get(term.span)
        if found is None:
            found = self._met[term.span] = TracedTerm(term)
        return found

    def met(self) -> Iterator[TracedTerm]:
        """Yield the terms that were evaluated, in order."""
        return (term for term in self._met.values() if term.outcome is not Outcome.NOT_EVALUATED)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "domain": visible_name(self.domain),
            "record": None if self.record is None else self.record.source,
            "question": None if self.question is None else self.question.to_dict(),
            "terms": [term.to_dict() for term in self.terms],
            "result": None if self.result is None else str(self.result),
            "problem": None if self.problem is None else self.problem.to_dict(),
        }


class Trace(NamedTuple):
    """What happened in a check.

    Attributes:
        root: the record of the domain checked; those it includes and redirects to hang below its terms.
        result, problem: what the check came to.
    """

    root: TracedRecord
    result: Result
    problem: Problem | None

    def render(self, *, width: int | None = 80) -> str:
        """Return the tree that `spfengine check --trace` prints, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.trace import render_trace

        return render_trace(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return self.root.to_dict()


def traced(root: TracedRecord) -> Iterator[tuple[str, TracedTerm]]:
    """Yield the terms that were evaluated, in order, each with the domain of its record."""
    for term in root.met():
        yield root.domain, term
        if term.record is not None:
            yield from traced(term.record)
