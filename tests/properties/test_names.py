"""Comparing and truncating names, labels, reverse names, and the conversion of U-labels to A-labels."""

from ipaddress import ip_address

import idna
import pytest
from hypothesis import given, strategies as st

from spfengine.addresses import V4, V6, address_text, parse_address
from spfengine.names import (
    Names,
    domain_fault,
    fold,
    from_labels,
    is_askable,
    is_same_or_under,
    octets,
    reverse_name,
    to_a_labels,
    to_labels,
)
from spfengine.visible import visible, visible_name

octet_texts = st.text(alphabet=st.characters(max_codepoint=0xFF), max_size=30)
labels = st.lists(st.binary(min_size=1, max_size=63), max_size=6)
names = st.lists(st.sampled_from(("a", "B", "xn--a", "_spf", "1", "a" * 63, "\xe9")), max_size=5).map(".".join)


@given(octet_texts)
def test_folding_changes_ascii_letters_only_and_once(name: str) -> None:
    """RFC 4343 §3: octets 0x41 to 0x5A compare as 0x61 to 0x7A; all others as they are."""
    folded = fold(name)
    assert fold(folded) == folded
    assert folded.encode("latin-1") == name.encode("latin-1").lower()


@given(names, names)
def test_a_name_is_under_another_exactly_by_whole_labels(name: str, parent: str) -> None:
    """RFC 7208 §5.5, eid4751: names are compared label by label, without the case of ASCII letters."""
    own, of_parent = fold(name).split("."), fold(parent).split(".")
    by_labels = parent != "" and own[-len(of_parent) :] == of_parent
    assert is_same_or_under(name, parent) == (by_labels or name == parent)


@given(names, names)
def test_a_name_with_more_labels_in_front_is_under(name: str, parent: str) -> None:
    """RFC 7208 §5.5: "a subdomain of"."""
    if parent:
        assert is_same_or_under(f"{name}.{parent}", parent)
        assert not is_same_or_under(f"x{parent}", parent) or parent == ""


@given(st.lists(names, max_size=5), names)
def test_names_cover_each_of_them_and_what_is_below(parents: list[str], name: str) -> None:
    """`Names` covers the given names, and all names below them."""
    if name:
        assert Names(parents).cover(name) == any(is_same_or_under(name, parent) for parent in parents)


@given(labels)
def test_a_name_converts_to_labels_and_back(found: list[bytes]) -> None:
    """A name has exactly the octets of its labels, however odd they are."""
    name = from_labels(found)
    escaped = [label.replace(b".", b"\\046") for label in found]
    assert to_labels(name) == escaped


@given(octet_texts)
def test_only_names_that_fit_in_dns_are_askable(name: str) -> None:
    """RFC 1035 §3.1, RFC 7208 §4.3: "no empty label, none over 63 octets, 253 in all"."""
    parts = name.split(".")
    assert is_askable(name) == (len(name) <= 253 and all(1 <= len(part) <= 63 for part in parts))


@given(st.one_of(octet_texts, names, names.map(lambda name: name + ".example")))
def test_a_domain_that_can_be_checked_is_askable(domain: str) -> None:
    """RFC 7208 §4.3: a malformed or single-label domain gives none, before any lookup."""
    if domain_fault(domain) is None:
        assert is_askable(domain)
        assert "." in domain


@given(st.text())
def test_text_from_a_client_becomes_octets(text: str) -> None:
    """Every character of the result is one octet (U+0000 to U+00FF)."""
    assert all(ord(character) < 0x100 for character in octets(text))
    assert octets(text) == text or not text.isascii()


@given(st.text(max_size=300))
def test_any_text_becomes_a_labels_or_is_refused(domain: str) -> None:
    """RFC 8616 §2: U-labels become A-labels; the result is ASCII, or None."""
    converted = to_a_labels(domain)
    assert converted is None or converted.isascii()
    if domain.isascii():
        assert converted == domain


@given(st.lists(st.sampled_from(("bücher", "faß", "例え", "example", "Bücher", "_spf", "xn--bcher-kva")), min_size=1))
def test_each_label_converts_on_its_own_and_once(found: list[str]) -> None:
    """RFC 8616 §2; IDNA2008 as RFC 5891 has it, not IDNA2003 (`faß` is a name of its own)."""
    domain = ".".join(found)
    converted = to_a_labels(domain)
    if len(domain) <= 253:
        assert converted is not None
        assert to_a_labels(converted) == converted
        assert len(converted.split(".")) == len(found)
        for label, was in zip(converted.split("."), found, strict=True):
            assert label == was or idna.decode(label) == was.lower()


@given(st.sampled_from((V4, V6)), st.integers(0, V6.last))
def test_a_reverse_name_agrees_with_ipaddress(family: object, value: int) -> None:
    """RFC 1035 §3.5, RFC 3596 §2.5."""
    chosen = V4 if family is V4 else V6
    value &= chosen.last
    text = address_text(chosen, value)
    assert reverse_name(chosen, value) == ip_address(text).reverse_pointer
    if not (chosen is V6 and value >> 32 == 0xFFFF):
        assert parse_address(text) == (chosen, value)


@given(st.one_of(st.text(), st.binary()), st.integers(1, 500))
def test_visible_text_is_printable_and_short(text: str | bytes, at_most: int) -> None:
    """Untrusted text can neither control a terminal nor break a header, page or log."""
    printable = visible(text, at_most)
    assert printable.isprintable()
    assert len(printable) <= at_most * 10 + 1


@given(octet_texts)
def test_a_visible_name_is_printable_ascii(name: str) -> None:
    """RFC 1035 §5.1: `\\DDD` for octets that are not printable ASCII."""
    assert visible_name(name).isascii()
    assert visible_name(name).isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", (V4, 0xC0000201)),
        ("::ffff:192.0.2.1", (V4, 0xC0000201)),
        ("::FFFF:C000:201", (V4, 0xC0000201)),
        ("::192.0.2.1", (V6, 0xC0000201)),
        ("::", (V6, 0)),
    ],
)
def test_an_ipv4_mapped_address_is_ipv4(text: str, expected: object) -> None:
    """RFC 7208 §5: an IPv4-mapped IPv6 address is treated as the IPv4 address that it contains."""
    assert parse_address(text) == expected
    assert parse_address(ip_address(text)) == expected


def test_an_address_has_one_text_whatever_the_version_of_python() -> None:
    """From 3.13 on, `ipaddress` writes an IPv4-mapped address with a dotted quad."""
    assert address_text(V6, 0xFFFF_C000_0201) == "::ffff:c000:201"
    assert address_text(V6, 0xFFFF_0000_0000) == "::ffff:0:0"
