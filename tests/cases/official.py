"""The official RFC 7208 suite: beside the repository, or fetched, pinned and checked. It is read, never kept here.

If the shared folder is absent, pip downloads the source distribution of pyspf, which holds the same file. pip itself
checks the distribution's hash before it does anything with it.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.conftest import shared_folder

PACKAGE = "pyspf==2.0.14"
SDIST_SHA256 = "57a7ef01bda090173aafb6af0106251686ed73f03db4e911fcd34c57fc347186"
MEMBER = "pyspf-2.0.14/test/rfc7208-tests.yml"
SUITE_SHA256 = "901f561a6e2b1c1590a40a61b1ac7601226fd7045a7aae591a4d25421358d6f9"
NAME = "rfc7208-tests.yml"

_SECONDS = 300

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


class UnavailableError(Exception):
    """The official suite can't be had; the message says why, and what to do."""


def beside_the_repository() -> Path | None:
    """Return the suite in the shared folder, or None if it is not there."""
    folder = shared_folder()
    path = None if folder is None else folder / "suites" / NAME
    return path if path is not None and path.is_file() else None


def source() -> str:
    """Return the source of the suite, for the header of a test run."""
    path = beside_the_repository()
    if path is not None:
        return f"official RFC 7208 suite: {path}"
    return f"official RFC 7208 suite: not beside the repository, so fetched from {PACKAGE}, pinned and hash-checked"


def official_suite(cache: Path, run: Run | None = None) -> Path:
    """Return the file of the official suite, once its hash has been checked.

    Args:
        cache: a folder where a fetched suite is kept.
        run: runs a command; for tests.

    Raises:
        UnavailableError: it is not there and can't be fetched, or it is not the one that is known.
    """
    path = beside_the_repository()
    if path is None:
        path = cache / NAME
        if not path.is_file():
            _fetch(path, run or _run)
    _check(path.read_bytes(), SUITE_SHA256, str(path))
    return path


def _fetch(path: Path, run: Run) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{PACKAGE} --hash=sha256:{SDIST_SHA256}\n", "ascii")
        done = run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-binary", ":all:", "--require-hashes", "--requirement", str(requirements), "--dest", name]
        )  # fmt: skip
        if done.returncode:
            raise UnavailableError(
                f"the official suite is not beside the repository, and pip could not fetch {PACKAGE}:\n{done.stderr}\n"
                f"Put {NAME} where SPFENGINE_SHARED/suites/ points, or run with a network."
            )
        found = list(folder.glob("*.tar.gz"))
        if len(found) != 1:
            raise UnavailableError(f"pip fetched no source distribution of {PACKAGE}, but {[f.name for f in found]}")
        _check(found[0].read_bytes(), SDIST_SHA256, found[0].name)
        with tarfile.open(found[0]) as archive:
            member = archive.extractfile(MEMBER)
            text = b"" if member is None else member.read()
    _check(text, SUITE_SHA256, MEMBER)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{NAME}.{os.getpid()}")  # several test processes may fetch at once
    draft.write_bytes(text)
    draft.replace(path)


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)


def _check(octets: bytes, wanted: str, what: str) -> None:
    found = hashlib.sha256(octets).hexdigest()
    if found != wanted:
        raise UnavailableError(f"{what} is not the file that is known: its sha256 is {found}, expected {wanted}")
