"""A received message: the client, the sender and the result that its receiver wrote into it.

Anybody can write header fields into a message before it is sent, but servers add theirs above those (RFC 5321 §4.4). So
of the fields about SPF only the topmost is trusted, or the topmost one that names the receiver that the caller trusts,
and with it the other fields that the same writer added at the same time. A receiver that follows RFC 8601 §5 removes
fields that claim to be its own.

The client is the one that this writer saw. Its address is in the writer's Received-SPF, in its Authentication-Results,
or in the Received field that the same host added; every other Received field is about another client.

This is as far as a message can be trusted: if a receiver writes no such field, a forged one may be the topmost. Callers
that know the name of the receiver should pass it.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from spfengine.errors import HeaderError
from spfengine.evidence.claims import (
    AUTHENTICATION_RESULTS,
    RECEIVED_SPF,
    ClientClaim,
    DMARCClaim,
    SPFClaim,
    claim_in,
    dmarc_claim_in,
)
from spfengine.evidence.hops import (
    DOCUMENTS,
    MAX_FIELD,
    Hop,
    hop_at_the_border,
    hop_of_writer,
    hops_of,
    is_inside_microsoft,
    is_internal,
    is_redacted,
    is_same_site,
)
from spfengine.evidence.mime import Fields
from spfengine.evidence.report_rows import evaluated
from spfengine.evidence.values import UnusableError, domain_of, helo_of, make_sender, null_sender, sender_of
from spfengine.names import fold, is_same_or_under
from spfengine.senders import Sender

NO_NAME = "a receiver that gives no name"
_NULL = ("", "<>")
_COMMENT = re.compile(r"\([^()]*\)")
_NO_ADDRESS = "no trusted header field has the address of the client"
_NO_CLIENT = "the receiver's header fields about SPF don't have the address of the client"
_SUBMITTED = "it was sent by an authenticated user of the server, so SPF is not about it"
_SENT_INSIDE = "the first header field about SPF is that of the sender's own server, which names no client"
_INSIDE = "the first header field about SPF is about a server inside the receiver's site"
_CONTRADICTION = "the first header field about SPF names a client other than the Received field next to it"
_REDACTED = "the client's address {} is one for documentation ({}), so the real one has been removed"


def sender_of_message(fields: Fields, receiver: str | None) -> tuple[Sender, str]:
    """Return the sender of a message, and the name of the receiver that says so.

    Args:
        fields: its header fields.
        receiver: the name of the receiver that is trusted, or a domain above it; None: the topmost.

    Raises:
        UnusableError: the message does not name the sender, or only in a field that can't be trusted.
    """
    hops = hops_of(fields)
    if receiver is not None:
        hops = [hop for hop in hops if is_same_or_under(hop.by, receiver)]
    trusted = _Trusted.by_fields(fields, receiver, hops)
    if trusted.claims:
        hop = trusted.hop_of_writer(hops)
    else:
        hop = hop_at_the_border(hops, _domain(one(fields, "return-path")))
    header_from = header_from_of(fields)
    ip = trusted.client(hop, header_from)
    claims = [claim for claim in trusted.claims if claim.ip in (ip, None)]  # a claim about another client may be forged
    hops = [other for other in hops if other.ip == ip]
    helos = [claim.helo for claim in claims]
    if hop is not None and claims and hop.at < trusted.first:
        helos.insert(1, hop.helo)  # surer than what the message's own writer may have put below it
    helo = _first_readable(helo_of, [*helos, *[other.helo for other in hops]])
    address, reported = _address(fields, claims, hops, helo)
    dmarc_spf, dmarc_dkim = _aligned(trusted.dmarc_claims(fields, receiver), address, reported, header_from)
    sender = make_sender(ip, address, helo, 1, None, reported, header_from, dmarc_spf, dmarc_dkim)
    writer = _first([claim.writer for claim in claims] if claims else [hop.by for hop in hops])
    return sender, writer or receiver or NO_NAME


def _first(values: Iterable[str | None]) -> str | None:
    """Return the first value that is neither None nor empty; None if there is none."""
    return next((value for value in values if value), None)


def _first_readable(read: "Callable[[str], str | None]", values: Iterable[str | None]) -> str | None:
    """Return the first value that can be read; None if there is none."""
    for value in values:
        try:
            result = read(value) if value else None
        except UnusableError:
            continue
        if result:
            return result
    return None


@dataclass(frozen=True, slots=True)
class _Trusted:
    """What the trusted writer wrote.

    Attributes:
        claims: its claims about SPF, the topmost first; empty if no field can be trusted.
        first, last: the indexes of its first and last field.
        around: the indexes of the fields between the same two Received fields.
        clients: addresses that its fields have for other methods.
        unread: the first field about SPF that can't be read.
        skipped: why a field that can be read is not trusted.
    """

    claims: list[SPFClaim]
    first: int
    last: int
    around: range
    clients: list[str]
    unread: str | None
    skipped: str | None

    @classmethod
    def by_fields(cls, fields: Fields, receiver: str | None, hops: list[Hop]) -> "_Trusted":
        """Find the first field about SPF that can be trusted, and the others of its writer."""
        read: list[tuple[int, SPFClaim | ClientClaim]] = []
        unread = None
        for at, (name, value) in enumerate(fields):
            if name in (AUTHENTICATION_RESULTS, RECEIVED_SPF):
                try:
                    claim = claim_in(name, value)
                except HeaderError:
                    unread = unread or value
                    continue
                if claim is not None and _is_by(claim, receiver):
                    read.append((at, claim))
        skipped = None
        for at, claim in read:
            if not isinstance(claim, SPFClaim):
                continue
            why = _why_not(claim, at, hops)
            if why is None:
                return cls._of_writer(claim, at, read, fields, unread, named=receiver is not None)
            skipped = skipped or why
        return cls([], 0, 0, range(0), [], unread, skipped)

    @classmethod
    def _of_writer(
        cls, believed: SPFClaim, at: int, read: "list[tuple[int, SPFClaim | ClientClaim]]", fields: Fields,
        unread: str | None, *, named: bool,
    ) -> "_Trusted":  # fmt: skip
        """Return what the writer of a claim wrote between the same two Received fields."""
        start = max((index for index in range(at) if fields[index][0] == "received"), default=-1)
        end = next((index for index in range(at, len(fields)) if fields[index][0] == "received"), len(fields))
        writer = believed.writer
        claims = []
        clients = []
        last = at
        for index, claim in read:
            if not start < index < end or not (named or _is_also_by(claim.writer, writer)):
                continue
            if isinstance(claim, ClientClaim):
                clients.append(claim.ip)
            elif index >= at:
                claims.append(claim)
                writer = writer or claim.writer
                last = index
        return cls(claims, at, last, range(start + 1, end), clients, unread, None)

    def hop_of_writer(self, hops: list[Hop]) -> Hop | None:
        """Return the Received field of the host that wrote the claims."""
        writers: list[str | None] = [claim.writer for claim in self.claims if claim.writer]
        sender = _first([_domain(claim.sender or claim.hint) for claim in self.claims])
        found = (hop_of_writer(hops, self.first, self.last, writer, sender) for writer in writers or [None])
        return next((hop for hop in found if hop is not None), None)

    def dmarc_claims(self, fields: Fields, receiver: str | None) -> list[DMARCClaim]:
        """Return what the writer says about DKIM and DMARC."""
        writer = _first([claim.writer for claim in self.claims])
        values = [fields[at][1] for at in self.around if fields[at][0] == AUTHENTICATION_RESULTS]
        found = [claim for claim in map(dmarc_claim_in, values) if claim is not None]
        return [claim for claim in found if _is_by(claim, receiver) and _is_also_by(claim.writer, writer)]

    def client(self, hop: Hop | None, header_from: str | None) -> str:
        """Return the client's address: of Received-SPF, of Authentication-Results, or of the writer's own Received.

        Raises:
            UnusableError: none of these names it.
        """
        by_name = sorted(self.claims, key=lambda claim: claim.name != RECEIVED_SPF)
        ips = [*[claim.ip for claim in by_name if self._is_sure(claim, hop)], *self.clients]
        if hop is not None and not any(ips) and hop.is_submission:
            raise UnusableError(_SUBMITTED)
        ips.append(None if hop is None else hop.ip)
        domains = [*[_domain(claim.sender or claim.hint) for claim in self.claims], header_from]
        given = [ip for ip in ips if ip is not None and not is_internal(ip)]
        real = [ip for ip in given if not is_redacted(ip, *domains)]
        if real:
            return real[0]
        if given:
            raise UnusableError(_REDACTED.format(given[0], DOCUMENTS))
        raise UnusableError(*self._what_is_missing())

    def _is_sure(self, claim: SPFClaim, hop: Hop | None) -> bool:
        """Whether a claim is by the writer that is trusted: it is the first one, or nobody else can have written it.

        Between a host's Received field and the next one below, the message's own writer may have put others.
        """
        if hop is None or claim is self.claims[0] or claim.ip == hop.ip:
            return True
        return claim.writer is not None and hop.at > self.last

    def _what_is_missing(self) -> tuple[str, str | None]:
        if self.claims:
            claim = self.claims[0]
            instead = _first([claim.unread_ip for claim in self.claims])
            if instead is not None:
                return "the receiver's header field about SPF has no address of the client in it, but this", instead
            who = claim.writer or "the receiver"
            return f"{_NO_CLIENT}, and no Received field of the same host does", who
        if self.unread is not None:
            return "a header field about SPF can't be read, and no other has the address of the client", self.unread
        if self.skipped is not None:
            return self.skipped, None
        return _NO_ADDRESS, None


def _domain(sender: str | None) -> str | None:
    """Return the domain of a sender; None if there is none, or it can't be read."""
    try:
        return domain_of(sender.strip('<>" ').rpartition("@")[2]) if sender else None
    except UnusableError:
        return None


