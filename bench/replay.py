"""Replay a large table of senders against a change, in one process and on a Dask cluster of two processes.

    python -m bench.replay [--senders N] [--rounds N]

The senders are the addresses of W7, repeated with different mailboxes, in sixteen files. The change removes an include
from W4's record, so that some of them no longer pass. Prints senders a second, from the best round, and how many bytes
are sent to a worker for each policy. Those for each second of processor time depend less on what else the machine does.

Rivals have no replay: their users would check each sender with the records before the change, and again with those
after it. So they are listed with half of the checks that they make in a second, of the first senders, with answers in
memory (bench.comparison). checkdmarc reads the record, and gives no result.
"""

import argparse
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, NamedTuple
from unittest.mock import patch

import spfengine
from bench.workloads import REPOSITORY, load, write
from bench.zones import make_zone
from spfengine import Overlay, Policy, replay, replay_files
from spfengine.evidence import large_tables
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import iterate_senders
from spfengine.replaying import Totals

FILES = 16
WORKERS = 2
RIVALS = ("spftrace", "checkdmarc", "pyspf")
FIRST = 200
"""Senders that rivals check."""


class Speed(NamedTuple):
    """Senders for each second, and for each second of processor time; None: not measured."""

    description: str
    a_second: float
    alone: float | None = None


def change() -> list[tuple[Policy, Policy]]:
    """Return the policies of W4 before and after removing an include, without answers."""
    workload = load("W4")
    zone = make_zone(workload)
    domain = workload.checks[0].sender.partition("@")[2]
    [record] = [each.value for each in workload.records if each.name == domain and each.type == "TXT"]
    include = next(term for term in record.split() if term.startswith("include:"))
    draft = Overlay(zone, {domain: {"TXT": record.replace(f"{include} ", "", 1)}})
    before, after = [Policy.compile(domain, resolver=each).without_answers() for each in (zone, draft)]
    return [(before, after)]


def table(folder: Path, senders: int) -> list[str]:
    """Write the senders to FILES files, and return their paths."""
    checks = load("W7").checks
    domain = checks[0].sender.partition("@")[2]
    paths = [str(folder / f"{number}.csv") for number in range(FILES)]
    for number, path in enumerate(paths):
        rows = [(checks[index % len(checks)], index) for index in range(number, senders, FILES)]
        lines = [f"{check.ip},u{index}@{domain},{check.helo},{index % 100 + 1}" for check, index in rows]
        Path(path).write_text("\n".join(["ip,sender,helo,count", *lines]), "utf-8")
    return paths


def parquet(paths: list[str]) -> list[str]:
    """Write the same rows to files in Parquet, and return their paths; none if pyarrow is not installed."""
    try:
        from pyarrow import csv, parquet
    except ImportError:
        return []
    for path in paths:
        parquet.write_table(csv.read_csv(path), f"{path}.parquet")
    return [f"{path}.parquet" for path in paths]


def best(rounds: int, run: Callable[[], object]) -> tuple[float, float, object]:
    """Return the seconds of the quickest of several runs, those of the processor, and what the last run returned."""
    times = []
    returned: object = None
    for _ in range(rounds):
        begin, begin_alone = perf_counter(), process_time()
        returned = run()
        times.append((perf_counter() - begin, process_time() - begin_alone))
    return min(time for time, _ in times), min(time for _, time in times), returned


def by_rows(paths: list[str], policies: list[tuple[Policy, Policy]]) -> Totals:
    """Replay as without NumPy."""
    with patch.object(large_tables, "find_spec", return_value=None):
        return replay_files(paths, policies)


