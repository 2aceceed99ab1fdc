"""The proof that a flattened record says the same: computed, for every address there is."""

from collections.abc import Generator
from typing import NamedTuple

from spfengine.addresses import V4, V6
from spfengine.advice.flatten.choosing import lifted
from spfengine.answers import Answer, Question
from spfengine.evaluation.session import Answers
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes
from spfengine.policy.inputs import Inputs
from spfengine.policy.outcome import Choice, Outcome
from spfengine.policy.over_limits import over_limits
from spfengine.policy.policy import Policy, compiling
from spfengine.policy.tiling import tile
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.simulation.layers import Layer, once

_MAX_STEPS = 1 << 19
"""Work for the conditional ranges of a family, where there are no limits."""

_OVER = (ProblemCode.TOO_MANY_LOOKUPS, ProblemCode.TOO_MANY_VOID_LOOKUPS)


class Before(NamedTuple):
    """A record as it is.

    Attributes:
        policy: what it means.
        meant: what it would mean if there were no limits.
        budget: what the worst addresses cost.
    """

    policy: Policy
    meant: Policy
    budget: Budget


class Proof(NamedTuple):
    """What was proved of a flattened record.

    Attributes:
        before, after: the policies.
        before_budget, after_budget: what the worst addresses cost.
        mended: the networks whose result changes: those that are over a limit of RFC 7208 §4.6.4 now, and get
            permerror. After it they get what the record would have given them without that limit.
    """

    before: Policy
    after: Policy
    before_budget: Budget
    after_budget: Budget
    mended: tuple[Change, ...]

    @property
    def is_equivalent(self) -> bool:
        """Whether every client gets the same result: `before.equivalent(after)`."""
        return not self.mended


def measuring(inputs: Inputs, known: Answers) -> Generator[Question, Answer, Before | Problem]:
    """Return what a record means and costs as it is; or the problem that it leads in a circle."""
    policy = yield from once(compiling(inputs), known)
    need = yield from once(budget(inputs, dict(policy.answers)), known)
    if need.endless:
        return next(over_limits(need, inputs.limits))
    return Before(policy, (yield from once(_without_limits(inputs), known)), need)


def _without_limits(inputs: Inputs) -> Generator[Question, Answer, Policy]:
    """Return what a record would mean if there were no limits. Terms that rest on more may grow without them, so how
    far they are followed is limited in its place.
    """
    answers: Answers = {}
    without = lifted(inputs)
    starts4, outcomes4, _ = yield from tile(without, V4, answers, max_steps=_MAX_STEPS)
    starts6, outcomes6, _ = yield from tile(without, V6, answers, max_steps=_MAX_STEPS)
    ranges = (tuple(starts4), tuple(outcomes4)), (tuple(starts6), tuple(outcomes6))
    return Policy(inputs.domain, None, None, without.limits, *ranges, answers, None)


def proving(
    inputs: Inputs, before: Before, layer: Layer, known: Answers
) -> Generator[Question, Answer, Proof | Problem]:
    """Return the proof that the records in `layer` say the same; or what differs.

    Without limits, every client gets the same result by both; under the limits, only clients that are over one before
    get another result.
    """
    after = yield from once(layer.through(compiling(inputs)), known)
    meant = yield from once(layer.through(_without_limits(inputs)), known)
    need = yield from once(layer.through(budget(inputs, dict(after.answers))), known)
    if need.worst_lookups > inputs.limits.lookups:
        names = len(layer.names) - 1
        told = f"{need.worst_lookups} lookups are needed, and {inputs.limits.lookups} are allowed"
        if not names:
            return too_large(f"{told}: the terms that stay need them", "flatten more includes, or hosts too")
        return too_large(f"{told}; {names} of them are for names that hold the networks")
    compared = _Comparison()
    changes = result_changes(before.policy, after)
    wrong = [each for each in changes if not compared.differ_by_limits(each.before, each.after)]
    wrong += before.meant.diff(meant)
    if wrong or after.incomplete or meant.incomplete:
        first = next((each.network for each in wrong), None) or [*after.incomplete, *meant.incomplete][0]
        text = f"the flattened record does not say the same, for {first} among others: it must not be published"
        hint = "did DNS change meanwhile? if it did not, this is a fault of this program: please report it"
        return Problem(ProblemCode.FLATTEN_NOT_EQUIVALENT, text, inputs.domain, None, "", hint)
    return Proof(before.policy, after, before.budget, need, tuple(changes))


def too_large(text: str, hint: str = "flatten fewer includes, those with the fewest networks") -> Problem:
    """Return the problem that a flattened record does not fit, and why."""
    return Problem(ProblemCode.FLATTEN_TOO_LARGE, f"the record can't be made to fit: {text}", None, None, "4.6.4", hint)


class _Comparison:
    """Compares outcomes. Trees share their branches, so what was compared is remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}

    def differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        """Whether an outcome is another one at most where the first is over a limit."""
        key = (id(before), id(after))
        if key not in self._known:
            self._known[key] = self._differ_by_limits(before, after)
        return self._known[key]

    def _differ_by_limits(self, before: Outcome, after: Outcome) -> bool:
        if before.result is Result.PERMERROR and before.problem is not None and before.problem.code in _OVER:
            return True
        if before.tree is None or after.tree is None or before.tree.dependency != after.tree.dependency:
            return before.meaning() == after.meaning()
        was, will_be = dict(before.tree.branches), dict(after.tree.branches)
        # A choice that comes is a match behind void lookups: now there are too many of them for it.
        return was.keys() <= will_be.keys() <= was.keys() | {Choice.MATCH_VOID} and all(
            self.differ_by_limits(outcome, will_be[choice]) for choice, outcome in was.items()
        )
