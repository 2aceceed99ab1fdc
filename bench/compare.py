"""One command that measures all engines on the same workloads, in one run, in turns, and prints tables in Markdown:

    bench/install                 (once: the rivals; what is not there is left out, which is told)
    python -m bench.compare [--smoke] [--rounds N] [--seconds S] [--workloads W1,W4] [--docs FOLDER]

With --docs the tables and a chart of them are written there, as `performance-figures.md` and `performance.svg`.

Every turn is a process of its own (`bench.comparison.protocol`). What is told is the median over the rounds, so that a
moment in which the machine is busy shows in none of them; compare ratios, which hold on other machines too. All results
must be what the workload says, and agree with each other: where they do not, that is printed, and the command fails.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.workloads import NAMES, REPOSITORY, Workload, load, write


class Engine(NamedTuple):
    """An engine of the comparison.

    Attributes:
        name: as in the tables.
        script: its module in `bench.comparison`.
        compiled: whether it only looks up what was compiled beforehand.
        language: what it is written in.
        only: the workloads that it is for; empty for all.
    """

    name: str
    script: str
    compiled: bool = False
    only: tuple[str, ...] = ()
    language: str = "Python"


OURS = "spfengine.check"
OF_OURS = ("spfengine", "Checker", "policy")
"""How the names of our own engines begin."""
BASES = ("pyspf", "libspf2", "blitiri")
"""What the ratios are to: of all engines to the first, of ours to the others as well."""
ENGINES = (
    Engine("pyspf", "with_pyspf"),
    Engine("spftrace", "with_spftrace"),
    Engine("checkdmarc", "with_checkdmarc"),
    Engine("mailauth", "with_mailauth", language="JavaScript"),
    Engine("Mail::SPF", "with_mail_spf", language="Perl"),
    Engine("libspf2", "with_libspf2", language="C"),
    Engine("blitiri", "with_blitiri", language="Go"),
    Engine(OURS, "with_spfengine"),
    Engine("Checker, from cold", "with_cold_checker"),
    Engine("Checker, warm", "with_checker", compiled=True),
    Engine("policy.check", "with_policy", compiled=True),
    Engine("policy.check_many", "with_check_many", compiled=True, only=("W4", "W7")),
    Engine("floor", "with_floor", compiled=True, only=("W4", "W7")),
)

FIRST = 2_000
"""How many checks of W7 the engines make that evaluate each one; they come in no order, so the first tell as much."""


class Outcome(NamedTuple):
    """What a comparison came to: the median µs of a check by (engine, workload), versions, skips and disagreements."""

    times: dict[tuple[str, str], float]
    versions: dict[str, str]
    skips: dict[str, str]
    faults: list[str]


def compare(workloads: Sequence[Workload], rounds: int, seconds: float) -> Outcome:
    """Measure all engines on these workloads: in each round, every engine has its turn on each of them."""
    samples: dict[tuple[str, str], list[float]] = {}
    results: dict[str, dict[str, list[str]]] = {}
    outcome = Outcome({}, {}, {}, [])
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "first").mkdir()
        whole = {workload.name: write(workload, Path(folder)) for workload in workloads}
        first = {workload.name: write(workload.first(FIRST), Path(folder) / "first") for workload in workloads}
        for turn in range(rounds):
            for workload in workloads:
                for engine in ENGINES if turn % 2 == 0 else reversed(ENGINES):
                    if engine.name in outcome.skips or (engine.only and workload.name not in engine.only):
                        continue
                    short = workload.name == "W7" and not engine.compiled
                    report = _run(engine, (first if short else whole)[workload.name], seconds)
                    if "skip" in report:
                        outcome.skips[engine.name] = report["skip"]
                        continue
                    outcome.versions[engine.name] = report["version"]
                    samples.setdefault((engine.name, workload.name), []).append(report["median_us"])
                    if report["results"]:  # checkdmarc has none: it gives no verdict
                        results.setdefault(workload.name, {})[engine.name] = report["results"]
    outcome.times.update({key: median(times) for key, times in samples.items()})
    for workload in workloads:
        outcome.faults.extend(_faults(workload, results.get(workload.name, {})))
    return outcome


def _run(engine: Engine, path: Path, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", f"bench.comparison.{engine.script}", str(path), str(seconds)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine.name} failed on {path.stem}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _faults(workload: Workload, results: dict[str, list[str]]) -> list[str]:
    """What the engines came to that they should not, and where they disagree."""
    faults = []
    for engine, found in results.items():
        faults += [f"{engine}: {fault}" for fault in workload.first(len(found)).faults(found)]
        if engine == OURS or OURS not in results:
            continue
        pairs = zip(workload.checks, results[OURS], found, strict=False)
        faults += [
            f"{workload.name}: {check.ip} for {check.sender}: {OURS} has {our}, {engine} has {other}"
            for check, our, other in pairs
            if our != other
        ]
    return faults


def tables(outcome: Outcome, names: Sequence[str]) -> str:
    """Return the comparison as Markdown: medians, and how many times faster than the first rival each engine is."""
    engines = [engine for engine in ENGINES if engine.name in outcome.versions]
    head = "| | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names)
    lines = ["Median µs of a check:", "", head]
    for engine in engines:
        cells = [outcome.times.get((engine.name, name)) for name in names]
        shown = ["" if cell is None else _figure(cell) for cell in cells]
        lines.append(f"| {engine.name} {outcome.versions[engine.name]}, {engine.language} | {' | '.join(shown)} |")
    for base in BASES:
        if base not in outcome.versions:
            continue
        lines += ["", f"Times as fast as {base}:", "", head]
        for engine in engines:
            if engine.name != base and (base == BASES[0] or engine.name.startswith(OF_OURS)):
                ratios = [_ratio(outcome, engine.name, base, name) for name in names]
                lines.append(f"| {engine.name} | {' | '.join(ratios)} |")
    lines += [f"\nNot measured: {engine}, since {reason}." for engine, reason in outcome.skips.items()]
    return "\n".join(lines)


def _ratio(outcome: Outcome, engine: str, base: str, workload: str) -> str:
    ours, theirs = outcome.times.get((engine, workload)), outcome.times.get((base, workload))
    return "" if ours is None or theirs is None else _figure(theirs / ours)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    """Return what this was measured on, in one line."""
    model = platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        pass
    else:
        model = next((line.partition(": ")[2] for line in text.splitlines() if line.startswith("model name")), model)
    load = f", load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return f"CPython {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores of {model}{load}"


def smoke(workload: Workload) -> Workload:
    """Return a small part of a workload: enough to see that everything runs, and that results agree."""
    return workload.first(200 if workload.is_cold else 50)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and return 1 where results disagree."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="each engine once and briefly: do they run and agree?")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine on each workload (default 5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="CPU time of a turn, about (default 0.5)")
    parser.add_argument("--workloads", default=",".join(NAMES), help="which, separated by commas (default all)")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the tables and a chart of them there")
    options = parser.parse_args(arguments)
    names = [name for name in options.workloads.split(",") if name]
    workloads = [load(name) for name in names]
    rounds, seconds = options.rounds, options.seconds
    if options.smoke:
        workloads, rounds, seconds = [smoke(workload) for workload in workloads], 1, 0.0
    outcome = compare(workloads, rounds, seconds)
    told = f"{tables(outcome, names)}\n\n{machine()}; {rounds} rounds of {seconds:g} s.\n"
    print(told)
    if options.docs is not None and not outcome.faults:
        from bench.figures import write_figures

        write_figures(options.docs, told, outcome.times, names)
    for fault in outcome.faults[:50]:
        print(f"DISAGREEMENT: {fault}", file=sys.stderr)
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
