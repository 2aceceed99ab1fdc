"""Measure compiling and comparing, relative to a check by pyspf, and how the cost grows with the size of the records.

    python -m bench.growth

First W4 (ten lookups, 120 networks), in checks by pyspf. Then generated records of up to 10,000 networks, in one record
and in ten includes, the most that RFC 7208 §4.6.4 allows. Policies are compiled from text each time. Prints tables in
Markdown, with the minimum of several runs.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from json import loads
from pathlib import Path
from time import process_time

from bench.workloads import REPOSITORY, load, write
from bench.zones import make_zone
from spfengine import Overlay, Policy, Zone

SIZES = (10, 100, 1_000, 10_000)
INCLUDES = 10
_RUNS = 7


def least(run: Callable[[], object]) -> float:
    """Return the CPU time of one run in ms: the minimum of several."""
    times = []
    for _ in range(_RUNS):
        begin = process_time()
        run()
        times.append(process_time() - begin)
    return min(times) * 1e3


def pyspf_check_ms() -> float | None:
    """Return the CPU time of pyspf's check of W4 in ms, or None if pyspf is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(load("W4"), Path(folder))
        command = [sys.executable, "-m", "bench.comparison.with_pyspf", str(path), "1"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    report = loads(done.stdout)
    return float(report["median_us"]) / 1e3 if "median_us" in report else None


def in_one_record(count: int) -> Zone:
    """Return a zone with `count` networks in one record."""
    terms = [f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(count)]
    return Zone({"n.example": {"TXT": f"v=spf1 {' '.join(terms)} -all"}})


def in_includes(count: int) -> Zone:
    """Return a zone with `count` networks in INCLUDES records, which one record includes."""
    records = {}
    for at in range(INCLUDES):
        terms = [f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(at, count, INCLUDES)]
        records[f"i{at}.example"] = {"TXT": f"v=spf1 {' '.join(terms)} -all"}
    includes = " ".join([f"include:{name}" for name in records])
    return Zone({**records, "n.example": {"TXT": f"v=spf1 {includes} -all"}})


def w4_table() -> None:
    """Print the cost of compiling W4, and of comparing it with drafts."""
    workload = load("W4")
    domain = workload.checks[0].sender.rpartition("@")[2]
    (text,) = [record.value for record in workload.records if record[:2] == (domain, "TXT")]
    edits = {
        "one network more": text.replace("v=spf1 ", "v=spf1 ip4:203.0.113.0/24 ", 1),
        "one include less": text.replace(f" include:c._spf.{domain}", "", 1),
        "-all to ~all, which changes every address": text.removesuffix("-all") + "~all",
    }
    compile_ms = least(lambda: Policy.compile(domain, resolver=make_zone(workload)))
    zone_ms = least(lambda: make_zone(workload))
    base = pyspf_check_ms()
    before = Policy.compile(domain, resolver=make_zone(workload))
    print("| W4 | ms | checks of pyspf |\n|---|---:|---:|")
    rows = {"compile, from text": compile_ms - zone_ms}
    for name, draft in edits.items():
        after = Policy.compile(domain, resolver=Overlay(make_zone(workload), {domain: {"TXT": draft}}))
        rows[f"diff: {name}"] = least(partial(before.diff, after))
    for name, milliseconds in rows.items():
        print(f"| {name} | {milliseconds:.2f} | {'' if base is None else f'{milliseconds / base:.2f}'} |")


def growth_table() -> None:
    """Print the cost of compiling by the number of networks."""
    print("\n| networks | in one record, ms | µs a network | in ten includes, ms | µs a network |")
    print("|---:|---:|---:|---:|---:|")
    for count in SIZES:
        cells = []
        for make in (in_one_record, in_includes):
            milliseconds = least(partial(_compile_made, make, count))
            cells.append(f"{milliseconds:.1f} | {milliseconds / count * 1e3:.0f}")
        print(f"| {count:,} | {' | '.join(cells)} |")


def _compile_made(make: Callable[[int], Zone], count: int) -> Policy:
    return _compile(make(count))


def _compile(zone: Zone) -> Policy:
    return Policy.compile("n.example", resolver=zone)


if __name__ == "__main__":
    w4_table()
    growth_table()
