"""The pytest plugin: it wires `FakeDNS` and `check` into fixtures, and knows nothing itself.

Every run of pytest imports this module where the package is installed, so it imports nothing but pytest; what a fixture
needs is imported when a test asks for that fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from spfengine.answers import Resolver
    from spfengine.testing.checking import SPFCheck
    from spfengine.testing.fake_dns import FakeDNS

_MARKER = "spf_zone"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(zone): the zone of a test's fixtures spf_zone, spf_dns and spf_check: a mapping as "
        "spfengine.Zone takes it, a file (relative to the test's), or a resolver",
    )


@pytest.fixture
def spf_zone(request: pytest.FixtureRequest) -> "Resolver":
    """What answers in this test: the zone of the nearest marker `spf_zone`; an empty one where there is none."""
    from spfengine.testing.marked_zone import zone_of

    marker = request.node.get_closest_marker(_MARKER)
    return zone_of(() if marker is None else marker.args, {} if marker is None else marker.kwargs, request.path.parent)


@pytest.fixture
def spf_dns(spf_zone: "Resolver") -> "Iterator[FakeDNS]":
    """A `FakeDNS` on loopback that serves `spf_zone`; the test fails if it says what is expected and more is asked."""
    from spfengine.testing.fake_dns import FakeDNS

    with FakeDNS(spf_zone) as server:
        yield server


@pytest.fixture
def spf_check(spf_zone: "Resolver") -> "SPFCheck":
    """`spfengine.check`, answered by `spf_zone`; a test that fails shows the traces of its results."""
    from spfengine.testing.checking import SPFCheck

    return SPFCheck(spf_zone)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add traces and queries to the report of a test that failed."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    used: dict[str, Any] = getattr(item, "funcargs", {})
    if not report.failed:
        return
    if "spf_check" in used and used["spf_check"].results:
        report.sections.append(("spf_check: why each result came about", used["spf_check"].report()))
    if "spf_dns" in used and used["spf_dns"].queries:
        from spfengine.testing.queries import told_of

        report.sections.append(("spf_dns: queries", told_of(used["spf_dns"].queries).lstrip("\n")))
