"""The exact difference of two policies."""

from ipaddress import IPv4Network
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine import ArgumentError, Status, Zone, check
from spfengine.policy.diff import Change
from spfengine.policy.policy import Policy
from tests.policy.comparing import addresses
from tests.properties import generate, strategies

MANNERS = ("result", "outcome")


def edited(random: Random) -> tuple[Zone, Zone]:
    macros = () if random.randrange(3) else generate.FIXED_MACROS + generate.ADDRESS_MACROS
    zone: dict[Any, Any] = {**generate.zone_dict(random, macros=macros, ptr=bool(macros))}
    other: dict[Any, Any] = {name: dict(records) for name, records in zone.items()}
    for _ in range(random.randrange(3)):
        domain = random.choice(generate.DOMAINS)
        other[domain]["TXT"] = generate.txt(random, macros=macros, ptr=bool(macros))
    if random.randrange(2):
        other[random.choice(generate.HOSTS)]["A"] = generate.addresses(random, generate.CLIENTS_4)
    return Zone(zone), Zone(other)


pairs = strategies.chance.map(edited)
"""Pairs of zones; the second is a changed copy of the first."""


def both(zones: tuple[Zone, Zone], domain: str = "a.example") -> tuple[Policy, Policy]:
    return Policy.compile(domain, resolver=zones[0]), Policy.compile(domain, resolver=zones[1])


def change_at(changes: list[Change], ip: Any) -> Change | None:
    found = [change for change in changes if ip in change.network]
    assert len(found) <= 1, "networks of changes are disjoint"
    return found[0] if found else None


@given(pairs, strategies.chance)
def test_a_diff_is_right_at_every_address(zones: tuple[Zone, Zone], chance: Random) -> None:
    before, after = both(zones)
    changes = before.diff(after)
    for ip in addresses([before, after], chance):
        old, new = before.check(ip), after.check(ip)
        change = change_at(changes, ip)
        if old.is_incomplete or new.is_incomplete:
            assert change is None, "temperror is not known, and never a change"
        elif old.result is not None and new.result is not None:
            results = [check(ip, "u@a.example", resolver=zone).result for zone in zones]
            if change is None:
                assert results[0] == results[1]
            else:
                assert results[0] != results[1]
                assert [change.before.result, change.after.result] == results
        elif change is not None:
            assert change.before.meaning() == old.meaning()
            assert change.after.meaning() == new.meaning()
            assert old.meaning() != new.meaning()
        else:
            assert old.meaning() == new.meaning()


@given(pairs, strategies.chance)
def test_a_diff_by_outcome_compares_every_field(zones: tuple[Zone, Zone], chance: Random) -> None:
    before, after = both(zones)
    changes = before.diff(after, by="outcome")
    for ip in addresses([before, after], chance):
        old, new = before.check(ip), after.check(ip)
        change = change_at(changes, ip)
        if change is None:
            assert old == new or old.is_incomplete or new.is_incomplete
        else:
            assert (change.before, change.after) == (old, new)
            assert old != new


@given(pairs, st.sampled_from(MANNERS))
def test_a_diff_is_symmetric(zones: tuple[Zone, Zone], by: str) -> None:
    before, after = both(zones)
    forth, back = before.diff(after, by), after.diff(before, by)
    assert [Change(network, new, old) for network, old, new in back] == forth


@given(pairs)
def test_a_diff_is_empty_if_and_only_if_the_policies_are_equivalent(zones: tuple[Zone, Zone]) -> None:
    before, after = both(zones)
    is_whole = not (before.is_cut or after.is_cut)  # otherwise it is not known what some clients get
    assert before.equivalent(after) == (is_whole and before.diff(after) == [])
    assert before.diff(before) == before.diff(before, by="outcome") == []
    assert before.equivalent(before) == (not before.is_cut)
    if before == after:
        assert before.equivalent(after) == is_whole
        assert before.diff(after, by="outcome") == []


