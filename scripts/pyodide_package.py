"""npm's package `pyodide`, of the one version whose files have the hashes below: CPython for browsers."""

import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

PYODIDE = "pyodide@314.0.7"
HASHES = {
    "pyodide.js": "3141b814715a72e59b51b1b18b9ceae5bf19f7c852417e431bb0a34feadf825c",
    "pyodide.mjs": "6f1d60f7bf529beb300f0f47983c921d3982363640ba20af0e38efdddbc66109",
    "pyodide.asm.mjs": "f7cdc8ece80678ceb712f8e65ebe6d3a83203a180c399865f49612a051693635",
    "pyodide.asm.wasm": "cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6",
    "python_stdlib.zip": "fa1957e5777068fc4f7437f96d860ae2fbe9c19732ba06c84e004ec16dd7dd7a",
    "pyodide-lock.json": "5dc2fc119108bc148c7457dc86e7675b5c87e1cafd420b9c34c1eaef7b36c010",
}
"""The files of Pyodide that are needed, with their SHA-256."""


def verified(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of Pyodide. Raises SystemExit if one is missing, or another than expected."""
    for name, expected in HASHES.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise SystemExit(f"{folder} is not npm's package {PYODIDE}, unpacked: {error}") from error
        if sha256(content).hexdigest() != expected:
            raise SystemExit(f"{folder / name} is not that of {PYODIDE}: its SHA-256 is another")
        yield name, content


def fetched(folder: Path) -> Path:
    """Return the folder of Pyodide, which npm fetches into another folder."""
    run("npm", "pack", "--silent", PYODIDE, cwd=folder)
    (archive,) = folder.glob("*.tgz")
    shutil.unpack_archive(archive, folder, filter="data")
    return folder / "package"


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run a program. Raises SystemExit if it fails."""
    try:
        subprocess.run(list(map(str, command)), check=True, cwd=cwd)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"{command[0]} failed: {error}") from error
