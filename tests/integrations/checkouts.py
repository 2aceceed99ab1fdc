"""Repositories of git for tests: one with this project, as others install it from, and one whose change is judged."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("spfengine", "pyproject.toml", "README.md", "LICENSE", "action.yml", ".pre-commit-hooks.yaml")
_SECONDS = 600

BEFORE = """\
resource "aws_route53_record" "spf" {
  name    = "example.com"
  type    = "TXT"
  records = ["v=spf1 ip4:192.0.2.0/24 -all"]
}
"""
WORSE = BEFORE.replace("/24", "/25")
BROKEN = BEFORE.replace("ip4:", "ipv4:")


@functools.cache
def index_answers() -> bool:
    """Whether pip gets a package that builds need, and that no cache may have, from an index or a folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", os.devnull + "x", "hatchling"]
    done = subprocess.run([*command, "--dry-run"], capture_output=True, check=False, timeout=_SECONDS)
    if done.returncode and b"no such option" in done.stderr:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "hatchling"]
        done = subprocess.run(install, capture_output=True, check=False, timeout=_SECONDS)
    return done.returncode == 0


def need_index() -> None:
    """Skip the test if nothing can be installed; in CI, fail."""
    if index_answers():
        return
    reason = "no package index answers, so nothing can be installed into a fresh environment"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment without the caller's settings of git, Python and CI, but with where packages are."""
    left_out = ("GIT_", "GITHUB_", "CI_", "PRE_COMMIT", "PYTHON", "VIRTUAL_ENV", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _WHO.items()}
    return kept | who | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | more


_WHO = {"NAME": "x", "EMAIL": "x@example.com"}


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """Run git, whether it succeeds or not."""
    env = environment(folder) if env is None else env
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=_SECONDS
    )


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a repository with one commit of these files."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return committed(folder)


def committed(folder: Path) -> Path:
    """Make a repository of a folder, with one commit of all that is in it."""
    for arguments in (("init", "-q", "-b", "main", "."), ("add", "-A"), ("commit", "-q", "-m", "one")):
        done = git(folder, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def project(folder: Path) -> Path:
    """Copy this project as it would be checked out."""
    folder.mkdir(parents=True)
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder
