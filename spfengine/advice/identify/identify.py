"""`identify`: whose an address is, by the providers' own SPF records and by reverse DNS."""

from collections.abc import Generator, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

from spfengine.addresses import Family, address_text, parse_address
from spfengine.advice.identify.concurrent import Prefetched, aprefetch, prefetch
from spfengine.advice.identify.identification import How, Identification, Match, Missing
from spfengine.advice.identify.provider_networks import (
    Hit,
    ProviderNetworks,
    checking,
    needs_only_the_address,
    reading_networks,
)
from spfengine.advice.identify.reverse_dns import ReverseName, ReverseNames, reverse_names
from spfengine.answers import Answer, Question
from spfengine.arguments import list_of
from spfengine.catalogue.catalogue import Catalogue, Suffix
from spfengine.catalogue.provider import Confidence, Provider
from spfengine.drivers import adrive, drive, given_or_live
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.problems import ProblemCode, Result
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.advice.rdap.client import RDAP
    from spfengine.answers import AsyncResolver, Resolver

MAX_QUESTIONS = 100
"""After this many questions about one address, no further provider's record is checked for it."""

_CONFIDENCES = list(Confidence)
_HOWS = list(How)


def identify(
    ip: str | IPv4Address | IPv6Address,
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Identification:
    """Return whose an address is, as far as that can be known.

    For several addresses, `identify_many` costs little more than this does for one.

    Args:
        ip: the address: text, or an `ipaddress` object.
        resolver: answers DNS questions; live DNS by default.
        catalogue: the known providers; `Catalogue.load()` by default.
        rdap: asks the address registries who holds the network; by default they are not asked.
        limits: the limits of a check of a provider's record. There is no time limit.

    Raises:
        AddressError: `ip` is not an IP address.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    (identification,) = identify_many([ip], resolver=resolver, catalogue=catalogue, rdap=rdap, limits=limits).values()
    return identification


def identify_many(
    ips: Iterable[str | IPv4Address | IPv6Address],
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Identification]:
    """Return whose each of these addresses is, by its text, in the order given.

    The other arguments are those of `identify`.

    Raises:
        AddressError: one of `ips` is not an IP address.
        ArgumentError: `ips` is a string, or not iterable.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    addresses = _addresses(ips)
    resolver = given_or_live(resolver)
    catalogue = catalogue or Catalogue.load()
    prefetched = prefetch(addresses, catalogue, limits, resolver)
    identified = drive(_identifying(addresses, catalogue, limits, prefetched), resolver, None)
    return identified if rdap is None else with_holders(identified, rdap.holders(identified))


async def aidentify(
    ip: str | IPv4Address | IPv6Address,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Identification:
    """Async version of `identify`."""
    identified = await aidentify_many([ip], resolver=resolver, catalogue=catalogue, rdap=rdap, limits=limits)
    return next(iter(identified.values()))


async def aidentify_many(
    ips: Iterable[str | IPv4Address | IPv6Address],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Identification]:
    """Async version of `identify_many`."""
    addresses = _addresses(ips)
    resolver = given_or_live(resolver)
    catalogue = catalogue or Catalogue.load()
    prefetched = await aprefetch(addresses, catalogue, limits, resolver)
    identified = await adrive(_identifying(addresses, catalogue, limits, prefetched), resolver, None)
    return identified if rdap is None else with_holders(identified, await rdap.aholders(identified))


def identifying(
    ips: Iterable[str | IPv4Address | IPv6Address], catalogue: Catalogue, limits: Limits = DEFAULT_LIMITS
) -> Generator[Question, Answer, dict[str, Identification]]:
    """Return whose these addresses are, by their text, in the order given; yields the Questions that need answers.

    Every provider's record is read once, however many addresses there are. Each address then costs 11 questions for
    its reverse DNS, and one check for each record that queries DNS about every client, up to MAX_QUESTIONS.
    """
    return (yield from _identifying(_addresses(ips), catalogue, limits, Prefetched()))


def _identifying(
    addresses: Iterable[tuple[Family, int]], catalogue: Catalogue, limits: Limits, prefetched: Prefetched
) -> Generator[Question, Answer, dict[str, Identification]]:
    known: Answers = {}
    networks = yield from reading_networks(catalogue, limits, known, prefetched.policies)
    identified: dict[str, Identification] = {}
    for family, address in addresses:
        names = prefetched.names.get((family, address))
        if names is None:
            names = yield from reverse_names(family, address)
        identifier = _Identifier(catalogue, networks, limits, known, family, address)
        identified[identifier.ip] = yield from identifier.run(names)
    return identified


def _addresses(ips: object) -> list[tuple[Family, int]]:
    values = list_of(object, ips, "ips", "addresses", '["192.0.2.1"]')
    return list(dict.fromkeys(parse_address(ip) for ip in values))


def with_holders(
    identified: Mapping[str, Identification], holders: Mapping[str, Match | Missing]
) -> dict[str, Identification]:
    """Return identifications with what the registries said about their networks."""
    completed = {}
    for ip, known in identified.items():
        holder = holders[ip]
        matches = (*known.matches, holder) if isinstance(holder, Match) else known.matches
        missing = (*known.missing, holder) if isinstance(holder, Missing) else known.missing
        completed[ip] = Identification(ip, matches, missing, known.unread)
    return completed


class _Identifier:
    """Collects and ranks the matches of one address."""

    def __init__(
        self,
        catalogue: Catalogue,
        networks: ProviderNetworks,
        limits: Limits,
        known: Answers,
        family: Family,
        address: int,
    ) -> None:
        self.ip = address_text(family, address)
        self._catalogue, self._networks, self._limits, self._known = catalogue, networks, limits, known
        self._family, self._address = family, address
        self._ranked: list[tuple[tuple[Any, ...], Match]] = []
        self._missing: list[Missing] = []

    def run(self, names: ReverseNames) -> Generator[Question, Answer, Identification]:
        """Return whose the address is, given its names in reverse DNS."""
        self._missing += names.missing
        yield from self._by_spf()
        self._by_names(names.names)
        matches = [match for _, match in sorted(self._ranked, key=lambda ranked: ranked[0])]
        return Identification(self.ip, tuple(matches), tuple(self._missing), self._networks.unread)

    def _by_spf(self) -> Generator[Question, Answer, None]:
        """Collect the providers whose own record passes the address."""
        answers = dict(self._known)
        for hit in self._networks.hits(self._family, self._address):
            outcome = hit.outcome
            name = visible_name(hit.provider.include)
            if outcome.result is Result.PASS:
                self._add_pass(hit, tuple(outcome.path))
            elif outcome.result is Result.TEMPERROR:
                why = "it could not be read completely" if outcome.problem is None else outcome.problem.text
                self._missing.append(Missing(hit.provider, visible(why), not outcome.is_unknown, outcome.is_unknown))
            elif not needs_only_the_address(outcome):
                dependencies = ", ".join([str(dependency) for dependency in outcome.depends_on[:3]])
                evidence = f"the SPF record of {name} may pass this address; that depends on {dependencies}"
                self._add(hit, Confidence.LOW, evidence, None, 0)
            elif len(answers) - len(self._known) >= MAX_QUESTIONS:
                why = f"the SPF record of {name} was not checked: this address already took {MAX_QUESTIONS} questions"
                self._missing.append(Missing(hit.provider, why, is_failure=False))
            else:
                yield from self._check(hit, answers)

    def _check(self, hit: Hit, answers: Answers) -> Generator[Question, Answer, None]:
        """Check the address against a record that queries DNS about every client."""
        session = yield from checking(self.ip, hit.provider, self._limits, answers)
        if session.result is Result.PASS:
            self._add_pass(hit, tuple([(domain, term.text) for domain, term in session.path]))
        elif session.problem is not None:
            is_outside = session.problem.code is ProblemCode.OUTSIDE_ZONE
            is_failure = session.result is Result.TEMPERROR and not is_outside
            self._missing.append(Missing(hit.provider, visible(session.problem.text), is_failure, is_outside))

    def _add_pass(self, hit: Hit, path: tuple[tuple[str, str], ...]) -> None:
        provider = hit.provider
        terms = " → ".join([visible(term, 100) for _, term in path])
        through = next(
            (other for domain, _ in path[1:] if (other := self._catalogue.by_include(domain)) not in (None, provider)),
            None,
        )
        evidence = f"the SPF record of {visible_name(provider.include)} passes this address, by {terms}"
        confidence = Confidence.MEDIUM if provider.confidence is Confidence.LOW else Confidence.HIGH
        self._add(hit, confidence, evidence, through, len(path))

    def _add(self, hit: Hit, confidence: Confidence, evidence: str, through: Provider | None, length: int) -> None:
        provider = hit.provider
        match = Match(provider, provider.name, How.SPF, confidence, evidence, provider.shared, through)
        self._rank(
            match, through is not None, provider.superseded_by is not None, _CONFIDENCES.index(provider.confidence),
            length, hit.addresses, hit.order,
        )  # fmt: skip

    def _by_names(self, names: Iterable[ReverseName]) -> None:
        """Collect the providers whose domains contain the names."""
        by_spf = {match.provider for _, match in self._ranked}
        for order, ((suffix, confirmed), group) in enumerate(self._by_suffix(names).items()):
            how = How.FORWARD_CONFIRMED if confirmed else How.REVERSE_DNS
            evidence = _evidence_of_names(group)
            medium = Confidence.MEDIUM if confirmed else Confidence.LOW
            if suffix is None:
                self._rank(Match(None, visible_name(group[0].name), how, medium, evidence), 1, order)
                continue
            # Entries whose SPF record passes the address too are more likely than others with the same suffix.
            providers = [pair for pair in suffix.providers if pair[0] in by_spf] or list(suffix.providers)
            evidence += f"; names under {suffix.domain} are those of {_either(providers)}"
            for provider, verified in providers:
                confidence = medium if verified and len(providers) == 1 else Confidence.LOW
                self._rank(Match(provider, provider.name, how, confidence, evidence, provider.shared), 0, order)

    def _by_suffix(self, names: Iterable[ReverseName]) -> dict[tuple[Suffix | None, bool], list[ReverseName]]:
        """Return the names by the domain of the catalogue that contains them, and whether they are confirmed."""
        groups: dict[tuple[Suffix | None, bool], list[ReverseName]] = {}
        for name in names:
            groups.setdefault((self._catalogue.by_name(name.name), name.confirmed), []).append(name)
        return groups

    def _rank(self, match: Match, *more: object) -> None:
        key = (_CONFIDENCES.index(match.confidence), _HOWS.index(match.how), *more, len(self._ranked))
        self._ranked.append((key, match))


def _either(providers: Iterable[tuple[Provider, bool]]) -> str:
    return " or ".join(provider.name for provider, _ in providers)


def _evidence_of_names(names: list[ReverseName]) -> str:
    """Return in words what names in reverse DNS show; all are confirmed, or none is."""
    first = names[0]
    evidence = f"its name in reverse DNS is {visible_name(first.name)}"
    evidence += ", and that name resolves to the address" if first.confirmed else f", but {first.why_not}"
    if len(names) > 1:
        evidence += f" (and {len(names) - 1} more such {'name' if len(names) == 2 else 'names'})"
    return evidence
