"""Build what a release consists of: the wheel, the source distribution, the man page, and the list of dependencies.

    python3 -m scripts.build_release [--output FOLDER]

It needs the extra `release`. The wheel and the source distribution are built twice, and must be the same, octet for
octet: anybody can build them again from the tag and compare. Their times are that of the commit, or SOURCE_DATE_EPOCH.
The list of dependencies is a CycloneDX SBOM of the wheel with the extra `cli`, as pip installs it in a fresh virtual
environment. Nothing is written to the folder unless all of it could be built.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def run(*command: str | Path, **variables: str) -> None:
    """Run a command in the checkout, with more environment variables; raises subprocess.CalledProcessError."""
    subprocess.run([str(word) for word in command], check=True, cwd=REPOSITORY, env=os.environ | variables)


def time_of_the_commit() -> str:
    """Return SOURCE_DATE_EPOCH: the seconds since 1970 that all files of a build get.

    Raises:
        SystemExit: it is not set, and the folder is no git checkout.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return os.environ["SOURCE_DATE_EPOCH"]
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    if done.returncode or not done.stdout.strip():
        raise SystemExit("this folder is no git checkout: set SOURCE_DATE_EPOCH to the time of the release, in seconds")
    return done.stdout.strip()


def build_twice(folder: Path, epoch: str) -> list[Path]:
    """Build the wheel and the source distribution into a folder, and return them.

    Raises:
        SystemExit: a second build differs.
    """
    again = folder / "again"
    for target in (folder, again):
        run(sys.executable, "-m", "hatchling", "build", "-d", target, SOURCE_DATE_EPOCH=epoch)
    built = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    for path in built:
        if path.read_bytes() != (again / path.name).read_bytes():
            raise SystemExit(f"{path.name}: a second build differs, so nobody could verify it")
    shutil.rmtree(again)
    return built


def write_sbom(wheel: Path, output: Path, epoch: str) -> None:
    """List what pip installs for a wheel with the extra `cli`."""
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        run(sys.executable, "-m", "venv", "--without-pip", venv)
        python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        run(sys.executable, "-m", "pip", "-q", "--python", python, "install", f"{wheel}[cli]")
        options = ("--output-reproducible", "--validate", "--pyproject", REPOSITORY / "pyproject.toml")
        run(
            sys.executable, "-m", "cyclonedx_py", "environment", *options, "-o", output, python, SOURCE_DATE_EPOCH=epoch
        )


def build(output: Path) -> list[Path]:
    """Build everything, and return the files."""
    epoch = time_of_the_commit()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        built = build_twice(folder, epoch)
        run(sys.executable, "-m", "twine", "check", "--strict", *built)
        (wheel,) = (path for path in built if path.suffix == ".whl")
        write_sbom(wheel, folder / "spfengine.cdx.json", epoch)
        run(
            sys.executable, "-m", "scripts.build_man_page", "--output", folder / "spfengine.1", SOURCE_DATE_EPOCH=epoch,
        )  # fmt: skip
        output.mkdir(parents=True, exist_ok=True)
        return [Path(shutil.copy2(path, output)) for path in sorted(folder.iterdir())]


def main() -> None:
    """Parse the command line and build the release."""
    parser = argparse.ArgumentParser(description="Build the files of a release.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", help="the folder to write to")
    for path in build(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
