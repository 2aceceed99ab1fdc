"""What `suggest` proposes, case by case: the record, and the reason for each part of it."""

import asyncio
import pickle
from typing import Any, ClassVar

import pytest

import spfengine
from spfengine import ArgumentError, Limits, Result, Sender, Status, Zone
from spfengine.advice.suggest import Advice, CaveatCode, Limit, Rejected, SenderStanding, Shortfall, Suggestion
from spfengine.catalogue import Catalogue
from spfengine.senders import FORWARDING

CATALOGUE = Catalogue.from_text("""
[[provider]]
name = "Relay"
include = "_spf.relay.example"
kind = "relay"
shared = true
reverse_dns = ["relay.example"]
lockdown = "Relay offers a lockdown."
attested = { own = "a test" }
[[provider]]
name = "News"
include = "news.example"
kind = "esp"
apex_include_useful = false
superseded_by = "new.news.example"
customer_include = "ACCOUNT.news.example"
attested = { own = "a test" }
[[provider]]
name = "Costly"
include = "costly.example"
kind = "saas"
attested = { own = "a test" }
[[provider]]
name = "Absent"
include = "absent.example"
kind = "saas"
reverse_dns = ["absent.example"]
attested = { own = "a test" }
""")
OTHERS: dict[str, Any] = {
    "_spf.relay.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"},
    "news.example": {"TXT": "v=spf1 ip4:203.0.113.0/25 -all"},
    "costly.example": {"TXT": "v=spf1 include:_1.costly.example include:_2.costly.example -all"},
    "_1.costly.example": {"TXT": "v=spf1 ip4:198.51.100.64/26 -all"},
    "_2.costly.example": {"TXT": "v=spf1 ip4:192.0.2.200 -all"},
    "7.2.0.192.in-addr.arpa": {"PTR": ["host7.absent.example"]},
    "host7.absent.example": {"A": ["192.0.2.7"]},
    "8.2.0.192.in-addr.arpa": {"PTR": ["mail.d.example"]},
    "mail.d.example": {"A": ["192.0.2.8"]},
    "d.example": {"A": ["192.0.2.1"], "MX": [(10, "mx.d.example")]},
    "mx.d.example": {"A": ["192.0.2.2"]},
    "helo.d.example": {"A": ["192.0.2.3"]},
    "dead.example": {"*": Status.SERVFAIL},
    "other.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
    "198.51.100.9.blocked.example": {"A": ["127.0.0.2"]},
}


def suggestion(record: Any, *ips: str | Sender, **options: Any) -> Suggestion:
    zone = Zone({**OTHERS, "d.example": {**OTHERS["d.example"], **({} if record is None else {"TXT": record})}})
    senders = [ip if isinstance(ip, Sender) else Sender(ip, "u@d.example") for ip in ips]
    return spfengine.suggest("d.example", senders, resolver=zone, catalogue=CATALOGUE, **options)


def codes(found: Suggestion) -> set[CaveatCode]:
    return {each.code for each in found.caveats}


