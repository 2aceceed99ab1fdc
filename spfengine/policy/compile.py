"""Compiling a policy: all addresses of a family are cut into ranges in which check_host() runs in the same way.

A run at one address notes the range around it in which every lookup of the address has the same outcome (see
`RangeSession`), so that the whole run is the same there. The next run begins where the range ends, until all addresses
are covered.

Most ranges repeat what was found before: all networks of an include lead to the same verdict. Each run also notes its
trail, the lookups of the address and what they hit. At an address for which all of them hit the same again, the run
would be the same, so it is not made again.

A term may depend on more than the address. Everything that such a conditional term may do is tried: a run that reaches
one ends there (`Fork`), and is made again for each choice. For everything that the term can do to the rest of a check
there is a choice, so the results of all runs are all results that a client can get. What follows a choice depends only
on the state in which the term was reached (where in which records, how many lookups and void lookups) and on the
address. So each choice is run once in each state, and again only when its range ends. Runs that reach the same state
share what follows: trees of outcomes take little memory, however many leaves they have.
"""

from collections.abc import Generator, Sequence
from copy import copy
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.addresses import V4, V6, Family, Table
from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import MATCHERS, check_host, match_include, match_redirect
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.mechanisms import Halt, UnknownTargetError, charge, count_void, too_many_mx
from spfengine.evaluation.session import Answers, Located, Matching, RangeSession, Session
from spfengine.names import fold, is_askable
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome, outcome_of, path_of
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST, Spans, union
from spfengine.policy.trails import Trail, Trails
from spfengine.policy.work import WORK_LIMIT, Work, WorkIsOverError
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, Directive, DomainDirective, Exists, Include, Ptr, Redirect
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.policy.shared import SharedIncludes, Sharing

_ANY_CLIENT = IPv4Address(0)


class Inputs:
    """What a policy is compiled for: a domain, and what is known of its senders.

    Attributes:
        domain: the domain, as in a Session.
        domain_refused: whether IDNA2008 refuses it.
        local_part: the local part of the sender, or None for every sender.
        helo: the HELO name, or None for every client.
        limits, receiver, now: as for a check; but there is no time limit.
        work: the steps that are left. Inputs for other records or limits, made from these, share it.
        includes: what is known of the records that many domains include; None: nothing is shared.
    """

    def __init__(
        self,
        domain: str,
        sender: str | None,
        helo: str | None,
        limits: Limits,
        receiver: str | None,
        now: float,
        work: Work | None = None,
        includes: "SharedIncludes | None" = None,
    ) -> None:
        """Read the arguments as a check does. Raise ArgumentError if one has the wrong type, or the domains differ."""
        if not isinstance(domain, str):
            raise ArgumentError(f"domain must be text, not {type(domain).__name__}")
        if "@" in domain:
            printable = visible(domain, 80)
            raise ArgumentError(
                f"a policy is compiled for a domain, not for {printable!r}; give an address as `sender`"
            )
        model = Session(_ANY_CLIENT, f"@{domain}", limits=limits)
        if sender is not None:
            given, model = model.domain, Session(_ANY_CLIENT, sender, helo, limits=limits)
            if fold(model.domain) != fold(given):
                raise ArgumentError(
                    f"the sender {visible(sender, 80)!r} belongs to the domain {visible(model.domain, 80)!r}, "
                    f"so a policy of {visible(given, 80)!r} says nothing about it"
                )
        self.domain: str = model.domain
        self.domain_refused: bool = model.domain_refused
        self.local_part: str | None = None if sender is None else model.local_part
        self.helo: str | None = None if helo is None else Session(_ANY_CLIENT, "", helo).helo
        self.limits = limits
        self.receiver = receiver
        self.now = now
        self.work: Work = Work() if work is None else work
        self.includes = includes

    def at(self, domain: str) -> "Inputs":
        """Return the same inputs for the record of another domain."""
        other = copy(self)
        other.domain = domain
        other.domain_refused = False
        return other

    def with_limits(self, limits: Limits) -> "Inputs":
        """Return the same inputs under other limits."""
        other = copy(self)
        other.limits = limits
        return other


