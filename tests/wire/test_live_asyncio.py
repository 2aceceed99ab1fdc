"""Live questions in asyncio: who shares a query, what giving up and errors leave, and what of a query can't be guessed.

The tests decide when the server answers, and count turns of the event loop; nothing depends on a clock.
"""

import asyncio
import gc
import socket
from collections.abc import Callable, Coroutine
from itertools import pairwise
from types import TracebackType
from typing import Any, NamedTuple, Self

import dns.message
import dns.rrset
import pytest

from spfengine import Answer, LiveResolver, Question, RRType, Status, Zone, acheck
from spfengine.resolvers.datagrams import datagrams_in
from spfengine.testing import FakeDNS, Fault, FaultKind

PATIENCE = 30.0
"""Seconds in which everything here happens, however busy the machine is."""
HERE = Answer.txt("here", ttl=300)
QUESTION = Question("a.example", RRType.TXT)


class Query(NamedTuple):
    """A query that the server has received, and the address that it came from."""

    wire: bytes
    client: tuple[str, int]

    @property
    def id(self) -> int:
        return int.from_bytes(self.wire[:2], "big")

    @property
    def name(self) -> str:
        return dns.message.from_wire(self.wire).question[0].name.to_text(omit_final_dot=True)


class Nameserver:
    """A server over UDP, for one event loop, that answers when the test says so."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._socket.close()

    def resolver(self, **settings: Any) -> LiveResolver:
        host, port = self._socket.getsockname()
        return LiveResolver(f"{host}:{port}", timeout=PATIENCE, lifetime=PATIENCE, **settings)

    async def query(self) -> Query:
        """Wait for a query."""
        return Query(*await asyncio.get_running_loop().sock_recvfrom(self._socket, 512))

    def unread(self) -> list[Query]:
        """Return the queries that nobody has waited for."""
        queries = []
        while True:
            try:
                queries.append(Query(*self._socket.recvfrom(512)))
            except BlockingIOError:
                return queries

    def answer(self, query: Query, record: str = "TXT here") -> None:
        reply = dns.message.make_response(dns.message.from_wire(query.wire))
        reply.answer = [dns.rrset.from_text(reply.question[0].name, 300, "IN", *record.split(" ", 1))]
        self._socket.sendto(reply.to_wire(), query.client)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test in an event loop, and fail if it takes for ever, or leaves an error that the loop only logs."""
    logged: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        async with asyncio.timeout(PATIENCE):
            await test()
        gc.collect()

    asyncio.run(watched())
    assert logged == []


async def nothing_is_left(resolver: LiveResolver) -> None:
    """Wait until all that was asked has ended, and fail if it still has a slot or a socket."""
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - turns of the event loop are counted, not time
        await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    slots = resolver.slots(loop)
    assert slots is not None
    assert (slots.in_use, slots.ahead, datagrams_in(loop).open) == (0, 0, 0)


def asking(resolver: LiveResolver, question: Question = QUESTION) -> "asyncio.Task[Answer]":
    return asyncio.create_task(resolver.aresolve(question))


async def outcome(task: "asyncio.Task[Answer]") -> Answer | BaseException:
    [result] = await asyncio.gather(task, return_exceptions=True)
    return result


def test_a_question_that_many_ask_is_sent_once() -> None:
    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver()
            callers = [asking(resolver, Question(name, RRType.TXT)) for name in ("a.example", "A.EXAMPLE.") * 20]
            query = await server.query()
            callers.append(asking(resolver))  # one more, once it has been sent
            for task in callers[::2]:
                task.cancel()
            await asyncio.sleep(0)
            server.answer(query)
            assert {await task for task in callers[1::2]} == {HERE}
            assert await resolver.aresolve(QUESTION) is resolver.peek(QUESTION)
            assert server.unread() == []
            await nothing_is_left(resolver)

    run(test)


@pytest.mark.parametrize("answered", [False, True])
def test_a_caller_may_give_up_in_any_turn_of_the_loop(answered: bool) -> None:
    async def test() -> None:
        outcomes = set()
        with Nameserver() as server:
            for turns in range(20):
                resolver = server.resolver()
                caller = asking(resolver)
                if answered:
                    server.answer(await server.query())
                for _ in range(turns):
                    await asyncio.sleep(0)
                caller.cancel()
                result = await outcome(caller)
                outcomes.add(type(result))
                assert result == HERE or isinstance(result, asyncio.CancelledError)
                await nothing_is_left(resolver)
                server.unread()
                again = asking(resolver)
                if resolver.peek(QUESTION) is None:
                    server.answer(await server.query())
                assert await again == HERE
        assert outcomes == ({Answer, asyncio.CancelledError} if answered else {asyncio.CancelledError})

    run(test)


def test_a_caller_that_gives_up_waiting_for_a_slot_is_not_asked_for() -> None:
    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver(in_flight=1)
            first, second, third = [asking(resolver, Question(f"{name}.example", RRType.TXT)) for name in "abc"]
            query = await server.query()
            second.cancel()
            assert isinstance(await outcome(second), asyncio.CancelledError)
            assert server.unread() == []
            server.answer(query)
            last = await server.query()
            assert (query.name, last.name) == ("a.example", "c.example")
            server.answer(last)
            assert (await first, await third) == (HERE, HERE)
            await nothing_is_left(resolver)

    run(test)


