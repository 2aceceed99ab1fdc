"""Received fields: from which client a host got a message, and which hosts belong to one site."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import zip_longest
from typing import Final

from spfengine.evaluation.headers.fields import as_address
from spfengine.evidence.mime import Fields
from spfengine.names import fold, is_same_or_under

MAX_FIELD: Final = 1 << 14
"""Characters of a field that are looked at."""
DOCUMENTS: Final = "RFC 5737, RFC 3849"
"""What sets addresses aside for documentation."""


def _networks(*texts: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]


_INTERNAL = _networks(
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "::/127", "fc00::/7", "fe80::/10",
)  # fmt: skip
# RFC 5737 §3, RFC 3849 §2, RFC 9637 §2
_DOCUMENTATION = _networks("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
# Exchange Online passes messages on inside from these networks; it sends from none of them.
_MICROSOFT = _networks("2603:1000::/24", "2a01:111:e400::/44")
_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")

# Operators whose hosts have names in several domains.
_SITES: Final[dict[str, str]] = {
    domain: site
    for site, domains in {
        "apple": "icloud.com me.com mac.com apple.com",
        "gmx": "gmx.net gmx.com gmx.de web.de mail.com 1and1.com kundenserver.de ionos.com ionos.de",
        "google": "google.com gmail.com googlemail.com googlegroups.com",
        "fastmail": "messagingengine.com fastmail.com",
        "microsoft": "outlook.com hotmail.com office365.com exchangelabs.com outlook.de microsoft.com",
        "mimecast": "mimecast.com mimecast-offshore.com mimecast.co.za",
        "proofpoint": "pphosted.com ppops.net ppe-hosted.com proofpoint.com filterd",
        "proton": "protonmail.ch proton.ch proton.me protonmail.com",
        "rackspace": "rsapps.net emailsrvr.com",
        "yahoo": "yahoo.com aol.com yahoodns.net yahoo.co.jp",
        "zoho": "zoho.com zohomail.com zoho.eu zohomail.eu zoho.in zohomail.in",
    }.items()
    for domain in domains.split()
}
# They write what they found out about a message below their own Received field; everybody else writes it above.
_BELOW = ("apple", "google", "proton")
_SECOND_LEVEL = frozenset(
    [
        "ac",
        "co",
        "com",
        "edu",
        "go",
        "gob",
        "gov",
        "gv",
        "ltd",
        "me",
        "mil",
        "ne",
        "net",
        "nom",
        "or",
        "org",
        "plc",
        "sch",
    ]
)

_BY = re.compile(r"(?:^|\s)by\s+([^\s;()]+)", re.IGNORECASE)
# Text from the client itself, as Exim, qmail and others write it: addresses in it do not count.
_FROM_CLIENT = re.compile(
    r"\b(?:helo|ident)=[^\s)]*|\((?:HELO|EHLO|LHLO) [^)]{0,300}\)|\"(?:HELO|EHLO|LHLO) [^\"]{0,300}\"", re.IGNORECASE
)
_HELO = re.compile(
    r"\bhelo=([^\s)]+)|\((?:HELO|EHLO|LHLO) ([^\s)]+)\)|\"(?:HELO|EHLO|LHLO) ([^\s\"]+)\"", re.IGNORECASE
)
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})(?:%\w{1,20})?\]", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\(([0-9A-Fa-f:.]{2,45})\)")
_REDACTED = re.compile(r"\[(?!UNIX)[^\]\s]{1,60}\]|\((?:[\dx*#]{1,3}\.){3}[\dx*#]{1,3}\)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"\s*from\s+([^\s()]+)", re.IGNORECASE)
_NAME = re.compile(r"\(([^\s\[\]()@]{1,255}) +\[[^\]]{2,60}\]( \(may be forged\))?")
_QMAIL = re.compile(r"\s*from\s+([^\s()\[\]]+) \(HELO ", re.IGNORECASE)
_ENVELOPE = re.compile(r"\(envelope-from <?([^\s<>()]{0,512})>?\)|\senvelope-from <([^\s<>]{0,512})>", re.IGNORECASE)
# Handed over inside a site, or fetched from a mailbox by fetchmail or getmail.
_LOCAL = re.compile(r"\swith\s+(?:UTF8)?(?:LMTPS?A?|MAPI|HTTPS?|LOCAL|[AKR]?POP\d?|IMAP\d?)\b", re.IGNORECASE)
_SUBMITTED = re.compile(r"\swith\s+(?:UTF8|E)?SMTPS?A\b|\((?:Authenticated sender|authenticated bits)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """A Received field.

    Attributes:
        at: its index in the fields.
        ip: the client's address; None if it names none that can be read.
        helo: the HELO name; "" if it names none.
        name: the client's name, if the server says that it looked it up; "" if there is none; None if it does not say.
        by: the server that wrote the field; "" if it does not say.
        envelope: the sender, if the server wrote it there.
        is_redacted: whether there is something else in place of the address.
        is_local: whether the message was handed over inside a host or site (LMTP, MAPI, HTTP), or fetched (POP3, IMAP).
        is_submission: whether the client had authenticated as a user of the server.
    """

    at: int
    ip: str | None
    helo: str
    name: str | None
    by: str
    envelope: str | None
    is_redacted: bool
    is_local: bool
    is_submission: bool

    @property
    def client(self) -> str:
        """The client's name as far as it can be believed."""
        return self.helo if self.name is None else self.name

    @property
    def is_inside(self) -> bool:
        """Whether the client is the host itself or one of its site, to judge by the field alone."""
        if self.is_local or self.ip is None or is_internal(self.ip):
            return self.is_local or not self.is_redacted
        return is_inside_microsoft(self.ip, self.by)


