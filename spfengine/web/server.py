"""The page as an ASGI application, for `spfengine ui`: its files, and one address at which it asks.

It answers only browsers that name it by one of its own names (DNS rebinding), and only pages that it has served itself
(cross-site requests). No state is kept between requests, but for the DNS answers that are cached.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from threading import Event
from typing import TYPE_CHECKING, Any

from spfengine.answers import Resolver
from spfengine.errors import MissingExtraError
from spfengine.web.answers import answer
from spfengine.web.lanes import BusyError, Lane, LateError, Until
from spfengine.web.requests import MAX_OCTETS

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NEEDED = (
    "the page needs Starlette, uvicorn and Jinja2, which are not all installed; "
    "run: pip install starlette uvicorn jinja2 (the extra spfengine[ui])"
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_FILES: Mapping[str, tuple[str, str, str]] = {
    "/": ("spfengine.web", "static/index.html", "text/html"),
    "/report.css": ("spfengine.report", "templates/style.css", "text/css"),
    "/page.css": ("spfengine.web", "static/page.css", "text/css"),
    "/page.js": ("spfengine.web", "static/page.js", "text/javascript"),
    "/given.js": ("spfengine.web", "static/given.js", "text/javascript"),
    "/shown.js": ("spfengine.web", "static/shown.js", "text/javascript"),
    "/engine.js": ("spfengine.web", "static/engine-server.js", "text/javascript"),
    "/icon.svg": ("spfengine.web", "static/icon.svg", "image/svg+xml"),
    "/example.json": ("spfengine.web", "static/example.json", "application/json"),
}
"""Path → (package, file, type)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds on time and on how much is done at once.

    Attributes:
        body_seconds: how long a request may take to arrive.
        seconds: how long its answer may take, with the time that it waits for a thread.
        dns_seconds: how long DNS is asked for one request.
        threads, waiting: of requests that need no DNS: answered at once, and waiting.
        live_threads, live_waiting: the same for requests that need DNS.
    """

    body_seconds: float = 30.0
    seconds: float = 60.0
    dns_seconds: float = 20.0
    threads: int = 2
    waiting: int = 100
    live_threads: int = 16
    live_waiting: int = 100


_BOUNDS = Bounds()


def application(live: Callable[[], Resolver] | None, hosts: Collection[str], bounds: Bounds = _BOUNDS) -> "ASGIApp":
    """Return the application.

    Args:
        live: returns the resolver that asks DNS, which threads share; None if DNS is not asked.
        hosts: what the header field Host may say, such as "127.0.0.1:8025".
        bounds: bounds on time and on how much is done at once.

    Raises:
        MissingExtraError: Starlette is not installed (the extra `ui`).
    """
    try:
        from starlette.applications import Starlette
        from starlette.routing import Route
    except ModuleNotFoundError:
        raise MissingExtraError(NEEDED) from None
    page = _Page(live, bounds)
    routes = [Route(path, _file(*parts)) for path, parts in _FILES.items()]
    routes.append(Route("/answer", page.answer, methods=["POST"]))
    routes.append(Route("/live-answer", page.live_answer, methods=["POST"]))

    @asynccontextmanager
    async def lifespan(_: "Starlette") -> AsyncIterator[None]:
        yield
        page.close()

    return _Guard(Starlette(routes=routes, lifespan=lifespan), frozenset(host.lower() for host in hosts))


def _file(package: str, name: str, media_type: str) -> Callable[["Request"], "Response"]:
    content = files(package).joinpath(name).read_bytes()

    def respond(_: "Request") -> "Response":
        from starlette.responses import Response

        return Response(content, media_type=media_type)

    return respond


class _Page:
    """Answers the requests of the page."""

    def __init__(self, live: Callable[[], Resolver] | None, bounds: Bounds) -> None:
        self._live = live
        self._bounds = bounds
        self._closed = Event()
        self._lane = Lane(bounds.threads, bounds.waiting, bounds.seconds)
        self._live_lane = Lane(bounds.live_threads, bounds.live_waiting, bounds.seconds)

    def close(self) -> None:
        """End the threads."""
        self._closed.set()
        self._lane.close()
        self._live_lane.close()

    async def answer(self, request: "Request") -> "Response":
        """Return the answer to a request that asks no DNS."""
        return await self._respond(request, self._lane, None)

    async def live_answer(self, request: "Request") -> "Response":
        """Return the answer to a request that may ask DNS."""
        live, bounds = self._live, self._bounds
        limited = None if live is None else lambda: Until(live(), bounds.dns_seconds, self._closed)
        return await self._respond(request, self._live_lane, limited)

    async def _respond(self, request: "Request", lane: Lane, live: Callable[[], Resolver] | None) -> "Response":
        try:
            async with asyncio.timeout(self._bounds.body_seconds):
                body = await _body(request)
        except TimeoutError:
            return _response(408, "the request did not arrive in time")
        if body is None:
            return _response(413, f"this is more than {MAX_OCTETS >> 20} MiB; give fewer or smaller files")
        try:
            found = await lane.run(lambda: _answer(body, live))
        except BusyError:
            return _response(503, "too many requests wait; try again in a moment")
        except LateError:
            return _response(504, f"there was no answer within {self._bounds.seconds:g} seconds")
        return found


def _answer(body: bytes, live: Callable[[], Resolver] | None) -> "Response":
    """Return the answer to a body; this runs in a thread."""
    from starlette.responses import JSONResponse

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return _response(400, "the request is not JSON")
    return JSONResponse(answer(document, live))  # 200 also for what can't be used: the page shows why


async def _body(request: "Request") -> bytes | None:
    """Return the body of a request; None if it is too large."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > MAX_OCTETS:
            return None
    return bytes(pieces)


def _response(status: int, error: str) -> "Response":
    from starlette.responses import JSONResponse

    return JSONResponse({"error": error, "field": ""}, status, {"retry-after": "1"} if status == 503 else None)


class _Guard:
    """Lets only requests through that the page itself sends, and adds the headers that confine it."""

    def __init__(self, inner: "ASGIApp", hosts: Collection[str]) -> None:
        self._inner = inner
        self._hosts = hosts

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        reason = self._refusal(scope)
        if reason is None:
            await self._inner(scope, receive, _with_headers(send))
            return
        from starlette.responses import PlainTextResponse

        await PlainTextResponse(f"{reason}\n", 403)(scope, receive, _with_headers(send))

    def _refusal(self, scope: "Scope") -> str | None:
        """Return why a request is refused; None if it is not."""
        fields: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            fields.setdefault(name.lower(), []).append(value)
        hosts = [value.decode("latin-1").lower() for value in fields.get(b"host", [])]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return "this server does not have the name by which it was asked (Host)"
        if scope["method"] in ("GET", "HEAD"):
            return None
        origins = [value.decode("latin-1").lower() for value in fields.get(b"origin", [])]
        if any(origin.partition("://")[2] != hosts[0] for origin in origins):
            return "only the page of this server may ask it (Origin)"
        if any(value not in (b"same-origin", b"none") for value in fields.get(b"sec-fetch-site", [])):
            return "only the page of this server may ask it (Sec-Fetch-Site)"
        kinds = [value.partition(b";")[0].strip().lower() for value in fields.get(b"content-type", [])]
        if kinds != [b"application/json"]:  # no other page can send it without asking first
            return "expected Content-Type: application/json"
        return None


def _with_headers(send: "Send") -> "Send":
    async def sending(message: "Message") -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            added: list[Any] = [
                (name.encode(), value.encode()) for name, value in _HEADERS.items() if name.encode() not in present
            ]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sending
