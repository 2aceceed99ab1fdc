"""The cache: answers are kept for as long as their TTL says, and no longer."""

import asyncio
import gc
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.errors import ArgumentError, ResolverError
from spfengine.resolvers.cache import Cache
from spfengine.resolvers.zone import Zone
from tests.gate import Gate

TXT, A = RRType.TXT, RRType.A


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """Counts what it is asked, and answers from a zone, in asyncio after a while."""

    def __init__(self, zone: Resolver) -> None:
        self.zone = zone
        self.asked: Counter[str] = Counter()

    def resolve(self, question: Question) -> Answer:
        self.asked[question.name.lower()] += 1
        return self.zone.resolve(question)

    async def aresolve(self, question: Question) -> Answer:
        self.asked[question.name.lower()] += 1
        await asyncio.sleep(0.01)
        return self.zone.resolve(question)


ZONE = Zone(
    {
        "a.example": {"TXT": "a"},
        "b.example": {"TXT": "b"},
        "c.example": {"TXT": "c"},
        "dead.example": {"*": Status.SERVFAIL},
    },
    ttl=60,
)


def make(zone: Resolver = ZONE, **settings: Any) -> tuple[Cache, Counting, Clock]:
    counting, clock = Counting(zone), Clock()
    return Cache(counting, clock=clock, **settings), counting, clock


def test_an_answer_is_asked_for_once_in_its_time() -> None:
    cache, counting, clock = make()
    first = cache.resolve(Question("a.example", TXT))
    clock.now += 59.9
    assert cache.resolve(Question("A.example.", TXT)) is first, "names compare without case"
    assert counting.asked == {"a.example": 1}
    clock.now += 0.1
    assert cache.resolve(Question("a.example", TXT)) == first
    assert counting.asked == {"a.example": 2}, "nothing is served past its time"


def test_no_answer_is_kept_longer_than_a_week() -> None:
    cache, counting, clock = make(Zone({"a.example": {"TXT": "a"}}, ttl=(1 << 31) - 1))
    first = cache.resolve(Question("a.example", TXT))
    clock.now += 7 * 24 * 3600 - 0.1
    assert cache.resolve(Question("a.example", TXT)) is first
    clock.now += 0.1
    cache.resolve(Question("a.example", TXT))
    assert counting.asked == {"a.example": 2}


def test_types_are_kept_apart() -> None:
    cache, _, _ = make()
    assert cache.resolve(Question("a.example", TXT)) == Answer.txt("a", ttl=60)
    assert cache.resolve(Question("a.example", A)) == Answer.nodata(60)


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (Answer.nodata(60), 1),
        (Answer.nxdomain(60), 1),
        (Answer.txt("x", ttl=0), 2),
        (Answer.txt("x"), 2),
        (Answer.nxdomain(), 2),
        (Answer.failed(Status.SERVFAIL), 2),
        (Answer.failed(Status.TIMEOUT), 2),
    ],
)
def test_what_is_kept(answer: Answer, asked: int) -> None:
    class Fixed:
        def resolve(self, _question: Question) -> Answer:
            return answer

    cache, counting, _ = make(Fixed())
    for _ in range(2):
        assert cache.resolve(Question("x.example", TXT)) == answer
    assert counting.asked["x.example"] == asked


def test_an_unknown_ttl_may_be_given() -> None:
    cache, counting, clock = make(Zone({"a.example": {"TXT": "a"}}), default_ttl=10)
    for seconds in (0, 9, 1):
        clock.now += seconds
        cache.resolve(Question("a.example", TXT))
    assert counting.asked["a.example"] == 2


def test_a_failure_is_not_kept_even_so() -> None:
    cache, counting, _ = make(default_ttl=10)
    for _ in range(2):
        assert cache.resolve(Question("dead.example", TXT)).status is Status.SERVFAIL
    assert counting.asked["dead.example"] == 2


