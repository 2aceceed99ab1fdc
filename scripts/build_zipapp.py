"""Build `dist/spfengine.pyz`: the command with everything it needs in one file, for people without Python's tools.

    python3 scripts/build_zipapp.py [--output FILE] [PIP OPTION…]

Run the file with any Python from 3.11 on: `python3 spfengine.pyz check …`. All other arguments of this script go to
pip, such as `--no-index --find-links wheels`.
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
    """Install the package and what it needs into a folder, and pack that.

    Raises:
        subprocess.CalledProcessError: pip could not install it; it has said why.
        SystemExit: something that is not pure Python would have to be packed.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "app"
        # --no-compile: the file is the same for every Python; what zipapp packs can't be cached anyway.
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--target", str(target), *pip_options, f"{REPOSITORY}[cli]"], check=True)
        binaries = [str(path.relative_to(target)) for kind in ("*.so", "*.pyd") for path in target.rglob(kind)]
        if binaries:
            raise SystemExit(f"these can't be loaded from a zip file, and fit one kind of machine only: {binaries}")
        shutil.rmtree(target / "bin", ignore_errors=True)
        (target / "__main__.py").write_text(MAIN, encoding="utf-8")
        output.parent.mkdir(parents=True, exist_ok=True)
        zipapp.create_archive(target, output, interpreter="/usr/bin/env python3", compressed=True)


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description="Build the command as one file.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist" / "spfengine.pyz", help="the file to write")
    arguments, pip_options = parser.parse_known_args()
    build(arguments.output, pip_options)
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1_000_000:.1f} MB")


if __name__ == "__main__":
    main()
