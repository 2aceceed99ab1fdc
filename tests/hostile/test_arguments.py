"""Hostile input from SMTP clients, and wrong arguments from callers."""

import ipaddress
import tracemalloc
from typing import Any

import pytest

from spfengine import AddressError, ArgumentError, Limits, SPFEngineError, check, check_both, check_helo, parse
from spfengine.names import domain_fault
from spfengine.record import hints
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

pytestmark = pytest.mark.cases

ZONE = Zone(
    {
        "a.example": {"TXT": "v=spf1 exists:%{l}.%{h}.x.example ip4:192.0.2.0/24 exp=e.example -all"},
        "e.example": {"TXT": "%{s} %{l} %{h} %{r} %{i}"},
        "xn--bcher-kva.example": {"TXT": "v=spf1 +all"},
    }
)


@pytest.mark.parametrize(
    "ip",
    [
        "",
        " ",
        "192.0.2",
        "192.0.2.1 ",
        " 192.0.2.1",
        "192.0.2.1\n",
        "192.0.2.1\x00",
        "192.0.2.256",
        "192.0.2.01",
        "0300.1.1.1",
        "1",
        "192.0.2.1/32",
        "192.0.2.1:25",
        "::1%eth0",
        "fe80::1%1",
        "[::1]",
        ":::",
        "1::2::3",
        "::ffff:192.0.2.256",
        "::g",
        "\u0661\u0669\u0662.0.2.1",
        "\ud800",
        "localhost",
        "1" * 1_000_000,
        None,
        5,
        3221225985,
        b"192.0.2.1",
        True,
        1.5,
        [],
        (),
        ipaddress.ip_network("192.0.2.0/24"),
        ipaddress.IPv6Address("fe80::1%eth0"),
    ],
)
def test_an_invalid_ip_address_is_refused(ip: Any) -> None:
    with pytest.raises(AddressError, match="not an IP address") as caught:
        check(ip, "u@a.example", resolver=ZONE)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("ip", "shown"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:0201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::", "::"),
        ("::192.0.2.1", "::c000:201"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        (ipaddress.ip_address("192.0.2.1"), "192.0.2.1"),
        (ipaddress.ip_address("::ffff:192.0.2.1"), "192.0.2.1"),
        (ipaddress.ip_interface("192.0.2.1/24"), "192.0.2.1"),
    ],
)
def test_a_valid_ip_address_is_accepted_and_normalised(ip: Any, shown: str) -> None:
    assert check(ip, "u@a.example", resolver=ZONE).ip == shown


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"sender": None}, "sender must be text, not NoneType"),
        ({"sender": b"u@a.example"}, "sender must be text, not bytes"),
        ({"helo": b"mx.example"}, "helo must be text, not bytes"),
        ({"helo": 5}, "helo must be text, not int"),
        ({"receiver": 5}, "receiver must be text, or None, not int"),
        ({"now": "today"}, "now must be seconds since the epoch, not str"),
        ({"now": float("nan")}, "now must be seconds since the epoch, not nan"),
        ({"now": float("inf")}, "now must be seconds since the epoch, not inf"),
        ({"limits": None}, "limits must be Limits, not NoneType"),
        ({"limits": 10}, "limits must be Limits, not int"),
    ],
)
def test_a_wrong_argument_is_named(arguments: dict[str, Any], named: str) -> None:
    call = {"ip": "192.0.2.1", "sender": "u@a.example", "resolver": ZONE, **arguments}
    with pytest.raises(ArgumentError) as caught:
        check(**call)
    assert str(caught.value) == named


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"lookups": -1}, "lookups"),
        ({"lookups": "10"}, "lookups"),
        ({"lookups": 1.5}, "lookups"),
        ({"voids": None}, "voids"),
        ({"names": -5}, "names"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": -1}, "seconds"),
        ({"seconds": "20"}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": float("inf")}, "seconds"),
        ({"seconds": 10**400}, "seconds"),
        ({"void_rule": "per-mail"}, "void_rule"),
        ({"void_rule": None}, "void_rule"),
        ({"void_rule": []}, "void_rule"),
    ],
)
def test_wrong_limits_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ArgumentError, match=rf"Limits\.{named} must be"):
        Limits(**arguments)


