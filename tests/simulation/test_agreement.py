"""Whatever a simulation says, the interpreter says too: before the change, and with it."""

import asyncio
from collections.abc import Iterator
from ipaddress import ip_address
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import spfengine
from spfengine import Limits, Result, Sender, Zone
from spfengine.policy import budget
from spfengine.policy.outcome import Outcome
from spfengine.resolvers.overlay import Overlay
from spfengine.simulation.simulate import asimulate, compare, simulate
from spfengine.simulation.simulation import Effect, SenderChange, Simulation
from tests.examples import examples
from tests.properties import generate, strategies


@pytest.fixture(autouse=True, scope="module")
def _less_work() -> Iterator[None]:
    """Circles with conditional terms in them take their time in a budget; here they need not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "MAX_STEPS", 1 << 12)
        yield


domains = st.sampled_from(generate.DOMAINS)
records = strategies.chance.map(lambda random: generate.record(random, exp=False))
drafts = st.dictionaries(domains, records, min_size=1, max_size=3)
senders = strategies.chance.map(lambda random: [generate.call(random, odd=False) for _ in range(3)])


def after(zone: Zone, draft: dict[str, str]) -> Overlay:
    """What answers after a draft, made without the simulation's help."""
    return Overlay(zone, {name: {"TXT": text} for name, text in draft.items()})


def samples(plan: Simulation, random: Random) -> list[Any]:
    """Addresses in and next to the networks of a simulation, and random ones."""
    found: set[Any] = set()
    for change in (*plan.changes, *plan.kept):
        net = change.network
        for value in (net[0], net[-1], net[random.randrange(min(net.num_addresses, 1 << 62))]):
            found.add(value)
            for beside in (int(value) - 1, int(value) + 1):
                if 0 <= beside < 1 << net.max_prefixlen:
                    found.add(value.__class__(beside))
    found.update(ip_address(random.randrange(1 << 32)) for _ in range(5))
    return random.sample(sorted(found, key=lambda each: (each.version, each)), min(len(found), 40))


def told(plan: Simulation, ip: Any, which: str) -> Outcome | None:
    """What a plan says of an address: of a change, or of what stays; None where it says nothing."""
    for change in plan.changes:
        if ip in change.network:
            return change.before if which == "before" else change.after
    return None


def agrees(outcome: Outcome, result: Result) -> bool:
    return outcome.result is result or (outcome.result is None and bool({result, None} & outcome.results))


@given(strategies.zones, domains, drafts, senders, strategies.chance)
@settings(max_examples=examples(60))
def test_changes_and_senders_are_what_the_interpreter_says(
    zone: Zone, domain: str, draft: dict[str, str], calls: list[generate.Call], random: Random
) -> None:
    given_senders = [Sender(ip, sender, helo) for ip, sender, helo in calls]
    plan = simulate(domain, draft, resolver=zone, senders=given_senders, now=0.0)
    later = after(zone, draft)
    unknown = plan.unknown
    for ip in samples(plan, random):
        if ip.version == 6 and ip.ipv4_mapped is not None:
            continue  # that is an IPv4 client
        sender = f"u@{domain}"
        before_result = spfengine.check(ip, sender, "h1.a.example", resolver=zone).result
        after_result = spfengine.check(ip, sender, "h1.a.example", resolver=later).result
        old, new = told(plan, ip, "before"), told(plan, ip, "after")
        if old is not None and new is not None:
            assert agrees(old, before_result), ip
            assert agrees(new, after_result), ip
        elif any(ip in network for network in unknown):
            assert Result.TEMPERROR in (before_result, after_result), ip
        elif plan.before.check(ip).result is not None:
            assert after_result is before_result, ip
    for change, call in zip(plan.senders, calls, strict=True):
        helo = call.helo or None  # a Sender with an empty HELO name is one whose HELO name is not known
        expected = [spfengine.check(call.ip, call.sender, helo, resolver=each, now=0.0) for each in (zone, later)]
        assert [facts(change.before), facts(change.after)] == [facts(each) for each in expected]


