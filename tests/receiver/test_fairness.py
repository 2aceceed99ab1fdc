"""Domains whose checks cost much wait for each other, and nobody else for them. Turns are counted, not time."""

import asyncio
from collections.abc import Callable

import pytest

from spfengine import Answer, Question, RRType, Status, Zone
from spfengine.policyd.accounts import HEAVY, KNOWN, network_of, organization
from spfengine.policyd.bounds import bounds_for
from spfengine.policyd.fairness import AT_ONCE, CROWD, FAILED, FREE, Fairness
from spfengine.policyd.lane import Lane
from spfengine.policyd.metered import Metered, Shared
from spfengine.policyd.metrics import Metrics
from spfengine.receiver.delegation import Delegation
from spfengine.receiver.rules import Rules
from spfengine.resolvers.slots import MOST_AHEAD
from tests.receiver.requests import attributes


async def turns(number: int = 30) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def spend(fairness: Fairness, domain: str, units: float) -> None:
    async with fairness.turn(domain, "192.0.2.1"):
        fairness.charge(units)


def test_heavy_checks_run_a_few_at_once_and_ordinary_ones_all() -> None:
    async def run() -> None:
        fairness = Fairness(100, clock=lambda: 0.0)
        await asyncio.create_task(spend(fairness, "heavy.example", HEAVY * 10))
        running: list[str] = []
        end = asyncio.Event()

        async def one(domain: str) -> None:
            async with fairness.turn(domain, "192.0.2.1") as may_check:
                assert may_check
                running.append(domain)
                await end.wait()

        tasks = [asyncio.create_task(one("heavy.example")) for _ in range(100)]
        await turns()
        tasks += [asyncio.create_task(one(f"good{number}.example")) for number in range(100)]
        await turns(1000)
        assert running.count("heavy.example") == AT_ONCE
        assert len(running) == AT_ONCE + 100
        assert fairness.waiting == 100 - AT_ONCE
        end.set()
        await asyncio.gather(*tasks)
        assert len(running) == 200
        assert fairness.waiting == 0

    asyncio.run(run())


def test_any_check_that_costs_much_goes_on_in_turn() -> None:
    """So it does not help to have many domains and use each once."""

    async def run() -> None:
        fairness = Fairness(0.01, clock=lambda: 0.0)
        end, all_answered = asyncio.Event(), asyncio.Event()
        went_on: list[int] = []
        answers: list[bool] = []

        async def one(number: int) -> None:
            async with fairness.turn(f"a.evil{number}.example", f"192.0.{number}.1") as may_check:
                assert may_check, "nothing is known of this domain"
                for _ in range(int(FREE)):
                    assert await fairness.may_continue()
                    assert fairness.asks_ahead
                    fairness.charge(1)
                answers.append(await fairness.may_continue())
                assert not fairness.asks_ahead
                if len(answers) == AT_ONCE + 3:
                    all_answered.set()
                if answers[-1]:
                    went_on.append(number)
                    await end.wait()

        tasks = [asyncio.create_task(one(number)) for number in range(AT_ONCE + 3)]
        await asyncio.wait_for(all_answered.wait(), 20)
        assert went_on == list(range(AT_ONCE))
        assert fairness.refused == 3
        end.set()
        await asyncio.gather(*tasks)
        await asyncio.create_task(spend(fairness, "b.evil.example", HEAVY * 10))
        async with fairness.turn("b.evil.example", "192.0.2.1") as may_check:
            assert may_check, "all turns have been given back"

    asyncio.run(run())


def test_nobody_waits_for_an_answer_that_a_costly_check_waits_to_ask_for() -> None:
    zone = Zone({"shared.example": {"TXT": "v=spf1 -all"}})
    question = Question("shared.example", RRType.TXT)

    async def run() -> None:
        fairness = Fairness(100, clock=lambda: 0.0)
        shared = Shared(Metered(Waiting(zone), fairness, Metrics()), fairness)
        end = asyncio.Event()

        async def costly(number: int) -> Answer:
            async with fairness.turn(f"evil{number}.example", "192.0.2.1"):
                fairness.charge(FREE)
                assert number >= AT_ONCE or await fairness.may_continue()
                if number < AT_ONCE:
                    await end.wait()
                return await shared.aresolve(question)

        tasks = [asyncio.create_task(costly(number)) for number in range(AT_ONCE + 1)]
        await turns()
        async with fairness.turn("good.example", "192.0.2.1"):
            assert (await asyncio.wait_for(shared.aresolve(question), 20)).records
        assert not tasks[-1].done()
        end.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_heavy_domains_take_turns_however_many_checks_one_of_them_has() -> None:
    async def run() -> list[str]:
        fairness = Fairness(100, clock=lambda: 0.0)
        order: list[str] = []
        for domain in ("a.example", "b.example"):
            await asyncio.create_task(spend(fairness, domain, HEAVY * 10))

        async def one(domain: str) -> None:
            async with fairness.turn(domain, "192.0.2.1"):
                order.append(domain)
                await turns(1)

        tasks = [asyncio.create_task(one("a.example")) for _ in range(50)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(one("b.example")))
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()).index("b.example") <= 3 * AT_ONCE, "not after all fifty"


