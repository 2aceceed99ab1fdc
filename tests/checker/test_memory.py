"""The memory of a Checker does not grow with the number of checks; `bench/memory.py` measures the same at full size."""

import gc
import tracemalloc

import pytest

from spfengine import Answer, Checker, Question, Zone

DOMAINS = 300
ZONE = Zone(
    {
        f"d{number}.example": {"TXT": f"v=spf1 a ip4:192.0.2.{number % 250} include:n{number % 7}.example -all"}
        for number in range(DOMAINS)
    }
    | {f"n{number}.example": {"TXT": f"v=spf1 ip4:10.{number}.0.0/16 exists:%{{i}}.x.example"} for number in range(7)},
    ttl=60,
)


class Fresh:
    """A resolver that creates each answer anew, as live DNS does."""

    def resolve(self, question: Question, /) -> Answer:
        answer = ZONE.resolve(question)
        return Answer(answer.status, answer.type, answer.records, answer.ttl, answer.chain, answer.strings)


@pytest.mark.full
def test_memory_does_not_grow_with_the_number_of_checks() -> None:
    checker = Checker(Fresh(), max_domains=100, max_answers=200, hot_after=1)

    def ask(count: int) -> int:
        for number in range(count):
            checker.check(f"192.0.2.{number * 7 % 256}", f"u{number}@d{number * 13 % DOMAINS}.example")
            checker.check("192.0.2.1", "u@d1.example")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    ask(600)
    tracemalloc.start()
    try:
        first = ask(600)
        then = ask(2400)
    finally:
        tracemalloc.stop()
    assert len(checker) == 100
    assert then - first < 60_000, "after 4,800 more checks"