@pytest.mark.parametrize(
    ("record", "ips", "options", "expected"),
    [
        # The include of the service rather than an address.
        ("v=spf1 a -all", ["198.51.100.9"], {}, "v=spf1 a include:_spf.relay.example -all"),
        ("v=spf1 a -all", ["198.51.100.9", "203.0.113.9"], {},
         "v=spf1 a include:_spf.relay.example include:news.example -all"),
        # Of two services of one address the one that costs fewer lookups.
        ("v=spf1 -all", ["198.51.100.70"], {}, "v=spf1 include:_spf.relay.example -all"),
        # The fewest terms: one service serves both.
        ("v=spf1 -all", ["198.51.100.70", "192.0.2.200"], {}, "v=spf1 include:costly.example -all"),
        # Names of the domain's own that resolve to the address: a, mx, by reverse DNS, by HELO, as requested.
        ("v=spf1 -all", ["192.0.2.1"], {}, "v=spf1 a -all"),
        ("v=spf1 -all", ["192.0.2.2"], {}, "v=spf1 mx -all"),
        ("v=spf1 -all", ["192.0.2.8"], {}, "v=spf1 a:mail.d.example -all"),
        ("v=spf1 -all", [Sender("192.0.2.3", "@d.example", "helo.d.example")], {}, "v=spf1 a:helo.d.example -all"),
        ("v=spf1 -all", ["192.0.2.3"], {"hosts": ["helo.d.example"]}, "v=spf1 a:helo.d.example -all"),
        # Addresses that nobody can name: only when they are wanted, neighbours as one network.
        ("v=spf1 -all", ["192.0.2.50"], {}, "v=spf1 -all"),
        ("v=spf1 -all", ["192.0.2.50"], {"want": ["192.0.2.50"]}, "v=spf1 ip4:192.0.2.50 -all"),
        ("v=spf1 -all", ["192.0.2.50", "192.0.2.51"], {"want": ["192.0.2.0/24"]}, "v=spf1 ip4:192.0.2.50/31 -all"),
        ("v=spf1 -all", ["192.0.2.50"], {"want": ["192.0.2.7/24"]}, "v=spf1 ip4:192.0.2.50 -all"),
        ("v=spf1 -all", ["2001:db8::1", "192.0.2.60"], {"allow_unnamed": True},
         "v=spf1 ip4:192.0.2.60 ip6:2001:db8::1 -all"),
        ("v=spf1 -all", [], {"want": ["192.0.2.50"]}, "v=spf1 ip4:192.0.2.50 -all"),
        ("v=spf1 a -all", ["198.51.100.9"], {"ignore": ["198.51.100.0/24"]}, "v=spf1 a -all"),
        # Terms without effect go: stale, repeated, matching nothing, after all.
        ("v=spf1 ip4:192.0.2.1 a -all", [], {}, "v=spf1 a -all"),
        ("v=spf1 a ip4:192.0.2.1 ip4:192.0.2.2 -all", [], {}, "v=spf1 a ip4:192.0.2.2 -all"),
        ("v=spf1 a a:gone.example A -all", [], {}, "v=spf1 a -all"),
        ("v=spf1 a -all mx -all", [], {}, "v=spf1 a -all"),
        ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip4:192.0.2.0/24 -all", [], {},
         "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all"),
        ("v=spf1 ip4:198.51.100.9 -all", ["198.51.100.10"], {}, "v=spf1 include:_spf.relay.example -all"),
        ("v=spf1 include:none.example a -all", [], {}, "v=spf1 a -all"),
        # But not for somebody else's record, nor where another qualifier comes between.
        ("v=spf1 ip4:192.0.2.77 include:other.example -all", [], {},
         "v=spf1 ip4:192.0.2.77 include:other.example -all"),
        ("v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 a -all", [], {}, "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 a -all"),
        ("v=spf1 ip4:192.0.2.1 exists:%{i}.x.example a -all", [], {},
         "v=spf1 ip4:192.0.2.1 exists:%{i}.x.example a -all"),
        # What is requested.
        ("v=spf1 ip4:192.0.2.1 a -all", [], {"keep": ["ip4:192.0.2.1"]}, "v=spf1 ip4:192.0.2.1 a -all"),
        ("v=spf1 ip4:192.0.2.1 a a -all", [], {"keep_all": True}, "v=spf1 ip4:192.0.2.1 a a -all"),
        ("v=spf1 +ip4:192.0.2.9 a -all", [], {"drop": ["ip4:192.0.2.9"]}, "v=spf1 a -all"),
        ("v=spf1 a -all", ["198.51.100.9"], {"drop": ["-all"]}, "v=spf1 a include:_spf.relay.example"),
        ("v=spf1 a -all", ["198.51.100.9"], {"add": ["ip4:198.51.100.9"]}, "v=spf1 a ip4:198.51.100.9 -all"),
        # What a term of the record will match, once it is evaluated, needs no new term.
        ("v=spf1 a:gone1.example a:gone2.example a:gone3.example ip4:198.51.100.0/25 -all", ["198.51.100.9"], {},
         "v=spf1 ip4:198.51.100.0/25 -all"),
        # The position of new terms.
        ("v=spf1 redirect=other.example", ["198.51.100.9"], {},
         "v=spf1 include:_spf.relay.example redirect=other.example"),
        ("v=spf1 a exp=e.d.example", ["198.51.100.9"], {}, "v=spf1 a exp=e.d.example include:_spf.relay.example"),
        ("v=spf1", ["198.51.100.9"], {}, "v=spf1 include:_spf.relay.example"),
        ("v=spf1 a ?include:_spf.relay.example ~all", ["198.51.100.9"], {},
         "v=spf1 a include:_spf.relay.example ?include:_spf.relay.example ~all"),
        ("v=spf1 -ip4:198.51.100.9 a ~all", ["198.51.100.9"], {"want": ["198.51.100.9"]},
         "v=spf1 include:_spf.relay.example -ip4:198.51.100.9 a ~all"),
        # What is published is not a record that counts.
        (None, ["198.51.100.9"], {}, "v=spf1 include:_spf.relay.example ~all"),
        ("v=spf1 ipv4:192.0.2.9 -all", ["198.51.100.9"], {}, "v=spf1 ip4:192.0.2.9 include:_spf.relay.example -all"),
        (["v=spf1 a -all", "v=spf1 mx -all"], ["198.51.100.9"], {}, "v=spf1 a mx include:_spf.relay.example -all"),
        (" v=spf1 a -all", [], {}, "v=spf1 a -all"),
    ],
)  # fmt: skip
def test_the_record_to_have(record: Any, ips: list[str], options: dict[str, Any], expected: str) -> None:
    found = suggestion(record, *ips, **options)
    assert found.record == expected
    assert found.is_smallest
    assert found.advice is (Advice.KEEP if record == expected else Advice.CHANGE)
    assert not found.shortfalls
    assert all(each.why for each in found.terms)


def test_one_of_two_equal_addresses_stays() -> None:
    found = suggestion("v=spf1 ip4:192.0.2.77 ip4:192.0.2.77/32 -all")
    assert found.record in ("v=spf1 ip4:192.0.2.77 -all", "v=spf1 ip4:192.0.2.77/32 -all")


def test_each_term_has_its_reason() -> None:
    found = suggestion("v=spf1 a ip4:192.0.2.1 ip4:192.0.2.8 mx mx a:gone.example ~all", "198.51.100.9", "192.0.2.2")
    assert [(each.sign, each.term, each.why) for each in found.terms] == [
        ("=", "a", "matches 192.0.2.1; no message matched it"),
        ("-", "ip4:192.0.2.1", "stale: a matches 192.0.2.1 too, so nothing stops passing; no message matched it"),
        ("=", "ip4:192.0.2.8", "nothing else matches it; no message matched it"),
        ("=", "mx", "matches 192.0.2.2; 1 message matched it"),
        ("-", "mx", "in the record twice"),
        ("-", "a:gone.example", "matches no client: the name has no address"),
        ("+", "include:_spf.relay.example", "lets 198.51.100.9 pass: Relay, a shared relay whose addresses vary"),
        ("=", "~all", "softfail for everybody else; now it decides 1 message, from 198.51.100.9"),
    ]  # fmt: skip
    assert [each.names for each in found.terms if each.term == "ip4:192.0.2.8"] == [("mail.d.example",)]
    assert found.alternative is not None
    assert found.alternative.drop == ("ip4:192.0.2.8",)
    assert found.alternative.record == "v=spf1 a mx include:_spf.relay.example ~all"


@pytest.mark.parametrize(
    ("included", "reason"),
    [
        ("v=spf1 include:x.e.example -all", "the TXT records of x.e.example are not in the files given"),
        ("v=spf1 ip6:::/0 include:x.e.example -all", "the TXT records of x.e.example are not in the files given"),
        ("v=spf1 ip6:::/0 mx -all", "i.d.example has 11 MX records, and mx may lead to no more than 10"),
    ],
)
def test_a_term_whose_addresses_are_not_known_stays_with_the_reason(included: str, reason: str) -> None:
    hosts = [(10, f"mx{number}.d.example") for number in range(11)]
    records: dict[str, Any] = {
        "d.example": {"TXT": "v=spf1 include:i.d.example -all"},
        "i.d.example": {"TXT": included, "MX": hosts},
    }
    found = spfengine.suggest("d.example", resolver=Zone(records, apexes=["d.example"]), catalogue=CATALOGUE)
    assert (found.terms[0].sign, found.terms[0].term) == ("=", "include:i.d.example")
    assert found.terms[0].why == f"what it matches is not known: {reason}"


