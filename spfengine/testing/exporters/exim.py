"""A zone as lines of the `db.` files that fakens reads, the DNS of Exim's test suite. All names are absolute."""

from typing import Any

from spfengine.addresses import V4, address_text
from spfengine.answers import RRType, Status
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters.refusing import cannot_say, plain_text

_FORMAT = "Exim's fakens"


def write(zone: Zone) -> str:
    """Return the lines. Raises ZoneError: it has no wildcards, failures or quotes in text; NS and such are left out."""
    lines = []
    for rrset in zone.rrsets:
        if rrset.name.startswith("*.") or rrset.status is not Status.NOERROR:
            what = str(rrset.status) if rrset.status is not Status.NOERROR else "a wildcard"
            raise cannot_say(_FORMAT, rrset.name, rrset.type, what)
        for record in rrset.records:
            data = _data(rrset.name, rrset.type, record)
            if data is not None:
                lines.append(f"{_dotted(rrset.name)} {rrset.type} {data}\n")
    return "".join(lines)


def _data(name: str, type: str, record: Any) -> str | None:
    match type:
        case "A":
            return address_text(V4, record)
        case "AAAA":  # it reads no "::"
            return ":".join(f"{record >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
        case "MX":
            return f"{record[0]} {_dotted(record[1])}"
        case "PTR" | "CNAME":
            return _dotted(record)
        case "TXT":
            text = plain_text(_FORMAT, name, RRType.TXT, b"".join(record).decode("latin-1"))
            if '"' in text or "\\" in text:
                raise cannot_say(_FORMAT, name, type, "text with quotes or backslashes")
            return f'"{text}"'
    return None  # SOA, NS and their like: SPF never asks for them


def _dotted(name: str) -> str:
    if " " in name:
        raise cannot_say(_FORMAT, name, "*", "a name with a space")
    return f"{plain_text(_FORMAT, name, RRType.A, name)}."
