"""Laws that hold for every policy."""

from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from random import Random
from typing import Any

from hypothesis import assume, given, strategies as st

from spfengine import Limits, Result, Zone, check
from spfengine.addresses import V4, V6
from spfengine.policy.policy import Policy
from tests.policy.comparing import MAPPED, addresses
from tests.properties import generate, strategies

Network = IPv4Network | IPv6Network

plain_zones = strategies.chance.map(lambda random: generate.zone_dict(random, macros=(), ptr=False))


@st.composite
def networks(draw: st.DrawFn) -> list[Network]:
    """Networks inside one another, next to one another, and far apart."""
    chance = draw(strategies.chance)
    found: list[Network] = []
    for _ in range(chance.randrange(1, 12)):
        if chance.randrange(2):
            prefix = chance.choice((0, 1, 8, 23, 24, 25, 31, 32))
            found.append(IPv4Network((0xC0000200 + chance.randrange(1024), prefix), strict=False))
        else:
            prefix = chance.choice((0, 1, 32, 63, 64, 95, 96, 97, 127, 128))
            base = chance.choice((0x20010DB8 << 96, 0xFFFF << 32, 0xFFFE << 32, 0x10000 << 32, 0))
            found.append(IPv6Network((base + chance.randrange(1024), prefix), strict=False))
    return found


def record_of(found: list[Network], end: str = "-all") -> str:
    return " ".join(["v=spf1", *[f"ip{network.version}:{network}" for network in found], end])


def compile_record(record: str, others: dict[Any, Any] | None = None) -> Policy:
    return Policy.compile("z.example", resolver=Zone({**(others or {}), "z.example": {"TXT": record}}))


def collapsed(found: list[Network]) -> list[Network]:
    fours = [network for network in found if isinstance(network, IPv4Network)]
    sixes = [network for network in found if isinstance(network, IPv6Network)]
    return [*collapse_addresses(fours), *collapse_addresses(sixes)]


def size(found: list[Network]) -> int:
    """Return how many clients there can be: no client has an address in ::ffff:0:0/96."""
    mapped = IPv6Network("::ffff:0:0/96")
    return sum(
        network.num_addresses - (1 << 32) * (network.version == 6 and mapped.subnet_of(network)) for network in found
    )


@given(plain_zones, st.sampled_from(generate.DOMAINS), st.sampled_from(tuple(Result)))
def test_networks_are_sorted_and_as_few_as_possible(zone: dict[str, Any], domain: str, result: Result) -> None:
    policy = Policy.compile(domain, resolver=Zone(dict(zone.items())))
    found = policy.networks(result)
    assert found == collapsed(found)
    assert size(found) == policy.address_count(result)
    assert policy.address_count(result) == policy.address_count(result, 4) + policy.address_count(result, 6)


@given(plain_zones, st.sampled_from(generate.DOMAINS))
def test_the_networks_of_all_results_are_the_whole_address_space(zone: dict[str, Any], domain: str) -> None:
    policy = Policy.compile(domain, resolver=Zone(dict(zone.items())))
    assert not policy.conditional
    for version, whole in ((4, 1 << 32), (6, (1 << 128) - (1 << 32))):
        assert sum(policy.address_count(result, version) for result in Result) == whole


@given(networks())
def test_networks_are_those_of_the_record(found: list[Network]) -> None:
    policy = compile_record(record_of(found))
    wanted = [network for network in collapsed(found) if not in_mapped(network)]
    if not any(borders_on_mapped(network) for network in found):
        assert policy.networks("pass") == wanted


def in_mapped(network: Network) -> bool:
    return isinstance(network, IPv6Network) and network.subnet_of(IPv6Network("::ffff:0:0/96"))


def borders_on_mapped(network: Network) -> bool:
    """Return whether a network ends right before ::ffff:0:0/96, which has no clients: the two could be joined."""
    return network.version == 6 and int(network[-1]) + 1 == MAPPED.start


@given(plain_zones, st.sampled_from(generate.DOMAINS))
def test_networks_round_trip_through_a_record(zone: dict[str, Any], domain: str) -> None:
    policy = Policy.compile(domain, resolver=Zone(dict(zone.items())))
    again = compile_record(record_of(policy.networks("pass"), "-all"))
    assert again.networks("pass") == policy.networks("pass")
    assert again.address_count("pass") == policy.address_count("pass")


