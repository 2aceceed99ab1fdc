r"""Names and strings as text: the presentation format of RFC 1035 §5.1, and Route 53's, whose escapes are octal.

`\DDD` is an octet in three digits; a backslash before anything else stands for that character.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from spfengine.names import from_labels, octets

PLAIN_IN_NAMES = "-_*"
PLAIN_IN_QUOTES = " -_*=:/.+~?%{},@!#$&'()<>[]^`|;"


class Escapes(NamedTuple):
    r"""How an octet is written as `\DDD`.

    Attributes:
        base: 10 or 8.
        write: the format of an octet.
        read: what an escape looks like: a regular expression, compiled when it is first met.
    """

    base: int
    write: str
    read: str


DECIMAL = Escapes(10, "\\{:03d}", r"\\(?:([0-9]{3})|([\s\S])|$)")
OCTAL = Escapes(8, "\\{:03o}", r"\\(?:([0-7]{3})|([\s\S])|$)")


def quoted(strings: Iterable[bytes], escapes: Escapes = DECIMAL) -> str:
    """Return strings in quotes, with a space between two of them."""
    return " ".join([f'"{escaped(string.decode("latin-1"), PLAIN_IN_QUOTES, escapes)}"' for string in strings])


def name_text(name: str, escapes: Escapes = DECIMAL) -> str:
    """Return a name with its final dot; "" is the root."""
    return ".".join([escaped(label, PLAIN_IN_NAMES, escapes) for label in name.split(".")]) + "." if name else "."


def escaped(text: str, plain: str, escapes: Escapes = DECIMAL) -> str:
    """Return the text of octets with all but ASCII letters, digits and what is plain as escapes."""
    return "".join([c if c.isascii() and (c.isalnum() or c in plain) else escapes.write.format(ord(c)) for c in text])


def unescaped(text: str, escapes: Escapes = DECIMAL) -> str:
    """Return the text of octets that a text with escapes stands for.

    Raises:
        ValueError: an escape stands for no octet; the message is for people.
    """

    def octet(match: re.Match[str]) -> str:
        if match[1] is not None:
            value = int(match[1], escapes.base)
            if value > 255:
                raise ValueError(f"the escape {match[0]} stands for no octet")
            return chr(value)
        if match[2] is None:
            raise ValueError("a backslash at the end escapes nothing")
        return match[2]

    return re.sub(escapes.read, octet, text) if "\\" in text else text


_STRING = r'"((?:[^"\\]|\\[\s\S])*)"\s*'
_LABEL = r"((?:[^.\\]|\\[\s\S])*)(\.|\Z)"


def read_quoted(text: str, escapes: Escapes = DECIMAL) -> tuple[bytes, ...]:
    """Return the strings that stand in quotes, one behind the other. Text that is not ASCII stands for its UTF-8.

    Raises:
        ValueError: there is anything else, or none; the message is for people.
    """
    text = octets(text).strip()
    strings = []
    place = 0
    while place < len(text):
        found = re.compile(_STRING).match(text, place)
        if found is None:
            raise ValueError(f"expected strings in quotes, not {text[place : place + 40]!r}")
        strings.append(unescaped(found[1], escapes).encode("latin-1"))
        place = found.end()
    if not strings:
        raise ValueError("expected at least one string in quotes")
    return tuple(strings)


def read_name_text(text: str, escapes: Escapes = DECIMAL) -> str | bytes:
    """Return a name that is written with escapes, in a form that `rrsets.read_name` takes; its final dot is dropped.

    Raises:
        ValueError: it has an empty label, or an escape stands for no octet; the message is for people.
    """
    if "\\" not in text:
        return text
    labels = []
    place = 0
    text = octets(text)
    while place < len(text):
        found = re.compile(_LABEL).match(text, place)
        if found is None or not found[1]:
            raise ValueError("the name has an empty label, or a backslash at its end")
        labels.append(unescaped(found[1], escapes).encode("latin-1"))
        place = found.end()
    return from_labels(labels).encode("latin-1")


# The words of RFC 1035 master files: entries of one or more lines, cut at spaces; and what escapes stand for.

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


def unescaped_word(text: str) -> str:
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
