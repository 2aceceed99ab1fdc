"""Places in a file: line and column of a position, and what a record's octets are written as."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a file.

    Attributes:
        line: the line that it begins on, from 1 on.
        column: the column of its first character, in characters (Unicode code points) from 1 on.
        end_line: the line that its last character is on.
        end_column: the column after its last character.
    """

    line: int
    column: int
    end_line: int
    end_column: int


class Lines:
    """The lines of a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        start = text.find("\n")
        while start >= 0:
            self._starts.append(start + 1)
            start = text.find("\n", start + 1)

    def region(self, start: int, end: int) -> Region:
        """Return the region from an offset to the one after it."""
        line, column = self._place(start)
        end_line, end_column = self._place(max(end - 1, start))
        return Region(line, column, end_line, end_column + (end > start))

    def _place(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._starts, offset) - 1
        return index + 1, offset - self._starts[index] + 1
