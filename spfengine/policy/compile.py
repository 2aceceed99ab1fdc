"""Compiling a policy: all addresses of a family are cut into ranges in which check_host() runs in the same way.

A run at one address notes the range around it in which every lookup of the address has the same outcome (see
`RangeSession`), so that the whole run is the same there. The next run begins where the range ends, until all addresses
are covered.

Most ranges repeat what was found before: all networks of an include lead to the same verdict. Each run also notes its
trail, the lookups of the address and what they hit. At an address for which all of them hit the same again, the run
would be the same, so it is not made again.

A run forks at a conditional term (see `conditional`). What follows a choice depends only on the state in which the term
was reached (where in which records, how many lookups and void lookups) and on the address. So each choice is run once
in each state, and again only when its range ends. Runs that reach the same state share what follows: trees of outcomes
take little memory, however many leaves they have.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.mechanisms import UnknownTargetError
from spfengine.evaluation.session import Answers, Session
from spfengine.policy.conditional import ALL_CHOICES, Fork, State, TilingSession, unknown_target
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome, outcome_of, path_of
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST, Spans, union
from spfengine.policy.shared import Sharing
from spfengine.policy.trails import Trails
from spfengine.policy.work import WORK_LIMIT, WorkIsOverError
from spfengine.problems import Result
from spfengine.record.model import Directive

MAX_RANGES = 1 << 20
"""Ranges in the table of one family. No valid record comes near it; addresses beyond have an unknown outcome."""
MAX_LEAVES = 1 << 14
"""Leaves in the tree of outcomes of one range; instead of a larger tree, the outcome is unknown. Under the limits of
RFC 7208 §4.6.4 no record has more than 9,973."""
MAX_TREE_DEPTH = 32
"""Conditional terms from the root of a tree to a leaf; instead of a deeper tree, the outcome is unknown. RFC 7208
§4.6.4 allows 10."""


class Tiles(NamedTuple):
    """The ranges of a family's address space.

    Attributes:
        starts: the first address of each range, in order; each ends where the next one begins.
        outcomes: the outcome of each range.
        is_whole: whether everything was followed to its end: no name of a record depends on something unknown, and no
            bound on ranges or work was reached.
    """

    starts: list[int]
    outcomes: list[Outcome]
    is_whole: bool

    def spans(self, family: Family, result: Result) -> Spans:
        """Return the addresses with this result, if the ranges cover the whole family."""
        ends = [*self.starts[1:], family.last + 1]
        ranges = zip(self.starts, ends, self.outcomes, strict=True)
        return union([(start, end - 1) for start, end, outcome in ranges if outcome.result is result])


class Tables:
    """The ranges of both families, and the answers that they were compiled from.

    Attributes:
        outcomes: the outcomes of both families, each once.
    """

    __slots__ = ("answers", "ip4", "ip6", "outcomes")

    def __init__(self, ip4: Tiles, ip6: Tiles, answers: Answers) -> None:
        self.ip4 = ip4
        self.ip6 = ip6
        self.answers = answers
        self.outcomes: list[Outcome] = each_once([*ip4.outcomes, *ip6.outcomes])


def each_once(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return each of these outcomes once: most ranges of a family share theirs."""
    return list({id(outcome): outcome for outcome in outcomes}.values())


def compile_tables(inputs: Inputs, *, paths: bool = True) -> Generator[Question, Answer, Tables]:
    """Return the ranges of both families; the arguments are those of `tile`."""
    answers: Answers = {}
    ip4 = yield from tile(inputs, V4, answers, paths=paths)
    return Tables(ip4, (yield from tile(inputs, V6, answers, paths=paths)), answers)


def tile(
    inputs: Inputs,
    family: Family,
    answers: Answers,
    only: Sequence[Choice] = ALL_CHOICES,
    max_steps: int | None = None,
    *,
    paths: bool = True,
) -> Generator[Question, Answer, Tiles]:
    """Return the ranges of all addresses of a family. Neighbouring ranges of the same outcome are one.

    Args:
        answers: what DNS has answered so far; new answers are added, and nothing is asked twice.
        only: the choices that are tried at conditional directives, in this order.
        max_steps: the steps of work for conditional ranges; if it is not given, all that are left.
        paths: whether outcomes that differ only in their path, or in the directive at its end, are different ones. If
            not, it takes less time, and an outcome without a problem has the path of one of its addresses.
    """
    tiler = _Tiler(inputs, family, answers, only, max_steps, paths=paths)
    return (yield from _tiles(tiler, 0, family.last))


