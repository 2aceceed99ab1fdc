"""A draft of the record: its text, and whether it keeps what a suggestion promises, checked for every address."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from spfengine.advice.suggest.request import Situation, Steps
from spfengine.advice.suggest.suggestion import Limit, Shortfall
from spfengine.answers import Answer
from spfengine.linting.fixes import replaced
from spfengine.linting.limits import answer_size
from spfengine.names import fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.record.model import All, Directive, Record, Redirect, Term
from spfengine.senders import Sender
from spfengine.simulation.drafts import Drafted
from spfengine.simulation.simulation import change_is_worse


@dataclass(frozen=True, slots=True)
class Slot:
    """The position of new terms.

    Attributes:
        term: the term that they are inserted before; None for the end of the record.
        directives: how many directives are before them.
    """

    term: Term | None
    directives: int


def last_slot(record: Record) -> Slot:
    """Return the position after all mechanisms that count: before `all`, and before a redirect at the end."""
    directives = record.directives
    for index, directive in enumerate(directives):
        if isinstance(directive, All):
            return Slot(directive, index)
    end = directives[-1].span[1] if directives else 0
    redirects = [term for term in record.terms if isinstance(term, Redirect) and term.span[0] >= end]
    return Slot(redirects[0] if redirects else None, len(directives))


def slot_before(record: Record, index: int) -> Slot:
    """Return the position before the directive with this index."""
    return Slot(record.directives[index], index)


def draft_text(record: Record, going: Iterable[Directive], coming: Sequence[str], slot: Slot) -> str:
    """Return the text of a record with terms removed and added; everything else stays as written."""
    text = record.source
    removed = {term.span for term in going}
    at = len(text) if slot.term is None else slot.term.span[0]
    stays = [term.span[0] for term in record.terms if term.span[0] >= at and term.span not in removed]
    at = stays[0] if stays else len(text)
    for start, end in sorted([*removed, (at, at)], reverse=True):
        text = replaced(text, (start, end), "") if start < end else _inserted(text, at if stays else None, coming)
    return text


def _inserted(text: str, at: int | None, terms: Sequence[str]) -> str:
    """Return the text of a record with terms before the term at `at`, or at its end."""
    if not terms:
        return text
    if at is None:
        return " ".join([text.rstrip(" "), *terms])
    return text[:at] + "".join([f"{term} " for term in terms]) + text[at:]


@dataclass(frozen=True, slots=True)
class DraftCheck:
    """What a draft means and costs, compared with the published record.

    Attributes:
        text: the draft.
        after: its policy.
        cost: what its most expensive addresses cost.
        size: octets of the DNS answer with the TXT records of the name.
        shortfalls: the limits that it exceeds; empty for a draft that keeps every promise.
    """

    text: str
    after: Policy
    cost: Budget
    size: int
    shortfalls: tuple[Shortfall, ...]

    @property
    def lookups(self) -> int:
        """How many lookups the most expensive address costs."""
        return self.cost.worst_lookups

    @property
    def exceeded(self) -> set[Limit]:
        """The limits that it exceeds."""
        return {shortfall.limit for shortfall in self.shortfalls}


def check_draft(
    situation: Situation, text: str, wanted: Sequence[Sender], dropped: Collection[str], max_size: int
) -> Steps[DraftCheck]:
    """Return whether a draft keeps what a suggestion promises.

    Args:
        situation: the published record.
        text: the draft.
        wanted: the senders that must pass.
        dropped: texts of the directives that the caller removes: clients that they let pass may stop passing.
        max_size: octets that the DNS answer may have.
    """
    inputs, siblings = situation.inputs, situation.base.siblings
    layer = Drafted.record(inputs.domain, text, siblings)
    after = yield from situation.once(layer.through(compiling(inputs)))
    failing = 0
    for sender in wanted:
        result, _ = yield from situation.result(sender, after, layer)
        failing += result is not Result.PASS
    size = answer_size(inputs.domain, Answer.txt(text, *siblings))
    cost = yield from situation.once(layer.through(budget(inputs, dict(after.answers))))
    measures = (
        Shortfall(Limit.LOOKUPS, cost.worst_lookups, inputs.limits.lookups),
        Shortfall(Limit.VOID_LOOKUPS, cost.worst_voids(inputs.limits.void_rule), inputs.limits.voids),
        Shortfall(Limit.SIZE, size, max_size),
        Shortfall(Limit.PASSING, _count_lost(situation, after, dropped), 0),
        Shortfall(Limit.SENDERS, failing, 0),
    )
    shortfalls = [measure for measure in measures if measure.needed > measure.allowed]
    if any(shortfall.limit in (Limit.LOOKUPS, Limit.VOID_LOOKUPS) for shortfall in shortfalls):
        consequences = (Limit.PASSING, Limit.SENDERS)  # of permerror
        shortfalls = [shortfall for shortfall in shortfalls if shortfall.limit not in consequences]
    return DraftCheck(text, after, cost, size, tuple(shortfalls))


def _count_lost(situation: Situation, after: Policy, dropped: Collection[str]) -> int:
    """Return how many networks get a worse result, except those that passed by a dropped directive."""
    return sum(
        change_is_worse(change.before, change.after) and not _is_requested(change, situation.inputs.domain, dropped)
        for change in result_changes(situation.before, after)
    )


def _is_requested(change: Change, domain: str, dropped: Collection[str]) -> bool:
    if Result.PERMERROR in change.after.results and Result.PERMERROR not in change.before.results:
        return False
    return bool(terms_of(change.before, domain) & set(dropped))


def terms_of(outcome: Outcome, domain: str) -> set[str]:
    """Return the terms of the domain's own record that an outcome depends on."""
    terms = {dependency.term for dependency in outcome.depends_on if fold(dependency.domain) == fold(domain)}
    if outcome.path and fold(outcome.path[0][0]) == fold(domain):
        terms.add(outcome.path[0][1])
    return terms
