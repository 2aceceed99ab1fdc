"""What only a zone tells: whose names it holds, its records of type SPF, and which names ought to have SPF."""

from collections.abc import Iterator

from spfengine.answers import RRType
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, Held
from spfengine.names import fold, is_same_or_under
from spfengine.resolvers.rrsets import PROXIED, RRset
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible


def own_names(resolver: object) -> tuple[str, ...]:
    """Return the names whose records can be edited in a zone: those with a SOA record and all under them, or all."""
    if not isinstance(resolver, Zone):
        return ()
    origins = tuple(rrset.name for rrset in resolver.rrsets if rrset.type == "SOA")
    return origins or resolver.names


def records_of_type_spf(held: Held, resolver: object) -> Iterator[Finding]:
    """Yield the records of type SPF that a zone has at a domain (RFC 7208 §3.1)."""
    if not isinstance(resolver, Zone):
        return
    for rrset in resolver.rrsets:
        if rrset.type == "SPF" and fold(rrset.name) == fold(held.domain or ""):
            for strings in rrset.records:
                text = f"a record of type SPF stands here, which no receiver asks for: {visible(b''.join(strings), 80)}"
                hint = "publish it as type TXT, and take the record of type SPF out"
                if held.source is not None:
                    hint = "take it out; the TXT record is what counts"
                yield held.finding(LintCode.TYPE_SPF, text, None, hint)


def proxied_names(resolver: object) -> frozenset[str]:
    """Return the names, folded, in place of whose addresses in a zone DNS has those of a proxy."""
    if not isinstance(resolver, Zone):
        return frozenset()
    return frozenset([fold(rrset.name) for rrset in resolver.rrsets if rrset.note == PROXIED])


def names_to_lint(zone: Zone) -> list[str]:
    """Return the names of a zone that have SPF, or something like it, or take mail and so should have it."""
    own = own_names(zone)
    wanted = {fold(rrset.name) for rrset in zone.rrsets if _is_wanted(rrset)}
    names = [name for name in zone.names if fold(name) in wanted]
    return [name for name in names if any(is_same_or_under(name, each) for each in own)]


def takes_mail(zone: Zone, name: str) -> bool:
    """Whether a name of a zone has MX records."""
    return any(rrset.type == RRType.MX and fold(rrset.name) == fold(name) for rrset in zone.rrsets)


def _is_wanted(rrset: RRset) -> bool:
    if rrset.type == RRType.TXT:
        return any(b"spf" in b"".join(strings)[:64].lower() for strings in rrset.records)
    return rrset.type in (RRType.MX, "SPF")
