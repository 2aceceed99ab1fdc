"""What changed since a snapshot: the exact difference of what the records of its domains mean."""

from collections.abc import Generator, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.advice.drift.snapshot import Snapshot, of_answers, utc
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.drivers import adrive, drive, once
from spfengine.evaluation.limits import VoidRule
from spfengine.evaluation.session import Answers
from spfengine.frozen import Frozen, fill
from spfengine.names import is_same_or_under
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes, unknown_networks
from spfengine.policy.policy import Network, Policy, compiling
from spfengine.simulation.records import TermChange, compare_terms, spf_texts
from spfengine.simulation.simulation import change_is_worse
from spfengine.visible import visible, visible_name

# Which answers of DNS changed between two policies of one domain, and whose they are.


class Kind(StrEnum):
    """How an answer changed."""

    CHANGED = "changed"
    """DNS says something else."""
    REACHED = "reached"
    """A record that the domain's leads to now, and did not before."""
    LEFT = "left"
    """A record that the domain's no longer leads to."""


class AnswerChange(NamedTuple):
    """A name whose records changed, as far as SPF looks at them.

    Attributes:
        name: the name.
        type: the type of its records.
        kind: how they changed.
        own: whether the name is the domain's own, at or under it; else it is somebody else's to edit.
        before, after: the records as people write them, of TXT only those of SPF; where there are none, one text that
            says so; empty where DNS was not asked.
        has_records: whether there are any now.
        terms: for TXT, what stays, goes and comes, in the order of the new record.
    """

    name: str
    type: RRType
    kind: Kind
    own: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    has_records: bool
    terms: tuple[TermChange, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "type": str(self.type),
            "kind": str(self.kind),
            "own": self.own,
            "before": list(self.before),
            "after": list(self.after),
            "terms": [{"sign": term.sign, "term": visible(term.term, 1 << 16)} for term in self.terms],
        }


def answer_changes(
    domain: str, before: Mapping[Question, Answer], after: Mapping[Question, Answer]
) -> Iterator[AnswerChange]:
    """Yield what changed in the answers that a domain's policy was made from, in the order in which they are asked for.

    What DNS could not answer did not change. Nor did what is only in another order, or has another TTL.
    """
    for question, new in after.items():
        old = before.get(question)
        if old is None:
            if question.type is RRType.TXT and not new.is_failure:
                yield _change(domain, question, Kind.REACHED, None, new)
        elif not (old.is_failure or new.is_failure) and _content(old, question) != _content(new, question):
            yield _change(domain, question, Kind.CHANGED, old, new)
    if any(answer.is_failure for answer in after.values()):
        return  # what could not be asked may have led there
    for question, old in before.items():
        if question not in after and question.type is RRType.TXT and not old.is_failure:
            yield _change(domain, question, Kind.LEFT, old, None)


def _change(domain: str, question: Question, kind: Kind, old: Answer | None, new: Answer | None) -> AnswerChange:
    terms: tuple[TermChange, ...] = ()
    if question.type is RRType.TXT:
        terms = tuple(compare_terms(_one_record(old), _one_record(new)))
    own = is_same_or_under(question.name, domain)
    shown = _shown(old, question), _shown(new, question)
    has_records = new is not None and bool(_content(new, question))
    return AnswerChange(question.name, question.type, kind, own, *shown, has_records, terms)


def _content(answer: Answer, question: Question) -> list[Any]:
    """Return what SPF sees of an answer, whatever the order of its records."""
    if question.type is RRType.TXT:
        return sorted(spf_texts(answer))
    return sorted(answer.records)


def _shown(answer: Answer | None, question: Question) -> tuple[str, ...]:
    if answer is None:
        return ()
    if question.type is RRType.TXT:
        texts = [visible(octets, 1 << 16) for octets in spf_texts(answer)]
    else:
        texts = sorted(answer.texts())
    return tuple(texts) or (("the name does not exist",) if answer.status is Status.NXDOMAIN else ("there is none",))


def _one_record(answer: Answer | None) -> str:
    """Return the text of the one SPF record of an answer, "" where there is none, or not just one."""
    texts = [] if answer is None else spf_texts(answer)
    return texts[0].decode("latin-1") if len(texts) == 1 else ""


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
        from spfengine.drivers import default_resolver

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
        from spfengine.drivers import default_resolver

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
