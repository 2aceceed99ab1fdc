"""What a zone speaks for: names at and under its apexes, but not what it delegates; and a zone over other DNS."""

import asyncio
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import spfengine
from spfengine import Answer, Overlay, Question, RRType, Status, Zone, ZoneError
from spfengine.resolvers.zone_files.files import lay_together, read_octets, read_zone
from tests.properties.test_partial_zones import Made, made_zones

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR
UNKNOWN = Answer.failed(Status.UNKNOWN)

SOA = "@ SOA ns h 1 2 3 4 5\n"
BODY = """\
@ NS ns
@ TXT "own"
www CNAME www.example.net.
near CNAME mx
mx A 192.0.2.1
*.wild A 192.0.2.9
sub NS ns.sub
sub TXT "occluded"
ns.sub A 192.0.2.53
ns.sub TXT "occluded"
alias.sub CNAME mx
moved DNAME example.org.
*.cut NS ns.example.org.
$ORIGIN example.net.
relay TXT "relay"
*.spf TXT "any"
out CNAME relay
$ORIGIN com.
"""
TEXT = "$ORIGIN example.com.\n" + SOA + BODY


def ask(resolver: Any, name: str, type: RRType = TXT) -> Answer:
    answer: Answer = resolver.resolve(Question(name, type))
    return answer


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        ("example.com", TXT, "own"),
        ("EXAMPLE.com.", TXT, "own"),
        ("mx.example.com", A, "192.0.2.1"),
        ("mx.example.com", AAAA, "nothing"),
        ("near.example.com", A, "192.0.2.1"),
        ("nope.example.com", A, "no such name"),
        ("x.wild.example.com", A, "192.0.2.9"),
        ("com", TXT, None),
        ("example.net", TXT, None),
        ("example.org", TXT, None),
        ("badexample.com", TXT, None),
        ("1.2.0.192.in-addr.arpa", PTR, None),
        ("www.example.com", A, None),
        # a delegation, and glue
        ("sub.example.com", TXT, None),
        ("sub.example.com", A, None),
        ("a.sub.example.com", TXT, None),
        ("ns.sub.example.com", A, "192.0.2.53"),
        ("ns.sub.example.com", AAAA, None),
        ("ns.sub.example.com", TXT, None),
        ("alias.sub.example.com", A, None),
        ("x.cut.example.com", A, None),
        ("moved.example.com", TXT, "nothing"),
        ("x.moved.example.com", A, None),
        # names that the file holds elsewhere
        ("relay.example.net", TXT, "relay"),
        ("relay.example.net", A, "nothing"),
        ("x.relay.example.net", TXT, None),
        ("other.example.net", TXT, None),
        ("out.example.net", TXT, "relay"),
        ("x.spf.example.net", TXT, "any"),
        ("spf.example.net", TXT, None),
    ],
)
def test_what_a_zone_speaks_for(name: str, type: RRType, expected: str | None) -> None:
    answer = ask(Zone.from_text(TEXT), name, type)
    said = answer.texts() or ["no such name" if answer.status is Status.NXDOMAIN else "nothing"]
    assert (None if answer.is_unknown else said[0]) == expected
    assert not (answer.is_unknown and (answer.records or answer.is_void))


def test_the_target_of_an_alias_is_named() -> None:
    assert ask(Zone.from_text(TEXT), "www.example.com", A).chain == ("www.example.net",)


@pytest.mark.parametrize(
    ("text", "apexes"),
    [
        (TEXT, ["example.com"]),
        ("$ORIGIN example.com.\n" + BODY, ["example.com"]),
        ("example.com. SOA ns h 1 2 3 4 5\nmx A 192.0.2.1\n", ["example.com"]),
        ("$ORIGIN example.com.\n@ NS ns\n$ORIGIN sub.example.com.\n@ NS ns\n", ["example.com"]),
        ("$ORIGIN sub.example.com.\n@ NS ns\n$ORIGIN example.com.\n@ NS ns\n", ["example.com"]),
        ("$ORIGIN example.com.\n@ NS ns\n$ORIGIN example.net.\n@ NS ns\n", ["example.com", "example.net"]),
        ("a.example. SOA ns.x. h.x. 1 2 3 4 5\nb.a.example. SOA ns.x. h.x. 1 2 3 4 5\n", ["a.example", "b.a.example"]),
        ("$ORIGIN example.com.\n@ TXT x\nsub NS ns.example.net.\n", []),
        ('example.com. TXT "v=spf1 -all"\n', []),
        (". SOA ns.x. h.x. 1 2 3 4 5\n", [""]),
    ],
)
def test_where_the_apex_comes_from(text: str, apexes: list[str]) -> None:
    assert sorted(Zone.from_text(text).apexes or ()) == sorted(apexes)


