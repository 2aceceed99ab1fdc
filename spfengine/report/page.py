"""What a report consists of: a page has sections, a section has blocks, and each block has a template of its name.

Blocks hold text and numbers only. Text is never markup: the templates escape all of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from spfengine.text.lines import Line, Span

Text = tuple[Span, ...]
"""Text in parts, each with a style."""


def text(*parts: str | Span) -> Text:
    """Return text of these parts."""
    return tuple([part if isinstance(part, Span) else Span(part) for part in parts])


class Block:
    """A part of a section; the macro named `template` draws it."""

    __slots__ = ()
    template: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of prose, or one to be copied.

    Attributes:
        spans: its parts.
        level: how far it is indented: 0, 1 or 2.
        is_verbatim: whether it is shown as it is, in a fixed-width font.
        mark: the mark before it; or None.
    """

    spans: Text
    level: int = 0
    is_verbatim: bool = False
    mark: Span | None = None


@dataclass(frozen=True, slots=True)
class Prose(Block):
    """Paragraphs."""

    template: ClassVar[str] = "prose"
    paragraphs: tuple[Paragraph, ...]


def prose(lines: Iterable[Line]) -> list[Block]:
    """Return the lines of a text as paragraphs; no block if there are none."""
    paragraphs = [_paragraph(line) for line in lines if any(span.text.strip() for span in line.spans)]
    return [Prose(tuple(paragraphs))] if paragraphs else []


def _paragraph(line: Line) -> Paragraph:
    indent = len(line.first)
    level = 0 if indent < 3 else 1 if indent < 6 else 2
    mark = _DRAWN_MARKS.get(line.spans[0].text)
    if mark is not None:
        return Paragraph(line.spans[1:], level, not line.wraps, Span(mark, line.spans[0].style))
    return Paragraph(line.spans, level, not line.wraps)


_DRAWN_MARKS = {"- ": "\N{BULLET}", "! ": "!", "\N{CHECK MARK} ": "\N{CHECK MARK}", "\N{MIDDLE DOT} ": "\N{BULLET}"}
"""How the mark of a line is drawn."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that people look for, with what it counts.

    Attributes:
        value: the number, such as "12 → 14".
        name: what it counts.
        style: how it is meant: "pass", "fail", "softfail" or "".
    """

    value: str
    name: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Facts(Block):
    """A few numbers."""

    template: ClassVar[str] = "facts"
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a record.

    Attributes:
        sign: "+", "-", "=", or a mark such as "✓".
        meaning: what the sign means, in a word, for those who don't see it; or "".
        term: as written.
        about: what is said about it.
    """

    sign: str
    meaning: str
    term: str
    about: Text = ()


@dataclass(frozen=True, slots=True)
class Terms(Block):
    """The terms of a record, one after the other."""

    template: ClassVar[str] = "terms"
    name: str
    terms: tuple[Term, ...]


MARKS = {"+": "+", "-": "\N{MINUS SIGN}", "=": ""}
"""How the sign of a term is drawn."""
SIGNS = {"+": "added", "-": "removed", "=": "kept"}
"""What the sign of a term means."""


def signed(sign: str, term: str, about: Text = ()) -> Term:
    """Return a term that is added, removed or kept."""
    return Term(MARKS[sign], SIGNS[sign], term, about)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        main: what it says.
        more: further lines under it.
        is_code: whether `main` is an address, a network or a term.
    """

    main: Text
    more: tuple[Text, ...] = ()
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of a table that are shown on demand.

    Attributes:
        summary: what it holds, such as "rows 21 to 520".
        rows: the rows.
    """

    summary: str
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; `is_number`: whether it has numbers, which are aligned at their ends."""

    name: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Table(Block):
    """A table, of which a long one is folded.

    Attributes:
        caption: what it shows.
        columns: their heads. The first cell of a row is the head of the row.
        rows: the rows that are shown.
        folds: the others.
    """

    template: ClassVar[str] = "table"
    caption: Text
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folds: tuple[Fold, ...] = ()

    @property
    def layout(self) -> str:
        """How a phone shows a row: numbers at the "side" of its head; or its cells in a "stack" if it has none."""
        return "side" if any(column.is_number for column in self.columns) else "stack"


_SHOWN_ROWS = 12
_FOLDED_ROWS = 500


def table(
    caption: Text, columns: Sequence[Column], rows: Sequence[tuple[Cell, ...]], shown: int = _SHOWN_ROWS
) -> Table:
    """Return a table whose first rows are shown, and all others folded in parts that a browser handles."""
    if len(rows) <= shown + 3:
        return Table(caption, tuple(columns), tuple(rows))
    starts = range(shown, len(rows), _FOLDED_ROWS)
    folds = [(start, tuple(rows[start : start + _FOLDED_ROWS])) for start in starts]
    return Table(
        caption,
        tuple(columns),
        tuple(rows[:shown]),
        tuple([Fold(f"{start + 1:,} to {start + len(part):,} of {len(rows):,}", part) for start, part in folds]),
    )


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A record of which a part is at fault: the text before it, the part itself, and the text after it.

    Attributes:
        carets: as many as the part has characters.
    """

    before: str
    at: str
    after: str
    carets: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong or to be known.

    Attributes:
        severity: "error", "warning" or "info".
        text: what it is.
        code: its stable code.
        section: the section that decides, or "".
        place: the file and line, or "".
        excerpt: the part of the record; or None.
        hint: what to do, or None.
        fix: the record to publish, or None.
        is_whole_fix: whether nothing else is known to be wrong with that record.
    """

    severity: str
    text: str
    code: str = ""
    section: str = ""
    place: str = ""
    excerpt: Excerpt | None = None
    hint: str | None = None
    fix: str | None = None
    is_whole_fix: bool = True


