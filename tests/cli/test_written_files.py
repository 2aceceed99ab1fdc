"""Files that commands write: complete, or as they were before, if the disc is full or the process is killed."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, SEED, environment
from tests.report.runtime import write_stand_in

SMALL = str(REPOSITORY / "tests" / "conformance" / "small.yml")
_CONFORMANCE = ["conformance", SMALL, "--adapter", "tests.conformance.implementations:ours", "--default-explanation"]
_DRAFT = "v=spf1 a ~all"
WRITING = {
    "snapshot": ["snapshot", "seed.example", "--zone", SEED, "--output"],
    "recording": ["check", "23.83.218.24", "alice@seed.example", "--zone", SEED, "--record-answers"],
    "conformance report": [*_CONFORMANCE, "DEFAULT", "--output"],
    "conformance ledger": [*_CONFORMANCE, "DEFAULT", "--write-ledger"],
    "HTML report": ["tree", "seed.example", "--zone", SEED, "--html"],
    "interactive report": ["simulate", "seed.example", "--zone", SEED, "--draft", _DRAFT, "--interactive", "--html"],
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


@pytest.fixture(autouse=True, scope="module")
def _runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A package in place of Python for browsers, for the processes that the tests start."""
    folder = tmp_path_factory.mktemp("runtime")
    write_stand_in(folder)
    _further_paths.append(str(folder))
    yield
    _further_paths.clear()


_further_paths: list[str] = []


def _environment() -> dict[str, str]:
    """Return one without coverage, which writes files of its own."""
    kept = {name: value for name, value in environment().items() if not name.startswith("COV")}
    return kept | {"PYTHONPATH": os.pathsep.join([kept["PYTHONPATH"], *_further_paths])}


def _end(words: list[str], octets: int | None = None) -> "subprocess.CompletedProcess[bytes]":
    def limit() -> None:
        if octets is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))

    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, env=_environment(), timeout=300, check=False, preexec_fn=limit)


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


@pytest.mark.full
def test_an_update_leaves_the_snapshot_as_it_was_or_replaces_it(tmp_path: Path) -> None:
    path, zone = tmp_path / "snapshot.json", tmp_path / "new.zone"
    zone.write_text('$ORIGIN seed.example.\n@ 3600 IN TXT "v=spf1 ip4:192.0.2.1 -all"\n', encoding="ascii")
    assert _end(["-m", "spfengine", *WRITING["snapshot"], str(path)]).returncode == 0
    before = path.read_bytes()
    update = ["drift", str(path), "--update", "--zone", str(zone)]
    full = _end(["-m", "spfengine", *update], octets=10)
    assert full.returncode == 73
    assert b"can't be written: File too large" in full.stderr
    assert path.read_bytes() == before
    found: set[tuple[int, bytes]] = set()
    code: int = -signal.SIGKILL
    while code == -signal.SIGKILL:
        code = _end(["-c", _KILLED, str(len(found)), *update]).returncode
        found.add((len(found), path.read_bytes()))
    assert code == 1
    after = path.read_bytes()
    assert after != before
    assert len(found) > 2
    assert {content for _, content in found} == {before, after}


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
