"""DNS messages against dnspython's: the same queries are written, and the same is read from any octets."""

import subprocess
import sys

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, strategies as st

from spfengine.answers import RRType
from spfengine.resolvers.dns_messages import CNAME, NUMBERS, SOA, Message, Query, labels_to_ask, read_reply, write_query

NAMES = ["a.example.", "A.Example.", "b.example.", "example.", "x.y.b.example.", "\\000\\046\\255.test."]
DATA = {
    "A": ["192.0.2.1", "0.0.0.0"],
    "AAAA": ["2001:db8::1", "::ffff:192.0.2.1"],
    "TXT": ['"v=spf1 -all"', '"a" "" "\\200"', '""'],
    "MX": ["10 mx.a.example.", "65535 ."],
    "PTR": ["b.example."],
    "CNAME": ["B.example.", "x.y.b.example."],
    "SOA": ["ns.example. admin.example. 1 2 3 4 30", ". . 0 0 0 0 4294967295"],
    "NS": ["ns.example."],
    "SRV": ["1 2 3 b.example."],
    "TYPE65280": ["\\# 3 abcdef"],
}


@st.composite
def rrsets(draw: st.DrawFn) -> dns.rrset.RRset:
    rrtype = draw(st.sampled_from(sorted(DATA)))
    ttl = draw(st.sampled_from([0, 1, 300, (1 << 31) - 1]))
    rrclass = draw(st.sampled_from(["IN", "IN", "IN", "CH"])) if rrtype in ("TXT", "CNAME") else "IN"
    return dns.rrset.from_text(draw(st.sampled_from(NAMES)), ttl, rrclass, rrtype, draw(st.sampled_from(DATA[rrtype])))


@st.composite
def replies(draw: st.DrawFn) -> tuple[Query, bytes]:
    """Return a query and a reply to it, some of whose octets may be others."""
    labels = labels_to_ask(draw(st.sampled_from(["a.example", "A.EXAMPLE", "b.example"])))
    assert labels is not None
    query = write_query(labels, draw(st.sampled_from(list(RRType))), edns=draw(st.booleans()))
    message = dns.message.make_response(dns.message.from_wire(query.wire))
    message.flags |= draw(st.sampled_from([0, dns.flags.AA, dns.flags.RA, dns.flags.TC]))
    message.set_rcode(dns.rcode.Rcode(draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 16]))))
    for section in (message.answer, message.authority, message.additional):
        section.extend(draw(st.lists(rrsets(), max_size=3)))
    if draw(st.integers(0, 5)) == 0:
        message.question = []
    wire = bytearray(message.to_wire())
    for _ in range(draw(st.integers(0, 3))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return query, bytes(wire[: draw(st.sampled_from([len(wire)] * 4 + [len(wire) // 2]))])


def read_by_dnspython(query: Query, wire: bytes) -> dns.message.Message | None:
    try:
        reply = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
    except Exception:  # noqa: BLE001 - whatever dnspython raises for octets that it can't read
        return None
    return reply if dns.message.from_wire(query.wire).is_response(reply) and len(reply.question) < 2 else None


def in_our_form(rrset: dns.rrset.RRset) -> object:
    """Return a record as `Record.data` has it."""
    (data,) = rrset
    match dns.rdatatype.to_text(rrset.rdtype):
        case "A" | "AAAA":
            return int.from_bytes(data.to_wire() or b"", "big")
        case "TXT":
            return data.strings
        case "MX":
            return data.preference, text(data.exchange)
        case "PTR":
            return text(data.target)
        case "CNAME":
            return data.target.labels[:-1]
        case "SOA":
            return 0 if data.minimum >> 31 else data.minimum
        case _:
            return None


def text(name: dns.name.Name) -> str:
    return ".".join([label.decode("latin-1").replace(".", "\\046") for label in name.labels if label])


def section(rrsets: list[dns.rrset.RRset], types: tuple[int, int]) -> list[tuple[object, ...]]:
    used = [each for each in rrsets if each.rdtype in types and each.rdclass == dns.rdataclass.IN and len(each)]
    return [
        (tuple(label.lower() for label in each.name.labels[:-1]), int(each.rdtype), each.ttl, in_our_form(each))
        for each in used
    ]


@given(replies())
def test_what_dnspython_reads_is_read_the_same(made: tuple[Query, bytes]) -> None:
    query, wire = made
    expected = read_by_dnspython(query, wire)
    found = read_reply(wire, query)
    if expected is None:
        return
    assert isinstance(found, Message)
    assert (found.rcode, found.edns) == (expected.rcode(), expected.edns >= 0)
    assert found.flags == expected.flags
    assert found.answer == section(expected.answer, (NUMBERS[query.type], CNAME))
    assert found.authority == section(expected.authority, (dns.rdatatype.NS, SOA))
    assert found.has_answers == any(map(len, expected.answer))


@given(st.binary(max_size=100), replies())
def test_no_octets_raise(octets: bytes, made: tuple[Query, bytes]) -> None:
    query, wire = made
    for hostile in (octets, wire[:2] + octets, wire[:12] + octets, wire + octets):
        assert read_reply(hostile, query) is None or hostile[:2] == query.wire[:2]


@pytest.mark.parametrize("edns", [True, False])
@pytest.mark.parametrize("rrtype", list(RRType))
def test_a_query_is_what_dnspython_would_write(rrtype: RRType, edns: bool) -> None:
    name = "x\u00ff.A.example"
    labels = labels_to_ask(name)
    assert labels is not None
    query = write_query(labels, rrtype, edns=edns)
    expected = dns.message.make_query(
        dns.name.Name([*labels, b""]), rrtype.value, use_edns=0 if edns else False, payload=1232
    )
    expected.id = query.id
    assert query.wire == expected.to_wire()


@pytest.mark.parametrize("name", ["a..example", ".", ".a", "a.", "x" * 64, ".".join(["x" * 63] * 4), "\u0100.example"])
def test_no_query_is_made_of_what_is_no_name(name: str) -> None:
    assert labels_to_ask(name) is None


def test_the_numbers_of_queries_are_not_foreseeable() -> None:
    assert len({write_query((b"a",), RRType.A).id for _ in range(100)}) > 90


def test_a_forked_process_has_other_numbers() -> None:
    """It starts as a copy of its parent, whatever that has prepared."""
    code = (
        "import os; from spfengine.answers import RRType; from spfengine.resolvers.dns_messages import write_query;"
        "numbers = lambda: [write_query((b'a',), RRType.A).id for _ in range(50)];"
        "numbers(); child = os.fork(); child and os.waitpid(child, 0); print(*numbers())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    child, parent = [line.split() for line in printed.splitlines()]
    assert sum(a == b for a, b in zip(child, parent, strict=True)) < 5
