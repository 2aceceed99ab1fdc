"""Verdicts, the strict ledger, and the reports."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from spfengine import ArgumentError, RecordingError
from spfengine.testing import FakeDNS
from spfengine.testing.conformance import reports
from spfengine.testing.conformance.answers import Seen
from spfengine.testing.conformance.implementations import Function, Implementation
from spfengine.testing.conformance.run import CaseResult, CaseStanding, Ledger, choose, read_ledger, run
from spfengine.testing.suites import Case, SuiteError, load_suite

CASES = load_suite(Path(__file__).with_name("small.yml"), "small")
RIGHT, WRONG, EXPECTED, STALE, LEFT_OUT = CaseStanding


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDNS]:
    with FakeDNS(CASES[0].zone) as running:
        yield running


def function(name: str) -> Function:
    return Function(f"tests.conformance.implementations:{name}")


def verdicts(server: FakeDNS, name: str = "ours", ledger: str = "{}", cases: list[Case] = CASES) -> list[CaseResult]:
    return list(run(cases, function(name), server, read_ledger(ledger), default_explanation="DEFAULT"))


def standings(found: list[CaseResult]) -> list[CaseStanding]:
    return [verdict.standing for verdict in found]


@pytest.mark.parametrize("jobs", [1, 4])
def test_each_scenario_has_its_zone(server: FakeDNS, jobs: int) -> None:
    found = list(run(CASES, function("ours"), server, jobs=jobs, default_explanation="DEFAULT"))
    assert standings(found) == [RIGHT, RIGHT, RIGHT, LEFT_OUT, RIGHT]
    assert [verdict.case for verdict in found] == CASES
    assert [verdict.got for verdict in found] == ["pass", "fail", "fail", None, "softfail"]


def test_each_difference_is_told(server: FakeDNS) -> None:
    found = verdicts(server, "always_pass")
    assert standings(found) == [RIGHT, WRONG, WRONG, LEFT_OUT, WRONG]
    assert found[1].why == "expected fail, got pass"
    assert found[4].why == "expected softfail or neutral, got pass"
    assert found[3].why == "it needs limits other than the defaults"
    assert verdicts(server, "raising")[0].why == "expected pass, got no result: it raised OSError"


def test_explanations_are_compared_where_they_are_known(server: FakeDNS) -> None:
    found = verdicts(server, "without_explanation")
    assert standings(found) == [RIGHT, WRONG, WRONG, LEFT_OUT, RIGHT]
    assert found[1].why == "expected the explanation 'not ours', got 'go away'"
    unknown = list(run(CASES, function("without_explanation"), server))
    assert standings(unknown)[2] is RIGHT, "what it says where the domain says nothing is not known"


def test_a_part_of_a_text_may_be_the_explanation(server: FakeDNS) -> None:
    class Wordy:
        def cannot_say(self, case: Case) -> str | None:
            return None

        def by_hand(self, case: Case, dns: str) -> str:
            return ""

        def ask(self, case: Case, dns: str) -> Seen:
            return Seen("fail", "we refuse: not ours", False, "")

    wordy: Implementation = Wordy()
    [found] = run([CASES[1]], wordy, server)
    assert found.standing is RIGHT
    [found] = run([replace(CASES[1], explanation="not theirs")], wordy, server)
    assert found.standing is WRONG


@pytest.mark.parametrize(
    ("entry", "standing", "why"),
    [
        ("fails: it is so", EXPECTED, "it is so"),
        ("fails: {got: pass, reason: it is so}", EXPECTED, "it is so"),
        ("fails: {got: none, reason: it is so}", STALE, "the ledger says none, but expected fail, got pass"),
        ("fails: {got: nothing, reason: it is so}", STALE, "the ledger says nothing, but expected fail, got pass"),
    ],
)
def test_the_ledger_is_strict(server: FakeDNS, entry: str, standing: CaseStanding, why: str) -> None:
    found = verdicts(server, "always_pass", f"small: {{{entry}}}")
    assert (found[1].standing, found[1].why) == (standing, why)


def test_an_entry_whose_case_comes_out_right_or_is_left_out_is_stale(server: FakeDNS) -> None:
    found = verdicts(server, "ours", "small: {fails: no more, needs-limits: never}")
    assert standings(found) == [RIGHT, STALE, RIGHT, STALE, RIGHT]
    assert found[1].why == "the answer is right: remove it from the ledger"


def test_an_entry_for_no_result(server: FakeDNS) -> None:
    assert verdicts(server, "raising", "small: {passes: {got: nothing, reason: x}}")[0].standing is EXPECTED


def test_an_entry_without_a_case_is_found() -> None:
    ledger = read_ledger("small: {fails: x, fials: y}\nother: {a: b}\n")
    assert ledger.without_case(CASES) == [("small", "fials")]
    assert read_ledger("# nothing yet\n") == Ledger({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "expected a mapping"),
        ("small: []", "l, small: expected a mapping"),
        ("small: {a: ''}", "expected a reason in words"),
        ("small: {a: {got: pass}}", "expected a reason, or"),
        ("small: {a: {got: perhaps, reason: x}}", "got is 'perhaps'"),
        ("small: {a: {reason: x, more: y}}", "expected a reason, or"),
        ("a: &b {c: *b}", "alias"),
        ("a: [", "not YAML"),
        ("[" * 100 + "]" * 100, "nested too deep"),
    ],
)
def test_a_ledger_that_can_not_be_understood(text: str, message: str) -> None:
    with pytest.raises(SuiteError) as caught:
        read_ledger(text, "l")
    assert message in str(caught.value)


def test_cases_are_chosen_by_name() -> None:
    assert [case.name for case in choose(CASES, ["pass*", "other-????"])] == ["passes", "other-zone"]
    assert choose(CASES, []) == CASES
    with pytest.raises(ArgumentError, match="no case has the name"):
        choose(CASES, ["passes", "no*such"])


def document(server: FakeDNS, name: str = "always_pass", ledger: str = "small: {fails: it is so}") -> reports.Document:
    return reports.document(name, verdicts(server, name, ledger), lambda case: f"again {case.name}")


def test_a_document_tells_all_and_is_read_back(server: FakeDNS) -> None:
    run_ = document(server)
    assert run_["counts"] == {"right": 1, "wrong": 2, "expected": 1, "stale": 0, "left-out": 1}
    assert reports.has_faults(run_)
    assert reports.read_document(reports.as_json(run_)) == run_
    assert not reports.has_faults(document(server, "ours", "{}"))
    assert reports.has_faults(document(server, "ours", "small: {fails: x}"))
    for text in "", "[]", "{}", '{"schema": "spfengine.conformance/1", "cases": [{}]}', "[" * 100_000:
        with pytest.raises(RecordingError):
            reports.read_document(text)


def test_a_table_tells_what_is_not_right_and_how_to_put_it_again(server: FakeDNS) -> None:
    lines = reports.as_table(document(server)).split("\n")
    assert lines[0] == "expected  small/fails: it is so"
    assert lines[1] == "WRONG     small/no-explanation: expected fail, got pass"
    assert lines[4] == "          again: again no-explanation"
    assert lines[-2] == "always_pass: 5 cases: 1 ok, 2 wrong, 1 expected, 1 left out"


def test_tap(server: FakeDNS) -> None:
    lines = reports.as_tap(document(server)).split("\n")
    assert lines[:4] == [
        "TAP version 13",
        "1..5",
        "ok 1 - small/passes",
        "not ok 2 - small/fails # TODO it is so",
    ]
    assert "ok 4 - small/needs-limits # SKIP it needs limits other than the defaults" in lines
    assert lines.count("  ---") == lines.count("  ...") == 2


def test_junit(server: FakeDNS) -> None:
    suite = ET.fromstring(reports.as_junit(document(server)).encode())
    assert suite.attrib == {"name": "always_pass", "tests": "5", "failures": "2", "errors": "0", "skipped": "2"}
    assert [(case.get("name"), [child.tag for child in case]) for case in suite] == [
        ("passes", []),
        ("fails", ["skipped"]),
        ("no-explanation", ["failure"]),
        ("needs-limits", ["skipped"]),
        ("other-zone", ["failure"]),
    ]


def test_a_matrix_has_a_column_for_each_implementation(server: FakeDNS) -> None:
    runs = [document(server), document(server, "ours", "{}")]
    lines = reports.as_markdown(runs).split("\n")
    assert lines[:6] == [
        "| case | expected | always_pass | ours |",
        "| --- | --- | --- | --- |",
        "| `fails` | fail | **pass** | fail |",
        "| `no-explanation` | fail | **pass** | fail |",
        "| `other-zone` | softfail or neutral | **pass** | softfail |",
        "",
    ]


def test_a_written_ledger_holds_what_came_out_wrong(server: FakeDNS) -> None:
    found = document(server, "always_pass", "{}")
    again = verdicts(server, "always_pass", reports.as_ledger(found))
    assert standings(again) == [RIGHT, EXPECTED, EXPECTED, LEFT_OUT, EXPECTED]


def test_what_strangers_wrote_breaks_no_report(server: FakeDNS) -> None:
    hostile = "a\x1b[31m\n<&\"'|#]]>\u202e\ud800"
    bad = [replace(case, name=hostile, description=hostile, spec=(hostile,)) for case in CASES[1:3]]
    found = list(run(bad, function("raising"), server))
    made = reports.document(hostile, found, lambda case: "again")
    for form in (reports.as_table, reports.as_tap, reports.as_ledger):
        assert all(line.isprintable() for line in form(made).split("\n"))
    assert all(line.isprintable() for line in reports.as_markdown([made]).split("\n"))
    assert len(ET.fromstring(reports.as_junit(made).encode())) == 2
    assert json.loads(reports.as_json(made)) == made
