r"""Text of strangers in header fields: what of it may stand there, and how it is quoted and folded (RFC 5322).

Two steps, in this order. `header_text` leaves only printable characters, all others become `\xNN`; `cut` bounds it.
Then `quoted_string` or `comment` gives it its form. So what is read back is what `header_text` and `cut` made.
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from spfengine.problems import Result
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.evaluation.check_result import CheckResult

from spfengine.addresses import address_text, parse_address
from spfengine.errors import AddressError, HeaderError

MAX_VALUE = 600
"""Octets of the longest value that is written. So no line comes near the 998 octets of RFC 5322 §2.1.1, even where
nothing in a value can be folded."""
MAX_DOMAIN = 255
_LINE = 78  # RFC 5322 §2.1.1: characters that a line should not exceed

# RFC 5322 §3.2.3, with UTF8-non-ascii (RFC 6532 §3.2): `header_text` has decided whether any may be there.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
_DOT_ATOM = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_is_dot_atom = re.compile(_DOT_ATOM).fullmatch
# RFC 8601 §2.2: pvalue, where it is no quoted-string: a token (RFC 2045 §5.1), a mailbox, or a domain name.
is_token = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~\-\u0080-\U0010ffff]+").fullmatch
_is_mailbox = re.compile(rf"{_DOT_ATOM}@{_LABEL}(?:\.{_LABEL})+").fullmatch

_COSTLY = re.compile(r'[ "\\()]')  # may need a backslash
_PAIRED = r"(?<![^ ]) | (?![^ ])"  # a space at an end or beside another: white space that folding must not touch
_IN_STRING = re.compile(rf'["\\]|{_PAIRED}')
_IN_COMMENT = re.compile(rf"[()\\]|{_PAIRED}")
_FOLDS = re.compile(r"(?<!\\) ")


def header_text(text: str, *, utf8: bool = False) -> str:
    r"""Return text with all that may not stand in a header field written as `\xNN` (the octets of its UTF-8 form).

    Args:
        text: of which each character is one octet, as in a check.
        utf8: whether printable characters outside US-ASCII may stand (RFC 6532); otherwise only US-ASCII is left.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("…", "...")  # where a problem's text was cut
    raw = text.encode("latin-1", "backslashreplace")
    return visible(raw.decode("utf-8" if utf8 else "ascii", "backslashreplace"), at_most=4 * len(raw))


def cut(text: str, at_most: int = MAX_VALUE) -> str:
    """Return text cut, with "..." at its end, where it could need more octets than `at_most` as it is written."""
    if _cost(text) <= at_most:
        return text
    needed = accumulate(map(_cost, text))
    return text[: next(index for index, octets in enumerate(needed) if octets > at_most - 3)] + "..."


def _cost(text: str) -> int:
    return len(text.encode()) + len(_COSTLY.findall(text))


def header_value(text: str, *, utf8: bool = False) -> str:
    """Return text as it may stand in a header field, no longer than `MAX_VALUE`, and not quoted yet."""
    return cut(header_text(text[: MAX_VALUE + 1], utf8=utf8))


def header_mailbox(sender: str, *, utf8: bool = False) -> str:
    """Return a sender as `header_value` does, but where it is too long, cut its local part rather than its domain."""
    local_part, _, domain = sender.rpartition("@")
    local_part = header_text(local_part[: MAX_VALUE + 1], utf8=utf8)
    domain = header_text(domain[: MAX_VALUE + 1], utf8=utf8)
    if _cost(local_part) + 1 + _cost(domain) > MAX_VALUE:
        domain = cut(domain, MAX_DOMAIN)
        local_part = cut(local_part, MAX_VALUE - 1 - _cost(domain))
    return f"{local_part}@{domain}"


def header_domain(domain: str, at_most: int = MAX_DOMAIN) -> str:
    """Return a domain name for people: US-ASCII without spaces, so that it is one word whatever it holds."""
    return cut(visible_name(domain[: MAX_DOMAIN + 1]).replace(" ", "\\032"), at_most)


def dot_atom_or_quoted(text: str) -> str:
    """Return the value of a key of Received-SPF (RFC 7208 §9.1)."""
    return text if _is_dot_atom(text) else quoted_string(text)


def pvalue(text: str) -> str:
    """Return the value of a property of Authentication-Results (RFC 8601 §2.2)."""
    return text if is_token(text) or _is_mailbox(text) else quoted_string(text)


def quoted_string(text: str) -> str:
    """Return text as a quoted-string (RFC 5322 §3.2.4)."""
    return f'"{_IN_STRING.sub(_pair, text)}"'


def comment(text: str) -> str:
    """Return text as a comment (RFC 5322 §3.2.2), in which nothing nests."""
    return f"({_IN_COMMENT.sub(_pair, text)})"


def _pair(match: re.Match[str]) -> str:
    return "\\" + match[0]


def fold(pieces: Iterable[str]) -> str:
    """Return a header field made of pieces: with one space between them, or a line end and a space.

    A piece is broken, at its single spaces, only if it does not fit on a line of its own.
    """
    lines: list[str] = []
    line = ""
    for piece in pieces:
        for word in [piece] if len(piece) < _LINE else _FOLDS.split(piece):
            if not line:
                line = word
            elif len(line) + 1 + len(word) <= _LINE:
                line += " " + word
            else:
                lines.append(line)
                line = " " + word
    return "\r\n".join([*lines, line])


def in_words(result: "CheckResult") -> str:
    """Return what a result says, for the comment of a header field; its one IP address is the client's."""
    ip, domain = result.ip, header_domain(result.domain)
    match result.result:
        case Result.PASS:
            return f"{domain} designates {ip} as permitted sender"
        case Result.FAIL:
            return f"{domain} does not designate {ip} as permitted sender"
        case Result.SOFTFAIL:
            return f"{domain} holds that {ip} is probably not a permitted sender"
        case Result.NEUTRAL:
            return f"{domain} neither permits nor denies {ip}"
        case Result.TEMPERROR:
            return f"the policy of {domain} for {ip} could not be had from DNS"
        case Result.PERMERROR:
            return f"the policy of {domain} for {ip} can not be interpreted"
        case _:  # what was checked may be no domain, but look like an address
            return f"no policy for {ip} was found"


def problem_text(result: "CheckResult", *, utf8: bool = False) -> str | None:
    """Return the code of a result's problem and its text, "code: text"; None where there is no problem."""
    problem = result.problem
    return None if problem is None else header_value(f"{problem.code}: {problem.text}", utf8=utf8)


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
_COMMENT_SYNTAX = re.compile(r"[()\\]")


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
            special = _COMMENT_SYNTAX.search(self.text, self.at, self.end)
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
