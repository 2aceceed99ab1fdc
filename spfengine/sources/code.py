"""A tolerant scanner for the literals of programs and of configuration in braces: Python, TypeScript, Terraform, JSON.

It knows strings, comments and interpolations, and nothing else of a language. What it can't make sense of, it skips: a
string that is not closed on its line is not one, and neither is one that is not closed at all. Each character is read a
bounded number of times.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from spfengine.sources.tokens import WORD, Escapes, Literal, Run, Sign, Token, is_sign, text_of

MOST_STEPS = 2_000_000
"""Tokens and pieces of literals that are read, at most: more than 10 MB of what people write have."""
TOO_MUCH = f"it has more than {MOST_STEPS:,} words and signs"
_RETRIES = 8
"""How often the scanner begins again after something that is not closed."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A kind of string literal.

    Attributes:
        close: what ends it.
        escapes: how it writes special characters.
        holes: how its interpolations begin; each ends with "}".
        is_multiline: whether it may have line ends.
    """

    close: str
    escapes: Escapes
    holes: tuple[str, ...] = ()
    is_multiline: bool = False

    @property
    def is_format(self) -> bool:
        """Whether it is an f-string of Python."""
        return "{" in self.holes


@dataclass(frozen=True, slots=True)
class Language:
    """The literals of a language.

    Attributes:
        quotes: opening → kind.
        line_comments: what begins a comment that the line ends.
        has_block_comments: whether it has /* … */.
        has_heredocs: whether it has <<WORD.
        has_regexes: whether it has /…/.
        line_ends_statement: whether a line end outside brackets ends what it is in.
        joins_neighbours: whether literals side by side are one.
        holes_in_text: what finds the edges of interpolations that do not matter for where a literal ends.
    """

    quotes: Mapping[str, Quote]
    line_comments: tuple[str, ...] = ()
    has_block_comments: bool = False
    has_heredocs: bool = False
    has_regexes: bool = False
    line_ends_statement: bool = False
    joins_neighbours: bool = False
    holes_in_text: re.Pattern[str] | None = None


def _python_quotes() -> dict[str, Quote]:
    quotes = {}
    for close in ("'''", '"""', "'", '"'):
        multiline = len(close) == 3
        for prefix in ("", "b", "u", "r", "br", "rb", "f", "fr", "rf", "t", "tr", "rt"):
            escapes = Escapes.NONE if "r" in prefix else Escapes.PYTHON
            holes = ("{",) if "f" in prefix or "t" in prefix else ()
            quotes[prefix + close] = Quote(close, escapes, holes, multiline)
    return quotes


_PLAIN = Quote('"', Escapes.JAVASCRIPT)
_TEMPLATE = Quote("`", Escapes.JAVASCRIPT, ("${",), is_multiline=True)
_RAW_TEMPLATE = Quote("`", Escapes.NONE, ("${",), is_multiline=True)
_TEMPLATES = ("${", "%{")
_HOLE_EDGES = r"\$\$\{|%%\{|\$\{|%\{|[{}]"
_HOLE_EDGE = re.compile(rf"{_HOLE_EDGES}|\"(?:[^\"\\\n]|\\.)*\"")
_HOLE_EDGE_IN_JSON = re.compile(rf"{_HOLE_EDGES}|\\\"(?:[^\"\\\n]|\\[^\"\n])*\\\"")

PYTHON = Language(_python_quotes(), ("#",), line_ends_statement=True, joins_neighbours=True)
JAVASCRIPT = Language(
    {
        '"': _PLAIN,
        "'": Quote("'", Escapes.JAVASCRIPT),
        "`": _TEMPLATE,
    },
    ("//",),
    has_block_comments=True,
    has_regexes=True,
)
TERRAFORM = Language(
    {'"': Quote('"', Escapes.TERRAFORM, _TEMPLATES)}, ("//", "#"), has_block_comments=True, has_heredocs=True
)
JSON = Language({'"': Quote('"', Escapes.JSON)}, ("//",), has_block_comments=True)
TERRAFORM_JSON = Language(
    {'"': Quote('"', Escapes.JSON)}, ("//",), has_block_comments=True, holes_in_text=_HOLE_EDGE_IN_JSON
)

_SPACE = re.compile(r"(?:[^\S\n]|\\\r?\n)+")
_HEREDOC = re.compile(r"<<[-~]?[ \t]*\"?(\w+)\"?[ \t]*\r?\n")
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,200}\]){1,200}/\w{0,9}")
_BEFORE_REGEX = frozenset("(,=:[!&|?{};+-*%<>~^\n") | {"return", "typeof", "case", "in", "of", "void", "delete"}
_PREFIX = re.compile(r"[A-Za-z]{0,2}(?='|\")")
_OPENING = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class _Code:
    """Code that is being read: the file, or an interpolation."""

    tokens: list[Token] = field(default_factory=list)
    brackets: int = 0


