"""Measure how many mutants of a package its tests notice; without a package, try the sample that CI tries."""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.known import SAMPLE, SURVIVORS, explained, first_to_notice, write_sample
from tests.mutation.mutants import Mutant, change, places, sample
from tests.mutation.running import Changed, Reached, copy_to, reached, run_tests

TESTS = {name: [f"tests/{name}"] for name in ("record", "evaluation", "policy", "evidence", "advice")}
"""The tests of each package: those of its own folder."""
_OTHERS = {
    "record": ["tests/lint", "tests/cases", "tests/cli/test_lint.py"],
    "evaluation": ["tests/cases", "tests/checker", "tests/prefetch", "tests/hostile"],
    "policy": [
        "tests/simulation",
        "tests/lint",
        "tests/advice",
        "tests/hostile",
        "tests/checker",
        "tests/cli/test_tree.py",
    ],
    "evidence": ["tests/advice", "tests/cli", "tests/dmarc"],
    "advice": ["tests/cli", "tests/lint"],
}
"""The tests of the packages that use it, for mutants that its own do not notice."""
TARGETS = {"record": 90, "evaluation": 90, "policy": 90, "evidence": 80, "advice": 80}
"""How many mutants of a hundred the tests must notice."""


_SAMPLED, _SEED = 6, 0
"""The sample that CI tries: how many mutants of each package, and the seed of the hashes that choose them."""


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
    """Run the tests that reach a mutant, those of the package first, which notice most; then all of the package: some
    results are cached, and some tests start programs.
    """
    work = _works[0]
    chosen = work.reached.tests_of(mutant)
    own = tuple(TESTS[work.package])
    files = sorted({test.partition("::")[0] for test in chosen})
    of_own = [file for file in files if file.startswith(own)]
    with Changed(work.checkout, mutant):
        for some, where in ((chosen, of_own), (chosen, [file for file in files if file not in of_own]), (None, own)):
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


def measure(package: str, count: int, seed: int, jobs: int) -> None:
    """Print the mutants of a sample that survive without a reason in survivors.md, and the score."""
    every = places(package)
    mutants = sample(every, count, seed)
    known = explained(SURVIVORS.read_text(encoding="utf-8"))
    survivors = with_reason = 0
    for verdict in judged(package, mutants, jobs):
        if verdict.survives:
            survivors += 1
            if change(verdict.mutant) in known:
                with_reason += 1
            else:
                _print(verdict.mutant)
    killed = len(mutants) - survivors
    sys.stdout.write(
        f"{package}: {killed} of {len(mutants)} killed ({100 * killed / len(mutants):.0f} %, "
        f"expected {TARGETS[package]} %), of {len(every)} places, seed {seed}; "
        f"survivors.md explains {with_reason} of the other {survivors}\n"
    )


def _print(mutant: Mutant) -> None:
    found = change(mutant)
    sys.stdout.write(f"survives: {mutant}\n{found.path}\n- {found.before}\n+ {found.after}\n")
    sys.stdout.flush()


def check_sample(*, keep: bool) -> int:
    """Return how many mutants of the fixed sample survive without a reason in survivors.md.

    Each is tried with the test that noticed it before, and with the tests of its package only if that one is silent.

    Args:
        keep: whether to write what noticed them for the next time.
    """
    survivors = explained(SURVIVORS.read_text(encoding="utf-8"))
    known = first_to_notice() if SAMPLE.exists() else {}
    noticed = {}
    unexplained = 0
    with TemporaryDirectory(prefix="spfengine-mutation-") as name:
        checkout = copy_to(Path(name))
        for package in TESTS:
            for mutant in sample(places(package), _SAMPLED, _SEED):
                found = change(mutant)
                if found in survivors:
                    continue
                test = _noticing(mutant, checkout, package, known.get(found))
                if test is not None:
                    noticed[found] = test
                else:
                    unexplained += 1
                    _print(mutant)
    if keep:
        write_sample(noticed)
    sys.stdout.write(f"{len(noticed)} noticed, {unexplained} survive that survivors.md does not name\n")
    return unexplained


def _noticing(mutant: Mutant, checkout: Path, package: str, known: str | None) -> str | None:
    """Return the test that notices a mutant, "" if it is not known which does; None if none does."""
    with Changed(checkout, mutant):
        if known:
            passed, _ = run_tests(checkout, [known.partition("::")[0]], chosen=[known])
            if not passed:
                return known
        passed, failed = run_tests(checkout, TESTS[package])
        return None if passed else failed or ""


def main(arguments: list[str]) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", choices=sorted(TESTS), nargs="?", help="default: the fixed sample of all packages")
    parser.add_argument("count", type=int, nargs="?", default=100, help="how many mutants")
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    parser.add_argument("--keep", action="store_true", help="write sample.json: what notices the mutants of the sample")
    options = parser.parse_args(arguments)
    if options.package is None:
        return 1 if check_sample(keep=options.keep) else 0
    measure(options.package, options.count, options.seed, options.jobs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