@pytest.mark.parametrize("record", [None, 5, ["v=spf1"], bytearray(b"v=spf1"), memoryview(b"v=spf1")])
def test_a_record_that_is_not_text_is_refused(record: Any) -> None:
    with pytest.raises(ArgumentError, match="a record is str or bytes"):
        parse(record)


ODD = (
    "\x00",
    "a\x00b",
    "a\r\nb",
    "\r\n.\r\n",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "\udcff",
    "\ud800",
    "\udfff\ud800",
    "\U0001f600",
    "ü" * 100,
    "x" * 1_000_000,
    "@" * 1000,
    "." * 1000,
    "%{s}",
    "%",
    "{}",
    '"',
    "\\",
    " ",
    "",
    "<",
    ">",
    "<>",
    "<a",
    "xn--",
    "xn--\x00",
    "\u3002",
    "a\u3002b",
    "\u2024",
    "\xad",
    "\u200d",
    "\u0660.\u0661",
    "..",
)


@pytest.mark.parametrize("odd", ODD, ids=ascii)
@pytest.mark.parametrize("place", ["{}@a.example", "u@{}", "u@{}.example", "{}", "<{}>", "u@a.{}"])
def test_a_sender_may_be_anything(odd: str, place: str) -> None:
    """Nothing that a client sends in SMTP makes check() raise."""
    sender = place.replace("{}", odd)
    listening = Listening(ZONE)
    result = check("198.51.100.1", sender, odd, resolver=listening)
    assert result.result in ("none", "fail", "pass")
    assert len(listening.asked) <= 4
    assert all(ord(character) < 256 for question in listening.questions for character in question.name)
    assert all(len(question.name) <= 253 for question in listening.questions)
    assert repr(result).isprintable()
    assert len(repr(result)) < 3000
    assert result.explanation is None or (result.explanation.isascii() and result.explanation.isprintable())


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_a_helo_may_be_anything(odd: str) -> None:
    first, second = check_both("198.51.100.1", "u@a.example", odd, resolver=ZONE)
    assert second.result == "fail"
    assert first == check_helo("198.51.100.1", odd, resolver=ZONE)
    assert first.identity == "helo"


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_a_receiver_may_be_anything(odd: str) -> None:
    result = check("198.51.100.1", "u@a.example", "h", resolver=ZONE, receiver=odd)
    assert result.explanation is None or (result.explanation.isascii() and result.explanation.isprintable())


def test_an_explanation_never_has_a_line_end() -> None:
    """RFC 7208 §6.2: an explanation has only printable ASCII."""
    result = check("198.51.100.1", "u\r\nX-Spam: no@a.example", "h", resolver=ZONE)
    assert result.explanation is None
    assert result.explanation_problem is not None
    assert result.explanation_problem.code == "exp-control-character"


def test_a_refused_u_label_does_not_become_another_domain() -> None:
    """RFC 8616 §2: the octets of a U-label that IDNA2008 refuses, read as Latin-1, may be another U-label."""
    zone = Zone({"\xe1\xaa\xaa.example": {"TXT": "v=spf1 +all"}})
    assert check("192.0.2.1", "u@\xe1\xaa\xaa.example", resolver=zone).result == "pass"
    for sender in ("", "<>", "u@\u1aaa.example"):
        result = check("192.0.2.1", sender, "\u1aaa.example", resolver=zone)
        assert result.result == "none"
        assert result.problem is not None
        assert result.problem.code == "invalid-u-label"


def test_long_untrusted_texts_are_not_kept() -> None:
    """Caches that are keyed by untrusted text keep no long keys."""
    tracemalloc.start()
    for number in range(30):
        domain_fault(str(number) + "x" * 1_000_000)
        hints.meant(str(number) + "x" * 1_000_000)
        check("192.0.2.1", f"u@{number}" + "y" * 1_000_000, resolver=ZONE)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 3_000_000


def test_errors_have_one_base_class() -> None:
    """All errors derive from SPFEngineError, and these also from ValueError."""
    for error in (AddressError, ArgumentError):
        assert issubclass(error, SPFEngineError)
        assert issubclass(error, ValueError)
