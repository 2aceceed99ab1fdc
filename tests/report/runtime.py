"""A package in place of Python for browsers, for tests that need none."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spfengine.report import interactive


@contextmanager
def stand_in(folder: Path) -> Iterator[None]:
    """Install the package in a folder, for this process."""
    write_stand_in(folder)
    with found_in(folder):
        yield


def write_stand_in(folder: Path) -> None:
    """Write the package to a folder."""
    package = folder / interactive.RUNTIME
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for name in interactive.PARTS:
        (package / f"{name}.gz").write_bytes(gzip.compress(name.encode()))


@contextmanager
def found_in(path: Path) -> Iterator[None]:
    """Let the package be imported from a folder or wheel."""
    interactive._parts.cache_clear()
    with pytest.MonkeyPatch.context() as environment:
        environment.syspath_prepend(path)
        yield
    interactive._parts.cache_clear()
    sys.modules.pop(interactive.RUNTIME, None)
