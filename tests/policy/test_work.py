"""The bound on the work for one domain: what is found before it is right, and nothing is claimed about the rest."""

from collections.abc import Callable
from typing import Any

import pytest

import spfengine
from spfengine import Policy, Zone
from spfengine.policy import work
from spfengine.surveying import domain as surveying
from tests.counting import count_steps


def wide(hosts: int, addresses: int) -> Zone:
    """A record of `a:` terms, whose names have many addresses each, none next to another."""
    zone: dict[str, Any] = {
        f"h{host}.example": {"A": [f"10.{host}.{2 * number >> 8}.{2 * number & 255}" for number in range(addresses)]}
        for host in range(hosts)
    }
    zone["d.example"] = {"TXT": "v=spf1 " + " ".join(f"a:h{host}.example" for host in range(hosts)) + " -all"}
    return Zone(zone)


def broken(includes: int) -> Zone:
    """Includes of records that are long and full of faults."""
    zone: dict[str, Any] = {f"i{number}.example": {"TXT": "v=spf1 " + "zz " * 300} for number in range(includes)}
    zone["d.example"] = {"TXT": "v=spf1 " + " ".join(f"include:i{number}.example" for number in range(includes))}
    return Zone(zone)


def test_what_is_found_before_the_bound_is_right_and_the_rest_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = wide(4, 50)
    whole = Policy.compile("d.example", resolver=zone)
    monkeypatch.setattr(work, "MAX_STEPS", 600)
    policy = Policy.compile("d.example", resolver=zone)
    assert policy.is_cut
    assert policy.incomplete
    assert not whole.is_cut
    for first, _, outcome in policy.ranges(4):
        if not outcome.is_cut:
            address = ".".join(str(octet) for octet in first.to_bytes(4, "big"))
            assert outcome == whole.check(address)
    last = policy.check("255.255.255.255")
    assert last.problem is not None
    assert (last.result, last.problem.code) == (None, "work-limit")
    assert policy.check("255.255.255.255", sender="u@d.example", resolver=zone).result == "fail"
    assert Policy.from_dict(policy.to_dict()) == policy


@pytest.mark.parametrize("steps", range(140, 200, 3))
def test_a_policy_that_lacks_something_is_cut(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the bound is met, between ranges or within the choices of a conditional term."""
    terms = " ".join(f"exists:%{{i}}.e{number}.example" for number in range(6))
    zone = Zone({"d.example": {"TXT": f"v=spf1 {terms} -all"}})
    whole = Policy.compile("d.example", resolver=zone)
    monkeypatch.setattr(work, "MAX_STEPS", steps)
    policy = Policy.compile("d.example", resolver=zone)
    assert (policy.is_cut, bool(policy.incomplete)) == (policy != whole, policy != whole)


def test_policies_that_were_cut_are_not_equivalent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ends may differ, though they look the same."""
    monkeypatch.setattr(work, "MAX_STEPS", 400)
    policies = []
    for last in ("-all", "~all"):
        zone = wide(4, 50)
        drafted = spfengine.Overlay(zone, {"d.example": {"TXT": f"v=spf1 a:h0.example a:h1.example {last}"}})
        policies.append(Policy.compile("d.example", resolver=drafted))
    before, after = policies
    assert not before.equivalent(after)
    assert not before.equivalent(before)
    assert all(change.before.result and change.after.result for change in before.diff(after))


@pytest.mark.parametrize("zone", [wide(12, 60), broken(12)], ids=["wide", "broken"])
def test_what_needs_too_much_says_so(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MAX_STEPS", 1000)
    found = [finding for finding in spfengine.lint("d.example", resolver=zone) if finding.code == "work-limit"]
    assert len(found) == 1
    assert spfengine.include_tree("d.example", resolver=zone).budget.incomplete
    simulation = spfengine.simulate("d.example", "v=spf1 a:h0.example ~all", resolver=zone)
    assert simulation.is_incomplete
    assert "work-limit" in {problem.code for problem in simulation.problems}
    assert "takes more work than is done for one domain" in simulation.render().replace("take more", "takes more")
    assert not spfengine.flatten("d.example", resolver=zone).is_equivalent


def test_a_survey_says_of_which_domain_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "MAX_STEPS", 1000)
    records = {"e.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}}
    zone = Zone.from_rrsets([], [*wide(12, 60).rrsets, *Zone(records).rrsets])
    hostile, plain = spfengine.survey(["d.example", "e.example"], resolver=zone)
    assert (hostile.state, hostile.cut, hostile.incomplete) == ("unknown", True, True)
    assert hostile.problem is not None
    assert hostile.problem.code == "work-limit"
    assert hostile.lookups[0] >= 10
    assert (plain.state, plain.cut) == ("works", False)
    assert hostile.to_dict()["cut"] is True


@pytest.mark.full
@pytest.mark.parametrize("shape", [lambda size: wide(size, 40), broken], ids=["wide", "broken"])
def test_a_hostile_domain_costs_a_survey_no_more_the_larger_it_is(
    shape: Callable[[int], Zone], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice as large takes twice as long at most; without a bound, wide records take four times as long."""
    monkeypatch.setattr(surveying, "MAX_STEPS", 1 << 10)

    def surveyed(size: int) -> Callable[[], object]:
        zone = shape(size)
        return lambda: list(spfengine.survey(["d.example"], resolver=zone))

    surveyed(1)()
    assert count_steps(surveyed(80)) <= 2.5 * count_steps(surveyed(40))


def test_a_loop_is_seen_before_all_its_outcomes_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two terms of a short record that leads back to itself can do four things each time."""
    zone = Zone({"e.example": {"TXT": "v=spf1 ?exists:%{i}.e.example ?ptr include:e.example redirect=e.example"}})
    left: list[int] = []
    original = work.Work.__init__

    def noting(self: work.Work, steps: int | None = None) -> None:
        original(self, steps)
        works.append(self)

    works: list[work.Work] = []
    monkeypatch.setattr(work.Work, "__init__", noting)
    assert spfengine.include_tree("e.example", resolver=zone).budget.endless
    left += [work.MAX_STEPS - each.left for each in works]
    assert max(left) < 50_000