@given(pairs)
def test_networks_of_a_diff_are_sorted_and_as_few_as_possible(zones: tuple[Zone, Zone]) -> None:
    before, after = both(zones)
    changes = before.diff(after)
    assert sorted(changes, key=lambda c: (c.network.version, c.network)) == changes
    for one, other in pairwise(changes):
        mergeable = (
            one.network.version == other.network.version
            and one.network.prefixlen == other.network.prefixlen > 0
            and one.network.supernet() == other.network.supernet()
        )
        same = (one.before.meaning(), one.after.meaning()) == (other.before.meaning(), other.after.meaning())
        assert not (mergeable and same)


def policy(record: str, **more: Any) -> Policy:
    zone: dict[str | bytes, Any] = {
        "a.example": {"TXT": record},
        "h.example": {"A": ["192.0.2.1"]},
        "dead.example": {"*": Status.SERVFAIL},
    }
    return Policy.compile("a.example", resolver=Zone(zone), **more)


def test_a_diff_names_the_networks_and_both_outcomes() -> None:
    before = policy("v=spf1 ip4:192.0.2.0/24 ~all")
    after = policy("v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/24 ~all")
    found = [(str(c.network), str(c.before.result), str(c.after.result)) for c in before.diff(after)]
    assert found == [("192.0.2.128/25", "pass", "softfail"), ("198.51.100.0/24", "softfail", "pass")]
    assert before.diff(after)[0].before.directive == "ip4:192.0.2.0/24"
    assert before.diff(after)[0].after.directive == "~all"


def test_neighbours_that_change_alike_are_one_network_by_result() -> None:
    before, after = policy("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all"), policy("v=spf1 -all")
    assert [str(change.network) for change in before.diff(after)] == ["192.0.2.0/24"]
    by_outcome = [str(change.network) for change in before.diff(after, by="outcome") if change.before.result == "pass"]
    assert by_outcome == ["192.0.2.0/25", "192.0.2.128/25"]


def test_ranges_with_a_dns_failure_are_never_a_change() -> None:
    known = policy("v=spf1 ip4:192.0.2.0/24 a:h.example -all")
    unknown = policy("v=spf1 ip4:192.0.2.0/25 a:dead.example -all")
    assert unknown.incomplete
    assert known.diff(unknown) == unknown.diff(known) == []
    other = policy("v=spf1 -ip4:192.0.2.0/25 a:dead.example +all")
    assert [str(change.network) for change in unknown.diff(other)] == ["192.0.2.0/25"]
    assert [str(change.network) for change in known.diff(other)] == ["192.0.2.0/25"]


def test_a_condition_that_is_added_or_removed_is_a_change() -> None:
    plain = policy("v=spf1 ip4:192.0.2.0/24 -all")
    conditional = policy("v=spf1 ip4:192.0.2.0/24 exists:%{i}.e.example -all")
    assert not plain.equivalent(conditional)
    changed = [c.network for c in plain.diff(conditional) if c.network.version == 4]
    assert changed == sorted(IPv4Network("0.0.0.0/0").address_exclude(IPv4Network("192.0.2.0/24")))
    assert {c.after.result for c in plain.diff(conditional)} == {None}
    assert conditional.equivalent(policy("v=spf1 ip4:192.0.2.0/24 exists:%{i}.e.example -all"))
    assert not conditional.equivalent(policy("v=spf1 ip4:192.0.2.0/24 exists:%{i}.f.example -all"))
    assert not conditional.equivalent(policy("v=spf1 ip4:192.0.2.0/24 exists:%{i}.e.example ~all"))


def test_policies_that_differ_only_in_their_terms_have_equivalent_results_but_not_outcomes() -> None:
    one, other = policy("v=spf1 a:h.example -all"), policy("v=spf1 ip4:192.0.2.1 -all")
    assert one.equivalent(other)
    changes = one.diff(other, by="outcome")
    assert {c.network.version for c in changes} == {4, 6}
    assert {(c.before.lookups, c.after.lookups) for c in changes} == {(1, 0)}
    assert [c.before.directive for c in changes if str(c.network) == "192.0.2.1/32"] == ["a:h.example"]


def test_a_diff_is_by_result_or_by_outcome() -> None:
    one = policy("v=spf1 -all")
    with pytest.raises(ArgumentError, match=r'by "result" or by "outcome", not by \'problem\''):
        one.diff(one, by="problem")
