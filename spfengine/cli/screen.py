"""What goes to stdout and stderr: lines in the width and colours of a terminal, JSON, CSV, and a progress bar.

rich is loaded only for colours and the bar.
"""

import csv
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

import click

from spfengine.text.lines import Line, Span, row_text, wrap
from spfengine.visible import visible

if TYPE_CHECKING:
    from typing import TextIO

    from rich.progress import Progress, TaskID

_Document = TypeVar("_Document")

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
    "unknown": "bold magenta",
    "quiet": "dim",
}
"""The styles of `Span` in rich's words."""

NOTES = "spfengine.notes"
"""What click's context keeps of what had to be assumed of files, and of how arguments were understood."""

_ASCII = str.maketrans("✓✗·→…│├└─", "*-.>.||`-")
_MIN_WIDTH = 20
_JSON_PIECES = 1 << 14  # pieces of a document that are written at once
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")  # a cell that begins so is run by some spreadsheet
_LONGEST_CELL = 1000
_SILENT_SECONDS = 0.5  # what is done sooner needs no bar


class Screen:
    """The output that lines go to.

    Attributes:
        width: columns of a terminal; None if lines are not wrapped (a pipe or file, unless COLUMNS is set).
    """

    def __init__(self, out: "TextIO | None" = None) -> None:
        self._out = sys.stdout if out is None else out
        terminal = self._out.isatty()
        self._colour = _wants_colour(terminal)
        self._encoding = self._out.encoding or "ascii"
        columns = os.environ.get("COLUMNS", "")
        self.width: int | None = None
        if terminal or (columns.isascii() and columns.isdigit()):
            import shutil  # loads four compression libraries

            self.width = max(_MIN_WIDTH, shutil.get_terminal_size().columns)

    def show(self, lines: Iterable[Line]) -> None:
        """Write lines."""
        rows = [row for whole in lines for row in wrap(self._encodable(whole), self.width)]
        if self._colour:
            self._show_in_colour(rows)
        else:
            self._out.write("".join([f"{row_text(row)}\n" for row in rows]))
        self._out.flush()

    def _show_in_colour(self, rows: Iterable[Sequence[Span]]) -> None:
        from rich.console import Console
        from rich.text import Text

        console = Console(file=self._out, force_terminal=True, highlight=False, markup=False, emoji=False)
        for row in rows:
            text = Text.assemble(*[(span.text, STYLES[span.style]) for span in row], end="\n")
            console.print(text, soft_wrap=True)

    def _encodable(self, whole: Line) -> Line:
        """Return the line in characters that the output has."""
        spans = tuple([Span(self._text(span.text, whole.wraps), span.style) for span in whole.spans])
        return Line(spans, self._text(whole.first, False), self._text(whole.rest, False), whole.wraps)

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


def _wants_colour(terminal: bool) -> bool:
    """Whether to use colour: see no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") not in ("dumb", "unknown")


def with_notes(document: _Document) -> _Document:
    """Return a JSON object, with the key `notes` if something had to be assumed of files or arguments."""
    context = click.get_current_context(silent=True)
    notes = None if context is None else context.meta.get(NOTES)
    if notes and isinstance(document, dict):
        document["notes"] = notes
    return document


def write_json(document: object) -> None:
    """Write a JSON document to stdout, piece by piece, since it may be large; it gets the notes."""
    pieces = json.JSONEncoder(indent=2).iterencode(with_notes(document))
    while piece := "".join(islice(pieces, _JSON_PIECES)):
        sys.stdout.write(piece)
    sys.stdout.write("\n")


def write_csv(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a table to stdout, with its heading; no cell is a formula to a spreadsheet."""
    sys.stdout.write(csv_line(columns))
    for row in rows:
        sys.stdout.write(csv_line([safe_cell(cell) for cell in row]))


def csv_line(cells: Iterable[str]) -> str:
    """Return a line of a table, with its end."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Return printable text that no spreadsheet takes for a formula: if need be, with an apostrophe before it."""
    text = visible(text, _LONGEST_CELL)
    return f"'{text}" if text.lstrip(" \"'").startswith(_FORMULA) else text


class Bar:
    """A progress bar on stderr, if that is a terminal and the work takes a while.

    Args:
        doing: what is done, in words.
        wanted: whether it may be shown.
        in_octets: whether octets are counted; otherwise things of any kind.
    """

    def __init__(self, doing: str, *, wanted: bool = True, in_octets: bool = True) -> None:
        self._doing = doing
        self._in_octets = in_octets
        self._begun = time.monotonic()
        self._wanted = wanted and sys.stderr is not None and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, done: int, total: int | None, doing: str | None = None) -> None:
        """Show how much is done."""
        if not self._wanted:
            return
        if self._progress is None:
            if time.monotonic() - self._begun < _SILENT_SECONDS:
                return
            self._progress = self._begin()
            self._task = self._progress.add_task(self._doing, total=total)
        assert self._task is not None
        self._progress.update(self._task, completed=done, description=doing or self._doing)

    def _begin(self) -> "Progress":
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        count = DownloadColumn() if self._in_octets else MofNCompleteColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
        # By default rich would write to stderr what goes to stdout meanwhile.
        progress = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        progress.start()
        return progress
