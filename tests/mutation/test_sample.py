"""A fixed sample of mutants: each is noticed by a test, or survivors.md says why not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.known import SAMPLE, SURVIVORS, explained, first_to_notice
from tests.mutation.mutants import Change, Mutant, sample


@pytest.mark.full
def test_the_sample_is_noticed(repository: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    command = [sys.executable, "-m", "tests.mutation"]
    ended = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"write a test, or give the reason in {SURVIVORS.name}:\n{ended.stdout}{ended.stderr}"


def test_the_survivors_are_lines_of_today(repository: Path) -> None:
    """What survivors.md explains is still in the code."""
    changes = explained(SURVIVORS.read_text(encoding="utf-8"))
    assert changes
    for change in changes:
        lines = [line.strip() for line in (repository / change.path).read_text(encoding="utf-8").splitlines()]
        assert change.before in lines, change
        assert change.before != change.after


def test_no_survivor_is_said_to_be_noticed() -> None:
    assert SAMPLE.exists()
    assert not first_to_notice().keys() & explained(SURVIVORS.read_text(encoding="utf-8"))


def test_a_survivor_is_a_path_and_two_lines() -> None:
    text = "- no\n+ no\n```diff\na/b.py\n- x = 1\n+ x = 2\n- y\n+ z\nc.py\n- x\n+ y\n```\n- no\n+ no\n"
    assert explained(text) == {
        Change("a/b.py", "x = 1", "x = 2"),
        Change("a/b.py", "y", "z"),
        Change("c.py", "x", "y"),
    }


def test_the_sample_stays_if_other_lines_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.mutation.mutants.REPOSITORY", tmp_path)
    lines = [f"x{number} = {number} + 1" for number in range(50)]

    def chosen(before: list[str]) -> set[str]:
        (tmp_path / "m.py").write_text("\n".join([*before, *lines]), encoding="utf-8")
        places = {
            ("m.py", number, column): [Mutant("m.py", f"core/{name}", number, number, column) for name in "ABC"]
            for number in range(len(before) + 1, len(before) + 51)
            for column in (5, 7)
        }
        found = sample(places, 10, 1)
        return {f"{lines[mutant.line - len(before) - 1]} {mutant.column} {mutant.operator}" for mutant in found}

    first = chosen([])
    assert len(first) == 10
    assert chosen(["# a new line"] * 3) == first
