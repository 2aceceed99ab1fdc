"""Compiled and interpreted outcomes agree in every field, on both sides of every boundary of a range and at random
addresses. Ranges are disjoint, sorted, and cover the address space.
"""

import asyncio
from random import Random

from hypothesis import given

from spfengine import Limits, VoidRule, Zone
from spfengine.addresses import V4, V6
from spfengine.policy.policy import Policy
from tests.policy.comparing import MAPPED, addresses, compare, compiled, domain_of
from tests.properties import generate, strategies
from tests.properties.generate import Call

certain_zones = strategies.chance.map(
    lambda random: Zone(generate.zone_dict(random, macros=generate.FIXED_MACROS, ptr=False))
)
"""Zones whose records use neither macros of the client's address nor its names."""


@given(certain_zones, strategies.calls, strategies.limits, strategies.chance)
def test_if_sender_and_helo_are_given_only_the_address_counts(
    zone: Zone, call: Call, limits: Limits, chance: Random
) -> None:
    policy = compiled(zone, call, limits)
    assert compare(policy, zone, call, limits, addresses([policy], chance)) == 0
    assert not policy.conditional


@given(strategies.zones, strategies.calls, strategies.limits, strategies.chance)
def test_a_policy_for_one_sender_agrees_with_the_interpreter(
    zone: Zone, call: Call, limits: Limits, chance: Random
) -> None:
    policy = compiled(zone, call, limits)
    compare(policy, zone, call, limits, addresses([policy], chance))


@given(strategies.zones, strategies.calls, strategies.limits, strategies.chance)
def test_a_policy_for_every_sender_agrees_with_the_interpreter_for_each(
    zone: Zone, call: Call, limits: Limits, chance: Random
) -> None:
    policy = Policy.compile(domain_of(call), resolver=zone, limits=limits)
    compare(policy, zone, call, limits, addresses([policy], chance))


@given(strategies.zones, strategies.calls, strategies.limits)
def test_ranges_are_sorted_and_disjoint_and_cover_the_space(zone: Zone, call: Call, limits: Limits) -> None:
    policy = Policy.compile(domain_of(call), resolver=zone, limits=limits)
    for family in (V4, V6):
        after = 0
        outcome_before = None
        for first, last, outcome in policy.ranges(family.version):
            assert first == after
            assert last >= first
            assert outcome != outcome_before, "neighbours of the same outcome are one range"
            assert family is V4 or first not in MAPPED
            after, outcome_before = last + 1, outcome
        assert after == family.last + 1


@given(strategies.zones, strategies.calls, strategies.limits)
def test_compiling_in_asyncio_gives_the_same(zone: Zone, call: Call, limits: Limits) -> None:
    policy = compiled(zone, call, limits)
    other = asyncio.run(
        Policy.acompile(domain_of(call), resolver=zone, sender=call.sender, helo=call.helo, limits=limits)
    )
    assert other == policy
    assert other.answers == policy.answers


@given(strategies.zones, strategies.calls, strategies.chance)
def test_every_void_rule_and_limit_applies_to_a_policy(zone: Zone, call: Call, chance: Random) -> None:
    for rule in VoidRule:
        for limits in (Limits(void_rule=rule), Limits(10, 0, rule, 2), Limits(3, 1, rule, 1, count_p=True)):
            policy = Policy.compile(domain_of(call), resolver=zone, limits=limits)
            compare(policy, zone, call, limits, addresses([policy], chance, 2))


def layered(random: Random) -> Zone:
    """Return a zone with networks before, between and after terms that depend on the sender, also in includes."""

    def record(includes: tuple[str, ...]) -> str:
        terms = []
        for _ in range(random.randrange(1, 7)):
            kind = random.randrange(3)
            if kind == 0:
                terms.append(
                    random.choice("+-") + f"ip4:10.{random.randrange(8)}.0.0/{random.choice((13, 14, 15, 16))}"
                )
            elif kind == 1:
                terms.append(random.choice("+-~?") + f"exists:%{{l}}.{random.choice('xyz')}.example")
            elif includes:
                terms.append(random.choice("+-") + f"include:{random.choice(includes)}")
        return " ".join(["v=spf1", *terms, random.choice(("-all", "?all", "all"))])

    return Zone({
        "a.example": {"TXT": record(("i.example", "j.example"))},
        "i.example": {"TXT": record(("j.example",))},
        "j.example": {"TXT": record(())},
        "u.x.example": {"A": "127.0.0.2"},
        "u.y.example": {"TXT": "no address"},
        **{f"h1.{name}.example": {"A": "127.0.0.2"} for name in "xy"},
    })  # fmt: skip


@given(strategies.chance.map(layered), strategies.chance)
def test_ranges_before_and_after_conditional_terms_are_distinct(zone: Zone, chance: Random) -> None:
    policy = Policy.compile("a.example", resolver=zone)
    at = list(addresses([policy], chance, 2))
    for sender in ("u@a.example", "h1@a.example", "@a.example"):
        compare(policy, zone, Call("", sender, ""), Limits(), at)
