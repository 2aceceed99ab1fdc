"""The pytest plugin: fixtures for `FakeDNS` and `check`.

Wherever spfengine is installed, every run of pytest imports this module. So it imports only pytest; a fixture imports
what it needs when a test uses it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from spfengine.answers import Resolver
    from spfengine.testing.fake_dns import FakeDNS
    from spfengine.testing.fixtures import SPFCheck

_MARKER = "spf_zone"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(zone): the zone of a test's fixtures spf_zone, spf_dns and spf_check: a mapping as "
        "spfengine.Zone takes it, a file (relative to the test's), or a resolver",
    )


@pytest.fixture
def spf_zone(request: pytest.FixtureRequest) -> "Resolver":
    """The resolver of the nearest marker `spf_zone`; an empty zone if there is none."""
    from spfengine.testing.fixtures import resolver_of

    marker = request.node.get_closest_marker(_MARKER)
    arguments, options = ((), {}) if marker is None else (marker.args, marker.kwargs)
    return resolver_of(arguments, options, request.path.parent)


@pytest.fixture
def spf_dns(spf_zone: "Resolver") -> "Iterator[FakeDNS]":
    """A `FakeDNS` on loopback that serves `spf_zone`. If a test says what it expects, other queries make it fail."""
    from spfengine.testing.fake_dns import FakeDNS

    with FakeDNS(spf_zone) as server:
        yield server


@pytest.fixture
def spf_check(spf_zone: "Resolver") -> "SPFCheck":
    """`spfengine.check` with `spf_zone` as resolver. A test that fails shows the traces of its results."""
    from spfengine.testing.fixtures import SPFCheck

    return SPFCheck(spf_zone)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add traces and queries to the report of a failed test."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    fixtures: dict[str, Any] = getattr(item, "funcargs", {})
    if not report.failed:
        return
    if "spf_check" in fixtures and fixtures["spf_check"].results:
        report.sections.append(("spf_check: why each result came about", fixtures["spf_check"].report()))
    if "spf_dns" in fixtures and fixtures["spf_dns"].queries:
        from spfengine.testing.fake_dns import format_queries

        report.sections.append(("spf_dns: queries", format_queries(fixtures["spf_dns"].queries).lstrip("\n")))
