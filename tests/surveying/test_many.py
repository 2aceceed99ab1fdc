"""Many domains at once: each once, none waits for a slow one, never more questions under way than was said."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import spfengine
from spfengine import Answer, LiveResolver, Question, RRType, Status, Zone, asurvey, survey
from spfengine.surveying import SurveyedDomain, time_limit
from spfengine.surveying.domain import surveying
from spfengine.testing import FakeDNS
from tests.examples import mostly_full
from tests.listening import Listening
from tests.surveying.cases import DOMAINS, ZONE


def surveyed(domains: Any, **settings: Any) -> list[SurveyedDomain]:
    async def ask() -> list[SurveyedDomain]:
        return [returned async for returned in asurvey(domains, **settings)]

    return asyncio.run(ask())


def timeless(returned: Iterable[SurveyedDomain]) -> dict[str, SurveyedDomain]:
    return {item.domain: replace(item, asked=0.0, seconds=0.0) for item in returned}


class Slow:
    """Answers as a zone does, in asyncio, after others had their turn; counts what is under way."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.now = self.most = 0
        self.asked: list[Question] = []

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked.append(question)
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(5):
            await asyncio.sleep(0)
        self.now -= 1
        answer = self.zone.resolve(question)
        if answer.is_failure:
            return answer
        return Answer(answer.status, answer.type, answer.records, 300, answer.chain, answer.strings)


@pytest.mark.parametrize("in_flight", mostly_full([1, 3, 100]))
def test_it_says_what_one_after_the_other_says(in_flight: int) -> None:
    domains = [*DOMAINS, "no domain"]
    expected = timeless(survey(domains, resolver=InTurn()))
    returned = surveyed(domains, resolver=Slow(ZONE), in_flight=in_flight)
    assert len(returned) == len(domains)
    assert timeless(returned) == expected
    immediate = surveyed(domains, resolver=ZONE, in_flight=in_flight)
    assert len(immediate) == len(domains)
    assert {name: replace(item, live=True, ttl=None) for name, item in timeless(immediate).items()} == {
        name: replace(item, ttl=None) for name, item in expected.items()
    }


class InTurn:
    def resolve(self, question: Question, /) -> Answer:
        return asyncio.run(Slow(ZONE).aresolve(question))


@pytest.mark.parametrize("in_flight", [1, 4, 25])
def test_never_more_questions_are_under_way_than_domains_may_be(in_flight: int) -> None:
    """None is answered before as many wait, and others have had their turns."""

    class Gate(Slow):
        async def aresolve(self, question: Question, /) -> Answer:
            self.now += 1
            self.most = max(self.most, self.now)
            await barrier.wait()
            for _ in range(200):
                await asyncio.sleep(0)
            self.now -= 1
            return Answer.nxdomain(ttl=300)

    gate, barrier = Gate(ZONE), asyncio.Barrier(in_flight)
    returned = surveyed([f"n{number}.example" for number in range(100)], resolver=gate, in_flight=in_flight)
    assert gate.most == in_flight
    assert len(returned) == 100


def test_as_many_are_under_way_at_the_server_as_was_said() -> None:
    """The server answers none before four wait for it, and then sees whether there is a fifth."""

    class Gate:
        def __init__(self) -> None:
            self.barrier = threading.Barrier(4)
            self.lock = threading.Lock()
            self.now = self.most = 0

        def resolve(self, question: Question, /) -> Answer:
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
            self.barrier.wait(10)
            time.sleep(0.02)
            with self.lock:
                self.now -= 1
            return Answer.nxdomain(ttl=300)

    gate = Gate()
    with FakeDNS(gate) as server:
        resolver = LiveResolver(server.nameserver, timeout=20, lifetime=20)
        returned = surveyed([f"n{number}.example" for number in range(20)], resolver=resolver, in_flight=4)
        assert len(server.queries) == 20
    assert gate.most == 4
    assert {item.state for item in returned} == {"none"}


