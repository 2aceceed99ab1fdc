r"""Writing and reading structured header fields (RFC 5322): quoting and folding untrusted text, and `FieldReader`.

Text is written in two steps. First `header_text` escapes everything but printable characters as `\xNN`, and `cut`
limits its length. Then `quoted_string` or `comment` gives it its form. So what is read back is the text of the first
step.
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
"""Octets of the longest value that is written. So no line gets near the 998 octets of RFC 5322 §2.1.1, even if a value
can't be folded."""
MAX_DOMAIN = 255
_LINE = 78  # RFC 5322 §2.1.1: characters that a line should not exceed

# RFC 5322 §3.2.3, with UTF8-non-ascii (RFC 6532 §3.2): `header_text` has decided whether any may be there.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]"
_DOT_ATOM = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_is_dot_atom = re.compile(_DOT_ATOM).fullmatch
# RFC 8601 §2.2: pvalue, if it is not a quoted-string: a token (RFC 2045 §5.1), a mailbox, or a domain name.
is_token = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~\-\u0080-\U0010ffff]+").fullmatch
_is_mailbox = re.compile(rf"{_DOT_ATOM}@{_LABEL}(?:\.{_LABEL})+").fullmatch

_COSTLY = re.compile(r'[ "\\()]')  # may need a backslash
_PAIRED = r"(?<![^ ]) | (?![^ ])"  # a space at an end or beside another: white space that folding must not touch
_IN_STRING = re.compile(rf'["\\]|{_PAIRED}')
_IN_COMMENT = re.compile(rf"[()\\]|{_PAIRED}")
_FOLDS = re.compile(r"(?<!\\) ")


def header_text(text: str, *, utf8: bool = False) -> str:
    r"""Return text with everything that a header field may not contain as `\xNN` (the octets of its UTF-8 form).

    Args:
        text: of which each character is one octet, as in a check.
        utf8: whether to keep printable characters outside US-ASCII (RFC 6532).
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("…", "...")  # at the end of a text that was cut
    raw = text.encode("latin-1", "backslashreplace")
    return visible(raw.decode("utf-8" if utf8 else "ascii", "backslashreplace"), at_most=4 * len(raw))


def cut(text: str, at_most: int = MAX_VALUE) -> str:
    """Return text, cut and with "..." at its end if it might need more than `at_most` octets when it is written."""
    if (text.isascii() and 2 * len(text) <= at_most) or _cost(text) <= at_most:
        return text
    needed = accumulate(map(_cost, text))
    return text[: next(index for index, octets in enumerate(needed) if octets > at_most - 3)] + "..."


def _cost(text: str) -> int:
    return len(text.encode()) + len(_COSTLY.findall(text))


def header_value(text: str, *, utf8: bool = False) -> str:
    """Return text that a header field may contain, no longer than `MAX_VALUE`, not quoted yet."""
    return cut(header_text(text[: MAX_VALUE + 1], utf8=utf8))


def header_mailbox(sender: str, *, utf8: bool = False) -> str:
    """Return a sender as `header_value` does; but if it is too long, cut its local part rather than its domain."""
    local_part, _, domain = sender.rpartition("@")
    local_part = header_text(local_part[: MAX_VALUE + 1], utf8=utf8)
    domain = header_text(domain[: MAX_VALUE + 1], utf8=utf8)
    if 2 * len(sender) <= MAX_VALUE and sender.isascii() and sender.isprintable():
        return f"{local_part}@{domain}"
    if _cost(local_part) + 1 + _cost(domain) > MAX_VALUE:
        domain = cut(domain, MAX_DOMAIN)
        local_part = cut(local_part, MAX_VALUE - 1 - _cost(domain))
    return f"{local_part}@{domain}"


def header_domain(domain: str, at_most: int = MAX_DOMAIN) -> str:
    """Return a domain name as one word of US-ASCII, whatever octets it holds."""
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
    """Return text as a comment (RFC 5322 §3.2.2) without nested comments."""
    return f"({_IN_COMMENT.sub(_pair, text)})"


def _pair(match: re.Match[str]) -> str:
    return "\\" + match[0]


def fold_lines(pieces: Iterable[str]) -> str:
    """Return a header field made of pieces, with one space, or a line end and a space, between them.

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
    """Return a result in words, for the comment of a header field. The only IP address in it is the client's."""
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
            return f"the policy of {domain} for {ip} could not be looked up in DNS"
        case Result.PERMERROR:
            return f"the policy of {domain} for {ip} can not be interpreted"
        case _:  # leave the domain out: it may look like an address
            return f"no policy for {ip} was found"


