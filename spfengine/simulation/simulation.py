"""What a simulation found."""

from collections.abc import Iterable, Sequence

from spfengine.answers import RRType
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.result import Result
from spfengine.frozen import Frozen, fill
from spfengine.names import is_same_or_under
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.policy import Network, Policy
from spfengine.problems import Problem, ProblemCode
from spfengine.senders import sender_dict
from spfengine.simulation.records import RecordChange, spf_texts
from spfengine.simulation.senders import Effect, SenderChange, change_is_worse
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.simulation/1"
"""The version of the JSON form of a simulation."""


class Simulation(Frozen):
    """What a draft would change for a domain.

    Attributes:
        domain: the domain.
        before, after: its policy as it is, and as it would be.
        changes: the networks whose result changes, in order.
        kept: the networks that a term that goes leads to, and that keep their result by another way.
        senders: the senders given, each with its results before and after.
        records: the names whose SPF records the draft changes.
        before_budget, after_budget: what the worst addresses cost.
        problems: what makes the draft unsafe, or what is known incomplete.
    """

    __slots__ = fields = (
        "domain",
        "before",
        "after",
        "changes",
        "kept",
        "senders",
        "records",
        "before_budget",
        "after_budget",
        "problems",
    )
    domain: str
    before: Policy
    after: Policy
    changes: tuple[Change, ...]
    kept: tuple[Change, ...]
    senders: tuple[SenderChange, ...]
    records: tuple[RecordChange, ...]
    before_budget: Budget
    after_budget: Budget
    problems: tuple[Problem, ...]

    def __init__(
        self,
        domain: str,
        before: Policy,
        after: Policy,
        changes: tuple[Change, ...],
        kept: tuple[Change, ...],
        senders: tuple[SenderChange, ...],
        records: tuple[RecordChange, ...],
        before_budget: Budget,
        after_budget: Budget,
        problems: tuple[Problem, ...],
    ) -> None:
        fill(self, "domain", domain)
        fill(self, "before", before)
        fill(self, "after", after)
        fill(self, "changes", changes)
        fill(self, "kept", kept)
        fill(self, "senders", senders)
        fill(self, "records", records)
        fill(self, "before_budget", before_budget)
        fill(self, "after_budget", after_budget)
        fill(self, "problems", problems)

    @property
    def is_broken(self) -> bool:
        """Whether a drafted record is none, or no client at all gets a result from it but permerror."""
        return any(problem.code is ProblemCode.DRAFT_BROKEN for problem in self.problems)

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer for some networks or senders, so that their change is not known."""
        return any(problem.code is ProblemCode.DNS_INCOMPLETE for problem in self.problems) or any(
            Result.TEMPERROR in (change.before.result, change.after.result) for change in self.senders
        )

    @property
    def unknown(self) -> list[Network]:
        """The networks that DNS could not answer for, before or after: what changes there is not known."""
        return unknown_networks(self.before, self.after)

    @property
    def outside(self) -> tuple[str, ...]:
        """The names with SPF records that the domain rests on after the change, and that are not its own: neither the
        domain nor under it, so most likely somebody else's to edit.
        """
        names = [q.name for q, answer in self.after.answers.items() if q.type is RRType.TXT and spf_texts(answer)]
        return tuple([name for name in names if not is_same_or_under(name, self.domain)])

    @property
    def is_worse(self) -> bool:
        """Whether a network or sender that passed no longer does, or newly gets permerror or temperror.

        A network that DNS could not answer for is none of these: it is not known.
        """
        return any(change_is_worse(change.before, change.after) for change in self.changes) or any(
            change.effect is Effect.NEWLY_FAILING for change in self.senders
        )

    def render(self, *, own: Iterable[str] = (), formats: Sequence[str] = (), width: int | None = 80) -> str:
        """Return the text that `spfengine simulate` prints.

        Args:
            own: domains whose records you can edit, in addition to the one simulated.
            formats: the formats of `spfengine.advice.forms` in which to print the new records; none: as they are.
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.simulate import render_simulation

        return render_simulation(self, width, own, formats)

    def to_dict(self) -> dict[str, object]:
        """Return the simulation as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "worse": self.is_worse,
            "broken": self.is_broken,
            "incomplete": self.is_incomplete,
            "changes": [_change_dict(change) for change in self.changes],
            "unknown": [str(network) for network in self.unknown],
            "kept": [_change_dict(change) for change in self.kept],
            "senders": self._senders(),
            "outside": [visible_name(name) for name in self.outside],
            "records": [_record_dict(change) for change in self.records],
            "lookups": {"before": self.before_budget.worst_lookups, "after": self.after_budget.worst_lookups},
            "void_lookups": {
                str(rule): {
                    "before": self.before_budget.worst_voids(rule),
                    "after": self.after_budget.worst_voids(rule),
                }
                for rule in VoidRule
            },
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def _senders(self) -> list[dict[str, object]]:
        """Return the senders as JSON-safe values; many share an alignment, so each of these is made once."""
        alignments = {
            id(each): each for change in self.senders for each in (change.aligned_before, change.aligned_after)
        }
        made = {key: None if each is None else each.to_dict() for key, each in alignments.items()}
        return [
            {
                **_sender_dict(change),
                "alignment": _alignment_dict(made[id(change.aligned_before)], made[id(change.aligned_after)]),
            }
            for change in self.senders
        ]


def _alignment_dict(before: object, after: object) -> dict[str, object] | None:
    return None if before is None or after is None else {"before": before, "after": after}


def _change_dict(change: Change) -> dict[str, object]:
    return {
        "network": str(change.network),
        "before": change.before.to_dict(),
        "after": change.after.to_dict(),
        "worse": change_is_worse(change.before, change.after),
    }


def _sender_dict(change: SenderChange) -> dict[str, object]:
    return {
        **sender_dict(change.sender),
        "before": str(change.before.result),
        "after": str(change.after.result),
        "effect": str(change.effect),
        "directive": None if change.after.directive is None else visible(change.after.directive, 1 << 16),
        "disagrees": change.disagrees,
        "rests_on": [str(each) for each in change.rests_on],
    }


def _record_dict(change: RecordChange) -> dict[str, object]:
    return {
        "domain": visible_name(change.domain),
        "standing": str(change.standing),
        "before": None if change.before is None else visible(change.before, 1 << 16),
        "after": None if change.after is None else visible(change.after, 1 << 16),
        "terms": [{"sign": term.sign, "term": visible(term.term, 1 << 16)} for term in change.terms],
        "ttl": change.ttl,
        "reached": change.reached,
    }