ALL_CHOICES = tuple(Choice)


class State(NamedTuple):
    """Everything that the rest of a run depends on, except for its address.

    Attributes:
        path: the terms being evaluated, by domain and identity: where the run is, in which records.
        lookups, voids: what has been counted so far.
    """

    path: tuple[tuple[str, int], ...]
    lookups: int
    voids: int


class Fork(Exception):  # noqa: N818 - not an error: a run reached a conditional term after the end of its script
    """A run can't go on before it is decided what a conditional term does.

    Attributes:
        dependency: the term.
        choices: what it may do.
        state: the state in which it was reached.
        path: the path to a term that only a check of one client can follow, which is passed over; otherwise None.
    """

    def __init__(
        self,
        dependency: Dependency,
        choices: tuple[Choice, ...],
        state: State,
        path: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        self.dependency = dependency
        self.choices = choices
        self.state = state
        self.path = path
        super().__init__(dependency)


class TilingSession(RangeSession):
    """A run at one address, for the whole range around it. The local part and the HELO name may be unknown.

    Attributes:
        only: the choices that are tried.
        script: what conditional terms do, in the order in which they are reached.
        reached: how many were reached.
        sharing: what is known of the records that many domains include.
        trail: each lookup of the address since the newest choice: the table, and what was hit in it.
        forking: whether a conditional term after the end of the script raises Fork; if not, it takes its first choice.
    """

    explaining = False
    local_part_known: bool = True
    reached: int = 0
    sharing: "Sharing | None" = None

    def __init__(
        self,
        inputs: Inputs,
        family: Family,
        ip: int,
        answers: Answers,
        only: Sequence[Choice],
        script: Sequence[Choice],
        *,
        forking: bool = False,
    ) -> None:
        self.family, self.ip = family, ip
        self.domain = inputs.domain
        if inputs.domain_refused:
            self.domain_refused = True
        self.identity = ""
        self.local_part = inputs.local_part or ""
        self.local_part_known = inputs.local_part is not None
        self.helo = inputs.helo or ""
        self.helo_known = inputs.helo is not None
        self.receiver, self.now, self.limits = inputs.receiver, inputs.now, inputs.limits
        self.answers = answers
        self.path = []
        self.lo, self.hi = 0, family.last
        self.lookups = 0
        self.tracer = None
        self.matchers = _SCRIPTED
        self.only = only
        self.script = script
        self.forking = forking
        self.trail: Trail = []

    def hit(self, table: Table[Located]) -> Located | None:
        """Return what the client's address hits, and note it."""
        found = super().hit(table)
        self.trail.append((table, found))
        return found

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[Input, ...]:
        """Return the inputs that these macro-letters need and that are not known."""
        unknown = []
        if "i" in letters:
            unknown.append(Input.CLIENT_ADDRESS)
        if "p" in letters:
            unknown.append(Input.CLIENT_NAMES)
        if not self.local_part_known and ("l" in letters or "s" in letters):
            unknown.append(Input.LOCAL_PART)
        if not self.helo_known and "h" in letters:
            unknown.append(Input.HELO)
        return tuple(unknown)

    def scripted(self) -> Choice | None:
        """Return what the script says about the next conditional term, or None at its end."""
        index = self.reached
        self.reached += 1
        if index >= len(self.script):
            return None
        self.hi = self.family.last  # the range is that of the run after the newest choice, and so is the trail
        self.trail.clear()
        return self.script[index]

    def choose(self, dependency: Dependency, possible: frozenset[Choice]) -> Choice:
        """Return what a conditional term after the end of the script does in this run, or raise Fork."""
        choices = tuple([choice for choice in self.only if choice in possible])
        if self.forking:
            raise Fork(dependency, choices, self._state())
        return choices[0]

    def pass_over(self, dependency: Dependency) -> None:
        """Go on as if an include or redirect that can't be followed did not match. Raise Fork if it is a new one."""
        if self.scripted() is None:
            raise Fork(dependency, (Choice.NO_MATCH,), self._state(), path_of(self))

    def _state(self) -> State:
        path = tuple([(domain, id(term)) for domain, term in self.path])
        return State(path, self.lookups, self.voids)


def _match_scripted(session: TilingSession, directive: DomainDirective, domain: str) -> Matching:
    """Match as usual, or as the script says if that depends on something that is not known."""
    spec = directive.domain_spec
    inputs = () if spec is None else session.unknown_inputs(spec.letters)
    if isinstance(directive, Ptr) and Input.CLIENT_NAMES not in inputs:
        inputs = (Input.CLIENT_NAMES, *inputs)
    if not inputs:
        return MATCHERS[type(directive)](session, directive, domain)
    return _match_conditional(session, directive, domain, inputs)


def _match_conditional(
    session: TilingSession, directive: DomainDirective, domain: str, inputs: tuple[Input, ...]
) -> Matching:
    """Match as the script says."""
    yield from ()  # sends no query, but a Matcher is a generator
    spec = directive.domain_spec
    if session.limits.count_p and spec is not None and "p" in spec.letters:
        charge(session)
    before_match, without_match = _most_voids(session.limits, directive)
    choice = session.scripted()
    if choice is None:
        possible = _possible(session, directive, domain, inputs, before_match)
        choice = session.choose(Dependency(domain, directive.text, inputs), possible)
    printable = visible(directive.text, 60)
    voids = {Choice.MATCH_VOID: before_match, Choice.NO_MATCH_VOID: without_match}.get(choice, 0)
    for _ in range(voids):
        count_void(session, printable)
    if choice is Choice.TEMPERROR:
        text = f"DNS could not answer for {printable}"
        raise Halt(Result.TEMPERROR, Problem(ProblemCode.DNS_FAILURE, text, section="2.6.6"))
    if choice is Choice.PERMERROR:
        limit = session.limits.names
        raise Halt(Result.PERMERROR, too_many_mx(f"the target of {printable}", f"more than {limit}", limit))
    return choice is Choice.MATCH or choice is Choice.MATCH_VOID


def _match_include(session: TilingSession, include: Include, domain: str) -> Matching:
    """Match as usual. Pass over the include if its name, or that of a redirect in its record, is not known."""
    depth = len(session.path)
    if session.sharing is not None and include.domain_spec.target:
        matched = yield from session.sharing.match(session, include.domain_spec.target)
        if matched is not None:
            return matched
    try:
        return (yield from match_include(session, include, domain))
    except UnknownTargetError as unknown:
        if not session.forking:
            raise
        session.pass_over(_unknown_target(session, unknown))
        del session.path[depth:]
        return False


def _unknown_target(session: Session, unknown: UnknownTargetError) -> Dependency:
    """Return the term that can't be followed: the last one on the path."""
    domain, term = session.path[-1]
    return Dependency(domain, term.text, tuple([Input(each) for each in unknown.inputs]))


_SCRIPTED: dict[type[Directive | Redirect], Any] = {
    **dict.fromkeys(MATCHERS, _match_scripted),
    Include: _match_include,
    Redirect: match_redirect,
}

_MOST_NAMES = 10_000  # more than a DNS message can hold, whatever the limit of names is


def _possible(
    session: TilingSession, directive: DomainDirective, domain: str, inputs: tuple[Input, ...], before_match: int
) -> frozenset[Choice]:
    """Return what a conditional directive may do.

    It is enough to consider none of the void lookups that it can count, and all of them: with a number in between, a
    check ends as with none, or in permerror as with all.

    Args:
        before_match: how many void lookups it can count before it matches.
    """
    possible = {Choice.MATCH, Choice.NO_MATCH_VOID}
    if 0 < before_match <= session.limits.voids - session.voids:  # more end in permerror, as with NO_MATCH_VOID
        possible.add(Choice.MATCH_VOID)
    void_unless_match = isinstance(directive, Exists) and _always_askable(
        session, directive.domain_spec, domain, inputs
    )
    # If void lookups are not tried, NO_MATCH covers them too.
    if not (void_unless_match and Choice.NO_MATCH_VOID in session.only):
        possible.add(Choice.NO_MATCH)
    if not isinstance(directive, Ptr):  # for ptr, a DNS failure means no match (RFC 7208 §5.5)
        possible.add(Choice.TEMPERROR)
    if isinstance(directive, MX):
        possible.add(Choice.PERMERROR)
    return frozenset(possible)


def _most_voids(limits: Limits, directive: DomainDirective) -> tuple[int, int]:
    """Return how many void lookups a directive can count before it matches, and if it does not match."""
    if limits.void_rule is not VoidRule.PER_LOOKUP:
        hosts = isinstance(directive, (MX, Ptr)) and limits.names > 1  # one is void, and a later one matches
        return int(hosts or _uses_p(directive)), 1
    most = min(limits.names, _MOST_NAMES)
    for_p = max(1, most) if _uses_p(directive) else 0  # PTR is void, or all the names in it are
    if isinstance(directive, (MX, Ptr)):  # its own question is void, or its hosts are; the last one may match
        return for_p + max(0, most - 1), for_p + max(1, most)
    return for_p, for_p + 1


def _uses_p(directive: DomainDirective) -> bool:
    return directive.domain_spec is not None and "p" in directive.domain_spec.letters


def _always_askable(session: TilingSession, spec: MacroString, domain: str, inputs: tuple[Input, ...]) -> bool:
    """Return whether a target-name can be queried for every client's address, so that `exists` is void or matches."""
    if inputs != (Input.CLIENT_ADDRESS,) or (spec.uses_local_part and not session.local_part.isascii()):
        return False

    def expanded(address: str) -> str:
        return spec.expand_name(lambda letter: address if letter == "i" else session.macro_value(letter, domain, ""))

    if session.family is not V4:
        return is_askable(expanded(".".join("F" * 32)))
    widest = expanded("255.255.255.255")
    return is_askable(widest) and widest.count(".") == expanded("0.0.0.0").count(".")  # noqa: S104 - not bound to


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


class Tables(NamedTuple):
    """The ranges of both families, and the answers that they were compiled from."""

    ip4: Tiles
    ip6: Tiles
    answers: Answers

    @property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of both families."""
        return [*self.ip4.outcomes, *self.ip6.outcomes]


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
        outcome, last = yield from tiler.tile_at(address)
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
            from spfengine.policy.shared import Sharing  # which needs this module

            self.sharing = Sharing(inputs.includes, inputs.limits, family)
        self.trails: Trails[_Ending] = Trails(family.last)
        self.trees: dict[State, _End] = {}
        self.steps = 0
        self.is_whole = True

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
        found, lookups, last = yield from self._followed(address, key, [node.choice for node in stack])
        self.inputs.work.left -= lookups
        if key is not None:
            self.runs[key] = found, last
            self.steps += lookups
        return found, last

    def _followed(
        self, address: int, key: object, script: list[Choice]
    ) -> Generator[Question, Answer, tuple[Outcome | Fork, int, int]]:
        """Return where a run with these choices ends or forks, its lookups, and the last address for which it does. It
        is made only if no earlier run took the same way.
        """
        ending, hit, last = self.trails.follow(key, address)
        if ending is not None:
            is_elsewhere = ending.is_at_hit and self.paths
            return (self._at_hit(ending, hit) if is_elsewhere else ending.found), ending.lookups, last
        session = TilingSession(self.inputs, self.family, address, self.answers, self.only, script, forking=True)
        session.sharing = self.sharing
        try:
            found = yield from self._evaluated(session)
        except WorkIsOverError:
            return self.cut(session.lookups, session.voids), 0, self.family.last
        ending = _ending(session, found)
        self.trails.note(key, session.trail, ending)
        return found, ending.lookups, session.hi

    def _evaluated(self, session: TilingSession) -> Generator[Question, Answer, Outcome | Fork]:
        """Return where a run ends or forks. Raise WorkIsOverError if no steps are left."""
        try:
            yield from self.inputs.work.charging(check_host(session))
        except UnknownTargetError as unknown:
            dependency = _unknown_target(session, unknown)
            return self._open(dependency, path_of(session), session.lookups, session.voids)
        except Fork as fork:
            return fork
        return self._outcome(session)

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
