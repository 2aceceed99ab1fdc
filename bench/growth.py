"""What compiling and comparing cost, against pyspf's check of the same records, and how that grows with their size:

    python -m bench.growth

First W4 (ten lookups, 120 networks) in pyspf's checks; then made records of up to 10,000 networks, in one record and
behind ten includes, the most that RFC 7208 §4.6.4 allows. The policies are compiled from text each time. Printed as
tables in Markdown; the least of several runs.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
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
    """Return the CPU time of one run in ms: the least of several."""
    times = []
    for _ in range(_RUNS):
        begin = process_time()
        run()
        times.append(process_time() - begin)
    return min(times) * 1e3


def pyspf_check_ms() -> float | None:
    """Return the CPU time of pyspf's check of W4 in ms, or None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = write(load("W4"), Path(folder))
        command = [sys.executable, "-m", "bench.comparison.with_pyspf", str(path), "1"]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    report = loads(done.stdout)
    return float(report["median_us"]) / 1e3 if "median_us" in report else None


def in_one_record(count: int) -> Zone:
    """A record of so many networks."""
    terms = [f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(count)]
    return Zone({"n.example": {"TXT": f"v=spf1 {' '.join(terms)} -all"}})


def behind_includes(count: int) -> Zone:
    """So many networks in INCLUDES records, all of them included by one."""
    records = {}
    for at in range(INCLUDES):
        terms = [f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(at, count, INCLUDES)]
        records[f"i{at}.example"] = {"TXT": f"v=spf1 {' '.join(terms)} -all"}
    includes = " ".join([f"include:{name}" for name in records])
    return Zone({**records, "n.example": {"TXT": f"v=spf1 {includes} -all"}})


def w4_table() -> None:
    """Print what compiling W4 and comparing it with a draft cost."""
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
        rows[f"diff: {name}"] = least(lambda after=after: before.diff(after))  # type: ignore[misc]  # mypy reads no such lambda
    for name, milliseconds in rows.items():
        print(f"| {name} | {milliseconds:.2f} | {'' if base is None else f'{milliseconds / base:.2f}'} |")


def growth_table() -> None:
    """Print what compiling costs by the number of networks."""
    print("\n| networks | in one record, ms | µs a network | behind ten includes, ms | µs a network |")
    print("|---:|---:|---:|---:|---:|")
    for count in SIZES:
        cells = []
        for make in (in_one_record, behind_includes):
            milliseconds = least(lambda make=make, count=count: _compile(make(count)))  # type: ignore[misc]  # mypy reads no such lambda
            cells.append(f"{milliseconds:.1f} | {milliseconds / count * 1e3:.0f}")
        print(f"| {count:,} | {' | '.join(cells)} |")


def _compile(zone: Zone) -> Policy:
    return Policy.compile("n.example", resolver=zone)


if __name__ == "__main__":
    w4_table()
    growth_table()
