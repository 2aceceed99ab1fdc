"""Several servers, some of them dead: who is asked, and how often. Queries are counted; the clock is the test's."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import dns.flags
import dns.message
import dns.rcode
import pytest

from spfengine import LiveResolver, Question, RRType, Status, Zone, check
from spfengine.answers import Answer
from spfengine.resolvers import stub as stub_module
from spfengine.resolvers.dns_messages import Message
from spfengine.resolvers.servers import Server, ServerHealth
from spfengine.resolvers.stub import Attempt, Stub, TooLarge, Unsent
from spfengine.testing import FakeDNS, Fault, FaultKind
from tests.wire.conftest import Ask

A, B, C, D, E = [Server(2, (f"192.0.2.{number}", 53)) for number in range(1, 6)]
MINUTE = 60.0
QUESTION = Question("a.example", RRType.A)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stub_module, "monotonic", clock)
    return clock


def make(clock: Clock, *servers: Server, timeout: float = 2.0, retries: int = 0, lifetime: float = 5.0) -> Stub:
    stub = Stub(servers, timeout, retries, lifetime)
    stub.health.clock = clock
    return stub


Behaviour = Callable[[Attempt], Message | TooLarge | Unsent | None]


def answers(attempt: Attempt) -> Message | TooLarge | None:
    reply = dns.message.make_response(dns.message.from_wire(attempt.query.wire))
    reply.flags |= dns.flags.RA
    return attempt.accept(reply.to_wire())


def refuses(attempt: Attempt) -> Message | TooLarge | None:
    reply = dns.message.make_response(dns.message.from_wire(attempt.query.wire))
    reply.set_rcode(dns.rcode.REFUSED)
    return attempt.accept(reply.to_wire())


def cannot_be_sent(attempt: Attempt) -> Unsent:
    return Unsent()


def ask_stub(stub: Stub, clock: Clock, servers: Mapping[Server, Behaviour]) -> tuple[Answer, list[Server]]:
    """Return the answer and the servers that were asked; those that are not in `servers` are silent.

    A reply takes a hundredth of a second, and silence all of the time that is waited for one.
    """
    asked = []
    asking = stub.ask(QUESTION)
    attempt = next(asking)
    try:
        while True:
            asked.append(attempt.server)
            reply = servers[attempt.server](attempt) if attempt.server in servers else None
            clock.now = attempt.until if reply is None else clock.now + 0.01
            attempt = asking.send(reply)
    except StopIteration as stop:
        answer: Answer = stop.value
        return answer, asked


def test_a_silent_server_is_asked_last_for_a_minute(clock: Clock) -> None:
    stub = make(clock, A, B)
    assert ask_stub(stub, clock, {B: answers})[1] == [A, B]
    for _ in range(10):
        assert ask_stub(stub, clock, {B: answers})[1] == [B]
    clock.now += MINUTE - 1
    assert ask_stub(stub, clock, {B: answers})[1] == [B]
    clock.now += 1
    assert ask_stub(stub, clock, {B: answers})[1] == [A, B]
    assert ask_stub(stub, clock, {B: answers})[1] == [B]


def test_a_server_that_answers_again_has_its_place_back(clock: Clock) -> None:
    stub = make(clock, A, B)
    ask_stub(stub, clock, {B: answers})
    clock.now += MINUTE
    assert ask_stub(stub, clock, {A: answers, B: answers})[1] == [A]
    assert ask_stub(stub, clock, {A: answers, B: answers})[1] == [A]


def test_a_silent_server_that_is_the_only_one_to_answer_is_no_longer_silent(clock: Clock) -> None:
    stub = make(clock, A, B)
    ask_stub(stub, clock, {B: answers})
    assert ask_stub(stub, clock, {A: answers})[1] == [B, A]
    assert ask_stub(stub, clock, {A: answers})[1] == [A]


def test_after_the_minute_one_question_tries_the_server_and_the_others_do_not_wait(clock: Clock) -> None:
    health = ServerHealth([A, B], clock)
    health.unanswered(A, clock.now)
    assert health.order() == ([B], [A])
    clock.now += MINUTE
    assert health.order() == ([A, B], [])
    assert [health.order() for _ in range(3)] == [([B], [A])] * 3


def test_a_name_that_no_server_answers_makes_none_of_them_silent_if_they_answer_others(clock: Clock) -> None:
    """Anyone can publish a name whose servers are silent; it must not decide who is asked for other names."""
    health = ServerHealth([A, B], clock)
    sent = clock.now
    clock.now += 1
    health.answered(A)
    clock.now += 1
    health.unanswered(A, sent)
    assert health.order() == ([A, B], [])
    health.unanswered(A, clock.now)
    assert health.order() == ([B], [A])


def test_of_servers_that_are_all_silent_the_one_that_answered_last_is_asked_first(clock: Clock) -> None:
    stub = make(clock, A, B, C)
    ask_stub(stub, clock, {C: answers})  # A and B are dead
    ask_stub(stub, clock, {})  # a hostile name
    assert ask_stub(stub, clock, {C: answers})[1] == [C]


@pytest.mark.parametrize("behaviour", [refuses, cannot_be_sent])
def test_a_refusal_is_an_answer_and_an_unsent_query_says_nothing(clock: Clock, behaviour: Behaviour) -> None:
    stub = make(clock, A, B)
    for _ in range(2):
        answer, asked = ask_stub(stub, clock, {A: behaviour, B: answers})
        assert (answer.status, asked) == (Status.NOERROR, [A, B])
    answer, _ = ask_stub(stub, clock, {A: cannot_be_sent, B: cannot_be_sent})
    assert answer.status is Status.TIMEOUT


def test_a_live_server_after_four_dead_ones_is_reached_in_the_lifetime(clock: Clock) -> None:
    stub = make(clock, A, B, C, D, E)
    begun = clock.now
    answer, asked = ask_stub(stub, clock, {E: answers})
    assert (answer.status, asked) == (Status.NOERROR, [A, B, C, D, E])
    assert clock.now - begun == pytest.approx(4.01)
    assert ask_stub(stub, clock, {E: answers})[1] == [E]


def test_the_servers_that_are_not_silent_have_the_time_but_for_one_share(clock: Clock) -> None:
    stub = make(clock, A, B, C, D, E)
    for server in (B, C, D, E):
        stub.health.unanswered(server, clock.now)
    begun = clock.now
    answer, asked = ask_stub(stub, clock, {E: answers})
    assert (answer.status, asked) == (Status.NOERROR, [A, B, C, D, E])
    assert clock.now - begun == pytest.approx(2 + 3 * 0.75 + 0.01)  # A: the timeout; the others: a quarter of the rest


@pytest.mark.parametrize("number", [1, 2])
def test_one_server_or_two_have_the_whole_timeout(clock: Clock, number: int) -> None:
    begun = clock.now
    _, asked = ask_stub(make(clock, *[A, B][:number]), clock, {})
    assert asked == [A, B][:number]
    assert clock.now - begun == 2 * number


def test_every_round_of_retries_asks_every_silent_server(clock: Clock) -> None:
    answer, asked = ask_stub(make(clock, A, B, C, timeout=1, retries=1, lifetime=30), clock, {B: refuses})
    assert (answer.status, asked) == (Status.REFUSED, [A, B, C, A, C])


# Over the wire

ZONE = Zone(
    {
        "a.example": {"TXT": "v=spf1 include:b.example include:c.example -all"},
        "b.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        "c.example": {"TXT": "v=spf1 ip4:192.0.2.2 -all"},
        "big.example": {"TXT": ("x" * 250,) * 20},
    }
)
SHORT = 0.5
"""Seconds that a dead server costs here."""


@contextmanager
def servers(dead: int) -> Iterator[list[FakeDNS]]:
    """Start so many silent servers, and a good one after them."""
    with ExitStack() as stack:
        silence = Fault("*", "*", FaultKind.SILENCE)
        silent = [stack.enter_context(FakeDNS(ZONE, faults=[silence])) for _ in range(dead)]
        yield [*silent, stack.enter_context(FakeDNS(ZONE))]


def live(servers: list[FakeDNS], clock: Clock, lifetime: float = 30.0) -> LiveResolver:
    resolver = LiveResolver([server.nameserver for server in servers], timeout=SHORT, lifetime=lifetime, cache=False)
    resolver._answers._stub.health.clock = clock  # type: ignore[union-attr]  # it has no Cache
    return resolver


def counts(servers: list[FakeDNS]) -> list[int]:
    return [len(server.queries) for server in servers]


def test_a_dead_first_server_costs_one_query(ask: Ask) -> None:
    clock = Clock()
    with servers(1) as [dead, good]:
        resolver = live([dead, good], clock)
        for _ in range(20):
            assert ask(resolver, "a.example").records
        assert counts([dead, good]) == [1, 20]
        clock.now += MINUTE
        for _ in range(20):
            assert ask(resolver, "a.example").records
        assert counts([dead, good]) == [2, 40]
        dead.clear_faults()
        clock.now += MINUTE
        for _ in range(20):
            assert ask(resolver, "a.example").records
        assert counts([dead, good]) == [22, 40]


def test_questions_at_once_do_not_all_wait_for_the_server_that_is_tried_again() -> None:
    async def ask_many(resolver: LiveResolver) -> list[Answer]:
        return await asyncio.gather(*[resolver.aresolve(Question("a.example", RRType.TXT)) for _ in range(50)])

    clock = Clock()
    with servers(1) as [dead, good]:
        resolver = live([dead, good], clock)
        resolver.resolve(Question("a.example", RRType.TXT))
        clock.now += MINUTE
        assert all(answer.records for answer in asyncio.run(ask_many(resolver)))
        assert counts([dead, good]) == [2, 51]


@pytest.mark.full
def test_four_dead_servers_before_a_live_one(ask: Ask) -> None:
    with servers(4) as all_servers:
        resolver = live(all_servers, Clock(), lifetime=5 * SHORT)
        for _ in range(10):
            assert ask(resolver, "a.example").records
        assert counts(all_servers) == [1, 1, 1, 1, 10]
        assert check("192.0.2.2", "x@a.example", resolver=resolver).result == "pass"
        assert counts(all_servers)[:4] == [1] * 4


def test_a_server_that_only_answers_over_udp_is_not_silent(ask: Ask) -> None:
    with servers(0) as [good]:
        good.add_fault(Fault("big.example", "*", FaultKind.SILENCE, over="tcp"))
        with FakeDNS(ZONE) as second:
            resolver = live([good, second], Clock())
            assert ask(resolver, "big.example").records  # from the second
            good.clear_queries()
            assert ask(resolver, "a.example").records
            assert len(good.queries) == 1