@pytest.mark.parametrize(
    ("record", "ip", "options", "standing", "message"),
    [
        ("v=spf1 a -all", "192.0.2.1", {}, "passing", None),
        ("v=spf1 a -all", "198.51.100.9", {}, "served", None),
        ("v=spf1 a -all", "192.0.2.50", {}, "unnamed", "it could not be identified"),
        ("v=spf1 -ip4:198.51.100.9 a ~all", "198.51.100.9", {}, "refused", "on purpose, by -ip4:198.51.100.9"),
        ("v=spf1 -exists:%{i}.blocked.example ~all", "198.51.100.9", {}, "refused", "by -exists:%{i}.blocked.example"),
        ("v=spf1 a -all", "192.0.2.7", {}, "unserved", "has no record that lets it pass"),
        ("v=spf1 a -all", "192.0.2.1", {"drop": ["a"]}, "stopped", None),
        ("v=spf1 a -all", "192.0.2.50", {"ignore": ["192.0.2.50"]}, "ignored", None),
        ("v=spf1 a include:dead.example -all", "192.0.2.50", {}, "unknown", None),
        ("v=spf1 a -all", "198.51.100.9", {"add": ["mx"]}, "unserved", "none of the terms to add matches it"),
        (
            "v=spf1 -ip4:198.51.100.9 a ~all",
            "198.51.100.9",
            {"add": ["mx"], "want": ["198.51.100.9"]},
            "unserved",
            "none of the terms to add matches it",
        ),
    ],
)
def test_what_is_done_for_a_sender(
    record: str, ip: str, options: dict[str, Any], standing: str, message: str | None
) -> None:
    (each,) = suggestion(record, ip, **options).senders
    assert each.standing == standing
    assert (message or "") in (each.why or "")
    assert (each.why is None) == (message is None)


def test_a_sender_whose_check_ends_before_its_term_is_not_said_to_have_none() -> None:
    zone = Zone({
        "d.example": {"TXT": "v=spf1 include:vendor.example include:amazonses.com ~all"},
        "vendor.example": {"TXT": "v=spf1 ip4:203.0.113.0/24 include:gone.vendor.example -all"},
        "amazonses.com": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"},
    })  # fmt: skip
    [advice] = spfengine.suggest("d.example", [Sender("198.51.100.9", "@d.example")], resolver=zone).senders
    assert advice.after == "permerror"
    assert advice.why is not None
    assert advice.why.startswith("its check ends before a term lets it pass: include:gone.vendor.example leads to no")


def test_a_sender_of_another_domain_is_not_its_business() -> None:
    found = suggestion("v=spf1 a -all", Sender("198.51.100.9", "bounce@news.example", reported="fail"))
    assert found.record == "v=spf1 a -all"
    [advice] = found.senders
    assert (advice.standing, advice.before, advice.differs) == (SenderStanding.ELSEWHERE, None, False)
    assert CaveatCode.REPORT_DIFFERS not in codes(found)
    assert not found.unserved


def test_why_something_else_was_not_proposed() -> None:
    found = suggestion("v=spf1 -all", "198.51.100.70", "192.0.2.7")
    assert {each.term: each.why for each in found.rejected} == {
        "ip4:198.51.100.70": "an address of Relay, whose addresses vary: the next message may not pass",
        "include:costly.example": "it lets a sender pass too, but costs 2 more lookups",
        "include:absent.example": "192.0.2.7 is Absent by its reverse DNS, but absent.example has no SPF record that "
        "lets any client pass",
    }


def test_what_has_to_be_known() -> None:
    found = suggestion(
        "v=spf1 a -all", Sender("198.51.100.9", "@d.example", reported="pass"), "203.0.113.1", "192.0.2.50"
    )
    assert codes(found) == {
        CaveatCode.SHARED_SERVICE, CaveatCode.LOCKDOWN, CaveatCode.YOURS, CaveatCode.RETURN_PATH, CaveatCode.SUPERSEDED,
        CaveatCode.CUSTOMER_INCLUDE, CaveatCode.UNNAMED, CaveatCode.REPORT_DIFFERS,
    }  # fmt: skip
    texts = [each.text for each in found.caveats]
    assert "Relay offers a lockdown." in texts
    assert any("mail of its other customers passes for your domain too, from any of its 256" in t for t in texts)
    assert codes(suggestion("v=spf1 -all", "192.0.2.50", want=["192.0.2.50"])) == {CaveatCode.UNNAMED_ADDED}
    assert CaveatCode.STOPS in codes(suggestion("v=spf1 a -all", "192.0.2.1", drop=["a"]))
    assert CaveatCode.REDIRECT in codes(suggestion("v=spf1 redirect=other.example", "198.51.100.9"))
    assert CaveatCode.FIRST_RECORD in codes(suggestion(None, "198.51.100.9"))
    assert CaveatCode.MENDED in codes(suggestion("v=spf1 ipv4:192.0.2.9 -all"))
    assert CaveatCode.BEFORE_REFUSAL in codes(suggestion("v=spf1 ?ip4:198.51.100.9 ~all", "198.51.100.9"))
    assert CaveatCode.UNUSED in codes(suggestion("v=spf1 ip4:192.0.2.9 a -all", "192.0.2.1"))
    assert CaveatCode.UNUSED not in codes(suggestion("v=spf1 ip4:192.0.2.9 a -all"))  # nothing was given to be used
    assert CaveatCode.LARGE in codes(suggestion(["v=spf1 a -all", "x" * 500]))
    unknown = Sender("198.51.100.9", "@d.example")
    assert CaveatCode.RESTS_ON_MORE in codes(suggestion("v=spf1 exists:%{l}.d.example -all", unknown))


def test_an_address_that_could_not_be_identified_has_a_command_for_each_answer() -> None:
    def unnamed(*ips: str) -> list[str]:
        return [each.text for each in suggestion("v=spf1 a -all", *ips).caveats if each.code is CaveatCode.UNNAMED]

    [one] = unnamed("192.0.2.50")
    assert one.startswith("192.0.2.50 could not be identified")
    assert one.endswith(
        "it may be a forwarder, a forger, or a server of yours. It is left out: if it is yours, use "
        "--want 192.0.2.50; if not, --ignore 192.0.2.50"
    )
    [two] = unnamed("192.0.2.50", "192.0.2.60")
    assert "each may be a forwarder, a forger, or a server of yours. They are left out: for one that is yours" in two


