"""Cells of a table as arrays, so that no cell becomes a Python object. Needs NumPy; imported only for large tables."""

import secrets
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Octets = NDArray[np.uint8]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]
Indexes = NDArray[np.intp]

_WORD = 8  # octets
LONGEST = 64
"""Octets of the longest cell that is compared as a whole."""
_FIRST, _LAST = ord("#"), ord("~")  # of printable ASCII, after the space, "!" (which is rare) and quotation marks
_DIGIT = np.uint8(ord("0"))
_PADDING = bytes(LONGEST + _WORD)
_KEPT = np.array([(1 << 64) - (1 << 8 * (_WORD - kept)) for kept in range(_WORD + 1)], np.uint64)
_LEAST = np.array([0, 0, 10, 100], np.int64)  # the least number of so many digits, if they begin with no 0
_FACTORS = np.array([secrets.randbits(64) | 1 for _ in range(LONGEST // _WORD)], np.uint64)


def octets_of(text: bytes | bytearray | memoryview) -> Octets:
    """Return octets as an array, with more octets after them, so that words may end after a cell."""
    return np.frombuffer(b"".join([text, _PADDING]), np.uint8)


def positions(octets: Octets, octet: str) -> Positions:
    """Return where an octet occurs."""
    return np.flatnonzero(octets == ord(octet))


def odd_positions(octets: Octets, allowed: str) -> Positions:
    """Return where octets are that no plain row has, except for some."""
    odd = (octets - np.uint8(_FIRST)) > _LAST - _FIRST
    odd |= (octets | np.uint8(2)) == ord(">")  # and "<"
    for each in allowed:
        odd &= octets != ord(each)
    return np.flatnonzero(odd)


class Cells(NamedTuple):
    """The cells of a column: cell i is `octets[starts[i]:ends[i]]`."""

    octets: Octets
    starts: Positions
    ends: Positions

    @property
    def lengths(self) -> Positions:
        """How many octets each has."""
        return self.ends - self.starts

    def at(self, rows: Mask | Indexes) -> "Cells":
        """Return the cells of some rows."""
        return Cells(self.octets, self.starts[rows], self.ends[rows])

    def text(self, row: int) -> str:
        """Return the text of a cell in ASCII."""
        return self.octets[self.starts[row] : self.ends[row]].tobytes().decode("ascii")

    def words(self, at: int) -> NDArray[np.uint64]:
        """Return the eight octets of each cell from its octet `at` on as a number; there are zeros after its end.

        The numbers are in the order of the texts.
        """
        overlapping: NDArray[np.uint64] = np.ndarray((len(self.octets) - _WORD + 1,), ">u8", self.octets, 0, (1,))
        words: NDArray[np.uint64] = overlapping[self.starts + at].astype(np.uint64)
        return words & _KEPT[np.clip(self.lengths - at, 0, _WORD)]

    def after_last(self, octet: str) -> "Cells":
        """Return what follows the last such octet in each cell; the whole cell if it has none."""
        found = positions(self.octets, octet)
        if not len(found):
            return self
        last = found[np.searchsorted(found, self.ends) - 1]  # of another cell, or the very last one, if it has none
        return Cells(
            self.octets, np.where((last >= self.starts) & (last < self.ends), last + 1, self.starts), self.ends
        )

    def has_any(self, found: Positions) -> Mask:
        """Return which cells hold one of these positions, which are in order."""
        if not len(found):
            return np.zeros(len(self.starts), np.bool_)
        return np.searchsorted(found, self.ends) > np.searchsorted(found, self.starts)

    def numbers(self, most: int) -> tuple[NDArray[np.int64], Mask]:
        """Return the numbers that cells of 1 to `most` digits are, and which cells are such."""
        lengths = self.lengths
        good = (lengths >= 1) & (lengths <= most)
        numbers = np.zeros(len(lengths), np.int64)
        for place in range(min(most, int(lengths.max(initial=0)))):
            digit = self.octets.take(self.ends - (place + 1), mode="clip") - _DIGIT
            digit *= lengths > place  # 0 before the first one
            good &= digit < 10
            numbers += np.multiply(digit, 10**place, dtype=np.int64)
        return numbers, good

    def ip4(self) -> tuple[NDArray[np.uint32], Mask]:
        """Return IPv4 addresses, and which cells are such: four numbers up to 255 without leading zeros."""
        dots = positions(self.octets, ".")
        if not len(dots):
            return np.zeros(len(self.starts), np.uint32), np.zeros(len(self.starts), np.bool_)
        first = np.searchsorted(dots, self.starts)
        edges = [self.starts - 1, *[dots.take(first + number, mode="clip") for number in range(3)], self.ends]
        value = np.zeros(len(first), np.int64)
        good = edges[3] < self.ends
        for before, after in pairwise(edges):
            part = Cells(self.octets, before + 1, after)
            number, is_number = part.numbers(3)
            good &= is_number & (number < 256) & (number >= _LEAST[np.clip(part.lengths, 0, 3)])
            value = value << 8 | number
        return value.astype(np.uint32), good

    def different(self) -> tuple[list[str], Indexes, Mask]:
        """Return the different texts among cells of up to `LONGEST` octets, none of which is a NUL.

        Returns:
            the texts; the index of each cell's text; and which cells surely have it: all but those whose hash is that
            of another text.
        """
        words = [self.words(at) for at in range(0, int(self.lengths.max(initial=0)), _WORD)]
        hashes = np.zeros(len(self.starts), np.uint64)
        for word, factor in zip(words, _FACTORS, strict=False):
            hashes += word * factor
        _, rows, index = np.unique(hashes, return_index=True, return_inverse=True)
        sure = np.ones(len(index), np.bool_)
        for word in words:
            sure &= word == word[rows[index]]
        return [self.text(row) for row in rows.tolist()], index, sure
