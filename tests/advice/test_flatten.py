"""Flattening by cases: what is replaced and what stays, where it goes, and every reason to refuse."""

import asyncio
from collections.abc import Iterable
from typing import Any

import dns.message
import dns.rrset
import pytest

from spfengine import (
    Answer,
    ArgumentError,
    Limits,
    Overlay,
    Policy,
    Question,
    Recorder,
    Result,
    Status,
    Zone,
    aflatten,
    check,
    flatten,
    simulate,
)
from spfengine.advice.flatten import proof, splitting
from tests.examples import mostly_full

ZONE: dict[Any, Any] = {
    "one.example": {"TXT": "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip6:2001:db8::/33 ip6:2001:db8:8000::/33 ?all"},
    "two.example": {"TXT": "v=spf1 -ip4:198.51.100.0/24 ?ip4:198.51.0.0/16 ip4:198.50.0.0/15 -all"},
    "none.example": {"TXT": "v=spf1 ?all"},
    "asks.example": {"TXT": "v=spf1 exists:%{i}.list.example -all"},
    "redirected.example": {"TXT": "v=spf1 include:one.example a mx/24//64 moo=x ~all"},
    "host.example": {"A": "203.0.113.9", "AAAA": "2001:db8:ffff::9"},
    "dead.example": {"*": Status.SERVFAIL},
    "broken.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"},
}
ZONE["redirected.example"] |= {"A": "203.0.113.1", "MX": (10, "host.example")}


def flat(record: Any, more: dict[Any, Any] | None = None, **options: Any) -> Any:
    zone = Zone({**ZONE, **(more or {}), "example.com": {"TXT": record}})
    return flatten("example.com", resolver=zone, **options)