@given(strategies.zone_dicts, strategies.chance, strategies.limits)
def test_the_order_of_networks_of_one_qualifier_is_irrelevant(
    zone: dict[Any, Any], chance: Random, limits: Limits
) -> None:
    terms = [generate.directive(chance) for _ in range(chance.randrange(1, 5))]
    place = chance.randrange(len(terms) + 1)
    qualifier = chance.choice("+-~?")
    pool = [f"ip4:{net}" for net in generate.NETWORKS_4] + [f"ip6:{net}" for net in generate.NETWORKS_6]
    pair = [qualifier + chance.choice(pool) for _ in range(2)]
    policies = []
    for swapped in (pair, pair[::-1]):
        record = " ".join(["v=spf1", *terms[:place], *swapped, *terms[place:], "-all"])
        resolver = Zone({**zone, "z.example": {"TXT": record}})
        policies.append(Policy.compile("z.example", resolver=resolver, limits=limits))
    assert policies[0].equivalent(policies[1])


@given(plain_zones, st.sampled_from(generate.DOMAINS), st.sampled_from("+-~?"))
def test_an_include_replaced_by_its_networks_is_equivalent(zone: dict[str, Any], domain: str, qualifier: str) -> None:
    others: dict[Any, Any] = dict(zone.items())
    included = Policy.compile(domain, resolver=Zone(others), limits=Limits(9, 2))
    assume({outcome.result for v in (4, 6) for *_, outcome in included.ranges(v)} <= ends_in_a_result)
    flat = [f"{qualifier}ip{network.version}:{network}" for network in included.networks("pass")]
    one = compile_record(f"v=spf1 {qualifier}include:{domain} ~all", others)
    other = compile_record(" ".join(["v=spf1", *flat, "~all"]), others)
    assert one.equivalent(other)


ends_in_a_result = {Result.PASS, Result.FAIL, Result.SOFTFAIL, Result.NEUTRAL}


def test_all_of_ipv6_stays_all_of_ipv6() -> None:
    """Compiling skips ::ffff:0:0/96, so that `ip6:::/0` stays `::/0`."""
    policy = compile_record("v=spf1 ip6:::/0 -all")
    assert policy.networks("pass") == [ip_network("::/0")]
    assert len(list(policy.ranges(6))) == 1
    assert policy.address_count("pass") == (1 << 128) - (1 << 32)
    assert policy.equivalent(compile_record("v=spf1 ip6:::/1 ip6:8000::/1 -all"))


def test_mapped_addresses_in_a_record_do_not_count() -> None:
    """RFC 7208 §5: a client in ::ffff:0:0/96 is an IPv4 client, and `ip6` never matches it."""
    nobody = compile_record("v=spf1 -all")
    for record in ("ip6:::ffff:0:0/96", "ip6:::ffff:192.0.2.1", "ip6:::ffff:0:0/97 ip6:::ffff:128.0.0.0/97"):
        policy = compile_record(f"v=spf1 {record} -all")
        assert policy.equivalent(nobody)
        assert policy.networks("pass") == []
        assert policy.check("::ffff:192.0.2.1").result == "fail"
    around = compile_record("v=spf1 ip6:::fffe:0:0/95 -all")
    assert around.address_count("pass") == 1 << 32
    assert around.check("::ffff:192.0.2.1").result == "fail"
    assert around.check("::fffe:192.0.2.1").result == "pass"
    four = compile_record("v=spf1 ip4:192.0.2.1 -all")
    assert four.check("::ffff:192.0.2.1") == four.check("192.0.2.1")
    assert four.check("::ffff:192.0.2.1").result == "pass"


@given(networks(), strategies.chance)
def test_no_range_begins_among_mapped_addresses(found: list[Network], chance: Random) -> None:
    zone = Zone({"z.example": {"TXT": record_of(found)}})
    policy = Policy.compile("z.example", resolver=zone)
    assert not [first for first, _, _ in policy.ranges(6) if first in MAPPED]
    for ip in addresses([policy], chance):
        assert policy.check(ip).result == check(ip, "u@z.example", resolver=zone).result


def test_the_edges_of_both_families() -> None:
    policy = compile_record("v=spf1 ip4:0.0.0.0 ip4:255.255.255.255 ip6::: ip6:ffff::/16 -all")
    for ip, result in (("0.0.0.0", "pass"), ("0.0.0.1", "fail"), ("255.255.255.254", "fail"),
                       ("255.255.255.255", "pass"), ("::", "pass"), ("::1", "fail"),
                       ("fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fail"), ("ffff::", "pass"),
                       ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "pass")):  # fmt: skip
        assert policy.check(ip).result == result
    assert [last for _, last, _ in policy.ranges(4)][-1] == V4.last
    assert [last for _, last, _ in policy.ranges(6)][-1] == V6.last
