"""The answer of `simulate`: nothing is called better than it is, by the interpreter; networks as people read them."""

import random
import re
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import spfengine
from spfengine import Result, Sender, Zone
from spfengine.policy.ranges import IPNetwork
from spfengine.simulation import Effect, Simulation
from spfengine.text.outcomes import address_count, joined_networks
from spfengine.wording import number_text
from tests.examples import examples

D = "d.example"
POINTS = (
    "192.0.2.0", "192.0.2.1", "192.0.2.127", "192.0.2.128", "192.0.2.255", "192.0.3.0", "198.51.100.7", "203.0.113.1",
    "8.8.8.8", "2001:db8::1", "2001:db9::",
)  # fmt: skip
TERMS = (
    "ip4:192.0.2.0/24", "ip4:192.0.2.1", "-ip4:192.0.2.1", "~ip4:192.0.2.128/25", "?ip4:198.51.100.7",
    "include:one.example", "include:gone.example", "ip6:2001:db8::/32", "-ip6:2001:db8::1", "a:h.example",
)  # fmt: skip
ENDS = (" -all", " ~all", " ?all", "")
OTHERS: dict[str, Any] = {
    "one.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"},
    "h.example": {"A": "203.0.113.1"},
}
ORDER = {"pass": 0, "neutral": 1, "none": 1, "softfail": 2, "fail": 3, "permerror": 4}

records = st.builds(
    lambda terms, end: "v=spf1" + "".join(f" {term}" for term in terms) + end,
    st.lists(st.sampled_from(TERMS), max_size=4, unique=True),
    st.sampled_from(ENDS),
)


def zone_of(record: str | None) -> Zone:
    here: dict[str, Any] = {"A": "203.0.113.1"} if record is None else {"TXT": record}
    return Zone({D: here, **OTHERS})


def simulated(before: str | None, after: str, *senders: str) -> Simulation:
    found = [Sender(ip, f"u@{D}") for ip in senders]
    return spfengine.simulate(D, after, resolver=zone_of(before), senders=found)


def results(record: str | None, ips: tuple[str, ...] = POINTS) -> dict[str, str]:
    zone = zone_of(record)
    return {ip: str(spfengine.check(ip, f"u@{D}", resolver=zone).result) for ip in ips}


@settings(max_examples=examples(150))
@given(st.one_of(st.none(), records), records, st.lists(st.sampled_from(POINTS), max_size=4, unique=True))
def test_nothing_gets_worse_is_only_said_if_nothing_does(before: str | None, after: str, senders: list[str]) -> None:
    """ "nothing gets worse" only if nothing does; a sender whose result gets worse makes the answer worse."""
    plan = simulated(before, after, *senders)
    headline = plan.render(width=None).splitlines()[0]
    old, new = results(before), results(after)
    worse = [ip for ip in POINTS if ORDER[new[ip]] > ORDER[old[ip]]]
    if "nothing gets worse" in headline or "no result changes" in headline:
        assert worse == []
    if any(ip in senders for ip in worse):
        assert plan.is_worse
        assert "gets worse" in headline or plan.is_broken
    for ip in POINTS:
        if old[ip] == "pass" and new[ip] != "pass":
            assert plan.is_worse
    for change in plan.senders:
        results_of = old[change.sender.ip], new[change.sender.ip]
        is_worse = ORDER[results_of[1]] > ORDER[results_of[0]] or results_of == ("permerror", "fail")
        assert (change.effect is Effect.NEWLY_FAILING) is is_worse
    rest = re.search(r"(?:everything not listed|every address): (\w+) → (\w+)", headline)
    if rest is not None:
        assert (old["8.8.8.8"], new["8.8.8.8"]) == rest.groups()