@pytest.mark.parametrize(
    ("hosts", "reason"),
    [
        (["192.0.2.20", "192.0.2.40", "192.0.2.60"], "matches 192.0.2.20, 192.0.2.40 and 192.0.2.60"),
        (["192.0.2.20", "192.0.2.40", "192.0.2.60", "192.0.2.80"], "matches 4 addresses"),
    ],
)
def test_few_addresses_are_named_and_many_are_counted(hosts: list[str], reason: str) -> None:
    found = spfengine.suggest("d.example", resolver=Zone({"d.example": {"TXT": "v=spf1 a -all", "A": hosts}}))
    assert found.terms[0].why == reason


def test_an_address_of_a_service_is_warned_of_and_still_simulated() -> None:
    found = suggestion("v=spf1 a -all", "198.51.100.9", add=["ip4:198.51.100.10"])
    assert found.record == "v=spf1 a ip4:198.51.100.10 -all"
    (warning,) = [each.text for each in found.caveats if each.code is CaveatCode.VARYING_ADDRESS]
    assert "a relay whose addresses vary" in warning
    assert "Use include:_spf.relay.example instead of ip4:198.51.100.10" in warning
    assert [each.after for each in found.unserved] == [Result.FAIL]
    why = "it would let 198.51.100.9 pass, but is not one of the terms to add"
    assert Rejected("include:_spf.relay.example", why) in found.rejected
    found = suggestion("v=spf1 a -all", add=["ip4:192.0.2.50"])
    assert codes(found) == {CaveatCode.UNNAMED_ADDED}


def test_names_go_only_where_the_limits_ask_for_it() -> None:
    record = "v=spf1 a a:mail.d.example include:other.example -all"
    assert suggestion(record).record == record
    found = suggestion(record, limits=Limits(lookups=2))
    assert found.record == "v=spf1 a include:other.example -all"
    fewest = suggestion(record, limits=Limits(lookups=1))
    assert (fewest.record, fewest.is_smallest) == ("v=spf1 include:other.example -all", True)
    assert [each.why for each in found.terms if each.sign == "-"] == [
        "removed to stay within the limits: include:other.example matches 192.0.2.8 too"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "ips", "options", "shortfall"),
    [
        ("v=spf1 include:news.example mx -all", ["198.51.100.9"], {"limits": Limits(lookups=2)},
         (Limit.LOOKUPS, 3, 2)),
        ("v=spf1 a mx -all", ["198.51.100.9"], {"limits": Limits(voids=1)}, (Limit.VOID_LOOKUPS, 2, 1)),
        ("v=spf1 a -all", ["198.51.100.9"], {"max_size": 90}, (Limit.SIZE, 91, 90)),
        ("v=spf1 exists:%{i}.x.example -exists:%{l}.y.example -all", ["198.51.100.9"], {"limits": Limits(voids=1)},
         (Limit.VOID_LOOKUPS, 2, 1)),
    ],
)  # fmt: skip
def test_when_no_record_fits_the_limit_is_said_and_by_how_much(
    record: str, ips: list[str], options: dict[str, Any], shortfall: tuple[Limit, int, int]
) -> None:
    found = suggestion(record, *ips, **options)
    assert (found.advice, found.record) == (Advice.NONE_FITS, None)
    assert Shortfall(*shortfall) in found.shortfalls
    assert found.closest is not None
    assert found.simulation is not None
    assert found.is_over_limit is (shortfall[0] is not Limit.SIZE)
    assert found.forms() == {}


def test_the_former_name_of_max_size_works_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="max_answer is now max_size"):
        found = suggestion("v=spf1 a -all", "198.51.100.9", max_answer=90)
    assert found == suggestion("v=spf1 a -all", "198.51.100.9", max_size=90)
    assert found.max_size == 90


@pytest.mark.parametrize(
    ("published", "meant"),
    [
        ([("v=spf1 include:news.example", "include:other.example -all")],
         "v=spf1 include:news.example include:other.example -all"),
        ([("v=spf1 a mx", "include:news.example ~all")], "v=spf1 a mx include:news.example ~all"),
        ([("v=spf1 ip4:198.51.100.7", "ip4:203.0.113.7 -all")], "v=spf1 ip4:198.51.100.7 ip4:203.0.113.7 -all"),
        (["v=spf1 include:news.example,other.example -all"], "v=spf1 include:news.example include:other.example -all"),
        (["v=spf1 include:news.example", "include:other.example -all"],
         "v=spf1 include:news.example include:other.example -all"),
        (["v=spf1 include:https://news.example -all"], "v=spf1 include:news.example -all"),
        (["v=spf1 a ~all", "v=spf1 mx -all"], "v=spf1 a mx ~all"),
    ],
)  # fmt: skip
def test_a_record_that_was_broken_on_the_way_keeps_every_term(published: list[Any], meant: str) -> None:
    found = suggestion(published, "8.8.8.8")
    assert found.record == meant
    assert CaveatCode.MENDED in codes(found)


def test_which_of_two_policies_a_merged_record_has_is_said() -> None:
    [caveat] = [each for each in suggestion(["v=spf1 a ~all", "v=spf1 mx -all"], "8.8.8.8").caveats
                if each.code is CaveatCode.MENDED]  # fmt: skip
    assert "they end in ~all and -all: it has ~all, which refuses least" in caveat.text


