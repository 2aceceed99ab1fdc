"""DNS over HTTPS (RFC 8484): the stub resolver's queries as GET requests, and what the responses mean.

A `Transport` moves the octets: httpx (`over_httpx`), or a browser's `fetch` (`over_fetch`).

A query is a GET request with the ID 0 (RFC 8484 §4.1), and not a POST request: every server must have both, and in a
browser, GET needs no further request that asks for permission (a CORS preflight), which few servers answer.
"""

import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

from spfengine.addresses import V4, parse_address
from spfengine.answers import Answer, Question
from spfengine.arguments import list_of
from spfengine.errors import AddressError, ArgumentError
from spfengine.resolvers.dns_messages import SOA, Message, Record
from spfengine.resolvers.networked import NetworkResolver, SlotsByLoop, reporting
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, Stub, Unreachable
from spfengine.visible import visible

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from ssl import SSLContext

    from spfengine.resolvers.slots import Slots

_T = TypeVar("_T")

MEDIA_TYPE = "application/dns-message"
"""The type of a DNS message in HTTP (RFC 8484 §6)."""
MAX_OCTETS = 65535
"""Octets of the longest DNS message (RFC 8484 §6)."""
HEADERS = {"Accept": MEDIA_TYPE}
"""The header fields of a request; a browser adds its own."""
_NO_ID = bytes(2)
_TEMPLATES = ("{?dns}", "{&dns}")
_MAX_URL = 2048
_LONGEST_AGE = 10  # digits
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Response:
    """What an HTTP server sent.

    Attributes:
        status: its status code.
        headers: its header fields, those that are read, by their names in lower case.
        body: its body; of a longer one, the first `MAX_OCTETS` + 1 octets.
    """

    status: int
    headers: dict[str, str]
    body: bytes


READ_HEADERS = ("content-type", "content-encoding", "age", "location")
"""The header fields that are read."""


Get = Callable[[str], Awaitable[Response]]
"""Sends a GET request, does not follow redirections, and raises OSError with the reason if there is no response."""


class Transport(Protocol):
    """What sends requests, and runs what waits for them."""

    def run(self, work: Callable[[Get], Coroutine[Any, Any, _T]]) -> _T:
        """Return what a coroutine returns that sends requests, to a caller that is not asynchronous."""
        ...

    async def arun(self, work: Callable[[Get], Coroutine[Any, Any, _T]]) -> _T:
        """Async version of `run`."""
        ...

    def close(self) -> None:
        """Close the connections, once what is under way has ended. They are opened again if they are needed."""
        ...


