"""What changed since a snapshot: the exact difference of what the records of its domains mean."""

from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

from spfengine.advice.drift.changes import AnswerChange, answer_changes
from spfengine.advice.drift.snapshot import Snapshot, of_answers, utc
from spfengine.answers import Answer, Question
from spfengine.drivers import adrive, drive
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.session import Answers
from spfengine.frozen import Frozen, fill
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes, unknown_networks
from spfengine.policy.policy import Network, Policy, compiling
from spfengine.simulation.layers import once
from spfengine.simulation.senders import change_is_worse
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

SCHEMA = "spfengine.drift/1"
"""The version of the JSON form of a drift."""


class DomainDrift(NamedTuple):
    """What changed for a domain.

    Attributes:
        domain: the domain.
        before, after: its policy in the snapshot, and now.
        changes: the networks whose result changed, in order.
        answers: the names whose records changed, whether that changes a result or not.
        before_budget, after_budget: what the worst addresses cost.
    """

    domain: str
    before: Policy
    after: Policy
    changes: tuple[Change, ...]
    answers: tuple[AnswerChange, ...]
    before_budget: Budget
    after_budget: Budget

    @property
    def unknown(self) -> list[Network]:
        """The networks that DNS could not answer for, then or now: whether they changed is not known."""
        return unknown_networks(self.before, self.after)

    @property
    def is_changed(self) -> bool:
        """Whether any client gets another result, or one that rests on something else."""
        return bool(self.changes)

    @property
    def is_worse(self) -> bool:
        """Whether a network that passed no longer does, or newly gets permerror."""
        return any(change_is_worse(change.before, change.after) for change in self.changes)

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that there may be more changes."""
        return bool(self.unknown) or any(answer.is_failure for answer in self.after.answers.values())

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "domain": visible_name(self.domain),
            "changed": self.is_changed,
            "worse": self.is_worse,
            "incomplete": self.is_incomplete,
            "changes": [
                {
                    "network": str(change.network),
                    "before": change.before.to_dict(),
                    "after": change.after.to_dict(),
                    "worse": change_is_worse(change.before, change.after),
                }
                for change in self.changes
            ],
            "unknown": [str(network) for network in self.unknown],
            "answers": [change.to_dict() for change in self.answers],
            "lookups": {"before": self.before_budget.worst_lookups, "after": self.after_budget.worst_lookups},
            "void_lookups": {
                str(rule): {
                    "before": self.before_budget.worst_voids(rule),
                    "after": self.after_budget.worst_voids(rule),
                }
                for rule in VoidRule
            },
        }


class Drift(Frozen):
    """What changed since a snapshot.

    Attributes:
        before: the snapshot.
        after: the same domains now: the snapshot to go on with.
        domains: what changed for each of them, in the order of the snapshot.
    """

    __slots__ = fields = ("before", "after", "domains")
    before: Snapshot
    after: Snapshot
    domains: tuple[DomainDrift, ...]

    def __init__(self, before: Snapshot, after: Snapshot, domains: tuple[DomainDrift, ...]) -> None:
        fill(self, "before", before)
        fill(self, "after", after)
        fill(self, "domains", domains)

    @property
    def is_changed(self) -> bool:
        """Whether any client of any of the domains gets another result, or one that rests on something else."""
        return any(each.is_changed for each in self.domains)

    @property
    def is_worse(self) -> bool:
        """Whether a network that passed no longer does, or newly gets permerror."""
        return any(each.is_worse for each in self.domains)

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that there may be more changes."""
        return any(each.is_incomplete for each in self.domains)

    def render(self, *, width: int | None = 80) -> str:
        """Return the text that `spfengine drift` prints, wrapped to `width` columns (None: not wrapped)."""
        from spfengine.text.drift import render_drift

        return render_drift(self, width)

    def to_dict(self) -> dict[str, object]:
        """Return the drift as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "since": utc(self.before.taken),
            "now": utc(self.after.taken),
            "changed": self.is_changed,
            "worse": self.is_worse,
            "incomplete": self.is_incomplete,
            "domains": [each.to_dict() for each in self.domains],
        }


def drift(snapshot: Snapshot, *, resolver: "Resolver | None" = None, now: float | None = None) -> Drift:
    """Return what changed since a snapshot, for every address there is. What DNS can't answer now did not change.

    Args:
        snapshot: what to compare with.
        resolver: what answers DNS questions now; live DNS where it is not given.
        now: the time in seconds since the epoch; that of the clock where it is not given.

    Raises:
        ArgumentError: `now` is no time.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    return drive(_drifting(snapshot, now), resolver, None)


async def adrift(
    snapshot: Snapshot, *, resolver: "Resolver | AsyncResolver | None" = None, now: float | None = None
) -> Drift:
    """Return what `drift` returns, without blocking the event loop while DNS answers.

    Raises:
        ArgumentError, ResolverError: as `drift`.
    """
    if resolver is None:
        from spfengine.checks import default_resolver

        resolver = default_resolver()
    return await adrive(_drifting(snapshot, now), resolver, None)


def _drifting(snapshot: Snapshot, now: float | None) -> Generator[Question, Answer, Drift]:
    known: Answers = {}
    domains = []
    for before in snapshot.policies:
        inputs = before.inputs
        after = yield from once(compiling(inputs), known)
        need = yield from once(budget(inputs, dict(after.answers)), known)
        domains.append(
            DomainDrift(
                before.domain,
                before,
                after,
                tuple(result_changes(before, after)),
                tuple(answer_changes(before.domain, before.answers, after.answers)),
                drive(budget(inputs, dict(before.answers)), snapshot.recording, None),
                need,
            )
        )
    return Drift(snapshot, of_answers([each.after for each in domains], known, now), tuple(domains))
