"""Which addresses no client on the Internet has, by IANA's registries."""

from ipaddress import ip_address

import pytest
from hypothesis import given, strategies as st

from spfengine.addresses import V4, V6, parse_address
from spfengine.special_purpose import Use, is_documentation_name, special_purpose, special_purpose_network


@pytest.mark.parametrize(
    ("address", "use", "source"),
    [
        ("0.0.0.0", Use.UNSPECIFIED, "RFC 1122 §3.2.1.3"),
        ("0.1.2.3", Use.RESERVED, "RFC 791 §3.2"),
        ("10.255.255.255", Use.PRIVATE, "RFC 1918"),
        ("100.64.0.1", Use.SHARED, "RFC 6598"),
        ("127.0.0.1", Use.LOOPBACK, "RFC 1122 §3.2.1.3"),
        ("169.254.10.1", Use.LINK_LOCAL, "RFC 3927"),
        ("172.31.0.1", Use.PRIVATE, "RFC 1918"),
        ("192.168.1.1", Use.PRIVATE, "RFC 1918"),
        ("::ffff:192.168.1.1", Use.PRIVATE, "RFC 1918"),
        ("192.0.2.1", Use.DOCUMENTATION, "RFC 5737"),
        ("198.51.100.7", Use.DOCUMENTATION, "RFC 5737"),
        ("203.0.113.7", Use.DOCUMENTATION, "RFC 5737"),
        ("198.19.0.1", Use.RESERVED, "RFC 2544"),
        ("239.1.1.1", Use.MULTICAST, "RFC 5771"),
        ("240.0.0.1", Use.RESERVED, "RFC 1112 §4"),
        ("255.255.255.255", Use.RESERVED, "RFC 8190"),
        ("::", Use.UNSPECIFIED, "RFC 4291"),
        ("::1", Use.LOOPBACK, "RFC 4291"),
        ("fe80::1", Use.LINK_LOCAL, "RFC 4291"),
        ("fd12:3456::1", Use.PRIVATE, "RFC 4193"),
        ("2001:db8::1", Use.DOCUMENTATION, "RFC 3849"),
        ("3fff::1", Use.DOCUMENTATION, "RFC 9637"),
        ("ff02::1", Use.MULTICAST, "RFC 4291 §2.7"),
    ],
)
def test_addresses_of_the_registries(address: str, use: Use, source: str) -> None:
    found = special_purpose(address)
    assert found is not None
    assert (found.use, found.source) == (use, source)
    assert found.is_local == (use in ("loopback", "private", "link-local", "shared"))
    assert source in found.described


@pytest.mark.parametrize("address", "8.8.8.8 172.32.0.1 192.0.0.9 100.128.0.1 2a00:1450::1 2002::1 2001::1".split())
def test_addresses_that_a_client_may_have(address: str) -> None:
    assert special_purpose(address) is None


@given(st.ip_addresses())
def test_the_standard_library_agrees(address: object) -> None:
    """What is not globally reachable is special, unless the registry leaves it open; ipaddress has multicast apart."""
    known = ip_address(str(address))
    if str(address).startswith("192.0.0."):
        return  # Python learned the parts of this network one by one, up to 3.13
    found = special_purpose(str(address))
    if found is not None and found.use is not Use.MULTICAST and found.name != "IETF Protocol Assignments":
        assert not known.is_global or found.source in ("RFC 9637", "RFC 9602", "RFC 8215", "RFC 9780")
    if known.is_private or known.is_link_local:
        assert found is not None or str(address).startswith(("2001:", "2002:", "192.88.99."))


@pytest.mark.parametrize(
    ("network", "prefix", "special"),
    [
        ("10.1.0.0", 16, True),
        ("10.0.0.0", 8, True),
        ("10.0.0.0", 7, False),
        ("0.0.0.0", 0, False),
        ("0.0.0.0", 32, True),
        ("224.0.0.0", 3, True),
        ("8.8.8.0", 24, False),
        ("192.0.0.0", 24, False),
        ("::", 128, True),
        ("::", 0, False),
        ("fc00::", 7, True),
    ],
)
def test_networks_are_special_if_all_their_addresses_are(network: str, prefix: int, special: bool) -> None:
    assert (special_purpose_network(*parse_address(network), prefix) is not None) is special


def test_every_address_of_a_family_has_one_answer() -> None:
    for family in (V4, V6):
        assert special_purpose_network(family, family.last, family.bits) is not None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("mail.EXAMPLE.com", True),
        ("x.example", True),
        ("a.test", True),
        ("myexample.com", False),
        ("example.de", False),
    ],
)
def test_names_of_examples(name: str, is_one: bool) -> None:
    assert is_documentation_name(name) is is_one
