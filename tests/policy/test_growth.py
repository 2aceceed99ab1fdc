"""How the work of compiling grows with the records."""

from collections.abc import Callable

import pytest

import spfengine
from spfengine.policy import reachability
from tests.counting import count_steps

PER_RECORD = 25
PER_NODE = 4


def compiling(networks: int) -> Callable[[], object]:
    """Compile a tree of includes, four from each record, whose leaves have 25 networks each."""
    records = {
        f"n{leaf}.example": " ".join(f"ip4:10.{leaf}.{number}.0/25" for number in range(PER_RECORD))
        for leaf in range(networks // PER_RECORD)
    }
    names = list(records)
    while len(names) > 1:
        nodes = {
            f"t{len(names)}-{start}.example": " ".join(f"include:{name}" for name in names[start : start + PER_NODE])
            for start in range(0, len(names), PER_NODE)
        }
        records |= nodes
        names = list(nodes)
    zone = spfengine.Zone({name: {"TXT": f"v=spf1 {terms} -all"} for name, terms in records.items()})
    limits = spfengine.Limits(lookups=1000)
    return lambda: spfengine.Policy.compile(names[0], resolver=zone, limits=limits)


@pytest.mark.full
def test_compiling_grows_no_faster_than_networks_times_includes() -> None:
    """Each of n ranges takes one pass over up to m includes, so four times both is sixteen times the work."""
    compiling(PER_RECORD)()
    assert count_steps(compiling(400)) <= 16 * 1.3 * count_steps(compiling(100))


@pytest.mark.full
def test_the_budget_of_a_loop_grows_no_faster_than_its_record() -> None:
    """A hostile record is long and includes itself many times."""

    def budgeting(includes: int) -> Callable[[], object]:
        zone = spfengine.Zone({"a.example": {"TXT": f"v=spf1 {'include:a.example ' * includes}-all"}})
        policy = spfengine.Policy.compile("a.example", resolver=zone)
        return lambda: policy.budget(zone)

    budgeting(1)()
    assert count_steps(budgeting(2400)) <= 8 * 1.2 * count_steps(budgeting(300))


def reaching(*terms: str, hosts: int = 0, addresses: int = 0) -> Callable[[], object]:
    """Find what each directive of a long record matches, with hosts h0, h1, … of so many addresses each."""
    zone = spfengine.Zone(
        {
            "a.example": {"TXT": f"v=spf1 {' '.join(terms)} -all"},
            **{
                f"h{host}.example": {"A": [f"10.{host}.{number >> 8}.{(number & 255)}" for number in range(addresses)]}
                for host in range(hosts)
            },
        }
    )
    policy = spfengine.Policy.compile("a.example", resolver=zone)
    return lambda: policy.reachability(zone)


def networks(count: int) -> list[str]:
    return [f"ip4:10.{number >> 8}.{number & 255}.0/25" for number in range(count)]


@pytest.mark.full
def test_reachability_grows_with_the_networks() -> None:
    reaching("ip4:192.0.2.1")()
    assert count_steps(reaching(*networks(800))) <= 4 * 1.3 * count_steps(reaching(*networks(200)))


@pytest.mark.full
def test_reachability_grows_with_the_networks_that_another_covers() -> None:
    for before, after in (([], ["ip4:10.0.0.0/8"]), (["ip4:10.0.0.0/8"], [])):
        few, many = (reaching(*before, *networks(count), *after) for count in (200, 800))
        assert count_steps(many) <= 4 * 1.3 * count_steps(few)


@pytest.mark.full
def test_reachability_grows_with_the_addresses_of_all_hosts() -> None:
    few, many = (reaching(*[f"a:h{n}.example" for n in range(count)], hosts=count, addresses=60) for count in (16, 64))
    assert count_steps(many) <= 4 * 1.3 * count_steps(few)


@pytest.mark.full
def test_reachability_grows_with_a_term_that_is_repeated() -> None:
    """600 terms of one host with 3,000 addresses took 143 seconds."""
    few, many = (reaching(*["a:h0.example", "?a:h0.example/28"] * count, hosts=1, addresses=300) for count in (50, 200))
    assert count_steps(many) <= 4 * 1.3 * count_steps(few)


@pytest.mark.full
@pytest.mark.parametrize("rest", ["", " a:every.example"])
def test_reachability_grows_with_hosts_that_share_most_of_their_addresses(
    rest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 hosts with 1,000 addresses took 20 seconds. Comparing them is bounded, here so that it is met sooner."""
    monkeypatch.setattr(reachability, "_MOST_STEPS", 2000)

    def run(hosts: int) -> Callable[[], object]:
        shared = [f"10.0.0.{2 * number}" for number in range(8)]
        names = {f"h{host}.example": {"A": [*shared, f"10.1.{host >> 8}.{host & 255}"]} for host in range(hosts)}
        every = [*shared, *[f"10.1.{host >> 8}.{host & 255}" for host in range(hosts)]]
        record = f"v=spf1 {' '.join(f'a:{name}' for name in names)}{rest} -all"
        zone = spfengine.Zone({"a.example": {"TXT": record}, "every.example": {"A": every}, **names})
        policy = spfengine.Policy.compile("a.example", resolver=zone)
        return lambda: policy.reachability(zone)

    run(1)()
    assert count_steps(run(240)) <= 4 * 1.3 * count_steps(run(60))
