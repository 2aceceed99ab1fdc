"""What follows an include or redirect that only a check of one client can follow counts in a comparison too."""

from ipaddress import ip_address
from itertools import product

import pytest
from hypothesis import given, settings, strategies as st

import spfengine
from spfengine import Policy, Zone, simulate
from spfengine.simulation.simulation import Effect
from tests.examples import examples

DOMAIN = "a.example"
_TERMS = [
    "include:%{l}.a.example",
    "include:%{h}.a.example",
    "include:b.example",
    "include:c.example",
    "ip4:192.0.2.0/24",
    "ip4:198.51.100.1",
    "a:host.example",
    "a:void.example",
    "exists:%{l}.x.example",
    "?ip4:192.0.2.1",
]
_ENDS = ["-all", "~all", "+all", "", "redirect=c.example", "redirect=%{l}.a.example"]
_RECORDS = st.builds(
    lambda terms, end: " ".join(["v=spf1", *terms, end]).rstrip(),
    st.lists(st.sampled_from(_TERMS), min_size=1, max_size=4),
    st.sampled_from(_ENDS),
)
_TARGETS = [
    "v=spf1 -all",
    "v=spf1 +all",
    "v=spf1 ip4:192.0.2.1 -all",
    "v=spf1 a:void.example a:v2.example -all",
    "v=spf1 " + "a:host.example " * 8 + "-all",
    None,
]
_CLIENTS = list(product(["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"], ["ann", "bob"]))


def zone(record: str, targets: tuple[str | None, ...]) -> Zone:
    """The record, and the records that `%{l}` and `%{h}` lead to."""
    texts = dict(zip(("ann.a.example", "bob.a.example", "mx.a.example"), targets, strict=True))
    data: dict[str, dict[str, list[str]]] = {name: {"TXT": [text]} for name, text in texts.items() if text is not None}
    return Zone(
        data
        | {
            DOMAIN: {"TXT": [record]},
            "b.example": {"TXT": ["v=spf1 redirect=%{l}.a.example"]},
            "c.example": {"TXT": ["v=spf1 ip4:198.51.100.1 ~all"]},
            "host.example": {"A": ["198.51.100.1"]},
            "ann.x.example": {"A": ["127.0.0.2"]},
        }
    )


@given(_RECORDS, _RECORDS, st.tuples(*[st.sampled_from(_TARGETS)] * 3))
@settings(max_examples=examples(150))
def test_what_is_said_to_be_equivalent_is_so_for_every_client(
    before: str, after: str, targets: tuple[str | None, ...]
) -> None:
    """Policy.equivalent: "both give every client the same result"."""
    old, new = zone(before, targets), zone(after, targets)
    one, other = Policy.compile(DOMAIN, resolver=old), Policy.compile(DOMAIN, resolver=new)
    changed = [change.network for change in one.diff(other)]
    assert one.equivalent(other) <= (not changed)
    for ip, local_part in _CLIENTS:
        address = ip_address(ip)
        if not any(address in network for network in changed if network.version == address.version):
            results = [
                spfengine.check(ip, f"{local_part}@{DOMAIN}", "mx", resolver=each, now=0.0).result
                for each in (old, new)
            ]
            assert results[0] is results[1], (ip, local_part)


@given(_RECORDS, st.tuples(*[st.sampled_from(_TARGETS)] * 3))
@settings(max_examples=examples(50))
def test_a_policy_is_equivalent_to_itself_and_survives_json(record: str, targets: tuple[str | None, ...]) -> None:
    policy, again = [Policy.compile(DOMAIN, resolver=zone(record, targets)) for _ in range(2)]
    assert policy.equivalent(again)
    read = Policy.from_dict(policy.to_dict())
    assert policy.equivalent(read)
    assert list(read.ranges(4)) == list(policy.ranges(4))


@pytest.mark.parametrize(
    ("before", "after", "headline"),
    [
        ("include:%{l}.a.example -all", "include:%{l}.a.example +all", "nothing gets worse"),
        ("include:%{l}.a.example +all", "include:%{l}.a.example -all", "something gets worse"),
        ("include:%{l}.a.example ~all", "include:%{l}.a.example ~all a", "no result changes"),
        ("include:%{l}.a.example include:b.example ~all", "include:%{l}.a.example ~all", "something gets worse"),
        ("include:%{l}.a.example ip4:192.0.2.1 -all", "include:%{l}.a.example -all", "something gets worse"),
    ],
)
def test_the_headline_says_what_follows_an_unknown_name(before: str, after: str, headline: str) -> None:
    plan = simulate(DOMAIN, f"v=spf1 {after}", resolver=zone(f"v=spf1 {before}", (None, None, None)))
    assert plan.render().splitlines()[0].startswith(f"a.example: {headline}")
    assert plan.is_worse is ("something" in headline)


def test_the_result_without_the_unknown_term_is_part_of_the_outcome() -> None:
    policy = Policy.compile(DOMAIN, resolver=zone("v=spf1 include:%{l}.a.example ip4:192.0.2.0/24 -all", (None,) * 3))
    inside, outside = policy.check("192.0.2.7"), policy.check("203.0.113.1")
    assert inside.rest is not None
    assert outside.rest is not None
    assert (inside.rest.result, outside.rest.result) == ("pass", "fail")
    assert outside.results == {None, spfengine.Result.FAIL}
    assert outside.to_dict()["rest"] == outside.rest.to_dict()


def test_a_draft_that_comes_after_an_unknown_name_is_reached() -> None:
    """Every name after the include is asked for, so that a draft for one of them is tried."""
    source = zone("v=spf1 include:%{l}.a.example include:c.example -all", (None, None, None))
    plan = simulate(DOMAIN, {"c.example": "v=spf1 ip4:192.0.2.1 ~all"}, resolver=source)
    assert [record.reached for record in plan.records] == [True]
    assert {str(change.network) for change in plan.changes} == {"192.0.2.1/32", "198.51.100.1/32"}
    assert Effect.NEWLY_FAILING not in {change.effect for change in plan.senders}


def test_a_draft_that_an_unknown_name_may_lead_to_is_not_said_to_change_nothing() -> None:
    source = zone("v=spf1 include:%{l}.a.example -all", ("v=spf1 -all", None, None))
    plan = simulate(DOMAIN, {"ann.a.example": "v=spf1 +all"}, resolver=source)
    [problem] = plan.problems
    assert problem.code == "draft-not-reached"
    assert "changes nothing" not in problem.text
    assert "include:%{l}.a.example" in problem.text
    assert "no result changes" not in plan.render()
