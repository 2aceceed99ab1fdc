"""How the tests call the command: in this process, as a process of its own, and on a terminal."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from spfengine.cli.app import main

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = str(REPOSITORY / "examples" / "seed.zone")


class Ended(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """The command in this process, its output a pipe."""

    def run(*arguments: str) -> Ended:
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Writes the zonedata of a suite to a file, and returns its path."""

    def write(zonedata: dict[str, Any]) -> str:
        path = tmp_path / "zone.json"
        path.write_text(json.dumps({"zonedata": zonedata}), encoding="ascii")
        return str(path)

    return write


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., str]:
    """Write a list to a file, and return its path."""

    def write(*names: str) -> str:
        path = tmp_path / "domains.txt"
        path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        return str(path)

    return write


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "spfengine", *arguments]


def process(*arguments: str, stdin: bytes = b"", **more: str) -> Ended:
    """The command as a process of its own, its output a pipe."""
    ended = subprocess.run(
        command(*arguments), input=stdin, capture_output=True, env=environment(**more), timeout=300, check=False
    )
    return Ended(ended.returncode, ended.stdout.decode("utf-8"), ended.stderr.decode("utf-8"))


def shown_on(controller: int) -> bytes:
    """What a program writes to its terminal until it ends; the terminal is closed then."""
    shown = b""
    while True:
        try:
            piece = os.read(controller, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(controller)
    return shown


def terminal(*arguments: str, columns: int = 80, variables: dict[str, str] | None = None) -> Ended:
    """The command on a terminal of so many columns; what it shows, escape sequences included."""
    controller, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    given = environment(**{"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **(variables or {})})
    running = subprocess.Popen(command(*arguments), stdin=screen, stdout=screen, stderr=subprocess.PIPE, env=given)
    os.close(screen)
    shown = shown_on(controller)
    _, err = running.communicate(timeout=300)
    return Ended(running.returncode, shown.decode("utf-8").replace("\r\n", "\n"), err.decode("utf-8"))
