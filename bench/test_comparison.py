"""The comparison runs, its engines agree, and it reports engines that disagree."""

from pathlib import Path

import pytest

from bench import compare, workloads
from bench.comparison.with_spfengine import prepare
from bench.workloads import NAMES, Check, Workload, load


def test_engines_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--smoke", "--workloads", "W1,W2b,W4,W5b,W6,W7"]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    for engine in compare.ENGINES:
        assert f"| {engine.name} " in printed or f"Not measured: {engine.name}, because " in printed


def test_a_wrong_result_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong(name: str) -> Workload:
        workload = load(name)
        return workload._replace(checks=(workload.checks[0]._replace(expected="none"),))

    monkeypatch.setattr(compare, "load", wrong)
    monkeypatch.setattr(compare, "ENGINES", [each for each in compare.ENGINES if each.name == compare.OURS])
    assert compare.main(["--smoke", "--workloads", "W1"]) == 1
    assert f"{compare.OURS}: W1: " in capsys.readouterr().err


def test_engines_that_disagree_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    anything = Workload("W6", (), (Check("192.0.2.1", "u@x.example", "h.example", "*"),))
    reports = {"with_pyspf": ["fail"], "with_spfengine": ["pass"]}
    monkeypatch.setattr(compare, "ENGINES", [each for each in compare.ENGINES if each.script in reports])
    monkeypatch.setattr(
        compare,
        "_run",
        lambda engine, *_: {"version": "1", "median_us": 1.0, "results": reports[engine.script]},
    )
    assert compare.compare([anything], 1, 0.0).faults == [
        "W6: 192.0.2.1 for u@x.example: spfengine.check has pass, pyspf has fail"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_made_workloads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Without a shared folder, workloads of the same shapes are generated: the same each time, and correct."""
    monkeypatch.setenv("SPFENGINE_SHARED", str(tmp_path))
    made = load(name)
    assert made == load(name)
    assert workloads.read(workloads.write(made, tmp_path)) == made
    first = made.first(2000)
    assert first.faults([str(result) for result in prepare(made)(first.checks)]) == []
