"""DNS messages of a stub resolver: queries are written, and replies are read (RFC 1035 §4, RFC 6891 §6.1).

dnspython reads the octets and names, with all its checks. Its own messages (`dns.message`) are not used: to write and
read one took longer than everything else that a check does for a question.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import randbits
from typing import Any, NamedTuple

import dns.exception
import dns.wire

from spfengine.answers import RRType
from spfengine.names import from_labels, is_askable, to_labels
from spfengine.resolvers.message_size import after_name

EDNS_SIZE = 1232
"""Octets of the largest UDP reply that is asked for, which never needs fragments."""
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
"""Response codes."""
CNAME, NS, SOA = 5, 2, 6
_OPT = 41
NUMBERS = {RRType.A: 1, RRType.PTR: 12, RRType.MX: 15, RRType.TXT: 16, RRType.AAAA: 28}
"""The numbers of the types that are asked for."""

AA, RA = 0x0400, 0x0080
"""Flags of a reply: its server has the name in its own zones, or also looks up names outside them."""
_QR, _OPCODE, _TC, _RD = 0x8000, 0x7800, 0x0200, 0x0100
_IN = 1
_HEADER = struct.Struct("!HHHHHH")
_NO_RECORDS = bytes(6)
_ROOT_OPT = b"\0" + struct.Struct("!HHIH").pack(_OPT, EDNS_SIZE, 0, 0)
_NAME_ASKED_FOR = b"\xc0\x0c"  # a pointer to the name in the question
_NO_QUESTION = bytes(2)  # the count of questions; then the pointer leads to the owner of the first record
_MAY_LACK_THE_QUESTION = frozenset({FORMERR, SERVFAIL, NOTIMP, REFUSED})

Labels = tuple[bytes, ...]
"""The labels of a name, without the empty one of the root."""


def fold_labels(labels: Labels) -> Labels:
    """Return the labels with their ASCII letters in lower case, by which names are compared (RFC 4343)."""
    return tuple([label.lower() for label in labels])


@dataclass(frozen=True, slots=True)
class Query:
    """A query.

    Attributes:
        id: its number; a reply has the same.
        type: the type that is asked for.
        folded: the labels of the name that is asked for, in lower case.
        wire: its octets.
    """

    id: int
    type: RRType
    folded: Labels
    wire: bytes

    @property
    def end(self) -> int:
        """The offset at which the question of this query ends."""
        return len(self.wire) - (len(_ROOT_OPT) if self.wire[11] else 0)

    def repeats_question(self, wire: bytes) -> bool:
        """Whether the question of this query is the first one in these octets of a message."""
        end = self.end
        question, repeated = self.wire[12:end], wire[12:end]
        # Neither a length nor a number has an octet that `lower` changes.
        return repeated == question or repeated.lower() == question.lower()


def labels_to_ask(name: str) -> Labels | None:
    """Return the labels of a name, or None if no query can be made of it."""
    if name and not is_askable(name):
        return None
    try:
        return tuple(to_labels(name))
    except UnicodeEncodeError:
        return None


def write_query(labels: Labels, type: RRType, *, edns: bool = True) -> Query:
    """Return a query with a number that nobody can guess."""
    number = randbits(16)
    name = b"".join([bytes([len(label)]) + label for label in labels]) + b"\0"
    head = _HEADER.pack(number, _RD, 1, 0, 0, edns)
    question = name + NUMBERS[type].to_bytes(2, "big") + b"\0\1"
    return Query(number, type, fold_labels(labels), head + question + (_ROOT_OPT if edns else b""))


class Record(NamedTuple):
    """A record of a reply.

    Attributes:
        owner: the labels of its name, in lower case.
        type: the number of its type.
        ttl: seconds.
        data: CNAME: the labels of the target; SOA: the minimum; NS: None; otherwise as `Answer.records` has it, but of
            a TXT record the tuple of its strings.
    """

    owner: Labels
    type: int
    ttl: int
    data: Any


@dataclass(slots=True)
class Message:
    """A reply.

    Attributes:
        flags: the flags of its header.
        rcode: the response code, with the part of it that is in an OPT record.
        edns: whether there is an OPT record.
        answer: records of the type that was asked for, and CNAME records.
        authority: NS and SOA records.
        has_answers: whether there is a record of any kind in the answer section.
    """

    flags: int
    rcode: int
    edns: bool = False
    answer: list[Record] = field(default_factory=list)
    authority: list[Record] = field(default_factory=list)
    has_answers: bool = False

    @property
    def is_truncated(self) -> bool:
        """Whether `answer` and `authority` may be incomplete."""
        return self.flags & _TC != 0


def read_reply(wire: bytes, query: Query) -> Message | None:
    """Return the reply that these octets are, or None if they can't be read, or are no reply to this query.

    What is not used is not looked into: the additional section, but for its OPT record, and data of other types.
    """
    try:
        number, flags, questions, *counts = _HEADER.unpack_from(wire)
    except struct.error:
        return None
    if number != query.id or flags & (_QR | _OPCODE) != _QR:
        return None
    message = Message(flags, flags & 15)
    try:
        if questions and (questions != 1 or not query.repeats_question(wire)):
            return None
        _read_sections(dns.wire.Parser(wire, query.end if questions else 12), query, message, counts)
    except Exception:  # noqa: BLE001 - whatever hostile octets raise in dnspython: they are not a reply
        if not message.is_truncated:
            return None
    return message if questions or message.rcode in _MAY_LACK_THE_QUESTION else None


def _read_sections(parser: dns.wire.Parser, query: Query, message: Message, counts: list[int]) -> None:
    in_answer, in_authority, in_additional = counts
    message.has_answers = in_answer > 0
    wanted = NUMBERS[query.type]
    for _ in range(in_answer):
        record = _read_record(parser, query, (wanted, CNAME))
        if record is not None:
            message.answer.append(record)
    for _ in range(in_authority):
        record = _read_record(parser, query, (NS, SOA))
        if record is not None:
            message.authority.append(record)
    for _ in range(in_additional):
        _skip_name(parser)
        rrtype, _size, extended, length = parser.get_struct("!HHIH")
        parser.get_bytes(length)
        if rrtype == _OPT:
            message.edns = True
            message.rcode |= extended >> 20 & 0xFF0


def _read_record(parser: dns.wire.Parser, query: Query, wanted: tuple[int, int]) -> Record | None:
    """Return the next record, or None if its type is none of these."""
    at = parser.current
    if parser.wire[at : at + 2] == _NAME_ASKED_FOR and parser.wire[4:6] != _NO_QUESTION:
        parser.get_bytes(2)
        owner = query.folded
    else:
        owner = fold_labels(_labels(parser))
    rrtype, rrclass, ttl, length = parser.get_struct("!HHIH")
    if rrtype not in wanted or rrclass != _IN:
        parser.get_bytes(length)
        return None
    with parser.restrict_to(length):
        return Record(owner, rrtype, 0 if ttl >> 31 else ttl, _READERS[rrtype](parser))  # RFC 2181 §8


def _labels(parser: dns.wire.Parser) -> Labels:
    return parser.get_name(decompress=True).labels[:-1]


def _skip_name(parser: dns.wire.Parser) -> None:
    """Go past a name that is not needed, without following its pointer."""
    parser.get_bytes(after_name(parser.wire, parser.current) - parser.current)


def _name(parser: dns.wire.Parser) -> str:
    return from_labels(_labels(parser))


def _strings(parser: dns.wire.Parser) -> tuple[bytes, ...]:
    strings = []
    while parser.remaining():
        strings.append(parser.get_counted_bytes())
    if not strings:  # a TXT record has at least one (RFC 1035 §3.3.14)
        raise dns.exception.FormError
    return tuple(strings)


def _unread(parser: dns.wire.Parser) -> None:
    parser.get_remaining()


def _minimum(parser: dns.wire.Parser) -> int:
    _skip_name(parser)
    _skip_name(parser)
    minimum: int = parser.get_struct("!IIIII")[4]
    return 0 if minimum >> 31 else minimum  # RFC 2181 §8


_READERS: dict[int, Callable[[dns.wire.Parser], Any]] = {
    NUMBERS[RRType.A]: lambda parser: int.from_bytes(parser.get_bytes(4), "big"),
    NUMBERS[RRType.AAAA]: lambda parser: int.from_bytes(parser.get_bytes(16), "big"),
    NUMBERS[RRType.MX]: lambda parser: (parser.get_uint16(), _name(parser)),
    NUMBERS[RRType.PTR]: _name,
    NUMBERS[RRType.TXT]: _strings,
    CNAME: _labels,
    NS: _unread,
    SOA: _minimum,
}
