"""The loader of suites: what it reads, and what it refuses with a message that says where the mistake is."""

import pytest

from spfengine import Limits
from spfengine.testing.suites import NOT_ASSERTED, SEMANTICS, Case, SuiteError, load_suite, read_suite

pytestmark = pytest.mark.cases

SUITE = """\
---
description: One
tests:
  first:
    description: The first case.
    comment: said beside it
    spec: [4.5, 4.6/2]
    helo: client.example
    host: 192.0.2.1
    mailfrom: user@one.example
    result: [pass, fail]
    explanation: DEFAULT
  second:
    spec: 7.1
    helo: ""
    host: "2001:db8::1"
    mailfrom: ""
    result: none
zonedata:
  one.example: [{TXT: "v=spf1 -all"}]
---
description: Two
tests:
  third:
    helo: client.example
    host: 192.0.2.1
    mailfrom: user@one.example
    result: fail
    explanation: "  Spaces  kept  "
    limits: {voids: 3}
    receiver: mx.example
    now: 5
    problem: no-record
    lookups: 2
zonedata: {}
"""


def only(text: str, old: str = "", new: str = "") -> Case:
    return read_suite(text.replace(old, new, 1) if old else text, "s")[0]


def test_documents_become_cases_in_their_order() -> None:
    cases = read_suite(SUITE, "s")
    assert [case.id for case in cases] == ["s-first", "s-second", "s-third"]
    assert [case.scenario.description for case in cases] == ["One", "One", "Two"]
    assert cases[0].scenario is cases[1].scenario
    assert cases[0].zone.names == ("one.example",)
    assert cases[2].zone.names == ()


def test_the_fields_of_a_case() -> None:
    first, second, third = read_suite(SUITE, "s")
    assert (first.name, first.description, first.spec) == ("first", "The first case.", ("4.5", "4.6/2"))
    assert (first.host, first.helo, first.mailfrom) == ("192.0.2.1", "client.example", "user@one.example")
    assert first.results == ("pass", "fail")
    assert first.explanation is None
    assert (second.spec, second.helo, second.mailfrom, second.results) == (("7.1",), "", "", ("none",))
    assert second.explanation is NOT_ASSERTED
    assert (first.limits, first.receiver, first.now, first.expected) == (Limits(), None, None, {})
    assert third.explanation == "  Spaces  kept  "
    assert (third.limits, third.limits_given) == (Limits(voids=3), frozenset({"voids"}))
    assert (third.receiver, third.now, third.expected) == ("mx.example", 5, {"problem": "no-record", "lookups": 2})


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("---\ndescription: One", "---\n[]: {", ["not YAML"]),
        ("---\ndescription: One", "---\n- One\n---\ndescription: One", ["document 1", "mapping"]),
        ("zonedata: {}", "zonedata: []", ["document 2", "zonedata", "mapping"]),
        ("zonedata: {}", "zonedata: {a.example: [{A: nowhere}]}", ["document 2", "a.example A", "nowhere"]),
        ("zonedata: {}", "zonedata: {a.example: [NEVER]}", ["document 2", "a.example", "NEVER"]),
        ("host: 192.0.2.1", "host: [192.0.2.1]", ["first", "host is ['192.0.2.1']", "text"]),
        ("result: none", "result: nothing", ["second", "nothing", "softfail"]),
        ("result: none", "result: []", ["second", "result is []"]),
        ("result: [pass, fail]", "result: [pass, failed]", ["first", "failed"]),
        ("explanation: DEFAULT", "explanation: [a]", ["first", "explanation", "text"]),
        ("lookups: 2", "lookups: two", ["third", "lookups", "number"]),
        ("lookups: 2", "path: one.example", ["third", "path", "[domain, term]"]),
        ("lookups: 2", "path: [one.example, all]", ["third", "path", "[domain, term]"]),
        ("now: 5", "now: soon", ["third", "now", "seconds"]),
        ("limits: {voids: 3}", "limits: {void: 3}", ["third", "void"]),
        ("limits: {voids: 3}", "limits: {voids: -3}", ["third", "voids"]),
        ("limits: {voids: 3}", "limits: 3", ["third"]),
    ],
)
def test_a_malformed_suite_is_refused_and_the_message_says_where(old: str, new: str, parts: list[str]) -> None:
    assert SUITE.count(old) >= 1
    with pytest.raises(SuiteError) as caught:
        read_suite(SUITE.replace(old, new, 1), "s")
    for part in parts:
        assert part in str(caught.value)


def test_an_empty_suite_is_refused() -> None:
    with pytest.raises(SuiteError, match="no cases"):
        read_suite("", "s")


@pytest.mark.parametrize("text", ["description: x\ntests: {}\nzonedata: {}\n", "description: x\nzonedata: {}\n"])
def test_a_suite_has_cases(text: str) -> None:
    with pytest.raises(SuiteError, match="no cases"):
        read_suite(text, "s")


def test_tests_or_zonedata_are_required() -> None:
    with pytest.raises(SuiteError, match="document 1: expected tests and zonedata"):
        read_suite("description: x\n", "s")


