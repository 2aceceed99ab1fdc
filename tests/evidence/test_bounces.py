"""Bounces and failure reports: the sender of the message that they are about, and never the reporter's own mail."""

from pathlib import Path

import pytest

from spfengine.evidence.bounces import Bounce, bounce_in, sender_of_bounce
from spfengine.evidence.values import UnusableError
from tests.counting import cpu_seconds_at_most
from tests.evidence.files import faults, read_bytes
from tests.examples import mostly_full

IP = "23.83.218.24"

GMAIL = f"""\
550-5.7.26 Your email has been blocked because the sender is unauthenticated.
550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.
550-5.7.26
550-5.7.26  Authentication results:
550-5.7.26  DKIM = did not pass
550-5.7.26  SPF [seed.example] with ip: [{IP}] = did not pass
550-5.7.26
550-5.7.26  For instructions on setting up authentication, go to
550 5.7.26  https://support.google.com/mail/answer/81126#authentication d9si - gsmtp"""

TEXTS: dict[str, tuple[str, Bounce | None]] = {
    "Gmail": (GMAIL, Bounce(IP, "seed.example", None, None)),
    "Gmail, older": (
        ("550-5.7.26 This mail is unauthenticated, which poses a risk to the\n550-5.7.26 sender and Gmail users, "
        "and has been blocked. The sender must\n550-5.7.26 authenticate with at least one of SPF or DKIM. For this "
        "message,\n550-5.7.26 DKIM checks did not pass and SPF check for [seed.example]\n550-5.7.26 did not pass with "
        f"ip: [{IP}]. The sender should visit\n550 5.7.26 https://support.google.com/mail/answer/81126 - gsmtp"),
        Bounce(IP, "seed.example", None, None),
    ),
    "Gmail, -all": (
        ("550-5.7.26 The MAIL FROM domain [seed.example] has an SPF record with a hard fail\n550-5.7.26 policy (-all) "
        f"but it fails to pass SPF checks with the ip:\n550-5.7.26 [{IP}]. To best protect our users from spam"),
        Bounce(IP, "seed.example", None, "fail"),
    ),
    "Gmail, SPF alone": (
        "550-5.7.27 Your mail has been blocked. 550-5.7.27 SPF [seed.example] with ip: [2001:DB8:1::24] = Did not pass",
        Bounce("2001:db8:1::24", "seed.example", None, None),
    ),
    "a line of Postfix's log": (
        "Aug  3 10:15:03 mail postfix/smtp[123]: 4F2A9C1234: to=<bob@gmail.com>, "
        "relay=gmail-smtp-in.l.google.com[142.250.27.26]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=5.7.26, "
        "status=bounced (host gmail-smtp-in.l.google.com[142.250.27.26] said: "
        + GMAIL.replace("\n", " ")
        + " (in reply to end of DATA command))",
        Bounce(IP, "seed.example", None, None),
    ),
    "a line of Exim's log": (
        "2026-08-03 10:15:03 1wZq7K-000123-2f ** bob@gmail.com R=dnslookup T=remote_smtp "
        "H=gmail-smtp-in.l.google.com [142.250.27.26] X=TLS1.3: SMTP error from remote mail server after end of data: "
        + GMAIL.replace("\n", "\\n"),
        Bounce(IP, "seed.example", None, None),
    ),
    "Microsoft, SPF": (
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.1 [DB5EUR.prod]",
        Bounce(None, None, None, "fail"),
    ),
    "Microsoft, authentication": (
        ("550 5.7.515 Access denied, sending domain seed.example doesn't meet the required authentication level. "
        "Spf= Fail , Dkim= Fail , DMARC= Fail [AM9PR01MB0001.eurprd01.prod.outlook.com 2026-08-03T08:20:11.123Z]"),
        Bounce(None, "seed.example", None, "fail"),
    ),
    "Microsoft, in quotation marks": (
        f"Remote server returned '550 5.7.23 SPF fail: {IP} is not allowed to send mail from seed.example'",
        Bounce(IP, "seed.example", None, "fail"),
    ),
    "Yahoo": (
        ("550 5.7.9 This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to "
        f"authenticate with either SPF or DKIM. Authentication results: DKIM = did not pass, SPF [seed.example] with "
        f"ip: [{IP}] = did not pass"),
        Bounce(IP, "seed.example", None, None),
    ),
    "policyd-spf": (
        ("550 5.7.1 <bob@example.net>: Recipient address rejected: Message rejected due to: SPF fail - not authorized. "
        f"Please see http://www.openspf.net/Why?s=mfrom;id=alice@seed.example;ip={IP};r=mx.example.net"),
        Bounce(IP, "alice@seed.example", None, "fail"),
    ),
    "policyd-spf, HELO": (
        f"550 5.7.1 SPF fail. Please see http://www.openspf.net/Why?s=helo;id=mail.seed.example;ip={IP};r=mx.example.net",
        Bounce(IP, None, "mail.seed.example", "fail"),
    ),
    "Exim": (
        (f"550 [SPF] {IP} is not allowed to send mail from seed.example. "
        f"Please see http://www.open-spf.org/Why?scope=mfrom&identity=alice%40seed.example&ip={IP}"),
        Bounce(IP, "alice@seed.example", None, None),
    ),
    "in words": (
        f"550 SPF check failed: {IP} is not allowed to send mail from seed.example.",
        Bounce(IP, "seed.example", None, None),
    ),
    "the address alone": (f"550 5.7.1 SPF MAILFROM test failed. ({IP})", Bounce(IP, None, None, None)),
    "GMX": (
        ("550-Requested action not taken: mailbox unavailable\n550-Reject due to SPF policy.\n"
        f"550 For explanation visit https://postmaster.gmx.net/en/case?c=r0601&i=ip&v={IP}&r=1Mabc"),
        Bounce(IP, None, None, None),
    ),
    "the receiver's address is not the client's": (
        "host mx.example.net[198.51.100.9] said: 550 5.7.23 SPF validation failed (in reply to MAIL FROM command)",
        Bounce(None, None, None, "fail"),
    ),
    "two addresses, and nothing that says which": (
        "550 5.7.23 SPF validation failed for 198.51.100.9, see 198.51.100.10",
        Bounce(None, None, None, "fail"),
    ),
    "an unknown user": ("550 5.1.1 <bob@example.net>: user unknown", None),
    "nothing": ("", None),
}  # fmt: skip


