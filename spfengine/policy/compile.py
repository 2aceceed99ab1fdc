"""Tiling: the address space of a family cut into ranges in which check_host() runs the same way.

A run at one address records the interval around it in which every comparison that it made would have come out the
same; in that interval the whole run is the same. So the next run starts where the interval ends, until the space is
covered.

What else a run may rest on is played through (see `scripted`): a run that comes to a conditional term ends there, and
is made again for each choice. What follows from a choice depends on nothing but the state in which the term was met
(where in which records, how many lookups and voids) and on the address, so each choice in each state is run once, and
again only where its interval ends. Runs that come to the same state share what follows: trees of outcomes are small in
memory, however many leaves they have.
"""

from collections.abc import Generator, Sequence
from copy import copy
from ipaddress import IPv4Address
from typing import Any, NamedTuple

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import MATCHERS, check_host
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.mechanisms import Halt, UnknownTarget, charge, count_void
from spfengine.evaluation.session import Answers, Matching, RangeSession, Session
from spfengine.names import fold, is_askable
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, Directive, DomainDirective, Exists, Include, Ptr
from spfengine.visible import visible

# What a policy is compiled for.

_ANY_CLIENT = IPv4Address(0)


class Inputs:
    """What a policy is compiled for: a domain, and what is known of its senders.

    Attributes:
        domain: the domain, as a Session has it.
        domain_refused: whether IDNA2008 refuses it.
        local_part: the local part of the sender, or None for every sender.
        helo: the HELO name, or None for every client.
        limits, receiver, now: as for a check; the time limit does not count.
    """

    def __init__(
        self, domain: str, sender: str | None, helo: str | None, limits: Limits, receiver: str | None, now: float
    ) -> None:
        """Read the arguments as a check would. Raises ArgumentError."""
        if not isinstance(domain, str):
            raise ArgumentError(f"domain must be text, not {type(domain).__name__}")
        if "@" in domain:
            shown = visible(domain, 80)
            raise ArgumentError(f"a policy is compiled for a domain, and {shown!r} is none; its sender is `sender`")
        model = Session(_ANY_CLIENT, f"@{domain}", limits=limits)
        if sender is not None:
            given, model = model.domain, Session(_ANY_CLIENT, sender, helo or "", limits=limits)
            if fold(model.domain) != fold(given):
                raise ArgumentError(
                    f"the sender {visible(sender, 80)!r} is of the domain {visible(model.domain, 80)!r}, "
                    f"so a policy of {visible(given, 80)!r} says nothing about it"
                )
        self.domain = model.domain
        self.domain_refused = model.domain_refused
        self.local_part = None if sender is None else model.local_part
        self.helo = None if helo is None else Session(_ANY_CLIENT, "", helo).helo
        self.limits = limits
        self.receiver = receiver
        self.now = now

    def at(self, domain: str) -> "Inputs":
        """Return the same inputs where evaluation has come to another domain."""
        other = copy(self)
        other.domain = domain
        other.domain_refused = False
        return other

    def with_limits(self, limits: Limits) -> "Inputs":
        """Return the same inputs under other limits."""
        other = copy(self)
        other.limits = limits
        return other


# Scripted runs: what a run does at a term whose outcome rests on more than the client's address range.

ALL_CHOICES = tuple(Choice)


class State(NamedTuple):
    """All that the rest of a run depends on, its address aside.

    Attributes:
        path: the terms that evaluation stands in, by domain and identity: where it is, in which records.
        lookups, voids: what was counted so far.
    """

    path: tuple[tuple[str, int], ...]
    lookups: int
    voids: int


class Fork(Exception):  # noqa: N818 - no error: a run came to a conditional term, and its script ends before it
    """A run has to be told what a conditional term comes to.

    Attributes:
        dependency: the term.
        choices: what it may come to.
        state: the state in which it was met.
    """

    def __init__(self, dependency: Dependency, choices: tuple[Choice, ...], state: State) -> None:
        self.dependency = dependency
        self.choices = choices
        self.state = state
        super().__init__(dependency)


