"""A run of pytest inside a test, with our plugin and no other; a process of its own, so that no module is twice."""

import pytest

from tests.conftest import REPOSITORY


def run_inner(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run the files that the test has made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("COLUMNS", "200")
        plugin = ("-p", "spfengine.testing.pytest_plugin", "-p", "no:cacheprovider", "--strict-markers")
        return pytester.runpytest_subprocess(*plugin, *options)
