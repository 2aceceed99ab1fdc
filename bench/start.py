"""Measure what starting costs, against a bare interpreter and spftrace in the same run.

    python -m bench.start

Each program is a separate process, in turns, and its CPU time is what the system reports. Prints a table in Markdown
with the median, in ms and in bare interpreters. A second table has what `spfengine check` imports, as measured by
`python -X importtime` (which makes imports slower).
"""

import os
import subprocess
import sys
from collections import defaultdict
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from bench.workloads import REPOSITORY

_ROUNDS = 21
_ENGINE = "import spfengine; spfengine.check, spfengine.acheck, spfengine.parse, spfengine.Zone"
_CHECK = ["check", "23.83.218.24", "alice@seed.example", "--zone", "examples/seed.zone"]
_SCRIPT = "import sys; from spfengine.cli.app import main; sys.exit(main())"  # as pip writes it

PROGRAMS: dict[str, list[str]] = {
    "a bare interpreter": ["-c", "pass"],
    "import spfengine": ["-c", "import spfengine"],
    "import spfengine, and the names of the engine": ["-c", _ENGINE],
    "import spftrace": ["-c", "import spftrace"],
    "import spf (pyspf)": ["-c", "import spf"],
    "`python -m spfengine check`, offline, piped": ["-m", "spfengine", *_CHECK],
    "`python -m spfengine check`, offline, piped, --json": ["-m", "spfengine", *_CHECK, "--json"],
    "`spfengine check`, the installed script": ["-c", _SCRIPT, *_CHECK],
    "import click": ["-c", "import click"],
}
_OURS = "spfengine"
_STDLIB = "the standard library"
_PACKAGES = ("cli", "evaluation", "record", "resolvers")


# As for users: modules have been compiled before, and output is buffered.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def cpu_ms(arguments: list[str]) -> float:
    """Return the CPU time of a Python program in ms."""
    before = getrusage(RUSAGE_CHILDREN)
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, env=_ENVIRONMENT)
    after = getrusage(RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def import_ms() -> tuple[dict[str, list[str]], dict[str, float]]:
    """Return the modules that a check imports, and the median ms that they take, by package."""
    groups: dict[str, list[str]] = defaultdict(list)
    times: dict[str, list[float]] = defaultdict(list)
    for turn in range(_ROUNDS):
        command = [sys.executable, "-X", "importtime", "-m", "spfengine", *_CHECK]
        output = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=_ENVIRONMENT
        ).stderr
        total: dict[str, float] = defaultdict(float)
        runs_module = False
        for line in output.splitlines()[1:]:
            own, _, name = line.removeprefix("import time:").split("|")
            group = _group(name.strip(), runs_module=runs_module)
            runs_module = runs_module or name.strip() == "runpy"
            total[group] += int(own) / 1e3
            if not turn:
                groups[group].append(name.strip())
        for group, each in total.items():
            times[group].append(each)
    return groups, {group: median(each) for group, each in times.items()}


def _group(name: str, *, runs_module: bool) -> str:
    if name.partition(".")[0] == _OURS:
        package = name.partition(".")[2].partition(".")[0]
        return f"`{_OURS}.{package}`" if package in _PACKAGES else f"`{_OURS}`: its top-level modules"
    return _STDLIB if runs_module else "the interpreter itself, `site`, and what `-m` needs"


def main() -> None:
    """Measure and print."""
    for arguments in PROGRAMS.values():
        cpu_ms(arguments)  # compiles modules that are not compiled yet
    samples: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(_ROUNDS):
        for name in PROGRAMS if turn % 2 else reversed(PROGRAMS):
            samples[name].append(cpu_ms(PROGRAMS[name]))
    times = {name: median(each) for name, each in samples.items()}
    bare = times["a bare interpreter"]
    print("| | ms | above a bare interpreter, ms | bare interpreters |\n|---|---:|---:|---:|")
    for name, time in times.items():
        print(f"| {name} | {time:.0f} | {time - bare:.0f} | {time / bare:.2f} |")
    groups, own = import_ms()
    print("\n| Imported | modules | ms |\n|---|---:|---:|")
    for group, names in groups.items():
        print(f"| {group} | {len(names)} | {own[group]:.1f} |")
    print(f"\nModules of the standard library: {', '.join(sorted(groups[_STDLIB]))}")


if __name__ == "__main__":
    main()
