"""Every code path runs every case: the official suite, our own, and one of published records."""

import json
import subprocess
import sys

import pytest

from spfengine.testing.suites import Case
from tests.cases import official
from tests.cases.entry_points import ENTRY_POINTS, Means, command, faults, seen_in_json
from tests.cases.ledger import LEDGER, read_ledger, without_case

pytestmark = pytest.mark.cases

SUITES = {
    "test_the_official_suite": "official",
    "test_our_own_suite": "semantics",
    "test_published_records": "realworld",
}
LEDGERED = read_ledger(LEDGER.read_text("utf-8"))


def test_the_official_suite(entry_point: str, case: Case | str, means: Means) -> None:
    if isinstance(case, str):
        pytest.fail(case, pytrace=False)
    take(entry_point, case, means)


def test_our_own_suite(entry_point: str, case: Case, means: Means) -> None:
    take(entry_point, case, means)


def test_published_records(entry_point: str, case: Case | str, means: Means) -> None:
    if isinstance(case, str):
        pytest.skip(f"{case} (SPFENGINE_SHARED names it); its records are not part of the project")
    take(entry_point, case, means)


def take(entry_point: str, case: Case, means: Means) -> None:
    found = faults(case, ENTRY_POINTS[entry_point](case, means))
    reason = LEDGERED.get((case.suite, case.name, entry_point))
    if reason is None:
        assert not found, f"{case.name} ({case.description}): {'; '.join(found)}"
    elif found:
        pytest.xfail(reason)
    else:
        pytest.fail(
            f"{case.name} has the right result through {entry_point} now: take it out of the ledger", pytrace=False
        )


@pytest.mark.full
def test_a_few_in_a_process_of_their_own(official_cases: list[Case], semantics_cases: list[Case], means: Means) -> None:
    first_of_each = {case.scenario: case for case in reversed(official_cases)}
    chosen = [*first_of_each.values(), *[case for case in semantics_cases if case.name in ("text-spaces", "eai-exp")]]
    for case in chosen:
        done = subprocess.run(
            [sys.executable, "-m", "spfengine", *command(case, means)], capture_output=True, text=True, check=False
        )
        assert not done.stderr
        assert not faults(case, seen_in_json(json.loads(done.stdout)))


def test_the_ledger_has_no_entry_for_the_official_suite() -> None:
    assert [entry for entry in LEDGERED if entry[0] == "official"] == []


def test_every_entry_of_the_ledger_is_for_a_case(official_cases: list[Case], semantics_cases: list[Case]) -> None:
    assert without_case(LEDGERED, [*official_cases, *semantics_cases]) == []


def test_the_official_suite_is_complete(official_cases: list[Case]) -> None:
    print(official.source())  # for the output of -rA, as well as for the header of the run
    assert len(official_cases) == 203
    assert len({case.scenario for case in official_cases}) == 16
    assert sum(isinstance(case.explanation, str) for case in official_cases) > 10
