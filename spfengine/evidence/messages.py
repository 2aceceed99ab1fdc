"""A received message: the client, the sender and the result that its receiver wrote into it.

Anybody can write header fields into a message before it is sent, but servers add theirs above those (RFC 5321 §4.4). So
of the fields about SPF only the topmost is trusted, or the topmost one that names the receiver that the caller trusts.
A receiver that follows RFC 8601 §5 removes fields that claim to be its own.

This is as far as a message can be trusted: if a receiver writes no such field, a forged one may be the topmost. Callers
that know the name of the receiver should pass it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

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
# Text from the client itself, as Exim and qmail write it: addresses in it do not count.
_FROM_CLIENT = re.compile(r"\b(?:helo|ident)=[^\s)]*|\(HELO [^)]{0,300}\)", re.IGNORECASE)
_HELO = re.compile(r"\bhelo=([^\s)]+)|\(HELO ([^\s)]+)\)", re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]", re.IGNORECASE)
_IN_PARENTHESES = re.compile(r"\(([0-9A-Fa-f:.]{2,45})\)")
_FIRST_WORD = re.compile(r"\s*from\s+([^\s()]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")
_INTERNAL = [ip_network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "::/127", "fc00::/7", "fe80::/10",
)]  # fmt: skip


@dataclass(frozen=True, slots=True)
class SPFClaim:
    """What a header field says about an SPF check; None for what it does not say.

    Attributes:
        writer: the receiver that wrote it.
        ip: the client's address.
        sender: the sender as written; "" or "<>" is the null sender.
        helo: the HELO name.
        of_helo: whether the result is about HELO.
        result: the result.
        hint: a sender that is only in a comment.
    """

    writer: str | None
    ip: str | None
    sender: str | None
    helo: str | None
    of_helo: bool
    result: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class _Hop:
    """A Received field: the client, its HELO name, and the server."""

    ip: str
    helo: str
    by: str


def is_internal(ip: str) -> bool:
    """Whether an address is internal to a host or a site, so that no mail from the Internet comes from it."""
    address = ip_address(ip)
    return any(address in network for network in _INTERNAL if network.version == address.version)


def sender_of_message(fields: Fields, receiver: str | None) -> tuple[Sender, str]:
    """Return the sender of a message, and the name of the receiver that says so.

    Args:
        fields: its header fields.
        receiver: the name of the receiver that is trusted, or a domain above it; None: the topmost.

    Raises:
        Unusable: the message does not name the sender, or only in a field that can't be trusted.
    """
    claims = _claims(fields, receiver)
    hops = _hops(fields, receiver)
    ip = (claims[0].ip if claims else None) or _external_client(hops)
    claims = [claim for claim in claims if claim.ip in (ip, None)]  # a claim about another client may be forged
    hops = [hop for hop in hops if hop.ip == ip]
    helo = helo_of(_first([*[claim.helo for claim in claims], *[hop.helo for hop in hops]]))
    address, reported = _address(fields, claims, helo)
    sender = make_sender(ip, address, helo, reported=reported, header_from=_header_from(fields))
    writer = _first([claim.writer for claim in claims] if claims else [hop.by for hop in hops])
    return sender, writer or receiver or NO_NAME


def _first(values: Iterable[str | None]) -> str | None:
    """Return the first value that is neither None nor empty; None if there is none."""
    return next((value for value in values if value), None)


def _external_client(hops: list[_Hop]) -> str:
    """Return the address of the client that handed the message to this site."""
    ip = next((hop.ip for hop in hops if not is_internal(hop.ip)), None)
    if ip is None:
        raise Unusable("no trusted header field has the address of the client")
    return ip


def _address(fields: Fields, claims: list[SPFClaim], helo: str | None) -> tuple[str, str | None]:
    """Return the sender's address, and the result that was reported for it."""
    reported = claims[0].result if claims and not claims[0].of_helo else None
    given = next((claim.sender for claim in claims if claim.sender is not None), None)
    path = _one(fields, "return-path")
    if _is_null(path if given is None else given):
        of_helo = next((claim.result for claim in claims if claim.of_helo), None)
        return null_sender(helo), of_helo or reported
    returned = None if path is None or _is_null(path) else sender_of(path)
    if given is not None:
        return _more_exact(sender_of(given), returned), reported
    hint = _first([claim.hint for claim in claims])
    if returned is None and hint is None:
        raise Unusable("no trusted header field has the sender, and there is no Return-Path")
    return returned or sender_of(hint or ""), reported


def _is_null(address: str | None) -> bool:
    return address is not None and address.strip() in _NULL


