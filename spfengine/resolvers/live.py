"""Live DNS: Questions asked of real servers, over UDP and TCP, in messages that `dns_messages` writes and reads."""

import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from spfengine.addresses import parse_address
from spfengine.answers import Answer, Question
from spfengine.arguments import list_of
from spfengine.errors import AddressError, ArgumentError
from spfengine.resolvers.datagrams import MAX_DATAGRAMS, MAX_MESSAGE, datagrams_in, open_socket, reason
from spfengine.resolvers.networked import NetworkResolver, SlotsByLoop, reporting
from spfengine.resolvers.resolv_conf import read_nameservers, unusable
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, Stub, Unreachable, Unsent
from spfengine.visible import visible

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.resolvers.slots import Slots

_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_DOTTED = re.compile(r"([^:]+):([0-9]{1,5})")
_STREAMS = 4
"""Replies that an event loop fetches over TCP at once."""
_STREAM_TURN = 0.25
"""Seconds that one waits for that at most."""


class LiveResolver(NetworkResolver):
    """Answers Questions from live DNS, sync (`resolve`) and asyncio (`aresolve`); caches answers for their TTL.

    A TTL longer than a week is a week, and one of 2^31 seconds or more is 0 (RFC 2181 §8).

    Nothing that DNS does raises: SERVFAIL, REFUSED, FORMERR, TIMEOUT, TRUNCATED and LOOP are the statuses of Answers.
    TIMEOUT means that no server sent anything that could be understood. Names are asked for as they are: no search
    domain is ever appended. Safe to share between threads and event loops.

    A server that left a query unanswered is asked after the others for a minute, or until it answers. Then one question
    tries it again.

    Checks with this resolver ask ahead: see `prefetch`. Their results are the same without that.

    Attributes:
        prefetch: how many questions a check may ask ahead.
        cache: the cache of answers, or None.

    Args:
        nameservers: the recursive servers to ask, in this order: "192.0.2.1", "192.0.2.1:5353", "2001:db8::1",
            "[2001:db8::1]:5353". None: those in the system's settings (/etc/resolv.conf), read once, here. Lines that
            can't be used are skipped; without a `nameserver` line, the servers are 127.0.0.1 and ::1.
        port: the port of servers that are given without one.
        timeout: seconds to wait for one reply of one server; less if `lifetime` would not suffice to ask all of them.
        retries: how many more times the servers that stayed silent are asked.
        lifetime: seconds for one Question in all.
        cache: whether answers are cached. For other bounds than the default: `Cache(LiveResolver(cache=False), …)`.
        prefetch: how many questions a check may ask ahead, as soon as a record makes them foreseeable, so that it
            waits for them all at once; those that turn out not to be needed are cancelled with the result. 0: each
            question is asked when the check needs its answer.
        in_flight: how many questions may be in flight at once in an event loop; the others wait. At most half of them
            are questions that are asked ahead, and these end if a check needs their place.
        unreachable: called at once, with a server's address and the reason, if it can't be reached or does not answer;
            once for each server, and not for one that has answered anything. It may be called from any thread.

    Raises:
        ArgumentError: a setting can't be used, or no server is given and the system's settings have none to use.
    """

    def __init__(
        self,
        nameservers: Iterable[str] | str | None = None,
        *,
        port: int = 53,
        timeout: float = 2.0,
        retries: int = 1,
        lifetime: float = 5.0,
        cache: bool = True,
        prefetch: int = 20,
        in_flight: int = 200,
        unreachable: Callable[[str, str], None] | None = None,
    ) -> None:
        if nameservers is None:
            servers = _system_servers(port)
        else:
            given = [nameservers] if isinstance(nameservers, str) else nameservers
            texts = list_of(str, given, "nameservers", "addresses as text", '["192.0.2.1"]')
            servers = [_server(text, port) for text in texts]
        if not servers:
            raise ArgumentError("nameservers is empty; give at least one server, or None for the system's")
        stub = Stub(servers, timeout, retries, lifetime, reporting(unreachable, _name))
        self._nameservers = [str(server.address[0]) for server in servers]
        super().__init__(_Uncached(stub, prefetch, in_flight), prefetch, cache=cache)

    def __repr__(self) -> str:
        return f"<LiveResolver: {visible(', '.join(self._nameservers), 120)}>"


def _name(server: Server) -> str:
    """Return a server's address, with its port if that is not 53."""
    host, port = server.address[:2]
    return str(host) if port == 53 else f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


class _Uncached:
    """The two loops that carry out the stub resolver's decisions over sockets."""

    def __init__(self, stub: Stub, prefetch: int, in_flight: int) -> None:
        self._stub = stub
        self.prefetch = prefetch
        self._slots = SlotsByLoop(in_flight)
        self._streams = SlotsByLoop(_STREAMS)

    def resolve(self, question: Question, /) -> Answer:
        asking = self._stub.ask(question)
        try:
            attempt = next(asking)
            while True:
                attempt = asking.send(exchange(attempt))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer

    async def aresolve(self, question: Question, /) -> Answer:
        from asyncio import get_running_loop  # here, so that synchronous programs do not load it

        slots = self.slots(get_running_loop())
        await slots.take()
        try:
            return await self._ask(question)
        finally:
            slots.release()

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots":
        return self._slots.of(loop)

    async def _ask(self, question: Question) -> Answer:
        asking = self._stub.ask(question)
        try:
            attempt = next(asking)
            while True:
                attempt = asking.send(await (self._aexchange_stream if attempt.tcp else aexchange)(attempt))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer

    async def _aexchange_stream(self, attempt: Attempt) -> Reply:
        """Return the reply over TCP. Few are fetched at once, since they are large: together they would keep the loop
        from all other checks. But none waits for long, since others may be slow.
        """
        from asyncio import get_running_loop, timeout

        streams = self._streams.of(get_running_loop())
        try:
            async with timeout(_STREAM_TURN):
                await streams.take()
        except TimeoutError:
            return await aexchange(attempt)
        try:
            return await aexchange(attempt)
        finally:
            streams.release()


