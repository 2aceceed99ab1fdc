"""The exact difference of two policies: every address is compared, by walking both tables at once."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, NamedTuple

from spfengine.addresses import V4, V6, Family
from spfengine.errors import ArgumentError
from spfengine.policy.outcome import Outcome
from spfengine.policy.ranges import networks_of

if TYPE_CHECKING:
    from spfengine.policy.policy import Policy


class Change(NamedTuple):
    """A network whose addresses get another result or outcome.

    Attributes:
        network: the network.
        before, after: the outcomes of its addresses. Where results are compared, the first of the outcomes that have
            this result in the range that the network belongs to.
    """

    network: IPv4Network | IPv6Network
    before: Outcome
    after: Outcome


def diff(before: "Policy", after: "Policy", by: str) -> list[Change]:
    """Return what changes from one policy to another, as `Policy.diff` says."""
    if by not in ("result", "outcome"):
        raise ArgumentError(f'policies are compared by "result" or by "outcome", not by {by!r}')
    changes: list[Change] = []
    for family in (V4, V6):
        run: list[tuple[int, int, Outcome, Outcome, object]] = []
        for first, last, old, new in segments(before, after, family):
            key = _change_key(old, new, by)
            if key is None:
                continue
            if run and run[-1][1] + 1 == first and run[-1][4] == key:
                start, _, first_old, first_new, _ = run[-1]
                run[-1] = (start, last, first_old, first_new, key)
            else:
                run.append((first, last, old, new, key))
        for first, last, old, new, _ in run:
            changes += [Change(network, old, new) for network in networks_of(family, [(first, last)])]
    return changes


def result_changes(before: "Policy", after: "Policy") -> list[Change]:
    """Return what changes by result, each network with the very outcomes of all its addresses.

    Those are the addresses of `diff` by result, in as many networks more as they have different outcomes.
    """
    return [each for each in diff(before, after, "outcome") if _change_key(each.before, each.after, "result")]


def unknown_networks(before: "Policy", after: "Policy") -> list[IPv4Network | IPv6Network]:
    """Return the networks that DNS could not answer for, before or after: what changes there is not known."""
    found: list[IPv4Network | IPv6Network] = []
    for family in (V4, V6):
        spans = [
            (first, last)
            for first, last, old, new in segments(before, after, family)
            if old.is_incomplete or new.is_incomplete
        ]
        found += networks_of(family, spans)
    return found


def _change_key(old: Outcome, new: Outcome, by: str) -> object:
    """Return what a change consists of, or None where there is none."""
    if old is new or old.is_incomplete or new.is_incomplete:
        return None
    if by == "outcome":
        return None if old == new else (old, new)
    if old.tree is None and new.tree is None and old.result is not None and old.result is new.result:
        return None
    was, will_be = old.meaning(), new.meaning()
    return None if was == will_be else (was, will_be)


def segments(before: "Policy", after: "Policy", family: Family) -> Iterator[tuple[int, int, Outcome, Outcome]]:
    """Yield (first, last, before, after) for the ranges in which neither policy changes."""
    old_ranges = before.ranges(family.version)
    new_ranges = after.ranges(family.version)
    _, old_last, old = next(old_ranges)
    _, new_last, new = next(new_ranges)
    first = 0
    while True:
        last = min(old_last, new_last)
        yield first, last, old, new
        if last == family.last:
            return
        if old_last == last:
            _, old_last, old = next(old_ranges)
        if new_last == last:
            _, new_last, new = next(new_ranges)
        first = last + 1
