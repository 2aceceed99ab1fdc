"""Whether a draft keeps what a suggestion promises: it is compiled, and compared for every address there is."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from spfengine.advice.case import Case, Steps
from spfengine.answers import Answer
from spfengine.linting.sizes import answer_size
from spfengine.names import fold
from spfengine.policy.budget import Budget, budget
from spfengine.policy.diff import Change, result_changes
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy, compiling
from spfengine.problems import Result
from spfengine.senders import Sender
from spfengine.simulation.layers import Drafted
from spfengine.simulation.senders import change_is_worse


class Limit(StrEnum):
    """What a draft may fail by."""

    LOOKUPS = "lookups"
    """More lookups than RFC 7208 §4.6.4 allows, for some address."""
    VOID_LOOKUPS = "void-lookups"
    SIZE = "size"
    """The DNS answer with the TXT records of the name is too large."""
    PASSING = "passing"
    """Addresses that pass would stop, or newly get permerror."""
    SENDERS = "senders"
    """Senders that are wanted do not pass."""


class Shortfall(NamedTuple):
    """A limit that a draft is over.

    Attributes:
        limit: which.
        needed: how much the draft needs: lookups, void lookups or octets; or how many networks stop, or senders fail.
        allowed: how much there may be.
    """

    limit: Limit
    needed: int
    allowed: int


class Verdict(NamedTuple):
    """What a draft comes to.

    Attributes:
        text: the draft.
        after: its policy.
        need: what its worst addresses cost.
        size: octets of the DNS answer with the TXT records of the name.
        lost: the changes that are worse, and that nobody told.
        failing: the wanted senders that do not pass.
        shortfalls: what it fails by; empty for a draft that keeps every promise.
    """

    text: str
    after: Policy
    need: Budget
    size: int
    lost: tuple[Change, ...]
    failing: tuple[Sender, ...]
    shortfalls: tuple[Shortfall, ...]

    @property
    def lookups(self) -> int:
        """What the worst address costs in lookups."""
        return self.need.worst_lookups


def judged(case: Case, text: str, wanted: Sequence[Sender], going: Collection[str], max_size: int) -> Steps[Verdict]:
    """Return whether a draft keeps what is promised.

    Args:
        wanted: the senders that must pass, the first of each kind.
        going: texts of the directives that go because that was told: what passes by them may stop.
    """
    inputs = case.inputs
    drafts = {inputs.domain.encode("latin-1"): {"TXT": [text, *case.base.siblings]}}
    layer = Drafted(drafts, {fold(inputs.domain)})
    after = yield from case.once(layer.through(compiling(inputs)))
    failing = []
    for sender in wanted:
        result, _ = yield from case.result(sender, after, layer)
        if result is not Result.PASS:
            failing.append(sender)
    lost = _lost(case, after, going)
    size = answer_size(inputs.domain, Answer.txt(text, *case.base.siblings))
    need = yield from case.once(layer.through(budget(inputs, dict(after.answers))))
    shortfalls = [
        Shortfall(limit, needed, allowed)
        for limit, needed, allowed in (
            (Limit.LOOKUPS, need.worst_lookups, inputs.limits.lookups),
            (Limit.VOID_LOOKUPS, need.worst_voids(inputs.limits.void_rule), inputs.limits.voids),
            (Limit.SIZE, size, max_size),
            (Limit.PASSING, len(lost), 0),
            (Limit.SENDERS, len(failing), 0),
        )
        if needed > allowed
    ]
    if any(each.limit in (Limit.LOOKUPS, Limit.VOID_LOOKUPS) for each in shortfalls):
        consequences = (Limit.PASSING, Limit.SENDERS)  # of permerror
        shortfalls = [each for each in shortfalls if each.limit not in consequences]
    return Verdict(text, after, need, size, tuple(lost), tuple(failing), tuple(shortfalls))


def _lost(case: Case, after: Policy, going: Collection[str]) -> list[Change]:
    """Return the changes that are worse, but for those of addresses that passed by what was told to go."""
    return [
        change
        for change in result_changes(case.before, after)
        if change_is_worse(change.before, change.after) and not _is_told(change, case.inputs.domain, going)
    ]


def _is_told(change: Change, domain: str, going: Collection[str]) -> bool:
    if Result.PERMERROR in change.after.results and Result.PERMERROR not in change.before.results:
        return False
    return bool(_terms(change.before, domain) & set(going))


def _terms(outcome: Outcome, domain: str) -> set[str]:
    """Return the terms of the domain's own record that an outcome comes from."""
    found = {each.term for each in outcome.depends_on if fold(each.domain) == fold(domain)}
    if outcome.path and fold(outcome.path[0][0]) == fold(domain):
        found.add(outcome.path[0][1])
    return found
