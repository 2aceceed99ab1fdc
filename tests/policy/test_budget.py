"""The budget of conditional terms: their highest possible cost, never capped, and computed in bounded time."""

from typing import Any

import pytest

from spfengine import Limits, VoidRule, Zone
from spfengine.drivers import drive
from spfengine.policy import budget
from spfengine.policy.budget import Budget
from spfengine.policy.compile import compile_tables
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import Policy
from tests.examples import mostly_full


def budget_of(record: str, **names: Any) -> Budget:
    zone: dict[Any, Any] = {"d.example": {"TXT": record}, **{name.replace("_", "."): names[name] for name in names}}
    resolver = Zone(zone)
    return Policy.compile("d.example", resolver=resolver).budget(resolver)


def exists(count: int) -> str:
    return " ".join(f"exists:%{{l}}.e{n}.example" for n in range(count))


@pytest.mark.parametrize("count", [1, 10, 12, 60])
def test_conditional_terms_cost_the_most_that_they_can(count: int) -> None:
    found = budget_of(f"v=spf1 {exists(count)} -all")
    assert found.worst_lookups == count
    assert found.worst_voids() == found.worst_voids(VoidRule.PER_LOOKUP) == count
    assert len(found.lookups[4].terms) == count
    assert not found.endless
    assert not found.incomplete


def test_an_mx_of_an_unknown_name_may_have_ten_void_hosts() -> None:
    found = budget_of("v=spf1 mx:%{l}.x.example -all")
    assert not found.incomplete
    assert found.worst_voids() == 1
    assert found.worst_voids(VoidRule.PER_LOOKUP) == 10


def test_a_match_that_only_ends_an_include_may_cost_more() -> None:
    found = budget_of(
        "v=spf1 include:i.example a:h.example -all",
        i_example={"TXT": "v=spf1 -exists:%{l}.e.example +all"},
        h_example={"A": "192.0.2.1", "AAAA": "2001:db8::1"},
    )
    assert found.worst_lookups == 3
    assert found.lookups[4].terms == (
        ("d.example", "include:i.example"), ("i.example", "-exists:%{l}.e.example"), ("d.example", "a:h.example"),
    )  # fmt: skip


@pytest.mark.parametrize("before", mostly_full(["", "exists:%{l}.e.example "]))
def test_a_loop_is_endless(before: str) -> None:
    assert budget_of(f"v=spf1 {before}include:d.example -all").endless


def test_a_record_that_can_not_be_followed_makes_it_incomplete() -> None:
    assert budget_of("v=spf1 include:%{l}.x.example -all").incomplete
    assert not budget_of("v=spf1 exists:%{l}.x.example -all").incomplete


@pytest.mark.full
def test_a_record_that_would_take_too_long_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 25_000)
    includes = {f"i{n}_example": {"TXT": "v=spf1" + " -mx:%{l}.e.example" * 10} for n in range(20)}
    record = " ".join(["v=spf1", *[f"include:i{n}.example" for n in range(20)], "-all"])
    found = budget_of(record, **includes)
    assert found.incomplete
    assert not found.endless
    assert found.worst_lookups == 220


def test_the_certain_cost_has_no_voids_of_conditional_terms() -> None:
    """budget.py, CERTAIN: not even for exists with the client's address, which fails to match only by a void lookup."""
    zone = Zone({"d.example": {"TXT": "v=spf1 exists:%{i}.e.example a:gone.example -all"}})
    inputs = Policy.compile("d.example", resolver=zone).inputs
    found = drive(budget.budget(inputs, {}, budget.CERTAIN), zone, None)
    assert found.worst_lookups == 2
    assert found.worst_voids() == 1


@pytest.mark.parametrize("rule", VoidRule)
def test_the_ranges_of_a_policy_give_the_same_budget_whatever_rule_it_was_compiled_by(rule: VoidRule) -> None:
    """`a` of a name with an address of one family, and `mx` of hosts without any, count otherwise by each rule."""
    zone = Zone(
        {
            "d.example": {"TXT": "v=spf1 a:four.example mx -all", "MX": [(10, "h1.example"), (20, "h2.example")]},
            "four.example": {"A": "192.0.2.1"},
        }
    )
    inputs = Inputs("d.example", None, None, Limits(voids=9, void_rule=rule), None, 0.0)
    tables = drive(compile_tables(inputs), zone, None)
    found = drive(budget.budget(inputs, dict(tables.answers), tables=tables), zone, None)
    assert found == drive(budget.budget(inputs, {}), zone, None)
    assert {rule: found.worst_voids(rule) for rule in VoidRule} == {
        VoidRule.PER_TERM: 2,
        VoidRule.PER_LOOKUP: 3,
        VoidRule.DUAL_STACK: 1,
    }


def test_ranges_cut_short_by_a_limit_are_not_what_the_budget_is_of() -> None:
    """All clients may get permerror at the eleventh of these terms; the budget counts all twelve."""
    zone = Zone({"d.example": {"TXT": f"v=spf1 {exists(12)} -all"}})
    inputs = Inputs("d.example", None, None, Limits(voids=99), None, 0.0)
    tables = drive(compile_tables(inputs), zone, None)
    found = drive(budget.budget(inputs, dict(tables.answers), tables=tables), zone, None)
    assert (found.worst_lookups, found.worst_voids()) == (12, 12)


def test_a_name_that_does_not_exist_is_named_as_void_by_the_rule_for_both_families() -> None:
    found = budget_of("v=spf1 a:gone.example a:four.example -all", four_example={"A": "192.0.2.1"})
    for version in (4, 6):
        assert found.voids[VoidRule.DUAL_STACK][version].terms == (("d.example", "a:gone.example"),)


@pytest.mark.parametrize("names", [1, 2, 3])
def test_names_of_the_client_may_be_void_as_often_as_the_limit_allows_some(names: int) -> None:
    """If each answer counts: the names that PTR gives, at most as many as the limit allows, and the term's own name."""
    limits = Limits(names=names, void_rule=VoidRule.PER_LOOKUP)
    zone = Zone({"d.example": {"TXT": "v=spf1 exists:%{p}.x.example -all"}})
    found = Policy.compile("d.example", resolver=zone, limits=limits).budget(zone)
    assert found.worst_voids(VoidRule.PER_LOOKUP) == names + 1
