"""A release can be built by one script, twice the same, and the workflow that publishes it is safe."""

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spfengine import __version__
from spfengine.cli.commands import COMMANDS

pytestmark = pytest.mark.full

EPOCH = "1700000000"


@pytest.fixture(scope="module")
def release(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release. The script itself builds everything twice, and fails if the two differ."""
    folder = tmp_path_factory.mktemp("release")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        command = [sys.executable, "-m", "scripts.build_release", "--output", str(folder)]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_release_has_four_files(release: Path) -> None:
    assert sorted(path.name for path in release.iterdir()) == [
        f"spfengine-{__version__}-py3-none-any.whl",
        f"spfengine-{__version__}.tar.gz",
        "spfengine.1",
        "spfengine.cdx.json",
    ]


def test_the_source_distribution_builds_the_same_wheel(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tarfile.open(release / f"spfengine-{__version__}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path / f"spfengine-{__version__}", capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.read_bytes() == (release / wheel.name).read_bytes()


def test_nothing_in_a_release_names_a_folder_of_the_machine(release: Path, repository: Path) -> None:
    for path in release.iterdir():
        assert str(repository).encode() not in path.read_bytes(), path.name
    with zipfile.ZipFile(release / f"spfengine-{__version__}-py3-none-any.whl") as wheel:
        assert not [name for name in wheel.namelist() if str(repository).encode() in wheel.read(name)]


def test_the_sbom_lists_what_the_command_needs(release: Path) -> None:
    sbom = json.loads((release / "spfengine.cdx.json").read_text(encoding="utf-8"))
    assert (sbom["bomFormat"], sbom["metadata"]["component"]["name"]) == ("CycloneDX", "spfengine")
    assert sbom["metadata"]["component"]["version"] == __version__
    names = {component["name"].lower() for component in sbom["components"]}
    assert {"dnspython", "idna", "click", "pyyaml", "rich"} <= names
    assert not {"pytest", "mypy", "hatchling", "pip"} & names


def test_the_man_page_shows_the_help_of_every_command(release: Path) -> None:
    page = (release / "spfengine.1").read_text(encoding="ascii")
    assert page.startswith(f'.TH SPFENGINE 1 "2023-11-14" "spfengine {__version__}"')
    text = page.replace("\\-", "-")
    for command in COMMANDS:
        assert f'.SS "spfengine {command}"' in text
        assert f"Usage: spfengine {command} " in text


@pytest.mark.debian
def test_groff_has_nothing_to_say_about_the_man_page(release: Path) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", str(release / "spfengine.1")], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "\N{NON-BREAKING HYPHEN}V" in done.stdout or "-V" in done.stdout


def workflows(repository: Path) -> list[Path]:
    return sorted((repository / ".github").rglob("*.yml"))


def test_zizmor_finds_nothing_in_the_workflows(repository: Path) -> None:
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--persona", "pedantic", "--no-progress"]
    done = subprocess.run([*command, str(repository / ".github")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def uses(value: Any) -> Iterator[str]:
    """Every action that a workflow calls."""
    if isinstance(value, dict):
        yield from (text for key, text in value.items() if key == "uses")
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from uses(one)


def test_every_action_is_pinned_to_a_commit(repository: Path) -> None:
    import yaml

    called = [action for path in workflows(repository) for action in uses(yaml.safe_load(path.read_text("utf-8")))]
    assert called
    assert [action for action in called if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


def test_only_the_job_that_publishes_can_sign(repository: Path) -> None:
    import yaml

    workflow = yaml.safe_load((repository / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert {name for name, job in workflow["jobs"].items() if "id-token" in job["permissions"]} == {"publish"}
    assert not [step for step in workflow["jobs"]["publish"]["steps"] if "checkout" in step.get("uses", "")]
