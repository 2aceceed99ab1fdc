"""Master files read as dnspython reads them, which has been the reader of zones of others for twenty years."""

import re
from typing import Any

import dns.exception
import dns.name
import dns.rdataclass
import dns.tokenizer
import dns.zonefile
from hypothesis import example, given, strategies as st

from spfengine.errors import ZoneError
from spfengine.names import fold, from_labels
from spfengine.resolvers.rrsets import RRset, is_possible
from spfengine.resolvers.zone_files.master_file import read_text

HEAD = b"$TTL 77\n$ORIGIN example.com.\nhead A 192.0.2.1\n"
_HIGH = re.compile(r"\\[\x00-\x7f]|\\?([\x80-\xff])")
Found = dict[tuple[str, str], tuple[int | None, set[Any]]]


def ours(text: bytes) -> Found | None:
    try:
        _, rrsets, _ = read_text(HEAD + text)
    except ZoneError:
        return None
    if not all(is_possible(name) for rrset in rrsets for name in names_in(rrset)):
        return None  # dnspython refuses the file for a name that DNS can't have; we keep it, and it never answers
    return {
        (fold(rrset.name), rrset.type): (rrset.ttl, {of_text(rrset.type, r) for r in rrset.records}) for rrset in rrsets
    }


def of_text(type: str, record: Any) -> Any:
    """A record; a name that we keep as text is compared by its labels, since there are several ways to write one."""
    return dns.name.from_text(record[0].decode("ascii")).labels if type == "NS" else record


def names_in(rrset: RRset) -> list[str]:
    if rrset.type == "MX":
        return [rrset.name, *[exchange for _, exchange in rrset.records]]
    return [rrset.name, *(rrset.records if rrset.type in ("PTR", "CNAME") else ())]


def theirs(text: bytes) -> Found | None:
    """What dnspython reads; octets over 127 are written as escapes for it, since it would take them for U-labels."""
    escaped = _HIGH.sub(lambda high: f"\\{ord(high[1]):03d}" if high[1] else high[0], (HEAD + text).decode("latin-1"))
    manager = dns.zonefile.RRSetsReaderManager(dns.name.root)
    try:
        with manager.writer(True) as transaction:  # type: ignore[no-untyped-call]  # dnspython has no type for it
            dns.zonefile.Reader(dns.tokenizer.Tokenizer(escaped), dns.rdataclass.IN, transaction).read()
    except (dns.exception.DNSException, ValueError):
        return None
    result: Found = {}
    for rrset in manager.rrsets:
        type = rrset.rdtype.name
        result[fold(from_labels(rrset.name.labels)), type] = rrset.ttl, {in_form(type, rdata) for rdata in rrset}
    return result


def in_form(type: str, rdata: Any) -> Any:
    if type in ("TXT", "SPF"):
        return tuple(rdata.strings)
    if type in ("A", "AAAA"):
        return int.from_bytes(rdata.to_wire(), "big")
    if type == "MX":
        return rdata.preference, from_labels(rdata.exchange.labels)
    if type in ("PTR", "CNAME"):
        return from_labels(rdata.target.labels)
    if type == "NS":
        return rdata.target.labels
    return (rdata.to_text().encode("ascii"),)


NAMES = st.sampled_from(
    [b"a", b"@", b"*", b"b.c", b"d.example.net.", b"A", b"\\065", b"x\\046y", b"\\255.e", b"\xfe", b"."]
) | st.binary(max_size=3).map(lambda octets: b"".join([b"\\%03d" % octet for octet in octets]) or b"n")
STRINGS = st.sampled_from(
    [
        b"v=spf1",
        b'"v=spf1 -all"',
        b'""',
        b'"a;b"',
        b"\\;",
        b'"\\"\\\\"',
        b'"\\195\\169"',
        b'"\xc3\xa9"',
        b"\\#x",
        b'"(\t)"',
    ]
) | st.binary(max_size=300).map(lambda octets: b'"' + b"".join([b"\\%03d" % octet for octet in octets]) + b'"')
NUMBERS = st.sampled_from([b"0", b"10", b"65535", b"65536", b"\\049", b"007", b"-1", b"x", b'"1"'])
TTLS = st.sampled_from([b"0", b"60", b"1h30m", b"2W", b"4294967295", b"1h1"])
SPACES = st.sampled_from([b" ", b"\t", b"  ", b" ( ", b" ) ", b"(\n", b")", b" ( ; comment ) \n ", b" ;"])


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """These parts with plain spaces between them."""
    return st.tuples(*parts).map(b" ".join)


