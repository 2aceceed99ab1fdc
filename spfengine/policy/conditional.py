"""Conditional terms: what a term that depends on more than the client's address may do, and a run that tries it.

Everything that such a term may do is tried: a run that reaches one ends there (`Fork`), and is made again for each
choice. For everything that the term can do to the rest of a check there is a choice, so the results of all runs are all
results that a client can get.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.addresses import V4, Family, Table
from spfengine.evaluation.check_host import MATCHERS, match_include, match_redirect
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.mechanisms import Halt, UnknownTargetError, charge, count_void, too_many_mx
from spfengine.evaluation.session import Answers, Located, Matching, RangeSession, Session
from spfengine.names import is_askable
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Choice, Dependency, Input, path_of
from spfengine.policy.trails import Trail
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.macro import MacroString
from spfengine.record.model import MX, Directive, DomainDirective, Exists, Include, Ptr, Redirect
from spfengine.visible import visible

if TYPE_CHECKING:
    from spfengine.policy.shared import Sharing

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
        session.pass_over(unknown_target(session, unknown))
        del session.path[depth:]
        return False


def unknown_target(session: Session, unknown: UnknownTargetError) -> Dependency:
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
