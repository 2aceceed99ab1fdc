"""What a policy says of a range of addresses."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import ClassVar

from spfengine.evaluation.session import Session
from spfengine.frozen import Frozen, HashedOnce, fill
from spfengine.problems import UNKNOWN_CODES, Problem, ProblemCode, Result
from spfengine.visible import visible, visible_name


class Input(StrEnum):
    """What a term may depend on besides the range of addresses, so that the range does not determine its outcome."""

    CLIENT_ADDRESS = "client-address"
    """The address itself, which is part of a name that is queried (`%{i}`)."""
    CLIENT_NAMES = "client-names"
    """The validated names of the client (`ptr`, `%{p}`)."""
    LOCAL_PART = "local-part"
    """The sender's local part (`%{l}`, `%{s}`), if the policy was compiled for every sender."""
    HELO = "helo"
    """The HELO name (`%{h}`), if the policy was compiled for every client."""


class Choice(StrEnum):
    """What a conditional term may do.

    With "void", it counts as many void lookups as it can: one, but under the rule "per-lookup" one for each of its
    names. If these are too many, the check ends in permerror.
    """

    MATCH = "match"
    MATCH_VOID = "match-void"
    """It matches after a void lookup: mx and ptr by a later name, or any term by what `%{p}` then expands to."""
    NO_MATCH = "no-match"
    NO_MATCH_VOID = "no-match-void"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    """It ends the check: mx leads to more names than it may follow."""


class Dependency(HashedOnce):
    """A term whose outcome depends on more than the range of addresses.

    Attributes:
        domain: the domain whose record holds it.
        term: the term, as written.
        inputs: what it depends on.
    """

    fields: ClassVar[tuple[str, ...]] = ("domain", "term", "inputs")
    __slots__ = (*fields, "_hash")
    domain: str
    term: str
    inputs: tuple[Input, ...]

    def __init__(self, domain: str, term: str, inputs: tuple[Input, ...]) -> None:
        fill(self, "domain", domain)
        fill(self, "term", term)
        fill(self, "inputs", inputs)

    def __str__(self) -> str:
        return f"{visible(self.term)} in the record of {visible_name(self.domain)} ({', '.join(self.inputs)})"


