"""The fake server's messages: queries read from octets, Answers written as replies (RFC 1035 §4, RFC 6891).

Replies are written with dnslib. Queries are read here, since dnslib refuses labels that are not UTF-8, and a question
must be known by its octets to be repeated exactly.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import dnslib  # type: ignore[import-untyped]  # dnslib ships no types

from spfengine.answers import Answer, RRType, Status
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
"""The types that a resolver of ours can be asked for, by number."""
FAILURES = {
    Status.FORMERR: 1,
    Status.SERVFAIL: 2,
    Status.REFUSED: 5,
}
"""The failures that a reply can name, and its code for them."""
NOTIMP = 4
_MNEMONICS = {2: "NS", CNAME: "CNAME", _SOA: "SOA", 33: "SRV", 43: "DS", 65: "HTTPS", 99: "SPF", ANY: "ANY"}


class Asked(NamedTuple):
    """A query, read.

    Attributes:
        id, flags: as in its header.
        name: the name in question, each octet as one character.
        number: the number of the record type.
        rrclass: the number of the class.
        labels: the name's labels.
        room: octets of the largest UDP reply that the client takes.
        edns: whether the query has an OPT record.
    """

    id: int
    flags: int
    name: str
    number: int
    rrclass: int
    labels: tuple[bytes, ...]
    room: int
    edns: bool

    @property
    def type(self) -> str:
        """The record type as people write it; `TYPE12345` where it has no name here."""
        rrtype = TYPES.get(self.number)
        return rrtype.value if rrtype else _MNEMONICS.get(self.number, f"TYPE{self.number}")


def read_query(wire: bytes) -> Asked | None:
    """Return the query that these octets are, or None where they are none that can be read."""
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
        room = _payload(wire, at + 5, answers + authorities + additionals)
        name = from_labels(labels)
        edns = room is not None
        return Asked(number, flags, name, rrtype, rrclass, tuple(labels), max(512, room or 0), edns)
    except IndexError:
        return None


def _payload(wire: bytes, at: int, records: int) -> int | None:
    """Return the size in the OPT record among the records that begin here, or None where there is none."""
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
    """Return the 16-bit numbers that stand here."""
    if at + 2 * numbers > len(wire):
        raise IndexError
    return tuple(int.from_bytes(wire[at + 2 * i : at + 2 * i + 2], "big") for i in range(numbers))


def opcode(asked: Asked) -> int:
    """Return what kind of request this is; 0 is a query."""
    return (asked.flags & _OPCODE) >> 11


def write_reply(asked: Asked, answer: Answer, default_ttl: int, more: Sequence[Answer] = ()) -> bytes:
    """Return the whole reply that says this Answer, as a recursive server would; `more` has other types' records.

    LOOP becomes CNAME records in a circle. TRUNCATED and TIMEOUT have no such reply: see `write_truncated`. What is
    larger than 64 KiB is truncated, over TCP too.

    Raises:
        ValueError: no message can hold it; dnslib also has errors of its own for that.
    """
    if answer.status in FAILURES:
        return write_code(asked, FAILURES[answer.status])
    ttl = default_ttl if answer.ttl is None else answer.ttl
    records = _alias_records(asked, answer, ttl)
    owner = records[-1].rdata.label if records else dnslib.DNSLabel(asked.labels)
    authority = []
    is_alias = bool(records) and asked.number in (CNAME, ANY)
    if not is_alias:
        for each in (answer, *more):
            own_ttl = default_ttl if each.ttl is None else each.ttl
            records += [_record(owner, each.type, value, own_ttl) for value in _values(each)]
    if not answer.records and answer.status is not Status.LOOP and not is_alias:
        authority = [_soa(ttl)]
    code = 3 if answer.status is Status.NXDOMAIN else 0
    wire = _message(asked, code, records, authority)
    return wire if len(wire) <= _LARGEST else write_truncated(asked)


def write_code(asked: Asked, code: int) -> bytes:
    """Return a reply that has nothing but a response code."""
    return _message(asked, code, [], [])


def write_truncated(asked: Asked) -> bytes:
    """Return a reply that has nothing but the TC flag."""
    return _message(asked, 0, [], [], _TC)


def write_formerr(wire: bytes) -> bytes | None:
    """Return the reply to octets that are no readable query; None where they deserve none."""
    if len(wire) < 12 or wire[2] & 0x80:
        return None
    flags = int.from_bytes(wire[2:4], "big") & _COPIED | _QR | _RA | FAILURES[Status.FORMERR]
    return wire[:2] + flags.to_bytes(2, "big") + bytes(8)


def fit_udp(asked: Asked, reply: bytes) -> bytes:
    """Return the reply, or one that says it is truncated where it has no room in a datagram."""
    return reply if len(reply) <= min(asked.room, _OWN_UDP_LIMIT) else write_truncated(asked)


class _Offsets(dict[Any, int]):
    """Where names stand in a message; those out of a compression pointer's reach are forgotten (dnslib: wrong)."""

    def __setitem__(self, name: Any, offset: int) -> None:
        if offset < _POINTER_REACH:
            super().__setitem__(name, offset)


def _message(asked: Asked, code: int, answers: list[Any], authority: list[Any], flags: int = 0) -> bytes:
    additional = [dnslib.EDNS0(udp_len=_OWN_UDP_LIMIT)] if asked.edns else []
    bits = asked.flags & _COPIED | _QR | _RA | code | flags
    sections = (answers, authority, additional)
    buffer = dnslib.DNSBuffer()
    buffer.names = _Offsets()
    dnslib.DNSHeader(asked.id, bits, 1, *map(len, sections)).pack(buffer)
    dnslib.DNSQuestion(dnslib.DNSLabel(asked.labels), asked.number, asked.rrclass).pack(buffer)
    for section in sections:
        for record in section:
            record.pack(buffer)
    return bytes(buffer.data)


def _alias_records(asked: Asked, answer: Answer, ttl: int) -> list[Any]:
    """Return the CNAME records that lead from the name in question to where the answer stands."""
    chain = list(answer.chain)
    if answer.status is Status.LOOP and (
        not chain or fold(chain[-1]) not in {fold(asked.name), *map(fold, chain[:-1])}
    ):
        chain.append(asked.name)
    owners = [dnslib.DNSLabel(asked.labels), *map(_label, chain)]
    records = [_rr(owner, CNAME, ttl, dnslib.CNAME(target)) for owner, target in pairwise(owners)]
    return records[:1] if asked.number in (CNAME, ANY) else records


def _values(answer: Answer) -> Sequence[Any]:
    if answer.type is RRType.TXT:
        return answer.strings or [(text,) for text in answer.records]
    return answer.records


def _record(owner: Any, rrtype: RRType | None, value: Any, ttl: int) -> Any:
    if rrtype is RRType.TXT:
        data = dnslib.TXT([part[at : at + 255] for part in value for at in range(0, len(part) or 1, 255)])
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
    """Return a root zone's SOA record, which says how long the negative answer may be kept (RFC 2308 §5)."""
    names = [_label("fake-dns.invalid"), _label("nobody.invalid")]
    return _rr(dnslib.DNSLabel([]), _SOA, ttl, dnslib.SOA(*names, times=(1, 3600, 600, 86400, ttl)))


def _label(name: str) -> Any:
    if name and not is_askable(name):
        raise ValueError(f"no message can hold the name {visible_name(name)}")
    return dnslib.DNSLabel(to_labels(name))
