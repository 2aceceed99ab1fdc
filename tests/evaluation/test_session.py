"""How the arguments of a caller become what is checked (RFC 7208 §2.3, §2.4, §4.1, §4.3; RFC 8616)."""

import pytest

from spfengine.evaluation.session import HELO, RangeSession, Session


@pytest.mark.parametrize(
    ("sender", "helo", "local_part", "domain"),
    [
        ("u@a.example", "h.example", "u", "a.example"),
        ("<u@a.example>", "h.example", "u", "a.example"),
        ("U@A.Example", "", "U", "A.Example"),
        ("u@a.example.", "", "u", "a.example"),
        ("u@a.example..", "", "u", "a.example."),
        ("a.example", "h.example", "postmaster", "a.example"),
        ("@a.example", "h.example", "postmaster", "a.example"),
        ('"x@y"@a.example', "", '"x@y"', "a.example"),
        ("a@b@c.example", "", "a@b", "c.example"),
        ("u@", "h.example", "u", ""),
        ("@", "h.example", "postmaster", ""),
        ("", "h.example", "postmaster", "h.example"),
        ("<>", "h.example", "postmaster", "h.example"),
        ("", "h.example.", "postmaster", "h.example"),
        ("", "", "postmaster", ""),
        ("<", "h.example", "postmaster", "<"),
        (" ", "h.example", "postmaster", " "),
        ("u@bücher.example", "", "u", "xn--bcher-kva.example"),
        ("u@BÜCHER.Example", "", "u", "xn--bcher-kva.Example"),
        ("u@faß.example", "", "u", "xn--fa-hia.example"),
        ("u@bücher\u3002example", "", "u", "xn--bcher-kva.example"),
        ("", "bücher.example", "postmaster", "xn--bcher-kva.example"),
        ("ü@a.example", "", "\xc3\xbc", "a.example"),
        ("\udcff@a.example", "", "\xff", "a.example"),
        ("\ud800@a.example", "", "\xed\xa0\x80", "a.example"),
    ],
)
def test_the_sender(sender: str, helo: str, local_part: str, domain: str) -> None:
    session = Session("192.0.2.1", sender, helo)
    assert (session.local_part, session.domain) == (local_part, domain)
    assert session.sender == f"{local_part}@{domain}"
    assert not session.domain_refused


@pytest.mark.parametrize(
    ("domain", "octets"),
    [
        ("\u1aaa.example", "\xe1\xaa\xaa.example"),
        ("-ü.example", "-\xc3\xbc.example"),
        ("ü" * 64 + ".example", "\xc3\xbc" * 64 + ".example"),
        ("ü" * 300, "\xc3\xbc" * 300),
        ("\udcff.example", "\xff.example"),
        ("\ud800.example", "\xed\xa0\x80.example"),
        ("\u2764.example", "\xe2\x9d\xa4.example"),
        ("xn--\xfc.example", "xn--\xc3\xbc.example"),
    ],
)
@pytest.mark.parametrize("null_sender", [False, True])
def test_a_domain_that_idna2008_refuses_is_kept_as_its_octets(domain: str, octets: str, *, null_sender: bool) -> None:
    session = Session("192.0.2.1", "" if null_sender else f"u@{domain}", domain)
    assert session.domain_refused
    assert session.domain == octets
    assert session.helo == octets


@pytest.mark.parametrize(
    ("helo", "kept"),
    [
        ("h.example", "h.example"),
        ("H.Example.", "H.Example."),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("", ""),
        ("a b\r\n", "a b\r\n"),
    ],
)
def test_helo_is_kept_as_given_except_u_labels(helo: str, kept: str) -> None:
    """RFC 7208 §7.2: as given, but with A-labels if it can be converted."""
    assert Session("192.0.2.1", "u@a.example", helo).helo == kept


def test_a_session_can_be_started_again() -> None:
    session = Session("2001:db8::1", "ü@faß.example", "h", HELO, receiver="r", now=7)
    session.lookups = 5
    session.voids = 2
    again = session.again()
    for name in ("family", "ip", "domain", "identity", "sender", "local_part", "helo", "receiver", "now", "limits"):
        assert getattr(again, name) == getattr(session, name)
    assert (again.lookups, again.voids, again.answers, again.path) == (0, 0, {}, [])
    assert Session("192.0.2.1", "u@\u1aaa.example").again().domain_refused


@pytest.mark.parametrize(
    ("ip", "letter", "value"),
    [
        ("192.0.2.1", "i", "192.0.2.1"),
        ("192.0.2.1", "c", "192.0.2.1"),
        ("192.0.2.1", "v", "in-addr"),
        ("2001:db8::CB01", "i", "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1"),
        ("2001:DB8:0:0::cb01", "c", "2001:db8::cb01"),
        ("2001:db8::1", "v", "ip6"),
        ("::ffff:192.0.2.1", "v", "in-addr"),
        ("::ffff:192.0.2.1", "i", "192.0.2.1"),
        ("192.0.2.1", "s", "u@a.example"),
        ("192.0.2.1", "l", "u"),
        ("192.0.2.1", "o", "a.example"),
        ("192.0.2.1", "d", "current.example"),
        ("192.0.2.1", "h", "h.example"),
        ("192.0.2.1", "p", "validated.example"),
        ("192.0.2.1", "r", "unknown"),
        ("192.0.2.1", "t", "1700000000"),
    ],
)
def test_what_the_macro_letters_expand_to(ip: str, letter: str, value: str) -> None:
    """RFC 7208 §7.2."""
    session = Session(ip, "u@a.example", "h.example", now=1_700_000_000.9)
    assert session.macro_value(letter, "current.example", "validated.example") == value


def test_the_receiver_is_named_if_it_is_known() -> None:
    assert Session("192.0.2.1", "u@a.example", receiver="r.example").macro_value("r", "", "") == "r.example"
    assert Session("192.0.2.1", "u@a.example", receiver="").macro_value("r", "", "") == "unknown"


def test_each_lookup_in_a_table_narrows_the_range_of_addresses_with_the_same_outcome() -> None:
    session = RangeSession("0.0.0.30", "u@a.example")
    assert (session.lo, session.hi) == (0, 2**32 - 1)
    for starts, lo, hi in [((0, 10, 50), 10, 49), ((0, 5, 90), 10, 49), ((0, 20), 20, 49), ((0,), 20, 49)]:
        assert session.hit((starts, [None, "hit", None][: len(starts)])) == (None if len(starts) == 1 else "hit")
        assert (session.lo, session.hi) == (lo, hi)
