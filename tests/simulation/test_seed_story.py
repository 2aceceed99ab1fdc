"""The story of the README, end to end, on the zone that is shipped: what the draft does, for every address, and why."""

from ipaddress import ip_address, ip_network

import pytest

import spfengine
from spfengine import ProblemCode, Result, VoidRule, Zone
from spfengine.simulation.records import Standing
from spfengine.simulation.simulation import Simulation
from tests.conftest import REPOSITORY

DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
RELAY = [
    "23.83.208.0/20", "44.224.130.112/32", "46.232.183.0/24", "54.148.219.64/32", "54.149.205.143/32",
    "54.149.210.130/32", "100.20.61.20/32", "199.10.31.235/32",
]  # fmt: skip


@pytest.fixture(scope="module")
def zone() -> Zone:
    return Zone.from_file(REPOSITORY / "examples" / "seed.zone")


@pytest.fixture(scope="module")
def plan(zone: Zone) -> Simulation:
    senders = [
        spfengine.Sender(ip, "@seed.example") for ip in ("23.83.218.24", "150.95.55.137", "163.44.239.12", "8.8.8.8")
    ]
    return spfengine.simulate("seed.example", DRAFT, resolver=zone, senders=senders)


def test_the_relays_networks_newly_pass_and_the_old_server_no_longer_does(plan: Simulation) -> None:
    softfail_to_pass = [change for change in plan.changes if change.after.result is Result.PASS]
    assert sorted(change.network for change in softfail_to_pass) == sorted(map(ip_network, RELAY))
    assert {change.before.result for change in softfail_to_pass} == {Result.SOFTFAIL}
    rest = [change for change in plan.changes if change not in softfail_to_pass]
    assert [(str(c.network), c.before.result, c.after.result) for c in rest] == [
        ("150.95.55.137/32", Result.PASS, Result.SOFTFAIL)
    ]
    assert plan.is_worse
    assert not plan.is_broken
    assert not plan.is_incomplete


def test_each_change_has_the_term_that_decided_and_the_one_that_decides(plan: Simulation) -> None:
    for change in plan.changes:
        if change.after.result is Result.PASS:
            assert change.before.directive == "~all"
            assert next(term for _, term in change.after.path) == "include:relay.mailchannels.net"
            assert str(change.network.network_address) in change.after.path[1][1]
        else:
            assert (change.before.directive, change.after.directive) == ("+ip4:150.95.55.137", "~all")


def test_the_other_old_server_stays_pass_through_mx(plan: Simulation) -> None:
    assert [str(change.network) for change in plan.kept] == ["163.44.239.12/32"]
    assert plan.kept[0].after.path == (("seed.example", "+mx"),)


def test_no_other_result_changes(plan: Simulation, zone: Zone) -> None:
    told = {change.network for change in plan.changes}
    for ip in ("163.44.239.12", "203.0.113.80", "203.0.113.25", "23.83.207.255", "23.83.224.0", "150.95.55.138", "::1"):
        assert not any(ip_address(ip) in network for network in told)
        before = spfengine.check(ip, "@seed.example", resolver=zone).result
        assert spfengine.check_record(ip, "@seed.example", DRAFT, resolver=zone).result is before


def test_what_it_costs_and_who_minds(plan: Simulation) -> None:
    assert (plan.before_budget.worst_lookups, plan.after_budget.worst_lookups) == (2, 3)
    assert (plan.before_budget.worst_voids(), plan.after_budget.worst_voids()) == (2, 2)
    assert plan.after_budget.worst_voids(VoidRule.PER_LOOKUP) == 3
    (problem,) = plan.problems
    assert problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP
    assert "pyspf and Mail::SPF" in problem.text
    assert "IPv6 clients" in problem.text


def test_senders_before_and_after(plan: Simulation) -> None:
    assert [str(change.effect) for change in plan.senders] == [
        "newly-passing", "newly-failing", "unchanged", "still-failing"
    ]  # fmt: skip


def test_what_changes_in_the_record_and_when(plan: Simulation) -> None:
    (record,) = plan.records
    assert (record.domain, record.standing, record.ttl, record.reached) == ("seed.example", Standing.RECORD, 3600, True)
    assert record.after == DRAFT
    assert [f"{each.sign}{each.term}" for each in record.terms] == [
        "=+a", "=+mx", "-+ip4:150.95.55.137", "-+ip4:163.44.239.12", "+include:relay.mailchannels.net", "=~all"
    ]  # fmt: skip
    assert plan.outside == ("relay.mailchannels.net",)
