"""What the page is answered: the same as the commands say, as views and as reports, and never an exception."""

import gzip
import io
import json
import re
import zipfile
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine.evidence.reading import evidence_in
from spfengine.report.html import page_html
from spfengine.report.suggest import suggestion_page
from spfengine.senders import sender_dict
from spfengine.web.answers import answer
from spfengine.web.requests import Form, Task
from spfengine.web.wording import of_page
from tests.optional import need
from tests.report.dom import ELEMENTS, Page, foreign, unbroken
from tests.report.samples import INVISIBLE, LONG, PAYLOADS
from tests.web.asking import EXAMPLES, MESSAGE, ZONES, ask, example, file, seed_senders

need("jinja2")

PROPOSED = "v=spf1 +a +mx +ip4:150.95.55.137 include:relay.mailchannels.net ~all"
PUBLISHED = "v=spf1 +a +mx +ip4:150.95.55.137 +ip4:163.44.239.12 ~all"
DRAFT = "v=spf1 mx -all"
TASKS = [str(task) for task in Task]


def test_the_seed_story() -> None:
    read = ask("read", evidence=MESSAGE)
    assert read["domains"] == ["seed.example"]
    assert "Google" in read["view"] or "google.com" in read["view"]
    check = ask("check", zones=ZONES, senders=read["senders"])
    assert check["result"] == "softfail"
    assert "MailChannels" in check["view"]
    publish = ask("publish", zones=ZONES, senders=read["senders"])
    assert publish["answer"] == "publish this record"
    assert (publish["record"], publish["published"]) == (PROPOSED, PUBLISHED)
    change = ask("change", zones=ZONES, senders=read["senders"], draft=publish["record"])
    assert (change["answer"], change["style"]) == ("nothing gets worse", "pass")
    worse = ask("change", zones=ZONES, senders=read["senders"], draft="v=spf1 -all")
    assert worse["answer"].startswith("something gets worse")
    lint = ask("lint", zones=ZONES, domain="seed.example")
    assert lint["style"] == "pass"


def test_a_report_of_the_page_is_the_report_of_the_command() -> None:
    senders = spfengine.read_evidence([EXAMPLES / "seed-message.eml"]).senders
    zone = spfengine.Zone.from_file(EXAMPLES / "seed.zone")
    suggestion = spfengine.suggest("seed.example", senders, resolver=zone, own=["seed.example"])
    after = spfengine.Overlay(zone, {"seed.example": {"TXT": PROPOSED}})
    expected = page_html(of_page(suggestion_page(suggestion, ("seed.example",), (), (zone, after))), 0)
    found = ask("publish", form="report", zones=ZONES, senders=seed_senders())
    assert found["report"] == expected
    assert found["name"] == "seed.example-publish.html"


@pytest.mark.parametrize("task", TASKS)
def test_views_are_made_of_what_reports_are_made_of(task: str) -> None:
    given = {"zones": ZONES, "evidence": MESSAGE, "senders": seed_senders(), "draft": DRAFT}
    view = Page(f"<main>{ask(task, **given)['view']}</main>")
    assert list(foreign(view)) == []
    assert view.faults == []
    ids = [each["id"] for _, each in view.elements if "id" in each]
    assert ids
    assert len(set(ids)) == len(ids)
    assert all(each and each.startswith(f"{task}-") for each in ids)
    report = ask(task, form=str(Form.REPORT), **given)
    assert list(foreign(Page(report["report"]))) == []


@pytest.mark.parametrize("pack", ["xml", "gz", "zip"])
def test_reports_are_read_as_they_arrive(pack: str) -> None:
    report = (EXAMPLES / "seed-report.xml").read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("report.xml", report)
    content = {"xml": report, "gz": gzip.compress(report), "zip": archive.getvalue()}[pack]
    read = ask("read", evidence=[file(f"report.{pack}", content)])
    assert read["domains"] == ["seed.example"]
    senders = spfengine.read_evidence([EXAMPLES / "seed-report.xml"]).senders
    assert read["senders"] == [sender_dict(sender) for sender in senders]


def test_files_in_memory_are_read_as_files() -> None:
    names = ["seed-message.eml", "seed-report.xml", "seed-senders.csv", "seed-sources.csv"]
    files = [(name, (EXAMPLES / name).read_bytes()) for name in names]
    here, there = evidence_in(files), spfengine.read_evidence([EXAMPLES / name for name in names])
    assert here.senders == there.senders
    assert here.reports == there.reports
    assert [each.source for each in here.unread] == [each.source.rpartition("/")[2] for each in there.unread]