@dataclass(slots=True)
class _String:
    """A literal that is being read."""

    start: int
    quote: Quote
    streams: int
    run_start: int
    runs: list[Run] = field(default_factory=list)


class Scanner:
    """Reads the literals of a text.

    Attributes:
        streams: the tokens of the file, and those of each interpolation.
        cut: why the scanner gave up before the end; "" if it did not.
        steps: how many tokens and pieces of literals were read.
    """

    def __init__(self, text: str, language: Language) -> None:
        self.streams: list[list[Token]] = []
        self.cut = ""
        self.steps = 0
        self._text = text
        self._language = language
        self._stack: list[_Code | _String] = [_Code()]
        self._not_opening: set[int] = set()
        self._heredoc_ends: dict[str, list[int]] | None = None
        self._inside = {quote: _inside(quote) for quote in {*language.quotes.values(), _RAW_TEMPLATE}}
        self._scan()

    def _scan(self) -> None:
        pos = retries = 0
        while True:
            while pos < len(self._text) and self.steps < MOST_STEPS:
                self.steps += 1
                top = self._stack[-1]
                pos = self._in_code(top, pos) if isinstance(top, _Code) else self._in_string(top, pos)
            if pos < len(self._text):
                self.cut = TOO_MUCH
                break
            if len(self._stack) == 1:
                break
            retries += 1
            if retries > _RETRIES:
                self.cut = "too many strings in it are not closed"
                break
            pos = self._back_to_unclosed()
        first = self._stack[0]
        assert isinstance(first, _Code), "the file is code"
        self.streams.append(first.tokens)

    def _back_to_unclosed(self) -> int:
        """Forget the outermost literal that was not closed, and return where to read on."""
        unclosed = next(each for each in self._stack if isinstance(each, _String))
        self._not_opening.add(unclosed.start)
        del self._stack[self._stack.index(unclosed) :]
        del self.streams[unclosed.streams :]
        return unclosed.start

    def _in_code(self, code: _Code, pos: int) -> int:
        """Read one token, and return where to read on."""
        text = self._text
        skipped = self._skipped(code, pos)
        if skipped is not None:
            return skipped
        opening = self._opening(code, pos)
        if opening is not None:
            body = pos + len(opening[0])
            self._stack.append(_String(pos, opening[1], len(self.streams), body))
            return body
        word = WORD.match(text, pos)
        if word is not None:
            code.tokens.append(Sign(word[0], pos))
            return word.end()
        if text[pos] == "<" and self._language.has_heredocs:
            heredoc = _HEREDOC.match(text, pos)
            if heredoc is not None:
                return self._heredoc(code, heredoc)
        return self._sign(code, pos)

    def _sign(self, code: _Code, pos: int) -> int:
        sign = self._text[pos]
        if sign == "+" and self._text.startswith("+=", pos):
            sign = "+="
        if sign in _OPENING:
            code.brackets += 1
        elif sign in ")]}":
            if code.brackets == 0 and sign == "}" and len(self._stack) > 1:
                return self._end_of_hole(code, pos)
            code.brackets = max(code.brackets - 1, 0)
        if sign != "\n" or (self._language.line_ends_statement and code.brackets == 0):
            code.tokens.append(Sign(sign, pos))
        return pos + len(sign)

    def _end_of_hole(self, code: _Code, pos: int) -> int:
        self._stack.pop()
        self.streams.append(code.tokens)
        string = self._stack[-1]
        assert isinstance(string, _String), "an interpolation is in a literal"
        string.runs.append(Run(string.run_start, pos + 1, is_hole=True))
        string.run_start = pos + 1
        return pos + 1

    def _skipped(self, code: _Code, pos: int) -> int | None:
        """Return where to read on after a space, a comment or a regular expression; None if there is none."""
        text, language = self._text, self._language
        space = _SPACE.match(text, pos)
        if space is not None:
            return space.end()
        if any(text.startswith(mark, pos) for mark in language.line_comments):
            end = text.find("\n", pos)
            return len(text) if end < 0 else end
        if language.has_block_comments and text.startswith("/*", pos):
            end = text.find("*/", pos + 2)
            return len(text) if end < 0 else end + 2
        if language.has_regexes and text[pos] == "/":
            last = code.tokens[-1] if code.tokens else None
            regex = _REGEX.match(text, pos) if last is None or is_sign(last, *_BEFORE_REGEX) else None
            return None if regex is None else regex.end()
        return None

    def _opening(self, code: _Code, pos: int) -> tuple[str, Quote] | None:
        """Return how a literal opens here, and its kind."""
        prefix = _PREFIX.match(self._text, pos) if self._text[pos].isalpha() else None
        quote_at = pos if prefix is None else prefix.end()
        if pos in self._not_opening:
            return None
        lead = self._text[pos:quote_at].lower()
        for length in (3, 1):
            quote = self._language.quotes.get(lead + self._text[quote_at : quote_at + length])
            if quote is not None and len(quote.close) == length:
                is_raw = quote is _TEMPLATE and [text_of(token) for token in code.tokens[-3:]] == ["String", ".", "raw"]
                return self._text[pos : quote_at + length], _RAW_TEMPLATE if is_raw else quote
        return None

    def _in_string(self, string: _String, pos: int) -> int:
        """Read up to the next escape, interpolation or end of a literal, and return where to read on."""
        found = self._inside[string.quote].search(self._text, pos)
        if found is None:
            return len(self._text)
        what = found[0]
        if what == string.quote.close:
            self._close(string, found.start(), found.end())
            return found.end()
        if what == "\n":  # not closed on its line: no string
            self._stack.pop()
            self.steps += 1
            return found.start()
        if what in string.quote.holes:
            string.runs.append(Run(string.run_start, found.start()))
            string.run_start = found.start()
            self._stack.append(_Code())
        return found.end()

    def _close(self, string: _String, end: int, after: int) -> None:
        self._stack.pop()
        string.runs.append(Run(string.run_start, end))
        code = self._stack[-1]
        assert isinstance(code, _Code), "a literal is in code"
        edges = self._language.holes_in_text
        runs = tuple(string.runs) if edges is None else _with_holes(self._text, string.run_start, end, edges)
        literal = Literal(string.start, after, runs, string.quote.escapes, string.quote.is_format)
        code.tokens.append(literal)

    def _heredoc(self, code: _Code, opening: re.Match[str]) -> int:
        """Read a heredoc; without an end, its opening is skipped."""
        end = self._heredoc_end(opening[1], opening.end())
        if end is None:
            return opening.end()
        runs = _with_holes(self._text, opening.end(), end, _HOLE_EDGE)
        code.tokens.append(Literal(opening.start(), end, runs, Escapes.HEREDOC))
        return self._text.find(opening[1], end) + len(opening[1])

    def _heredoc_end(self, word: str, start: int) -> int | None:
        """Return where the line begins that ends a heredoc; all lines are read once."""
        if self._heredoc_ends is None:
            self._heredoc_ends = {}
            for line in re.finditer(r"^[ \t]*(\w+)[ \t]*\r?$", self._text, re.MULTILINE):
                self._heredoc_ends.setdefault(line[1], []).append(line.start())
        ends = self._heredoc_ends.get(word, [])
        index = bisect_left(ends, start)
        return ends[index] if index < len(ends) else None