def test_a_heavy_check_that_waits_in_vain_is_not_made_and_leaves_no_trace() -> None:
    async def run() -> None:
        fairness = Fairness(0.001, clock=lambda: 0.0)
        await asyncio.create_task(spend(fairness, "heavy.example", HEAVY * 10))
        end = asyncio.Event()

        async def hold() -> None:
            async with fairness.turn("heavy.example", "192.0.2.1"):
                await end.wait()

        holding = [asyncio.create_task(hold()) for _ in range(AT_ONCE)]
        await turns()
        async with fairness.turn("heavy.example", "192.0.2.1") as may_check:
            assert not may_check
        assert (fairness.refused, fairness.waiting) == (1, 0)
        end.set()
        await asyncio.gather(*holding)
        async with fairness.turn("heavy.example", "192.0.2.1") as may_check:
            assert may_check

    asyncio.run(run())


def test_checks_that_are_not_made_say_nothing_good_of_a_domain() -> None:
    """SECURITY.md: "a domain that has not had 3 checks of less than 8 units with a result is slow"."""

    async def run() -> None:
        now = 0.0
        fairness = Fairness(0.01, clock=lambda: now)
        await asyncio.create_task(spend(fairness, "heavy.example", HEAVY * 10))
        end = asyncio.Event()

        async def one() -> None:
            async with fairness.turn("heavy.example", "192.0.2.1") as may_check:
                assert may_check
                fairness.charge(FREE)
                await end.wait()

        tasks = [asyncio.create_task(one()) for _ in range(AT_ONCE)]
        await turns()
        for _ in range(KNOWN):
            async with fairness.turn("heavy.example", "192.0.2.1") as may_check:
                assert not may_check
        end.set()
        await asyncio.gather(*tasks)
        now = 1000.0
        await asyncio.create_task(spend(fairness, "other.example", HEAVY * 10))
        async with fairness.turn("heavy.example", "192.0.2.1"):
            assert not fairness.asks_ahead, "nothing good is known of it, and its network is heavy"

    asyncio.run(run())


def test_a_heavy_check_that_is_cancelled_gives_its_turn_to_the_next() -> None:
    async def run() -> None:
        fairness = Fairness(100, clock=lambda: 0.0)
        await asyncio.create_task(spend(fairness, "heavy.example", HEAVY * 10))
        forever = asyncio.Event()
        reached: list[int] = []

        async def one(number: int) -> None:
            async with fairness.turn("heavy.example", "192.0.2.1"):
                reached.append(number)
                await forever.wait()

        tasks = [asyncio.create_task(one(number)) for number in range(AT_ONCE + 2)]
        await turns()
        tasks[AT_ONCE].cancel()  # waits
        tasks[0].cancel()  # runs
        await turns()
        assert reached == [*range(AT_ONCE), AT_ONCE + 1]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(run())


@pytest.mark.parametrize(("units", "checks", "is_heavy"), [(HEAVY * 2, 1, True), (3, 1000, False), (50, 1, False)])
def test_many_cheap_checks_are_not_heavy(units: float, checks: int, is_heavy: bool) -> None:
    async def run() -> bool:
        fairness = Fairness(1, clock=lambda: 0.0)
        for _ in range(checks):
            await asyncio.create_task(spend(fairness, "a.example", units))
        async with fairness.turn("A.EXAMPLE", "192.0.2.1"):
            return not fairness.asks_ahead

    assert asyncio.run(run()) is is_heavy


def test_what_was_spent_is_forgotten_with_time() -> None:
    async def run() -> tuple[bool, bool]:
        now = [0.0]
        fairness = Fairness(1, clock=lambda: now[0])
        await asyncio.create_task(spend(fairness, "a.example", HEAVY * 2))
        async with fairness.turn("a.example", "192.0.2.1"):
            before = not fairness.asks_ahead
        now[0] = 30.0
        async with fairness.turn("a.example", "192.0.2.1"):
            return before, not fairness.asks_ahead

    assert asyncio.run(run()) == (True, False)


def test_names_below_one_domain_are_counted_together() -> None:
    async def run() -> tuple[bool, bool]:
        fairness = Fairness(1, clock=lambda: 0.0)
        for number in range(20):
            await asyncio.create_task(spend(fairness, f"n{number}.evil.example", 50))
        async with fairness.turn("new.evil.example", "192.0.2.1"):
            below = not fairness.asks_ahead
        async with fairness.turn("other.example", "198.51.100.1"):
            return below, not fairness.asks_ahead

    assert asyncio.run(run()) == (True, False)


