"""HTTP requests of `DoHResolver` by httpx: one thread with an event loop sends those of all threads and loops.

So the synchronous form has a limit of time for the whole response, however slowly it arrives, and all callers share the
open connections.
"""

from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import finalize

from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.resolvers.doh import HEADERS, MAX_OCTETS, READ_HEADERS, Get, Response

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    import httpx

_T = TypeVar("_T")
_Work = Callable[[Get], Coroutine[Any, Any, _T]]
_CONNECTIONS = 20
"""Connections that are open at once. HTTP/2 needs one for each server."""
_CLOSING_SECONDS = 5.0


class HTTPXTransport:
    """Sends requests in a thread of its own, which starts with the first one.

    Args:
        context: the settings of TLS; None: those that the environment names, or httpx's.

    Raises:
        ArgumentError: what the environment says of certificates or proxies can't be used.
        MissingExtraError: httpx or h2 is not installed.
    """

    def __init__(self, context: SSLContext | None) -> None:
        try:
            import h2  # noqa: F401 - httpx needs it for HTTP/2
            import httpx
        except ImportError:
            message = "DNS over HTTPS needs httpx with HTTP/2: pip install 'httpx[http2]' (the extra spfengine[doh])"
            raise MissingExtraError(message) from None
        try:
            self._context = httpx.create_ssl_context() if context is None else context
            _client(self._context)
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            message = "the environment names certificates (SSL_CERT_FILE, SSL_CERT_DIR) or a proxy (HTTPS_PROXY)"
            raise ArgumentError(f"{message} that can't be used: {error}") from error
        self._lock = Lock()
        self._sender: _Sender | None = None

    def run(self, work: _Work[_T]) -> _T:
        """Return what a coroutine returns, which runs in the thread of requests."""
        running = self._start(work)
        try:
            return running.result()
        finally:
            running.cancel()  # if this thread was interrupted

    async def arun(self, work: _Work[_T]) -> _T:
        """Async version of `run`."""
        from asyncio import wrap_future

        return await wrap_future(self._start(work))

    def close(self) -> None:
        """Close the connections, once what is under way has ended, and end the thread. The next request starts one."""
        with self._lock:
            sender, self._sender = self._sender, None
        if sender is not None:
            sender.stop()
            sender.thread.join(_CLOSING_SECONDS)

    def _start(self, work: _Work[_T]) -> Future[_T]:
        from asyncio import run_coroutine_threadsafe

        with self._lock:
            if self._sender is None or not self._sender.thread.is_alive():  # no thread survives a fork
                self._sender = _Sender(self._context)
                finalize(self, self._sender.stop)
            return run_coroutine_threadsafe(work(self._sender.get), self._sender.loop)


class _Sender:
    """The thread, its event loop and its client. It does not refer to the transport, which can so be collected."""

    loop: "AbstractEventLoop"

    def __init__(self, context: SSLContext) -> None:
        import asyncio

        self._client = _client(context)
        self._stop = asyncio.Event()
        self._started = Event()
        self.thread = Thread(target=asyncio.run, args=(self._serve(),), name="DoHResolver", daemon=True)
        self.thread.start()
        self._started.wait()

    async def _serve(self) -> None:
        import asyncio

        self.loop = asyncio.get_running_loop()
        async with self._client:
            self._started.set()
            await self._stop.wait()
            under_way = asyncio.all_tasks() - {asyncio.current_task()}
            if under_way:
                await asyncio.wait(under_way)  # each has a time limit

    def stop(self) -> None:
        """Close the connections, once what is under way has ended."""
        with suppress(RuntimeError):  # the loop is closed already
            self.loop.call_soon_threadsafe(self._stop.set)

    async def get(self, url: str) -> Response:
        """Return the response to a GET request. Raises OSError if there is none."""
        import httpx

        body = bytearray()
        try:
            async with self._client.stream("GET", url) as response:
                async for part in response.aiter_raw():
                    body += part[: MAX_OCTETS + 1 - len(body)]
                    if len(body) > MAX_OCTETS:
                        break
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
            raise OSError(_reason(error)) from error
        read = {name: response.headers[name] for name in READ_HEADERS if name in response.headers}
        return Response(response.status_code, read, bytes(body))


def _client(context: SSLContext) -> "httpx.AsyncClient":
    """Return a client that follows no redirections, and keeps no cookies."""
    import httpx

    return httpx.AsyncClient(
        http2=True,
        verify=context,
        timeout=None,  # noqa: S113 - each attempt has one
        headers={**HEADERS, "Accept-Encoding": "identity", "User-Agent": "spfengine"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        limits=httpx.Limits(max_connections=_CONNECTIONS),
    )


def _reason(error: Exception) -> str:
    """Return why there is no response, in words."""
    words = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return f"its certificate is not trusted: {words}; SSL_CERT_FILE can name a file of certificates that are"
    return words
