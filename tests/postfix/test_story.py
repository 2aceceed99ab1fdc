"""A real Postfix with `spfengine policyd`: the replies to a client, and the messages in the mailbox."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import spfengine
from spfengine import Overlay, Resolver, Zone, parse_authentication_results, parse_received_spf
from spfengine.receiver.requests import MAX_REPLY
from tests.cli.conftest import REPOSITORY, SEED, command, environment
from tests.debian import program
from tests.postfix.conftest import BOTH, DEFERRING, DRY, RESULTS, SPAWN, STANDING_IN, TCP, UNIX, ZONEDATA, Page
from tests.postfix.lab import HOST, MAIN, Lab, Sent, Service, needed, postfix
from tests.postfix.smtp import xclient, xtext

pytestmark = pytest.mark.debian

RELAY, ALICE, HELO = "23.83.218.24", "alice@seed.example", "mx.client.example"
FIXED = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
OTHER_CLIENT = "198.51.100.7"
ANSWERS = Zone.from_openspf(ZONEDATA)


def written(ip: str, sender: str, helo: str = HELO, resolver: Resolver = ANSWERS) -> str:
    """The field that our library writes for a client, on one line, as Postfix adds it to a message."""
    result = spfengine.check(ip, sender, helo, resolver=resolver, receiver=HOST)
    return result.received_spf(HOST).replace("\r\n", "")


def refused(sent: Sent) -> tuple[int, str]:
    """The reply to a refused recipient."""
    [(code, text)] = sent.replies
    assert sent.delivered == b""
    return code, text


def test_the_how_to_s_client_sees_what_the_mailbox_gets() -> None:
    """The swaks command of the page, with a Postfix that accepts XCLIENT from loopback, as the page says."""
    needed()
    program("swaks")
    page = Page()
    assert page.xclient.strip() in MAIN.splitlines()
    script = (
        f"{sys.executable} -m tests.postfix.daemon ours & "
        "for try in $(seq 200); do swaks --server 127.0.0.1 --quit-after CONNECT >/dev/null 2>&1 && break; "
        f"sleep 0.05; done; {page.swaks} && for try in $(seq 200); do "
        "cat /mnt/mail/box/new/* 2>/dev/null && break; sleep 0.05; done"
    )
    done = subprocess.run(
        command("run-with", SEED, "--", "sh", "-c", script), capture_output=True, text=True, timeout=300, check=False,
        cwd=REPOSITORY, env=environment(PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin"),
    )  # fmt: skip
    assert (done.returncode, "queued as" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "\nReceived-SPF: softfail (mx.example: seed.example holds that 23.83.218.24 is " in done.stdout


def test_the_seed_story_begins_with_softfail(lab: Lab) -> None:
    """Issue: "23.83.218.24 gets the softfail header"."""
    sent = lab.send(RELAY, ALICE)
    assert sent.replies[-1][0] == 250
    assert sent.fields == [written(RELAY, ALICE, resolver=Zone.from_file(SEED))]
    assert sent.fields[0].startswith("Received-SPF: softfail ")
    assert sent.fields[0].endswith("; mechanism=~all")


def test_with_the_fixed_record_it_is_pass(tmp_path: Path) -> None:
    """Issue: "with the fixed record pass"; and the domain may then say -all."""
    draft = tmp_path / "fixed.zone"
    draft.write_text(f'seed.example. 60 IN TXT "{FIXED}"\nwww.seed.example. 60 IN TXT "v=spf1 -all"\n', "ascii")
    page = Page()
    fixed = Overlay(Zone.from_file(SEED), {"seed.example": {"TXT": FIXED}})
    with postfix([SEED, str(draft)], [Service(SPAWN)], page.main, page.master) as lab:
        sent = lab.send(RELAY, ALICE)
        assert sent.fields == [written(RELAY, ALICE, resolver=fixed)]
        assert sent.fields[0].startswith("Received-SPF: pass ")
        assert lab.send(OTHER_CLIENT, ALICE).fields[0].startswith("Received-SPF: softfail ")
        code, text = refused(lab.send(OTHER_CLIENT, "alice@www.seed.example"))
        assert (code, "5.7.23" in text) == (550, True)


@pytest.fixture(params=[SPAWN, TCP, UNIX], ids=["spawn", "tcp", "unix"])
def port(request: pytest.FixtureRequest) -> int:
    """Each way in which Postfix can reach the policy server."""
    return int(request.param)


@pytest.mark.parametrize("domain", ["soft", "neutral", "broken", "none"])
def test_the_field_in_the_mailbox_is_what_we_wrote(lab: Lab, port: int, domain: str) -> None:
    """Issue: "Received-SPF in the delivered file is what we wrote"."""
    sender = f"alice@{domain}.example"
    sent = lab.send(OTHER_CLIENT, sender, port=port)
    assert sent.fields == [written(OTHER_CLIENT, sender)]
    lines = sent.delivered.decode("ascii").splitlines()
    received = next(number for number, line in enumerate(lines) if line.startswith("Received:"))
    assert lines.index(sent.fields[0]) < received, "RFC 7208 §9.1: above the Received field of the host that checked"


def test_a_fail_is_refused_with_the_expanded_explanation(lab: Lab, port: int) -> None:
    """Issue: "`-all` gives 550 5.7.23 with the expanded explanation"."""
    code, text = refused(lab.send(OTHER_CLIENT, "alice@strict.example", port=port))
    assert code == 550
    assert text == (
        "5.7.23 <box0@example.net>: Recipient address rejected: SPF MAIL FROM check failed: strict.example does not "
        f"permit {OTHER_CLIENT} to send for it. The domain strict.example explains: {OTHER_CLIENT} is not one of "
        f"strict.example's; ask alice@strict.example ({HELO})"
    )


def test_a_server_failure_of_dns_is_deferred(lab: Lab, port: int) -> None:
    """Issue: "a SERVFAIL gives 451"."""
    code, text = refused(lab.send(OTHER_CLIENT, "alice@dead.example", port=port))
    assert (code, text[:7]) == (451, "4.7.24 ")
    assert "dead.example" in text


def test_a_permitted_client_passes(lab: Lab, port: int) -> None:
    sent = lab.send("192.0.2.1", "alice@strict.example", port=port)
    assert sent.fields == [written("192.0.2.1", "alice@strict.example")]
    assert parse_received_spf(sent.fields[0]).result == "pass"


def test_a_message_has_one_field_however_many_recipients(lab: Lab, port: int) -> None:
    sent = lab.send(OTHER_CLIENT, "alice@soft.example", port=port, recipients=5)
    assert len(sent.fields) == 1
    many = lab.send(OTHER_CLIENT, "alice@strict.example", port=port, recipients=3)
    assert [code for code, _ in many.replies] == [550] * 3


def test_each_message_of_a_connection_has_its_own_field(lab: Lab, port: int) -> None:
    with lab.smtp(port) as smtp:
        xclient(smtp, OTHER_CLIENT, HELO)
        for domain in ("soft", "neutral", "soft", "soft"):
            sender = f"alice@{domain}.example"
            assert lab.message(smtp, sender).fields == [written(OTHER_CLIENT, sender)]


def test_the_null_sender_stands_for_the_helo_name(lab: Lab, port: int) -> None:
    sent = lab.send(OTHER_CLIENT, "", "soft.example", port=port)
    assert sent.fields == [written(OTHER_CLIENT, "", "soft.example")]
    assert parse_received_spf(sent.fields[0]).result == "softfail"
    assert refused(lab.send(OTHER_CLIENT, "", "strict.example", port=port))[0] == 550


def test_an_ipv6_client(lab: Lab, port: int) -> None:
    sent = lab.send("2001:db8::1", "alice@strict.example", port=port)
    assert sent.fields == [written("2001:db8::1", "alice@strict.example")]
    assert parse_received_spf(sent.fields[0]).client_ip == "2001:db8::1"
    code, text = refused(lab.send("2001:db8::2", "alice@strict.example", port=port))
    assert code == 550
    assert "permit 2001:db8::2 to send" in text


def test_a_long_explanation_is_cut_to_the_size_of_a_reply(lab: Lab, port: int) -> None:
    code, text = refused(lab.send(OTHER_CLIENT, "alice@long.example", port=port))
    assert code == 550
    assert f"Why: {OTHER_CLIENT} is not ours, see https://long.example/help {OTHER_CLIENT} is not ours" in text
    assert len(f"550 {text}\r\n") <= 512 + len("<box0@example.net>: Recipient address rejected: "), (
        "RFC 5321 §4.5.3.1.5"
    )


HOSTILE = [
    'a"b)(c',
    "x\r\nBcc: y@z.example",
    "\x1b[31mred",
    "x" * 240,
    "a\\",
    "[192.0.2.1",
    "b\u00fccher.example",
    "a;b=c",
]


@pytest.mark.parametrize("helo", HOSTILE, ids=ascii)
def test_a_hostile_helo_name_does_no_harm(lab: Lab, port: int, helo: str) -> None:
    with lab.smtp(port) as smtp:
        code, reply = smtp.docmd("XCLIENT", f"ADDR={OTHER_CLIENT} NAME=[UNAVAILABLE] HELO={xtext(helo)}")
        assert code == 220, reply
        sent = lab.message(smtp, "alice@soft.example")
    [field] = sent.fields
    assert len(field) <= MAX_REPLY
    assert field.isascii()
    assert field.isprintable()
    read = parse_received_spf(field)
    assert (read.result, read.client_ip, read.keys["identity"]) == ("softfail", OTHER_CLIENT, "mailfrom")
    assert b"\nBcc:" not in sent.delivered


def test_a_long_local_part_does_no_harm(lab: Lab, port: int) -> None:
    sender = f"{'x' * 900}@soft.example"
    [field] = lab.send(OTHER_CLIENT, sender, port=port).fields
    assert len(field) <= MAX_REPLY
    assert parse_received_spf(field).result == "softfail"


def test_an_internationalised_sender(lab: Lab, port: int) -> None:
    """RFC 8616: the domain is asked as A-label; the field stays ASCII."""
    sender = "\u00fc@b\u00fccher.example"
    [field] = lab.send(OTHER_CLIENT, sender, port=port, options=["SMTPUTF8"]).fields
    assert field.isascii()
    assert parse_received_spf(field).result == "softfail"


def test_a_dry_run_accepts_all_and_logs_what_it_would_do(lab: Lab) -> None:
    for domain, result in ("strict", "fail"), ("dead", "temperror"):
        sender = f"alice@{domain}.example"
        assert lab.send(OTHER_CLIENT, sender, port=DRY).fields == [written(OTHER_CLIENT, sender)]
        assert f"\nwould {'reject' if result == 'fail' else 'defer'}: spf={result}" in lab.log()


def test_helo_and_sender_are_both_checked(lab: Lab) -> None:
    code, text = refused(lab.send(OTHER_CLIENT, "alice@soft.example", "strict.example", port=BOTH))
    assert (code, "SPF HELO check failed" in text) == (550, True)
    sent = lab.send(OTHER_CLIENT, "alice@neutral.example", "soft.example", port=BOTH)
    assert sent.fields == [written(OTHER_CLIENT, "alice@neutral.example", "soft.example")]
    assert refused(lab.send(OTHER_CLIENT, "alice@strict.example", "soft.example", port=BOTH))[0] == 550


def test_the_other_header_field(lab: Lab) -> None:
    [field] = lab.send(OTHER_CLIENT, "alice@soft.example", port=RESULTS).fields
    results = parse_authentication_results(field)
    assert (results.authserv_id, results.spf[0].result) == (HOST, "softfail")


def test_what_is_done_with_a_result_can_be_changed(lab: Lab) -> None:
    code, text = refused(lab.send(OTHER_CLIENT, "alice@strict.example", port=DEFERRING))
    assert (code, text[:6]) == (451, "4.7.23")
    code, text = refused(lab.send(OTHER_CLIENT, "alice@broken.example", port=DEFERRING))
    assert (code, text[:6]) == (550, "5.7.24")
    [field] = lab.send(OTHER_CLIENT, "alice@dead.example", port=DEFERRING).fields
    assert parse_received_spf(field).result == "temperror"


def test_a_policy_server_for_pyspf_runs_on_our_module(lab: Lab) -> None:
    [field] = lab.send(OTHER_CLIENT, "alice@soft.example", port=STANDING_IN).fields
    assert field.startswith("Received-SPF: Softfail (mailfrom) identity=mailfrom; client-ip=198.51.100.7; helo=")
    code, text = refused(lab.send(OTHER_CLIENT, "alice@strict.example", port=STANDING_IN))
    assert (code, text[:7]) == (550, "5.7.23 ")
    assert f"rejected due to: {OTHER_CLIENT} is not one of strict.example's" in text
    code, _ = refused(lab.send(OTHER_CLIENT, '"a@b"@strict.example', port=STANDING_IN))
    assert code == 550, "pyspf splits the sender at the first @ and finds no record"


def test_the_hosts_own_networks_and_users_are_not_checked(lab: Lab) -> None:
    assert lab.send("127.0.0.2", "alice@strict.example").fields == []
    with lab.smtp(TCP) as smtp:
        smtp.docmd("XCLIENT", f"ADDR={OTHER_CLIENT} NAME=[UNAVAILABLE] LOGIN=alice")
        smtp.ehlo(HELO)
        assert lab.message(smtp, "alice@strict.example").fields == []


def test_postfix_asks_again_once_the_time_limit_has_ended_a_process(lab: Lab) -> None:
    """If a process that spawn(8) started is gone, Postfix starts another, and the client notices nothing."""
    assert lab.send(OTHER_CLIENT, "alice@soft.example").fields
    mine = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.read_bytes().startswith(f"{lab.folder}/python".encode()) and b"--syslog" in path.read_bytes()
    ]
    assert mine
    for pid in mine:
        os.kill(pid, signal.SIGTERM)
    assert lab.send(OTHER_CLIENT, "alice@soft.example").fields


@pytest.mark.parametrize("domain", ["hostile.example", "bomb.example"])
def test_hostile_mail_does_not_hold_up_other_mail(lab: Lab, domain: str) -> None:
    """One domain's includes are never answered; those of the other are TXT records of 60,000 empty strings."""
    with contextlib.ExitStack() as stack:
        hostile = [stack.enter_context(lab.smtp(TCP)) for _ in range(20)]
        for session in hostile:
            xclient(session, OTHER_CLIENT, HELO)
            session.mail(f"mallory@{domain}")
            session.putcmd("rcpt", "TO:<box0@example.net>")
        for _ in range(5):
            sent = lab.send(OTHER_CLIENT, "alice@soft.example", port=TCP)
            assert [code for code, _ in sent.replies] == [250, 250]
            assert sent.fields
        replies = [session.getreply()[0] for session in hostile]
    assert set(replies) == {451}
