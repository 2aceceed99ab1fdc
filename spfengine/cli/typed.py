"""Arguments as people type and paste them: what surrounds an address, a domain or a sender is left out.

Each function returns the one thing that a text can mean, or None if it can mean several or nothing. What a text means
as it is, it means: only texts that could not be used otherwise are read in another way.
"""

import re
from urllib.parse import urlsplit

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.names import domain_fault, to_a_labels

_LONGEST = 1000
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?", re.IGNORECASE)  # RFC 5321 §4.1.3, with a port
_IP4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IP4_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_HOST_PREFIX = re.compile(r"([0-9A-Fa-f:.]+)/(?:32|128)")
_TERM = re.compile(r"[+?~-]?(?:ip4|ip6|ipv6):(.+)", re.IGNORECASE)
_NAME_AND_ADDRESS = re.compile(
    r"(?![0-9.]+[ \[(])[^\s\[\]()<>:]+ ?[\[(]{1,2}(?:IPv6:)?([0-9A-Fa-f:.]+)[\])]{1,2}", re.IGNORECASE
)  # as in logs
_ADDRESS_AND_NAME = re.compile(r"\[?([0-9A-Fa-f:.]+)\]? ?[\[(](?![0-9A-Fa-f:.]+[\])])[^\s\[\]()<>]+[\])]")
_MAILBOXES = re.compile(r"[^\s\"@]+@[^\s\"@]+[,;\s]+[^\s\"@]+@[^\s\"@]+")
_TARGET = re.compile(r"[+?~-]?(?:include:|redirect=)([^%]+)", re.IGNORECASE)
_NAMED = re.compile(r"[^<>]*<\s*([^<>\s@]+@[^<>\s@]+)\s*>")
_HOST_PORT = re.compile(r"([^:/@\s]+):[0-9]{1,5}")
QUOTES = "\"'` \t\r\n\u00a0\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb"
_FOREIGN = frozenset(QUOTES + "<>()[]@/:,;=\\")  # DNS can carry them, but no mail domain has them
_ENDS = ",;"


def is_address(text: str) -> bool:
    """Whether a text is an IP address as it is."""
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def address_in(text: str) -> str | None:
    """Return the IP address that a text means: "[192.0.2.1]", "192.0.2.1:25", "https://192.0.2.1/" and the like."""
    text = text[:_LONGEST].strip(QUOTES).rstrip(_ENDS)
    for pattern in (None, _LITERAL, _IP4_PORT, _HOST_PREFIX, _TERM, _NAME_AND_ADDRESS, _ADDRESS_AND_NAME):
        match = pattern.fullmatch(text) if pattern is not None else None
        for candidate in (match[1] if match else text, text.rstrip(".")):
            if is_address(candidate):
                return candidate
    host = _host_of_url(text) if "://" in text or text.endswith("/") else None  # else it is a network
    return host if host is not None and is_address(host) else None


def without_leading_zeros(text: str) -> str | None:
    """Return the IPv4 address that a text such as "192.000.002.001" is in decimal; None if it is no such text.

    Some programs read such numbers as octal, so that it is not sure which address is meant.
    """
    address = ".".join([number.lstrip("0") or "0" for number in text[:_LONGEST].split(".")])
    return address if address != text and _IP4.fullmatch(text) and is_address(address) else None


def domain_in(text: str) -> str | None:
    """Return the domain that a text means: that of a mail address or a URL, without what surrounds it."""
    text = text[:_LONGEST].strip(QUOTES).rstrip(_ENDS)
    mailbox = mailbox_in(text)
    target = _TARGET.fullmatch(text)
    port = _HOST_PORT.fullmatch(text)
    candidates: list[str | None]
    if mailbox is not None:
        candidates = [mailbox.rpartition("@")[2]]
    else:
        candidates = [text, _host_of_url(text), target and target[1], port and port[1], text.removeprefix("@")]
    return next((name for name in candidates if name and _is_domain(name)), None)


def mailbox_in(text: str) -> str | None:
    """Return the mail address that a text means: "Name <a@b>", "mailto:a@b", "MAIL FROM:<a@b>"; or as it is."""
    text = text[:_LONGEST].strip(QUOTES).rstrip(_ENDS)
    named = _NAMED.fullmatch(text)
    if named is not None:
        text = named[1]
    elif text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    local_part, at, domain = text.rpartition("@")
    is_usual = local_part.isprintable() and not any(letter in local_part for letter in " <>@")
    if not at or not local_part or not is_usual or "://" in text:
        return None
    domain = domain.removesuffix(".")
    return f"{local_part}@{domain}" if _is_domain(domain) else None


def sender_in(text: str) -> str | None:
    """Return the sender that a text means: a mail address, or a domain."""
    return mailbox_in(text) or domain_in(text)


def why_no_sender(text: str) -> str | None:
    """Return why a text can be neither a mail address nor a domain; None if it may be one, or what a client said."""
    bare = text[:_LONGEST].strip()
    if "@" not in bare and any(letter.isspace() for letter in bare):
        return "it has a space, and no @"
    return "it is several addresses" if _MAILBOXES.fullmatch(bare) is not None else None


def _host_of_url(text: str) -> str | None:
    """Return the host of a URL, or of what is one without its scheme: "example.com/path"."""
    if any(letter.isspace() for letter in text) or "/" not in text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
    except ValueError:
        return None
    return parts.hostname if parts.username is None else None


def is_plain(text: str) -> bool:
    """Whether a text has only what a domain can have."""
    return text.isprintable() and not any(letter in _FOREIGN for letter in text)


def _is_domain(text: str) -> bool:
    name = to_a_labels(text) if is_plain(text) else None
    return name is not None and name.isascii() and domain_fault(name.removesuffix(".")) is None and not is_address(text)