def tile_range(
    inputs: Inputs, family: Family, answers: Answers, first: int, last: int
) -> Generator[Question, Answer, Tiles]:
    """Return the ranges of the addresses from `first` to `last`."""
    return (yield from _tiles(_Tiler(inputs, family, answers, ALL_CHOICES, None), first, last))


def _tiles(tiler: "_Tiler", first: int, to: int) -> Generator[Question, Answer, Tiles]:
    starts: list[int] = []
    outcomes: list[Outcome] = []
    family = tiler.family
    address = first
    while address <= to:
        outcome, last = tiler.repeated_at(address) or (yield from tiler.tile_at(address))
        if not outcomes or outcome is not outcomes[-1]:
            starts.append(address)
            outcomes.append(outcome)
        address = last + 1
        if family is V6 and MAPPED_FIRST <= address <= MAPPED_LAST:
            address = MAPPED_LAST + 1
        if (len(starts) >= MAX_RANGES or tiler.inputs.work.is_over) and address <= to:
            starts.append(address)
            outcomes.append(tiler.cut())
            break
    return Tiles(starts, outcomes, tiler.is_whole)


class _End:
    """The outcome of a run, or of all runs that follow a choice.

    Attributes:
        outcome: the outcome.
        last: the last address that has it.
        leaves, depth: the size of its tree, also if the tree was left out for its size.
    """

    __slots__ = ("depth", "last", "leaves", "outcome")

    def __init__(self, outcome: Outcome, last: int, leaves: int = 1, depth: int = 0) -> None:
        self.outcome = outcome
        self.last = last
        self.leaves = leaves
        self.depth = depth


class _Ending(NamedTuple):
    """How a run ends.

    Attributes:
        found: where it ends or forks.
        lookups: the lookups that it counts.
        is_at_hit: whether its path ends at the directive that it hit last.
        decided: whether that directive also gave the result, so that no include led to it.
    """

    found: Outcome | Fork
    lookups: int
    is_at_hit: bool
    decided: bool


class _Node:
    """A conditional term whose choices are being tried.

    Attributes:
        fork: the term, its choices, and the state in which it was reached.
        before: the last address for which a run goes from the previous choice to this term.
        ends: the outcomes of the choices tried so far, in order.
    """

    __slots__ = ("before", "ends", "fork")

    def __init__(self, fork: Fork, before: int) -> None:
        self.fork = fork
        self.before = before
        self.ends: list[_End] = []

    @property
    def choice(self) -> Choice:
        """The choice that is being tried."""
        return self.fork.choices[len(self.ends)]


def _ending(session: TilingSession, found: Outcome | Fork) -> _Ending:
    """Return how a run has ended."""
    hit = session.trail[-1][1] if session.trail else None
    is_at_hit = isinstance(hit, Directive) and bool(session.path) and session.path[-1][1] is hit
    return _Ending(found, session.lookups, is_at_hit, session.directive is hit)


def _branching(node: _Node, depends_on: tuple[Dependency, ...], *, with_tree: bool) -> Outcome:
    """Return the outcome of a term that depends on more than the address, by what each choice leads to."""
    outcomes = [end.outcome for end in node.ends]
    tree = Branch(node.fork.dependency, tuple(zip(node.fork.choices, outcomes, strict=True))) if with_tree else None
    lookups = max(outcome.lookups for outcome in outcomes)
    voids = max(outcome.void_lookups for outcome in outcomes)
    return Outcome(None, lookups=lookups, void_lookups=voids, depends_on=depends_on, tree=tree)


