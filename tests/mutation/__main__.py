"""Measure how many mutants of a package its tests notice, or keep the results of the sample that CI repeats."""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.mutants import Mutant, change, places, sample
from tests.mutation.running import Changed, copy_to, reached, run_tests, tests_of

TESTS = {name: [f"tests/{name}"] for name in ("record", "evaluation", "policy", "evidence", "advice")}
"""The tests of each package: those of its own folder."""
_OTHERS = {
    "record": ["tests/lint", "tests/cases", "tests/cli/test_lint.py"],
    "evaluation": ["tests/cases", "tests/checker", "tests/prefetch", "tests/hostile"],
    "policy": ["tests/simulation", "tests/lint", "tests/advice", "tests/hostile", "tests/checker"],
    "evidence": ["tests/advice", "tests/cli", "tests/dmarc"],
    "advice": ["tests/cli", "tests/lint"],
}
"""The tests of the packages that use it, for mutants that its own do not notice."""
TARGETS = {"record": 90, "evaluation": 90, "policy": 90, "evidence": 80, "advice": 80}
"""How many mutants of a hundred the tests must notice."""


Reached = dict[str, dict[int, set[str]]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the tests notice a mutant, and the first that does, if it can be known."""

    mutant: Mutant
    survives: bool
    noticed_by: str | None = None


@dataclass
class _Work:
    """What a process that judges mutants works with: its own copy of the checkout, and the tests of each line."""

    package: str
    checkout: Path
    reached: Reached


_works: list[_Work] = []


def _begin(package: str, folder: Path, lines: Reached) -> None:
    _works.append(_Work(package, copy_to(folder), lines))


def _judge(mutant: Mutant) -> Verdict:
    """Run the tests that reach a mutant, and then all of the package: some results are cached, and some tests start
    programs.
    """
    work = _works[0]
    chosen = tests_of(mutant, work.reached)
    own = tuple(TESTS[work.package])
    files = sorted({test.partition("::")[0] for test in chosen}, key=lambda file: (not file.startswith(own), file))
    with Changed(work.checkout, mutant):
        for some, where in ((chosen, files), (None, own)):
            passed, failed = run_tests(work.checkout, where, chosen=some) if where else (True, None)
            if not passed:
                return Verdict(mutant, survives=False, noticed_by=failed)
    return Verdict(mutant, survives=True)


def judged(package: str, mutants: list[Mutant], jobs: int) -> Iterator[Verdict]:
    """Yield whether the tests notice each of these mutants of a package."""
    with TemporaryDirectory(prefix="spfengine-mutation-") as name:
        folder = Path(name)
        lines = reached(copy_to(folder), package, [*TESTS[package], *_OTHERS[package]])
        context = get_context("fork")
        with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(package, folder, lines)) as pool:
            yield from pool.map(_judge, mutants)


def main(arguments: list[str]) -> None:
    """Print the mutants of a sample that survive, and the score."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", choices=sorted(TESTS))
    parser.add_argument("count", type=int, help="how many mutants")
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    options = parser.parse_args(arguments)
    every = places(options.package)
    mutants = sample(every, options.count, options.seed)
    survivors = 0
    for verdict in judged(options.package, mutants, options.jobs):
        if verdict.survives:
            survivors += 1
            found = change(verdict.mutant)
            sys.stdout.write(f"survives: {verdict.mutant}\n  - {found.before}\n  + {found.after}\n")
            sys.stdout.flush()
    killed = len(mutants) - survivors
    sys.stdout.write(
        f"{options.package}: {killed} of {len(mutants)} killed ({100 * killed / len(mutants):.0f} %, "
        f"expected {TARGETS[options.package]} %), of {len(every)} places, seed {options.seed}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
