"""What a Checker keeps, and for how long.

It keeps verdicts of a domain that is checked often, until the smallest TTL runs out or `clear()` is called. Its size is
bounded.
"""

import gc
import tracemalloc
from collections import Counter
from itertools import pairwise
from time import sleep
from typing import Any
from unittest.mock import patch

import pytest

import spfengine.checker
from spfengine import (
    Answer,
    ArgumentError,
    Cache,
    Checker,
    Limits,
    LiveResolver,
    Overlay,
    Question,
    Recorder,
    ResolverError,
    RRType,
    Status,
    Zone,
    checks,
)
from spfengine.resolvers import live
from tests.checker.same import assert_same


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Changing:
    """A resolver whose records a test can change; counts the questions for each name."""

    def __init__(self, **records: tuple[str | Status, int | None]) -> None:
        self.records = records
        self.asked: Counter[str] = Counter()

    def resolve(self, question: Question, /) -> Answer:
        self.asked[question.name] += 1
        record, ttl = self.records[question.name.partition(".")[0]]
        return Answer.failed(record) if isinstance(record, Status) else Answer.txt(record, ttl=ttl)


def make(resolver: Any, **settings: Any) -> tuple[Checker, Clock]:
    clock = Clock()
    return Checker(Cache(resolver, clock=clock), **{"hot_after": 0, **settings}), clock


def evaluations(checker: Checker, ip: str, sender: str, times: int = 1) -> int:
    """Return how many of `times` checks were evaluated, and not answered from what the checker keeps."""
    with patch("spfengine.checker.run", wraps=checks.run) as run:
        for _ in range(times):
            checker.check(ip, sender)
    return int(run.call_count)


ZONE = Zone({"a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"}})


def test_verdicts_are_kept_once_a_domain_is_hot() -> None:
    assert evaluations(Checker(ZONE), "192.0.2.1", "u@a.example", 10) == 3
    assert evaluations(Checker(ZONE, hot_after=5), "192.0.2.1", "u@a.example", 10) == 6
    assert evaluations(Checker(ZONE, hot_after=0), "192.0.2.1", "u@a.example", 10) == 1


def test_one_evaluation_answers_for_a_whole_range() -> None:
    checker = Checker(ZONE, hot_after=0)
    assert evaluations(checker, "192.0.2.1", "u@a.example") == 1
    assert evaluations(checker, "192.0.2.255", "other@a.example") == 0
    assert evaluations(checker, "192.0.1.255", "u@a.example") == 1
    assert evaluations(checker, "0.0.0.0", "u@a.example") == 0
    assert evaluations(checker, "198.51.100.0", "u@a.example") == 1


def test_verdicts_are_kept_until_the_smallest_ttl_runs_out() -> None:
    dns = Changing(a=("v=spf1 include:b.example -all", 60), b=("v=spf1 ip4:192.0.2.0/24", 300))
    checker, clock = make(dns)
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    dns.records = {"a": ("v=spf1 include:b.example ~all", 60), "b": ("v=spf1", 300)}
    clock.now += 59.9
    assert evaluations(checker, "192.0.2.1", "u@a.example", 3) == 0
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    clock.now += 0.1
    assert checker.check("203.0.113.9", "u@a.example").result == "softfail", "a is asked again"
    assert dns.asked == {"a.example": 2, "b.example": 1}
    clock.now += 240
    assert checker.check("192.0.2.1", "u@a.example").result == "softfail", "b is asked again"


def test_a_cached_answer_counts_with_its_remaining_ttl() -> None:
    dns = Changing(a=("v=spf1 include:b.example -all", 300), b=("v=spf1 ip4:192.0.2.0/24", 100), c=("v=spf1 -all", 100))
    checker, clock = make(dns)
    checker.check("192.0.2.1", "u@b.example")
    clock.now += 90
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    dns.records["b"] = ("v=spf1", 100)
    clock.now += 10
    assert checker.check("192.0.2.1", "u@a.example").result == "fail"


