"""Folders, files and revisions of git as trees; nothing of a repository runs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from spfengine.planning import git
from spfengine.planning.git import GitError, is_revision, read_revision
from spfengine.planning.trees import read_path
from spfengine.sources import finder

Run = Callable[..., str]
ZONE = b'$ORIGIN example.com.\n@ SOA ns h 1 2 3 4 5\n@ TXT "v=spf1 -all"\n'


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A repository with one commit, as the working folder; returns what runs git in it."""
    home = tmp_path / "home"
    home.mkdir()
    root = tmp_path / "repository"
    root.mkdir()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(root)

    def run(*arguments: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
        done = subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True)
        return done.stdout

    run("init", "-q", "-b", "main", ".")
    write("zones/example.com.zone", ZONE)
    write("dns/main.tf", b'x = "v=spf1 -all"\n')
    write("README.md", b"v=spf1\n")
    run("add", "-A")
    run("commit", "-q", "-m", "one")
    return run


def write(path: str, data: bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)


def test_a_folder_has_the_files_that_may_have_records(repository: Run) -> None:
    write("node_modules/x.js", b"'v=spf1 -all'")
    Path("link.tf").symlink_to("dns/main.tf")
    found = read_path(".")
    assert dict(found.files) == {"dns/main.tf": b'x = "v=spf1 -all"\n', "zones/example.com.zone": ZONE}
    assert list(read_path(".", ["zones"]).files) == ["zones/example.com.zone"]
    assert list(read_path(".", ["zones/example.com.zone"]).files) == ["zones/example.com.zone"]
    assert list(read_path("zones").files) == ["example.com.zone"]
    assert list(read_path("zones/example.com.zone").files) == ["example.com.zone"]


def test_a_revision_has_the_same_files_as_its_folder(repository: Run) -> None:
    write("zones/example.com.zone", b"changed")
    assert dict(read_revision("main").files) == {"dns/main.tf": b'x = "v=spf1 -all"\n', "zones/example.com.zone": ZONE}
    assert list(read_revision("HEAD", ["zones/"]).files) == ["zones/example.com.zone"]
    assert list(read_revision("HEAD", ["gone"]).files) == []


def test_of_a_revision_the_working_folder_is_read(repository: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("zones")
    assert list(read_revision("main").files) == ["example.com.zone"]
    assert list(read_path(".").files) == ["example.com.zone"]


@pytest.mark.parametrize("revision", ["gone", "-x", "--all", "", "HEAD:README.md", "a\0b", "HEAD\n", "../x"])
def test_what_is_no_revision(revision: str, repository: Run) -> None:
    assert not is_revision(revision)
    with pytest.raises(GitError):
        read_revision(revision)


def test_outside_a_repository_git_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(GitError, match=r"git: not a git repository|not a revision"):
        read_revision("HEAD")


def test_without_git_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(GitError, match="git is not installed; expected two folders or files"):
        read_revision("HEAD")


def test_nothing_of_the_repository_runs(repository: Run, tmp_path: Path) -> None:
    """Hooks, filters, textconv, fsmonitor, pagers and aliases are configured, and would leave a file."""
    ran = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n", encoding="ascii")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "filter.trap.smudge", "filter.trap.clean",
        "filter.trap.process", "diff.trap.textconv", "diff.trap.command", "alias.ls-tree", "pager.ls-tree",
        "pager.cat-file", "core.gitProxy", "credential.helper",
    ):  # fmt: skip
        repository("config", key, str(trap))
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        path = Path(".git/hooks") / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(trap.read_text(encoding="ascii"), encoding="ascii")
        path.chmod(0o755)
    write(".gitattributes", b"*.zone filter=trap diff=trap export-subst\n")
    ran.unlink(missing_ok=True)
    before = {path: path.stat().st_mtime_ns for path in Path(".git").rglob("*")}
    assert read_revision("main").files["zones/example.com.zone"] == ZONE
    assert not ran.exists()
    assert {path: path.stat().st_mtime_ns for path in Path(".git").rglob("*")} == before


def test_links_and_submodules_of_a_revision_are_left_out(repository: Run) -> None:
    Path("link.tf").symlink_to("/etc/passwd")
    repository("add", "-A")
    commit = repository("rev-parse", "HEAD").strip()
    repository("update-index", "--add", "--cacheinfo", f"160000,{commit},module.zone")
    repository("commit", "-q", "-m", "two")
    assert sorted(read_revision("HEAD").files) == ["dns/main.tf", "zones/example.com.zone"]


def test_any_file_name_is_read(repository: Run) -> None:
    name = "dns/a\nb\tc\"d'é\\.tf"
    write(name, b"y")
    repository("add", "-A")
    repository("commit", "-q", "-m", "two")
    assert read_revision("HEAD").files[name] == b"y"


def test_files_that_are_too_large_are_named(repository: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "MOST_OF_A_FILE", 20)
    found = read_revision("HEAD")
    assert list(found.files) == ["dns/main.tf"]
    assert [each.path for each in found.unread] == ["zones/example.com.zone"]
    assert "MiB" in found.unread[0].why
    monkeypatch.setattr(finder, "MOST_OCTETS", 20)
    here = read_path(".")
    assert [each.path for each in here.unread] == ["zones/example.com.zone"]
    assert found.is_same(here, "zones/example.com.zone")
    write("zones/example.com.zone", ZONE + b" ")
    assert not found.is_same(read_path("."), "zones/example.com.zone")
    monkeypatch.setattr(git, "MOST_OCTETS", 1)
    assert len(read_revision("HEAD").unread) == 1