class Outcome(HashedOnce):
    """The outcome of check_host() for every address of a range.

    Attributes:
        result: the result; None if it depends on more than the address (see `depends_on` and `tree`).
        problem: why it is none, temperror or permerror; otherwise None.
        directive: the directive whose qualifier gave the result, as written; None if none matched.
        record_domain: the domain whose record gave the result.
        path: (domain, term) from the domain compiled down to what matched, or to the fault.
        lookups, void_lookups: what the check counts (RFC 7208 §4.6.4); of a conditional range, the maximum in its tree.
        depends_on: the conditional terms that are evaluated, in order; empty if the result is certain.
        tree: for a conditional range, the outcomes by what these terms do; None for a certain one, and if only a check
            of one client can determine the outcome.
        rest: if only a check of one client can follow an include or redirect, what the check finds if that does not
            match and asks nothing; otherwise None.
    """

    fields: ClassVar[tuple[str, ...]] = (
        "result",
        "problem",
        "directive",
        "record_domain",
        "path",
        "lookups",
        "void_lookups",
        "depends_on",
        "tree",
        "rest",
    )
    __slots__ = (*fields, "_hash", "_incomplete", "_inputs", "_meaning", "_results")
    result: Result | None
    problem: Problem | None
    directive: str | None
    record_domain: str | None
    path: tuple[tuple[str, str], ...]
    lookups: int
    void_lookups: int
    depends_on: tuple[Dependency, ...]
    tree: "Branch | None"
    rest: "Outcome | None"
    _meaning: object  # trees share their branches, so what is derived from a branch is kept: none is walked twice
    _results: frozenset[Result | None]
    _incomplete: bool
    _inputs: frozenset[Input]

    def __init__(
        self,
        result: Result | None,
        problem: Problem | None = None,
        directive: str | None = None,
        record_domain: str | None = None,
        path: tuple[tuple[str, str], ...] = (),
        lookups: int = 0,
        void_lookups: int = 0,
        depends_on: tuple[Dependency, ...] = (),
        tree: "Branch | None" = None,
        rest: "Outcome | None" = None,
    ) -> None:
        fill(self, "result", result)
        fill(self, "problem", problem)
        fill(self, "directive", directive)
        fill(self, "record_domain", record_domain)
        fill(self, "path", path)
        fill(self, "lookups", lookups)
        fill(self, "void_lookups", void_lookups)
        fill(self, "depends_on", depends_on)
        fill(self, "tree", tree)
        fill(self, "rest", rest)

    @property
    def inputs(self) -> frozenset[Input]:
        """What the result depends on besides the range of addresses."""
        try:
            return self._inputs
        except AttributeError:
            fill(self, "_inputs", frozenset([input for term in self.depends_on for input in term.inputs]))
            return self._inputs

    @property
    def is_conditional(self) -> bool:
        """Whether the result depends on more than the address."""
        return self.result is None

    @property
    def is_open(self) -> bool:
        """Whether only a check of one client can determine the result."""
        return self.result is None and self.tree is None

    @property
    def is_cut(self) -> bool:
        """Whether the result is not known since a bound on work was met."""
        return self.problem is not None and self.problem.code is ProblemCode.WORK_LIMIT

    @property
    def is_incomplete(self) -> bool:
        """Whether something was not answered, or a bound on work was met, so that the true outcome is not known, or not
        for every client.
        """
        if self.result is not None:
            return self.result is Result.TEMPERROR
        try:
            return self._incomplete
        except AttributeError:
            fill(self, "_incomplete", self.is_cut or any(map(_is_unanswered, self.below)))
            return self._incomplete

    @property
    def below(self) -> "tuple[Outcome, ...]":
        """The outcomes that a client of a conditional range can get, as far as they are known."""
        if self.tree is not None:
            return tuple([outcome for _, outcome in self.tree.branches])
        return () if self.rest is None else (self.rest,)

    @property
    def is_unknown(self) -> bool:
        """Whether the result is not known because what it depends on was not given. `result` is then temperror."""
        return self.problem is not None and self.problem.code in UNKNOWN_CODES

    @property
    def needs_helo(self) -> bool:
        """Whether the result is not known because it depends on the HELO name, which was not given."""
        return self.problem is not None and self.problem.code is ProblemCode.HELO_UNKNOWN

    @property
    def results(self) -> frozenset[Result | None]:
        """The possible results; None is among them if only a check of one client can determine the result."""
        try:
            return self._results
        except AttributeError:
            below = frozenset([result for outcome in self.below for result in outcome.results])
            fill(self, "_results", below if self.tree is not None else below | {self.result})
            return self._results

    def meaning(self) -> object:
        """Return what outcomes are compared by if only results count: the result, or the tree of results.

        After a term that only a check of one client can follow, what has been counted is compared too: the records that
        the term leads to may need all the lookups that are left.
        """
        try:
            return self._meaning
        except AttributeError:
            tree = self.tree
            meaning: object
            if tree is None:
                meaning = self.result if self.result is not None else self._open_meaning()
            else:
                meaning = (tree.dependency, tuple([(choice, outcome.meaning()) for choice, outcome in tree.branches]))
            fill(self, "_meaning", meaning)
            return meaning

    def _open_meaning(self) -> object:
        """Return the meaning if only a check of one client can determine the result."""
        rest = None if self.rest is None else _counted_meaning(self.rest)
        return None, self.depends_on, self.lookups, self.void_lookups, rest

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as JSON-safe values, with its whole tree. For many outcomes, see `OutcomeTable`."""
        branches = None if self.tree is None else self.tree.branches
        tree = branches and [{"choice": str(choice), "outcome": outcome.to_dict()} for choice, outcome in branches]
        return _outcome_dict(self, tree, None if self.rest is None else self.rest.to_dict())


def with_branches(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield outcomes and all that are below them in their trees, each once: trees share branches."""
    seen: set[int] = set()
    left = list(outcomes)
    while left:
        outcome = left.pop()
        if id(outcome) not in seen:
            seen.add(id(outcome))
            yield outcome
            left += outcome.below


