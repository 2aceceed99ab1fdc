"""The action for GitHub: its steps run as GitHub's runner runs them, in a repository with a change."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from spfengine.sources.finder import ENDINGS
from tests.integrations.checkouts import (
    BEFORE,
    BROKEN,
    ROOT,
    WORSE,
    environment,
    git,
    need_index,
    project,
    repository,
)

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


class Ended(NamedTuple):
    """What a run of the action did."""

    code: int
    outputs: dict[str, str]
    summary: str
    log: str


class Runner:
    """Runs the steps of a composite action: inputs and contexts are put into `env`, and nowhere else."""

    def __init__(self, folder: Path, action: Path) -> None:
        self.folder = folder
        self.action = action
        self.temp = folder / "temp"
        self.temp.mkdir()
        self._installed = False

    def run(self, workspace: Path, inputs: Mapping[str, str]) -> Ended:
        """Run all steps, until one fails; what is installed stays for the next run, which costs seconds each time."""
        values = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | dict(inputs)
        contexts = {f"inputs.{name}": value for name, value in values.items()}
        contexts["github.action_path"] = str(self.action)
        contexts["github.event.repository.default_branch"] = "main"
        output, summary = self.temp / "output", self.temp / "summary"
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        log = ""
        code = 0
        for step in ACTION["runs"]["steps"]:
            is_install = step["name"].startswith("Install")
            if not self._wanted(step.get("if"), contexts) or (is_install and self._installed):
                continue
            self._installed |= is_install
            own = {name: self._value(str(value), contexts) for name, value in step.get("env", {}).items()}
            places = {
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
            }
            script = self.temp / "step.sh"
            script.write_text(step["run"], encoding="utf-8")
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
                cwd=workspace, env=environment(self.folder, **places, **own), capture_output=True, text=True,
                check=False, timeout=600,
            )  # fmt: skip
            log += done.stdout + done.stderr
            code = done.returncode
            for row in output.read_text(encoding="utf-8").splitlines():
                name, _, value = row.partition("=")
                contexts[f"steps.{step.get('id')}.outputs.{name}"] = value
            if code:
                break
        outputs = {name: self._value(each["value"], contexts) for name, each in ACTION["outputs"].items()}
        return Ended(code, outputs, summary.read_text(encoding="utf-8"), log)

    def _value(self, text: str, contexts: Mapping[str, str]) -> str:
        return _EXPRESSION.sub(lambda found: contexts.get(found[1], ""), text)  # as GitHub does

    def _wanted(self, condition: str | None, contexts: Mapping[str, str]) -> bool:
        if condition is None:
            return True
        name, value = condition.split(" == ")
        return contexts[name] == value.strip("'")


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ACTION["runs"]["steps"]
    return found


def test_no_expression_is_in_a_shell_line() -> None:
    """What others can write, such as the name of a branch, is data for the shell, never code."""
    for step in steps():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_every_input_and_output_is_described_and_used() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8").partition("\nruns:")[2]
    for name, about in ACTION["inputs"].items():
        assert about["description"]
        assert f"inputs.{name}" in text
    for about in ACTION["outputs"].values():
        assert about["description"]
        assert _EXPRESSION.fullmatch(about["value"])


@pytest.mark.full
def test_zizmor_finds_nothing() -> None:
    zizmor = shutil.which("zizmor", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if zizmor is None:
        pytest.skip("zizmor is not installed: the extra `full` has it")
    command = [zizmor, "--offline", "--no-progress", "--persona", "pedantic", str(ROOT / "action.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_kinds_of_files_that_are_read_are_linted() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    [lint] = [step["run"] for step in ACTION["runs"]["steps"] if step["name"] == "Lint"]
    pattern = next(hook["files"] for hook in hooks if hook["id"] == "spfengine-lint")
    assert f"kinds='{pattern}'" in lint
    assert all(re.search(pattern, f"x{ending}") for ending in ENDINGS)


@pytest.mark.full
def test_the_action_judges_a_change(tmp_path: Path) -> None:
    need_index()
    runner = Runner(tmp_path, project(tmp_path / "action"))
    users = repository(tmp_path / "users", {"dns/main.tf": BEFORE})

    def judged(text: str, **inputs: str) -> Ended:
        (users / "dns/main.tf").write_text(text, encoding="utf-8")
        given = {"base": "HEAD", "head": ".", "python": sys.executable, **inputs}
        return runner.run(users, {name.replace("_", "-"): value for name, value in given.items()})

    worse = judged(WORSE)
    assert worse.outputs["exit-code"] == "1", worse.log
    assert worse.code == 1
    assert worse.summary.startswith("<!-- spfengine plan -->\n\n### SPF: something gets worse for 1 name\n")
    assert Path(worse.outputs["report"]).read_text(encoding="utf-8") == worse.summary
    broken = judged(BROKEN, paths="dns\n")
    assert (broken.code, broken.outputs["exit-code"]) == (2, "2")
    assert "::error title=spfengine unknown-mechanism,file=dns/main.tf,line=4," in broken.log
    (users / "notes.txt").write_text("v=spf1", encoding="utf-8")
    of_files = judged(BROKEN, paths="notes.txt\ndns/main.tf\n")
    assert "::error title=spfengine unknown-mechanism,file=dns/main.tf,line=4," in of_files.log
    assert "::error" not in judged(BROKEN, lint="false").log
    better = judged(BEFORE.replace("/24", "/23"))
    assert (better.code, better.outputs["exit-code"]) == (0, "0")
    unknown = BEFORE.replace("-all", "include:${var.relay} -all")
    assert judged(unknown).code == 0
    assert judged(unknown, fail_if_unknown="true").code == 69
    new_branch = "0" * 40  # what GitHub has for the commit before the first push of a branch
    assert judged(WORSE, base=new_branch).code == 0, "nothing was there before"
    git(users, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert judged(WORSE, base=new_branch).code == 1
    (users / "senders.csv").write_text("ip,sender\n203.0.113.9,a@example.com\n", encoding="utf-8")
    stricter = BEFORE.replace("-all", "~all")
    git(users, "checkout", "-q", "--", ".")
    (users / "dns/main.tf").write_text(stricter, encoding="utf-8")
    git(users, "commit", "-q", "-a", "-m", "two")
    assert judged(BEFORE).code == 0
    assert judged(BEFORE, senders="senders.csv\n").code == 1


@pytest.mark.full
@pytest.mark.parametrize("text", ["$(touch ran)", "`touch ran`", "; touch ran", "--output=x", "a\n; touch ran"])
def test_hostile_inputs_are_data(text: str, tmp_path: Path) -> None:
    """The command is a stand-in that writes its arguments, so that nothing is installed."""
    runner = Runner(tmp_path, tmp_path)
    command = runner.temp / "spfengine" / "bin"
    command.mkdir(parents=True)
    for name in ("spfengine", "python"):
        (command / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="ascii")
        (command / name).chmod(0o755)
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    fake.chmod(0o755)
    users = repository(tmp_path / "users", {"dns/main.tf": BEFORE})
    ended = runner.run(users, {"base": text, "head": text, "paths": text, "senders": text, "python": str(fake)})
    assert ended.code == 0, ended.log
    assert not (users / "ran").exists()
    assert ended.summary.count(text.partition("\n")[0]) >= 3