@dataclass(frozen=True, slots=True)
class Findings(Block):
    """Findings, the worst first.

    Attributes:
        about: what they are about: the name of a record, and what is said of it; or nothing.
    """

    template: ClassVar[str] = "findings"
    findings: tuple[Finding, ...]
    about: Text = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A record in the form of one provider; `lines` is the text to copy."""

    name: str
    lines: tuple[str, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Paste(Block):
    """A record to publish, ready to paste.

    Attributes:
        name: the name of the TXT record.
        forms: the forms, the plain text first.
    """

    template: ClassVar[str] = "paste"
    name: str
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a meter, in units of its drawing: `full` of 100 units, after `limit` in another pattern.

    Attributes:
        label: "before", "after" or "".
        value: the number, in words.
        paths: (class, path of SVG) of its parts.
    """

    label: str
    value: str
    paths: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used.

    Attributes:
        name: what is measured.
        verdict: what that means.
        bars: one bar, or two: before and after.
        notes: what else is to be known.
    """

    name: str
    verdict: Span
    bars: tuple[Bar, ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Meters(Block):
    """Meters."""

    template: ClassVar[str] = "meters"
    meters: tuple[Meter, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of an include tree.

    Attributes:
        sign, meaning: as in `Term`.
        term: as written; the domain for the root.
        cost: its lookups, such as "lookup 3" or "lookups 3 to 7", or "".
        over: whether one of these lookups is over the limit.
        about: what is said about it, one note after the other.
        below: what it leads to.
        folded: terms that are shown on demand, such as a long run of networks.
        is_open: whether what is below is shown.
    """

    sign: str
    meaning: str
    term: str
    cost: str = ""
    over: bool = False
    about: tuple[Span, ...] = ()
    below: tuple["Node", ...] = ()
    folded: tuple[str, ...] = ()
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Tree(Block):
    """An include tree, or the trace of a check."""

    template: ClassVar[str] = "tree"
    root: Node


@dataclass(frozen=True, slots=True)
class Map:
    """A picture of the IPv4 addresses.

    Attributes:
        title: what it shows.
        description: the same in words, for those who don't see it.
        paths: (class, path of SVG), in a square of 256 units.
        labels: (x, y, text): the first octet of addresses that changed.
    """

    title: str
    description: str
    paths: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour and shape of a map means; `count` says how many addresses there are."""

    style: str
    path: str
    name: str
    count: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """An IPv6 network, with the length of its bar: the longer, the more addresses.

    Attributes:
        style, sign, meaning: whether it is new, gone or kept.
        network: as text.
        path: the bar.
        size: how many addresses it has.
        about: whose it is, and by which term it passes.
    """

    style: str
    sign: str
    meaning: str
    network: str
    path: str
    size: str
    about: str


@dataclass(frozen=True, slots=True)
class Space(Block):
    """The addresses that pass, as a picture.

    Attributes:
        maps: one picture, or two: before and after.
        grid: the path of the grid.
        legend: what the colours mean.
        prefixes: IPv6 networks, those that change first.
        more: how many IPv6 networks are left out, in words, or "".
    """

    template: ClassVar[str] = "space"
    maps: tuple[Map, ...]
    grid: str
    legend: tuple[Legend, ...]
    prefixes: tuple[Prefix, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Group(Block):
    """Blocks with a heading of their own."""

    template: ClassVar[str] = "group"
    title: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Folded(Block):
    """Blocks that are shown on demand."""

    template: ClassVar[str] = "folded"
    title: str
    blocks: tuple[Block, ...]


_SHOWN_TERMS = 40


def term_blocks(name: str, terms: Sequence[Term]) -> list[Block]:
    """Return the terms of a record, of which those after the first are folded; nothing if there are none."""
    first, rest = tuple(terms[:_SHOWN_TERMS]), tuple(terms[_SHOWN_TERMS:])
    blocks: list[Block] = [Terms(name, first)] if first else []
    return [*blocks, *([Folded(f"{len(rest):,} more of {len(terms):,} terms", (Terms(name, rest),))] if rest else [])]


@dataclass(frozen=True, slots=True)
class Section:
    """A section with a heading; `id` is its anchor."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A report.

    Attributes:
        kind: what it reports: "What a change would do".
        subject: the domain, or what else it is about.
        answer: the answer, in one sentence.
        style: whether the answer is good: "pass", "softfail" (look closely), "fail" or "".
        lead: what belongs to the answer: numbers, and a few sentences.
        sections: the rest.
    """

    kind: str
    subject: str
    answer: Text
    style: str
    lead: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()

    @property
    def with_sections(self) -> tuple[Section, ...]:
        """The sections that have anything to show."""
        return tuple([section for section in self.sections if section.blocks])


_MEANT = {
    "pass": "pass",
    "softfail": "softfail",
    "fail": "fail",
    "fault": "fail",
    "permerror": "fail",
    "temperror": "softfail",
    "neutral": "softfail",
    "none": "softfail",
    "unknown": "softfail",
}


def style_of(spans: Iterable[Span]) -> str:
    """Return whether a sentence says something good: the worst of its styles."""
    styles = [_MEANT[span.style] for span in spans if span.style in _MEANT]
    return max(styles, key=["pass", "softfail", "fail"].index, default="")
