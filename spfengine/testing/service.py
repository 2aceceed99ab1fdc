"""The event loop of the fake DNS server, for UDP and TCP.

Each query is a task whose answer comes from a pool of threads, so a late or slow answer delays no other.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, cast

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.testing import wire
from spfengine.testing.faults import FaultEffect, FaultKind

_UNDER_WAY = 10_000
_CONNECTIONS = 400  # so that the usual 1,024 file descriptors always suffice: without any, asyncio floods the log
_PER_CONNECTION = 64
_IDLE_SECONDS = 10.0
_WORKERS = 16
_IN = 1
_FAULT_ANSWERS = {
    FaultKind.SERVFAIL: Answer.failed(Status.SERVFAIL),
    FaultKind.REFUSED: Answer.failed(Status.REFUSED),
    FaultKind.FORMERR: Answer.failed(Status.FORMERR),
    FaultKind.NXDOMAIN: Answer.nxdomain(),
    FaultKind.NODATA: Answer.nodata(),
    FaultKind.TRUNCATE: Answer.failed(Status.TRUNCATED),
    FaultKind.SILENCE: Answer.failed(Status.TIMEOUT),
    FaultKind.CNAME_LOOP: Answer.failed(Status.LOOP),
}


class Service:
    """Serves one UDP and one TCP socket.

    Args:
        resolve: answers a Question; called in a thread of the pool.
        notice: called with each query's name, type, "udp" or "tcp", and client; returns the effect of the faults on it.
        report: called with an exception that kept an answer from being given; the client gets SERVFAIL.
        delay: seconds by which every reply is late.
        ttl: seconds, for Answers without a TTL.
    """

    def __init__(
        self,
        resolve: Callable[[Question], Answer],
        notice: Callable[[str, str, str, tuple[str, int]], FaultEffect],
        report: Callable[[Exception], None],
        delay: float,
        ttl: int,
    ) -> None:
        self._resolve = resolve
        self._notice = notice
        self._report = report
        self._delay = delay
        self._ttl = ttl
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(
        self, udp: socket.socket, tcp: socket.socket, started: Callable[[], None], stop: asyncio.Event
    ) -> None:
        """Serve these bound sockets until `stop` is set, then close them."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(_WORKERS, "FakeDNS") as self._pool:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self._on_datagram), sock=udp)
            server = await asyncio.start_server(self._converse, sock=tcp)
            started()
            await stop.wait()
            server.close()
            transport.close()
            for _ in range(3):  # let connections that were just accepted become conversations
                await asyncio.sleep(0)
            for writer in self._conversations.values():
                writer.transport.abort()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, *self._conversations, return_exceptions=True)

    def _start(self, coroutine: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _on_datagram(self, octets: bytes, client: Any, transport: asyncio.DatagramTransport) -> None:
        if len(self._tasks) < _UNDER_WAY:
            _ = self._start(self._answer_datagram(octets, client, transport))

    async def _answer_datagram(self, octets: bytes, client: Any, transport: asyncio.DatagramTransport) -> None:
        reply = await self._reply(octets, "udp", client)
        if reply is not None and not transport.is_closing():
            transport.sendto(reply, client)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._conversations) >= _CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._conversations[task] = writer
        slots = asyncio.Semaphore(_PER_CONNECTION)
        answering: set[asyncio.Task[None]] = set()
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await slots.acquire()
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    octets = await reader.readexactly(size)
                answer = self._start(self._answer_stream(octets, writer, slots))
                answering.add(answer)
                answer.add_done_callback(answering.discard)
        except (OSError, asyncio.IncompleteReadError):  # the client closed the connection or was idle for too long
            if answering:
                await asyncio.wait(answering, timeout=_IDLE_SECONDS)
        finally:
            writer.close()
            with suppress(OSError):
                async with asyncio.timeout(_IDLE_SECONDS):
                    await writer.wait_closed()
            writer.transport.abort()  # otherwise a client that never reads would keep its socket open
            del self._conversations[task]

    async def _answer_stream(self, octets: bytes, writer: asyncio.StreamWriter, slots: asyncio.Semaphore) -> None:
        try:
            reply = await self._reply(octets, "tcp", writer.get_extra_info("peername"))
            if reply is not None:
                writer.write(len(reply).to_bytes(2, "big") + reply)
                await writer.drain()
        except OSError:
            pass  # the client closed the connection
        finally:
            slots.release()

    async def _reply(self, octets: bytes, over: str, client: Any) -> bytes | None:
        loop = asyncio.get_running_loop()
        query = wire.read_query(octets)
        if query is None:
            return wire.write_formerr(octets)
        due = loop.time() + self._delay
        effect = self._notice(query.name, query.type, over, (client[0], client[1]))
        due += effect.seconds
        reply = await loop.run_in_executor(self._pool, self._build, query, effect.kind, over)
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        return reply

    def _build(self, query: wire.ParsedQuery, kind: FaultKind | None, over: str) -> bytes | None:
        if wire.opcode(query):
            return wire.write_code(query, wire.NOTIMP)
        if query.rrclass != _IN:
            return wire.write_code(query, wire.FAILURES[Status.REFUSED])
        if kind is FaultKind.GARBAGE:
            return query.id.to_bytes(2, "big") + b"\xff" * 30
        try:
            answer, *more = [_FAULT_ANSWERS[kind]] if kind in _FAULT_ANSWERS else self._answers(query)
            if answer.status is Status.TIMEOUT:
                return None
            if answer.status is Status.TRUNCATED:
                return wire.write_truncated(query)
            reply = wire.write_reply(query, answer, self._ttl, more)
        except Exception as error:  # noqa: BLE001 - a resolver may raise anything; `report` passes it on
            self._report(error)
            return wire.write_code(query, wire.FAILURES[Status.SERVFAIL])
        if over == "udp":
            reply = wire.fit_udp(query, reply)
        if kind is FaultKind.WRONG_ID:
            reply = (query.id ^ 0xFFFF).to_bytes(2, "big") + reply[2:]
        return reply

    def _answers(self, query: wire.ParsedQuery) -> list[Answer]:
        """Return the resolver's answers to a query: several for ANY.

        A resolver knows only `RRType`. For another type, its answers for these types say whether the name exists.
        """
        if query.number in wire.TYPES:
            return [self._resolve(Question(query.name, wire.TYPES[query.number]))]
        answers = [self._resolve(Question(query.name, rrtype)) for rrtype in RRType]
        if all(answer.is_failure for answer in answers):
            return answers[:1]
        positive = [answer for answer in answers if answer.records]
        if query.number == wire.ANY and positive and not any(answer.chain for answer in answers):
            return positive
        return [_negative(query, answers)]


def _negative(query: wire.ParsedQuery, answers: list[Answer]) -> Answer:
    """Return the answer for a type of which there are no records; `answers` are those for the other types."""
    chain = max((answer.chain for answer in answers), key=len)
    alias_itself = chain and query.number in (wire.CNAME, wire.ANY)  # the alias exists, whatever its target is
    if not alias_itself and any(answer.status is Status.NXDOMAIN for answer in answers):
        return Answer.nxdomain(chain=chain)
    return Answer.nodata(chain=chain)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, handle: Callable[[bytes, Any, asyncio.DatagramTransport], None]) -> None:
        self._handle = handle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it has the methods, but in 3.11 not the class

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._handle(data, addr, self._transport)
