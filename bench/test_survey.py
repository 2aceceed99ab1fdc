"""The survey benchmark runs, and its own assertions hold."""

import pytest

from bench import survey


def test_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert survey.main(["--domains", "10", "--delay", "0", "--rounds", "1", "--memory", "100"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.split("\n") if line.startswith("| asurvey")]
    assert len(rows) == 3
    for *_, queries, distinct in rows:
        assert queries == distinct.rstrip(" |")
