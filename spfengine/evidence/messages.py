"""A received message: the client, the sender and the result that its receiver wrote into it.

Anybody can write header fields into a message before it is sent; fields that were there already stand below those that
servers add (RFC 5321 §4.4). So of the fields that tell of SPF only the topmost is believed, or the topmost one that
names the receiver that the caller trusts. A receiver that follows RFC 8601 §5 removes fields that claim to be its own.

A message tells no more than this: a receiver that writes no such field does not protect what stands below. Whoever
knows the name of the receiver should give it.
"""

import re
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.authentication_results import AuthenticationResults, parse_authentication_results
from spfengine.evaluation.headers.fields import as_address
from spfengine.evaluation.headers.received_spf import ReceivedSPF, parse_received_spf
from spfengine.evidence.mime import Fields
from spfengine.evidence.values import Unusable, domain_of, helo_of, make_sender, null_sender, result_of, sender_of
from spfengine.names import is_same_or_under
from spfengine.senders import Sender

NO_NAME = "a receiver that gives no name"
_AUTHENTICATION_RESULTS = "authentication-results"
_RECEIVED_SPF = "received-spf"
_MAX_FIELD = 1 << 14
_IPREV = ("policy.iprev", "smtp.remote-ip")
_NULL = ("", "<>")

_writer_in_comment = re.compile(r"\s*([\w.-]+):\s").match
_sender_in_comment = re.compile(r"\bdomain of (?:transitioning )?(\S+@\S+)").search
_BY = re.compile(r"\sby\s+([^\s;()]+)")
# What the client said itself, in the forms of Exim and qmail: no address in it counts.
_SAID = re.compile(r"\b(?:helo|ident)=[^\s)]*|\(HELO [^)]{0,300}\)", re.IGNORECASE)
_HELO = re.compile(r"\bhelo=([^\s)]+)|\(HELO ([^\s)]+)\)", re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\(([0-9A-Fa-f:.]{2,45})\)")
_FIRST_WORD = re.compile(r"\s*from\s+([^\s()]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")
_INTERNAL = [ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "::/127", "fc00::/7", "fe80::/10",
)]  # fmt: skip


class Told(NamedTuple):
    """What a field tells of a check, as far as it does.

    Attributes:
        writer: the name of its writer, or None.
        ip: the client's address.
        sender: the sender as it is written; "" or "<>" is the null sender, None: not told.
        helo: the HELO name.
        of_helo: whether the result is about HELO.
        result: the result.
        hint: a sender that only a comment names.
    """

    writer: str | None
    ip: str | None
    sender: str | None
    helo: str | None
    of_helo: bool
    result: str | None
    hint: str | None


class _Hop(NamedTuple):
    """A Received field."""

    ip: str
    helo: str
    by: str


def is_internal(ip: str) -> bool:
    """Whether an address is one of a host's or a site's own, from which no mail of the Internet comes."""
    address = ip_address(ip)
    return any(address in network for network in _INTERNAL if network.version == address.version)


def sender_of_message(fields: Fields, receiver: str | None) -> tuple[Sender, str]:
    """Return the sender of a message, and whose word that is.

    Args:
        fields: its header fields.
        receiver: the name of the receiver that is believed, or a domain above it; None: the topmost.

    Raises:
        Unusable: the message does not tell, or only in a field that can't be believed.
    """
    told = _told(fields, receiver)
    hops = _hops(fields, receiver)
    ip = told[0].ip if told else None
    if ip is None:
        hop = next((hop for hop in hops if not is_internal(hop.ip)), None)
        if hop is None:
            raise Unusable("no header field that can be believed tells the address of the client")
        ip = hop.ip
    told = [each for each in told if each.ip in (ip, None)]  # what is about another client may be a stranger's
    helo = next((each.helo for each in told if each.helo), None)
    if helo is None:
        helo = next((hop.helo for hop in hops if hop.ip == ip and hop.helo), None)
    helo = helo_of(helo)
    sender, reported = _sender(fields, told, helo)
    writers = [each.writer for each in told if each.writer] if told else [hop.by for hop in hops if hop.ip == ip]
    found = make_sender(ip, sender, helo, reported=reported, header_from=_header_from(fields))
    return found, writers[0] if writers else receiver or NO_NAME


def _sender(fields: Fields, told: list[Told], helo: str | None) -> tuple[str, str | None]:
    """Return the sender, and the result that was reported for it."""
    reported = next((each.result for each in told[:1] if not each.of_helo), None)
    given = next((each.sender for each in told if each.sender is not None), None)
    path = _one(fields, "return-path")
    if path is not None and path in _NULL and given is None:
        given = ""
    if given is not None and given.strip() in _NULL:
        of_helo = next((each.result for each in told if each.of_helo), None)
        return null_sender(helo), of_helo or reported
    returned = None if path is None or path in _NULL else sender_of(path)
    if given is None:
        hint = next((each.hint for each in told if each.hint), None)
        if returned is None and hint is None:
            raise Unusable("no header field that can be believed tells the sender, nor is there a Return-Path")
        return returned or sender_of(hint or ""), reported
    sender = sender_of(given)
    if sender[0] == "@" and returned is not None and returned.endswith(sender):
        return returned, reported  # the same domain, and the local part too
    return sender, reported