def _system_servers(port: int) -> list[Server]:
    """Return the servers of the system's settings, without those that can't be used.

    Raises:
        ArgumentError: none can be used.
    """
    servers = []
    fault = ""
    for text in read_nameservers():
        try:
            servers.append(_server(text, port))
        except ArgumentError as error:
            fault = fault or str(error)
    if not servers:
        raise unusable(fault)
    return servers


def _server(text: str, port: int) -> Server:
    printable = visible(str(text), 80)
    match = _BRACKETED.fullmatch(text) or _DOTTED.fullmatch(text)
    host, given_port = match.groups() if match else (text, None)
    number = port if given_port is None else int(given_port)
    if not 0 < number < 65536:
        raise ArgumentError(f"nameserver {printable!r}: the port is a number from 1 to 65535, not {number}")
    try:
        parse_address(host.partition("%")[0])
        resolved = socket.getaddrinfo(host, number, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (AddressError, OSError) as error:
        raise ArgumentError(
            f"nameserver {printable!r} is not an address; expected one like 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or "
            "[2001:db8::1]:5353"
        ) from error
    family, _, _, _, address = resolved[0]
    return Server(family, address)


# A query and its reply: one Attempt, over blocking sockets or over asyncio.


def exchange(attempt: Attempt) -> Reply:
    """Return the reply to this attempt, None if none came in time, or Unsent if there was no socket to send it from."""
    sock = _open(attempt)
    if sock is None:
        return Unsent()
    try:
        with sock:
            _wait_until(sock, attempt.until)
            sock.connect(attempt.server.address)
            if attempt.tcp:
                sock.sendall(_framed(attempt))
                size = int.from_bytes(_receive(sock, 2, attempt.until), "big")
                return attempt.accept(_receive(sock, size, attempt.until))
            sock.sendall(attempt.query.wire)
            for _ in range(MAX_DATAGRAMS):
                _wait_until(sock, attempt.until)
                reply = attempt.accept(sock.recv(MAX_MESSAGE))
                if reply is not None:
                    return reply
    except TimeoutError:
        return None
    except OSError as error:
        return Unreachable(reason(error))
    return None


async def aexchange(attempt: Attempt) -> Reply:
    """Async version of `exchange`."""
    from asyncio import get_running_loop

    if not attempt.tcp:
        loop = get_running_loop()
        with suppress(NotImplementedError):  # Windows' own event loop has none of this
            return await datagrams_in(loop).exchange(attempt, loop)
    return await _exchange_by_waiting(attempt)


async def _exchange_by_waiting(attempt: Attempt) -> Reply:
    """Return the reply to an attempt over TCP, or over UDP in a loop that can't watch sockets.

    `sock_recv` does not wait if something has arrived already. So this waits for the loop's next turn itself after each
    datagram and each piece, or a server that floods us would stop everything else in the loop, and its timers.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    sock = _open(attempt)
    if sock is None:
        return Unsent()
    try:
        with sock:
            async with asyncio.timeout(attempt.until - monotonic()):
                sock.setblocking(False)
                if attempt.tcp:
                    await loop.sock_connect(sock, attempt.server.address)
                    await loop.sock_sendall(sock, _framed(attempt))
                    size = int.from_bytes(await _areceive(loop, sock, 2), "big")
                    return attempt.accept(await _areceive(loop, sock, size))
                sock.connect(attempt.server.address)  # neither this nor `send` waits with UDP
                sock.send(attempt.query.wire)
                for _ in range(MAX_DATAGRAMS):
                    reply = attempt.accept(await loop.sock_recv(sock, MAX_MESSAGE))
                    if reply is not None:
                        return reply
                    await asyncio.sleep(0)
    except TimeoutError:
        return None
    except OSError as error:
        return Unreachable(reason(error))
    return None


def _open(attempt: Attempt) -> socket.socket | None:
    return open_socket(attempt.server, socket.SOCK_STREAM if attempt.tcp else socket.SOCK_DGRAM)


def _framed(attempt: Attempt) -> bytes:
    wire = attempt.query.wire
    return len(wire).to_bytes(2, "big") + wire


def _wait_until(sock: socket.socket, until: float) -> None:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)


def _receive(sock: socket.socket, size: int, until: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        _wait_until(sock, until)
        part = sock.recv(size - len(parts))
        if not part:
            raise ConnectionError
        parts += part
    return bytes(parts)


async def _areceive(loop: "AbstractEventLoop", sock: socket.socket, size: int) -> bytes:
    import asyncio

    parts = bytearray()
    while len(parts) < size:
        part = await loop.sock_recv(sock, size - len(parts))
        if not part:
            raise ConnectionError
        parts += part
        if len(parts) < size:
            await asyncio.sleep(0)
    return bytes(parts)
