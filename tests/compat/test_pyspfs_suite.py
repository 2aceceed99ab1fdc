"""pyspf's own test suite, unchanged, with our module in place of pyspf: `testspf.py` of its source distribution.

The suite is neither ours nor in pyspf's wheel, so it is downloaded.
"""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import spfengine.compat.stand_in
from tests.cli.conftest import REPOSITORY

DIFFERENCES = {
    "testInvalidSPF": "strict=2 is not supported, so nothing is ambiguous",
    "default-modifier": "the modifier default= was never in an RFC; RFC 7208 §6 ignores it",
    "default-modifier-harsh": "strict=2 is not supported, so nothing is ambiguous",
    "baddomain": "the text about a permerror is ours, and problem= has our code",
    "tworecs": "the text about a permerror is ours, and problem= has our code",
}
"""The tests that fail, each with the reason. docs/coming-from-pyspf.md lists them."""

_TOTAL = 411
_RUN = """
import sys, unittest, testspf, yaml
with open("doctest.yml", "rb") as file:
    testspf.zonedata = testspf.loadZone(next(yaml.safe_load_all(file)))
result = unittest.TestResult()
testspf.suite(skipdoc=True).run(result)
print("ran", result.testsRun)
for test, _ in result.failures + result.errors:
    print("failed", test.id().split(" in ")[0].split(".")[-1])
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pyspf's tests."""
    folder = tmp_path_factory.mktemp("pyspf")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "pyspf", "pyspf==2.0.14"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = f"pip can't download the source distribution of pyspf: {done.stderr[-300:]}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with tarfile.open(folder / "pyspf-2.0.14.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "pyspf-2.0.14" / "test"


@pytest.mark.full
def test_pyspfs_own_suite_passes_but_for_the_listed_differences(suite: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*spfengine.compat.stand_in.__path__, str(REPOSITORY)])}
    command = [sys.executable, "-c", _RUN]
    done = subprocess.run(command, cwd=suite, env=environment, capture_output=True, text=True, check=True)
    failed = set(re.findall(r"^failed (\S+)$", done.stdout, re.MULTILINE))
    assert failed == set(DIFFERENCES)
    assert f"ran {_TOTAL}\n" in done.stdout


def test_the_page_lists_the_differences() -> None:
    page = (REPOSITORY / "docs" / "coming-from-pyspf.md").read_text(encoding="utf-8")
    assert f"{_TOTAL - len(DIFFERENCES)} of its {_TOTAL} tests pass" in " ".join(page.split())
    assert all(f"`{test}`" in page for test in DIFFERENCES)
