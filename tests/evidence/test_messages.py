"""Received messages: what is taken from which field, and that a field which somebody else may have written is not."""

import base64
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from spfengine.evidence.bounds import DEFAULT_BOUNDS
from spfengine.evidence.ledger import BrokenFileError
from spfengine.evidence.mime import attachments
from tests.evidence.files import GOOD, faults, gzipped, mailed, of, read_bytes, record, report, zipped

CLIENT = "Received: from mail.example.com (mail.example.com [192.0.2.24])\r\n by mx.example.net with ESMTP; now\r\n"
PATH = "Return-Path: <alice@example.com>\r\n"
FROM = "From: Alice <alice@example.com>\r\n"


def message(*fields: str, body: str = "Hello\r\n") -> bytes:
    return ("".join(field if field.endswith("\n") else f"{field}\r\n" for field in fields) + f"\r\n{body}").encode()


def results(text: str, name: str = "mx.example.net") -> str:
    return f"Authentication-Results: {name}; {text}"


SENDER = "smtp.mailfrom=alice@example.com"
FORGED_RECEIVED = "Received: from good.example (good.example [198.51.100.1]) by mx.example.net with ESMTP id 1\r\n"
FORGED = [
    "Received-SPF: pass client-ip=198.51.100.1; envelope-from=ceo@good.example; helo=good.example",
    results("spf=pass (good.example designates 198.51.100.1 as permitted sender) smtp.mailfrom=ceo@good.example"),
    FORGED_RECEIVED,
]

