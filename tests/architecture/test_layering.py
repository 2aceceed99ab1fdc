"""Imports go downward only, and never between packages of one layer (docs/explanation/architecture.md).

The test reads the source, so imports inside functions count as well.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.imports import Import, imports_of, modules_of

# The packages, lowest layer first. A package is a folder or module of spfengine; names in one string count as one
# package. Modules of a package import each other freely; a package imports packages of lower layers.
LAYERS: list[list[str]] = [
    # 0: vocabulary, where each module is a layer of its own
    ["visible"],
    ["wording"],
    ["frozen"],
    ["reportable"],
    ["errors"],
    ["arguments"],
    ["json_reader"],
    ["json_files"],
    ["written_files"],
    ["problems"],
    ["addresses"],
    ["names"],
    ["special_purpose"],
    ["answers"],
    # 1: syntax
    ["record"],
    # 2: the core, and the resolvers: neither imports the other
    ["evaluation", "resolvers"],
    # 3: what runs the core with a resolver
    ["drivers checks prefetch"],
    # 4: the meaning for all addresses
    ["policy checker"],
    # 5: the uses: the senders of a domain, what is wrong or would change, and what to do
    ["senders", "dmarc", "catalogue"],
    ["linting", "simulation", "evidence", "receiver", "sources"],
    ["advice", "replaying", "surveying", "planning"],
    # 6: results as text; interfaces for other programs and for tests
    ["text"],
    ["report"],
    ["testing", "compat", "policyd", "integrations", "web"],
    # 7: the command line
    ["cli __main__"],
]

# `spfengine/__init__.py` gathers the public names, so it is above all layers; only these packages may import it.
TOP = "spfengine"
EDGE = {"cli", "testing", "compat", "policyd", "web"}

# Modules that import others by names made at run time, to load them when they are first used.
LATE = {TOP, "spfengine.testing", "spfengine.cli.commands"}

# Types that a lower package names in its annotations. Such an import never runs.
TYPES_OF_UPPER_LAYERS = {
    ("errors", "problems"): "RecordSyntaxError has Problems, and a Problem needs no exception",
}

# The views, and the packages whose values have a method that calls them: `render()` calls `text`, and `render_html()`,
# which values inherit, calls `report`.
VIEWS = {
    "text": {"evaluation", "policy checker", "linting", "simulation", "advice", "planning"},
    "report": {"reportable"},
}

# The core has no clock, no randomness and no I/O: it may import only these modules of the standard library.
PURE = {"record", "evaluation"}
PURE_STDLIB = {
    "bisect",
    "collections",
    "contextlib",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "heapq",
    "itertools",
    "math",
    "operator",
    "re",
    "types",
    "typing",
}

# The modules that may import each third party. Those that are rarely needed are imported inside functions.
THIRD_PARTY = {
    "resolvers.resolv_conf": {"dns"},
    "resolvers.dns_messages": {"dns"},
    "resolvers.over_httpx": {"h2", "httpx"},
    "resolvers.over_fetch": {"js", "pyodide"},
    "report.html": {"jinja2", "markupsafe"},
    "resolvers.zone_files": {"yaml"},
    "names": {"idna"},
    "evidence.cells": {"numpy"},
    "evidence.parquet_parts": {"numpy", "pyarrow"},
    "evidence.plain_rows": {"numpy"},
    "evidence.table_parts": {"numpy"},
    "policy.columns": {"numpy"},
    "policy.policy": {"numpy"},  # types only
    "replaying.columns": {"numpy"},
    "dmarc.suffixes": {"publicsuffixlist"},
    "advice.rdap": {"httpx", "whoisit"},
    "testing.pytest_plugin": {"pytest"},
    "testing": {"dnslib"},
    "integrations.octodns": {"octodns"},
    "web.server": {"starlette"},
    "cli": {"click", "rich"},
    "cli.survey_parquet": {"pyarrow"},
    "cli.ui": {"uvicorn"},
}
IN_FUNCTION = {
    "idna",
    "asyncio",
    "numpy",
    "pyarrow",
    "publicsuffixlist",
    "httpx",
    "h2",
    "whoisit",
    "jinja2",
    "markupsafe",
    "js",
    "pyodide",
}
# Modules all of which needs NumPy (and pyarrow). They import it at their top, and are imported inside functions only.
OF_NUMPY = {
    "evidence.cells", "evidence.parquet_parts", "evidence.plain_rows", "evidence.table_parts", "replaying.columns",
}  # fmt: skip


class Package(NamedTuple):
    """A package, and the index of its layer."""

    name: str
    layer: int


PACKAGES = {part: Package(name, layer) for layer, names in enumerate(LAYERS) for name in names for part in name.split()}


def package_of(module: str) -> Package | None:
    """Return the package of a module, or None if no layer has it."""
    return PACKAGES.get(module.split(".")[1])


def faults(folder: Path) -> list[str]:
    """Return a message for each import under `folder` that breaks a rule, and for each module that no layer has."""
    messages = [f"{name} is in no layer" for name in modules_of(folder) if name != TOP and package_of(name) is None]
    for one in imports_of(folder):
        messages += [f"{one}: {fault}" for fault in _faults(one)]
    return messages


def _faults(one: Import) -> list[str]:
    if one.importer == TOP:
        return ["spfengine/__init__.py imports no third party"] if one.is_third_party and one.imported != "?" else []
    package = package_of(one.importer)
    if package is None:
        return []
    inner = one.importer.partition(".")[2]
    if one.imported == "?":
        return [] if one.importer in LATE else ["only the modules in LATE import by a name made at run time"]
    if one.top == TOP:
        return _faults_inside(one, package)
    messages = []
    if one.is_third_party:
        allowed = set().union(*(tops for user, tops in THIRD_PARTY.items() if f"{inner}.".startswith(f"{user}.")))
        if one.top not in allowed:
            messages.append(f"{one.top} may not be imported here")
    elif inner.partition(".")[0] in PURE and one.top not in PURE_STDLIB:
        messages.append("the core does no I/O, and has no clock")
    may_be_at_top = package.name.split()[0] in EDGE or inner in OF_NUMPY
    if not messages and one.top in IN_FUNCTION and not one.in_function and not one.types_only and not may_be_at_top:
        messages.append("only inside the function that needs it")
    return messages


def _faults_inside(one: Import, package: Package) -> list[str]:
    if one.imported == TOP:
        return [] if package.name.split()[0] in EDGE else ["imports spfengine/__init__.py, which is above all layers"]
    target = package_of(one.imported)
    of_numpy = [one.importer.partition(".")[2] in OF_NUMPY, one.imported.partition(".")[2] in OF_NUMPY]
    if of_numpy == [False, True] and not one.in_function and not one.types_only:
        return ["needs NumPy: only inside the function that needs it"]
    if target is None or target == package:
        return []
    if package.name in VIEWS.get(target.name, ()) and one.in_function:
        return []
    if target.layer == package.layer:
        return [f"sideways, from {package.name} to {target.name}"]
    if target.layer > package.layer and not (one.types_only and (package.name, target.name) in TYPES_OF_UPPER_LAYERS):
        return [f"upward, from {package.name} to {target.name}"]
    return []


def test_imports_go_downward_only(repository: Path) -> None:
    messages = faults(repository / "spfengine")
    assert not messages, "\n".join(messages)


def test_the_page_lists_the_same_layers(repository: Path) -> None:
    page = (repository / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in page.split("\n") if re.match(r"\| \d ", line)]
    names = [name for row in rows for name in re.findall(r"`(\w+)/?`", row)]
    assert sorted(names) == sorted(PACKAGES)
    assert names == sorted(names, key=lambda name: PACKAGES[name].layer), "lower layers come first"


def test_every_package_of_a_layer_exists(repository: Path) -> None:
    modules = modules_of(repository / "spfengine")
    assert [name for name in PACKAGES if f"{TOP}.{name}" not in modules] == []


def test_every_exception_is_needed(repository: Path) -> None:
    """An entry that no import needs any more would hide the next wrong import."""
    imports = imports_of(repository / "spfengine")
    third = {(one.importer, one.top) for one in imports if one.is_third_party}
    for user, tops in THIRD_PARTY.items():
        for top in tops:
            assert any(top == t and f"{i}.".startswith(f"{TOP}.{user}.") for i, t in third), f"{user} needs no {top}"
    assert {one.importer for one in imports if one.imported == "?"} | {"spfengine.cli.commands"} == LATE
    pairs = {(one.importer.split(".")[1], one.imported.split(".")[1]) for one in imports if _is_inner(one)}
    assert pairs >= set(TYPES_OF_UPPER_LAYERS)
    for view, packages in VIEWS.items():
        rendered = {PACKAGES[i].name for i, imported in pairs if imported == view and i in PACKAGES}
        assert rendered >= packages, view


def _is_inner(one: Import) -> bool:
    return one.importer.startswith(f"{TOP}.") and one.imported.startswith(f"{TOP}.")


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("record/parser.py", "from spfengine.names import x", None),
        ("record/parser.py", "from spfengine.record import model", None),
        ("record/parser.py", "from spfengine.evaluation.session import Session", "upward, from record to evaluation"),
        ("record/parser.py", "from spfengine import checks", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "from .. import checks", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "from ..checks import check", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "import spfengine", "above all layers"),
        ("record/parser.py", "from spfengine import check", "above all layers"),
        ("cli/app.py", "import spfengine", None),
        ("__main__.py", "from spfengine.cli import app", None),
        ("names.py", "import spfengine.answers", "upward, from names to answers"),
        ("names.py", "if True:\n    import spfengine.answers", "upward, from names to answers"),
        ("names.py", "def f():\n    import spfengine.answers", "upward, from names to answers"),
        ("names.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import spfengine.answers", "upward"),
        ("errors.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import spfengine.problems", None),
        ("record/parser.py", "def f():\n    from spfengine.text import trace", "upward, from record to text"),
        ("evaluation/trace.py", "def f():\n    from spfengine.text import trace", None),
        ("evaluation/trace.py", "from spfengine.text import trace", "upward, from evaluation to text"),
        ("errors.py", "import spfengine.problems", "upward, from errors to problems"),
        ("evaluation/session.py", "import spfengine.resolvers.zone", "sideways, from evaluation to resolvers"),
        ("resolvers/zone.py", "import spfengine.evaluation", "sideways, from resolvers to evaluation"),
        ("evaluation/session.py", "import time", "no clock"),
        ("evaluation/session.py", "def f():\n    from datetime import datetime", "no clock"),
        ("evaluation/session.py", "__import__('socket')", "does no I/O"),
        ("record/parser.py", "import os.path", "does no I/O"),
        ("record/parser.py", "import idna", "idna may not be imported here"),
        ("names.py", "import idna", "only inside the function"),
        ("policy/columns.py", "import numpy", "only inside the function"),
        ("evidence/cells.py", "import numpy", None),
        ("evidence/tables.py", "import spfengine.evidence.cells", "needs NumPy: only inside the function"),
        ("evidence/tables.py", "def f():\n    import spfengine.evidence.cells", None),
        ("evidence/table_parts.py", "import spfengine.evidence.cells", None),
        ("names.py", "def f():\n    import idna", None),
        ("drivers.py", "import asyncio", "only inside the function"),
        ("resolvers/dns_messages.py", "import dns.message", None),
        ("resolvers/zone.py", "import dns.message", "dns may not be imported here"),
        ("resolvers/live_extra.py", "import dns.message", "dns may not be imported here"),
        ("cli/app.py", "import rich.console", None),
        ("testing/server.py", "import rich.console", "rich may not be imported here"),
        ("cli/app.py", "import spfengine.testing", None),
        ("testing/server.py", "import spfengine.cli", "upward, from testing to cli __main__"),
        ("testing/server.py", "import spfengine.compat", "sideways, from testing to compat"),
        ("checks.py", "import importlib\nimportlib.import_module(f'{__name__}.x')", "only the modules in LATE"),
        ("checks.py", "import importlib\nimportlib.import_module(f'spfengine.cli.{1}')", "upward"),
        ("cli/commands.py", "import importlib\nimportlib.import_module(f'spfengine.cli.{1}')", None),
        ("newcomer.py", "", "spfengine.newcomer is in no layer"),
        ("newcomer/__init__.py", "", "spfengine.newcomer is in no layer"),
        ("__init__.py", "import click", "imports no third party"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, module: str, text: str, fault: str | None) -> None:
    package = tmp_path / TOP
    known = ["checks.py", "answers.py", "names.py", "errors.py", "problems.py", "record/__init__.py", "record/model.py"]
    known += ["testing/__init__.py", "compat/__init__.py", "evidence/__init__.py", "evidence/cells.py"]
    for name in ["__init__.py", *known, "cli/__init__.py", "cli/app.py", module]:
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if name == module else "", encoding="utf-8")
    messages = faults(package)
    if fault is None:
        assert not messages, "\n".join(messages)
    else:
        assert len(messages) == 1
        assert fault in messages[0]
