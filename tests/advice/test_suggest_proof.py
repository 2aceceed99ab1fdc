"""Whatever `suggest` returns keeps its promises: the interpreter says so, address by address, and on small cases every
other record that could have been proposed is tried.
"""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from itertools import combinations, product
from typing import Any, NamedTuple

import dns.message
import dns.rrset
from hypothesis import assume, event, given, settings, strategies as st

import spfengine
from spfengine import Limits, Result, Sender, Zone
from spfengine.advice.suggest import Advice, SenderStanding, Suggestion
from spfengine.advice.suggest.draft import draft_text, last_slot, slot_before
from spfengine.advice.suggest.suggest import suggest
from spfengine.catalogue import Catalogue
from tests.examples import examples
from tests.properties import generate, strategies

CATALOGUE = Catalogue.from_text(
    "\n".join(
        f'[[provider]]\nname = "{name}"\ninclude = "{include}"\nkind = "relay"\nattested = {{ records = 1 }}\n'
        for name, include in (("One", "_spf.one.example"), ("Two", "two.example"), ("Wide", "wide.example"))
    )
)
D = "d.example"
HOSTS = {"mx.d.example": ["192.0.2.10"], "www.d.example": ["192.0.2.20", "192.0.2.21"], "out.d.example": ["192.0.2.30"]}
ADDRESSES = (
    "192.0.2.10", "192.0.2.20", "192.0.2.21", "192.0.2.30", "192.0.2.40", "198.51.100.1", "198.51.100.130",
    "203.0.113.1", "203.0.113.77", "2001:db8::1", "2001:db8:1::1",
)  # fmt: skip
POINTS = (
    *ADDRESSES, "192.0.2.0", "192.0.2.9", "192.0.2.11", "192.0.2.22", "192.0.2.255", "192.0.3.0", "198.51.100.0",
    "198.51.100.127", "198.51.100.128", "198.51.100.255", "198.51.101.0", "203.0.113.0", "203.0.113.255", "8.8.8.8",
    "2001:db8::", "2001:db8::2", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", "2001:db9::",
)  # fmt: skip
TERMS = (
    "a", "mx", "ip4:192.0.2.10", "ip4:192.0.2.20", "ip4:192.0.2.20/31", "ip4:192.0.2.0/24", "ip4:192.0.2.40",
    "ip4:198.51.100.1", "ip4:198.51.100.0/25", "ip4:198.51.100.128/25", "ip4:198.51.100.0/24", "ip6:2001:db8::1",
    "ip6:2001:db8::/48", "a:out.d.example", "a:gone.d.example", "include:_spf.one.example", "include:two.example",
    "include:wide.example", "include:none.example", "~include:two.example", "-ip4:203.0.113.77", "?ip4:192.0.2.20",
    "exists:yes.d.example", "exists:gone.d.example",
)  # fmt: skip
FREE = Limits(200, 200)
ENDS = (" ~all", " -all", "", " ?all")
ZONE: dict[str, dict[str, Any]] = {
    D: {"A": ["192.0.2.20"], "MX": [(10, "mx.d.example")]},
    **{name: {"A": addresses} for name, addresses in HOSTS.items()},
    "yes.d.example": {"A": ["127.0.0.1"]},
    "_spf.one.example": {"TXT": "v=spf1 ip4:198.51.100.0/25 ip6:2001:db8::/48 -all"},
    "two.example": {"TXT": "v=spf1 include:_two.example -all"},
    "_two.example": {"TXT": "v=spf1 ip4:198.51.100.128/25 ip4:203.0.113.77 -all"},
    "wide.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 a:a.wide.example a:b.wide.example -all"},
    "a.wide.example": {"A": ["203.0.113.1"]},
    "b.wide.example": {"A": ["203.0.113.1"]},
}


class Asked(NamedTuple):
    """What is asked of `suggest`."""

    zone: Zone
    record: str
    senders: tuple[Sender, ...]
    want: tuple[str, ...]
    limits: Limits
    drop: tuple[str, ...] = ()

    def suggestion(self) -> Suggestion:
        return suggest(
            D, self.senders, resolver=self.zone, catalogue=CATALOGUE, want=self.want, limits=self.limits,
            hosts=HOSTS, drop=self.drop,
        )  # fmt: skip


