"""A command that is run to its end: signals are passed on to it, and nothing that it started outlives it (Linux)."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic, sleep
from types import FrameType

from spfengine.testing.namespaces import adopt_orphans

_PASSED_ON = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2]
_TYPED = [signal.SIGINT, signal.SIGQUIT]
_GRACE_SECONDS = 2.0
NOT_EXECUTABLE, NOT_FOUND, KILLED = 126, 127, 128


def run(command: Sequence[str]) -> int:
    """Run a command and return its exit code; 128 + N where signal N ended it. Must be called in the main thread.

    Raises:
        OSError: it can't be started.
    """
    adopt_orphans()
    early: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _: FrameType | None) -> None:
        if number in _TYPED and _is_in_foreground():
            return  # the terminal has sent it to the command too
        if process is None:
            early.append(number)
        elif process.returncode is None:
            os.kill(process.pid, number)

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        process = subprocess.Popen(command)  # noqa: S603 - running what the caller says is what this is for
        for number in early:
            os.kill(process.pid, number)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    end_descendants()
    return KILLED - code if code < 0 else code


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def end_descendants() -> None:
    """End what the command left behind: asked first, then made to."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = monotonic() + _GRACE_SECONDS
        told: set[int] = set()
        while children := _children():
            if monotonic() > end:
                break
            for child in children - told:
                with suppress(ProcessLookupError):
                    os.kill(child, number)
            told |= children
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            sleep(0.01)


def _children() -> set[int]:
    found: set[int] = set()
    with suppress(OSError):
        for thread in os.listdir("/proc/self/task"):
            with suppress(OSError), open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
                found |= set(map(int, file.read().split()))
    return found
