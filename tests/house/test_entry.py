"""The command as it is installed; what it says without its libraries is tested with the command line."""

import subprocess
import sys
import tomllib
from pathlib import Path

from spfengine.cli import entry, exits


def test_without_any_library_at_all(repository: Path) -> None:
    """As a person has it who installed without the extra: nothing but the standard library is there."""
    program = f"import sys; sys.path.insert(0, {str(repository)!r}); import spfengine.__main__ as m; sys.exit(m.main())"
    command = [sys.executable, "-I", "-S", "-c", program, "check", "192.0.2.1", "a@x.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (exits.UNAVAILABLE, "")
    assert done.stderr == f"spfengine: {entry.NOT_INSTALLED}\n"


def test_what_it_says_to_install_is_the_extra(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [requirement.partition(">")[0] for requirement in project["optional-dependencies"]["cli"]]
    assert f"pip install {' '.join(names)} " in entry.NOT_INSTALLED
    assert project["scripts"] == {"spfengine": "spfengine.cli.entry:main"}


def test_the_module_is_the_command(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spfengine", "--version"], capture_output=True, text=True, check=False, cwd=repository
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("spfengine")
