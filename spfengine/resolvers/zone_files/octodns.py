r"""octoDNS's YAML of a zone: name relative to the zone → a record, or a list of records, each with type and value(s).

The zone is the file's name (`example.com.yaml`). In a TXT value a semicolon is written `\;`. What DNS answers for an
ALIAS, or for records that differ by place or health (`geo`, `dynamic`), is not in the file: its questions fail.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from spfengine.errors import ZoneError
from spfengine.names import domain_fault, fold
from spfengine.resolvers.rrsets import (
    CNAME,
    PROXIED,
    Content,
    Records,
    RRset,
    cannot_use,
    read_name,
    read_rrset,
    read_ttl,
    read_type,
)
from spfengine.resolvers.zone_files.aliases import Key, alias, resolve_aliases, unanswered
from spfengine.resolvers.zone_files.presentation import read_name_text, unescaped
from spfengine.visible import visible, visible_name

_STRINGS = ("TXT", "SPF")
_NAMES = (CNAME, "PTR")
_READ = ("A", "AAAA", "MX", *_STRINGS, *_NAMES)
_DELEGATING = ("NS", "DNAME")
_ALIASED = ("A", "AAAA")
_SELECTIONS = {"dynamic", "geo"}
_BETWEEN_STRINGS = re.compile(r'(?<!\\)"\s+"')


def is_octodns(document: object) -> bool:
    """Whether a document is octoDNS's: its records have the key "type"."""
    if not isinstance(document, Mapping):
        return False
    values = [value[0] if isinstance(value, list) and value else value for value in document.values()]
    return any(isinstance(value, Mapping) and "type" in value for value in values)


def zone_of(file_name: str) -> str:
    """Return the zone that a file is named after.

    Raises:
        ZoneError: the file's name is not a domain name.
    """
    name = re.split(r"[/\\]", file_name)[-1].rpartition(".")[0].removesuffix(".")
    if domain_fault(name) is not None:
        raise ZoneError(
            f"{visible(file_name, 80)}: octoDNS's names are relative to the zone, which is the name of the file; "
            "expected a file name such as example.com.yaml"
        )
    return name


def read_document(document: Mapping[Any, Any], zone: str) -> Content:
    """Return the names and RRsets of a zone's document; its apex is the zone.

    Raises:
        ZoneError: something in it can't be used; the message says where, and what was expected.
    """
    origin = read_name(zone, "zone")
    names: dict[str, str] = {}
    rrsets: dict[Key, RRset] = {}
    aliases: dict[Key, str] = {}
    for relative, value in document.items():
        name = _absolute(relative, origin)
        names.setdefault(fold(name), name)
        for record in value if isinstance(value, list) else [value]:
            for rrset in _rrsets(name, record, aliases):
                key = fold(name), rrset.type
                if key in rrsets:
                    raise ZoneError(f"{visible_name(name)} {rrset.type} is listed twice; join the values")
                rrsets[key] = rrset
    return tuple(names.values()), resolve_aliases(rrsets, aliases), (origin,)


def _absolute(relative: object, origin: str) -> str:
    if not isinstance(relative, str):
        raise cannot_use("name", relative, "text relative to the zone, in quotes where YAML takes it for a number")
    if not relative:
        return origin
    try:
        name = read_name(read_name_text(relative), "name")
    except ZoneError:
        raise
    except ValueError as error:
        raise cannot_use("name", relative, f"a name relative to the zone ({error})") from None
    return read_name(f"{name}.{origin}".encode("latin-1"), "name")


def _rrsets(name: str, record: object, aliases: dict[Key, str]) -> Iterator[RRset]:
    """Yield the RRsets of a record, and add the targets of an ALIAS to `aliases`."""
    printable = visible_name(name)
    if not isinstance(record, Mapping) or "type" not in record:
        raise cannot_use(printable, record, "a record: a mapping with type and value or values")
    type = read_type(record["type"], printable)
    where = f"{printable} {type}"
    ttl = read_ttl(record.get("ttl"))
    selection = _SELECTIONS & record.keys()
    if type == "ALIAS":
        target = read_name(_one(where, record), where)
        for aliased in _ALIASED:
            aliases[fold(name), aliased] = target
            yield alias(name, aliased, target, ttl)
    elif selection:
        yield unanswered(name, type, f"{min(selection)} records: DNS returns one of them, which one is not known", ttl)
    elif type in _DELEGATING:
        yield RRset(name, type, (), ttl)  # who has the other zone does not matter
    elif type in _READ:  # SPF asks for no other type; that the name exists is known by now
        values = [_value(where, type, value) for value in _values(where, record)]
        rrset = read_rrset(name, type, values[0] if type == CNAME and len(values) == 1 else values, ttl)
        yield _with_note(rrset, record)


def _one(where: str, record: Mapping[Any, Any]) -> Any:
    values = _values(where, record)
    if len(values) != 1:
        raise cannot_use(where, values, "one value")
    return values[0]


def _values(where: str, record: Mapping[Any, Any]) -> list[Any]:
    if ("value" in record) == ("values" in record):
        raise ZoneError(f"{where}: expected either value or values")
    values = record["values"] if "values" in record else [record["value"]]
    if not isinstance(values, list):
        raise cannot_use(f"{where}: values", values, "a list (or the key value, for one)")
    return values


def _value(where: str, type: str, value: object) -> Records:
    if type == "MX":
        if not isinstance(value, Mapping):
            raise cannot_use(where, value, "a mapping with preference and exchange")
        preference = value.get("preference", value.get("priority"))
        return preference, value.get("exchange", value.get("value"))
    if not isinstance(value, str):
        raise cannot_use(where, value, "text (in YAML, quote what would be a number, a date or a truth value)")
    if type not in _STRINGS:
        return value
    return _octets(where, value)


def _octets(where: str, value: str) -> bytes:
    """Return the text of a TXT value without the quotes around it and between its strings, as octoDNS does."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    value = _BETWEEN_STRINGS.sub("", value)
    try:
        return unescaped(value.encode("utf-8").decode("latin-1")).encode("latin-1")
    except ValueError as error:  # UnicodeEncodeError, too: surrogates are not octets
        raise cannot_use(where, value, f"text with escapes ({visible(str(error), 80)})") from None


def _with_note(rrset: RRset, record: Mapping[Any, Any]) -> RRset:
    """Return an RRset with the note PROXIED, if octodns-cloudflare publishes addresses of a proxy instead."""
    extra = record.get("octodns")
    provider = extra.get("cloudflare") if isinstance(extra, Mapping) else None
    is_proxied = isinstance(provider, Mapping) and provider.get("proxied") is True
    return replace(rrset, note=PROXIED) if is_proxied else rrset
