"""Authority: the names for which the zones of a source are authoritative. A zone file says nothing of other names.

A name belongs to the closest apex above it, or at it. An NS record below an apex delegates its name, and all names
under it, to another zone (RFC 1034 §4.2.1), whose records are not here, unless that name is an apex too. Under a DNAME
record there are only the names that its target has (RFC 6672 §2.2): see `redirections`.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from spfengine.names import fold, is_same_or_under
from spfengine.resolvers.rrsets import DNAME, RRset

GLUE = ("A", "AAAA")
"""The types of records that a zone holds for names below a delegation (RFC 1034 §4.2.1)."""


def apexes_of(rrsets: Iterable[RRset], origins: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the apexes that the records of a file show: the owners of SOA records; if there are none, origins.

    Args:
        origins: the names to which the file's relative names belong. One counts if it has NS records, but not below
            another, since it may be a delegation then.
    """
    owners = {fold(rrset.name): rrset.name for rrset in rrsets if rrset.type == "SOA"}
    if owners:
        return tuple(owners.values())
    named = {fold(rrset.name) for rrset in rrsets if rrset.type == "NS"}
    found: dict[str, str] = {}
    for origin in sorted(origins, key=len):
        if fold(origin) in named and not any(is_same_or_under(origin, apex) for apex in found):
            found[fold(origin)] = origin
    return tuple(found.values())


class Place(StrEnum):
    """How a name lies to the zones of a source."""

    INSIDE = "inside"
    """At or under an apex: the zone says all that DNS has there."""
    BELOW = "below"
    """At or under a delegation, or under a DNAME record: another zone has its records."""
    OUTSIDE = "outside"
    """Under no apex."""


class Authority:
    """The apexes of a source, and what they delegate."""

    def __init__(self, apexes: Iterable[str], rrsets: Sequence[RRset]) -> None:
        """Find the delegations of these apexes among the RRsets."""
        self._aliased = frozenset([fold(rrset.name) for rrset in rrsets if rrset.type == DNAME])
        self._places = dict.fromkeys(map(fold, apexes), Place.INSIDE)
        below = dict.fromkeys(
            [name for rrset in rrsets if rrset.type == "NS" and self.place(name := fold(rrset.name)) is Place.INSIDE],
            Place.BELOW,
        )
        self._places = below | self._places

    def place(self, name: str) -> Place:
        """Return the place of a folded name."""
        start = name
        while True:
            found = self._places.get(name)
            if found is not None:
                return found
            if name in self._aliased and name != start:
                return Place.BELOW
            if not name:
                return Place.OUTSIDE
            name = name.partition(".")[2]
