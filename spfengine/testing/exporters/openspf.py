"""A zone as the `zonedata` of an OpenSPF suite, in YAML, which `Zone.from_openspf` reads back."""

import json
from typing import Any

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import Status
from spfengine.names import fold
from spfengine.resolvers.rrsets import ANY_TYPE, RRset
from spfengine.resolvers.zone import Zone

_WORDS = {*map(str, Status), "NONE"}


def write(zone: Zone) -> str:
    """Return the YAML. All of a zone can be said, but for TTLs."""
    by_name: dict[str, list[RRset]] = {fold(name): [] for name in zone.names}
    for rrset in zone.rrsets:
        by_name.setdefault(fold(rrset.name), []).append(rrset)
    lines = ["zonedata:\n"]
    for name in zone.names:
        found = sorted(by_name[fold(name)], key=lambda rrset: rrset.type == ANY_TYPE)  # a bare failure ends the list
        types = {rrset.type for rrset in found}
        entries = [json.dumps(entry) for rrset in found for entry in _entries(rrset)]
        if "SPF" in types and "TXT" not in types:
            entries.insert(0, json.dumps({"TXT": "NONE"}))  # else SPF would stand for it
        lines.append(f"  {json.dumps(name or '.')}:" + (" []\n" if not entries else "\n"))
        lines += [f"  - {entry}\n" for entry in entries]
    return "".join(lines)


def _entries(rrset: RRset) -> list[Any]:
    if rrset.type == ANY_TYPE:
        return [str(rrset.status)]
    if rrset.status is not Status.NOERROR:
        return [{rrset.type: str(rrset.status)}]
    if not rrset.records:
        return [{rrset.type: "NONE"}]
    return [{rrset.type: _value(rrset.type, record)} for record in rrset.records]


def _value(type: str, record: Any) -> Any:
    match type:
        case "A":
            return address_text(V4, record)
        case "AAAA":
            return address_text(V6, record)
        case "MX":
            return [record[0], record[1]]
        case "PTR" | "CNAME":
            return record or "."
    strings = [string.decode("latin-1") for string in record]
    return strings if len(strings) > 1 or strings[0] in _WORDS else strings[0]