@pytest.mark.parametrize(
    ("old", "new", "notes"),
    [
        ("description: One\n", "", []),
        ("description: One\n", "description:\n", []),
        ("description: One", "descriptions: One", ["s, document 1: the key descriptions is not known"]),
        ("description: One", "a: 1\n5: 2", ["s, document 1: the keys a, 5 are not known"]),
        ("description: One", '"a\\e": 1', ["s, document 1: the key a\\x1b is not known"]),
        ("zonedata: {}", "", []),
        ("zonedata: {}", "zonedata: null\n---\n", []),
        ("zonedata: {}", "zonedata: {}\n---\nzonedata: {a.example: []}", ["s, document 3: it has no tests"]),
        ("comment: said beside it", "since: 2", ["s, document 1, first: the key since is not known"]),
        ("    description: The first case.\n", "    description:\n", []),
        ("explanation: DEFAULT", "explanation: null", []),
        ("    helo: client.example\n", "", []),
        ("    helo: client.example\n", "    helo:\n", []),
        ("    mailfrom: user@one.example\n", "", []),
        ("    spec: 7.1\n", "    spec: null\n", []),
        ("result: none", "result: [none]", []),
        ("result: none", "result: None", []),
    ],
)
def test_what_others_write_is_read_and_what_is_not_known_is_noted(old: str, new: str, notes: list[str]) -> None:
    assert SUITE.count(old) >= 1
    said: list[str] = []
    cases = read_suite(SUITE.replace(old, new, 1), "s", said)
    assert [case.name for case in cases] == ["first", "second", "third"]
    assert said == notes


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ("    result: none\n", "", "s, document 1, second: it has no result, so it is left out"),
        ("result: none", "result: ~", "s, document 1, second: it has no result, so it is left out"),
        ('    host: "2001:db8::1"\n', "", "s, document 1, second: it has no host, so it is left out"),
        ('"2001:db8::1"', "5", "s, document 1, second: not an IP address: '5'"),
    ],
)
def test_a_case_that_cannot_be_run_costs_no_other(old: str, new: str, note: str) -> None:
    said: list[str] = []
    cases = read_suite(SUITE.replace(old, new, 1), "s", said)
    assert [case.name for case in cases] == ["first", "third"]
    assert len(said) == 1
    assert said[0].startswith(note)
    assert "left out" in said[0]


def test_a_name_that_occurs_again_gets_a_number() -> None:
    said: list[str] = []
    text = SUITE.replace("  third:", "  first:").replace("  second:", "  first:")
    cases = read_suite(text + SUITE, "s", said)
    assert [case.name for case in cases] == ["first", "first-2", "first-3", "first-4", "second", "third"]
    assert [case.spec for case in cases][1:4] == [("7.1",), (), ("4.5", "4.6/2")]
    assert said == [
        "s, line 13: there is another case first; this one is called first-2",
        "s, document 2, first: there is a case of this name before it; this one is called first-3",
        "s, document 3, first: there is a case of this name before it; this one is called first-4",
    ]


def test_texts_are_what_is_written_whatever_yaml_makes_of_them() -> None:
    text = """\
tests:
  1: {host: 1:2:3:4:5:6:7:8, helo: 12.50, mailfrom: 2001-01-01, result: none, explanation: no, description: 0x10}
zonedata:
  010.example: [{TXT: yes}, {AAAA: 1:2:3:4:5:6:7:8}, {MX: [10, 20.example]}, {TXT: 1e3}]
  null.example:
"""
    said: list[str] = []
    [case] = read_suite(text, "s", said)
    assert (case.name, case.host, case.helo, case.mailfrom) == ("1", "1:2:3:4:5:6:7:8", "12.50", "2001-01-01")
    assert (case.explanation, case.description) == ("no", "0x10")
    assert case.zone.names == ("010.example", "null.example")
    records = {rrset.type: rrset.records for rrset in case.zone.rrsets}
    assert records["TXT"] == ((b"yes",), (b"1e3",))
    assert records["MX"] == ((10, "20.example"),)
    assert records["AAAA"] == (0x00010002000300040005000600070008,)
    assert said == []


def test_a_key_that_occurs_twice_is_noted_since_only_the_last_counts() -> None:
    said: list[str] = []
    text = SUITE.replace('  one.example: [{TXT: "v=spf1 -all"}]', "  a.example: [{TXT: x}]\n  a.example: [{TXT: y}]")
    cases = read_suite(text, "s", said)
    assert cases[0].zone.rrsets[0].records == ((b"y",),)
    assert said == ["s, line 21: the key a.example occurs twice in one mapping; only the last is read"]


def test_our_own_suite_needs_no_note() -> None:
    said: list[str] = []
    assert load_suite(SEMANTICS, "semantics", said)
    assert said == []


def test_octets_in_yaml_escapes_stay_octets() -> None:
    case = only(SUITE, '"v=spf1 -all"', r'"v=spf1\x00\xff"')
    assert case.zone.rrsets[0].records == ((b"v=spf1\x00\xff",),)
