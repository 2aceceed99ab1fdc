"""The worst case of a domain's lookups and voids over all addresses (RFC 7208 §4.6.4), never cut off at the limit."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import NamedTuple

from spfengine.addresses import V4, V6, Family, address_text
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.mechanisms import UnknownTarget
from spfengine.evaluation.session import Answers
from spfengine.evaluation.trace import TraceBuilder, TracedQuestion, TracedRecord, TracedTerm, traced
from spfengine.policy.compile import Inputs, TilingSession, tile
from spfengine.policy.outcome import Choice, Outcome
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Directive, Exists, Redirect
from spfengine.visible import visible, visible_name

LIFTED = 250
"""The limit under which the true need is counted; only records that lead in a circle reach it."""

Choices = tuple[Choice, ...]

WORST: Choices = (Choice.NO_MATCH_VOID, Choice.MATCH)
"""What costs most: a DNS failure would only end the check early."""
CERTAIN: Choices = (Choice.NO_MATCH, Choice.MATCH)
"""What no client gets around: terms that rest on more than the address are not void."""

MAX_STEPS = 1 << 18
"""Work for the conditional ranges of one family, by one rule. The budget of a record that needs more is incomplete."""
_STEPS_IN_CIRCLE = 1 << 12  # where no number is enough, how large it is says nothing


class Cost(NamedTuple):
    """The most that any address of a family costs.

    Attributes:
        most: how many lookups or voids.
        address: an address that costs it.
        terms: the terms that make it up, in order of evaluation, each with the domain of its record.
    """

    most: int
    address: str
    terms: tuple[tuple[str, str], ...]


class Budget(NamedTuple):
    """What the worst addresses cost, by IP version (4 and 6).

    Attributes:
        lookups: terms that ask DNS; the limit is 10.
        voids: void lookups by each rule there is; the limit is 2.
        endless: whether the records lead in a circle, so that no number is enough.
        incomplete: whether DNS could not answer something, or something could not be followed, so that the true need
            may be more.
    """

    lookups: dict[int, Cost]
    voids: dict[VoidRule, dict[int, Cost]]
    endless: bool
    incomplete: bool

    @property
    def worst_lookups(self) -> int:
        """The most lookups of any address."""
        return max(cost.most for cost in self.lookups.values())

    def worst_voids(self, rule: VoidRule = VoidRule.PER_TERM) -> int:
        """The most void lookups of any address, counted by a rule."""
        return max(cost.most for cost in self.voids[rule].values())


def budget(inputs: Inputs, answers: Answers, choices: Choices = WORST) -> Generator[Question, Answer, Budget]:
    """Return the budget of a domain.

    Args:
        answers: what DNS said so far; what is asked is added.
        choices: what terms that rest on more than the address come to: `WORST` or `CERTAIN`.
    """
    lookups: dict[int, Cost] = {}
    voids: dict[VoidRule, dict[int, Cost]] = {}
    endless = incomplete = False
    for rule in VoidRule:
        lifted = inputs.with_limits(
            Limits(LIFTED, LIFTED, rule, inputs.limits.names, None, count_p=inputs.limits.count_p)
        )
        voids[rule] = {}
        for family in (V4, V6):
            if rule is not VoidRule.PER_TERM and not voids[VoidRule.PER_TERM][family.version].most:
                voids[rule][family.version] = voids[VoidRule.PER_TERM][family.version]
                continue  # where nothing is void, nothing is by any rule
            steps = min(MAX_STEPS, _STEPS_IN_CIRCLE) if endless else MAX_STEPS
            starts, outcomes, is_whole = yield from tile(lifted, family, answers, choices, steps)
            seen: set[int] = set()
            endless = endless or any(_is_endless(outcome, seen) for outcome in outcomes)
            incomplete = incomplete or not is_whole or any(Result.TEMPERROR in each.results for each in outcomes)
            if rule is VoidRule.PER_TERM:
                place = max(range(len(starts)), key=lambda each: outcomes[each].lookups)
                cost, in_circle = _lookup_cost(lifted, family, starts[place], outcomes[place], choices, answers)
                lookups[family.version] = cost
                endless = endless or in_circle
            place = max(range(len(starts)), key=lambda each: outcomes[each].void_lookups)
            voids[rule][family.version] = _void_cost(lifted, family, starts[place], outcomes[place], choices, answers)
    return Budget(lookups, voids, endless, incomplete)


def _is_endless(outcome: Outcome, seen: set[int]) -> bool:
    """Whether the records lead in a circle. Trees share their branches; `seen` holds those that were looked at."""
    if outcome.tree is None:
        return _leads_in_circle(outcome.problem)
    if id(outcome) in seen:
        return False
    seen.add(id(outcome))
    return any(_is_endless(branch, seen) for _, branch in outcome.tree.branches)


def _leads_in_circle(problem: Problem | None) -> bool:
    return problem is not None and problem.code is ProblemCode.TOO_MANY_LOOKUPS


def _lookup_cost(
    inputs: Inputs, family: Family, address: int, outcome: Outcome, choices: Choices, answers: Answers
) -> tuple[Cost, bool]:
    """Return the cost, and whether the records lead in a circle there, which a tree that was cut does not tell."""
    root, problem = _trace(inputs, family, address, _script(outcome, "lookups"), choices, answers)
    terms = [(domain, term.term.text) for domain, term in traced(root) if _is_charged(term.term)]
    cost = Cost(outcome.lookups, address_text(family, address), tuple(terms[: outcome.lookups]))
    return cost, _leads_in_circle(problem)


def _void_cost(
    inputs: Inputs, family: Family, address: int, outcome: Outcome, choices: Choices, answers: Answers
) -> Cost:
    if not outcome.void_lookups:
        return Cost(0, address_text(family, address), ())
    root, _ = _trace(inputs, family, address, _script(outcome, "void_lookups"), choices, answers)
    dual_stack = inputs.limits.void_rule is VoidRule.DUAL_STACK
    terms = [(domain, term.term.text) for domain, term in traced(root) if _is_void(term, dual_stack)]
    return Cost(outcome.void_lookups, address_text(family, address), tuple(terms))


def _is_void(term: TracedTerm, dual_stack: bool) -> bool:
    """Whether a term was counted as void: by one question, or by those for addresses of both families."""
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
    """Return a term's own questions, the one for the record that it leads to included."""
    led = None if term.record is None else term.record.question
    return term.questions if led is None else [*term.questions, led]