@pytest.mark.parametrize("ip", ["192.168.1.5", "127.0.0.1", "100.64.0.9", "fe80::1", "fd00::5"])
@pytest.mark.parametrize("options", [{}, {"want": True}, {"allow_unnamed": True}, {"hosts": ["intern.d.example"]}])
def test_no_term_is_proposed_for_an_address_that_no_client_on_the_internet_has(
    ip: str, options: dict[str, Any]
) -> None:
    zone = Zone({
        "d.example": {"A": ["192.0.2.1"], "TXT": "v=spf1 a -all"},
        "intern.d.example": {"AAAA" if ":" in ip else "A": [ip]},
    })  # fmt: skip
    options = {**options, "want": [ip]} if "want" in options else options
    found = spfengine.suggest("d.example", [Sender(ip, "u@d.example")], resolver=zone, catalogue=CATALOGUE, **options)
    assert (found.advice, found.record) == (Advice.KEEP, "v=spf1 a -all")
    assert found.unserved
    out = found.render(width=None)
    assert out.startswith("d.example: keep the record, which does not serve every sender")
    assert "no record can let it pass" in out
    assert codes(found) == {CaveatCode.SPECIAL_PURPOSE}


def test_a_record_with_an_error_is_not_as_it_should_be() -> None:
    found = suggestion("v=spf1 +all", "192.0.2.1")
    headline = found.render(width=None).splitlines()[0]
    assert headline == (
        "d.example: the record serves every sender, but +all lets every client pass that no term before it matches: "
        "worse than no record"
    )


def test_if_the_name_of_a_host_exceeds_a_limit_its_address_is_added() -> None:
    found = suggestion("v=spf1 mx -all", "192.0.2.1", "192.0.2.8", limits=Limits(voids=1))
    assert found.advice is Advice.CHANGE
    assert found.record == "v=spf1 mx ip4:192.0.2.1 ip4:192.0.2.8 -all"
    assert all("the address of a name of yours" in each.why for each in found.terms if each.sign == "+")
    assert CaveatCode.UNNAMED_ADDED not in codes(found)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("v=spf1 foo:bar baz -all", "it is not clear what was meant"),
        (["v=spf1 a -all", "v=spf1 redirect=other.example"], "which can't be merged into one"),
    ],
)
def test_what_cannot_be_built_on_is_refused_with_the_reason(record: Any, message: str) -> None:
    found = suggestion(record, "198.51.100.9")
    assert found.advice is Advice.BROKEN
    assert message in (found.refusal or "")
    assert found.record is None
    assert [each.standing for each in found.senders] == [SenderStanding.UNKNOWN]
    document = found.to_dict()
    assert (document["advice"], document["smallest"], document["worse"]) == ("broken", False, False)


@pytest.mark.parametrize(
    ("name", "advice", "message"),
    [
        ("gone.example", Advice.BROKEN, "gone.example does not exist in DNS"),
        ("alias.example", Advice.BROKEN, "an alias (CNAME) of elsewhere.example"),
        ("www.example", Advice.BROKEN, "www.example is an alias (CNAME) of elsewhere.example: the record can only be "),
        ("dead.example", Advice.UNKNOWN, "DNS could not answer TXT dead.example (SERVFAIL); try again later"),
    ],
)
def test_names_without_a_record_that_could_be_changed(name: str, advice: Advice, message: str) -> None:
    aliases = {"alias.example": {"CNAME": "elsewhere.example"}, "www.example": {"CNAME": "alias.example"}}
    zone = Zone({**OTHERS, **aliases, "elsewhere.example": {"TXT": "v=spf1 -all"}})
    found = spfengine.suggest(name, resolver=zone, catalogue=CATALOGUE)
    assert found.advice is advice
    assert message in (found.refusal or "")
    own = spfengine.suggest("alias.example", resolver=zone, catalogue=CATALOGUE, own=["elsewhere.example"])
    assert own.advice is Advice.KEEP


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["ip4:192.0.2.99"]}, "the record has no term ip4:192.0.2.99; its terms are: a, -all"),
        ({"keep": ["mx"]}, "the record has no term mx"),
        ({"drop": ["a"], "keep": ["+A"]}, "a is in both drop and keep"),
        ({"add": ["ipv4:192.0.2.1"]}, "is not a term of a record: ipv4 is not a mechanism"),
        ({"add": ["a mx"]}, "is not one mechanism"),
        ({"add": ["redirect=x.example"]}, "is not one mechanism"),
        ({"want": ["192.0.2.0/99"]}, "not an address or network"),
    ],
)
def test_a_request_that_can_not_be_met_is_the_callers_mistake(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message.replace("+", r"\+").replace(".", r"\.")):
        suggestion("v=spf1 a -all", **options)


def test_other_mistakes() -> None:
    with pytest.raises(spfengine.AddressError):
        suggestion("v=spf1 a -all", ignore=["x"])
    with pytest.raises(ArgumentError):
        spfengine.suggest("localhost", resolver=Zone({}))


def test_asyncio_gives_the_same_and_a_suggestion_is_a_value() -> None:
    zone = Zone({**OTHERS, "d.example": {**OTHERS["d.example"], "TXT": "v=spf1 a -all"}})
    arguments: dict[str, Any] = {"resolver": zone, "catalogue": CATALOGUE, "now": 1.0}
    senders = [Sender("198.51.100.9", "@d.example")]
    found = spfengine.suggest("d.example", senders, **arguments)
    assert asyncio.run(spfengine.asuggest("d.example", senders, **arguments)) == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert set(found.forms()) == {"cpanel", "cpanel-split", "bind", "route53", "octodns"}
    assert found.to_dict()["schema"] == "spfengine.suggestion/1"


def test_a_search_that_is_cut_short_says_so() -> None:
    record = "v=spf1 " + " ".join(f"ip4:192.0.2.{n}/{31 - n % 2}" for n in range(60)) + " -all"
    found = suggestion(record, "198.51.100.9", max_drafts=1)
    assert found.record is not None
    assert not found.is_smallest
    assert CaveatCode.NOT_SMALLEST in codes(found)


@pytest.mark.full
def test_many_addresses_that_could_go_for_one_another() -> None:
    """The network goes rather than its 128 halves; it is not proved that there is nothing smaller, and that is said."""
    halves = " ".join(f"ip4:192.0.2.{2 * n}/31" for n in range(128))
    found = suggestion(f"v=spf1 ip4:192.0.2.0/24 {halves} -all", max_size=9000)
    assert found.record == f"v=spf1 {halves} -all"
    assert not found.is_smallest


def test_the_network_goes_rather_than_its_halves_at_any_place() -> None:
    halves = [f"ip4:192.0.2.{16 * n}/28" for n in range(16)]
    record = " ".join(["v=spf1", *halves[:8], "ip4:192.0.2.0/24", *halves[8:], "-all"])
    assert suggestion(record, max_size=9000).record == " ".join(["v=spf1", *halves, "-all"])