@pytest.mark.parametrize("sample", ["cpanel.db", "cloudflare.txt", "route53.json", "example.com.yaml"])
def test_exports_know_their_apex(sample: str) -> None:
    zone = read_zone(Path(__file__).parent / "samples" / sample)
    assert isinstance(zone, Zone)
    assert zone.apexes == ("example.com",)
    assert ask(zone, "nope.example.com").status is Status.NXDOMAIN
    assert ask(zone, "relay.example.net") == UNKNOWN


def test_octodns_delegates(tmp_path: Path) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text("'': {type: TXT, value: x}\nsub: {type: NS, value: ns.example.net.}\n")
    zone = read_zone(path)
    assert ask(zone, "www.sub.example.com") == UNKNOWN
    assert ask(zone, "www.example.com").status is Status.NXDOMAIN


@pytest.mark.parametrize("whole", [
    Zone({"a.example": {"TXT": "x"}}),
    Zone.from_openspf({"a.example": [{"TXT": "x"}]}),
    Zone.from_text("a.example. TXT x\n"),
    Zone({"a.example": {"TXT": "x", "SOA": "ns. h. 1 2 3 4 5"}}),
    Zone({"a.example": {"TXT": "x"}}, apexes=[]),
])  # fmt: skip
def test_without_an_apex_a_zone_is_the_whole_of_dns(whole: Zone) -> None:
    assert ask(whole, "b.test") == Answer.nxdomain()


@pytest.mark.parametrize(("apexes", "message"), [
    ("a.example", "expected a list of names"),
    ([".."], "apex"),
    ([5], "apex"),
])  # fmt: skip
def test_apexes_that_can_not_be_used(apexes: Any, message: str) -> None:
    with pytest.raises(ZoneError, match=message):
        Zone({}, apexes=apexes)


def test_apexes_are_part_of_the_value() -> None:
    zone = Zone({"A.example": {"TXT": "x"}}, apexes=["A.example.", b"a.example"])
    assert zone.apexes == ("a.example",)
    assert zone != Zone({"A.example": {"TXT": "x"}})
    assert pickle.loads(pickle.dumps(zone)) == zone
    assert ask(pickle.loads(pickle.dumps(zone)), "b.test") == UNKNOWN


def test_a_long_name_in_a_deep_zone_is_answered() -> None:
    deep = "a." * 120 + "example"
    zone = Zone({deep: {"TXT": "x"}}, apexes=["example"])
    assert ask(zone, deep).texts() == ["x"]
    assert ask(zone, "b." + deep).status is Status.NXDOMAIN
    assert ask(zone, "b." * 126) == UNKNOWN


# Several files


def test_several_zones_add_up() -> None:
    parent = Zone.from_text(TEXT)
    child = Zone.from_text("$ORIGIN sub.example.com.\n" + SOA + '@ NS ns\n_spf TXT "given"\n')
    both = lay_together([parent, child])
    assert ask(both, "_spf.sub.example.com").texts() == ["given"]
    assert ask(both, "nope.sub.example.com").status is Status.NXDOMAIN
    assert ask(both, "mx.example.com", A).texts() == ["192.0.2.1"]
    assert ask(both, "example.org") == UNKNOWN


def test_lines_without_an_apex_add_their_names_to_a_zone() -> None:
    lines = Zone.from_text('relay.example.org. TXT "v=spf1 -all"\n')
    both = lay_together([Zone.from_text(TEXT), lines])
    assert ask(both, "relay.example.org").texts() == ["v=spf1 -all"]
    assert ask(both, "other.example.org") == UNKNOWN


