"""What happens if one of Debian's programs is missing."""

import re
import shutil
from pathlib import Path

import pytest

from tests.debian import INSTALL, program


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [
        ({}, pytest.skip.Exception),
        ({"CI": "true"}, pytest.fail.Exception),
        ({"CI": "true", "SPFENGINE_NO_DEBIAN": "1"}, pytest.skip.Exception),
    ],
)
def test_a_missing_program_skips_its_tests_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    for variable in ("CI", "SPFENGINE_NO_DEBIAN"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(outcome, match=r"^rspamd is not installed.*: apt-get install -y rspamd$"):
        program("rspamd")


@pytest.mark.parametrize("name", sorted(INSTALL))
def test_ci_installs_the_package_of_each_program(name: str, repository: Path) -> None:
    script = (repository / ".ci" / "debian").read_text("utf-8")
    named = re.findall(r"apt-get (?:install -y|download) (\S+)", INSTALL[name])
    assert named
    assert all(re.search(rf"^(?:  |unpacked=){re.escape(package)}\b", script, re.MULTILINE) for package in named)
