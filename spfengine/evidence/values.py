"""Values that strangers wrote, as they may stand in a `Sender`; what may not is refused, with the reason."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from spfengine.errors import AddressError
from spfengine.names import fold
from spfengine.problems import Result
from spfengine.senders import Sender

# What a reader of strangers' files takes at most, so that none of them costs more time or memory than it is worth.

CHUNK: Final = 1 << 16
"""Octets that are read, or unpacked, at once."""
MAX_DEPTH: Final = 32
"""Elements in each other of a report; four are needed."""
MAX_VALUE: Final = 1024
"""Characters of the longest value of a report or table that is kept."""
MAX_COUNT: Final = 10**12
"""One row tells of fewer messages than this."""
MAX_GROUPS: Final = 1000
"""Entries of the summary of what could not be read; whatever comes after these is counted, but not shown."""


class Bounds(NamedTuple):
    """What is taken at most.

    Attributes:
        senders: different senders that are kept; the messages of further ones are counted only.
        unpacked: octets that a packed file, or all members of an archive together, may unpack to.
        ratio: how many times its own size something packed may unpack to, once it is larger than 64 MiB.
        members: members of an archive.
        held: octets of an attachment, and of an archive on standard input: these are held in memory.
        line: octets of the longest line.
        token: octets of the longest tag or comment of a report.
        header: octets of the header section of a message.
        pending: messages of a log whose lines are still to be joined.
    """

    senders: int = 100_000
    unpacked: int = 8 << 30
    ratio: int = 400
    members: int = 10_000
    held: int = 32 << 20
    line: int = 1 << 16
    token: int = 1 << 20
    header: int = 1 << 20
    pending: int = 100_000


DEFAULT_BOUNDS: Final = Bounds()


_MAX_SENDER = 512
_MAX_NAME = 255
_MAX_LABEL = 200
# Letters, digits, "-" and "_" (U-labels too), or an address literal (RFC 5321 §4.1.3).
_is_domain = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Za-z:.]+\]").fullmatch
_is_word = re.compile(r"[^\s<>]+").fullmatch
_is_count = re.compile(r"[0-9]{1,4000}", re.ASCII).fullmatch
_RESULTS = {str(result): str(result) for result in Result}
# RFC 7489 App. C tells that these are in use for temperror and permerror; the last is of SPF before RFC 4408.
_RESULTS |= {"unknown": "temperror", "error": "permerror", "hardfail": "fail"}


class Unusable(Exception):  # noqa: N818 - the row can't be used; nothing failed
    """A row can't become a sender."""

    def __init__(self, reason: str, example: str | None = None) -> None:
        self.reason = reason
        self.example = example
        super().__init__(reason, example)


def make_sender(
    ip: str,
    sender: str,
    helo: str | None = None,
    count: int = 1,
    label: str | None = None,
    reported: str | None = None,
    header_from: str | None = None,
) -> Sender:
    """Return a sender of values that have been looked at, but for its address.

    Raises:
        Unusable: the address is none.
    """
    try:
        return Sender(ip, sender, helo, count, label, reported, header_from)
    except AddressError:
        raise Unusable("the address is no IP address", ip) from None


@lru_cache(4096)
def domain_of(text: str) -> str:
    """Return a domain, its ASCII letters in lower case.

    Raises:
        Unusable: it is none.
    """
    if len(text) > _MAX_NAME:
        raise Unusable("a domain is longer than 255 characters", text)
    if not text.isprintable():
        raise Unusable("a domain has characters that do not print", text)
    if not _is_domain(text):
        raise Unusable("a domain is none", text)
    return fold(text.removesuffix("."))


@lru_cache(4096)
def sender_of(text: str) -> str:
    """Return an address of MAIL FROM, its domain in lower case; a domain alone stands behind an "@".

    Raises:
        Unusable: it is neither.
    """
    written = text
    text = text.strip()
    if text[:1] == "<" and text[-1:] == ">":
        text = text[1:-1]
    if len(text) > _MAX_SENDER:
        raise Unusable("the sender is longer than 512 characters", written)
    if not text.isprintable():
        raise Unusable("the sender has characters that do not print", written)
    local_part, _, domain = text.rpartition("@")
    if not _is_domain(domain) or (local_part and local_part[0] != '"' and not _is_word(local_part)):
        raise Unusable("the sender is neither a mail address nor a domain", written)
    return f"{local_part}@{domain_of(domain)}"


def helo_of(text: str | None) -> str | None:
    """Return a HELO name, its ASCII letters in lower case; None where there is none.

    Raises:
        Unusable: it is no word.
    """
    text = (text or "").strip()
    if not text:
        return None
    if len(text) > _MAX_NAME:
        raise Unusable("the HELO name is longer than 255 characters", text)
    if not text.isprintable() or not _is_word(text):
        raise Unusable("the HELO name has spaces, angle brackets or characters that do not print", text)
    return fold(text.removesuffix("."))


def null_sender(helo: str | None) -> str:
    """Return what stands for the null sender (RFC 7208 §2.4).

    Raises:
        Unusable: the HELO name is not known.
    """
    if helo is None:
        raise Unusable("the sender is null and the HELO name, which stands for it, is not known")
    return f"postmaster@{domain_of(helo)}"


def count_of(text: str) -> int:
    """Return how many messages a row is about.

    Raises:
        Unusable: it is no number, or an absurd one.
    """
    text = text.strip()
    if not _is_count(text):
        raise Unusable("the count is no number", text)
    count = int(text)
    if count == 0:
        raise Unusable("the count is 0")
    if count >= MAX_COUNT:
        raise Unusable(f"the count is {MAX_COUNT:,} or more", text)
    return count


def label_of(text: str | None) -> str | None:
    """Return a label; None where there is none.

    Raises:
        Unusable: it is too long, or has characters that do not print.
    """
    text = (text or "").strip()
    if len(text) > _MAX_LABEL:
        raise Unusable("the label is longer than 200 characters", text)
    if not text.isprintable():
        raise Unusable("the label has characters that do not print", text)
    return text or None


def result_of(text: str | None) -> str | None:
    """Return the result of SPF that a word of a report stands for; None where it is none that is known."""
    return _RESULTS.get((text or "").strip().lower())
