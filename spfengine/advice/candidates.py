"""Which terms may let a sender pass that does not: the include of its service, a name that leads to it, its address."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import NamedTuple

from spfengine.addresses import V4, V6, address_text
from spfengine.advice.case import Case, Steps, address_of
from spfengine.advice.identification import How, Identification, Match
from spfengine.advice.matching import Matched, holds, matching
from spfengine.advice.reverse_dns import ReverseName
from spfengine.advice.terms import Candidate, Kind
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.result import Result
from spfengine.names import domain_fault, fold, is_askable, is_same_or_under
from spfengine.policy.budget import LIFTED
from spfengine.policy.policy import compiling
from spfengine.record.model import Directive, Record, same_term, term_key
from spfengine.record.parser import parse
from spfengine.senders import Sender
from spfengine.simulation.layers import Drafted
from spfengine.visible import visible, visible_name

MAX_HOSTS = 50
"""Names of the domain's own that are tried as `a:` terms."""
_MAX_PROVIDERS = 4  # services of one address whose includes are tried


class Rejected(NamedTuple):
    """A term that was thought of, and is not proposed.

    Attributes:
        term: its text.
        why: the reason, in words.
    """

    term: str
    why: str


class Offer(NamedTuple):
    """What there is for senders that do not pass.

    Attributes:
        candidates: the terms that may come.
        serving: by (IP version, address), the places of the candidates that let it pass.
        rejected: terms that were thought of, and do not serve.
    """

    candidates: list[Candidate]
    serving: dict[tuple[int, int], frozenset[int]]
    rejected: list[Rejected]


