"""A Checker gives the same results as check()."""

from random import Random
from unittest.mock import patch

import pytest
from hypothesis import given, strategies as st

from spfengine import Checker, CheckResult, Limits, Policy, Zone, check, check_both, check_helo
from spfengine.addresses import V4, V6, address_text
from tests.checker.same import all_of, assert_same
from tests.properties import strategies
from tests.properties.generate import DOMAINS, Call

NOW = 1_700_000_000.0
HERE = "mx.here.example"
at_this_time = patch("spfengine.checker.time", lambda: NOW)


@given(strategies.zones, st.lists(strategies.calls, min_size=1, max_size=12), strategies.limits, st.integers(0, 2))
def test_any_sequence_of_checks_gives_the_results_of_check(
    zone: Zone, calls: list[Call], limits: Limits, hot_after: int
) -> None:
    """Every check is made twice, so that kept verdicts are compared too."""
    checker = Checker(zone, limits=limits, receiver=HERE, hot_after=hot_after)
    with at_this_time:
        for call in calls * 2:
            expected = check(*call, resolver=zone, limits=limits, receiver=HERE, now=NOW)
            assert_same(checker.check(*call), expected)


@pytest.mark.full
@given(strategies.plain_zone_dicts.map(Zone), st.sampled_from(DOMAINS), strategies.chance)
def test_results_at_the_edges_of_every_range_are_those_of_check(zone: Zone, domain: str, chance: Random) -> None:
    policy = Policy.compile(domain, resolver=zone)
    edges = [
        address_text(family, address)
        for family in (V4, V6)
        for first, last, _ in policy.ranges(family.version)
        for address in {first, last, (first + last) // 2}
    ]
    checker = Checker(zone, receiver=HERE, hot_after=0)
    probes = chance.sample(edges, min(len(edges), 15)) * 2
    chance.shuffle(probes)
    with at_this_time:
        for ip in probes:
            expected = check(ip, f"user@{domain}", "h.example", resolver=zone, receiver=HERE, now=NOW)
            found = checker.check(ip, f"user@{domain}", "h.example")
            assert found == expected
            assert all_of(found) == all_of(expected)


ZONE = Zone(
    {
        "a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:b.example -all exp=why.example"},
        "b.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"},
        "why.example": {"TXT": "%{d} says no"},
        "client.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all exp=who.example"},
        "who.example": {"TXT": "%{i} is not one of ours"},
        "b.example>": {"TXT": "v=spf1 +all"},
        "xn--bcher-kva.example": {"TXT": "v=spf1 +all"},
        "\u00e2\u00aa\u00aa.example": {
            "TXT": "v=spf1 +all"
        },  # as octets, it is how U+2AAA is written, which is refused
        "Mixed.example": {"TXT": "v=spf1 a -all"},
    }
)


def both(checker: Checker, ip: str, sender: str, helo: str = "h.example") -> tuple[CheckResult, CheckResult]:
    return checker.check(ip, sender, helo), check(ip, sender, helo, resolver=ZONE)


def test_senders_of_a_domain_share_verdicts_but_get_their_own_results() -> None:
    checker = Checker(ZONE, hot_after=0)
    for ip in ("192.0.2.1", "192.0.2.200", "::ffff:192.0.2.9", "2001:db8::1", "203.0.113.1", "203.0.113.2"):
        for sender in ("u@a.example", "<other@a.example>", "a.example", "U@A.Example", "@a.example", "u@a.example."):
            assert_same(*both(checker, ip, sender))
            assert_same(*both(checker, ip, sender, "other.example"))
    assert len(checker) == 2, "a.example and A.Example are separate: a result has the name as it was given"


def test_different_spellings_of_senders_are_never_confused() -> None:
    senders = [
        "u@b.example>",
        "<u@b.example>",
        "<u@b.example",
        "u@b.example",
        "u@b.example.",
        "u@b.example..",
        "<>",
        "",
    ]
    senders += [
        "u@",
        "@",
        "u@b\u00fccher.example",
        "u@\u2aaa.example",
        "u@\u00e2\u00aa\u00aa.example",
        "u@\u00fc\udcff.example",
        "u@[192.0.2.1]",
    ]
    for order in (senders, senders[::-1]):
        checker = Checker(ZONE, hot_after=0)
        for sender in order * 2:
            for helo in ("b.example", "b.example.", "b.example>", ""):
                assert_same(*both(checker, "198.51.100.7", sender, helo))


def test_an_explanation_with_the_client_is_expanded_for_each_client() -> None:
    checker = Checker(ZONE, hot_after=0)
    for ip in ("203.0.113.1", "203.0.113.2"):
        assert checker.check(ip, "u@client.example").explanation == f"{ip} is not one of ours"


def test_both_identities_share_a_domain_but_get_their_own_results() -> None:
    checker = Checker(ZONE, hot_after=0)
    for _ in range(2):
        for ip in ("192.0.2.1", "203.0.113.1"):
            assert_same(checker.check_helo(ip, "a.example"), check_helo(ip, "a.example", resolver=ZONE))
            for sender in ("", "<>", "u@a.example", "u@b.example"):
                found = checker.check_both(ip, sender, "a.example")
                for one, other in zip(found, check_both(ip, sender, "a.example", resolver=ZONE), strict=True):
                    assert_same(one, other)


def test_the_argument_now_is_used() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 -all exp=t.example"}, "t.example": {"TXT": "%{t}"}})
    checker = Checker(zone, hot_after=0)
    for now in (1.0, 2.0, 3):
        assert checker.check("192.0.2.1", "u@a.example", now=now).explanation == str(int(now))
        assert checker.check_helo("192.0.2.1", "a.example", now=now).explanation == str(int(now))
