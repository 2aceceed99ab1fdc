"""A registry of addresses on loopback, which says whatever a test has it say."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from tests.http_response import respond

IP = "23.83.218.24"

Reply = tuple[int, dict[str, str], bytes] | Callable[["Handler"], None]


def network(**changed: Any) -> dict[str, Any]:
    """An answer as RFC 9083 §5.4 has it."""
    return {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "ip network",
        "handle": "NET-23-83-208-0-1",
        "startAddress": "23.83.208.0",
        "endAddress": "23.83.223.255",
        "ipVersion": "v4",
        "name": "MAILCHANNELS",
        "type": "DIRECT ALLOCATION",
        "country": "CA",
        "entities": [entity("registrant", "MailChannels Corporation")],
        **changed,
    }


def entity(role: Any, name: Any) -> dict[str, Any]:
    card = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["kind", {}, "text", "org"]]
    return {"objectClassName": "entity", "handle": "X-1", "roles": [role], "vcardArray": ["vcard", card]}


class Handler(BaseHTTPRequestHandler):
    server: "Registry"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        reply = self.server.replies.get(self.path, (404, {}, b""))
        if callable(reply):
            reply(self)
            return
        respond(self, *reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Registry(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, Reply] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone: that is part of the tests."""

    def says(self, path: str, document: Any, status: int = 200, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.replies[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@contextmanager
def running() -> Iterator[Registry]:
    """IANA's list and a registry in one, that knows one network."""
    server = Registry()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.says("/ipv4.json", {"version": "1.0", "services": [[["23.0.0.0/8"], [f"{server.url}registry/"]]]})
    server.says("/ipv6.json", {"version": "1.0", "services": [[["2600::/12"], [f"{server.url}registry"]]]})
    server.says(f"/registry/ip/{IP}", network())
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
