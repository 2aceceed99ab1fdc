"""The suites and their cases."""

from pathlib import Path

import pytest

from spfengine.testing.suites import Case, load_suite
from tests.cases.conftest import table
from tests.receivers import driving


@pytest.fixture(scope="session")
def suites(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> list[Path]:
    """The files of both suites."""
    official = table("official", pytestconfig)  # fetched once and cached
    assert not isinstance(official, str), official
    cache = getattr(pytestconfig, "cache", None)
    return driving.suites(tmp_path_factory.mktemp("suite") if cache is None else cache.mkdir("official-suite"))


@pytest.fixture(scope="session")
def cases(suites: list[Path]) -> list[Case]:
    return [case for path in suites for case in load_suite(path, path.stem)]
