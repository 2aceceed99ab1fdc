"""Read every import of a package from its source, those inside functions included."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One import.

    Attributes:
        importer: the module that imports, such as "spfengine.record.parser".
        imported: the module that is imported; for `from package import name`, the submodule if there is one.
        line: its line number.
        types_only: whether it is under `if TYPE_CHECKING:`.
        in_function: whether it is inside a function, and so runs only when that is called.
    """

    importer: str
    imported: str
    line: int
    types_only: bool
    in_function: bool

    @property
    def top(self) -> str:
        """The top-level package of what is imported."""
        return self.imported.partition(".")[0]

    @property
    def is_third_party(self) -> bool:
        """Whether it is from neither the standard library nor the importer's own package."""
        return self.top not in sys.stdlib_module_names and self.top != self.importer.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules_of(package: Path) -> dict[str, Path]:
    """Return the modules of a package by their dotted names."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [*path.relative_to(package.parent).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


@cache
def imports_of(package: Path) -> list[Import]:
    """Return every import of every module of a package."""
    modules = modules_of(package)
    found: list[Import] = []
    for name, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        found += _imports(tree, name, path.name == "__init__.py", modules, False, False)
    return found


def _imports(
    node: ast.AST, importer: str, is_package: bool, modules: dict[str, Path], types_only: bool, in_function: bool
) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(importer, alias.name, node.lineno, types_only, in_function)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            up = importer.split(".")
            up = up[: len(up) - node.level + is_package]
            base = ".".join([*up, base] if base else up)
        for alias in node.names:
            submodule = f"{base}.{alias.name}"
            yield Import(importer, submodule if submodule in modules else base, node.lineno, types_only, in_function)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "import_module",
        "importlib.import_module",
        "__import__",
    ):
        yield Import(importer, _named(node.args[0] if node.args else None), node.lineno, types_only, in_function)
    inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
        for statement in node.body:
            yield from _imports(statement, importer, is_package, modules, True, in_function)
        for statement in node.orelse:
            yield from _imports(statement, importer, is_package, modules, types_only, in_function)
        return
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, importer, is_package, modules, types_only, inside)


def _named(argument: ast.expr | None) -> str:
    """Return the argument of import_module(): for `f"package.{name}"` the package, and "?" if it is not a literal."""
    if isinstance(argument, ast.JoinedStr):
        argument = argument.values[0]
        package = str(argument.value) if isinstance(argument, ast.Constant) else ""
        return package.rpartition(".")[0] or "?"
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else "?"
