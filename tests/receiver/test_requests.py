"""Requests are read in whatever pieces they come, and whatever is no request is refused."""

import pytest
from hypothesis import given, strategies as st

from spfengine import ArgumentError
from spfengine.receiver.requests import MAX_ATTRIBUTES, MAX_OCTETS, MAX_REPLY, RequestReader, reply
from tests.receiver.requests import attributes, wire


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_requests_are_found_in_any_pieces(size: int) -> None:
    octets = wire() + wire(instance="2", sender="") + b"\n" + wire(sender="a=b@x.example")
    reader = RequestReader()
    result = [item for at in range(0, len(octets), size) for item in reader.feed(octets[at : at + size])]
    assert result == [attributes(), attributes(instance="2", sender=""), {}, attributes(sender="a=b@x.example")]


def test_the_first_of_an_attribute_counts_and_octets_stay() -> None:
    [result] = RequestReader().feed(b"sender=a\xff@x.example\nsender=b@x.example\n\n")
    assert result == {"sender": "a\udcff@x.example"}


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"sender\n\n", "line 1 of a request has no '='"),
        (b"a=1\n \n\n", "line 2 of a request has no '='"),
        (b"GET / HTTP/1.0\r\n\r\n\n\n", "no '='"),
        (b"a=1\n" * (MAX_ATTRIBUTES + 1) + b"\n", "201 attributes"),
        (b"a=" + b"x" * MAX_OCTETS, "longer than 65536"),
        (b"a=" + b"x" * MAX_OCTETS + b"\n\n", "longer than 65536"),
    ],
)
def test_what_is_no_request_is_refused(octets: bytes, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        list(RequestReader().feed(octets))


@given(st.lists(st.binary(max_size=40)))
def test_any_octets_give_requests_or_are_refused(pieces: list[bytes]) -> None:
    reader = RequestReader()
    try:
        for piece in pieces:
            list(reader.feed(piece))
    except ArgumentError:
        pass


def test_a_reply_is_one_line() -> None:
    assert reply("DUNNO") == b"action=DUNNO\n\n"
    for action in "DUNNO\n", "a\r\n\r\nb", "caf\u00e9", "x" * (MAX_REPLY + 1):
        with pytest.raises(ArgumentError):
            reply(action)