def test_if_something_would_be_lost_no_term_goes_and_the_record_is_not_said_to_be_the_smallest() -> None:
    """The network lets its clients pass before the include that ends every other check in permerror. That its halves
    could go instead is not tried.
    """
    record = "v=spf1 ip4:192.0.2.0/24 include:none.example ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all"
    found = suggestion(record, "192.0.2.50", keep=["include:none.example"])
    assert (found.advice, found.record) == (Advice.KEEP, record)
    assert not found.is_smallest
    assert CaveatCode.NOT_SMALLEST in codes(found)


@pytest.mark.parametrize(
    ("record", "options", "expected"),
    [
        ("v=spf1 a mx -all", {}, False),
        ("v=spf1 a mx -all", {"limits": Limits(lookups=1)}, True),
        ("v=spf1 a:gone1.example a:gone2.example -all", {"limits": Limits(voids=1)}, True),
        ("v=spf1 mx:many.example -all", {}, True),
        ("v=spf1 ip4:0.0.0.0/0 mx:many.example -all", {}, True),
        ("v=spf1 ip6:::/0 mx:many.example -all", {}, True),
        ("v=spf1 ip4:0.0.0.0/0 ip6:::/0 mx:many.example -all", {}, False),
    ],
)
def test_whether_a_limit_is_exceeded(record: str, options: dict[str, Any], expected: bool) -> None:
    hosts = {"many.example": {"MX": [(10, f"mx{number}.many.example") for number in range(11)]}}
    zone = Zone({**OTHERS, **hosts, "d.example": {**OTHERS["d.example"], "TXT": record}})
    found = spfengine.suggest("d.example", [Sender("192.0.2.1", "@d.example")], resolver=zone, **options)
    assert found.is_over_limit is expected


def test_terms_that_cover_each_other_are_left_out_as_far_as_the_limits_ask_for_it() -> None:
    others = {f"i{n}.example": {"TXT": "v=spf1 ip4:198.18.0.0/15 -all"} for n in range(20)}
    record = "v=spf1 " + " ".join(f"include:i{n}.example" for n in range(20)) + " -all"
    zone = Zone({**others, "d.example": {"TXT": record}})
    found = spfengine.suggest("d.example", resolver=zone, catalogue=CATALOGUE, max_drafts=20)
    assert found.record == "v=spf1 " + " ".join(f"include:i{n}.example" for n in range(10)) + " -all"
    assert not found.is_smallest
    assert CaveatCode.NOT_SMALLEST in codes(found)


def test_more_sets_than_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.advice.suggest.search.MAX_SETS", 1)
    found = suggestion("v=spf1 -all", "198.51.100.70", "192.0.2.200", "203.0.113.1", "192.0.2.8", "192.0.2.1")
    assert not found.is_smallest
    assert found.record is None or not found.unserved


def test_nothing_is_taken_out_of_a_record_of_hundreds_of_terms() -> None:
    terms = " ".join(f"ip4:10.{n // 250}.{n % 250}.1" for n in range(310))
    record = f"v=spf1 ip4:10.0.0.0/16 {terms} -all"
    found = suggestion(record, "198.51.100.9", max_size=20000)
    assert found.record == f"v=spf1 ip4:10.0.0.0/16 {terms} include:_spf.relay.example -all"
    assert not found.is_smallest
    assert found.terms[1].why == "matches 10.0.0.1; no message matched it"


def test_a_service_whose_record_can_not_be_used() -> None:
    others = {
        "absent.example": {"TXT": "v=spf1 exists:%{i}.absent.example -all"},
        "news.example": {"TXT": "v=spf1 ip4:203.0.113.0/25 include:none.example -all"},
    }
    content = {**OTHERS, **others, "d.example": {**OTHERS["d.example"], "TXT": "v=spf1 a -all"}}
    senders = [Sender(ip, "@d.example") for ip in ("192.0.2.7", "203.0.113.9")]
    found = spfengine.suggest("d.example", senders, resolver=Zone(content), catalogue=CATALOGUE)
    assert found.record == "v=spf1 a -all"
    why = {each.term: each.why for each in found.rejected}
    assert "depends on more than the address" in why["include:absent.example"]
    assert "so that some clients would get permerror" in why["include:news.example"]
    content["absent.example"] = {"TXT": "v=spf1 ip4:198.18.0.1 -all"}
    found = spfengine.suggest("d.example", senders[:1], resolver=Zone(content), catalogue=CATALOGUE)
    assert "but that record does not let it pass" in found.rejected[0].why


def test_a_refusal_that_the_limits_hid_is_one_too() -> None:
    record = "v=spf1 a:gone1.example -ip4:198.51.100.9 include:none.example ~all"
    found = suggestion(record, "198.51.100.9", limits=Limits(voids=0))
    assert [each.standing for each in found.senders] == [SenderStanding.REFUSED]
    wanted = suggestion(record, "198.51.100.9", want=["198.51.100.0/24"])
    assert wanted.record == "v=spf1 include:_spf.relay.example -ip4:198.51.100.9 ~all"


def test_more_addresses_than_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.advice.suggest.suggest.MAX_IDENTIFIED", 1)
    found = suggestion("v=spf1 -all", Sender("198.51.100.9", "@d.example", count=9), "203.0.113.9")
    assert found.record == "v=spf1 include:_spf.relay.example -all"
    assert CaveatCode.NOT_IDENTIFIED in codes(found)


def test_many_of_everything_is_reported_in_short() -> None:
    ips = [f"11.0.0.{n}" for n in range(1, 9)]
    found = suggestion("v=spf1 -all", *ips, *[f"198.51.100.{n}" for n in range(1, 8)])
    texts = [each.text for each in found.caveats]
    [unnamed] = [each.text for each in found.caveats if each.code is CaveatCode.UNNAMED]
    assert unnamed.startswith("11.0.0.1, 11.0.0.2, 11.0.0.3, 11.0.0.4, 11.0.0.5 and 3 more could not be identified")
    assert "--want 11.0.0.1" in unnamed
    assert any("198.51.100.5 and 2 more forwarded your mail" in text for text in texts)
    assert "lets 198.51.100.1, 198.51.100.2, 198.51.100.3 and 4 more pass" in found.terms[0].why