@st.composite
def asked(draw: st.DrawFn, most_terms: int = 3) -> Asked:
    terms = draw(st.lists(st.sampled_from(TERMS), max_size=most_terms))
    record = "v=spf1" + "".join(f" {term}" for term in terms) + draw(st.sampled_from(ENDS))
    senders = draw(st.lists(st.sampled_from(ADDRESSES), max_size=3, unique=True))
    want = draw(st.lists(st.sampled_from(senders), max_size=2, unique=True)) if senders else []
    limits = draw(st.sampled_from((Limits(), Limits(), Limits(lookups=4), Limits(lookups=2, voids=1))))
    drop = draw(st.lists(st.sampled_from(terms), max_size=1)) if terms and draw(st.integers(0, 3)) == 3 else []
    here = {**ZONE[D], "TXT": [record, "another record"]}
    found = tuple(Sender(ip, f"u@{D}", "mx.d.example") for ip in senders)
    return Asked(Zone({**ZONE, D: here}), record, found, tuple(want), limits, tuple(drop))


_OTHERS = Zone(ZONE)
_SEEN: dict[object, tuple[Result, int, int]] = {}  # the names that records lead to are always the same


def _checked(record: str, ip: str, limits: Limits) -> tuple[Result, int, int]:
    key = record, ip, limits
    if key not in _SEEN:
        drafted = spfengine.Overlay(_OTHERS, {D: {"TXT": record}})
        found = spfengine.check(ip, f"u@{D}", "mx.d.example", resolver=drafted, limits=limits)
        _SEEN[key] = found.result, found.lookups, found.void_lookups
    return _SEEN[key]


def _result(case: Asked, record: str, ip: str) -> Result:
    return _checked(record, ip, case.limits)[0]


def _passing(case: Asked, record: str) -> frozenset[str]:
    return frozenset(ip for ip in POINTS if _result(case, record, ip) is Result.PASS)


def _fits(case: Asked, record: str) -> bool:
    """Whether no address needs more lookups or voids than there may be, counted without a limit."""
    for ip in POINTS:
        _, lookups, voids = _checked(record, ip, FREE)
        if lookups > case.limits.lookups or voids > case.limits.voids:
            return False
    return True


def _keeps_promises(case: Asked, record: str, wanted: frozenset[str], may_stop: frozenset[str]) -> bool:
    """Whether every wanted sender passes, nothing that passed stops or is newly broken, and the limits are kept."""
    if any(_result(case, record, ip) is not Result.PASS for ip in wanted):
        return False
    before, after = _passing(case, case.record), _passing(case, record)
    if not wanted <= after or not before - may_stop <= after or not _fits(case, record):
        return False
    broken = [ip for ip in POINTS if _result(case, record, ip) is Result.PERMERROR]
    return all(_result(case, case.record, ip) is Result.PERMERROR for ip in broken)


def _may_stop(case: Asked) -> frozenset[str]:
    """The addresses that pass by the terms to drop."""
    found = [
        (ip, spfengine.check(ip, f"u@{D}", "mx.d.example", resolver=case.zone, limits=case.limits)) for ip in POINTS
    ]
    return frozenset(
        ip for ip, each in found if each.result is Result.PASS and each.path and each.path[0][1] in case.drop
    )


def _is_same(left: str, right: str) -> bool:
    return left.lower().removeprefix("+") == right.lower().removeprefix("+")


@settings(max_examples=examples(60))
@given(asked(8))
def test_whatever_is_proposed_keeps_every_promise(case: Asked) -> None:
    """Every wanted sender passes, nothing that passed stops (unless requested), no address exceeds the limits of
    lookups and voids, and the DNS answer is not too large.
    """
    suggestion = case.suggestion()
    event(str(suggestion.advice))
    if suggestion.record is None:
        assert suggestion.advice is Advice.NONE_FITS
        assert suggestion.shortfalls
        return
    served = (SenderStanding.PASSING, SenderStanding.SERVED)
    wanted = frozenset(each.sender.ip for each in suggestion.senders if each.standing in served)
    assert _keeps_promises(case, suggestion.record, wanted, _may_stop(case))
    for each in suggestion.senders:
        assert _result(case, suggestion.record, each.sender.ip) is each.after
        assert (each.after is Result.PASS) is (each.standing in served)
    message = dns.message.make_response(dns.message.make_query(f"{D}.", "TXT", use_edns=0))
    texts = [f'"{suggestion.record}"', '"another record"']
    message.answer.append(dns.rrset.from_text(f"{D}.", 300, "IN", "TXT", *texts))
    assert len(message.to_wire()) == suggestion.size_after <= 1232