@pytest.mark.parametrize("case", TEXTS)
def test_the_text_of_a_refusal(case: str) -> None:
    text, said = TEXTS[case]
    assert bounce_in(text) == said


def test_the_sender_of_a_refusal() -> None:
    sender = sender_of_bounce(GMAIL, "Alice@seed.example", "seed.example")
    assert sender is not None
    assert (sender.ip, sender.sender, sender.header_from) == (IP, "Alice@seed.example", "seed.example")
    other = sender_of_bounce(GMAIL, "alice@other.example")  # SPF was checked for what the receiver names
    assert other is not None
    assert other.sender == "@seed.example"
    assert sender_of_bounce("550 5.1.1 user unknown") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXTS["Microsoft, SPF"][0], "the bounce does not say which address the receiver saw"),
        (TEXTS["the address alone"][0], "the bounce does not say for which sender SPF was checked"),
        (GMAIL.replace("seed.example", "our-company.de").replace(IP, "192.0.2.1"),
         "the bounce has an address for documentation"),
        (GMAIL.replace(IP, "10.0.0.1"), "the bounce does not say which address the receiver saw"),
        (GMAIL.replace(IP, "xx.xx.xx.xx"), "the bounce does not say which address the receiver saw"),
    ],
)  # fmt: skip
def test_a_refusal_that_does_not_say_it(text: str, reason: str) -> None:
    with pytest.raises(UnusableError) as caught:
        sender_of_bounce(text)
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "piece",
    mostly_full([
        "SPF ", "spf=", "550 5.7.26 ", "with ip: [", "1.", "1:", "[", "domain ", "http://x?", "a=b&", "host x[", " ",
        "\n", "<", "\\n", "is not allowed to send mail from ", "550-", "(x, the server ",
    ], 4),
)  # fmt: skip
def test_a_text_without_end_takes_linear_time(piece: str) -> None:
    with cpu_seconds_at_most(20):
        bounce_in("SPF " + piece * 60_000)


ORIGINAL = """\
Return-Path: <alice@seed.example>
Received: from app.seed.example (app.seed.example [198.51.100.7]) by mail.seed.example (Postfix) with ESMTPSA id 7
From: Alice <alice@seed.example>
To: bob@gmail.com
Subject: The invoice
"""


