"""A DNS server on loopback that serves any `Resolver`, and the log of its queries."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from ipaddress import ip_address
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from spfengine.addresses import parse_address
from spfengine.answers import Answer, Question, Resolver
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.names import fold
from spfengine.resolvers.asking import resolve_of
from spfengine.testing.faults import Fault, FaultEffect, FaultPlan
from spfengine.visible import short_repr, visible, visible_name

if TYPE_CHECKING:
    import asyncio

_ERRORS_KEPT = 1000
_QUERIES_KEPT = 1_000_000
_QUERIES_SHOWN = 20
_BACKLOG = 512
_RECEIVE_BUFFER = 1 << 20


class Query(NamedTuple):
    """A query that the server has received.

    Attributes:
        name: as it was asked, letter case included, each octet as one character.
        type: the record type, such as "TXT" or "TYPE65280".
        over: "udp" or "tcp".
        client: the client's address and port.
    """

    name: str
    type: str
    over: str
    client: tuple[str, int]

    def __repr__(self) -> str:
        return short_repr(self, self._fields)


class FakeDNS:
    """A DNS server for tests: UDP and TCP on one port of the loopback interface.

    It behaves as a recursive server: it follows CNAME records, truncates a reply that is too large for a datagram and
    sends it whole over TCP, and adds an SOA record to negative answers. An Answer that is a failure becomes what makes
    a client see that failure: TIMEOUT is silence, TRUNCATED is TC over UDP and TCP, LOOP is an alias of itself.

        with FakeDNS(zone) as server:
            resolver = LiveResolver(server.nameserver)

    It is bound when `start` returns, and serves from a thread of its own until `stop`. Threads may share it. If queries
    are `expected`, the end of the `with` block raises AssertionError if there were others.

    Args:
        resolver: answers the queries: a Zone, an Overlay, anything with `resolve`. Several threads call it.
        host: the address to listen at.
        port: the port to listen at; 0 for a free one.
        faults: the faults that the server has from the start.
        delay: seconds by which every reply is late; queries do not wait for each other.
        ttl: seconds, for Answers without a TTL. With 0 clients don't cache what a test may replace.
        allow_remote: whether `host` may be an address that is not loopback, where anybody can ask.
        expected: the only queries that are expected, as (name, type) pairs, "*" for any; None: any query. See `expect`.
        on_query: called with each Query when it arrives, in the server's thread; keep it short.

    Raises:
        ArgumentError: an argument is invalid, or `host` is not loopback and `allow_remote` is not set.
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
        if find_spec("dnslib") is None:
            raise MissingExtraError("FakeDNS needs dnslib: install the extra `testing`")
        parse_address(host)
        if not ip_address(host).is_loopback and not allow_remote:
            raise ArgumentError(
                f"host {visible(host, 60)} is not loopback, so others could ask this server; "
                "use 127.0.0.1 or ::1, or pass allow_remote=True"
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
        self._log = _QueryLog(expected)
        self._on_query = on_query
        self._lock = threading.Lock()
        self._port: int | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._errors: deque[Exception] = deque(maxlen=_ERRORS_KEPT)

    @property
    def zone(self) -> Resolver:
        """The resolver that answers. If it is replaced while the server runs, the new one answers the next query."""
        return self._resolver

    @zone.setter
    def zone(self, resolver: Resolver) -> None:
        resolve_of(resolver)
        self._resolver = resolver

    @property
    def address(self) -> str:
        """The address it listens at."""
        return self._host

    @property
    def port(self) -> int:
        """The port it listens at, UDP and TCP. Raises ArgumentError before it is started."""
        if self._port is None:
            raise ArgumentError("the server has no port before start(); use it as a context manager, or start it")
        return self._port

    @property
    def nameserver(self) -> str:
        """Address and port, as LiveResolver takes them."""
        return f"[{self._host}]:{self.port}" if ":" in self._host else f"{self._host}:{self.port}"

    @property
    def queries(self) -> list[Query]:
        """The queries so far, in the order of their arrival; at most the last million."""
        return self._log.queries

    @property
    def errors(self) -> list[Exception]:
        """The last 1000 exceptions, each of which became SERVFAIL: of the resolver or of Answers too large to send."""
        return list(self._errors)

    def clear_queries(self) -> None:
        """Forget the queries so far, including those that were not expected."""
        self._log.clear()

    def expect(self, *expected: tuple[str, str]) -> None:
        """Expect these queries and those expected before, and no others: (name, type) pairs, "*" for any name or type.

        The server answers unexpected queries too; `assert_expected` reports them.
        """
        self._log.expect(expected)

    @property
    def unexpected(self) -> list[Query]:
        """The queries so far that were not expected; empty if `expected` and `expect` are not used."""
        return self._log.unexpected

    def asked(self, name: str, type: str = "*", over: str | None = None) -> list[Query]:
        """Return the queries so far for a name, in any letter case, and a type, over "udp" or "tcp"; "*" is any."""
        return self._log.asked(name, type, over)

    def assert_asked(self, name: str, type: str = "*", times: int | None = None) -> None:
        """Raise AssertionError, with the queries so far, unless this was asked `times` times; None: at least once."""
        self._log.assert_asked(name, type, times)

    def assert_not_asked(self, name: str, type: str = "*") -> None:
        """Raise AssertionError if this was asked."""
        self._log.assert_asked(name, type, 0)

    def assert_expected(self) -> None:
        """Raise AssertionError, with the queries, if there were queries that nobody expected."""
        self._log.assert_expected()

    def add_fault(self, fault: Fault) -> None:
        """Add a fault; its queries are counted from now."""
        with self._lock:
            self._plan.add(fault)

    def clear_faults(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._plan.clear()

    def start(self) -> Self:
        """Bind and serve; return the server itself. Raises OSError if it can't bind the port."""
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
        """Stop serving, close the sockets and end the threads. Does nothing if it is not started."""
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

    def _notice(self, name: str, rrtype: str, over: str, client: tuple[str, int]) -> FaultEffect:
        query = Query(name, rrtype, over, client)
        self._log.add(query)
        with self._lock:
            effect = self._plan.effect(name, rrtype, over)
        if self._on_query is not None:
            try:
                self._on_query(query)
            except Exception as error:  # noqa: BLE001 - the caller's own function may raise anything; `errors` reports it
                self._errors.append(error)
        return effect


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket at one port; at a free one if `port` is 0."""
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


class _QueryLog:
    """The queries so far, at most the last million; threads may share it."""

    def __init__(self, expected: Iterable[tuple[str, str]] | None = None) -> None:
        self._lock = threading.Lock()
        self._queries: deque[Query] = deque(maxlen=_QUERIES_KEPT)
        self._expected: frozenset[tuple[str, str]] | None = None
        if expected is not None:
            self.expect(expected)

    @property
    def queries(self) -> list[Query]:
        with self._lock:
            return list(self._queries)

    @property
    def unexpected(self) -> list[Query]:
        expected = self._expected
        if expected is None:
            return []
        return [query for query in self.queries if not _covers(expected, query)]

    def add(self, query: Query) -> None:
        with self._lock:
            self._queries.append(query)

    def clear(self) -> None:
        with self._lock:
            self._queries.clear()

    def expect(self, expected: Iterable[tuple[str, str]]) -> None:
        more = {(_plain(name), type.upper()) for name, type in expected}
        with self._lock:
            self._expected = (self._expected or frozenset()) | more

    def asked(self, name: str, type: str, over: str | None = None) -> list[Query]:
        wanted = {(_plain(name), type.upper())}
        return [query for query in self.queries if _covers(wanted, query) and over in (None, query.over)]

    def assert_asked(self, name: str, type: str, times: int | None) -> None:
        count = len(self.asked(name, type))
        if count == times or (times is None and count):
            return
        expected = "at least once" if times is None else "never" if times == 0 else f"{times} times"
        message = f"{visible_name(name)} {type} was asked {count} times, expected {expected}; the queries were:"
        raise AssertionError(message + format_queries(self.queries))

    def assert_expected(self) -> None:
        unexpected = self.unexpected
        if unexpected:
            raise AssertionError(f"{len(unexpected)} queries that nobody expected:{format_queries(unexpected)}")


def format_queries(queries: list[Query]) -> str:
    """Return the first 20 queries as lines, each with a line end before it."""
    lines = [
        f"\n  {visible_name(query.name) or '.'} {query.type} over {query.over}" for query in queries[:_QUERIES_SHOWN]
    ]
    if len(queries) > _QUERIES_SHOWN:
        lines.append(f"\n  and {len(queries) - _QUERIES_SHOWN} more")
    return "".join(lines) or "\n  none"


def _plain(name: str) -> str:
    return fold(name.removesuffix("."))


def _covers(pairs: Iterable[tuple[str, str]], query: Query) -> bool:
    own = fold(query.name)
    return any(name in ("*", own) and type in ("*", query.type) for name, type in pairs)