def test_an_expired_domain_is_still_hot() -> None:
    checker, clock = make(Changing(a=("v=spf1 -all", 60)), hot_after=3)
    assert evaluations(checker, "192.0.2.1", "u@a.example", 10) == 4
    clock.now += 60
    assert evaluations(checker, "192.0.2.1", "u@a.example", 10) == 1


@pytest.mark.parametrize("ttl", [None, 0])
def test_answers_without_a_ttl_are_not_kept(ttl: int | None) -> None:
    checker, _ = make(Changing(a=("v=spf1 -all", ttl)))
    assert evaluations(checker, "192.0.2.1", "u@a.example", 5) == 5


def test_default_ttl_is_used_for_answers_without_one() -> None:
    checker = Checker(Changing(a=("v=spf1 -all", None)), hot_after=0, default_ttl=60)
    assert evaluations(checker, "192.0.2.1", "u@a.example", 5) == 1


def test_failures_are_not_kept() -> None:
    dns = Changing(a=("v=spf1 include:b.example -all", 60), b=(Status.SERVFAIL, None), why=(Status.TIMEOUT, None))
    checker, _ = make(dns)
    for _ in range(3):
        assert checker.check("192.0.2.1", "u@a.example").result == "temperror"
    assert dns.asked["b.example"] == 3
    dns.records["a"] = "v=spf1 -all exp=why.example", 60
    checker.clear()
    for _ in range(3):
        problem = checker.check("192.0.2.1", "u@a.example").explanation_problem
        assert problem is not None
        assert problem.code == "exp-dns-error"
    assert dns.asked["why.example"] == 3


@pytest.mark.full
def test_a_check_that_reached_the_time_limit_is_not_kept() -> None:
    class Slow:
        unchanging = True
        asked = 0

        def resolve(self, question: Question, /) -> Answer:
            self.asked += 1
            if self.asked == 1:
                sleep(2.1)
            return ZONE.resolve(question)

    checker = Checker(Slow(), limits=Limits(seconds=2), hot_after=0)
    assert checker.check("192.0.2.1", "u@a.example").result == "temperror"
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"


@pytest.mark.parametrize(
    "record",
    ["v=spf1 exists:%{i}.x.example -all", "v=spf1 ptr -all", "v=spf1 a:%{l}.x.example -all", "v=spf1 mx:%{h} -all",
     "v=spf1 a:%{p}.x.example -all", "v=spf1 include:%{s}.x.example -all", "v=spf1 redirect=%{ir}.x.example",
     "v=spf1 -all exp=%{l}.why.example", "v=spf1 -all exp=why.example"],
)  # fmt: skip
def test_a_record_that_depends_on_more_than_the_address_is_evaluated_each_time(record: str) -> None:
    zone = Zone({"a.example": {"TXT": record}, "why.example": {"TXT": "%{d}%{p}"}, "*.why.example": {"TXT": "no"}})
    assert evaluations(Checker(zone, hot_after=0), "192.0.2.1", "u@a.example", 3) == 3


def test_only_clients_that_reach_a_macro_are_evaluated_each_time() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 exists:%{i}.x.example -all"}})
    checker = Checker(zone, hot_after=0)
    assert evaluations(checker, "192.0.2.1", "u@a.example", 3) == 1
    assert evaluations(checker, "203.0.113.1", "u@a.example", 3) == 3


def test_clear_forgets_everything() -> None:
    dns = Changing(a=("v=spf1 +all", 60))
    checker, _ = make(dns)
    checker.check("192.0.2.1", "u@a.example")
    dns.records = {"a": ("v=spf1 -all", 60)}
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    checker.clear()
    assert len(checker) == 0
    assert checker.check("192.0.2.1", "u@a.example").result == "fail"


def test_clear_during_a_check_discards_its_answers() -> None:
    class Clearing(Changing):
        def resolve(self, question: Question, /) -> Answer:
            answer = super().resolve(question)
            if self.asked.total() == 1:
                self.records = {"a": ("v=spf1 -all", 60)}
                checker.clear()
            return answer

    checker, _ = make(Clearing(a=("v=spf1 +all", 60)))
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    assert (len(checker), checker._octets, checker._answer_refs) == (0, 0, {})
    assert checker.check("192.0.2.1", "u@a.example").result == "fail"


