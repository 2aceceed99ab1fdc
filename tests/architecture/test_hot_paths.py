"""A guard over the paths that are to stay quick: not by the clock, which tells of the machine, but by counting.

Counted are the bytecodes that run, and the calls of functions in C: both are the same each time. What a path takes may
grow by a half before this fails. What is meant to take more is written down here anew, with the reason in the commit.
"""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

import spfengine
from bench.workloads import Workload, load
from bench.zones import make_zone
from spfengine.policy.policy import Policy

MARGIN = 1.5


def steps(run: Callable[[], object]) -> int:
    """Return how many bytecodes and calls of C functions this takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace(), sys.getprofile()
    gc.disable()  # what is collected meanwhile is not this path's
    try:
        sys.setprofile(profile)
        sys.settrace(trace)
        run()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
        gc.enable()
    return count


@pytest.fixture(autouse=True)
def made_workloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The workloads made here, whatever the machine has: they are the same everywhere."""
    monkeypatch.setenv("SPFENGINE_SHARED", str(tmp_path))


def check(name: str) -> Callable[[], object]:
    workload = load(name)
    zone = make_zone(workload)
    ip, sender, helo, _ = workload.checks[0]

    def run() -> object:
        return spfengine.check(ip, sender, helo, resolver=zone)

    run()  # what is kept from then on, is
    return run


def domain_of(workload: Workload) -> str:
    return workload.checks[0].sender.rpartition("@")[2]


def compiled(workload: Workload) -> Policy:
    return Policy.compile(domain_of(workload), resolver=make_zone(workload))


def cold_check() -> Callable[[], object]:
    workload = load("W4")
    zone = make_zone(workload)
    ip, sender, helo, _ = workload.checks[0]
    return lambda: spfengine.check(ip, sender, helo, resolver=zone)


def compile_w4() -> Callable[[], object]:
    workload = load("W4")
    zone = make_zone(workload)
    return lambda: Policy.compile(domain_of(workload), resolver=zone)


def policy_check() -> Callable[[], object]:
    policy = compiled(load("W4"))
    return lambda: policy.check("203.0.113.9")


def policy_check_many() -> Callable[[], object]:
    policy = compiled(load("W4"))
    ips = [f"203.0.{n >> 8}.{n & 255}" for n in range(10_000)]
    return lambda: policy.check_many(ips)


def diff() -> Callable[[], object]:
    workload = load("W4")
    zone = make_zone(workload)
    domain = domain_of(workload)
    (record,) = [each.value for each in workload.records if each[:2] == (domain, "TXT")]
    draft = spfengine.Overlay(zone, {domain: {"TXT": record.replace(" ip4:", " ip4:203.0.113.0/24 ip4:", 1)}})
    before, after = compiled(workload), Policy.compile(domain, resolver=draft)
    return lambda: before.diff(after)


def checker() -> Callable[[], object]:
    workload = load("W4")
    ip, sender, helo, _ = workload.checks[0]
    one = spfengine.Checker(make_zone(workload))

    def run() -> object:
        return one.check(ip, sender, helo)

    for _ in range(20):
        run()
    return run


def budget() -> Callable[[], object]:
    """A hostile record: long, and it leads to itself again and again."""
    zone = spfengine.Zone({"a.example": {"TXT": f"v=spf1 {'include:a.example ' * 3_000}-all"}})
    policy = Policy.compile("a.example", resolver=zone)
    return lambda: policy.budget(zone)


PATHS: dict[str, tuple[Callable[[], Callable[[], object]], int]] = {
    "check, one ip4": (lambda: check("W1"), 385),
    "check, the seed story": (lambda: check("W2a"), 935),
    "check, a large provider's": (lambda: check("W3a"), 1_090),
    "check, ten lookups": (lambda: check("W4"), 2_610),
    "check, macros": (lambda: check("W5a"), 1_065),
    "check, ten lookups, the first time": (cold_check, 62_000),
    "Checker.check": (checker, 150),
    "Policy.compile, ten lookups": (compile_w4, 771_000),
    "Policy.check": (policy_check, 66),
    "Policy.check_many, 10,000 addresses": (policy_check_many, 650),
    "Policy.diff": (diff, 46_500),
    "Policy.budget, a long circle": (budget, 187_000),
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_takes_no_more_than_it_did(path: str) -> None:
    make, expected = PATHS[path]
    found = steps(make())
    assert found <= expected * MARGIN, f"{path}: {found:,} steps, where {expected:,} were enough"


@pytest.mark.parametrize("path", PATHS)
def test_what_is_written_down_is_near_to_what_it_takes(path: str) -> None:
    """So that a path that got twice as slow can't hide below a figure that was too large."""
    make, expected = PATHS[path]
    assert steps(make()) * MARGIN >= expected


def test_twice_the_work_is_noticed() -> None:
    make, expected = PATHS["check, ten lookups"]
    run = make()
    assert steps(lambda: (run(), run())) > expected * MARGIN


def networks(count: int) -> Callable[[], object]:
    per_record = 50
    records = {
        f"n{n}.example": {
            "TXT": "v=spf1 " + " ".join(f"ip4:10.{n}.{each}.0/25" for each in range(per_record)) + " -all"
        }
        for n in range(count // per_record)
    }
    names = list(records)
    while len(names) > 1:  # a tree of includes, four from each
        level = {}
        for at in range(0, len(names), 4):
            level[f"t{len(names)}-{at}.example"] = {
                "TXT": "v=spf1 " + " ".join(f"include:{name}" for name in names[at : at + 4]) + " -all"
            }
        records |= level
        names = list(level)
    zone = spfengine.Zone(dict(records))
    limits = spfengine.Limits(lookups=1000)
    return lambda: Policy.compile(names[0], resolver=zone, limits=limits)


def names_to_lint(count: int) -> Callable[[], object]:
    zone = spfengine.Zone({f"n{n}.example": {"MX": "10 mx.example"} for n in range(count)})
    return lambda: spfengine.lint_zone(zone)


def test_linting_a_zone_grows_with_its_names_and_no_faster() -> None:
    names_to_lint(1)()  # what is loaded when it is first used, is
    assert steps(names_to_lint(320)) <= 8 * 1.2 * steps(names_to_lint(40))


def test_compiling_grows_with_networks_times_includes_and_no_faster() -> None:
    """Each of n ranges is one run through up to m includes: four times both is sixteen times the work, and no more."""
    assert steps(networks(800)) <= 16 * 1.3 * steps(networks(200))