def _counted_meaning(outcome: Outcome) -> object:
    """Return the meaning of an outcome, with what was counted in each of its branches."""
    if outcome.tree is None:
        return outcome.meaning(), outcome.lookups, outcome.void_lookups
    branches = outcome.tree.branches
    return outcome.tree.dependency, tuple([(choice, _counted_meaning(branch)) for choice, branch in branches])


def _is_unanswered(branch: Outcome) -> bool:
    """Whether a branch is incomplete for another reason than that DNS may fail for a conditional term."""
    return branch.is_incomplete and (branch.problem is None or branch.problem.code is not ProblemCode.DNS_FAILURE)


def _outcome_dict(outcome: Outcome, tree: object, rest: object) -> dict[str, object]:
    return {
        "result": None if outcome.result is None else str(outcome.result),
        "problem": None if outcome.problem is None else outcome.problem.to_dict(),
        "directive": outcome.directive,
        "record_domain": None if outcome.record_domain is None else visible_name(outcome.record_domain),
        "path": [[visible_name(domain), term] for domain, term in outcome.path],
        "lookups": outcome.lookups,
        "void_lookups": outcome.void_lookups,
        "depends_on": [
            {"domain": visible_name(d.domain), "term": d.term, "inputs": [str(i) for i in d.inputs]}
            for d in outcome.depends_on
        ],
        "tree": tree,
        "rest": rest,
    }


class OutcomeTable:
    """Outcomes as JSON-safe values, for a document with many of them.

    Trees share their branches. Written out, those of a short record can take hundreds of megabytes. So each different
    outcome below another is one row of a table, and trees have the index of the row.

    Attributes:
        rows: the outcomes below others; each refers only to rows before it.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self._indices: dict[Outcome, int] = {}
        self._trees: dict[Outcome, list[dict[str, object]]] = {}

    def to_dict(self, outcome: Outcome) -> dict[str, object]:
        """Return an outcome; like `Outcome.to_dict`, but its tree has indices of `rows`."""
        if outcome.tree is None:
            return _outcome_dict(outcome, None, None if outcome.rest is None else self._row(outcome.rest))
        if outcome not in self._trees:
            branches = outcome.tree.branches
            self._trees[outcome] = [{"choice": str(choice), "outcome": self._row(below)} for choice, below in branches]
        return _outcome_dict(outcome, self._trees[outcome], None)

    def _row(self, outcome: Outcome) -> int:
        if outcome not in self._indices:
            written = self.to_dict(outcome)
            self._indices[outcome] = len(self.rows)
            self.rows.append(written)
        return self._indices[outcome]


def outcome_of(session: Session) -> Outcome:
    """Return the verdict of a session, without what it was made from."""
    return Outcome(
        session.result,
        session.problem,
        None if session.directive is None else session.directive.text,
        session.record_domain,
        path_of(session),
        session.lookups,
        session.voids,
    )


def path_of(session: Session) -> tuple[tuple[str, str], ...]:
    """Return the path of a session as text: (domain, term)."""
    return tuple([(domain, term.text) for domain, term in session.path])


class Branch(Frozen):
    """A conditional term, and the outcome for each thing that it may do.

    Attributes:
        dependency: the term.
        branches: (choice, outcome), in the order of `Choice`.
    """

    fields: ClassVar[tuple[str, ...]] = ("dependency", "branches")
    __slots__ = fields
    dependency: Dependency
    branches: tuple[tuple[Choice, Outcome], ...]

    def __init__(self, dependency: Dependency, branches: tuple[tuple[Choice, Outcome], ...]) -> None:
        fill(self, "dependency", dependency)
        fill(self, "branches", branches)
