"""What a simulation found."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from spfengine.answers import RRType, spf_texts
from spfengine.dmarc.alignment import Alignment
from spfengine.evaluation.limits import VoidRule
from spfengine.frozen import Frozen, fill
from spfengine.names import is_same_or_under
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.outcome import Input, Outcome
from spfengine.policy.policy import Network, Policy
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.senders import Sender, sender_dict
from spfengine.simulation.records import RecordChange
from spfengine.visible import visible, visible_name

# What a draft does to senders.

_BROKEN = (Result.PERMERROR, Result.TEMPERROR)
"""Results that are worse than any that the record itself gives."""


class Effect(StrEnum):
    """What a draft does to a sender."""

    NEWLY_PASSING = "newly-passing"
    NEWLY_FAILING = "newly-failing"
    """It passed and no longer does, or newly gets permerror or temperror."""
    CHANGED = "changed"
    """Another result, neither of them pass and none worse."""
    STILL_FAILING = "still-failing"
    UNKNOWN = "unknown"
    """DNS could not answer, before or after."""
    UNCHANGED = "unchanged"


class SenderChange(NamedTuple):
    """A sender's result before and after.

    Attributes:
        sender: the sender.
        before, after: what its check comes to.
        rests_on: what of the client is not known, and a macro on the way to a result asks for: `Input.HELO`,
            `Input.LOCAL_PART`. The results then are those for no HELO name, and for the local part "postmaster".
        aligned_before, aligned_after: whether SPF is aligned with the header field From (RFC 9989 §4.4.1); None where
            the sender's `header_from` is not known.
    """

    sender: Sender
    before: Outcome
    after: Outcome
    rests_on: tuple[Input, ...] = ()
    aligned_before: Alignment | None = None
    aligned_after: Alignment | None = None

    @property
    def effect(self) -> Effect:
        """What the draft does to this sender."""
        before, after = self.before.result, self.after.result
        assert before is not None, "a sender is one client, so its result is known"
        assert after is not None, "a sender is one client, so its result is known"
        if is_worse(before, after):
            return Effect.NEWLY_FAILING
        if Result.TEMPERROR in (before, after):
            return Effect.UNKNOWN
        if before is after:
            return Effect.UNCHANGED if after is Result.PASS else Effect.STILL_FAILING
        return Effect.NEWLY_PASSING if after is Result.PASS else Effect.CHANGED

    @property
    def disagrees(self) -> bool:
        """Whether the record as it is gives another result than the one that was reported: DNS has changed since, a
        forwarder sent the message on, or the report is about another identity.
        """
        reported = _REPORTED.get((self.sender.reported or "").strip().lower())
        return (
            reported is not None
            and Result.TEMPERROR not in (reported, self.before.result)
            and (reported is not self.before.result)
        )


_REPORTED = {**{str(result): result for result in Result}, "hardfail": Result.FAIL, "unknown": Result.PERMERROR}
"""Results as reports write them; the last two are words from before RFC 4408."""


def is_worse(before: Result, after: Result) -> bool:
    """Whether a result is worse than the one before: pass is lost, or an error is new."""
    return before is not after and (before is Result.PASS or after in _BROKEN) and after is not Result.PASS


def change_is_worse(before: Outcome, after: Outcome) -> bool:
    """Whether a network's outcome is worse: pass is lost, or an error is new; or may be, for what rests on more.

    Outcomes that rest on the same terms are compared choice by choice. Where that would take too long, or only a check
    of one client could tell, the answer is that it may be worse.
    """
    return _Comparison().is_worse(before, after)


_MAX_PAIRS = 1 << 16  # of outcomes in two trees; they share their branches, so trees of real records have few


class _Comparison:
    """Compares trees of outcomes, each pair of branches once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}

    def is_worse(self, before: Outcome, after: Outcome) -> bool:
        if before is after:
            return False
        if before.result is not None and after.result is not None:
            lost = (
                before.result is Result.PASS or after.result is not Result.TEMPERROR
            )  # a failure is not known to come
            return lost and is_worse(before.result, after.result)
        key = id(before), id(after)
        if key not in self._known:
            self._known[key] = len(self._known) >= _MAX_PAIRS or self._tree_is_worse(before, after)
        return self._known[key]

    def _tree_is_worse(self, before: Outcome, after: Outcome) -> bool:
        old, new = before.tree, after.tree
        if (old is None and before.result is None) or (new is None and after.result is None):
            return not (after.result is Result.PASS or before == after)  # only a check of one client can tell
        if old is not None and new is not None and old.dependency == new.dependency:
            branches = dict(old.branches)
            if branches.keys() == dict(new.branches).keys():
                return any(self.is_worse(branches[choice], branch) for choice, branch in new.branches)
        if new is not None and (old is None or old.dependency not in after.depends_on):
            return any(self.is_worse(before, branch) for _, branch in new.branches)
        return old is not None and any(self.is_worse(branch, after) for _, branch in old.branches)


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
