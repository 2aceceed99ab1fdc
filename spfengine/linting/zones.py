"""What a whole zone shows: the names it is authoritative for, its records of type SPF, and the names to lint."""

from collections.abc import Iterator

from spfengine.answers import RRType, is_spf_octets
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.names import Names, fold
from spfengine.record.model import Include, Redirect
from spfengine.record.parser import sound_terms
from spfengine.resolvers.bounds import apexes_of
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.rrsets import PROXIED, RRset
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible


class Facts:
    """What linting a name needs to know of its zone, collected once for each zone.

    Attributes:
        own: the names whose records can be edited there: its apexes and all under them, or all.
        proxied: the names, folded, for which DNS has the addresses of a proxy.
        takes_mail: the names, folded, that have MX records.
        type_spf: the RRsets of type SPF, by name, folded.
    """

    def __init__(self, own: tuple[str, ...] = (), rrsets: tuple[RRset, ...] = ()) -> None:
        self.own = Names(own)
        self.proxied = frozenset([fold(rrset.name) for rrset in rrsets if rrset.note == PROXIED])
        self.takes_mail = frozenset([fold(rrset.name) for rrset in rrsets if rrset.type == RRType.MX])
        self.type_spf: dict[str, list[RRset]] = {}
        for rrset in rrsets:
            if rrset.type == "SPF":
                self.type_spf.setdefault(fold(rrset.name), []).append(rrset)
        self._rrsets = rrsets
        self._targets: frozenset[str] | None = None

    def leads_to(self, domain: str) -> bool:
        """Whether an SPF record of the zone includes the record of a domain, or redirects to it."""
        if self._targets is None:
            self._targets = frozenset(_targets(self._rrsets))
        return fold(domain) in self._targets


_NO_ZONE = Facts()


def _targets(rrsets: tuple[RRset, ...]) -> Iterator[str]:
    """Yield the names, folded, whose records those of a zone include or redirect to."""
    for rrset in rrsets:
        if rrset.type == RRType.TXT:
            texts = [b"".join(strings) for strings in rrset.records]
            for text in filter(is_spf_octets, texts):
                for term in sound_terms(text.decode("latin-1")):
                    if isinstance(term, Include | Redirect):
                        spec = term.domain_spec if isinstance(term, Include) else term.value
                        yield fold(spec.target or "")


def facts_of(resolver: object) -> Facts:
    """Return what is known of a resolver that is a zone, or a zone over another resolver; nothing of any other."""
    zone = zone_of(resolver)
    if zone is None:
        return _NO_ZONE
    found: Facts | None = zone.memo.get(Facts)
    if found is None:
        found = zone.memo[Facts] = Facts(zone.apexes or apexes_of(zone.rrsets) or zone.names, zone.rrsets)
    return found


def zone_of(resolver: object) -> Zone | None:
    """Return the zone that a resolver is, or that it lays over another; None if there is none."""
    return resolver.zone if isinstance(resolver, Overlay) else resolver if isinstance(resolver, Zone) else None


def records_of_type_spf(reached: ReachedRecord, zone: Facts) -> Iterator[Finding]:
    """Yield the records of type SPF that a zone has at a domain (RFC 7208 §3.1)."""
    for rrset in zone.type_spf.get(fold(reached.domain or ""), ()):
        for strings in rrset.records:
            text = f"this name has a record of type SPF, which no receiver asks for: {visible(b''.join(strings), 80)}"
            hint = "publish it as type TXT, and take the record of type SPF out"
            if reached.source is not None:
                hint = "take it out; the TXT record is what counts"
            yield reached.finding(LintCode.TYPE_SPF, text, None, hint)


def names_to_lint(zone: Zone) -> list[str]:
    """Return the names of a zone that have SPF, or something like it, or take mail and so should have SPF."""
    own = facts_of(zone).own
    wanted = {fold(rrset.name) for rrset in zone.rrsets if _is_wanted(rrset)}
    wanted = {name for name in wanted if own.cover(name) and zone.speaks_for(name, RRType.TXT)}
    return [name for name in zone.names if fold(name) in wanted]


def _is_wanted(rrset: RRset) -> bool:
    if rrset.type == RRType.TXT:
        return any(b"spf" in b"".join(strings)[:64].lower() for strings in rrset.records)
    return rrset.type in (RRType.MX, "SPF")
