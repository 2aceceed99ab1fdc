"""HTTP requests of `DoHResolver` by a browser's `fetch`, in Pyodide."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from spfengine.resolvers.doh import HEADERS, MAX_OCTETS, READ_HEADERS, Get, Response

_T = TypeVar("_T")
_Work = Callable[[Get], Coroutine[Any, Any, _T]]


class FetchTransport:
    """Sends requests without cookies, past the browser's own cache."""

    def run(self, work: _Work[_T]) -> _T:
        """Return what a coroutine returns; only where Python can wait for the browser (JSPI)."""
        from pyodide.ffi import run_sync

        result: _T = run_sync(work(get))
        return result

    async def arun(self, work: _Work[_T]) -> _T:
        """Async version of `run`, for every browser."""
        return await work(get)

    def close(self) -> None:
        """Do nothing: the browser closes its connections itself."""


async def get(url: str) -> Response:
    """Return the response to a GET request. Raises OSError if there is none; a browser does not say why."""
    from js import AbortController, Object, fetch
    from pyodide.ffi import JsException, to_js

    stop = AbortController.new()
    options = {
        "headers": HEADERS,
        "signal": stop.signal,
        "cache": "no-store",
        "credentials": "omit",
        "redirect": "error",
        "referrerPolicy": "no-referrer",
    }
    try:
        response = await fetch(url, to_js(options, dict_converter=Object.fromEntries))
        body = await _read(response)
    except JsException as error:
        reason = "unreachable, or it does not allow web pages to ask it (CORS), or it redirects"
        raise OSError(f"{reason} ({error})") from None
    finally:
        stop.abort()  # if the time is over, or the body too long
    read = {name: str(response.headers.get(name) or "") for name in READ_HEADERS}
    return Response(response.status, read, body)


async def _read(response: Any) -> bytes:
    """Return the body, or the first octets of one that is too long."""
    body = bytearray()
    if not response.body:  # null in JavaScript
        return b""
    reader = response.body.getReader()
    while len(body) <= MAX_OCTETS:
        part = await reader.read()
        if part.done:
            break
        body += part.value.to_bytes()[: MAX_OCTETS + 1 - len(body)]
    return bytes(body)
