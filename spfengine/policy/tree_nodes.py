"""What an include tree is made of: records, their terms, and what each asks of DNS."""

from collections.abc import Iterator
from typing import NamedTuple

from spfengine.evaluation.limits import Limits
from spfengine.evaluation.mechanisms import too_many_mx
from spfengine.evaluation.result import Result
from spfengine.evaluation.trace import TracedQuestion
from spfengine.policy.budget import Budget
from spfengine.policy.outcome import Input
from spfengine.policy.over_limits import over_limits
from spfengine.problems import Problem
from spfengine.record.model import MX, Directive, Include, Record, Redirect, Term
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.tree/1"
"""The version of the JSON form of a tree."""


class TreeTerm(NamedTuple):
    """A term of a record.

    Attributes:
        term: the term itself, with text and span.
        lookup: which lookup of the worst address it is, from 1 on; None where it is none of them.
        unused: why it is never evaluated, in words; None where it may be.
        targets: the names that it is about: one, but for a macro that differs for IPv4 and IPv6 clients.
        inputs: what its target-name rests on besides, so that only a check of one client can tell it.
        questions: what it asks for clients of both families, each with its answer.
        records: the records that an include or redirect leads to, one for each target.
    """

    term: Term
    lookup: int | None = None
    unused: str | None = None
    targets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    questions: tuple[TracedQuestion, ...] = ()
    records: tuple["TreeRecord", ...] = ()

    @property
    def is_charged(self) -> bool:
        """Whether it counts against the limit of lookups wherever it is evaluated (RFC 7208 §4.6.4)."""
        return isinstance(self.term, Redirect) or (isinstance(self.term, Directive) and self.term.charged)

    @property
    def names(self) -> int | None:
        """For `mx`, how many names it leads to (RFC 7208 §4.6.4); None for all others."""
        if not isinstance(self.term, MX):
            return None
        return max([len(asked.answer.records) for asked in self.questions if asked.question.type == "MX"], default=0)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "term": visible(self.term.text, 1 << 16),
            "span": list(self.term.span),
            "lookup": self.lookup,
            "unused": self.unused,
            "targets": [visible_name(name) for name in self.targets],
            "inputs": [str(each) for each in self.inputs],
            "names": self.names,
            "questions": [asked.to_dict() for asked in self.questions],
            "records": [record.to_dict() for record in self.records],
        }


class TreeRecord(NamedTuple):
    """A domain whose record is wanted.

    Attributes:
        domain: the domain.
        own: whether it is one of the domains that the tree was asked for as the admin's own, or lies under one.
        loop: whether it stands above in the tree already: its terms are not told again.
        question: the question for its record, and the answer; None where none can be asked.
        record: its record; None where there is none that can be read.
        result: what every check that comes here ends in: none, permerror or temperror; None where it goes on.
        problems: why.
        terms: its terms in order of evaluation: directives, then redirect, then the others.
    """

    domain: str
    own: bool
    loop: bool = False
    question: TracedQuestion | None = None
    record: Record | None = None
    result: Result | None = None
    problems: tuple[Problem, ...] = ()
    terms: tuple[TreeTerm, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "domain": visible_name(self.domain),
            "own": self.own,
            "loop": self.loop,
            "question": None if self.question is None else self.question.to_dict(),
            "record": None if self.record is None else visible(self.record.source, 1 << 16),
            "result": None if self.result is None else str(self.result),
            "problems": [problem.to_dict() for problem in self.problems],
            "terms": [term.to_dict() for term in self.terms],
        }


class IncludeTree(NamedTuple):
    """A domain's record with all that it leads to.

    Attributes:
        domain: the domain.
        root: its record.
        budget: what the worst addresses cost.
        limits: the limits to hold it against.
        is_cut: whether it is too large to be told whole.
    """

    domain: str
    root: TreeRecord
    budget: Budget
    limits: Limits
    is_cut: bool

    @property
    def records(self) -> Iterator[TreeRecord]:
        """All records, in the order in which they are wanted."""
        pending = [self.root]
        while pending:
            record = pending.pop()
            yield record
            pending += [below for term in reversed(record.terms) for below in reversed(term.records)]

    @property
    def terms(self) -> Iterator[TreeTerm]:
        """All terms of all records."""
        for record in self.records:
            yield from record.terms

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong: broken records, then limits that are passed (also at some receivers only)."""
        found = [problem for record in self.records for problem in record.problems]
        found += [problem for term in self.terms for problem in self._too_many_mx(term)]
        return (*dict.fromkeys(found), *over_limits(self.budget, self.limits))

    @property
    def is_broken(self) -> bool:
        """Whether a record in it is broken, or is not there."""
        return any(record.result in (Result.NONE, Result.PERMERROR) for record in self.records)

    @property
    def is_over_limit(self) -> bool:
        """Whether some addresses are over a limit of RFC 7208 §4.6.4, so that they get permerror."""
        over = self.budget.worst_lookups > self.limits.lookups
        over = over or self.budget.worst_voids(self.limits.void_rule) > self.limits.voids
        return over or any(True for term in self.terms for _ in self._too_many_mx(term))

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something."""
        return any(record.result is Result.TEMPERROR for record in self.records) or any(
            asked.answer.is_failure for term in self.terms for asked in term.questions
        )

    @property
    def is_open(self) -> bool:
        """Whether an include or redirect leads where only a check of one client can follow: there may be more."""
        return any(term.inputs and isinstance(term.term, (Include, Redirect)) for term in self.terms)

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `spfengine tree` prints, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.tree import render_tree

        return render_tree(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return the tree as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "broken": self.is_broken,
            "over_limit": self.is_over_limit,
            "incomplete": self.is_incomplete,
            "open": self.is_open,
            "cut": self.is_cut,
            "lookups": {str(version): cost.most for version, cost in self.budget.lookups.items()},
            "void_lookups": {
                str(rule): {str(version): cost.most for version, cost in costs.items()}
                for rule, costs in self.budget.voids.items()
            },
            "problems": [problem.to_dict() for problem in self.problems],
            "root": self.root.to_dict(),
        }

    def _too_many_mx(self, term: TreeTerm) -> Iterator[Problem]:
        for asked in term.questions:
            if asked.question.type == "MX" and len(asked.answer.records) > self.limits.names:
                yield too_many_mx(asked.question.name, len(asked.answer.records), self.limits.names)