def is_inside_microsoft(ip: str, host: str) -> bool:
    """Whether a host of Exchange Online names an address from which Exchange Online passes messages on inside."""
    return _is_in(ip, _MICROSOFT) and site_of(host) == "microsoft"


def is_internal(ip: str) -> bool:
    """Whether an address is internal to a host or a site, so that no mail from the Internet comes from it."""
    return _is_in(ip, _INTERNAL)


def is_redacted(ip: str, *domains: str | None) -> bool:
    """Whether an address for documentation is in a message of domains that are not: somebody replaced the real one."""
    return _is_in(ip, _DOCUMENTATION) and any(domain is not None and not _is_reserved(domain) for domain in domains)


def _is_in(ip: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    address = ip_address(ip)
    return any(network.version == address.version and address in network for network in networks)


def _is_reserved(domain: str) -> bool:
    """Whether a domain is reserved for examples and tests (RFC 2606 §2, §3, RFC 6761 §6), or is none."""
    return "." not in domain.strip(".") or any(is_same_or_under(domain, name) for name in _RESERVED)


def site_of(host: str) -> str:
    """Return the operator of a host: a name of our own, or the registered domain as far as it can be guessed."""
    labels = fold(host.rstrip(".")).split(".")
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    domain = ".".join(labels[-size:])
    return _SITES.get(domain, domain)


def is_same_site(one: str, other: str) -> bool:
    """Whether two hosts seem to belong to one operator."""
    return bool(one and other) and ("." in one or one == other) and as_address(one) is None and (
        site_of(one) == site_of(other) or is_same_or_under(one, other) or is_same_or_under(other, one)
    )  # fmt: skip


def hops_of(fields: Fields) -> list[Hop]:
    """Return the Received fields, the topmost first, which is that of the last host."""
    return [_hop(at, value[:MAX_FIELD]) for at, (name, value) in enumerate(fields) if name == "received"]


def _hop(at: int, value: str) -> Hop:
    by = _BY.search(value)
    start, end = (value, "") if by is None else (value[: by.start()], value[by.start() :])
    given = _HELO.search(start)
    first = _FIRST_WORD.match(start)
    word = "" if first is None else first[1]
    helo = next((text for text in given.groups() if text), "") if given is not None else word
    seen = _FROM_CLIENT.sub(" ", start)
    addresses = _BRACKETED.findall(seen) or _IN_PARENTHESES.findall(seen)
    ip = as_address(addresses[-1]) if addresses else as_address(word)
    if given is None and not addresses and ip is not None:
        helo = ""  # the only word is the address that the server saw
    envelope = _ENVELOPE.search(value)
    host = by[1] if by is not None and by[1].isprintable() else ""
    return Hop(
        at, ip, helo, _verified(start), host,
        None if envelope is None else (envelope[1] or envelope[2] or ""),
        ip is None and _REDACTED.search(seen) is not None,
        _LOCAL.search(end) is not None, _SUBMITTED.search(value) is not None,
    )  # fmt: skip


def _verified(start: str) -> str | None:
    """Return the name that the server looked up; "" if there is none, None if the field has no place for it."""
    match = _NAME.search(start)
    if match is not None:
        return "" if match[2] or fold(match[1]) == "unknown" or as_address(match[1]) else match[1].rstrip(".")
    match = _QMAIL.match(start)
    if match is not None:
        return "" if fold(match[1]) == "unknown" or as_address(match[1]) else match[1]
    return None


def hop_at_the_border(hops: Sequence[Hop], sender: str | None) -> Hop | None:
    """Return the hop by which the message came to the site of the topmost host; None if no hop says so.

    It is the topmost one that is not inside the site: of a hop from one host of a site to another, the name of the
    client is the server's own look-up, and the field below is written by such a host too. If the sender is of that site
    and a host of it handed the message to itself, that may be a mailing list, which sent the message anew.

    Args:
        hops: all hops, the topmost first.
        sender: the domain of the sender; None if it is not known.
    """
    for hop, below in zip_longest(hops, hops[1:]):
        if hop.is_inside:
            continue
        if below is None or not hop.name or not (is_same_site(hop.name, hop.by) and is_same_site(below.by, hop.by)):
            return hop
        if below.is_inside and sender is not None and is_same_site(sender, hop.name):
            return hop
    return None


def hop_of_writer(
    hops: Sequence[Hop], first: int, last: int, writer: str | None, sender: str | None = None
) -> Hop | None:
    """Return the hop of the host that wrote fields about a message: the client it names is the one that host saw.

    A host writes such fields above its Received field or, as some do, below it. A Received field of another host has
    another client, so it is not taken.

    Args:
        hops: all hops, the topmost first.
        first: index of the first of the writer's fields.
        last: index of the last.
        writer: the name that the writer gives itself; None if it gives none.
        sender: the domain of the sender; None if it is not known.
    """
    above = next((hop for hop in reversed(hops) if hop.at < first), None)
    below = next((hop for hop in hops if hop.at > last), None)
    writes_below = writer is not None and site_of(writer) in _BELOW
    kin_above = 0 if above is None or not _may_be_own(above, writer, writes_below) else _kinship(above.by, writer)
    kin_below = 0 if below is None else _kinship(below.by, writer)
    if kin_above > kin_below or (kin_above == kin_below > 0 and writes_below):
        return above
    if below is None or (kin_below == 0 and not _may_be_below(below, above, writer, sender)):
        return None
    return _down_to_the_border(hops, below)


def _kinship(host: str, writer: str | None) -> int:
    """Return how sure it is that a host is the writer; 0: not at all."""
    if not host or writer is None:
        return 0
    if fold(host) == fold(writer):
        return 3
    if is_same_or_under(host, writer) or is_same_or_under(writer, host):
        return 2
    return int(is_same_site(host, writer))


def _may_be_own(above: Hop, writer: str | None, writes_below: bool) -> bool:
    """Whether a hop above the writer's fields may be the writer's own, and not that of a host which came after it."""
    if above.is_inside or writer is None:
        return False
    return writes_below or (_kinship(above.by, writer) == 3 and not is_same_site(above.client, above.by))


def _may_be_below(below: Hop, above: Hop | None, writer: str | None, sender: str | None) -> bool:
    """Whether a hop below the writer's fields may be the writer's own, though its host is not named after the writer.

    It is not if the writer has another name in DNS, and the host is the sender's, which handed the message on; or if
    the writer is an operator whose hosts have known names. In both cases the writer's own hop was left out.
    """
    is_named = "." in below.by and as_address(below.by) is None
    is_foreign = is_named and writer is not None and "." in writer
    if is_foreign and (site_of(writer or "") in _SITES.values() or is_same_site(below.by, sender or "")):
        return False
    return above is None or above.is_local or _is_handed_on(below, above)


def _is_handed_on(below: Hop, above: Hop) -> bool:
    """Whether the host that wrote the lower field handed the message to the one that wrote the upper field."""
    return is_same_site(above.client, below.by) or is_same_site(above.by, below.by)


def _down_to_the_border(hops: Sequence[Hop], hop: Hop) -> Hop | None:
    """Return the first hop from this one on that is not inside the site; None if a hop of another site is before."""
    for lower in hops[hops.index(hop) :]:
        if lower is not hop and not (is_same_site(lower.by, hop.by) or fold(lower.by) in ("localhost", fold(hop.by))):
            return None
        if not lower.is_inside:
            return lower
    return None
