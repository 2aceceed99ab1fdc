"""`same_term`: whether two terms mean the same, however they are written."""

import pytest

from spfengine.record.model import same_term, term_key
from spfengine.record.parser import parse_term

SAME = [
    ("mx", "+MX"),
    ("a:Host.Example", "a:host.example."),
    ("a/32", "a//128"),
    ("ip4:192.0.2.1", "IP4:192.0.2.1/32"),
    ("ip4:192.0.2.7/24", "ip4:192.0.2.0/24"),
    ("ip6:2001:DB8:0::1", "ip6:2001:db8::1/128"),
    ("exists:%{l}.X.example", "exists:%{l}.x.EXAMPLE"),
    ("exists:%{l1r+-}.x.example", "exists:%{l01R-+}.x.example"),
    ("redirect=A.example", "REDIRECT=a.example"),
    ("exp=why.%{d}", "EXP=WHY.%{d}"),
    ("foo=Bar", "FOO=Bar"),
]
OTHER = [
    ("exists:%{L}.x.example", "exists:%{l}.x.example"),  # RFC 7208 §7.3
    ("redirect=%{L}.x.example", "redirect=%{l}.x.example"),
    ("exists:%{l}.x.example", "exists:%{l1}.x.example"),
    ("a", "mx"),
    ("a/24", "a//24"),
    ("mx", "-mx"),
    ("ip4:192.0.2.0/24", "ip4:192.0.2.0/25"),
    ("include:a.example", "exists:a.example"),
    ("redirect=a.example", "exp=a.example"),
    ("foo=Bar", "foo=bar"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_terms_that_are_the_same(first: str, second: str) -> None:
    one, other = parse_term(first), parse_term(second)
    assert one is not None
    assert other is not None
    assert same_term(one, other)
    assert term_key(one) == term_key(other)
    assert hash(term_key(one)) == hash(term_key(other))


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_terms_that_are_not(first: str, second: str) -> None:
    one, other = parse_term(first), parse_term(second)
    assert one is not None
    assert other is not None
    assert not same_term(one, other)
    assert term_key(one) != term_key(other)


def test_the_qualifier_can_be_left_out() -> None:
    one, other = parse_term("-mx"), parse_term("?mx")
    assert one is not None
    assert other is not None
    assert not same_term(one, other)
    assert same_term(one, other, qualifier=False)


@pytest.mark.parametrize("text", ["", " ", "mx a", "ip4:", "mx ", " mx", "v=spf1 mx", "foo"])
def test_text_that_is_not_a_term_gives_none(text: str) -> None:
    assert parse_term(text) is None
