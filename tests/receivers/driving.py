"""Start `spfengine conformance` for a receiver, as a process."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from spfengine.testing.suites import SEMANTICS
from tests.cases.official import UnavailableError, official_suite
from tests.receivers.table import FOLDER, ROOT, VARIABLES, Receiver

__all__ = ["UnavailableError", "conformance", "environment", "suites"]


def suites(cache: Path) -> list[Path]:
    """Return the files of both suites. Raises UnavailableError if the official one is not available."""
    cache.mkdir(exist_ok=True)
    return [SEMANTICS, official_suite(cache)]


def environment() -> dict[str, str]:
    """Return the environment of a run; daemons are in /usr/sbin."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    return {**os.environ, **VARIABLES, "PATH": path, "PYTHONPATH": str(ROOT)}


def conformance(
    receiver: Receiver, files: Sequence[Path], folder: Path, *more: str
) -> "subprocess.CompletedProcess[str]":
    """Ask a receiver about the cases of these suites; `folder` is for files of the receiver."""
    options = [option.replace("{DIR}", str(folder)) for option in receiver.options]
    words = [sys.executable, "-m", "spfengine", "conformance", *map(str, files), "--namespaces", *options, *more]
    return subprocess.run(
        words, capture_output=True, text=True, timeout=900, check=False, cwd=FOLDER, env=environment()
    )
