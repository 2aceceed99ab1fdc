"""Questions and Answers: all that evaluation knows of DNS, and the protocol of resolvers.

A DNS status is data. NXDOMAIN, no records, a timeout and SERVFAIL are Answers with a status, never exceptions.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

from spfengine.addresses import V4, V6, Family, Table, address_text, build_table, network_range, read_ip4, read_ip6
from spfengine.errors import ArgumentError
from spfengine.frozen import Frozen, fill
from spfengine.names import fold
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


class RRType(StrEnum):
    """The types of DNS record that SPF queries (RFC 7208 §5). Type SPF is never queried (RFC 7208 §3.1)."""

    TXT = "TXT"
    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"


class Status(StrEnum):
    """How DNS answered. NOERROR and NXDOMAIN are answers; every other status is a failure and gives temperror."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    FORMERR = "FORMERR"
    TIMEOUT = "TIMEOUT"
    TRUNCATED = "TRUNCATED"
    LOOP = "LOOP"
    """The CNAME records of the name form a loop, or a chain of too many names."""
    UNKNOWN = "UNKNOWN"
    """Nobody was asked: the name is outside the zones in the files given (see `Zone`)."""


_NOERROR = Status.NOERROR
_NXDOMAIN = Status.NXDOMAIN

Text = str | bytes
TextRecord = Text | tuple[Text, ...]
"""A TXT record: one string, or a tuple of its strings."""


class Question(NamedTuple):
    """A DNS question.

    Attributes:
        name: the name, without its final dot, each octet as one character.
        type: the type of record wanted.
    """

    name: str
    type: RRType

    def __repr__(self) -> str:
        return short_repr(self, self._fields)

    @property
    def key(self) -> "Question":
        """This question with its name in lower case: what answers are known by, since names have no case (RFC 4343)."""
        if self.name.islower():  # most names are
            return self
        folded = fold(self.name)
        return self if folded == self.name else Question(folded, self.type)