def _is_by(claim: "SPFClaim | ClientClaim | DMARCClaim", receiver: str | None) -> bool:
    """Whether the receiver that the caller names wrote a field, or the caller names none."""
    if receiver is None:
        return True
    late = claim.late if isinstance(claim, SPFClaim) else None
    return any(name is not None and is_same_or_under(name, receiver) for name in (claim.writer, late))


def _is_also_by(writer: str | None, other: str | None) -> bool:
    """Whether fields next to each other are by one writer, as far as their names say; some give none."""
    return writer is None or other is None or fold(writer) == fold(other) or is_same_site(writer, other)


def _why_not(claim: SPFClaim, at: int, hops: list[Hop]) -> str | None:
    """Return why a claim is not trusted, though it is the first; None if it is."""
    if claim.is_about_no_client:
        return _SENT_INSIDE
    if claim.ip is not None and (is_internal(claim.ip) or is_inside_microsoft(claim.ip, _host(claim))):
        return _INSIDE
    above = next((hop for hop in reversed(hops) if hop.at < at), None)
    below = next((hop for hop in hops if hop.at > at), None)
    if above is not None:
        return _CONTRADICTION if _contradicts(claim, above, below) else None
    if below is None or below.is_inside or below.ip is None or claim.ip in (None, *[hop.ip for hop in hops]):
        return None
    return None if claim.writer is None or is_same_site(claim.writer, below.by) else _CONTRADICTION


