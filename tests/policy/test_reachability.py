"""Which directives can't decide, which could be left out, which overlap, and of which that is not known."""

from typing import Any

import pytest

from spfengine import Policy, Status, Zone
from spfengine.policy.reachability import Reachability

HOSTS: dict[str | bytes, dict[str, Any]] = {
    "one.example": {"A": "192.0.2.1"},
    "ten.example": {"A": [f"192.0.2.{number}" for number in range(10)]},
    "both.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
    "dead.example": {"*": Status.TIMEOUT},
    "wide.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
    "half.example": {"TXT": "v=spf1 -ip4:192.0.2.0/25 include:gone.example"},
    "void.example": {"TXT": "v=spf1 a:gone.example a:gone2.example a:gone3.example -all"},
}


def found(terms: str) -> Reachability:
    zone = Zone({**HOSTS, "d.example": {"TXT": f"v=spf1 {terms}"}})
    return Policy.compile("d.example", resolver=zone).reachability(zone)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("a:one.example -all", []),
        ("-all mx ip4:192.0.2.1", [("mx", "after-all", []), ("ip4:192.0.2.1", "after-all", [])]),
        ("ip4:192.0.2.0/24 a:one.example -all", [("a:one.example", "covered", ["ip4:192.0.2.0/24"])]),
        ("ip4:192.0.2.0/24 a:both.example -all", []),
        (
            "ip4:192.0.2.0/25 ip4:10.0.0.0/8 ip4:192.0.2.128/25 -ip4:192.0.2.0/24 -all",
            [("-ip4:192.0.2.0/24", "covered", ["ip4:192.0.2.0/25", "ip4:192.0.2.128/25"])],
        ),
        ("ip4:192.0.2.1 ?ip4:192.0.2.1 ~ip4:192.0.2.1 -all",
         [("?ip4:192.0.2.1", "covered", ["ip4:192.0.2.1"]), ("~ip4:192.0.2.1", "covered", ["ip4:192.0.2.1"])]),
        ("a:gone.example include:wide.example -all", [("a:gone.example", "empty", [])]),
        ("exists:%{i}.x.example ip4:192.0.2.1 -all", []),
        ("ip4:0.0.0.0/0 ip6:::/0 a:ten.example mx:gone.example",
         [("a:ten.example", "covered", ["ip4:0.0.0.0/0"]), ("mx:gone.example", "empty", [])]),
    ],
)  # fmt: skip
def test_what_can_never_decide(terms: str, expected: list[tuple[str, str, list[str]]]) -> None:
    unreachable = found(terms).unreachable
    assert [(str(each.directive), str(each.reason), list(map(str, each.by))) for each in unreachable] == expected
    assert {each.domain for each in unreachable} <= {"d.example"}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("ip4:192.0.2.1 ip4:192.0.2.0/24 -all", [("ip4:192.0.2.1", ["ip4:192.0.2.0/24"])]),
        ("~ip4:192.0.2.1 ip4:192.0.2.0/24 -all", []),
        ("a:ten.example ip4:192.0.2.0/24 -all", [("a:ten.example", ["ip4:192.0.2.0/24"])]),
        ("a:both.example ip4:192.0.2.0/24 -all", []),
        ("a:both.example ip4:192.0.2.0/24 ip6:2001:db8::/32 -all",
         [("a:both.example", ["ip4:192.0.2.0/24", "ip6:2001:db8::/32"])]),
        ("ip4:192.0.2.0/23 ip4:192.0.2.0/24 ip4:192.0.3.0/24 -all", []),  # these two decide nothing themselves
        ("ip4:192.0.2.0/25 ip4:192.0.2.64/26 ip4:192.0.2.0/24 -all", [("ip4:192.0.2.0/25", ["ip4:192.0.2.0/24"])]),
        ("ip4:192.0.2.1 exists:%{i}.x.example ip4:192.0.2.0/24 -all", []),
        # without the first term, the client would meet three void lookups, and the limit is two
        ("ip4:192.0.2.1 include:void.example ip4:192.0.2.0/24 -all", []),
        ("ip4:192.0.2.1 a:dead.example ip4:192.0.2.0/24 -all", []),
        # whatever the first term does for a client, the next two do the same
        ("a:dead.example ip4:192.0.2.1 ip4:192.0.2.0/24 -all", [("ip4:192.0.2.1", ["ip4:192.0.2.0/24"])]),
        # the other half of the network gets permerror, with the term or without it
        ("include:half.example ip4:192.0.2.0/24 a:one.example ip4:192.0.2.0/23 -all",
         [("ip4:192.0.2.0/24", ["ip4:192.0.2.0/23"])]),
        ("ip4:192.0.2.1 a:one.example include:wide.example -all", [("ip4:192.0.2.1", ["include:wide.example"])]),
    ],
)  # fmt: skip
def test_what_could_be_left_out(terms: str, expected: list[tuple[str, list[str]]]) -> None:
    assert [(str(each.directive), list(map(str, each.by))) for each in found(terms).covered] == expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("ip4:192.0.2.0/24 ip4:192.0.2.128/24 -all", []),  # the second can't decide
        ("a:ten.example ip4:192.0.2.8/29 -all", [("a:ten.example", "ip4:192.0.2.8/29", 2)]),
        ("a:both.example ip4:192.0.2.0/24 -all", [("a:both.example", "ip4:192.0.2.0/24", 1)]),
        ("a:both.example ip4:192.0.2.0/30 ip6:2001:db8::/127 -all",
         [("a:both.example", "ip4:192.0.2.0/30", 1), ("a:both.example", "ip6:2001:db8::/127", 1)]),
        ("a:both.example include:wide.example ip4:10.0.0.0/8 -all", [("a:both.example", "include:wide.example", 1)]),
        ("ip4:10.0.0.0/8 ip4:192.0.2.0/24 -all", []),
    ],
)  # fmt: skip
def test_what_overlaps(terms: str, expected: list[tuple[str, str, int]]) -> None:
    assert [(str(each.first), str(each.second), each.addresses) for each in found(terms).overlaps] == expected


