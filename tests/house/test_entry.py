"""The command's first step: without its libraries it says in one line what to install."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from spfengine.cli import entry, exits


@pytest.mark.parametrize("missing", [("click", "rich"), ("click",), ("rich",)])
def test_without_the_extra_it_says_what_to_install(repository: Path, tmp_path: Path, missing: tuple[str, ...]) -> None:
    """Run without site-packages; what is not missing is an empty module."""
    for name in set(entry.LIBRARIES) - set(missing):
        (tmp_path / f"{name}.py").touch()
    program = (
        f"import sys; sys.path[:0] = [{str(repository)!r}, {str(tmp_path)!r}]\n"
        "from spfengine.cli.entry import main; raise SystemExit(main())"
    )
    command = [sys.executable, "-I", "-S", "-c", program, "check", "192.0.2.1", "a@x.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == exits.UNAVAILABLE
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"spfengine: the command needs {' and '.join(missing)}, which ")
    assert done.stderr.endswith(f"; run: pip install {' '.join(missing)}\n")


def test_the_libraries_are_those_of_the_extra(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = tuple(requirement.partition(">")[0] for requirement in project["optional-dependencies"]["cli"])
    assert names == entry.LIBRARIES
    assert project["scripts"] == {"spfengine": "spfengine.cli.entry:main"}


def test_the_module_is_the_command(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spfengine", "--version"], capture_output=True, text=True, check=False, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("spfengine")
