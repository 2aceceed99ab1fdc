"""The job for GitLab: its lines run as GitLab's runner runs them, in a repository with a change."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integrations.checkouts import BEFORE, ROOT, WORSE, environment, git, need_index, project, repository

JOB = yaml.safe_load((ROOT / "examples/gitlab/spf-plan.gitlab-ci.yml").read_text(encoding="utf-8"))["spf-plan"]


def run(workspace: Path, home: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the job's lines one after the other in one shell, which stops at the first that fails."""
    lines = "\n".join(["set -eo pipefail", *JOB["before_script"], *JOB["script"]])
    values = {name: str(value) for name, value in JOB["variables"].items()} | variables
    return subprocess.run(
        ["bash", "-c", lines], cwd=workspace, env=environment(home, **values), capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


@pytest.mark.full
def test_the_job_judges_a_change(tmp_path: Path) -> None:
    need_index()
    users = repository(tmp_path / "users", {"dns/main.tf": BEFORE, ".gitignore": ".spfengine/\nspf-plan.md\n"})
    base = git(users, "rev-parse", "HEAD").stdout.strip()
    path = Path(sys.executable).parent
    variables = {
        "SPFENGINE": f"{project(tmp_path / 'project')}[cli]",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "PATH": f"{path}:/usr/local/bin:/usr/bin:/bin",
    }
    codes = {}
    for text in (WORSE, BEFORE.replace("/24", "/23"), BEFORE.replace("-all", "include:${var.relay} -all")):
        (users / "dns/main.tf").write_text(text, encoding="utf-8")
        git(users, "commit", "-q", "-a", "-m", "two")
        done = run(users, tmp_path, **variables, SPF_PATHS="dns")
        assert (users / "spf-plan.md").read_text(encoding="utf-8") in done.stdout, done.stderr
        codes[text] = done.returncode
    assert list(codes.values()) == [1, 0, JOB["allow_failure"]["exit_codes"]]
