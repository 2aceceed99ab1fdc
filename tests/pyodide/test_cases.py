"""The engine in Pyodide, as a page in a browser runs it, has the verdicts that it has here: in all tables of cases.

It needs Node.js, and npm's package `pyodide` in the folder that SPFENGINE_PYODIDE names; .ci/run installs it there.
"""

import os
import pickle
import shutil
import subprocess
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from spfengine.testing.suites import Case
from tests.cases.conftest import table
from tests.hostile.test_records import INVALID
from tests.pyodide.verdicts import verdicts

LIBRARIES = ("dns", "idna")
"""The packages that the engine needs, besides itself. All of it is Python."""
LEFT_OUT = ("cli", "testing", "compat", "policyd")
"""Folders of the engine that a page has no use for."""


@pytest.fixture(scope="session")
def pyodide() -> Path:
    """The folder of npm's package."""
    folder = os.environ.get("SPFENGINE_PYODIDE", "")
    if folder and Path(folder, "pyodide.mjs").is_file() and shutil.which("node"):
        return Path(folder)
    reason = "Pyodide is missing: npm install pyodide, and set SPFENGINE_PYODIDE to its folder in node_modules"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine and what it needs, as one archive."""
    path = tmp_path_factory.mktemp("pyodide") / "engine.zip"
    roots = [repository / "spfengine", *[Path(str(resources.files(name))) for name in LIBRARIES]]
    with zipfile.ZipFile(path, "w") as archive:
        for root in roots:
            for file in root.rglob("*"):
                parts = file.relative_to(root).parts
                if file.suffix in (".py", ".toml", ".typed") and parts[0] not in LEFT_OUT:
                    archive.write(file, Path(root.name, *parts))
    return path


@pytest.mark.full
def test_all_cases_have_the_same_verdicts(
    pyodide: Path, engine: Path, repository: Path, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """ "all tables of cases … under Node with npm's pyodide in CI, equal to native in every field but what the clock
    decides". The time of each case is given, so that the clock decides nothing."""
    cases: list[Case] = []
    for suite in ("official", "semantics", "realworld"):
        found = table(suite, pytestconfig)
        cases += [] if isinstance(found, str) else found
    assert len(cases) > 1000
    arguments = [
        (case.zone, case.host, case.mailfrom, case.helo, case.limits, case.receiver, case.now) for case in cases
    ]
    pickled = pickle.dumps((arguments, [record for record, _ in INVALID]))
    (tmp_path / "cases.pickle").write_bytes(pickled)
    folder = repository / "tests" / "pyodide"
    command = ["node", folder / "run.mjs", pyodide, engine, tmp_path / "cases.pickle", folder / "verdicts.py"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    ours, theirs = verdicts(pickled).split("\n"), done.stdout.split("\n")
    names = [f"{case.suite}/{case.name}" for case in cases] + [f"record {number}" for number in range(len(INVALID))]
    differing = [
        f"{name}\n  here:    {here[:500]}\n  Pyodide: {there[:500]}"
        for name, here, there in zip(names, ours, theirs, strict=True)
        if here != there
    ]
    assert not differing, f"{len(differing)} of {len(names)} differ:\n" + "\n".join(differing[:10])