def _inside(quote: Quote) -> re.Pattern[str]:
    """Return what finds the next thing in a literal that matters: its end, an escape, an interpolation."""
    parts = [r"\\(?:\r\n|[\s\S])"]
    if quote.is_format:
        parts.append(r"\{\{|\}\}")
    parts += [re.escape(hole[0] * 2 + hole[1:]) for hole in quote.holes if len(hole) > 1 and hole[0] == "%"]
    parts += [re.escape("$" + hole) for hole in quote.holes if hole == "${" and quote.close != "`"]
    parts += [re.escape(part) for part in (*quote.holes, quote.close)]
    if not quote.is_multiline:
        parts.append(r"\n")
    return re.compile("|".join(parts))


def _with_holes(text: str, start: int, end: int, edges: re.Pattern[str]) -> tuple[Run, ...]:
    """Return a text with its interpolations."""
    runs = []
    for hole in _holes(text, start, end, edges):
        runs += [Run(start, hole.start), hole]
        start = hole.end
    return (*runs, Run(start, end))


def _holes(text: str, start: int, end: int, edges: re.Pattern[str]) -> list[Run]:
    """Return the interpolations of a text."""
    holes = []
    opened = depth = 0
    for edge in edges.finditer(text, start, end):
        if depth == 0 and edge[0] in {"${", "%{"}:
            opened, depth = edge.start(), 1
        elif depth and edge[0][-1:] == "{":
            depth += 1
        elif depth and edge[0] == "}":
            depth -= 1
            if depth == 0:
                holes.append(Run(opened, edge.end(), is_hole=True))
    return holes