def _host(claim: SPFClaim) -> str:
    """Return the name of the writer; of those that give none in Authentication-Results, that is Microsoft's."""
    return claim.writer or ("outlook.com" if claim.name == AUTHENTICATION_RESULTS else "")


def _contradicts(claim: SPFClaim, above: Hop, below: Hop | None) -> bool:
    """Whether the host that wrote the Received field above would have written another address in the claim."""
    if above.is_inside or above.ip is None or claim.ip in (None, above.ip):
        return False
    if claim.writer is not None:
        return fold(claim.writer) == fold(above.by)
    return below is None or not is_same_site(below.by, above.by)


def _address(
    fields: Fields, claims: list[SPFClaim], hops: list[Hop], helo: str | None
) -> tuple[str, str | None]:  # fmt: skip
    """Return the sender's address, and the result that was reported for it."""
    reported = next((claim.result for claim in claims if not claim.of_helo), None)
    given = [claim.sender for claim in claims if claim.sender is not None]
    hints = [claim.hint for claim in claims if not claim.of_helo]
    paths = _return_paths(fields, hops)
    if _is_null_sender(given, hints, paths):
        of_helo = next((claim.result for claim in claims if claim.of_helo), None)
        return null_sender(helo), of_helo or reported
    returned = _first_readable(sender_of, paths)
    claimed = _first_readable(sender_of, [*given, *hints])
    if claimed is not None:
        return _more_exact(claimed, returned), reported
    if returned is not None:
        return returned, reported
    unreadable = next((text for text in [*given, *paths] if text), None)
    if unreadable is not None:
        sender_of(unreadable)  # raises, and says why
    raise UnusableError("no trusted header field has the sender, and there is no Return-Path")


