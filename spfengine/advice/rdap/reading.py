"""Reading what IANA and the registries send: which registry to ask (RFC 9224), and who holds a network (RFC 9083).

whoisit reads both. It takes what it is given for granted, so it is given only what is used, of bounded size, and
whatever it raises means that the answer can't be understood.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple

from spfengine.advice.rdap.fetching import Unanswered, authority
from spfengine.visible import visible

_USED = ("objectClassName", "handle", "name", "country", "startAddress", "endAddress", "ipVersion", "entities")
_MAX_DEPTH = 9  # down to the texts of a contact of a contact
_MAX_ITEMS = 50
_MAX_SERVICES = 1000
_MAX_PREFIXES = 5000
_MAX_TEXT = 200
_HOLDERS = ("registrant", "administrative")
_NO_SERVICE: dict[str, Any] = {"services": [[[], []]]}


class Network(NamedTuple):
    """A network, as a registry has it.

    Attributes:
        first, last: its first and last address.
        name: the registry's name for it, or "".
        holder: who holds it, or "".
        country: or "".
        registry: the host that said so.
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
        """Read IANA's list for one IP version. Raises Unanswered."""
        from whoisit.bootstrap import BaseBootstrap

        self._bootstrap = BaseBootstrap()
        parts = dict.fromkeys(("asn", "dns", "object", "ipv4", "ipv6"), _NO_SERVICE)
        try:
            services = document["services"]
            if len(services) > _MAX_SERVICES or sum(len(each[0]) for each in services) > _MAX_PREFIXES:
                raise Unanswered("the list of registries is longer than any that is known")
            parts[f"ipv{version}"] = {"services": services}
            self._bootstrap.load_bootstrap_data({"timestamp": 1, **parts}, allow_insecure=plain, from_json=False)
        except Unanswered:
            raise
        except Exception as error:  # noqa: BLE001 - a reader of others', of what strangers wrote: it raises anything
            raise Unanswered(f"the list of registries can't be understood ({type(error).__name__})") from None
        self.hosts = self._hosts()

    def _hosts(self) -> frozenset[str]:
        import httpx

        found = set()
        for by_prefix in (self._bootstrap._parsed_data["ipv4"], self._bootstrap._parsed_data["ipv6"]):  # noqa: SLF001 - the only place where they stand
            for urls in by_prefix.values():
                for url in urls:
                    try:
                        found.add(authority(httpx.URL(url)))
                    except httpx.InvalidURL:
                        continue
        return frozenset(found)

    def url(self, address: IPv4Address | IPv6Address) -> str:
        """Return what to ask about an address. Raises Unanswered."""
        from whoisit.errors import WhoisItError
        from whoisit.query import QueryBuilder

        try:
            _, url, is_known = QueryBuilder(self._bootstrap).build("ip", address)
        except WhoisItError:
            raise Unanswered("no registry is asked about addresses for private use", is_failure=False) from None
        if not is_known:
            raise Unanswered("no registry is known for it", is_failure=False)
        return str(url)

    def read_network(self, address: IPv4Address | IPv6Address, document: Any, registry: str) -> Network:
        """Return the network that a registry's answer is about. Raises Unanswered."""
        from whoisit.parser import parse

        told = f"what {registry} sent can't be understood"
        if not isinstance(document, dict):
            raise Unanswered(f"{told}; expected an object")
        kept = {key: _bounded(document[key], _MAX_DEPTH) for key in _USED if key in document}
        try:
            parsed = parse(self._bootstrap, "ip", str(address), kept)
            first, last = ip_address(kept["startAddress"]), ip_address(kept["endAddress"])
            entities = parsed["entities"]
            names = [_name(each) for role in _HOLDERS for each in entities.get(role, ())]
            network = Network(
                first, last, _text(parsed["name"]) or _text(parsed["handle"]), next(filter(None, names), ""),
                _text(parsed["country"]), registry,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a reader of others', of what strangers wrote: it raises anything
            raise Unanswered(f"{told} ({type(error).__name__})") from None
        if first.version != last.version or not network.holds(address):
            raise Unanswered(f"{registry} answered about another network")
        return network


def _name(entity: Any) -> str:
    return _text(entity.get("organisation")) or _text(entity.get("name"))


def _text(value: Any) -> str:
    return visible(" ".join(value.split()), _MAX_TEXT) if isinstance(value, str) else ""


def _bounded(value: Any, depth: int) -> Any:
    """Return a JSON value with what goes too deep, or is too long, left out."""
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, list):
        return [_bounded(each, depth - 1) for each in value[:_MAX_ITEMS]] if depth else []
    if isinstance(value, dict):
        items = list(value.items())[:_MAX_ITEMS]
        return {key[:_MAX_TEXT]: _bounded(each, depth - 1) for key, each in items} if depth else {}
    return value
