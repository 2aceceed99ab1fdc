"""Logs of several programs, with what other tools put before their lines, and the mail that they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.evidence import Evidence
from tests.evidence.files import faults, gzipped, of, read_bytes
from tests.evidence.test_bounces import GMAIL, IP

CLIENT = "postfix/smtpd[21]: AAAAA1: client=mail.example.com[192.0.2.24]"
FROM = "postfix/qmgr[22]: AAAAA1: from=<alice@example.com>, size=1, nrcpt=1 (queue active)"
ALICE = ("192.0.2.24", "alice@example.com", None, 1, None)


def read(folder: Path, *lines: str, **options: Any) -> Evidence:
    return read_bytes(folder, "".join(f"{line}\n" for line in lines).encode(), **options)


PREFIXES = {
    "journalctl": "Aug 03 10:15:01 mx ",
    "journalctl, in German": "Mär 03 10:15:01 mx ",
    "journalctl -o short-iso": "2026-08-03T10:15:01+0200 mx ",
    "journalctl -o short-full": "Mon 2026-08-03 10:15:01 CEST mx ",
    "journalctl -o short-unix": "1785744901.123456 mx ",
    "journalctl -o short-monotonic": "[ 1234.567890] mx ",
    "docker compose logs": "mailserver-1  | Aug  3 10:15:01 mx ",
    "docker compose logs, in colours": "\x1b[36mmailserver-1  |\x1b[0m Aug  3 10:15:01 mx ",
    "docker compose logs -t": "mailserver-1  | 2026-08-03T08:15:01.123456789Z Aug  3 10:15:01 mx ",
    "docker compose logs, of a server without syslog": "mailserver-1  | ",
    "a container of Kubernetes": "2026-08-03T08:15:01.123456789Z stdout F Aug  3 10:15:01 mx ",
    "grep -H": "/var/log/mail.log:Aug  3 10:15:01 mx ",
    "grep -Hn": "mail.log.1:1207:Aug  3 10:15:01 mx ",
    "kubectl logs --prefix": "[pod/mail-0/postfix] Aug  3 10:15:01 mail-0 ",
    "a path of Windows": "C:\\logs\\mail.log:Aug  3 10:15:01 mx ",
    "grep -C": "mail.log-1207-2026-08-03T10:15:01+02:00 mx ",
    "a facility": "Aug  3 10:15:01 mx mail.info ",
    "RFC 3164": "<22>Aug  3 10:15:01 mx ",
    "RFC 3164 with the year": "<22>Aug  3 2026 10:15:01 mx ",
    "RFC 6587": "118 <22>Aug  3 10:15:01 mx ",
    "nothing": "",
}


@pytest.mark.parametrize("case", PREFIXES)
def test_what_tools_put_before_a_line_is_no_part_of_it(tmp_path: Path, case: str) -> None:
    evidence = read(tmp_path, PREFIXES[case] + CLIENT, PREFIXES[case] + FROM)
    assert of(evidence) == [ALICE]
    assert evidence.unread == ()


# What journalctl -o cat leaves: no time, no host and no program.
BARE = {
    "Postfix": ("warning: hostname mail.example.com does not resolve to address 192.0.2.24",
                "connect from unknown[192.0.2.24]", CLIENT.partition(": ")[2], FROM.partition(": ")[2],
                "AAAAA1: removed"),
    "Postfix, from a message on": (CLIENT.partition(": ")[2], FROM.partition(": ")[2]),
    "amavis": (("(00123-01) Passed CLEAN {RelayedInbound}, [192.0.2.24]:54321 <alice@example.com> -> <bob@example.net>, "
               "Queue-ID: AAAAA1, size: 9"),),
    "sendmail": ("u73A15x0012345: from=<alice@example.com>, size=9, class=0, nrcpts=1, relay=x.example [192.0.2.24]",
                 "u73A15x0012345: to=<bob@example.net>, mailer=local, stat=Sent"),
    "OpenSMTPD": ("0ab1c2d3e4f5a6b7 smtp connected address=192.0.2.24 host=mail.example.com",
                  "0ab1c2d3e4f5a6b7 smtp envelope evpid=d1cc2b3411112222 from=<alice@example.com> to=<bob@example.net>"),
}  # fmt: skip


@pytest.mark.parametrize("program", BARE)
def test_lines_without_anything_before_them(tmp_path: Path, program: str) -> None:
    evidence = read(tmp_path, *BARE[program])
    assert of(evidence) == [ALICE]
    assert evidence.unread == ()


def test_a_refusal_and_a_policy_server_without_anything_before_them(tmp_path: Path) -> None:
    refused = ("NOQUEUE: reject: RCPT from unknown[192.0.2.24]: 554 5.7.1 Service unavailable; "
               "from=<alice@example.com> to=<bob@example.net> proto=ESMTP helo=<mail.example.com>")  # fmt: skip
    told = ("prepend Received-SPF: Softfail (mailfrom) identity=mailfrom; client-ip=192.0.2.25; helo=x.example; "
            "envelope-from=alice@example.com")  # fmt: skip
    accepted = [line.partition(": ")[2].replace("2.24", "2.25") for line in (CLIENT, FROM)]
    assert of(read(tmp_path, refused, told, *accepted)) == [
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
        ("192.0.2.25", "alice@example.com", "x.example", 1, "softfail"),
    ]


def test_a_message_that_quotes_a_log_is_a_message(tmp_path: Path) -> None:
    header = "Received: from m.example (m.example [192.0.2.9]) by mx.example.net\nReturn-Path: <carol@m.example>\n\n"
    evidence = read(tmp_path, header + CLIENT.partition(": ")[2], FROM.partition(": ")[2])
    assert [sender.sender for sender in evidence.senders] == ["carol@m.example"]


EXCHANGE = (
    "#Software: Microsoft Exchange Server", "#Version: 15.0.0.0", "#Log-type: SMTP Receive Protocol Log",
    "#Date: 2026-08-03T10:15:00.000Z",
    "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context",
)  # fmt: skip


def exchange(session: str, client: str, *events: str) -> list[str]:
    """Lines of one session; an event is one of the characters +-<>*, its data, and perhaps a comma and its context."""
    return [
        f"2026-08-03T10:15:01.{at:03}Z,MBX1\\Default Frontend MBX1,{session},{at},10.0.0.5:25,{client},"
        f"{event[0]},{event[1:]}{'' if ',' in event else ','}"
        for at, event in enumerate(events)
    ]


def test_the_protocol_log_of_exchange(tmp_path: Path) -> None:
    lines = [
        *exchange("08D1", "192.0.2.24:5432", "+", '>"220 MBX1 Microsoft ESMTP MAIL Service ready at Mon, 3 Aug 2026",',
                  "<EHLO mail.example.com", "<MAIL FROM:<alice@example.com> SIZE=9", "<RCPT TO:<bob@example.net>",
                  "<MAIL FROM:<>", ">MAIL FROM:<mallory@example.org>", "-,Local"),
        *exchange("08D2", "[2001:db8::24]:5433", "<EHLO mail.example.com", "<MAIL FROM: <alice@example.com>"),
        *exchange("08D3", "10.0.0.9:5434", "<EHLO app", "<MAIL FROM:<app@example.net>"),
        *exchange("08D4", "192.0.2.77:5435", "<EHLO laptop", "*CORP\\carol,authenticated", "<MAIL FROM:<carol@example.net>"),
        "a,b",
    ]  # fmt: skip
    evidence = read(tmp_path, *EXCHANGE, *lines)
    assert of(evidence) == [
        ("192.0.2.24", "alice@example.com", "mail.example.com", 1, None),
        ("192.0.2.24", "postmaster@mail.example.com", "mail.example.com", 1, None),
        ("2001:db8::24", "alice@example.com", "mail.example.com", 1, None),
    ]
    assert dict(evidence.aside).keys() >= {
        "messages from internal addresses",
        "messages submitted by authenticated users",
    }
    assert faults(evidence) == ["FILE, line 21: the row does not have the cells that its heading names: 'a,b'"]


@pytest.mark.parametrize("first", ["-- Journal begins at Mon 2026-08-03 10:15:01 CEST. --", "-- Boot 0f --",
                                   "==> /var/log/mail.log <==", "Attaching to mailserver-1"])  # fmt: skip
def test_a_line_before_the_log(tmp_path: Path, first: str) -> None:
    assert of(read(tmp_path, first, "Aug 03 10:15:01 mx " + CLIENT, "Aug 03 10:15:01 mx " + FROM)) == [ALICE]


@pytest.mark.parametrize(
    "head",
    ["<22>1 2026-08-03T10:15:01Z mx postfix/{} 21 - - ", "<22>1 2026-08-03T10:15:01.5+02:00 mx postfix/{} - ID47 - \ufeff",
     '<22>1 2026-08-03T10:15:01Z mx postfix/{} 21 - [meta a="x\\"]y" b="1"][origin ip="::1"] ',
     "mx-1  | <22>1 2026-08-03T10:15:01Z mx postfix/{} 21 - - "],
)  # fmt: skip
def test_rfc_5424(tmp_path: Path, head: str) -> None:
    """RFC 5424 §6: the program is the fourth field, and has no colon after it."""
    lines = [head.format(line.partition("/")[2].partition("[")[0]) + line.partition(": ")[2] for line in (CLIENT, FROM)]
    evidence = read_bytes(tmp_path, gzipped("\n".join(lines).encode()))
    assert of(evidence) == [ALICE]


def test_logs_in_json(tmp_path: Path) -> None:
    journal = [
        json.dumps({"__CURSOR": "s=1", "SYSLOG_IDENTIFIER": "postfix/smtpd", "_PID": "21", "MESSAGE": CLIENT.partition(": ")[2]}),
        json.dumps({"SYSLOG_IDENTIFIER": "postfix/qmgr", "MESSAGE": FROM.partition(": ")[2]}),
        json.dumps({"SYSLOG_IDENTIFIER": "postfix/qmgr", "MESSAGE": [1, 2]}),
    ]  # fmt: skip
    assert of(read(tmp_path, *journal)) == [ALICE]
    docker = [json.dumps({"log": f"Aug  3 10:15:01 mx {line}\n", "stream": "stdout"}) for line in (CLIENT, FROM)]
    assert of(read(tmp_path, *docker, '{"log": broken')) == [ALICE]


def test_the_log_of_windows_is_in_utf_16(tmp_path: Path) -> None:
    text = f"Aug  3 10:15:01 mx {CLIENT}\r\nAug  3 10:15:01 mx {FROM}\r\n"
    assert of(read_bytes(tmp_path, text.encode("utf-16"))) == [ALICE]


def test_a_line_of_another_program_is_not_taken_for_postfixs(tmp_path: Path) -> None:
    """A client may have written everything after the name of the program."""
    forged = [f"Aug  3 10:15:01 mx dovecot: user={line}" for line in (CLIENT, FROM)]
    forged.append("Aug  3 10:15:01 mx dovecot: x: 1wZq7K-000123-2f <= a@b.example H=(x) [192.0.2.1] P=smtp")
    evidence = read(tmp_path, *forged)
    assert evidence.senders == ()
    assert evidence.aside == (("log lines that name no sender", 3),)


# Mail that was refused

NOQUEUE = "Aug  3 10:15:01 mx postfix/smtpd[21]: NOQUEUE: "
REJECT = (
    NOQUEUE + "reject: RCPT from mail.example.com[192.0.2.24]: {} <{to}>: Recipient address rejected: {}; "
    "from=<{}> to=<{to}> proto=ESMTP helo=<{}>"
)
SPF_FAIL = ("550 5.7.23", "Message rejected due to: SPF fail - not authorized", "alice@example.com", "mail.example.com")


def test_postfix_refuses_a_message(tmp_path: Path) -> None:
    evidence = read(tmp_path, REJECT.format(*SPF_FAIL, to="bob@example.net"))
    assert of(evidence) == [("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (REJECT.format("554 5.7.1", "no", "", "h.example", to="b@c.example"),
         ("192.0.2.24", "postmaster@h.example", "h.example", 1, None)),
        (("Aug  3 10:15:01 mx postfix/postscreen[9]: NOQUEUE: reject: RCPT from [2001:db8::1]:4567: 550 5.7.1 blocked; "
         "from=<a@b.example>, to=<c@d.example>, proto=ESMTP, helo=<h.example>"),
         ("2001:db8::1", "a@b.example", "h.example", 1, None)),
        (NOQUEUE + "milter-reject: MAIL from x[192.0.2.9]: 550 5.7.1 no; from=<a@b.example> proto=ESMTP helo=<h>",
         ("192.0.2.9", "a@b.example", "h", 1, None)),
        (NOQUEUE + "discard: RCPT from x[192.0.2.9]: <x>: gone; from=<a@b.example> to=<c@d> proto=SMTP helo=<h>",
         ("192.0.2.9", "a@b.example", "h", 1, None)),
        (NOQUEUE + 'reject: RCPT from x[192.0.2.9]: 550 no; from=<"a; from=<x@y>"@b.example> to=<c@d> proto=SMTP helo=<>',
         ("192.0.2.9", '"a; from=<x@y>"@b.example', None, 1, None)),
        (NOQUEUE + "reject: RCPT from x[192.0.2.9]: 550 see; from=<x@y> no; from=<a@b.example> to=<c@d> proto=SMTP helo=<h>",
         ("192.0.2.9", "a@b.example", "h", 1, None)),
        (("2026-08-03 10:15:41 H=mail.example.com (h.example) [192.0.2.9]:4567 X=TLS1.3:x:256 CV=no F=<a@b.example> "
         "rejected RCPT <c@d.example>: SPF"), ("192.0.2.9", "a@b.example", "h.example", 1, None)),
        ("2026-08-03 10:15:41 +0200 [123] H=(h.example) [192.0.2.9] F=<> rejected after DATA: no",
         ("192.0.2.9", "postmaster@h.example", "h.example", 1, None)),
        ("2026-08-03 10:15:41 1wZq7K-000123-2f H=h.example [192.0.2.9] F=<a@b.example> rejected by local_scan(): no",
         ("192.0.2.9", "a@b.example", "h.example", 1, None)),
        ("Aug  3 10:15:01 mx exim[4]: 2026-08-03 10:15:41 H=(h.example) [192.0.2.9] rejected MAIL <a@b.example>: no",
         ("192.0.2.9", "a@b.example", "h.example", 1, None)),
        ("2026-08-03 10:15:41 H=(F=<x@y.example>) [192.0.2.9] F=<a@b.example> rejected RCPT <c@d.example>: no", None),
    ],
)  # fmt: skip
def test_lines_of_refusals(tmp_path: Path, line: str, expected: tuple[object, ...] | None) -> None:
    evidence = read(tmp_path, line)
    if expected is None:
        assert faults(evidence)[0].startswith("FILE, line 1: the HELO name has spaces, angle brackets")
    else:
        assert of(evidence) == [expected]


def test_a_message_to_several_recipients_is_refused_once(tmp_path: Path) -> None:
    one, two = [REJECT.format(*SPF_FAIL, to=to) for to in ("bob@example.net", "carol@example.net")]
    assert read(tmp_path, one, two).messages == 1
    assert read(tmp_path, one, two, one, two).messages == 2
    exim = "2026-08-03 10:15:41 H=(h.example) [192.0.2.9] F=<a@b.example> rejected RCPT <{}>: no"
    assert read(tmp_path, exim.format("x@c.example"), exim.format("y@c.example")).messages == 1


def test_a_client_that_tries_again_and_is_accepted_counts_once(tmp_path: Path) -> None:
    greylisted = ("450 4.2.0", "Greylisted", "alice@example.com", "mail.example.com")
    refused = REJECT.format(*greylisted, to="bob@example.net")
    accepted = ["Aug  3 10:15:01 mx " + CLIENT, "Aug  3 10:15:01 mx " + FROM]
    assert of(read(tmp_path, refused, refused, *accepted)) == [ALICE]
    assert read(tmp_path, refused, refused).messages == 1
    assert read(tmp_path, refused, REJECT.format(*SPF_FAIL, to="bob@example.net")).messages == 1
    exim = "2026-08-03 10:15:41 H=(h.example) [192.0.2.9] F=<a@b.example> temporarily rejected RCPT <c@d.example>: no"
    arrival = "2026-08-03 10:15:41 1wZq7K-000123-2f <= a@b.example H=(h.example) [192.0.2.9] P=smtp"
    assert read(tmp_path, exim, exim, arrival).messages == 1


def test_refusals_that_wait_take_bounded_memory(tmp_path: Path) -> None:
    lines = [
        REJECT.format("450 4.2.0", "Greylisted", f"a{number}@example.com", "h.example", to="b@c.example")
        for number in range(50)
    ]
    assert read(tmp_path, *lines, bounds=Bounds(pending=3)).messages == 50


def test_a_queued_message_that_is_refused_counts_once(tmp_path: Path) -> None:
    queued = "Aug  3 10:15:01 mx " + CLIENT
    rest = "from mail.example.com[192.0.2.24]: 5.7.1 no; from=<alice@example.com> to=<b@c> proto=ESMTP helo=<h.example>"
    whole = f"Aug  3 10:15:01 mx postfix/cleanup[23]: AAAAA1: milter-reject: END-OF-MESSAGE {rest}"
    one = f"Aug  3 10:15:01 mx postfix/smtpd[21]: AAAAA1: reject: RCPT {rest}"
    evidence = read(tmp_path, queued, whole)
    assert of(evidence) == [("192.0.2.24", "alice@example.com", "h.example", 1, None)]
    assert evidence.unread == ()
    assert of(read(tmp_path, queued, one, "Aug  3 10:15:01 mx " + FROM)) == [ALICE]


@pytest.mark.parametrize(
    ("line", "aside"),
    [
        (NOQUEUE + "reject: CONNECT from x[192.0.2.9]: 554 5.7.1 no; proto=SMTP", "clients refused before they named a sender"),
        ("2026-08-03 10:15:41 H=(x) [192.0.2.9] rejected EHLO or HELO x: no", "clients refused before they named a sender"),
        ('2026-08-03 10:15:41 H=[192.0.2.9] rejected connection in "connect" ACL', "clients refused before they named a sender"),
        ("2026-08-03 10:15:41 H=(x) [10.0.0.9] F=<a@b.example> rejected RCPT <c@d>: no", "messages from internal addresses"),
        ("2026-08-03 10:15:41 H=(x) [192.0.2.9] A=login:bob F=<a@b.example> rejected RCPT <c@d>: no",
         "messages submitted by authenticated users"),
        (NOQUEUE + "reject_warning: RCPT from x[192.0.2.9]: 550 no; from=<a@b.example> to=<c@d> proto=SMTP helo=<h>",
         "log lines that name no sender"),
        (NOQUEUE + "filter: RCPT from x[192.0.2.9]: <x>: FILTER; from=<a@b.example> to=<c@d> proto=SMTP helo=<h>",
         "log lines that name no sender"),
    ],
)  # fmt: skip
def test_refusals_that_name_no_sender(tmp_path: Path, line: str, aside: str) -> None:
    evidence = read(tmp_path, line)
    assert (evidence.senders, evidence.unread, dict(evidence.aside)) == ((), (), {aside: 1})


def test_what_a_policy_server_said_of_a_refused_message(tmp_path: Path) -> None:
    why = "550 5.7.23 Message rejected due to: SPF fail. Please see http://www.openspf.net/Why?s=mfrom;id=alice@example.com;ip=192.0.2.24;r=b"
    policyd = f"Aug  3 10:15:01 mx policyd-spf[30]: {why}"
    perl = "Aug  3 10:15:01 mx postfix/policy-spf[30]: Policy action=550 Please see http://www.openspf.net/Why?s=mfrom;id=alice%40example.com;ip=192.0.2.24;r=b"
    reject = REJECT.format("550 5.7.1", "no", "alice@example.com", "mail.example.com", to="b@c.example")
    for line in (policyd, perl):
        assert of(read(tmp_path, line, reject)) == [("192.0.2.24", "alice@example.com", "mail.example.com", 1, "fail")]
        assert of(read(tmp_path, line)) == [("192.0.2.24", "alice@example.com", None, 1, "fail")]


# Other programs

OTHERS = {
    "rspamd in its own log": (
        [("2026-08-03 10:15:01 #12(normal) <abcdef>; task; rspamd_task_write_log: id: <x@y>, qid: <4AB>, ip: 192.0.2.24, "
         "from: <alice@example.com>, (default: F (no action): [0.00/15.00] [R_SPF_SOFTFAIL(0.00){~all;},X(0.00)]), len: 9")],
        [("192.0.2.24", "alice@example.com", None, 1, "softfail")]),
    "rspamd in syslog": (
        [("Aug  3 10:15:01 mx rspamd[12]: <abcdef>; proxy; rspamd_task_write_log: id: <x, ip: 192.0.2.1>, ip: 2001:db8::1, "
         "from: <alice@example.com>, (default: T (reject): [20.00/15.00] [R_SPF_FAIL(1.00){-all;}]), len: 9")],
        [("2001:db8::1", "alice@example.com", None, 1, "fail")]),
    "amavis 2.12": (
        [("Aug  3 10:15:01 mx amavis[12]: (00012-01) Passed CLEAN {RelayedInbound}, [192.0.2.24]:4567 [198.51.100.1] "
         "<alice@example.com> -> <bob@example.net>, Queue-ID: 4ABCDE, Message-ID: <x>, mail_id: y, Hits: -1, size: 9")],
        [ALICE]),
    "amavis 2.6, and a blocked message": (
        ["Aug  3 10:15:01 mx amavis[12]: (00012-02) Passed CLEAN, [192.0.2.24] [192.0.2.24] <alice@example.com> -> <b@c>, x",
         ("Aug  3 10:15:01 mx amavis[12]: (00012-03) Blocked SPAM {DiscardedInbound,Quarantined}, [2001:db8::1]:9 [1.2.3.4] "
         "<a@b.example> -> <c@d>, x")],
        [ALICE, ("2001:db8::1", "a@b.example", None, 1, None)]),
    "sendmail": (
        [("Aug  3 10:15:01 mx sm-mta[12]: u73A15x0012345: from=<alice@example.com>, size=9, class=0, nrcpts=1, msgid=<x>, "
         "proto=ESMTP, daemon=MTA, relay=mail.example.com [192.0.2.24] (may be forged)"),
         "Aug  3 10:15:01 mx sendmail[13]: u73A15x0012346: from=<a@b.example>, size=9, relay=[IPv6:2001:db8::1]"],
        [ALICE, ("2001:db8::1", "a@b.example", None, 1, None)]),
    "sendmail refuses": (
        [("Aug  3 10:15:01 mx sm-mta[12]: u73A15x0012345: ruleset=check_mail, arg1=<alice@example.com>, "
         "relay=mail.example.com [192.0.2.24], reject=550 5.7.1 SPF"),
         "Aug  3 10:15:01 mx sm-mta[12]: u73A15x0012345: from=<alice@example.com>, size=0, nrcpts=0, relay=x [192.0.2.24]"],
        [ALICE]),
    "OpenSMTPD since 6.4": (
        ["Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp connected address=192.0.2.24 host=mail.example.com",
         "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp message msgid=d1cc2b34 size=9 nrcpt=2 proto=ESMTP",
         "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp envelope evpid=d1cc2b3411112222 from=<alice@example.com> to=<b>",
         "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp envelope evpid=d1cc2b3411112223 from=<alice@example.com> to=<c>"],
        [ALICE]),
    "OpenSMTPD 5.9": (
        [("Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp event=message address=192.0.2.24 host=x msgid=d1cc2b34 "
         "from=<alice@example.com> to=<bob@example.net> size=9 ndest=1 proto=ESMTP")],
        [ALICE]),
    "OpenSMTPD 5.4": (
        ["Aug  3 10:15:01 mx smtpd[12]: smtp-in: New session 0ab1c2d3e4f5a6b7 from host mail.example.com [192.0.2.24]",
         ("Aug  3 10:15:01 mx smtpd[12]: smtp-in: Accepted message d1cc2b34 on session 0ab1c2d3e4f5a6b7: "
         "from=<alice@example.com>, to=<bob@example.net>, size=9, ndest=1, proto=ESMTP")],
        [ALICE]),
    "OpenSMTPD refuses": (
        ["Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp connected address=192.0.2.24 host=mail.example.com",
         ('Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp failed-command command="MAIL FROM:<alice@example.com>" '
         'result="550 SPF"')],
        [ALICE]),
}  # fmt: skip


@pytest.mark.parametrize("program", OTHERS)
def test_other_programs(tmp_path: Path, program: str) -> None:
    lines, senders = OTHERS[program]
    evidence = read(tmp_path, *lines)
    assert of(evidence) == senders
    assert evidence.unread == ()


USERS = {
    "rspamd": [("Aug  3 10:15:01 mx rspamd[12]: <a>; proxy; rspamd_task_write_log: id: <x>, ip: 192.0.2.1, user: bob, "
               "from: <a@b.example>, (default: F (no action): [0/15] []), len: 9")],
    "amavis": [("Aug  3 10:15:01 mx amavis[12]: (1-2) Passed CLEAN {RelayedOutbound}, ORIGINATING LOCAL [192.0.2.1]:9 "
               "[192.0.2.1] <a@b.example> -> <c@d>, x")],
    "sendmail": ["Aug  3 10:15:01 mx sm-mta[12]: AUTH=server, relay=x [192.0.2.1], authid=bob, mech=PLAIN, bits=0",
                 "Aug  3 10:15:01 mx sm-mta[12]: u73A15x0012345: from=<a@b.example>, size=9, relay=x [192.0.2.1]"],
    "OpenSMTPD": ["Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp connected address=192.0.2.1 host=x",
                  "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp authentication user=bob result=ok",
                  "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp envelope evpid=d1cc2b3411112222 from=<a@b.example> to=<b>"],
}  # fmt: skip


@pytest.mark.parametrize("program", USERS)
def test_own_users_are_left_aside(tmp_path: Path, program: str) -> None:
    evidence = read(tmp_path, *USERS[program])
    assert (evidence.senders, evidence.unread) == ((), ())
    assert dict(evidence.aside)["messages submitted by authenticated users"] == 1


def test_a_filter_and_its_server_are_one_message(tmp_path: Path) -> None:
    rspamd = OTHERS["rspamd in its own log"][0][0].replace("4AB", "AAAAA1")
    evidence = read(tmp_path, f"Aug  3 10:15:01 mx {CLIENT}", rspamd, f"Aug  3 10:15:01 mx {FROM}")
    assert of(evidence) == [(*ALICE[:4], "softfail")]
    amavis = OTHERS["amavis 2.12"][0][0].replace("4ABCDE", "AAAAA1")
    assert of(read(tmp_path, f"Aug  3 10:15:01 mx {CLIENT}", f"Aug  3 10:15:01 mx {FROM}", amavis)) == [ALICE]


UNUSABLE = {
    "an OpenSMTPD session without a client": (
        "Aug  3 10:15:01 mx smtpd[12]: 0ab1c2d3e4f5a6b7 smtp envelope evpid=d1cc2b3411112222 from=<a@b.example> to=<b>",
        "the log names no client of a message (no address= of its session before): '0ab1c2d3e4f5a6b7'"),
    "amavis without a sender": (
        "Aug  3 10:15:01 mx amavis[12]: (1-2) Passed CLEAN, nothing",
        "the client and the sender of the message can't be read: '(1-2) Passed CLEAN, nothing'"),
    "sendmail's null sender": (
        "Aug  3 10:15:01 mx sm-mta[12]: u73A15x0012345: from=<>, size=9, relay=x [192.0.2.1]",
        "the sender is null, and the HELO name, which replaces it, is not known"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_line_of_another_program(tmp_path: Path, case: str) -> None:
    line, fault = UNUSABLE[case]
    assert faults(read(tmp_path, line)) == [f"FILE, line 1: {fault}"]


REPLY = f"(host mx.example.net[198.51.100.25] said: {GMAIL} (in reply to end of DATA command))".replace("\n", " ")
OWN = ["postfix/pickup[21]: BBBBB1: uid=0 from=<alice>",
       "postfix/qmgr[22]: BBBBB1: from=<alice@seed.example>, size=1, nrcpt=2 (queue active)"]  # fmt: skip


def bounced(recipient: str, reply: str) -> str:
    relay = "relay=mx.example.net[198.51.100.25]:25"
    return f"postfix/smtp[23]: BBBBB1: to=<{recipient}>, {relay}, delay=1, dsn=5.7.26, status=bounced {reply}"


def test_a_message_that_another_server_refused_because_of_spf(tmp_path: Path) -> None:
    """The client is this server as the other one saw it; a message with two recipients is one message."""
    lines = [*OWN, bounced("bob@example.net", REPLY), bounced("carol@example.net", REPLY)]
    evidence = read(tmp_path, *[f"Aug  3 10:15:01 mx {line}" for line in lines])
    assert of(evidence) == [(IP, "alice@seed.example", None, 1, None)]
    assert evidence.unread == ()


def test_a_message_that_bounced_for_another_reason_names_no_sender(tmp_path: Path) -> None:
    lines = [*OWN, bounced("bob@example.net", "(host mx.example.net[198.51.100.25] said: 550 5.1.1 no such user)")]
    assert of(read(tmp_path, *[f"Aug  3 10:15:01 mx {line}" for line in lines])) == []


def test_a_message_of_exim_that_another_server_refused_because_of_spf(tmp_path: Path) -> None:
    line = (
        "2026-08-03 10:15:03 1wZq7K-000123-2f ** bob@gmail.com F=<alice@seed.example> R=dnslookup T=remote_smtp "
        "H=mx.example.net [198.51.100.25] X=TLS1.3: SMTP error from remote mail server after end of data: "
    ) + GMAIL.replace("\n", "\\n")
    assert of(read(tmp_path, line)) == [(IP, "alice@seed.example", None, 1, None)]


def test_a_line_of_sendmail_without_a_sender_is_none_of_its_messages(tmp_path: Path) -> None:
    evidence = read(
        tmp_path,
        "Aug  3 10:15:01 mx sendmail[4]: u73A15x0012345: to=<bob@example.net>, relay=mx.example.net [192.0.2.9], stat=Sent",
        "Aug  3 10:15:01 mx sendmail[4]: u73A15x0012345: from=<a@b.example>, size=9, relay=x.example [192.0.2.24]",
    )
    assert of(evidence) == [("192.0.2.24", "a@b.example", None, 1, None)]


def test_the_relay_of_sendmail_is_not_looked_for_in_the_sender(tmp_path: Path) -> None:
    line = 'Aug  3 10:15:01 mx sendmail[4]: u73A15x0012345: from=<"a, relay=x [192.0.2.9]"@b.example>, relay=y [192.0.2.24]'
    assert of(read(tmp_path, line)) == [("192.0.2.24", '"a, relay=x [192.0.2.9]"@b.example', None, 1, None)]