def _return_paths(fields: Fields, hops: list[Hop]) -> list[str]:
    """Return the address of Return-Path, and those that Received fields have."""
    paths = [value.strip() for name, value in fields if name == "return-path"][:1]
    return paths + [hop.envelope for hop in hops if hop.envelope is not None]


def _is_null_sender(given: list[str], hints: list[str | None], paths: list[str]) -> bool:
    """Whether MAIL FROM was `<>`: by the claims, or if these have no address, by Return-Path."""
    if given:
        return _is_null(given[0])
    return not any(hints) and bool(paths) and _is_null(paths[0])


def _aligned(
    claims: list[DMARCClaim], sender: str, reported: str | None, author: str | None
) -> tuple[str | None, str | None]:
    """Return whether the receiver found SPF, and DKIM, aligned with From, as in `Sender`; None if it does not say."""
    if not claims or author is None:
        return None, None
    dmarc = _first([claim.dmarc for claim in claims])
    if dmarc not in (None, "pass", "fail"):  # none, or Microsoft's bestguesspass: there is no DMARC record
        return None, None
    word = "fail" if dmarc == "fail" else None
    spf = evaluated(word, [] if reported is None else [(sender.rpartition("@")[2], reported)], author)
    dkim = evaluated(word, [result for claim in claims for result in claim.dkim], author)
    if dmarc != "pass" or "pass" in (spf, dkim):
        return spf, dkim
    if spf == dkim == "fail":  # DMARC passes by something else, such as the receiver's own list
        return None, None
    return ("pass" if dkim == "fail" else spf), ("pass" if spf == "fail" else dkim)


def _is_null(address: str) -> bool:
    return address.strip() in _NULL


def _more_exact(sender: str, returned: str | None) -> str:
    """Return the sender, or the Return-Path if that has the same domain and the local part too."""
    if sender[0] == "@" and returned is not None and returned.endswith(sender):
        return returned
    return sender


def one(fields: Fields, name: str) -> str | None:
    """Return the value of the first field with this name; None if there is none."""
    return next((value.strip() for field, value in fields if field == name), None)


def header_from_of(fields: Fields) -> str | None:
    """Return the domain of From (RFC 5322 §3.6.2), of several addresses the last; None if there is none."""
    return domain_of_from(one(fields, "from") or "")


def domain_of_from(text: str) -> str | None:
    """Return the domain of the last address in the text of a field From; None if there is none."""
    if len(text) > MAX_FIELD:
        return None
    text = _COMMENT.sub(" ", text)
    _, at, domain = text.rpartition("<")[2].partition(">")[0].strip().rpartition("@")
    try:
        return domain_of(domain) if at else None
    except UnusableError:
        return None