def test_what_is_not_known() -> None:
    unknown = found("exists:%{i}.x.example a:one.example a:dead.example ptr -all").unknown
    assert [(domain, str(directive)) for domain, directive in unknown] == [
        ("d.example", "exists:%{i}.x.example"),
        ("d.example", "a:dead.example"),
        ("d.example", "ptr"),
    ]


def test_the_records_of_redirects_are_looked_at_too() -> None:
    zone = Zone({"d.example": {"TXT": "v=spf1 redirect=e.example"}, "e.example": {"TXT": "v=spf1 -all a"}})
    (each,) = Policy.compile("d.example", resolver=zone).reachability(zone).unreachable
    assert (each.domain, str(each.directive), str(each.reason)) == ("e.example", "a", "after-all")


def test_what_was_not_asked_for_compiling_is_asked_only_of_a_resolver() -> None:
    zone = Zone({**HOSTS, "d.example": {"TXT": "v=spf1 ip4:0.0.0.0/0 ip6:::/0 a:one.example"}})
    policy = Policy.compile("d.example", resolver=zone)
    without, known = policy.reachability(), policy.reachability(zone)
    assert [str(directive) for _, directive in without.unknown] == ["a:one.example"]
    assert not without.unreachable
    assert not known.unknown
    assert [str(each.directive) for each in known.unreachable] == ["a:one.example"]


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        *[(f"ip4:{network}", "covered") for network in ("0.0.0.0/0", "0.0.0.0", "255.255.255.255/32", "10.1.2.3/9")],
        *[(f"ip6:{network}", "covered") for network in ("2001:db8::7/33", "::/0", "::1", "::ffff:0:0/95")],
        *[
            (f"ip6:::ffff:{network}", "empty") for network in ("0:0/96", "192.0.2.0/120")
        ],  # no client has these (RFC 7208 §5)
    ],
)
def test_a_network_matches_alone_what_an_include_of_it_matches(term: str, reason: str) -> None:
    """They are not compiled to find out, an include is. Each of two equal sets covers the other."""
    for first, second in ((term, "include:n.example"), ("include:n.example", term)):
        zone = Zone(
            {"d.example": {"TXT": f"v=spf1 {first} {second} -all"}, "n.example": {"TXT": f"v=spf1 {term} -all"}}
        )
        each = Policy.compile("d.example", resolver=zone).reachability().unreachable[-1]
        assert (str(each.directive), str(each.reason)) == (second, reason)
