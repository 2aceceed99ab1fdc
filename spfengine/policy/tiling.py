"""Tiling: the address space of a family cut into ranges in which check_host() runs the same way.

A run at one address records the interval around it in which every comparison that it made would have come out the
same; in that interval the whole run is the same. So the next run starts where the interval ends, until the space is
covered. What else a run may rest on is played through: a conditional term is run once for each thing it may come to.
"""

from collections.abc import Generator, Mapping
from copy import copy
from ipaddress import IPv4Address
from typing import Any

from spfengine.addresses import V4, V6, Family
from spfengine.answers import Answer, Question
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.mechanisms import MATCHERS, Matching
from spfengine.evaluation.questions import Halt, charge, count_void
from spfengine.evaluation.result import Result
from spfengine.evaluation.session import Answers, Session, address_type
from spfengine.evaluation.targets import UnknownTarget
from spfengine.names import fold
from spfengine.policy.outcome import Branch, Choice, Dependency, Input, Outcome
from spfengine.policy.ranges import MAPPED_FIRST, MAPPED_LAST
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import MX, A, Directive, DomainDirective, Exists, Ptr
from spfengine.visible import visible

MAX_RANGES = 1 << 20
"""Ranges of one family's table; no legal record comes near it. What lies beyond has the outcome "ask"."""
MAX_LEAVES = 128
"""Leaves of the tree of outcomes of one range; a larger tree is cut to the outcome "ask"."""


_HOST_CHOICES = (Choice.MATCH, Choice.NO_MATCH, Choice.NO_MATCH_VOID, Choice.TEMPERROR)
Choices = Mapping[type[Directive], tuple[Choice, ...]]

CHOICES: Choices = {
    A: _HOST_CHOICES,
    MX: _HOST_CHOICES,
    Exists: (Choice.MATCH, Choice.NO_MATCH, Choice.NO_MATCH_VOID, Choice.TEMPERROR),
    Ptr: (Choice.MATCH, Choice.NO_MATCH, Choice.NO_MATCH_VOID),  # a DNS failure means no match (RFC 7208 §5.5)
}


_ANY_CLIENT = IPv4Address(0)


class Inputs:
    """What a policy is compiled for: a domain, and what is known of its senders.

    Attributes:
        domain: the domain, as a Session has it.
        local_part: the sender's local part, or None for every sender.
        helo: the HELO name, or None for every client.
        limits, receiver, now: as for a check; the time limit does not count.
    """

    def __init__(
        self, domain: str, sender: str | None, helo: str | None, limits: Limits, receiver: str | None, now: float
    ) -> None:
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


class TilingSession(Session):
    """A run at one address that stands for a range; some of what a check knows may not be known.

    Attributes:
        script: what conditional terms come to, in the order in which they are met; grows by their first choices.
        met: the conditional terms that were met, each with its choices.
        choices: what a conditional directive may come to.
    """

    tiling = True
    explaining = False
    local_part_known = True
    helo_known = True

    def __init__(
        self, inputs: Inputs, family: Family, ip: int, answers: Answers, choices: Choices, script: list[Choice]
    ) -> None:
        self.family, self.ip = family, ip
        self.address_type = address_type(family)
        self.domain = self.sender_domain = inputs.domain
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
        self.hi = family.last
        self.matchers = _SCRIPTED
        self.choices = choices
        self.script = script
        self.met: list[tuple[Dependency, tuple[Choice, ...]]] = []

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

    def choose(self, dependency: Dependency, choices: tuple[Choice, ...]) -> Choice:
        """Return what a conditional term comes to in this run."""
        place = len(self.met)
        self.met.append((dependency, choices))
        if place == len(self.script):
            self.script.append(choices[0])
        return self.script[place]


def _match_scripted(session: TilingSession, directive: DomainDirective, domain: str) -> Matching:
    """Match as mechanisms do, but where that rests on what is not known, as the script says."""
    spec = directive.domain_spec
    inputs = () if spec is None else session.unknown_inputs(spec.letters)
    if isinstance(directive, Ptr) and Input.CLIENT_NAMES not in inputs:
        inputs = (Input.CLIENT_NAMES, *inputs)
    if not inputs:
        return (yield from MATCHERS[type(directive)](session, directive, domain))
    if session.limits.count_p and spec is not None and "p" in spec.letters:
        charge(session)
    choice = session.choose(Dependency(domain, directive.text, inputs), session.choices[type(directive)])
    if choice is Choice.NO_MATCH_VOID:
        count_void(session, visible(directive.text, 60))
    elif choice is Choice.TEMPERROR:
        text = f"DNS could not answer for {visible(directive.text, 60)}"
        raise Halt(Result.TEMPERROR, Problem(ProblemCode.DNS_FAILURE, text, section="2.6.6"))
    return choice is Choice.MATCH


_SCRIPTED: dict[type[Directive], Any] = dict.fromkeys(MATCHERS, _match_scripted)