def literal(octets: bytes) -> st.SearchStrategy[bytes]:
    return st.just(octets)


def item(choices: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from(choices.split(b"|"))


DATA = st.one_of(
    joined(
        literal(b"A"),
        item(rb'192.0.2.1|192.0.2.256|192.0.2.01|\049.2.3.4|1.2.3|\# 4 c0000201|\# 5 c0000201ff|"1.2.3.4"'),
    ),
    joined(
        literal(b"AAAA"),
        item(rb"2001:db8::1|::ffff:192.0.2.1|::|1::2::3|192.0.2.1|fe80::1%eth0|\# 16 " + b"01" * 16),
    ),
    joined(literal(b"MX"), NUMBERS, NAMES),
    joined(literal(b"MX"), item(rb"\# 4 000a 0161 00|\# 5 000a 0161 00|\# 6 000a c0 00 00 00|\# 0")),
    joined(st.sampled_from([b"TXT", b"SPF", b"txt", b"TYPE16"]), st.lists(STRINGS, max_size=4).map(b" ".join)),
    joined(literal(b"TXT"), st.sampled_from([b"\\# 3 0261 62", b"\\# 3 0361 62", b"\\# 1 00", b"\\# x", b"\\# 1 0"])),
    joined(st.sampled_from([b"PTR", b"TYPE12"]), NAMES),
    joined(literal(b"PTR"), st.sampled_from([b"\\# 3 016100", b"\\# 4 01610000"])),
    joined(literal(b"NS"), st.sampled_from([b"ns", b"ns.example.net.", b"a b", b""])),
)  # fmt: skip
SOA = joined(st.sampled_from([b". SOA ns h.example. 4294967295", b". 5 SOA . . 1"]), TTLS, TTLS, TTLS, TTLS) | st.just(
    b". SOA \\# 22 00 00" + b"00000001" * 5
)
LINES = st.one_of(
    joined(NAMES, DATA),
    joined(NAMES, TTLS, DATA),
    joined(NAMES, literal(b"IN"), DATA),
    joined(NAMES, TTLS, literal(b"in"), DATA),
    joined(NAMES, literal(b"IN"), TTLS, DATA),
    joined(literal(b""), DATA),
    joined(literal(b"$ORIGIN"), NAMES),
    joined(literal(b"$TTL"), TTLS),
    literal(b""),
    literal(b"; comment"),
)


def loose(line: bytes, spaces: list[bytes]) -> bytes:
    """Return a line with its first spaces replaced by other spaces, parentheses and comments; the owner stays first."""
    head, *rest = line.split(b" ")
    for position, word in enumerate(rest):
        head += (spaces[position] if 0 < position < len(spaces) else b" ") + word
    return head


@given(st.lists(LINES, max_size=5).map(b"\n".join))
@example(b"a \\# 1 00")
@example(b'a TXT "a\\\nb"')
@example(b"a TXT x\rb TXT y")
@example(b"a TXT x\r\nb TXT y\n  ")
@example(b'a TXT "a""b"c"d"')
@example(b"$ORIGIN x\\046y\na NS ns")
@example(b"$ORIGIN \\255.e\na NS ns")
@example(b"a" * 64 + b" TXT x")
@example(b".".join([b"a" * 63] * 3) + b".b TXT x")
def test_lines_are_read_as_dnspython_reads_them(text: bytes) -> None:
    assert ours(text) == theirs(text)


@given(LINES | SOA, st.lists(SPACES, max_size=4), st.booleans())
def test_parentheses_and_comments_are_read_as_dnspython_reads_them(
    line: bytes, spaces: list[bytes], close: bool
) -> None:
    text = b"first TXT x\n" + loose(line, spaces) + (b" )" if close else b"") + b"\nlast TXT x"
    assert ours(text) == theirs(text)


@given(st.lists(st.sampled_from(list(b'"\\;()\n\r \t09a.@\xff')) | st.integers(0, 255), max_size=12).map(bytes))
def test_any_octets_after_a_type_are_read_as_dnspython_reads_them(soup: bytes) -> None:
    text = b"a TXT " + soup + b"\nb TXT x"
    assert ours(text) == theirs(text)
