"""Tables of ranges and `locate`, and the interval in which a run of check_host stays the same."""

from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise
from random import Random
from typing import TypeVar

from hypothesis import given, strategies as st

from spfengine.addresses import V4, V6, Family, _build_overlapping, build_table, locate, network_range
from spfengine.drivers import drive
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.session import RangeSession, Session
from spfengine.resolvers.zone import Zone
from tests.properties import generate, strategies
from tests.properties.generate import Call

families = st.sampled_from((V4, V6))
small = st.integers(0, 40)
hits = st.sampled_from("abcde")
overlapping = st.lists(st.tuples(small, small, hits), max_size=12).map(
    lambda found: [(min(first, last), max(first, last), hit) for first, last, hit in found]
)
apart = st.tuples(
    st.lists(small, unique=True, max_size=24), st.randoms(), st.lists(hits, min_size=12, max_size=12)
).map(lambda drawn: in_any_order(sorted(drawn[0]), *drawn[1:]))
ranges = overlapping | apart
defaults = st.none() | hits


def in_any_order(edges: list[int], random: Random, names: list[str]) -> list[tuple[int, int, str]]:
    """Return ranges that don't overlap, some of them adjacent, in random order."""
    found = []
    for first, last, hit in zip(edges[::2], edges[1::2], names, strict=False):
        found += [(first, first, hit), (first + 1, last, hit)] if random.random() < 0.3 else [(first, last, hit)]
    random.shuffle(found)
    return found


def naive(found: list[tuple[int, int, str]], ip: int, default: str | None = None) -> str | None:
    return next((hit for first, last, hit in found if first <= ip <= last), default)


@given(ranges, defaults)
def test_a_table_agrees_with_a_loop_over_the_ranges(found: list[tuple[int, int, str]], default: str | None) -> None:
    """If ranges overlap, the table gives the hit of the earlier one."""
    table = build_table(found, default)
    for ip in range(45):
        assert table[1][locate(table[0], ip) - 1] == naive(found, ip, default)


@given(apart, defaults)
def test_both_ways_to_build_a_table_agree(found: list[tuple[int, int, str]], default: str | None) -> None:
    """The fast way, for ranges that don't overlap, and the general way give the same table."""
    assert build_table(found, default) == _build_overlapping(found, default)


@given(ranges, defaults)
def test_a_table_covers_all_in_order_and_joins_neighbours(
    found: list[tuple[int, int, str]], default: str | None
) -> None:
    """A table covers the whole address space, and merges neighbouring ranges with the same hit."""
    starts, found_hits = build_table(found, default)
    assert starts[0] == 0
    assert list(starts) == sorted(set(starts))
    assert len(starts) == len(found_hits)
    assert all(one is not other for one, other in pairwise(found_hits))


@given(ranges, st.integers(0, 44))
def test_an_address_decides_for_its_whole_interval(found: list[tuple[int, int, str]], ip: int) -> None:
    """Every address of the interval gives the same hit, and the addresses next to it another one."""
    table = build_table(found)
    client = RangeSession(IPv4Address(ip), "u@a.example")
    hit = client.hit(table)
    assert client.lo <= ip <= client.hi
    for other in range(client.lo, min(client.hi, 44) + 1):
        assert naive(found, other) == hit
    for other in (client.lo - 1, client.hi + 1):
        if 0 <= other <= 44:
            assert naive(found, other) != hit


@given(families, st.integers(0, V6.last), st.integers(0, 128))
def test_a_network_agrees_with_ipaddress(family: Family, value: int, prefix: int) -> None:
    """RFC 7208 §5: "only the specified number of high-order bits of <ip> and the IP address are compared"."""
    value &= family.last
    prefix = min(prefix, family.bits)
    address = IPv4Address(value) if family is V4 else IPv6Address(value)
    network = ip_network(f"{address}/{prefix}", strict=False)
    assert network_range(family, value, prefix) == (int(network[0]), int(network[-1]))


def client_text(family: Family, ip: int) -> str:
    return str(IPv4Address(ip) if family is V4 else IPv6Address(ip))


AnySession = TypeVar("AnySession", bound=Session)


def run(zone: Zone, call: Call, kind: type[AnySession]) -> AnySession:
    session = kind(*call)
    drive(check_host(session), zone, None)
    return session


def verdict(session: Session) -> tuple[object, ...]:
    """Return everything that a run decided, and its questions."""
    asked = {question: answer.status for question, answer in session.answers.items()}
    return (
        *(session.result, session.problem, session.directive, session.record_domain, session.path),
        *(session.explanation, session.explanation_problem and session.explanation_problem.code),
        *(session.lookups, session.voids, asked),
    )


fixed_zones = strategies.chance.map(
    lambda random: Zone(generate.zone_dict(random, macros=generate.FIXED_MACROS, ptr=False, exp=False))
)


@given(fixed_zones, strategies.calls, strategies.chance)
def test_a_run_is_the_same_in_its_whole_interval(zone: Zone, call: Call, random: Random) -> None:
    """A run records the interval around its address in which all of its comparisons have the same result.

    So the whole run is the same for every address in that interval.
    """
    session = run(zone, call, RangeSession)
    assert session.lo <= session.ip <= session.hi
    assert verdict(run(zone, call, Session)) == verdict(session)
    inside = [session.lo, session.hi, *(random.randint(session.lo, session.hi) for _ in range(5))]
    for ip in inside:
        if session.family is V6 and ip >> 32 == 0xFFFF:
            continue  # an IPv4 client
        other = run(zone, call._replace(ip=client_text(session.family, ip)), RangeSession)
        assert verdict(other) == verdict(session)
        assert (other.lo, other.hi) == (session.lo, session.hi)


@given(fixed_zones, strategies.calls)
def test_intervals_cover_the_space(zone: Zone, call: Call) -> None:
    """Runs that each start after the previous interval reach the end of the address space, as a policy needs."""
    ip = 0
    tiles = 0
    while ip <= V4.last:
        session = run(zone, call._replace(ip=client_text(V4, ip)), RangeSession)
        assert session.hi >= ip
        ip = session.hi + 1
        tiles += 1
    assert tiles <= 200
