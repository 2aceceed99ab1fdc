"""A reader for structured header fields (RFC 5322 §3.2), lenient with what others write, in one pass over the text."""

import re

from spfengine.addresses import address_text, parse_address
from spfengine.errors import AddressError, HeaderError
from spfengine.visible import visible

MAX_FIELD = 65536
"""Characters of the longest header field that is read."""

# RFC 5322 §2.2.3: a line end before white space folds a line. Anything else of the kind is no part of a field.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\n(?![ \t])")
_FOLDED = re.compile(r"\r?\n(?=[ \t])")
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_BARE = re.compile(r"[^ \t\r\n;(]*")
_LEAD = re.compile(r'[^ \t\r\n;(=/"]*')
_IN_QUOTES = re.compile(r'["\\]')
_IN_COMMENT = re.compile(r"[()\\]")


class FieldReader:
    """A place in the text of a field, which only moves forward.

    Attributes:
        at: the offset of the place.
        comments: the comments passed since they were last taken.
    """

    __slots__ = ("at", "comments", "end", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        """Begin after the field's name, which may be absent.

        Raises:
            HeaderError: the text is too long to be one, or has a line end or control character that no field has.
        """
        self.name = name
        self.text = text
        self.at = 0
        self.end = len(text.rstrip("\r\n"))
        self.comments: list[str] = []
        if self.end > MAX_FIELD:
            raise self.error(f"a field has no more than {MAX_FIELD} characters", MAX_FIELD)
        forbidden = _FORBIDDEN.search(text, 0, self.end)
        if forbidden is not None:
            raise self.error("expected no control character, nor a line end that folds nothing", forbidden.start())
        named = re.compile(rf"[ \t]*{re.escape(name)}[ \t]*:", re.IGNORECASE).match(text, 0, self.end)
        if named is not None:
            self.at = named.end()

    def error(self, expected: str, at: int | None = None) -> HeaderError:
        """Return the exception that says what was expected at a place, and what is there."""
        at = self.at if at is None else at
        found = repr(visible(self.text[at : min(self.end, at + 40)])) if at < self.end else "the end of the field"
        return HeaderError(f"{self.name}, at offset {at}: {expected}; found {found}")

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= self.end

    def at_any(self, characters: str) -> bool:
        """Whether one of these characters comes next."""
        return self.at < self.end and self.text[self.at] in characters

    def skip(self) -> None:
        """Pass white space and comments (CFWS)."""
        while True:
            self._pass(_SPACE)
            if not self.text.startswith("(", self.at, self.end):
                return
            self.comments.append(self._comment())

    def take_comments(self) -> str | None:
        """Return the comments passed, joined by spaces, and forget them; None where there were none."""
        joined = " ".join(self.comments) if self.comments else None
        self.comments.clear()
        return joined

    def accept(self, character: str) -> bool:
        """Pass this character if it comes next, and tell whether it did."""
        found = self.text.startswith(character, self.at, self.end)
        self.at += found
        return found

    def expect(self, character: str, where: str) -> None:
        """Pass this character, which has to come next."""
        if not self.accept(character):
            raise self.error(f"expected {character!r} {where}")

    def word(self, expected: str) -> str:
        """Return the name that comes next: letters, digits, "-", "_" and "."."""
        return self._pass(_WORD) or self._none(expected)

    def lead(self) -> str:
        """Return what stands up to white space, ";", a comment, "=" or "/"; or the content of a quoted-string."""
        return self._quoted() if self.text.startswith('"', self.at, self.end) else self._pass(_LEAD)

    def bare(self) -> str:
        """Return what stands up to white space, ";" or a comment; it may be empty."""
        return self._pass(_BARE)

    def value(self) -> str:
        """Return the value that comes next: the content of a quoted-string, or what `bare` gives.

        An address whose local part alone is quoted is returned as it is written, quotes included.
        """
        start = self.at
        if not self.text.startswith('"', start, self.end):
            return self.bare()
        content = self._quoted()
        if not self.text.startswith("@", self.at, self.end):
            return content
        self.bare()
        return _FOLDED.sub("", self.text[start : self.at])

    def _quoted(self) -> str:
        start = self.at
        parts: list[str] = []
        self.at += 1
        while True:
            special = _IN_QUOTES.search(self.text, self.at, self.end)
            if special is None:
                raise self.error("the quoted string that begins here has no end", start)
            parts.append(self.text[self.at : special.start()])
            self.at = special.end()
            if special[0] == '"':
                return _FOLDED.sub("", "".join(parts))
            parts.append(self._pair())

    def _comment(self) -> str:
        """Return the content of a comment; comments in it stay there, with their parentheses."""
        start = self.at
        parts: list[str] = []
        self.at += 1
        depth = 1
        while True:
            special = _IN_COMMENT.search(self.text, self.at, self.end)
            if special is None:
                raise self.error("the comment that begins here has no end", start)
            parts.append(self.text[self.at : special.start()])
            self.at = special.end()
            if special[0] == "\\":
                parts.append(self._pair())
                continue
            depth += 1 if special[0] == "(" else -1
            if depth == 0:
                return _FOLDED.sub("", "".join(parts))
            parts.append(special[0])

    def _pair(self) -> str:
        """Return the character after a backslash (RFC 5322 §3.2.1)."""
        character = self.text[self.at : min(self.at + 1, self.end)]
        self.at += len(character)
        return character

    def _pass(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at, self.end)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def _none(self, expected: str) -> str:
        raise self.error(f"expected {expected}")


def as_address(text: str) -> str | None:
    """Return the text of an IP address in its usual form, an IPv4-mapped one as IPv4; None for what is none."""
    try:
        return address_text(*parse_address(text))
    except AddressError:
        return None


_QUOTED_PART = re.compile(r'"[^"]*"')
_ADDRESS_LIKE = re.compile(r"[0-9A-Fa-f:.]{2,45}")


def address_in(comment: str | None) -> str | None:
    """Return the IP address that a comment names as a word of its own; None where there is none, or several.

    So a comment such as "domain of u@example.com designates 192.0.2.1 as permitted sender" gives it. What a stranger
    has put into the comment may hide the address, but not replace it, unless the writer names none itself.
    """
    found = set()
    for word in _QUOTED_PART.sub(" ", comment or "").split():
        named = word.removeprefix("client-ip=").strip(",;.")
        if _ADDRESS_LIKE.fullmatch(named):
            address = as_address(named)
            if address is not None:
                found.add(address)
    return found.pop() if len(found) == 1 else None
