"""The wheel has everything that the package needs, and works outside the checkout."""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.architecture.imports import modules_of

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel without the network: the tests' dependencies include what builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps", "--no-index"]
    subprocess.run([*command, "--no-build-isolation", "-w", str(folder), str(repository)], check=True)
    (found,) = folder.glob("spfengine-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install it in a fresh virtual environment, with its dependencies from the environment of the tests."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    python = venv / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "-q"]
    subprocess.run([*command, "--no-deps", "--no-index", str(wheel)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return venv


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COVERAGE_PROCESS_CONFIG")
    }
    return subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, check=False, cwd="/", env=environment
    )


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name for name in names if ".dist-info/" not in name}
    files = [
        path for path in (repository / "spfengine").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert inside == {path.relative_to(repository).as_posix() for path in files}
    assert "spfengine/py.typed" in inside
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_a_check_works_where_the_wheel_is_installed(installed: Path) -> None:
    code = (
        "import spfengine; print(spfengine.__file__)\n"
        "zone = spfengine.Zone({'x.example': {'TXT': 'v=spf1 ip4:192.0.2.0/24 -all'}})\n"
        "print(spfengine.check('192.0.2.1', 'a@x.example', resolver=zone).result)"
    )
    done = run(installed / "bin" / "python", "-c", code)
    assert done.returncode == 0, done.stderr
    where, result = done.stdout.split()
    assert Path(where).is_relative_to(installed)
    assert result == "pass"


def test_every_module_can_be_imported(installed: Path, repository: Path) -> None:
    names = [name for name in modules_of(repository / "spfengine") if name != "spfengine.__main__"]
    done = run(installed / "bin" / "python", "-W", "error", "-c", "".join(f"import {name}\n" for name in names))
    assert done.returncode == 0, done.stderr


def test_the_command_works(installed: Path, repository: Path) -> None:
    command = installed / "bin" / "spfengine"
    done = run(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "check" in done.stdout
    zone = str(repository / "examples" / "seed.zone")
    done = run(command, "check", "23.83.218.24", "alice@seed.example", "--zone", zone)
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith("SOFTFAIL")


def test_pytest_finds_the_plugin(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "bin" / "python", "-m", "pytest", "--fixtures", "-p", "no:cacheprovider", str(tmp_path))
    assert "spf_dns -- " in done.stdout, done.stdout + done.stderr


CALLS = """
from ipaddress import IPv4Address

from spfengine import CheckResult, Policy, Sender, Zone, check, lint, simulate, suggest

zone = Zone({"x.example": {"TXT": "v=spf1 -all"}})
result: CheckResult = check(IPv4Address("192.0.2.1"), "alice@x.example", resolver=zone)
text: str = result.result.value
policy: Policy = Policy.compile("x.example", resolver=zone)
codes: list[str] = [finding.code for finding in lint("x.example", resolver=zone)]
"""
REFUSED = {
    'check(None, "alice@x.example", resolver=zone)': "no address",
    'check(3221225985, "alice@x.example", resolver=zone)': "a number is no address",
    'check("192.0.2.1", None, resolver=zone)': "no sender",
    "number: int = result.result": "a result is no number",
    "result.lookups = 3": "a result is frozen",
}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_type_checker_reads_the_types_of_the_installed_package(installed: Path, tmp_path: Path, checker: str) -> None:
    """ "py.typed" and the annotations work where the wheel is installed: right calls pass, wrong ones are refused."""
    program = tmp_path / "program.py"
    program.write_text(CALLS + "\n".join(REFUSED) + "\n", encoding="utf-8")
    first = CALLS.count("\n") + 1
    python = str(installed / "bin" / "python")
    arguments = {
        "mypy": ["mypy", "--strict", "--no-incremental", "--python-executable", python],
        "pyright": ["pyright", "--pythonpath", python],
    }
    done = run(Path(sys.executable), "-m", *arguments[checker], str(program))
    lines = {int(found) for found in re.findall(r"program\.py:(\d+)(?::\d+)?(?: -|:) error", done.stdout)}
    assert lines == set(range(first, first + len(REFUSED))), done.stdout + done.stderr