class DoHResolver(NetworkResolver):
    """Answers Questions by DNS over HTTPS (RFC 8484), sync (`resolve`) and asyncio (`aresolve`); caches answers.

    It decides as `LiveResolver` does, and its answers have the same statuses. TIMEOUT means that no server sent a DNS
    message that could be understood: it could not be reached, its certificate is not trusted, it answered with an HTTP
    error, a redirection or another content type, or not in time. `unreachable` gets the reason. A TTL is reduced by the
    age of the response (RFC 8484 §5.1).

    The server learns every name that is asked for, and the address that it is asked from. Its own name is looked up by
    the system's DNS.

    Requests need httpx with HTTP/2 (the extra `doh`). One thread sends those of all threads and event loops, over
    connections that stay open until `close()`, or the end of the `with` block. Environment variables name the proxies
    (`HTTPS_PROXY`) and the trusted certificates (`SSL_CERT_FILE`), as httpx reads them. In a browser (Pyodide),
    requests are sent by `fetch`; there, `resolve` works only where Python can wait for the browser.

    Attributes:
        prefetch: how many questions a check may ask ahead.
        cache: the cache of answers, or None.

    Args:
        urls: the servers to ask, in this order: "https://dns.example/dns-query", also with "{?dns}" at its end. `http`
            is accepted for this machine only, such as "http://127.0.0.1:8053/dns-query".
        timeout: seconds to wait for one response of one server; less if `lifetime` would not suffice to ask all.
        retries: how many more times the servers that gave no answer are asked.
        lifetime: seconds for one Question in all.
        cache: whether answers are cached. For other bounds than the default: `Cache(DoHResolver(…, cache=False), …)`.
        prefetch: how many questions a check may ask ahead; see `LiveResolver`.
        in_flight: how many questions may be in flight at once in an event loop; the others wait.
        unreachable: called at once, with a server's URL and the reason, if it gives no answer that can be understood;
            once for each server, and not for one that has answered anything. It may be called from any thread.
        context: which certificates are trusted, and other settings of TLS; None: those that the environment names, or
            certifi's.

    Raises:
        ArgumentError: a setting can't be used.
        MissingExtraError: httpx or h2 is not installed (the extra `doh`).
    """

    def __init__(
        self,
        urls: Iterable[str] | str,
        *,
        timeout: float = 2.0,
        retries: int = 1,
        lifetime: float = 5.0,
        cache: bool = True,
        prefetch: int = 20,
        in_flight: int = 200,
        unreachable: Callable[[str, str], None] | None = None,
        context: "SSLContext | None" = None,
    ) -> None:
        given = [urls] if isinstance(urls, str) else urls
        servers = [_server(url) for url in list_of(str, given, "urls", "URLs", '["https://dns.example/dns-query"]')]
        if not servers:
            raise ArgumentError("urls is empty; give at least one, such as 'https://dns.example/dns-query'")
        self._urls = [_name(server) for server in servers]
        stub = Stub(servers, timeout, retries, lifetime, reporting(unreachable, _name))
        self._transport = _transport(context)
        super().__init__(_Uncached(stub, self._transport, prefetch, in_flight), prefetch, cache=cache)

    def __repr__(self) -> str:
        return f"<DoHResolver: {visible(', '.join(self._urls), _SHOWN)}>"

    def close(self) -> None:
        """Close the connections, once what is under way has ended. They are opened again if they are needed."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _transport(context: "SSLContext | None") -> Transport:
    if sys.platform == "emscripten":
        from spfengine.resolvers.over_fetch import FetchTransport

        if context is not None:
            raise ArgumentError("context can't be given in a browser, which has settings of its own")
        return FetchTransport()
    else:  # noqa: RET505 - the type checker passes over what is for another platform only in this form
        from spfengine.resolvers.over_httpx import HTTPXTransport

        return HTTPXTransport(context)


def _name(server: Server) -> str:
    """Return a server's URL."""
    return str(server.address[0])


class _Uncached:
    """The loop that carries out the stub resolver's decisions by HTTP requests."""

    def __init__(self, stub: Stub, transport: Transport, prefetch: int, in_flight: int) -> None:
        self._stub = stub
        self._transport = transport
        self.prefetch = prefetch
        self._slots = SlotsByLoop(in_flight)

    def resolve(self, question: Question, /) -> Answer:
        return self._transport.run(partial(self._ask, question))

    async def aresolve(self, question: Question, /) -> Answer:
        from asyncio import get_running_loop  # here, so that synchronous programs do not load it

        slots = self.slots(get_running_loop())
        await slots.take()
        try:
            return await self._transport.arun(partial(self._ask, question))
        finally:
            slots.release()

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots":
        return self._slots.of(loop)

    async def _ask(self, question: Question, get: Get) -> Answer:
        asking = self._stub.ask(question)
        try:
            attempt = next(asking)
            while True:
                attempt = asking.send(await _exchange(attempt, get))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer


async def _exchange(attempt: Attempt, get: Get) -> Reply:
    """Return the reply to this attempt, or None if none came in time."""
    from asyncio import timeout

    if attempt.tcp:  # for a reply that was truncated; a server has no longer form of it
        return None
    try:
        async with timeout(attempt.until - monotonic()):
            response = await get(url_of(attempt))
    except TimeoutError:
        return None
    except OSError as error:
        return Unreachable(str(error))
    fault = fault_of(response)
    return read_response(attempt, response) if fault is None else Unreachable(fault)


