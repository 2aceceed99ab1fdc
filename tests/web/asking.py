"""Requests as the page makes them, and what passes them to the application without a network."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from spfengine.web.answers import answer
from tests.conftest import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
HOST = "127.0.0.1:8025"
HEADERS = {"host": HOST, "origin": f"http://{HOST}", "content-type": "application/json"}
"""What a browser sends for the page."""


def file(name: str, content: str | bytes) -> dict[str, str]:
    """Return a file as the page sends it."""
    octets = content.encode() if isinstance(content, str) else content
    return {"name": name, "content": b64encode(octets).decode()}


def example(name: str) -> dict[str, str]:
    """Return a file of examples/."""
    return file(name, (EXAMPLES / name).read_bytes())


ZONES = [example("seed.zone")]
MESSAGE = [example("seed-message.eml")]


def ask(task: str, **given: Any) -> dict[str, Any]:
    """Return the answer to a request that asks no DNS."""
    return dict(answer({"task": task, **given}, None, now=0))


def seed_senders() -> list[Any]:
    """Return the senders of the seed story, as the page gets them."""
    senders: list[Any] = ask("read", evidence=MESSAGE)["senders"]
    return senders


class Reply(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def send(
    app: Any,
    method: str = "POST",
    path: str = "/answer",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = HEADERS,
    body: object = b"",
) -> Reply:
    """Return the application's response to a request; `body` may be octets, or else becomes JSON."""
    return asyncio.run(asend(app, method, path, headers, body))


async def asend(
    app: Any,
    method: str = "POST",
    path: str = "/answer",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = HEADERS,
    body: object = b"",
) -> Reply:
    """Async version of `send`."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode("latin-1", "replace"), "query_string": query.encode("latin-1", "replace"),
        "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8025),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
    }  # fmt: skip
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": octets, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def keep(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, keep)
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], fields, b"".join(message.get("body", b"") for message in sent[1:]))