_WILD = Catalogue.from_text(
    "\n".join(
        f'[[provider]]\nname = "{name}"\ninclude = "{name}"\nkind = "relay"\nattested = {{ records = 1 }}\n'
        for name in ("b.example", "c.example", "_spf.b.example")
    )
)


@settings(max_examples=examples(15))
@given(strategies.zone_dicts, st.sampled_from(generate.SENDERS[:6]), st.booleans())
def test_promises_hold_for_macros_loops_failures_and_broken_records(
    content: generate.ZoneDict, sender: str, everyone: bool
) -> None:
    """Nothing that passed stops or newly gets permerror, every sender gets the result that was foretold, and no check
    of it needs more lookups or voids than there may be; whatever the records are made of.
    """
    zone = Zone(content)
    domain = sender.rpartition("@")[2].removesuffix(".").lower()
    senders = [Sender(ip, sender, "h1.a.example") for ip in generate.CLIENTS]
    found = suggest(domain, senders, resolver=zone, catalogue=_WILD, allow_unnamed=everyone)
    event(str(found.advice))
    json.dumps(found.to_dict())
    if found.record is None:
        assert found.shortfalls or found.refusal
        return
    drafted = spfengine.Overlay(zone, {domain: {"TXT": [found.record, *found.siblings]}})
    for each in found.senders:
        arguments = each.sender.ip, sender, "h1.a.example"
        before = spfengine.check(*arguments, resolver=zone).result
        after = spfengine.check(*arguments, resolver=drafted)
        assert after.result is each.after
        if Result.TEMPERROR not in (before, after.result):
            assert before is not Result.PASS or after.result is Result.PASS
            assert before is Result.PERMERROR or after.result is not Result.PERMERROR
        assert after.lookups <= 10
        assert after.void_lookups <= 2


@settings(max_examples=examples(40))
@given(asked())
def test_no_smaller_change_keeps_every_promise(case: Asked) -> None:
    """The result is the smallest change: fewest added and removed terms, then lookups, then bytes. When no record fits,
    there is none.
    """
    suggestion = case.suggestion()
    assume(suggestion.record is None or suggestion.is_smallest)
    served = (SenderStanding.PASSING, SenderStanding.SERVED)
    wanted = frozenset(each.sender.ip for each in suggestion.senders if each.standing in served)
    if suggestion.record is None:
        offered = {each.term for each in suggestion.rejected} | {t.term for t in suggestion.terms if t.sign == "+"}
        wanted = frozenset(
            each.sender.ip
            for each in suggestion.senders
            if each.before is Result.PASS or _is_led_to(case, each.sender.ip, offered)
        ) - _may_stop(case)
    best = _brute_force(case, wanted)
    if suggestion.record is None:
        assert best is None
        return
    assert best is not None
    changes = sum(each.sign != "=" for each in suggestion.terms)
    need = suggestion.simulation.after_budget.worst_lookups if suggestion.simulation else 0
    assert (changes, need, len(suggestion.record)) == best


def _is_led_to(case: Asked, ip: str, terms: set[str]) -> bool:
    there = {term.text for term in spfengine.parse(case.record).directives}
    return any(_result(case, f"v=spf1 {term}", ip) is Result.PASS for term in {*terms, *there} if term[0] not in "-~?")


