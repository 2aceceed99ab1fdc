"""The parts of a parsed record."""

import copy
import pickle

import pytest

from spfengine import parse
from spfengine.addresses import V4, V6
from spfengine.record.model import (
    IP4,
    IP6,
    MX,
    A,
    All,
    Directive,
    Exists,
    Explanation,
    Include,
    NetworkRun,
    Ptr,
    Record,
    Redirect,
    UnknownModifier,
)

RECORD = parse(
    "v=spf1  -ip4:192.0.2.129/24 ip6:2001:DB8::/32 ~A:x.example/16//48 mx//64 a/8 ?ptr ptr:%{d} include:%{o}.example "
    "exists:%{ir}.example exp=e.example Moo=%{L} all redirect=r.example"
)


def test_every_term_has_its_kind_and_its_parts() -> None:
    ip4, ip6, a, mx, a8, ptr, ptr_d, include, exists, exp, moo, last, redirect = RECORD.terms
    assert isinstance(ip4, IP4)
    assert (ip4.qualifier, ip4.network, ip4.prefix, ip4.family, ip4.mechanism) == ("-", 0xC0000281, 24, V4, "ip4")
    assert isinstance(ip6, IP6)
    assert (ip6.qualifier, ip6.network, ip6.prefix, ip6.family) == ("+", 0x20010DB8 << 96, 32, V6)
    assert isinstance(a, A)
    assert (a.qualifier, a.text, a.ip4_prefix, a.ip6_prefix, str(a.domain_spec)) == (
        "~",
        "~A:x.example/16//48",
        16,
        48,
        "x.example",
    )
    assert (a.prefix(V4), a.prefix(V6)) == (16, 48)
    assert isinstance(mx, MX)
    assert (mx.ip4_prefix, mx.ip6_prefix, mx.domain_spec) == (32, 64, None)
    assert isinstance(a8, A)
    assert (a8.ip4_prefix, a8.ip6_prefix) == (8, 128)
    assert isinstance(ptr, Ptr)
    assert (ptr.qualifier, ptr.domain_spec) == ("?", None)
    assert isinstance(ptr_d, Ptr)
    assert str(ptr_d.domain_spec) == "%{d}"
    assert isinstance(include, Include)
    assert include.domain_spec.letters == {"o"}
    assert isinstance(exists, Exists)
    assert isinstance(exp, Explanation)
    assert isinstance(moo, UnknownModifier)
    assert (moo.name, moo.text, str(moo.value)) == ("moo", "Moo=%{L}", "%{L}")
    assert isinstance(last, All)
    assert isinstance(redirect, Redirect)
    assert RECORD.explanation is exp


def test_which_terms_count_as_lookups() -> None:
    """RFC 7208 §4.6.4: include, a, mx, ptr, exists and redirect; all, ip4 and ip6 are not."""
    assert [str(term) for term in RECORD.terms] == RECORD.source.split()[1:]
    charged = {term.mechanism for term in RECORD.directives if term.costs_lookup}
    assert charged == {"include", "a", "mx", "ptr", "exists"}


def test_neighbouring_networks_are_one_step() -> None:
    record = parse("v=spf1 ip4:192.0.2.1 ip6:::1 x=y ip4:192.0.2.2 a ip4:192.0.2.3 -all ip6:::2")
    kinds = [step.__class__ for step in record.steps]
    assert kinds == [NetworkRun, A, NetworkRun]
    assert record.all is None
    assert parse("v=spf1 a -all mx").steps == record.directives[3:4]
    assert str(parse("v=spf1 a -all mx").all) == "-all"
    first = record.steps[0]
    assert isinstance(first, NetworkRun)
    assert [directive.text for directive in first.directives] == ["ip4:192.0.2.1", "ip6:::1", "ip4:192.0.2.2"]
    assert first.table(V4) is first.table(V4)
    starts, _ = first.table(V6)
    assert list(starts) == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "redirect"),
    [
        ("v=spf1 redirect=r.example", "r.example"),
        ("v=spf1 redirect=r.example a", "r.example"),
        ("v=spf1 redirect=r.example -all", None),
        ("v=spf1 ?all redirect=r.example", None),
        ("v=spf1 ip4:192.0.2.1 -all redirect=r.example", None),
        ("v=spf1 redirect=r.example a ip6:::1 all", None),
        ("v=spf1 ip4:192.0.2.1 redirect=r.example", "r.example"),
        ("v=spf1 a", None),
    ],
)
def test_redirect_counts_only_without_all(text: str, redirect: str | None) -> None:
    """RFC 7208 §6.1: it "MUST be ignored if there is an "all" mechanism anywhere in the record"."""
    found = parse(text).redirect
    assert (None if found is None else str(found.value)) == redirect


def test_directives_and_modifiers_together_are_all_terms() -> None:
    assert len(RECORD.directives) + len(RECORD.modifiers) == len(RECORD.terms)
    assert [modifier.name for modifier in RECORD.modifiers] == ["exp", "moo", "redirect"]
    assert all(isinstance(directive, Directive) for directive in RECORD.directives)


def test_terms_are_equal_regardless_of_their_position() -> None:
    """A diff of records compares terms: the same text is the same term."""
    one, other = parse("v=spf1 a mx"), parse("v=spf1 mx  a")
    assert set(one.terms) == set(other.terms)
    assert one.terms[0].span != other.terms[1].span
    assert one != other
    assert parse("v=spf1 a").terms[0] != parse("v=spf1 A").terms[0]  # as written
    assert parse("v=spf1 +a").terms[0] != parse("v=spf1 a").terms[0]
    assert parse("v=spf1 a").terms[0] != "a"


def test_a_record_is_a_value() -> None:
    assert pickle.loads(pickle.dumps(RECORD)) == RECORD
    assert copy.copy(RECORD) is RECORD
    assert copy.deepcopy(RECORD) is RECORD
    assert len({RECORD, parse(RECORD.source)}) == 1
    assert repr(parse("v=spf1 all")) == (
        "Record(source='v=spf1 all', terms=(All(qualifier='+', text='all', span=(7, 10)),))"
    )
    with pytest.raises(AttributeError, match="Record is immutable"):
        RECORD.source = "v=spf1"
    with pytest.raises(AttributeError, match="can't be deleted"):
        del RECORD.source
    assert isinstance(RECORD, Record)


def test_bytes_and_text_are_parsed_in_the_same_way() -> None:
    assert parse(b"v=spf1 a -all") == parse("v=spf1 a -all")