def test_clear_during_a_check_discards_its_verdict() -> None:
    class Clearing:
        unchanging = True

        def resolve(self, question: Question, /) -> Answer:
            checker.clear()
            return ZONE.resolve(question)

    checker = Checker(Clearing(), hot_after=0)
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    assert (len(checker), checker._octets, checker._answer_refs) == (0, 0, {})


def test_a_verdict_from_a_replaced_answer_is_not_kept() -> None:
    class Overtaken(Changing):
        def resolve(self, question: Question, /) -> Answer:
            if question.name == "b.example":
                clock.now += 60
                self.records["a"] = ("v=spf1 -all", 60)
                cache.resolve(Question("a.example", RRType.TXT))
            return super().resolve(question)

    clock = Clock()
    dns = Overtaken(a=("v=spf1 include:b.example -all", 60), b=("v=spf1 +all", 300))
    cache = Cache(dns, clock=clock)
    checker = Checker(cache, hot_after=0)
    assert checker.check("192.0.2.1", "u@a.example").result == "pass"
    assert checker.check("192.0.2.1", "u@a.example").result == "fail"


def test_the_least_used_domains_are_dropped_first() -> None:
    zone = Zone({f"d{number}.example": {"TXT": "v=spf1 -all"} for number in range(100)})
    checker = Checker(zone, hot_after=0, max_domains=10)
    for number in range(100):
        checker.check("192.0.2.1", f"u@d{number}.example")
        checker.check("192.0.2.1", "u@d0.example")
    assert len(checker) == 10
    assert evaluations(checker, "192.0.2.1", "u@d0.example") == 0, "it was used all the time"
    assert evaluations(checker, "192.0.2.1", "u@d5.example") == 1
    assert evaluations(Checker(zone, hot_after=0, max_domains=0), "192.0.2.1", "u@d0.example", 3) == 3


@pytest.mark.full
def test_memory_is_bounded_too() -> None:
    """Untrusted records can be large and many, with a range for each address."""
    nets = " ".join([f"ip4:10.0.{number}.0/25" for number in range(256)])
    zone = Zone({f"d{number}.example": {"TXT": f"v=spf1 {nets} -all"} for number in range(40)}, ttl=3600)
    checker = Checker(
        Recorder(zone), hot_after=0, max_octets=2 << 20
    )  # a Recorder gives the same answers, but is not a Zone
    checker._resolver = checker._cache = Cache(zone, max_octets=2 << 20)

    def ask(rounds: range) -> None:
        for number in rounds:
            for third in range(0, 256, 5):
                checker.check(f"10.0.{third}.1", f"u@d{number % 40}.example")

    ask(range(40))
    gc.collect()
    tracemalloc.start()
    ask(range(40))
    gc.collect()
    grown, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert checker._octets <= 2 << 20
    assert grown < 2 << 20
    assert peak < 4 << 20


def test_one_large_domain_does_not_displace_all_others() -> None:
    nets = " ".join([f"ip4:10.{number >> 8}.{number & 255}.0/24" for number in range(4000)])
    zone = Zone({"huge.example": {"TXT": f"v=spf1 {nets} -all"}, "a.example": {"TXT": "v=spf1 -all"}})
    checker = Checker(zone, hot_after=0, max_octets=1 << 20)
    checker.check("192.0.2.1", "u@a.example")
    assert evaluations(checker, "10.0.0.1", "u@huge.example", 3) == 3, "it would take more than its share"
    assert evaluations(checker, "192.0.2.1", "u@a.example") == 0


