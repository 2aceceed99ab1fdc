"""The entries of an RFC 1035 master file: of one or more lines, split into words."""

import re
from dataclasses import dataclass
from typing import NamedTuple

MAX_WORDS = 1 << 17
"""Words of the longest entry that is read; the data of a record, 65,535 octets, can't have more."""

# Possessive throughout, so that no file can make it backtrack, and it needs no memory for that.
_WORD = re.compile(
    r'[ \t]*+(?:((?:[^ \t\r\n;()"\\]++|\\[^\r\n])++)'
    r'|"((?:[^"\\\n]++|\\[\s\S])*+)"'
    r"|(\r\n?|\n)|;([^\r\n]*+)|([()]))"
)
_PLAIN, _QUOTED, _LINE_END, _COMMENT, _PARENTHESIS = range(1, 6)  # the groups


class Word(NamedTuple):
    """A word of an entry as written, and whether it was in quotes (they are not part of `text`)."""

    text: str
    in_quotes: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: the text up to the end of its line, or of the line where its parentheses are closed.

    Attributes:
        start: the offset of its first character in the text.
        indented: whether it begins with a space, so that it has the owner of the entry before it.
        words: its words.
        comment: the text after the semicolon in its last line.
        fault: what is wrong after the last of the words, or "".
    """

    start: int
    indented: bool
    words: list[Word]
    comment: str
    fault: str


class Entries:
    """Splits a text into entries, from its start to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = 0

    def next(self) -> Entry | None:
        """Return the next entry, or None at the end of the text. An entry with a fault is the last."""
        text = self._text
        start = self._next
        if start >= len(text):
            return None
        words: list[Word] = []
        comment = fault = ""
        depth = 0
        while not fault:
            match = _WORD.match(text, self._next)
            if match is None:
                fault = _fault_at(text, self._next, depth)
                self._next = len(text)
                break
            self._next = match.end()
            group = match.lastindex
            if group == _COMMENT:
                comment = match[_COMMENT]
                continue
            if group == _LINE_END and not depth:
                break
            comment = ""
            if group in (_PLAIN, _QUOTED):
                words.append(Word(match[group], group == _QUOTED))
            elif group == _PARENTHESIS:
                depth += 1 if match[group] == "(" else -1
            fault = _fault_so_far(depth, words)
        if fault:
            self._next = len(text)
        return Entry(start, text[start] in " \t", words, comment, fault)


def _fault_so_far(depth: int, words: list[Word]) -> str:
    if depth < 0:
        return "a parenthesis is closed that was not opened"
    return f"more than {MAX_WORDS} words" if len(words) > MAX_WORDS else ""


def _fault_at(text: str, start: int, depth: int) -> str:
    """Return why there is no word here, or "" if the text simply ends."""
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    rest = text[start : start + 1]
    if rest == '"':
        return "quotes are not closed on their line"
    if rest:
        return "a backslash at the end of a line escapes nothing"
    return "parentheses are not closed" if depth else ""
