"""JSON over HTTP from servers that are not trusted: bounded in octets, time and redirects."""

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from spfengine.visible import visible

if TYPE_CHECKING:
    import httpx

MAX_OCTETS = 1 << 20
"""Octets of the largest answer that is read."""
MAX_REDIRECTS = 3

_HEADERS = {"Accept": "application/rdap+json, application/json", "Accept-Encoding": "identity"}
_REDIRECTS = (301, 302, 303, 307, 308)


class Unanswered(Exception):  # noqa: N818 - no error of the program: a registry did not tell
    """A registry could not be asked, or said nothing that can be used.

    Attributes:
        why: in words, safe to show.
        is_failure: whether it may tell another time.
    """

    def __init__(self, why: str, *, is_failure: bool = True) -> None:
        self.why = visible(why, 200)
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
        """Return the document at a URL, or where it redirects to, and its host, which must be one of these.

        Raises:
            Unanswered: there is none.
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
                    where, octets = await self._get(address)
                    if where is None:
                        return _loaded(octets, host), visible(host, 80)
                    address = address.join(where)
        except TimeoutError:
            raise Unanswered(f"{host} did not answer within {self._seconds:g} seconds") from None
        except httpx.InvalidURL:
            raise Unanswered(f"{host} leads to something that is no URL") from None
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise Unanswered(f"{host} could not be asked ({type(error).__name__}: {error})") from None
        raise Unanswered(f"{host} redirects more than {MAX_REDIRECTS} times")

    def _check(self, address: "httpx.URL", hosts: Collection[str]) -> None:
        if address.scheme not in self._schemes:
            raise Unanswered(f"{address.host or 'it'} is not asked by {address.scheme or 'no scheme'}; expected https")
        if address.userinfo or authority(address) not in hosts:
            raise Unanswered(f"it leads to {authority(address)}, which is no registry that is known")

    async def _get(self, address: "httpx.URL") -> tuple[str | None, bytes]:
        """Return where a URL redirects to, or the document that is there."""
        host = address.host
        async with self._client.stream("GET", address, headers=_HEADERS) as response:
            if response.status_code in _REDIRECTS:
                return response.headers.get("location", ""), b""
            if response.status_code == 404:
                raise Unanswered(f"{host} knows nothing of it", is_failure=False)
            if response.status_code != 200:
                raise Unanswered(f"{host} answered with status {response.status_code}")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise Unanswered(f"{host} sent a compressed answer, though none was asked for")
            octets = bytearray()
            async for piece in response.aiter_raw():
                octets += piece
                if len(octets) > MAX_OCTETS:
                    raise Unanswered(f"{host} sent more than {MAX_OCTETS >> 20} MiB")
        return None, bytes(octets)


def authority(address: "httpx.URL") -> str:
    """Return the host and port of a URL, as `hosts` has them."""
    host = address.host.lower()
    return host if address.port is None else f"{host}:{address.port}"


def _loaded(octets: bytes, host: str) -> Any:
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        raise Unanswered(f"{host} sent something that is no JSON") from None
