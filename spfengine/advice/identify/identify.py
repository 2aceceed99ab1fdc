"""`identify`: whose an address is, by the providers' own SPF records, and by reverse DNS."""

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from spfengine.addresses import Family, address_text, parse_address
from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.catalogue.reading import Confidence, Provider
from spfengine.advice.identify.concurrent import Ahead, aask_ahead, ask_ahead
from spfengine.advice.identify.identification import How, Identification, Match, Missing
from spfengine.advice.identify.provider_networks import (
    Hit,
    ProviderNetworks,
    ReverseName,
    ReverseNames,
    checking,
    needs_only_the_address,
    reading_networks,
    reverse_names,
)
from spfengine.answers import Answer, Question
from spfengine.drivers import adrive, drive
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.problems import Result
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.advice.rdap.client import RDAP
    from spfengine.answers import AsyncResolver, Resolver

MAX_QUESTIONS = 100
"""Questions about one address after which no provider's record is asked about it any more."""

_CONFIDENCES = list(Confidence)
_HOWS = list(How)


def identify(
    ip: object,
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Identification:
    """Return whose an address is, as far as that can be known.

    For several addresses `identify_many` costs hardly more than this for one.

    Args:
        ip: the address: text, or an `ipaddress` object.
        resolver: what answers DNS questions; live DNS where it is not given.
        catalogue: the providers that are known; `Catalogue.load()` where it is not given.
        rdap: what asks registries who holds the network; nobody is asked where it is not given.
        limits: how much a check of a provider's record may ask. There is no time limit.

    Raises:
        AddressError: `ip` is no IP address.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    (found,) = identify_many([ip], resolver=resolver, catalogue=catalogue, rdap=rdap, limits=limits).values()
    return found


def identify_many(
    ips: Iterable[object],
    *,
    resolver: "Resolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Identification]:
    """Return whose each of these addresses is, by its text, in their order; the arguments are those of `identify`."""
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    catalogue = catalogue or Catalogue.load()
    addresses = _addresses(ips)
    ahead = ask_ahead(addresses, catalogue, limits, resolver)
    found = drive(_identifying(addresses, catalogue, limits, ahead), resolver, None)
    return found if rdap is None else with_holders(found, rdap.holders(found))


async def aidentify(
    ip: object,
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Identification:
    """Return what `identify` returns, without blocking the event loop while DNS answers."""
    found = await aidentify_many([ip], resolver=resolver, catalogue=catalogue, rdap=rdap, limits=limits)
    return next(iter(found.values()))


async def aidentify_many(
    ips: Iterable[object],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    catalogue: Catalogue | None = None,
    rdap: "RDAP | None" = None,
    limits: Limits = DEFAULT_LIMITS,
) -> dict[str, Identification]:
    """Return what `identify_many` returns, without blocking the event loop while DNS answers."""
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    catalogue = catalogue or Catalogue.load()
    addresses = _addresses(ips)
    ahead = await aask_ahead(addresses, catalogue, limits, resolver)
    found = await adrive(_identifying(addresses, catalogue, limits, ahead), resolver, None)
    return found if rdap is None else with_holders(found, await rdap.aholders(found))


def identifying(
    ips: Iterable[object], catalogue: Catalogue, limits: Limits = DEFAULT_LIMITS
) -> Generator[Question, Answer, dict[str, Identification]]:
    """Return whose addresses these are, by their text, in their order; yields the Questions that it needs answered.

    Every provider's record is read once, whatever the number of addresses. Then each address costs 11 questions for
    its reverse DNS, and one check for each record that asks DNS about every client, until MAX_QUESTIONS are asked.
    """
    return (yield from _identifying(_addresses(ips), catalogue, limits, Ahead()))


def _identifying(
    addresses: Iterable[tuple[Family, int]], catalogue: Catalogue, limits: Limits, ahead: Ahead
) -> Generator[Question, Answer, dict[str, Identification]]:
    known: Answers = {}
    networks = yield from reading_networks(catalogue, limits, known, ahead.policies)
    found: dict[str, Identification] = {}
    for family, address in addresses:
        names = ahead.names.get((family, address))
        if names is None:
            names = yield from reverse_names(family, address)
        one = _Naming(catalogue, networks, limits, known, family, address)
        found[one.ip] = yield from one.steps(names)
    return found


def _addresses(ips: Iterable[object]) -> list[tuple[Family, int]]:
    return list(dict.fromkeys(parse_address(ip) for ip in ips))


def with_holders(
    found: Mapping[str, Identification], holders: Mapping[str, Match | Missing]
) -> dict[str, Identification]:
    """Return identifications with what registries said of their networks."""
    more = {}
    for ip, known in found.items():
        holder = holders[ip]
        matches = (*known.matches, holder) if isinstance(holder, Match) else known.matches
        missing = (*known.missing, holder) if isinstance(holder, Missing) else known.missing
        more[ip] = Identification(ip, matches, missing, known.unread)
    return more


class _Naming:
    """One address, and what was found of it so far."""

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

    def steps(self, names: ReverseNames) -> Generator[Question, Answer, Identification]:
        """Find out whose the address is, that has these names."""
        self._missing += names.missing
        yield from self._by_spf()
        self._by_names(names.names)
        matches = [match for _, match in sorted(self._ranked, key=lambda ranked: ranked[0])]
        return Identification(self.ip, tuple(matches), tuple(self._missing), self._networks.unread)

    def _by_spf(self) -> Generator[Question, Answer, None]:
        """Find the providers whose own record passes the address."""
        answers: Answers | None = None
        for hit in self._networks.hits(self._family, self._address):
            outcome = hit.outcome
            shown = visible_name(hit.provider.include)
            if outcome.result is Result.PASS:
                self._add_spf(hit, tuple(outcome.path))
            elif outcome.result is Result.TEMPERROR:
                told = "it could not be had in full" if outcome.problem is None else outcome.problem.text
                self._missing.append(Missing(hit.provider, visible(told), is_failure=True))
            elif not needs_only_the_address(outcome):
                rests = ", ".join([str(each) for each in outcome.depends_on[:3]])
                told = f"the SPF record of {shown} may pass this address; that rests on {rests}"
                self._add(hit, Confidence.LOW, told, None, 0)
            else:
                answers = dict(self._known) if answers is None else answers
                if len(answers) - len(self._known) >= MAX_QUESTIONS:
                    told = f"the SPF record of {shown} was not asked: this address took {MAX_QUESTIONS} questions"
                    self._missing.append(Missing(hit.provider, told, is_failure=False))
                    continue
                session = yield from checking(self.ip, hit.provider, self._limits, answers)
                if session.result is Result.PASS:
                    self._add_spf(hit, tuple([(domain, term.text) for domain, term in session.path]))
                elif session.problem is not None:
                    failed = session.result is Result.TEMPERROR
                    self._missing.append(Missing(hit.provider, visible(session.problem.text), failed))

    def _add_spf(self, hit: Hit, path: tuple[tuple[str, str], ...]) -> None:
        provider = hit.provider
        terms = " → ".join([visible(term, 100) for _, term in path])
        through = next(
            (other for domain, _ in path[1:] if (other := self._catalogue.by_include(domain)) not in (None, provider)),
            None,
        )
        told = f"the SPF record of {visible_name(provider.include)} passes this address, by {terms}"
        confidence = Confidence.MEDIUM if provider.confidence is Confidence.LOW else Confidence.HIGH
        self._add(hit, confidence, told, through, len(path))

    def _add(self, hit: Hit, confidence: Confidence, told: str, through: Provider | None, length: int) -> None:
        provider = hit.provider
        match = Match(provider, provider.name, How.SPF, confidence, told, provider.shared, through)
        self._rank(
            match, through is not None, provider.superseded_by is not None, _CONFIDENCES.index(provider.confidence),
            length, hit.addresses, hit.order,
        )  # fmt: skip

    def _by_names(self, names: Iterable[ReverseName]) -> None:
        """Find the providers under whose domains the names are."""
        by_spf = {match.provider for _, match in self._ranked}
        groups: dict[tuple[str, bool], list[ReverseName]] = {}
        for name in names:
            suffix = self._catalogue.by_name(name.name)
            groups.setdefault(("" if suffix is None else suffix.domain, name.confirmed), []).append(name)
        for place, ((domain, confirmed), group) in enumerate(groups.items()):
            first = group[0]
            how = How.FORWARD_CONFIRMED if confirmed else How.REVERSE_DNS
            shown = visible_name(first.name)
            told = f"reverse DNS calls it {shown}"
            told += ", and that name leads back to it" if confirmed else f", but {first.why_not}"
            if len(group) > 1:
                told += f" (and {len(group) - 1} more such {'name' if len(group) == 2 else 'names'})"
            medium = Confidence.MEDIUM if confirmed else Confidence.LOW
            suffix = self._catalogue.by_name(domain) if domain else None
            if suffix is None:
                self._rank(Match(None, shown, how, medium, told), 1, place)
                continue
            providers = [pair for pair in suffix.providers if pair[0] in by_spf] or list(suffix.providers)
            told += f"; names under {suffix.domain} are those of {' or '.join(p.name for p, _ in providers)}"
            for provider, verified in providers:
                confidence = medium if verified and len(providers) == 1 else Confidence.LOW
                self._rank(Match(provider, provider.name, how, confidence, told, provider.shared), 0, place)

    def _rank(self, match: Match, *more: object) -> None:
        key = (_CONFIDENCES.index(match.confidence), _HOWS.index(match.how), *more, len(self._ranked))
        self._ranked.append((key, match))