def _is_charged(term: object) -> bool:
    return isinstance(term, Redirect) or (isinstance(term, Directive) and term.charged)


def _script(outcome: Outcome, field: str) -> list[Choice]:
    """Return what the conditional terms come to where an outcome costs most."""
    script = []
    while outcome.tree is not None:
        choice, outcome = max(outcome.tree.branches, key=lambda branch: int(getattr(branch[1], field)))
        script.append(choice)
    return script


def _trace(
    inputs: Inputs, family: Family, address: int, script: list[Choice], choices: Choices, answers: Answers
) -> tuple[TracedRecord, Problem | None]:
    """Return what one run does, every question of which is answered already, and the problem that it ends in."""
    session = TilingSession(inputs, family, address, {}, choices, script)
    builder = TraceBuilder(session, with_reasons=False)
    with suppress(UnknownTarget):
        builder.run(answers)
    return builder.root, session.problem


# Which limits of RFC 7208 §4.6.4 a domain's record is over, at any receiver, in words.

_TOLD = 5  # terms that are named
_EACH = VoidRule.PER_LOOKUP


def over_limits(need: Budget, limits: Limits) -> Iterator[Problem]:
    """Yield which limits the worst addresses are over, and which they are over only where each void lookup counts."""
    if need.worst_lookups > limits.lookups:
        cost = _worst(need.lookups)
        told = f"and {limits.lookups} are allowed: clients such as {cost.address} get permerror"
        if need.endless:
            hint = "take out the include or redirect that leads back"
            text = f"the records lead in a circle, so no number of lookups is enough, {told}"
            yield Problem(ProblemCode.OVER_LOOKUP_LIMIT, text, None, None, "4.6.4", hint)
            return  # its void lookups have no end either
        hint = "fewer include, a, mx, ptr, exists; or networks in their place"
        yield Problem(
            ProblemCode.OVER_LOOKUP_LIMIT, f"{cost.most} lookups are needed, {told}", None, None, "4.6.4", hint
        )
    if need.worst_voids(limits.void_rule) > limits.voids:
        cost = _worst(need.voids[limits.void_rule])
        text = (
            f"{cost.most} void lookups are met ({_terms(cost)}), and {limits.voids} are allowed: "
            f"clients such as {cost.address} get permerror"
        )
        hint = "take out the terms whose names lead nowhere"
        yield Problem(ProblemCode.OVER_VOID_LIMIT, text, None, None, "4.6.4", hint)
    elif need.worst_voids(_EACH) > limits.voids:
        version, cost = max(need.voids[_EACH].items(), key=lambda item: item[1].most)
        text = (
            f"receivers that count each void lookup (pyspf and Mail::SPF do) count {cost.most} of them for "
            f"IPv{version} clients ({_terms(cost)}), and give permerror over {limits.voids}"
        )
        hint = "give the hosts that mx and a lead to addresses of both families, or name networks by ip4 and ip6"
        yield Problem(ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP, text, None, None, "4.6.4", hint)


def _worst(costs: dict[int, Cost]) -> Cost:
    return max(costs.values(), key=lambda cost: cost.most)


def _terms(cost: Cost) -> str:
    """Return the terms that make up a cost, those of one record together."""
    named = [f"{visible(term, 60)} of {visible_name(domain)}" for domain, term in dict.fromkeys(cost.terms)]
    more = f" and {len(named) - _TOLD} more" if len(named) > _TOLD else ""
    return ", ".join(named[:_TOLD]) + more
