"""How the official suite is fetched if it is not in the shared folder."""

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cases import official
from tests.cases.official import UnavailableError, official_suite

pytestmark = pytest.mark.cases

TEXT = b"a suite"


def archive(text: bytes, member: str = official.MEMBER) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return data.getvalue()


class Pip:
    """A fake pip: writes the given archive, and remembers how it was called."""

    def __init__(self, sdist: bytes | None, code: int = 0, stderr: str = "") -> None:
        self.sdist, self.code, self.stderr = sdist, code, stderr
        self.calls: list[list[str]] = []
        self.requirements = ""

    def __call__(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.calls.append(list(command))
        options = dict(pairwise(command))
        self.requirements = Path(options["--requirement"]).read_text("ascii")
        if self.sdist is not None:
            (Path(options["--dest"]) / "pyspf-2.0.14.tar.gz").write_bytes(self.sdist)
        return subprocess.CompletedProcess(command, self.code, "", self.stderr)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Take away the shared folder, and expect the hashes of a small suite."""
    monkeypatch.setenv("SPFENGINE_SHARED", str(tmp_path / "absent"))
    monkeypatch.setattr(official, "SUITE_SHA256", hashlib.sha256(TEXT).hexdigest())
    monkeypatch.setattr(official, "SDIST_SHA256", hashlib.sha256(archive(TEXT)).hexdigest())
    return tmp_path / "cache"


def same_archive(monkeypatch: pytest.MonkeyPatch, sdist: bytes) -> Pip:
    monkeypatch.setattr(official, "SDIST_SHA256", hashlib.sha256(sdist).hexdigest())
    return Pip(sdist)


def test_it_is_fetched_once_and_kept(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = same_archive(monkeypatch, archive(TEXT))
    path = official_suite(alone, pip)
    assert path.read_bytes() == TEXT
    assert official_suite(alone, pip) == path
    assert len(pip.calls) == 1
    assert list(alone.iterdir()) == [path]


def test_pip_is_bound_to_the_pinned_version_and_hash(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = same_archive(monkeypatch, archive(TEXT))
    official_suite(alone, pip)
    assert pip.requirements == f"pyspf==2.0.14 --hash=sha256:{official.SDIST_SHA256}\n"
    assert {"download", "--no-deps", "--require-hashes", "--no-binary"} <= set(pip.calls[0])


def test_without_a_network_the_message_says_why_and_what_to_do(alone: Path) -> None:
    with pytest.raises(UnavailableError, match=r"no route to host(.|\n)*SPFENGINE_SHARED"):
        official_suite(alone, Pip(None, 1, "no route to host"))


@pytest.mark.parametrize(
    ("sdist", "pinned", "words"),
    [
        (archive(b"another suite"), False, "pyspf-2.0.14.tar.gz is not the file that is known"),
        (archive(b"another suite"), True, "rfc7208-tests.yml is not the file that is known"),
        (None, True, "no source distribution"),
    ],
)
def test_another_file_is_refused(
    sdist: bytes | None, pinned: bool, words: str, alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = same_archive(monkeypatch, sdist) if sdist is not None and pinned else Pip(sdist)
    with pytest.raises(UnavailableError, match=words):
        official_suite(alone, pip)
    assert not list(alone.glob("*"))


def test_a_kept_file_that_was_changed_is_refused(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = official_suite(alone, same_archive(monkeypatch, archive(TEXT)))
    path.write_bytes(b"changed")
    with pytest.raises(UnavailableError, match="not the file that is known"):
        official_suite(alone, Pip(None))


def test_a_suite_in_the_shared_folder_is_used_and_checked(
    alone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "shared" / "suites"
    folder.mkdir(parents=True)
    (folder / "rfc7208-tests.yml").write_bytes(TEXT)
    monkeypatch.setenv("SPFENGINE_SHARED", str(tmp_path / "shared"))
    assert official_suite(alone, Pip(None)) == folder / "rfc7208-tests.yml"
    assert str(folder) in official.source()
    (folder / "rfc7208-tests.yml").write_bytes(b"changed")
    with pytest.raises(UnavailableError, match="not the file that is known"):
        official_suite(alone, Pip(None))


def test_the_header_of_a_run_says_where_it_comes_from(alone: Path) -> None:
    assert "fetched from pyspf==2.0.14" in official.source()
