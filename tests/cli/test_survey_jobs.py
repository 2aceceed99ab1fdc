"""`spfengine survey --jobs N`: several processes, one output, and nothing left of them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, command, environment, process
from tests.cli.surveys import DEAD, ZONE, Suite, lines_of, timeless

Listed = Callable[..., str]


def children(of: int) -> list[int]:
    """Return the processes that a process has started."""
    path = Path(f"/proc/{of}/task/{of}/children")
    return [int(pid) for pid in path.read_text("ascii").split()] if path.exists() else []


def waiting_survey(tmp_path: Path, suite: Suite) -> "subprocess.Popen[bytes]":
    """Return a survey by two processes that waits for more domains, both of which have written a line."""
    out = tmp_path / "out.jsonl"
    words = command("survey", "-", "--zone", suite(ZONE), "--jobs", "2", "-o", str(out))
    pipe = subprocess.PIPE
    running = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), bufsize=0)
    assert running.stdin is not None
    running.stdin.write(b"fail.example\nsoft.example\n")
    while not out.exists() or out.read_bytes().count(b"\n") < 2:
        assert running.poll() is None
        time.sleep(0.02)
    assert len(children(running.pid)) == 2
    return running


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a process is left over"
        time.sleep(0.02)


@pytest.mark.full
def test_the_lines_are_those_of_one_process_and_a_resumed_survey_goes_on(
    suite: Suite, listed: Listed, tmp_path: Path
) -> None:
    names = [*DEAD, "no domain", "alice@a.example"]
    path, out = listed(*names), tmp_path / "out.jsonl"
    rest = ("survey", path, "--zone", suite(DEAD))
    one = process(*rest)
    several: Ended = process(*rest, "--jobs", "3", "-o", str(out), "--resume")
    assert (one.code, several.code) == (69, 69)
    found = lines_of(out.read_text("ascii"))
    assert timeless(found) == timeless(lines_of(one.out))
    kept = out.read_bytes().split(b"\n")[:3]
    out.write_bytes(b"\n".join(kept) + b"\n{")
    assert process(*rest, "--jobs", "2", "-o", str(out), "--resume").code == 69
    assert timeless(lines_of(out.read_text("ascii"))) == timeless(found)


@pytest.mark.full
def test_a_process_that_is_killed_ends_the_survey_with_an_error_to_go_on_from(suite: Suite, tmp_path: Path) -> None:
    running = waiting_survey(tmp_path, suite)
    pids = children(running.pid)
    os.kill(pids[0], signal.SIGKILL)
    _, err = running.communicate(timeout=300)
    assert running.returncode == 69
    assert b"a process of the survey ended early: exit code -9" in err
    assert err.count(b"\n") == 1
    assert_gone(pids)
    assert len(lines_of((tmp_path / "out.jsonl").read_text("ascii"))) == 2


@pytest.mark.full
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_survey_that_is_stopped(suite: Suite, tmp_path: Path, how: signal.Signals) -> None:
    running = waiting_survey(tmp_path, suite)
    pids = children(running.pid)
    running.send_signal(how)
    running.communicate(timeout=300)
    assert running.returncode == (130 if how is signal.SIGINT else -signal.SIGKILL)
    assert_gone(pids)


@pytest.mark.full
def test_a_zone_on_standard_input_is_refused(listed: Listed) -> None:
    ended = process(
        "survey", listed("a.example"), "--zone", "-", "--jobs", "2", stdin=b"$ORIGIN a.example.\n@ 60 A 192.0.2.1\n"
    )
    assert (ended.code, "none can be standard input" in ended.err) == (64, True)
