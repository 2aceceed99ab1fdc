"""What all tests share: the shared folder, hypothesis's profiles, and which tests run."""

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings

REPOSITORY = Path(__file__).resolve().parent.parent

BYTECODE = "SPFENGINE_TESTS_BYTECODE"
"""The environment variable with the folder for the bytecode of programs that tests start."""
TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
"""What describes the terminal that the tests are started from; the output of the programs under test ignores it."""

EVERYDAY_TESTS = "not full"
"""The -m of pyproject.toml, which chooses the tests of every day."""

# No profile has a deadline or a health check that watches the clock: a busy machine must not fail a test.
_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("everyday", _UNHURRIED, max_examples=10)
settings.register_profile("full", _UNHURRIED, max_examples=100)
# In CI, the same examples on each run, so that a red run can be repeated.
for name in ("everyday", "full"):
    settings.register_profile(f"ci {name}", settings.get_profile(name), derandomize=True, print_blob=True)
# For mutation testing, which needs to know only whether a test fails.
_FINDING = [phase for phase in Phase if phase not in (Phase.shrink, Phase.explain)]
settings.register_profile("mutation", settings.get_profile("ci everyday"), phases=_FINDING, print_blob=False)
settings.register_profile("thorough", _UNHURRIED, max_examples=2000)


def shared_folder() -> Path | None:
    """Return the folder with the texts that the tests use but the project does not contain; None if there is none."""
    folder = Path(os.environ.get("SPFENGINE_SHARED") or REPOSITORY.parent / "shared")
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path | None:
    """The shared folder. A test that gets None finds its texts elsewhere."""
    return shared_folder()


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_works() -> Iterator[None]:
    """Let the programs that tests start react to SIGINT.

    A shell starts its background jobs with SIGINT ignored, and programs inherit that. A handler is not inherited.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def _programs_find_their_bytecode() -> Iterator[None]:
    """Keep the bytecode of the programs that tests start in a temporary folder, if the checkout is to have none.

    Compiling all modules takes longer than what most of these programs do.
    """
    with pytest.MonkeyPatch.context() as environment:
        if BYTECODE in os.environ:
            environment.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            environment.setenv("PYTHONPYCACHEPREFIX", os.environ[BYTECODE])
        yield


LEFT_OUT = {
    "live": (os.environ.get("SPFENGINE_LIVE_DNS") != "1", "queries live DNS; run with SPFENGINE_LIVE_DNS=1"),
    "debian": (
        os.environ.get("SPFENGINE_NO_DEBIAN") == "1",
        "needs Debian's servers, and SPFENGINE_NO_DEBIAN=1 is set",
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    """Choose hypothesis's profile before any test module is imported: the full tests have more examples too."""
    profile = "everyday" if config.getoption("markexpr") == EVERYDAY_TESTS else "full"
    if os.environ.get("CI") == "true":
        profile = f"ci {profile}"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or profile)
    for variable in TERMINAL:
        os.environ.pop(variable, None)
    if sys.dont_write_bytecode and BYTECODE not in os.environ:  # xdist's workers inherit the variable
        folder = TemporaryDirectory(prefix="spfengine-bytecode-")
        config.add_cleanup(folder.cleanup)
        os.environ[BYTECODE] = folder.name


def pytest_report_header() -> str:
    """Say where the official suite comes from: it is read or fetched, but never kept in the repository."""
    from tests.cases.official import source

    return source()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from searching the tests, of which none is garbage, again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("debian") is not None:
            item.add_marker(pytest.mark.full)
        for marker, (left_out, reason) in LEFT_OUT.items():
            if left_out and item.get_closest_marker(marker) is not None:
                item.add_marker(pytest.mark.skip(reason=reason))
    # The longest first, so that no run ends with one worker waiting for another.
    items.sort(key=lambda item: [item.get_closest_marker(marker) is None for marker in ("debian", "full")])
