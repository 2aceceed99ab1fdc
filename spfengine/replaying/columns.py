"""Replay of plain rows by columns: no address, outcome or count becomes a Python object. Needs NumPy."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from spfengine.evidence.cells import Indexes
from spfengine.evidence.plain_rows import PlainRows
from spfengine.policy.columns import Ranges
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy


class Tiling:
    """The outcomes before and after a change, for every address.

    Attributes:
        outcomes: (before, after), each once.
    """

    def __init__(self, before: Policy, after: Policy) -> None:
        found: dict[tuple[int, int], int] = {}
        outcomes: list[tuple[Outcome, Outcome]] = []
        starts: list[list[int]] = []
        codes: list[int] = []
        for version in (4, 6):
            both = [list(policy.ranges(version)) for policy in (before, after)]
            starts.append(sorted({first for ranges in both for first, _, _ in ranges}))
            for pair in zip(*[_outcomes_at(starts[-1], ranges) for ranges in both], strict=True):
                key = id(pair[0]), id(pair[1])  # the policies keep the outcomes alive, so the ids are unique
                if key not in found:
                    found[key] = len(outcomes)
                    outcomes.append((pair[0], pair[1]))
                codes.append(found[key])
        self.outcomes: tuple[tuple[Outcome, Outcome], ...] = tuple(outcomes)
        self._ranges = Ranges(*starts)
        self._codes = np.array(codes, np.intp)

    def find(self, rows: PlainRows, at: Indexes) -> Indexes:
        """Return the index of the outcomes of some rows."""
        is_ip4 = rows.is_ip4[at]
        codes = np.empty(len(at), np.intp)
        codes[is_ip4] = self._codes[self._ranges.find(rows.ip4[at[is_ip4]])]
        if not is_ip4.all():
            codes[~is_ip4] = self._codes[self._ranges.find(rows.ip6[at[~is_ip4]])]
        return codes


def _outcomes_at(starts: Sequence[int], ranges: Sequence[tuple[int, int, Outcome]]) -> Iterator[Outcome]:
    """Yield the outcome of each of these addresses, which are in order, and have those at which the ranges begin."""
    waiting = iter(ranges)
    _, last, outcome = next(waiting)
    for start in starts:
        if start > last:
            _, last, outcome = next(waiting)
        yield outcome


class Group(NamedTuple):
    """Rows of one domain with the same outcomes.

    Attributes:
        domain: the index of the domain among those of the rows.
        outcome: the index of the outcomes in the tiling of the domain; 0 if it has none.
        rows: the rows.
        messages: their messages.
    """

    domain: int
    outcome: int
    rows: Indexes
    messages: int


def groups(rows: PlainRows, tilings: Mapping[int, Tiling]) -> Iterator[Group]:
    """Yield the rows by domain and outcomes.

    Args:
        tilings: by the index of the domain; rows of other domains are one group for each domain.
    """
    for domain, own in _split(np.arange(len(rows.domain)), rows.domain):
        tiling = tilings.get(domain)
        codes = np.zeros(len(own), np.intp) if tiling is None else tiling.find(rows, own)
        for code, alike in _split(own, codes):
            yield Group(domain, code, alike, int(rows.messages[alike].sum()))


def _split(rows: Indexes, codes: Indexes) -> Iterator[tuple[int, Indexes]]:
    """Yield each code, in order, with the rows that have it."""
    order = np.argsort(codes, kind="stable")
    bounds = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for part, code in zip(np.split(rows[order], bounds[1:]), codes[order][bounds].tolist(), strict=True):
        yield code, part


def listed_rows(rows: PlainRows, parts: Sequence[Indexes], at_most: int) -> list[int]:
    """Return the rows of these parts among which those are that are listed: the first ones, and all whose texts a
    `Sender` changes.
    """
    at = np.concatenate(parts)
    normal = rows.is_normal[at]
    return [*at[~normal].tolist(), *rows.foremost(at[normal], at_most).tolist()]
