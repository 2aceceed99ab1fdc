"""What the scripts of a comparison share: each reads a workload file, and prints one line of JSON.

    python -m bench.comparison.with_ENGINE FILE SECONDS

FILE has the format of `bench.workloads`. The engine gets every DNS answer ready-made and in memory, in the form that it
takes quickest; making the answers is not measured. A pass makes all checks of the file, one after the other. Passes are
repeated for about SECONDS, and each gives the CPU time of a check: nothing here waits, and CPU time depends less on
what else the machine does. The script prints `{"engine", "version", "median_us", "passes", "results"}`, or `{"engine",
"skip"}` with the reason why it can't run here. Scripts in other languages do the same.

In a cold workload, each pass starts with nothing cached; in all others, with everything that an engine keeps.
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

Run = Callable[[Sequence[Check]], Any]
"""Makes the checks and returns the result of each, in a list or a column; what else the engine returned is freed."""

_PASS = 160  # checks: a shorter list is repeated, so that the cost of the loop does not show
_SAMPLE = 0.02  # seconds: a shorter pass is repeated, since the clock is not precise enough for it


def main(engine: str, version: str, prepare: Callable[[Workload], Run], result: Callable[[Any], str] = str) -> None:
    """Measure one engine on the workload that the command line names.

    Args:
        engine, version: the name and version of the engine.
        prepare: makes an engine that has the answers of this workload, and nothing cached.
        result: converts what a run returned for a check to "pass" and so on; not measured.
    """
    workload = read(Path(sys.argv[1]))
    count = len(workload.checks)
    if not workload.is_cold:
        workload = workload._replace(checks=workload.checks * max(1, _PASS // count))
    median_us, passes, returned = measure(workload, prepare, float(sys.argv[2]))
    results = [result(value) for value in returned[:count]]
    report = {"engine": engine, "version": version, "median_us": median_us, "passes": passes, "results": results}
    print(json.dumps(report))


def skip(engine: str, reason: str) -> NoReturn:
    """Report why this engine can't be measured here, and exit."""
    print(json.dumps({"engine": engine, "skip": reason}))
    sys.exit()


def measure(workload: Workload, prepare: Callable[[Workload], Run], seconds: float) -> tuple[float, int, list[Any]]:
    """Return the median CPU time of a check in µs, the number of passes, and what the first pass returned."""
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
"""The folder for rivals that are not in Python; `bench/install` fills it."""
PROGRAMS = Path(__file__).parent / "rivals"


def foreign(engine: str, program: Path, command: Sequence[str]) -> None:
    """Run a program in another language that measures the workload and prints the report.

    Args:
        engine: the engine's name.
        program: the file that must exist for it to run.
        command: the command; the workload's file and the seconds are appended.
    """
    if not program.exists() or shutil.which(command[0]) is None:
        skip(engine, "it is not installed: run bench/install")
    done = subprocess.run(
        [*command, sys.argv[1], sys.argv[2]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NODE_PATH": str(RIVALS / "node_modules")},
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        skip(engine, f"it failed: {reason[0]}")
    print(done.stdout, end="")