async def know(fairness: Fairness, domain: str) -> None:
    for _ in range(KNOWN):
        await asyncio.create_task(spend(fairness, domain, 1))


async def is_slow(fairness: Fairness, domain: str, ip: str) -> bool:
    async with fairness.turn(domain, ip) as may_check:
        assert may_check, "slow checks wait for no other check"
        return not fairness.asks_ahead


def test_many_new_domains_of_one_network_are_slow_together() -> None:
    async def run() -> dict[str, bool]:
        fairness = Fairness(1, clock=lambda: 0.0)
        await know(fairness, "known.example")
        for number in range(10):
            await asyncio.create_task(spend(fairness, f"evil{number}.example", FREE))
        return {
            f"{domain} {ip}": await asyncio.create_task(is_slow(fairness, domain, ip))
            for domain in ("new.example", "known.example")
            for ip in ("192.0.2.1", "192.0.2.250", "198.51.100.1")
        }

    slow = asyncio.run(run())
    assert {check for check, is_slow in slow.items() if is_slow} == {"new.example 192.0.2.1", "new.example 192.0.2.250"}


def test_in_a_crowd_domains_of_which_nothing_good_is_known_are_slow_and_so_is_the_domain_that_is_the_crowd() -> None:
    async def run(crowd: list[str]) -> tuple[bool, bool, bool]:
        fairness = Fairness(1, clock=lambda: 0.0)
        end = asyncio.Event()
        for domain in ("known.example", "crowd.example"):
            await know(fairness, domain)

        async def hold(domain: str) -> None:
            async with fairness.turn(domain, "192.0.2.1"):
                await end.wait()

        held = [asyncio.create_task(hold(domain)) for domain in crowd]
        await turns(1000)
        new, known, of_crowd = [
            await asyncio.create_task(is_slow(fairness, domain, "198.51.100.1"))
            for domain in ("new.example", "known.example", "crowd.example")
        ]
        end.set()
        await asyncio.gather(*held)
        return new, known, of_crowd

    assert asyncio.run(run(["crowd.example"] * (CROWD + 1))) == (True, False, True)
    assert asyncio.run(run([f"n{number}.example" for number in range(CROWD + 1)])) == (True, False, False)
    assert asyncio.run(run(["crowd.example"] * (CROWD - 1))) == (False, False, False)


def test_slow_checks_go_on_in_turn_however_many_one_network_has() -> None:
    async def run() -> list[str]:
        lane = Lane()
        order: list[str] = []

        async def one(name: str, turns: int) -> None:
            await lane.wait(name, turns, 0)
            order.append(name)

        await asyncio.gather(*[one("many", 5) for _ in range(20)], one("one", 5))
        return order

    order = asyncio.run(run())
    assert sorted(order) == ["many"] * 20 + ["one"]
    assert order.index("one") == 1, "not after all twenty"


def test_slow_checks_that_have_cost_little_go_on_before_those_that_have_cost_much() -> None:
    async def run() -> list[str]:
        lane = Lane()
        order: list[str] = []

        async def one(name: str, cost: float) -> None:
            await lane.wait("network", 1, cost)
            order.append(name)

        costs = {"most": 100.0, "much": 9.0, "some": 4.0}
        await asyncio.gather(
            *[one(name, cost) for name, cost in costs.items()], *[one("little", 3.0) for _ in range(40)]
        )
        return order

    order = asyncio.run(run())
    assert order[:10] == ["little"] * 10
    assert order.index("some") < 40, "they wait for some others, and not for all of them"
    assert order.index("some") < order.index("much") < order.index("most")


def test_a_slow_check_that_is_given_up_takes_no_turns_of_others() -> None:
    async def run() -> int:
        lane = Lane()
        given_up = [asyncio.create_task(lane.wait("many", 1000, 0)) for _ in range(20)]
        last = asyncio.create_task(lane.wait("many", 1, 0))
        await turns(1)
        for task in given_up:
            task.cancel()
        passed = 0
        while not last.done():
            passed += 1
            await asyncio.sleep(0)
        return passed

    assert asyncio.run(run()) < 10