class Finder:
    """Finds candidates for one suggestion."""

    def __init__(self, case: Case, own: Sequence[str], record: Record, hosts: Iterable[str]) -> None:
        self._case = case
        self._own = own
        self._there = set(map(term_key, record.directives))
        self._hosts = dict.fromkeys([name for name in hosts if self._is_host(name)])
        self._tried: dict[object, Matched] = {}
        self.offer = Offer([], {}, [])

    def serve(
        self,
        senders: Sequence[Sender],
        identified: dict[str, Identification],
        names: dict[str, list[ReverseName]],
        consented: set[tuple[int, int]],
    ) -> Steps[None]:
        """Find the candidates for senders that do not pass.

        Args:
            identified: whose the addresses are.
            names: their names in reverse DNS.
            consented: addresses that may be named as such where nothing better is known.
        """
        bare: list[tuple[int, int]] = []
        for sender in {address_of(sender): sender for sender in senders}.values():
            yield from self._hosts_of(sender, names.get(sender.ip, []))
            yield from self._includes_of(sender, identified.get(sender.ip))
        for sender in {address_of(sender): sender for sender in senders}.values():
            version, address = address_of(sender)
            places = [p for p, each in enumerate(self.offer.candidates) if holds(each.matched.spans, version, address)]
            if places:
                self.offer.serving[version, address] = frozenset(places)
            elif (version, address) in consented:
                bare.append((version, address))
        yield from self._addresses(bare)

    def told(self, term: str) -> Steps[int]:
        """Take in a term that whoever asks wants; returns its place."""
        directive = parse(f"v=spf1 {term}").directives[0]
        matched = yield from self._matched(directive)
        self.offer.candidates.append(Candidate(term, Kind.TOLD, matched))
        return len(self.offer.candidates) - 1

    def _is_host(self, name: str) -> bool:
        askable = is_askable(name) and domain_fault(name) is None and name.isascii() and "*" not in name
        return askable and any(is_same_or_under(name, own) for own in self._own)

    def _hosts_of(self, sender: Sender, names: list[ReverseName]) -> Steps[None]:
        """Offer `a`, `mx` and `a:NAME` where they lead to the sender."""
        terms = ["a", "mx"]
        found = [each.name for each in names if each.confirmed]
        found += [sender.helo] if sender.helo else []
        under = [name for name in dict.fromkeys(map(fold, found)) if self._is_host(name)]
        terms += [f"a:{name}" for name in (*under, *list(self._hosts)[:MAX_HOSTS]) if fold(name) != self._domain]
        for term in terms:
            yield from self._offer_host(sender, term)

    @property
    def _domain(self) -> str:
        return fold(self._case.inputs.domain)

    def _offer_host(self, sender: Sender, term: str) -> Steps[None]:
        directive = _directive(term)
        if directive is None or term_key(directive) in self._there:
            return
        matched = yield from self._matched(directive)
        if holds(matched.spans, *address_of(sender)):
            self._add(Candidate(term, Kind.HOST, matched))

    def _includes_of(self, sender: Sender, found: Identification | None) -> Steps[None]:
        """Offer the include of each service that the sender belongs to."""
        matches = [] if found is None else [match for match in found.matches if match.provider is not None]
        by_spf = [match for match in matches if match.how is How.SPF and match.through is None]
        by_spf = by_spf or [match for match in matches if match.how is How.SPF]
        for match in (by_spf or matches)[:_MAX_PROVIDERS]:
            assert match.provider is not None, "others have been left out"
            term = f"include:{match.provider.include}"
            directive = _directive(term)
            if directive is None or term_key(directive) in self._there:
                continue
            matched = yield from self._matched(directive)
            if holds(matched.spans, *address_of(sender)):
                fault = yield from self._fault(term)
                if fault is None:
                    self._add(Candidate(term, Kind.INCLUDE, matched, match))
                else:
                    self._reject(term, f"its record is broken, so that some clients would get permerror: {fault}")
                continue
            who = f"{sender.ip} is {visible(match.name, 60)} by its reverse DNS"
            if matched.is_empty:
                why = f"{who}, but {visible_name(match.provider.include)} has no SPF record that lets anybody pass"
            elif matched.spans is None:
                why = f"{who}, but the record rests on more than the address, or could not be had"
            else:
                why = f"{who}, but that record does not let it pass"
            self._reject(term, why)

    def _fault(self, term: str) -> Steps[str | None]:
        """Return why some client gets permerror from a term alone, or None; limits are for the whole record."""
        inputs = self._case.inputs
        inputs = inputs.with_limits(Limits(LIFTED, LIFTED, inputs.limits.void_rule, inputs.limits.names, None))
        layer = Drafted({inputs.domain.encode("latin-1"): {"TXT": f"v=spf1 {term} ?all"}}, ())
        policy = yield from self._case.once(layer.through(compiling(inputs)))
        for version in (4, 6):
            for _, _, outcome in policy.ranges(version):
                if Result.PERMERROR in outcome.results:
                    return "some of it can't be told" if outcome.problem is None else outcome.problem.text
        return None

    def _addresses(self, bare: list[tuple[int, int]]) -> Steps[None]:
        """Offer addresses themselves, neighbours as one network where all of it is wanted."""
        v4 = collapse_addresses([IPv4Network(address) for version, address in bare if version == 4])
        v6 = collapse_addresses([IPv6Network(address) for version, address in bare if version == 6])
        networks: list[IPv4Network | IPv6Network] = [*v4, *v6]
        for network in networks:
            text = str(network).removesuffix("/32" if network.version == 4 else "/128")
            directive = _directive(f"ip{network.version}:{text}")
            assert directive is not None, "an address is a term"
            matched = yield from self._matched(directive)
            place = len(self.offer.candidates)
            self.offer.candidates.append(Candidate(directive.text, Kind.ADDRESS, matched))
            for version, address in bare:
                if holds(matched.spans, version, address):
                    self.offer.serving[version, address] = frozenset({place})

    def _matched(self, directive: Directive) -> Steps[Matched]:
        key = term_key(directive)
        if key not in self._tried:
            steps = matching(self._case.inputs, directive, dict(self._case.known))
            self._tried[key] = yield from self._case.once(steps)
        return self._tried[key]._replace(directive=directive)

    def _add(self, candidate: Candidate) -> None:
        directives = [each.matched.directive for each in self.offer.candidates]
        if not any(same_term(candidate.matched.directive, other) for other in directives):
            self.offer.candidates.append(candidate)

    def _reject(self, term: str, why: str) -> None:
        rejected = Rejected(term, why)
        if rejected not in self.offer.rejected:
            self.offer.rejected.append(rejected)


def varying(found: Identification | None) -> Match | None:
    """Return the service behind an address that its own record passes, so that the address is no name for it."""
    if found is None:
        return None
    return next((match for match in found.matches if match.provider is not None and match.how is How.SPF), None)


def address_term(sender: Sender) -> str:
    """Return the term that names a sender's address."""
    version, address = address_of(sender)
    return f"ip{version}:{address_text(V4 if version == 4 else V6, address)}"


def _directive(term: str) -> Directive | None:
    try:
        return parse(f"v=spf1 {term}").directives[0]
    except ValueError:
        return None