class Answer(Frozen):
    """The answer to a Question. Make one with `txt`, `a`, `aaaa`, `mx`, `ptr`, `nxdomain`, `nodata` or `failed`.

    Attributes:
        status: how DNS answered.
        type: the type of the records; None if there are none.
        records: the records in the order of the answer. TXT: bytes, with the strings joined; A and AAAA: int; MX:
            (preference, exchange), where the exchange of a null MX is ""; PTR: names. Names are as DNS gave them,
            without the final dot.
        ttl: seconds for which the answer may be cached, or None if that is not known.
        chain: the targets of the CNAME records that were followed, first to last; empty if there were none.
        strings: for TXT, the strings of each record as they were in DNS; otherwise empty.
        memo: what evaluation has derived from these records, kept as long as the answer. Not part of its value.
    """

    __slots__ = ("chain", "memo", "records", "status", "strings", "ttl", "type")
    fields: ClassVar[tuple[str, ...]] = ("status", "type", "records", "ttl", "chain", "strings")
    status: Status
    type: RRType | None
    records: tuple[Any, ...]
    ttl: int | None
    chain: tuple[str, ...]
    strings: tuple[tuple[bytes, ...], ...]
    memo: dict[Any, Any]

    def __init__(
        self,
        status: Status,
        type: RRType | None = None,
        records: tuple[Any, ...] = (),
        ttl: int | None = None,
        chain: Iterable[str] = (),
        strings: tuple[tuple[bytes, ...], ...] = (),
    ) -> None:
        fill(self, "status", status)
        fill(self, "type", type)
        fill(self, "records", records)
        fill(self, "ttl", ttl)
        fill(self, "chain", tuple(chain))
        fill(self, "strings", strings)
        fill(self, "memo", {})

    @classmethod
    def txt(cls, *records: TextRecord, ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """An answer of TXT records; a tuple is one record of several strings (RFC 7208 §3.3). Text is encoded as UTF-8.

        Raises:
            ArgumentError: a text has surrogates that represent no octet.
        """
        strings = tuple(
            tuple(_octets(part) for part in record) if isinstance(record, tuple) else (_octets(record),)
            for record in records
        )
        return cls(_NOERROR, RRType.TXT, tuple(b"".join(parts) for parts in strings), ttl, chain, strings)

    @classmethod
    def a(cls, *addresses: "str | IPv4Address", ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """An answer of A records. Raises ArgumentError if an address is not an IPv4 address."""
        return cls(_NOERROR, RRType.A, tuple(_ip4(address) for address in addresses), ttl, chain)

    @classmethod
    def aaaa(cls, *addresses: "str | IPv6Address", ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """An answer of AAAA records. Raises ArgumentError if an address is not an IPv6 address."""
        return cls(_NOERROR, RRType.AAAA, tuple(_ip6(address) for address in addresses), ttl, chain)

    @classmethod
    def mx(cls, *records: tuple[int, str], ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """An answer of MX records, each (preference, exchange)."""
        return cls(_NOERROR, RRType.MX, tuple(_exchange(record) for record in records), ttl, chain)

    @classmethod
    def ptr(cls, *names: str, ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """An answer of PTR records."""
        return cls(_NOERROR, RRType.PTR, tuple(_undotted(name) for name in names), ttl, chain)

    @classmethod
    def nxdomain(cls, ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """The answer that the name does not exist."""
        return cls(_NXDOMAIN, None, (), ttl, chain)

    @classmethod
    def nodata(cls, ttl: int | None = None, chain: Iterable[str] = ()) -> Self:
        """The answer that the name exists, but has no records of this type."""
        return cls(_NOERROR, None, (), ttl, chain)

    @classmethod
    def failed(cls, status: Status, chain: Iterable[str] = ()) -> Self:
        """A failure: there is no answer. Raises ArgumentError for NOERROR and NXDOMAIN, which are not failures."""
        if status in (_NOERROR, _NXDOMAIN):
            raise ArgumentError(f"{status} is an answer, not a failure; use Answer.nodata() or Answer.nxdomain()")
        return cls(Status(status), None, (), None, chain)

    @property
    def is_void(self) -> bool:
        """Whether this is a void lookup: NXDOMAIN, or an answer without records (RFC 7208 §4.6.4)."""
        return not self.records and (self.status is _NOERROR or self.status is _NXDOMAIN)

    @property
    def is_failure(self) -> bool:
        """Whether there is no answer, so that the result is temperror (RFC 7208 §2.6.6)."""
        return self.status is not _NOERROR and self.status is not _NXDOMAIN

    @property
    def is_unknown(self) -> bool:
        """Whether nobody was asked, so that not even a failure of DNS is known."""
        return self.status is Status.UNKNOWN

    def table(self, family: Family, prefix: int) -> Table[bool]:
        """Return the networks of `prefix` bits around the addresses of an A or AAAA answer, as a table."""
        try:
            found: Table[bool] = self.memo[prefix]
        except KeyError:
            ranges = [(*network_range(family, address, prefix), True) for address in self.records]
            found = self.memo[prefix] = build_table(ranges)
        return found

    def texts(self) -> list[str]:
        """Return the records in presentation format, escaped for printing."""
        if self.type is RRType.A:
            return [address_text(V4, address) for address in self.records]
        if self.type is RRType.AAAA:
            return [address_text(V6, address) for address in self.records]
        if self.type is RRType.MX:
            return [f"{preference} {visible_name(exchange) or '.'}" for preference, exchange in self.records]
        if self.type is RRType.PTR:
            return [visible_name(name) for name in self.records]
        return [visible(record) for record in self.records]


MAX_STRING = 255
"""Octets of one string of a TXT record (RFC 1035 §3.3)."""


def is_spf_octets(octets: bytes) -> bool:
    """Whether a TXT record is an SPF record, decided on its octets, before anything is decoded (RFC 7208 §4.5)."""
    return octets[:6].lower() == b"v=spf1" and (len(octets) == 6 or octets[6] == 0x20)


def spf_texts(answer: Answer) -> list[bytes]:
    """Return the SPF records of a TXT answer."""
    return [octets for octets in answer.records if is_spf_octets(octets)]


@runtime_checkable
class Resolver(Protocol):
    """An object that answers Questions.

    Failures are returned as Answers. Exceptions raised here reach the caller of `check`.
    """

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer to `question`."""
        ...


@runtime_checkable
class AsyncResolver(Protocol):
    """The asyncio form of a Resolver. A class may implement both."""

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer to `question`."""
        ...


def _octets(text: Text) -> bytes:
    try:
        return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ArgumentError(f"text that UTF-8 can't encode: {visible(text, 60)!r}") from None


def _undotted(name: object) -> str:
    if not isinstance(name, str) or not (name.isascii() or max(name) <= "\xff"):
        shown = visible(name if isinstance(name, str) else repr(name), 60)
        raise ArgumentError(f"not a domain name: {shown!r}; expected text of its octets, each as one character")
    return name.removesuffix(".")


def _exchange(record: object) -> tuple[int, str]:
    if not isinstance(record, tuple) or len(record) != 2 or not isinstance(record[0], int):
        raise ArgumentError(f"not an MX record: {visible(repr(record), 60)}; expected (preference, exchange)")
    return record[0], _undotted(record[1])


def _ip4(address: object) -> int:
    value = read_ip4(address)
    if value is None:
        raise ArgumentError(f"not an IPv4 address: {visible(str(address), 60)!r}")
    return value


def _ip6(address: object) -> int:
    value = read_ip6(address)
    if value is None:
        raise ArgumentError(f"not an IPv6 address: {visible(str(address), 60)!r}")
    return value
