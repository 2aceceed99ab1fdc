"""Lines for people: parts with styles, tables, trees, and lines wrapped to a width.

A view is a sequence of `Line`s. Nothing in a Line is interpreted, neither as markup nor as escape sequences: the views
make untrusted text `visible` before they put it in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from spfengine.wording import and_more

_STACKED_BELOW = 60
_STEP = 3  # columns of a branch


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line.

    Attributes:
        text: what it says.
        style: what it is: "", a result such as "pass", or "strong", "term", "fault", "unknown", "quiet".
    """

    text: str
    style: str = ""


SIGNS = {"+": Span("+", "pass"), "-": Span("-", "fail"), "=": Span(" ", "quiet")}
"""The mark of a term that is added, removed or kept."""
WARNING = Span("! ", "softfail")
"""The mark of a line that people should read."""
FAULT = Span("! ", "fault")
"""The mark of a line that says what is wrong."""
BULLET = Span("- ")
"""The mark of an item of a list."""
UNKNOWN = Span("not known", "unknown")
"""What is said of a result that is not known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, or a paragraph that is wrapped at the width.

    Attributes:
        spans: its parts, in order.
        first, rest: the indent of its first row, and of all others.
        wraps: whether it is wrapped; if not, it must fit as it is.
    """

    spans: tuple[Span, ...] = ()
    first: str = ""
    rest: str = ""
    wraps: bool = True


def line(*parts: str | Span, indent: int = 0, hang: int = 0, wraps: bool = True) -> Line:
    """Return a line of these parts; `hang` is how much further its rows after the first are indented."""
    spans = tuple(part if isinstance(part, Span) else Span(part) for part in parts)
    return Line(spans, " " * indent, " " * (indent + hang), wraps)


def note(*parts: str | Span, indent: int = 2) -> Line:
    """Return a line whose further rows are indented by two columns more."""
    return line(*parts, indent=indent, hang=2)


def verbatim(text: str, indent: int = 0) -> Line:
    """Return a line that is never wrapped, so that it can be copied."""
    return line(text, indent=indent, wraps=False)


def more_line(number: int, one: str = "", several: str | None = None, *, where: str, indent: int = 6) -> Iterator[Line]:
    """Yield a line that says how many were left out, and which option shows all; nothing if none were."""
    more = and_more(number, one, several)
    if more:
        yield note(f"… {more}; {where} all", indent=indent)


def deeper(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield lines, each indented by two columns more."""
    for whole in lines:
        yield replace(whole, first=f"  {whole.first}", rest=f"  {whole.rest}")


def narrower(width: int | None) -> int | None:
    """Return the width that is left to lines that are `deeper`."""
    return None if width is None else width - 2


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table of two columns, with a mark before it."""

    mark: Span
    left: Span
    right: tuple[Span, ...] = ()


def table(rows: Iterable[Row], width: int | None, indent: int = 2) -> list[Line]:
    """Return rows as lines: the right column next to the left one, or below it if the width is too small."""
    rows = list(rows)
    most = 40 if width is None else (width - indent - 2) * 2 // 5
    column = max([len(row.left.text) for row in rows if len(row.left.text) <= most], default=0)
    stacked = width is not None and width < _STACKED_BELOW
    lines: list[Line] = []
    for row in rows:
        if stacked or len(row.left.text) > column:
            below = indent + 4 if stacked else indent + 4 + column
            lines.append(line(row.mark, " ", row.left, indent=indent, hang=4))
            lines += [line(*row.right, indent=below)] if row.right else []
        else:
            gap = " " * (column - len(row.left.text) + 2) if row.right else ""
            spans = (row.mark, Span(" "), row.left, Span(gap), *row.right)
            lines.append(Line(spans, " " * indent, " " * (indent + 4 + column)))
    return lines


class Node:
    """A line of a tree, and the nodes below it."""

    def __init__(self, *spans: Span) -> None:
        self.spans = spans
        self.below: list[Node] = []


def draw(node: Node, width: int | None) -> Iterator[Line]:
    """Yield the lines of a tree; once branches use half of the width, deeper ones begin at the same column."""
    yield from _draw(node, "", "", 1 << 10 if width is None else width // 2 - _STEP)


def _draw(node: Node, first: str, rest: str, deepest: int) -> Iterator[Line]:
    deep = len(rest) + _STEP > deepest
    yield Line(node.spans, first, rest + ("│  " if node.below and not deep else "   "))
    lead = rest[:-_STEP] if deep else rest
    for index, child in enumerate(node.below, 1):
        last = index == len(node.below) and not deep
        yield from _draw(child, lead + ("└─ " if last else "├─ "), lead + ("   " if last else "│  "), deepest)


def plain(lines: Iterable[Line], width: int | None) -> str:
    """Return lines as text, without styles and without a line end after the last."""
    rows = [row for whole in lines for row in wrap(whole, width)]
    return "\n".join([row_text(row) for row in rows])


def row_text(row: Iterable[Span]) -> str:
    """Return the text of a row, without spaces at its end."""
    return "".join([span.text for span in row]).rstrip()


def wrap(whole: Line, width: int | None) -> list[list[Span]]:
    """Return the rows of a line; none of a line that wraps is wider than `width`."""
    text = "".join([span.text for span in whole.spans])
    if width is None or not whole.wraps or len(whole.first) + len(text) <= width:
        return [[Span(whole.first), *whole.spans]]
    first, rest = _lead(whole.first, width), _lead(whole.rest, width)
    rows: list[list[Span]] = []
    start = 0
    while start < len(text):
        lead = rest if rows else first
        end, after = _break(text, start, width - len(lead))
        rows.append([Span(lead), *_cut(whole.spans, start, end)])
        start = after
    return rows


def _lead(prefix: str, width: int) -> str:
    """Leave at least half of the width to the text."""
    return prefix[max(0, len(prefix) - width // 2) :]


def _break(text: str, start: int, columns: int) -> tuple[int, int]:
    """Return where a row that begins at `start` ends, and where the next one begins: at a space, if there is one."""
    if len(text) - start <= columns:
        return len(text), len(text)
    space = text.rfind(" ", start, start + columns + 1)
    if space <= start or not text[start:space].strip():
        return start + columns, start + columns
    after = space
    while after < len(text) and text[after] == " ":
        after += 1
    return space, after


def _cut(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    cut = []
    for span in spans:
        if start < len(span.text) and end > 0:
            cut.append(Span(span.text[max(start, 0) : end], span.style))
        start -= len(span.text)
        end -= len(span.text)
    return cut
