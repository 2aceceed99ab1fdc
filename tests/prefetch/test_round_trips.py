"""Issue: "a first check costs as many round trips as the tree is deep: W4 5, W3 3, W2 3, for sync and async callers,
with results, counts and trace identical to the sequential run; speculative questions are counted and shown, capped,
cancelled at the result, and can be turned off".

Round trips are counted, not timed: a question that is asked once the answers of n round trips are there begins the
next one. All questions take equally long, so this is exact however busy the machine is.
"""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from hypothesis import given

from bench import generator
from bench.workloads import _workload
from bench.zones import make_zone
from spfengine import (
    Answer,
    ArgumentError,
    Cache,
    Checker,
    CheckResult,
    Limits,
    LiveResolver,
    Overlay,
    Question,
    Recorder,
    Resolver,
    ResolverError,
    RRType,
    Status,
    Zone,
    acheck,
    check,
)
from spfengine.names import from_labels
from spfengine.resolvers import live
from spfengine.resolvers.stub import Attempt, Reply
from spfengine.testing import FakeDNS
from tests.checker.same import all_of, assert_same
from tests.examples import mostly_full
from tests.properties import strategies
from tests.properties.generate import Call

TXT, A = RRType.TXT, RRType.A
NOW = 1_700_000_000.0


class RoundTrips:
    """A zone reached through a network: counts round trips, questions, and cancelled questions."""

    def __init__(self, zone: Resolver, prefetch: int = 20, seconds: float = 0.04) -> None:
        self.zone = zone
        self.prefetch = prefetch
        self.seconds = seconds
        self.asked: list[Question] = []
        self.given_up = 0
        self._done = 0

    def resolve(self, question: Question, /) -> Answer:
        self.asked.append(question)
        self._done += 1
        return self.zone.resolve(question)

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked.append(question)
        mine = self._done + 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        self._done = max(self._done, mine)
        return self.zone.resolve(question)

    @property
    def count(self) -> int:
        return self._done


def in_asyncio(*arguments: Any, **settings: Any) -> CheckResult:
    return asyncio.run(acheck(*arguments, **settings))


def with_checker(*arguments: Any, resolver: Any, **settings: Any) -> CheckResult:
    return Checker(resolver).check(*arguments, **settings)


def with_checker_in_asyncio(*arguments: Any, resolver: Any, **settings: Any) -> CheckResult:
    return asyncio.run(Checker(resolver).acheck(*arguments, **settings))


WAYS: dict[str, Callable[..., CheckResult]] = {
    "sync": check,
    "asyncio": in_asyncio,
    "checker": with_checker,
    "checker-asyncio": with_checker_in_asyncio,
}
ways = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@ways
@pytest.mark.parametrize(("name", "depth", "questions"), [("W4", 5, 13), ("W3b", 3, 5), ("W2a", 3, 5)])
def test_a_first_check_costs_as_many_round_trips_as_the_tree_is_deep(
    way: Callable[..., CheckResult], name: str, depth: int, questions: int
) -> None:
    workload = _workload(name, generator.make(name))
    zone = make_zone(workload)
    ip, sender, helo, expected = workload.checks[0]
    ahead, alone = RoundTrips(zone), RoundTrips(zone, prefetch=0)
    returned = way(ip, sender, helo, resolver=ahead)
    sequential = way(ip, sender, helo, resolver=alone)
    assert returned.result == expected
    assert ahead.count == depth
    assert alone.count == sequential.questions == questions
    assert_same(returned, sequential)
    assert (returned.questions_ahead > 0, returned.questions_unneeded) == (True, 0)
    assert (sequential.questions_ahead, sequential.questions_unneeded) == (0, 0)
    assert len(ahead.asked) == questions


