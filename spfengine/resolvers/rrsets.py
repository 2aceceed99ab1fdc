"""RRsets: the content of a zone, and the reader of the mapping in which callers write it.

In that mapping a record is str or bytes; several records are a list; a TXT record of several strings is a tuple; a
Status in place of records makes that question fail; the type "*" means every type that the name does not list.
A name in bytes is taken octet by octet. A name in str that is not ASCII consists of U-labels (RFC 8616).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any, Final, cast

from spfengine.addresses import read_ip4, read_ip6
from spfengine.answers import Answer, RRType, Status
from spfengine.errors import ZoneError
from spfengine.names import MAX_LABEL, MAX_NAME, fold, is_askable, octets, to_a_labels
from spfengine.visible import short_repr, value_text, visible, visible_name

Records = Any
"""Records of one name and type as callers write them: str, bytes, an ipaddress object, a tuple, a list, a Status."""

ZoneMapping = Mapping[Any, Mapping[str, Records]]  # names are Text; Any, since a Mapping is invariant in its keys
"""A zone as a caller writes it: name → type → records."""

ANY_TYPE: Final = "*"
CNAME: Final = "CNAME"
DNAME: Final = "DNAME"
PROXIED: Final = "proxied"
"""The note of addresses that DNS does not return, because a proxy's are returned instead."""
MAX_CHAIN: Final = 16
"""CNAME records that are followed for one question; one more is Status.LOOP."""
_TYPE_NAME = r"[A-Za-z][A-Za-z0-9-]{0,31}"
_PREFERENCES = 1 << 16


@dataclass(frozen=True, slots=True, repr=False)
class RRset:
    """All records of one name and type.

    Attributes:
        name: the owner as written, without the final dot; for a wildcard its first label is "*".
        type: "TXT", "A", "AAAA", "MX", "PTR", "CNAME"; "*" for every type that the name does not list (`status` then
            says how such questions fail); or any other type ("SPF", "SOA", …), which is kept, but never answered.
        records: TXT, SPF and other types: tuples of the strings of each record; A and AAAA: int; MX: (preference,
            exchange); PTR and CNAME: names. Empty if there are none.
        ttl: seconds, or None if not known.
        status: NOERROR, or how questions for this RRset fail.
        note: `PROXIED`, or why questions for it fail, in words; otherwise None.
    """

    name: str
    type: str
    records: tuple[Any, ...] = ()
    ttl: int | None = None
    status: Status = Status.NOERROR
    note: str | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("name", "type", "records", "ttl", "status", "note"))

    def answer(self, type: RRType) -> Answer:
        """Return this RRset as the answer to a question of `type`."""
        if self.status is Status.NXDOMAIN:
            return Answer.nxdomain(self.ttl)
        if self.status is not Status.NOERROR:
            return Answer.failed(self.status)
        if type is RRType.TXT:
            return Answer.txt(*self.records, ttl=self.ttl) if self.records else Answer.nodata(self.ttl)
        return Answer(Status.NOERROR, type, self.records, self.ttl) if self.records else Answer.nodata(self.ttl)


Content = tuple[tuple[str, ...], tuple[RRset, ...], tuple[str, ...]]
"""Names, RRsets and apexes, as `Zone.from_rrsets` takes them."""


def read_listed_name(name: object, what: str) -> str:
    """Return a name that a zone lists, without the final dot, each octet as one character; the root "." is "".

    DNS may not be able to have it (`is_possible`): suites list such names on purpose. No query for one can be sent, so
    it never answers.

    Raises:
        ZoneError: it is not text of a domain name. The message starts with `what`.
    """
    if isinstance(name, bytes):
        text = name.decode("latin-1")
    elif isinstance(name, str):
        converted = to_a_labels(name)
        if converted is None and max(map(len, name.split("."))) <= MAX_LABEL and len(name) <= MAX_NAME:
            raise cannot_use(what, name, "a name that IDNA2008 allows (or bytes, which are taken octet by octet)")
        text = octets(name) if converted is None else converted
    else:
        raise cannot_use(what, name, "a domain name as str or bytes")
    return text.removesuffix(".")


def is_possible(name: str) -> bool:
    """Return whether DNS can have a name: the root, or one that can be asked for."""
    return not name or is_askable(name)


def read_name(name: object, what: str) -> str:
    """Return a name that DNS can have, in the form that `read_listed_name` returns.

    Raises:
        ZoneError: it is not a domain name, or DNS can't have it. The message starts with `what`.
    """
    text = read_listed_name(name, what)
    if name in (".", b"."):
        return ""
    if not text or len(text) > MAX_NAME:
        raise cannot_use(what, name, f"a domain name of 1 to {MAX_NAME} octets")
    if not all(0 < len(label) <= MAX_LABEL for label in text.split(".")):
        raise cannot_use(what, name, f"a domain name whose labels have 1 to {MAX_LABEL} octets")
    return text