@pytest.mark.parametrize(
    ("ip", "words"),
    [
        ("192.168.1.7", "a private address (192.168.0.0/16, RFC 1918)"),
        ("127.0.0.1", "a loopback address (127.0.0.0/8, RFC 1122 §3.2.1.3)"),
        ("fe80::1", "a link-local address (fe80::/10, RFC 4291)"),
    ],
)
def test_an_address_that_no_client_has_is_said_to_be_one(ip: str, words: str) -> None:
    """It is no unidentified sender that --want could serve."""
    found = suggestion("v=spf1 -all", ip)
    codes = [each.code for each in found.caveats]
    assert "special-purpose" in codes
    assert "unnamed" not in codes
    assert any(f"{ip} is {words}" in each.text for each in found.caveats)


def test_odd_names_of_hosts_are_left_alone() -> None:
    hosts = ["*.d.example", "100%.d.example", "a..d.example", "elsewhere.example", "d.example", "helo.d.example"]
    found = suggestion("v=spf1 -all", "192.0.2.3", hosts=hosts)
    assert found.record == "v=spf1 a:helo.d.example -all"


@pytest.mark.parametrize(
    ("record", "options", "whys"),
    [
        ("v=spf1 a ~mx ip6:::/128 -all", {},
         ["matches 192.0.2.1", "softfail for 192.0.2.2", "nothing else matches it"]),
        ("v=spf1 exists:%{i}.x.example ptr -all", {},
         ["what it matches depends on more than the address", "what it matches depends on more than the address"]),
        ("v=spf1 ip4:192.0.2.0/31 a -all", {}, ["a matches a part of it", "matches 192.0.2.1"]),
        ("v=spf1 a:gone.example -all", {"keep_all": True}, ["matches no client"]),
        ("v=spf1 a -all mx", {"keep": ["mx"]}, ["matches 192.0.2.1", "fail for everybody else", "never evaluated"]),
        ("v=spf1 a -all", {"drop": ["-all"]},
         ["matches 192.0.2.1", "as requested; the terms after it decide for its clients"]),
        ("v=spf1 a ip4:192.0.2.1 -all", {"drop": ["ip4:192.0.2.1"]},
         ["matches 192.0.2.1", "as requested; a matches 192.0.2.1 too"]),
        ("v=spf1 exists:yes.example a -all", {}, ["matches no client: the name does not exist"]),
        ("v=spf1 exp=e.example redirect=other.example", {},
         ["unchanged", "its record decides what no term before it decides"]),
        ("v=spf1 ip4:10.0.0.0/8 a -all", {}, ["nothing else matches it"]),
    ],
)  # fmt: skip
def test_reasons_of_all_kinds(record: str, options: dict[str, Any], whys: list[str]) -> None:
    assert [each.why for each in suggestion(record, **options).terms][: len(whys)] == whys


def test_networks_may_be_given_as_objects() -> None:
    from ipaddress import ip_address, ip_network

    found = suggestion("v=spf1 -all", "192.0.2.50", want=[ip_network("192.0.2.48/29")], ignore=[ip_address("10.0.0.1")])
    assert found.record == "v=spf1 ip4:192.0.2.50 -all"


def test_without_a_resolver_live_dns_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone({**OTHERS, "d.example": {**OTHERS["d.example"], "TXT": "v=spf1 a -all"}})
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: zone)
    assert spfengine.suggest("d.example").record == "v=spf1 a -all"
    assert asyncio.run(spfengine.asuggest("d.example")).record == "v=spf1 a -all"


def reported(ip: str, spf: str, dkim: str, override: str | None = None, count: int = 1) -> Sender:
    return Sender(ip, "@d.example", None, count, None, None, "d.example", spf, dkim, override)


def test_what_dkim_carries_is_no_reason_to_add_an_address() -> None:
    """Also if the address is of a service, since forwarders use the same."""
    for ip in ("192.0.2.50", "198.51.100.9", "192.0.2.8"):
        carried = reported(ip, "fail", "pass")
        found = suggestion("v=spf1 a -all", carried, allow_unnamed=True)
        assert (found.advice, found.record, found.unserved) == (Advice.KEEP, "v=spf1 a -all", ())
        assert [each.standing for each in found.senders] == [SenderStanding.DKIM]
        assert CaveatCode.SENT_ON in codes(found)
        assert "1 sender need not pass: DKIM carries the mail, or the receiver excused it" in found.render()
    carried = reported("192.0.2.8", "fail", "pass")
    assert suggestion("v=spf1 a -all", carried, want=["192.0.2.8"]).record == "v=spf1 a a:mail.d.example -all"


@pytest.mark.parametrize("reason", FORWARDING)
def test_a_forwarder_is_no_sender(reason: str) -> None:
    found = suggestion("v=spf1 a -all", reported("198.51.100.9", "fail", "fail", reason), allow_unnamed=True)
    assert (found.record, found.unserved) == ("v=spf1 a -all", ())
    [advice] = found.senders
    assert advice.standing is SenderStanding.FORWARDED
    assert advice.why is not None
    assert advice.why.startswith("its mail fails DMARC, but the receiver ")
    assert advice.why.endswith(f" ({reason}), so that there is no reason to add its address")
    assert ("exception" in advice.why) is (reason == "local_policy"), "RFC 9990 §3.1.6: that need not be forwarding"


def test_mail_that_is_neither_carried_nor_sent_on_is_served_all_the_same() -> None:
    for sender in (
        reported("198.51.100.9", "pass", "fail"),
        reported("198.51.100.9", "pass", "pass"),
        reported("198.51.100.9", "fail", "fail"),
    ):
        both = suggestion("v=spf1 a -all", sender, reported("198.51.100.9", "fail", "pass"))
        assert both.record == "v=spf1 a include:_spf.relay.example -all"
        assert {each.standing for each in both.senders} == {SenderStanding.SERVED}