class _Tiler:
    """Finds the outcome at one address after another, and keeps what it may need again.

    Attributes:
        paths: whether outcomes that differ only in their path are different ones; see `tile`.
        known: each outcome that was made, so that equal ones are one object.
        runs: by state and choice, where the run after that choice ends or forks, and the last address for which it
            does.
        trails: by state and choice, how earlier runs ended after that choice; under None those without a choice.
        trees: by state, the outcome of all choices together.
        steps: how much work was done for conditional ranges.
        is_whole: whether everything was followed to its end so far.
    """

    def __init__(
        self,
        inputs: Inputs,
        family: Family,
        answers: Answers,
        only: Sequence[Choice],
        max_steps: int | None,
        *,
        paths: bool = True,
    ) -> None:
        self.inputs = inputs
        self.paths = paths
        self.family = family
        self.answers = answers
        self.only = only
        self.max_steps = inputs.work.left if max_steps is None else max_steps
        self.known: dict[object, Outcome] = {}
        self.runs: dict[tuple[State, Choice], tuple[Outcome | Fork, int]] = {}
        self.sharing = None
        if inputs.includes is not None and not paths:
            self.sharing = Sharing(inputs.includes, inputs.limits, family)
        self.trails: Trails[_Ending] = Trails(family.last)
        self.trees: dict[State, _End] = {}
        self.steps = 0
        self.is_whole = True

    def repeated_at(self, address: int) -> tuple[Outcome, int] | None:
        """Return what `tile_at` does if it takes no more than an earlier run without a choice, as for most addresses;
        otherwise None.
        """
        earlier = self._earlier(None, address)
        if earlier is None:
            return None
        found, lookups, last = earlier
        if isinstance(found, Fork):
            return None
        self.inputs.work.left -= 1 + lookups
        return found, last

    def tile_at(self, address: int) -> Generator[Question, Answer, tuple[Outcome, int]]:
        """Return the outcome at an address, and the last address for which it is the same."""
        stack: list[_Node] = []
        while True:
            found, last = yield from self._run(address, stack)
            if isinstance(found, Fork):
                end = self._end_of(found, last, address)
                if end is None:
                    stack.append(_Node(found, last))
                    continue
            else:
                end = _End(found, last)
            while stack:
                node = stack[-1]
                node.ends.append(end)
                if len(node.ends) < len(node.fork.choices):
                    break
                stack.pop()
                tree = self.trees[node.fork.state] = self._tree(node)
                end = _End(tree.outcome, min(node.before, tree.last), tree.leaves, tree.depth)
            else:
                return end.outcome, end.last

    def _end_of(self, fork: Fork, last: int, address: int) -> _End | None:
        """Return how a fork ends, if that is known or too much work to find out; None if its choices must be run."""
        tree = self.trees.get(fork.state)
        if self.steps >= self.max_steps or self.inputs.work.is_over:
            _, lookups, voids = fork.state
            tree = _End(self._open(fork.dependency, fork.path or (), lookups, voids, is_cut=True), last)
        elif tree is None or tree.last < address:
            return None
        return _End(tree.outcome, min(last, tree.last), tree.leaves, tree.depth)

    def _run(self, address: int, stack: list[_Node]) -> Generator[Question, Answer, tuple[Outcome | Fork, int]]:
        """Return where a run with the choices on the stack ends or forks, and the last address for which it does."""
        key = (stack[-1].fork.state, stack[-1].choice) if stack else None
        self.inputs.work.left -= 1
        if key is not None:
            self.steps += 1
            known = self.runs.get(key)
            if known is not None and known[1] >= address:
                return known
        earlier = self._earlier(key, address)
        if earlier is None:
            earlier = yield from self._made(address, key, [node.choice for node in stack])
        found, lookups, last = earlier
        self.inputs.work.left -= lookups
        if key is not None:
            self.runs[key] = found, last
            self.steps += lookups
        return found, last

    def _made(
        self, address: int, key: object, script: list[Choice]
    ) -> Generator[Question, Answer, tuple[Outcome | Fork, int, int]]:
        """Make a run with these choices. Return where it ends or forks, its lookups, and the last address for which it
        does.
        """
        session = TilingSession(self.inputs, self.family, address, self.answers, self.only, script, forking=True)
        session.sharing = self.sharing
        try:
            yield from self.inputs.work.charging(check_host(session))
            found: Outcome | Fork = self._outcome(session)
        except UnknownTargetError as unknown:
            dependency = unknown_target(session, unknown)
            found = self._open(dependency, path_of(session), session.lookups, session.voids)
        except Fork as fork:
            found = fork
        except WorkIsOverError:
            return self.cut(session.lookups, session.voids), 0, self.family.last
        ending = _ending(session, found)
        self.trails.note(key, session.trail, ending)
        return found, ending.lookups, session.hi

    def _earlier(self, key: object, address: int) -> tuple[Outcome | Fork, int, int] | None:
        """Return what `_made` does if an earlier run took the same way; otherwise None."""
        ending, hit, last = self.trails.follow(key, address)
        if ending is None:
            return None
        is_elsewhere = ending.is_at_hit and self.paths
        return (self._at_hit(ending, hit) if is_elsewhere else ending.found), ending.lookups, last

    def _outcome(self, session: Session) -> Outcome:
        """Return the outcome of a run; the same object for runs that took the same path."""
        path = path_of(session) if self.paths or session.problem is not None else ()
        key = (path, session.result, session.lookups, session.voids, session.problem)
        outcome = self.known.get(key)  # the fields that are not in the key follow from those that are
        if outcome is None:
            outcome = self.known[key] = outcome_of(session)
        return outcome

    def _at_hit(self, ending: _Ending, hit: object) -> Outcome:
        """Return the outcome of a run that ends like another one, but at the directive that it hit."""
        like = ending.found
        assert isinstance(like, Outcome), "a run that forks ends at no directive"
        assert isinstance(hit, Directive), "it is at the end of the path"
        path = (*like.path[:-1], (like.path[-1][0], hit.text))
        key = (path, like.result, like.lookups, like.void_lookups, None)
        outcome = self.known.get(key)
        if outcome is None:
            directive = hit.text if ending.decided else like.directive
            outcome = self.known[key] = Outcome(
                like.result, None, directive, like.record_domain, path, like.lookups, like.void_lookups
            )
        return outcome

    def cut(self, lookups: int = 0, voids: int = 0) -> Outcome:
        """Return the outcome of the addresses that are left when a bound is met, with what they count at least."""
        left = Dependency(self.inputs.domain, "what is left", (Input.CLIENT_ADDRESS,))
        return self._open(left, (), lookups, voids, is_cut=True)

    def _open(
        self,
        dependency: Dependency,
        path: tuple[tuple[str, str], ...],
        lookups: int,
        voids: int,
        *,
        is_cut: bool = False,
    ) -> Outcome:
        """Return the outcome of a range where only a check of one client can find the result.

        Args:
            is_cut: whether it would have been found with more steps of work. With none at all, it was not wanted.
        """
        self.is_whole = False
        problem = WORK_LIMIT if is_cut and self.max_steps else None
        return self._one(Outcome(None, problem, None, None, path, lookups, voids, (dependency,)))

    def _tree(self, node: _Node) -> _End:
        """Return the outcome of all choices of a conditional term together."""
        dependency, path = node.fork.dependency, node.fork.path
        dependencies = {dependency: None}
        for end in node.ends:
            dependencies.update(dict.fromkeys(end.outcome.depends_on))
        leaves = sum(end.leaves for end in node.ends)
        depth = 1 + max(end.depth for end in node.ends)
        is_small = leaves <= MAX_LEAVES and depth <= MAX_TREE_DEPTH
        if path is not None:
            self.is_whole = False
            _, lookups, voids = node.fork.state
            rest = node.ends[0].outcome if is_small else None
            outcome = Outcome(
                None, path=path, lookups=lookups, void_lookups=voids, depends_on=tuple(dependencies), rest=rest
            )
        else:
            outcome = _branching(node, tuple(dependencies), with_tree=is_small)
        return _End(self._one(outcome), min(end.last for end in node.ends), leaves, depth)

    def _one(self, outcome: Outcome) -> Outcome:
        """Return the one object of this outcome."""
        return self.known.setdefault(outcome, outcome)
