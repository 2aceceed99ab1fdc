"""The DNS time limit of a surveyed domain, in asyncio: it ends the domain's own questions, and nobody else's."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from spfengine import Answer, Cache, Question, RRType, Status
from spfengine.surveying.time_limit import AsyncTimeLimited, SharedLoop
from tests.gate import Gate

QUESTION = Question("a.example", RRType.TXT)
OTHER = Question("b.example", RRType.TXT)
HERE = Answer.txt("here", ttl=300)


def answer(question: Question) -> Answer:
    if question == OTHER:
        raise TimeoutError("the resolver's own")
    return HERE


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(in_time())


def test_after_its_time_a_question_ends_and_no_other_is_asked() -> None:
    async def test() -> None:
        gate = Gate(answer)
        cache = Cache(gate)
        limited = AsyncTimeLimited(SharedLoop(cache), 0.01)
        assert (await limited.aresolve(QUESTION)).status is Status.TIMEOUT
        assert (gate.asked, gate.cancelled) == (1, 1)
        gate.opened.set()
        assert (await limited.aresolve(QUESTION)).status is Status.TIMEOUT
        assert gate.asked == 1
        await cache.aresolve(QUESTION)
        assert await limited.aresolve(QUESTION) == HERE, "what is cached takes no time"

    run(test)


def test_the_time_of_one_domain_does_not_end_a_question_that_another_asks_too() -> None:
    async def test() -> None:
        gate = Gate(answer)
        shared = SharedLoop(Cache(gate))
        patient = asyncio.create_task(AsyncTimeLimited(shared, None).aresolve(QUESTION))
        assert (await AsyncTimeLimited(shared, 0.01).aresolve(QUESTION)).status is Status.TIMEOUT
        gate.opened.set()
        assert await patient == HERE
        assert (gate.asked, gate.cancelled) == (1, 0)

    run(test)


@pytest.mark.parametrize("seconds", [None, 30.0])
def test_a_domain_that_is_given_up_asks_nothing_more(seconds: float | None) -> None:
    """In any turn of the event loop, and the next domain still has its turn."""

    async def test() -> None:
        for turns in range(12):
            gate = Gate(answer)
            shared = SharedLoop(Cache(gate))
            asking = asyncio.create_task(AsyncTimeLimited(shared, seconds).aresolve(QUESTION))
            for _ in range(turns):
                await asyncio.sleep(0)
                if turns > 6:
                    gate.opened.set()
            asking.cancel()
            [result] = await asyncio.gather(asking, return_exceptions=True)
            assert result == HERE or isinstance(result, asyncio.CancelledError)
            gate.opened.set()
            assert await AsyncTimeLimited(shared, seconds).aresolve(QUESTION) == HERE
            assert len(asyncio.all_tasks()) == 1

    run(test)


def test_a_domain_that_is_given_up_while_it_waits_for_its_turn_leaves_that_to_the_others() -> None:
    async def test() -> None:
        shared = SharedLoop(Cache(Gate(answer)))
        turns = [asyncio.create_task(shared.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(turn.done() for turn in turns)
        turns[0].cancel()
        await asyncio.gather(*turns[1:])
        await shared.turn()
        assert turns[0].cancelled()

    run(test)


@pytest.mark.parametrize("seconds", [None, 30.0])
def test_a_timeout_that_the_resolver_raises_is_raised(seconds: float | None) -> None:
    async def test() -> None:
        gate = Gate(answer)
        gate.opened.set()
        with pytest.raises(TimeoutError, match="the resolver's own"):
            await AsyncTimeLimited(SharedLoop(gate), seconds).aresolve(OTHER)

    run(test)
