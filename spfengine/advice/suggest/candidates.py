"""Terms that may let a failing sender pass: the include of its service, a name that resolves to it, its address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from spfengine.addresses import V4, V6, address_text
from spfengine.advice.identify.identification import How, Identification, Match
from spfengine.advice.identify.reverse_dns import ReverseName
from spfengine.advice.suggest.coverage import Coverage, before_all, matching
from spfengine.advice.suggest.request import Situation, Steps, address_of
from spfengine.advice.suggest.suggestion import Rejected
from spfengine.catalogue.provider import Provider
from spfengine.evaluation.limits import lifted
from spfengine.names import domain_fault, fold, is_askable, is_same_or_under
from spfengine.policy.policy import compiling
from spfengine.problems import Result
from spfengine.record.model import Directive, term_key
from spfengine.record.parser import parse
from spfengine.senders import Sender
from spfengine.simulation.drafts import Drafted
from spfengine.visible import visible, visible_name

MAX_HOSTS = 50
"""How many of the admin's host names are tried as `a:` terms."""
_MAX_PROVIDERS = 4  # services of one address whose includes are tried


class CandidateKind(StrEnum):
    """Why a term is a candidate."""

    INCLUDE = "include"
    """It is the record of a known service."""
    HOST = "host"
    """It is a name of the domain's own that resolves to the address."""
    HOST_ADDRESS = "host-address"
    """It is the address of such a name, because the name itself would exceed a limit."""
    ADDRESS = "address"
    """It is the address itself, because nothing better is known."""
    REQUESTED = "requested"
    """The caller wants it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A term that may be added.

    Attributes:
        term: its text.
        kind: why it is a candidate.
        coverage: which addresses it matches.
        match: for an include, whose it is by the catalogue.
    """

    term: str
    kind: CandidateKind
    coverage: Coverage
    match: Match | None = None

    @property
    def provider(self) -> Provider | None:
        """The service whose include it is, or None."""
        return None if self.match is None else self.match.provider


@dataclass(frozen=True, slots=True)
class Offer:
    """The candidates for the senders that do not pass.

    Attributes:
        candidates: the terms that may be added.
        serving: by (IP version, address), the indexes of the candidates that let it pass.
        rejected: terms that were considered, and don't help.
    """

    candidates: list[Candidate]
    serving: dict[tuple[int, int], frozenset[int]]
    rejected: list[Rejected]


