"""The site of the documentation, built from a fresh copy of the checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.optional import need

_PARTS = ("docs", "examples", "scripts", "spfengine", "tests")
_TOP = ("*.md", "LICENSE", "mkdocs.yml")


def copied(folder: Path) -> Path:
    """Return a copy of what the site is made of, in a new folder."""
    for part in _PARTS:
        shutil.copytree(REPOSITORY / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for pattern in _TOP:
        for file in REPOSITORY.glob(pattern):
            shutil.copy(file, folder / file.name)
    return folder


def build(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command that CONTRIBUTING.md names."""
    need("material")
    return subprocess.run(
        [sys.executable, "-m", "scripts.build_site", *arguments],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},  # of a copy of the code
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def built(folder: Path) -> Path:
    """Return the site, built in a new folder with a page in place of the playground.

    Raises:
        AssertionError: there was an error or a warning.
    """
    playground = folder / "playground"
    playground.mkdir()
    head = '<!doctype html><html lang="en"><title>Playground</title><link rel="icon" href="data:,">'
    (playground / "index.html").write_text(f"{head}<main><h1>Playground</h1></main></html>", encoding="utf-8")
    checkout = folder / "checkout"
    checkout.mkdir()
    done = build(copied(checkout), "--playground", str(playground))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return checkout / "site"
