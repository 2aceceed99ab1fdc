r"""The words of RFC 1035 master files: entries of one or more lines, cut at spaces; and what escapes stand for.

Text is held as that of its octets, each octet as one character. `\DDD` is an octet in three digits; a backslash before
anything but a digit stands for that character (RFC 1035 §5.1).
"""

import re

from spfengine.lean_typing import NamedTuple

MAX_WORDS = 1 << 17
"""Words of the longest entry that is read; the data of a record, 65,535 octets, can't be more."""

# Possessive throughout: a file can't make it go back, and it needs no memory for that.
_WORD = re.compile(
    r'[ \t]*+(?:((?:[^ \t\r\n;()"\\]++|\\[^\r\n])++)'
    r'|"((?:[^"\\\n]++|\\[\s\S])*+)"'
    r"|(\r\n?|\n)|;([^\r\n]*+)|([()]))"
)
_ESCAPE = r"\\(?:([0-9]{3})|([^0-9])|)"


class Word(NamedTuple):
    """A word of an entry, as it is written; `in_quotes` tells whether it stood in quotes, which are left out."""

    text: str
    in_quotes: bool = False


class Entry(NamedTuple):
    """One entry of a file: what stands up to the end of its line, or of the line where its parentheses are closed.

    Attributes:
        place: where it begins: an offset into the text.
        indented: whether it begins with a space, so that it has the owner of the entry before it.
        words: what stands in it.
        comment: what stands behind the semicolon in its last line.
        fault: what is wrong after the last of the words, or "".
    """

    place: int
    indented: bool
    words: list[Word]
    comment: str
    fault: str


class Entries:
    """Cuts a text into entries, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def next(self) -> Entry | None:
        """Return the next entry, or None at the end of the text. After one with a fault there is none."""
        text = self._text
        start = self._place
        if start >= len(text):
            return None
        words: list[Word] = []
        comment = fault = ""
        depth = 0
        while True:
            found = _WORD.match(text, self._place)
            if found is None:
                fault = _unread(text, self._place, depth)
                self._place = len(text)
                break
            self._place = found.end()
            kind = found.lastindex
            if kind == 1:
                words.append(Word(found[1]))
            elif kind == 2:
                words.append(Word(found[2], True))
            elif kind == 3 and not depth:
                break
            elif kind == 4:
                comment = found[4]
                continue
            elif kind == 5:
                depth += 1 if found[5] == "(" else -1
            if depth < 0 or len(words) > MAX_WORDS:
                fault = "a parenthesis is closed that was not opened" if depth < 0 else f"more than {MAX_WORDS} words"
                self._place = len(text)
                break
            comment = ""
        return Entry(start, text[start] in " \t", words, comment, fault)


def _unread(text: str, place: int, depth: int) -> str:
    """Return what is wrong where no word can be read, or "" where the text just ends."""
    while text[place : place + 1] in (" ", "\t"):
        place += 1
    rest = text[place : place + 1]
    if rest == '"':
        return "quotes are not closed on their line"
    if rest:
        return "a backslash at the end of a line escapes nothing"
    return "parentheses are not closed" if depth else ""


def unescaped(text: str) -> str:
    """Return what a word with escapes stands for.

    Raises:
        ValueError: an escape stands for no octet; the message is for people.
    """
    return re.sub(_ESCAPE, _octet, text) if "\\" in text else text


def _octet(match: re.Match[str]) -> str:
    if match[2] is not None:
        return match[2]
    if match[1] is None or int(match[1]) > 255:
        raise ValueError("an escape is no octet; expected three digits up to 255 after a backslash")
    return chr(int(match[1]))
