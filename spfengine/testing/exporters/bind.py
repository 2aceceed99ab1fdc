"""A zone as a master file (RFC 1035 §5), which `Zone.from_text` reads back."""

from collections.abc import Iterable
from typing import Any

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import Status
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.presentation import name_text, quoted
from spfengine.testing.exporters.refusing import cannot_say

TTL = 300
"""Seconds, of records whose TTL is not known."""


def write(zone: Zone) -> str:
    """Return the zone's master file. Raises ZoneError where a question fails by plan."""
    return master_file(zone.rrsets)


def master_file(rrsets: Iterable[RRset]) -> str:
    """Return the text of a master file of these RRsets. Raises ZoneError where one fails by plan."""
    lines = []
    for rrset in rrsets:
        if rrset.status is not Status.NOERROR:
            raise cannot_say("a master file", rrset.name, rrset.type, str(rrset.status))
        for record in rrset.records:
            ttl = TTL if rrset.ttl is None else rrset.ttl
            lines.append(f"{name_text(rrset.name)} {ttl} IN {rrset.type} {_data(rrset.type, record)}\n")
    return "".join(lines)


def _data(type: str, record: Any) -> str:
    if type == "A":
        return address_text(V4, record)
    if type == "AAAA":
        return address_text(V6, record)
    if type == "MX":
        return f"{record[0]} {name_text(record[1])}"
    if type in ("CNAME", "PTR"):
        return name_text(record)
    if type in ("TXT", "SPF"):
        pieces = [string[at : at + 255] for string in record for at in range(0, len(string) or 1, 255)]
        return quoted(pieces)
    return " ".join(string.decode("latin-1") for string in record)
