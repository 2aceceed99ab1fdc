"""How runs of check_host() end, by what their lookups of the client's address hit.

A run is decided by what these lookups hit, and by nothing else of the address. So a run that hits the same as an
earlier one ends in the same way, and need not be made.
"""

from typing import Any, Generic, TypeVar

from spfengine.addresses import Table, locate

MAX_NOTED = 1 << 16
"""Lookups that are noted; what runs beyond them hit is forgotten. It takes time to make them again, but no memory."""

_Ending = TypeVar("_Ending")

Trail = list[tuple[Table[Any], object]]
"""The lookups of a run, in order: the table, and what was hit in it."""


class _Lookup:
    """A lookup that runs make in the same place.

    Attributes:
        table: the table.
        after: by what runs hit, their next lookup, or how they end.
    """

    __slots__ = ("after", "table")

    def __init__(self, table: Table[Any]) -> None:
        self.table = table
        self.after: dict[object, Any] = {}


def _kind(hit: object) -> object:
    """Return what decides how a run continues: of a directive that it hits, only the qualifier does."""
    return getattr(hit, "qualifier", hit)


class Trails(Generic[_Ending]):
    """How runs for the addresses of a family ended.

    Args:
        last: the last address of the family.
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self._begin: dict[object, Any] = {}
        self._noted = 0

    def follow(self, key: object, address: int) -> tuple[_Ending | None, object, int]:
        """Return how a run ends at an address, or None if that is not known; what it hits last; and the last address
        for which it does.

        Args:
            key: what the run depends on besides the address.
        """
        last = self._last
        hit = None
        step = self._begin.get(key)
        while type(step) is _Lookup:
            starts, hits = step.table
            index = locate(starts, address)
            if index < len(starts) and starts[index] <= last:
                last = starts[index] - 1
            hit = hits[index - 1]
            step = step.after.get(_kind(hit))
        return step, hit, last

    def note(self, key: object, trail: Trail, ending: _Ending) -> None:
        """Note how the run with this trail ended."""
        self._noted += len(trail)
        if self._noted > MAX_NOTED:
            return
        after = self._begin
        for table, hit in trail:
            step = after.get(key)
            if type(step) is not _Lookup:
                step = after[key] = _Lookup(table)
            after, key = step.after, _kind(hit)
        after[key] = ending
