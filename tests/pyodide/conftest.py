"""Pyodide under Node.js, and the engine as one archive.

Both need npm's package `pyodide` in the folder that SPFENGINE_PYODIDE names; .ci/run installs it there.
"""

import shutil
import subprocess
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from tests.optional import missing, pyodide_folder

LIBRARIES = ("dns", "idna")
"""The packages that the engine needs, besides itself. All of it is Python."""
LEFT_OUT = ("cli", "testing", "compat", "policyd")
"""Folders of the engine that a page has no use for."""


@pytest.fixture(scope="session")
def pyodide() -> Path:
    """The folder of npm's package."""
    if shutil.which("node") is None:
        missing("Node.js is missing: apt-get install -y nodejs")
    return pyodide_folder()


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


def run_in_pyodide(pyodide: Path, engine: Path, input: Path, program: str, expression: str) -> str:
    """Return what an expression is in Pyodide, after a program of this folder has run; the input is the file /input."""
    folder = Path(__file__).parent
    command = ["node", folder / "run.mjs", pyodide, engine, input, folder / program, expression]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
