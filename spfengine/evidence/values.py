"""Untrusted values of reports, messages, logs and tables: checked, and refused with a reason."""

import re
from functools import lru_cache

from spfengine.errors import AddressError
from spfengine.evidence.bounds import MAX_COUNT
from spfengine.names import fold
from spfengine.senders import Sender, reported_result

MAX_SENDER = 512
MAX_NAME = 255
MAX_LABEL = 200
# Letters, digits, "-" and "_" (U-labels too), or an address literal (RFC 5321 §4.1.3).
_is_domain = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|\[[0-9A-Za-z:.]+\]").fullmatch
_is_word = re.compile(r"[^\s<>]+").fullmatch
_is_count = re.compile(r"[0-9]{1,4000}", re.ASCII).fullmatch

ENCLOSED = r"\"(?:[^\"\\]|\\.)*\"@[^>]*|[^>]*"
"""A pattern of what is between < and > in a log: an address, whose local part may be a quoted string, or nothing."""


class UnusableError(Exception):
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
    dmarc_spf: str | None = None,
    dmarc_dkim: str | None = None,
    override: str | None = None,
) -> Sender:
    """Return a sender made of these values, of which only the address is not checked yet.

    Raises:
        UnusableError: it is not an IP address.
    """
    try:
        return Sender(ip, sender, helo, count, label, reported, header_from, dmarc_spf, dmarc_dkim, override)
    except AddressError:
        raise UnusableError("not an IP address", ip) from None


@lru_cache(4096)
def domain_of(text: str) -> str:
    """Return a domain, its ASCII letters in lower case.

    Raises:
        UnusableError: it is not a domain name.
    """
    if len(text) > MAX_NAME:
        raise UnusableError("a domain is longer than 255 characters", text)
    if not text.isprintable():
        raise UnusableError("a domain has unprintable characters", text)
    if not _is_domain(text):
        raise UnusableError("not a domain name", text)
    return fold(text.removesuffix("."))


@lru_cache(4096)
def sender_of(text: str) -> str:
    """Return an address of MAIL FROM, its domain in lower case; a domain alone gets an "@" before it.

    Raises:
        UnusableError: it is neither.
    """
    written = text
    text = text.strip()
    if text[:1] == "<" and text[-1:] == ">":
        text = text[1:-1]
    if len(text) > MAX_SENDER:
        raise UnusableError("the sender is longer than 512 characters", written)
    if not text.isprintable():
        raise UnusableError("the sender has unprintable characters", written)
    local_part, _, domain = text.rpartition("@")
    if not _is_domain(domain) or (local_part and local_part[0] != '"' and not _is_word(local_part)):
        raise UnusableError("the sender is neither a mail address nor a domain", written)
    return f"{local_part}@{domain_of(domain)}"


def helo_of(text: str | None) -> str | None:
    """Return a HELO name, its ASCII letters in lower case; None if there is none.

    Raises:
        UnusableError: it has spaces, angle brackets or unprintable characters, or is too long.
    """
    text = (text or "").strip()
    if not text:
        return None
    if len(text) > MAX_NAME:
        raise UnusableError("the HELO name is longer than 255 characters", text)
    if not text.isprintable() or not _is_word(text):
        raise UnusableError("the HELO name has spaces, angle brackets or unprintable characters", text)
    return fold(text.removesuffix("."))


def null_sender(helo: str | None) -> str:
    """Return the address that replaces the null sender (RFC 7208 §2.4).

    Raises:
        UnusableError: the HELO name is not known.
    """
    if helo is None:
        raise UnusableError("the sender is null, and the HELO name, which replaces it, is not known")
    return f"postmaster@{domain_of(helo)}"


def count_of(text: str) -> int:
    """Return how many messages a row is about.

    Raises:
        UnusableError: it is not a number, 0, or too large.
    """
    text = text.strip()
    if not _is_count(text):
        raise UnusableError("the count is not a number", text)
    count = int(text)
    if count == 0:
        raise UnusableError("the count is 0")
    if count >= MAX_COUNT:
        raise UnusableError(f"the count is {MAX_COUNT:,} or more", text)
    return count


def label_of(text: str | None) -> str | None:
    """Return a label; None if there is none.

    Raises:
        UnusableError: it is too long, or has unprintable characters.
    """
    text = (text or "").strip()
    if len(text) > MAX_LABEL:
        raise UnusableError("the label is longer than 200 characters", text)
    if not text.isprintable():
        raise UnusableError("the label has unprintable characters", text)
    return text or None


def result_of(text: str | None) -> str | None:
    """Return the SPF result that a word in a report means; None if the word is not known."""
    result = reported_result(text)
    return None if result is None else str(result)
