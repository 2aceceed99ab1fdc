"""`Policy.check_array`: a column of addresses has the results that `check` gives for each of them."""

import ipaddress
import sys
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from scripts import policy_table
from spfengine import Policy, Zone
from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.policy import RESULT_CODES, columns
from tests.examples import examples
from tests.optional import need
from tests.policy.test_real_records import data
from tests.properties import generate, strategies

need_numpy = pytest.fixture(autouse=True)(lambda: need("numpy"))


def ip4_column(addresses: list[int]) -> Any:
    import numpy as np

    return np.array(addresses, np.uint32)


def ip6_column(addresses: list[int]) -> Any:
    import numpy as np

    octets = b"".join(address.to_bytes(16, "big") for address in addresses)
    return np.frombuffer(octets, np.uint8).reshape(-1, 16)


def agree(policy: Policy, others: list[int]) -> None:
    """Check both ends of every range, and other addresses of both families."""
    ends4 = [end for first, last, _ in policy.ranges(4) for end in (first, last)]
    ends6 = [end for first, last, _ in policy.ranges(6) for end in (first, last)]
    ip4 = [*ends4, *[address & 0xFFFFFFFF for address in others]]
    ip6 = [*ends6, *others, *[0xFFFF << 32 | address for address in ip4]]
    for addresses, column, kind in (
        (ip4, ip4_column(ip4), ipaddress.IPv4Address),
        (ip6, ip6_column(ip6), ipaddress.IPv6Address),
    ):
        found = policy.check_array(column)
        assert str(found.dtype) == "uint8"
        assert [RESULT_CODES[code] for code in found] == [policy.check(kind(address)).result for address in addresses]


@given(strategies.zones, strategies.chance, st.lists(st.integers(0, (1 << 128) - 1), max_size=20))
def test_a_column_agrees_with_check(zone: Zone, random: Any, others: list[int]) -> None:
    """ "check_array and check agree on every range end and random addresses of both families"."""
    agree(Policy.compile(random.choice(generate.DOMAINS), resolver=zone), others)


@pytest.mark.skipif(not data(), reason="the shared folder with data/*.yml is absent; its records are not ours to keep")
def test_a_column_agrees_with_check_on_published_records() -> None:
    for zone in (zone for path in data() for zone in policy_table.zones(path) if zone.names):
        for name in policy_table.spf_names(zone)[::10]:
            agree(Policy.compile(name, resolver=zone), [])


@given(strategies.zones, strategies.chance, st.lists(st.integers(0, (1 << 32) - 1), max_size=20))
@settings(max_examples=examples(20))
def test_a_long_column_agrees_as_well(zone: Zone, random: Any, others: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_MANY", 0)
        agree(Policy.compile(random.choice(generate.DOMAINS), resolver=zone), others)


def test_a_column_may_be_empty_or_a_part_of_another() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"}})
    policy = Policy.compile("a.example", resolver=zone)
    column = ip4_column([0xC0000201, 0, 0xC0000202, 1])
    assert list(policy.check_array(column[::2])) == [RESULT_CODES.index("pass")] * 2
    assert policy.check_array(ip4_column([])).shape == (0,)
    assert policy.check_array(ip6_column([])).shape == (0,)
    assert [RESULT_CODES[code] for code in policy.check_array(ip6_column([0x20010DB8 << 96, 1])[::-1])] == [
        "fail",
        "pass",
    ]


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        *[((2, columns), "uint8") for columns in (4, 15, 17, 32)],
        *[((2, 16), kind) for kind in ("uint16", "int8", "uint32")],
        *[((2,), kind) for kind in ("int32", "uint64", "uint8")],
        ((2, 16, 1), "uint8"),
        ((2, 1), "uint32"),
    ],
)
def test_an_address_is_a_number_of_32_bits_or_16_octets(shape: tuple[int, ...], kind: str) -> None:
    import numpy as np

    policy = Policy.compile("a.example", resolver=Zone({}))
    with pytest.raises(ArgumentError, match="a column is an array of uint32"):
        policy.check_array(np.zeros(shape, kind))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, column = Policy.compile("a.example", resolver=Zone({})), ip4_column([])
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingExtraError, match=r"pip install numpy \(the extra spfengine\[columns\]\)"):
        policy.check_array(column)


@pytest.mark.parametrize("column", [["192.0.2.1"], "192.0.2.1", None, 5])
def test_what_is_no_array_is_refused(column: Any) -> None:
    policy = Policy.compile("a.example", resolver=Zone({}))
    with pytest.raises(ArgumentError, match="a column is an array of uint32"):
        policy.check_array(column)


@pytest.mark.parametrize(("dtype", "shape"), [("int64", 3), ("float64", 3), ("uint32", (2, 2)), ("uint8", (2, 4))])
def test_an_array_of_another_kind_is_refused(dtype: str, shape: Any) -> None:
    import numpy as np

    policy = Policy.compile("a.example", resolver=Zone({}))
    with pytest.raises(ArgumentError, match=rf"not of {dtype} with the shape \("):
        policy.check_array(np.zeros(shape, dtype))
