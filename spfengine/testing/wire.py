"""The fake DNS server's messages: queries are parsed, Answers are written as replies (RFC 1035 §4, RFC 6891).

dnslib writes the replies. It does not read the queries, since it refuses labels that are not UTF-8, and a reply must
repeat the question octet by octet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any

import dnslib  # type: ignore[import-untyped]  # dnslib ships no types

from spfengine.answers import MAX_STRING, Answer, RRType, Status
from spfengine.names import fold, from_labels, is_askable, to_labels
from spfengine.visible import visible_name

_QR, _TC, _RD, _RA, _CD = 0x8000, 0x0200, 0x0100, 0x0080, 0x0010
_OPCODE = 0x7800
_COPIED = _OPCODE | _RD | _CD
CNAME = 5
ANY = 255
_SOA, _OPT, _TXT = 6, 41, 16
_IN = 1
_POINTER_REACH = 0x4000
_LARGEST = 65535
_OWN_UDP_LIMIT = 4096
_NUMBERS = {RRType.A: 1, RRType.PTR: 12, RRType.MX: 15, RRType.TXT: _TXT, RRType.AAAA: 28}
TYPES = {number: rrtype for rrtype, number in _NUMBERS.items()}
"""The types of `RRType`, by number."""
FAILURES = {
    Status.FORMERR: 1,
    Status.SERVFAIL: 2,
    Status.REFUSED: 5,
    Status.UNKNOWN: 5,  # as a server answers for names outside its zones
}
"""The failures that a response code can express, and that code."""
NOTIMP = 4
_MNEMONICS = {2: "NS", CNAME: "CNAME", _SOA: "SOA", 33: "SRV", 43: "DS", 65: "HTTPS", 99: "SPF", ANY: "ANY"}


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """A query message.

    Attributes:
        id, flags: as in its header.
        name: the name that is asked for, each octet as one character.
        number: the number of the record type.
        rrclass: the number of the class.
        labels: the name's labels.
        size_limit: octets of the largest UDP reply that the client accepts.
        edns: whether the query has an OPT record.
    """

    id: int
    flags: int
    name: str
    number: int
    rrclass: int
    labels: tuple[bytes, ...]
    size_limit: int
    edns: bool

    @property
    def type(self) -> str:
        """The record type as people write it; `TYPE12345` if it has no name here."""
        rrtype = TYPES.get(self.number)
        return rrtype.value if rrtype else _MNEMONICS.get(self.number, f"TYPE{self.number}")


def read_query(wire: bytes) -> ParsedQuery | None:
    """Parse a query; return None if it is malformed."""
    try:
        number, flags, questions, answers, authorities, additionals = (
            int.from_bytes(wire[at : at + 2], "big") for at in range(0, 12, 2)
        )
        if len(wire) < 12 or flags & _QR or questions != 1:
            return None
        labels = []
        at = 12
        while wire[at]:
            if wire[at] > 63:
                return None
            labels.append(wire[at + 1 : at + 1 + wire[at]])
            at += 1 + wire[at]
        rrtype, rrclass = _pair(wire, at + 1)
        if at - 12 > 254:
            return None
        payload = _payload(wire, at + 5, answers + authorities + additionals)
        name = from_labels(labels)
        edns = payload is not None
        return ParsedQuery(number, flags, name, rrtype, rrclass, tuple(labels), max(512, payload or 0), edns)
    except IndexError:
        return None


def _payload(wire: bytes, at: int, records: int) -> int | None:
    """Return the UDP payload size of the OPT record among the records at `at`; None if there is none."""
    for _ in range(records):
        while wire[at] and wire[at] < 0xC0:
            at += 1 + wire[at]
        at += 2 if wire[at] else 1
        rrtype, rrclass = _pair(wire, at)
        if rrtype == _OPT:
            return rrclass
        at += 10 + _pair(wire, at + 8, 1)[0]
    return None


def _pair(wire: bytes, at: int, numbers: int = 2) -> tuple[int, ...]:
    """Return the 16-bit numbers at `at`."""
    if at + 2 * numbers > len(wire):
        raise IndexError
    return tuple(int.from_bytes(wire[at + 2 * i : at + 2 * i + 2], "big") for i in range(numbers))


def opcode(query: ParsedQuery) -> int:
    """Return the kind of request; 0 is a query."""
    return (query.flags & _OPCODE) >> 11


def write_reply(query: ParsedQuery, answer: Answer, default_ttl: int, more: Sequence[Answer] = ()) -> bytes:
    """Return the whole reply that a recursive server would send for this Answer; `more` has other types' records.

    LOOP becomes CNAME records in a circle. TRUNCATED and TIMEOUT have no such reply: see `write_truncated`. A reply of
    more than 64 KiB is truncated, over TCP too.

    Raises:
        ValueError: no message can hold the Answer; dnslib also raises errors of its own for that.
    """
    if answer.status in FAILURES:
        return write_code(query, FAILURES[answer.status])
    ttl = _ttl(answer, default_ttl)
    records = _alias_records(query, answer, ttl)
    owner = records[-1].rdata.label if records else dnslib.DNSLabel(query.labels)
    authority = []
    is_alias = bool(records) and query.number in (CNAME, ANY)
    if not is_alias:
        records += [record for part in (answer, *more) for record in _data_records(owner, part, default_ttl)]
    if not answer.records and answer.status is not Status.LOOP and not is_alias:
        authority = [_soa(ttl)]
    code = 3 if answer.status is Status.NXDOMAIN else 0
    wire = _message(query, code, records, authority)
    return wire if len(wire) <= _LARGEST else write_truncated(query)


def write_code(query: ParsedQuery, code: int) -> bytes:
    """Return an empty reply with a response code."""
    return _message(query, code, [], [])


def write_truncated(query: ParsedQuery) -> bytes:
    """Return an empty reply with the flag TC."""
    return _message(query, 0, [], [], _TC)


def write_formerr(wire: bytes) -> bytes | None:
    """Return the reply to a malformed query; None if it is not even a header of a query."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    flags = int.from_bytes(wire[2:4], "big") & _COPIED | _QR | _RA | FAILURES[Status.FORMERR]
    return wire[:2] + flags.to_bytes(2, "big") + bytes(8)


