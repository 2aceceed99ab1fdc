"""What a whole zone shows: the names it is authoritative for, its records of type SPF, and the names to lint."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from spfengine.answers import Answer, Question, RRType, Status, is_spf_octets
from spfengine.dmarc.suffixes import is_for_tests, registrable_domain
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding, ReachedRecord
from spfengine.linting.syntax import looks_like_spf
from spfengine.names import Names, fold
from spfengine.record.model import Include, Redirect
from spfengine.record.parser import sound_terms
from spfengine.resolvers.authority import apexes_of
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.rrsets import ANY_TYPE, PROXIED, RRset
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible, visible_name


class Facts:
    """What linting a name needs to know of its zone, collected once for each zone.

    Attributes:
        is_zone: whether there is a zone.
        is_collection: see `is_collection`.
        has_apexes: whether it is known which names are its own; if not, it is the whole of DNS.
        own: the names whose records can be edited there: its apexes and all under them, or all.
        proxied: the names, folded, for which DNS has the addresses of a proxy.
        takes_mail: the names, folded, that have MX records.
        type_spf: the RRsets of type SPF, by name, folded.
        signs: the names, folded, that have keys of DKIM.
    """

    def __init__(
        self,
        own: tuple[str, ...] = (),
        rrsets: tuple[RRset, ...] = (),
        *,
        is_zone: bool = True,
        has_apexes: bool = True,
        is_collection: bool = False,
    ) -> None:
        self.has_apexes = has_apexes
        self.is_collection = is_collection
        self.is_zone = is_zone
        self.own: Names = Names(own)
        self.proxied: frozenset[str] = frozenset([fold(rrset.name) for rrset in rrsets if rrset.note == PROXIED])
        self.takes_mail: frozenset[str] = frozenset([fold(rrset.name) for rrset in rrsets if rrset.type == RRType.MX])
        self.type_spf: dict[str, list[RRset]] = {}
        for rrset in rrsets:
            if rrset.type == "SPF":
                self.type_spf.setdefault(fold(rrset.name), []).append(rrset)
        self.signs: frozenset[str] = frozenset(
            [_signing_domain(rrset) for rrset in rrsets if rrset.type == RRType.TXT]
        ) - {""}
        self._rrsets = rrsets
        self._targets: frozenset[str] | None = None

    def leads_to(self, domain: str) -> bool:
        """Whether an SPF record of the zone includes the record of a domain, or redirects to it."""
        if self._targets is None:
            self._targets = frozenset(_targets(self._rrsets))
        return fold(domain) in self._targets

    def shows_sending(self, name: str, texts: Iterable[str] = ()) -> str:
        """Return what shows that a name sends mail, though it has no SPF record; "" if nothing does.

        Args:
            texts: its TXT records.
        """
        if fold(name) in self.signs:
            return "it has a DKIM key"
        if fold(name) in self.type_spf:
            return "it has a record of type SPF"
        if self.leads_to(name):
            return "other records include or redirect to it"
        return "a TXT record of it looks like SPF" if any(map(looks_like_spf, texts)) else ""


def _signing_domain(rrset: RRset) -> str:
    """Return the domain, folded, that a TXT RRset has a DKIM key for (RFC 6376 §3.6.2.1), or "" if it has none."""
    _, found, domain = fold(rrset.name).partition("._domainkey.")
    return domain if found and any(b"".join(strings) for strings in rrset.records) else ""


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
    """Return what is known of a resolver that is a zone, or a zone over another resolver; nothing of any other."""
    zone = zone_of(resolver)
    if zone is None:
        return _NO_ZONE
    found: Facts | None = zone.memo.get(Facts)
    if found is None:
        apexes = zone.apexes or apexes_of(zone.rrsets)
        collected = is_collection(zone)
        own = apexes or zone.names
        found = zone.memo[Facts] = Facts(own, zone.rrsets, has_apexes=bool(apexes), is_collection=collected)
    return found


_COLLECTED = 20  # registered domains; a test suite has fewer of those that people have


class _Collected:
    """The zonedata of a suite that is a collection of published records, as answers to lint.

    A check takes a suite for the whole of DNS, as tests need. But that a collection lacks a name is no reason to say
    that a published record is wrong: what the name has is not known. Names for tests are nobody's, so the suite has all
    that there are.
    """

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._listed = {(fold(rrset.name), rrset.type) for rrset in zone.rrsets}

    def resolve(self, question: Question) -> Answer:
        """Return the zone's answer, or that it is not known."""
        answer = self._zone.resolve(question)
        is_empty = answer.status in (Status.NOERROR, Status.NXDOMAIN) and not answer.records
        names = (question.name, *answer.chain)
        if is_empty and not any(map(is_for_tests, names)) and not self._has(names[-1], question.type):
            return Answer.failed(Status.UNKNOWN)
        return answer

    def _has(self, name: str, kind: RRType) -> bool:
        return (fold(name), str(kind)) in self._listed or (fold(name), ANY_TYPE) in self._listed


