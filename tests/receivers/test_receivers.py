"""Real receivers answer every case as the suites and their ledgers say; the ledgers are strict."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from spfengine.testing.conformance.run import LEFT_OUT
from spfengine.testing.suites import Case
from tests.debian import program
from tests.receivers import driving
from tests.receivers.table import RECEIVERS, RULES, Receiver

PARTS = [
    pytest.param(receiver, part, id=f"{receiver.key}-{part + 1}")
    for receiver in RECEIVERS
    for part in range(receiver.parts)
]


def need(receiver: Receiver) -> None:
    """Skip the test if the receiver is missing or has another version; in CI, fail."""
    paths = {name: program(name) for name in (*receiver.programs, *receiver.version[0][:1])}
    if receiver.root and os.geteuid() != 0:
        pytest.skip(f"{receiver.title} changes its user, which only root can do")
    words, version = receiver.version
    done = subprocess.run([paths[words[0]], *words[1:]], capture_output=True, text=True, timeout=300, check=False)
    output = done.stdout + done.stderr
    if version not in output:
        message = f"the ledger is of {receiver.title}, but {words[0]} says {output[:200]!r}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{message}: python3 -m scripts.receivers_differ --run {receiver.key} makes another")
        pytest.skip(message)


def part_of(cases: Sequence[Case], part: int, parts: int) -> Iterator[str]:
    """Return the options that choose one of several parts of the cases; no options if there is one part."""
    if parts > 1:
        for name in sorted({case.name for case in cases})[part::parts]:
            yield from ("--case", name)


@pytest.mark.full
@pytest.mark.debian
@pytest.mark.parametrize(("receiver", "part"), PARTS)
def test_a_receiver_answers_as_suites_and_ledger_say(
    receiver: Receiver, part: int, suites: list[Path], cases: list[Case], tmp_path: Path
) -> None:
    need(receiver)
    chosen = list(part_of(cases, part, receiver.parts))
    report = tmp_path / "report.json"
    done = driving.conformance(
        receiver, suites, tmp_path, "--ledger", str(receiver.ledger_path()),
        "--format", "json", "--output", str(report), *chosen,
    )  # fmt: skip
    if done.returncode == 69 and "the system refuses" in done.stderr:
        if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_NAMESPACES") != "1":
            pytest.fail(f"CI must be able to make namespaces: {done.stderr}")
        pytest.skip(f"the kernel makes no namespaces here: {done.stderr.strip()}")
    assert done.returncode in (0, 1), done.stderr
    results = json.loads(report.read_text("utf-8"))["cases"]
    wrong = [
        f"{case['suite']}/{case['case']}: {case['why']}; it said: {case['answer']}"
        for case in results
        if case["standing"] in ("wrong", "stale")
    ]
    assert not wrong, "\n".join(wrong)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(results) == (len(cases) if not chosen else sum(case.name in chosen for case in cases))
    entries = receiver.ledger().entries
    left_out = {(case["suite"], case["case"]) for case in results if case["standing"] == LEFT_OUT}
    asked = {(case["suite"], case["case"]) for case in results}
    assert left_out == {key for key, entry in entries.items() if entry.got == LEFT_OUT and key in asked}


def test_the_page_is_what_the_ledgers_say(repository: Path, suites: list[Path]) -> None:
    assert suites
    done = subprocess.run(
        [sys.executable, "-m", "scripts.receivers_differ", "--check"],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("receiver", RECEIVERS, ids=[receiver.key for receiver in RECEIVERS])
def test_each_deviation_has_a_reason_and_a_case(receiver: Receiver, cases: list[Case]) -> None:
    ledger = receiver.ledger()
    assert ledger.without_case(cases) == []
    assert [key for key, entry in ledger.entries.items() if entry.reason.startswith("not explained")] == []
    unsure = [case for (_, case), entry in ledger.entries.items() if entry.got is None]
    assert unsure == list(receiver.unsteady)


def test_the_advice_of_each_rule_is_one_sentence_or_two() -> None:
    for rule in RULES:
        assert rule.owner.endswith(".")
        assert rule.owner.count(". ") <= 1, rule.owner


@pytest.mark.debian
def test_a_ledger_that_does_not_hold_fails(tmp_path: Path, suites: list[Path]) -> None:
    """Otherwise the test of the receivers could not fail: one deviation is gone, and one is new."""
    receiver = RECEIVERS[0]
    need(receiver)
    if shutil.which("unshare") is None or os.environ.get("SPFENGINE_NO_NAMESPACES") == "1":
        pytest.skip("this needs namespaces")
    ledger = tmp_path / "ledger.yml"
    ledger.write_text("- {reason: x, cases: {semantics: {void-two: permerror}}}\n")
    done = driving.conformance(
        receiver, suites, tmp_path, "--ledger", str(ledger), "--case", "void-two", "--case", "void-third"
    )
    assert done.returncode == 1
    assert "remove it from the ledger" in done.stdout
    assert "expected permerror, got pass" in done.stdout
