"""The hooks for pre-commit, run by pre-commit itself in a repository, when something is committed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.integrations.checkouts import (
    BEFORE,
    BROKEN,
    ROOT,
    WORSE,
    committed,
    environment,
    git,
    need_index,
    project,
    repository,
)
from tests.optional import need


def test_the_hooks_install_what_the_command_needs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for hook in hooks:
        assert hook["additional_dependencies"] == extras["cli"]


@pytest.mark.full
def test_a_commit_that_breaks_a_record_or_makes_spf_worse_is_refused(tmp_path: Path) -> None:
    need("pre_commit")
    need_index()
    hooks = committed(project(tmp_path / "hooks"))
    revision = git(hooks, "rev-parse", "HEAD").stdout.strip()
    config = {
        "repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": "spfengine-lint"}, {"id": "spfengine-plan"}]}]
    }
    files = {"dns/main.tf": BEFORE, "notes.md": "v=spf1 +all", ".pre-commit-config.yaml": yaml.safe_dump(config)}
    users = repository(tmp_path / "users", files)
    env = environment(tmp_path, PRE_COMMIT_HOME=str(tmp_path / "cache"))
    install = [sys.executable, "-m", "pre_commit", "install", "--install-hooks"]
    done = subprocess.run(install, cwd=users, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr

    def commit(text: str, *, staged: bool = True) -> tuple[bool, str]:
        (users / "dns/main.tf").write_text(text, encoding="utf-8")
        (users / "notes.md").write_text(f"{text}\n", encoding="utf-8")
        git(users, "add", "dns/main.tf" if staged else "notes.md", "notes.md")
        done = git(users, "commit", "-q", "-m", "x", env=env)
        return done.returncode == 0, done.stdout + done.stderr

    accepted, output = commit(BROKEN)
    assert not accepted
    assert "dns/main.tf:4:15" in output
    assert "[unknown-mechanism]" in output
    accepted, output = commit(WORSE)
    assert not accepted
    assert "something gets worse for 1 name" in output
    assert "192.0.2.128/25" in output
    git(users, "reset", "-q", "--hard")
    accepted, output = commit(BROKEN, staged=False)
    assert accepted, output
    accepted, output = commit(BEFORE.replace("/24", "/23"))
    assert accepted, output
