"""DMARC aggregate reports: which domain a record is about, what of it is refused, and that nothing is lost silently."""

import re
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Sender
from spfengine.evidence.bounds import DEFAULT_BOUNDS
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reports import read_report
from spfengine.senders import FORWARDING
from tests.evidence.files import GOOD, faults, gzipped, mailed, of, read_bytes, record, report, report_of, zipped


def spf(*results: tuple[str, str | None, str]) -> str:
    returned = []
    for domain, scope, result in results:
        message = "" if scope is None else f"<scope>{scope}</scope>"
        returned.append(f"<spf><domain>{domain}</domain>{message}<result>{result}</result></spf>")
    return "".join(returned)


ENVELOPE = "<envelope_from>{}</envelope_from>"

IDENTITIES = {
    "the domain of SPF": (spf(("a.example", None, "pass")), "", ("@a.example", None, "pass")),
    "several results: that of the envelope's domain": (
        spf(("b.example", "mfrom", "fail"), ("A.example", "mfrom", "pass")),
        ENVELOPE.format("a.example"),
        ("@a.example", None, "pass"),
    ),
    "several results: the first, if none is for the envelope's domain": (
        spf(("b.example", "mfrom", "fail"), ("c.example", None, "pass")),
        ENVELOPE.format("a.example"),
        ("@b.example", None, "fail"),
    ),
    "mfrom before helo": (
        spf(("mx.example", "helo", "pass"), ("a.example", "mfrom", "softfail")),
        "",
        ("@a.example", "mx.example", "softfail"),
    ),
    "helo alone: the envelope's domain, whose result is not in the report": (
        spf(("mx.example", "helo", "pass")),
        ENVELOPE.format("a.example"),
        ("@a.example", "mx.example", None),
    ),
    "helo alone, and no envelope: postmaster (RFC 7208 §2.4)": (
        spf(("mx.example", "helo", "pass")),
        "",
        ("postmaster@mx.example", "mx.example", "pass"),
    ),
    "a null envelope: what has no scope is about HELO": (
        spf(("mx.example", None, "none")),
        ENVELOPE.format("<>".replace("<", "&lt;").replace(">", "&gt;")),
        ("postmaster@mx.example", "mx.example", "none"),
    ),
    "no result: the envelope's domain": ("", ENVELOPE.format("a.example"), ("@a.example", None, None)),
    "an envelope with its local part": (
        spf(("a.example", "mfrom", "pass")),
        ENVELOPE.format("bob@A.example"),
        ("bob@a.example", None, "pass"),
    ),
    "a result nobody knows": (spf(("a.example", "mfrom", "maybe")), "", ("@a.example", None, None)),
    "hardfail": (spf(("a.example", "mfrom", "HardFail")), "", ("@a.example", None, "fail")),
    "error (RFC 7489)": (spf(("a.example", "mfrom", "error")), "", ("@a.example", None, "permerror")),
    "a U-label": (spf(("bücher.example", "mfrom", "pass")), "", ("@bücher.example", None, "pass")),
}


@pytest.mark.parametrize("case", IDENTITIES)
def test_whom_a_record_is_about(tmp_path: Path, case: str) -> None:
    results, identifiers, (sender, helo, reported) = IDENTITIES[case]
    evidence = read_bytes(tmp_path, report(record(spf=results, identifiers=identifiers)))
    assert of(evidence) == [("192.0.2.1", sender, helo, 1, reported)]
    assert evidence.unread == ()


def test_equal_senders_are_added_up_and_all_others_kept_apart(tmp_path: Path) -> None:
    other = [
        record(spf=spf(("example.com", "mfrom", "fail"))),
        record(identifiers="<header_from>b.example</header_from>"),
    ]
    evidence = read_bytes(tmp_path, report(record(count=3), record("::ffff:192.0.2.1", 4), *other, record("192.0.2.2")))
    assert [item.count for item in evidence.senders] == [7, 1, 1, 1]
    assert evidence.messages == 10
    assert evidence.sources[0].rows == 5


