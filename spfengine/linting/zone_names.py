"""What the names of a whole zone show: CNAME records beside other data, and names that a wildcard does not cover."""

from collections.abc import Iterable, Iterator

from spfengine.answers import Question, RRType, Status, spf_texts
from spfengine.linting.codes import LintCode
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.walk import Walk
from spfengine.linting.zones import facts_of, zone_of
from spfengine.names import fold
from spfengine.resolvers.rrsets import CNAME, PROXIED, RRset, is_possible
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible_name
from spfengine.wording import counted, listed

_MOST_NAMES = 10
_WILDCARD = "*."
# RFC 2181 §10.1 and RFC 4034 §2, §3 and §4: what a name signed by DNSSEC has beside its CNAME record.
_OF_DNSSEC = frozenset({"KEY", "NSEC", "NXT", "RRSIG", "SIG"})
_WITHOUT_RECORDS = ("DNAME", "NS")  # an RRset of them may leave its records out


class Existing:
    """The names of a zone that a finding may be about, collected once for each zone.

    Attributes:
        beside: for each own name with a CNAME record and other data, folded: the name, and the types of the data.
        missed: for each wildcard, folded: the names under it that exist, so that it does not cover them.
    """

    def __init__(self, zone: Zone) -> None:
        own = facts_of(zone).own
        self.beside: dict[str, tuple[str, tuple[str, ...]]] = {}
        types: dict[str, list[str]] = {}
        for rrset in filter(_is_data, zone.rrsets):
            types.setdefault(fold(rrset.name), []).append(rrset.type)
        for rrset in zone.rrsets:
            name = fold(rrset.name)
            is_alias = rrset.type == CNAME and rrset.note != PROXIED  # a proxy answers with its own addresses
            if is_alias and name in types and own.cover(name) and is_possible(name):
                self.beside[name] = rrset.name, tuple(types[name])
        self.missed: dict[str, list[str]] = _missed_by_wildcards(zone)


def _is_data(rrset: RRset) -> bool:
    if rrset.type in (CNAME, "*") or rrset.type in _OF_DNSSEC:
        return False
    return bool(rrset.records) or rrset.note is not None or rrset.type in _WITHOUT_RECORDS


def _missed_by_wildcards(zone: Zone) -> dict[str, list[str]]:
    """Return the names that exist under each wildcard of the zone that has an SPF record (RFC 4592 §2.2.1, §2.2.2)."""
    wildcards = {fold(name): name for name in zone.names if name.startswith(_WILDCARD) and _has_spf(zone, name)}
    delegated = _delegated(zone.rrsets)
    missed: dict[str, list[str]] = {name: [] for name in wildcards}
    seen: set[str] = set()
    for name in zone.names if wildcards else ():
        parts = _parents(name, delegated) if is_possible(name) else []
        for index, existing in enumerate(parts):
            folded = fold(existing)
            closest = next(
                (_WILDCARD + fold(each) for each in parts[index + 1 :] if _WILDCARD + fold(each) in wildcards), ""
            )
            if closest and folded not in seen and _is_of_a_host(existing) and _exists_without_spf(zone, existing):
                missed[closest].append(existing)
            seen.add(folded)
    return missed


def _exists_without_spf(zone: Zone, name: str) -> bool:
    """Whether a name surely exists and has no SPF record."""
    answer = zone.resolve(Question(name, RRType.TXT))
    is_absent = answer.status is Status.NXDOMAIN and not answer.chain
    return not (answer.is_failure or is_absent or spf_texts(answer))


def _delegated(rrsets: Iterable[RRset]) -> set[str]:
    """Return the names, folded, that are delegated to other zones: NS records below those of the zone itself."""
    owners = {fold(rrset.name) for rrset in rrsets if rrset.type == "NS"}
    apexes = {fold(rrset.name) for rrset in rrsets if rrset.type == "SOA"}
    return {name for name in owners - apexes if not (owners | apexes).isdisjoint(_parents(name, set())[1:])}


def _parents(name: str, delegated: set[str]) -> list[str]:
    """Return a name and the names above it, without those at or below a delegation, which are another zone's."""
    parts = [name]
    while "." in parts[-1]:
        parts.append(parts[-1].partition(".")[2])
    others = [index for index, part in enumerate(parts) if fold(part) in delegated]
    return parts[others[-1] + 1 :] if others else parts


def _is_of_a_host(name: str) -> bool:
    """Whether mail may come from a name: it is neither a wildcard, nor one with an underscore (RFC 8552)."""
    return not name.startswith(_WILDCARD) and name[0] != "_" and "._" not in name


def _has_spf(zone: Zone, name: str) -> bool:
    return bool(spf_texts(zone.resolve(Question(name, RRType.TXT))))


def existing_in(zone: Zone) -> Existing:
    """Return what is known of the names of a zone."""
    found = zone.memo.get(Existing)
    if found is None:
        found = zone.memo[Existing] = Existing(zone)
    return found


def of_names(walk: Walk, resolver: object) -> Iterator[Finding]:
    """Yield what a zone shows of the names that evaluation reaches, and of the wildcard under the domain linted."""
    zone = zone_of(resolver)
    if zone is None:
        return
    existing = existing_in(zone)
    asked = dict.fromkeys(name for name, _ in walk.answers)
    yield from _beside_cname(existing, asked)
    domain = fold(walk.inputs.domain)
    for wildcard in (domain, _WILDCARD + domain):
        names = existing.missed.get(wildcard)
        if names:
            yield _gap(wildcard, names, zone)


def all_beside_cname(zone: Zone) -> Iterator[Finding]:
    """Yield each own name of a zone that has a CNAME record and other data."""
    existing = existing_in(zone)
    return _beside_cname(existing, existing.beside)


def _beside_cname(existing: Existing, names: Iterable[str]) -> Iterator[Finding]:
    for name, types in (existing.beside[folded] for folded in names if folded in existing.beside):
        text = (
            f"{visible_name(name)} has a CNAME record and other data ({listed(types, _MOST_NAMES)}): name servers "
            "refuse such a zone, or ignore one of the two (RFC 1034 §3.6.2, RFC 2181 §10.1)"
        )
        hint = "take the CNAME record out and publish what its target has, or take out all but it"
        yield ReachedRecord(name).finding(LintCode.CNAME_BESIDE_DATA, text, None, hint)


def _gap(wildcard: str, names: list[str], zone: Zone) -> Finding:
    [first, *_] = spf_texts(zone.resolve(Question(wildcard, RRType.TXT)))
    count = counted(len(names), "name that exists has", "names that exist have")
    shown = listed([visible_name(name) for name in names], _MOST_NAMES)
    text = f"the SPF record of {visible_name(wildcard)} covers only names that don't exist: {count} none: {shown}"
    hint = "publish a record at those of them that send mail, or that a mail server greets with (HELO)"
    reached = ReachedRecord(wildcard, source=first.decode("latin-1"))
    return reached.finding(LintCode.WILDCARD_GAP, f"{text} (RFC 4592 §2.2.1)", None, hint)
