"""How octets travel: whatever happens to a connection, an attempt ends with a reply or with none, and in time."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import dns.message
import pytest

from spfengine.answers import RRType
from spfengine.resolvers.dns_messages import write_query
from spfengine.resolvers.live import aexchange, exchange
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, Unreachable

Exchange = Callable[[Attempt], Reply]


@pytest.fixture(params=["sync", "asyncio"])
def send(request: pytest.FixtureRequest) -> Exchange:
    async def run(attempt: Attempt) -> Reply:
        return await aexchange(attempt)

    return exchange if request.param == "sync" else lambda attempt: asyncio.run(run(attempt))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def attempt_at(listener: socket.socket, seconds: float = 0.5, *, tcp: bool = True) -> Attempt:
    server = Server(socket.AF_INET, listener.getsockname())
    return Attempt(server, tcp, write_query((b"a", b"example"), RRType.TXT), monotonic() + seconds)


def answer_once(listener: socket.socket, parts: Callable[[bytes], list[bytes]]) -> threading.Thread:
    """Take one connection and query, send these parts of a reply, and close the connection."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            query = connection.recv(1000)[2:]
            for part in parts(dns.message.make_response(dns.message.from_wire(query)).to_wire()):
                connection.sendall(part)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_reply_in_many_pieces_is_put_together(send: Exchange, listener: socket.socket) -> None:
    thread = answer_once(listener, lambda reply: [bytes([octet]) for octet in len(reply).to_bytes(2, "big") + reply])
    assert send(attempt_at(listener)) is not None
    thread.join()


def no_reply(given: Reply) -> bool:
    """Whether there is nothing in place of a reply, or the reason why the system brought none."""
    return given is None or isinstance(given, Unreachable)


@pytest.mark.parametrize(
    "parts",
    [
        lambda _: [],
        lambda _: [b"\0"],
        lambda _: [b"\0\0"],
        lambda reply: [b"\xff\xff", reply],
        lambda reply: [len(reply).to_bytes(2, "big"), reply[:-1]],
        lambda reply: [len(reply).to_bytes(2, "big"), b"\0\0", reply[2:]],
        lambda reply: [reply],
    ],
)
def test_a_connection_that_breaks_off_gives_no_reply(
    send: Exchange, listener: socket.socket, parts: Callable[[bytes], list[bytes]]
) -> None:
    thread = answer_once(listener, parts)
    assert no_reply(send(attempt_at(listener)))
    thread.join()


@pytest.mark.parametrize("tcp", [False, True])
def test_nobody_is_waited_for_longer_than_said(send: Exchange, listener: socket.socket, tcp: bool) -> None:
    for seconds in (0.2, 0, -1):
        assert no_reply(send(attempt_at(listener, seconds, tcp=tcp)))


def test_datagrams_that_are_no_reply_do_not_make_it_wait_longer(send: Exchange) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        given_up = threading.Event()

        def chatter() -> None:
            _, client = server.recvfrom(1000)
            while not given_up.is_set():
                server.sendto(b"noise", client)

        thread = threading.Thread(target=chatter, daemon=True)
        thread.start()
        assert no_reply(send(attempt_at(server, 0.2, tcp=False)))
        given_up.set()
        thread.join()