class Finder:
    """Finds the candidates of one suggestion."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._existing = set(map(term_key, before_all(situation.record)))  # the others are never evaluated
        self._hosts = [name for name in dict.fromkeys(situation.request.hosts) if self._is_own_host(name)]
        self._tried: dict[object, Coverage] = {}
        self.offer: Offer = Offer([], {}, [])

    def add_requested(self, terms: Iterable[str]) -> Steps[tuple[int, ...]]:
        """Add the terms that the caller wants, and return their indexes."""
        indexes: list[int] = []
        for term in terms:
            coverage = yield from self._coverage(parse(f"v=spf1 {term}").directives[0])
            indexes.append(len(self.offer.candidates))
            self.offer.candidates.append(Candidate(term, CandidateKind.REQUESTED, coverage))
        return tuple(indexes)

    def find(
        self,
        senders: Sequence[Sender],
        identified: dict[str, Identification],
        names: dict[str, list[ReverseName]],
        addable: set[tuple[int, int]],
    ) -> Steps[None]:
        """Find the candidates for senders that do not pass.

        Args:
            senders: the senders.
            identified: whose the addresses are.
            names: their names in reverse DNS.
            addable: addresses that may be added as ip4 or ip6 if nothing better fits.
        """
        by_address = {address_of(sender): sender for sender in senders}
        for sender in by_address.values():
            yield from self._offer_hosts(sender, names.get(sender.ip, []))
            yield from self._offer_includes(sender, identified.get(sender.ip))
        bare: list[tuple[int, int]] = []
        for address in by_address:
            candidates = enumerate(self.offer.candidates)
            serving = [index for index, candidate in candidates if candidate.coverage.contains(*address)]
            if serving:
                self.offer.serving[address] = frozenset(serving)
            elif address in addable:
                bare.append(address)
        yield from self._offer_addresses(bare, CandidateKind.ADDRESS)

    def offer_addresses_of_hosts(self) -> Steps[bool]:
        """Offer the addresses of the domain's own names as well, since the names do not fit; return whether any is."""
        hosts = {index for index, each in enumerate(self.offer.candidates) if each.kind is CandidateKind.HOST}
        addresses = [address for address, serving in self.offer.serving.items() if serving & hosts]
        yield from self._offer_addresses(addresses, CandidateKind.HOST_ADDRESS)
        return bool(addresses)

    def _is_own_host(self, name: str) -> bool:
        is_usable = is_askable(name) and domain_fault(name) is None and name.isascii() and "*" not in name
        return is_usable and any(is_same_or_under(name, own) for own in self._situation.own)

    def _offer_hosts(self, sender: Sender, names: list[ReverseName]) -> Steps[None]:
        """Offer `a`, `mx` and `a:NAME` if they match the sender."""
        domain = fold(self._situation.inputs.domain)
        known = [name.name for name in names if name.confirmed]
        known += [sender.helo] if sender.helo else []
        hosts = [name for name in dict.fromkeys(map(fold, known)) if self._is_own_host(name)]
        hosts += self._hosts[:MAX_HOSTS]
        for term in ("a", "mx", *[f"a:{name}" for name in hosts if fold(name) != domain]):
            directive = _directive(term)
            if directive is None or term_key(directive) in self._existing:
                continue
            coverage = yield from self._coverage(directive)
            if coverage.contains(*address_of(sender)):
                self._add(Candidate(term, CandidateKind.HOST, coverage))

    def _offer_includes(self, sender: Sender, identification: Identification | None) -> Steps[None]:
        """Offer the include of each service that the sender belongs to."""
        for match, provider in _services(identification)[:_MAX_PROVIDERS]:
            term = f"include:{provider.include}"
            directive = _directive(term)
            if directive is None or term_key(directive) in self._existing:
                continue
            coverage = yield from self._coverage(directive)
            if not coverage.contains(*address_of(sender)):
                self._reject(term, _why_no_match(sender, provider, match, coverage))
                continue
            fault = yield from self._fault(term)
            if fault is None:
                self._add(Candidate(term, CandidateKind.INCLUDE, coverage, match))
            else:
                self._reject(term, f"its record is broken, so that some clients would get permerror: {fault}")

    def _fault(self, term: str) -> Steps[str | None]:
        """Return why some client gets permerror from a term on its own, or None.

        Its lookups are not limited here, because the limits are for the whole record.
        """
        inputs = self._situation.inputs
        inputs = inputs.with_limits(lifted(inputs.limits))
        layer = Drafted.record(inputs.domain, f"v=spf1 {term} ?all")
        policy = yield from self._situation.once(layer.through(compiling(inputs)))
        for version in (4, 6):
            for _, _, outcome in policy.ranges(version):
                if Result.PERMERROR in outcome.results:
                    return "a part of it is not known" if outcome.problem is None else outcome.problem.text
        return None

    def _offer_addresses(self, addresses: list[tuple[int, int]], kind: CandidateKind) -> Steps[None]:
        """Offer addresses themselves, adjacent ones as one network if all of it is wanted."""
        v4 = collapse_addresses([IPv4Network(address) for version, address in addresses if version == 4])
        v6 = collapse_addresses([IPv6Network(address) for version, address in addresses if version == 6])
        networks: list[IPv4Network | IPv6Network] = [*v4, *v6]
        for network in networks:
            text = str(network).removesuffix("/32" if network.version == 4 else "/128")
            directive = _directive(f"ip{network.version}:{text}")
            assert directive is not None, "an address is a valid term"
            coverage = yield from self._coverage(directive)
            index = len(self.offer.candidates)
            self.offer.candidates.append(Candidate(directive.text, kind, coverage))
            for address in addresses:
                if coverage.contains(*address):
                    self.offer.serving[address] = self.offer.serving.get(address, frozenset()) | {index}

    def _coverage(self, directive: Directive) -> Steps[Coverage]:
        key = term_key(directive)
        if key not in self._tried:
            steps = matching(self._situation.inputs, directive, dict(self._situation.known))
            self._tried[key] = yield from self._situation.once(steps)
        return self._tried[key].for_directive(directive)

    def _add(self, candidate: Candidate) -> None:
        key = term_key(candidate.coverage.directive)
        if all(term_key(other.coverage.directive) != key for other in self.offer.candidates):
            self.offer.candidates.append(candidate)

    def _reject(self, term: str, why: str) -> None:
        rejected = Rejected(term, why)
        if rejected not in self.offer.rejected:
            self.offer.rejected.append(rejected)


def _services(identification: Identification | None) -> list[tuple[Match, Provider]]:
    """Return the services that an address belongs to: by SPF if there are such, and best without another include."""
    matches = () if identification is None else identification.matches
    services = [(match, match.provider) for match in matches if match.provider is not None]
    by_spf = [(match, provider) for match, provider in services if match.how is How.SPF]
    return [pair for pair in by_spf if pair[0].through is None] or by_spf or services


def _why_no_match(sender: Sender, provider: Provider, match: Match, coverage: Coverage) -> str:
    who = f"{sender.ip} is {visible(match.name, 60)} by its reverse DNS"
    if coverage.is_empty:
        return f"{who}, but {visible_name(provider.include)} has no SPF record that lets any client pass"
    if coverage.spans is None:
        return f"{who}, but the record depends on more than the address, or could not be looked up"
    return f"{who}, but that record does not let it pass"


def varying(identification: Identification | None) -> Match | None:
    """Return the service whose own record passes an address, or None.

    Its include should be used instead of the address, which may change.
    """
    matches = () if identification is None else identification.matches
    return next((match for match in matches if match.provider is not None and match.how is How.SPF), None)


def address_term(sender: Sender) -> str:
    """Return the term that names a sender's address."""
    version, address = address_of(sender)
    return f"ip{version}:{address_text(V4 if version == 4 else V6, address)}"


def _directive(term: str) -> Directive | None:
    try:
        return parse(f"v=spf1 {term}").directives[0]
    except ValueError:
        return None
