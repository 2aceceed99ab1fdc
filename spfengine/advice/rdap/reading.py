"""Read the documents of IANA and the registries: which registry to ask (RFC 9224), and who holds a network (RFC 9083).

whoisit parses both. It trusts its input, so it gets only the parts that are used, with their size limited, and any
exception that it raises means that the document can't be understood.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from spfengine.advice.rdap.fetching import RegistryError, authority
from spfengine.visible import visible

_USED = ("objectClassName", "handle", "name", "country", "startAddress", "endAddress", "ipVersion", "entities")
_MAX_DEPTH = 9  # enough for the texts of a contact of a contact
_MAX_ITEMS = 50
_MAX_SERVICES = 1000
_MAX_PREFIXES = 5000
_MAX_TEXT = 200
_HOLDERS = ("registrant", "administrative")
_NO_SERVICE: dict[str, Any] = {"services": [[[], []]]}


@dataclass(frozen=True, slots=True)
class RegisteredNetwork:
    """A network in a registry.

    Attributes:
        first, last: its first and last address.
        name: the registry's name for it, or "".
        holder: who holds it, or "".
        country: its country, or "".
        registry: the host of the registry.
    """

    first: IPv4Address | IPv6Address
    last: IPv4Address | IPv6Address
    name: str
    holder: str
    country: str
    registry: str

    def holds(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address is in the network."""
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)


class Registries:
    """Which registry to ask about an address."""

    def __init__(self, version: int, document: Any, *, plain: bool) -> None:
        """Read IANA's list for one IP version. Raises RegistryError."""
        from whoisit.bootstrap import BaseBootstrap

        self._bootstrap = BaseBootstrap()
        parts = dict.fromkeys(("asn", "dns", "object", "ipv4", "ipv6"), _NO_SERVICE)
        try:
            services = document["services"]
            if len(services) > _MAX_SERVICES or sum(len(service[0]) for service in services) > _MAX_PREFIXES:
                raise RegistryError("the list of registries is longer than expected")
            parts[f"ipv{version}"] = {"services": services}
            self._bootstrap.load_bootstrap_data({"timestamp": 1, **parts}, allow_insecure=plain, from_json=False)
        except RegistryError:
            raise
        except Exception as error:  # noqa: BLE001 - whoisit may raise anything for untrusted input
            raise RegistryError(f"the list of registries can't be understood ({type(error).__name__})") from None
        self.hosts: frozenset[str] = self._hosts()

    def _hosts(self) -> frozenset[str]:
        import httpx

        hosts = set()
        for by_prefix in (self._bootstrap._parsed_data["ipv4"], self._bootstrap._parsed_data["ipv6"]):  # noqa: SLF001 - whoisit offers them nowhere else
            for urls in by_prefix.values():
                for url in urls:
                    try:
                        hosts.add(authority(httpx.URL(url)))
                    except httpx.InvalidURL:
                        continue
        return frozenset(hosts)

    def url(self, address: IPv4Address | IPv6Address) -> str:
        """Return the URL to query about an address. Raises RegistryError."""
        from whoisit.errors import WhoisItError
        from whoisit.query import QueryBuilder

        try:
            _, url, is_known = QueryBuilder(self._bootstrap).build("ip", address)
        except WhoisItError:
            raise RegistryError("private addresses are in no registry", is_failure=False) from None
        if not is_known:
            raise RegistryError("no registry is known for it", is_failure=False)
        return str(url)

    def read_network(self, address: IPv4Address | IPv6Address, document: Any, registry: str) -> RegisteredNetwork:
        """Return the network in a registry's answer. Raises RegistryError."""
        from whoisit.parser import parse

        fault = f"the answer of {registry} can't be understood"
        if not isinstance(document, dict):
            raise RegistryError(f"{fault}; expected an object")
        kept = {key: _bounded(document[key], _MAX_DEPTH) for key in _USED if key in document}
        try:
            parsed = parse(self._bootstrap, "ip", str(address), kept)
            first, last = ip_address(kept["startAddress"]), ip_address(kept["endAddress"])
            entities = parsed["entities"]
            names = [_name(entity) for role in _HOLDERS for entity in entities.get(role, ())]
            network = RegisteredNetwork(
                first, last, _text(parsed["name"]) or _text(parsed["handle"]), next(filter(None, names), ""),
                _text(parsed["country"]), registry,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whoisit may raise anything for untrusted input
            raise RegistryError(f"{fault} ({type(error).__name__})") from None
        if first.version != last.version or not network.holds(address):
            raise RegistryError(f"{registry} answered about another network")
        return network


def _name(entity: Any) -> str:
    return _text(entity.get("organisation")) or _text(entity.get("name"))


def _text(value: Any) -> str:
    return visible(" ".join(value.split()), _MAX_TEXT) if isinstance(value, str) else ""


def _bounded(value: Any, depth: int) -> Any:
    """Return a JSON value without what is nested too deeply or is too long."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, list):
        return [_bounded(item, depth - 1) for item in value[:_MAX_ITEMS]] if depth else []
    if isinstance(value, dict):
        items = list(value.items())[:_MAX_ITEMS]
        return {key[:_MAX_TEXT]: _bounded(item, depth - 1) for key, item in items} if depth else {}
    return value
