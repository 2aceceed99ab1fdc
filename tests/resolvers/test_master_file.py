"""Zones read from RFC 1035 master files."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from spfengine.answers import Answer, Question, RRType
from spfengine.errors import ZoneError
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.master_file import MAX_OCTETS
from tests.counting import cpu_seconds_at_most
from tests.examples import mostly_full

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR

EXAMPLE = r"""
; what a hosting panel writes
$TTL 4h
$ORIGIN example.com.
@   86400   IN  SOA ns1.example.net. hostmaster (   ; names relative and not
                2026010101 ; serial
                1h 15m
                1w 300 )
        IN NS   ns1.example.net.
        IN  TXT "v=spf1 mx include:_spf " "-all" ; a comment; with semicolons
        60 IN TXT unquoted
        MX  10 mx
        MX  IN\046dot.example.net.
mx  IN 1h A 192.0.2.10
mx  2h IN AAAA 2001:db8::10
MX  A 192.0.2.10
*.w     TXT wild
www     CNAME @
_spf    TXT "semi\;colon" "\195\169\\ \"q\""
$ORIGIN sub
@       TXT "sub"
other.test.     A 198.51.100.1  ; another domain
""".replace("MX  IN\\046dot", "MX  20 a\\046dot")


def ask(zone: Zone, name: str, type: RRType = TXT) -> Answer:
    return zone.resolve(Question(name, type))


def test_a_file_as_people_write_them() -> None:
    zone = Zone.from_text(EXAMPLE)
    assert ask(zone, "example.com") == Answer.txt(("v=spf1 mx include:_spf ", "-all"), "unquoted", ttl=60)
    assert ask(zone, "example.com", MX) == Answer.mx((10, "mx.example.com"), (20, "a\\046dot.example.net"), ttl=14400)
    assert ask(zone, "mx.example.com", A) == Answer.a("192.0.2.10", ttl=3600), (
        "a record that is listed twice counts once"
    )
    assert ask(zone, "mx.example.com", AAAA) == Answer.aaaa("2001:db8::10", ttl=7200)
    assert ask(zone, "q.w.example.com") == Answer.txt("wild", ttl=14400)
    assert ask(zone, "www.example.com", MX).chain == ("example.com",)
    assert ask(zone, "_spf.example.com") == Answer.txt(("semi;colon", b'\xc3\xa9\\ "q"'), ttl=14400)
    assert ask(zone, "sub.example.com") == Answer.txt("sub", ttl=14400)
    assert ask(zone, "other.test", A) == Answer.a("198.51.100.1", ttl=14400)
    assert zone.names[0] == "example.com"


def test_types_that_are_never_answered_are_kept() -> None:
    zone = Zone.from_text(
        'a.example. 5 SPF "v=spf1 " "-all"\na.example. NS ns.example.\na.example. TYPE65280 \\# 1 ff\n'
    )
    assert [(rrset.type, rrset.records) for rrset in zone.rrsets] == [
        ("SPF", ((b"v=spf1 ", b"-all"),)),
        ("NS", ((b"ns.example.",),)),
        ("TYPE65280", ((b"\\# 1 ff",),)),
    ]


def test_a_file_equals_the_mapping_that_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "zone"
    path.write_bytes(b'@ 60 TXT "a" "b"\r\nm 60 MX 5 .\r\n 60 PTR Host.Example.net.\r\n')
    assert Zone.from_file(path, "Example.com").rrsets == (
        RRset("Example.com", "TXT", ((b"a", b"b"),), 60),
        RRset("m.Example.com", "MX", ((5, ""),), 60),
        RRset("m.Example.com", "PTR", ("Host.Example.net",), 60),
    )
    assert Zone.from_file(str(path), "Example.com.") == Zone.from_text(path.read_bytes(), origin="Example.com")


@pytest.mark.parametrize(
    ("text", "ttls"),
    [
        ("a.example. TXT x\n", [None]),
        ("a.example. 60 TXT x\nb.example. TXT x\nc.example. 1m TXT y\n", [60, 60, 60]),
        ("a.example. TXT x\n$TTL 1d\nb.example. 60 TXT x\nc.example. TXT x\n", [None, 60, 86400]),
        ("a.example. SOA a. b. 1 2 3 4 77\nb.example. TXT x\nc.example. 9 TXT x\nd.example. TXT y\n", [77, 77, 9, 9]),
        ("a.example. 60 TXT x\na.example. 30 TXT y\n", [30]),
        ("a.example. 0 TXT x\n", [0]),
        ("a.example. IN 60 TXT x\nb.example. 61 IN TXT x\nc.example. IN TXT x", [60, 61, 61]),
    ],
)
def test_where_a_ttl_comes_from(text: str, ttls: list[int | None]) -> None:
    assert [rrset.ttl for rrset in Zone.from_text(text).rrsets] == ttls


def test_octets_are_kept_whether_escaped_or_not() -> None:
    zone = Zone.from_text(b'\xff\\233.example. TXT "\xe9\\\xe9\\255\\\\" \\"\n\\065\\@\\ b.example. TXT at\n')
    assert ask(zone, "\xff\xe9.example") == Answer.txt((b"\xe9\xe9\xff\\", b'"'))
    assert ask(zone, "A@ b.example") == Answer.txt("at")
    assert ask(Zone.from_text('a.example. TXT "é"'), "a.example") == Answer.txt("é")
    assert ask(Zone.from_text("\ufeffa.example. TXT x"), "a.example") == Answer.txt("x")


def test_an_owner_without_its_final_dot_belongs_to_the_origin() -> None:
    """As some exports write it, beside an SOA record that only a checked zone would refuse."""
    zone = Zone.from_text(
        "$ORIGIN example.com.\nexample.com SOA a. b. 1 2 3 4 5\nexample.com. TXT x ; cf_tags=cf-proxied:true\n"
    )
    assert ask(zone, "example.com") == Answer.txt("x", ttl=5)


def test_an_empty_text_is_an_empty_zone() -> None:
    for text in ("", "\n\n", "; nothing\n", "$ORIGIN example.com.\n", "   \n\t; x\n"):
        assert Zone.from_text(text).names == ()


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("a.example. TXT x\nb.example. A 192.0.2.256\n", 2, ["IPv4", "b.example. A 192.0.2.256"]),
        ("\n\na.example. AAAA 192.0.2.1", 3, ["IPv6"]),
        ("a.example. MX mx.example.\n", 1, ["preference"]),
        ("a.example. MX 10 mx.example. junk\n", 1, ["preference"]),
        ("a.example. TXT\n", 1, ["strings"]),
        ('a.example. TXT "open\nb.example. A 192.0.2.1\n', 1, ["strings"]),
        (f'a.example. TXT "{"x" * 256}"\n', 1, ["255 octets"]),
        ("a.example. TXT ( a\n b\n", 1, ["strings"]),
        ("a.example. TXT a )\n", 1, ["strings"]),
        ("a.example. IN\n", 1, ["no record type", "TYPE"]),
        ("a.example.\n", 1, ["no record type", "TYPE"]),
        ('a.example. "TXT" x\n', 1, ["no record type"]),
        ("a.example. WHAT x\n", 1, ["unknown record type WHAT"]),
        ("a.example. TYPE99999 x\n", 1, ["unknown record type"]),
        ("a.example. CH TXT x\n", 1, ["class CH", "class IN"]),
        ("a.example. IN IN TXT x\n", 1, ["unknown record type IN"]),
        ("a.example. ANY x\n", 1, ["class ANY"]),
        ("a.example. OPT x\n", 1, ["type OPT"]),
        ("a TXT x\n", 1, ["relative", "$ORIGIN"]),
        ("@ TXT x\n", 1, ["relative", "$ORIGIN"]),
        ("a.example. MX 10 mx\n", 1, ["mx", "relative", "$ORIGIN"]),
        ("a.example. CNAME b\n", 1, ["relative", "$ORIGIN"]),
        ("$ORIGIN example\n", 1, ["relative", "$ORIGIN"]),
        ("$ORIGIN\n", 1, ["domain name"]),
        ("$ORIGIN a. b.\n", 1, ["after $ORIGIN"]),
        ("$TTL soon\n", 1, ["TTL", "1h30m"]),
        ("$TTL\n", 1, ["TTL"]),
        ("$TTL 1h 2h\n", 1, ["after $TTL"]),
        ("$INCLUDE /etc/passwd\n", 1, ["$INCLUDE is not supported", "named-compilezone"]),
        ("$generate 1-9 a$ A 192.0.2.$\n", 1, ["$GENERATE is not supported", "named-compilezone"]),
        ("$WHAT\n", 1, ["unknown directive $WHAT"]),
        ("  TXT x\n", 1, ["without an owner"]),
        ("$ORIGIN a..example.\n", 1, ["empty label", "expected a domain name"]),
        (f"$ORIGIN {'x' * 64}.example.\n", 1, ["63 octets"]),
        ('"a.example." TXT x\n', 1, ["owner name"]),
        ("(\n", 1, ["owner"]),
        ("a.example. CNAME b.\na.example. CNAME c.\n", 2, ["second CNAME", "a.example"]),
        ("a.example. TXT x\n\x1b[31m\xff\n", 2, ["\\x1b[31m"]),
    ],
)
def test_a_broken_line_is_named(text: str, line: int, parts: list[str]) -> None:
    with pytest.raises(ZoneError) as caught:
        Zone.from_text(text)
    message = str(caught.value)
    assert message.startswith(f"zone text, line {line}: ")
    for part in ("expected", *parts):
        assert part in message
    assert all(part.isprintable() for part in message.split("\n"))


def test_the_message_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ex\x1bample.zone"
    path.write_text("x y z\n")
    with pytest.raises(ZoneError, match=r"ex\\x1bample\.zone, line 1"):
        Zone.from_file(path)
    with pytest.raises(FileNotFoundError):
        Zone.from_file(tmp_path / "absent")


@pytest.mark.parametrize("origin", ["", "a..b", "\udc80"])
def test_an_origin_that_is_no_name(origin: str) -> None:
    with pytest.raises(ZoneError, match="origin"):
        Zone.from_text("", origin)


def test_sizes_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b";" * (MAX_OCTETS + 1))
    with pytest.raises(ZoneError, match="8 MiB"):
        Zone.from_file(path)
    with pytest.raises(ZoneError, match="UTF-8"):
        Zone.from_text("\ud800")


_PIECES = st.sampled_from(
    [
        "a.example.",
        '"',
        "(",
        ")",
        ";",
        "\\",
        "\\1",
        "\\999",
        "TXT",
        "A",
        "IN",
        "60",
        "1h",
        "$TTL",
        "$ORIGIN",
        "@",
        "SOA",
    ]
) | st.sampled_from(
    ["MX", "10", "OPT", "TSIG", "LOC", "APL", "\\#", "TYPE1", "192.0.2.1", " ", "\n", "\r", "\x00", "\xff", "x" * 300]
)


@given(st.lists(_PIECES, max_size=20).map("".join) | st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_a_zone_or_a_zone_error(text: str | bytes) -> None:
    fault = ""
    try:
        Zone.from_text(text, "example.com")
    except ZoneError as error:
        fault = str(error)
    assert all(part.isprintable() for part in fault.split("\n"))


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ("TLSA 3 1 1 ( 00\n 11 ) ; in two pieces", ("TLSA", b"3 1 1 00 11")),
        ("SRV 0 5 5060 sip", ("SRV", b"0 5 5060 sip.example.com.")),
        ('CAA 0 issue "ca.example; a=b"', ("CAA", b'0 issue "ca.example; a=b"')),
        ("type65 \\# 3 000100", ("HTTPS", b"\\# 3 000100")),
        ("DNAME @", ("DNAME", b"example.com.")),
        ("nsap_ptr foo", ("NSAP-PTR", b"foo")),
        ("NS ns\\.1", ("NS", b"ns\\0461.example.com.")),
        ("NS .", ("NS", b".")),
    ],
)
def test_data_of_other_types_is_kept_as_written_but_for_relative_names(data: str, kept: tuple[str, bytes]) -> None:
    (rrset,) = Zone.from_text(f"a {data}\n", "example.com").rrsets
    assert (rrset.type, rrset.records) == (kept[0], ((kept[1],),))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Name,Type,Content,TTL\nx.example,TXT,v=spf1 -all,300\n", ["this is a table, not a zone file", "(BIND)"]),
        ('"Type";"Host";"Value"\n', ["this is a table, not a zone file"]),
        ("a.example. TLSA\n", ["there is no data", "type TLSA"]),
        ("a.example. A \\# 4 c00002\n", ["3 octets, not 4"]),
        ("a.example. A \\# 5 c000020101\n", ["longer than", "type A"]),
        ("a.example. AAAA \\# 4 c0000201\n", ["ends too early"]),
        ("a.example. TXT \\# 1 xx\n", ["not hexadecimal"]),
        ("a.example. PTR \\# 2 c00c\n", ["compressed"]),
        ("a.example. MX 65536 b.\n", ["'65536' is not a number from 0 to 65535"]),
        ('a.example. MX "1" b.\n', ["in quotes"]),
        ("a.example. SOA a. b. 1 2 3 4 soon\n", ["'soon' is not a number of seconds"]),
        ("a.example. TXT \\256\n", ["three digits up to 255"]),
        ("a.example. TXT " + "a " * (1 << 17) + "b\n", ["more than 131072 words"]),
        ("a\xb2.example. SSHFP\xdf x\n", ["unknown record type"]),
        ("a.example. TXT x\\\n", ["a backslash at the end of a line"]),
        ("a.example. TXT" + " " * 300_000 + '"\n', ["quotes are not closed"]),
    ],
)
def test_a_fault_is_reported_in_words(text: str, parts: list[str]) -> None:
    with pytest.raises(ZoneError) as caught:
        Zone.from_text(text)
    for part in ("zone text, line 1: ", *parts):
        assert str(caught.value).count(part) == 1


@pytest.mark.parametrize(
    "piece",
    mostly_full(["a", "\\a", "\\065", "a.", '"a"', "(", "()", "(\n)", " ", "\n", ";", "a ", "\\", '"', "1h", "\r"], 3),
)
@pytest.mark.parametrize("head", ["", "a.example. TXT ", 'a.example. TXT "', "a.example. MX 1 ", "$TTL "])
def test_much_of_anything_is_read_or_refused_in_short_time(head: str, piece: str) -> None:
    with cpu_seconds_at_most(50), suppress(ZoneError):
        Zone.from_text(head + piece * (100_000 // len(piece)))
