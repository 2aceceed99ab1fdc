r"""Text of strangers in header fields: what of it may stand there, and how it is quoted and folded (RFC 5322).

Two steps, in this order. `header_text` leaves only printable characters, all others become `\xNN`; `cut` bounds it.
Then `quoted_string` or `comment` gives it its form. So what is read back is what `header_text` and `cut` made.
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING

from spfengine.evaluation.result import Result
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.evaluation.check_result import CheckResult

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
