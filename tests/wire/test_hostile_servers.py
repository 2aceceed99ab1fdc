"""Servers that attack: none of them stops an event loop, or makes a query cost more than a bounded amount of work."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import dns.message
import dns.rcode
import pytest

from spfengine.answers import RRType
from spfengine.resolvers.dns_messages import Message, Query, read_reply, write_query
from spfengine.resolvers.live import aexchange, exchange
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, TooLarge

PATIENCE = 30.0
"""Seconds in which everything here happens, however busy the machine is."""
Exchange = Callable[[Attempt], Reply]
exchanges = pytest.mark.parametrize(
    "send", [exchange, lambda attempt: asyncio.run(acoroutine(attempt))], ids=["sync", "asyncio"]
)


async def acoroutine(attempt: Attempt) -> Reply:
    return await aexchange(attempt)


class CountedAttempt(Attempt):
    """An attempt that reports each datagram or message that is read for it."""

    __slots__ = ("read",)
    read: Callable[[bytes], None]

    def accept(self, wire: bytes) -> Message | TooLarge | None:
        self.read(wire)
        return super().accept(wire)


def attempt_at(server: socket.socket, read: Callable[[bytes], None], *, tcp: bool = False) -> CountedAttempt:
    address = Server(socket.AF_INET, server.getsockname())
    attempt = CountedAttempt(address, tcp, write_query((b"a", b"example"), RRType.TXT), monotonic() + PATIENCE)
    object.__setattr__(attempt, "read", read)
    return attempt


@contextmanager
def flooding(number: int) -> Iterator[tuple[socket.socket, threading.Event]]:
    """Answer one query with so many datagrams that have another ID, and then the reply; the event says that all of them
    have been sent.
    """
    all_sent = threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def flood() -> None:
            wire, client = server.recvfrom(1000)
            reply = dns.message.make_response(dns.message.from_wire(wire))
            good = reply.to_wire()
            reply.id ^= 1
            for _ in range(number):
                server.sendto(reply.to_wire(), client)
            server.sendto(good, client)
            all_sent.set()

        thread = threading.Thread(target=flood)
        thread.start()
        yield server, all_sent
        thread.join()


def test_one_datagram_is_read_in_a_turn_of_the_loop() -> None:
    """All datagrams are there before the first is read. With a read of several per turn, two would be in one turn."""
    turn = 0
    read_in: list[int] = []

    async def turning(all_sent: threading.Event, query: "asyncio.Task[Reply]") -> None:
        nonlocal turn
        while not query.done():
            turn += 1
            await asyncio.sleep(0)
            if turn == 10:  # the query has been sent
                assert all_sent.wait(PATIENCE)

    async def run() -> Reply:
        with flooding(20) as (server, all_sent):
            query = asyncio.create_task(acoroutine(attempt_at(server, lambda _: read_in.append(turn))))
            await turning(all_sent, query)
            return await query

    assert asyncio.run(run()) is not None
    assert len(read_in) == 21
    assert len(set(read_in)) == 21


@exchanges
@pytest.mark.parametrize(("number", "replied"), [(99, True), (100, False), (150, False)])
def test_at_most_a_hundred_datagrams_are_read_for_a_query(send: Exchange, number: int, replied: bool) -> None:
    read: list[bytes] = []
    with flooding(number) as (server, _):
        assert (send(attempt_at(server, read.append)) is not None) == replied
    assert len(read) == 100


@exchanges
def test_a_datagram_from_another_address_is_not_read(send: Exchange) -> None:
    """It has the number and the question of the query, and arrives first (RFC 5452 §9.1)."""
    read: list[bytes] = []
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        server.bind(("127.0.0.1", 0))

        def forge() -> None:
            wire, client = server.recvfrom(1000)
            reply = dns.message.make_response(dns.message.from_wire(wire))
            other.sendto(reply.to_wire(), client)
            reply.set_rcode(dns.rcode.NXDOMAIN)
            server.sendto(reply.to_wire(), client)

        thread = threading.Thread(target=forge)
        thread.start()
        reply = send(attempt_at(server, read.append))
        thread.join()
    assert isinstance(reply, Message)
    assert reply.rcode == dns.rcode.NXDOMAIN
    assert len(read) == 1


def test_a_datagram_with_another_id_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    attempt = Attempt(Server(2, ("192.0.2.53", 53)), False, write_query((b"a", b"example"), RRType.TXT), 0)
    reply = dns.message.make_response(dns.message.from_wire(attempt.query.wire))
    good = reply.to_wire()
    reply.id ^= 1

    def counting(wire: bytes, query: Query) -> Message | None:
        parsed.append(wire)
        return read_reply(wire, query)

    monkeypatch.setattr("spfengine.resolvers.stub.read_reply", counting)
    assert attempt.accept(reply.to_wire()) is None
    assert attempt.accept(b"") is None
    assert attempt.accept(good) is not None
    assert parsed == [good]


def test_the_loop_turns_between_pieces_over_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply comes octet by octet, each as soon as the last has been read."""
    turn = 0
    read_in: list[int] = []
    octets = iter(b"\0\x14" + bytes(20))

    async def run() -> Reply:
        nonlocal turn
        loop = asyncio.get_running_loop()

        async def one_octet(sock: socket.socket, size: int) -> bytes:
            read_in.append(turn)
            return bytes([next(octets)])  # at once, as sock_recv returns if something has arrived

        monkeypatch.setattr(loop, "sock_recv", one_octet)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            query = asyncio.create_task(acoroutine(attempt_at(listener, lambda _: None, tcp=True)))
            while not query.done():
                turn += 1
                await asyncio.sleep(0)
        return await query

    assert asyncio.run(run()) is None
    assert len(read_in) == 22
    assert len(set(read_in)) == 21  # the size of the reply and its first octet are read in one turn
