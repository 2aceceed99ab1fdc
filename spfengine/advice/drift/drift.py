"""`drift`: what changed since a snapshot, as the exact difference of what the records of its domains mean."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from spfengine.advice.drift.snapshot import Snapshot, of_answers, utc
from spfengine.answers import Answer, Question, RRType, Status, spf_texts
from spfengine.drivers import adrive, drive, once
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.session import Answers
from spfengine.names import is_same_or_under
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes, unknown_networks
from spfengine.policy.outcome import OutcomeTable
from spfengine.policy.policy import Policy, compiling
from spfengine.policy.ranges import IPNetwork
from spfengine.reportable import Reportable
from spfengine.simulation.records import TermChange, compare_terms
from spfengine.simulation.simulation import change_is_worse
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

SCHEMA = "spfengine.drift/1"
"""The version of the JSON form of a drift."""

_MAX_TERM = 1 << 16


class AnswerChangeKind(StrEnum):
    """How an answer changed."""

    CHANGED = "changed"
    """The answer is different now."""
    REACHED = "reached"
    """The evaluation of the domain's record reaches this record now, and did not before."""
    LEFT = "left"
    """The evaluation of the domain's record no longer reaches this record."""


@dataclass(frozen=True, slots=True, repr=False)
class AnswerChange:
    """A name whose records changed, as far as SPF uses them.

    Attributes:
        name: the name.
        type: the type of its records.
        kind: how they changed.
        own: whether the name is the domain or a name under it; otherwise somebody else manages it.
        before, after: the records as text, of TXT only the SPF records. If there are none, one text that says so;
            empty if DNS was not queried.
        has_records: whether there are any now.
        terms: for TXT, the terms that stay, go and come, in the order of the new record.
    """

    name: str
    type: RRType
    kind: AnswerChangeKind
    own: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    has_records: bool
    terms: tuple[TermChange, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("name", "type", "kind", "own"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "type": str(self.type),
            "kind": str(self.kind),
            "own": self.own,
            "before": list(self.before),
            "after": list(self.after),
            "terms": [{"sign": term.sign, "term": visible(term.term, _MAX_TERM)} for term in self.terms],
        }


@dataclass(frozen=True, slots=True, repr=False)
class DomainDrift:
    """What changed for a domain.

    Attributes:
        domain: the domain.
        before, after: its policy in the snapshot, and now.
        changes: the networks whose result changed, in order.
        answers: the names whose records changed, whether or not that changes a result.
        before_budget, after_budget: what the most expensive addresses cost.
    """

    domain: str
    before: Policy
    after: Policy
    changes: tuple[Change, ...]
    answers: tuple[AnswerChange, ...]
    before_budget: Budget
    after_budget: Budget

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "is_changed", "is_worse", "is_incomplete"))

    @property
    def unknown(self) -> list[IPNetwork]:
        """The networks that DNS could not answer for, then or now, so that a change can't be seen."""
        return unknown_networks(self.before, self.after)

    @property
    def is_changed(self) -> bool:
        """Whether any client gets another result, or one that depends on something else."""
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
        before, after = self.before_budget, self.after_budget
        table = OutcomeTable()
        return {
            "domain": visible_name(self.domain),
            "changed": self.is_changed,
            "worse": self.is_worse,
            "incomplete": self.is_incomplete,
            "changes": [
                {
                    "network": str(change.network),
                    "before": table.to_dict(change.before),
                    "after": table.to_dict(change.after),
                    "worse": change_is_worse(change.before, change.after),
                }
                for change in self.changes
            ],
            "outcomes": table.rows,
            "unknown": [str(network) for network in self.unknown],
            "answers": [change.to_dict() for change in self.answers],
            "lookups": {"before": before.worst_lookups, "after": after.worst_lookups},
            "void_lookups": {
                str(rule): {"before": before.worst_voids(rule), "after": after.worst_voids(rule)} for rule in VoidRule
            },
        }