def _told(fields: Fields, receiver: str | None) -> list[Told]:
    """Return what the receiver's fields tell, the topmost first.

    Raises:
        Unusable: a field that would have to be believed can't be read.
    """
    found: list[Told] = []
    wanted = receiver
    for name, value in fields:
        if name == "received" and found:
            break  # what follows was written by others, or can't be told from what others wrote
        if name not in (_AUTHENTICATION_RESULTS, _RECEIVED_SPF):
            continue
        told: Told | None
        try:
            if name == _RECEIVED_SPF:
                told = _of_received_spf(parse_received_spf(value))
            else:
                field = parse_authentication_results(value)
                wanted = wanted or field.authserv_id
                told = _of_results(field)
        except HeaderError:
            raise Unusable("a header field that tells of SPF can't be read, and those below it can't be believed",
                           value) from None  # fmt: skip
        if told is not None and _is_by(told.writer, wanted, named=receiver is not None):
            found.append(told)
    return found


def _is_by(writer: str | None, wanted: str | None, *, named: bool) -> bool:
    """Whether a field is by the receiver that is believed; one that names nobody is, where no one was `named`."""
    if wanted is None:
        return True
    if writer is None:
        return not named
    return is_same_or_under(writer, wanted) or (not named and is_same_or_under(wanted, writer))


def _of_received_spf(field: ReceivedSPF) -> Told:
    writer = field.keys.get("receiver", "")
    if not writer or not writer[0].isalnum():
        match = _writer_in_comment(field.comment or "")
        writer = match[1] if match is not None else ""
    hint = _sender_in_comment(field.comment or "")
    return Told(
        writer or None,
        field.client_ip,
        field.keys.get("envelope-from", field.keys.get("sender")),
        field.keys.get("helo"),
        field.keys.get("identity") == "helo",
        str(field.result),
        None if hint is None else hint[1],
    )


def _of_results(field: AuthenticationResults) -> Told | None:
    """Return what a field tells of SPF; None where it tells nothing of it."""
    if not field.spf:
        return None
    spf = next((each for each in field.spf if each.get("smtp.mailfrom") is not None), field.spf[0])
    sender = spf.get("smtp.mailfrom")
    helos = [each.get("smtp.helo") for each in field.spf]
    ip = spf.client_ip
    if ip is None:
        others = [method.get(name) for method in field.results if method.method == "iprev" for name in _IPREV]
        ip = next((as_address(each) for each in others if each), None)
    hint = _sender_in_comment(spf.comment or "")
    return Told(
        field.authserv_id,
        ip,
        sender,
        next((helo for helo in helos if helo), None),
        sender is None and any(helos),
        result_of(spf.result),
        None if hint is None else hint[1],
    )


def _hops(fields: Fields, receiver: str | None) -> list[_Hop]:
    """Return the Received fields, the topmost first; where a receiver is named, its own."""
    found = []
    for name, value in fields:
        hop = _hop(value[:_MAX_FIELD]) if name == "received" else None
        if hop is not None and (receiver is None or is_same_or_under(hop.by, receiver)):
            found.append(hop)
    return found


def _hop(value: str) -> _Hop | None:
    """Return what a Received field tells of the client; None where it tells no address."""
    by = _BY.search(value)
    if by is None or not by[1].isprintable():
        return None
    start = value[: by.start()]
    heard = _SAID.sub(" ", start)
    addresses = _BRACKETED.findall(heard) or _IN_PARENTHESES.findall(heard)
    ip = as_address(addresses[-1]) if addresses else None
    if ip is None:
        return None
    said = _HELO.search(start)
    first = _FIRST_WORD.match(start)
    helo = (said[1] or said[2]) if said is not None else first[1] if first is not None else ""
    return _Hop(ip, helo, by[1])


def _one(fields: Fields, name: str) -> str | None:
    """Return the first field of a name; None where there is none."""
    return next((value.strip() for field, value in fields if field == name), None)


def _header_from(fields: Fields) -> str | None:
    """Return the domain of From (RFC 5322 §3.6.2), of several addresses the last; None where there is none."""
    text = _one(fields, "from") or ""
    if len(text) > _MAX_FIELD:
        return None
    text = _COMMENT.sub(" ", text)
    _, at, domain = text.rpartition("<")[2].partition(">")[0].strip().rpartition("@")
    try:
        return domain_of(domain) if at else None
    except Unusable:
        return None
