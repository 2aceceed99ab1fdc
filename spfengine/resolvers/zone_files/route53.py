r"""Route 53's record sets in JSON, as `aws route53 list-resource-record-sets` writes them, and its change batches.

Values are in presentation format with octal escapes (`\052` is "*"), TXT values in quotes. An alias has no value: if
its target is not in the file, its questions fail, since "no records" would claim something. So do those of several sets
of one name and type, of which Route 53 returns one or another.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.authority import apexes_of
from spfengine.resolvers.rrsets import (
    ANY_TYPE,
    CNAME,
    Content,
    Records,
    RRset,
    cannot_use,
    read_listed_name,
    read_rrset,
    read_ttl,
    read_type,
)
from spfengine.resolvers.zone_files.aliases import Key, alias, resolve_aliases, unanswered
from spfengine.resolvers.zone_files.presentation import OCTAL, read_name_text, read_quoted
from spfengine.visible import visible, visible_name

KEYS = ("ResourceRecordSets", "Changes", "ChangeBatch")
"""A document of Route 53 has one of these keys."""

OTHERS = "the file has only some record sets of its zone"
"""Why other types than those listed are not known, in the RRset of type "*" that each name then has."""

_STRINGS = ("TXT", "SPF")
_NAMES = (CNAME, "PTR")

_Located = tuple[str, Mapping[str, Any]]
"""The place of a record set, for messages, and the record set."""


def read_document(document: Mapping[str, Any] | list[Any]) -> Content:
    """Return what is in a document of Route 53: record sets, a change batch, or a list of record sets.

    The apexes are the owners of SOA records. Without any, as in a change batch, it has only some record sets of a zone
    (`is_part`): what else there is at their names is not known.

    Raises:
        ZoneError: something in it can't be used; the message says where, and what was expected.
    """
    where, sets = _record_sets(document)
    by_key: dict[Key, list[_Located]] = {}
    names: dict[str, str] = {}
    for index, record_set in sets:
        at = f"{where}[{index}]"
        name, type = _owner(at, record_set)
        names.setdefault(fold(name), name)
        by_key.setdefault((fold(name), type), []).append((at, record_set))
    rrsets = {key: _rrset(names[key[0]], key[1], located) for key, located in by_key.items()}
    aliases = {key: _target(*located[0]) for key, located in by_key.items() if _is_alias(located)}
    apexes = () if _is_cut_short(document) else apexes_of(rrsets.values())
    others = [] if apexes else [unanswered(name, ANY_TYPE, OTHERS) for name in names.values()]
    return tuple(names.values()), (*resolve_aliases(rrsets, aliases), *others), apexes


def is_part(content: Content) -> bool:
    """Whether what was read is only some of a zone's record sets."""
    return not content[2]


def _is_cut_short(document: Mapping[str, Any] | list[Any]) -> bool:
    """Whether this is one page of record sets, and there are more."""
    if not isinstance(document, Mapping):
        return False
    return document.get("IsTruncated") is True or any(document.get(key) for key in ("NextToken", "NextRecordName"))


def _record_sets(document: Mapping[str, Any] | list[Any]) -> tuple[str, list[tuple[int, Any]]]:
    """Return where the record sets are, and each with its index there."""
    if isinstance(document, list):
        return "record set ", list(enumerate(document))
    if "ResourceRecordSets" in document:
        sets = _list("ResourceRecordSets", document["ResourceRecordSets"])
        return "ResourceRecordSets", list(enumerate(sets))
    batch = document.get("ChangeBatch", document)
    if not isinstance(batch, Mapping):
        raise cannot_use("ChangeBatch", batch, "an object with the key Changes")
    changes = list(enumerate(_list("Changes", batch.get("Changes"))))
    for index, change in changes:
        if not isinstance(change, Mapping) or change.get("Action") not in ("UPSERT", "CREATE", "DELETE"):
            raise cannot_use(f"Changes[{index}]", change, "an object with an Action (UPSERT, CREATE or DELETE)")
    kept = [(index, change.get("ResourceRecordSet")) for index, change in changes if change["Action"] != "DELETE"]
    return "Changes", kept


def _owner(at: str, record_set: object) -> tuple[str, str]:
    if not isinstance(record_set, Mapping):
        raise cannot_use(at, record_set, "a record set: an object with Name, Type and ResourceRecords")
    name = record_set.get("Name")
    if not isinstance(name, str):
        raise cannot_use(f"{at}: Name", name, "a domain name")
    return _name(f"{at}: Name", name), read_type(record_set.get("Type"), at)


def _rrset(name: str, type: str, sets: list[_Located]) -> RRset:
    at, first = sets[0]
    if len(sets) > 1 and _is_one_of_several(name, type, sets):
        why = f"{len(sets)} record sets by weight, place or health: DNS returns one of them, which one is not known"
        return unanswered(name, type, why)
    if any("AliasTarget" in record_set for _, record_set in sets):
        return alias(name, type, _target(at, first))
    values: list[Any] = []
    for where, record_set in sets:
        values += [_value(where, type, record) for record in _list(where, record_set.get("ResourceRecords"))]
    try:
        ttl = read_ttl(first.get("TTL"))
        single = values[0] if type == CNAME and len(values) == 1 else values
        return read_rrset(name, type, single, ttl)
    except ZoneError as error:
        raise ZoneError(f"{at}: {error}") from None


def _is_one_of_several(name: str, type: str, sets: list[_Located]) -> bool:
    """Whether DNS returns one of these sets, instead of all their records together."""
    if any("SetIdentifier" not in record_set for _, record_set in sets):
        twice = f"{sets[1][0]}: {visible_name(name)} {type} is listed twice"
        raise ZoneError(f"{twice}; expected one record set, or a SetIdentifier in each")
    return any(record_set.get("MultiValueAnswer") is not True for _, record_set in sets)


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


def _is_alias(sets: list[_Located]) -> bool:
    return len(sets) == 1 and "AliasTarget" in sets[0][1]


def _target(at: str, record_set: Mapping[str, Any]) -> str:
    target = record_set.get("AliasTarget")
    name = target.get("DNSName") if isinstance(target, Mapping) else None
    if not isinstance(name, str):
        raise cannot_use(f"{at}: AliasTarget", target, "an object with DNSName, a domain name")
    return _name(f"{at}: DNSName", name)


def _name(at: str, text: str) -> str:
    name: str = _reading(at, text, lambda name: read_listed_name(read_name_text(name, OCTAL), at))
    return name


def _octets(name: str) -> bytes:
    return f"{name}.".encode("latin-1")


def _reading(at: str, text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ZoneError:
        raise
    except ValueError as error:
        raise cannot_use(at, text, f"the form that Route 53 writes ({visible(str(error), 120)})") from None


def _list(at: str, value: object) -> Iterable[Any]:
    if not isinstance(value, list):
        raise cannot_use(at, value, "a list")
    return value
