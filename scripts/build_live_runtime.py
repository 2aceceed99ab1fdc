"""Build the wheel `spfengine_live`: Python for the browsers that open interactive reports (the extra `live`).

    python3 -m scripts.build_live_runtime [--pyodide FOLDER] [--output FOLDER]

It needs hatchling. FOLDER is npm's package `pyodide`, unpacked; without it npm fetches the package. Its files must have
the hashes of `pyodide_package.py`. Of the standard library, what a report has no use for is left out. The same files
give the same wheel.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from scripts.pyodide_package import PYODIDE, fetched, verified
from spfengine.report.interactive import PARTS

REPOSITORY = Path(__file__).resolve().parent.parent
LICENSES = REPOSITORY / "scripts" / "live_licenses"
"""The licences of Pyodide (MPL-2.0) and of CPython (Python-2.0), which become part of the wheel."""
RENAMED = {"pyodide.asm.mjs": "pyodide.asm.js"}
"""What files of Pyodide are called in the wheel, if not by their own names."""
LEFT_OUT = {
    "__phello__", "_aix_support", "_android_support", "_apple_support", "_ios_support", "_osx_support", "_pyrepl",
    "antigravity", "bdb", "cProfile", "cmd", "code", "concurrent/interpreters", "compression", "ctypes", "curses",
    "dbm", "doctest", "ensurepip", "fileinput", "filecmp", "ftplib", "getopt", "getpass", "http", "idlelib",
    "imaplib", "lib2to3", "logging/config", "logging/handlers", "mailbox", "mimetypes", "modulefinder",
    "multiprocessing", "netrc", "nturl2path", "optparse", "pdb", "pickletools", "plistlib", "poplib", "profile",
    "profiling", "pstats", "pty", "pyclbr", "pydoc", "pydoc_data", "rlcompleter", "sched", "shelve", "smtplib",
    "socketserver", "sqlite3", "ssl", "statistics", "symtable", "tabnanny", "tarfile", "test", "this", "timeit",
    "tkinter", "trace", "tracemalloc", "tty", "turtle", "turtledemo", "unittest", "venv", "wave", "webbrowser",
    "wsgiref", "xml", "xmlrpc", "zipapp", "zoneinfo",
}  # fmt: skip
"""What is left out of the standard library: modules and packages."""
CODECS = {
    "__init__", "aliases", "ascii", "base64_codec", "cp437", "idna", "latin_1", "punycode", "raw_unicode_escape",
    "unicode_escape", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_8", "utf_8_sig",
}  # fmt: skip
"""The modules of `encodings` that are kept."""
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_ABOUT = '''"""Python for browsers, for interactive reports of spfengine: Pyodide {version}.

The files are those of npm's package {package}, packed by gzip. One of them is a script
here, and a module there. Of the standard library they have what a report needs.
Nothing here runs in your own Python.

Pyodide is licensed under MPL-2.0. Its source code: https://github.com/pyodide/pyodide/tree/{version}
CPython is licensed under Python-2.0. Both licences are in the folder `licenses` of this package's metadata.
"""
'''
_PROJECT = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "spfengine-live"
version = "{version}"
description = "Python for browsers, for interactive reports of spfengine"
license = "MPL-2.0 AND Python-2.0"
license-files = ["licenses/*"]
authors = [{{ name = "The Pyodide authors; packed by the spfengine authors" }}]
requires-python = ">=3.11"
readme = "README.md"

[project.urls]
Pyodide = "https://pyodide.org/"

[tool.hatch.build.targets.wheel]
packages = ["spfengine_live"]
artifacts = ["*.gz"]
"""


def build(pyodide: Path | None, output: Path) -> Path:
    """Build the wheel into a folder, and return its path.

    Raises:
        SystemExit: a file of Pyodide is another than expected, or npm or hatchling fails.
    """
    version = PYODIDE.partition("@")[2]
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        package = project / "spfengine_live"
        package.mkdir(parents=True)
        shutil.copytree(LICENSES, project / "licenses")
        for name, content in verified(pyodide or fetched(Path(folder))):
            part = RENAMED.get(name, name)
            if part in PARTS:
                (package / f"{part}.gz").write_bytes(gzip.compress(_reduced(name, content), mtime=0))
        about = _ABOUT.format(version=version, package=PYODIDE)
        (package / "__init__.py").write_text(about, encoding="ascii")
        (project / "README.md").write_text(about.strip('"\n') + "\n", encoding="ascii")
        (project / "pyproject.toml").write_text(_PROJECT.format(version=version), encoding="ascii")
        output.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(output.resolve())]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
        try:
            subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"hatchling failed: {error.stderr}") from error
    return output / f"spfengine_live-{version}-py3-none-any.whl"


def _reduced(name: str, content: bytes) -> bytes:
    """Return the content of a file of Pyodide without what is not needed."""
    if name == "pyodide.asm.mjs":
        return _script(content)
    if name == "pyodide-lock.json":
        return json.dumps({**json.loads(content), "packages": {}}, separators=(",", ":")).encode()
    return _standard_library(content) if name == "python_stdlib.zip" else content


def _script(module: bytes) -> bytes:
    """Return a module as a script: browsers with WebKit import no module into a page that was opened as a file."""
    script, exports = re.subn(rb"export default (\w+);\s*$", b"", module)
    if exports != 1 or b"import.meta" in (script := script.replace(b"import.meta.url", b"location.href")):
        raise SystemExit("pyodide.asm.mjs is not as expected: it has other exports, or asks for more than its address")
    return script


def _standard_library(content: bytes) -> bytes:
    """Return the standard library without what is left out, not compressed inside, so that all of it is at once."""
    octets = BytesIO()
    with ZipFile(BytesIO(content)) as whole, ZipFile(octets, "w", ZIP_STORED) as kept:
        for name in sorted(whole.namelist()):
            first, _, rest = name.partition("/")
            module = rest.partition(".")[0]
            is_codec_left_out = first == "encodings" and module not in CODECS
            if not (first.partition(".")[0] in LEFT_OUT or f"{first}/{module}" in LEFT_OUT or is_codec_left_out):
                kept.writestr(ZipInfo(name, _EARLIEST), whole.read(name))
    return octets.getvalue()


def main() -> None:
    """Parse the command line and build the wheel."""
    parser = argparse.ArgumentParser(description="Build Python for interactive reports as a wheel.")
    parser.add_argument("--pyodide", type=Path, help="npm's package pyodide, unpacked; without it npm fetches it")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", help="the folder for the wheel")
    arguments = parser.parse_args()
    wheel = build(arguments.pyodide, arguments.output)
    print(f"{wheel}: {wheel.stat().st_size / 1_000_000:.1f} MB")


if __name__ == "__main__":
    main()