Tiles = tuple[list[int], list[Outcome]]
"""The first addresses of ranges that cover a family's space, in order, and the outcome of each range."""


def tile(
    inputs: Inputs, family: Family, answers: Answers, choices: Choices = CHOICES
) -> Generator[Question, Answer, Tiles]:
    """Return the ranges of a family's address space, neighbours of the same outcome as one.

    Args:
        answers: what DNS said so far; what is asked is added, so that nothing is asked twice.
        choices: what a conditional directive may come to.
    """
    starts: list[int] = []
    outcomes: list[Outcome] = []
    known: dict[object, Outcome] = {}
    address = 0
    while address <= family.last:
        outcome, last = yield from _tile_at(inputs, family, address, answers, choices, known)
        if not outcomes or outcome is not outcomes[-1]:
            starts.append(address)
            outcomes.append(outcome)
        address = last + 1
        if family is V6 and MAPPED_FIRST <= address <= MAPPED_LAST:
            address = MAPPED_LAST + 1
        if len(starts) >= MAX_RANGES and address <= family.last:
            starts.append(address)
            outcomes.append(Outcome(None, depends_on=(_too_many_ranges(inputs.domain),)))
            break
    return starts, outcomes


def _tile_at(
    inputs: Inputs,
    family: Family,
    address: int,
    answers: Answers,
    choices: Choices,
    known: dict[object, Outcome],
) -> Generator[Question, Answer, tuple[Outcome, int]]:
    """Return the outcome at an address, and the last address for which it is the same."""
    last = family.last
    script: list[Choice] = []
    leaves: list[tuple[list[tuple[Dependency, tuple[Choice, ...]]], list[Choice], Outcome]] = []
    while True:
        session = TilingSession(inputs, family, address, answers, choices, script)
        session.hi = last
        try:
            yield from check_host(session)
            outcome = _outcome(session, known)
        except UnknownTarget as unknown:
            domain, term = session.path[-1]
            dependency = Dependency(domain, term.text, tuple(Input(each) for each in unknown.inputs))
            outcome = Outcome(None, None, None, None, _path(session), session.lookups, session.voids, (dependency,))
        last = session.hi
        if not session.met:
            return known.setdefault(outcome, outcome) if outcome.result is None else outcome, last
        leaves.append((session.met, list(script), outcome))
        while script and script[-1] is session.met[len(script) - 1][1][-1]:
            script.pop()
        if not script:
            tree = _tree(leaves, 0)
            return known.setdefault(tree, tree), last
        last_met = session.met[len(script) - 1][1]
        script[-1] = last_met[last_met.index(script[-1]) + 1]
        if len(leaves) >= MAX_LEAVES:
            dependencies = tuple(dict.fromkeys(dependency for dependency, _ in session.met))
            cut = Outcome(None, depends_on=dependencies, lookups=session.lookups, void_lookups=session.voids)
            return known.setdefault(cut, cut), last


def _outcome(session: Session, known: dict[object, Outcome]) -> Outcome:
    """Return the outcome of a run; the same object for runs that took the same way."""
    key = (
        session.result,
        session.lookups,
        session.voids,
        session.problem,
        tuple([(domain, id(term)) for domain, term in session.path]),
    )
    outcome = known.get(key)
    if outcome is None:
        directive = None if session.directive is None else session.directive.text
        outcome = known[key] = Outcome(
            session.result,
            session.problem,
            directive,
            session.record_domain,
            _path(session),
            session.lookups,
            session.voids,
        )
    return outcome


def _path(session: Session) -> tuple[tuple[str, str], ...]:
    return tuple([(domain, term.text) for domain, term in session.path])


def _tree(
    leaves: list[tuple[list[tuple[Dependency, tuple[Choice, ...]]], list[Choice], Outcome]], depth: int
) -> Outcome:
    """Return the tree of outcomes that these runs, which agree up to `depth`, make up."""
    met, script, outcome = leaves[0]
    if depth == len(script):
        return outcome
    dependency, choices = met[depth]
    branches = []
    for choice in choices:
        under = [leaf for leaf in leaves if leaf[1][depth] is choice]
        branches.append((choice, _tree(under, depth + 1)))
    dependencies = [dependency] + [further for _, branch in branches for further in branch.depends_on]
    return Outcome(
        None,
        lookups=max(branch.lookups for _, branch in branches),
        void_lookups=max(branch.void_lookups for _, branch in branches),
        depends_on=tuple(dict.fromkeys(dependencies)),
        tree=Branch(dependency, tuple(branches)),
    )


def _too_many_ranges(domain: str) -> Dependency:
    return Dependency(domain, f"more than {MAX_RANGES} ranges", (Input.CLIENT_ADDRESS,))


def compile_tables(inputs: Inputs, answers: Answers) -> Generator[Question, Answer, tuple[Tiles, Tiles]]:
    """Return the ranges of IPv4 and of IPv6."""
    return (yield from tile(inputs, V4, answers)), (yield from tile(inputs, V6, answers))