def own(record: str, more: dict[Any, Any] | None = None, **options: Any) -> str:
    found = flat(record, more, **options)
    assert found.refusal is None, found.refusal
    assert found.is_equivalent
    return str(found.records[-1].record)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Networks are merged, of both families; the qualifier is the include's.
        ("include:one.example -all", "ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
        ("~include:one.example -all", "~ip4:192.0.2.0/24 ~ip6:2001:db8::/32 -all"),
        # RFC 7208 §5.2: fail, softfail and neutral of an include are no match.
        ("include:two.example ~all", "ip4:198.50.0.0/16 ~all"),
        # An include that lets nobody pass says nothing.
        ("include:none.example mx -all", "mx -all"),
        # What stays, unchanged written, in its order.
        (
            "MX  include:one.example exists:%{i}.x.example ?A:host.example exp=e.%{d} moo=%{d} -ALL",
            "MX ip4:192.0.2.0/24 ip6:2001:db8::/32 exists:%{i}.x.example ?A:host.example exp=e.%{d} moo=%{d} -ALL",
        ),
        # Includes of one qualifier are merged where nothing between them can decide otherwise.
        ("include:one.example ip4:10.0.0.1 include:two.example -all",
         "ip4:192.0.2.0/24 ip4:198.50.0.0/16 ip6:2001:db8::/32 ip4:10.0.0.1 -all"),
        ("include:one.example -ip4:198.50.0.0/17 include:two.example -all",
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 -ip4:198.50.0.0/17 ip4:198.50.0.0/16 -all"),
        ("include:one.example a:host.example include:two.example -all",
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 a:host.example ip4:198.50.0.0/16 -all"),
        ("include:one.example ~include:two.example -all",
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 ~ip4:198.50.0.0/16 -all"),
        # Networks that terms before decide are left out.
        ("-ip4:192.0.0.0/16 include:one.example -all", "-ip4:192.0.0.0/16 ip6:2001:db8::/32 -all"),
        # The all of a redirect is kept, and its terms mean its domain still.
        ("redirect=redirected.example",
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 a:redirected.example mx:redirected.example/24//64 ~all"),
        # An include after all is never evaluated.
        ("include:none.example -all include:one.example", "-all include:one.example"),
        # A macro that is the same for everybody is no reason to stay.
        ("include:on%{v}.example include:one.%{o1r}ple -all".replace("%{o1r}ple", "example").replace("on%{v}", "one"),
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"),
    ],
)  # fmt: skip
def test_what_is_replaced_and_what_stays(before: str, after: str) -> None:
    assert own(f"v=spf1 {before}") == f"v=spf1 {after}"


def test_a_name_of_fixed_macros_is_followed() -> None:
    more = {"_spf.example.com": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}}
    assert own("v=spf1 include:_spf.%{d} include:_spf.%{o} -all", more) == "v=spf1 ip4:192.0.2.1 -all"
    assert own("v=spf1 include:_spf.%{d} mx -all", more, includes=["_spf.%{d}"]) == "v=spf1 ip4:192.0.2.1 mx -all"


@pytest.mark.parametrize(
    ("record", "options", "after"),
    [
        ("include:one.example include:two.example -all", {"includes": ["TWO.example."]},
         "include:one.example ip4:198.50.0.0/16 -all"),
        ("include:one.example redirect=redirected.example", {"includes": ["one.example"]},
         "ip4:192.0.2.0/24 ip6:2001:db8::/32 redirect=redirected.example"),
        ("include:two.example redirect=redirected.example", {"includes": ["redirected.example"]},
         "include:two.example include:one.example a:redirected.example mx:redirected.example/24//64 ~all"),
        ("include:none.example a:host.example mx:redirected.example/24 -all", {"hosts": True},
         "ip4:203.0.113.0/24 ip6:2001:db8:ffff::9 -all"),
        ("include:none.example a:%{l}.example ptr -all", {"hosts": True}, "a:%{l}.example ptr -all"),
    ],
)  # fmt: skip
def test_only_what_is_asked_for_is_replaced(record: str, options: dict[str, Any], after: str) -> None:
    assert own(f"v=spf1 {record}", **options) == f"v=spf1 {after}"


@pytest.mark.parametrize(
    ("record", "kept"),
    [
        ("include:one.example include:asks.example -all", "include:asks.example"),
        ("include:one.example include:%{i}.example -all", "include:%{i}.example"),
        ("include:one.example redirect=asks.example", "redirect=asks.example"),
        ("include:one.example exp=e.example redirect=two.example", "redirect=two.example"),
        ("include:one.example redirect=%{l}.example", "redirect=%{l}.example"),
    ],
)
def test_what_rests_on_more_than_the_network_stays_and_is_reported(record: str, kept: str) -> None:
    found = flat(f"v=spf1 {record}")
    assert [each.term for each in found.kept] == [kept]
    assert found.kept[0].problem.code == "flatten-conditional"
    assert kept in found.records[-1].record
    # Fewer lookups come before a name that is not known, so a client may be over a limit now and not then.
    assert found.is_equivalent is ("%{" not in kept)
    assert {(change.before.is_open, change.after.is_open) for change in found.mended} <= {(True, True)}


class Failing:
    """A zone one name of which does not answer."""

    def __init__(self, zone: Zone, name: str) -> None:
        self.zone, self.name = zone, name

    def resolve(self, question: Question) -> Answer:
        return Answer.failed(Status.TIMEOUT) if question.name == self.name else self.zone.resolve(question)


@pytest.mark.parametrize(
    ("record", "options", "code", "message"),
    [
        ("v=spf1 include:one.example include:asks.example -all", {"includes": ["one.example", "asks.example"]},
         "flatten-conditional", "include:asks.example depends on more than the client's network"),
        ("v=spf1 include:one.example include:dead.example -all", {},
         "dns-incomplete", "DNS could not answer TXT dead.example (SERVFAIL)"),
        ("v=spf1 include:one.example a:dead.example -all", {}, "dns-incomplete", "A dead.example (SERVFAIL)"),
        ("v=spf1 include:one.example include:gone.example -all", {},
         "include-domain-not-found", "gone.example does not exist"),
        ("v=spf1 ip4:0.0.0.0/0 ip6:::/0 include:one.example include:gone.example -all", {},
         "include-domain-not-found", "gone.example does not exist"),
        ("v=spf1 include:one.example include:broken.example -all", {}, "unknown-mechanism", "ipv4"),
        ("v=spf1 include:one.example -al", {}, "unknown-mechanism", "al"),
        ("v=spf1 include:example.com -all", {}, "over-lookup-limit", "form a loop"),
        ("no spf", {}, "no-record", "not an SPF record"),
        (["v=spf1 -all", "v=spf1 include:one.example -all"], {}, "multiple-records", "2 SPF records"),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused_with_the_reason(
    record: Any, options: dict[str, Any], code: str, message: str
) -> None:
    """Issue: "refuse, with the reason, what cannot be proved": never half."""
    found = flat(record, **options)
    assert found.refusal is not None
    assert found.refusal.code == code
    assert message in found.refusal.text
    assert (found.records, found.proof, found.is_equivalent) == ((), None, False)
    assert found.is_broken is (code not in ("flatten-conditional", "dns-incomplete"))
    assert found.is_incomplete is (code == "dns-incomplete")
    assert found.to_dict()["refusal"] == found.refusal.to_dict()


def test_a_domain_that_does_not_answer_or_is_an_alias_is_refused() -> None:
    zone = Zone(
        {**ZONE, "example.com": {"CNAME": "real.example"}, "real.example": {"TXT": "v=spf1 include:one.example"}}
    )
    found = flatten("example.com", resolver=zone)
    assert found.refusal is not None
    assert (found.refusal.code, found.is_broken) == ("flatten-alias", False)
    assert "real.example" in found.refusal.text
    assert flatten("example.com", resolver=Failing(zone, "example.com")).is_incomplete


def test_where_there_is_nothing_to_replace_nothing_is_to_be_published() -> None:
    for record in ("v=spf1 mx -all", "v=spf1 include:asks.example -all"):
        found = flat(record)
        assert (found.records, found.refusal, found.proof) == ((), None, None)


def networks(count: int, first: int = 0) -> str:
    return " ".join(f"ip4:100.{100 + first + place // 128}.{100 + place % 128}.101" for place in range(count))


def many(count: int) -> dict[Any, Any]:
    return {"many.example": {"TXT": f"v=spf1 {networks(count)} -all"}}


def test_the_former_names_of_max_size_work_with_a_warning() -> None:
    zone = Zone({"example.com": {"TXT": "v=spf1 include:many.example -all"}, **many(60)})
    with pytest.warns(DeprecationWarning, match="size is now max_size"):
        found = flatten("example.com", resolver=zone, size=900)
    assert found == flatten("example.com", resolver=zone, max_size=900) != flatten("example.com", resolver=zone)
    with pytest.warns(DeprecationWarning, match="size is now max_size"):
        assert found.size == 900


def test_what_does_not_fit_goes_to_other_names_which_come_first() -> None:
    """Names are published before the record that includes them; each answer stays within 512 octets (RFC 7208 §3.4)."""
    found = flat("v=spf1 mx ~include:many.example -all", many(60))
    assert [record.name for record in found.records] == ["_spf1.example.com", "_spf2.example.com", "example.com"]
    assert found.max_size == 512
    assert all(record.size <= 512 for record in found.records)
    whole = found.records[-1].record
    assert whole.startswith("v=spf1 mx ~include:_spf1.example.com ~include:_spf2.example.com ~ip4:100.100.")
    assert whole.endswith(" -all")
    assert found.proof.after_budget.worst_lookups == 3
    assert found.is_equivalent


def test_sizes_are_those_of_the_wire() -> None:
    """Issue: strings of 255 octets, and the whole TXT RRset of the name, siblings included."""
    siblings = [("x" * 200,), ("y" * 255, "z")]
    found = flat(["v=spf1 include:many.example -all", *siblings], many(12))
    [record] = found.records
    query = dns.message.make_query(f"{record.name}.", "TXT", use_edns=0)
    response = dns.message.make_response(query)
    strings = [record.forms()["cpanel-split"], *['"' + '" "'.join(each) + '"' for each in siblings]]
    response.answer.append(dns.rrset.from_text_list(f"{record.name}.", 300, "IN", "TXT", strings))
    assert record.size == len(response.to_wire())
    assert record.siblings == ((b"x" * 200,), (b"y" * 255, b"z"))


def test_larger_answers_are_taken_where_many_small_ones_need_too_many_lookups() -> None:
    found = flat("v=spf1 include:many.example -all", many(240))
    assert found.max_size == 1232
    assert max(record.size for record in found.records) > 512
    assert all(record.size <= 1232 for record in found.records)
    assert all(record.record.count("ip4:") <= 64 for record in found.records)
    assert found.is_equivalent


@pytest.mark.parametrize(
    ("record", "count", "options", "message"),
    mostly_full([
        ("v=spf1 include:many.example -all", 240, {"max_size": 300}, "names of 300 octets"),
        ("v=spf1 include:many.example -all", 1200, {}, "names of 1232 octets"),
        (
            "v=spf1 include:many.example a:1.example a:2.example a:3.example a:4.example a:5.example -all",
            150, {"max_size": 512, "limits": Limits(voids=9)}, "lookups are needed",
        ),
        (
            " ".join(["v=spf1 include:many.example", *[f"exists:{n}.example" for n in range(11)], "-all"]),
            3, {"limits": Limits(voids=20)}, "the terms that stay need them",
        ),
    ]),
)  # fmt: skip
def test_what_does_not_fit_at_all_is_refused(record: str, count: int, options: dict[str, Any], message: str) -> None:
    found = flat(record, many(count), **options)
    assert found.refusal is not None
    assert found.refusal.code == "flatten-too-large"
    assert message in found.refusal.text
    assert not found.records
    assert not found.is_broken


def test_an_answer_that_is_large_already_may_stay_so_but_not_grow() -> None:
    siblings = ["y" * 255, "z" * 255]
    found = flat(["v=spf1 mx include:many.example include:none.example -all", *siblings], many(20))
    [other, mine] = found.records
    assert other.name == "_spf1.example.com"
    assert mine.record == "v=spf1 mx include:_spf1.example.com -all"
    assert mine.size > 512
    assert found.max_size == 512
    assert [str(warning.code) for warning in found.warnings] == ["txt-over-512"]


@pytest.mark.parametrize(
    ("taken", "used"),
    [
        ({"TXT": "v=spf1 -all"}, "_spf2"),
        ({"TXT": "anything"}, "_spf2"),
        ({"CNAME": "elsewhere.example"}, "_spf2"),
        ({"A": "192.0.2.1"}, "_spf1"),
    ],
)
def test_names_that_are_taken_are_passed_over(taken: dict[str, Any], used: str) -> None:
    found = flat("v=spf1 include:many.example -all", {**many(30), "_spf1.example.com": taken})
    assert found.records[0].name == f"{used}.example.com"


def test_names_are_what_was_asked_for() -> None:
    found = flat("v=spf1 include:many.example -all", many(30), names="n{n}.flat")
    assert found.records[0].name == "n1.flat.example.com"
    found = flat("v=spf1 include:many.example -all", many(30), names="spf-{n}.example.net.")
    assert found.records[0].name == "spf-1.example.net"
    assert found.is_equivalent


def test_names_that_are_not_free_or_not_known_to_be_are_no_names() -> None:
    """Names must be free: a wildcard takes them all, and a failure says nothing."""
    record = "v=spf1 include:many.example -all"
    wild = flat(record, {**many(30), "*.example.com": {"TXT": "wild"}})
    assert wild.refusal.code == "flatten-no-free-name"
    zone = Zone({**ZONE, **many(30), "example.com": {"TXT": record}})
    failing = flatten("example.com", resolver=Failing(zone, "_spf1.example.com"))
    assert failing.refusal is not None
    assert failing.refusal.code == "dns-incomplete"


def over_the_limit() -> dict[Any, Any]:
    zone: dict[Any, Any] = {f"n{place}.example": {"TXT": f"v=spf1 ip4:10.{place}.0.0/24 -all"} for place in range(12)}
    zone["wide.example"] = {"TXT": "v=spf1 " + " ".join(f"include:n{place}.example" for place in range(12)) + " -all"}
    return zone


def test_networks_over_the_limit_now_are_mended_and_listed() -> None:
    """They get permerror now, and then what the record would have given them without the limit."""
    zone = Zone({**over_the_limit(), "example.com": {"TXT": "v=spf1 ip4:192.0.2.1 include:wide.example ~all"}})
    found = flatten("example.com", resolver=zone)
    assert (found.refusal, found.is_equivalent) == (None, False)
    assert {str(change.before.result) for change in found.mended} == {"permerror"}
    results = {str(change.network): str(change.after.result) for change in found.mended}
    assert results["10.11.0.0/24"] == "pass"
    assert "10.8.0.0/24" not in results
    assert "192.0.2.1/32" not in results
    assert set(results.values()) == {"pass", "softfail"}
    without = Policy.compile("example.com", resolver=zone, limits=Limits(lookups=99))
    after = Policy.compile("example.com", resolver=Overlay(zone, found.drafts))
    assert without.equivalent(after)
    assert found.proof is not None
    assert [found.proof.before_budget.worst_lookups, found.proof.after_budget.worst_lookups] == [13, 0]


def test_a_fault_of_the_flattening_is_seen_by_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    right = splitting.network_term
    wrong = {"ip4:192.0.2.0/24": "ip4:192.0.2.0/25"}
    monkeypatch.setattr(splitting, "network_term", lambda network: wrong.get(right(network), right(network)))
    found = flat("v=spf1 include:one.example ~all")
    assert found.refusal.code == "flatten-not-equivalent"
    assert "192.0.2.128/25" in found.refusal.text
    assert not found.records


def test_nothing_is_asked_twice() -> None:
    class Counting:
        def __init__(self, zone: Zone) -> None:
            self.zone = zone
            self.asked: list[Question] = []

        def resolve(self, question: Question) -> Answer:
            self.asked.append(question)
            return self.zone.resolve(question)

    counting = Counting(Zone({**ZONE, **many(60), "example.com": {"TXT": "v=spf1 include:many.example mx -all"}}))
    assert flatten("example.com", resolver=counting, hosts=True).is_equivalent
    assert len(counting.asked) == len(set(counting.asked))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"includes": ["three.example"]}, "the record has no include of three.example; it has one.example"),
        ({"includes": [7]}, "includes[0]: "),
        ({"includes": ["\ud800.example"]}, "includes: "),
        ({"names": "_spf"}, "{n}"),
        ({"names": "{n}{n}"}, "{n}"),
        ({"names": "a..{n}"}, "can't be used as the name of an include"),
        ({"names": "a b{n}"}, "can't be used as the name of an include"),
        ({"names": "%{{n}}"}, "can't be used as the name of an include"),
        ({"names": "{n}" + "x" * 63}, "can't be used as the name of an include"),
        ({"max_size": 100}, "max_size must be from 256"),
        ({"max_size": "512"}, "max_size must be from 256"),
        ({"max_size": True}, "max_size must be from 256"),
    ],
)
def test_a_callers_mistake_is_reported(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        flat("v=spf1 include:one.example -all", **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("domain", ["", "localhost", "a..example", "u@example.com", "x" * 300 + ".example"])
def test_what_is_no_domain_is_refused_before_anything_is_asked(domain: str) -> None:
    with pytest.raises(ArgumentError):
        flatten(domain, resolver=Zone({}))


def test_the_records_are_drafts_and_forms() -> None:
    zone = Zone({**ZONE, **many(30), "example.com": {"TXT": ["v=spf1 include:many.example -all", ("a;", "b")]}})
    found = flatten("example.com", resolver=zone)
    plan = simulate("example.com", found.drafts, resolver=zone)
    assert not plan.changes
    assert not plan.problems
    text = "\n".join(record.forms(300)["bind"] for record in found.records)
    read = Zone.from_text(f'{text}\nexample.com. 300 IN TXT "a;" "b"\n', origin="example.com")
    for ip in ("100.100.100.101", "100.100.129.101", "100.100.100.102"):
        assert check(ip, "u@example.com", resolver=read).result == check(ip, "u@example.com", resolver=zone).result
    assert '"a;" "b"' in found.records[-1].forms()["route53"].replace("\\", "")


def test_what_was_replaced_is_reported_with_its_sources() -> None:
    record = "v=spf1 include:two.example a:host.example redirect=redirected.example"
    zone = Zone({**ZONE, "example.com": {"TXT": record}})
    found = flatten("example.com", resolver=zone, hosts=True)
    assert [(each.term, each.source, each.names) for each in found.replaced] == [
        ("redirect=redirected.example", "redirected.example", ("redirected.example",)),
        ("include:two.example", "two.example", ("two.example",)),
        ("a:host.example", None, ("host.example",)),
        ("include:one.example", "one.example", ("one.example",)),
        ("a:redirected.example", None, ("redirected.example",)),
        ("mx:redirected.example/24//64", None, ("redirected.example", "host.example")),
    ]
    assert found.sources == ("redirected.example", "two.example", "one.example")
    recorder = Recorder(zone)
    assert flatten("example.com", resolver=recorder, hosts=True).to_dict() == found.to_dict()
    assert flatten("example.com", resolver=recorder.recording, hosts=True).to_dict() == found.to_dict()


def test_control_characters_of_strangers_stay_out_of_what_is_reported() -> None:
    zone = {**ZONE, "evil.example": {"TXT": "v=spf1 include:\x1b[31m.example -all"}}
    found = flat("v=spf1 include:one.example include:evil.example -all", zone)
    assert found.refusal is not None
    assert found.refusal.text.isprintable()


@pytest.mark.full
def test_a_record_in_thousands_of_networks_is_refused_in_time() -> None:
    parts: Iterable[int] = range(4)
    zone: dict[Any, Any] = {f"p{part}.example": {"TXT": f"v=spf1 {networks(1000, part * 8)} -all"} for part in parts}
    zone["huge.example"] = {"TXT": "v=spf1 " + " ".join(f"include:p{part}.example" for part in range(4)) + " -all"}
    assert flat("v=spf1 include:huge.example -all", zone).refusal.code == "flatten-too-large"


def test_live_dns_is_asked_where_there_is_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone({**ZONE, "example.com": {"TXT": "v=spf1 include:one.example -all"}})
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: zone)
    found = flatten("example.com")
    assert found.is_equivalent
    assert asyncio.run(aflatten("example.com")) == found


def test_without_a_proof_for_every_client_nothing_is_proposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spfengine.advice.flatten.proof._MAX_STEPS", 1)
    record = "v=spf1 include:n.example exists:%{l}.x.example exists:%{l}.y.example -all"
    zone = Zone({"d.example": {"TXT": record}, "n.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}})
    found = flatten("d.example", resolver=zone)
    assert found.refusal is not None
    assert found.refusal.code == "work-limit"
    assert "it is not proved that every client gets the same result" in found.refusal.text
    assert not found.records


@pytest.mark.parametrize(("after", "is_same"), [("~all", True), ("-all", False), ("exists:%{l}.y.example ~all", False)])
def test_records_that_depend_on_the_sender_are_the_same_only_if_each_branch_is(after: str, is_same: bool) -> None:
    compared = [
        Policy.compile("d.example", resolver=Zone({"d.example": {"TXT": f"v=spf1 exists:%{{l}}.x.example {end}"}}))
        for end in ("~all", after)
    ]
    first, second = [policy.check("192.0.2.1") for policy in compared]
    assert proof._Comparison().differ_by_limits(first, second) is is_same


@pytest.mark.parametrize(("before", "is_over"), [("v=spf1 " + "a:d.example " * 11, True), ("v=spf1 ip4:x", False)])
def test_an_error_that_is_no_limit_is_a_difference(before: str, is_over: bool) -> None:
    outcome, better = [
        Policy.compile("d.example", resolver=Zone({"d.example": {"TXT": record, "A": "198.51.100.1"}})).check(
            "192.0.2.1"
        )
        for record in (f"{before} -all", "v=spf1 -all")
    ]
    assert outcome.result is Result.PERMERROR
    assert proof._Comparison().differ_by_limits(outcome, better) is is_over