REFUSED = {
    "the address": (record("192.0.2.300"), "not an IP address: '192.0.2.300'"),
    "an address with junk": (record("192.0.2.1; DROP TABLE"), "not an IP address: '192.0.2.1; DROP TABLE'"),
    "an address with a zone": (record("fe80::1%eth0"), "not an IP address: 'fe80::1%eth0'"),
    "no address": (record().replace("source_ip", "ip"), "there is no source_ip"),
    "no count": (record().replace("count", "number"), "there is no count"),
    "an absurd count": (record(count=10**30), f"the count is 1,000,000,000,000 or more: '{10**30}'"),
    "a huge count": (record(count="9" * 900), "the count is 1,000,000,000,000 or more: '" + "9" * 80 + "…'"),
    "a negative count": (record(count=-3), "the count is not a number: '-3'"),
    "a count of digits of elsewhere": (record(count="٣"), "the count is not a number: '٣'"),
    "nothing": (record(count=0), "the count is 0"),
    "no domain": (record(spf=""), "it names no domain that SPF was checked for"),
    "an empty domain": (record(spf=spf(("", "mfrom", "pass"))), "it names no domain that SPF was checked for"),
    "a control character": (
        record(spf=spf(("a\x85b.example", "mfrom", "pass"))),
        "the sender has unprintable characters: 'a\\x85b.example'",
    ),
    "an override of direction": (
        record(spf=spf(("a\u202eb.example", "mfrom", "pass"))),
        "the sender has unprintable characters: 'a\\u202eb.example'",
    ),
    "markup": (
        record(spf=spf(("&lt;script&gt;alert(1)&lt;/script&gt;", "mfrom", "pass"))),
        "the sender is neither a mail address nor a domain: '<script>alert(1)</script>'",
    ),
    "markup of the terminal's library": (
        record(spf=spf(("[bold]a.example[/bold]", "mfrom", "pass"))),
        "the sender is neither a mail address nor a domain: '[bold]a.example[/bold]'",
    ),
    "a huge value": (
        record(ip="1" * 3000),
        "source_ip can't be used: it has more than 1,024 characters: '" + "1" * 80 + "…'",
    ),
    "elements in a value": (record(ip="<b>192.0.2.1</b>"), "source_ip can't be used: it has elements in it: 'b'"),
    "an element twice": (record(row="<count>5</count>"), "count can't be used: it occurs twice: '5'"),
    "a row twice": (
        record(row="</row><row><source_ip>192.0.2.2</source_ip>"),
        "source_ip can't be used: it occurs twice: '192.0.2.2'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_unusable_record_is_skipped_and_reported_with_its_place(tmp_path: Path, case: str) -> None:
    bad, message = REFUSED[case]
    evidence = read_bytes(tmp_path, report(record(), f"\n{bad}", record("192.0.2.9")))
    assert faults(evidence) == [f"FILE, record 2, line 2: {message}"]
    assert [item.ip for item in evidence.senders] == ["192.0.2.1", "192.0.2.9"]
    assert evidence.skipped == 1


def test_records_with_the_same_fault_are_counted_and_the_first_shown(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, report(*[record(f"192.0.2.{300 + n}") for n in range(1500)]))
    assert faults(evidence) == ["FILE, record 1, line 1: not an IP address: '192.0.2.300' (and 1,499 more)"]
    assert (evidence.skipped, evidence.unread[0].count) == (1500, 1500)


def test_names_outside_of_a_record_are_not_its_own(tmp_path: Path) -> None:
    decoy = "<source_ip>198.51.100.1</source_ip><count>9</count>"
    text = report(f"<extension>{decoy}</extension>", record(row=f"<extension>{decoy}</extension>"), decoy)
    assert of(read_bytes(tmp_path, text)) == [("192.0.2.1", "@example.com", None, 1, "pass")]


@pytest.mark.parametrize(
    "text",
    [
        report(record()).replace(b"<feedback>", b'<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
        re.sub(rb"<(/?)([a-z])", rb"<\1x:\2", report(record())),
        b"\n\n  " + GOOD,
        b"\xef\xbb\xbf" + GOOD,
        b"\xef\xbb\xbf\n" + GOOD.partition(b"?>")[2],
        GOOD.decode().encode("utf-16"),
        report(record(), head='<?xml version="1.0" encoding="windows-1252"?>'),
        report(record(), head="<!-- made by hand -->"),
        report(record(ip="<![CDATA[192.0.2.1]]>")),
    ],
)  # fmt: skip
def test_forms_of_xml_that_reports_have(tmp_path: Path, text: bytes) -> None:
    evidence = read_bytes(tmp_path, text)
    assert evidence.unread == ()
    assert evidence.senders[-1].ip == "192.0.2.1"


@pytest.mark.parametrize(
    "text",
    [
        report(record(), head="<!-- AT&T &amp; &nbsp; -->"),
        report(record(row="<x><![CDATA[a & b &nbsp;]]></x>")),
        report(record(row="<x><![CDATA[a & b]]></x><y>&amp; &#38; &#x26;</y>")),
    ],
)
def test_an_ampersand_where_xml_allows_it_is_no_fault(tmp_path: Path, text: bytes) -> None:
    evidence = read_bytes(tmp_path, text)
    assert (evidence.unread, evidence.repaired) == ((), ())
    assert evidence.messages == 1


@pytest.mark.parametrize("reference", ["&#0;", "&#x110000;", "&#1114112;", "&#xD800;", "&#xFFFE;"])
def test_a_reference_to_no_character_is_replaced(tmp_path: Path, reference: str) -> None:
    evidence = read_bytes(tmp_path, report(record(row=f"<x>{reference}</x>")))
    assert evidence.messages == 1
    assert "a character that XML can't have was replaced" in str(evidence.repaired[0])


@pytest.mark.parametrize("reference", ["&#9;", "&#x10FFFF;", "&#1114111;", "&#XE000;", "&#xFFFD;"])
def test_a_reference_to_a_character_is_none(tmp_path: Path, reference: str) -> None:
    evidence = read_bytes(tmp_path, report(record(row=f"<x>{reference}</x>")))
    assert (evidence.messages, evidence.repaired, evidence.unread) == (1, (), ())


def test_elements_of_the_namespace_of_the_root_are_the_report_s(tmp_path: Path) -> None:
    text = report(record(row='<x xmlns="urn:y"/>')).replace(b"<feedback>", b'<feedback xmlns="urn:x">')
    assert of(read_bytes(tmp_path, text)) == [("192.0.2.1", "@example.com", None, 1, "pass")]
    inner = report(record(row='<x:feedback xmlns:x="urn:y"/>'), record("192.0.2.2"))
    evidence = read_bytes(tmp_path, inner.replace(b"<feedback>", b'<feedback xmlns="urn:x">'))
    assert [sender.ip for sender in evidence.senders] == ["192.0.2.1", "192.0.2.2"]


def test_a_report_is_read_the_same_however_it_arrives(tmp_path: Path) -> None:
    expected = read_bytes(tmp_path, GOOD).senders
    for content in [
        gzipped(GOOD),
        zipped({"report.xml": GOOD}),
        mailed(gzipped(GOOD)),
        mailed(zipped({"report.xml": GOOD}), "application/zip", "a.zip"),
        mailed(GOOD, "text/xml", "a.xml"),
        mailed(gzipped(GOOD), "application/octet-stream"),
    ]:
        evidence = read_bytes(tmp_path, content)
        assert evidence.senders == expected
        assert [astuple(source) for source in evidence.sources] == [("dmarc-report", 1, 2, 6)]
        assert evidence.unread == ()


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_pieces_may_be_cut_anywhere(cuts: list[bytes]) -> None:
    at = sorted(sum(cut) % len(GOOD) for cut in cuts)
    pieces = [GOOD[a:b] for a, b in zip([0, *at], [*at, len(GOOD)], strict=True)]
    senders = list(read_report(pieces, Ledger(), DEFAULT_BOUNDS))
    assert [(item.ip, item.count) for item in senders] == [("192.0.2.1", 1), ("2001:db8::1", 5)]


label = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9])?", fullmatch=True)
domain = st.lists(label, min_size=1, max_size=4).map(".".join)
local_part = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,20}", fullmatch=True)
address = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
fails = st.none() | st.sampled_from([str(result) for result in spfengine.Result if result is not spfengine.Result.PASS])


def reported_sender(reported: st.SearchStrategy[str | None], dmarc_spf: str) -> st.SearchStrategy[Sender]:
    return st.builds(
        Sender,
        ip=address,
        sender=st.builds("{}@{}".format, st.just("") | local_part, domain),
        helo=st.none() | domain,
        count=st.integers(1, 10**12 - 1),
        reported=reported,
        header_from=st.none() | domain,
        dmarc_spf=st.just(dmarc_spf),
        dmarc_dkim=st.none() | st.sampled_from(["pass", "fail"]),
        override=st.none() | st.sampled_from(FORWARDING),
    )


any_sender = reported_sender(fails, "fail") | reported_sender(st.just("pass"), "pass")


@given(st.lists(any_sender, max_size=5))
def test_what_is_written_into_a_report_is_read_back(senders: list[Sender]) -> None:
    ledger = Ledger()
    assert list(read_report([report_of(senders)], ledger, DEFAULT_BOUNDS)) == senders
    assert ledger.skipped == 0
