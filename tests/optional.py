"""What the tests need and can't be had on every Python: where it is missing they are skipped, but never in CI."""

import os
from importlib.util import find_spec

import pytest


def need(module: str) -> None:
    """Skip the test where a module can't be imported; in CI, which installs the extra `test`, fail."""
    if find_spec(module) is None:
        reason = f"{module} is not installed: the extra `test` has it, where there is one for this Python"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