def speeds(senders: int, rounds: int) -> list[Speed]:
    """Return senders a second for each way to replay them.

    Raises:
        SystemExit: if the totals differ.
    """
    policies = change()
    rows: list[Speed] = []
    totals: list[object] = []

    def measure(description: str, run: Callable[[], object], *, is_alone: bool = True) -> None:
        took, took_alone, returned = best(rounds, run)
        rows.append(Speed(description, senders / took, senders / took_alone if is_alone else None))
        if isinstance(returned, Totals):
            totals.append(returned)

    with TemporaryDirectory() as folder:
        paths = table(Path(folder), senders)
        known = list(iterate_senders(paths, Ledger()))
        cells = [(each.ip, each.sender, each.helo, each.count) for each in known]
        in_parquet = parquet(paths)
        measure("CSV, by columns", lambda: replay_files(paths, policies))
        if in_parquet:
            measure("Parquet, by columns", lambda: replay_files(in_parquet, policies))
        measure("CSV, row by row (without NumPy)", lambda: by_rows(paths, policies))
        measure("of that, reading alone", lambda: sum(1 for _ in iterate_senders(paths, Ledger())))
        measure("rows in memory", lambda: replay(cells, policies))
        measure("`Sender` objects in memory", lambda: replay(known, policies))
        measured = on_dask(
            folder,
            lambda run: measure(f"CSV, by columns, Dask with {WORKERS} processes", run, is_alone=False),
            paths,
            policies,
        )
        if not measured:
            print("dask[distributed] is not installed: left out", file=sys.stderr)
    if any(each != totals[0] for each in totals):
        raise SystemExit("totals differ")
    return rows


def rivals(seconds: float) -> list[Speed]:
    """Return senders for each second of processor time that other libraries would replay."""
    found = []
    with TemporaryDirectory() as folder:
        path = write(load("W7").first(FIRST), Path(folder))
        for name in RIVALS:
            command = [sys.executable, "-m", f"bench.comparison.with_{name}", str(path), str(seconds)]
            done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
            report: dict[str, Any] = json.loads(done.stdout)
            if "skip" in report:
                print(f"{name}: {report['skip']}: left out", file=sys.stderr)
                continue
            alone = 1e6 / report["median_us"] / 2
            found.append(Speed(f"{name} {report['version']}, two checks of each sender", alone, alone))
    return found


def on_dask(
    folder: str,
    measure: Callable[[Callable[[], object]], None],
    paths: list[str],
    policies: list[tuple[Policy, Policy]],
) -> bool:
    """Measure a replay on a local cluster; return False if Dask is not installed."""
    try:
        import dask
        from dask.distributed import Client, LocalCluster
    except ImportError:
        return False
    with (
        dask.config.set({"temporary-directory": folder}),
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(WORKERS)

        def run() -> object:
            parts = client.map(replay_files, paths, policies=policies, pure=False)
            return client.submit(sum, parts, Totals(), pure=False).result()

        run()  # the workers import spfengine
        measure(run)
    return True


def sizes() -> list[tuple[str, int, int, int, int]]:
    """Return for each workload: ranges of its policy, pickled size with and without answers, and JSON size."""
    rows = []
    for name in ("W1", "W2b", "W3a", "W4", "W5a", "W6"):
        workload = load(name)
        zone = make_zone(workload)
        domains = list(dict.fromkeys([check.sender.partition("@")[2] for check in workload.checks]))
        policies = [Policy.compile(domain, resolver=zone) for domain in domains]
        counted = [
            sum([sum(1 for version in (4, 6) for _ in policy.ranges(version)) for policy in policies]),
            sum([len(pickle.dumps(policy)) for policy in policies]),
            sum([len(pickle.dumps(policy.without_answers())) for policy in policies]),
            sum([len(json.dumps(policy.to_dict(), separators=(",", ":"))) for policy in policies]),
        ]
        ranges, whole, pickled, text = [round(each / len(policies)) for each in counted]
        rows.append((f"{name}, mean of {len(policies)}" if len(policies) > 1 else name, ranges, whole, pickled, text))
    return rows


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--senders", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2, help="how long each rival checks")
    options = parser.parse_args(arguments)
    print(f"spfengine {spfengine.__version__}, CPython {sys.version.split()[0]}\n")
    print("| policy | ranges | pickled with answers | pickled without | JSON |\n|---|---:|---:|---:|---:|")
    for name, *counts in sizes():
        print(f"| {name} | {' | '.join([f'{count:,}' for count in counts])} |")
    print(f"\n| {options.senders:,} senders | a second | a processor second |\n|---|---:|---:|")
    for each in [*speeds(options.senders, options.rounds), *rivals(options.seconds)]:
        print(f"| {each.description} | {_figure(each.a_second)} | {_figure(each.alone)} |", flush=True)
    return 0


def _figure(speed: float | None) -> str:
    return "" if speed is None else f"{round(speed, -3 if speed > 10_000 else 0):,.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