@ways
def test_questions_are_under_way_side_by_side_over_the_wire(
    way: Callable[..., CheckResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer to an include is taken in before the questions for all of them are under way."""
    names = [f"n{number}.example" for number in range(5)]
    records: dict[Any, dict[str, Any]] = {name: {"TXT": "v=spf1 ~all"} for name in names}
    records["a.example"] = {"TXT": " ".join(["v=spf1", *[f"include:{name}" for name in names], "-all"])}
    all_asked = asyncio.Event()
    asked: set[str] = set()
    aexchange = live.aexchange

    async def gated(attempt: Attempt) -> Reply:
        name = from_labels(attempt.query.folded)
        asked.add(name)
        if asked.issuperset(names):
            all_asked.set()
        if name in names:
            await asyncio.wait_for(all_asked.wait(), 20)
        return await aexchange(attempt)

    monkeypatch.setattr(live, "aexchange", gated)
    with FakeDNS(Zone(records)) as server:
        returned = way("192.0.2.1", "u@a.example", resolver=LiveResolver(server.nameserver, timeout=30, lifetime=30))
    assert (returned.result, returned.questions, returned.questions_unneeded) == ("fail", 6, 0)


@given(strategies.zones, strategies.calls, strategies.limits)
def test_any_check_is_the_same_asked_ahead_or_not(zone: Zone, call: Call, limits: Limits) -> None:
    """Issue: "with results, counts and trace identical to the sequential run"."""
    expected = check(*call, resolver=zone, limits=limits, now=NOW)
    for way in (check, in_asyncio):
        waiting = RoundTrips(zone, seconds=1e-9)  # not 0: what takes no time at all may be over before it has begun
        returned = way(*call, resolver=waiting, limits=limits, now=NOW)
        assert_same(returned, expected)
        assert waiting.count <= expected.questions
        keys = [(question.name.lower(), question.type) for question in waiting.asked]
        assert len(keys) == len(set(keys)) <= expected.questions + 20
        assert returned.questions_unneeded <= returned.questions_ahead <= 20


WIDE = Zone(
    {
        "a.example": {"TXT": "v=spf1 " + " ".join(f"include:n{n}.example" for n in range(5)) + " ~all"},
        **{f"n{n}.example": {"TXT": "v=spf1 mx -all", "MX": [(1, f"m{n}.example")]} for n in range(5)},
        **{f"m{n}.example": {"A": f"192.0.2.{n}"} for n in range(5)},
    }
)


@pytest.mark.parametrize("way", [check, in_asyncio])
@pytest.mark.parametrize("most", mostly_full([8, 1, 3]))
def test_what_is_asked_ahead_is_capped(way: Callable[..., CheckResult], most: int) -> None:
    waiting = RoundTrips(WIDE, prefetch=most)
    returned = way("203.0.113.1", "u@a.example", resolver=waiting)
    assert_same(returned, check("203.0.113.1", "u@a.example", resolver=WIDE))
    assert returned.questions_ahead <= most
    assert waiting.count >= returned.questions - most


@pytest.mark.parametrize("way", [check, in_asyncio])
def test_what_is_not_needed_is_counted_and_given_up_at_the_result(way: Callable[..., CheckResult]) -> None:
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 a include:slow.example include:slower.example -all", "A": "192.0.2.1"},
            "slow.example": {"TXT": "v=spf1 include:below.example"},
        }
    )

    class Slow(RoundTrips):
        async def aresolve(self, question: Question, /) -> Answer:
            self.seconds = 30 if "slow" in question.name else 0.004
            return await super().aresolve(question)

    waiting = Slow(zone)
    returned = way("192.0.2.1", "u@a.example", resolver=waiting)
    assert (returned.result, returned.questions, returned.lookups) == ("pass", 2, 1)
    assert (returned.questions_ahead, returned.questions_unneeded) == (3, 2)
    assert waiting.given_up == 2
    assert [question.name for question in waiting.asked] == [
        "a.example", "slow.example", "slower.example", "a.example",
    ], "what leads deeper goes out first"  # fmt: skip
    gc.collect()  # a task that was forgotten would complain


def test_it_can_be_turned_off() -> None:
    assert LiveResolver("192.0.2.53").prefetch == 20
    assert LiveResolver("192.0.2.53", prefetch=0).prefetch == 0
    with pytest.raises(ArgumentError, match=r"prefetch is .* not -1"):
        LiveResolver("192.0.2.53", prefetch=-1)
    with pytest.raises(ArgumentError, match=r"in_flight is .* not 0"):
        LiveResolver("192.0.2.53", in_flight=0)
    with FakeDNS(WIDE) as server:
        for way in (check, in_asyncio):
            server.clear_queries()
            resolver = LiveResolver(server.nameserver, prefetch=0, timeout=10, lifetime=10)
            returned = way("192.0.2.3", "u@a.example", resolver=resolver)
            assert (returned.result, returned.questions_ahead) == ("pass", 0)
            assert [query.name for query in server.queries][:4] == [
                "a.example",
                "n0.example",
                "n0.example",
                "m0.example",
            ]
            assert len(server.queries) == returned.questions


def test_a_zone_and_what_only_computes_are_never_asked_ahead() -> None:
    assert check("192.0.2.3", "u@a.example", resolver=WIDE).questions_ahead == 0
    recorder = Recorder(RoundTrips(WIDE))
    assert check("192.0.2.3", "u@a.example", resolver=recorder).questions_ahead == 0, "it writes down what was needed"


@pytest.mark.parametrize("way", [check, in_asyncio])
def test_drafts_and_a_cache_pass_it_on(way: Callable[..., CheckResult]) -> None:
    waiting = RoundTrips(WIDE)
    drafts = Overlay(Cache(waiting, default_ttl=60), {"a.example": {"TXT": "v=spf1 mx:n1.example mx:n2.example -all"}})
    returned = way("203.0.113.1", "u@a.example", resolver=drafts)
    assert (returned.result, waiting.count, returned.questions) == ("fail", 2, 5)
    again = way("192.0.2.2", "u@a.example", resolver=drafts)
    assert (again.result, waiting.count) == ("pass", 2)


@pytest.mark.parametrize("way", [check, in_asyncio])
def test_what_is_kept_is_looked_through_and_not_asked_ahead(way: Callable[..., CheckResult]) -> None:
    waiting = RoundTrips(WIDE)
    cache = Cache(waiting, default_ttl=60)
    for number in range(5):
        for question in (Question(f"n{number}.example", TXT), Question("a.example", TXT)):
            cache.resolve(question)
    before = len(waiting.asked)
    returned = way("203.0.113.1", "u@a.example", resolver=cache)
    asked = waiting.asked[before:]
    assert returned.questions_ahead == 10, "the MX records, and what they lead to"
    assert {question.type for question in asked} == {RRType.MX, A}
    again = way("203.0.113.1", "u@a.example", resolver=cache)
    assert (again.questions_ahead, len(waiting.asked)) == (0, before + 10)


def test_time_that_is_over_is_temperror_as_ever() -> None:
    class Slow(RoundTrips):
        def resolve(self, question: Question, /) -> Answer:
            if question.name != "a.example":
                sleep(0.2)
            return super().resolve(question)

        async def aresolve(self, question: Question, /) -> Answer:
            self.seconds = 0.2
            return await super().aresolve(question)

    for way in (check, in_asyncio):
        returned = way("203.0.113.1", "u@a.example", resolver=Slow(WIDE), limits=Limits(seconds=0.1))
        assert returned.problem is not None
        assert (returned.result, returned.problem.code) == ("temperror", "time-limit")
        assert returned.trace.result == "temperror"


class Raising(RoundTrips):
    """Raises for one name, in whatever way it is asked."""

    async def aresolve(self, question: Question, /) -> Answer:
        answer = await super().aresolve(question)
        if question.name == "bad.example":
            raise KeyError(question.name)
        return answer


@pytest.mark.parametrize("way", [check, in_asyncio])
def test_what_a_resolver_raises_is_raised_when_the_check_asks_that_question(way: Callable[..., CheckResult]) -> None:
    record = "v=spf1 a:good.example a:bad.example a:other.example -all"
    zone = Zone({"a.example": {"TXT": record}, "good.example": {"A": "192.0.2.1"}})
    assert way("192.0.2.1", "u@a.example", resolver=Raising(zone)).result == "pass"
    with pytest.raises(KeyError):
        way("192.0.2.2", "u@a.example", resolver=Raising(zone))
    gc.collect()  # an exception that nobody looked at would complain


@pytest.mark.parametrize("way", [check, in_asyncio])
@pytest.mark.parametrize("wrong", [None, "text", Answer.a("192.0.2.1")])
def test_what_is_not_an_answer_is_refused_when_it_is_needed(way: Callable[..., CheckResult], wrong: Any) -> None:
    class Wrong(RoundTrips):
        async def aresolve(self, question: Question, /) -> Answer:
            answer = await super().aresolve(question)
            return wrong if question.name == "bad.example" else answer

    record = "v=spf1 a:good.example include:bad.example a:other.example -all"
    zone = Zone({"a.example": {"TXT": record}, "good.example": {"A": "192.0.2.1"}})
    assert way("192.0.2.1", "u@a.example", resolver=Wrong(zone)).result == "pass"
    with pytest.raises(ResolverError, match=r"Wrong was asked for TXT of bad\.example"):
        way("192.0.2.2", "u@a.example", resolver=Wrong(zone))


def test_a_check_that_blocks_a_running_event_loop_asks_one_by_one() -> None:
    async def blocking() -> CheckResult:
        return check("203.0.113.1", "u@a.example", resolver=RoundTrips(WIDE))

    returned = asyncio.run(blocking())
    assert (returned.result, returned.questions_ahead) == ("softfail", 0)


def test_a_check_leaves_the_event_loop_of_its_thread_alone() -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        assert check("203.0.113.1", "u@a.example", resolver=RoundTrips(WIDE)).questions_ahead > 0
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_resolver_that_only_blocks_may_ask_for_it_too() -> None:
    """Its questions are asked in threads."""
    barrier = Barrier(5)

    class Blocking:
        prefetch = 20

        def resolve(self, question: Question, /) -> Answer:
            if question.type is TXT and question.name != "a.example":
                barrier.wait(20)
            return WIDE.resolve(question)

    async def in_threads() -> CheckResult:
        with ThreadPoolExecutor(20) as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            return await acheck("203.0.113.1", "u@a.example", resolver=Blocking())

    assert_same(asyncio.run(in_threads()), check("203.0.113.1", "u@a.example", resolver=WIDE))


def test_failures_are_failures_wherever_they_come_from() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 include:b.example include:c.example"}, "b.example": {"TXT": "v=spf1"},
                 "c.example": {"TXT": Status.SERVFAIL}})  # fmt: skip
    for way in (check, in_asyncio):
        returned = way("192.0.2.1", "u@a.example", resolver=RoundTrips(zone))
        assert all_of(returned) == all_of(check("192.0.2.1", "u@a.example", resolver=zone))
        assert returned.result == "temperror"


def test_a_check_of_few_questions_does_not_load_asyncio() -> None:
    code = (
        "import sys; import spfengine; before = set(sys.modules)\n"
        "class Waiting:\n"
        "    prefetch = 20\n"
        "    resolve = spfengine.Zone({'a.example': {'TXT': 'v=spf1 include:b.example -all'},"
        "                              'b.example': {'TXT': 'v=spf1 ip4:192.0.2.0/24'}}).resolve\n"
        "assert spfengine.check('192.0.2.1', 'u@a.example', resolver=Waiting()).result == 'pass'\n"
        "print('asyncio' in set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
