"""What a draft does to senders."""

from enum import StrEnum
from typing import NamedTuple

from spfengine.dmarc.alignment import Alignment
from spfengine.policy.outcome import Input, Outcome
from spfengine.problems import Result
from spfengine.senders import Sender

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
