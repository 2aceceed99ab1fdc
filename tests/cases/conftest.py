"""Fixtures: the tables of cases, for each test that has the parameter `case`, or `entry_point` and `case`."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import pytest

from spfengine.testing.suites import SEMANTICS, Case, load_suite
from tests.cases import official
from tests.cases.entry_points import ENTRY_POINTS, IN_MEMORY, Means, leads_nowhere
from tests.cases.shared_suites import realworld_suite
from tests.conftest import EVERYDAY_TESTS

EVERYDAY = "sync"
"""The code path on which every run of the tests checks all suites. On each other path, every run checks a part of the
official suite, and a full run checks all.
"""

_tables: dict[str, list[Case] | str] = {}


def table(suite: str, config: pytest.Config) -> list[Case] | str:
    """Return the cases of a suite, or a message that says why they are unavailable."""
    if suite not in _tables:
        _tables[suite] = _load(suite, config)
    return _tables[suite]


def _load(suite: str, config: pytest.Config) -> list[Case] | str:
    if suite == "semantics":
        return load_suite(SEMANTICS, suite)
    if suite == "realworld":
        path = realworld_suite()
        return "the shared folder with data/realworld.yml is absent" if path is None else load_suite(path, suite)
    try:
        cache = getattr(config, "cache", None)  # absent if the plugin is switched off
        folder = Path(gettempdir()) / "spfengine-official-suite" if cache is None else cache.mkdir("official-suite")
        return load_suite(official.official_suite(folder), suite)
    except official.UnavailableError as error:
        return str(error)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"entry_point", "case"} <= set(metafunc.fixturenames):
        suite = metafunc.module.SUITES[metafunc.function.__name__]
        metafunc.parametrize(("entry_point", "case"), list(_pairs(suite, metafunc.config)))


def _pairs(suite: str, config: pytest.Config) -> Iterator[object]:
    cases = table(suite, config)
    if isinstance(cases, str):  # the test reports it: it fails, or is skipped if the suite is not part of the project
        yield pytest.param("", cases, id=f"{suite}-unavailable")
        return
    entry_points = list(IN_MEMORY if suite == "realworld" else ENTRY_POINTS)
    for entry_point in entry_points:
        for number, case in enumerate(cases):
            if leads_nowhere(entry_point, case):
                continue
            is_turn = suite == "official" and entry_point == entry_points[number % len(entry_points)]
            if is_turn or entry_point == EVERYDAY:
                yield pytest.param(entry_point, case, id=f"{entry_point}-{case.name}")
            elif config.getoption("markexpr") != EVERYDAY_TESTS:  # making 10,000 tests takes seconds
                yield pytest.param(entry_point, case, id=f"{entry_point}-{case.name}", marks=pytest.mark.full)


@pytest.fixture(scope="session")
def means(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Means]:
    """Return what the code paths need."""
    means = Means(tmp_path_factory.mktemp("entry points"))
    yield means
    means.close()


@pytest.fixture(scope="session")
def official_cases(pytestconfig: pytest.Config) -> list[Case]:
    """Return the cases of the official suite; fail the test if it is unavailable."""
    cases = table("official", pytestconfig)
    assert not isinstance(cases, str), cases
    return cases


@pytest.fixture(scope="session")
def semantics_cases(pytestconfig: pytest.Config) -> list[Case]:
    """Return the cases of our own suite."""
    cases = table("semantics", pytestconfig)
    assert not isinstance(cases, str), cases
    return cases
