r"""Names and strings as text: the presentation format of RFC 1035 §5.1, and Route 53's, whose escapes are octal.

`\DDD` is an octet in three digits; a backslash before anything else stands for that character.
"""

import re
from collections.abc import Iterable

from spfengine.lean_typing import NamedTuple
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