def _server(given: str) -> Server:
    """Return the server of a URL, or of a URI template (RFC 8484 §3)."""
    printable = visible(given, _SHOWN)
    url = given.strip()
    for template in _TEMPLATES:
        url = url.removesuffix(template)
    if len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or set(url) & set(" {}\\#"):
        raise ArgumentError(f"{printable!r} is not the URL of a DNS server; {_EXPECTED}")
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ArgumentError(f"{printable!r} is not a URL; {_EXPECTED}") from None
    if parts.scheme not in ("https", "http") or not is_usable:
        raise ArgumentError(f"{printable!r} is not the URL of a DNS server; {_EXPECTED}")
    if "@" in parts.netloc:
        raise ArgumentError("a URL with a user's name or password is not accepted; " + _EXPECTED)
    if parts.scheme == "http" and not _is_this_machine(parts):
        raise ArgumentError(f"{printable!r} would be asked without TLS, which only this machine may be; {_EXPECTED}")
    return Server(0, (url,))


_EXPECTED = "expected one like https://dns.example/dns-query"


def _is_this_machine(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        family, address = parse_address(host)
    except AddressError:
        return host == "localhost"
    return address >> 24 == 127 if family is V4 else address == 1


def url_of(attempt: Attempt) -> str:
    """Return the URL that asks this query, with the ID 0, so that all who ask it have one URL (RFC 8484 §4.1)."""
    url = attempt.server.address[0]
    query = urlsafe_b64encode(_NO_ID + attempt.query.wire[2:]).rstrip(b"=").decode("ascii")
    return f"{url}{'&' if '?' in url else '?'}dns={query}"


def fault_of(response: Response) -> str | None:
    """Return why this response has no DNS message, in words; None if it has one."""
    if 300 <= response.status < 400:
        where = visible(response.headers.get("location", ""), _SHOWN) or "no URL"
        return f"it redirects to {where}, which is not followed; give that URL instead, if you trust it"
    if not 200 <= response.status < 300:
        return f"it answers with HTTP status {response.status}; expected 200: is this its URL for DNS over HTTPS?"
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind.lower() != MEDIA_TYPE:
        sent = visible(kind, _SHOWN) or "content without a type"
        return f"it sends {sent}; expected {MEDIA_TYPE}: is this its URL for DNS over HTTPS?"
    if len(response.body) > MAX_OCTETS:
        return f"it sends more than {MAX_OCTETS:,} octets, which no DNS message has"
    return None


def read_response(attempt: Attempt, response: Response) -> Reply:
    """Return the reply in a response, with the TTLs that are left (RFC 8484 §5.1)."""
    body = response.body
    if body[:2] != _NO_ID:
        return Unreachable("it sends something that is not a reply to the query")
    reply = attempt.accept(attempt.query.wire[:2] + body[2:])
    if reply is None:
        return Unreachable("it sends something that is not a reply to the query")
    if isinstance(reply, Message):
        return _aged(reply, response.headers.get("age", ""))
    return reply


def _aged(message: Message, age: str) -> Message:
    """Return a message whose TTLs are reduced by the age of the response."""
    if not (age.isascii() and age.isdecimal()) or not age.strip("0"):
        return message
    seconds = int(age[:_LONGEST_AGE]) if len(age) <= _LONGEST_AGE else 10**_LONGEST_AGE

    def aged(record: Record) -> Record:
        data = max(0, record.data - seconds) if record.type == SOA else record.data
        return record._replace(ttl=max(0, record.ttl - seconds), data=data)

    return replace(
        message, answer=[aged(each) for each in message.answer], authority=[aged(each) for each in message.authority]
    )
