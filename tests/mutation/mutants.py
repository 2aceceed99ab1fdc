"""The mutants of a package: their places, how a module reads with one of them, and which of them make a sample."""

import ast
import difflib
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

REPOSITORY = Path(__file__).resolve().parents[2]

_LEFT_OUT = ("Is_Eq", "IsNot_NotEq", "RemoveDecorator")
"""Operators of cosmic-ray that are left out: `is` is for None, enums and families, each equal to itself only; and most
decorators only make something faster."""
_NUMBERS = "NumberReplacer"
"""Left out on lines of constants: a bound that is one higher promises nothing else."""

_Node: TypeAlias = ast.expr | ast.stmt


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one place.

    Attributes:
        path: the module, relative to the checkout.
        operator: cosmic-ray's name of what is changed.
        occurrence: which of the operator's places in the module it is.
        line, column: its place in the module.
    """

    path: str
    operator: str
    occurrence: int
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.operator.partition('/')[2]}"


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutant changes in the text of its module: the name by which survivors.md and sample.json know it."""

    path: str
    before: str
    after: str


def places(package: str) -> dict[tuple[str, int, int], list[Mutant]]:
    """Return the places of a package that can be changed, each with its mutants.

    Annotations, decorators, `__repr__`, and how much of a text `visible` shows are left out.
    """
    from cosmic_ray.ast import ast_nodes, get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    names = [name for name in sorted(operator_names()) if not name.endswith(_LEFT_OUT)]
    operators = {name: get_operator(name) for name in names}
    found: dict[tuple[str, int, int], list[Mutant]] = {}
    for path in sorted((REPOSITORY / "spfengine" / package).rglob("*.py")):
        nodes = list(ast_nodes(get_ast_from_path(path)))
        text = path.read_text(encoding="utf-8")
        tree, lines = ast.parse(text), text.split("\n")
        ignored, constants = _ignored(tree), _constants(tree)
        for name, operator in operators.items():
            if operator.arguments():
                continue
            positions = [at for node in nodes for at in operator().mutation_positions(node)]
            for occurrence, ((line, column), _) in enumerate(positions):
                is_constant = line in constants and name.endswith(_NUMBERS)
                is_star = lines[line - 1].startswith("*,", column)  # of a signature; cosmic-ray takes it for a product
                octets = len(lines[line - 1][:column].encode())  # in which `ast` counts columns
                if not (is_constant or is_star) and not any(_is_in(node, line, octets) for node in ignored):
                    mutant = Mutant(str(path.relative_to(REPOSITORY)), name, occurrence, line, column)
                    found.setdefault((mutant.path, line, column), []).append(mutant)
    return found


def _ignored(tree: ast.Module) -> list[_Node]:
    """Return the nodes without mutants.

    Annotations and imports for types compute nothing, `__repr__` is for people, frozen, slotted or cached is the same
    to tests, and how many characters of a text a message shows is no promise.
    """
    found: list[_Node | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found += [node.returns, *node.decorator_list]
            found += [each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg)]
            found += [node] if node.name == "__repr__" else []
        elif isinstance(node, ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "visible":
            found += [*node.args[1:], *[keyword.value for keyword in node.keywords]]
        elif isinstance(node, ast.ClassDef):
            found += node.decorator_list
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.append(node)
    return [node for node in found if node is not None]


def _is_in(node: _Node, line: int, column: int) -> bool:
    last = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset) <= (line, column) < last


def _constants(tree: ast.Module) -> set[int]:
    """Return the lines of assignments at the top of a module."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {line for node in assigned for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def sample(every: dict[tuple[str, int, int], list[Mutant]], count: int, seed: int) -> list[Mutant]:
    """Return one mutant each of so many places, chosen by a hash of the path, the text of the line and the operator.

    A change elsewhere in the module, which moves the lines, leaves the others in the sample. One mutant of a place: `+`
    has twelve, nearly all of which raise TypeError, and would make the score look better.
    """
    lines = {path: (REPOSITORY / path).read_text(encoding="utf-8").split("\n") for path, _, _ in every}
    met: Counter[tuple[str, str, int]] = Counter()
    chosen = []
    for (path, line, column), mutants in sorted(every.items()):
        text = lines[path][line - 1]
        place = (path, text.strip(), column - len(text) + len(text.lstrip()))
        met[place] += 1  # the same line may be there twice
        label = (seed, *place, met[place])
        by_hash = {(_digest(*label, mutant.operator), mutant.occurrence): mutant for mutant in mutants}
        chosen.append((_digest(*label), by_hash[min(by_hash)]))
    return [mutant for _, mutant in sorted(chosen, key=lambda each: each[0])[:count]]


def _digest(*parts: object) -> bytes:
    return sha256("\0".join(map(str, parts)).encode()).digest()


def mutated(mutant: Mutant, source: bytes) -> bytes:
    """Return the source of a module with the change."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    changed = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
    assert changed is not None, mutant
    return changed.encode() if isinstance(changed, str) else bytes(changed)


def change(mutant: Mutant) -> Change:
    """Return the lines that differ, before and after."""
    source = (REPOSITORY / mutant.path).read_bytes()
    before, after = (text.decode().splitlines() for text in (source, mutated(mutant, source)))
    differing = [line for line in difflib.ndiff(before, after) if line[:2] in ("- ", "+ ")]
    old, new = ([line[2:].strip() for line in differing if line[0] == sign] for sign in "-+")
    return Change(mutant.path, " ".join(old), " ".join(new))


def lines_of_statement(path: str, line: int) -> range:
    """Return the lines of the smallest statement that a line is in; without its body, if it has one."""
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    node = max(found, key=lambda each: (each.lineno, -(each.end_lineno or 0)), default=None)
    if node is None:
        return range(line, line + 1)
    body = getattr(node, "body", None)
    last = max(line, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return range(node.lineno, last + 1)
