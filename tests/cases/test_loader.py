"""The loader of suites: what it reads, and what it refuses with a message that says where the mistake is."""

import pytest

from spfengine import Limits
from spfengine.testing.suites import NOT_ASSERTED, Case, SuiteError, read_suite

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
        ("description: One\n", "", ["document 1", "description"]),
        ("description: One", "descriptions: One", ["document 1", "unknown key 'descriptions'"]),
        ("\nzonedata:\n  one", "\nrecords:\n  one", ["document 1", "unknown key 'records'"]),
        ("zonedata: {}", "", ["document 2", "zonedata", "mapping"]),
        ("zonedata: {}", "zonedata: {a.example: [{A: nowhere}]}", ["document 2", "a.example A", "nowhere"]),
        ("zonedata: {}", "zonedata: {a.example: [NEVER]}", ["document 2", "a.example", "NEVER"]),
        ("tests:\n  third:\n", "tests: {}\nzonedata2:\n  third:\n", ["document 2", "unknown key"]),
        ("  second:\n    spec", "  2:\n    spec", ["document 1, 2", "mapping of what is checked"]),
        ("  third:\n", "  first:\n", ["document 2", "two cases with the name first"]),
        ("    host: 192.0.2.1\n", "", ["first", "host is missing"]),
        ("    helo: client.example\n", "", ["first", "helo is missing"]),
        ("    mailfrom: user@one.example\n", "", ["first", "mailfrom is missing"]),
        ("    result: none\n", "", ["second", "result is missing"]),
        ("host: 192.0.2.1", "host: 192.0.2", ["first", "192.0.2", "not an IP address"]),
        ("host: 192.0.2.1", "host: 5", ["first", "host is 5", "text"]),
        ("result: none", "result: nothing", ["second", "nothing", "softfail"]),
        ("result: none", "result: []", ["second", "result is []"]),
        ("result: [pass, fail]", "result: [pass, failed]", ["first", "failed"]),
        ("explanation: DEFAULT", "explanation: [a]", ["first", "explanation", "text"]),
        ("lookups: 2", "lookups: two", ["third", "lookups", "number"]),
        ("lookups: 2", "lookup: 2", ["third", "unknown key 'lookup'"]),
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


def test_tests_are_required() -> None:
    with pytest.raises(SuiteError, match="expected tests"):
        read_suite("description: x\ntests: {}\nzonedata: {}\n", "s")


def test_octets_in_yaml_escapes_stay_octets() -> None:
    case = only(SUITE, '"v=spf1 -all"', r'"v=spf1\x00\xff"')
    assert case.zone.rrsets[0].records == ((b"v=spf1\x00\xff",),)
