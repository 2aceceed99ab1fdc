"""`RDAP`: asks the registries who holds networks, one after the other, and no more often than is needed."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from spfengine.advice.catalogue.reading import Confidence
from spfengine.advice.identify.identification import How, Match, Missing
from spfengine.advice.rdap.fetching import Fetcher, Unanswered, authority
from spfengine.advice.rdap.reading import Network, Registries
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.visible import visible

if TYPE_CHECKING:
    import httpx

IANA = "https://data.iana.org/rdap/"
"""Where IANA says which registry has which addresses (RFC 9224)."""
MAX_QUESTIONS = 100
"""Questions to registries for one call; an address beside one whose network is known already costs none."""


class RDAP:
    """Asks the registries of addresses who holds networks (RFC 9083).

    This tells the registries which addresses you look at, so it is never done unless you hand one of these over. The
    holder of a network need not be who sends from it.

    Args:
        bootstrap: the folder with the lists ipv4.json and ipv6.json of RFC 9224. Registries are asked by https only,
            unless this begins with http:.
        seconds: the time limit for one document.

    Raises:
        ArgumentError: an argument can't be used.
        MissingExtraError: whoisit, or the httpx that it uses, is not installed.
    """

    def __init__(self, bootstrap: str = IANA, *, seconds: float = 10.0) -> None:
        _require_library()
        import httpx

        try:
            url = httpx.URL(bootstrap if bootstrap.endswith("/") else f"{bootstrap}/")
        except (httpx.InvalidURL, TypeError, AttributeError):
            raise ArgumentError(f"not a URL: {visible(repr(bootstrap), 80)}; expected one like {IANA}") from None
        if url.scheme not in ("https", "http") or not url.host:
            raise ArgumentError(f"not a URL that can be asked: {visible(bootstrap, 80)!r}; expected one like {IANA}")
        if not seconds > 0:
            raise ArgumentError(f"seconds must be above 0, not {seconds!r}")
        self._base = url
        self._seconds = seconds

    def holders(self, ips: Iterable[str]) -> dict[str, Match | Missing]:
        """Return, by address, who holds its network, or why that could not be had. Addresses are given as text."""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(1) as pool:  # a thread of its own, since the caller's may run an event loop already
            return pool.submit(asyncio.run, self.aholders(list(ips))).result()

    async def aholders(self, ips: Iterable[str]) -> dict[str, Match | Missing]:
        """Return what `holders` returns, without blocking the event loop."""
        import httpx

        found: dict[str, Match | Missing] = {}
        async with httpx.AsyncClient(timeout=self._seconds, follow_redirects=False) as client:
            run = _Run(client, self._base, self._seconds)
            for ip in ips:
                try:
                    found[ip] = _match(await run.network(ip_address(ip)))
                except Unanswered as unanswered:
                    told = f"who holds the network could not be had: {unanswered.why}"
                    found[ip] = Missing(None, told, unanswered.is_failure)
        return found


class _Run:
    """One call: lists and networks are kept as long as it lasts."""

    def __init__(self, client: "httpx.AsyncClient", base: "httpx.URL", seconds: float) -> None:
        self._fetcher = Fetcher(client, seconds, plain=base.scheme == "http")
        self._base = base
        self._registries: dict[int, Registries | Unanswered] = {}
        self._networks: dict[tuple[int, int], Network] = {}
        self._asked = 0

    async def network(self, address: IPv4Address | IPv6Address) -> Network:
        """Return the network of an address. Raises Unanswered."""
        near = address.version, int(address) >> (8 if address.version == 4 else 80)  # registries rarely part these
        known = self._networks.get(near)
        if known is not None and known.holds(address):
            return known
        registries = await self._registries_of(address.version)
        url = registries.url(address)
        if self._asked >= MAX_QUESTIONS:
            raise Unanswered(f"{MAX_QUESTIONS} questions were asked already", is_failure=False)
        self._asked += 1
        document, registry = await self._fetcher.fetch(url, registries.hosts)
        found = registries.read_network(address, document, registry)
        self._networks[near] = found
        return found

    async def _registries_of(self, version: int) -> Registries:
        if version not in self._registries:
            try:
                url = str(self._base.join(f"ipv{version}.json"))
                document, _ = await self._fetcher.fetch(url, {authority(self._base)})
                self._registries[version] = Registries(version, document, plain=self._base.scheme == "http")
            except Unanswered as unanswered:
                self._registries[version] = unanswered
        found = self._registries[version]
        if isinstance(found, Unanswered):
            raise found
        return found


def _match(network: Network) -> Match:
    holder = network.holder or network.name
    called = f" ({network.name})" if network.name and network.name != holder else ""
    where = f", {network.country}" if network.country else ""
    held = f"is held by {holder}{where}" if network.holder else f"is called {holder}{where}"
    told = f"the registry at {network.registry} says that {network.first} to {network.last}{called} {held}"
    return Match(None, holder, How.RDAP, Confidence.LOW, told)


def _require_library() -> None:
    try:
        import httpx  # noqa: F401 - only whether it is there
        import whoisit  # noqa: F401 - only whether it is there
    except ImportError:
        told = "RDAP needs whoisit: pip install whoisit (the extra spfengine[rdap])"
        raise MissingExtraError(told) from None