@dataclass(frozen=True, slots=True, repr=False)
class Drift(Reportable):
    """What changed since a snapshot.

    Attributes:
        before: the snapshot.
        after: a snapshot of the same domains now, to compare with next time.
        domains: what changed for each of them, in the order of the snapshot.
    """

    before: Snapshot
    after: Snapshot
    domains: tuple[DomainDrift, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("before", "is_changed", "is_worse", "is_incomplete"))

    @property
    def is_changed(self) -> bool:
        """Whether any client of any of the domains gets another result, or one that depends on something else."""
        return any(domain.is_changed for domain in self.domains)

    @property
    def is_worse(self) -> bool:
        """Whether a network that passed no longer does, or newly gets permerror."""
        return any(domain.is_worse for domain in self.domains)

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that there may be more changes."""
        return any(domain.is_incomplete for domain in self.domains)

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
            "domains": [domain.to_dict() for domain in self.domains],
        }


def drift(snapshot: Snapshot, *, resolver: "Resolver | None" = None, now: float | None = None) -> Drift:
    """Return what changed since a snapshot, for every address. What DNS can't answer now counts as unchanged.

    Args:
        snapshot: the snapshot to compare with.
        resolver: answers DNS questions now; live DNS by default.
        now: the time in seconds since the epoch; the clock's by default.

    Raises:
        ArgumentError: `now` is not a time.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    return drive(_drifting(snapshot, now), resolver, None)


async def adrift(
    snapshot: Snapshot, *, resolver: "Resolver | AsyncResolver | None" = None, now: float | None = None
) -> Drift:
    """Async version of `drift`."""
    return await adrive(_drifting(snapshot, now), resolver, None)


def _drifting(snapshot: Snapshot, now: float | None) -> Generator[Question, Answer, Drift]:
    known: Answers = {}
    domains = []
    for before in snapshot.policies:
        inputs = before.inputs
        after = yield from once(compiling(inputs), known)
        after_budget = yield from once(budget(inputs, dict(after.answers)), known)
        domains.append(
            DomainDrift(
                before.domain,
                before,
                after,
                tuple(result_changes(before, after)),
                tuple(_answer_changes(before.domain, before.answers, after.answers)),
                drive(budget(inputs, dict(before.answers)), snapshot.recording, None),
                after_budget,
            )
        )
    return Drift(snapshot, of_answers([domain.after for domain in domains], known, now), tuple(domains))


def _answer_changes(
    domain: str, before: Mapping[Question, Answer], after: Mapping[Question, Answer]
) -> Iterator[AnswerChange]:
    """Yield the changes of the answers that a domain's policy depends on, in the order in which they are asked for.

    An answer that failed counts as unchanged, and so does one with another TTL, or with its records in another order.
    """
    old_answers = {question: answer for question, answer in before.items() if not answer.is_failure}
    new_answers = {question: answer for question, answer in after.items() if not answer.is_failure}
    for question, new in new_answers.items():
        old = old_answers.get(question)
        if old is not None:
            if _content(old, question) != _content(new, question):
                yield _change(domain, question, AnswerChangeKind.CHANGED, old, new)
        elif question not in before and question.type is RRType.TXT:
            yield _change(domain, question, AnswerChangeKind.REACHED, None, new)
    if len(new_answers) < len(after):
        return  # a record that could not be read may still refer to the others
    for question, old in old_answers.items():
        if question not in after and question.type is RRType.TXT:
            yield _change(domain, question, AnswerChangeKind.LEFT, old, None)


def _change(
    domain: str, question: Question, kind: AnswerChangeKind, old: Answer | None, new: Answer | None
) -> AnswerChange:
    terms: tuple[TermChange, ...] = ()
    if question.type is RRType.TXT:
        terms = tuple(compare_terms(_single_record(old), _single_record(new)))
    own = is_same_or_under(question.name, domain)
    texts = _texts(old, question), _texts(new, question)
    has_records = new is not None and bool(_content(new, question))
    return AnswerChange(question.name, question.type, kind, own, *texts, has_records, terms)


def _content(answer: Answer, question: Question) -> list[Any]:
    """Return the records that SPF uses, sorted."""
    if question.type is RRType.TXT:
        return sorted(spf_texts(answer))
    return sorted(answer.records)


def _texts(answer: Answer | None, question: Question) -> tuple[str, ...]:
    if answer is None:
        return ()
    if question.type is RRType.TXT:
        texts = [visible(octets, _MAX_TERM) for octets in spf_texts(answer)]
    else:
        texts = sorted(answer.texts())
    return tuple(texts) or (("the name does not exist",) if answer.status is Status.NXDOMAIN else ("there is none",))


def _single_record(answer: Answer | None) -> str:
    """Return the text of the SPF record of an answer, "" if there is none, or more than one."""
    texts = [] if answer is None else spf_texts(answer)
    return texts[0].decode("latin-1") if len(texts) == 1 else ""
