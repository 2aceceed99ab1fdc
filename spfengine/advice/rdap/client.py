"""`RDAP`: asks the address registries who holds networks, one after the other, with as few queries as possible."""

from collections.abc import Iterable
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from spfengine.advice.identify.identification import How, Match, Missing
from spfengine.advice.rdap.fetching import Fetcher, RegistryError, authority
from spfengine.advice.rdap.reading import RegisteredNetwork, Registries
from spfengine.arguments import list_of
from spfengine.catalogue.provider import Confidence
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.visible import visible

if TYPE_CHECKING:
    import httpx

IANA = "https://data.iana.org/rdap/"
"""The folder in which IANA publishes which registry has which addresses (RFC 9224)."""
MAX_QUESTIONS = 100
"""Queries to registries in one call. An address in a network that is already known costs none."""


class RDAP:
    """Asks the registries of addresses who holds networks (RFC 9083).

    The registries learn which addresses you look up, so they are asked only if you pass one of these objects. The
    holder of a network need not be the sender of mail from it.

    Args:
        bootstrap: the folder with the lists ipv4.json and ipv6.json of RFC 9224. Registries are queried over https
            only, unless this begins with http:.
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
            raise ArgumentError(f"not an https or http URL: {visible(bootstrap, 80)!r}; expected one like {IANA}")
        if not seconds > 0:
            raise ArgumentError(f"seconds must be above 0, not {seconds!r}")
        self._base = url
        self._seconds = seconds

    def holders(self, ips: Iterable[str]) -> dict[str, Match | Missing]:
        """Return by address who holds its network, or why that is not known. Addresses are given as text."""
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        addresses = _addresses(ips)
        with ThreadPoolExecutor(1) as pool:  # a new thread, because the caller's may already run an event loop
            return pool.submit(asyncio.run, self.aholders(addresses)).result()

    async def aholders(self, ips: Iterable[str]) -> dict[str, Match | Missing]:
        """Async version of `holders`."""
        import httpx

        holders: dict[str, Match | Missing] = {}
        async with httpx.AsyncClient(timeout=self._seconds, follow_redirects=False) as client:
            queries = _Queries(client, self._base, self._seconds)
            for ip in _addresses(ips):
                try:
                    holders[ip] = _match(await queries.network(ip_address(ip)))
                except RegistryError as error:
                    why = f"the holder of the network is not known: {error.why}"
                    holders[ip] = Missing(None, why, error.is_failure)
        return holders


class _Queries:
    """The queries of one call, which share the lists of registries and the networks seen so far."""

    def __init__(self, client: "httpx.AsyncClient", base: "httpx.URL", seconds: float) -> None:
        self._fetcher = Fetcher(client, seconds, plain=base.scheme == "http")
        self._base = base
        self._registries: dict[int, Registries | RegistryError] = {}
        self._networks: dict[tuple[int, int], RegisteredNetwork] = {}
        self._count = 0

    async def network(self, address: IPv4Address | IPv6Address) -> RegisteredNetwork:
        """Return the network of an address. Raises RegistryError."""
        # Registries rarely split a /24 of IPv4 or a /48 of IPv6 between holders.
        key = address.version, int(address) >> (8 if address.version == 4 else 80)
        known = self._networks.get(key)
        if known is not None and known.holds(address):
            return known
        registries = await self._registries_of(address.version)
        url = registries.url(address)
        if self._count >= MAX_QUESTIONS:
            raise RegistryError(f"the limit of {MAX_QUESTIONS} queries in one call is reached", is_failure=False)
        self._count += 1
        document, registry = await self._fetcher.fetch(url, registries.hosts)
        network = registries.read_network(address, document, registry)
        self._networks[key] = network
        return network

    async def _registries_of(self, version: int) -> Registries:
        if version not in self._registries:
            try:
                url = str(self._base.join(f"ipv{version}.json"))
                document, _ = await self._fetcher.fetch(url, {authority(self._base)})
                self._registries[version] = Registries(version, document, plain=self._base.scheme == "http")
            except RegistryError as error:
                self._registries[version] = error
        registries = self._registries[version]
        if isinstance(registries, RegistryError):
            raise registries
        return registries


def _addresses(ips: object) -> tuple[str, ...]:
    return list_of(str, ips, "ips", "addresses as text", '["192.0.2.1"]')


def _match(network: RegisteredNetwork) -> Match:
    holder = network.holder or network.name
    name = f" ({network.name})" if network.name and network.name != holder else ""
    country = f", {network.country}" if network.country else ""
    held = f"is held by {holder}{country}" if network.holder else f"is called {holder}{country}"
    evidence = f"the registry at {network.registry} says that {network.first} to {network.last}{name} {held}"
    return Match(None, holder, How.RDAP, Confidence.LOW, evidence)


def _require_library() -> None:
    if find_spec("httpx") is None or find_spec("whoisit") is None:
        raise MissingExtraError("RDAP needs whoisit: pip install whoisit (the extra spfengine[rdap])")
