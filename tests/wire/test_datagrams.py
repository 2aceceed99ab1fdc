"""UDP in an event loop: what a socket is used for, and when it is closed."""

import asyncio
import socket
from collections.abc import Iterator
from time import monotonic

import dns.message
import pytest

from spfengine.answers import RRType
from spfengine.resolvers import datagrams
from spfengine.resolvers.datagrams import MAX_USES, datagrams_in
from spfengine.resolvers.dns_messages import Message, write_query
from spfengine.resolvers.live import aexchange
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, Unreachable

PATIENCE = 30.0
"""Seconds in which everything here happens, however busy the machine is."""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        yield server


@pytest.fixture
def long_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a socket be used again however busy the machine is."""
    monkeypatch.setattr(datagrams, "MAX_SECONDS", PATIENCE)


def attempt_at(server: socket.socket, seconds: float = 5.0) -> Attempt:
    query = write_query((b"a", b"example"), RRType.TXT)
    return Attempt(Server(socket.AF_INET, server.getsockname()), False, query, monotonic() + seconds)


def reply_to(wire: bytes) -> bytes:
    return dns.message.make_response(dns.message.from_wire(wire)).to_wire()


async def answered(server: socket.socket, attempt: Attempt) -> tuple[Reply, int]:
    """Make an attempt and answer it; return the reply, and the port that the query came from."""
    asking = asyncio.create_task(aexchange(attempt))
    wire, client = await asyncio.get_running_loop().sock_recvfrom(server, 512)
    server.sendto(reply_to(wire), client)
    return await asking, client[1]


def test_while_others_are_in_flight_a_socket_is_used_again_but_not_for_long(server: socket.socket) -> None:
    async def run() -> list[int]:
        waiting = asyncio.create_task(aexchange(attempt_at(server)))
        wire, client = await asyncio.get_running_loop().sock_recvfrom(server, 512)
        ports = []
        for _ in range(3 * MAX_USES):
            reply, port = await answered(server, attempt_at(server))
            assert isinstance(reply, Message)
            ports.append(port)
        assert client[1] not in ports  # no two queries in flight share a socket
        server.sendto(reply_to(wire), client)
        assert isinstance(await waiting, Message)
        assert datagrams_in(asyncio.get_running_loop()).open == 0
        return ports

    ports = asyncio.run(run())
    assert len(set(ports)) < len(ports)
    assert max(ports.count(port) for port in ports) <= MAX_USES


def test_without_others_each_query_has_a_new_socket(server: socket.socket) -> None:
    async def run() -> None:
        for _ in range(3):
            await answered(server, attempt_at(server))
            assert datagrams_in(asyncio.get_running_loop()).open == 0

    asyncio.run(run())


def test_a_late_reply_is_not_taken_for_that_to_the_next_query(server: socket.socket) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(aexchange(attempt_at(server)))
        kept = await loop.sock_recvfrom(server, 512)
        late = asyncio.create_task(aexchange(attempt_at(server, 0.05)))
        wire, client = await loop.sock_recvfrom(server, 512)
        assert await late is None
        asking = asyncio.create_task(aexchange(attempt_at(server)))
        again, same = await loop.sock_recvfrom(server, 512)
        assert same == client
        server.sendto(reply_to(wire), client)  # the reply to the first query that this socket sent
        await asyncio.sleep(0.05)
        assert not asking.done()
        server.sendto(reply_to(again), same)
        assert isinstance(await asking, Message)
        server.sendto(reply_to(kept[0]), kept[1])
        await waiting

    asyncio.run(run())


@pytest.mark.usefixtures("long_used")
def test_nor_is_a_late_reply_to_a_query_that_was_cancelled(server: socket.socket) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(aexchange(attempt_at(server, PATIENCE)))
        kept = await loop.sock_recvfrom(server, 512)
        cancelled = asyncio.create_task(aexchange(attempt_at(server, PATIENCE)))
        wire, client = await loop.sock_recvfrom(server, 512)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        server.sendto(reply_to(wire), client)
        for _ in range(5):
            await asyncio.sleep(0)  # it is read while no query uses the socket
        attempt = attempt_at(server, PATIENCE)
        asking = asyncio.create_task(aexchange(attempt))
        again, same = await loop.sock_recvfrom(server, 512)
        assert same == client
        server.sendto(reply_to(wire), client)  # it comes once more, while another query uses the socket
        for _ in range(5):
            await asyncio.sleep(0)
        assert not asking.done()
        server.sendto(reply_to(again), same)
        assert isinstance(await asking, Message)
        server.sendto(reply_to(kept[0]), kept[1])
        assert isinstance(await waiting, Message)
        assert datagrams_in(loop).open == 0

    asyncio.run(run())


@pytest.mark.usefixtures("long_used")
def test_a_socket_is_not_used_again_after_an_error_which_is_that_of_one_query(server: socket.socket) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(aexchange(attempt_at(server, PATIENCE)))
        kept = await loop.sock_recvfrom(server, 512)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            other.setblocking(False)
            attempts = [attempt_at(other, PATIENCE) for _ in range(3)]
            _, port = await answered(other, attempts[0])
        assert isinstance(await aexchange(attempts[1]), Unreachable)  # over the same socket
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(attempts[0].server.address)
            other.setblocking(False)
            reply, new_port = await answered(other, attempts[2])
        assert isinstance(reply, Message)
        assert new_port != port
        assert not waiting.done()
        server.sendto(reply_to(kept[0]), kept[1])
        assert isinstance(await waiting, Message)
        assert datagrams_in(loop).open == 0

    asyncio.run(run())


def test_a_cancelled_query_leaves_no_socket_open(server: socket.socket) -> None:
    async def run() -> None:
        asking = asyncio.create_task(aexchange(attempt_at(server)))
        await asyncio.get_running_loop().sock_recvfrom(server, 512)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert datagrams_in(asyncio.get_running_loop()).open == 0

    asyncio.run(run())


class WithoutReaders(asyncio.SelectorEventLoop):
    """A loop that can't watch sockets, as that of Windows; it can only receive from them."""

    def add_reader(self, fd: object, callback: object, *args: object) -> None:
        raise NotImplementedError


def test_a_loop_that_can_not_watch_sockets_receives(server: socket.socket) -> None:
    """`sock_recv` of a selector loop uses another method than `add_reader`."""

    async def run() -> None:
        asking = asyncio.create_task(aexchange(attempt_at(server)))
        while True:
            await asyncio.sleep(0.01)
            try:
                wire, client = server.recvfrom(512)
                break
            except BlockingIOError:
                continue
        server.sendto(reply_to(wire), client)
        assert isinstance(await asking, Message)

    loop = WithoutReaders()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
