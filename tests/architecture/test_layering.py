"""Imports go downward only, and never between packages of one layer (docs/explanation/architecture.md).

The test reads the source, so imports inside functions count as well.
"""

from pathlib import Path

import pytest

from tests.architecture.imports import Import, imports_of, modules_of

# Rooms in the order of their floors. A room is a module, or a folder with everything in it. Modules of one room import
# each other freely; a room imports rooms of lower floors. Floor 0 has rooms of one module each, in this very order.
FLOORS: list[list[str]] = [
    # 0: words
    ["visible"],
    ["wording"],
    ["frozen"],
    ["errors"],
    ["arguments"],
    ["json_reader"],
    ["json_files"],
    ["problems"],
    ["addresses"],
    ["names"],
    ["answers"],
    # 1: syntax
    ["record"],
    # 2: the core, and whatever answers: neither knows the other
    ["evaluation", "resolvers"],
    # 3: what drives the one with the other
    ["drivers checks prefetch"],
    # 4: the meaning for all addresses
    ["policy checker"],
    # 5: what people come for: the senders of a domain, what is wrong or would change, and what to do
    ["senders", "dmarc"],
    ["linting", "simulation", "evidence", "receiver"],
    ["advice", "replaying", "surveying"],
    # what people see of all of these
    ["text"],
    # 6: how people reach it from their own programs and tests
    ["testing", "compat"],
    # 7: how people reach it from a shell, all of the above included
    ["cli __main__"],
]

# The package itself gathers the public names, so it stands on top of all; only floors 6 and 7 may reach the engine
# through it.
FACE = "spfengine"
LATE = {
    FACE,
    "spfengine.testing",
    "spfengine.cli.commands",
}  # load names, or commands, when they are first used
EDGE = {"cli", "testing", "compat"}

# A type that is named below the room that it lives in. Nothing of it runs.
TYPES_OF_UPPER_FLOORS = {
    ("errors", "problems"): "RecordSyntaxError carries Problems, and Problems know no exceptions",
}

# Packages whose values have a method `render()`: it hands over to `text`, which knows them all.
RENDERED = {"evaluation", "policy checker", "linting", "simulation", "advice"}

# What decides gets no clock, no randomness and nothing that could do I/O: this is all of the standard library that it
# may have.
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

# Third parties, each where it is used and nowhere else; "in function" where it is needed rarely.
THIRD_PARTY = {
    "resolvers.live": {"dns"},
    "resolvers.stub": {"dns"},
    "resolvers.zone_files": {"yaml"},
    "names": {"idna"},
    "dmarc.suffixes": {"publicsuffixlist"},
    "advice.rdap": {"httpx", "whoisit"},
    "testing.pytest_plugin": {"pytest"},
    "testing": {"dnslib"},
    "cli": {"click", "rich"},
}
IN_FUNCTION = {"idna", "asyncio", "publicsuffixlist", "httpx", "whoisit"}


def _rooms() -> dict[str, tuple[str, int]]:
    rooms = {}
    for floor, names in enumerate(FLOORS):
        for room in names:
            for part in room.split():
                rooms[part] = (room, floor)
    return rooms


ROOMS = _rooms()


def room_of(module: str) -> tuple[str, int] | None:
    """Return the room of a module and its floor."""
    return ROOMS.get(module.split(".")[1])


def faults(package: Path) -> list[str]:
    """Return in words what is wrong with the imports of a package."""
    found = [f"{name} is in no room" for name in modules_of(package) if name != FACE and room_of(name) is None]
    for one in imports_of(package):
        found += [f"{one}: {fault}" for fault in _faults(one)]
    return found


def _faults(one: Import) -> list[str]:
    if one.importer == FACE:
        return ["the face imports nothing of a third party"] if one.is_third_party and one.imported != "?" else []
    room = room_of(one.importer)
    if room is None:
        return []
    inner = one.importer.partition(".")[2]
    if one.imported == "?":
        return [] if one.importer in LATE else ["only the face loads modules by a name that is made up at run time"]
    if one.top == FACE:
        return _faults_inside(one, room)
    found = []
    if one.is_third_party:
        allowed = set().union(*(tops for place, tops in THIRD_PARTY.items() if f"{inner}.".startswith(f"{place}.")))
        if one.top not in allowed:
            found.append(f"{one.top} has no business there")
    elif inner.partition(".")[0] in PURE and one.top not in PURE_STDLIB:
        found.append("what decides does no I/O, and has no clock")
    at_edge = room[0].split()[0] in EDGE
    if not found and one.top in IN_FUNCTION and not one.in_function and not one.types_only and not at_edge:
        found.append("only inside the function that needs it")
    return found


