"""The command's first step: without its libraries it says in one line what to install."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from spfengine.cli import entry, exits


def assert_says_what_to_install(code: int, out: str, err: str, missing: tuple[str, ...]) -> None:
    assert code == exits.UNAVAILABLE
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith(f"spfengine: the command needs {' and '.join(missing)}, which ")
    assert err.endswith(f"; run: pip install {' '.join(missing)}\n")


@pytest.mark.parametrize("missing", [("click", "rich"), ("click",), ("rich",)])
def test_without_a_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: tuple[str, ...]
) -> None:
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert_says_what_to_install(entry.main(), *capsys.readouterr(), missing)


def test_without_any_library_at_all(repository: Path) -> None:
    """As a person has it who installed without the extra: nothing but the standard library is there."""
    program = f"import sys; sys.path.insert(0, {str(repository)!r}); import spfengine.__main__ as m; sys.exit(m.main())"
    command = [sys.executable, "-I", "-S", "-c", program, "check", "192.0.2.1", "a@x.example"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert_says_what_to_install(done.returncode, done.stdout, done.stderr, entry.LIBRARIES)


def test_ctrl_c_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "find_spec", interrupted)
    assert entry.main() == exits.INTERRUPTED


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