class TilingSession(RangeSession):
    """A run at one address that stands for a range; some of what a check knows may not be known.

    Attributes:
        only: the choices that are played through.
        script: what conditional terms come to, in the order in which they are met.
        met: how many were met.
        forking: whether a conditional term behind the script's end raises Fork; else it comes to its first choice.
    """

    explaining = False
    local_part_known = True
    helo_known = True
    met = 0

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
        self.matchers = _SCRIPTED
        self.only = only
        self.script = script
        self.forking = forking

    def unknown_inputs(self, letters: frozenset[str]) -> tuple[Input, ...]:
        """Return which inputs that these macro-letters need are not known."""
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

    def choose(self, dependency: Dependency, possible: dict[Choice, int]) -> Choice:
        """Return what a conditional term comes to in this run. Raises Fork where that has to be decided."""
        place = self.met
        self.met += 1
        if place < len(self.script):
            self.hi = self.family.last  # only what comes behind the newest choice counts
            return self.script[place]
        choices = tuple([choice for choice in self.only if choice in possible])
        if self.forking:
            path = tuple([(domain, id(term)) for domain, term in self.path])
            raise Fork(dependency, choices, State(path, self.lookups, self.voids))
        return choices[0]


def _match_scripted(session: TilingSession, directive: DomainDirective, domain: str) -> Matching:
    """Match as mechanisms do, but where that rests on what is not known, as the script says."""
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
    yield from ()  # nothing is asked, but whatever matches is a generator
    spec = directive.domain_spec
    if session.limits.count_p and spec is not None and "p" in spec.letters:
        charge(session)
    possible = _possible(session, directive, domain, inputs)
    choice = session.choose(Dependency(domain, directive.text, inputs), possible)
    shown = visible(directive.text, 60)
    for _ in range(possible[choice]):
        count_void(session, shown)
    if choice is Choice.TEMPERROR:
        text = f"DNS could not answer for {shown}"
        raise Halt(Result.TEMPERROR, Problem(ProblemCode.DNS_FAILURE, text, section="2.6.6"))
    if choice is Choice.PERMERROR:
        text = f"{shown} leads to more than {session.limits.names} MX records"
        raise Halt(Result.PERMERROR, Problem(ProblemCode.TOO_MANY_MX, text, section="4.6.4"))
    return choice is Choice.MATCH or choice is Choice.MATCH_VOID


_SCRIPTED: dict[type[Directive], Any] = dict.fromkeys(MATCHERS, _match_scripted) | {Include: MATCHERS[Include]}

_MOST_NAMES = 10_000  # more than a DNS message holds, whatever the limit of names is


def _possible(
    session: TilingSession, directive: DomainDirective, domain: str, inputs: tuple[Input, ...]
) -> dict[Choice, int]:
    """Return what a conditional directive may come to, each with the void lookups that it then counts.

    None of these voids and the most of them are enough: with a number in between, a check ends as with none, or in
    permerror as with the most.
    """
    spec = directive.domain_spec
    most = min(session.limits.names, _MOST_NAMES)
    for_p = max(1, most) if spec is not None and "p" in spec.letters else 0  # PTR is void, or the names that it holds
    if isinstance(directive, (MX, Ptr)):  # its own question is void, or its hosts are, the last of which may match
        before_match, without_match = for_p + max(0, most - 1), for_p + max(1, most)
    else:
        before_match, without_match = for_p, for_p + 1
    if session.limits.void_rule is not VoidRule.PER_LOOKUP:
        before_match, without_match = min(1, before_match), 1
    possible = {Choice.MATCH: 0}
    if 0 < before_match <= session.limits.voids - session.voids:  # else it ends in permerror, as NO_MATCH_VOID does
        possible[Choice.MATCH_VOID] = before_match
    is_void_or_matches = isinstance(directive, Exists) and _always_askable(
        session, directive.domain_spec, domain, inputs
    )
    if not (is_void_or_matches and Choice.NO_MATCH_VOID in session.only):  # where voids are left out, it stands for one
        possible[Choice.NO_MATCH] = 0
    possible[Choice.NO_MATCH_VOID] = without_match
    if not isinstance(directive, Ptr):  # for ptr, a DNS failure means no match (RFC 7208 §5.5)
        possible[Choice.TEMPERROR] = 0
    if isinstance(directive, MX):
        possible[Choice.PERMERROR] = 0
    return possible


def _always_askable(session: TilingSession, spec: MacroString, domain: str, inputs: tuple[Input, ...]) -> bool:
    """Whether a target-name can be asked for whatever the client's address is: exists is void then, or matches."""
    if inputs != (Input.CLIENT_ADDRESS,) or (spec.uses_local_part and not session.local_part.isascii()):
        return False

    def expanded(address: str) -> str:
        return spec.expand_name(lambda letter: address if letter == "i" else session.macro_value(letter, domain, ""))

    if session.family is not V4:
        return is_askable(expanded(".".join("F" * 32)))
    widest = expanded("255.255.255.255")
    return is_askable(widest) and widest.count(".") == expanded("0.0.0.0").count(".")  # noqa: S104 - not bound to


