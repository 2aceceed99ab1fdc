"""The zonedata of OpenSPF-format suites."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import ZoneError
from spfengine.resolvers.zone import Zone
from tests.examples import mostly_full

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR


def answer(entries: Any, type: RRType = TXT, name: str = "example.com") -> Answer:
    return Zone.from_openspf({"example.com": entries}).resolve(Question(name, type))


@pytest.mark.parametrize(
    ("entries", "type", "expected"),
    [
        ([{"TXT": "a"}, {"TXT": "b"}], TXT, Answer.txt("a", "b")),
        ([{"SPF": "a"}], TXT, Answer.txt("a")),
        ([{"SPF": "a"}, {"TXT": "b"}], TXT, Answer.txt("b")),
        ([{"SPF": "a"}, {"TXT": "NONE"}], TXT, Answer.nodata()),
        ([{"TXT": "NONE"}], A, Answer.nodata()),
        ([{"SPF": ["a", "b"]}], TXT, Answer.txt(("a", "b"))),
        ([{"SPF": []}], TXT, Answer.txt("")),
        ([{"SPF": "\xef\x80"}], TXT, Answer.txt(b"\xef\x80")),
        ([{"TXT": ["\xef", "b"]}], TXT, Answer.txt((b"\xef", b"b"))),
        ([{"TXT": "\u20ac"}], TXT, Answer.txt(b"\xe2\x82\xac")),
        ([{"TXT": b"\xff"}], TXT, Answer.txt(b"\xff")),
        (["TIMEOUT"], PTR, Answer.failed(Status.TIMEOUT)),
        ("TIMEOUT", PTR, Answer.failed(Status.TIMEOUT)),
        ([{"TXT": "a"}, "TIMEOUT"], TXT, Answer.txt("a")),
        ([{"TXT": "a"}, "TIMEOUT"], A, Answer.failed(Status.TIMEOUT)),
        ([{"SPF": "a"}, "TIMEOUT"], TXT, Answer.txt("a")),
        (["TIMEOUT", {"TXT": "a"}], TXT, Answer.failed(Status.TIMEOUT)),
        ([{"SPF": "a"}, {"TXT": "NONE"}, "TIMEOUT"], TXT, Answer.failed(Status.TIMEOUT)),
        ([{"A": "192.0.2.1"}, {"MX": "TIMEOUT"}], MX, Answer.failed(Status.TIMEOUT)),
        ([{"A": "192.0.2.1"}, {"MX": "TIMEOUT"}], A, Answer.a("192.0.2.1")),
        ([{"A": "192.0.2.1"}, {"MX": "TIMEOUT"}], AAAA, Answer.nodata()),
        ([{"SPF": "TIMEOUT"}], TXT, Answer.failed(Status.TIMEOUT)),
        ([{"A": "192.0.2.1"}, {"A": "SERVFAIL"}], A, Answer.failed(Status.SERVFAIL)),
        ([{"TXT": ["TIMEOUT"]}], TXT, Answer.txt("TIMEOUT")),
        ([{"MX": [10, "mx.example.com"]}, {"MX": [5, ""]}], MX, Answer.mx((10, "mx.example.com"), (5, "."))),
        ([{"MX": [[10, "a.example"], [20, "b.example"]]}], MX, Answer.mx((10, "a.example"), (20, "b.example"))),
        ([{"MX": "10 a.example"}], MX, Answer.mx((10, "a.example"))),
        ([{"A": ["192.0.2.1", "192.0.2.2"]}], A, Answer.a("192.0.2.1", "192.0.2.2")),
        ([{"AAAA": "2001:db8::1"}], AAAA, Answer.aaaa("2001:db8::1")),
        ([{"PTR": "Host.example"}], PTR, Answer.ptr("Host.example")),
        ([{"CNAME": "Example.com."}], TXT, Answer.failed(Status.LOOP, ["Example.com"])),
        ({"TXT": "a"}, TXT, Answer.txt("a")),
        (None, TXT, Answer.nodata()),
        ([{"TXT": None}, {"A": "192.0.2.1"}], TXT, Answer.nodata()),
        ([{"MX": ["10", "a.example"]}], MX, Answer.mx((10, "a.example"))),
    ],
)
def test_what_entries_mean(entries: Any, type: RRType, expected: Answer) -> None:
    assert answer(entries, type) == expected


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.NOERROR, Status.NXDOMAIN)])
def test_any_failure_may_stand_in_the_place_of_timeout(status: Status) -> None:
    assert answer([str(status)]) == Answer.failed(status)
    assert answer([{"TXT": str(status)}]) == Answer.failed(status)


def test_a_name_listed_as_absent() -> None:
    assert answer(["NXDOMAIN"]) == Answer.nxdomain()


def test_names_compare_without_case_and_are_octets() -> None:
    zone = Zone.from_openspf(
        {"A.example": [{"TXT": "one"}], "a.EXAMPLE": [{"TXT": "two"}], "\xe9.example": [{"TXT": "e"}]}, ttl=9
    )
    assert zone.resolve(Question("a.example", TXT)) == Answer.txt("one", "two", ttl=9)
    assert zone.resolve(Question("\xe9.example", TXT)) == Answer.txt("e", ttl=9)
    assert zone.resolve(Question("b.example", TXT)) == Answer.nxdomain(9)


def test_type_spf_beside_txt_is_kept_for_those_who_look() -> None:
    zone = Zone.from_openspf({"a.example": [{"SPF": "x"}, {"TXT": "y"}], "b.example": [{"SPF": "x"}]})
    assert [(rrset.name, rrset.type) for rrset in zone.rrsets] == [
        ("a.example", "SPF"),
        ("a.example", "TXT"),
        ("b.example", "TXT"),
    ]


def test_no_zonedata_is_an_empty_zone() -> None:
    assert Zone.from_openspf(None).names == ()


@pytest.mark.parametrize(
    ("zonedata", "parts"),
    [
        ([], ["mapping"]),
        ({"a.example": ["NEVER"]}, ["a.example", "NEVER", "TIMEOUT"]),
        ({"a.example": [5]}, ["a.example", "5", "TIMEOUT"]),
        ({"a.example": [{"TXT": 5}]}, ["a.example TXT", "5", "quote"]),
        ({"a.example": [{"MX": 5}]}, ["a.example MX", "5", "[preference, exchange]"]),
        ({"a.example": [{"MX": ["x", "b.example"]}]}, ["a.example MX", "preference"]),
        ({"a.example": [{"A": "x"}]}, ["a.example A", "x"]),
        ({"a.example": [{"CNAME": "a.example"}, {"CNAME": "b.example"}]}, ["a.example CNAME", "exactly one"]),
        ({"a.example": [{5: "x"}]}, ["a.example", "5", "record type"]),
        ({5: []}, ["5", "name"]),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_place(zonedata: Any, parts: list[str]) -> None:
    with pytest.raises(ZoneError) as caught:
        Zone.from_openspf(zonedata)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("file", "names"),
    mostly_full([("suites/rfc7208-tests.yml", 250), ("data/realworld.yml", 532), ("data/realworld-older.yml", 250)]),
)
def test_published_zonedata_loads(shared: Path | None, file: str, names: int) -> None:
    if shared is None or not (shared / file).exists():
        pytest.skip(f"the shared folder with {file} is not beside the repository (SPFENGINE_SHARED names it)")
    zones = [
        Zone.from_openspf(document["zonedata"]) for document in yaml.safe_load_all((shared / file).read_text("utf-8"))
    ]
    assert sum(len(zone.names) for zone in zones) >= names
