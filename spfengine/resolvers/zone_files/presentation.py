r"""Names and strings as text: the presentation format of RFC 1035 §5.1, and Route 53's, whose escapes are octal.

`\DDD` is an octet in three digits. A backslash before anything but a digit means that character.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from spfengine.names import from_labels, octets, to_labels

PLAIN_IN_NAMES = "-_*"
PLAIN_IN_QUOTES = " -_*=:/.+~?%{},@!#$&'()<>[]^`|;"

_STRING = re.compile(r'"((?:[^"\\]|\\[\s\S])*)"\s*')
# Possessive, so that no text can make it backtrack. A backslash at the end is kept, for `unescaped` to refuse.
_LABEL = re.compile(r"((?:[^.\\]++|\\[\s\S]?)*+)(\.|\Z)")


@dataclass(frozen=True, slots=True)
class Escapes:
    r"""How an octet is written as `\DDD`.

    Attributes:
        base: 10 or 8.
        write: the format of an octet.
        read: matches an escape: its digits, or the character that is escaped; neither if it is broken.
        expected: what an escape must be, for messages.
    """

    base: int
    write: str
    read: re.Pattern[str]
    expected: str


DECIMAL = Escapes(10, "\\{:03d}", re.compile(r"\\(?:([0-9]{3})|([^0-9])|)"), "three digits up to 255")
OCTAL = Escapes(8, "\\{:03o}", re.compile(r"\\(?:([0-7]{3})|([^0-9])|)"), "three octal digits up to 377")


def quoted(strings: Iterable[bytes], escapes: Escapes = DECIMAL) -> str:
    """Return strings in quotes, separated by spaces."""
    return " ".join([f'"{escaped(string.decode("latin-1"), PLAIN_IN_QUOTES, escapes)}"' for string in strings])


def name_text(name: str, escapes: Escapes = DECIMAL) -> str:
    """Return a name with escapes and its final dot; "" is the root."""
    return labels_text(to_labels(name), escapes)


def labels_text(labels: Iterable[bytes], escapes: Escapes = DECIMAL) -> str:
    """Return the name made of these labels with escapes and its final dot."""
    return ".".join([escaped(label.decode("latin-1"), PLAIN_IN_NAMES, escapes) for label in labels]) + "."


def escaped(text: str, plain: str, escapes: Escapes = DECIMAL) -> str:
    """Return the text of octets with all but ASCII letters, digits and `plain` characters as escapes."""
    return "".join([c if c.isascii() and (c.isalnum() or c in plain) else escapes.write.format(ord(c)) for c in text])


def unescaped(text: str, escapes: Escapes = DECIMAL) -> str:
    """Return the text of octets that a text with escapes means.

    Raises:
        ValueError: an escape is broken; the message is for people.
    """

    def octet(match: re.Match[str]) -> str:
        if match[2] is not None:
            return match[2]
        if match.end() == len(text) and match[1] is None:
            raise ValueError("a backslash at the end escapes nothing")
        value = int(match[1] or "0", escapes.base)
        if match[1] is None or value > 255:
            expected = f"expected {escapes.expected} after a backslash"
            raise ValueError(f"the escape {text[match.start() : match.start() + 4]} is not an octet; {expected}")
        return chr(value)

    return escapes.read.sub(octet, text) if "\\" in text else text


def split_labels(text: str, escapes: Escapes = DECIMAL) -> list[bytes]:
    """Return the labels of a name that may have escapes, the text of octets. After a final dot, the last is empty.

    Raises:
        ValueError: an escape is broken; the message is for people.
    """
    if "\\" not in text:
        return [part.encode("latin-1") for part in text.split(".")]
    labels = []
    for part in _LABEL.finditer(text):
        labels.append(unescaped(part[1], escapes).encode("latin-1"))
        if not part[2]:
            break
    return labels


def read_quoted(text: str, escapes: Escapes = DECIMAL) -> tuple[bytes, ...]:
    """Return a sequence of strings in quotes. Characters that are not ASCII are read as UTF-8.

    Raises:
        ValueError: there is no string, or something else; the message is for people.
    """
    text = octets(text).strip()
    strings = []
    start = 0
    while start < len(text):
        match = _STRING.match(text, start)
        if match is None:
            raise ValueError(f"expected strings in quotes, not {text[start : start + 40]!r}")
        strings.append(unescaped(match[1], escapes).encode("latin-1"))
        start = match.end()
    if not strings:
        raise ValueError("expected at least one string in quotes")
    return tuple(strings)


def read_name_text(text: str, escapes: Escapes = DECIMAL) -> str | bytes:
    """Return a name that may have escapes in a form that `rrsets.read_listed_name` takes.

    Raises:
        ValueError: an escape is broken; the message is for people.
    """
    if "\\" not in text:
        return text
    return listed_labels(split_labels(octets(text), escapes)).encode("latin-1")


def listed_labels(labels: Iterable[bytes]) -> str:
    """Return the name made of these labels as `from_labels` does, but with its empty labels, which DNS can't have."""
    return ".".join([from_labels([label]) for label in labels])
