"""Who may ask now: own questions come before those asked ahead, of the same check or another. No clock: events only."""

import asyncio

import pytest

from spfengine import Answer, LiveResolver, Question, Zone, acheck
from spfengine.resolvers import slots as module
from spfengine.resolvers.slots import LEAST_SHARE, MOST_AHEAD, Slots


def test_an_own_question_takes_the_place_of_one_that_is_asked_ahead() -> None:
    async def run() -> list[str]:
        slots = Slots(2)
        ended: list[str] = []
        assert slots.ask_ahead("ahead", lambda: ended.append("ahead"))
        await slots.take()
        await slots.take()
        third = asyncio.create_task(slots.take())
        await asyncio.sleep(0)
        assert (ended, third.done()) == (["ahead"], False)
        slots.release()
        await third
        assert slots.in_use == 2
        return ended

    assert asyncio.run(run()) == ["ahead"]


def test_nothing_is_asked_ahead_if_no_slot_is_free() -> None:
    async def run() -> None:
        slots = Slots(2)
        await slots.take()
        assert slots.ask_ahead(1, lambda: None)
        await slots.take()
        assert not slots.ask_ahead(2, lambda: None)

    asyncio.run(run())


def test_a_caller_that_gives_up_leaves_no_slot_taken() -> None:
    async def run() -> int:
        slots = Slots(1)
        await slots.take()
        waiting = [asyncio.create_task(slots.take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        slots.release()  # to the second
        waiting[1].cancel()  # which gives up in the same turn
        await asyncio.wait(waiting)
        assert not waiting[2].cancelled()
        slots.release()
        return slots.in_use

    assert asyncio.run(run()) == 0


def test_the_share_of_a_check_shrinks_with_what_others_ask() -> None:
    slots = Slots(10 * MOST_AHEAD)
    assert slots.share == MOST_AHEAD // 5
    for number in range(MOST_AHEAD):
        assert slots.ask_ahead(number, lambda: None)
    assert slots.share == LEAST_SHARE


def test_what_is_asked_ahead_gives_way_to_the_next_once_it_is_slow() -> None:
    now = [0.0]
    slots = Slots(4, clock=lambda: now[0])
    ended: list[int] = []
    for number in (1, 2):
        assert slots.ask_ahead(number, lambda number=number: ended.append(number))  # type: ignore[misc]  # mypy can't infer the default
    assert not slots.ask_ahead(3, lambda: None), "the others may be answered soon"
    now[0] = module.SOON * 2
    assert slots.ask_ahead(3, lambda: None)
    assert ended == [1]
    slots.done(2)
    assert slots.ahead == 1


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Replaces DNS: questions whose name begins with "silent" are never answered; counts how many are in flight."""
    from spfengine.resolvers.live import _Uncached

    zone = Zone(
        {
            "hostile.example": {"TXT": "v=spf1 " + " ".join(f"include:silent{n}.example" for n in range(10)) + " -all"},
            "good.example": {"TXT": "v=spf1 include:a.good.example include:b.good.example -all"},
            "a.good.example": {"TXT": "v=spf1 ip4:198.51.100.1 -all"},
            "b.good.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        }
    )
    counted = {"now": 0, "most": 0, "ahead": 0}

    async def answered(self: _Uncached, question: Question) -> Answer:
        counted["now"] += 1
        counted["most"] = max(counted["most"], counted["now"])
        try:
            if question.name.startswith("silent"):
                await asyncio.Event().wait()
            return zone.resolve(question)
        finally:
            counted["now"] -= 1

    monkeypatch.setattr(_Uncached, "_ask", answered)
    return counted


@pytest.mark.parametrize(("hostile", "in_flight"), [(21, 200), (100, 200), (100, 101)])
def test_hostile_checks_do_not_keep_others_from_their_answers(
    silent: dict[str, int], hostile: int, in_flight: int
) -> None:
    """Issue: "a check's own questions never wait for another domain's; asking ahead takes only free slots"."""

    async def run() -> None:
        resolver = LiveResolver("192.0.2.53", in_flight=in_flight)
        bad = [asyncio.create_task(acheck("192.0.2.1", "a@hostile.example", resolver=resolver)) for _ in range(hostile)]
        for _ in range(50):
            await asyncio.sleep(0)
        slots = resolver.slots(asyncio.get_running_loop())
        assert slots is not None
        assert slots.ahead <= min(MOST_AHEAD, in_flight // 2)
        for number in range(5):
            result = await acheck("192.0.2.1", f"a{number}@good.example", resolver=resolver)
            assert result.result == "pass"
        assert silent["most"] <= in_flight
        for task in bad:
            task.cancel()
        await asyncio.wait(bad)
        await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        assert (slots.in_use, slots.ahead) == (0, 0)

    asyncio.run(run())


def test_a_question_that_was_ended_is_asked_again_by_its_check(silent: dict[str, int]) -> None:
    async def run() -> str:
        resolver = LiveResolver("192.0.2.53", in_flight=4)
        slots = resolver.slots(asyncio.get_running_loop())
        assert slots is not None
        checking = asyncio.create_task(acheck("192.0.2.1", "a@good.example", resolver=resolver))
        while not slots.ahead:  # noqa: ASYNC110 - turns of the event loop are counted, not time
            await asyncio.sleep(0)
        slots._end_oldest()
        return (await checking).result

    assert asyncio.run(run()) == "pass"


def test_the_cache_and_drafts_pass_the_slots_on() -> None:
    async def run() -> None:
        from spfengine import Cache, Overlay

        resolver = LiveResolver("192.0.2.53", cache=False)
        loop = asyncio.get_running_loop()
        assert Cache(resolver).slots(loop) is resolver.slots(loop) is Overlay(resolver, {}).slots(loop)
        assert Cache(Zone({})).slots(loop) is None

    asyncio.run(run())
