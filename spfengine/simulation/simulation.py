"""What a simulation found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.dmarc.alignment import Alignment
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.unanswered import unanswered
from spfengine.names import is_same_or_under
from spfengine.policy.budget import Budget
from spfengine.policy.diff import Change, unknown_networks
from spfengine.policy.outcome import Branch, Input, Outcome, OutcomeTable
from spfengine.policy.policy import Policy
from spfengine.policy.ranges import IPNetwork
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.reportable import Reportable
from spfengine.senders import Sender, domain_of, reported_result, sender_dict
from spfengine.simulation.records import BROKEN, RecordChange, end_of
from spfengine.visible import short_repr, visible, visible_name

# What a draft does to senders.

_WORST = (Result.PERMERROR, Result.TEMPERROR)
"""Results that are worse than any that the record itself gives."""
_ORDER = {
    Result.PASS: 0,
    Result.NEUTRAL: 1,
    Result.NONE: 1,  # a receiver treats neutral exactly like none (RFC 7208 §8.2)
    Result.SOFTFAIL: 2,
    Result.FAIL: 3,
    Result.PERMERROR: 4,
    Result.TEMPERROR: 4,
}
"""How receivers treat mail with a result, the best first (RFC 7208 §8)."""


class Effect(StrEnum):
    """What a draft does to a sender."""

    NEWLY_PASSING = "newly-passing"
    NEWLY_FAILING = "newly-failing"
    """It gets a result that receivers treat worse: pass is lost, another result becomes fail, an error is new."""
    CHANGED = "changed"
    """Another result, neither of them pass, and not worse."""
    STILL_FAILING = "still-failing"
    UNKNOWN = "unknown"
    """DNS could not answer, nobody was asked, or what the result depends on is not known, before or after."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class SenderChange:
    """A sender's result before and after.

    Attributes:
        sender: the sender.
        before, after: the outcome of its check.
        rests_on: what is not known of the client and a macro needs: `Input.HELO`, `Input.LOCAL_PART`. A result
            that needs the HELO name is then temperror (`helo-unknown`); the local part is taken to be "postmaster".
        aligned_before, aligned_after: whether SPF is aligned with the header field From (RFC 9989 §4.4.2); None if the
            sender's `header_from` is not known.
        beyond: if the check after the change exceeds a limit, its outcome without it; or None.
    """

    sender: Sender
    before: Outcome
    after: Outcome
    rests_on: tuple[Input, ...] = ()
    aligned_before: Alignment | None = None
    aligned_after: Alignment | None = None
    beyond: Outcome | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("sender", "before", "after"))

    @property
    def effect(self) -> Effect:
        """What the draft does to this sender."""
        before, after = self.before.result, self.after.result
        assert before is not None, "a sender is one client, so its result is known"
        assert after is not None, "a sender is one client, so its result is known"
        if self.before.is_unknown or self.after.is_unknown:
            return Effect.UNKNOWN
        if is_worse(before, after):
            return Effect.NEWLY_FAILING
        if Result.TEMPERROR in (before, after):
            return Effect.UNKNOWN
        if before is after:
            return Effect.UNCHANGED if after is Result.PASS else Effect.STILL_FAILING
        return Effect.NEWLY_PASSING if after is Result.PASS else Effect.CHANGED

    @property
    def stops(self) -> bool:
        """Whether it passed and no longer does, or newly gets an error."""
        before, after = self.before.result, self.after.result
        assert before is not None, "a sender is one client, so its result is known"
        assert after is not None, "a sender is one client, so its result is known"
        return self.effect is Effect.NEWLY_FAILING and _stops(before, after)

    @property
    def needs_helo(self) -> bool:
        """Whether a result is not known because it depends on the HELO name, which was not given."""
        return self.before.needs_helo or self.after.needs_helo

    @property
    def disagrees(self) -> bool:
        """Whether the record as it is now gives another result than the one that was reported.

        DNS has changed since, a forwarder sent the message on, or the report is about another identity.
        """
        reported = reported_result(self.sender.reported)
        if reported is None or Result.TEMPERROR in (reported, self.before.result):
            return False
        return reported is not self.before.result


def is_worse(before: Result, after: Result) -> bool:
    """Whether receivers treat a result worse than the one before: softfail → fail, none → softfail, and so on.

    Both fail → permerror and permerror → fail are worse: many receivers treat permerror as none, and others refuse it.
    """
    return _ORDER[after] > _ORDER[before] or (before is Result.PERMERROR and after is Result.FAIL)


def _stops(before: Result, after: Result) -> bool:
    """Whether pass is lost, or an error is new."""
    return before is not after and (before is Result.PASS or after in _WORST) and after is not Result.PASS


def is_stricter(before: Outcome, after: Outcome) -> bool:
    """Whether a network gets a result that receivers treat worse, or may get one: see `is_worse`.

    Unlike `change_is_worse`, it counts softfail → fail, which only harms mail that did not pass before.
    """
    if before.result is not None and after.result is not None:
        return is_worse(before.result, after.result)
    return change_is_worse(before, after) or _worst(after) > _worst(before)