def test_what_passes_by_spf_alone_is_said() -> None:
    found = suggestion("v=spf1 a -all", reported("192.0.2.1", "pass", "fail", count=7))
    [text] = [each.text for each in found.caveats if each.code is CaveatCode.SPF_ALONE]
    assert text.startswith("7 messages from 192.0.2.1 passed DMARC by SPF alone, as receivers report")
    assert "of their messages, as receivers report, 7 pass DMARC by SPF alone" in found.render()


def test_the_policy_for_a_sender_that_is_not_aligned_is_shown() -> None:
    sender = Sender("192.0.2.1", "@d.example", header_from="sub.e.test")
    tested = "DMARC policy quarantine (sp=reject of e.test, tested with t=y)"
    zone = {**OTHERS, "d.example": {**OTHERS["d.example"], "TXT": "v=spf1 a -all"}}
    for records, expected in (
        ({}, "DMARC does not apply (no policy), for mail that is not aligned"),
        ({"_dmarc.e.test": {"TXT": "v=DMARC1; p=none; sp=reject; t=y"}}, f"{tested}, for mail that is not aligned"),
    ):
        found = spfengine.suggest("d.example", [sender], resolver=Zone({**zone, **records}), catalogue=CATALOGUE)
        assert expected in found.render(width=None)


class TestSubdomain:
    """The record of a domain above does not apply; a subdomain without one can redirect to it."""

    ZONE: ClassVar[dict[str, Any]] = {
        "firma.de": {"TXT": "v=spf1 ip4:5.9.1.2 -all"},
        "news.firma.de": {"A": "5.9.1.9", "MX": (10, "aspmx.l.google.com")},
    }

    def suggested(self, *addresses: str) -> Suggestion:
        senders = [spfengine.Sender(address, "a@news.firma.de") for address in addresses]
        return spfengine.suggest("news.firma.de", senders, resolver=Zone(self.ZONE))

    def test_a_sender_that_passes_by_the_record_above(self) -> None:
        found = self.suggested("5.9.1.2")
        assert found.record == "v=spf1 redirect=firma.de"
        [caveat] = [each for each in found.caveats if each.code == "first-record"]
        assert "that of firma.de does not apply to it" in caveat.text
        assert "~all" not in caveat.text

    def test_without_senders_it_is_a_proposal(self) -> None:
        found = self.suggested()
        assert found.record is None
        assert found.proposal is not None
        assert found.proposal.record == "v=spf1 redirect=firma.de"
        assert '"v=spf1 -all"' in found.proposal.terms[0].why

    def test_without_senders_a_record_too_gets_a_proposal_of_what_the_zone_shows(self) -> None:
        zone: dict[str, Any] = {"firma.de": {"TXT": "v=spf1 ip4:5.9.1.2 -all", "MX": (10, "aspmx.l.google.com")},
                "_spf.google.com": {"TXT": "v=spf1 ip4:35.190.247.0/24 ~all"}}  # fmt: skip
        found = spfengine.suggest("firma.de", resolver=Zone(zone))
        assert (found.advice, found.record) == (Advice.KEEP, "v=spf1 ip4:5.9.1.2 -all")
        assert found.proposal is not None
        assert found.proposal.record == "v=spf1 ip4:5.9.1.2 include:_spf.google.com -all"

    def test_senders_that_do_not_pass_by_it_are_no_reason_for_it(self) -> None:
        assert self.suggested("5.9.1.77").record == "v=spf1 ~all"


class TestParts:
    @pytest.mark.parametrize("term", ["include:_spf.firma.de", "redirect=_spf.firma.de"])
    @pytest.mark.parametrize(
        "records", [["v=spf1 ip4:5.9.1.2 ~all", "v=spf1 ip4:5.9.1.3 ~all"], "v=spf1 ip4:5.9.1.2 -al"]
    )
    def test_a_broken_record_of_ones_own_is_to_be_corrected_first(self, term: str, records: Any) -> None:
        """Without the term that leads to it, its senders would be lost."""
        zone = Zone({"firma.de": {"TXT": f"v=spf1 {term}"}, "_spf.firma.de": {"TXT": records}})
        found = spfengine.suggest("firma.de", [Sender("5.9.1.2", "a@firma.de")], resolver=zone)
        assert found.record is None
        assert found.refusal is not None
        assert "spfengine lint _spf.firma.de" in found.refusal

    def test_so_is_one_further_down(self) -> None:
        zone = Zone(
            {
                "firma.de": {"TXT": "v=spf1 include:_a.firma.de ip4:5.9.1.1 -all"},
                "_a.firma.de": {"TXT": "v=spf1 include:_b.firma.de include:_a.firma.de -all"},
                "_b.firma.de": {"TXT": "v=spf1 ip4:5.9.1.2 -al"},
            }
        )
        found = spfengine.suggest("firma.de", [Sender("5.9.1.1", "a@firma.de")], resolver=zone)
        assert found.record is None
        assert found.refusal is not None
        assert found.refusal.startswith("include:_a.firma.de leads to a record of your own that is broken")
        assert "spfengine lint _b.firma.de" in found.refusal

    def test_a_term_after_all_that_a_sender_needs_is_moved(self) -> None:
        zone = Zone(
            {
                "firma.de": {"TXT": "v=spf1 ip4:5.9.1.2 -all include:spf.brevo.com"},
                "spf.brevo.com": {"TXT": "v=spf1 ip4:185.41.28.0/22 -all"},
            }
        )
        found = spfengine.suggest("firma.de", [Sender("185.41.28.9", "a@firma.de")], resolver=zone)
        assert found.record == "v=spf1 ip4:5.9.1.2 include:spf.brevo.com -all"


def test_a_permerror_that_a_receiver_saw_may_be_that_of_the_limit() -> None:
    """The wrong cause is not named: a record over the limit, of which this client needs only the first term."""
    hosts = {f"h{number}.d.example": {"A": f"192.0.2.{number}"} for number in range(12)}
    record = f"v=spf1 ip4:203.0.113.1 {' '.join(f'a:{name}' for name in hosts)} -all"
    zone = Zone({"d.example": {"TXT": record}, **hosts})
    seen = Sender("203.0.113.1", "a@d.example", reported="permerror")
    [caveat] = [
        each
        for each in spfengine.suggest("d.example", [seen], resolver=zone).caveats
        if each.code == CaveatCode.REPORT_DIFFERS
    ]
    assert "the record exceeds a limit" in caveat.text