def _brute_force(case: Asked, wanted: frozenset[str]) -> tuple[int, int, int] | None:
    """The cost of the smallest record that keeps every promise, of all that can be made; names that lead somewhere are
    only left out if no other record keeps the limits, and hosts only named by their addresses if that is not enough.
    """
    # A term that is never come to, since the check ends before it, is not left out for that.
    free = case._replace(limits=FREE)
    directives = [each.text for each in spfengine.parse(case.record).directives]
    # What only a dropped term would let pass stops as asked, even if the check never came to that term.
    asked_to_stop = frozenset(ip for ip in POINTS if any(_leads_to(case, term, ip) for term in case.drop))
    whole = " ".join(["v=spf1", *[each for each in directives if each.endswith("all") or _leads_to(case, each)]])
    for by_address, by_name in product((False, True), repeat=2):
        found = [
            (changes, _need(case, record), len(record))
            for changes, record in _records(case, by_name, wanted, by_address=by_address)
            if _keeps_promises(case, record, wanted, _may_stop(case))
            and _is_tidy(case, record)
            and _passing(free, whole) - _may_stop(free) - asked_to_stop <= _passing(free, record)
        ]
        if found:
            return min(found)
    return None


def _need(case: Asked, record: str) -> int:
    return max(_checked(record, ip, FREE)[1] for ip in POINTS)


def _records(case: Asked, by_name: bool, wanted: frozenset[str], *, by_address: bool) -> Iterator[tuple[int, str]]:
    record = spfengine.parse(case.record)
    slot = last_slot(record)
    failing = [ip for ip in wanted if _result(case, case.record, ip) is not Result.PASS]
    for place, each in enumerate(record.directives):
        decides = each.qualifier != "+" and each.mechanism != "all" and each.text not in case.drop
        if decides and failing and _leads_to(case, each.text, *failing):
            slot = slot_before(record, place)  # what is after it would not be evaluated
            break
    dropped = [each for each in record.directives if each.text in case.drop]
    rest = [each for each in record.directives if each not in dropped and each.mechanism != "all"]
    loose = [
        each
        for place, each in enumerate(rest)
        if (each.mechanism in ("ip4", "ip6") and each.qualifier == "+")
        or each in rest[:place]
        or (by_name and each.qualifier == "+")
        or not _leads_to(case, each.text)
    ]
    there = {each.text for each in record.directives}
    come = ["a", "mx", *[f"a:{name}" for name in HOSTS], *[f"include:{p.include}" for p in CATALOGUE.providers]]
    come = [term for term in come if term not in there]
    come = [term for term in come if any(_leads_to(case, term, ip) for ip in failing)]
    unnamed = [ip for ip in case.want if ip in failing and not any(_leads_to(case, term, ip) for term in come)]
    come += [f"ip{6 if ':' in ip else 4}:{ip}" for ip in unnamed]  # an address only where nothing better is known
    if by_address:
        hosts = [term for term in come if term in ("a", "mx") or term.startswith("a:")]
        named = [ip for ip in failing if any(_leads_to(case, term, ip) for term in hosts)]
        v4 = collapse_addresses([IPv4Network(ip) for ip in named if ":" not in ip])
        v6 = collapse_addresses([IPv6Network(ip) for ip in named if ":" in ip])
        come += [f"ip4:{str(network).removesuffix('/32')}" for network in v4]
        come += [f"ip6:{str(network).removesuffix('/128')}" for network in v6]
    for out in range(len(loose) + 1):
        for going in combinations(loose, out):
            for more in range(len(failing) + 1):
                for coming in combinations(come, more):
                    yield len(dropped) + out + more, draft_text(record, (*dropped, *going), coming, slot)


def _leads_to(case: Asked, term: str, *ips: str) -> bool:
    free = case._replace(limits=FREE)
    return any(_result(free, f"v=spf1 {term.lstrip('+-~?')}", ip) is Result.PASS for ip in ips or POINTS)


def _is_tidy(case: Asked, text: str) -> bool:
    """Whether every address is needed, no term is repeated, and each one matches something."""
    record = spfengine.parse(text)
    free = case._replace(limits=FREE)
    passing = _passing(free, text)
    for place, each in enumerate(record.directives):
        if each.mechanism == "all":
            continue
        if each in record.directives[:place] or not _leads_to(case, each.text):
            return False
        if each.mechanism in ("ip4", "ip6") and each.qualifier == "+":
            without = [one for one in record.directives if one is not each]
            shorter = "v=spf1 " + " ".join(one.text for one in without)
            if _passing(free, shorter) == passing:
                return False
    return True
