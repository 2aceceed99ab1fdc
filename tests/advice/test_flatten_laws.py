"""Issue: `flatten` is equivalent or refuses. What it returns is published over the same zone, and held against it."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings, strategies as st

from spfengine import Overlay, Policy, Result, Zone, aflatten, check, flatten
from spfengine.advice.flatten import Flattening
from spfengine.policy import budget
from spfengine.record.model import IP4, IP6
from spfengine.record.parser import parse
from tests.examples import examples
from tests.policy.comparing import addresses
from tests.properties import generate, strategies

OVER = ("too-many-lookups", "too-many-void-lookups")


@pytest.fixture(autouse=True, scope="module")
def _less_work() -> Iterator[None]:
    """Circles with conditional terms in them take their time in a budget; here they need not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "MAX_STEPS", 1 << 10)
        yield


@st.composite
def trees(draw: st.DrawFn) -> tuple[Zone, str]:
    """A zone, and a domain of it whose record most often can be flattened, and includes others, some of them large.

    Made from a seed: where every draw is the simplest, nearly every record is broken.
    """
    chance = Random(draw(st.integers(0, 1 << 32)))
    zone: dict[Any, Any] = generate.zone_dict(chance, plain=True)
    many = chance.choice((3, 30, 90))
    zone["big.example"] = {"TXT": "v=spf1 " + " ".join([_network(chance) for _ in range(many)]) + " -all"}
    zone["deep.example"] = {"TXT": "v=spf1 include:big.example ?include:few.example a:host.example -all"}
    zone["few.example"] = {"TXT": "v=spf1 ip4:198.51.100.0/24 -ip4:203.0.113.0/24 ip4:203.0.113.9 mx ~all"}
    zone["few.example"]["MX"] = [(10, "host.example"), (20, "gone.example")]
    zone["more.example"] = {
        "TXT": "v=spf1 ip4:192.0.2.0/24 -ip4:198.51.100.0/24 ip4:198.51.100.7 redirect=deep.example"
    }
    zone["host.example"] = {"A": ["192.0.2.1", "10.0.0.1"], "AAAA": "2001:db8::1"}
    terms = [chance.choice("+-~?") + chance.choice(TERMS) for _ in range(chance.randrange(1, 6))]
    zone["z.example"] = {"TXT": [" ".join(["v=spf1", *terms, chance.choice(ENDS)]), "no spf"]}
    return Zone(zone), chance.choice((*generate.DOMAINS[:2], *["z.example"] * 6))


TERMS = (
    "include:big.example",
    "include:more.example",
    "include:deep.example",
    "include:few.example",
    "include:_spf.b.example",
    "ip4:192.0.2.128/25",
    "a:host.example",
    "mx:few.example",
    "exists:%{i}.e.a.example",
    "exists:gone.example",
    "a:%{l}.a.example",
    "ptr",
)
ENDS = ("-all", "?all", "", "exp=e.a.example ~all", "redirect=more.example", "redirect=few.example", "moo=x")


def _network(chance: Random) -> str:
    if chance.randrange(3):
        return f"ip4:10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
    return f"ip6:2001:db8:{chance.randrange(1 << 16):x}::/{chance.choice((48, 64, 128))}"


@pytest.mark.full
@given(trees(), st.booleans(), st.sampled_from((None, 300, 1232)), strategies.chance)
@settings(max_examples=examples(100))
def test_what_is_flattened_says_the_same_or_is_refused(
    tree: tuple[Zone, str], hosts: bool, size: int | None, chance: Random
) -> None:
    """Refused, or nothing to replace: no records. Else each client's result is the same, but over a limit."""
    zone, domain = tree
    found = flatten(domain, resolver=zone, hosts=hosts, max_size=size)
    event(f"{len(found.records)} records, {found.refusal and found.refusal.code}")
    if not found.records:
        assert found.refusal is not None or not found.replaced
        assert not found.is_equivalent
        return
    assert found.refusal is None
    published = Overlay(zone, found.drafts)
    before, after = Policy.compile(domain, resolver=zone), Policy.compile(domain, resolver=published)
    assert found.is_equivalent is before.equivalent(after)
    assert after.budget(published).worst_lookups <= 10
    mended = [change.network for change in found.mended]
    tried = list(addresses([before, after], chance, 3))
    for ip in chance.sample(tried, min(len(tried), 40)):
        old = check(ip, f"u@{domain}", "h1.a.example", resolver=zone)
        new = check(ip, f"u@{domain}", "h1.a.example", resolver=published)
        if old.result is not new.result:
            assert old.result is Result.PERMERROR
            assert old.problem is not None
            assert old.problem.code in OVER
            assert any(ip in network for network in mended)


@pytest.mark.full
@given(trees(), st.sampled_from((256, 300, 512)))
@settings(max_examples=examples(20))
def test_sizes_are_kept_and_no_receiver_stops_reading(tree: tuple[Zone, str], size: int) -> None:
    """Issue: "split over several names by wire size"; mta.md: above about 64 ip4 terms, Exim goes silent."""
    zone, domain = tree
    found = flatten(domain, resolver=zone, max_size=size)
    for record in found.records[:-1]:
        assert record.size <= size
        parsed = parse(record.record)
        assert sum(isinstance(term, IP4) for term in parsed.terms) <= 64
        assert all(isinstance(term, IP4 | IP6) for term in parsed.directives[:-1])
        assert len({term.text for term in parsed.terms}) == len(parsed.terms)


@given(trees())
@settings(max_examples=examples(8))
def test_asyncio_gives_the_same(tree: tuple[Zone, str]) -> None:
    zone, domain = tree
    found: Flattening = asyncio.run(aflatten(domain, resolver=zone))
    assert found.to_dict() == flatten(domain, resolver=zone).to_dict()


@given(trees())
@settings(max_examples=examples(15))
def test_a_flat_record_has_nothing_more_to_replace(tree: tuple[Zone, str]) -> None:
    """But the names that it was split over."""
    zone, domain = tree
    found = flatten(domain, resolver=zone)
    if len(found.records) == 1:
        again = flatten(domain, resolver=Overlay(zone, found.drafts))
        assert not again.replaced
        assert [kept.term for kept in again.kept] == [kept.term for kept in found.kept]
