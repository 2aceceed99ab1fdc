"""The elapsed-time limit (RFC 7208 §4.6.4), which the drivers check at every query."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from spfengine import Answer, CheckResult, Limits, Question, RRType, acheck, check, drivers
from spfengine.addresses import V4
from spfengine.names import reverse_name

REVERSE = reverse_name(V4, 0xC0000201)
LIMITS = Limits(seconds=20)


class Slow:
    """Answers at once, except for one query: there the clock jumps or, in asyncio, the answer never comes."""

    def __init__(self, record: str, slow: tuple[str, RRType], tick: Callable[[float], None] = lambda _: None) -> None:
        self.answers = {
            ("a.example", RRType.TXT): Answer.txt(record),
            ("a.example", RRType.A): Answer.a("10.0.0.1"),
            ("a.example", RRType.MX): Answer.mx((1, "h.example")),
            ("h.example", RRType.A): Answer.a("10.0.0.1"),
            (REVERSE, RRType.PTR): Answer.ptr("h.example"),
            ("e.example", RRType.TXT): Answer.txt("from %{p}"),
        }
        self.slow = slow
        self.tick = tick

    def resolve(self, question: Question, /) -> Answer:
        if question == self.slow:
            self.tick(21.0)
        return self.answers.get(question, Answer.nxdomain())

    async def aresolve(self, question: Question, /) -> Answer:
        if question == self.slow:
            await asyncio.sleep(60)
        return self.answers.get(question, Answer.nxdomain())


@pytest.fixture
def sync(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, tuple[str, RRType]], CheckResult]:
    """Run a check on a clock that jumps."""
    now = [1000.0]
    monkeypatch.setattr(drivers, "monotonic", lambda: now[0])

    def run(record: str, slow: tuple[str, RRType]) -> CheckResult:
        def tick(seconds: float) -> None:
            now[0] += seconds

        return check("192.0.2.1", "u@a.example", resolver=Slow(record, slow, tick), limits=LIMITS)

    return run


def in_asyncio(record: str, slow: tuple[str, RRType]) -> CheckResult:
    async def run() -> CheckResult:
        return await acheck("192.0.2.1", "u@a.example", resolver=Slow(record, slow), limits=Limits(seconds=0.02))

    return asyncio.run(run())


WHERE = [
    ("v=spf1 a -all", ("a.example", RRType.TXT)),
    ("v=spf1 a -all", ("a.example", RRType.A)),
    ("v=spf1 mx -all", ("a.example", RRType.MX)),
    ("v=spf1 mx -all", ("h.example", RRType.A)),
    ("v=spf1 ptr -all", (REVERSE, RRType.PTR)),
    ("v=spf1 ptr -all", ("h.example", RRType.A)),
    ("v=spf1 exists:%{p}.x.example -all", (REVERSE, RRType.PTR)),
    ("v=spf1 exists:%{p}.x.example -all", ("unknown.x.example", RRType.A)),
    ("v=spf1 include:inner.example -all", ("inner.example", RRType.TXT)),
    ("v=spf1 redirect=inner.example", ("inner.example", RRType.TXT)),
    ("v=spf1 redirect=%{p}.example", (REVERSE, RRType.PTR)),
]


@pytest.mark.parametrize(("record", "slow"), WHERE)
def test_running_out_of_time_is_temperror_at_every_query(
    sync: Callable[[str, tuple[str, RRType]], CheckResult], record: str, slow: tuple[str, RRType]
) -> None:
    """RFC 7208 §4.6.4: "If this limit is exceeded, the result of authorization SHOULD be "temperror""."""
    for result, seconds in ((sync(record, slow), "20"), (in_asyncio(record, slow), "0.02")):
        assert result.result == "temperror"
        assert result.problem is not None
        assert result.problem.code == "time-limit"
        assert f"longer than {seconds} seconds" in result.problem.text
        assert result.directive is None
        trace = result.trace
        assert (trace.result, trace.problem) == (result.result, result.problem)
        assert trace.root.problem == (None if "redirect" in record and "inner" in slow[0] else result.problem)


@pytest.mark.parametrize("slow", [("e.example", RRType.TXT), (REVERSE, RRType.PTR), ("h.example", RRType.A)])
def test_a_fail_stays_a_fail_without_explanation(
    sync: Callable[[str, tuple[str, RRType]], CheckResult], slow: tuple[str, RRType]
) -> None:
    """RFC 7208 §4.6.4: if time runs out during `exp`, the result stays fail, without an explanation."""
    record = "v=spf1 -all exp=e.example"
    for result in (sync(record, slow), in_asyncio(record, slow)):
        assert result.result == "fail"
        assert result.directive == "-all"
        assert result.explanation is None
        assert result.explanation_problem is not None
        assert result.explanation_problem.code == "exp-time-limit"
        assert result.trace.result == "fail"
        assert "did not answer in time" in result.trace.root.terms[-1].why


def test_without_a_limit_time_never_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, 1_000_000)
    monkeypatch.setattr(drivers, "monotonic", lambda: float(next(clock)))
    slow = Slow("v=spf1 a -all", ("a.example", RRType.A))
    assert check("192.0.2.1", "u@a.example", resolver=slow, limits=Limits(seconds=None)).result == "fail"


def test_a_slow_resolver_that_has_no_asyncio_form_does_not_block_the_loop() -> None:
    """A resolver that has only `resolve` is run in a thread."""
    import threading

    loop_thread = threading.get_ident()
    threads = set()

    class SyncOnly:
        def resolve(self, question: Question, /) -> Answer:
            threads.add(threading.get_ident())
            return Answer.txt("v=spf1 -all") if question.type is RRType.TXT else Answer.nxdomain()

    result = asyncio.run(acheck("192.0.2.1", "u@a.example", resolver=SyncOnly()))
    assert result.result == "fail"
    assert threads
    assert loop_thread not in threads


def test_a_timeout_of_the_resolver_is_passed_on() -> None:
    class Own:
        async def aresolve(self, _: Question, /) -> Answer:
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        asyncio.run(acheck("192.0.2.1", "u@a.example", resolver=Own()))


def test_a_cancelled_check_is_cancelled() -> None:
    async def run() -> None:
        slow = Slow("v=spf1 a", ("a.example", RRType.TXT))
        task = asyncio.ensure_future(acheck("192.0.2.1", "u@a.example", resolver=slow))
        await asyncio.sleep(0)
        task.cancel()
        waiting: Awaitable[CheckResult] = task
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())
