"""Measure all engines on the same workloads in one run, in turns, and print tables in Markdown.

    bench/install                 (once: the rivals; the tables say which ones are missing)
    python -m bench.compare [--smoke] [--rounds N] [--seconds S] [--workloads W1,W4] [--docs FOLDER]

With --docs, write the tables and a chart to that folder, as `performance-figures.md` and `performance.svg`.

Every turn is a separate process (`bench.comparison.protocol`). The tables have the median of the rounds, so one busy
moment of the machine does not show; compare the ratios, which hold on other machines too. All results must be what the
workload expects, and agree with each other; if not, the command prints the differences and fails.
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
        name: its name in the tables.
        script: its module in `bench.comparison`.
        compiled: whether it only looks up results that were compiled beforehand.
        language: the language that it is written in.
        only: the workloads to run it on; empty for all.
        slow: whether it takes milliseconds for a check, so that it has one turn on each workload, however many rounds
            there are.
    """

    name: str
    script: str
    compiled: bool = False
    only: tuple[str, ...] = ()
    language: str = "Python"
    slow: bool = False


OURS = "spfengine.check"
OF_OURS = ("spfengine", "Checker", "policy")
"""The prefixes of the names of our own engines."""
BASES = ("pyspf", "libspf2", "blitiri")
"""The engines to compute ratios against: the first for all engines, the others only for ours."""
ENGINES = (
    Engine("pyspf", "with_pyspf"),
    Engine("spftrace", "with_spftrace"),
    Engine("checkdmarc", "with_checkdmarc"),
    Engine("mailauth", "with_mailauth", language="JavaScript"),
    Engine("Mail::SPF", "with_mail_spf", language="Perl", slow=True),
    Engine("libspf2", "with_libspf2", language="C"),
    Engine("blitiri", "with_blitiri", language="Go"),
    Engine(OURS, "with_spfengine"),
    Engine("Checker, from cold", "with_cold_checker"),
    Engine("Checker, warm", "with_checker", compiled=True),
    Engine("policy.check", "with_policy", compiled=True),
    Engine("policy.check_many", "with_check_many", compiled=True, only=("W4", "W7")),
    Engine("policy.check_array", "with_check_array", compiled=True, only=("W4", "W7")),
    Engine("plain loop", "with_plain_loop", compiled=True, only=("W4", "W7")),
)

FIRST = 2_000
"""How many checks of W7 to run on engines that evaluate each one; the checks are in random order."""


class Outcome(NamedTuple):
    """The result of a comparison: the median µs of a check by (engine, workload), versions, skips and disagreements."""

    times: dict[tuple[str, str], float]
    versions: dict[str, str]
    skips: dict[str, str]
    faults: list[str]


def compare(workloads: Sequence[Workload], rounds: int, seconds: float) -> Outcome:
    """Measure all engines on these workloads; in each round, every engine that is not slow has one turn on each."""
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
                    if engine.name in outcome.skips or not _has_turn(engine, workload.name, turn):
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


def _has_turn(engine: Engine, workload: str, turn: int) -> bool:
    return not (engine.only and workload not in engine.only) and not (engine.slow and turn > 0)


def _run(engine: Engine, path: Path, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", f"bench.comparison.{engine.script}", str(path), str(seconds)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine.name} failed on {path.stem}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _faults(workload: Workload, results: dict[str, list[str]]) -> list[str]:
    """Return the wrong results, and the results on which engines disagree."""
    faults = []
    for engine, theirs in results.items():
        faults += [f"{engine}: {fault}" for fault in workload.first(len(theirs)).faults(theirs)]
        if engine == OURS or OURS not in results:
            continue
        pairs = zip(workload.checks, results[OURS], theirs, strict=False)
        faults += [
            f"{workload.name}: {check.ip} for {check.sender}: {OURS} has {our}, {engine} has {other}"
            for check, our, other in pairs
            if our != other
        ]
    return faults


def tables(outcome: Outcome, names: Sequence[str]) -> str:
    """Return the comparison as Markdown: the medians, and the ratios to the engines in BASES."""
    engines = [engine for engine in ENGINES if engine.name in outcome.versions]
    head = "| | " + " | ".join(names) + " |\n|---|" + "---:|" * len(names)
    lines = ["Median µs of a check:", "", head]
    for engine in engines:
        cells = [outcome.times.get((engine.name, name)) for name in names]
        texts = ["" if cell is None else _figure(cell) for cell in cells]
        lines.append(f"| {engine.name} {outcome.versions[engine.name]}, {engine.language} | {' | '.join(texts)} |")
    for base in BASES:
        if base not in outcome.versions:
            continue
        lines += ["", f"Times as fast as {base}:", "", head]
        for engine in engines:
            if engine.name != base and (base == BASES[0] or engine.name.startswith(OF_OURS)):
                ratios = [_ratio(outcome, engine.name, base, name) for name in names]
                lines.append(f"| {engine.name} | {' | '.join(ratios)} |")
    slow = " and ".join([engine.name for engine in engines if engine.slow])
    lines += [f"\n{slow} takes so long that it had only one turn on each workload."] if slow else []
    lines += [f"\nNot measured: {engine}, because {reason}." for engine, reason in outcome.skips.items()]
    return "\n".join(lines)


def _ratio(outcome: Outcome, engine: str, base: str, workload: str) -> str:
    ours, theirs = outcome.times.get((engine, workload)), outcome.times.get((base, workload))
    return "" if ours is None or theirs is None else _figure(theirs / ours)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    """Return a line that describes the machine."""
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
    """Return a small part of a workload, enough to see that everything runs and that the results agree."""
    return workload.first(200 if workload.is_cold else 50)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; return 1 if results disagree."""
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("--smoke", action="store_true", help="run each engine once, briefly, to see whether they agree")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine on each workload (default 5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="approximate CPU time of a turn (default 0.5)")
    parser.add_argument("--workloads", default=",".join(NAMES), help="workloads, separated by commas (default all)")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write the tables and a chart to this folder")
    options = parser.parse_args(arguments)
    names = [name for name in options.workloads.split(",") if name]
    workloads = [load(name) for name in names]
    rounds, seconds = options.rounds, options.seconds
    if options.smoke:
        workloads, rounds, seconds = [smoke(workload) for workload in workloads], 1, 0.0
    outcome = compare(workloads, rounds, seconds)
    text = f"{tables(outcome, names)}\n\n{machine()}; {rounds} rounds of {seconds:g} s.\n"
    print(text)
    if options.docs is not None and not outcome.faults:
        from bench.figures import write_figures

        write_figures(options.docs, text, outcome.times, names)
    for fault in outcome.faults[:50]:
        print(f"DISAGREEMENT: {fault}", file=sys.stderr)
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
