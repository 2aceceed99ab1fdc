"""A DNS server on loopback that serves any resolver of ours, for tests of anything that asks DNS."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, Self

from spfengine.addresses import parse_address
from spfengine.answers import Answer, Question, Resolver
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.resolvers.asking import resolve_of
from spfengine.testing.faults import Effect, Fault, FaultPlan
from spfengine.testing.queries import Query, QueryLog
from spfengine.visible import visible

if TYPE_CHECKING:
    import asyncio

_ERRORS_KEPT = 1000
_BACKLOG = 512
_RECEIVE_BUFFER = 1 << 20


class FakeDNS:
    """A DNS server for tests: UDP and TCP on one port of the loopback interface.

    It behaves as a recursive server: CNAME records come with what they lead to, a reply without room in a datagram
    says so and is whole over TCP, negative answers carry an SOA record. An Answer that is a failure becomes what makes
    a client see that failure: TIMEOUT is silence, TRUNCATED is TC over UDP and TCP, LOOP is an alias of itself.

        with FakeDNS(zone) as server:
            resolver = LiveResolver(server.nameserver)

    It is bound when `start` returns, and serves from a thread of its own until `stop`. Threads may share it. Where it
    is told which queries are `expected`, the end of the `with` block raises AssertionError if there were others.

    Args:
        resolver: what answers: a Zone, an Overlay, anything with `resolve`. Several threads ask it.
        host: the address to listen at.
        port: 0 takes a free one.
        faults: what goes wrong, from the start.
        delay: seconds by which every reply is late; queries do not wait for each other.
        ttl: seconds for Answers that say no TTL. 0 keeps clients from caching what a test then replaces.
        allow_remote: listen at an address that is not loopback, where anybody can ask.
        expected: the only queries that are expected: (name, type) pairs, "*" for any; None: all are. See `expect`.
        on_query: is called with each Query as it comes, in the server's thread; keep it short.

    Raises:
        ArgumentError: an argument can't be used, or `host` is not loopback and `allow_remote` is not set.
        ResolverError: `resolver` has no `resolve`.
        MissingExtraError: dnslib is not installed.
    """

    def __init__(
        self,
        resolver: Resolver,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        faults: Iterable[Fault] = (),
        delay: float = 0.0,
        ttl: int = 0,
        allow_remote: bool = False,
        expected: Iterable[tuple[str, str]] | None = None,
        on_query: Callable[[Query], object] | None = None,
    ) -> None:
        try:
            import dnslib  # type: ignore[import-untyped]  # noqa: F401  # no types; only asked whether it is there
        except ImportError as missing:
            raise MissingExtraError("FakeDNS needs dnslib: install the extra `testing`") from missing
        parse_address(host)
        if not ip_address(host).is_loopback and not allow_remote:
            raise ArgumentError(
                f"host {visible(host, 60)} is not loopback, so others could ask this server; "
                "use 127.0.0.1 or ::1, or say allow_remote=True"
            )
        if not 0 <= port < 65536:
            raise ArgumentError(f"port is a number from 0 to 65535, not {port!r}")
        if not 0 <= delay < 3600:
            raise ArgumentError(f"delay is 0 to 3600 seconds, not {delay!r}")
        if not 0 <= ttl < 1 << 31:
            raise ArgumentError(f"ttl is 0 to {(1 << 31) - 1} seconds, not {ttl!r}")
        self.zone = resolver
        self._host = host
        self._wanted_port = port
        self._delay = delay
        self._ttl = ttl
        self._plan = FaultPlan(faults)
        self._log = QueryLog(expected)
        self._on_query = on_query
        self._lock = threading.Lock()
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._errors: deque[Exception] = deque(maxlen=_ERRORS_KEPT)

    @property
    def zone(self) -> Resolver:
        """What answers; it may be replaced while the server runs, and the next query is answered by the new one."""
        return self._resolver

    @zone.setter
    def zone(self, resolver: Resolver) -> None:
        resolve_of(resolver)
        self._resolver = resolver

    @property
    def address(self) -> str:
        """The address that it listens at."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens at, UDP and TCP. Raises ArgumentError while it is not started."""
        if self._port is None:
            raise ArgumentError("the server has no port before start(); use it as a context manager, or start it")
        return self._port

    @property
    def nameserver(self) -> str:
        """Address and port, as LiveResolver takes them."""
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    @property
    def queries(self) -> list[Query]:
        """The queries so far, in the order in which they came; of more than a million, the last million."""
        return self._log.queries

    @property
    def errors(self) -> list[Exception]:
        """What the resolver raised, and why an Answer fits in no message; the client got SERVFAIL. The last 1000."""
        return list(self._errors)

    def clear_queries(self) -> None:
        """Forget the queries so far, those that were not expected too."""
        self._log.clear()

    def expect(self, *expected: tuple[str, str]) -> None:
        """Expect these queries and those expected before, and no others: (name, type) pairs, "*" for any name or type.

        Queries that were not expected are answered all the same; `assert_expected` tells of them.
        """
        self._log.expect(expected)

    @property
    def unexpected(self) -> list[Query]:
        """The queries so far that nobody expected; none where no query is said to be expected."""
        return self._log.unexpected

    def asked(self, name: str, type: str = "*", over: str | None = None) -> list[Query]:
        """Return the queries so far for a name, in any letter case, of a type, over "udp" or "tcp"; "*" is any."""
        return self._log.asked(name, type, over)

    def assert_asked(self, name: str, type: str = "*", times: int | None = None) -> None:
        """Raise AssertionError unless this was asked: so many times, or at least once. It lists what was asked."""
        self._log.assert_asked(name, type, times)

    def assert_not_asked(self, name: str, type: str = "*") -> None:
        """Raise AssertionError if this was asked."""
        self._log.assert_asked(name, type, 0)

    def assert_expected(self) -> None:
        """Raise AssertionError if there were queries that nobody expected. It lists them."""
        self._log.assert_expected()

    def add_fault(self, fault: Fault) -> None:
        """Give the server one fault more; its queries are counted from now."""
        with self._lock:
            self._plan.add(fault)

    def clear_faults(self) -> None:
        """Take all faults from the server."""
        with self._lock:
            self._plan.clear()

    def start(self) -> Self:
        """Bind and serve; return the server itself. Raises OSError where the port can't be had."""
        if self._thread is not None:
            raise ArgumentError("the server is started already")
        udp, tcp = _bind(self._host, self._wanted_port)
        self._port = udp.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(udp, tcp, started), name="FakeDNS", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def stop(self) -> None:
        """Stop serving; when it returns, sockets are closed and threads are gone. Does nothing where it is stopped."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None:
            loop.call_soon_threadsafe(stopping.set)
        thread.join()
        self._thread = self._loop = self._stopping = self._port = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if kind is None:
            self.assert_expected()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        from asyncio import to_thread

        await to_thread(self.stop)
        if kind is None:
            self.assert_expected()

    def _run(self, udp: socket.socket, tcp: socket.socket, started: threading.Event) -> None:
        import asyncio

        from spfengine.testing.service import Service

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._stopping = asyncio.Event()
            service = Service(self._answer, self._notice, self._errors.append, self._delay, self._ttl)
            await service.serve(udp, tcp, started.set, self._stopping)

        try:
            asyncio.run(serve())
        finally:
            udp.close()
            tcp.close()
            started.set()

    def _answer(self, question: Question) -> Answer:
        return self._resolver.resolve(question)

    def _notice(self, name: str, rrtype: str, over: str, client: tuple[str, int]) -> Effect:
        query = Query(name, rrtype, over, client)
        self._log.add(query)
        with self._lock:
            effect = self._plan.effect(name, rrtype, over)
        if self._on_query is not None:
            try:
                self._on_query(query)
            except Exception as error:  # noqa: BLE001  # whatever a listener does, the server goes on, and the test is told
                self._errors.append(error)
        return effect


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket at one port; a free one where `port` is 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tries = 1 if port else 50  # a port that is free for TCP may be taken for UDP
    while True:
        tcp = socket.socket(family, socket.SOCK_STREAM)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            tcp.bind((host, port))
            udp.bind((host, tcp.getsockname()[1]))
            tcp.listen(_BACKLOG)
        except OSError:
            tcp.close()
            udp.close()
            tries -= 1
            if not tries:
                raise
        else:
            return udp, tcp
