"""Whatever is said over a partial zone is true for every completion of it: for any records outside.

"A zone file is not the whole of DNS … no headline says more than is known." A zone of a.example is asked alone, and
then completed with other records at random. What the first said must still hold.
"""

from collections.abc import Iterable
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings

import spfengine
from spfengine import Policy, Result, Zone
from spfengine.linting import Finding, LintCode
from spfengine.names import is_same_or_under
from spfengine.problems import ProblemCode
from spfengine.simulation import Effect
from tests.examples import examples
from tests.lint.test_fixes import published
from tests.properties import generate
from tests.properties.strategies import calls, chance, limits

APEX = "a.example"
CUT = "sub.a.example"
DOMAINS = (APEX, "no.a.example", "h1.a.example")
OUTSIDE = ProblemCode.OUTSIDE_ZONE


class Made(NamedTuple):
    """A zone that knows only its own names, and the whole of DNS that it may be a part of."""

    partial: Zone
    whole: Zone


def is_inside(name: str, delegated: bool) -> bool:
    return is_same_or_under(name, APEX) and not (delegated and is_same_or_under(name, CUT))


def made(random: Random) -> Made:
    own, rest = generate.zone_dict(random), generate.zone_dict(random)
    delegated = generate.one_in(random, 2)
    inside = {name: types for name, types in own.items() if is_inside(name, delegated)}
    if generate.one_in(random, 3):
        inside[random.choice(DOMAINS)] = {"CNAME": random.choice(generate.NAMES)}
    outside = {name: types for name, types in rest.items() if not is_inside(name, delegated)}
    cut = {CUT: {"NS": "ns.x.example"}} if delegated else {}
    whole = Zone({**outside, **inside, CUT: {**outside.get(CUT, inside.get(CUT, {})), **cut.get(CUT, {})}})
    return Made(Zone({**inside, **cut}, apexes=[APEX]), whole)


made_zones = chance.map(made)


def said(result: spfengine.CheckResult) -> tuple[Any, ...]:
    return result.result, result.problem, result.directive, result.path, result.lookups, result.void_lookups


@given(made_zones, calls, limits)
def test_no_verdict_of_a_check_depends_on_what_is_outside(zones: Made, call: generate.Call, limit: Any) -> None:
    over_part = spfengine.check(*call, resolver=zones.partial, limits=limit, now=0.0)
    if over_part.problem is not None and over_part.problem.code is OUTSIDE:
        assert over_part.result is Result.TEMPERROR
        return
    over_whole = spfengine.check(*call, resolver=zones.whole, limits=limit, now=0.0)
    assert said(over_part) == said(over_whole)
    if over_part.explanation is not None:
        assert over_part.explanation == over_whole.explanation


@given(made_zones, limits)
def test_no_known_range_of_a_policy_depends_on_what_is_outside(zones: Made, limit: Any) -> None:
    part = Policy.compile(APEX, resolver=zones.partial, limits=limit)
    whole = Policy.compile(APEX, resolver=zones.whole, limits=limit)
    assert not part.diff(whole, "outcome"), "what is not known is no change, and what is known does not change"
    need, true_need = part.budget(zones.partial), whole.budget(zones.whole)
    if not need.incomplete:
        assert need == true_need
    for version, cost in need.lookups.items():
        assert true_need.endless or cost.most <= true_need.lookups[version].most


@given(made_zones, chance)
def test_no_claim_of_a_simulation_depends_on_what_is_outside(zones: Made, random: Random) -> None:
    draft = generate.record(random)
    senders = [spfengine.Sender(ip, f"u@{random.choice(DOMAINS)}") for ip in generate.CLIENTS]
    part = spfengine.simulate(APEX, draft, resolver=zones.partial, senders=senders, now=0.0)
    whole = spfengine.simulate(APEX, draft, resolver=zones.whole, senders=senders, now=0.0)
    if part.is_worse:
        assert whole.is_worse
    if part.is_broken:
        assert whole.is_broken
    if not part.is_incomplete:
        assert (part.is_worse, part.is_broken) == (whole.is_worse, whole.is_broken)
        assert [tuple(change) for change in part.changes] == [tuple(change) for change in whole.changes]
    for change, true_change in zip(part.senders, whole.senders, strict=True):
        if change.effect is not Effect.UNKNOWN:
            assert change.effect is true_change.effect
    if part.before.equivalent(part.after):
        assert whole.before.equivalent(whole.after)