def test_with_a_suite_a_zone_is_the_whole_of_dns() -> None:
    suite = read_octets(json.dumps({"zonedata": {"relay.example.org": [{"TXT": "x"}]}}).encode())
    assert ask(lay_together([Zone.from_text(TEXT), suite]), "other.example.org").status is Status.NXDOMAIN


def test_a_recording_has_what_a_zone_does_not() -> None:
    zone = Zone.from_text(TEXT)
    recording = spfengine.Recording([
        (Question("www.example.net", A), Answer.a("192.0.2.80")),
        (Question("mx.example.com", A), Answer.a("192.0.2.81")),
    ])  # fmt: skip
    over = lay_together([recording, zone])
    assert ask(over, "www.example.com", A) == Answer.a("192.0.2.80", ttl=5, chain=["www.example.net"])
    assert ask(over, "mx.example.com", A).texts() == ["192.0.2.1"]
    assert ask(over, "other.example.net") == UNKNOWN
    under = lay_together([zone, recording])
    assert ask(under, "mx.example.com", A).texts() == ["192.0.2.81"]
    assert ask(under, "other.example.net") == UNKNOWN


# A zone over other DNS

DNS = Zone(
    {
        "example.com": {"TXT": "old", "MX": (10, "old.example.com")},
        "gone.example.com": {"A": "192.0.2.99"},
        "www.example.net": {"A": "192.0.2.80"},
        "back.example.net": {"CNAME": "mx.example.com"},
        "circle.example.net": {"CNAME": "circle.example.com"},
        "dead.example.net": {"*": Status.SERVFAIL},
        "sub.example.com": {"TXT": "the child's"},
        "ns.sub.example.com": {"A": "192.0.2.54", "AAAA": "2001:db8::53"},
    },
    ttl=60,
)


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        ("example.com", TXT, ["own"]),
        ("example.com", MX, "void"),
        ("gone.example.com", A, "void"),
        ("www.example.com", A, ["192.0.2.80"]),
        ("back.example.net", A, ["192.0.2.1"]),
        ("circle.example.net", A, "LOOP"),
        ("dead.example.net", TXT, "SERVFAIL"),
        ("sub.example.com", TXT, ["the child's"]),
        ("ns.sub.example.com", A, ["192.0.2.53"]),
        ("ns.sub.example.com", AAAA, ["2001:db8::53"]),
        ("relay.example.net", TXT, ["relay"]),
        ("other.example.net", TXT, "void"),
    ],
)
def test_my_zone_as_it_will_be_and_the_rest_as_it_is(name: str, type: RRType, expected: Any) -> None:
    zone = Zone.from_text(TEXT + "$ORIGIN example.com.\ncircle CNAME circle.example.net.\n")
    overlay = Overlay(DNS, zone)
    answer = ask(overlay, name, type)
    assert asyncio.run(overlay.aresolve(Question(name, type))) == answer
    assert (answer.texts() or ("void" if answer.is_void else str(answer.status))) == expected
    assert overlay.zone is zone
    assert repr(overlay).startswith("<Overlay: <Zone")


def test_an_alias_has_the_shorter_ttl_of_both() -> None:
    zone = Zone.from_text("$TTL 30\n" + TEXT)
    assert ask(Overlay(DNS, zone), "www.example.com", A) == Answer.a("192.0.2.80", ttl=30, chain=["www.example.net"])


def test_a_zone_without_an_apex_lies_over_the_names_that_it_lists() -> None:
    overlay = Overlay(DNS, Zone({"example.com": {"TXT": "new"}}))
    assert ask(overlay, "example.com").texts() == ["new"]
    assert ask(overlay, "example.com", MX).is_void, "the zone has the whole name"
    assert ask(overlay, "gone.example.com", A).texts() == ["192.0.2.99"]


@given(made_zones)
def test_laid_over_the_rest_a_zone_is_the_whole(zones: Made) -> None:
    """`Overlay(base, zone)`: what the zone says, and for all else what the base says."""
    overlay = Overlay(zones.whole, zones.partial)
    for name in zones.whole.names:
        for type in RRType:
            expected = ask(zones.whole, name, type)
            answer = ask(overlay, name, type)
            assert (answer.status, answer.records) == (expected.status, expected.records)


