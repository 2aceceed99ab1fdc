"""Modules and packages that not every machine has: a test that needs one is skipped without it, but fails in CI."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest


def need(module: str) -> None:
    """Skip the test if a module can't be imported; in CI, which installs the extra `full`, fail."""
    if find_spec(module) is None:
        missing(f"{module} is not installed: the extra `full` has it, if there is one for this Python")


def pyodide_folder() -> Path:
    """Return the folder of npm's package `pyodide`; without it, skip the test, or fail in CI, which installs it."""
    folder = os.environ.get("SPFENGINE_PYODIDE", "")
    if not folder or not Path(folder, "pyodide.mjs").is_file():
        missing("Pyodide is missing: npm install pyodide, and set SPFENGINE_PYODIDE to its folder in node_modules")
    return Path(folder)


def missing(reason: str) -> NoReturn:
    """Skip the test, with a reason; in CI, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