MAX_RANGES = 1 << 20
"""Ranges of one family's table; no legal record comes near it. What lies beyond has the outcome "ask"."""
MAX_LEAVES = 1 << 14
"""Leaves of the tree of outcomes of one range; a larger tree is cut to the outcome "ask". Under the limits of RFC 7208
§4.6.4 no record comes to more than 9,973."""
MAX_DEPTH = 32
"""Conditional terms on one way through a tree; a deeper tree is cut to the outcome "ask". RFC 7208 §4.6.4 allows 10."""
MAX_STEPS = 1 << 22
"""Work for the conditional ranges of one family's table: choices that are gone through, and terms charged in the runs
for them. What would need more has the outcome "ask"."""


class Tiles(NamedTuple):
    """The ranges of a family's address space.

    Attributes:
        starts: the first addresses of the ranges, which cover the space, in order.
        outcomes: the outcome of each range.
        is_whole: whether everything was followed to its end: no record's name rests on what is not known, and no cap on
            ranges or work was reached.
    """

    starts: list[int]
    outcomes: list[Outcome]
    is_whole: bool


def compile_tables(inputs: Inputs, answers: Answers) -> Generator[Question, Answer, tuple[Tiles, Tiles]]:
    """Return the ranges of IPv4 and of IPv6."""
    return (yield from tile(inputs, V4, answers)), (yield from tile(inputs, V6, answers))


def tile(
    inputs: Inputs,
    family: Family,
    answers: Answers,
    only: Sequence[Choice] = ALL_CHOICES,
    max_steps: int | None = None,
) -> Generator[Question, Answer, Tiles]:
    """Return the ranges of a family's address space, neighbours of the same outcome as one.

    Args:
        answers: what DNS said so far; what is asked is added, so that nothing is asked twice.
        only: the choices that are played through where a directive is conditional, the first of them first.
        max_steps: MAX_STEPS where it is not given.
    """
    tiler = _Tiler(inputs, family, answers, only, MAX_STEPS if max_steps is None else max_steps)
    return (yield from _tiles(tiler, 0, family.last))


def tile_range(
    inputs: Inputs, family: Family, answers: Answers, first: int, last: int
) -> Generator[Question, Answer, Tiles]:
    """Return the ranges of the addresses from `first` to `last`, as `tile` does of them all."""
    return (yield from _tiles(_Tiler(inputs, family, answers, ALL_CHOICES, MAX_STEPS), first, last))


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
        if len(starts) >= MAX_RANGES and address <= to:
            beyond = Dependency(tiler.inputs.domain, f"more than {MAX_RANGES} ranges", (Input.CLIENT_ADDRESS,))
            starts.append(address)
            outcomes.append(Outcome(None, depends_on=(beyond,)))
            tiler.is_whole = False
            break
    return Tiles(starts, outcomes, tiler.is_whole)


class _End:
    """What a run, or all runs behind a choice, come to.

    Attributes:
        outcome: the outcome.
        last: the last address for which it is that.
        leaves, depth: the size of its tree, also where that was cut.
    """

    __slots__ = ("depth", "last", "leaves", "outcome")

    def __init__(self, outcome: Outcome, last: int, leaves: int = 1, depth: int = 0) -> None:
        self.outcome = outcome
        self.last = last
        self.leaves = leaves
        self.depth = depth


class _Node:
    """A conditional term whose choices are being played through.

    Attributes:
        fork: the term, its choices, and the state in which it was met.
        before: the last address for which a run comes from the choice before to this term.
        ends: what the choices played through come to, in order.
    """

    __slots__ = ("before", "ends", "fork")

    def __init__(self, fork: Fork, before: int) -> None:
        self.fork = fork
        self.before = before
        self.ends: list[_End] = []

    @property
    def choice(self) -> Choice:
        """The choice that is being played through."""
        return self.fork.choices[len(self.ends)]


