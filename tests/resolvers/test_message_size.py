"""Messages of many records or strings are recognized from their octets, and never read."""

import pytest
from hypothesis import given, strategies as st

from spfengine import RRType, Status
from spfengine.resolvers.dns_messages import write_query
from spfengine.resolvers.message_size import MAX_RECORDS, MAX_STRINGS, is_too_large
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, TooLarge
from tests.wire.test_stub import run


def message(records: int, data: bytes, rrtype: int = 16) -> bytes:
    head = bytes([0, 7, 0x81, 0x80, 0, 1]) + records.to_bytes(2, "big") + bytes(4)
    question = b"\1a\7example\0" + rrtype.to_bytes(2, "big") + b"\0\1"
    record = b"\xc0\x0c" + rrtype.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2, "big") + data
    return head + question + record * records


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (message(1, b"\0" * 64_800), True),
        (message(1, b"\1a" * 32_000), True),
        (message(1, b"\0" * MAX_STRINGS), False),
        (message(1, b"\0" * (MAX_STRINGS + 1)), True),
        (message(MAX_STRINGS // 10 + 1, b"\0" * 10), True),
        (message(MAX_RECORDS - 1, b"\0"), False),
        (message(MAX_RECORDS, b"\0"), True),
        (message(4_000, b"\1\2\3\4", 1), True),
        (message(1, (b"\xff" + b"x" * 255) * 255), False),
        (message(1, b"")[:20], False),
        (b"", False),
    ],
)
def test_records_and_strings_are_counted(octets: bytes, expected: bool) -> None:
    assert is_too_large(octets) is expected


@given(st.binary(max_size=600))
def test_any_octets_can_be_counted(octets: bytes) -> None:
    assert is_too_large(octets) in (True, False)


def test_such_a_reply_is_truncated_and_nothing_is_read() -> None:
    def reply(attempt: Attempt) -> TooLarge:
        question = attempt.query.wire
        octets = message(4_000, b"\1\2\3\4", 1)
        accepted = attempt.accept(question[:2] + octets[2:])
        assert accepted is None or isinstance(accepted, TooLarge)
        assert attempt.accept(b"\0\0" + octets[2:]) is None or question[:2] == b"\0\0"
        assert isinstance(accepted, TooLarge)
        return accepted

    answer, attempts = run(reply)
    assert (answer.status, len(attempts)) == (Status.TRUNCATED, 1)


def test_one_with_another_question_is_no_reply() -> None:
    query = write_query((b"b", b"example"), RRType.A)
    attempt = Attempt(Server(2, ("192.0.2.53", 53)), False, query, 0)
    assert attempt.accept(query.wire[:2] + message(4_000, b"\1\2\3\4", 1)[2:]) is None