def is_collection(resolver: object) -> bool:
    """Whether a resolver is the zonedata of a suite that collects the records of many domains."""
    if not isinstance(resolver, Zone) or resolver.apexes or not resolver.is_suite:
        return False
    return len({registrable_domain(name) for name in resolver.names if not is_for_tests(name)}) > _COLLECTED


def known_to(resolver: Any) -> Any:
    """Return what answers lint: a resolver itself, unless it is a collection of published records."""
    return _Collected(resolver) if is_collection(resolver) else resolver


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
        texts = [b"".join(strings) for strings in rrset.records]
        return any(is_spf_octets(text) or looks_like_spf(text.decode("latin-1")) for text in texts)
    return rrset.type in (RRType.MX, "SPF")


class Sends(StrEnum):
    """Whether a name of a zone sends mail, as far as the zone shows it."""

    YES = "yes"
    """Its SPF record names senders that pass; or it has no valid record, and something else shows it."""
    NO = "no"
    """Its SPF record has no error, and lets nobody pass."""
    UNKNOWN = "unknown"
    """Nothing shows it."""


@dataclass(frozen=True, slots=True)
class NameSummary:
    """What a name of a zone does with mail, and what it needs.

    Attributes:
        name: the name.
        takes_mail: whether it has MX records, but for a null MX.
        sends: whether it sends mail.
        why: what shows whether it sends.
        needs: what to do, in words; "" if nothing.
        errors, warnings: how many findings there are of its record.
    """

    name: str
    takes_mail: bool
    sends: Sends
    why: str
    needs: str
    errors: int
    warnings: int

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "takes_mail": self.takes_mail,
            "sends": str(self.sends),
            "why": self.why,
            "needs": self.needs,
            "errors": self.errors,
            "warnings": self.warnings,
        }


def zone_summary(zone: Zone, findings: Sequence[Finding]) -> tuple[NameSummary, ...]:
    """Return, for each name of a zone that takes or sends mail, or has an SPF record, what it needs.

    Args:
        findings: what was found in the zone.
    """
    facts = facts_of(zone)
    counts = Counter((fold(finding.domain or ""), finding.severity) for finding in findings)
    hosts = {
        fold(each.domain or ""): each.domain or "" for each in findings if each.code is LintCode.HELO_WITHOUT_RECORD
    }
    names = {fold(name): name for name in names_to_lint(zone)}
    names |= {fold(name): name for name in hosts if fold(name) not in names}
    names |= {fold(name): name for name in zone.names if fold(name) in facts.signs and facts.own.cover(name)}
    return tuple([_summary(zone, facts, name, counts) for name in names.values()])


def _summary(zone: Zone, facts: Facts, name: str, counts: Counter[tuple[str, Severity]]) -> NameSummary:
    answer = zone.resolve(Question(name, RRType.TXT))
    mail = zone.resolve(Question(name, RRType.MX))
    takes_mail = any(exchange for _, exchange in mail.records)
    texts = [octets.decode("latin-1") for octets in answer.records]
    records = list(filter(is_spf_octets, answer.records))
    errors, warnings = [counts[fold(name), severity] for severity in (Severity.ERROR, Severity.WARNING)]
    if records:
        sends, why = _shown_by_record(records[0].decode("latin-1"), has_error=bool(errors))
        needs = "correct its record" if errors else "look at the warnings" if warnings else ""
    else:
        shown = facts.shows_sending(name, texts)
        sends = Sends.YES if shown else Sends.UNKNOWN
        is_null = bool(mail.records) and not takes_mail
        refuses = "it takes no mail, by its null MX" if is_null else "it is a host of a record"
        why = shown or ("it takes mail" if takes_mail else refuses)
        needs = (
            "an SPF record, if MAIL FROM has this name"
            if shown
            else _first_need(name, takes_mail=takes_mail, is_null=is_null)
        )
    return NameSummary(name, takes_mail, sends, why, needs, errors, warnings)


def _shown_by_record(text: str, *, has_error: bool) -> tuple[Sends, str]:
    """Return whether a name sends mail by its record, and what shows it."""
    terms = sound_terms(text)
    passing = any(isinstance(term, Redirect) or getattr(term, "qualifier", "-") == "+" for term in terms)
    if has_error:
        why = "its record names senders, but has an error" if passing else "its record has an error"
        return Sends.YES if passing else Sends.UNKNOWN, why
    return (Sends.YES, "its record lets somebody pass") if passing else (Sends.NO, "its record lets nobody pass")


def _first_need(name: str, *, takes_mail: bool, is_null: bool) -> str:
    """Return what a name without a record needs, if nothing shows that it sends mail."""
    if is_null:
        return '"v=spf1 -all", if it sends nothing'
    if takes_mail:
        return 'an SPF record with its senders, or "v=spf1 -all" if it sends nothing'
    return f'"v=spf1 a -all", if {visible_name(name)} is what it says in HELO'