@pytest.mark.parametrize(("working", "rest"), [(0.01, 0.01 * 3 * AT_ONCE), (0.0, 0.0), (7.0, 0.5)])
def test_a_heavy_check_rests_after_its_work_on_an_answer_and_not_for_the_time_that_dns_took(
    working: float, rest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []

    async def noted(seconds: float) -> None:
        rests.append(seconds)

    async def run() -> None:
        now = [0.0]
        fairness = Fairness(1, clock=lambda: now[0])
        async with fairness.turn("heavy.example", "192.0.2.1"):
            fairness.charge(FREE)
            assert await fairness.may_continue()
            fairness.got_answer()
            now[0] += working
            assert await fairness.may_continue()  # before the next question
            now[0] += 1000
            assert await fairness.may_continue()  # once it is answered

    monkeypatch.setattr("spfengine.policyd.fairness.sleep", noted)
    asyncio.run(run())
    assert rests == [pytest.approx(rest)]


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("::ffff:192.0.2.77", "192.0.2.0/24"),
    ],
)  # fmt: skip
def test_the_network_of_a_client(ip: str, expected: str) -> None:
    assert network_of(ip) == expected


def test_names_that_are_used_once_do_not_replace_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> bool:
        fairness = Fairness(1, clock=lambda: 0.0)
        await know(fairness, "known.example")
        await spend(fairness, "known.example", 1)
        for number in range(50):
            await spend(fairness, f"n{number}.example", 1)
        return fairness._accounts.open("known.example", 0).is_known

    monkeypatch.setattr("spfengine.policyd.accounts._MOST_ACCOUNTS", 10)
    assert asyncio.run(run())


@pytest.mark.parametrize(
    ("domain", "expected"),
    [("a.b.example", "b.example"), ("example", "example"), ("a.b.co.uk", "b.co.uk"), ("", ""), ("b.de.", "b.de")],
)
def test_the_domain_of_an_organization(domain: str, expected: str) -> None:
    assert organization(domain) == expected


def test_accounts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> int:
        fairness = Fairness(1)
        for number in range(50):
            await spend(fairness, f"n{number}.example", 1)
        return len(fairness._accounts)

    monkeypatch.setattr("spfengine.policyd.accounts._MOST_ACCOUNTS", 10)
    assert asyncio.run(run()) == 10


class Waiting:
    """Resolver of a zone that is asked through a network; some names fail."""

    prefetch = 20

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked.append(question.name)
        await asyncio.sleep(0)
        return Answer.failed(Status.TIMEOUT) if "fail" in question.name else self.zone.resolve(question)


def decide(requests: Callable[[Delegation], list[dict[str, str]]], resolver: Waiting) -> tuple[list[str], str]:
    async def run() -> tuple[list[str], str]:
        fairness, metrics = Fairness(0.01, clock=lambda: 0.0), Metrics()
        delegation = Delegation(
            Rules("mx.example.net"), Metered(resolver, fairness, metrics), decided=fairness.decided, turn=fairness.turn
        )
        actions = [await asyncio.create_task(delegation.adecide(request)) for request in requests(delegation)]
        return actions, metrics.text()

    return asyncio.run(run())


def test_the_domain_that_fails_pays_and_not_the_one_that_a_message_names_as_well() -> None:
    """The HELO name is charged for its own questions; otherwise anyone could make another's domain heavy."""
    zone = Zone({"good.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
    resolver = Waiting(zone)
    senders = [attributes(sender="a@good.example", helo_name=f"fail{n}.evil.example", instance="") for n in range(40)]
    actions, text = decide(lambda _: senders, resolver)
    assert {action[:22] for action in actions} == {"PREPEND Received-SPF: "}
    assert all("pass" in action for action in actions)
    assert f'dns_questions_total{{status="TIMEOUT"}} {sum("fail" in name for name in resolver.asked)}' in text


def test_heavy_checks_ask_nothing_ahead() -> None:
    zone = Zone(
        {"evil.example": {"TXT": "v=spf1 " + " ".join(f"include:fail{n}.example" for n in range(10)) + " -all"}}
    )
    resolver = Waiting(zone)
    requests = [attributes(sender="a@evil.example", helo_name="", instance="") for _ in range(20)]
    actions, _ = decide(lambda _: requests, resolver)
    assert {action[:4] for action in actions} == {"451 "}
    first = resolver.asked[: len(resolver.asked) // 2].count("fail1.example")
    last = resolver.asked[-8:].count("fail1.example")
    assert (first > 0, last) == (True, 0)
    assert FAILED * 20 >= HEAVY


@pytest.mark.parametrize("descriptors", [64, 256, 1024, 4096, 1 << 20])
def test_clients_and_questions_fit_the_file_descriptors(descriptors: int) -> None:
    bounds = bounds_for(descriptors)
    assert bounds.clients >= 1
    assert bounds.questions >= min(bounds.clients, 1)
    assert bounds.clients + bounds.questions <= max(descriptors - 40, 10)
    assert bounds.questions >= bounds.clients, "each client has a question of its own in flight"
    if descriptors == 1024:
        assert bounds.clients >= 300, "Postfix has 100 processes by default"
        assert bounds.questions >= bounds.clients + MOST_AHEAD