def facts(found: Any) -> tuple[Any, ...]:
    """What an outcome and the result of a check have in common; a domain may be spelt as the policy has it."""
    code = None if found.problem is None else found.problem.code
    path = [(domain.lower(), term) for domain, term in found.path]
    domain = None if found.record_domain is None else found.record_domain.lower()
    return found.result, code, found.directive, domain, path, found.lookups, found.void_lookups


@given(strategies.zones, domains, drafts)
@settings(max_examples=examples(60))
def test_what_is_kept_keeps_its_result_and_the_term_that_goes_leads_to_it(
    zone: Zone, domain: str, draft: dict[str, str]
) -> None:
    plan = simulate(domain, draft, resolver=zone)
    going = [
        (record.domain, term.term)
        for record in plan.records
        for term in record.terms
        if term.sign == "-" and "=" not in term.term
    ]
    for change in plan.kept:
        assert change.before.result is change.after.result
        assert change.before.result is not Result.TEMPERROR
        assert not any(
            change.network.version == other.network.version and change.network.overlaps(other.network)
            for other in plan.changes
        )
        ip = change.network[0]
        if ip.version == 6 and ip.ipv4_mapped is not None:
            continue
        alone = [
            spfengine.check_record(ip, f"u@{name}", f"v=spf1 {term.lstrip('+-?~')}", resolver=zone,
                                   limits=Limits(100, 100)).result
            for name, term in going
        ]  # fmt: skip
        assert Result.PASS in alone


@given(strategies.zones, domains, drafts, senders)
@settings(max_examples=examples(40))
def test_every_road_gives_the_same_simulation(
    zone: Zone, domain: str, draft: dict[str, str], calls: list[generate.Call]
) -> None:
    """simulate, asimulate, and compare with the drafts laid over the zone by hand."""
    given_senders = [Sender(ip, sender, helo) for ip, sender, helo in calls]
    plan = simulate(domain, draft, resolver=zone, senders=given_senders, now=0.0)
    again = asyncio.run(asimulate(domain, draft, resolver=zone, senders=given_senders, now=0.0))
    assert again == plan
    other = compare(domain, zone, after(zone, draft), senders=given_senders, now=0.0)
    for name in ("before", "after", "changes", "senders", "before_budget", "after_budget"):
        assert getattr(other, name) == getattr(plan, name), name


@given(strategies.zones, domains, drafts, senders)
@settings(max_examples=examples(60))
def test_worse_is_what_the_exit_codes_say_it_is(
    zone: Zone, domain: str, draft: dict[str, str], calls: list[generate.Call]
) -> None:
    """A network that passed no longer does, or newly gets permerror; a sender gets a result that is treated worse."""
    given_senders = [Sender(ip, sender, helo) for ip, sender, helo in calls]
    plan = simulate(domain, draft, resolver=zone, senders=given_senders)

    def worse(before: Result | None, then: Result | None) -> bool:
        if before == "pass":
            return then != "pass"
        return then != before and then in ("permerror", "temperror")

    order = {"pass": 0, "neutral": 1, "none": 1, "softfail": 2, "fail": 3, "permerror": 4, "temperror": 4}

    def worse_for(change: SenderChange) -> bool:
        before, then = str(change.before.result), str(change.after.result)
        return order[then] > order[before] or (before, then) == ("permerror", "fail")

    for change in plan.senders:
        expected = worse_for(change)
        assert (change.effect is Effect.NEWLY_FAILING) is expected
    certain = [c for c in plan.changes if c.before.result is not None and c.after.result is not None]
    expected = any(worse(c.before.result, c.after.result) for c in certain if c.before.result and c.after.result)
    expected = expected or any(map(worse_for, plan.senders))
    if len(certain) == len(plan.changes) or expected:
        assert plan.is_worse is expected


@given(strategies.zones, domains)
def test_a_draft_of_what_is_published_changes_nothing(zone: Zone, domain: str) -> None:
    text = list(zone.resolve(spfengine.Question(domain, spfengine.RRType.TXT)).records)
    if len(text) != 1 or not text[0].startswith(b"v=spf1"):
        return
    plan = simulate(domain, text[0], resolver=zone)
    assert not plan.changes
    assert not plan.records
    assert not plan.is_worse
    assert plan.before.equivalent(plan.after) or plan.before.incomplete
