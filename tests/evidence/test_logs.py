"""Mail logs: lines that belong together are joined, own users and the host left aside, nothing counts twice."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.evidence import Evidence
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.logs import read_log
from tests.evidence.files import faults, gzipped, of, read_bytes

POSTFIX = "Aug  3 10:15:{:02} mx postfix/{}[21]: {}\n"
EXIM = "2026-08-03 10:15:41 1wZq7K-000123-2f <= {}\n"
POLICY = (
    "Aug  3 10:15:40 mx policyd-spf[21]: prepend Received-SPF: {} (mailfrom) identity={}; client-ip={}; "
    "helo={}; envelope-from={}; receiver=<UNKNOWN>\n"
)


def client(queue_id: str, ip: str = "192.0.2.24", more: str = "") -> str:
    return POSTFIX.format(1, "smtpd", f"{queue_id}: client=mail.example.com[{ip}]{more}")


def sender(queue_id: str, address: str = "alice@example.com") -> str:
    return POSTFIX.format(2, "qmgr", f"{queue_id}: from=<{address}>, size=1, nrcpt=1 (queue active)")


def removed(queue_id: str) -> str:
    return POSTFIX.format(3, "qmgr", f"{queue_id}: removed")


def read(folder: Path, *lines: str, **options: Any) -> Evidence:
    return read_bytes(folder, "".join(lines).encode("utf-8", "surrogateescape"), **options)


NOT_JOINED = "the log names no sender of a message (no from= with its queue id)"
NO_CLIENT = "the log names no client of a message (no client= with its queue id before)"
ALICE = ("192.0.2.24", "alice@example.com", None, 1, None)


def test_lines_are_joined_by_their_queue_id(tmp_path: Path) -> None:
    evidence = read(tmp_path, client("AAAAA1"), client("AAAAA2", "2001:db8::1"), sender("AAAAA2", "b@b.example"),
                    sender("AAAAA1"))  # fmt: skip
    assert of(evidence) == [("2001:db8::1", "b@b.example", None, 1, None), ALICE]


def test_a_queue_id_that_is_used_again_is_another_message(tmp_path: Path) -> None:
    lines = [client("AAAAA1"), sender("AAAAA1"), removed("AAAAA1")]
    assert read(tmp_path, *lines, *lines).messages == 2
    assert read(tmp_path, *lines[:2], *lines[:2]).messages == 2


def test_each_attempt_to_deliver_is_the_same_message(tmp_path: Path) -> None:
    evidence = read(tmp_path, client("AAAAA1"), sender("AAAAA1"), sender("AAAAA1"), sender("AAAAA1"))
    assert (evidence.messages, evidence.skipped) == (1, 0)


def test_messages_without_a_sender_in_the_log_are_counted(tmp_path: Path) -> None:
    evidence = read(tmp_path, client("AAAAA1"), client("AAAAA1"), client("AAAAA2"), removed("AAAAA2"), sender("AAAAA3"))
    assert faults(evidence) == [
        f"FILE, line 1: {NOT_JOINED}: 'AAAAA1' (and 2 more)",
        f"FILE, line 5: {NO_CLIENT}: 'AAAAA3'",
    ]
    assert evidence.skipped == 4


def test_ids_that_never_complete_take_bounded_memory(tmp_path: Path) -> None:
    lines = [client(f"B{number:05}") for number in range(500)]
    evidence = read(tmp_path, *lines, sender("B00001"), sender("B00499"), bounds=Bounds(pending=10))
    assert evidence.messages == 1
    assert evidence.skipped == 500
    assert faults(evidence)[0] == f"FILE, line 1: {NOT_JOINED}: 'B00000' (and 498 more)"


@pytest.mark.parametrize(
    ("lines", "aside"),
    [
        ([client("AAAAA1", more=", sasl_method=PLAIN, sasl_username=bob"), sender("AAAAA1")],
         "messages submitted by authenticated users"),
        ([client("AAAAA1", "127.0.0.1"), sender("AAAAA1")], "messages from internal addresses"),
        ([client("AAAAA1", "fd00::1"), sender("AAAAA1")], "messages from internal addresses"),
        ([client("AAAAA1", "127.0.0.1", ", orig_queue_id=AAAAA0, orig_client=x[192.0.2.24]"), sender("AAAAA1")],
         "messages from internal addresses"),
        ([POSTFIX.format(1, "pickup", "AAAAA1: uid=0 from=<root>"), sender("AAAAA1")],
         "messages from the host itself"),
        ([EXIM.format("root@example.net U=root P=local S=1")], "messages from the host itself"),
        ([EXIM.format("<> R=1wZq7K-000123-2f U=exim P=local S=1")], "messages from the host itself"),
        ([EXIM.format("a@example.net H=(x) [192.0.2.1] P=esmtpa A=login:bob S=1")],
         "messages submitted by authenticated users"),
        ([EXIM.format("a@example.net H=(x) [10.0.0.1] P=smtp S=1")], "messages from internal addresses"),
    ],
)  # fmt: skip
def test_what_spf_does_not_look_at_is_left_aside_and_counted(tmp_path: Path, lines: list[str], aside: str) -> None:
    evidence = read(tmp_path, *lines)
    assert evidence.senders == evidence.unread == ()
    assert dict(evidence.aside)[aside] == 1


def test_a_filter_before_the_queue_reports_its_client(tmp_path: Path) -> None:
    handed_on = client("AAAAA1", "127.0.0.1", ", orig_queue_id=NOQUEUE, orig_client=x[192.0.2.24]")
    first = POSTFIX.format(1, "smtpd", "NOQUEUE: client=x[192.0.2.24]")
    assert of(read(tmp_path, first, handed_on, sender("AAAAA1"))) == [ALICE]


def test_policyd_spf_gives_helo_and_result_of_the_next_message(tmp_path: Path) -> None:
    policies = [
        POLICY.format("Softfail", "mailfrom", "192.0.2.24", "one.example.com", "alice@example.com"),
        POLICY.format("Softfail", "mailfrom", "192.0.2.24", "two.example.com", "alice@example.com"),
    ]
    evidence = read(tmp_path, *policies, client("AAAAA1"), sender("AAAAA1"), client("AAAAA2"), sender("AAAAA2"))
    assert of(evidence) == [
        ("192.0.2.24", "alice@example.com", "one.example.com", 1, "softfail"),
        ("192.0.2.24", "alice@example.com", "two.example.com", 1, "softfail"),
    ]


def test_lines_of_policyd_spf_alone_are_enough(tmp_path: Path) -> None:
    policies = [
        POLICY.format("Pass", "mailfrom", "192.0.2.24", "mx.example.com", "alice@example.com"),
        POLICY.format("Pass", "helo", "192.0.2.24", "mx.example.com", "bob@example.com"),
        POLICY.format("None", "mailfrom", "192.0.2.24", "mx.example.com", "<>"),
        POLICY.format("None", "mailfrom", "192.0.2.24", '""', "<>"),
    ]
    for bounds in (Bounds(), Bounds(pending=1)):
        evidence = read(tmp_path, *policies, bounds=bounds)
        assert of(evidence) == [
            ("192.0.2.24", "alice@example.com", "mx.example.com", 1, "pass"),
            ("192.0.2.24", "bob@example.com", "mx.example.com", 1, None),
            ("192.0.2.24", "postmaster@mx.example.com", "mx.example.com", 1, "none"),
        ]
        assert [item.reason for item in evidence.unread] == [
            "the sender is null, and the HELO name, which replaces it, is not known"
        ]


def test_what_policyd_spf_said_is_kept_for_a_bounded_while(tmp_path: Path) -> None:
    lines = [
        POLICY.format("Pass", "mailfrom", "192.0.2.24", f"mx{n}.example.com", f"a{n}@example.com") for n in range(9)
    ]
    last = [client("AAAAA1"), sender("AAAAA1", "a8@example.com"), client("AAAAA2"), sender("AAAAA2", "a0@example.com")]
    evidence = read(tmp_path, *lines, *last, bounds=Bounds(pending=3))
    assert sorted((item[1], item[2] or "") for item in of(evidence)) == sorted(
        [("a0@example.com", ""), *[(f"a{n}@example.com", f"mx{n}.example.com") for n in range(9)]]
    )


REFUSED = {
    "a client that is none": (client("AAAAA1", "192.0.2.300"), "not an IP address: '192.0.2.300'"),
    "a client that can't be read": (
        POSTFIX.format(1, "smtpd", "AAAAA1: client=nothing"),
        "the client of the message (client=) can't be read: 'client=nothing'",
    ),
    "policyd-spf without a client": (
        POLICY.format("Pass", "mailfrom", "nothing", "x", "y@z.example"),
        ("the Received-SPF of policyd-spf names no client: 'Pass (mailfrom) identity=mailfrom; client-ip=nothing; "
        "helo=x; envelope-from=y@z.…'"),
    ),
    "policyd-spf that can't be read": (
        POLICY.format("Perhaps", "mailfrom", "192.0.2.1", "x", "y").partition("; helo")[0] + "\n",
        ("the Received-SPF of policyd-spf can't be read: "
        "'Perhaps (mailfrom) identity=mailfrom; client-ip=192.0.2.1'"),
    ),
    "Exim's client": (
        EXIM.format("a@b.example H=nothing P=smtp"),
        "the client of the message (H=) can't be read: 'H=nothing P=smtp'",
    ),
    "Exim's address": (
        EXIM.format("a@b.example H=(x) [1:2] P=smtp"),
        "not an IP address: '1:2'",
    ),
    "Exim's null sender without HELO": (
        EXIM.format("<> H=[192.0.2.1] P=smtp"),
        "the sender is null, and the HELO name, which replaces it, is not known",
    ),
    "a control character in HELO": (
        EXIM.format("a@b.example H=(x\x1b]0;owned\x07) [192.0.2.1] P=smtp"),
        "the HELO name has spaces, angle brackets or unprintable characters: 'x\\x1b]0;owned\\x07'",
    ),
    "markup in HELO": (
        EXIM.format("a@b.example H=(<script>) [192.0.2.1] P=smtp"),
        "the HELO name has spaces, angle brackets or unprintable characters: '<script>'",
    ),
    "octets that are no UTF-8": (
        EXIM.format("a\udcff@b.example H=(x) [192.0.2.1] P=smtp"),
        "the sender has unprintable characters: 'a\\udcff@b.example'",
    ),
    "a sender without a domain": (
        EXIM.format("root@ H=(x) [192.0.2.1] P=smtp"),
        "the sender is neither a mail address nor a domain: 'root@'",
    ),
    "a long HELO name": (
        EXIM.format(f"a@b.example H=({'x' * 256}) [192.0.2.1] P=smtp"),
        "the HELO name is longer than 255 characters: '" + "x" * 80 + "…'",
    ),
    "a long sender": (
        EXIM.format(f"{'x' * 600}@b.example H=(x) [192.0.2.1] P=smtp"),
        "the sender is longer than 512 characters: '" + "x" * 80 + "…'",
    ),
    "a long line": ("x" * 70000 + "\n", "the line is longer than 65,536 octets"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_an_unusable_line_is_reported_and_the_next_one_read(tmp_path: Path, case: str) -> None:
    line, reported = REFUSED[case]
    good = EXIM.format("alice@example.com H=mail.example.com [192.0.2.24] P=smtp")
    evidence = read(tmp_path, good, line, good)
    assert faults(evidence) == [f"FILE, line 2: {reported}"]
    assert of(evidence) == [("192.0.2.24", "alice@example.com", "mail.example.com", 2, None)]


def test_a_sender_of_postfix_that_cannot_be_read(tmp_path: Path) -> None:
    evidence = read(tmp_path, client("AAAAA1"), POSTFIX.format(2, "qmgr", "AAAAA1: from=alice"), sender("AAAAA1"))
    assert faults(evidence) == ["FILE, line 2: the sender of the message (from=) can't be read: 'from=alice'"]


def test_other_lines_are_counted(tmp_path: Path) -> None:
    other = [
        "Aug  3 10:15:01 mx dovecot: x\n",
        "Aug  3 10:15:01 mx y: a <= b\n",
        POSTFIX.format(1, "smtpd", "connect from x"),
    ]
    evidence = read(tmp_path, *other, POSTFIX.format(1, "cleanup", "AAAAA1: message-id=<x>"))
    assert evidence.aside == (("log lines that name no sender", 4),)
    assert evidence.unread == ()


@pytest.mark.parametrize(
    "prefix",
    ["Aug  3 10:15:01 mx ", "<22>Aug 13 10:15:01 mx ", "2026-08-03T10:15:01.5+02:00 mx ", "2026-08-03T10:15:01Z mx ",
     "<22>1 2026-08-03T10:15:01Z mx ", "Aug  3 2026 10:15:01 mx "],
)  # fmt: skip
def test_stamps_of_time(tmp_path: Path, prefix: str) -> None:
    lines = [prefix + line.partition(" mx ")[2] for line in (client("AAAAA1"), sender("AAAAA1"))]
    exim = f"{prefix}exim[4711]: " + EXIM.format("alice@example.com H=(x) [192.0.2.24] P=smtp")
    evidence = read_bytes(tmp_path, gzipped("".join([*lines, exim]).encode()))
    assert [item[:2] for item in of(evidence)] == [ALICE[:2], ALICE[:2]]


def _lines_until(senders: int, lines: list[str], bounds: Bounds) -> int:
    """Return how many lines are read before so many senders are known."""
    taken = 0

    def feed() -> Iterator[tuple[int, bytes | None]]:
        nonlocal taken
        for taken, line in enumerate(lines, 1):
            yield taken, line.encode()

    for _ in islice(read_log(feed(), Ledger(), bounds), senders):
        pass
    return taken


def test_a_sender_is_yielded_as_soon_as_it_is_known() -> None:
    lines = [client("AAAAA1"), sender("AAAAA1"), removed("AAAAA1"), client("AAAAA2"), sender("AAAAA2")]
    assert _lines_until(1, [*lines, *[removed("AAAAA2")] * 100], Bounds()) <= 3


def test_of_policy_servers_no_more_entries_wait_than_the_bound_says() -> None:
    """Those that were joined with Postfix's lines wait no longer, and don't count."""
    joined = [
        line
        for number in range(9)
        for line in (
            POLICY.format("Pass", "mailfrom", "192.0.2.24", "h.example", "alice@example.com"),
            client(f"AAAAA{number}"),
            sender(f"AAAAA{number}"),
            removed(f"AAAAA{number}"),
        )
    ]
    alone = [
        POLICY.format("Pass", "mailfrom", f"198.51.100.{number}", "h", f"a{number}@b.example") for number in range(9)
    ]
    rest = [removed("AAAAA9")] * 100
    assert _lines_until(10, [*joined, *alone, *rest], Bounds(pending=3)) <= len(joined) + 4
