"""A tolerant scanner for the scalars of YAML, also of templates that are no YAML before they are filled in.

It reads line by line: keys, sequences, quoted, plain and block scalars, and collections in brackets. Mappings and
sequences that indentation shows get the brackets that they would have in a line. Lines of a template (`{{- if … }}`)
are skipped.
"""

import re

from spfengine.sources.code import MOST_STEPS, TOO_MUCH, Language, Quote
from spfengine.sources.tokens import Escapes, Literal, Run, Sign, Token

YAML = Language({'"': Quote('"', Escapes.YAML), "'": Quote("'", Escapes.QUOTE)})

_IGNORED = re.compile(
    r"[ \t]*(?:#|\{\{[-/]?[ \t]*(?:if|else|end|range|with|define|include|template|/\*|-)|\{%|\{#|\r?$)"
)
_TEMPLATE_LINE = re.compile(r"[ \t]*\{[{%]")
_TEMPLATE_COMMENT = re.compile(r"[ \t]*(?:\{\{-?[ \t]*/\*|(\{#))")
_DOCUMENT = re.compile(r"(?:---|\.\.\.)(?=\s|$)[ \t]*")
_DASH = re.compile(r"-(?:[ \t]+|(?=\r?$))", re.MULTILINE)
_KEY = re.compile(
    r"(?:(?:\"(?P<double>(?:[^\"\\\n]|\\.)*)\"|'(?P<single>(?:[^'\n]|'')*)')[ \t]*"
    r"|(?P<plain>(?![\[{\"'|>&!%@`#])[^\n:#]*(?:(?::(?=[^\s])|(?<![ \t])#)[^\n:#]*)*)):(?=\s|$)[ \t]*",
    re.MULTILINE,
)
_PROPERTY = re.compile(r"(?:(?P<tag>!\S*)|&\S+|\*\S+)(?:[ \t]+|(?=\r?$))", re.MULTILINE)
_BLOCK = re.compile(r"[|>][-+0-9]{0,3}[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_PLAIN = re.compile(r"[^\s#](?:[^\n#]|(?<=[^ \t])#)*")
_PLAIN_IN_FLOW = re.compile(
    r"[^\s,\[\]{}\"'#](?:[^\n,\[\]{}#:]|:(?=[^\s,\[\]{}])|(?<=[^ \t])#|\{\{[^{}\n]*\}\}|\$\{[^{}\n]*\})*"
)
# A template of Helm or Jinja may have the quotes of the scalar that it is in: "{{ include "mail.spf" . }}". That is no
# YAML before it is filled in: what comes after the first of them cannot come after a scalar.
_QUOTES_IN_TEMPLATE = r"\{{\{{[^{{}}\n\\{0}]{{0,400}}{0}(?![ \t]*(?:[,\]}}:]|\r?$)|[ \t]+#)[^{{}}\n]{{0,400}}\}}\}}"
_DOUBLE_END = re.compile(_QUOTES_IN_TEMPLATE.format('"') + r"|\\[\s\S]|\"", re.MULTILINE)
_SINGLE_END = re.compile(_QUOTES_IN_TEMPLATE.format("'") + r"|''|'", re.MULTILINE)
_INDENT = re.compile(r"[ ]*")
_BLANK = re.compile(r"[ \t]*\r?$", re.MULTILINE)


class YamlScanner:
    """Reads the scalars of a text.

    Attributes:
        tokens: each scalar as a literal, with brackets around the items of a sequence and the pairs of a mapping.
        cut: why the scanner gave up before the end; "" if it did not.
        steps: how many lines and scalars were read.
    """

    def __init__(self, text: str) -> None:
        self.tokens: list[Token] = []
        self.cut = ""
        self.steps = 0
        self._text = text
        self._open: list[tuple[int, str]] = []  # (column, what closes it)
        self._no_end: set[str] = set()
        pos = 0
        while pos < len(text) and not self.cut:
            pos = self._line(pos)
        self._close(-1, pos)

    @property
    def streams(self) -> list[list[Token]]:
        """The tokens, as those of `Scanner`."""
        return [self.tokens]

    def _end_of_line(self, pos: int) -> int:
        end = self._text.find("\n", pos)
        return len(self._text) if end < 0 else end

    def _step(self) -> None:
        self.steps += 1
        if self.steps + len(self.tokens) > MOST_STEPS:
            self.cut = TOO_MUCH

    def _line(self, start: int) -> int:
        """Read a line, and what its last scalar has on further lines; return where the next line begins."""
        text = self._text
        self._step()
        end = self._end_of_line(start)
        document = _DOCUMENT.match(text, start, end)
        if document is not None:
            self._close(-1, start)
            pos = document.end()
        elif _IGNORED.match(text, start, end) is not None:
            return self._ignored(start, end)
        else:
            indent = _INDENT.match(text, start, end)
            pos = start if indent is None else indent.end()
        column = pos - start
        is_item = _DASH.match(text, pos, end) is not None
        self._close(column, pos, with_sequence=not is_item)
        pos, parent = self._opened(start, pos, end)
        if self.tokens and self.tokens[-1] == Sign(":", pos - 2):  # after "? key": more may open on the same line
            pos, inner = self._opened(start, pos, end)
            parent = max(parent, inner)
        after = self._value(pos, end, parent)
        return self._end_of_line(after) + 1

    def _ignored(self, start: int, end: int) -> int:
        """Skip a line that has no scalar, and the rest of a comment of a template; return where the next line begins.

        A line of a template that mentions SPF may have a record in its strings, so it is kept as a literal.
        """
        comment = _TEMPLATE_COMMENT.match(self._text, start, end)
        if comment is not None:
            mark = "*/" if comment[1] is None else "#}"
            close = -1 if mark in self._no_end else self._text.find(mark, comment.end())
            if close < 0:
                self._no_end.add(mark)
            return self._end_of_line(close if close >= 0 else end) + 1
        if _TEMPLATE_LINE.match(self._text, start, end) and "spf1" in self._text[start:end].lower():
            self.tokens.append(Literal(start, end, (Run(start, end),), Escapes.NONE))
        return end + 1

    def _opened(self, start: int, pos: int, end: int) -> tuple[int, int]:
        """Read the dashes and the key at a place; return the place after these, and the column that they are at."""
        text = self._text
        parent = -1
        while (dash := _DASH.match(text, pos, end)) is not None:
            parent = pos - start
            self._item(parent, pos)
            pos = dash.end()
        key = _KEY.match(text, pos, end)
        if key is not None:
            parent = pos - start
            self._pair(parent, pos)
            self._key(key)
            pos = key.end()
        elif text.startswith("? ", pos, end):  # a key whose value is after ":" on the next line
            parent = pos - start
            self._pair(parent, pos)
            pos += 2
        return pos, parent

    def _item(self, column: int, pos: int) -> None:
        if self._open and self._open[-1] == (column, "]"):
            self.tokens.append(Sign(",", pos))
        else:
            self._open.append((column, "]"))
            self.tokens.append(Sign("[", pos))

    def _pair(self, column: int, pos: int) -> None:
        if not self._open or self._open[-1] != (column, "}"):
            self._open.append((column, "}"))
            self.tokens.append(Sign("{", pos))

    def _close(self, column: int, pos: int, *, with_sequence: bool = False) -> None:
        """Close what begins after a column, and if wanted the sequence whose items begin at it."""
        while self._open and (self._open[-1][0] > column or (with_sequence and self._open[-1] == (column, "]"))):
            self.tokens.append(Sign(self._open.pop()[1], pos))

    def _key(self, key: re.Match[str]) -> None:
        if key.start() == key.end("plain"):  # the key is on the line before, after "?"
            self.tokens.append(Sign(":", key.start()))
            return
        group = "double" if key["double"] is not None else "single" if key["single"] is not None else "plain"
        escapes = {"double": Escapes.YAML, "single": Escapes.QUOTE, "plain": Escapes.NONE}[group]
        run = Run(key.start(group), key.end(group))
        self.tokens += [Literal(key.start(), run.end + (group != "plain"), (run,), escapes), Sign(":", key.end() - 1)]

    def _value(self, pos: int, end: int, parent: int) -> int:
        """Read a value that begins on this line, and return the place after it."""
        text = self._text
        while (found := _PROPERTY.match(text, pos, end)) is not None:
            if found["tag"] is not None:
                self.tokens.append(Sign(found["tag"], pos))
            pos = found.end()
        if pos >= end or text[pos] == "#":
            return pos
        if _BLOCK.match(text, pos, end) is not None:
            return self._block(pos, end, parent)
        if text[pos] in "\"'":
            return self._quoted(pos)
        if text[pos] in "[{" and not text.startswith(("{{", "{%"), pos):
            return self._flow(pos)
        return self._plain(pos, end, parent)

    def _block(self, pos: int, end: int, parent: int) -> int:
        """Read a block scalar, of all the lines that are indented more than what it belongs to."""
        is_folded = self._text[pos] == ">"
        runs: list[Run] = []
        glue = ""
        next_line = end + 1
        indent = None
        while next_line < len(self._text):
            self._step()
            line_end = self._end_of_line(next_line)
            if _BLANK.match(self._text, next_line, line_end) is not None:
                glue = "\n" if runs else ""
            else:
                found = _INDENT.match(self._text, next_line, line_end)
                column = 0 if found is None else found.end() - next_line
                if column <= parent:
                    break
                indent = column if indent is None else min(indent, column)
                start = next_line + (indent if not is_folded else column)
                runs.append(Run(start, self._stripped(start, line_end), glue))
                glue = " " if is_folded else "\n"
            next_line = line_end + 1
        last = runs[-1].end if runs else end
        self.tokens.append(Literal(pos, last, tuple(runs), Escapes.NONE))
        return min(next_line - 1, len(self._text))

    def _stripped(self, start: int, end: int) -> int:
        return end - 1 if end > start and self._text[end - 1] == "\r" else end

    def _quoted(self, pos: int) -> int:
        """Read a quoted scalar; one that is not closed is skipped up to the end of its line."""
        quote = self._text[pos]
        if quote in self._no_end:
            return self._end_of_line(pos)
        ends = _DOUBLE_END if quote == '"' else _SINGLE_END
        found = next((each for each in ends.finditer(self._text, pos + 1) if each[0] == quote), None)
        if found is None:
            self._no_end.add(quote)
            return self._end_of_line(pos)
        escapes = Escapes.YAML if quote == '"' else Escapes.QUOTE
        runs = self._folded(pos + 1, found.start(), is_escaped=quote == '"')
        self.tokens.append(Literal(pos, found.end(), runs, escapes))
        return found.end()

    def _folded(self, start: int, end: int, *, is_escaped: bool) -> tuple[Run, ...]:
        """Return the lines of a scalar, joined by spaces; an empty line is a line end."""
        runs: list[Run] = []
        glue = ""
        pos = start
        while pos <= end:
            self._step()
            line_end = min(self._end_of_line(pos), end)
            first = pos
            if runs or glue:
                while first < line_end and self._text[first] in " \t":
                    first += 1
            last = line_end
            if line_end < end:
                while last > first and self._text[last - 1] in " \t\r":
                    last -= 1
            if first == last and line_end < end and runs:
                glue = "\n"
            else:
                joined = is_escaped and line_end < end and last > first and self._text[last - 1] == "\\"
                runs.append(Run(first, last - joined, glue))
                glue = "" if joined else " "
            pos = line_end + 1
        return tuple(runs)

    def _plain(self, pos: int, end: int, parent: int) -> int:
        """Read a plain scalar, and its further lines, which are indented more than what it belongs to."""
        runs: list[Run] = []
        glue = ""
        while True:
            self._step()
            found = _PLAIN.match(self._text, pos, end)
            if found is None:
                break
            last = found.end()
            while last > pos and self._text[last - 1] in " \t\r":
                last -= 1
            runs.append(Run(pos, last, glue))
            following = end + 1
            end_of_next = self._end_of_line(following)
            indent = _INDENT.match(self._text, following, end_of_next)
            pos_of_next = following if indent is None else indent.end()
            is_further = pos_of_next - following > max(parent, 0) and found.end() == end
            if following >= len(self._text) or not is_further or _KEY.match(self._text, pos_of_next, end_of_next):
                break
            if _IGNORED.match(self._text, following, end_of_next) or _DASH.match(self._text, pos_of_next, end_of_next):
                break
            pos, end, glue = pos_of_next, end_of_next, " "
        if runs:
            self.tokens.append(Literal(runs[0].start, runs[-1].end, tuple(runs), Escapes.NONE))
        return end

    def _flow(self, pos: int) -> int:
        """Read a collection in brackets, up to its end."""
        depth = 0
        text = self._text
        while pos < len(text) and not self.cut:
            self._step()
            char = text[pos]
            if char in "\"'":
                pos = self._quoted(pos)
                continue
            if char in "[{" and not text.startswith("{{", pos):
                depth += 1
            elif char in "]}":
                depth -= 1
            if char in "[]{},:":
                self.tokens.append(Sign(char, pos))
                pos += 1
                if depth <= 0:
                    return pos
            elif char == "#" or char.isspace():
                pos = self._end_of_line(pos) if char == "#" else pos + 1
            else:
                pos = self._in_flow(pos)
        return pos

    def _in_flow(self, pos: int) -> int:
        found = _PLAIN_IN_FLOW.match(self._text, pos)
        if found is None:
            return pos + 1
        text = found[0].rstrip()
        if text.startswith("!"):
            tag = text.split()[0]
            self.tokens.append(Sign(tag, pos))
            return pos + len(tag)
        run = Run(pos, pos + len(text))
        self.tokens.append(Literal(pos, run.end, (run,), Escapes.NONE))
        return found.end()