def _worst(outcome: Outcome) -> int:
    return max([_ORDER[result] for result in outcome.results if result is not None], default=0)


def change_is_worse(before: Outcome, after: Outcome) -> bool:
    """Whether a network's outcome is worse, or may be: pass is lost, or an error is new.

    Outcomes that depend on the same terms are compared choice by choice. If that would take too long, or if only a
    check of one client could show it, the outcome may be worse.
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
            # A failure of DNS is not known to happen, so only a pass can be lost to one.
            may_be = before.result is Result.PASS or after.result is not Result.TEMPERROR
            return may_be and _stops(before.result, after.result)
        key = id(before), id(after)
        if key not in self._known:
            self._known[key] = len(self._known) >= _MAX_PAIRS or self._tree_is_worse(before, after)
        return self._known[key]

    def _tree_is_worse(self, before: Outcome, after: Outcome) -> bool:
        if before.is_open or after.is_open:
            return not (after.result is Result.PASS or before == after) and not self._rest_is_no_worse(before, after)
        return any(self.is_worse(old, new) for old, new in _pairs(before, after))

    def _rest_is_no_worse(self, before: Outcome, after: Outcome) -> bool:
        """Whether the same term can't be followed in both, and what comes after it costs no more and is no worse."""
        old, new = before.rest, after.rest
        if old is None or new is None or before.depends_on[0] != after.depends_on[0]:
            return False
        costs = [(later.lookups, earlier.lookups) for earlier, later in ((before, after), (old, new))]
        costs += [(later.void_lookups, earlier.void_lookups) for earlier, later in ((before, after), (old, new))]
        return all(then <= now for then, now in costs) and not self.is_worse(old, new)


def _pairs(before: Outcome, after: Outcome) -> list[tuple[Outcome, Outcome]]:
    """Return the outcomes, before and after, that one client can get: branch by branch of one tree, or of both."""
    old, new = before.tree, after.tree
    if old is not None and new is not None and _have_same_choices(old, new):
        branches = dict(old.branches)
        return [(branches[choice], branch) for choice, branch in new.branches]
    if new is not None and (old is None or old.dependency not in after.depends_on):
        return [(before, branch) for _, branch in new.branches]
    return [] if old is None else [(branch, after) for _, branch in old.branches]


def _have_same_choices(old: Branch, new: Branch) -> bool:
    return old.dependency == new.dependency and dict(old.branches).keys() == dict(new.branches).keys()


_INCOMPLETE = (ProblemCode.DNS_INCOMPLETE, ProblemCode.OUTSIDE_ZONE, ProblemCode.WORK_LIMIT)
SCHEMA = "spfengine.simulation/1"
"""The version of the JSON form of a simulation."""


