"""The proof that a flattened record gives every client the same result, computed for all addresses."""

from collections.abc import Generator
from dataclasses import dataclass

from spfengine.addresses import V4, V6
from spfengine.advice.flatten.flattening import Proof
from spfengine.answers import Answer, Question
from spfengine.drivers import once
from spfengine.evaluation.limits import lifted
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import ONE_CLIENT_HINT, TOO_MUCH_WORK
from spfengine.policy.budget import Budget, budget, over_limits
from spfengine.policy.compile import tile
from spfengine.policy.diff import result_changes
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Choice, Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.simulation.drafts import Layer
from spfengine.visible import visible_name

_MAX_STEPS = 1 << 19
"""How much work is spent on the conditional ranges of a family when there are no limits of RFC 7208 §4.6.4."""

_OVER_LIMIT = (ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a record means and costs as it is.

    Attributes:
        policy: what it means.
        meant: what it would mean without the limits of RFC 7208 §4.6.4.
        budget: what the most expensive addresses cost.
    """

    policy: Policy
    meant: Policy
    budget: Budget


def measuring(inputs: Inputs, known: Answers) -> Generator[Question, Answer, Measured | Problem]:
    """Return what a record means and costs as it is, or the problem that it refers to itself in a loop."""
    policy = yield from once(compiling(inputs), known)
    cost = yield from once(budget(inputs, dict(policy.answers)), known)
    if cost.endless:
        return next(over_limits(cost, inputs.limits))
    return Measured(policy, (yield from once(without_limits(inputs), known)), cost)


def without_limits(inputs: Inputs) -> Generator[Question, Answer, Policy]:
    """Return what a record would mean without limits.

    Conditional ranges may become very many then, so the work spent on them is limited instead.
    """
    answers: Answers = {}
    without = inputs.with_limits(lifted(inputs.limits))
    starts4, outcomes4, _ = yield from tile(without, V4, answers, max_steps=_MAX_STEPS)
    starts6, outcomes6, _ = yield from tile(without, V6, answers, max_steps=_MAX_STEPS)
    ranges = (tuple(starts4), tuple(outcomes4)), (tuple(starts6), tuple(outcomes6))
    return Policy(inputs.domain, None, None, without.limits, *ranges, answers, None)


def proving(
    inputs: Inputs, before: Measured, layer: Layer, known: Answers
) -> Generator[Question, Answer, Proof | Problem]:
    """Return the proof that the records in `layer` give the same results, or the problem that they don't.

    Without limits, every client gets the same result from both. With the limits, only clients that exceed one before
    get another result.
    """
    after = yield from once(layer.through(compiling(inputs)), known)
    meant = yield from once(layer.through(without_limits(inputs)), known)
    cost = yield from once(layer.through(budget(inputs, dict(after.answers))), known)
    if cost.worst_lookups > inputs.limits.lookups:
        names = len(layer.names) - 1
        needed = f"{cost.worst_lookups} lookups are needed, and {inputs.limits.lookups} are allowed"
        if not names:
            return too_large(f"{needed}: the terms that stay need them", "flatten more includes, or hosts too")
        return too_large(f"{needed}; {names} of them are for names that hold the networks")
    comparison = _Comparison()
    changes = result_changes(before.policy, after)
    compared = [*changes, *result_changes(before.meant, meant)]
    wrong = [change for change in compared if not comparison.differ_by_limits(change.before, change.after)]
    if not wrong and (after.is_cut or meant.is_cut):
        text = f"{TOO_MUCH_WORK}, so it is not proved that every client gets the same result"
        return Problem(ProblemCode.WORK_LIMIT, text, inputs.domain, None, "", ONE_CLIENT_HINT)
    if wrong or after.incomplete or meant.incomplete:
        first = next((change.network for change in wrong), None) or [*after.incomplete, *meant.incomplete][0]
        domain = visible_name(inputs.domain)
        text = f"the flattened record of {domain} gives other results, for {first} among others: don't publish it"
        hint = "did DNS change while this ran? then run it again; if not, this is a bug in spfengine: please report it"
        return Problem(ProblemCode.FLATTEN_NOT_EQUIVALENT, text, inputs.domain, None, "", hint)
    return Proof(before.policy, after, before.budget, cost, tuple(changes))


def too_large(text: str, hint: str = "flatten fewer includes, those with the fewest networks") -> Problem:
    """Return the problem that a flattened record does not fit, and why."""
    return Problem(ProblemCode.FLATTEN_TOO_LARGE, f"the record can't be made to fit: {text}", None, None, "4.6.4", hint)


class _Comparison:
    """Compares outcomes. Trees share their branches, so the result of each comparison is remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}

    def differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        """Whether an outcome differs from the first only if the first exceeds a limit."""
        key = (id(before), id(after))
        if key not in self._known:
            self._known[key] = self._differ_by_limits(before, after)
        return self._known[key]

    def _differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        if before.result is Result.PERMERROR and before.problem is not None and before.problem.code in _OVER_LIMIT:
            return True
        if before.is_open and after.is_open:  # what the term itself leads to is the same
            if before.rest is None or after.rest is None:
                return before.rest is after.rest and before.depends_on == after.depends_on
            return before.depends_on[0] == after.depends_on[0] and self.differ_by_limits(before.rest, after.rest)
        if before.tree is None or after.tree is None or before.tree.dependency != after.tree.dependency:
            return before.meaning() == after.meaning()
        old, new = dict(before.tree.branches), dict(after.tree.branches)
        # A branch that is new is a match after void lookups: today there are too many of them for it.
        return old.keys() <= new.keys() <= old.keys() | {Choice.MATCH_VOID} and all(
            self.differ_by_limits(outcome, new[choice]) for choice, outcome in old.items()
        )
