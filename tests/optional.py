"""Modules that not every Python has: a test that needs one is skipped without it, but fails in CI."""

import os
from importlib.util import find_spec

import pytest


def need(module: str) -> None:
    """Skip the test if a module can't be imported; in CI, which installs the extra `full`, fail."""
    if find_spec(module) is None:
        reason = f"{module} is not installed: the extra `full` has it, if there is one for this Python"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason, allow_module_level=True)
