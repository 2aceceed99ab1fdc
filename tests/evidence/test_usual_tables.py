"""Tables of other programs, with the names of columns that people have; lists of addresses; JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine.errors import ArgumentError
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.reading import read_evidence
from spfengine.evidence.tables import NO_SENDERS
from tests.evidence.files import faults, of, read_bytes

EXCHANGE = (
    "#Software: Microsoft Exchange Server\r\n#Version: 15.02.1118.007\r\n#Log-type: Message Tracking Log\r\n"
    "#Date: 2026-08-03T00:00:00.000Z\r\n"
    "#Fields: date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "message-id,recipient-address,message-subject,sender-address,return-path,directionality,original-client-ip\r\n"
    '2026-08-03T10:15:01.123Z,10.0.0.1,fe,10.0.0.2,mbx,x,c,SMTP,RECEIVE,<x>,b@c.example,"Hi, all",alice@example.com,'
    "bounce@example.com,Incoming,192.0.2.24\r\n"
    "2026-08-03T10:15:02.123Z,10.0.0.1,fe,10.0.0.2,mbx,x,c,STOREDRIVER,DELIVER,<x>,b@c.example,Hi,alice@example.com,"
    "bounce@example.com,Incoming,192.0.2.24\r\n"
    "2026-08-03T10:15:03.123Z,10.0.0.1,fe,10.0.0.2,mbx,x,c,SMTP,RECEIVE,<y>,b@c.example,Hi,alice@example.com,,Incoming,\r\n"
    "2026-08-03T10:15:04.123Z,192.0.2.77,fe,10.0.0.2,mbx,x,c,SMTP,RECEIVE,<z>,b@c.example,Hi,own@c.example,,Originating,\r\n"
)
TRACE = (
    '"origin_timestamp_utc","sender_address","recipient_status","message_subject","total_bytes","message_id",'
    '"network_message_id","original_client_ip","directionality","connector_id","delivery_priority"\r\n'
    '"2026-08-03T10:15:01Z","alice@example.com","b@c.example##Receive, Deliver","Hi","9","<x>","y","192.0.2.24","Incoming",'
    '"c","Normal"\r\n'
)
PARSEDMARC = (
    "xml_schema,org_name,report_id,begin_date,domain,adkim,aspf,p,sp,pct,fo,source_ip_address,source_country,"
    "source_reverse_dns,source_base_domain,source_name,count,spf_aligned,dkim_aligned,disposition,envelope_from,"
    "header_from,envelope_to,dkim_domains,spf_domains,spf_scopes,spf_results\n"
    "draft,acme,1,2026-08-03,example.com,r,r,none,none,100,0,192.0.2.24,US,h,b,Acme,2,False,False,none,"
    "bounce.example.com,example.com,,,bounce.example.com,mfrom,softfail\n"
    "draft,acme,1,2026-08-03,example.com,r,r,none,none,100,0,192.0.2.25,US,h,b,,3,False,False,none,,example.com,,,"
    '"mx.example.com,bounce.example.com","helo,mfrom","none,pass"\n'
    "draft,acme,1,2026-08-03,example.com,r,r,none,none,100,0,192.0.2.26,US,h,b,,4,False,False,none,,example.com,,,"
    "mx.example.com,helo,pass\n"
)
MESSAGE = ("192.0.2.24", "alice@example.com", None, 1, None)

TABLES: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "message tracking of Exchange": (EXCHANGE, [("192.0.2.24", "bounce@example.com", None, 1, None)]),
    "the same, exported by PowerShell": (
        ('#TYPE System.Object\r\n"ClientIp";"Source";"EventId";"Sender";"ReturnPath";"OriginalClientIp"\r\n'
        '"10.0.0.1";"SMTP";"RECEIVE";"alice@example.com";"alice@example.com";"192.0.2.24"\r\n'), [MESSAGE]),
    "message trace of Microsoft 365": (TRACE, [MESSAGE]),
    "message trace, the older form": (
        ("Received,Sender Address,Recipient Address,Subject,Status,To IP,From IP,Size,Message ID\n"
        "8/3/2026,alice@example.com,b@c.example,Hi,Delivered,,192.0.2.24,9,<x>\n"), [MESSAGE]),
    "parsedmarc": (PARSEDMARC, [
        ("192.0.2.26", "postmaster@mx.example.com", "mx.example.com", 4, "pass"),
        ("192.0.2.25", "@bounce.example.com", "mx.example.com", 3, "pass"),
        ("192.0.2.24", "@bounce.example.com", None, 2, "softfail"),
    ]),
    "an export of Mimecast": (
        ("From (Header),From (Envelope),To,Sender IP,Route\n"
         "Alice <a@shop.example>,alice@example.com,b@c.example,192.0.2.24,Inbound\n"), [MESSAGE]),
    "mail events of Defender": (
        ("Timestamp,SenderMailFromAddress,SenderFromAddress,SenderIPv4,SenderIPv6,RecipientEmailAddress\n"
         "2026-08-03,alice@example.com,a@shop.example,192.0.2.24,,b@c.example\n"), [MESSAGE]),
    "in German": ("IP-Adresse;Absender-Domain;Anzahl\n192.0.2.24;example.com;5\n",
                  [("192.0.2.24", "@example.com", None, 5, None)]),
    "names as people write them": (
        "Source IP;From;Count;SPF\n192.0.2.24;Alice <alice@example.com>;1,234;pass\n",
        [("192.0.2.24", "alice@example.com", None, 1234, "pass")]),
    "tabs": ("IP address\tenvelope_from\tmessages\n192.0.2.24\texample.com\t12\n", [("192.0.2.24", "@example.com", None, 12, None)]),
    "a column with a vague name is used if there is no other": (
        "domain,client_ip,volume\nexample.com,192.0.2.24,7.0\n", [("192.0.2.24", "@example.com", None, 7, None)]),
    "a more exact column first": (
        "From,Mail From,sourceIP\nfriendly@example.net,alice@example.com,192.0.2.24\n", [MESSAGE]),
    "an empty cell of it": (
        "return_path,sender_address,ip\n,alice@example.com,192.0.2.24\n", [MESSAGE]),
    "Excel's line of its own": ("sep=;\r\nip;sender\r\n192.0.2.24;alice@example.com\r\n", [MESSAGE]),
    "an address with a port, or in brackets": (
        "remote_addr,mail_from\n192.0.2.24:4567,alice@example.com\n[2001:db8::1]:25,alice@example.com\n",
        [MESSAGE, ("2001:db8::1", *MESSAGE[1:])]),
    "spaces": ("192.0.2.24 alice@example.com\n192.0.2.25   <> h.example\n",
               [MESSAGE, ("192.0.2.25", "postmaster@h.example", "h.example", 1, None)]),
    "additions that can't be read cost only themselves": (
        "source_ip,envelope_from,helo,spf_result,header_from\n192.0.2.24,alice@example.com,<x> y,delivered,?\n", [MESSAGE]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_programs_write_them(tmp_path: Path, name: str, encoding: str) -> None:
    text, senders = TABLES[name]
    evidence = read_bytes(tmp_path, text.encode(encoding))
    assert of(evidence) == senders
    assert evidence.unread == ()


def test_what_message_tracking_has_besides_is_counted(tmp_path: Path) -> None:
    aside = dict(read_bytes(tmp_path, EXCHANGE.encode()).aside)
    assert aside["other events of message tracking"] == 1
    assert aside["messages from internal addresses"] == 1
    assert aside["messages that your own users sent"] == 1


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("when,who\n1,2\n", ("FILE: not a DMARC report, message, mail log or table of senders (columns ip,sender,helo,count,"
         "label); of a message, use Download original (.eml): 'when,who\\x0a1,2\\x0a'")),
        ("from,to\na@b.example,c@d.example\n", ("FILE: not a DMARC report, message, mail log or table of senders (columns "
         "ip,sender,helo,count,label); of a message, use Download original (.eml): "
         "'from,to\\x0aa@b.example,c@d.example\\x0a'")),
        ("source_ip,envelope_from\n192.0.2.300,a@b.example\n", "FILE, line 2: not an IP address: '192.0.2.300'"),
        ("source_ip,envelope_from\n192.0.2.1,\n",
         "FILE, line 2: the row names no sender (write <> for the null sender): '192.0.2.1,'"),
        ("source_ip,count\n192.0.2.1,5\n", ("FILE, line 2: a list of addresses does not say what they send from: give DOMAIN, "
         "or the columns ip,sender: '192.0.2.1,5'")),
    ],
)  # fmt: skip
def test_refusals_say_what_was_expected(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(read_bytes(tmp_path, text.encode())) == [fault]


LISTS = {
    "one on each line": ("192.0.2.1\n# of the shop\n2001:db8::1\r\n\n192.0.2.2 # the printer\n", ["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
    "all on one line": ("192.0.2.1, 192.0.2.2, 2001:db8::1\n", ["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
    "a heading": ("IP address\n192.0.2.1\n192.0.2.2\n", ["192.0.2.1", "192.0.2.2"]),
    "a table without senders": ("source_ip,count\n192.0.2.1,1\n192.0.2.2,1\n", ["192.0.2.1", "192.0.2.2"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_the_addresses_of_a_list_send_from_the_domain_given(tmp_path: Path, name: str) -> None:
    text, ips = LISTS[name]
    evidence = read_bytes(tmp_path, text.encode(), domain="Example.com")
    assert sorted((sender.ip, sender.sender) for sender in evidence.senders) == [(ip, "@example.com") for ip in ips]
    assert evidence.unread == ()
    assert read_bytes(tmp_path, text.encode()).senders == ()


DESCRIBED = {
    "after a comma": "2001:db8::1, mail server\n192.0.2.1, web",
    "after a space": "2001:db8::1 mail server\n192.0.2.1 web",
    "after a dash": "2001:db8::1 - mail server\n192.0.2.1 \u2013 web",
    "after a colon": "2001:db8::1: mail server\n192.0.2.1: web",
    "in parentheses": "2001:db8::1 (mail server)\n192.0.2.1 (web)",
    "after a tab": "2001:db8::1\tmail server\n192.0.2.1\tweb",
    "bullets": "- 2001:db8::1 mail server\n* 192.0.2.1 web",
}


@pytest.mark.parametrize("form", DESCRIBED)
def test_what_is_written_beside_an_address_is_its_label(tmp_path: Path, form: str) -> None:
    evidence = read_bytes(tmp_path, DESCRIBED[form].encode(), domain="example.com")
    assert [(sender.ip, sender.sender, sender.label) for sender in evidence.senders] == [
        ("2001:db8::1", "@example.com", "mail server"), ("192.0.2.1", "@example.com", "web"),
    ]  # fmt: skip
    refused = read_bytes(tmp_path, DESCRIBED[form].encode())
    assert [item.reason for item in refused.unread] == [NO_SENDERS]


@pytest.mark.parametrize(
    "line",
    ['192.0.2.1 - - [03/Aug/2026:10:15:01 +0200] "GET / HTTP/1.1" 200 1', "192.0.2.1 = x", "192.0.2.1 said: a=b"],
)
def test_other_lines_that_begin_with_an_address_are_no_list(tmp_path: Path, line: str) -> None:
    assert read_bytes(tmp_path, line.encode(), domain="example.com").senders == ()


def test_uniq_counts(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, b"     12 192.0.2.1\n      3 192.0.2.2\n", domain="example.com")
    assert [(sender.ip, sender.count) for sender in evidence.senders] == [("192.0.2.1", 12), ("192.0.2.2", 3)]


def test_a_domain_that_is_none_is_refused(tmp_path: Path) -> None:
    for domain in ("a b", 5):
        with pytest.raises(ArgumentError, match="domain"):
            read_evidence(tmp_path, domain=domain)  # type: ignore[arg-type]  # the mistake under test


def test_a_sender_that_is_given_is_not_replaced_by_the_domain(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, b"ip,sender\n192.0.2.1,a@b.example\n192.0.2.2,\n", domain="example.com")
    assert of(evidence) == [("192.0.2.1", "a@b.example", None, 1, None)]
    assert evidence.skipped == 1


# JSON

RECORD: dict[str, Any] = {
    "source": {"ip_address": "192.0.2.24", "country": "US", "name": "Acme"}, "count": 2,
    "identifiers": {"header_from": "example.com", "envelope_from": None, "envelope_to": None},
    "auth_results": {"dkim": [], "spf": [
        {"domain": "mx.example.com", "scope": "helo", "result": "none"},
        {"domain": "bounce.example.com", "scope": "mfrom", "result": "pass"},
    ]},
}  # fmt: skip
OF_RECORD = ("192.0.2.24", "@bounce.example.com", "mx.example.com", 2, "pass")


def read_json(folder: Path, value: object, **more: str) -> Evidence:
    return read_bytes(folder, json.dumps(value, indent=2).encode(), **more)


def test_json_of_parsedmarc(tmp_path: Path) -> None:
    report = {"xml_schema": "draft", "report_metadata": {}, "policy_published": {}, "records": [RECORD]}
    for value in ([report], {"aggregate_reports": [report], "forensic_reports": []}, report):
        evidence = read_json(tmp_path, value)
        assert of(evidence) == [OF_RECORD]
        assert [(source.kind, source.rows, source.messages) for source in evidence.sources] == [("json", 1, 2)]
    failure = {
        "feedback_type": "auth-failure",
        "original_mail_from": "alice@example.com",
        "source": {"ip_address": "192.0.2.24"},
    }
    assert of(read_json(tmp_path, [failure])) == [MESSAGE]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, (None, None, None)),
        ({"policy_evaluated": {"disposition": "none", "dkim": "pass", "spf": "fail", "policy_override_reasons": []}},
         ("fail", "pass", None)),
        ({"policy_evaluated": {"dkim": "fail", "spf": "fail", "policy_override_reasons": [
            {"type": "other", "comment": None}, {"type": "mailing_list", "comment": "x"}]}}, ("fail", "fail", "mailing_list")),
        ({"alignment": {"spf": True, "dkim": False, "dmarc": True}}, ("pass", "fail", None)),
        ({"policy_evaluated": {"dkim": "fail", "spf": "pass"}, "alignment": {"spf": False}}, ("pass", "fail", None)),
        ({"policy_evaluated": 5, "alignment": ["x"]}, (None, None, None)),
    ],
)  # fmt: skip
def test_how_dmarc_went_by_the_json_of_parsedmarc(
    tmp_path: Path, more: dict[str, object], told: tuple[str | None, ...]
) -> None:
    dkim = [{"domain": "example.com", "selector": "s", "result": "pass"}] if told[1] == "pass" else []
    [sender] = read_json(
        tmp_path, [{**RECORD, "auth_results": {**RECORD["auth_results"], "dkim": dkim}, **more}]
    ).senders
    assert (sender.dmarc_spf, sender.dmarc_dkim, sender.override) == told


def test_parsedmarc_fills_in_an_envelope_from_that_is_a_helo_name(tmp_path: Path) -> None:
    spf = [{"domain": "mx.example.com", "scope": "helo", "result": "pass"}]
    record = {**RECORD, "identifiers": {"envelope_from": "MX.example.com"}, "auth_results": {"spf": spf}}
    assert of(read_json(tmp_path, [record])) == [
        ("192.0.2.24", "postmaster@mx.example.com", "mx.example.com", 2, "pass")
    ]


@pytest.mark.parametrize(
    ("heading", "cells", "told"),
    [
        ("spf_aligned,dkim_aligned,policy_override_reasons", "True,False,", ("pass", "fail", None)),
        ("SPF Aligned,DKIM Aligned,Override", "no,yes,", ("fail", "pass", None)),
        (
            "spf_aligned,dkim_aligned,policy_override_reasons",
            "False,False,other|forwarded",
            ("fail", "fail", "forwarded"),
        ),
        ("spf_aligned,dkim_aligned,policy_override_reasons", "100%,,none", (None, None, None)),
    ],
)
def test_how_dmarc_went_by_a_table(tmp_path: Path, heading: str, cells: str, told: tuple[str | None, ...]) -> None:
    text = f"source_ip_address,envelope_from,{heading}\n192.0.2.24,example.com,{cells}\n"
    [sender] = read_bytes(tmp_path, text.encode()).senders
    assert (sender.dmarc_spf, sender.dmarc_dkim, sender.override) == told


def test_lists_of_objects(tmp_path: Path) -> None:
    rows = [{"Client IP": "192.0.2.24", "MailFrom": "alice@example.com", "Messages": 3, "other": {"x": 1}}]
    expected = [("192.0.2.24", "alice@example.com", None, 3, None)]
    assert of(read_json(tmp_path, rows)) == expected
    assert of(read_json(tmp_path, {"data": {"rows": rows}})) == expected
    lines = "".join(f"{json.dumps(row)}\n" for row in rows * 2)
    assert read_bytes(tmp_path, lines.encode()).messages == 6
    assert of(read_json(tmp_path, [{"ip": "192.0.2.1"}], domain="example.com")) == [
        ("192.0.2.1", "@example.com", None, 1, None)
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "FILE: it is not JSON that can be read: '{'"),
        ("[" * 200_000, "FILE: the JSON is nested too deep"),
        ('{"hello": "world"}', ("FILE: JSON without a list of senders: expected the columns ip,sender,helo,count,label, or "
         "others such as source_ip, envelope_from and count")),
        ('[{"ip": "192.0.2.300", "sender": "a@b.example"}]', "FILE, row 1: not an IP address: '192.0.2.300'"),
        ('[{"ip": ["192.0.2.1"], "sender": {}}]', "FILE, row 1: the row names no sender (write <> for the null sender)"),
        ('{"ip": "192.0.2.1", "sender": "a@b.example"}\n{"ip"', "FILE, line 2: it is not JSON that can be read: '{\"ip\"'"),
        ('[{"source": {"ip_address": "192.0.2.1"}}]', "FILE, row 1: it names no domain that SPF was checked for"),
    ],
)  # fmt: skip
def test_json_that_can_not_be_read(tmp_path: Path, text: str, fault: str) -> None:
    assert faults(read_bytes(tmp_path, text.encode())) == [fault]


def test_json_is_held_up_to_a_bound(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, b'[{"ip":"192.0.2.1"}' + b" " * (2 << 20) + b"]", bounds=Bounds(held=1 << 20))
    assert faults(evidence) == ["FILE: it is larger than 1 MiB, which is the most that is held in memory"]


values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["192.0.2.1", "a@b.example"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["ip", "sender", "source", "ip_address", "count", "records", "identifiers", "auth_results",
                                       "spf", "scope", "MESSAGE", "log"]), inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_any_json_is_read_without_an_exception(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    evidence = read_json(tmp_path_factory.getbasetemp(), value)
    assert all(sender.ip == "192.0.2.1" for sender in evidence.senders)


def test_the_public_function_takes_a_domain(tmp_path: Path) -> None:
    (tmp_path / "ips").write_text("192.0.2.1\n")
    assert [s.sender for s in spfengine.read_evidence(tmp_path / "ips", domain="example.com").senders] == [
        "@example.com"
    ]


@pytest.mark.parametrize("before", ["", "sep=,\n"])
def test_the_first_row_of_a_table_without_a_heading_is_a_sender(tmp_path: Path, before: str) -> None:
    evidence = read_bytes(tmp_path, f"{before}192.0.2.24,alice@example.com\n192.0.2.25,bob@example.com\n".encode())
    assert sorted(of(evidence)) == [MESSAGE, ("192.0.2.25", "bob@example.com", None, 1, None)]


def test_the_envelope_sender_of_parsedmarc_stays_what_the_report_has(tmp_path: Path) -> None:
    """The domains of SPF may be several, of MAIL FROM and of HELO, and need not be that of the envelope's sender."""
    head = PARSEDMARC.partition("\n")[0]
    row = (
        "draft,acme,1,2026-08-03,example.com,r,r,none,none,100,0,192.0.2.24,US,h,b,Acme,2,False,False,none,"
        'news.example.com,example.com,,,"mx.example.com,bounce.example.com","helo,mfrom","none,softfail"'
    )
    evidence = read_bytes(tmp_path, f"{head}\n{row}\n".encode())
    assert of(evidence) == [("192.0.2.24", "@news.example.com", "mx.example.com", 2, "softfail")]


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63), 10**30])
def test_a_number_in_json_that_no_program_counts_to_is_none(tmp_path: Path, number: int) -> None:
    rows = [{"ip": "192.0.2.24", "sender": "alice@example.com", "count": number}]
    evidence = read_bytes(tmp_path, json.dumps(rows).encode())
    assert of(evidence) == [MESSAGE]
