"""Build `dist/spfengine.pyz`: the command and everything it needs in one file, for people who don't have pip.

    python3 -m scripts.build_zipapp [--output FILE] [PIP OPTION…]

The file runs with any Python from 3.11 on: `python3 spfengine.pyz check …`. All other options are passed to pip, such
as `--no-index --find-links wheels`.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import zipapp
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
MAIN = "from spfengine.cli.app import main\n\nraise SystemExit(main())\n"


def build(output: Path, pip_options: list[str]) -> None:
    """Install the package and its dependencies into a temporary folder, and pack that folder.

    Raises:
        subprocess.CalledProcessError: if pip fails; pip has printed the reason.
        SystemExit: if a dependency is not pure Python.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "app"
        # --no-compile: bytecode fits one version of Python only, and can't be cached next to a zip file.
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--target", str(target), *pip_options, f"{REPOSITORY}[cli]"], check=True)
        for path in target.glob("yaml/_yaml.*"):  # PyYAML works without its extension module, only slower
            path.unlink()
        binaries = [str(path.relative_to(target)) for kind in ("*.so", "*.pyd") for path in target.rglob(kind)]
        if binaries:
            raise SystemExit(f"not pure Python, so they can't be loaded from a zip file: {binaries}")
        shutil.rmtree(target / "bin", ignore_errors=True)
        (target / "__main__.py").write_text(MAIN, encoding="utf-8")
        output.parent.mkdir(parents=True, exist_ok=True)
        zipapp.create_archive(target, output, interpreter="/usr/bin/env python3", compressed=True)


def main() -> None:
    """Parse the command line and build the file."""
    parser = argparse.ArgumentParser(description="Build the command as one file.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist" / "spfengine.pyz", help="the file to write")
    arguments, pip_options = parser.parse_known_args()
    build(arguments.output, pip_options)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1_000_000:.1f} MB")


if __name__ == "__main__":
    main()