def test_senders_come_back_as_they_were() -> None:
    senders = [
        spfengine.Sender("192.0.2.1", "", "mail.seed.example", 2),
        spfengine.Sender("192.0.2.2", "@seed.example", None, 3, "a label", "softfail", "seed.example"),
        spfengine.Sender(
            "2001:db8::1", "a@seed.example", None, 4, None, "pass", "seed.example", "pass", "fail", "forwarded"
        ),
    ]
    given = [sender_dict(sender) for sender in senders]
    view = ask("publish", zones=ZONES, domain="seed.example", senders=given)["view"]
    text = Page(f"<main>{view}</main>").text
    for sender in senders:
        assert sender.ip in text
    assert "3 senders" in text
    assert "9 messages" in text


REFUSED: dict[str, tuple[Any, str, str]] = {
    "no object": ([], "request", "expected an object"),
    "no task": ({}, "task", "expected one of read, check"),
    "an unknown task": ({"task": "delete"}, "task", "'delete'"),
    "an unknown form": ({"task": "read", "form": "pdf"}, "form", "expected one of view, report"),
    "no domain name": ({"task": "publish", "domain": "a b"}, "domain", "such as example.com"),
    "an address": ({"task": "publish", "domain": "192.0.2.1"}, "domain", "such as example.com"),
    "a long domain": ({"task": "publish", "domain": "a." * 2000}, "domain", "at most 2,000 characters"),
    "no base64": ({"task": "read", "evidence": [{"name": "x", "content": "%"}]}, "evidence", "in base64"),
    "no name": ({"task": "read", "evidence": [{"content": ""}]}, "evidence", 'the key "name" is missing'),
    "too many files": ({"task": "read", "evidence": [{}] * 101}, "evidence", "at most 100 items"),
    "no list": ({"task": "read", "evidence": "x"}, "evidence", "expected a list"),
    "too many senders": ({"task": "publish", "senders": [{}] * 10_001}, "senders", "at most 10000 items"),
    "no sender": ({"task": "read", "evidence": [file("x", "hello")]}, "evidence", "no sender was found"),
    "a broken zone": ({"task": "publish", "zones": [file("x", "$%&")]}, "zones", "expected $ORIGIN or $TTL"),
    "no records": ({"task": "publish", "domain": "seed.example"}, "zones", "paste or drop a zone export"),
    "no DNS": ({"task": "publish", "domain": "seed.example", "live": True}, "zones", "DNS can't be asked here"),
    "live is text": ({"task": "publish", "live": "yes"}, "live", "expected true or false"),
    "whose record": ({"task": "publish", "zones": ZONES}, "domain", "give the domain"),
    "two domains": (
        {"task": "publish", "zones": ZONES, "senders": [{"ip": "192.0.2.1", "sender": "a@a.example"},
                                                        {"ip": "192.0.2.1", "sender": "a@b.example"}]},
        "domain", "several domains (a.example, b.example)",
    ),
    "no client": ({"task": "check", "zones": ZONES}, "client", "give the address"),
    "a client without an address": (
        {"task": "check", "zones": ZONES, "client": {"ip": "host", "sender": "a@seed.example"}}, "client", "'host'",
    ),
    "no draft": ({"task": "change", "zones": ZONES, "domain": "seed.example"}, "draft", "write the record"),
    "a draft that is no text": ({"task": "change", "draft": 7}, "draft", "expected text"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_used_is_refused_with_what_to_do(case: str) -> None:
    document, field, message = REFUSED[case]
    found = dict(answer(document, None))
    assert found["field"] == field
    assert message in str(found["error"])
    assert str(found["error"]).isprintable() or "\n" in str(found["error"])


def test_a_record_alone_is_linted() -> None:
    found = ask("lint", draft=' "v=spf1 ipv4:192.0.2.1 -all" ')
    assert found["style"] == "fail"
    assert "ip4:192.0.2.1" in found["view"]


def test_a_pasted_zone_may_be_a_recording_or_of_route_53() -> None:
    record_set = {
        "Name": "a.example.", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"v=spf1 -all"'}]
    }  # fmt: skip
    zones = [file("the pasted zone", json.dumps({"ResourceRecordSets": [record_set]}))]
    assert ask("publish", domain="a.example", zones=zones)["published"] == "v=spf1 -all"


OCTODNS = "'': {type: TXT, value: v=spf1 a -all}\nwww: {type: A, value: 192.0.2.1}\n"
RELATIVE = '@ IN TXT "v=spf1 a -all"\nwww IN A 192.0.2.1\n'
ASSUMED = "its names belong to a.example, the domain given"


@pytest.mark.parametrize(
    ("name", "content", "assumed"),
    [
        ("the pasted zone", RELATIVE, True),
        ("zone.txt", RELATIVE, True),
        ("a.example.zone", RELATIVE, False),
        ("the pasted zone", f"$ORIGIN a.example.\n{RELATIVE}", False),
        ("the pasted zone", OCTODNS, True),
        ("the pasted zone", f"---\n{OCTODNS}", True),
        ("zone.yaml", OCTODNS, True),
        ("a.example.yaml", OCTODNS, False),
        ("the pasted zone", "zonedata: {a.example: [{TXT: v=spf1 a -all}]}", False),
    ],
)
def test_zones_of_all_forms_are_read_and_what_is_assumed_is_said(name: str, content: str, assumed: bool) -> None:
    found = ask("publish", domain="a.example", zones=[file(name, content)])
    assert found["published"] == "v=spf1 a -all"
    assert (ASSUMED in found["view"]) == assumed


@pytest.mark.parametrize(("name", "content"), [("the pasted zone", RELATIVE), ("x.yaml", OCTODNS)])
def test_names_that_nothing_completes_need_the_domain(name: str, content: str) -> None:
    found = ask("read", zones=[file(name, content)])
    assert found["field"] == "zones"
    assert "give the domain" in found["error"]
    assert "--zone" not in found["error"]


def test_a_note_about_a_zone_names_no_options() -> None:
    view = ask("lint", domain="a.example", zones=[file("a.example.zone", RELATIVE)])["view"]
    assert "What had to be assumed" in view
    assert "after its name" in view
    assert "--zone" not in view


def _strange(payload: str) -> dict[str, Any]:
    """Return a request with a text in all its places."""
    quoted = "".join([each if each.isalnum() else f"\\{ord(each):03d}" for each in payload[:200] if ord(each) < 256])
    zone = f'$ORIGIN hostile.example.\n$TTL 60\n@ TXT "v=spf1 x={quoted} include:{quoted}.hostile.example ~all"\n'
    message = (
        f"Return-Path: <{payload}@hostile.example>\r\nReceived: from {payload} ({payload} [192.0.2.9])"
        f" by mx.receiver.example; Mon, 3 Aug 2026 01:15:41 -0700\r\n"
        f"Received-SPF: softfail ({payload}) client-ip=192.0.2.9; envelope-from=x@hostile.example; helo={payload};\r\n"
        f"From: {payload} <x@hostile.example>\r\n\r\nbody"
    )
    sender = {"ip": "192.0.2.9", "sender": f"{payload}@hostile.example", "helo": payload, "label": payload[:90],
              "count": 1}  # fmt: skip
    return {
        "domain": "hostile.example",
        "zones": [file(f"{payload[:200]}.zone", zone)],
        "evidence": [file(payload[:200], message), file("senders.json", json.dumps([sender]))],
        "senders": [sender],
        "client": {"ip": "192.0.2.9", "sender": f"{payload[:500]}@hostile.example", "helo": payload[:500]},
        "draft": f"v=spf1 x={payload[:50_000]} include:{payload[:10_000]}.example -all",
    }


@pytest.mark.parametrize("payload", [*PAYLOADS, INVISIBLE, LONG])
def test_hostile_text_is_only_text(payload: str) -> None:
    for task in TASKS:
        found = ask(task, **_strange(payload))
        view = Page(f"<main>{found.get('view', '')}</main>")
        assert {name for name, _ in view.elements} <= ELEMENTS
        assert list(foreign(view)) == []
        assert str(1337 * 1337) not in view.text
        for text in (found.get("error", ""), found.get("answer", "")):
            assert text.replace("\n", "").isprintable()
            assert len(text) < 5000


def _texts(max_size: int) -> Any:
    """Return any texts, also with halves of surrogate pairs, which JSON can hold."""
    return st.text(st.characters(exclude_categories=()), max_size=max_size)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts(max_size=40) | st.sampled_from(PAYLOADS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_files = st.lists(
    st.builds(file, _texts(max_size=20), st.binary(max_size=200) | st.sampled_from(
        [(EXAMPLES / name).read_bytes() for name in ("seed.zone", "seed-message.eml", "seed-report.xml")])),
    max_size=2,
)  # fmt: skip
_client = {
    "ip": st.sampled_from(["192.0.2.1", "2001:db8::1", "x"]),
    "sender": _texts(max_size=20),
    "helo": _texts(max_size=9),
    "count": st.integers() | st.none(),
}
_sender = st.fixed_dictionaries({}, optional=_client)
requests = st.fixed_dictionaries(
    {"task": st.sampled_from(TASKS) | _values},
    optional={
        "form": st.sampled_from(["view", "report"]) | _values,
        "domain": st.sampled_from(["seed.example", "a.seed.example"]) | _texts(max_size=30) | _values,
        "evidence": _files | _values,
        "zones": st.just(ZONES) | _files | _values,
        "live": st.booleans() | _values,
        "senders": st.lists(_sender | _values, max_size=3) | _values,
        "client": _sender | _values,
        "draft": st.sampled_from(["v=spf1 mx -all", "v=spf1 ip4:1"]) | _texts(max_size=40) | _values,
    },
)
"""Requests that are nearly right, and others."""


@given(requests | _values)
def test_nothing_that_is_asked_raises(document: Any) -> None:
    found = answer(document, None, now=0)
    assert "view" in found or "report" in found or "error" in found
    json.dumps(found)


def test_the_example_of_the_page_is_that_of_the_tutorial() -> None:
    path = EXAMPLES.parent / "spfengine" / "web" / "static" / "example.json"
    filled = json.loads(path.read_text(encoding="utf-8"))
    message = (EXAMPLES / "seed-message.eml").read_text(encoding="utf-8")
    zone = (EXAMPLES / "seed.zone").read_text(encoding="utf-8")
    assert filled == {"message": message, "zone": zone}
    assert example("seed.zone") == file("seed.zone", zone)


OPTION = re.compile(r"(?<![\w-])--[a-z]+")
OUTSIDE = "$ORIGIN b.example.\n@ IN SOA ns hostmaster 1 2 3 4 5\n@ IN MX 10 mx\nmx IN A 203.0.113.5\n"
OF_HELO = OUTSIDE + '@ IN TXT "v=spf1 exists:%{h}.%{i}.b.example ~all"\n'
OF_OTHERS = OUTSIDE + '@ IN TXT "v=spf1 mx ip4:203.0.113.99 include:_spf.google.com include:relay.other.example ~all"\n'
WIDE = OUTSIDE + '@ IN TXT "v=spf1 ' + " ".join(f"a:h{n}.b.example" for n in range(12)) + ' ~all"\n'
WIDE += "".join(f"h{n} IN A 203.0.113.{n}\n" for n in range(12))
SENT = [
    {"ip": "198.51.100.4", "sender": "u@b.example", "count": 3},
    {"ip": "198.51.100.5", "sender": "u@b.example", "count": 2},
    {"ip": "203.0.113.5", "sender": "u@b.example", "count": 9},
]
FORWARDED = [{**SENT[0], "dkim": "pass", "authentication": "dkim_alone"}, SENT[2]]


@pytest.mark.parametrize("form", ["view", "report"])
def test_the_seed_story_names_no_option_of_the_command(form: str) -> None:
    for task in ("check", "publish"):
        found = ask(task, form=form, zones=ZONES, senders=seed_senders())
        said = re.sub(r"(?s)<style.*?</style>", "", " ".join(map(str, found.values())))
        assert OPTION.findall(said) == [], task


@pytest.mark.parametrize("zone", [OF_HELO, OF_OTHERS, WIDE], ids=["helo", "others", "wide"])
@pytest.mark.parametrize("senders", [[], SENT[:1], SENT, SENT[2:], FORWARDED], ids=len)
def test_the_page_names_what_it_offers_and_no_option_of_the_command(zone: str, senders: list[Any]) -> None:
    asked: dict[str, Any] = {"zones": [file("b.example.zone", zone)], "domain": "b.example", "senders": senders}
    asked["client"] = {"ip": "198.51.100.4", "sender": "u@b.example"}
    for task in ("check", "publish", "change", "lint"):
        for form in ("view", "report"):
            found = ask(task, form=form, draft="v=spf1 mx include:_spf.google.com -all", **asked)
            said = unbroken(" ".join(map(str, found.values())))
            said = re.sub(r"(?s)<style.*?</style>|spfengine [a-z]+ [^<]*", "", said)
            assert OPTION.findall(said) == [], task
