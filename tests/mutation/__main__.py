"""Take a sample of a package's mutants, run its tests on each, and print those that survive."""

import ast
import difflib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[2]

TESTS = {name: [f"tests/{name}"] for name in ("record", "evaluation", "policy", "evidence", "advice")}
"""The tests of each package: those of its own folder, which are quick."""
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
_LEFT_OUT = ("NumberReplacer",)
"""Operators of cosmic-ray that are left out on lines of constants: a bound that is one higher promises nothing else."""
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one place.

    Attributes:
        path: the module, relative to the checkout.
        operator: cosmic-ray's name of what is changed.
        occurrence: which of the places in the module it is.
        line, column: its place in the module.
    """

    path: str
    operator: str
    occurrence: int
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.operator.partition('/')[2]} {self.occurrence}"


def mutants(package: str) -> list[Mutant]:
    """Return all mutants of a package, but for annotations, the arguments of `dataclass`, and `__repr__`."""
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    found = []
    for path in sorted((REPOSITORY / "spfengine" / package).rglob("*.py")):
        module = get_ast_from_path(path)
        ignored, constants = _ignored(path.read_text(encoding="utf-8")), _constants(path)
        for name in sorted(operator_names()):
            operator = get_operator(name)
            if operator.arguments():
                continue
            places = [at for node in ast_nodes(module) for at in operator().mutation_positions(node)]
            for occurrence, ((line, column), _) in enumerate(places):
                is_ignored = any(_is_in(node, line, column) for node in ignored)
                if not is_ignored and not (line in constants and name.endswith(_LEFT_OUT)):
                    found.append(Mutant(str(path.relative_to(REPOSITORY)), name, occurrence, line, column))
    return found


def _ignored(source: str) -> "list[ast.expr | ast.stmt]":
    """Return the nodes without mutants: annotations and imports for types compute nothing, `__repr__` is for people, and
    frozen or slotted dataclasses are the same to tests.
    """
    found: list[ast.expr | ast.stmt | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [node.returns, *[each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg)]]
            found += [node] if node.name == "__repr__" else []
        elif isinstance(node, ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.ClassDef):
            found += node.decorator_list
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.append(node)
    return [node for node in found if node is not None]


def _is_in(node: "ast.expr | ast.stmt", line: int, column: int) -> bool:
    last = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset) <= (line, column) < last


def _constants(path: Path) -> set[int]:
    """Return the lines of assignments at the top of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {line for node in assigned for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def mutated(mutant: Mutant, source: bytes) -> bytes:
    """Return the source of a module with the change."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    changed = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
    assert changed is not None, mutant
    return changed.encode() if isinstance(changed, str) else changed


def survives(mutant: Mutant, checkout: Path, tests: list[str]) -> bool:
    """Whether no test notices a mutant."""
    path = checkout / mutant.path
    source = path.read_bytes()
    path.write_bytes(mutated(mutant, source))
    try:
        return pass_in(checkout, tests)
    finally:
        path.write_bytes(source)


def changed_lines(mutant: Mutant) -> str:
    """Return the lines that differ, before and after."""
    source = (REPOSITORY / mutant.path).read_bytes()
    lines = [text.decode().splitlines() for text in (source, mutated(mutant, source))]
    return "".join(
        f"  {line}\n" for line in difflib.unified_diff(*lines, n=0, lineterm="") if line[:2] not in ("--", "++", "@@")
    )


def pass_in(checkout: Path, tests: list[str]) -> bool:
    """Whether tests pass, and end, in a checkout."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(checkout), "CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("SPFENGINE_SHARED", str(REPOSITORY.parent / "shared"))
    try:
        ended = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def main(arguments: list[str]) -> int:
    """Run a sample; return how many of it survive."""
    package, count, *seed = arguments
    every: dict[tuple[str, int, int], list[Mutant]] = {}
    for mutant in mutants(package):
        every.setdefault((mutant.path, mutant.line, mutant.column), []).append(mutant)
    chance = Random(int(seed[0]) if seed else 0)
    # One mutant of a place: `+` has twelve, nearly all of which raise TypeError, and would make the score look better.
    sample = [chance.choice(every[place]) for place in chance.sample(sorted(every), min(int(count), len(every)))]
    survivors = []
    with TemporaryDirectory() as folder:
        checkout = Path(folder) / "checkout"
        copytree(REPOSITORY, checkout, ignore=ignore_patterns(".git", ".venv", "__pycache__", ".*_cache"))
        if not pass_in(checkout, TESTS[package]):
            raise SystemExit(f"the tests of {package} fail before anything is changed")
        for mutant in sample:
            if survives(mutant, checkout, TESTS[package]) and survives(mutant, checkout, _OTHERS[package]):
                survivors.append(mutant)
                sys.stdout.write(f"survives: {mutant}\n{changed_lines(mutant)}")
                sys.stdout.flush()
    killed = len(sample) - len(survivors)
    sys.stdout.write(
        f"{package}: {killed} of {len(sample)} killed ({100 * killed / len(sample):.0f} %, "
        f"expected {TARGETS[package]} %), of {len(every)} places\n"
    )
    return len(survivors)


if __name__ == "__main__":
    main(sys.argv[1:])