def _faults_inside(one: Import, room: tuple[str, int]) -> list[str]:
    if one.imported == FACE:
        return [] if room[0].split()[0] in EDGE else ["through the face, from below it"]
    target = room_of(one.imported)
    if target is None or target == room:
        return []
    if target[0] == "text" and room[0] in RENDERED and one.in_function:
        return []
    if target[1] == room[1]:
        return [f"sideways, from {room[0]} to {target[0]}"]
    if target[1] > room[1] and not (one.types_only and (room[0], target[0]) in TYPES_OF_UPPER_FLOORS):
        return [f"upward, from {room[0]} to {target[0]}"]
    return []


def test_imports_go_downward_only(repository: Path) -> None:
    found = faults(repository / "spfengine")
    assert not found, "\n".join(found)


def test_nothing_is_allowed_that_nobody_does(repository: Path) -> None:
    """An entry of the tables that no import needs any more hides the next one."""
    imports = imports_of(repository / "spfengine")
    third = {(one.importer, one.top) for one in imports if one.is_third_party}
    for place, tops in THIRD_PARTY.items():
        for top in tops:
            assert any(top == t and f"{i}.".startswith(f"{FACE}.{place}.") for i, t in third), f"{place} needs no {top}"
    pairs = {(one.importer.split(".")[1], one.imported.split(".")[1]) for one in imports if _is_inner(one)}
    assert pairs >= set(TYPES_OF_UPPER_FLOORS)
    rendered = {ROOMS[importer][0] for importer, imported in pairs if imported == "text" and importer in ROOMS}
    assert rendered >= RENDERED


def _is_inner(one: Import) -> bool:
    return one.importer.startswith(f"{FACE}.") and one.imported.startswith(f"{FACE}.")


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("record/parser.py", "from spfengine.names import x", None),
        ("record/parser.py", "from spfengine.record import model", None),
        ("record/parser.py", "from spfengine.evaluation.session import Session", "upward, from record to evaluation"),
        ("record/parser.py", "from spfengine import checks", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "from .. import checks", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "from ..checks import check", "upward, from record to drivers checks prefetch"),
        ("record/parser.py", "import spfengine", "through the face"),
        ("record/parser.py", "from spfengine import check", "through the face"),
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
        ("record/parser.py", "import idna", "idna has no business there"),
        ("names.py", "import idna", "only inside the function"),
        ("names.py", "def f():\n    import idna", None),
        ("drivers.py", "import asyncio", "only inside the function"),
        ("resolvers/live.py", "import dns.message", None),
        ("resolvers/zone.py", "import dns.message", "dns has no business there"),
        ("resolvers/live_extra.py", "import dns.message", "dns has no business there"),
        ("cli/app.py", "import rich.console", None),
        ("testing/server.py", "import rich.console", "rich has no business there"),
        ("cli/app.py", "import spfengine.testing", None),
        ("testing/server.py", "import spfengine.cli", "upward, from testing to cli __main__"),
        ("testing/server.py", "import spfengine.compat", "sideways, from testing to compat"),
        ("checks.py", "import importlib\nimportlib.import_module(f'{__name__}.x')", "only the face"),
        ("checks.py", "import importlib\nimportlib.import_module(f'spfengine.cli.{1}')", "upward"),
        ("cli/commands.py", "import importlib\nimportlib.import_module(f'spfengine.cli.{1}')", None),
        ("newcomer.py", "", "spfengine.newcomer is in no room"),
        ("newcomer/__init__.py", "", "spfengine.newcomer is in no room"),
        ("__init__.py", "import click", "the face imports nothing of a third party"),
    ],
)
def test_each_kind_of_fault_is_found(tmp_path: Path, module: str, text: str, fault: str | None) -> None:
    package = tmp_path / FACE
    known = ["checks.py", "answers.py", "names.py", "errors.py", "problems.py", "record/__init__.py", "record/model.py"]
    known += ["testing/__init__.py", "compat/__init__.py"]
    for name in ["__init__.py", *known, "cli/__init__.py", "cli/app.py", module]:
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if name == module else "", encoding="utf-8")
    found = faults(package)
    if fault is None:
        assert not found, "\n".join(found)
    else:
        assert len(found) == 1
        assert fault in found[0]
