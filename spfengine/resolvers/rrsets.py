"""RRsets: the content of a zone, and how the mapping that a caller writes becomes RRsets.

In that mapping a record is str or bytes; several records are a list; one TXT record of several strings is a tuple; a
Status in place of records makes that question fail; the type "*" stands for every type that the name does not list.
A name in bytes is taken octet for octet. A name in str that is not ASCII is taken as U-labels (RFC 8616).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from reprlib import repr as short
from typing import Any, Final, NamedTuple, cast

from spfengine.addresses import read_ip4, read_ip6
from spfengine.answers import Answer, RRType, Status
from spfengine.errors import ZoneError
from spfengine.names import MAX_LABEL, MAX_NAME, fold, to_a_labels
from spfengine.visible import visible, visible_name

Records = Any
"""What may stand in place of records: str, bytes, an ipaddress object, a tuple, a list of those, or a Status."""

ZoneMapping = Mapping[Any, Mapping[str, Records]]  # names are Text; Any, since a Mapping is invariant in its keys
"""A zone as a caller writes it: name → type → records."""

ANY_TYPE: Final = "*"
CNAME: Final = "CNAME"
PROXIED: Final = "proxied"
"""The note of addresses that DNS does not answer with: in their place it has those of a proxy."""
_TYPE_NAME = r"[A-Za-z][A-Za-z0-9-]{0,31}"
_PREFERENCES = 1 << 16


class RRset(NamedTuple):
    """All records of one name and type.

    Attributes:
        name: the owner as it was written, without final dot; "*" is its first label if it is a wildcard.
        type: "TXT", "A", "AAAA", "MX", "PTR", "CNAME"; "*" for every type that the name does not list (then `status`
            says how each fails); or any other type ("SPF", "SOA", …), which is kept, but never answered.
        records: TXT, SPF and other types: tuples of the strings of each record; A and AAAA: int; MX: (preference,
            exchange); PTR and CNAME: names. Empty where there are none.
        ttl: seconds, or None where that is not known.
        status: NOERROR, or how questions for this RRset fail.
        note: what its file says besides: `PROXIED`; or why questions for it fail, in words.
    """

    name: str
    type: str
    records: tuple[Any, ...] = ()
    ttl: int | None = None
    status: Status = Status.NOERROR
    note: str | None = None

    def answer(self, type: RRType) -> Answer:
        """Return this RRset as the answer to a question of `type`."""
        if self.status is Status.NXDOMAIN:
            return Answer.nxdomain(self.ttl)
        if self.status is not Status.NOERROR:
            return Answer.failed(self.status)
        if type is RRType.TXT:
            return Answer.txt(*self.records, ttl=self.ttl) if self.records else Answer.nodata(self.ttl)
        return Answer(Status.NOERROR, type, self.records, self.ttl) if self.records else Answer.nodata(self.ttl)


Content = tuple[tuple[str, ...], tuple[RRset, ...]]
"""Names and RRsets, as `Zone.from_rrsets` takes them."""


def read_name(name: object, what: str) -> str:
    """Return a name that a caller wrote, without final dot, each octet as one character; "." is the root, "".

    Raises:
        ZoneError: it is no domain name. The message starts with `what`.
    """
    if isinstance(name, bytes):
        text = name.decode("latin-1")
    elif isinstance(name, str):
        converted = to_a_labels(name)
        if converted is None:
            raise cannot_use(what, name, "a name that IDNA2008 allows (or bytes, which are taken octet for octet)")
        text = converted
    else:
        raise cannot_use(what, name, "a domain name as str or bytes")
    if text == ".":
        return ""
    text = text.removesuffix(".")
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
    """Return what a caller wrote in place of the records of `name` and `type` as an RRset. Raises ZoneError."""
    where = f"{visible_name(name) or '.'} {type}"
    if isinstance(records, Status):
        if type == CNAME:
            raise cannot_use(where, records, 'a name (to make every question for the name fail, use "*")')
        return RRset(name, type, (), ttl, records)
    if type == ANY_TYPE:
        raise cannot_use(where, records, "a Status")
    each: Sequence[object] = records if isinstance(records, list) else (records,)
    read = _READERS.get(type, _read_strings)
    found = tuple(read(record, where) for record in each)
    if type == CNAME and len(found) != 1:
        raise cannot_use(where, records, "exactly one name")
    return RRset(name, type, found, ttl)


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
    return pair[0], read_name(pair[1], where)


def _read_target(record: object, where: str) -> str:
    return read_name(record, where)


_READERS: dict[str, Callable[[object, str], Any]] = {
    "A": _read_a,
    "AAAA": _read_aaaa,
    "MX": _read_mx,
    "PTR": _read_target,
    CNAME: _read_target,
}


def read_mapping(records: ZoneMapping, ttl: int | None) -> tuple[tuple[str, ...], tuple[RRset, ...]]:
    """Return the names and RRsets of the mapping that a caller wrote. Raises ZoneError."""
    if not isinstance(records, Mapping):
        raise ZoneError(f"a zone is a mapping of name → type → records, not {visible(type(records).__name__)}")
    names: dict[str, str] = {}
    rrsets: dict[tuple[str, str], RRset] = {}
    for written, by_type in cast("Mapping[object, object]", records).items():
        name = read_name(written, "name")
        names.setdefault(fold(name), name)
        shown = visible_name(name) or "."
        if not isinstance(by_type, Mapping):
            raise cannot_use(shown, by_type, 'a mapping of type → records, such as {"TXT": "v=spf1 -all"}')
        for written_type, found in by_type.items():
            kind = read_type(written_type, shown)
            if (fold(name), kind) in rrsets:
                raise ZoneError(f"{shown} {kind} stands twice (names and types compare without case); join the records")
            rrsets[fold(name), kind] = read_rrset(name, kind, found, ttl)
    return tuple(names.values()), tuple(rrsets.values())


def cannot_use(what: str, value: object, expected: str) -> ZoneError:
    """Return the error that `value`, found at `what`, is not what was expected there."""
    shown = value if isinstance(value, str | bytes) else short(value) if isinstance(value, list | dict) else repr(value)
    return ZoneError(f"{what}: '{visible(shown, 60)}' can't be used; expected {expected}")
