"""Zones in the forms of others: what we read back ourselves answers the same, the other forms hold what their readers
were seen to take, and what a form can't say is refused by its name.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from spfengine.answers import Question, RRType, Status
from spfengine.errors import ArgumentError, ZoneError
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import FORMATS, export
from spfengine.testing.suites import SEMANTICS, load_suite
from tests.cli.conftest import SEED

PLAIN = Zone(
    {
        "Example.com": {"TXT": ["v=spf1 mx -all", "other text"], "MX": [(10, "mx.example.com"), (20, ".")]},
        "mx.example.com": {"A": ["192.0.2.10", "192.0.2.11"], "AAAA": "2001:db8::1"},
        "www.example.com": {"CNAME": "mx.example.com"},
    }
)
HARD: dict[str | bytes, Any] = {
    "odd.example": {"TXT": [("v=spf1 ", b'\xff\x00\n"\\; ', "-all"), "", "NONE", "TIMEOUT", "x" * 600]},
    b'a\x00b \xe9;".example': {"A": "192.0.2.1"},
    "*.w.example": {"A": "192.0.2.2"},
    "null.example": {"MX": [(0, ".")]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["x.example", "y.example"]},
    "alias.example": {"CNAME": "a.w.example"},
    "old.example": {"SPF": "v=spf1 +all"},
    "both.example": {"SPF": "v=spf1 +all", "TXT": "v=spf1 -all"},
}
FAILING: dict[str | bytes, Any] = {
    "late.example": {"TXT": Status.TIMEOUT, "*": Status.SERVFAIL},
    "dead.example": {"*": Status.REFUSED},
}
ASKED = ["a.w.example", "none.example", "w.example"]


def answers(zone: Zone, names: list[str]) -> dict[Question, Any]:
    """What a zone answers to everything: of a TXT record its text, and of equal records one (RFC 2181 §5)."""
    questions = [Question(name, rrtype) for name in names for rrtype in RRType]
    found = {question: zone.resolve(question) for question in questions}
    return {
        asked: (answer.status, tuple(dict.fromkeys(answer.records)), answer.chain) for asked, answer in found.items()
    }


def from_yaml(text: str) -> Zone:
    return Zone.from_openspf(yaml.safe_load(text)["zonedata"])


@pytest.mark.parametrize(
    ("format", "read", "records"),
    [
        ("bind", Zone.from_text, HARD),
        ("openspf", from_yaml, {**HARD, **FAILING}),
    ],
)
def test_what_is_read_back_answers_the_same(format: str, read: Callable[[str], Zone], records: Any) -> None:
    for zone in (PLAIN, Zone(records), Zone.from_file(SEED)):
        names = [*zone.names, *ASKED]
        text = export(zone, format)
        assert text.isascii()
        expected = answers(zone, names)
        if format == "openspf":  # it can't say that a name is outside the zone
            expected = {asked: said for asked, said in expected.items() if said[0] is not Status.UNKNOWN}
        assert answers(read(text), names).items() >= expected.items()


@pytest.mark.full
def test_every_zone_of_our_suite_is_read_back() -> None:
    zones = {id(case.scenario): case.zone for case in load_suite(SEMANTICS, "semantics")}
    assert len(zones) > 10
    for zone in zones.values():
        names = list(zone.names)
        assert answers(from_yaml(export(zone, "openspf")), names) == answers(zone, names)
        try:
            text = export(zone, "bind")
        except ZoneError:
            continue  # it has questions that fail
        names = [rrset.name for rrset in zone.rrsets if rrset.records]
        assert answers(Zone.from_text(text), names) == answers(zone, names)


def test_minidns_has_a_line_for_each_record() -> None:
    assert export(PLAIN, "minidns").splitlines() == [
        "Example.com TXT v=spf1 mx -all",
        "Example.com TXT other text",
        "Example.com MX 10 mx.example.com.",
        "Example.com MX 20 .",
        "mx.example.com A 192.0.2.10",
        "mx.example.com A 192.0.2.11",
        "mx.example.com AAAA 2001:db8::1",
        "www.example.com A 192.0.2.10",
        "www.example.com A 192.0.2.11",
        "www.example.com AAAA 2001:db8::1",
    ]


def test_mockdns_has_a_zone_for_each_name() -> None:
    assert json.loads(export(PLAIN, "mockdns")) == {
        "example.com.": {
            "TXT": ["v=spf1 mx -all", "other text"],
            "MX": [{"Host": "mx.example.com.", "Pref": 10}, {"Host": ".", "Pref": 20}],
        },
        "mx.example.com.": {"A": ["192.0.2.10", "192.0.2.11"], "AAAA": ["2001:db8::1"]},
        "www.example.com.": {"CNAME": "mx.example.com."},
    }


def test_exim_has_absolute_names_and_whole_addresses() -> None:
    assert export(PLAIN, "exim").splitlines() == [
        'Example.com. TXT "v=spf1 mx -all"',
        'Example.com. TXT "other text"',
        "Example.com. MX 10 mx.example.com.",
        "Example.com. MX 20 .",
        "mx.example.com. A 192.0.2.10",
        "mx.example.com. A 192.0.2.11",
        "mx.example.com. AAAA 2001:db8:0:0:0:0:0:1",
        "www.example.com. CNAME mx.example.com.",
    ]


def test_rspamd_has_replies_or_a_code() -> None:
    zone = Zone({"x.example": {"TXT": "v=spf1 -all", "MX": Status.TIMEOUT}, "p.arpa": {"PTR": "x.example"}})
    lines = export(zone, "rspamd").splitlines()
    assert lines[:3] == ["options {", "  dns {", "    fake_records = ["]
    message = [json.loads(line.strip().rstrip(",")) for line in lines[3:-3]]
    assert [entry for entry in message if entry.get("rcode") != "norec"] == [
        {"name": "x.example", "type": "txt", "replies": ["v=spf1 -all"]},
        {"name": "x.example", "type": "mx", "rcode": "timeout"},
        {"name": "p.arpa", "type": "ptr", "replies": ["x.example"]},
    ]
    none = {(entry["name"], entry["type"]) for entry in message if entry.get("rcode") == "norec"}
    assert none == {(name, each.lower()) for name in ("x.example", "p.arpa") for each in RRType} - {
        ("x.example", "txt"), ("x.example", "mx"), ("p.arpa", "ptr"),
    }  # fmt: skip


REFUSED: list[tuple[str, Any, str]] = [
    ("bind", FAILING, "late.example TXT is TIMEOUT"),
    ("rspamd", {"x.example": {"TXT": Status.TRUNCATED}}, "x.example TXT is TRUNCATED"),
    ("rspamd", {"*.x.example": {"A": "192.0.2.1"}}, "a wildcard"),
    ("rspamd", {"x.example": {"TXT": b"\xff"}}, "do not print"),
    ("rspamd", {b"\xff.example": {"TXT": "x"}}, "do not print"),
    ("minidns", {"x.arpa": {"PTR": "x.example"}}, "x.arpa PTR is there"),
    ("minidns", {"x.example": {"TXT": " x"}}, "space"),
    ("minidns", {"x.example": {"TXT": Status.SERVFAIL}}, "SERVFAIL"),
    ("minidns", {b"a b.example": {"A": "192.0.2.1"}}, "no way to say"),
    ("mockdns", {"x.example": {"A": Status.SERVFAIL}}, "SERVFAIL"),
    ("mockdns", {"*.x.example": {"A": "192.0.2.1"}}, "a wildcard"),
    ("exim", {"*.x.example": {"A": "192.0.2.1"}}, "a wildcard"),
    ("exim", {"x.example": {"A": Status.SERVFAIL}}, "SERVFAIL"),
    ("exim", {"x.example": {"TXT": '"'}}, "quotes"),
    ("exim", {b"a b.example": {"A": "192.0.2.1"}}, "a space"),
]


@pytest.mark.parametrize(("format", "records", "message"), REFUSED)
def test_what_a_form_cannot_say_is_refused(format: str, records: Any, message: str) -> None:
    with pytest.raises(ZoneError, match=message) as caught:
        export(Zone(records), format)
    assert str(caught.value).isascii()


@pytest.mark.parametrize("format", FORMATS)
def test_records_that_spf_never_asks_for_do_no_harm(format: str) -> None:
    zone = Zone({"x.example": {"NS": "ns.example", "A": "192.0.2.1"}, "empty.example": {}})
    assert "192.0.2.1" in export(zone, format)


def test_a_format_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match="expected one of bind, "):
        export(PLAIN, "djb\x1b")
