"""What all tests share: where the shared folder is, how hard hypothesis looks, and which tests need the outside."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

settings.register_profile("default", deadline=timedelta(seconds=2))
# A fixed budget, the same examples on each run: a red run can be had again, and no run takes much longer than another.
settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "default"))


def shared_folder() -> Path | None:
    """The folder with the texts that are used but not part of the project, or None where there is none."""
    folder = Path(os.environ.get("SPFENGINE_SHARED") or REPOSITORY.parent / "shared")
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path | None:
    """The shared folder, or None where there is none: a test then brings what it needs in another way."""
    return shared_folder()


LEFT_OUT = {
    "live": (os.environ.get("SPFENGINE_LIVE_DNS") != "1", "asks the Internet's DNS; SPFENGINE_LIVE_DNS=1 runs it"),
    "debian": (os.environ.get("SPFENGINE_NO_DEBIAN") == "1", "needs servers of Debian's; SPFENGINE_NO_DEBIAN=1"),
}


def pytest_report_header() -> str:
    """Say where the official suite comes from: it is read, or fetched, but never kept in the repository."""
    from tests.cases.official import source

    return source()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, (left_out, reason) in LEFT_OUT.items():
            if left_out and item.get_closest_marker(marker) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
    # The slow ones first, so that no run ends in waiting for them.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
