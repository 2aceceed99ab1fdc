"""Lines for people: laid out for the width there is, with colour only where a terminal shows it.

A page is a list of `Line`s. Nothing in a Line is interpreted, neither as markup nor as escape sequences; whoever makes
one has made strangers' text `visible` first. rich is loaded only for a terminal with colour.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TextIO

STYLES = {
    "": "",
    "pass": "bold green",
    "fail": "bold red",
    "softfail": "bold yellow",
    "neutral": "bold cyan",
    "none": "bold cyan",
    "permerror": "bold magenta",
    "temperror": "bold magenta",
    "strong": "bold",
    "term": "cyan",
    "fault": "bold red",
    "quiet": "dim",
}
"""What a part of a line is, and how it looks in rich's words."""

_ASCII = str.maketrans("✓✗·→…│├└─", "*-.>.||`-")
_MIN_WIDTH = 20
_STACKED_BELOW = 60


class Span(NamedTuple):
    """A part of a line: its text, and a key of `STYLES`."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """One line, or a paragraph that is folded where the width ends.

    Attributes:
        spans: its parts, in order.
        first, rest: what stands before its first row, and before all others.
        folds: whether it is folded; if not, it must fit as it is.
    """

    spans: tuple[Span, ...] = ()
    first: str = ""
    rest: str = ""
    folds: bool = True


def line(*parts: str | Span, indent: int = 0, hang: int = 0, folds: bool = True) -> Line:
    """Return a line of these parts; `hang` is how much further its rows after the first are indented."""
    spans = tuple(part if isinstance(part, Span) else Span(part) for part in parts)
    return Line(spans, " " * indent, " " * (indent + hang), folds)


class Row(NamedTuple):
    """A row of a table of two columns, with a mark before it."""

    mark: Span
    left: Span
    right: tuple[Span, ...]


def table(rows: Iterable[Row], width: int | None, indent: int = 2) -> list[Line]:
    """Return rows as lines: the right column beside the left one, or below it where there is no room."""
    rows = list(rows)
    most = 40 if width is None else (width - indent - 2) * 2 // 5
    column = max([len(row.left.text) for row in rows if len(row.left.text) <= most], default=0)
    stacked = width is not None and width < _STACKED_BELOW
    lines = []
    for row in rows:
        beside = indent + 2 + column + 2
        if stacked or len(row.left.text) > column:
            below = indent + 4 if stacked else beside
            lines.append(line(row.mark, " ", row.left, indent=indent, hang=4))
            if row.right:
                lines.append(line(*row.right, indent=below))
        else:
            gap = " " * (column - len(row.left.text) + 2) if row.right else ""
            spans = (row.mark, Span(" "), row.left, Span(gap), *row.right)
            lines.append(Line(spans, " " * indent, " " * beside))
    return lines


class Screen:
    """Where a page goes.

    Attributes:
        width: columns of a terminal; None where lines are not folded (a pipe or file, unless COLUMNS is set).
    """

    def __init__(self, out: "TextIO | None" = None) -> None:
        self._out = sys.stdout if out is None else out
        terminal = self._out.isatty()
        self._colour = _wants_colour(terminal)
        self._encoding = self._out.encoding or "ascii"
        columns = os.environ.get("COLUMNS", "")
        self.width: int | None = None
        if terminal or (columns.isascii() and columns.isdigit()):
            import shutil  # brings four modules to unpack archives with

            self.width = max(_MIN_WIDTH, shutil.get_terminal_size().columns)

    def show(self, page: Iterable[Line]) -> None:
        """Write a page."""
        rows = [row for each in page for row in fold(self._encodable(each), self.width)]
        if self._colour:
            self._show_in_colour(rows)
        else:
            self._out.write("".join(["".join([span.text for span in row]).rstrip() + "\n" for row in rows]))
        self._out.flush()

    def _show_in_colour(self, rows: Iterable[Sequence[Span]]) -> None:
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self._out, force_terminal=True, highlight=False, markup=False, emoji=False)
        for row in rows:
            text = Text.assemble(*[(span.text, STYLES[span.style]) for span in row], end="\n")
            console.print(text, soft_wrap=True)

    def _encodable(self, each: Line) -> Line:
        """Return the line in characters that the output has."""
        spans = tuple([Span(self._text(span.text, each.folds), span.style) for span in each.spans])
        return Line(spans, self._text(each.first, False), self._text(each.rest, False), each.folds)

    def _text(self, text: str, may_grow: bool) -> str:
        if text.isascii():
            return text
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            if not may_grow:
                return text.translate(_ASCII).encode(self._encoding, "replace").decode(self._encoding)
            text = text.replace("…", "...").replace("→", "->").replace("§", "section ").translate(_ASCII)
            return text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        return text


def fold(each: Line, width: int | None) -> list[list[Span]]:
    """Return the rows of a line; none is wider than `width`, whatever stands in it."""
    text = "".join([span.text for span in each.spans])
    if width is None or not each.folds or len(each.first) + len(text) <= width:
        return [[Span(each.first), *each.spans]]
    first, rest = _lead(each.first, width), _lead(each.rest, width)
    rows: list[list[Span]] = []
    start = 0
    while start < len(text):
        room = width - len(rest if rows else first)
        end, after = _break(text, start, room)
        rows.append([Span(rest if rows else first), *_cut(each.spans, start, end)])
        start = after
    return rows


def _lead(prefix: str, width: int) -> str:
    """Leave at least half of the width to the text."""
    return prefix[max(0, len(prefix) - width // 2) :]


def _break(text: str, start: int, room: int) -> tuple[int, int]:
    """Return where a row that begins at `start` ends, and where the next one begins: at a space, if there is one."""
    if len(text) - start <= room:
        return len(text), len(text)
    space = text.rfind(" ", start, start + room + 1)
    if space <= start or not text[start:space].strip():
        return start + room, start + room
    after = space
    while after < len(text) and text[after] == " ":
        after += 1
    return space, after


def _cut(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    cut = []
    for span in spans:
        if start < len(span.text) and end > 0:
            cut.append(Span(span.text[max(start, 0) : end], span.style))
        start -= len(span.text)
        end -= len(span.text)
    return cut


def _wants_colour(terminal: bool) -> bool:
    """Whether to use colour: see no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") not in ("dumb", "unknown")