@dataclass(frozen=True, slots=True)
class Simulation(Reportable):
    """What a draft would change for a domain.

    Attributes:
        domain: the domain.
        before, after: its policy as it is, and as it would be.
        changes: the networks whose result changes, in order.
        kept: the networks that a removed term matches, and that keep their result by another term.
        senders: the senders given, each with its results before and after.
        records: the names whose SPF records the draft changes.
        before_budget, after_budget: what the worst addresses cost.
        problems: why the draft is unsafe, or what is not known.
    """

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

    def __repr__(self) -> str:
        return f"<Simulation of {visible(self.domain, 80)}: {len(self.changes)} changes, {len(self.senders)} senders>"

    @property
    def is_broken(self) -> bool:
        """Whether a drafted record is not a valid record, or every client gets permerror from it."""
        return any(problem.code in BROKEN for problem in self.problems)

    @property
    def is_incomplete(self) -> bool:
        """Whether something was not answered for some networks or senders, so that their change is not known."""
        return any(problem.code in _INCOMPLETE for problem in self.problems) or bool(self.unknown_senders)

    @property
    def unknown_senders(self) -> tuple[SenderChange, ...]:
        """The senders whose result is not known, before or after, and depends on the domain or one under it.

        A sender with another MAIL FROM is not among them: the record of another domain decides for it.
        """
        return tuple(
            [
                change
                for change in self.senders
                if Result.TEMPERROR in (change.before.result, change.after.result)
                and is_same_or_under(domain_of(change.sender), self.domain)
            ]
        )

    @property
    def needs_helo(self) -> bool:
        """Whether senders are the only gap, and only for want of their HELO names."""
        unknown = [change for change in self.senders if change.effect is Effect.UNKNOWN]
        return (
            all(problem.code is not ProblemCode.DNS_INCOMPLETE for problem in self.problems)
            and bool(unknown)
            and all(change.needs_helo for change in unknown)
        )

    @property
    def unknown(self) -> list[IPNetwork]:
        """The networks that were not answered for, before or after: what changes there is not known."""
        return unknown_networks(self.before, self.after)

    @property
    def failed(self) -> dict[Question, Answer]:
        """The questions of the two policies that were not answered."""
        return unanswered([self.before.answers, self.after.answers])

    @property
    def outside(self) -> tuple[str, ...]:
        """The names with SPF records that the domain's results depend on after the change, other than its own.

        They are neither the domain nor under it, so most likely somebody else edits them.
        """
        names = [q.name for q, answer in self.after.answers.items() if q.type is RRType.TXT and spf_texts(answer)]
        return tuple([name for name in names if not is_same_or_under(name, self.domain)])

    @property
    def is_worse(self) -> bool:
        """Whether mail that passed no longer does, an error is new, or a given sender gets a worse result.

        A network for which something was not answered does not count: it is not known. Nor does softfail → fail for
        addresses that belong to no sender: see `is_stricter`.
        """
        return self.loses or any(change.effect is Effect.NEWLY_FAILING for change in self.senders)

    @property
    def loses(self) -> bool:
        """Whether a network or sender that passed no longer does, or newly gets permerror or temperror."""
        return any(change_is_worse(change.before, change.after) for change in self.changes) or any(
            change.stops for change in self.senders
        )

    @property
    def ends(self) -> tuple[Result | None, Result | None]:
        """What a client gets that no term matches, before and after: softfail by `~all`; None if it is not known."""
        return end_of(self.before), end_of(self.after)

    @property
    def has_stricter_end(self) -> bool:
        """Whether a client that no term matches gets a result that receivers treat worse, such as fail after softfail.

        It may, whatever the names that were not answered for would match.
        """
        before, after = self.ends
        return before is not None and after is not None and is_worse(before, after)

    @property
    def is_stricter(self) -> bool:
        """Whether any address gets a result that receivers treat worse, such as fail after softfail."""
        if self.is_worse or any(is_stricter(change.before, change.after) for change in self.changes):
            return True
        return self.has_stricter_end and bool(self.unknown)

    def render(
        self,
        *,
        own: Iterable[str] = (),
        formats: Sequence[str] = (),
        width: int | None = 80,
        everything: bool = False,
    ) -> str:
        """Return the text that `spfengine simulate` prints.

        Args:
            own: domains whose records you can edit, in addition to the one simulated.
            formats: the formats of `spfengine.advice.forms` in which to print the new records; none: as they are.
            width: columns to which lines are wrapped; None: not wrapped.
            everything: whether all networks and senders are listed, however many.
        """
        from spfengine.text.simulate import render_simulation

        return render_simulation(self, width, own, formats, everything=everything)

    def to_dict(self) -> dict[str, object]:
        """Return the simulation as JSON-safe values; key "schema" names their version."""
        table = OutcomeTable()
        before, after = self.ends
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "worse": self.is_worse,
            "stricter": self.is_stricter,
            "end": {"before": _result_text(before), "after": _result_text(after)},
            "broken": self.is_broken,
            "incomplete": self.is_incomplete,
            "changes": [_change_dict(change, table) for change in self.changes],
            "unknown": [str(network) for network in self.unknown],
            "kept": [_change_dict(change, table) for change in self.kept],
            "outcomes": table.rows,
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
            "too_much_for": {
                "before": [profile.name for profile in self.before_budget.too_much_for],
                "after": [profile.name for profile in self.after_budget.too_much_for],
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


def _result_text(result: Result | None) -> str | None:
    return None if result is None else str(result)


def _alignment_dict(before: object, after: object) -> dict[str, object] | None:
    return None if before is None or after is None else {"before": before, "after": after}


def _change_dict(change: Change, table: OutcomeTable) -> dict[str, object]:
    return {
        "network": str(change.network),
        "before": table.to_dict(change.before),
        "after": table.to_dict(change.after),
        "worse": change_is_worse(change.before, change.after),
    }


def _sender_dict(change: SenderChange) -> dict[str, object]:
    return {
        **sender_dict(change.sender),
        "before": str(change.before.result),
        "after": str(change.after.result),
        "effect": str(change.effect),
        "directive": None if change.after.directive is None else visible(change.after.directive, 1 << 16),
        "beyond": change.beyond and {"result": str(change.beyond.result), "path": _path(change.beyond)},
        "disagrees": change.disagrees,
        "rests_on": [str(each) for each in change.rests_on],
    }


def _path(outcome: Outcome) -> list[list[str]]:
    return [[visible_name(domain), visible(term, 1 << 16)] for domain, term in outcome.path]


def _record_dict(change: RecordChange) -> dict[str, object]:
    return {
        "domain": visible_name(change.domain),
        "standing": str(change.standing),
        "before": None if change.before is None else visible(change.before, 1 << 16),
        "after": None if change.after is None else visible(change.after, 1 << 16),
        "terms": [{"sign": term.sign, "term": visible(term.term, 1 << 16)} for term in change.terms],
        "ttl": change.ttl,
        "reached": change.reached,
        "after_known": change.is_after_known,
    }
