"""The exact difference of two policies: every address is compared, by walking both tables side by side."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, ClassVar

from spfengine.addresses import V4, V6, Family, Prefix, prefixes_of
from spfengine.errors import ArgumentError
from spfengine.frozen import Frozen, fill
from spfengine.policy.outcome import Outcome
from spfengine.policy.ranges import network_of, networks_of

if TYPE_CHECKING:
    from spfengine.policy.policy import Policy


class Change(Frozen):
    """A network whose addresses get another result or outcome; it unpacks into its three attributes.

    Attributes:
        before, after: the outcomes of its addresses. If results are compared, a range may have several outcomes with
            this result; then it is the first of them.
    """

    __slots__ = ("_family", "_network", "_prefix", "after", "before")
    fields: ClassVar[tuple[str, ...]] = ("network", "before", "after")
    before: Outcome
    after: Outcome
    _network: IPv4Network | IPv6Network  # made on demand: making thousands takes as long as a compilation
    _family: Family
    _prefix: Prefix

    def __init__(self, network: IPv4Network | IPv6Network, before: Outcome, after: Outcome) -> None:
        fill(self, "_network", network)
        fill(self, "before", before)
        fill(self, "after", after)

    @property
    def network(self) -> IPv4Network | IPv6Network:
        """The network."""
        try:
            return self._network
        except AttributeError:
            fill(self, "_network", network_of(self._family, self._prefix))
            return self._network

    def __iter__(self) -> Iterator[Any]:
        return iter((self.network, self.before, self.after))


def _changes(family: Family, first: int, last: int, before: Outcome, after: Outcome) -> Iterator[Change]:
    """Yield the changes of a range of addresses. Their networks are made when they are first looked at."""
    for prefix in prefixes_of(family, first, last):
        change = Change.__new__(Change)
        fill(change, "_family", family)
        fill(change, "_prefix", prefix)
        fill(change, "before", before)
        fill(change, "after", after)
        yield change


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
            changes += _changes(family, first, last, old, new)
    return changes


def result_changes(before: "Policy", after: "Policy") -> list[Change]:
    """Return what changes by result, split into networks whose addresses all have the same two outcomes."""
    return [change for change in diff(before, after, "outcome") if _change_key(change.before, change.after, "result")]


def unknown_networks(before: "Policy", after: "Policy") -> list[IPv4Network | IPv6Network]:
    """Return the networks for which DNS could not answer, before or after, so that it is not known what changes."""
    networks: list[IPv4Network | IPv6Network] = []
    for family in (V4, V6):
        spans = [
            (first, last)
            for first, last, old, new in segments(before, after, family)
            if old.is_incomplete or new.is_incomplete
        ]
        networks += networks_of(family, spans)
    return networks


def _change_key(old: Outcome, new: Outcome, by: str) -> object:
    """Return what changes, or None if nothing does, or if what changes is not known."""
    if old is new or old.is_incomplete or new.is_incomplete:
        return None
    if by == "outcome":
        return None if old == new else (old, new)
    before, after = old.meaning(), new.meaning()
    return None if before == after else (before, after)


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
