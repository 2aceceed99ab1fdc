r"""Route 53's record sets in JSON, as `aws route53 list-resource-record-sets` writes them, and its change batches.

Values are in presentation format with octal escapes (`\052` is "*"), TXT values in quotes. An alias has no value: where
what it leads to is not in the file, its questions fail, since "no records" would claim something. So do those of
several sets of one name and type, of which Route 53 answers with one or the other.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.rrsets import (
    CNAME,
    Content,
    Records,
    RRset,
    cannot_use,
    read_name,
    read_rrset,
    read_ttl,
    read_type,
)
from spfengine.resolvers.zone_files.aliases import alias, followed, unanswered
from spfengine.resolvers.zone_files.presentation import OCTAL, read_name_text, read_quoted
from spfengine.visible import visible, visible_name

KEYS = ("ResourceRecordSets", "Changes", "ChangeBatch")
"""One of these is a key of the document."""

_STRINGS = ("TXT", "SPF")
_NAMES = (CNAME, "PTR")


def read_document(document: Mapping[str, Any] | list[Any]) -> Content:
    """Return the names and RRsets of a document of Route 53: record sets, a change batch, or a list of record sets.

    Raises:
        ZoneError: something in it can't be used; the message says where, and what was expected.
    """
    where, sets = _record_sets(document)
    found: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
    names: dict[str, str] = {}
    for place, each in sets:
        at = f"{where}[{place}]"
        name, type = _owner(at, each)
        names.setdefault(fold(name), name)
        found.setdefault((fold(name), type), []).append((at, each))
    rrsets = {key: _rrset(names[key[0]], key[1], each) for key, each in found.items()}
    aliases = {key: _target(*each[0]) for key, each in found.items() if _is_alias(each)}
    return tuple(names.values()), followed(rrsets, aliases)


def _record_sets(document: Mapping[str, Any] | list[Any]) -> tuple[str, list[tuple[int, Any]]]:
    """Return where the record sets stand, and each with its place."""
    if isinstance(document, list):
        return "record set ", list(enumerate(document))
    if "ResourceRecordSets" in document:
        sets = _list("ResourceRecordSets", document["ResourceRecordSets"])
        return "ResourceRecordSets", list(enumerate(sets))
    batch = document.get("ChangeBatch", document)
    if not isinstance(batch, Mapping):
        raise cannot_use("ChangeBatch", batch, "an object with the key Changes")
    changes = list(enumerate(_list("Changes", batch.get("Changes"))))
    for place, change in changes:
        if not isinstance(change, Mapping) or change.get("Action") not in ("UPSERT", "CREATE", "DELETE"):
            raise cannot_use(f"Changes[{place}]", change, "an object with an Action (UPSERT, CREATE or DELETE)")
    kept = [(place, change.get("ResourceRecordSet")) for place, change in changes if change["Action"] != "DELETE"]
    return "Changes", kept


def _owner(at: str, each: object) -> tuple[str, str]:
    if not isinstance(each, Mapping):
        raise cannot_use(at, each, "a record set: an object with Name, Type and ResourceRecords")
    name = each.get("Name")
    if not isinstance(name, str):
        raise cannot_use(f"{at}: Name", name, "a domain name")
    return _name(f"{at}: Name", name), read_type(each.get("Type"), at)


def _rrset(name: str, type: str, sets: list[tuple[str, Mapping[str, Any]]]) -> RRset:
    at, first = sets[0]
    identified = [each for _, each in sets if "SetIdentifier" in each]
    if len(sets) > 1 and len(identified) < len(sets):
        told = f"{sets[1][0]}: {visible_name(name)} {type} stands twice; expected one record set"
        raise ZoneError(f"{told}, or a SetIdentifier in each")
    if len(sets) > 1 and not all(each.get("MultiValueAnswer") is True for each in identified):
        told = f"{len(sets)} record sets by weight, place or health: which one is answered is not known"
        return unanswered(name, type, told)
    if any("AliasTarget" in each for _, each in sets):
        return alias(name, type, _target(at, first))
    values: list[Any] = []
    for place, each in sets:
        values += [_value(place, type, record) for record in _list(place, each.get("ResourceRecords"))]
    try:
        ttl = read_ttl(first.get("TTL"))
        single = values[0] if type == CNAME and len(values) == 1 else values
        return read_rrset(name, type, single, ttl)
    except ZoneError as error:
        raise ZoneError(f"{at}: {error}") from None


def _value(at: str, type: str, record: object) -> Records:
    value = record.get("Value") if isinstance(record, Mapping) else None
    if not isinstance(value, str):
        raise cannot_use(f"{at}: ResourceRecords", record, 'objects {"Value": text}')
    if type in _STRINGS:
        return _reading(at, value, lambda text: read_quoted(text, OCTAL))
    if type in _NAMES:
        return _octets(_name(at, value))
    if type == "MX":
        preference, _, exchange = value.strip().partition(" ")
        if not (preference.isascii() and preference.isdecimal() and len(preference) < 6):
            raise cannot_use(f"{at}: MX", value, "a preference and a name, such as 10 mx.example.com.")
        return int(preference), _octets(_name(at, exchange.strip()))
    return value


def _is_alias(sets: list[tuple[str, Mapping[str, Any]]]) -> bool:
    return len(sets) == 1 and "AliasTarget" in sets[0][1]


def _target(at: str, each: Mapping[str, Any]) -> str:
    target = each.get("AliasTarget")
    name = target.get("DNSName") if isinstance(target, Mapping) else None
    if not isinstance(name, str):
        raise cannot_use(f"{at}: AliasTarget", target, "an object with DNSName, a domain name")
    return _name(f"{at}: DNSName", name)


def _name(at: str, text: str) -> str:
    name: str = _reading(at, text, lambda name: read_name(read_name_text(name, OCTAL), at))
    return name


def _octets(name: str) -> bytes:
    return name.encode("latin-1") or b"."


def _reading(at: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ZoneError:
        raise
    except ValueError as error:
        raise cannot_use(at, text, f"Route 53's own form ({visible(str(error), 120)})") from None


def _list(at: str, value: object) -> Iterable[Any]:
    if not isinstance(value, list):
        raise cannot_use(at, value, "a list")
    return value