# DNAME records (RFC 6672)

REDIRECTED = """\
$ORIGIN example.com.
@ SOA ns h 1 2 3 4 5
in TXT "in"
host.in TXT "host"
alias DNAME in
lost.alias TXT "below a DNAME record, so it does not exist"
lost.alias A 192.0.2.1
away DNAME example.net.
longer DNAME x.longer
c CNAME host.alias
two DNAME alias
twice.two DNAME away
root DNAME .
"""


@pytest.mark.parametrize(
    ("name", "type", "expected"),
    [
        ("alias", TXT, (Status.NOERROR, [], ())),  # RFC 6672 §2.3: the record says nothing of its own name
        ("host.alias", TXT, (Status.NOERROR, ["host"], ("host.in",))),
        ("HOST.Alias", TXT, (Status.NOERROR, ["host"], ("host.in",))),
        ("no.alias", TXT, (Status.NXDOMAIN, [], ("no.in",))),
        ("lost.alias", TXT, (Status.NXDOMAIN, [], ("lost.in",))),
        ("lost.alias", A, (Status.NXDOMAIN, [], ("lost.in",))),
        ("c", TXT, (Status.NOERROR, ["host"], ("host.alias", "host.in"))),
        ("host.two", TXT, (Status.NOERROR, ["host"], ("host.alias", "host.in"))),
        ("x.twice.two", TXT, (Status.NXDOMAIN, [], ("x.twice.alias", "x.twice.in"))),
        ("x.away", TXT, (Status.UNKNOWN, [], ("x.example.net",))),
        ("x.root", TXT, (Status.UNKNOWN, [], ("x",))),
    ],
)
def test_below_a_dname_record_are_the_names_of_its_target(
    name: str, type: RRType, expected: tuple[Status, list[str], tuple[str, ...]]
) -> None:
    answer = ask(Zone.from_text(REDIRECTED), f"{name}.example.com", type)
    chain = tuple([item.removesuffix(".example.com") for item in answer.chain])
    assert (answer.status, answer.texts() if answer.records else [], chain) == expected


def test_a_dname_record_that_leads_below_itself_is_a_loop() -> None:
    assert ask(Zone.from_text(REDIRECTED), "x.longer.example.com").status is Status.LOOP


def test_live_dns_answers_where_a_dname_record_leads_out_of_the_file() -> None:
    base = Zone({"x.example.net": {"TXT": "there"}, "host.alias.example.com": {"TXT": "as it was"}})
    overlay = Overlay(base, Zone.from_text(REDIRECTED))
    assert ask(overlay, "x.away.example.com").texts() == ["there"]
    assert ask(overlay, "host.alias.example.com").texts() == ["host"]


def test_other_sources_have_dname_records_too(tmp_path: Path) -> None:
    path = tmp_path / "example.com.yaml"
    path.write_text("alias: {type: DNAME, value: in.example.com.}\nhost.in: {type: TXT, value: host}\n")
    mapping = Zone({"alias.example.com": {"DNAME": "in.example.com"}, "host.in.example.com": {"TXT": "host"}})
    for zone in (read_zone(path), mapping, pickle.loads(pickle.dumps(mapping))):
        assert ask(zone, "host.alias.example.com").texts() == ["host"]


# Some record sets of a zone

CHANGES = {
    "Changes": [
        {"Action": "UPSERT", "ResourceRecordSet": {"Name": "example.com.", "Type": "TXT", "TTL": 60,
                                                   "ResourceRecords": [{"Value": '"new"'}]}},
        {"Action": "CREATE", "ResourceRecordSet": {"Name": "example.net.", "Type": "TXT",
                                                   "ResourceRecords": [{"Value": '"other"'}]}},
        {"Action": "DELETE", "ResourceRecordSet": {"Name": "old.example.com.", "Type": "TXT"}},
    ]
}  # fmt: skip
SOA_SET = {"Name": "example.com.", "Type": "SOA", "ResourceRecords": [{"Value": "ns.x. h.x. 1 2 3 4 5"}]}
TXT_SET: dict[str, Any] = CHANGES["Changes"][0]["ResourceRecordSet"]  # type: ignore[assignment]  # it is a mapping


