"""What a policy says of a range of addresses."""

from enum import StrEnum

from spfengine.evaluation.session import Session
from spfengine.frozen import Frozen, HashedOnce, fill
from spfengine.problems import Problem, Result
from spfengine.visible import visible, visible_name


class Input(StrEnum):
    """What a term may rest on besides the comparison of addresses, so that a range alone can't tell its outcome."""

    CLIENT_ADDRESS = "client-address"
    """The address itself, asked for in DNS (`%{i}`)."""
    CLIENT_NAMES = "client-names"
    """The validated names of the client (`ptr`, `%{p}`)."""
    LOCAL_PART = "local-part"
    """The sender's local part (`%{l}`, `%{s}`), where the policy was compiled for every sender."""
    HELO = "helo"
    """The HELO name (`%{h}`), where the policy was compiled for every client."""


class Choice(StrEnum):
    """What a conditional term may come to.

    With "void", it counts as many void lookups as it can: one, but under the rule "per-lookup" all of its names'. Where
    these are too many, the check ends in permerror.
    """

    MATCH = "match"
    MATCH_VOID = "match-void"
    """It matches after a void lookup: mx and ptr by a later name, or any by what `%{p}` then stands for."""
    NO_MATCH = "no-match"
    NO_MATCH_VOID = "no-match-void"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"
    """It ends the check: mx leads to more names than are allowed."""


class Dependency(HashedOnce):
    """A term whose outcome rests on more than the address range.

    Attributes:
        domain: the domain whose record holds it.
        term: the term, as written.
        inputs: what it rests on.
    """

    fields = ("domain", "term", "inputs")
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
    """What check_host() comes to for every address of a range.

    Attributes:
        result: the result; None where it rests on more than the address (see `depends_on` and `tree`).
        problem: why it is none, temperror or permerror; otherwise None.
        directive: the directive whose qualifier gave the result, as written; None where none matched.
        record_domain: the domain whose record gave the result.
        path: (domain, term) from the domain compiled down to what matched, or to the fault.
        lookups, void_lookups: what the check counts (RFC 7208 §4.6.4); for a conditional range, the most of its tree.
        depends_on: the conditional terms on the way, in order; empty where the result is certain.
        tree: for a conditional range, what it comes to by what these terms come to; None for a certain one, and
            where only a check of one client can tell.
    """

    fields = (
        "result",
        "problem",
        "directive",
        "record_domain",
        "path",
        "lookups",
        "void_lookups",
        "depends_on",
        "tree",
    )
    __slots__ = (*fields, "_hash", "_inputs", "_meaning", "_results")
    result: Result | None
    problem: Problem | None
    directive: str | None
    record_domain: str | None
    path: tuple[tuple[str, str], ...]
    lookups: int
    void_lookups: int
    depends_on: tuple[Dependency, ...]
    tree: "Branch | None"
    _meaning: object  # trees share their branches: what is worked out of one is kept, so that none is walked twice
    _results: frozenset[Result | None]
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
    ) -> None:
        _set_result(self, result)
        _set_problem(self, problem)
        _set_directive(self, directive)
        _set_record_domain(self, record_domain)
        _set_path(self, path)
        _set_lookups(self, lookups)
        _set_void_lookups(self, void_lookups)
        _set_depends_on(self, depends_on)
        _set_tree(self, tree)

    @property
    def inputs(self) -> frozenset[Input]:
        """What the result rests on besides the range of addresses."""
        try:
            return self._inputs
        except AttributeError:
            fill(self, "_inputs", frozenset([each for term in self.depends_on for each in term.inputs]))
            return self._inputs

    @property
    def is_conditional(self) -> bool:
        """Whether the result rests on more than the address."""
        return self.result is None

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer, so that the true outcome is not known."""
        return self.result is Result.TEMPERROR

    @property
    def results(self) -> frozenset[Result | None]:
        """The results that are possible; None among them where only a check of one client can tell."""
        try:
            return self._results
        except AttributeError:
            branches = () if self.tree is None else self.tree.branches
            below = frozenset([result for _, outcome in branches for result in outcome.results])
            fill(self, "_results", below or frozenset([self.result]))
            return self._results

    def meaning(self) -> object:
        """Return what two outcomes are compared by where only results count: the result, or the tree of results."""
        try:
            return self._meaning
        except AttributeError:
            tree = self.tree
            meaning: object
            if tree is None:
                meaning = self.result if self.result is not None else (None, self.depends_on)
            else:
                meaning = (tree.dependency, tuple([(choice, outcome.meaning()) for choice, outcome in tree.branches]))
            fill(self, "_meaning", meaning)
            return meaning

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as JSON-safe values."""
        return {
            "result": None if self.result is None else str(self.result),
            "problem": None if self.problem is None else self.problem.to_dict(),
            "directive": self.directive,
            "record_domain": None if self.record_domain is None else visible_name(self.record_domain),
            "path": [[visible_name(domain), term] for domain, term in self.path],
            "lookups": self.lookups,
            "void_lookups": self.void_lookups,
            "depends_on": [
                {"domain": visible_name(d.domain), "term": d.term, "inputs": [str(i) for i in d.inputs]}
                for d in self.depends_on
            ],
            "tree": None
            if self.tree is None
            else [{"choice": str(choice), "outcome": outcome.to_dict()} for choice, outcome in self.tree.branches],
        }


# As `fill`, and a third quicker: each check of a conditional range makes an outcome, and past its constructor.
_new = object.__new__
(
    _set_result, _set_problem, _set_directive, _set_record_domain, _set_path, _set_lookups, _set_void_lookups,
    _set_depends_on, _set_tree,
) = [vars(Outcome)[name].__set__ for name in Outcome.fields]  # fmt: skip


def outcome_of(session: Session) -> Outcome:
    """Return what a check came to, without what it was made from."""
    directive = session.directive
    outcome: Outcome = _new(Outcome)
    _set_result(outcome, session.result)
    _set_problem(outcome, session.problem)
    _set_directive(outcome, None if directive is None else directive.text)
    _set_record_domain(outcome, session.record_domain)
    _set_path(outcome, tuple([(domain, term.text) for domain, term in session.path]))
    _set_lookups(outcome, session.lookups)
    _set_void_lookups(outcome, session.voids)
    _set_depends_on(outcome, ())
    _set_tree(outcome, None)
    return outcome


class Branch(Frozen):
    """A conditional term, and what follows from each thing that it may come to.

    Attributes:
        dependency: the term.
        branches: (choice, outcome), in the order of `Choice`.
    """

    __slots__ = fields = ("dependency", "branches")
    dependency: Dependency
    branches: tuple[tuple[Choice, Outcome], ...]

    def __init__(self, dependency: Dependency, branches: tuple[tuple[Choice, Outcome], ...]) -> None:
        fill(self, "dependency", dependency)
        fill(self, "branches", branches)