def test_the_time_of_an_answer_starts_when_its_question_goes_out() -> None:
    clock = Clock()

    class Slow:
        asked = 0

        def resolve(self, _question: Question) -> Answer:
            self.asked += 1
            clock.now += 50
            return Answer.txt("x", ttl=60)

    slow = Slow()
    cache = Cache(slow, clock=clock)
    cache.resolve(Question("a.example", TXT))
    clock.now += 10
    cache.resolve(Question("a.example", TXT))
    assert slow.asked == 2


def test_of_too_many_those_not_asked_for_the_longest_go() -> None:
    cache, counting, _ = make(max_entries=2)
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.resolve(Question(f"{name}.example", TXT))
    assert counting.asked == {"a.example": 1, "b.example": 2, "c.example": 1}
    assert len(cache) == 2


def test_memory_is_bounded_too() -> None:
    cache, _, _ = make(Zone({"*.example": {"TXT": "x" * 60_000}}, ttl=60), max_octets=1 << 20)
    for number in range(100):
        cache.resolve(Question(f"n{number}.example", TXT))
    kept = len(cache)
    assert 10 < kept < 20
    cache.clear()
    for number in range(100):
        cache.resolve(Question(f"n{number}.example", TXT))
    assert len(cache) == kept
    cache, counting, _ = make(max_octets=10)
    for _ in range(2):
        cache.resolve(Question("a.example", TXT))
    assert (len(cache), counting.asked["a.example"]) == (0, 2)


def test_it_can_be_cleared() -> None:
    cache, counting, _ = make()
    cache.resolve(Question("a.example", TXT))
    cache.clear()
    assert len(cache) == 0
    cache.resolve(Question("a.example", TXT))
    assert counting.asked["a.example"] == 2


def test_in_asyncio_the_same_question_goes_out_once() -> None:
    cache, counting, _ = make()

    async def many() -> list[Answer]:
        names = ["a.example", "A.EXAMPLE", "a.example.", "b.example"]
        return await asyncio.gather(*(cache.aresolve(Question(name, TXT)) for name in names * 3))

    answers = asyncio.run(many())
    assert set(answers) == {Answer.txt("a", ttl=60), Answer.txt("b", ttl=60)}
    assert sum(counting.asked.values()) == 2


def test_who_gives_up_waiting_does_not_take_the_answer_from_the_others() -> None:
    cache, counting, _ = make()

    async def two() -> Answer:
        first = asyncio.create_task(cache.aresolve(Question("a.example", TXT)))
        second = asyncio.create_task(cache.aresolve(Question("a.example", TXT)))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(two()) == Answer.txt("a", ttl=60)
    assert counting.asked["a.example"] == 1


def test_what_a_resolver_raises_reaches_all_who_wait_and_is_not_kept() -> None:
    class Raising:
        asked = 0

        async def aresolve(self, question: Question) -> Answer:
            self.asked += 1
            raise KeyError(question.name)

    raising = Raising()
    cache = Cache(raising)

    async def three() -> list[object]:
        question = Question("a.example", TXT)
        both = await asyncio.gather(*(cache.aresolve(question) for _ in range(2)), return_exceptions=True)
        return [*both, *await asyncio.gather(cache.aresolve(question), return_exceptions=True)]

    assert [type(error) for error in asyncio.run(three())] == [KeyError] * 3
    assert raising.asked == 2


def fails(question: Question) -> Answer:
    raise KeyError(question.name)


def succeeds(_question: Question) -> Answer:
    return Answer.txt("a", ttl=60)


