"""A zone as JSON of the zones of go-mockdns: `json.Unmarshal` makes a `map[string]mockdns.Zone` of it."""

import json
from typing import Any

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import RRType, Status
from spfengine.names import fold
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters.refusing import cannot_say, plain_text

_FORMAT = "go-mockdns"


def write(zone: Zone) -> str:
    """Return the JSON. Raises ZoneError: it has no wildcards, failures or octets over 127; other types are left out."""
    zones: dict[str, dict[str, Any]] = {_dotted(name): {} for name in zone.names if not name.startswith("*.")}
    for rrset in zone.rrsets:
        if rrset.name.startswith("*."):
            raise cannot_say(_FORMAT, rrset.name, rrset.type, "a wildcard")
        if rrset.status is not Status.NOERROR:
            raise cannot_say(_FORMAT, rrset.name, rrset.type, str(rrset.status))
        written = [_value(rrset.name, rrset.type, record) for record in rrset.records]
        if written and written[0] is not None:
            zones[_dotted(rrset.name)][rrset.type] = written[0] if rrset.type == "CNAME" else written
    return json.dumps(zones, indent=2) + "\n"


def _dotted(name: str) -> str:
    return f"{plain_text(_FORMAT, name, RRType.A, fold(name))}."


def _value(name: str, type: str, record: Any) -> Any:
    match type:
        case "A":
            return address_text(V4, record)
        case "AAAA":
            return address_text(V6, record)
        case "MX":
            return {"Host": _dotted(record[1]), "Pref": record[0]}
        case "PTR" | "CNAME":
            return _dotted(record)
        case "TXT":
            return plain_text(_FORMAT, name, RRType.TXT, b"".join(record).decode("latin-1"))
    return None  # SOA, NS and their like: SPF never asks for them