TOLD = {
    "the address is only in the comment": (
        [results(f"spf=softfail (domain does not designate 192.0.2.24 as permitted sender) {SENDER}"), FROM],
        ("192.0.2.24", "alice@example.com", None, 1, "softfail"),
    ),
    "a field for each method: that of SPF": (
        [results("dkim=none"), results(f"spf=pass (192.0.2.24) {SENDER}"), FROM],
        ("192.0.2.24", "alice@example.com", None, 1, "pass"),
    ),
    "the HELO name is in the other field of the same receiver": (
        [
            results(f"spf=pass (192.0.2.24) {SENDER}"),
            "Received-SPF: pass client-ip=192.0.2.24; helo=Smtp.Example.com",
            FROM,
        ],
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, "pass"),
    ),
    "the same, if the address is only in Received": (
        [
            results(f"spf=pass {SENDER}"),
            "Received-SPF: fail client-ip=198.51.100.1; helo=evil.example; envelope-from=x@evil.example",
            "Received-SPF: pass client-ip=192.0.2.24; helo=smtp.example.com",
            CLIENT,
        ],
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, "pass"),
    ),
    "the address is only in Received": (
        [results(f"spf=pass {SENDER}"), CLIENT, FROM],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, "pass"),
    ),
    "Received from within the site is passed over": (
        [
            "Received: from filter (filter [10.1.2.3]) by store.example.net",
            "Received: from a (b [IPv6:fd00::1]) by filter.example.net",
            CLIENT,
            PATH,
            FROM,
        ],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
    ),
    "Received of qmail": (
        ["Received: from unknown (HELO smtp.example.com) (192.0.2.24)\r\n  by mx.example.net with SMTP", PATH],
        ("192.0.2.24", "alice@example.com", "smtp.example.com", 1, None),
    ),
    "Received of Exim, whose HELO is an address that the client made up": (
        ["Received: from [192.0.2.24] (helo=[198.51.100.1])\r\n\tby mx.example.net with smtp (Exim 4.96)", PATH],
        ("192.0.2.24", "alice@example.com", "[198.51.100.1]", 1, None),
    ),
    "Received of Postfix, whose HELO is an address that the client made up": (
        ["Received: from [198.51.100.1] (unknown [IPv6:2001:db8::24])\r\n by mx.example.net (Postfix)", PATH],
        ("2001:db8::24", "alice@example.com", "[198.51.100.1]", 1, None),
    ),
    "a null sender is postmaster of the HELO name": (
        ["Return-Path: <>", CLIENT, FROM],
        ("192.0.2.24", "postmaster@mail.example.com", "mail.example.com", 1, None),
    ),
    "smtp.helo alone": (
        [results("spf=none (192.0.2.24) smtp.helo=mail.example.com"), "Return-Path: <>"],
        ("192.0.2.24", "postmaster@mail.example.com", "mail.example.com", 1, "none"),
    ),
    "a result of HELO is none of the sender": (
        ["Received-SPF: pass identity=helo; client-ip=192.0.2.24; helo=mail.example.com; envelope-from=a@example.com"],
        ("192.0.2.24", "a@example.com", "mail.example.com", 1, None),
    ),
    "both identities in one field: that of the sender": (
        [results("spf=pass smtp.helo=mail.example.com; spf=fail (192.0.2.24) smtp.mailfrom=a@example.com")],
        ("192.0.2.24", "a@example.com", "mail.example.com", 1, "fail"),
    ),
    "the sender is only in the comment": (
        ["Received-SPF: fail (example.net: domain of a@example.com does not designate 192.0.2.24 as permitted sender)"],
        ("192.0.2.24", "a@example.com", None, 1, "fail"),
    ),
    "the sender of Return-Path, if other fields have only its domain": (
        [results("spf=pass (192.0.2.24) smtp.mailfrom=example.com"), PATH],
        ("192.0.2.24", "alice@example.com", None, 1, "pass"),
    ),
    "but not where Return-Path is of another domain": (
        [results("spf=pass (192.0.2.24) smtp.mailfrom=example.org"), PATH],
        ("192.0.2.24", "@example.org", None, 1, "pass"),
    ),
    "fields of the message's own writer are not believed": (
        [results(f"spf=fail (192.0.2.24) {SENDER}"), CLIENT, *FORGED, FROM],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail"),
    ),
    "nor where the receiver adds nothing but Received": (
        [CLIENT, PATH, FROM, FORGED_RECEIVED],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
    ),
    "nor do they fill in what the receiver did not say": (
        [results(f"spf=fail {SENDER}"), CLIENT, *FORGED, FROM],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail"),
    ),
    "nor below its Received, be they about the same client": (
        [
            results(f"spf=fail (192.0.2.24) {SENDER}"),
            CLIENT,
            "Received-SPF: pass client-ip=192.0.2.24; helo=good.example; envelope-from=ceo@good.example",
        ],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail"),
    ),
    "nor a field by somebody else below one of the receiver's": (
        [results("dkim=none"), results("spf=pass (198.51.100.1) smtp.mailfrom=x@good.example", "good.example"), PATH,
         CLIENT],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
    ),
    "a seal of the chain (ARC) is none of these fields": (
        [f"ARC-Authentication-Results: i=1; mx.example.org; spf=pass (198.51.100.1) {SENDER}", CLIENT, PATH],
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_the_sender_of_a_message(tmp_path: Path, case: str) -> None:
    fields, reported = TOLD[case]
    evidence = read_bytes(tmp_path, message(*fields))
    assert of(evidence) == [reported]
    assert evidence.unread == ()


@pytest.mark.parametrize("receiver", ["mx.example.net", "MX.example.net", "example.net"])
def test_the_named_receiver_is_believed_wherever_its_field_is(tmp_path: Path, receiver: str) -> None:
    forged = results("spf=pass (198.51.100.1) smtp.mailfrom=x@good.example", "mx.good.example")
    own = results(f"spf=fail (192.0.2.24) {SENDER}")
    evidence = read_bytes(tmp_path, message(FORGED[0], forged, own, FROM), receiver=receiver)
    assert of(evidence) == [("192.0.2.24", "alice@example.com", None, 1, "fail")]
    assert evidence.receivers == (("mx.example.net", 1),)


@pytest.mark.parametrize(
    "fields",
    [
        [results(f"spf=pass (192.0.2.24) {SENDER}", "mx.example.org"), CLIENT.replace("example.net", "example.org")],
        [results(f"spf=pass (192.0.2.24) {SENDER}", "evilexample.net")],
        ["Authentication-Results: spf=pass (sender IP is 192.0.2.24) smtp.mailfrom=example.com"],
        ["Received-SPF: pass client-ip=192.0.2.24; envelope-from=a@example.com"],
    ],
)
def test_nobody_else_is_believed_then(tmp_path: Path, fields: list[str]) -> None:
    evidence = read_bytes(tmp_path, message(*fields, PATH, FROM), receiver="example.net")
    assert evidence.senders == ()
    assert faults(evidence) == ["FILE: no trusted header field has the address of the client"]


def test_microsoft_is_believed_by_the_name_in_received_spf(tmp_path: Path) -> None:
    fields = [
        "Authentication-Results: spf=fail (sender IP is 192.0.2.24) smtp.mailfrom=example.com",
        (
            "Received-SPF: Fail (protection.outlook.com: domain of example.com does not designate 192.0.2.24) "
            "receiver=protection.outlook.com; client-ip=192.0.2.24; helo=mail.example.com;"
        ),
        PATH,
    ]
    evidence = read_bytes(tmp_path, message(*fields), receiver="protection.outlook.com")
    assert of(evidence) == [("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail")]


REFUSED = {
    "no field at all": ([FROM], "no trusted header field has the address of the client"),
    "no sender": ([CLIENT, FROM], "no trusted header field has the sender, and there is no Return-Path"),
    "a field that can't be read": (
        ["Authentication-Results: mx.example.net; spf"],
        "a header field about SPF can't be read, and no other has the address of the client: 'mx.example.net; spf'",
    ),
    "a field too long to be held": (
        [f"Authentication-Results: mx.example.net; {'x' * 70_000}", *FORGED],
        "its header section is too long",
    ),
    "a null sender without HELO": (
        [results("spf=none (192.0.2.24) smtp.mailfrom=<>")],
        "the sender is null, and the HELO name, which replaces it, is not known",
    ),
    "control characters": (
        [results("spf=pass (192.0.2.24) smtp.mailfrom=\x1b[31m@example.com")],
        ("the receiver's header fields about SPF don't have the address of the client, and no Received field of the "
        "same host does: 'mx.example.net'"),
    ),
    "markup": (
        ["Return-Path: <<b>@example.com>", CLIENT],
        "the sender is neither a mail address nor a domain: '<<b>@example.com>'",
    ),
    "a Received field that says nothing": (
        ["Received: by mx.example.net", "Received: from x (y [999.1.1.1]) by z", PATH],
        "no trusted header field has the address of the client",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_message_without_a_usable_sender_is_reported(tmp_path: Path, case: str) -> None:
    fields, reported = REFUSED[case]
    evidence = read_bytes(tmp_path, message(*fields))
    assert evidence.senders == ()
    assert faults(evidence) == [f"FILE: {reported}"]


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("Alice <alice@Example.COM>", "example.com"),
        ("alice@example.com", "example.com"),
        ("alice@example.com (Alice <x@evil.example>)", "example.com"),
        ('"x@evil.example" <alice@example.com>', "example.com"),
        ("a@one.example, <b@two.example>", "two.example"),
        ("nobody", None),
        ("Alice <alice@exam ple.com>", None),
        ("x" * 20000 + "@example.com", None),
    ],
)
def test_the_domain_of_from(tmp_path: Path, written: str, domain: str | None) -> None:
    [sender] = read_bytes(tmp_path, message(CLIENT, PATH, f"From: {written}")).senders
    assert sender.header_from == domain


def test_empty_lines_before_a_message(tmp_path: Path) -> None:
    """As a person leaves them who copies it out of a browser."""
    assert of(read_bytes(tmp_path, b"\r\n \r\n" + message(CLIENT, PATH))) == [
        TOLD["nor where the receiver adds nothing but Received"][1]
    ]


def test_a_mailbox_holds_many_messages(tmp_path: Path) -> None:
    one = message(results(f"spf=pass (192.0.2.24) {SENDER}"), body="Hello\r\nFrom here on\r\n\r\n>From me\r\n\r\n")
    bad = message(FROM, body="\r\n")
    mail = mailed(gzipped(GOOD)) + b"\r\n"
    start = b"From MAILER-DAEMON Mon Aug  3 10:00:00 2026\r\n"
    evidence = read_bytes(tmp_path, start + start.join([one, bad, one, mail, one]))
    assert [astuple(source) for source in evidence.sources] == [("message", 3, 3, 3), ("dmarc-report", 1, 2, 6)]
    assert faults(evidence) == ["FILE (message 2): no trusted header field has the address of the client"]


def test_a_message_with_an_attachment_that_is_no_report_is_a_message(tmp_path: Path) -> None:
    for content in [b"<invoice/>", zipped({"a.xml": b"<invoice/>"}), b"\x00\x01"]:
        evidence = read_bytes(tmp_path, mailed(content))
        assert of(evidence) == [("198.51.100.9", "noreply@reporter.example", None, 1, "pass")]


def test_a_text_is_held_up_to_64_kib_and_a_report_is_refused_beyond_its_bound() -> None:
    lines = [b"x" * 999] * 500
    [text] = attachments(lines, [("content-type", "text/plain")], DEFAULT_BOUNDS, {"text/plain"})
    assert 64 << 10 <= len(text.content) < 66 << 10
    [whole] = attachments(lines, [("content-type", "text/xml")], DEFAULT_BOUNDS, {"text/plain"})
    assert len(whole.content) == 500_000
    with pytest.raises(BrokenFileError, match="larger than what is held in memory"):
        list(attachments(lines, [("content-type", "text/xml")], replace(DEFAULT_BOUNDS, held=300_000)))


@pytest.mark.parametrize(
    ("below", "ip"),
    [
        ("", "203.0.113.9"),
        ("Received: from a (a [192.0.2.1]) by other.example.org", "203.0.113.9"),
        ("Received: from a (a [192.0.2.1]) by filter.example.net", "192.0.2.1"),
    ],
)
def test_a_field_that_names_no_writer_may_be_of_another_host_of_the_site(tmp_path: Path, below: str, ip: str) -> None:
    """The host that received the message last saw another address than the field has."""
    above = "Received: from filter (filter [203.0.113.9]) by mx.example.net"
    claim = "Received-SPF: pass client-ip=192.0.2.1; envelope-from=alice@example.com"
    evidence = read_bytes(tmp_path, message(PATH, above, claim, *[below] * bool(below), FROM))
    assert [each.ip for each in evidence.senders] == [ip]


def test_nothing_but_reports_is_read_of_attachments(tmp_path: Path) -> None:
    """Whoever sends a message could make up any table or log."""
    table = b"192.0.2.1,boss@example.com\r\n"
    for content in [table, gzipped(table), zipped({"a.csv": table}), zipped({"a.eml": message(CLIENT, PATH)})]:
        evidence = read_bytes(tmp_path, mailed(content, "application/octet-stream", "a.gz"))
        assert [item.sender for item in evidence.senders] == ["noreply@reporter.example"]


@pytest.mark.parametrize("rest", range(4))
@pytest.mark.parametrize("noise", ["", "=", "==", "\r\n", " \x00=!"])
def test_a_report_in_base64_with_other_characters_in_it(tmp_path: Path, noise: str, rest: int) -> None:
    text = report(record()) + b" " * rest
    encoded = base64.b64encode(text).decode()
    body = f"{encoded[:41]}{noise}{encoded[41:].rstrip('=')}{noise}\r\n"
    evidence = read_bytes(tmp_path, message("Content-Type: text/xml", "Content-Transfer-Encoding: BASE64", body=body))
    assert of(evidence) == [("192.0.2.1", "@example.com", None, 1, "pass")]
    assert evidence.unread == ()


def test_a_report_in_quoted_printable_or_as_it_is(tmp_path: Path) -> None:
    text = report(record()).decode()
    for coding, body in [("quoted-printable", text.replace("=", "=3D")), ("8bit", text)]:
        fields = ["Content-Type: text/xml", f"Content-Transfer-Encoding: {coding}", "Subject: x"]
        assert of(read_bytes(tmp_path, message(*fields, body=body))) == [
            ("192.0.2.1", "@example.com", None, 1, "pass")
        ]  # fmt: skip


def test_an_attachment_that_ends_in_the_middle_gives_what_is_there(tmp_path: Path) -> None:
    records = [record(f"2001:db8::{n:x}") for n in range(2000)]
    whole = mailed(report(*records), "text/xml", "r.xml")
    evidence = read_bytes(tmp_path, whole[: len(whole) // 2])
    assert 900 < len(evidence.senders) < 1100
    [fault] = faults(evidence)
    assert fault.startswith("FILE (r.xml), line 1: the XML ends in the middle")


# SPF passes for example.com or another domain: what the receiver says about DKIM and DMARC, and what follows from it.
SPF_PASS, SPF_FAIL = f"spf=pass (192.0.2.24) {SENDER}", f"spf=fail (192.0.2.24) {SENDER}"
ELSEWHERE = "spf=pass (192.0.2.24) smtp.mailfrom=bounce@lists.example.net"
HOW_IT_WENT = {
    "both": ([results(f"{SPF_PASS}; dkim=pass header.d=example.com; dmarc=pass")], ("pass", "pass")),
    "DKIM alone": ([results(f"{SPF_FAIL}; dkim=pass header.i=@example.com; dmarc=pass")], ("fail", "pass")),
    "DKIM alone, signed for a domain below": (
        [results(f"{SPF_FAIL}; dkim=pass header.d=m.example.com; dmarc=pass")], ("fail", "pass")),
    "a field for each method": (
        [results("dmarc=pass"), results("dkim=pass header.d=example.com"), results(SPF_FAIL)], ("fail", "pass")),
    "SPF alone": ([results(f"{SPF_PASS}; dkim=none; dmarc=pass")], ("pass", "fail")),
    "SPF alone, and DMARC does not say": ([results(f"{SPF_PASS}; dkim=fail header.d=example.com")], ("pass", "fail")),
    "neither": ([results(f"{ELSEWHERE}; dkim=pass header.d=esp.example; dmarc=fail")], ("fail", "fail")),
    "a domain below, which may be aligned": (
        ["Authentication-Results: mx.example.net; spf=pass (192.0.2.24) smtp.mailfrom=a@m.example.com; dkim=none"],
        (None, "fail")),
    "a pass for another reason": ([results(f"{SPF_FAIL}; dkim=none; dmarc=pass")], (None, None)),
    "no DMARC record, so DMARC does not apply": ([results(f"{SPF_PASS}; dkim=none; dmarc=none")], (None, None)),
    "no DMARC record, and Microsoft guesses": (
        [results(f"{SPF_PASS}; dkim=none; dmarc=bestguesspass action=none")], (None, None)),
    "nothing but SPF": ([results(SPF_PASS)], (None, None)),
    "Microsoft's older form": (
        [(f"Authentication-Results: {SPF_FAIL}; example.net; dkim=none (not signed) header.d=none;example.net; "
          "dmarc=fail action=none")], ("fail", "fail")),
    "of another receiver": (
        [results(SPF_FAIL), results("dkim=pass header.d=example.com; dmarc=pass", "mx.forged.example")], (None, None)),
    "below the next Received field": (
        [results(SPF_FAIL), CLIENT, results("dkim=pass header.d=example.com; dmarc=pass")], (None, None)),
}  # fmt: skip


@pytest.mark.parametrize("case", HOW_IT_WENT)
def test_how_dmarc_went_by_the_receiver_of_a_message(tmp_path: Path, case: str) -> None:
    fields, aligned = HOW_IT_WENT[case]
    [sender] = read_bytes(tmp_path, message(*fields, FROM)).senders
    assert (sender.dmarc_spf, sender.dmarc_dkim) == aligned


def test_how_dmarc_went_by_a_receiver_with_a_name(tmp_path: Path) -> None:
    told = results(f"{SPF_FAIL}; dkim=pass header.d=example.com")
    forged = results("dkim=fail; dmarc=fail", "other.example")
    [sender] = read_bytes(tmp_path, message(told, forged, FROM), receiver="mx.example.net").senders
    assert (sender.dmarc_spf, sender.dmarc_dkim) == ("fail", "pass")


@pytest.mark.parametrize(
    ("type", "is_read"),
    [
        ("application/zip", True),
        ("application/gzip", True),
        ("image/zip", False),
        ("text/gzip", False),
        ("audio/x-zip-compressed", False),
    ],
)
def test_a_packed_report_is_of_the_type_of_packed_files(tmp_path: Path, type: str, is_read: bool) -> None:
    content = gzipped(GOOD) if "gzip" in type else zipped({"report.xml": GOOD})
    evidence = read_bytes(tmp_path, mailed(content, type, "report.bin"))
    assert (evidence.messages == 6) is is_read
