"""The most lookups and void lookups that any address costs (RFC 7208 §4.6.4), also beyond the limits."""

from collections.abc import Container, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from spfengine.addresses import V4, V6, Family, address_text
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.limit_profiles import LIMIT_PROFILES, LimitProfile
from spfengine.evaluation.limits import Limits, VoidRule, lifted
from spfengine.evaluation.mechanisms import LOOP_HINT, UnknownTargetError
from spfengine.evaluation.session import Answers
from spfengine.evaluation.trace import TraceBuilder, TracedQuestion, TracedRecord, TracedTerm, traced
from spfengine.names import fold
from spfengine.policy.compile import Tables, Tiles, each_once, tile
from spfengine.policy.conditional import TilingSession
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Choice, Outcome
from spfengine.policy.work import WorkIsOverError
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Exists
from spfengine.visible import short_repr, visible, visible_name
from spfengine.wording import listed

Choices = tuple[Choice, ...]

WORST: Choices = (Choice.NO_MATCH_VOID, Choice.MATCH)
"""What costs most: a DNS failure would only end the check early."""
CERTAIN: Choices = (Choice.NO_MATCH, Choice.MATCH)
"""What costs least: terms that depend on more than the address are not void."""

LIMIT_CODES = frozenset({ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS, ProblemCode.TOO_MANY_MX})
"""The problems of a check that needs more lookups, void lookups or names than are allowed."""

