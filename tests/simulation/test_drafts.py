"""Drafts as people write them: several names, none, two for one, outside the tree, broken, over half-dead DNS."""

from typing import Any

import pytest

import spfengine
from spfengine import ArgumentError, Question, RRType, Sender, Status, Zone, ZoneError, simulate
from spfengine.simulation import Simulation
from spfengine.simulation.records import Standing, compare_terms
from spfengine.simulation.simulate import compare
from spfengine.simulation.simulation import Effect

ZONE = Zone(
    {
        "example.com": {"TXT": ["v=spf1 a mx -all", "site-verification=1"], "A": "192.0.2.1",
                        "MX": [(10, "mx.example.com")]},
        "mx.example.com": {"A": "192.0.2.2", "TXT": "v=spf1 a -all"},
        "redirecting.example": {"TXT": "v=spf1 redirect=_spf.host.example"},
        "_spf.host.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"},
        "parked.example": {"TXT": "v=spf1 -all"},
        "two.example": {"TXT": ["v=spf1 a -all", "v=spf1 mx -all"]},
        "half.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example ip4:198.51.100.0/24 -all"},
        "dead.example": {"*": Status.SERVFAIL},
        "plain.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
    },
    ttl=300,
)  # fmt: skip


def codes(plan: Simulation) -> list[str]:
    return [str(problem.code) for problem in plan.problems]


def networks(plan: Simulation) -> dict[str, tuple[object, object]]:
    return {str(change.network): (change.before.result, change.after.result) for change in plan.changes}


def test_a_new_name_and_the_record_that_includes_it_are_one_draft() -> None:
    plan = simulate("example.com", {
        "example.com": "v=spf1 include:_spf.example.com -all",
        "_spf.example.com": "v=spf1 a:example.com ip4:203.0.113.0/24 -all",
    }, resolver=ZONE)  # fmt: skip
    assert networks(plan) == {"192.0.2.2/32": ("pass", "fail"), "203.0.113.0/24": ("fail", "pass")}
    assert {record.domain: record.standing for record in plan.records} == {
        "example.com": Standing.RECORD, "_spf.example.com": Standing.ABSENT
    }  # fmt: skip
    assert all(record.reached for record in plan.records)
    assert [str(change.network) for change in plan.kept] == ["192.0.2.1/32"]


def test_a_draft_that_nothing_leads_to_is_told() -> None:
    plan = simulate("example.com", {"_spf.example.com": "v=spf1 -all"}, resolver=ZONE)
    assert codes(plan) == ["draft-not-reached"]
    assert "not reached" in plan.problems[0].text
    assert "changes nothing" in plan.problems[0].text
    assert not plan.changes
    assert [record.reached for record in plan.records] == [False]


def test_a_name_that_is_asked_for_something_else_does_not_reach_its_draft() -> None:
    """`mx` asks for the addresses of mx.example.com, never for its TXT records."""
    assert codes(simulate("example.com", {"mx.example.com": "v=spf1 +all"}, resolver=ZONE)) == ["draft-not-reached"]
    plan = simulate("example.com", {"mx.example.com": {"A": "192.0.2.99"}}, resolver=ZONE)
    assert codes(plan) == []
    assert networks(plan) == {"192.0.2.2/32": ("pass", "fail"), "192.0.2.99/32": ("fail", "pass")}


def test_a_draft_that_a_cname_leads_to_is_reached() -> None:
    zone = Zone({"a.example": {"CNAME": "b.example"}, "b.example": {"TXT": "v=spf1 -all"}})
    plan = simulate("a.example", {"b.example": "v=spf1 +all"}, resolver=zone)
    assert codes(plan) == []
    assert {str(change.after.result) for change in plan.changes} == {"pass"}


@pytest.mark.parametrize("draft", ["", "  ", b"", {}, {"example.com": ""}, {"example.com": {}}])
def test_an_empty_draft_is_refused(draft: Any) -> None:
    with pytest.raises(ArgumentError, match="draft"):
        simulate("example.com", draft, resolver=ZONE)


@pytest.mark.parametrize("draft", [1, None, ["v=spf1 -all"]])
def test_what_is_no_draft_is_refused(draft: Any) -> None:
    with pytest.raises(ArgumentError, match="a draft is a record or a mapping"):
        simulate("example.com", draft, resolver=ZONE)


def test_two_drafts_for_one_name_are_refused() -> None:
    with pytest.raises(ZoneError, match="drafted twice"):
        simulate("example.com", {"example.com": "v=spf1 -all", "EXAMPLE.com.": "v=spf1 +all"}, resolver=ZONE)


