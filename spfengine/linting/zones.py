"""What a whole zone shows: the names it is authoritative for, its records of type SPF, and the names to lint."""

from collections.abc import Iterator

from spfengine.answers import RRType, is_spf_octets
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.names import Names, fold
from spfengine.record.model import Include, Redirect
from spfengine.record.parser import sound_terms
from spfengine.resolvers.rrsets import PROXIED, RRset
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible


class Facts:
    """What linting a name needs to know of its zone, collected once for each zone.

    Attributes:
        is_zone: whether there is a zone.
        own: the names whose records can be edited there: those with a SOA record and all under them, or all.
        proxied: the names, folded, for which DNS has the addresses of a proxy.
        takes_mail: the names, folded, that have MX records.
        type_spf: the RRsets of type SPF, by name, folded.
    """

    def __init__(self, names: tuple[str, ...] = (), rrsets: tuple[RRset, ...] = (), *, is_zone: bool = True) -> None:
        self.is_zone = is_zone
        origins = [rrset.name for rrset in rrsets if rrset.type == "SOA"]
        self.own = Names(origins or names)
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


_NO_ZONE = Facts(is_zone=False)


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
    """Return what is known of a resolver that is a zone; nothing of any other."""
    if not isinstance(resolver, Zone):
        return _NO_ZONE
    found = resolver.memo.get(Facts)
    if found is None:
        found = resolver.memo[Facts] = Facts(resolver.names, resolver.rrsets)
    return found


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
    return [name for name in zone.names if fold(name) in wanted and own.cover(name)]


def _is_wanted(rrset: RRset) -> bool:
    if rrset.type == RRType.TXT:
        return any(b"spf" in b"".join(strings)[:64].lower() for strings in rrset.records)
    return rrset.type in (RRType.MX, "SPF")