def test_shared_answers_are_asked_for_once() -> None:
    zone = Zone(
        {f"n{number}.example": {"TXT": "v=spf1 include:shared.example -all"} for number in range(50)}
        | {"shared.example": {"TXT": "v=spf1 a -all", "A": "192.0.2.1"}}
    )
    resolver = Slow(zone)
    returned = surveyed([f"n{number}.example" for number in range(50)], resolver=resolver)
    assert {item.passing[0] for item in returned} == {1}
    shared = [question for question in resolver.asked if question.name == "shared.example"]
    assert len(shared) == len(set(shared))
    listening = Listening(Zone({name: {**sets, "A": "192.0.2.1"} for name, sets in [("x.example", {"TXT": "v=spf1"})]}))
    list(survey(["x.example"] * 3, resolver=Cached(listening)))
    assert len(listening.asked) == len(set(listening.questions))


class Cached:
    """Gives answers a TTL."""

    def __init__(self, resolver: Any) -> None:
        self.resolver = resolver

    def resolve(self, question: Question, /) -> Answer:
        answer: Answer = self.resolver.resolve(question)
        return Answer(answer.status, answer.type, answer.records, 300, answer.chain, answer.strings)


class Silent(Slow):
    """Says nothing about some names."""

    silent = 0

    async def aresolve(self, question: Question, /) -> Answer:
        if question.name.endswith("silent.example"):
            self.silent += 1
            await asyncio.Event().wait()
        return await super().aresolve(question)


def test_a_silent_domain_holds_nobody_up_and_ends_in_its_own_time() -> None:
    domains = ["silent.example", *[f"n{number}.example" for number in range(30)]]
    returned = surveyed(domains, resolver=Silent(ZONE), in_flight=2, seconds=0.3)
    assert [item.domain for item in returned][-1] == "silent.example"
    assert len(returned) == 31
    last = returned[-1]
    assert (last.state, last.result, last.incomplete) == ("unknown", "temperror", True)
    assert last.problem is not None
    assert last.problem.code == "dns-timeout"
    assert 0.25 < last.seconds < 10


def test_what_is_known_in_time_is_returned_if_the_rest_is_silent() -> None:
    zone = Zone(
        {"half.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:a.silent.example include:b.silent.example -all"}}
    )
    resolver = Silent(zone)
    [returned] = surveyed(["half.example"], resolver=resolver, seconds=0.2)
    assert resolver.silent == 1
    assert (returned.passing, returned.state, returned.record is not None) == ((256, 0), "unknown", True)
    assert returned.seconds < 10


def test_without_asyncio_no_more_is_asked_once_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time_limit, "monotonic", lambda: now[0])

    class Late(Cached):
        def resolve(self, question: Question, /) -> Answer:
            now[0] += 0.06
            return super().resolve(question)

    listening = Listening(ZONE)
    [returned] = survey(["many.example"], resolver=Late(listening), seconds=0.1)
    assert len(listening.asked) == 2
    assert (returned.state, returned.incomplete) == ("unknown", True)


