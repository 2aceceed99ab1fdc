"""Files that commands write: complete, or as they were before, if the disc is full or the process is killed."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, SEED, environment

SMALL = str(REPOSITORY / "tests" / "conformance" / "small.yml")
_CONFORMANCE = ["conformance", SMALL, "--adapter", "tests.conformance.implementations:ours", "--default-explanation"]
WRITING = {
    "snapshot": ["snapshot", "seed.example", "--zone", SEED, "--output"],
    "recording": ["check", "23.83.218.24", "alice@seed.example", "--zone", SEED, "--record-answers"],
    "conformance report": [*_CONFORMANCE, "DEFAULT", "--output"],
    "conformance ledger": [*_CONFORMANCE, "DEFAULT", "--write-ledger"],
    "HTML report": ["tree", "seed.example", "--zone", SEED, "--html"],
}
"""Commands that write a file, whose name comes last. A survey adds line by line: see test_survey_resume."""
BEFORE = "what was there before\n"

# Kills its process as soon as so many files have been opened for writing, renamed or deleted.
_KILLED = """
import os, signal, sys
left = int(sys.argv[1])
def hook(event, arguments):
    global left
    is_written = event == "open" and isinstance(arguments[1], str) and "r" not in arguments[1]
    if is_written or event in ("os.rename", "os.remove"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from spfengine.cli.app import main
sys.addaudithook(hook)
code = main(sys.argv[2:])
sys.stdout.flush()
os._exit(code)
"""


def _without_coverage() -> dict[str, str]:
    return {name: value for name, value in environment().items() if not name.startswith("COV")}


def _end(words: list[str], octets: int | None = None) -> "subprocess.CompletedProcess[bytes]":
    def limit() -> None:
        if octets is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))

    command = [sys.executable, *words]
    return subprocess.run(
        command, capture_output=True, env=_without_coverage(), timeout=300, check=False, preexec_fn=limit
    )


@pytest.mark.full
@pytest.mark.parametrize("what", WRITING)
def test_a_disc_that_is_full_leaves_the_file_as_it_was(what: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text(BEFORE, encoding="ascii")
    ended = _end(["-m", "spfengine", *WRITING[what], str(path)], octets=10)
    assert ended.returncode == 73
    assert b"can't be written: File too large" in ended.stderr
    assert path.read_text("ascii") == BEFORE
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.full
@pytest.mark.parametrize("what", WRITING)
def test_killed_at_any_step_the_file_is_whole(what: str, tmp_path: Path) -> None:
    path = tmp_path / "out"
    whole = _whole(what, tmp_path)
    kills = 0
    for step in range(6):
        path.write_text(BEFORE, encoding="ascii")
        ended = _end(["-c", _KILLED, str(step), *WRITING[what], str(path)])
        kills += ended.returncode == -signal.SIGKILL
        found = path.read_text("utf-8")
        assert found == BEFORE or len(found) == len(whole)
        if ended.returncode != -signal.SIGKILL:
            assert len(found) == len(whole)
            break
    assert kills >= 2


def _whole(what: str, folder: Path) -> str:
    path = folder / "whole"
    _end(["-m", "spfengine", *WRITING[what], str(path)])
    return path.read_text("utf-8")


@pytest.mark.full
def test_a_report_can_go_to_a_device(tmp_path: Path) -> None:
    assert b"ok" in _end(["-m", "spfengine", *WRITING["conformance report"], "/dev/stdout"]).stdout


@pytest.mark.full
@pytest.mark.parametrize("what", WRITING)
def test_a_link_stays_a_link_and_permissions_stay(what: str, tmp_path: Path) -> None:
    """A file that only its owner may read must not become readable for all because it is written again."""
    path, link = tmp_path / "real" / "out", tmp_path / "link"
    path.parent.mkdir()
    path.write_text(BEFORE, encoding="ascii")
    path.chmod(0o600)
    link.symlink_to(path)
    _end(["-m", "spfengine", *WRITING[what], str(link)])
    assert link.readlink() == path
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_text("utf-8")) > len(BEFORE)
