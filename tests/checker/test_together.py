"""A Checker can be shared by threads and by the tasks of an event loop.

Concurrent checks ask no question twice, and the number of questions in flight is bounded.
"""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from spfengine import Answer, Cache, Checker, CheckResult, Limits, LiveResolver, Question, Zone, check
from spfengine.resolvers import live
from spfengine.resolvers.stub import Attempt, Reply
from spfengine.testing import FakeDNS
from tests.checker.same import assert_same

DOMAINS = [f"d{number}.example" for number in range(100)]
CLIENTS = ["192.0.2.1", "192.0.2.77", "198.51.100.1", "198.51.100.2", "203.0.113.5", "2001:db8::1", "10.0.0.1"]


def records() -> Iterator[tuple[str, dict[str, object]]]:
    for number, domain in enumerate(DOMAINS):
        yield domain, {"TXT": f"v=spf1 a mx ip4:203.0.113.0/{24 + number % 8} include:relay{number % 5}.example -all"}
        yield domain.upper(), {"A": "192.0.2.1", "MX": [(10, f"mx.{domain}"), (20, "mx.shared.example")]}
        yield f"mx.{domain}", {"A": f"198.51.100.{number}"}
    for number in range(5):
        yield f"relay{number}.example", {"TXT": f"v=spf1 a:gone.example include:deep.example ip4:10.0.0.{number} ~all"}
    yield "deep.example", {"TXT": "v=spf1 ip6:2001:db8::/32 ~all"}
    yield "mx.shared.example", {"A": "198.51.100.2", "AAAA": "2001:db8:1::2"}


def make_zone() -> Zone:
    merged: dict[str | bytes, dict[str, object]] = {}
    for name, by_type in records():
        merged.setdefault(name.lower(), {}).update(by_type)
    return Zone(merged, ttl=300)


ZONE = make_zone()
CALLS = [(CLIENTS[(turn + number) % 7], f"u@{domain}") for turn in range(10) for number, domain in enumerate(DOMAINS)]


class Counting:
    """A resolver that answers from the zone, in asyncio after a delay; counts each question."""

    def __init__(self) -> None:
        self.asked: Counter[Question] = Counter()

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked[question] += 1
        await asyncio.sleep(0.001)
        return ZONE.resolve(question)

    def resolve(self, question: Question, /) -> Answer:
        self.asked[question] += 1
        return ZONE.resolve(question)


PATIENT = Limits(seconds=None)  # a busy machine takes its time


async def many(checker: Checker) -> list[CheckResult]:
    return await asyncio.gather(*(checker.acheck(ip, sender) for ip, sender in CALLS))


@pytest.mark.full
@pytest.mark.parametrize("prefetch", [0, 20])
def test_a_thousand_checks_at_once_ask_each_question_once(prefetch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = most = 0
    aexchange = live.aexchange

    async def counted(attempt: Attempt) -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await aexchange(attempt)
        finally:
            under_way -= 1

    monkeypatch.setattr(live, "aexchange", counted)
    with FakeDNS(ZONE, ttl=300) as server:
        resolver = LiveResolver(server.nameserver, timeout=300, lifetime=300, prefetch=prefetch, in_flight=30)
        results = asyncio.run(many(Checker(resolver, limits=PATIENT)))
        asked = Counter((query.name.lower(), query.type) for query in server.queries)
    assert max(asked.values()) == 1
    assert len(asked) > 300
    assert under_way == 0
    assert 5 < most <= 30
    gc.collect()
    assert not resolver._answers._resolver._slots  # type: ignore[union-attr]  # the event loop leaves nothing
    for (ip, sender), result in zip(CALLS, results, strict=True):
        assert result == check(ip, sender, resolver=ZONE, limits=PATIENT)


def test_any_resolver_is_asked_each_question_once() -> None:
    counting = Counting()
    checker = Checker(counting)
    for _ in range(2):
        asyncio.run(many(checker))
    assert max(counting.asked.values()) == 1


@pytest.mark.full
def test_threads_can_share_a_checker() -> None:
    """Each thread gets the results of check() while domains are added, expire and are dropped."""
    expected = {call: check(*call, resolver=ZONE) for call in set(CALLS)}
    clock = iter(range(1 << 62))
    cache = Cache(Counting(), clock=lambda: next(clock) / 100)
    checker = Checker(cache, hot_after=0, max_domains=20, max_octets=1 << 20)

    def work(number: int) -> None:
        for turn, call in enumerate(CALLS[number * 37 :] + CALLS[: number * 37]):
            found = checker.check(*call) if number % 2 else asyncio.run(checker.acheck(*call)) if turn < 50 else None
            if found is not None:
                assert found == expected[call]
        checker.clear()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert len(checker) == 0
    assert (checker._octets, checker._answer_refs) == (0, {})


def test_the_accounts_agree_with_what_is_kept() -> None:
    checker = Checker(Cache(ZONE), hot_after=0, max_domains=30)
    for call in CALLS:
        checker.check(*call)
    kept = checker._domains.values()
    held = {key for verdicts in kept for key in verdicts.answers}
    assert checker._answer_refs.keys() == held
    for domain in list(checker._domains):
        checker._drop(domain)
    assert (checker._octets, checker._answer_refs) == (0, {})


def test_acheck_gives_every_field_of_check() -> None:
    checker = Checker(ZONE, hot_after=0)

    async def twice() -> None:
        for ip, sender in CALLS[:20] * 2:
            assert_same(await checker.acheck(ip, sender, "h.example"), check(ip, sender, "h.example", resolver=ZONE))

    asyncio.run(twice())


def test_both_identities_in_asyncio() -> None:
    checker = Checker(ZONE, hot_after=0)

    async def both() -> None:
        for sender in ("", "u@d1.example"):
            for _ in range(2):
                found = await checker.acheck_both("192.0.2.1", sender, "d2.example")
                assert [r.identity for r in found] == ["helo", "mailfrom"]
                assert found == checker.check_both("192.0.2.1", sender, "d2.example")

    asyncio.run(both())


def test_cancelling_one_check_does_not_cancel_a_shared_question() -> None:
    counting = Counting()
    checker = Checker(counting, hot_after=0)

    async def two() -> CheckResult:
        first = asyncio.create_task(checker.acheck("192.0.2.77", "u@d1.example"))
        second = asyncio.create_task(checker.acheck("192.0.2.77", "u@d1.example"))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(two()) == check("192.0.2.77", "u@d1.example", resolver=ZONE)
    assert max(counting.asked.values()) == 1


def test_a_question_is_cancelled_with_its_last_check_and_asked_again_later() -> None:
    events: list[str] = []

    class Slow:
        async def aresolve(self, question: Question, /) -> Answer:
            events.append("asked")
            try:
                await asyncio.sleep(0.001 if len(events) > 1 else 30)
            except asyncio.CancelledError:
                events.append("given up")
                raise
            return Answer.txt("v=spf1 -all", ttl=60)

    checker = Checker(Slow())

    async def three() -> CheckResult:
        tasks = [asyncio.create_task(checker.acheck("192.0.2.1", "u@a.example")) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
        return await checker.acheck("192.0.2.1", "u@a.example")

    assert asyncio.run(three()).result == "fail"
    assert events == ["asked", "given up", "asked"]
