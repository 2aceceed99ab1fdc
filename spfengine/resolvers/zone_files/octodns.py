r"""octoDNS's YAML of a zone: name relative to the zone → a record, or a list of records, each with type and value(s).

The zone is the file's name (`example.com.yaml`), or that of the folder in which octoDNS splits a zone (`example.com.`).
In a TXT value a semicolon is written `\;`. What DNS answers is not in the file for an ALIAS, for a type of a provider's
own (`Route53Provider/ALIAS`), for URLFWD, for records that differ by place or health (`geo`, `dynamic`), and for those
that octoDNS is to leave alone (`ignored`): their questions fail.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from spfengine.answers import MAX_STRING
from spfengine.errors import ZoneError
from spfengine.names import domain_fault, fold, to_labels
from spfengine.resolvers.rrsets import (
    ANY_TYPE,
    CNAME,
    DNAME,
    PROXIED,
    Content,
    Records,
    RRset,
    cannot_use,
    read_listed_name,
    read_name,
    read_rrset,
    read_ttl,
    read_type,
)
from spfengine.resolvers.zone_files.aliases import ADDRESSES, Key, alias, resolve_aliases, unanswered
from spfengine.resolvers.zone_files.presentation import labels_text, read_name_text, unescaped
from spfengine.resolvers.zone_files.yaml_files import Node, keep_text, pairs, repeated, value_of
from spfengine.visible import visible, visible_name

_STRINGS = ("TXT", "SPF")
_NAMES = (CNAME, "PTR")
_READ = ("A", "AAAA", "MX", *_STRINGS, *_NAMES)
_SELECTIONS = {"dynamic", "geo"}
_FORWARDS = ("ALIAS", "URLFWD")  # for which a provider answers with addresses, although the type is octoDNS's
_OF_A_PROVIDER = re.compile(r"[A-Za-z0-9_.-]{1,64}/[A-Za-z0-9_.-]{1,64}")  # Route53Provider/ALIAS
_CODE = "LUA"  # PowerDNS: whatever type and answer the code makes


def is_octodns(root: Node) -> bool:
    """Whether a document is octoDNS's: its records have the key "type"."""
    for _, value in pairs(root):
        record = value.value[0] if value.id == "sequence" and value.value else value
        if value_of(record, "type") is not None:
            return True
    return False


def prepare(root: Node) -> None:
    """Make text of what octoDNS takes for text, though YAML would not.

    Raises:
        ZoneError: a key is no text, or occurs twice, so that the YAML reader would silently keep the last.
    """
    for line, key in repeated(root):
        raise ZoneError(f"line {line}: the key {visible(key, 60)!r} occurs twice; join the records")
    for _, value in pairs(root):
        for record in value.value if value.id == "sequence" else [value]:
            for key in ("type", "value", "values"):
                each = value_of(record, key)
                for text in each.value if each is not None and each.id == "sequence" else [each]:
                    if text is not None and text.id == "scalar":
                        keep_text(text)


def zone_of(path: str) -> str:
    """Return the zone that a file is named after, or the folder that octoDNS made for it.

    Raises:
        ZoneError: neither is a domain name.
    """
    *folders, file_name = re.split(r"[/\\]", path)
    folder = folders[-1] if folders else ""
    name = folder if folder.endswith(".") else file_name.rpartition(".")[0].removeprefix("$")
    name = name.removesuffix(".")
    if domain_fault(name) is not None:
        raise ZoneError(
            f"{visible(path, 80)}: octoDNS's names are relative to the zone, which is the name of the file; "
            f"expected a file name such as example.com.yaml, or --zone example.com={visible(path, 80)}"
        )
    return name


def read_document(document: Mapping[Any, Any], zone: str) -> Content:
    """Return what `read_documents` returns, for one document."""
    return read_documents([document], zone)


def read_documents(documents: Iterable[Mapping[Any, Any]], zone: str) -> Content:
    """Return the names and RRsets of a zone's documents; its apex is the zone.

    Raises:
        ZoneError: something in them can't be used; the message says where, and what was expected.
    """
    origin = read_name(zone, "zone")
    names: dict[str, str] = {}
    rrsets: dict[Key, RRset] = {}
    aliases: dict[Key, str] = {}
    for relative, value in (item for document in documents for item in document.items()):
        name = _absolute(relative, origin)
        names.setdefault(fold(name), name)
        for record in value if isinstance(value, list) else [value]:
            for rrset in _rrsets(name, record, aliases):
                key = fold(name), rrset.type
                if rrsets.setdefault(key, rrset) != rrset:
                    raise ZoneError(f"{visible_name(name)} {rrset.type} is listed twice; join the values")
    return tuple(names.values()), resolve_aliases(rrsets, aliases), (origin,)


def _absolute(relative: object, origin: str) -> str:
    """Return the name for a key: nothing is the zone itself; a number is the text that octoDNS makes of it."""
    if relative is None or relative == "":
        return origin
    if not isinstance(relative, str | int | float):
        raise cannot_use("name", relative, "text relative to the zone")
    text = str(relative)
    try:
        name = read_listed_name(read_name_text(text), "name")
    except ZoneError:
        raise
    except ValueError as error:
        raise cannot_use("name", relative, f"a name relative to the zone ({error})") from None
    return read_listed_name(f"{name}.{origin}".encode("latin-1"), "name")