def test_callers_that_give_up_over_tcp_leave_nothing() -> None:
    """Four of them are connected; the others wait until they may connect."""

    async def test() -> None:
        loop = asyncio.get_running_loop()
        over: asyncio.Queue[str] = asyncio.Queue()
        faults = [Fault("*", "*", FaultKind.TRUNCATE, over="udp"), Fault("*", "*", FaultKind.SILENCE, over="tcp")]
        with FakeDNS(
            Zone({}), faults=faults, on_query=lambda query: loop.call_soon_threadsafe(over.put_nowait, query.over)
        ) as server:
            resolver = LiveResolver(server.nameserver, timeout=PATIENCE, lifetime=PATIENCE)
            callers = [asking(resolver, Question(f"n{number}.example", RRType.TXT)) for number in range(6)]
            connected = 0
            while connected < 4:
                connected += await over.get() == "tcp"
            for task in callers:
                task.cancel()
            assert {type(await outcome(task)) for task in callers} == {asyncio.CancelledError}
            await nothing_is_left(resolver)
            assert resolver._answers._resolver._streams.of(loop).in_use == 0  # type: ignore[union-attr]  # it has a Cache

    run(test)


def test_what_is_raised_while_a_question_is_asked_reaches_every_caller() -> None:
    async def test() -> None:
        def unreachable(_server: str, reason: str) -> None:
            raise RuntimeError(reason)

        with Nameserver() as server:
            resolver = server.resolver(unreachable=unreachable, in_flight=1)
        callers = [asking(resolver) for _ in range(3)]  # of a server that is not there any more
        given_up = asking(resolver)
        await asyncio.sleep(0)
        given_up.cancel()
        assert [type(await outcome(task)) for task in callers] == [RuntimeError] * 3
        assert isinstance(await outcome(given_up), asyncio.CancelledError)
        await nothing_is_left(resolver)
        assert (await resolver.aresolve(QUESTION)).status is Status.TIMEOUT  # it is called once for a server
        await nothing_is_left(resolver)

    run(test)


def test_each_event_loop_asks_for_itself_and_keeps_for_all() -> None:
    """While one loop waits for an answer, another has a slot, sends the same question, and gets its own answer."""

    async def ask(resolver: LiveResolver) -> None:
        assert await resolver.aresolve(QUESTION) == Answer.txt("there", ttl=300)
        await nothing_is_left(resolver)

    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver(in_flight=1)
            here = asking(resolver)
            first = await server.query()
            there = asyncio.create_task(asyncio.to_thread(run, lambda: ask(resolver)))
            server.answer(await server.query(), "TXT there")
            await there
            assert not here.done()
            assert await resolver.aresolve(QUESTION) == Answer.txt("there", ttl=300)
            server.answer(first)
            assert await here == HERE
            assert server.unread() == []
            await nothing_is_left(resolver)

    run(test)


def test_giving_up_in_one_event_loop_leaves_the_question_of_another() -> None:
    async def give_up(resolver: LiveResolver) -> None:
        caller = asking(resolver)
        while not datagrams_in(asyncio.get_running_loop()).in_flight:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        caller.cancel()
        assert isinstance(await outcome(caller), asyncio.CancelledError)
        await nothing_is_left(resolver)

    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver()
            here = asking(resolver)
            query = await server.query()
            await asyncio.to_thread(run, lambda: give_up(resolver))
            joined = asking(resolver)
            server.unread()  # what the other loop has sent
            server.answer(query)
            assert (await here, await joined) == (HERE, HERE)
            assert server.unread() == []
            await nothing_is_left(resolver)

    run(test)


def test_an_event_loop_that_ends_while_a_question_is_asked_leaves_nothing_to_the_next() -> None:
    async def end(server: Nameserver, resolver: LiveResolver) -> None:
        task = asking(resolver)
        await server.query()
        assert not task.done()

    async def test() -> None:
        asked = asking(resolver)
        server.answer(await server.query())
        assert await asked == HERE
        await nothing_is_left(resolver)

    with Nameserver() as server:
        resolver = server.resolver(in_flight=1)
        asyncio.run(end(server, resolver))
        run(test)


def test_what_is_asked_ahead_in_vain_leaves_nothing() -> None:
    record = "TXT v=spf1\\032a:a.example\\032include:silent.example\\032include:mute.example\\032-all"

    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver()
            checking = asyncio.create_task(acheck("192.0.2.1", "u@d.example", resolver=resolver))
            server.answer(await server.query(), record)
            queries = {query.name: query for query in [await server.query() for _ in range(3)]}
            assert queries.keys() == {"a.example", "silent.example", "mute.example"}
            server.answer(queries["a.example"], "A 192.0.2.1")
            assert (await checking).result == "pass"
            await nothing_is_left(resolver)

    run(test)


def test_neither_the_number_nor_the_port_of_a_query_follows_from_those_before() -> None:
    """RFC 5452 §9.2: both use all their bits, and no two queries in flight share a port."""

    async def test() -> None:
        with Nameserver() as server:
            resolver = server.resolver(cache=False)
            callers = [asking(resolver) for _ in range(100)]
            queries = [await server.query() for _ in range(100)]
            for query in queries:
                server.answer(query)
            assert {await task for task in callers} == {HERE}
        numbers, ports = [query.id for query in queries], [query.client[1] for query in queries]
        assert len(set(ports)) == 100
        for values in (numbers, ports):
            steps = {(after - before) % (1 << 16) for before, after in pairwise(values)}
            assert len(steps) > 50
        assert not any({number >> bit & 1 for number in numbers} != {0, 1} for bit in range(16))

    run(test)
