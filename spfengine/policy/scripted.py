"""Scripted runs: what a run does at a term whose outcome rests on more than the client's address range.

Such a conditional term is not asked about. What it may come to, its choices, is played through instead: for every
thing that it can do to the rest of a check there is a choice that does it, so the results of all scripts are all
results that a client can get.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from spfengine.addresses import V4, Family
from spfengine.evaluation.check_host import MATCHERS
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.mechanisms import Halt, charge, count_void
from spfengine.evaluation.session import Answers, Matching, RangeSession
from spfengine.names import is_askable
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Choice, Dependency, Input
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, Directive, DomainDirective, Exists, Include, Ptr
from spfengine.visible import visible

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