MAY_GROW = {
    "near-lookup-limit": {"over-lookup-limit", "endless-loop"},
    "over-lookup-limit": {"endless-loop"},
    "near-void-limit": {"over-void-limit", "over-void-limit-per-lookup", "voids-by-chance", "endless-loop"},
    "over-void-limit-per-lookup": {"over-void-limit", "endless-loop"},
    "voids-by-chance": {"over-void-limit", "endless-loop"},
    "over-void-limit": {"endless-loop"},
}
"""Findings about limits, and what they may turn out to be: "at least" leaves that open."""
WITHOUT_EFFECT = {"redundant-term", "unreachable-term"}
"""What a term that does nothing is called; which one depends on where the terms that cover it are."""
OF_EFFECT = {*WITHOUT_EFFECT, "rentable-network", "include-never-passes", "redirect-no-record"}
"""Findings about what a term does: not made if the records have an error that ends evaluation before, or covers it."""


def is_in(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether others claim what a finding claims, or an error of the same term, which replaces it.

    A failure of DNS is reported once for each name, at the first term that leads to it.
    """
    code = str(finding.code)
    codes = {code, *(WITHOUT_EFFECT if code in WITHOUT_EFFECT else ())}
    for other in others:
        is_same_term = (other.domain, other.span) == (finding.domain, finding.span)
        if is_same_term and (str(other.code) in codes or other.severity == "error"):
            return True
        is_same_answer = other.code is finding.code and other.text.partition(";")[0] == finding.text.partition(";")[0]
        if code.startswith("dns-") and is_same_answer:
            return True
    return False


@given(made_zones)
def test_no_finding_of_lint_depends_on_what_is_outside(zones: Made) -> None:
    part = spfengine.lint(APEX, resolver=zones.partial)
    names = [finding.text for finding in part if finding.code is LintCode.OUTSIDE_ZONE]
    assert len(names) == len(set(names)), "once per name"
    true = spfengine.lint(APEX, resolver=zones.whole, own=[APEX])
    codes = {str(finding.code) for finding in true}
    has_error = any(finding.severity == "error" for finding in true)
    for finding in part:
        code = str(finding.code)
        if finding.code is LintCode.OUTSIDE_ZONE:
            assert finding.severity == "warning"
        elif code in MAY_GROW:
            assert codes & {code, *MAY_GROW[code]}, finding
        elif code not in OF_EFFECT or not has_error:
            assert is_in(finding, true), finding
        if code in WITHOUT_EFFECT and finding.fix is not None:
            before = Policy.compile(APEX, resolver=zones.whole)
            after = Policy.compile(APEX, resolver=published(zones.whole, finding))
            changed = [change for change in before.diff(after) if change.before.result is not None]
            assert {change.before.result for change in changed} <= {Result.PERMERROR}, finding


@given(made_zones)
@settings(max_examples=examples(30))
def test_what_is_flattened_does_not_depend_on_what_is_outside(zones: Made) -> None:
    part = spfengine.flatten(APEX, resolver=zones.partial)
    if part.refusal is None:
        whole = spfengine.flatten(APEX, resolver=zones.whole)
        assert part.records == whole.records
        assert part.is_equivalent == whole.is_equivalent


@given(made_zones)
@settings(max_examples=examples(20))
def test_no_headline_of_a_suggestion_depends_on_what_is_outside(zones: Made) -> None:
    senders = [spfengine.Sender(ip, f"@{APEX}") for ip in generate.CLIENTS_4]
    catalogue = spfengine.Catalogue(())
    part = spfengine.suggest(APEX, senders, resolver=zones.partial, catalogue=catalogue, now=0.0)
    if part.is_incomplete:
        text = part.render()
        assert "as it should be" not in text
        assert "publish this record" not in text
        assert "still passes" not in text
        assert not part.is_smallest
    elif part.record is not None:
        if "still passes" in part.render():
            assert not spfengine.simulate(APEX, part.record, resolver=zones.whole, now=0.0).loses
        for advice in part.senders:
            if advice.after is Result.PASS:
                ip, sender = advice.sender.ip, advice.sender.sender
                true = spfengine.check_record(ip, sender, part.record, resolver=zones.whole, now=0.0)
                assert true.result is Result.PASS


@pytest.mark.full
@given(made_zones, limits)
@settings(max_examples=1000)
def test_no_known_range_depends_on_what_is_outside_in_many_zones(zones: Made, limit: Any) -> None:
    part = Policy.compile(APEX, resolver=zones.partial, limits=limit)
    assert not part.diff(Policy.compile(APEX, resolver=zones.whole, limits=limit))