def test_what_was_not_heard_since_the_loop_stood_still_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is stopped for a while, or busy with something else, must not take that for a silence of DNS."""
    monkeypatch.setattr(time_limit, "_BEAT", 0.02)
    monkeypatch.setattr(time_limit, "_STALL", 0.1)
    asked: list[str] = []

    def stand_still() -> None:
        time.sleep(0.3)

    class Once:
        async def aresolve(self, question: Question, /) -> Answer:
            asked.append(question.name)
            await asyncio.sleep(0.01)
            if len(asked) == 1:
                await asyncio.sleep(0.03)
                stand_still()
                await asyncio.sleep(0.05)
                return Answer.failed(Status.TIMEOUT)
            return Answer.txt("v=spf1 -all", ttl=300)

    [returned] = surveyed(["x.example"], resolver=Once(), lint=False)
    assert (returned.state, asked) == ("works", ["x.example"] * 2)
    [returned] = surveyed(["x.example"], resolver=Slow(Zone({"x.example": {"*": Status.TIMEOUT}})), lint=False)
    assert returned.state == "unknown"


def test_no_more_is_taken_of_the_list_than_is_under_way() -> None:
    taken = 0

    def listed() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"n{taken}.example"

    async def ask() -> None:
        returned = asurvey(listed(), resolver=ZONE, in_flight=3)
        for _ in range(10):
            await anext(returned)
        await asyncio.sleep(0.05)
        assert taken <= 10 + 3 + 3
        await returned.aclose()
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(ask())


def test_domains_may_come_in_asyncio_too() -> None:
    async def listed() -> AsyncIterator[str]:
        for name in ("plain.example", "open.example"):
            await asyncio.sleep(0)
            yield name

    assert {item.domain for item in surveyed(listed(), resolver=ZONE)} == {"plain.example", "open.example"}
    assert surveyed([], resolver=ZONE) == []


def test_errors_other_than_of_dns_are_raised_to_the_caller() -> None:
    class Broken:
        async def aresolve(self, question: Question, /) -> Answer:
            raise KeyError(question.name)

    class Mute:
        async def aresolve(self, question: Question, /) -> None:
            return None

    def listed() -> Iterator[str]:
        yield "plain.example"
        raise OSError("the list is gone")

    with pytest.raises(KeyError):
        surveyed(DOMAINS, resolver=Broken())
    with pytest.raises(spfengine.ResolverError):
        surveyed(DOMAINS, resolver=Mute())
    with pytest.raises(OSError, match="the list is gone"):
        surveyed(listed(), resolver=ZONE)
    for settings in ({"in_flight": 0}, {"seconds": 0}):
        with pytest.raises(spfengine.ArgumentError):
            asurvey([], resolver=ZONE, **settings)  # type: ignore[arg-type]  # one of several types each


def test_a_timeout_of_the_callers_is_the_callers() -> None:
    class Raising:
        async def aresolve(self, question: Question, /) -> Answer:
            raise TimeoutError("a resolver's own")

    with pytest.raises(TimeoutError, match="a resolver's own"):
        surveyed(["plain.example"], resolver=Raising())


def test_without_a_resolver_it_is_live_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: ZONE)
    assert [item.state for item in survey(["plain.example"])] == ["works"]
    assert [item.state for item in surveyed(["plain.example"])] == ["works"]


@pytest.mark.parametrize("immediate", [True, False])
@pytest.mark.parametrize(("seconds", "turns"), [(1.0, 100 - 15), (0.0, 100 // 16)])
def test_between_domains_the_event_loop_does_other_things(
    immediate: bool, seconds: float, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So replies are read in time: after a turn of the loop that took long, one domain goes on in the next; at most 16
    go on in one.
    """
    beats: list[int] = []
    beat = 0
    now = 0.0

    class Immediate:
        unchanging = immediate

        def resolve(self, question: Question, /) -> Answer:
            return Answer.nxdomain(ttl=300)

        async def aresolve(self, question: Question, /) -> Answer:
            return self.resolve(question)

    def work(domain: str, *settings: Any, **more: Any) -> Generator[Question, Answer, SurveyedDomain]:
        nonlocal now
        yield Question(domain, RRType.TXT)
        now += seconds
        beats.append(beat)
        return (yield from surveying(domain, *settings, **more))

    async def count() -> None:
        nonlocal beat
        while True:
            await asyncio.sleep(0)
            beat += 1

    async def ask() -> None:
        counting = asyncio.create_task(count())
        names = [f"n{number}.example" for number in range(100)]
        async for _ in asurvey(names, resolver=Immediate(), lint=False, seconds=None):
            pass
        counting.cancel()

    monkeypatch.setattr(time_limit, "monotonic", lambda: now)
    monkeypatch.setattr("spfengine.surveying.survey.surveying", work)
    asyncio.run(ask())
    assert len(beats) == 100
    assert max(Counter(beats).values()) <= 16
    assert len(set(beats)) >= turns, Counter(beats)


@pytest.mark.parametrize("domains", ["example.com", b"example.com", None, 5])
@pytest.mark.parametrize("verb", [survey, asurvey])
def test_text_in_place_of_a_list_of_domains_is_refused(verb: Any, domains: Any) -> None:
    with pytest.raises(spfengine.ArgumentError, match="domains is a list of domains"):
        verb(domains, resolver=ZONE)


def test_a_list_of_other_things_is_refused() -> None:
    domains: list[Any] = ["plain.example", 5]
    with pytest.raises(spfengine.ArgumentError, match="one of them is of type int"):
        list(survey(domains, resolver=ZONE))
    with pytest.raises(spfengine.ArgumentError, match="one of them is of type int"):
        surveyed(domains, resolver=ZONE)