def delivery_report(
    diagnostic: str, *, plain: str = "I'm sorry to have to inform you.", original: str = ORIGINAL
) -> bytes:
    folded = diagnostic.replace("\n", "\n    ")
    return f"""\
Return-Path: <>
Delivered-To: alice@seed.example
Received: from mail.seed.example (mail.seed.example [203.0.113.80]) by store.seed.example (Postfix) with ESMTPS id 9
Authentication-Results: store.seed.example; spf=pass (203.0.113.80) smtp.helo=mail.seed.example
From: MAILER-DAEMON@mail.seed.example (Mail Delivery System)
To: alice@seed.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="6A1D8.1785744942/mail.seed.example"

This is a MIME-encapsulated message.

--6A1D8.1785744942/mail.seed.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

{plain}

--6A1D8.1785744942/mail.seed.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.seed.example
X-Postfix-Sender: rfc822; alice@seed.example

Final-Recipient: rfc822; bob@gmail.com
Action: failed
Status: 5.7.26
Remote-MTA: dns; gmail-smtp-in.l.google.com
Diagnostic-Code: smtp; {folded}

--6A1D8.1785744942/mail.seed.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{original}
--6A1D8.1785744942/mail.seed.example--
""".encode()


def test_a_delivery_report(tmp_path: Path) -> None:
    """RFC 3464: the sender is that of the message that bounced, and not the server that reports it."""
    evidence = read_bytes(tmp_path, delivery_report(GMAIL))
    [sender] = evidence.senders
    assert (sender.ip, sender.sender, sender.reported, sender.header_from) == (
        IP, "alice@seed.example", None, "seed.example",
    )  # fmt: skip
    assert [source.to_dict() for source in evidence.sources] == [
        {"kind": "bounce", "files": 1, "rows": 1, "messages": 1}
    ]
    assert evidence.receivers == ()


def test_a_delivery_report_without_the_address(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, delivery_report(TEXTS["Microsoft, SPF"][0]))
    assert evidence.senders == ()
    assert faults(evidence) == [
        "FILE: the bounce does not say which address the receiver saw; look up your server's public address"
    ]


def test_a_pasted_bounce_of_postfix_begins_with_the_address_in_brackets(tmp_path: Path) -> None:
    text = f"<bob@gmail.com>: host gmail-smtp-in.l.google.com[142.250.27.26] said: {GMAIL}\n"
    assert [sender.ip for sender in read_bytes(tmp_path, text.encode()).senders] == [IP]


def test_the_words_for_people_have_the_address_that_the_code_lacks(tmp_path: Path) -> None:
    report = delivery_report(
        "550 5.7.23 SPF validation failed", plain=f"550 5.7.23 SPF: {IP} is not allowed to send mail"
    )
    assert [sender.ip for sender in read_bytes(tmp_path, report).senders] == [IP]


def test_a_bounce_for_another_reason_names_nobody(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, delivery_report("550 5.1.1 <bob@gmail.com>: user unknown"))
    assert (evidence.senders, evidence.unread) == ((), ())
    assert evidence.aside == (("bounces that say nothing about SPF", 1),)


QMAIL = f"""\
Return-Path: <>
From: MAILER-DAEMON@mail.seed.example
To: alice@seed.example
Subject: failure notice

Hi. This is the qmail-send program at mail.seed.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<bob@gmail.com>:
142.250.27.26 failed after I sent the message.
Remote host said: {GMAIL}

--- Below this line is a copy of the message.

{ORIGINAL}
""".encode()
EXIM = f"""\
Return-path: <>
X-Failed-Recipients: bob@gmail.com
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mail.seed.example>
To: alice@seed.example
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

  bob@gmail.com
    host gmail-smtp-in.l.google.com [142.250.27.26]
    SMTP error from remote mail server after end of data:
    {GMAIL.replace(chr(10), chr(10) + "    ")}
""".encode()


