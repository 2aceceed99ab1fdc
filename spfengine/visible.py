"""Escape untrusted text for display, so that it can neither control a terminal nor break a header, page or log."""

from codecs import getincrementaldecoder
from collections.abc import Iterable

_SHOWN_AT_MOST = 400


def visible(text: str | bytes, at_most: int = _SHOWN_AT_MOST) -> str:
    r"""Return `text` with everything unprintable escaped, truncated if it is too long.

    Unprintable characters (controls, line ends, bidirectional overrides, surrogates) become `\xNN` or `\uNNNN`. Octets
    over 127, in bytes or in text of one character for each octet, are shown as the characters that they are in UTF-8;
    bytes that are not UTF-8 become `\xNN`. A backslash stays as it is, so the result is for people and can't be parsed
    back.
    """
    if isinstance(text, bytes):
        part = text[: 4 * at_most + 4]
        decoded = _of_octets(part, is_whole=len(part) == len(text))
        text = part.decode("ascii", "backslashreplace") if decoded is None else decoded
    elif not text.isascii():
        text = of_octets(text, 4 * at_most + 4)
    cut = len(text) > at_most
    if cut:
        text = text[:at_most]
    if not text.isprintable():
        text = "".join([c if c.isprintable() else _escape(c) for c in text])
    return text + "…" if cut else text


def of_octets(text: str, at_most: int | None = None) -> str:
    """Return text of one character for each octet as the characters that its octets are in UTF-8.

    Any other text, and text whose octets are not UTF-8, is returned unchanged.

    Args:
        at_most: how many octets of it are read; None for all.
    """
    part = text[:at_most]
    if part.isascii() or max(part) > "\xff":
        return text
    decoded = _of_octets(part.encode("latin-1"), is_whole=len(part) == len(text))
    return text if decoded is None else decoded


def _of_octets(octets: bytes, *, is_whole: bool) -> str | None:
    """Return octets as the characters that they are in UTF-8, or None if they are not.

    Args:
        is_whole: whether no more octets follow. If some do, the last character may be cut, and is left out then.
    """
    try:
        return getincrementaldecoder("utf-8")().decode(octets, is_whole)
    except UnicodeDecodeError:
        return None


def named(character: str) -> str:
    """Return a character and its Unicode name: `ö (latin small letter o with diaeresis U+00F6)`."""
    import unicodedata  # not at the top: rarely needed, and large

    code = ord(character)
    name = unicodedata.name(character, "").lower()
    return f"{visible(character)} ({name + ' ' if name else ''}U+{code:04X})"


def visible_name(name: str) -> str:
    r"""Return a domain name for display: octets other than visible ASCII as `\DDD` (RFC 1035 §5.1), truncated."""
    if name.isascii() and name.isprintable() and len(name) <= _SHOWN_AT_MOST:
        return name
    printable = "".join([c if "!" <= c <= "~" else f"\\{ord(c):03d}" for c in name[:_SHOWN_AT_MOST]])
    return printable + "…" if len(name) > _SHOWN_AT_MOST else printable


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def foreign_in(text: str) -> list[str]:
    """Return the characters of a text outside US-ASCII with their names, each once; octets are read as UTF-8."""
    return [named(character) for character in dict.fromkeys(of_octets(text)) if not character.isascii()]


_REPR_AT_MOST = 199
_FIELD_AT_MOST = 60


def short_repr(value: object, names: Iterable[str]) -> str:
    """Return a repr of one line under 200 characters: these attributes by name, long ones cut."""
    parts = [f"{name}={visible(repr(getattr(value, name)), _FIELD_AT_MOST)}" for name in names]
    text = f"{type(value).__name__}({', '.join(parts)})"
    return text if len(text) <= _REPR_AT_MOST else text[: _REPR_AT_MOST - 2] + "…)"


def kind_text(value: object) -> str:
    """Return what kind of value a file has, in words that are no programming language's: "a list", "text"."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (type(None), "nothing"),
        (bool, "true or false"),
        ((int, float), "a number"),
        ((str, bytes), "text"),
        ((list, tuple), "a list"),
        (dict, "a mapping of names to values"),
    )
    return next((words for types, words in kinds if isinstance(value, types)), f"a {visible(type(value).__name__, 40)}")


def value_text(value: object) -> str:
    """Return a value of a file as JSON and YAML write it: true, false, null; anything else as text."""
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