async def started(cache: Cache, callers: int = 1) -> "list[asyncio.Task[Answer]]":
    """Return tasks that ask the same question and wait for its answer."""
    tasks = [asyncio.create_task(cache.aresolve(Question("a.example", TXT))) for _ in range(callers)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def test_what_a_resolver_raises_reaches_those_that_have_not_given_up() -> None:
    logged: list[dict[str, Any]] = []

    async def three() -> list[Any]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        gate = Gate(fails)
        tasks = await started(Cache(gate), 3)
        gate.opened.set()
        tasks[0].cancel()  # in the same turn of the event loop
        results = await asyncio.gather(*tasks, return_exceptions=True)
        tasks.clear()
        gc.collect()
        return results

    assert [type(result) for result in asyncio.run(asyncio.wait_for(three(), 30))] == [
        asyncio.CancelledError,
        KeyError,
        KeyError,
    ]
    assert logged == [], "no error is left that nobody has received"


@pytest.mark.parametrize(("joins_first", "asked"), [(True, 1), (False, 2)])
def test_a_caller_never_joins_a_question_that_the_last_one_has_given_up(joins_first: bool, asked: int) -> None:
    async def two() -> int:
        gate = Gate(succeeds)
        cache = Cache(gate)
        [first] = await started(cache)
        if not joins_first:
            first.cancel()
        second = asyncio.create_task(cache.aresolve(Question("a.example", TXT)))
        if joins_first:
            await asyncio.sleep(0)
            first.cancel()
        gate.opened.set()
        assert await second == Answer.txt("a", ttl=60)
        assert first.cancelled()
        return gate.asked

    assert asyncio.run(asyncio.wait_for(two(), 30)) == asked


def test_what_was_asked_before_it_was_cleared_is_answered_but_not_kept() -> None:
    async def two() -> None:
        gate = Gate(succeeds)
        cache = Cache(gate)
        [before] = await started(cache)
        cache.clear()
        [after, same] = await started(cache, 2)
        assert gate.asked == 2, "the question that has been sent may bring an old answer"
        before.cancel()
        await asyncio.sleep(0)
        [joined] = await started(cache)
        assert gate.asked == 2
        gate.opened.set()
        answers = await asyncio.gather(after, same, joined)
        assert set(answers) == {Answer.txt("a", ttl=60)}
        assert (len(cache), gate.cancelled) == (1, 1)
        cache.clear()
        gate.opened.clear()
        [late] = await started(cache)
        cache.clear()
        gate.opened.set()
        assert await late == Answer.txt("a", ttl=60)
        assert len(cache) == 0

    asyncio.run(asyncio.wait_for(two(), 30))


def test_in_asyncio_too_the_time_of_an_answer_starts_when_its_question_goes_out() -> None:
    async def ask() -> None:
        clock, gate = Clock(), Gate(succeeds)
        cache = Cache(gate, clock=clock)
        [asking] = await started(cache)
        clock.now += 50
        gate.opened.set()
        await asking
        clock.now += 9
        assert cache.peek(Question("a.example", TXT)) is not None
        clock.now += 1
        assert cache.peek(Question("a.example", TXT)) is None

    asyncio.run(asyncio.wait_for(ask(), 30))


def test_one_cache_serves_several_event_loops_and_threads() -> None:
    cache, _, _ = make(max_entries=2)

    def work(number: int) -> bool:
        name = "abc"[number % 3]
        question = Question(f"{name}.example", TXT)
        answer = cache.resolve(question) if number % 2 else asyncio.run(cache.aresolve(question))
        return answer.records == (name.encode(),)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert len(cache) == 2


def test_it_works_in_front_of_any_resolver() -> None:
    cache = Cache(ZONE)
    assert isinstance(cache, Resolver)
    assert isinstance(cache, AsyncResolver)

    class OnlySync:
        def resolve(self, question: Question) -> Answer:
            return ZONE.resolve(question)

    assert asyncio.run(Cache(OnlySync()).aresolve(Question("a.example", TXT))).records == (b"a",)
    with pytest.raises(ResolverError):
        Cache(None)
    for setting in ({"max_entries": -1}, {"max_octets": -1}, {"default_ttl": -1}):
        with pytest.raises(ArgumentError):
            Cache(ZONE, **setting)  # type: ignore[arg-type]  # each is a bound


def test_asyncio_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys; before = set(sys.modules); from spfengine.answers import Question, RRType;"
        "from spfengine.resolvers import cache, overlay, recording, zone;"
        "r = overlay.Overlay(cache.Cache(recording.Recorder(zone.Zone({}))), {});"
        "r.resolve(Question('a.example', RRType.TXT)); print(*({'asyncio', 'dns'} & (set(sys.modules) - before)))"
    )
    printable = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printable.stdout.split() == []
