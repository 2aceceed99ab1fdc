"""The policy server: it accepts clients, serves them until a signal stops it, and shows its numbers."""

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from spfengine.policyd.bounds import Bounds
from spfengine.policyd.connection import Connection
from spfengine.policyd.fairness import Fairness
from spfengine.policyd.log import Log
from spfengine.policyd.metrics import CONTENT_TYPE, Metrics
from spfengine.policyd.sockets import place_of
from spfengine.policyd.systemd import notify
from spfengine.receiver.delegation import Delegation

FAILED = "451 4.3.5 The SPF check failed, try again later"
_AT_A_TIME = 16
"""Clients that are accepted before others have their turn."""
_IDLE = 900.0  # seconds; Postfix closes a connection after 300 without a request
_SWEEP = 60.0  # seconds
_LAST_ANSWERS = 10.0  # seconds that running checks have at the end
_QUIET = 0.2  # seconds without a request after which a client is idle
_PAUSE = 0.25  # seconds without accepting clients, if there are no file descriptors, or too many clients
_SAID_AGAIN = 60.0  # seconds
_OUT_OF = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_SCRAPE = 5.0  # seconds for a client to ask for the metrics
_SCRAPERS = 8


class Server:
    """Serves clients until SIGTERM or SIGINT; each then gets the answers to what it has asked, and is closed.

    Args:
        delegation: answers requests.
        log: gets what happens.
        metrics: gets the numbers.
        fairness: decides which checks wait.
        bounds: how many clients there may be.
        reload: called at SIGHUP.

    Attributes:
        is_stopping: whether the server takes no further requests.
    """

    def __init__(
        self, delegation: Delegation, log: Log, metrics: Metrics, fairness: Fairness, bounds: Bounds,
        reload: Callable[[], object],
    ) -> None:  # fmt: skip
        self.log = log
        self.metrics = metrics
        self.is_stopping: bool = False
        self._delegation = delegation
        self._bounds = bounds
        self._reload = reload
        self._clients: dict[Connection, None] = {}
        self._listening: Sequence[socket.socket] = ()
        self._scraped: Sequence[socket.socket] = ()
        self._accepting = False
        self._full_said = float("-inf")
        self._arriving: set[asyncio.Task[object]] = set()
        self._scrapers = 0
        self._stopping = asyncio.Event()
        self._all_gone = asyncio.Event()
        metrics.gauges = {
            ("clients", "Clients that are connected."): lambda: len(self._clients),
            ("clients_max", "Clients that may be connected at once."): lambda: bounds.clients,
            ("heavy_checks_waiting", "Checks of domains that cost much, which wait."): lambda: fairness.waiting,
            ("heavy_checks_refused", "Such checks that were not made, since they waited too long."): (
                lambda: fairness.refused
            ),
        }

    async def run(self, sockets: Sequence[socket.socket], scraped: Sequence[socket.socket] = ()) -> None:
        """Serve at these sockets, and show the metrics at `scraped`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._on_reload)
        for listening in sockets:
            listening.setblocking(False)
            self.log.say(f"listening at {place_of(listening)}")
        for listening in scraped:
            self.log.say(f"metrics at {place_of(listening)}")
            listening.setblocking(False)
        self._listening, self._scraped = sockets, scraped
        self._accept_clients()
        self._accept_scrapers()
        sweeping = loop.create_task(self._sweep())
        notify("READY=1")
        await self._stopping.wait()
        notify("STOPPING=1")
        self._pause_accepting()
        self._pause_scrapers()
        sweeping.cancel()
        await self._end()
        self.log.say("stopped")

    def _on_reload(self) -> None:
        notify("RELOADING=1")
        self._reload()
        notify("READY=1")

    async def _end(self) -> None:
        """Close idle clients, the others after their answers, or after a time limit."""
        await asyncio.gather(*self._arriving, return_exceptions=True)
        await asyncio.sleep(0)  # what clients have sent before now is read in this turn of the event loop
        await asyncio.sleep(0)
        self.is_stopping = True
        for client in list(self._clients):
            if not client.is_busy:
                client.close()
        if self._clients:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_ANSWERS):
                    await self._all_gone.wait()
        for client in list(self._clients):
            client.transport.abort()
        await asyncio.sleep(0)

    # Clients

    def opened(self, client: Connection) -> None:
        """Note a client that has come."""
        self._clients[client] = None
        self.metrics.event("client-opened")

    def closed(self, client: Connection) -> None:
        """Note that a client has gone."""
        self._clients.pop(client, None)
        if self.is_stopping and not self._clients:
            self._all_gone.set()
        self._accept_clients()

    def failed(self, error: Exception) -> str:
        """Note that a check has failed in a way that no check should, and return the action."""
        self.metrics.event("failure")
        self.log.note(f"the check failed: {type(error).__name__}: {error}")
        return FAILED

    def _accept_clients(self) -> None:
        if self._accepting or self._stopping.is_set():
            return
        self._accepting = True
        loop = asyncio.get_running_loop()
        for listening in self._listening:
            loop.add_reader(listening, self._accept, listening)

    def _pause_accepting(self) -> None:
        """Leave new clients in the queues of the sockets for now."""
        self._accepting = False
        loop = asyncio.get_running_loop()
        for listening in self._listening:
            loop.remove_reader(listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_A_TIME):
            if not self._has_room():
                self._pause_accepting()  # until a client has gone
                return
            sock = self._next_of(listening, self._pause_accepting, self._accept_clients)
            if sock is None:
                return
            self._welcome(sock, Connection(self, self._delegation))

    def _next_of(
        self, listening: socket.socket, pause: Callable[[], object], go_on: Callable[[], object]
    ) -> socket.socket | None:
        """Accept the next client at a socket; None if there is none. If there are no file descriptors, pause, and go on
        a little later.
        """
        try:
            sock, _address = listening.accept()
        except OSError as error:
            if error.errno in _OUT_OF:
                self._say_full(f"new clients wait: {error.strerror}. See LimitNOFILE= or ulimit -n")
                pause()
                asyncio.get_running_loop().call_later(_PAUSE, go_on)
            return None
        sock.setblocking(False)
        return sock

    def _welcome(self, sock: socket.socket, protocol: asyncio.Protocol) -> None:
        task = asyncio.get_running_loop().create_task(_connect(sock, protocol))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    def _has_room(self) -> bool:
        """Whether there may be one more client. If not, some of those that are idle are closed, the longest idle first;
        not those that have just come, whose first request may be on its way.
        """
        if len(self._clients) + len(self._arriving) < self._bounds.clients:
            return True
        loop = asyncio.get_running_loop()
        quiet = [client for client in self._clients if not client.is_busy and client.active_at <= loop.time() - _QUIET]
        self._say_full(
            f"there are {self._bounds.clients} clients, the most for this number of file descriptors (LimitNOFILE= or "
            "ulimit -n); idle ones are closed, and new ones wait"
        )
        for client in sorted(quiet, key=lambda client: client.active_at)[:_AT_A_TIME]:
            client.close()
            self.metrics.event("client-closed")
        if not quiet:
            loop.call_later(_PAUSE, self._accept_clients)
        return False

    def _say_full(self, why: str) -> None:
        """Say this once a minute, however often it happens."""
        now = asyncio.get_running_loop().time()
        self.metrics.event("full")
        if now - self._full_said >= _SAID_AGAIN:
            self._full_said = now
            self.log.say(why)

    async def _sweep(self) -> None:
        """Close clients that have sent nothing, or read nothing, for long."""
        while True:
            await asyncio.sleep(_SWEEP)
            oldest = asyncio.get_running_loop().time() - _IDLE
            for client in list(self._clients):
                if client.active_at < oldest and not client.is_checking:
                    client.transport.abort()

    # Metrics

    # asyncio.start_server is not used: without file descriptors it logs hundreds of tracebacks a second.

    def _accept_scrapers(self) -> None:
        if not self._stopping.is_set():
            for listening in self._scraped:
                asyncio.get_running_loop().add_reader(listening, self._accept_scraper, listening)

    def _pause_scrapers(self) -> None:
        for listening in self._scraped:
            asyncio.get_running_loop().remove_reader(listening)

    def _accept_scraper(self, listening: socket.socket) -> None:
        sock = self._next_of(listening, self._pause_scrapers, self._accept_scrapers)
        if sock is not None:
            self._welcome(sock, asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._scrape))

    async def _scrape(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one HTTP request for the metrics."""
        self._scrapers += 1
        try:
            if self._scrapers <= _SCRAPERS:
                async with asyncio.timeout(_SCRAPE):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._response(head.split(b" ")[:2]))
                    await writer.drain()
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
            pass  # it is not an HTTP request, or its client has gone
        finally:
            self._scrapers -= 1
            writer.close()

    def _response(self, request: list[bytes]) -> bytes:
        if request == [b"GET", b"/metrics"]:
            status, body = "200 OK", self.metrics.text().encode("ascii")
        else:
            status, body = "404 Not Found", b"metrics are at /metrics\n"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        return f"{head}Connection: close\r\n\r\n".encode("ascii") + body


async def _connect(sock: socket.socket, protocol: asyncio.Protocol) -> None:
    try:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, sock)
    except OSError:  # it has gone already
        sock.close()