def read_type(type: object, where: str) -> str:
    """Return a record type that a caller wrote, in upper case. Raises ZoneError."""
    if type == ANY_TYPE:
        return ANY_TYPE
    if not isinstance(type, str) or not re.fullmatch(_TYPE_NAME, type):
        raise cannot_use(f"{where}: type", type, 'a record type such as "TXT", or "*" for every type')
    return str(type).upper()


def read_rrset(name: str, type: str, records: Records, ttl: int | None) -> RRset:
    """Return what a caller wrote as the records of `name` and `type` as an RRset. Raises ZoneError."""
    where = f"{visible_name(name) or '.'} {type}"
    if isinstance(records, Status):
        if type == CNAME:
            raise cannot_use(where, records, 'a name (to make every question for the name fail, use "*")')
        return RRset(name, type, (), ttl, records)
    if type == ANY_TYPE:
        raise cannot_use(where, records, "a Status")
    listed: Sequence[object] = records if isinstance(records, list) else (records,)
    read = _READERS.get(type, _read_strings)
    values = tuple(read(record, where) for record in listed)
    if type == CNAME and len(values) != 1:
        raise cannot_use(where, records, "exactly one name")
    return RRset(name, type, values, ttl)


def read_ttl(ttl: object) -> int | None:
    """Return a TTL that a caller gave. Raises ZoneError."""
    if ttl is None or (isinstance(ttl, int) and not isinstance(ttl, bool) and 0 <= ttl < 1 << 31):
        return ttl
    raise cannot_use("ttl", ttl, "seconds from 0 to 2147483647, or None")


def _read_strings(record: object, where: str) -> tuple[bytes, ...]:
    parts = record if isinstance(record, tuple) else (record,)
    strings = []
    for part in parts:
        if isinstance(part, bytes):
            strings.append(part)
        elif isinstance(part, str):
            try:
                strings.append(part.encode("utf-8", "surrogateescape"))
            except UnicodeEncodeError:
                raise cannot_use(where, part, "text that UTF-8 can hold, or bytes") from None
        else:
            raise cannot_use(where, record, "str or bytes, a tuple of the strings of one record, or a list of records")
    return tuple(strings) or (b"",)  # a TXT record has at least one string (RFC 1035 §3.3.14)


def _read_a(record: object, where: str) -> int:
    value = read_ip4(record)
    if value is None:
        raise cannot_use(where, record, "an IPv4 address such as 192.0.2.1, or a list of them")
    return value


def _read_aaaa(record: object, where: str) -> int:
    value = read_ip6(record)
    if value is None or getattr(record, "scope_id", None) is not None:
        raise cannot_use(where, record, "an IPv6 address such as 2001:db8::1, or a list of them")
    return value


def _read_mx(record: object, where: str) -> tuple[int, str]:
    if isinstance(record, str):
        text, _, exchange = record.strip().partition(" ")
        pair: tuple[object, ...] = (int(text) if text.isdecimal() and len(text) < 6 else text, exchange.strip())
    else:
        pair = record if isinstance(record, tuple) else ()
    if len(pair) != 2 or not isinstance(pair[0], int) or isinstance(pair[0], bool) or not 0 <= pair[0] < _PREFERENCES:
        raise cannot_use(where, record, '(preference, exchange) such as (10, "mx.example.com"), or a list of them')
    return pair[0], read_listed_name(pair[1], where)


def _read_target(record: object, where: str) -> str:
    return read_listed_name(record, where)


_READERS: dict[str, Callable[[object, str], Any]] = {
    "A": _read_a,
    "AAAA": _read_aaaa,
    "MX": _read_mx,
    "PTR": _read_target,
    CNAME: _read_target,
}


def read_mapping(records: ZoneMapping, ttl: int | None) -> tuple[tuple[str, ...], tuple[RRset, ...]]:
    """Return the names and RRsets of a mapping that a caller wrote. Raises ZoneError."""
    if not isinstance(records, Mapping):
        raise ZoneError(f"a zone is a mapping of name → type → records, not {visible(type(records).__name__)}")
    names: dict[str, str] = {}
    rrsets: dict[tuple[str, str], RRset] = {}
    for written, by_type in cast("Mapping[object, object]", records).items():
        name = read_listed_name(written, "name")
        names.setdefault(fold(name), name)
        printable = visible_name(name) or "."
        if not isinstance(by_type, Mapping):
            raise cannot_use(printable, by_type, 'a mapping of type → records, such as {"TXT": "v=spf1 -all"}')
        for written_type, written_records in by_type.items():
            rrtype = read_type(written_type, printable)
            if (fold(name), rrtype) in rrsets:
                raise ZoneError(
                    f"{printable} {rrtype} is listed twice (names and types compare without case); join the records"
                )
            rrsets[fold(name), rrtype] = read_rrset(name, rrtype, written_records, ttl)
    return tuple(names.values()), tuple(rrsets.values())


def cannot_use(what: str, value: object, expected: str) -> ZoneError:
    """Return the error that `value`, read at `what`, is not what was expected there."""
    if isinstance(value, list | dict):
        value = short(value)
    text = value if isinstance(value, str | bytes) else value_text(value)
    return ZoneError(f"{what}: '{visible(text, 60)}' can't be used; expected {expected}")
