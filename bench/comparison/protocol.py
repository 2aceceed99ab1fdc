"""What the scripts of a comparison share: each is started with a workload's file, and prints one line of JSON.

    python -m bench.comparison.with_ENGINE FILE SECONDS

FILE is as `bench.workloads` reads it. The engine gets every DNS answer ready-made and in memory, in the form that it
takes quickest; making them is not measured. A pass makes all checks of the file, one after the other; passes go on for
about SECONDS, and each gives the CPU time of a check: nothing here waits, and CPU time shows less of what else the
machine does. Printed is `{"engine", "version", "median_us", "passes", "results"}`, or `{"engine", "skip"}`, which says
why it can't run here. A script in another language may do the same.

In a cold workload each pass begins with nothing known; in all others with everything that an engine keeps.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, NoReturn

from bench.workloads import Check, Workload, read

Run = Callable[[Sequence[Check]], list[Any]]
"""Makes the checks and returns the result of each, letting go of all else that the engine returned, as callers do."""

_PASS = 160  # checks: a shorter list is repeated, so that the loop around it does not show
_SAMPLE = 0.02  # seconds: a pass shorter than that is repeated, for the clock's sake


def main(engine: str, version: str, prepare: Callable[[Workload], Run], result: Callable[[Any], str] = str) -> None:
    """Measure one engine on the workload that the command line names.

    Args:
        engine, version: how the engine is called.
        prepare: makes an engine that knows nothing yet but the answers of this workload.
        result: makes the text of a result, "pass" and so on, of what a run returned for it; not measured.
    """
    workload = read(Path(sys.argv[1]))
    count = len(workload.checks)
    if not workload.is_cold:
        workload = workload._replace(checks=workload.checks * max(1, _PASS // count))
    median_us, passes, returned = measure(workload, prepare, float(sys.argv[2]))
    results = [result(each) for each in returned[:count]]
    report = {"engine": engine, "version": version, "median_us": median_us, "passes": passes, "results": results}
    print(json.dumps(report))


def skip(engine: str, reason: str) -> NoReturn:
    """Say why this engine can't be measured here, and end."""
    print(json.dumps({"engine": engine, "skip": reason}))
    sys.exit()


def measure(workload: Workload, prepare: Callable[[Workload], Run], seconds: float) -> tuple[float, int, list[Any]]:
    """Return the median CPU time of a check in µs, how many passes were made, and what the first pass returned."""
    checks = workload.checks
    run = prepare(workload)
    begin = process_time()
    returned = run(checks)
    samples = [process_time() - begin] if workload.is_cold else []
    repeats = 1
    if not workload.is_cold:
        begin = process_time()
        run(checks)
        repeats = max(1, round(_SAMPLE / max(process_time() - begin, 1e-9)))
    end = process_time() + seconds
    while not samples or process_time() < end:
        if workload.is_cold:
            run = prepare(workload)
        begin = process_time()
        for _ in range(repeats):
            run(checks)
        samples.append((process_time() - begin) / repeats)
    return median(samples) / len(checks) * 1e6, len(samples), returned


RIVALS = Path(os.environ.get("SPFENGINE_RIVALS") or Path(__file__).parents[1] / ".rivals")
"""Where `bench/install` puts the rivals that are not in Python."""
PROGRAMS = Path(__file__).parent / "rivals"


def foreign(engine: str, program: Path, command: Sequence[str]) -> None:
    """Let a program in another language measure the workload that the command line names; it prints the report.

    Args:
        engine: how the engine is called.
        program: what must be there for it to run.
        command: starts it; the workload's file and the seconds go behind it.
    """
    if not program.exists() or shutil.which(command[0]) is None:
        skip(engine, "it is not there: bench/install installs it")
    done = subprocess.run(
        [*command, sys.argv[1], sys.argv[2]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NODE_PATH": str(RIVALS / "node_modules")},
    )
    if done.returncode:
        told = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        skip(engine, f"it failed: {told[0]}")
    print(done.stdout, end="")
