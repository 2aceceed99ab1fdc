"""What starting costs, against bare interpreters and spftrace in the same run:

    python -m bench.start

Each program is a process of its own, in turns; its CPU time is what the system says of it. Printed as a table in
Markdown: the median, in ms and in bare interpreters.
"""

import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

from bench.workloads import REPOSITORY

_ROUNDS = 15
_ENGINE = "import spfengine; spfengine.check, spfengine.acheck, spfengine.parse, spfengine.Zone"
_CHECK = ["check", "23.83.218.24", "alice@seed.example", "--zone", "examples/seed.zone"]

PROGRAMS: dict[str, list[str]] = {
    "a bare interpreter": ["-c", "pass"],
    "import spfengine": ["-c", "import spfengine"],
    "import spfengine, and the names of the engine": ["-c", _ENGINE],
    "import spftrace": ["-c", "import spftrace"],
    "import spf (pyspf)": ["-c", "import spf"],
    "`spfengine check`, offline, piped": ["-m", "spfengine", *_CHECK],
    "`spfengine check`, offline, piped, --json": ["-m", "spfengine", *_CHECK, "--json"],
}


def cpu_ms(arguments: list[str]) -> float:
    """Return the CPU time of a Python program in ms."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, check=False)
    after = getrusage(RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def main() -> None:
    """Measure and print."""
    samples: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for turn in range(_ROUNDS):
        for name in PROGRAMS if turn % 2 else reversed(PROGRAMS):
            samples[name].append(cpu_ms(PROGRAMS[name]))
    times = {name: median(each) for name, each in samples.items()}
    bare = times["a bare interpreter"]
    print("| | ms | above a bare interpreter, ms | bare interpreters |\n|---|---:|---:|---:|")
    for name, time in times.items():
        print(f"| {name} | {time:.0f} | {time - bare:.0f} | {time / bare:.1f} |")


if __name__ == "__main__":
    main()