def fit_udp(query: ParsedQuery, reply: bytes) -> bytes:
    """Return the reply, or a truncated one if it is too large for a datagram."""
    return reply if len(reply) <= min(query.size_limit, _OWN_UDP_LIMIT) else write_truncated(query)


class _Offsets(dict[Any, int]):
    """Offsets of names in a message, without those that no compression pointer can hold; dnslib would use them."""

    def __setitem__(self, name: Any, offset: int) -> None:
        if offset < _POINTER_REACH:
            super().__setitem__(name, offset)


def _message(query: ParsedQuery, code: int, answers: list[Any], authority: list[Any], flags: int = 0) -> bytes:
    additional = [dnslib.EDNS0(udp_len=_OWN_UDP_LIMIT)] if query.edns else []
    bits = query.flags & _COPIED | _QR | _RA | code | flags
    sections = (answers, authority, additional)
    buffer = dnslib.DNSBuffer()
    buffer.names = _Offsets()
    dnslib.DNSHeader(query.id, bits, 1, *map(len, sections)).pack(buffer)
    dnslib.DNSQuestion(dnslib.DNSLabel(query.labels), query.number, query.rrclass).pack(buffer)
    for section in sections:
        for record in section:
            record.pack(buffer)
    return bytes(buffer.data)


def _alias_records(query: ParsedQuery, answer: Answer, ttl: int) -> list[Any]:
    """Return the CNAME records from the name that is asked for to the name that has the answer."""
    chain = list(takewhile(_is_possible, answer.chain))
    if answer.status is Status.LOOP and (
        not chain or fold(chain[-1]) not in {fold(query.name), *map(fold, chain[:-1])}
    ):
        chain.append(query.name)
    owners = [dnslib.DNSLabel(query.labels), *map(_label, chain)]
    records = [_rr(owner, CNAME, ttl, dnslib.CNAME(target)) for owner, target in pairwise(owners)]
    return records[:1] if query.number in (CNAME, ANY) else records


def _ttl(answer: Answer, default: int) -> int:
    return default if answer.ttl is None else answer.ttl


def _data_records(owner: Any, answer: Answer, default_ttl: int) -> list[Any]:
    ttl = _ttl(answer, default_ttl)
    return [_record(owner, answer.type, value, ttl) for value in _values(answer)]


def _values(answer: Answer) -> Sequence[Any]:
    """Return the data of an answer's records, but of none with a name that no message can hold."""
    if answer.type is RRType.TXT:
        return answer.strings or [(text,) for text in answer.records]
    if answer.type is RRType.MX:
        return [record for record in answer.records if _is_possible(record[1])]
    if answer.type is RRType.PTR:
        return [name for name in answer.records if _is_possible(name)]
    return answer.records


def _is_possible(name: str) -> bool:
    return not name or is_askable(name)


def _record(owner: Any, rrtype: RRType | None, value: Any, ttl: int) -> Any:
    if rrtype is RRType.TXT:
        data = dnslib.TXT([part[at : at + MAX_STRING] for part in value for at in range(0, len(part) or 1, MAX_STRING)])
    elif rrtype is RRType.A:
        data = dnslib.A(tuple(value.to_bytes(4, "big")))
    elif rrtype is RRType.AAAA:
        data = dnslib.AAAA(tuple(value.to_bytes(16, "big")))
    elif rrtype is RRType.MX:
        data = dnslib.MX(_label(value[1]), value[0])
    else:
        data = dnslib.PTR(_label(value))
    return _rr(owner, _NUMBERS[rrtype or RRType.PTR], ttl, data)


def _rr(owner: Any, number: int, ttl: int, data: Any) -> Any:
    return dnslib.RR(owner, number, _IN, ttl, data)


def _soa(ttl: int) -> Any:
    """Return an SOA record of the root zone, which says how long a negative answer may be cached (RFC 2308 §5)."""
    names = [_label("fake-dns.invalid"), _label("nobody.invalid")]
    return _rr(dnslib.DNSLabel([]), _SOA, ttl, dnslib.SOA(*names, times=(1, 3600, 600, 86400, ttl)))


def _label(name: str) -> Any:
    if name and not is_askable(name):
        raise ValueError(f"no message can hold the name {visible_name(name)}")
    return dnslib.DNSLabel(to_labels(name))
