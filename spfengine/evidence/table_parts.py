"""A part of a large table, split into cells without making an object of each. Needs NumPy."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from spfengine.evidence.cells import Cells, Indexes, Mask, Octets, Positions, octets_of, odd_positions, positions
from spfengine.evidence.columns import COLUMNS, WITHOUT_HEADING, Columns
from spfengine.evidence.plain_rows import USED, PlainRows, has_plain_rows, plain_rows
from spfengine.evidence.streams import lines
from spfengine.evidence.tables import Rows, text_of
from spfengine.senders import Sender

_LONGEST_LINE: Final = 1 << 16


class TablePart:
    """Whole lines of a table.

    Attributes:
        lines: how many there are, without the last one if it does not end.
    """

    def __init__(self, block: bytes, rows: Rows, longest: int) -> None:
        """Split the lines.

        Args:
            block: the lines.
            rows: what reads the rows that are not plain.
            longest: octets of the longest line that is read.
        """
        self._block = block
        self._reader = rows
        self._longest = longest
        self._octets = octets_of(block)
        self._ends = positions(self._octets, "\n")
        self._starts = np.concatenate([[0], self._ends[:-1] + 1])[: len(self._ends)]
        self._is_other = np.ones(len(self._ends), np.bool_)
        self.lines: int = len(self._ends)

    def plain_rows(self) -> PlainRows | None:
        """Return the plain rows, or None if there are none.

        They are not kept here: they refer to this part, and a circle of them would stay in memory for a while.
        """
        if not self.lines or not has_plain_rows(self._reader):
            return None
        octets = self._octets
        form = self._reader.form
        ends = self._ends - (octets.take(self._ends - 1, mode="clip") == ord("\r"))
        whole = Cells(octets, self._starts, ends)
        delimiters = positions(octets, form.delimiter)
        first = np.searchsorted(delimiters, self._starts)
        found = np.searchsorted(delimiters, ends) - first
        names = _names(form.columns, int(found[0]) + 1)
        is_usual: Mask = (
            (found == len(names) - 1)
            & (whole.lengths <= min(self._longest, _LONGEST_LINE) - 1)
            & (octets[self._starts] != ord("#"))
            & ~whole.has_any(odd_positions(octets, "\n\t" if form.delimiter == "\t" else "\n"))
        )
        at = np.flatnonzero(is_usual)
        cells = _cells(octets, self._starts[at], ends[at], delimiters, first[at], names)
        used = {name: each for name, each in cells.items() if name and (form.columns.own or name in USED)}
        rows, is_good = plain_rows(used, form.columns, lambda row: self._sender(int(at[row])))
        self._is_other[at[is_good]] = False
        return rows if is_good.any() else None

    def _sender(self, line: int) -> Sender:
        [sender] = self._reader.read(text_of(self._block[self._starts[line] : self._ends[line]]))
        return sender

    def others(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield the other lines, with their numbers in this part; None if one is too long."""
        for line in np.flatnonzero(self._is_other).tolist():
            [(_, text)] = lines([self._block[self._starts[line] : self._ends[line] + 1]], self._longest)
            yield line + 1, text
        for _, text in lines([self._block[self._block.rfind(b"\n") + 1 :]], self._longest):
            yield self.lines + 1, text


def _names(columns: Columns, width: int) -> list[str]:
    """Return the names of the columns of a part, "" for one that is not read.

    Args:
        columns: the columns of the table.
        width: how many cells its first row has; without a heading, rows may have fewer than there are columns.
    """
    if columns is WITHOUT_HEADING:
        return list(COLUMNS[: max(2, width)])
    by_place = {place: name for name, places in columns.at.items() for place in places}
    return [by_place.get(place, "") for place in range(columns.width)]


def _cells(
    octets: Octets, starts: Positions, ends: Positions, delimiters: Positions, first: Indexes, names: list[str]
) -> dict[str, Cells]:
    """Return the cells of rows by their columns.

    Args:
        starts, ends: of the rows.
        delimiters, first: where the delimiters are, and the index of the first one of each row.
    """
    edges = [starts - 1, *[delimiters[first + place] for place in range(len(names) - 1)], ends]
    return {name: Cells(octets, edges[at] + 1, edges[at + 1]) for at, name in enumerate(names)}
