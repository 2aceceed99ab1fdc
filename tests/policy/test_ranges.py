"""Sets of addresses: whatever is found by an index is what a look at each address finds."""

from hypothesis import given, strategies as st

from spfengine.policy.ranges import (
    SpanIndex,
    Spans,
    SpanSet,
    between,
    common_sizes,
    difference,
    intersection,
    size,
    union,
)

addresses = st.integers(0, 40)
sets = st.lists(st.tuples(addresses, st.integers(0, 8)), max_size=5).map(
    lambda parts: union([(first, first + more) for first, more in parts])
)


def members(spans: Spans) -> set[int]:
    return {address for first, last in spans for address in range(first, last + 1)}


@given(st.lists(sets, max_size=6), sets)
def test_a_set_has_what_was_added(added: list[Spans], asked: Spans) -> None:
    result = SpanSet()
    for spans in added:
        result.add(spans)
    assert result.has_all(asked) == (members(asked) <= members(union(*added)))


@given(st.lists(sets, max_size=6), sets)
def test_an_index_finds_the_sets_with_an_address_in_common(indexed: list[Spans], asked: Spans) -> None:
    expected = {number for number, spans in enumerate(indexed) if members(spans) & members(asked)}
    assert SpanIndex(indexed).touching(asked) == expected


@given(st.lists(sets, max_size=6))
def test_common_addresses_are_counted_for_each_pair(all_sets: list[Spans]) -> None:
    pairs = [(first, second) for second in range(len(all_sets)) for first in range(second)]
    sizes = {pair: len(members(all_sets[pair[0]]) & members(all_sets[pair[1]])) for pair in pairs}
    assert common_sizes(all_sets) == {pair: size for pair, size in sizes.items() if size}


EVERY_SET = [union([(number, number) for number in range(7) if bits >> number & 1]) for bits in range(1 << 7)]
"""Every set of the addresses 0 to 6."""


def test_every_small_set_grows_by_every_range() -> None:
    for spans in EVERY_SET:
        for first in range(7):
            for last in range(first, 7):
                grown = SpanSet()
                for span in spans:
                    grown.add([span])
                grown.add([(first, last)])
                expected = members(spans) | set(range(first, last + 1))
                assert {number for number in range(9) if grown.has_all([(number, number)])} == expected
                assert all(
                    grown.has_all([(start, start + 1)]) == ({start, start + 1} <= expected) for start in range(7)
                )


def test_the_arithmetic_of_every_two_small_sets() -> None:
    for left in EVERY_SET[:64]:
        for right in EVERY_SET[:64]:
            one, other = members(left), members(right)
            for spans, expected in (
                (union(left, right), one | other),
                (intersection(left, right), one & other),
                (difference(left, right), one - other),
            ):
                assert members(spans) == expected
                assert size(spans) == len(expected)
                assert spans == sorted(spans)


def test_what_is_between_two_addresses_is_the_intersection_with_them() -> None:
    for spans in EVERY_SET:
        for first in range(8):
            for last in range(first, 8):
                assert between(first, last, spans) == intersection([(first, last)], spans)