class _Tiler:
    """Finds the outcome at one address after the other, and keeps what it may need again.

    Attributes:
        known: each outcome that was made: equal ones are one object.
        runs: by state and choice, where a run behind that choice ends or forks, and the last address for which it does.
        trees: by state, what all choices together come to.
        steps: how much was done for conditional ranges.
        is_whole: whether everything was followed to its end so far.
    """

    def __init__(
        self, inputs: Inputs, family: Family, answers: Answers, only: Sequence[Choice], max_steps: int
    ) -> None:
        self.inputs = inputs
        self.family = family
        self.answers = answers
        self.only = only
        self.max_steps = max_steps
        self.known: dict[object, Outcome] = {}
        self.runs: dict[tuple[State, Choice], tuple[Outcome | Fork, int]] = {}
        self.trees: dict[State, _End] = {}
        self.steps = 0
        self.is_whole = True

    def tile_at(self, address: int) -> Generator[Question, Answer, tuple[Outcome, int]]:
        """Return the outcome at an address, and the last address for which it is the same."""
        stack: list[_Node] = []
        while True:
            found, last = yield from self._run(address, stack)
            if isinstance(found, Fork):
                tree = self.trees.get(found.state)
                if self.steps >= self.max_steps:
                    tree = _End(self._ask(found.dependency, (), found.state.lookups, found.state.voids), last)
                elif tree is None or tree.last < address:
                    stack.append(_Node(found, last))
                    continue
                end = _End(tree.outcome, min(last, tree.last), tree.leaves, tree.depth)
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

    def _run(self, address: int, stack: list[_Node]) -> Generator[Question, Answer, tuple[Outcome | Fork, int]]:
        """Return what the choices on the stack lead to, and the last address for which the newest of them does."""
        key = (stack[-1].fork.state, stack[-1].choice) if stack else None
        if key is not None:
            self.steps += 1
            known = self.runs.get(key)
            if known is not None and known[1] >= address:
                return known
        script = [node.choice for node in stack]
        session = TilingSession(self.inputs, self.family, address, self.answers, self.only, script, forking=True)
        found: Outcome | Fork
        try:
            yield from check_host(session)
            found = self._outcome(session)
        except UnknownTarget as unknown:
            domain, term = session.path[-1]
            dependency = Dependency(domain, term.text, tuple(Input(each) for each in unknown.inputs))
            found = self._ask(dependency, _path(session), session.lookups, session.voids)
        except Fork as fork:
            found = fork
        if key is not None:
            self.runs[key] = found, session.hi
            self.steps += session.lookups
        return found, session.hi

    def _outcome(self, session: Session) -> Outcome:
        """Return the outcome of a run; the same object for runs that took the same way."""
        path = _path(session)
        key = (path, session.result, session.lookups, session.voids, session.problem)  # the other fields follow
        outcome = self.known.get(key)
        if outcome is None:
            directive = None if session.directive is None else session.directive.text
            outcome = self.known[key] = Outcome(
                session.result,
                session.problem,
                directive,
                session.record_domain,
                path,
                session.lookups,
                session.voids,
            )
        return outcome

    def _ask(self, dependency: Dependency, path: tuple[tuple[str, str], ...], lookups: int, voids: int) -> Outcome:
        """Return the outcome where only a check of one client can tell more."""
        self.is_whole = False
        return self._one(Outcome(None, path=path, lookups=lookups, void_lookups=voids, depends_on=(dependency,)))

    def _tree(self, node: _Node) -> _End:
        """Return what the choices of a conditional term together come to."""
        dependency = node.fork.dependency
        dependencies = {dependency: None}
        for end in node.ends:
            dependencies.update(dict.fromkeys(end.outcome.depends_on))
        leaves = sum(end.leaves for end in node.ends)
        depth = 1 + max(end.depth for end in node.ends)
        tree = None
        if leaves <= MAX_LEAVES and depth <= MAX_DEPTH:
            outcomes = [end.outcome for end in node.ends]
            tree = Branch(dependency, tuple(zip(node.fork.choices, outcomes, strict=True)))
        outcome = Outcome(
            None,
            lookups=max(end.outcome.lookups for end in node.ends),
            void_lookups=max(end.outcome.void_lookups for end in node.ends),
            depends_on=tuple(dependencies),
            tree=tree,
        )
        return _End(self._one(outcome), min(end.last for end in node.ends), leaves, depth)

    def _one(self, outcome: Outcome) -> Outcome:
        """Return the object that stands for this outcome."""
        return self.known.setdefault(outcome, outcome)


def _path(session: Session) -> tuple[tuple[str, str], ...]:
    return tuple([(domain, term.text) for domain, term in session.path])