@pytest.mark.parametrize(
    ("before", "after", "senders", "headline", "worse"),
    [
        ("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 -all", [],
         "nothing that passes stops passing; everything not listed: softfail → fail", False),
        ("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.1"],
         "no sender given gets worse (1); everything not listed: softfail → fail", False),
        ("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.1", "192.0.2.9"],
         "something gets worse; everything not listed: softfail → fail", True),
        (None, "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.1"],
         "no sender given gets worse (1); everything not listed: none → fail", False),
        (None, "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.9"],
         "something gets worse; everything not listed: none → fail", True),
        (None, "v=spf1 ip4:192.0.2.1 ~all", ["192.0.2.1"],
         "no sender given gets worse (1); everything not listed: none → softfail", False),
        ("v=spf1 ?all", "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.9"],
         "something gets worse; everything not listed: neutral → fail", True),
        ("v=spf1 ~ip4:192.0.2.1 -all", "v=spf1 -ip4:192.0.2.1 -all", [],
         "nothing that passes stops passing; softfail → fail for 1 IPv4 address", False),
        ("v=spf1 -all", "v=spf1 ip4:192.0.2.1 -all", ["192.0.2.1"], "nothing gets worse", False),
        ("v=spf1 -all", "v=spf1 ~all", [], "nothing gets worse", False),
        ("v=spf1 ip4:192.0.2.1 ?all", "v=spf1 ip4:192.0.2.1 +all", [],
         "nothing gets worse; everything not listed: neutral → pass", False),
        ("v=spf1 -all", "v=spf1 all", [], "nothing gets worse; every address: fail → pass", False),
        ("v=spf1 -all", "v=spf1 ip4:0.0.0.0/0 -all", [],
         "nothing gets worse; every IPv4 address: fail → pass", False),
        (None, "v=spf1 +all", [], "nothing gets worse; every address: none → pass", False),
        ("v=spf1 +all", "v=spf1 mx +all", [], "no result changes", False),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 -all", [], "something gets worse", True),
    ],
)  # fmt: skip
def test_the_headline(before: str | None, after: str, senders: list[str], headline: str, worse: bool) -> None:
    plan = simulated(before, after, *senders)
    assert plan.render(width=None).splitlines()[0] == f"d.example: {headline}"
    assert plan.is_worse is worse
    assert plan.to_dict()["worse"] is worse


def test_what_is_worse_comes_first_then_what_is_better_then_what_stays() -> None:
    plan = simulated(
        "v=spf1 ip4:192.0.2.0/25 ip4:203.0.113.1 ~all", "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.1 ~all",
        "192.0.2.1", "198.51.100.7", "203.0.113.1",
    )  # fmt: skip
    out = plan.render(width=None)
    places = [out.index(f"\n  {name}\n") for name in ("gets worse", "gets better", "stays")]
    assert places == sorted(places)
    worse, better = out[places[0] : places[1]], out[places[1] : places[2]]
    assert "newly failing  1 source, 1 message" in worse
    assert "pass → softfail  1 network, 128 IPv4 addresses" in worse
    assert "newly passing  1 source, 1 message" in better
    assert places[2] < out.index("everything else keeps its result") < out.index("the SPF record changes")
    assert out.splitlines()[1] == (
        "  senders  3 sources, 3 messages: newly failing 1; newly passing 1; unchanged, passing 1"
    )


def test_what_depends_on_unknown_facts_is_not_called_harmless() -> None:
    zone = Zone({D: {"TXT": "v=spf1 exists:%{l}.users.example -all"}})
    plan = spfengine.simulate(
        D, "v=spf1 exists:%{l}.users.example ~all", resolver=zone, senders=[Sender("192.0.2.1", "@" + D)]
    )
    assert "nothing gets worse" not in plan.render(width=None)


def test_a_network_with_a_hole_is_two_lines() -> None:
    out = simulated("v=spf1 ip4:198.51.0.0/16 -all", "v=spf1 ip4:198.51.100.7 -all").render(width=None)
    rows = [row.strip() for row in out.splitlines() if re.match(r" +198\.51\.", row)]
    assert len(rows) == 2
    assert rows[0].startswith("198.51.0.0/16 except 198.51.100.7 ")
    assert rows[1].startswith("198.51.100.7/32 ")
    assert "pass → fail  1 network, 65,535 IPv4 addresses" in out


def test_long_lists_are_cut_and_all_of_them_can_be_had() -> None:
    terms = " ".join(f"ip4:192.0.{2 * n}.1" for n in range(40))
    plan = simulated(f"v=spf1 {terms} -all", "v=spf1 -all")
    out = plan.render(width=None)
    assert "… and 28 more; --all lists them all" in out
    assert len(out.splitlines()) < 120
    everything = plan.render(width=None, everything=True)
    assert "more; --all" not in everything
    assert everything.count("/32 ") == 40


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 IPv6 address"), (4358, "4,358 IPv6 addresses"), (1 << 64, "2^64 IPv6 addresses"),
        ((1 << 94) + 1, "about 2^94 IPv6 addresses"), (1 << 39, "549,755,813,888 IPv6 addresses"),
        (3 << 93, "about 2^95 IPv6 addresses"),
    ],
)  # fmt: skip
def test_counts_as_people_read_them(count: int, text: str) -> None:
    assert address_count(count, 6) == text
    assert text.startswith(number_text(count))


def test_joined_networks_are_the_same_addresses() -> None:
    """Every form of a row is read back: it has exactly the addresses of the networks."""
    chance = random.Random(1)
    for _ in range(200):
        networks = [
            IPv4Network((0xC0000200 + chance.randrange(512), 32 - chance.randrange(4)), strict=False)
            for _ in range(chance.randrange(1, 30))
        ] + [IPv6Network((0x20010DB8 << 96 | chance.randrange(64), 128 - chance.randrange(3)), strict=False)]
        expected = {address for network in networks for address in network}
        assert {address for text in joined_networks(networks) for address in _read(text)} == expected


