"""Lists as people have them, and which of their domains were met."""

import pytest
from hypothesis import given, strategies as st

from spfengine.surveying.listing import MAX_LINE, DomainList, Listed


def read(octets: bytes, *cuts: int) -> list[Listed]:
    lines = DomainList()
    result: list[Listed] = []
    start = 0
    for cut in [*sorted(cuts), len(octets)]:
        result += lines.feed(octets[start:cut])
        start = max(start, cut)
    return result + lines.end()


LISTS: list[tuple[bytes, list[tuple[int, str]]]] = [
    (b"a.example\nb.example\n", [(1, "a.example"), (2, "b.example")]),
    (b"a.example\r\n\r\nb.example", [(1, "a.example"), (3, "b.example")]),
    (b"# a list\n a.example  # theirs\n#b.example\n\tb.example.", [(2, "a.example"), (4, "b.example")]),
    (b"\xef\xbb\xbfa.example\n", [(1, "a.example")]),
    (b"1,a.example\n2,b.example\n", [(1, "a.example"), (2, "b.example")]),
    (b'rank,domain\n1,"a.example"\n', [(2, "a.example")]),
    (b"GlobalRank,TldRank,Domain,TLD\n1,1,a.example,example,4\n", [(2, "a.example")]),
    (b"a.example,1\nb.example;2\nc.example\t3\n", [(1, "a.example"), (2, "b.example"), (3, "c.example")]),
    ("bücher.example\n".encode(), [(1, "xn--bcher-kva.example")]),
    (b"_SPF.Example.COM\n", [(1, "_spf.example.com")]),
    (b"", []),
    (b"\n\n#\n", []),
]


@pytest.mark.parametrize(("octets", "expected"), LISTS)
def test_what_a_list_holds(octets: bytes, expected: list[tuple[int, str]]) -> None:
    result = read(octets)
    assert [item.fault for item in result] == [None] * len(expected)
    assert [(item.line, item.domain) for item in result] == expected
    ends = [0, *[position + 1 for position, octet in enumerate(octets) if octet == 10], len(octets)]
    assert [item.end for item in result] == [ends[item.line] for item in result]


FAULTS: list[tuple[bytes, str]] = [
    (b"domain", "a single label"),
    (b"alice@a.example", "a mail address"),
    (b"https://a.example/", "a URL"),
    (b"a.example/path", "is not a domain name"),
    (b"a example.com", "is not a domain name"),
    (b"*.a.example", "is not a domain name"),
    (b"192.0.2.1", "digits only"),
    (b"12,34", "a single label"),
    (b"a..example", "empty label"),
    (b"x" * 64 + b".example", "longer than 63"),
    (b"a." * 130 + b"example", "longer than the 253"),
    (b"\xff\xfe.example", "IDNA2008"),
    (b"\x1b[31mred.example", "is not a domain name"),
    (b"\x00.example", "is not a domain name"),
    (b"a.example" * 1000, f"longer than {MAX_LINE} octets"),
]


@pytest.mark.parametrize(("octets", "why"), FAULTS, ids=[why for _, why in FAULTS])
def test_a_line_that_is_no_domain_says_why(octets: bytes, why: str) -> None:
    [first, fault, last] = read(b"a.example\n" + octets + b"\nb.example\n")
    assert (first.fault, last.fault, fault.line) == (None, None, 2)
    assert fault.fault is not None
    assert why in fault.fault
    assert fault.fault.isprintable()


@given(st.binary(max_size=200) | st.lists(st.sampled_from([item for item, _ in LISTS]), max_size=4).map(b"\n".join),
       st.lists(st.integers(0, 200), max_size=4))  # fmt: skip
def test_it_is_the_same_however_it_is_cut(octets: bytes, cuts: list[int]) -> None:
    assert read(octets, *cuts) == read(octets)


def test_a_line_without_an_end_takes_no_memory() -> None:
    lines = DomainList()
    for _ in range(1000):
        assert lines.feed(b"x" * 65536) == []
    [result] = lines.feed(b"\n")
    assert result.fault is not None
    assert len(result.text) < 100
