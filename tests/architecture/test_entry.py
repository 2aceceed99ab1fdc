"""The command as it is installed, with and without the libraries of the extra `cli`."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from spfengine.cli import app, exits
from tests.examples import mostly_full


def run_without_libraries(repository: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command as without the extra: nothing but the standard library can be imported."""
    program = f"import sys; sys.path.insert(0, {str(repository)!r}); import spfengine.__main__ as m; sys.exit(m.main())"
    command = [sys.executable, "-I", "-S", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "words", mostly_full(["", "--help", "tree x.example", "check --help", "check 192.0.2.1 x.example"], 2)
)
def test_without_libraries_every_command_says_what_to_install(repository: Path, words: str) -> None:
    message = f"spfengine: {app.NOT_INSTALLED}\n"
    assert run_without_libraries(repository, *words.split()) == (exits.UNAVAILABLE, "", message)


def test_the_message_names_the_libraries_of_the_extra(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.partition(">")[0] for requirement in project["optional-dependencies"]["cli"]]
    assert f"pip install {' '.join(names)} " in app.NOT_INSTALLED
    assert project["scripts"] == {"spfengine": "spfengine.cli.app:main"}


def test_the_module_is_the_command(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spfengine", "--version"], capture_output=True, text=True, check=False, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("spfengine")
