"""Whose an address is: by the providers' own records, and by reverse DNS, with evidence for each."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

import spfengine
from spfengine import Answer, Limits, Policy, Question, RRType, Status, Zone
from spfengine.addresses import parse_address
from spfengine.advice.identify import How, Identification, Match, Missing
from spfengine.advice.identify.identify import MAX_QUESTIONS, identifying
from spfengine.advice.identify.reverse_dns import MAX_NAMES
from spfengine.catalogue import Attested, Catalogue, Confidence
from spfengine.names import reverse_name
from tests.advice.providers import catalogue, provider
from tests.examples import examples
from tests.policy.comparing import addresses
from tests.properties import generate, strategies

IP = "23.83.218.24"
OF_A = "; names under a.example are those of A"
PTR = reverse_name(*parse_address(IP))
ARPA6 = reverse_name(*parse_address("2001:db8::5"))


def named(zone: dict[str, Any], *providers: Any, ip: str = IP) -> Identification:
    return spfengine.identify(ip, resolver=Zone(zone), catalogue=catalogue(*providers))


def summary(found: Identification) -> list[tuple[str, str, str]]:
    return [(match.name, str(match.how), str(match.confidence)) for match in found.matches]


LIST_ONLY = Attested(lists=1)

# What is in DNS, the catalogue, and what is said: (name, how, confidence), the best first.
TABLE: dict[str, tuple[dict[str, Any], list[Any], list[tuple[str, str, str]]]] = {
    "the provider's record passes it": (
        {"spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}},
        ["spf.a.example"],
        [("spf.a.example", "spf", "high")],
    ),
    "an entry that one list alone attests": (
        {"spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}},
        [provider("spf.a.example", attested=LIST_ONLY)],
        [("spf.a.example", "spf", "medium")],
    ),
    "softfail and neutral are no pass": (
        {"spf.a.example": {"TXT": "v=spf1 ~ip4:23.83.208.0/20 ?all"}},
        ["spf.a.example"],
        [],
    ),
    "a record further down passes it": (
        {
            "spf.a.example": {"TXT": "v=spf1 include:b.a.example -all"},
            "b.a.example": {"TXT": "v=spf1 a:out.a.example -all"},
            "out.a.example": {"A": IP},
        },
        ["spf.a.example"],
        [("spf.a.example", "spf", "high")],
    ),
    "whose record it is goes before who includes it": (
        {
            "spf.a.example": {"TXT": "v=spf1 include:spf.b.example -all"},
            "spf.b.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        },
        ["spf.a.example", "spf.b.example"],
        [("spf.b.example", "spf", "high"), ("spf.a.example", "spf", "high")],
    ),
    "the newer name goes before the one whose place it took": (
        {
            "old.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
            "new.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        },
        [provider("old.a.example", superseded_by="new.a.example"), "new.a.example"],
        [("new.a.example", "spf", "high"), ("old.a.example", "spf", "high")],
    ),
    "the better attested entry goes first": (
        {
            "spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
            "spf.b.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        },
        [provider("spf.a.example", attested=Attested(records=1)), "spf.b.example"],
        [("spf.b.example", "spf", "high"), ("spf.a.example", "spf", "high")],
    ),
    "of two, the narrower record goes first": (
        {
            "spf.a.example": {"TXT": "v=spf1 ip4:23.0.0.0/8 -all"},
            "spf.b.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        },
        ["spf.a.example", "spf.b.example"],
        [("spf.b.example", "spf", "high"), ("spf.a.example", "spf", "high")],
    ),
    "the record looks the address up": (
        {
            "spf.a.example": {"TXT": "v=spf1 exists:%{i}.ok.a.example -all"},
            "23.83.218.24.ok.a.example": {"A": "127.0.0.2"},
        },
        ["spf.a.example"],
        [("spf.a.example", "spf", "high")],
    ),
    "the record looks the address up, and it is not there": (
        {"spf.a.example": {"TXT": "v=spf1 exists:%{i}.ok.a.example -all"}},
        ["spf.a.example"],
        [],
    ),
    "an include whose name holds the address": (
        {
            "spf.a.example": {"TXT": "v=spf1 include:%{ir}.in.a.example -all"},
            "24.218.83.23.in.a.example": {"TXT": "v=spf1 +all"},
        },
        ["spf.a.example"],
        [("spf.a.example", "spf", "high")],
    ),
    "what depends on the sender may pass": (
        {"spf.a.example": {"TXT": "v=spf1 -ip4:128.0.0.0/1 -ip4:64.0.0.0/2 -ip4:32.0.0.0/3 -ip4:0.0.0.0/4 "
                                  "-ip4:24.0.0.0/5 exists:%{l}.ok.a.example -all"}},
        ["spf.a.example"],
        [("spf.a.example", "spf", "low")],
    ),
    "the name leads back, and is the provider's": (
        {PTR: {"PTR": "out.a.example"}, "out.a.example": {"A": IP}},
        [provider("spf.a.example", "A", reverse_dns=("a.example",))],
        [("A", "forward-confirmed-reverse-dns", "medium")],
    ),
    "the name leads back, to a domain that is known less well": (
        {PTR: {"PTR": "out.a.example"}, "out.a.example": {"A": IP}},
        [provider("spf.a.example", "A", reverse_dns_unverified=("a.example",))],
        [("A", "forward-confirmed-reverse-dns", "low")],
    ),
    "the name does not lead back": (
        {PTR: {"PTR": "out.a.example"}, "out.a.example": {"A": "192.0.2.1"}},
        [provider("spf.a.example", "A", reverse_dns=("a.example",))],
        [("A", "reverse-dns", "low")],
    ),
    "the name is another's that ends alike": (
        {PTR: {"PTR": "out.xa.example"}, "out.xa.example": {"A": IP}},
        [provider("spf.a.example", "A", reverse_dns=("a.example",))],
        [("out.xa.example", "forward-confirmed-reverse-dns", "medium")],
    ),
    "two entries have the suffix": (
        {PTR: {"PTR": "out.a.example"}, "out.a.example": {"A": IP}},
        [
            provider("spf.a.example", "A", reverse_dns=("a.example",)),
            provider("eu.a.example", "A in Europe", reverse_dns=("a.example",)),
        ],
        [("A", "forward-confirmed-reverse-dns", "low"), ("A in Europe", "forward-confirmed-reverse-dns", "low")],
    ),
    "two entries have the suffix, and SPF shows which it is": (
        {
            PTR: {"PTR": "out.a.example"},
            "out.a.example": {"A": IP},
            "eu.a.example": {"TXT": "v=spf1 ip4:23.83.218.24 -all"},
        },
        [
            provider("spf.a.example", "A", reverse_dns=("a.example",)),
            provider("eu.a.example", "A in Europe", reverse_dns=("a.example",)),
        ],
        [("A in Europe", "spf", "high"), ("A in Europe", "forward-confirmed-reverse-dns", "medium")],
    ),
    "a name that no entry knows": (
        {PTR: {"PTR": "mail.small.example"}, "mail.small.example": {"A": IP}},
        [],
        [("mail.small.example", "forward-confirmed-reverse-dns", "medium")],
    ),
    "a name that no entry knows, and nothing confirms": (
        {PTR: {"PTR": "mail.small.example"}},
        [],
        [("mail.small.example", "reverse-dns", "low")],
    ),
    "several names, by several ways": (
        {
            PTR: {"PTR": ["x.small.example", "out.a.example", "out2.a.example", "out3.a.example"]},
            "out.a.example": {"A": IP},
            "out2.a.example": {"A": IP},
        },
        [provider("spf.a.example", "A", reverse_dns=("a.example",))],
        [
            ("A", "forward-confirmed-reverse-dns", "medium"),
            ("A", "reverse-dns", "low"),
            ("x.small.example", "reverse-dns", "low"),
        ],
    ),
    "nothing at all": ({}, ["spf.a.example"], []),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_who_it_is(case: str) -> None:
    zone, providers, expected = TABLE[case]
    found = named(zone, *providers)
    assert summary(found) == expected
    assert found.best == (found.matches[0] if expected else None)
    assert not found.is_incomplete
    again = asyncio.run(spfengine.aidentify(IP, resolver=Zone(zone), catalogue=catalogue(*providers)))
    assert again == found


def test_ipv6_and_an_address_that_maps_to_ipv4() -> None:
    zone = {
        "spf.a.example": {"TXT": "v=spf1 ip6:2001:db8::/32 ip4:23.83.208.0/20 -all"},
        ARPA6: {"PTR": "six.a.example"},
        "six.a.example": {"AAAA": "2001:db8::5"},
    }
    found = named(zone, provider("spf.a.example", reverse_dns=("a.example",)), ip="2001:DB8::5")
    assert found.ip == "2001:db8::5"
    assert [str(match.how) for match in found.matches] == ["spf", "forward-confirmed-reverse-dns"]
    mapped = named(zone, "spf.a.example", ip=f"::ffff:{IP}")
    assert (mapped.ip, summary(mapped)) == (IP, [("spf.a.example", "spf", "high")])


def test_the_evidence_says_what_was_asked_and_seen() -> None:
    zone = {
        "spf.a.example": {"TXT": "v=spf1 include:spf.b.example -all"},
        "spf.b.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        PTR: {"PTR": ["out.a.example", "none.example"]},
        "out.a.example": {"A": IP},
    }
    a = provider("spf.a.example", "A", reverse_dns=("a.example",))
    b = provider("spf.b.example", "B", shared=True)
    found = named(zone, a, b)
    assert [match.evidence for match in found.matches] == [
        "the SPF record of spf.b.example passes this address, by ip4:23.83.208.0/20",
        "the SPF record of spf.a.example passes this address, by include:spf.b.example → ip4:23.83.208.0/20",
        f"its name in reverse DNS is out.a.example, and that name resolves to the address{OF_A}",
        "its name in reverse DNS is none.example, but that name does not resolve to the address",
    ]
    assert [match.through for match in found.matches] == [None, b, None, None]
    assert [match.shared for match in found.matches] == [True, False, False, False]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("v=spf1 +all", "passes too many IPv4 addresses to identify one"),
        ("v=spf1 ip4:0.0.0.0/0 -all", "passes too many IPv4 addresses"),
        ("v=spf1 ip4:16.0.0.0/4 ip4:192.0.2.1 -all", "passes too many IPv4 addresses"),
        ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "passes too many IPv4 addresses"),
        ("v=spf1 exists:%{l}.a.example -all", "passes too many IPv4 addresses"),
        ("v=spf1 exists:%{i}.any.a.example -all", "passes 192.0.2.1, from which nobody sends mail"),
        ("v=spf1 -all", "passes no address"),
        ("v=spf1 ~all", "passes no address"),
        ("v=spf1 ipv4:23.83.218.24 -all", "ipv4 is not a mechanism"),
        (None, "spf.a.example does not exist"),
        (["v=spf1 -all", "v=spf1 -all"], "SPF records"),
    ],
)  # fmt: skip
def test_records_that_prove_nothing_are_reported_and_name_nobody(record: Any, why: str) -> None:
    zone = {"*.any.a.example": {"A": "127.0.0.1"}}
    zone |= {} if record is None else {"spf.a.example": {"TXT": record}}
    found = named(zone, "spf.a.example")
    assert not found.matches
    assert any(why in missing.why for missing in found.unread), found.unread
    assert {missing.provider and missing.provider.include for missing in found.unread} == {"spf.a.example"}
    assert not any(missing.is_failure for missing in found.unread)


def test_a_record_too_wide_in_one_family_still_tells_of_the_other() -> None:
    zone = {"spf.a.example": {"TXT": "v=spf1 ip6:::/0 ip4:23.83.208.0/20 -all"}}
    found = spfengine.identify_many([IP, "2001:db8::5"], resolver=Zone(zone), catalogue=catalogue("spf.a.example"))
    assert summary(found[IP]) == [("spf.a.example", "spf", "high")]
    assert not found["2001:db8::5"].matches
    (missing,) = found[IP].unread
    assert "too many IPv6 addresses" in missing.why


@pytest.mark.parametrize(("ip", "sixteenth"), [("192.0.2.1", "ip4:192.0.0.0/4"), ("2001:db8::5", "ip6:2000::/4")])
def test_a_record_names_somebody_up_to_a_16th_of_all_addresses(ip: str, sixteenth: str) -> None:
    for more, matches in (("", 1), (" ip4:1.1.1.1 ip6:4000::1", 0)):
        found = named({"spf.a.example": {"TXT": f"v=spf1 {sixteenth}{more} -all"}}, "spf.a.example", ip=ip)
        assert len(found.matches) == matches


def test_addresses_that_may_pass_by_what_the_sender_is_count_like_those_that_pass() -> None:
    """The last term is reached from 192.0.0.0/4."""
    others = "-ip4:0.0.0.0/1 -ip4:128.0.0.0/2 -ip4:224.0.0.0/3 -ip4:208.0.0.0/4 -ip6:::/0"
    for more, unread in (("", []), ("ip4:1.1.1.1 ", ["a.example passes too many IPv4 addresses to identify one"])):
        found = named({"a.example": {"TXT": f"v=spf1 {more}{others} exists:%{{l}}.a.example -all"}}, "a.example")
        assert [missing.why.removeprefix("the SPF record of ") for missing in found.unread] == unread


@pytest.mark.parametrize(
    ("zone", "why"),
    [
        ({"spf.a.example": {"TXT": Status.SERVFAIL}}, "spf.a.example could not be looked up: its DNS server failed"),
        ({"spf.a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:b.example -all"},
          "b.example": {"TXT": Status.TIMEOUT}}, "b.example could not be looked up"),
        ({PTR: {"PTR": Status.REFUSED}},
         "DNS could not answer for the PTR records of 24.218.83.23.in-addr.arpa (REFUSED)"),
        ({PTR: {"PTR": "out.a.example"}, "out.a.example": {"A": Status.SERVFAIL}},
         "DNS could not answer for the A records of out.a.example (SERVFAIL)"),
        ({"spf.a.example": {"TXT": "v=spf1 exists:%{i}.ok.a.example -all"},
          f"{IP}.ok.a.example": {"A": Status.SERVFAIL}}, f"{IP}.ok.a.example could not be looked up"),
    ],
)  # fmt: skip
def test_what_dns_could_not_answer_is_reported_not_guessed(zone: dict[str, Any], why: str) -> None:
    found = named(zone, "spf.a.example")
    assert found.is_incomplete
    failures = [missing for missing in (*found.missing, *found.unread) if missing.is_failure]
    assert any(why in missing.why for missing in failures), failures
    assert not [match for match in found.matches if match.how is How.SPF]


def test_the_seed_story(repository: Path) -> None:
    """Issue: "23.83.218.24 and 23.83.209.25 are MailChannels (shared relay, addresses vary)"."""
    zone = Zone.from_file(str(repository / "examples" / "seed.zone"))
    found = spfengine.identify_many(["23.83.218.24", "23.83.209.25"], resolver=zone)
    assert list(found) == ["23.83.218.24", "23.83.209.25"]
    for each in found.values():
        best = each.best
        assert best is not None
        assert (best.name, best.how, best.confidence, best.shared) == ("MailChannels", "spf", "high", True)
        assert best.provider is not None
        assert best.provider.include == "relay.mailchannels.net"
        assert "addresses that change" in (best.provider.note or "")
        assert not any(missing.is_failure for missing in each.unread)
        assert sum(missing.is_outside for missing in each.unread) == 120
    old = spfengine.identify("150.95.55.137", resolver=zone)
    assert summary(old) == [("jp58.mixhost.jp", "forward-confirmed-reverse-dns", "medium")]


def test_each_address_once_in_their_order() -> None:
    ips = ["192.0.2.2", IP, "192.0.2.2", "::ffff:192.0.2.2"]
    found = spfengine.identify_many(ips, resolver=Zone({}), catalogue=catalogue())
    assert list(found) == ["192.0.2.2", IP]
    assert spfengine.identify_many([], resolver=Zone({}), catalogue=catalogue()) == {}


@pytest.mark.parametrize("ip", ["", "192.0.2.300", "fe80::1%eth0", None, 5])
def test_what_is_no_address_raises(ip: object) -> None:
    with pytest.raises(spfengine.AddressError):
        spfengine.identify(ip, resolver=Zone({}))  # type: ignore[arg-type]  # the mistake


def test_a_resolver_that_is_none_raises() -> None:
    with pytest.raises(spfengine.ResolverError):
        spfengine.identify(IP, resolver="8.8.8.8")  # type: ignore[arg-type]  # the mistake


class Counting:
    """Answers from a zone, and keeps what was asked."""

    def __init__(self, zone: dict[str, Any]) -> None:
        self.zone = Zone(zone)
        self.asked: list[Question] = []

    def resolve(self, question: Question, /) -> Answer:
        self.asked.append(question)
        return self.zone.resolve(question)


class AsyncCounting(Counting):
    """The asyncio form, too; knows how many questions were open at once."""

    open = 0
    most = 0

    async def aresolve(self, question: Question, /) -> Answer:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return self.resolve(question)


def test_every_providers_record_is_asked_for_once_whatever_the_number_of_addresses() -> None:
    zone = {f"spf{i}.example": {"TXT": f"v=spf1 ip4:198.51.{i}.0/24 -all"} for i in range(20)}
    resolver = Counting(zone)
    ips = [f"198.51.{i % 20}.{i // 20}" for i in range(100)]
    found = spfengine.identify_many(ips, resolver=resolver, catalogue=catalogue(*zone))
    assert all(each.matches for each in found.values())
    assert [question.type for question in resolver.asked].count(RRType.TXT) == 20
    assert len(resolver.asked) == 20 + 100


def test_asyncio_asks_about_several_at_once_and_finds_the_same() -> None:
    zone = {f"spf{i}.example": {"TXT": f"v=spf1 ip4:198.51.{i}.0/24 -all"} for i in range(40)}
    resolver = AsyncCounting(zone)
    ips = [f"198.51.{i}.1" for i in range(40)]
    found = asyncio.run(spfengine.aidentify_many(ips, resolver=resolver, catalogue=catalogue(*zone)))
    assert found == spfengine.identify_many(ips, resolver=Zone(zone), catalogue=catalogue(*zone))
    assert 2 <= resolver.most <= 16
    assert len(resolver.asked) == 40 + 40


def test_asyncio_with_a_resolver_that_has_no_such_form() -> None:
    zone = {"spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}}
    resolver = Counting(zone)
    found = asyncio.run(spfengine.aidentify(IP, resolver=resolver, catalogue=catalogue("spf.a.example")))
    assert summary(found) == [("spf.a.example", "spf", "high")]
    assert len(resolver.asked) == 2


def test_what_a_resolver_raises_is_passed_on() -> None:
    class Raising:
        def resolve(self, question: Question, /) -> Answer:
            raise KeyError(question.name)

        async def aresolve(self, question: Question, /) -> Answer:
            raise KeyError(question.name)

    for _ in range(2):
        with pytest.raises(KeyError):
            spfengine.identify(IP, resolver=Raising())
        with pytest.raises(KeyError):
            asyncio.run(spfengine.aidentify(IP, resolver=Raising()))


def test_without_a_resolver_it_is_live_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone({"spf.a.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}})
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: zone)
    found = spfengine.identify(IP, catalogue=catalogue("spf.a.example"))
    assert summary(found) == [("spf.a.example", "spf", "high")]
    assert asyncio.run(spfengine.aidentify(IP, catalogue=catalogue("spf.a.example"))) == found


def test_live_dns_is_asked_by_several_threads(repository: Path) -> None:
    """Over the wire, from a server of our own: the same as from its zone."""
    from spfengine.testing import FakeDNS

    file = Zone.from_file(str(repository / "examples" / "seed.zone"))
    zone = Zone.from_rrsets(file.names, file.rrsets)  # the whole of DNS, as the server answers
    ips = ["23.83.218.24", "150.95.55.137"]
    few = Catalogue(Catalogue.load().providers[:12])
    with FakeDNS(zone) as dns:
        resolver = spfengine.LiveResolver([dns.nameserver])
        assert spfengine.identify_many(ips, resolver=resolver, catalogue=few) == spfengine.identify_many(
            ips, resolver=zone, catalogue=few
        )


HOSTILE_NAMES = [
    ["\x1b[2J\x1b[31m.example", "a\r\nb.example", "caf\xe9.example"],
    ["x" * 64 + ".example"],
    ["." * 20],
    ["a..b"],
    [""],
    ["x." * 126 + "y"],
    [PTR],
    ["localhost"],
]


@pytest.mark.parametrize("names", HOSTILE_NAMES, ids=lambda names: ascii(names)[:30])
def test_hostile_names_in_reverse_dns(names: list[str]) -> None:
    class Hostile:
        def resolve(self, question: Question, /) -> Answer:
            return Answer.ptr(*names) if question.type is RRType.PTR else Answer.nxdomain()

    found = spfengine.identify(IP, resolver=Hostile(), catalogue=catalogue("spf.a.example"))
    for match in found.matches:
        assert match.how is How.REVERSE_DNS
        assert (match.name + match.evidence).isprintable()
        assert (match.name + match.evidence).isascii()
    assert all(missing.why.isprintable() for missing in found.missing)


def test_ten_thousand_ptr_records_cost_ten_questions() -> None:
    zone = {PTR: {"PTR": [f"h{i}.a.example" for i in range(10_000)]}}
    resolver = Counting(zone)
    found = spfengine.identify(IP, resolver=resolver, catalogue=catalogue())
    assert len(resolver.asked) == 1 + MAX_NAMES
    assert any("has 10000 PTR records; only the first 10 were examined" in each.why for each in found.missing)
    assert len(found.matches) == 1
    assert "(and 9 more such names)" in found.matches[0].evidence
    assert not found.is_incomplete


def test_names_that_lead_in_circles_end() -> None:
    zone = {PTR: {"CNAME": "loop.example"}, "loop.example": {"CNAME": PTR}}
    found = named(zone)
    assert not found.matches
    assert found.is_incomplete


@pytest.mark.full
def test_the_questions_about_one_address_are_bounded() -> None:
    includes = [f"spf{i}.example" for i in range(40)]
    zone: dict[str, Any] = {
        name: {"TXT": "v=spf1 " + " ".join(f"exists:%{{i}}.{j}.{name}" for j in range(8)) + " -all"}
        for name in includes
    }
    zone |= {f"{IP}.{j}.{name}": {"TXT": "here"} for name in includes for j in range(8)}
    resolver = Counting(zone)
    limits = Limits(voids=10)
    found = spfengine.identify(IP, resolver=resolver, catalogue=catalogue(*includes), limits=limits)
    about = [question for question in resolver.asked if question.name.startswith(IP)]
    assert MAX_QUESTIONS <= len(about) < MAX_QUESTIONS + 10
    assert any(
        f"was not checked: this address already took {MAX_QUESTIONS} questions" in each.why for each in found.missing
    )


def test_limits_hold_for_the_providers_records() -> None:
    zone = {"spf.a.example": {"TXT": f"v=spf1 a:out.a.example ip4:{IP} -all"}, "out.a.example": {"A": "192.0.2.9"}}
    none = spfengine.identify(IP, resolver=Zone(zone), catalogue=catalogue("spf.a.example"), limits=Limits(lookups=0))
    assert not none.matches
    assert "more than 0 terms that ask DNS" in none.unread[0].why


def test_to_dict_has_all_of_it() -> None:
    zone = {
        "spf.a.example": {"TXT": "v=spf1 include:spf.b.example -all"},
        "spf.b.example": {"TXT": "v=spf1 ip4:23.83.208.0/20 -all"},
        PTR: {"PTR": Status.SERVFAIL},
    }
    a, b = provider("spf.a.example", "A"), provider("spf.b.example", "B", shared=True)
    found = named(zone, a, b, provider("spf.c.example", "C"))
    document = found.to_dict()
    assert document == {
        "ip": IP,
        "matches": [match.to_dict() for match in found.matches],
        "missing": [
            {
                "include": None,
                "why": f"DNS could not answer for the PTR records of {PTR} (SERVFAIL)",
                "is_failure": True,
                "is_outside": False,
            }
        ],
        "is_incomplete": True,
    }
    assert found.matches[1].to_dict() == {
        "name": "A",
        "how": "spf",
        "confidence": "high",
        "evidence": found.matches[1].evidence,
        "shared": False,
        "provider": a.to_dict(),
        "through": "spf.b.example",
    }
    assert found.unread[0].to_dict() == {
        "include": "spf.c.example",
        "why": "spf.c.example does not exist",
        "is_failure": False,
        "is_outside": False,
    }


@pytest.mark.full
@settings(max_examples=examples(100))
@given(strategies.zones, strategies.limits, strategies.chance)
def test_spf_names_a_provider_iff_its_record_passes(zone: Zone, limits: Limits, chance: Random) -> None:
    """Issue: "for each catalogue entry, does the provider's own SPF pass this address"."""
    providers = catalogue(*generate.DOMAINS).providers
    policies = {each: Policy.compile(each.include, resolver=zone, limits=limits) for each in providers}
    ips = list(addresses(policies.values(), chance, 2))
    ips = chance.sample(ips, min(len(ips), 12))
    found = spfengine.identify_many(ips, resolver=zone, catalogue=Catalogue(providers), limits=limits)
    for ip, one in zip(ips, found.values(), strict=True):
        by_spf = {match.provider: match for match in one.matches if match.how is How.SPF}
        unread = {missing.provider for missing in one.unread}
        untold = {missing.provider for missing in one.missing}
        for each in providers:
            result = spfengine.check(ip, f"@{each.include}", resolver=zone, limits=limits).result
            match = by_spf.get(each)
            if match is not None and match.confidence is not Confidence.LOW:
                assert result == "pass", (ip, each.include)
            if each not in unread:
                assert match is not None or result != "pass", (ip, each.include)
                assert each in untold or policies[each].check(ip).result != "temperror", (ip, each.include)


def test_values_are_values() -> None:
    match = Match(None, "a", How.RDAP, Confidence.LOW, "b")
    assert match == Match(None, "a", How.RDAP, Confidence.LOW, "b")
    assert hash(Identification(IP, (match,))) == hash(Identification(IP, (match,)))
    assert Identification(IP).best is None
    assert Identification(IP, missing=(Missing(None, "x", True),)).is_incomplete


def test_the_steps_ask_nothing_without_an_address_but_the_records() -> None:
    steps = identifying([], catalogue("spf.a.example"))
    question = next(steps)
    assert question == Question("spf.a.example", RRType.TXT)
