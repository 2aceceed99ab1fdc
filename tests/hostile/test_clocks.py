"""Clocks that jump: the wall clock is set forward and back, the monotonic clock goes on during a suspend."""

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.cli.conftest import REPOSITORY, SEED, environment
from tests.receiver.requests import wire

# The clocks are replaced before anything is imported. A monotonic clock never goes back, and asyncio uses it too.
JUMPING = """
import random, sys, time
seed, often, words = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
dice, steady, ahead = random.Random(seed), time.monotonic, 0.0
def monotonic():
    global ahead
    if dice.random() < often:
        ahead += dice.choice([0.5, 30, 3600, 1e6])
    return steady() + ahead
def wall():
    return dice.choice([0.0, -1e9, 1.0, 4e9, 2e11, 1796000000.5])
time.monotonic, time.time = monotonic, wall
from spfengine.cli.app import main
sys.argv[1:] = words
sys.exit(main(words))
"""
CHECK = ["check", "23.83.218.24", "alice@seed.example", "--zone", SEED, "--json"]
SURVEY = ["survey", str(REPOSITORY / "examples" / "domains.txt"), "--zone", SEED]
SENDERS = ["alice@seed.example", "bob@none.example", "carol@relay.mailchannels.net"]
CLIENTS = ["23.83.218.24", "150.95.55.137", "192.0.2.1", "2001:db8::1"]


def _run(words: Sequence[str], seed: int, often: float, octets: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-c", JUMPING, str(seed), str(often), *words]
    return subprocess.run(command, input=octets, capture_output=True, env=environment(), timeout=300, check=False)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_a_wall_clock_that_is_set_changes_no_result(seed: int) -> None:
    steady = subprocess.run(
        [sys.executable, "-m", "spfengine", *CHECK], capture_output=True, env=environment(), timeout=300, check=False
    )
    jumping = _run(CHECK, seed, 0.0)
    assert (jumping.returncode, jumping.stderr) == (steady.returncode, b"")
    assert json.loads(jumping.stdout) == json.loads(steady.stdout)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_a_check_during_a_suspend_has_its_result_or_ran_out_of_time(seed: int) -> None:
    ended = _run(CHECK, seed, 0.2)
    document = json.loads(ended.stdout)
    assert document["result"] == "softfail" or document["problem"]["code"] == "time-limit"
    assert b"Traceback" not in ended.stderr


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2))
def test_a_survey_has_a_line_for_each_domain(seed: int) -> None:
    steady = [json.loads(line) for line in _run(SURVEY, seed, 0.0).stdout.splitlines()]
    jumping = [json.loads(line) for line in _run(SURVEY, seed, 0.05).stdout.splitlines()]
    assert steady
    assert {row["domain"] for row in jumping} == {row["domain"] for row in steady}


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_policyd_answers_each_request_rightly_or_defers_it(seed: int) -> None:
    requests = [
        wire(client_address=client, sender=sender, instance=f"{number}.{client}.{sender}")
        for number in range(12)
        for client in CLIENTS
        for sender in SENDERS
    ]
    words = ["policyd", "--zone", SEED, "--hostname", "mx.example.net"]
    right = _run(words, seed, 0.0, b"".join(requests))
    jumping = _run(words, seed, 0.05, b"".join(requests))
    assert jumping.returncode == right.returncode == 0
    expected, got = right.stdout.split(b"\n\n"), jumping.stdout.split(b"\n\n")
    assert len(got) == len(expected) == len(requests) + 1
    for wanted, action in zip(expected, got, strict=True):
        assert action == wanted or action.startswith(b"action=451 4.7.24 ")
    assert any(b"softfail" in action for action in got)
    assert b"Traceback" not in jumping.stderr