@pytest.mark.parametrize(
    "document",
    [CHANGES, {"ChangeBatch": CHANGES}, [TXT_SET], {"ResourceRecordSets": [TXT_SET]},
     {"ResourceRecordSets": [SOA_SET, TXT_SET], "IsTruncated": True},
     {"ResourceRecordSets": [SOA_SET, TXT_SET], "NextToken": "abc"}],
    ids=["change batch", "with its zone", "a list", "without SOA", "one page", "one page of the command"],
)  # fmt: skip
def test_some_record_sets_of_route_53_say_nothing_of_others(document: Any) -> None:
    zone = read_octets(json.dumps(document).encode())
    assert isinstance(zone, Zone)
    assert ask(zone, "example.com").texts() == ["new"]
    for again in (zone, pickle.loads(pickle.dumps(zone))):
        for name, type in (("example.com", MX), ("old.example.com", TXT), ("_spf.example.org", TXT), ("com", TXT)):
            assert ask(again, name, type) == UNKNOWN
    assert [note.partition(",")[0] for note in zone.notes] == ["the file has only some record sets of its zone"]
    assert zone != Zone.from_rrsets(zone.names, zone.rrsets)


def test_a_change_batch_over_its_zone_and_over_live_dns() -> None:
    batch = read_octets(json.dumps(CHANGES).encode())
    export = Zone({"example.com": {"TXT": "old"}, "mx.example.com": {"A": "192.0.2.1"}}, apexes=["example.com"])
    assert isinstance(batch, Zone)
    for layers in ([export, batch], [batch, export]):
        both = lay_together(layers)
        assert ask(both, "example.com").texts() == ["new" if layers[-1] is batch else "old"]
        assert ask(both, "example.com", MX).is_void
        assert ask(both, "example.net").texts() == ["other"]
        assert ask(both, "example.net", MX) == UNKNOWN
        assert ask(both, "mx.example.com", A).texts() == ["192.0.2.1"]
    live = Zone({"example.com": {"TXT": "old", "MX": "10 mx.example.com"}})
    over = lay_together([batch], live)
    assert ask(over, "example.com").texts() == ["new"]
    assert ask(over, "example.com", MX).texts() == ["10 mx.example.com"]
    recording = spfengine.Recording([(Question("example.com", MX), Answer.mx((10, "mx.example.com")))])
    assert ask(lay_together([recording, batch]), "example.com", MX).texts() == ["10 mx.example.com"]


# What keeps answers


def test_that_nobody_was_asked_is_never_cached() -> None:
    zone = Zone({"example.com": {"TXT": "v=spf1 include:x.example -all"}}, apexes=["example.com"])
    problem = spfengine.Checker(zone).check("192.0.2.1", "a@example.com").problem
    assert problem is not None
    assert problem.code == "outside-zone"
    cache = spfengine.Cache(zone, default_ttl=60)
    assert ask(cache, "x.example") == UNKNOWN
    assert len(cache) == 0


def test_a_recording_keeps_that_nobody_was_asked() -> None:
    zone = Zone.from_text(TEXT)
    recorder = spfengine.Recorder(zone)
    ask(recorder, "www.example.com", A)
    recording = spfengine.Recording.from_json(recorder.recording.to_json())
    assert ask(recording, "www.example.com", A) == ask(zone, "www.example.com", A)


def test_a_suite_can_say_that_nobody_was_asked() -> None:
    assert ask(Zone.from_openspf({"a.example": ["UNKNOWN"]}), "a.example") == UNKNOWN


def test_a_server_refuses_what_is_outside() -> None:
    from spfengine.testing import FakeDNS

    with FakeDNS(Zone.from_text(TEXT)) as dns:
        live = spfengine.LiveResolver(dns.nameserver, timeout=5, cache=False)
        assert ask(live, "example.org").status is Status.REFUSED
        assert ask(live, "nope.example.com").status is Status.NXDOMAIN
        assert ask(live, "mx.example.com", A).texts() == ["192.0.2.1"]
