"""What a policy says of a range of addresses."""

from enum import StrEnum

from spfengine.evaluation.result import Result
from spfengine.frozen import Frozen, fill
from spfengine.problems import Problem
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
    """What a conditional term may come to."""

    MATCH = "match"
    NO_MATCH = "no-match"
    NO_MATCH_VOID = "no-match-void"
    """It does not match, and was a void lookup."""
    TEMPERROR = "temperror"


class Dependency(Frozen):
    """A term whose outcome rests on more than the address range.

    Attributes:
        domain: the domain whose record holds it.
        term: the term, as written.
        inputs: what it rests on.
    """

    __slots__ = fields = ("domain", "term", "inputs")
    domain: str
    term: str
    inputs: tuple[Input, ...]

    def __init__(self, domain: str, term: str, inputs: tuple[Input, ...]) -> None:
        fill(self, "domain", domain)
        fill(self, "term", term)
        fill(self, "inputs", inputs)

    def __str__(self) -> str:
        return f"{visible(self.term)} in the record of {visible_name(self.domain)} ({', '.join(self.inputs)})"


class Outcome(Frozen):
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

    __slots__ = fields = (
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
    result: Result | None
    problem: Problem | None
    directive: str | None
    record_domain: str | None
    path: tuple[tuple[str, str], ...]
    lookups: int
    void_lookups: int
    depends_on: tuple[Dependency, ...]
    tree: "Branch | None"

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
        fill(self, "result", result)
        fill(self, "problem", problem)
        fill(self, "directive", directive)
        fill(self, "record_domain", record_domain)
        fill(self, "path", path)
        fill(self, "lookups", lookups)
        fill(self, "void_lookups", void_lookups)
        fill(self, "depends_on", depends_on)
        fill(self, "tree", tree)

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
        if self.tree is None:
            return frozenset([self.result])
        return frozenset(result for _, outcome in self.tree.branches for result in outcome.results)

    def meaning(self) -> object:
        """Return what two outcomes are compared by where only results count: the result, or the tree of results."""
        if self.tree is None:
            return self.result if self.result is not None else (None, self.depends_on)
        tree = self.tree
        return (tree.dependency, tuple((choice, outcome.meaning()) for choice, outcome in tree.branches))

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
