"""Which of these files are read: the tests of octoDNS import it, and only the extra `full` has it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import EVERYDAY_TESTS


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file whose tests are all `full`, if these are not wanted anyway and it could not be read."""
    is_everyday = config.getoption("markexpr") == EVERYDAY_TESTS
    if collection_path.name == "test_octodns.py" and is_everyday and find_spec("octodns") is None:
        return True
    return None