def problem_text(result: "CheckResult", *, utf8: bool = False) -> str | None:
    """Return the problem of a result as "code: text", or None if it has none."""
    problem = result.problem
    return None if problem is None else header_value(f"{problem.code}: {problem.text}", utf8=utf8)


MAX_FIELD = 65536
"""Characters of the longest header field that is read."""

# RFC 5322 §2.2.3: a line end before white space folds a line. No other line end is allowed in a field.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\n(?![ \t])")
_FOLDED = re.compile(r"\r?\n(?=[ \t])")
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_BARE = re.compile(r"[^ \t\r\n;(]*")
_LEAD = re.compile(r'[^ \t\r\n;(=/"]*')
_IN_QUOTES = re.compile(r'["\\]')
_COMMENT_SYNTAX = re.compile(r"[()\\]")


class FieldReader:
    """Reads the text of a field from left to right. It is lenient, and takes time linear in the length of the text.

    Attributes:
        at: the offset of what comes next.
        comments: the comments passed since they were last taken.
    """

    __slots__ = ("at", "comments", "end", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        """Begin after the field's name, which may be absent.

        Raises:
            HeaderError: the text is too long for a field, or has a line end or control character that no field has.
        """
        self.name: str = name
        self.text: str = text
        self.at: int = 0
        self.end: int = len(text.rstrip("\r\n"))
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
        """Return the exception that says what was expected at an offset, and what is there."""
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
        """Return the comments passed, joined by spaces, and forget them; None if there were none."""
        joined = " ".join(self.comments) if self.comments else None
        self.comments.clear()
        return joined

    def accept(self, character: str) -> bool:
        """Pass this character if it comes next, and return whether it did."""
        passed = self.text.startswith(character, self.at, self.end)
        self.at += passed
        return passed

    def expect(self, character: str, where: str) -> None:
        """Pass this character, or raise HeaderError if it does not come next."""
        if not self.accept(character):
            raise self.error(f"expected {character!r} {where}")

    def word(self, expected: str) -> str:
        """Return the name that comes next: letters, digits, "-", "_" and "."."""
        return self._pass(_WORD) or self._none(expected)

    def lead(self) -> str:
        """Return the text up to white space, ";", a comment, "=" or "/"; or the content of a quoted-string."""
        return self._quoted() if self.text.startswith('"', self.at, self.end) else self._pass(_LEAD)

    def bare(self) -> str:
        """Return the text up to white space, ";" or a comment; it may be empty."""
        return self._pass(_BARE)

    def value(self) -> str:
        """Return the value that comes next: the content of a quoted-string, or what `bare` returns.

        An address of which only the local part is quoted is returned as written, with the quotes.
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
        """Return the content of a comment, with the comments that are nested in it."""
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
    """Return the text of an IP address in its usual form, an IPv4-mapped one as IPv4; None if it is not an address."""
    try:
        return address_text(*parse_address(text))
    except AddressError:
        return None


_QUOTED_PART = re.compile(r'"[^"]*"')
_ADDRESS_LIKE = re.compile(r"[0-9A-Fa-f:.]{2,45}")


def address_in(comment: str | None) -> str | None:
    """Return the only IP address that is a word of its own in a comment; None if there is none, or several.

    For example, "domain of u@example.com designates 192.0.2.1 as permitted sender" gives 192.0.2.1. Untrusted text
    in the comment can hide the address, but can replace it only if the writer of the comment names no address itself.
    """
    addresses = set()
    for word in _QUOTED_PART.sub(" ", comment or "").split():
        named = word.removeprefix("client-ip=").strip(",;.")
        if _ADDRESS_LIKE.fullmatch(named):
            address = as_address(named)
            if address is not None:
                addresses.add(address)
    return addresses.pop() if len(addresses) == 1 else None