def _more_exact(sender: str, returned: str | None) -> str:
    """Return the sender, or the Return-Path if that has the same domain and the local part too."""
    if sender[0] == "@" and returned is not None and returned.endswith(sender):
        return returned
    return sender


def _claims(fields: Fields, receiver: str | None) -> list[SPFClaim]:
    """Return the claims of the receiver's fields, the topmost first.

    Raises:
        Unusable: a field that would have to be trusted can't be read.
    """
    claims: list[SPFClaim] = []
    wanted = receiver
    for name, value in fields:
        if name == "received" and claims:
            break  # fields below were written by others, or can't be distinguished from theirs
        if name not in (_AUTHENTICATION_RESULTS, _RECEIVED_SPF):
            continue
        claim: SPFClaim | None
        try:
            if name == _RECEIVED_SPF:
                claim = _of_received_spf(parse_received_spf(value))
            else:
                field = parse_authentication_results(value)
                wanted = wanted or field.authserv_id
                claim = _of_results(field)
        except HeaderError:
            reason = "a header field about SPF can't be read, so those below it can't be trusted"
            raise Unusable(reason, value) from None
        if claim is not None and _is_by(claim.writer, wanted, named=receiver is not None):
            claims.append(claim)
    return claims


def _is_by(writer: str | None, wanted: str | None, *, named: bool) -> bool:
    """Whether the receiver that is trusted wrote a field; so does a field without a writer if none is `named`."""
    if wanted is None:
        return True
    if writer is None:
        return not named
    return is_same_or_under(writer, wanted) or (not named and is_same_or_under(wanted, writer))


def _of_received_spf(field: ReceivedSPF) -> SPFClaim:
    writer = field.keys.get("receiver", "")
    if not writer or not writer[0].isalnum():
        match = _writer_in_comment(field.comment or "")
        writer = match[1] if match is not None else ""
    hint = _sender_in_comment(field.comment or "")
    return SPFClaim(
        writer or None,
        field.client_ip,
        field.keys.get("envelope-from", field.keys.get("sender")),
        field.keys.get("helo"),
        field.keys.get("identity") == "helo",
        str(field.result),
        None if hint is None else hint[1],
    )


def _of_results(field: AuthenticationResults) -> SPFClaim | None:
    """Return what a field claims about SPF; None if nothing."""
    if not field.spf:
        return None
    spf = next((method for method in field.spf if method.get("smtp.mailfrom") is not None), field.spf[0])
    sender = spf.get("smtp.mailfrom")
    helos = [method.get("smtp.helo") for method in field.spf]
    hint = _sender_in_comment(spf.comment or "")
    return SPFClaim(
        field.authserv_id,
        spf.client_ip or _iprev(field),
        sender,
        _first(helos),
        sender is None and any(helos),
        result_of(spf.result),
        None if hint is None else hint[1],
    )


def _iprev(field: AuthenticationResults) -> str | None:
    """Return the address that the method iprev was run on; None if it was not."""
    address = _first([method.get(name) for method in field.results if method.method == "iprev" for name in _IPREV])
    return as_address(address) if address else None


def _hops(fields: Fields, receiver: str | None) -> list[_Hop]:
    """Return the Received fields, the topmost first; if a receiver is named, only its own."""
    hops = []
    for name, value in fields:
        hop = _hop(value[:_MAX_FIELD]) if name == "received" else None
        if hop is not None and (receiver is None or is_same_or_under(hop.by, receiver)):
            hops.append(hop)
    return hops


def _hop(value: str) -> _Hop | None:
    """Return a Received field's client; None if it has no address."""
    by = _BY.search(value)
    if by is None or not by[1].isprintable():
        return None
    start = value[: by.start()]
    seen = _FROM_CLIENT.sub(" ", start)
    addresses = _BRACKETED.findall(seen) or _IN_PARENTHESES.findall(seen)
    ip = as_address(addresses[-1]) if addresses else None
    if ip is None:
        return None
    given = _HELO.search(start)
    first = _FIRST_WORD.match(start)
    helo = (given[1] or given[2]) if given is not None else first[1] if first is not None else ""
    return _Hop(ip, helo, by[1])


def _one(fields: Fields, name: str) -> str | None:
    """Return the value of the first field with this name; None if there is none."""
    return next((value.strip() for field, value in fields if field == name), None)


def _header_from(fields: Fields) -> str | None:
    """Return the domain of From (RFC 5322 §3.6.2), of several addresses the last; None if there is none."""
    text = _one(fields, "from") or ""
    if len(text) > _MAX_FIELD:
        return None
    text = _COMMENT.sub(" ", text)
    _, at, domain = text.rpartition("<")[2].partition(">")[0].strip().rpartition("@")
    try:
        return domain_of(domain) if at else None
    except Unusable:
        return None
