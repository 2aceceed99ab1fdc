"""A server of DNS over HTTPS on loopback, whose replies are those of FakeDNS; it can be made to send something else."""

import socket
import ssl
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h2.config
import h2.connection
import h2.events
import trustme

from spfengine.answers import Resolver
from spfengine.testing import wire
from spfengine.testing.service import Service
from tests.http_response import respond

MEDIA_TYPE = "application/dns-message"
_FRAME = 16384
AUTHORITY = trustme.CA()
"""The one that the tests trust."""

Send = Callable[[BaseHTTPRequestHandler, bytes], None]
"""Sends a response; gets the query's octets."""


@dataclass
class Log:
    """What the server got.

    Attributes:
        requests: the first line and the header fields of each request.
        connections: how many there were.
    """

    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0


def trusting() -> ssl.SSLContext:
    """Return settings of TLS by which the server is trusted."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def reply_of(resolver: Resolver, octets: bytes) -> bytes | None:
    """Return what FakeDNS replies; None for silence."""
    query = wire.read_query(octets)
    if query is None:
        return wire.write_formerr(octets)
    service = Service(resolver.resolve, lambda *_: None, lambda *_: None, 0, 0)  # type: ignore[arg-type]  # no fault is asked for
    return service._build(query, None, "tcp")


def sending(reply: bytes, status: int = 200, **headers: str) -> Send:
    """Return what sends this response."""
    fields = {"content-type": MEDIA_TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}

    def send(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        respond(handler, status, fields, reply)

    return send


@contextmanager
def doh_server(resolver: Resolver, send: Send | None = None, *, tls: bool = True) -> Iterator[tuple[str, Log]]:
    """Serve a resolver's answers over HTTP/1.1; yields the URL, and a log.

    Args:
        send: sends something else.
    """
    log = Log()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def setup(self) -> None:
            log.connections += 1
            super().setup()

        def do_GET(self) -> None:
            log.requests.append((self.requestline, dict(self.headers)))
            encoded = parse_qs(urlsplit(self.path).query)["dns"][0]
            octets = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            if send is not None:
                send(self, octets)
                return
            reply = reply_of(resolver, octets)
            if reply is None:
                ended.wait(30)
                self.close_connection = True
                return
            sending(reply)(self, octets)

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """Write nothing: a client that hangs up is expected."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = _context().wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/dns-query", log
        finally:
            ended.set()
            server.shutdown()
            thread.join()


def _context(*protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@contextmanager
def http2_server(resolver: Resolver) -> Iterator[tuple[str, Log]]:
    """Serve a resolver's answers over HTTP/2 alone, as many DNS servers do; yields the URL, and a log."""
    log = Log()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, resolver, log), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/dns-query", log


def _accept(listener: socket.socket, resolver: Resolver, log: Log) -> None:
    context = _context("h2")
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        log.connections += 1
        threading.Thread(target=_converse, args=(context, connection, resolver, log), daemon=True).start()


def _converse(context: ssl.SSLContext, connection: socket.socket, resolver: Resolver, log: Log) -> None:
    try:
        with context.wrap_socket(connection, server_side=True) as sock:
            http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            http.initiate_connection()
            sock.sendall(http.data_to_send())
            while octets := sock.recv(65536):
                for event in http.receive_data(octets):
                    if isinstance(event, h2.events.RequestReceived):
                        _respond(http, event, resolver, log)
                sock.sendall(http.data_to_send())
    except OSError:
        return


def _respond(http: Any, event: Any, resolver: Resolver, log: Log) -> None:
    headers = {name.decode(): value.decode() for name, value in event.headers}
    log.requests.append((headers[":path"], headers))
    encoded = parse_qs(urlsplit(headers[":path"]).query)["dns"][0]
    reply = reply_of(resolver, urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    if reply is None:
        return  # silence
    http.send_headers(event.stream_id, [(":status", "200"), ("content-type", MEDIA_TYPE)])
    for start in range(0, len(reply), _FRAME):
        http.send_data(event.stream_id, reply[start : start + _FRAME], end_stream=start + _FRAME >= len(reply))
