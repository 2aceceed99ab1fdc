"""Checks of each workload against a Zone in memory; the time shown is that of all checks of the workload."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import spfengine
from bench.workloads import COLD, NAMES, Workload, load
from bench.zones import make_zone


def run(workload: Workload, zone: spfengine.Zone) -> list[str]:
    return [spfengine.check(ip, sender, helo, resolver=zone).result for ip, sender, helo, _ in workload.checks]


def watch(benchmark: BenchmarkFixture, workload: Workload) -> None:
    benchmark.extra_info["checks"] = len(workload.checks)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in COLD])
def test_warm_checks(benchmark: BenchmarkFixture, name: str) -> None:
    workload = load(name)
    watch(benchmark, workload)
    zone = make_zone(workload)
    run(workload.first(10), zone)
    results = benchmark.pedantic(run, (workload, zone), rounds=5, warmup_rounds=0 if name == "W7" else 2)
    assert workload.faults(results) == []


@pytest.mark.parametrize("name", NAMES)
def test_cold_checks(benchmark: BenchmarkFixture, name: str) -> None:
    """Each round starts with a new zone, with no record parsed."""
    workload = load(name)
    workload = workload if name in COLD else workload.first(1)
    watch(benchmark, workload)
    results = benchmark.pedantic(run, setup=lambda: ((workload, make_zone(workload)), {}), rounds=10)
    assert workload.faults(results) == []