@pytest.mark.parametrize("domain", ["localhost", "a..example", "", "[192.0.2.1]"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ArgumentError):
        simulate(domain, "v=spf1 -all", resolver=ZONE)


def test_a_record_replaces_the_spf_record_alone() -> None:
    asked: list[Question] = []

    class Asked:
        def resolve(self, question: Question) -> spfengine.Answer:
            asked.append(question)
            return ZONE.resolve(question)

    for draft in ("v=spf1 +all", {"example.com": "v=spf1 +all"}):
        plan = simulate("example.com", draft, resolver=Asked())
        after = plan.after.answers[Question("example.com", RRType.TXT)]
        assert after.records == (b"v=spf1 +all", b"site-verification=1")
    assert len(asked) == len(set(asked)) * 2, "what both sides ask is asked once"


def test_the_same_record_in_other_strings_is_no_change() -> None:
    plan = simulate("plain.example", {"plain.example": {"TXT": ("v=spf1 ip4:192.0.2.0/24", " -all")}}, resolver=ZONE)
    assert plan.records == ()


@pytest.mark.parametrize(
    "draft",
    [
        "v=spf1 ipv4:192.0.2.1 -al",
        "v=DMARC1; p=none",
        " v=spf1 -all",
        {"example.com": {"TXT": ["v=spf1 -all", "v=spf1 +all"]}},
        {"example.com": {"TXT": '"v=spf1 -all"'}},
        "v=spf1 include:none.example -all",
        "v=spf1 redirect=none.example",
    ],
)  # fmt: skip
def test_a_broken_draft_is_told(draft: Any) -> None:
    plan = simulate("example.com", draft, resolver=ZONE)
    assert plan.is_broken
    assert "draft-broken" in codes(plan)


def test_every_fault_of_a_draft_has_its_place() -> None:
    plan = simulate("example.com", "v=spf1 ipv4:192.0.2.1 -al", resolver=ZONE)
    assert [problem.span for problem in plan.problems] == [(7, 21), (22, 25)]


@pytest.mark.parametrize("records", ["site-verification=1", ["a", "b"], None])
def test_a_record_that_goes_is_no_broken_draft(records: Any) -> None:
    plan = simulate("example.com", {"example.com": {"TXT": records}}, resolver=ZONE)
    assert not plan.is_broken
    assert plan.is_worse
    assert [record.after for record in plan.records] == [None]


def test_several_records_made_one() -> None:
    plan = simulate("two.example", "v=spf1 a mx -all", resolver=ZONE)
    assert [(record.standing, record.before) for record in plan.records] == [(Standing.SEVERAL, None)]
    assert not plan.is_worse


def test_the_old_ttl_says_when_it_takes_effect() -> None:
    assert [record.ttl for record in simulate("plain.example", "v=spf1 +all", resolver=ZONE).records] == [300]


def test_what_dns_could_not_answer_is_unknown_and_never_a_change() -> None:
    plan = simulate("half.example", "v=spf1 ip4:192.0.2.0/25 include:dead.example ip4:198.51.100.0/24 -all",
                    resolver=ZONE, senders=[Sender("192.0.2.1", "@half.example"),
                                            Sender("198.51.100.1", "@half.example")])  # fmt: skip
    assert plan.is_incomplete
    assert not plan.changes
    assert "192.0.2.0/25" in [str(change.network) for change in plan.kept]
    assert not any(network.version == 4 and str(network[0]) == "192.0.2.1" for network in plan.unknown)
    assert any(str(network) == "192.0.2.128/25" for network in plan.unknown)
    assert any(str(network) == "::/0" for network in plan.unknown)
    assert "dns-incomplete" in codes(plan)
    assert "TXT dead.example (SERVFAIL)" in "".join(problem.text for problem in plan.problems)
    assert [change.effect for change in plan.senders] == [Effect.UNCHANGED, Effect.UNKNOWN]


def test_a_name_whose_record_could_not_be_had_is_told_apart_from_one_without() -> None:
    plan = simulate("dead.example", "v=spf1 -all", resolver=ZONE)
    assert [record.standing for record in plan.records] == [Standing.UNKNOWN]
    assert plan.is_incomplete
    assert not plan.changes


def test_names_that_others_edit_are_told_apart() -> None:
    plan = simulate("redirecting.example", "v=spf1 ip4:192.0.2.0/24 redirect=_spf.host.example", resolver=ZONE)
    assert plan.outside == ("_spf.host.example",)
    assert simulate("example.com", "v=spf1 include:mx.example.com -all", resolver=ZONE).outside == ()


def test_two_zones_are_compared_as_a_draft_is() -> None:
    after = Zone({"example.com": {"TXT": "v=spf1 a -all", "A": "192.0.2.1"}, "parked.example": {"TXT": "v=spf1 -all"}})
    plan = compare("example.com", ZONE, after)
    assert networks(plan) == {"192.0.2.2/32": ("pass", "fail")}
    assert [each.sign + each.term for each in plan.records[0].terms] == ["=a", "-mx", "=-all"]
    quiet = compare("parked.example", ZONE, after)
    assert not (quiet.changes)
    assert not (quiet.records)
    assert not (quiet.problems)
    gone = compare("plain.example", ZONE, after)
    assert gone.is_worse
    assert {change.after.result for change in gone.changes} == {"none"}


def test_changes_say_for_each_network_what_decides_there() -> None:
    """Two networks side by side may change alike for different reasons."""
    plan = simulate("plain.example", "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 ip4:198.51.100.128/25 -all",
                    resolver=ZONE)  # fmt: skip
    assert {str(change.network): change.after.directive for change in plan.changes} == {
        "198.51.100.0/25": "ip4:198.51.100.0/25", "198.51.100.128/25": "ip4:198.51.100.128/25"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("v=spf1 a mx -all", "v=spf1 A +mx -all", "=A =+mx =-all"),
        ("v=spf1 a mx -all", "v=spf1 mx a -all", "+mx =a -mx =-all"),
        ("v=spf1 a -all", "", "-a --all"),
        ("", "v=spf1  a  -all ", "+a +-all"),
        ("v=spf1 a a -all", "v=spf1 a ~all", "=a -a --all +~all"),
        ("v=spf1 exists:%{D} -all", "v=spf1 exists:%{d} -all", "-exists:%{D} +exists:%{d} =-all"),
    ],
)
def test_terms_that_come_and_go(before: str, after: str, expected: str) -> None:
    assert " ".join(change.sign + change.term for change in compare_terms(before, after)) == expected