MAX_STEPS = 1 << 18
"""Work for the conditional ranges of one family, by one rule. The budget of a record that needs more is incomplete."""
_STEPS_IN_LOOP = 1 << 12  # if no number of lookups is enough, how large it is does not matter


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that any address of a family costs.

    Attributes:
        most: how many lookups or void lookups.
        address: an address that costs that many.
        terms: the terms that are counted, in order of evaluation, each with the domain of its record.
    """

    most: int
    address: str
    terms: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return short_repr(self, ("most", "address", "terms"))

    def by_term(self, domains: Container[str]) -> dict[str, int]:
        """Return what each term of certain records costs, with all that it leads to, in order of evaluation.

        Args:
            domains: the domains of these records, in lower case: a domain, and those that it redirects to.
        """
        costs: dict[str, int] = {}
        current = ""
        for domain, term in self.terms:
            if fold(domain) in domains:
                current = term
            costs[current] = costs.get(current, 0) + 1
        return costs


@dataclass(frozen=True, slots=True)
class Budget:
    """What the worst addresses cost, by IP version (4 and 6).

    Attributes:
        lookups: terms that ask DNS; the limit is 10.
        voids: void lookups by each rule; the limit is 2.
        endless: whether the records form a loop, so that no number is enough.
        incomplete: whether DNS could not answer something, or something could not be followed, so that the true need
            may be greater.
    """

    lookups: dict[int, Cost]
    voids: dict[VoidRule, dict[int, Cost]]
    endless: bool
    incomplete: bool

    def __repr__(self) -> str:
        need = "endless" if self.endless else f"{self.worst_lookups} lookups, {self.worst_voids()} void lookups"
        return f"<Budget: {need}{', incomplete' if self.incomplete else ''}>"

    @property
    def worst_lookups(self) -> int:
        """The most lookups of any address."""
        return max(cost.most for cost in self.lookups.values())

    def worst_voids(self, rule: VoidRule = VoidRule.PER_TERM) -> int:
        """The most void lookups of any address, counted by a rule."""
        return max(cost.most for cost in self.voids[rule].values())

    def exceeds(self, limits: Limits) -> bool:
        """Whether some address needs more lookups or void lookups than these limits allow."""
        over_voids = self.worst_voids(limits.void_rule) > limits.voids
        return self.endless or self.worst_lookups > limits.lookups or over_voids

    @property
    def too_much_for(self) -> tuple[LimitProfile, ...]:
        """The receivers whose limits some address exceeds."""
        return tuple(profile for profile in LIMIT_PROFILES.values() if self.exceeds(profile.limits))


def budget(
    inputs: Inputs,
    answers: Answers,
    choices: Choices = WORST,
    tables: Tables | None = None,
    lookups_from: int = 0,
    voids_from: int = 0,
    rules: Sequence[VoidRule] = tuple(VoidRule),
) -> Generator[Question, Answer, Budget]:
    """Return the budget of a domain.

    Args:
        answers: what DNS has answered so far; new answers are added.
        choices: what terms that depend on more than the address do: `WORST` or `CERTAIN`.
        tables: the ranges of the domain under its own limits, if they are known; most are the same without limits.
        lookups_from: the lookups from which on their terms are listed; to find them takes another run.
        voids_from: the same for void lookups by PER_TERM; by other rules they are listed if there are more.
        rules: the rules by which void lookups are counted, so that the budget lacks the others; PER_TERM comes first.
    """
    same = tables if tables is not None and is_within_limits(tables) else None
    search = _CostSearch(inputs, answers, choices, same)
    if same is None:
        yield from search.look_for_loop()
    lookups: dict[int, Cost] = {}
    voids: dict[VoidRule, dict[int, Cost]] = {rule: {} for rule in rules}
    per_term = voids[VoidRule.PER_TERM]
    for rule in rules:
        for family in (V4, V6):
            version = family.version
            if rule is not VoidRule.PER_TERM and not per_term[version].most:
                voids[rule][version] = per_term[version]  # if nothing is void by one rule, nothing is by another
                continue
            tiles = yield from search.tiles(rule, family)
            if rule is VoidRule.PER_TERM:
                lookups[version] = search.most_lookups(family, tiles, lookups_from)
            voids[rule][version] = search.most_voids(rule, family, tiles, voids_from)
    return Budget(lookups, voids, search.endless, search.incomplete)


def is_within_limits(tables: Tables) -> bool:
    """Whether no check meets a limit, or depends on more than the address: then limits make no difference."""
    return all(
        outcome.result is not None and (outcome.problem is None or outcome.problem.code not in LIMIT_CODES)
        for outcome in tables.outcomes
    )


class _CostSearch:
    """Finds the addresses that cost most, under lifted limits.

    Attributes:
        same: the ranges under the domain's own limits, if they are the same as under lifted ones.
        endless, incomplete: as in Budget, as far as is known.
    """

    def __init__(self, inputs: Inputs, answers: Answers, choices: Choices, same: Tables | None) -> None:
        self.inputs = inputs
        self.answers = answers
        self.choices = choices
        self.same = same
        self.endless = False
        self.incomplete = False

    def look_for_loop(self) -> Generator[Question, Answer, None]:
        """Run once for each family: this finds most loops early, and finding all outcomes of a loop takes long."""
        for family in (V4, V6):
            session = TilingSession(self._lifted(VoidRule.PER_TERM), family, 0, self.answers, self.choices, ())
            with suppress(UnknownTargetError, WorkIsOverError):
                yield from self.inputs.work.charging(check_host(session))
            self.endless = self.endless or _is_loop(session.problem)

    def tiles(self, rule: VoidRule, family: Family) -> Generator[Question, Answer, Tiles]:
        """Return the outcomes for all addresses of a family, with void lookups counted by a rule; note whether they are
        endless or incomplete.
        """
        if self.same is not None and rule is self.inputs.limits.void_rule:
            tiles = self.same.ip4 if family is V4 else self.same.ip6
        else:
            steps = min(MAX_STEPS, _STEPS_IN_LOOP) if self.endless else MAX_STEPS
            tiles = yield from tile(self._lifted(rule), family, self.answers, self.choices, steps, paths=False)
        seen: set[int] = set()
        outcomes = each_once(tiles.outcomes)
        if any(_is_endless(outcome, seen) for outcome in outcomes):
            self.endless = True
        if not tiles.is_whole or any(Result.TEMPERROR in outcome.results for outcome in outcomes):
            self.incomplete = True
        return tiles

    def most_lookups(self, family: Family, tiles: Tiles, terms_from: int) -> Cost:
        """Return the most lookups of any address; without their terms if they are fewer than `terms_from`."""
        start, outcome = max(zip(tiles.starts, tiles.outcomes, strict=True), key=lambda tile: tile[1].lookups)
        if not outcome.lookups or outcome.lookups < terms_from:
            return Cost(outcome.lookups, address_text(family, start), ())
        root, problem = self._trace(VoidRule.PER_TERM, family, start, _script(outcome, "lookups"))
        if _is_loop(problem):  # a tree that was too large to keep does not say it
            self.endless = True
        terms = [(domain, step.term.text) for domain, step in traced(root) if step.term.costs_lookup]
        return Cost(outcome.lookups, address_text(family, start), tuple(terms[: outcome.lookups]))

    def most_voids(self, rule: VoidRule, family: Family, tiles: Tiles, terms_from: int) -> Cost:
        """Return the most void lookups of any address, counted by a rule; without their terms if they are too few to be
        listed, see `budget`.
        """
        least = terms_from if rule is VoidRule.PER_TERM else terms_from + 1
        start, outcome = max(zip(tiles.starts, tiles.outcomes, strict=True), key=lambda tile: tile[1].void_lookups)
        if not outcome.void_lookups or outcome.void_lookups < least:
            return Cost(outcome.void_lookups, address_text(family, start), ())
        root, _ = self._trace(rule, family, start, _script(outcome, "void_lookups"))
        dual_stack = rule is VoidRule.DUAL_STACK
        terms = [(domain, step.term.text) for domain, step in traced(root) if _is_void(step, dual_stack)]
        return Cost(outcome.void_lookups, address_text(family, start), tuple(terms))

    def _lifted(self, rule: VoidRule) -> Inputs:
        return self.inputs.with_limits(lifted(self.inputs.limits, rule))

    def _trace(
        self, rule: VoidRule, family: Family, address: int, script: list[Choice]
    ) -> tuple[TracedRecord, Problem | None]:
        """Return the trace of one run, all of whose questions are answered already, and the problem that it ends in."""
        session = TilingSession(self._lifted(rule), family, address, {}, self.choices, script)
        session.known_answer = self.answers.get
        builder = TraceBuilder(session, is_whole=False)
        with suppress(UnknownTargetError):
            builder.run(self.answers)
        return builder.root, session.problem


def _is_endless(outcome: Outcome, seen: set[int]) -> bool:
    """Whether the records form a loop. Trees share branches; `seen` holds those that were looked at."""
    if outcome.tree is None:
        return _is_loop(outcome.problem)
    if id(outcome) in seen:
        return False
    seen.add(id(outcome))
    return any(_is_endless(branch, seen) for _, branch in outcome.tree.branches)


def _is_loop(problem: Problem | None) -> bool:
    return problem is not None and problem.code is ProblemCode.TOO_MANY_LOOKUPS


def _is_void(term: TracedTerm, dual_stack: bool) -> bool:
    """Whether a term was counted as void: for one question, or for those about the addresses of both families."""
    void = {asked.question for asked in _questions(term) if asked.answer.is_void}
    if not dual_stack or isinstance(term.term, Exists):
        return bool(void)
    other = {RRType.A: RRType.AAAA, RRType.AAAA: RRType.A}
    return any(
        question.type not in other
        or Question(question.name, other[question.type]) in void
        or asked.answer.status is Status.NXDOMAIN
        for asked in _questions(term)
        if (question := asked.question) in void
    )


def _questions(term: TracedTerm) -> list[TracedQuestion]:
    """Return the questions of a term, also the one for the record that it leads to."""
    led = None if term.record is None else term.record.question
    return term.questions if led is None else [*term.questions, led]


def _script(outcome: Outcome, field: str) -> list[Choice]:
    """Return what the conditional terms do in the branch that costs most."""
    script = []
    while outcome.tree is not None:
        choice, outcome = max(outcome.tree.branches, key=lambda branch: int(getattr(branch[1], field)))
        script.append(choice)
    return script


_MOST_TERMS = 5  # that a message names
_PER_LOOKUP = VoidRule.PER_LOOKUP


def over_limits(need: Budget, limits: Limits) -> Iterator[Problem]:
    """Yield a problem for each limit that the worst addresses exceed, even if only some receivers count that much."""
    if need.worst_lookups > limits.lookups:
        cost = _worst(need.lookups)
        allowed = f"and {limits.lookups} are allowed: clients such as {cost.address} get permerror"
        if need.endless:
            text = f"the records form a loop, so no number of lookups is enough, {allowed}"
            yield Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", LOOP_HINT)
            return  # its void lookups have no end either
        hint = "fewer include, a, mx, ptr, exists; or networks in their place"
        yield Problem(
            ProblemCode.OVER_LOOKUP_LIMIT, f"{cost.most} lookups are needed, {allowed}", None, None, "4.6.4", hint
        )
    if need.worst_voids(limits.void_rule) > limits.voids:
        cost = _worst(need.voids[limits.void_rule])
        text = (
            f"{cost.most} void lookups are made ({_terms(cost)}), and {limits.voids} are allowed: "
            f"clients such as {cost.address} get permerror"
        )
        hint = "take out the terms whose names have no records"
        yield Problem(ProblemCode.OVER_VOID_LIMIT, text, None, None, "4.6.4", hint)
    elif need.worst_voids(_PER_LOOKUP) > limits.voids:
        version, cost = max(need.voids[_PER_LOOKUP].items(), key=lambda item: item[1].most)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {cost.most} of them for "
            f"IPv{version} clients ({_terms(cost)}), and give permerror over {limits.voids}"
        )
        hint = "publish both A and AAAA records for the hosts that mx and a name, or list networks with ip4 and ip6"
        yield Problem(ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, None, "4.6.4", hint)


def _worst(costs: dict[int, Cost]) -> Cost:
    return max(costs.values(), key=lambda cost: cost.most)


def _terms(cost: Cost) -> str:
    """Return the terms that a cost counts, in words."""
    named = [f"{visible(term, 60)} of {visible_name(domain)}" for domain, term in dict.fromkeys(cost.terms)]
    return listed(named, _MOST_TERMS)