@pytest.mark.parametrize("bounce", [QMAIL, EXIM], ids=["qmail", "Exim"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_a_bounce_in_plain_words(tmp_path: Path, bounce: bytes, line_end: bytes) -> None:
    [sender] = read_bytes(tmp_path, bounce.replace(b"\n", line_end)).senders
    assert (sender.ip, sender.sender, sender.reported) == (IP, "alice@seed.example", None)


def test_a_refusal_pasted_alone(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, f"The mail came back:\n\n{GMAIL}\n".encode())
    assert [(sender.ip, sender.sender) for sender in evidence.senders] == [(IP, "@seed.example")]
    assert evidence.sources[0].kind == "bounce"


def failure_report(*fields: str, original: str = ORIGINAL) -> bytes:
    return f"""\
Return-Path: <noreply@reporter.example>
Received: from mx.reporter.example (mx.reporter.example [198.51.100.200]) by mx.seed.example (Postfix) with ESMTPS id 9
Authentication-Results: mx.seed.example; spf=pass (198.51.100.200) smtp.mailfrom=noreply@reporter.example
From: <noreply@reporter.example>
To: <ruf@seed.example>
Subject: FW: The invoice
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
\tboundary="report"

--report
Content-Type: text/plain

This is an authentication failure report.
--report
Content-Type: message/feedback-report

{chr(10).join(fields)}

--report
Content-Type: text/rfc822-headers

{original}
--report--
""".encode()


FEEDBACK = (
    "Feedback-Type: auth-failure", "User-Agent: Reporter/1.0", "Version: 1", "Original-Mail-From: <alice@seed.example>",
    "Arrival-Date: Mon, 3 Aug 2026 10:15:00 +0200", f"Source-IP: {IP}", "Reported-Domain: seed.example",
    ("Authentication-Results: mx.reporter.example; dkim=none;\n spf=softfail smtp.mailfrom=alice@seed.example "
    "smtp.helo=mail.seed.example"),
    "Auth-Failure: spf",
)  # fmt: skip


def test_a_failure_report(tmp_path: Path) -> None:
    """RFC 6591 §3.1, RFC 5965 §3.2: Source-IP and Original-Mail-From, and not the reporter's own mail."""
    evidence = read_bytes(tmp_path, failure_report(*FEEDBACK))
    [sender] = evidence.senders
    assert (sender.ip, sender.sender, sender.helo, sender.reported, sender.header_from, sender.count) == (
        IP, "alice@seed.example", "mail.seed.example", "softfail", "seed.example", 1,
    )  # fmt: skip
    assert evidence.sources[0].kind == "failure-report"
    assert evidence.receivers == ()


@pytest.mark.parametrize(
    ("without", "more", "found"),
    [
        ("Original-Mail-From", (), (IP, "alice@seed.example", 1)),
        ("Original-Mail-From", ("Original-Mail-From: <>",), (IP, "postmaster@mail.seed.example", 1)),
        ("Original-Mail-From", ("Original-Mail-From: not an address",), (IP, "alice@seed.example", 1)),
        ("Authentication-Results", (), (IP, "alice@seed.example", 1)),
        ("Source-IP", ("Source-IP: [2001:db8:1::24]",), ("2001:db8:1::24", "alice@seed.example", 1)),
        ("Source-IP", ("Source-IP: [IPv6:2001:db8:1::24] (mail)",), ("2001:db8:1::24", "alice@seed.example", 1)),
        ("Source-IP", ("Source-IP: 23.83.218.24 (mail.seed.example)",), ("23.83.218.24", "alice@seed.example", 1)),
        ("Original-Mail-From", ("Original-Mail-From: (x) <bob@seed.example> (y)",), (IP, "bob@seed.example", 1)),
        ("Version", ("Incidents: 12",), (IP, "alice@seed.example", 12)),
        ("Version", ("Incidents: many",), (IP, "alice@seed.example", 1)),
        ("Feedback-Type", ("Feedback-Type: abuse",), (IP, "alice@seed.example", 1)),
    ],
)
def test_a_failure_report_with_other_fields(
    tmp_path: Path, without: str, more: tuple[str, ...], found: tuple[str, str, int]
) -> None:
    fields = [field for field in FEEDBACK if not field.startswith(without)]
    evidence = read_bytes(tmp_path, failure_report(*fields, *more))
    assert [(sender.ip, sender.sender, sender.count) for sender in evidence.senders] == [found], faults(evidence)


@pytest.mark.parametrize(
    ("ip", "reason"),
    [
        ((), "the failure report has no address of the client (Source-IP)"),
        (("Source-IP: 192.0.2.x",), "the failure report has no address of the client (Source-IP): '192.0.2.x'"),
        (("Source-IP: 10.0.0.1",), "the failure report has no address of the client (Source-IP): '10.0.0.1'"),
    ],
)
def test_a_failure_report_without_an_address(tmp_path: Path, ip: tuple[str, ...], reason: str) -> None:
    fields = [field for field in FEEDBACK if not field.startswith("Source-IP")]
    evidence = read_bytes(tmp_path, failure_report(*fields, *ip))
    assert (evidence.senders, faults(evidence)) == ((), [f"FILE: {reason}"])


def test_parts_without_end_are_bounded(tmp_path: Path) -> None:
    huge = "550 5.7.26 SPF " + "x" * 60 + "\n"
    evidence = read_bytes(tmp_path, delivery_report("550 5.1.1 gone", plain=huge * 40_000, original="X: y\n" * 30_000))
    assert evidence.senders == ()