def test_the_number_of_ranges_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spfengine.checker, "MAX_RANGES", 5)
    zone = Zone({"a.example": {"TXT": "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(0, 100, 2))}})
    checker = Checker(zone, hot_after=0)
    for number in range(100):
        checker.check(f"192.0.2.{number}", "u@a.example")
        checker.check(f"::ffff:192.0.2.{number}", "u@a.example")
    assert evaluations(checker, "192.0.2.0", "u@a.example") == 0
    assert evaluations(checker, "192.0.2.98", "u@a.example") == 1


def test_ranges_cover_the_space_in_order() -> None:
    nets = " ".join([f"ip4:192.0.2.{number}" for number in range(8)])
    zone = Zone({"a.example": {"TXT": f"v=spf1 a:b.example/24 {nets} -all"}, "b.example": {"A": "203.0.113.1"}})
    checker = Checker(zone, hot_after=0)
    for number in (*range(20), 2, 250):
        checker.check(f"192.0.2.{number}", "u@a.example")
        checker.check(f"203.0.113.{number}", "u@a.example")
    starts, found = checker._domains["a.example"].ip4
    assert list(starts) == sorted(set(starts))
    assert starts[0] == 0
    assert all(one is not other for one, other in pairwise(found))


@pytest.mark.parametrize("order", [1, -1])
def test_neighbouring_ranges_with_the_same_verdict_are_merged(order: int) -> None:
    zone = Zone(
        {"a.example": {"TXT": "v=spf1 include:b.example -all"}, "b.example": {"TXT": "v=spf1 -ip4:192.0.2.0/24 ~all"}}
    )
    checker = Checker(zone, hot_after=0)
    for client in ("10.0.0.1", "192.0.2.1", "203.0.113.1")[::order]:
        checker.check(client, "u@a.example")
    starts, found = checker._domains["a.example"].ip4
    assert starts == (0,)
    assert found[0] is not None


def test_a_resolver_with_a_cache_gets_no_second_one() -> None:
    live = LiveResolver("192.0.2.53")
    assert Checker(live)._cache is live.cache
    cache = Cache(ZONE)
    assert Checker(cache)._cache is cache
    assert Checker(LiveResolver("192.0.2.53", cache=False))._cache is not None


def test_without_a_resolver_live_dns_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "read_nameservers", lambda: ["192.0.2.53"])
    checker = Checker(max_answers=7)
    assert isinstance(checker._resolver, Cache)
    assert checker._resolver.prefetch == 20
    assert checker._resolver._max_entries == 7


def test_an_overlay_on_an_unchanging_resolver_is_unchanging() -> None:
    drafts = Overlay(ZONE, {"a.example": {"TXT": "v=spf1 +all"}})
    checker = Checker(drafts, hot_after=0)
    assert evaluations(checker, "192.0.2.1", "u@a.example", 3) == 1
    assert checker.check("203.0.113.1", "u@a.example").result == "pass"
    assert not Overlay(Changing(), {}).unchanging


def test_wrong_arguments_raise_even_if_the_domain_is_hot() -> None:
    checker = Checker(ZONE, hot_after=0)
    for _ in range(2):
        checker.check("192.0.2.1", "u@a.example")
        with pytest.raises(ArgumentError):
            checker.check("192.0.2.1", b"u@a.example")  # type: ignore[arg-type]  # the mistake under test
        with pytest.raises(ArgumentError):
            checker.check("192.0.2.1", "u@a.example", 5)  # type: ignore[arg-type]  # the mistake under test
        with pytest.raises(ValueError, match="not an IP address"):
            checker.check("192.0.2.256", "u@a.example")
        with pytest.raises(ArgumentError):
            checker.check("192.0.2.1", "u@a.example", now=float("nan"))
    for settings in ({"hot_after": -1}, {"max_domains": -1}, {"max_octets": -1}, {"limits": 10}, {"receiver": b"x"}):
        with pytest.raises(ArgumentError):
            Checker(ZONE, **settings)
    with pytest.raises(ResolverError):
        Checker("192.0.2.53")  # type: ignore[arg-type]  # the mistake under test


def test_a_result_does_not_change_when_the_checker_forgets() -> None:
    checker, clock = make(Changing(a=("v=spf1 ip4:192.0.2.0/24 -all", 60)))
    checker.check("192.0.2.1", "u@a.example")
    found = checker.check("192.0.2.2", "u@a.example")
    clock.now += 100
    checker.clear()
    expected = Checker(Changing(a=("v=spf1 ip4:192.0.2.0/24 -all", 60))).check("192.0.2.2", "u@a.example")
    assert_same(found, expected)