def _read(text: str) -> set[Any]:
    whole, _, holes = text.partition(" except ")
    found = {address for network in _networks(whole) for address in network}
    return found - {address for hole in holes.split(", ") if hole for network in _networks(hole) for address in network}


def _networks(text: str) -> list[IPNetwork]:
    first, dash, last = text.partition("-")
    if not dash:
        return [ip_network(first)]
    networks: list[IPNetwork] = list(summarize_address_range(ip_address(first), ip_address(last)))
    return networks


def test_a_check_that_ends_at_a_limit_says_what_it_would_find() -> None:
    includes = " ".join(f"include:i{n}.example" for n in range(12))
    others = {f"i{n}.example": {"TXT": f"v=spf1 ip4:192.0.2.{n} -all"} for n in range(12)}
    zone = Zone({D: {"TXT": "v=spf1 -all"}, **others})
    sender = Sender("192.0.2.11", f"u@{D}")
    plan = spfengine.simulate(D, f"v=spf1 {includes} -all", resolver=zone, senders=[sender])
    [change] = plan.senders
    assert change.beyond is not None
    assert change.beyond.result is Result.PASS
    expected = "by no term: too-many-lookups (without the limit: pass by include:i11.example → ip4:192.0.2.11)"
    assert expected in plan.render(width=None)


def test_a_broken_record_that_becomes_strict_is_no_harmless_change() -> None:
    """ "nothing gets worse" only if nothing does: many receivers accept permerror, and refuse fail."""
    zone = Zone({"x.example": {"TXT": "v=spf1 ip4:192.0.2.1 ip4:300.1.1.1 ~all"}})
    found = spfengine.simulate("x.example", {"x.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}}, resolver=zone)
    assert found.is_stricter
    assert "nothing gets worse" not in found.render()
    assert "everything not listed: permerror → fail" in found.render(width=None)


PARTLY_KNOWN: dict[str, Any] = {
    "d.example": {"SOA": "ns. root. 1 2 3 4 5", "MX": (10, "mx.far.test")},
    "r.d.example": {"TXT": "v=spf1 ip4:192.0.2.9 -all"},
    "s.d.example": {"TXT": "v=spf1 ip4:192.0.2.9 ~all"},
}


@pytest.mark.parametrize(
    ("before", "after", "end"),
    [
        ("v=spf1 mx ~all", "v=spf1 mx -all", "softfail → fail"),
        ("v=spf1 mx ip4:192.0.2.1 ~all", "v=spf1 mx ip4:192.0.2.1 -all", "softfail → fail"),
        ("v=spf1 mx", "v=spf1 mx -all", "neutral → fail"),
        ("v=spf1 redirect=r.d.example", "v=spf1 mx -all", ""),
        (None, "v=spf1 mx -all", "none → fail"),
        ("v=spf1 mx -all", "v=spf1 mx ~all", ""),
        ("v=spf1 mx ~all", "v=spf1 mx a:r.d.example ~all", ""),
        ("v=spf1 mx redirect=far.test", "v=spf1 mx -all", ""),
        ("v=spf1 redirect=s.d.example", "v=spf1 mx -all", "softfail → fail"),
    ],
)
def test_a_stricter_end_is_said_if_what_terms_match_is_not_known(before: str | None, after: str, end: str) -> None:
    """In text, JSON, Markdown and HTML."""
    from spfengine.planning.plan import Plan, PlannedName, Verdict
    from spfengine.report.render import render_html
    from spfengine.text.plan_markdown import plan_markdown

    zone = dict(PARTLY_KNOWN)
    if before is not None:
        zone["d.example"] = {**zone["d.example"], "TXT": before}
    found = spfengine.simulate("d.example", after, resolver=spfengine.Zone(zone, apexes=["d.example"]))
    said = f"; everything not listed: {end}" if end else ""
    unknown = "nothing is known to get worse, but part of it depends on names that are not in the files given"
    assert found.render(width=None).splitlines()[0] == f"d.example: {unknown}{said}"
    assert found.to_dict()["stricter"] is bool(end)
    planned = PlannedName("d.example", "d.example", None, found, Verdict.UNKNOWN)
    plan = Plan("old", "new", (planned,), 0)
    pages = [render_html(found), render_html([found, found]), plan_markdown(plan)]
    words = [f"everything not listed: {end}", "stricter for clients that did not pass: d.example"]
    for page, word in zip(pages, [words[0], words[1], "stricter for clients that did not pass: 1 name"], strict=True):
        assert (word in page) is bool(end)
    unsure = replace(planned, unsure="why")
    assert (words[0] in " ".join(plan_markdown(replace(plan, names=(unsure,))).split())) is bool(end)
