"""The fake DNS server under load: nothing is lost, all is logged, and no octets whatever bring it down."""

import asyncio
import random
import socket
from collections import Counter
from contextlib import ExitStack, suppress

import dns.message
import pytest

from spfengine.resolvers.zone import Zone
from spfengine.testing import FakeDNS

TASKS = 200
QUERIES = 100  # of each task: 20,000 together
ZONE = Zone({f"n{number}.example": {"TXT": f"v=spf1 ip4:192.0.2.{number} -all"} for number in range(TASKS)})


class _Client(asyncio.DatagramProtocol):
    """One task's queries over UDP, known again by their ids."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[bytes]] = {}

    def datagram_received(self, data: bytes, _: object) -> None:
        future = self.waiting.get(int.from_bytes(data[:2], "big"))
        if future is not None and not future.done():
            future.set_result(data)


def _wire(task: int, turn: int) -> bytes:
    return dns.message.make_query(f"n{task}.example", "TXT", id=task * QUERIES + turn).to_wire()


async def _over_udp(server: FakeDNS, task: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_datagram_endpoint(_Client, remote_addr=(server.address, server.port))
    replies = []
    for turn in range(QUERIES):
        wire = _wire(task, turn)
        future = client.waiting[int.from_bytes(wire[:2], "big")] = loop.create_future()
        transport.sendto(wire)
        replies.append(await asyncio.wait_for(future, 30))
    transport.close()
    return replies


async def _over_tcp(server: FakeDNS, task: int) -> list[bytes]:
    reader, writer = await asyncio.open_connection(server.address, server.port)
    replies = []
    for turn in range(QUERIES):
        wire = _wire(task, turn)
        writer.write(len(wire).to_bytes(2, "big") + wire)
        replies.append(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
    writer.close()
    await writer.wait_closed()
    return replies


@pytest.mark.full
def test_twenty_thousand_queries_from_two_hundred_tasks_are_all_answered_and_logged() -> None:
    """Each task waits for a reply before it asks again: no more than 200 are under way, so none may be lost."""

    async def ask_all() -> list[list[bytes]]:
        tasks = (_over_udp(server, task) if task % 2 else _over_tcp(server, task) for task in range(TASKS))
        return await asyncio.gather(*tasks)

    with FakeDNS(ZONE) as server:
        answered = asyncio.run(ask_all())
        logged = Counter((query.name, query.over) for query in server.queries)
        assert server.errors == []
    for task, replies in enumerate(answered):
        ids = [int.from_bytes(reply[:2], "big") for reply in replies]
        assert ids == [task * QUERIES + turn for turn in range(QUERIES)]
        assert all(f"ip4:192.0.2.{task} -all".encode() in reply for reply in replies)
    assert logged == {(f"n{task}.example", "udp" if task % 2 else "tcp"): QUERIES for task in range(TASKS)}


@pytest.mark.full
def test_ten_thousand_random_packets_do_not_stop_it() -> None:
    noise = random.Random(7208)
    good = _wire(1, 1)
    with FakeDNS(ZONE) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect((server.address, server.port))
        for number in range(10_000):
            client.send(noise.randbytes(noise.randrange(64)) if number % 2 else good[:12] + noise.randbytes(20))
            if number % 100 == 99:  # so that the system drops none of them
                client.send(good)
                while not (reply := client.recv(65535)).startswith(good[:2]) or b"ip4:192.0.2.1 -all" not in reply:
                    pass
        assert server.errors == []


@pytest.mark.full
def test_connections_are_bounded_so_that_file_descriptors_suffice() -> None:
    good = _wire(1, 1)
    with FakeDNS(ZONE) as server, ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection((server.address, server.port), 30))

        def answer(client: socket.socket) -> bytes:
            client.sendall(len(good).to_bytes(2, "big") + good)
            return client.recv(65535)

        clients = [connect() for _ in range(400)]
        assert all(answer(client) for client in clients)
        with suppress(ConnectionError):
            assert answer(connect()) == b"", "it is closed, and its query is not answered"
        clients[0].close()
        for _ in range(1000):  # until the server has noticed
            with suppress(ConnectionError):
                if answer(connect()):
                    break
        else:
            pytest.fail("no connection is accepted after one has gone")