def _rrsets(name: str, record: object, aliases: dict[Key, str]) -> Iterator[RRset]:
    """Yield the RRsets of a record, and add the targets of an ALIAS to `aliases`."""
    printable = visible_name(name)
    if not isinstance(record, Mapping) or "type" not in record:
        raise cannot_use(printable, record, "a record: a mapping with type and value or values")
    written = record["type"]
    if isinstance(written, str) and _OF_A_PROVIDER.fullmatch(written):
        yield from _of_a_provider(name, written, record)
        return
    type = read_type(written, printable)
    where = f"{printable} {type}"
    ttl = _ttl(record)
    selection = _SELECTIONS & record.keys()
    if _is_ignored(record):
        yield from _unknown(name, type, "octoDNS ignores it, so what DNS has is not in the file", ttl)
    elif type == "ALIAS":
        target = read_listed_name(_one(where, record), where)
        for aliased in ADDRESSES:
            aliases[fold(name), aliased] = target
            yield alias(name, aliased, target, ttl)
    elif type in _FORWARDS:
        yield from _unknown(name, type, f"{type}: a provider's addresses, which the file does not have", ttl)
    elif selection:
        why = f"{min(selection)} records: DNS returns one of them, which one is not known"
        yield from _unknown(name, type, why, ttl)
    elif type == "NS":
        yield RRset(name, type, (), ttl)  # who has the other zone does not matter
    elif type == DNAME:
        target = read_listed_name(_one(where, record), where)
        yield RRset(name, type, ((labels_text(to_labels(target)).encode("ascii"),),), ttl)
    elif type in _READ:  # SPF asks for no other type; that the name exists is known by now
        values = [_value(where, type, value) for value in _values(where, record)]
        rrset = read_rrset(name, type, values[0] if type == CNAME and len(values) == 1 else values, ttl)
        yield _with_note(rrset, record)


def _of_a_provider(name: str, type: str, record: Mapping[Any, Any]) -> Iterator[RRset]:
    """Yield that what DNS answers for a type of a provider's own is not known."""
    why = f"{visible(type, 60)}: what the provider makes of it is not in the file"
    ttl = _ttl(record)
    if type.rpartition("/")[2].upper() != _CODE:
        yield from _unknown(name, "ALIAS", why, ttl)
        return
    values = record.get("values", record.get("value"))
    types = {value.get("type") for value in values if isinstance(value, Mapping)} if isinstance(values, list) else set()
    for made in sorted({each for each in types if isinstance(each, str)} & {*_READ, "ALIAS"}) or [ANY_TYPE]:
        yield from _unknown(name, made, why, ttl)


def _unknown(name: str, type: str, why: str, ttl: int | None) -> Iterator[RRset]:
    """Yield that what DNS answers for a type is not known; for a CNAME record, that no type's answer is."""
    if type in _FORWARDS:
        yield from (unanswered(name, each, why, ttl) for each in ADDRESSES)
    else:
        yield unanswered(name, ANY_TYPE if type == CNAME else type, why, ttl)


def _is_ignored(record: Mapping[Any, Any]) -> bool:
    extra = record.get("octodns")
    return isinstance(extra, Mapping) and extra.get("ignored") is True


def _ttl(record: Mapping[Any, Any]) -> int | None:
    """Return the TTL, of which octoDNS makes a number itself."""
    ttl: Any = record.get("ttl")
    is_number = isinstance(ttl, str) and ttl.isascii() and ttl.isdigit() and len(ttl) < 11
    if is_number or (isinstance(ttl, float) and ttl.is_integer()):
        ttl = int(ttl)
    return read_ttl(ttl)


def _one(where: str, record: Mapping[Any, Any]) -> Any:
    values = _values(where, record)
    if len(values) != 1:
        raise cannot_use(where, values, "one value")
    return values[0]


def _values(where: str, record: Mapping[Any, Any]) -> list[Any]:
    """Return the values: of the key values, or else value, of which either may be a list, as for octoDNS."""
    values = record.get("values", record.get("value"))
    if values is None:
        raise ZoneError(f"{where}: expected value or values")
    return values if isinstance(values, list) else [values]


def _value(where: str, type: str, value: object) -> Records:
    if type == "MX" and not isinstance(value, str):
        if not isinstance(value, Mapping):
            raise cannot_use(where, value, "a mapping with preference and exchange")
        preference = value.get("preference", value.get("priority"))
        if isinstance(preference, str) and preference.isascii() and preference.isdigit() and len(preference) < 6:
            preference = int(preference)
        return preference, value.get("exchange", value.get("value"))
    if not isinstance(value, str):
        raise cannot_use(where, value, "text")
    return _strings(where, value) if type in _STRINGS else value


def _strings(where: str, value: str) -> tuple[bytes, ...]:
    """Return the strings that octoDNS publishes for a TXT value: it splits a long one itself."""
    octets = _octets(where, value)
    return tuple([octets[at : at + MAX_STRING] for at in range(0, max(len(octets), 1), MAX_STRING)])


def _octets(where: str, value: str) -> bytes:
    r"""Return the text of a TXT value without the quotes around it and between its strings, as octoDNS does.

    A backslash that begins no escape stays, as octoDNS hands it on; `\;` is a semicolon.
    """
    if value[:1] == '"':
        value = value[1:-1]
    value = value.replace('" "', "")
    try:
        octets = value.encode("utf-8").decode("latin-1")
    except UnicodeError as error:  # surrogates are not octets
        raise cannot_use(where, value, f"text ({visible(str(error), 80)})") from None
    try:
        text = unescaped(octets)
    except ValueError:
        text = octets.replace(r"\;", ";")
    return text.encode("latin-1")


def _with_note(rrset: RRset, record: Mapping[Any, Any]) -> RRset:
    """Return an RRset with the note PROXIED, if octodns-cloudflare publishes addresses of a proxy instead."""
    extra = record.get("octodns")
    provider = extra.get("cloudflare") if isinstance(extra, Mapping) else None
    is_proxied = isinstance(provider, Mapping) and provider.get("proxied") is True
    return replace(rrset, note=PROXIED) if is_proxied else rrset
