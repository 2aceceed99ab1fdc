"""Policies: compiling, checking one address or many; and a plain loop for comparison."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import spfengine
from bench.comparison.with_plain_loop import plain_loop
from bench.workloads import NAMES, Workload, load
from bench.zones import make_zone
from spfengine.policy.policy import Policy

ONE_DOMAIN = [name for name in NAMES if name not in ("W6", "W7")]


def compiled(workload: Workload, zone: spfengine.Zone) -> Policy:
    return Policy.compile(workload.checks[0].sender.rpartition("@")[2], resolver=zone)


@pytest.mark.parametrize("name", ONE_DOMAIN)
def test_compile_from_text(benchmark: BenchmarkFixture, name: str) -> None:
    """Each round starts with a new zone, with no record parsed."""
    workload = load(name)
    policy = benchmark.pedantic(compiled, setup=lambda: ((workload, make_zone(workload)), {}), rounds=10)
    zone = make_zone(workload)
    outcomes = [policy.check(ip, sender=sender, helo=helo, resolver=zone) for ip, sender, helo, _ in workload.checks]
    assert workload.faults([str(outcome.result) for outcome in outcomes]) == []


@pytest.mark.parametrize("name", ONE_DOMAIN)
def test_policy_check(benchmark: BenchmarkFixture, name: str) -> None:
    """One address as a string; for a conditional range, the zone is asked."""
    workload = load(name)
    zone = make_zone(workload)
    policy = compiled(workload, zone)
    ip, sender, helo, _ = workload.checks[0]
    outcome = benchmark(policy.check, ip, sender=sender, helo=helo, resolver=zone)
    assert workload.first(1).faults([str(outcome.result)]) == []


def test_check_many(benchmark: BenchmarkFixture) -> None:
    workload = load("W7")
    policy = compiled(workload, make_zone(workload))
    ips = [check.ip for check in workload.checks]
    outcomes = benchmark.pedantic(policy.check_many, (ips,), rounds=10)
    assert workload.faults([str(outcome.result) for outcome in outcomes]) == []


def test_plain_loop(benchmark: BenchmarkFixture) -> None:
    """`inet_pton`, `int.from_bytes` and `bisect` in a plain loop: the least that `check_many` can cost in Python."""
    workload = load("W7")
    ranges = list(compiled(workload, make_zone(workload)).ranges(4))
    starts = tuple([first for first, _, _ in ranges])
    ips = [check.ip for check in workload.checks]
    indexes = benchmark.pedantic(plain_loop, (ips, starts), rounds=10)
    assert workload.faults([str(ranges[index][2].result) for index in indexes]) == []
