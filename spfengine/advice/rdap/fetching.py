"""JSON over HTTP from untrusted servers, with limits on size, time and redirects."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from spfengine.visible import visible

if TYPE_CHECKING:
    import httpx

MAX_OCTETS = 1 << 20
"""The largest document that is read."""
MAX_REDIRECTS = 3

_HEADERS = {"Accept": "application/rdap+json, application/json", "Accept-Encoding": "identity"}
_REDIRECTS = (301, 302, 303, 307, 308)


class RegistryError(Exception):
    """A registry could not be reached, or its answer can't be used.

    Attributes:
        why: the reason in words, safe to print.
        is_failure: whether a later attempt may succeed.
    """

    def __init__(self, why: str, *, is_failure: bool = True) -> None:
        self.why: str = visible(why, 200)
        self.is_failure = is_failure
        super().__init__(self.why)


class Fetcher:
    """Fetches JSON; the time limit is for one document, redirects included."""

    def __init__(self, client: "httpx.AsyncClient", seconds: float, *, plain: bool) -> None:
        """Fetch with this client, by https only unless `plain`."""
        self._client = client
        self._seconds = seconds
        self._schemes = ("https", "http") if plain else ("https",)

    async def fetch(self, url: str, hosts: Collection[str]) -> tuple[Any, str]:
        """Return the document at a URL and its host, after redirects. Every host on the way must be in `hosts`.

        Raises:
            RegistryError: there is no such document.
        """
        import asyncio

        import httpx

        host = "the registry"
        try:
            async with asyncio.timeout(self._seconds):
                address = httpx.URL(url)
                for _ in range(MAX_REDIRECTS + 1):
                    host = address.host
                    self._check(address, hosts)
                    location, octets = await self._get(address)
                    if location is None:
                        return _loaded(octets, host), visible(host, 80)
                    address = address.join(location)
        except TimeoutError:
            raise RegistryError(f"{host} did not answer within {self._seconds:g} seconds") from None
        except httpx.InvalidURL:
            raise RegistryError(f"{host} redirects to something that is not a URL") from None
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise RegistryError(f"{host} could not be reached ({type(error).__name__}: {error})") from None
        raise RegistryError(f"{host} redirects more than {MAX_REDIRECTS} times")

    def _check(self, address: "httpx.URL", hosts: Collection[str]) -> None:
        if address.scheme not in self._schemes:
            scheme = address.scheme or "no scheme"
            raise RegistryError(f"{address.host or 'it'} is not queried over {scheme}; expected https")
        if address.userinfo or authority(address) not in hosts:
            raise RegistryError(f"it redirects to {authority(address)}, which is not a known registry")

    async def _get(self, address: "httpx.URL") -> tuple[str | None, bytes]:
        """Return the URL that a response redirects to, or the document that it contains."""
        host = address.host
        async with self._client.stream("GET", address, headers=_HEADERS) as response:
            if response.status_code in _REDIRECTS:
                return response.headers.get("location", ""), b""
            if response.status_code == 404:
                raise RegistryError(f"{host} has no entry for it", is_failure=False)
            if response.status_code != 200:
                raise RegistryError(f"{host} answered with status {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise RegistryError(f"{host} sent a compressed answer, which was not requested")
            octets = bytearray()
            async for part in response.aiter_raw():
                octets += part
                if len(octets) > MAX_OCTETS:
                    raise RegistryError(f"{host} sent more than {MAX_OCTETS >> 20} MiB")
        return None, bytes(octets)


def authority(address: "httpx.URL") -> str:
    """Return the host and port of a URL in the form of `hosts`."""
    host = address.host.lower()
    return host if address.port is None else f"{host}:{address.port}"


def _loaded(octets: bytes, host: str) -> Any:
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        raise RegistryError(f"{host} sent something that is not JSON") from None
