"""The ledger of deviations is strict: an entry that is no longer needed fails the run."""

from dataclasses import replace

import pytest

from spfengine.testing.suites import Case
from tests.cases import test_entry_points
from tests.cases.entry_points import Means
from tests.cases.ledger import LedgerError, read_ledger, without_case

pytestmark = pytest.mark.cases


def chosen(cases: list[Case], name: str) -> Case:
    return next(case for case in cases if case.name == name)


def test_an_entry_whose_case_passes_fails_the_run(
    semantics_cases: list[Case], means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = chosen(semantics_cases, "void-two")
    monkeypatch.setattr(test_entry_points, "LEDGERED", {("semantics", "void-two", "sync"): "it was once so"})
    with pytest.raises(pytest.fail.Exception, match="take it out of the ledger"):
        test_entry_points.take("sync", case, means)
    test_entry_points.take("asyncio", case, means)


def test_an_entry_whose_case_fails_is_an_expected_failure(
    semantics_cases: list[Case], means: Means, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = replace(chosen(semantics_cases, "void-two"), results=("fail",))
    monkeypatch.setattr(test_entry_points, "LEDGERED", {("semantics", "void-two", "sync"): "so it is"})
    with pytest.raises(pytest.xfail.Exception, match="so it is"):
        test_entry_points.take("sync", case, means)
    with pytest.raises(AssertionError, match="expected fail, got pass"):
        test_entry_points.take("asyncio", case, means)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"explanation": "Cut. "}, "explanation: expected 'Cut. ', got 'Cut.'"),
        ({"explanation": None}, "explanation: expected None, got 'Cut.'"),
        ({"results": ("pass", "softfail")}, "result: expected pass or softfail, got fail"),
        ({"expected": {"lookups": 7}}, "lookups: expected 7, got 0"),
        ({"expected": {"voids": 7}}, "voids: expected 7, got 0"),
        ({"expected": {"questions": 7}}, "questions: expected 7, got 2"),
        ({"expected": {"directive": "~all"}}, "directive: expected '~all', got '-all'"),
        ({"expected": {"problem": "no-record"}}, "problem: expected 'no-record', got None"),
        ({"expected": {"problem_says": "x"}}, "problem_says: expected 'x', got ''"),
        ({"expected": {"explanation_problem": "exp-absent"}}, "explanation_problem: expected 'exp-absent', got None"),
        ({"expected": {"path": []}}, "path: expected [], got [['cut-exp.example', '-all']]"),
        ({"expected": {"record_domain": "x.example"}}, "record_domain: expected 'x.example', got 'cut-exp.example'"),
    ],
)
def test_each_difference_is_reported(
    change: dict[str, object], words: str, semantics_cases: list[Case], means: Means
) -> None:
    case = chosen(semantics_cases, "cut-exp")
    for entry_point in ("sync", "command", "live"):
        test_entry_points.take(entry_point, case, means)
        with pytest.raises(AssertionError) as caught:
            test_entry_points.take(entry_point, replace(case, **change), means)  # type: ignore[arg-type]  # a field of Case each
        assert words in str(caught.value)


def test_entries_are_read() -> None:
    text = "semantics:\n  one: {live: because, live-asyncio: so}\n  two: {sync: never}\n"
    ledger = read_ledger(text)
    assert ledger == {
        ("semantics", "one", "live"): "because",
        ("semantics", "one", "live-asyncio"): "so",
        ("semantics", "two", "sync"): "never",
    }
    assert without_case(ledger, []) == [("semantics", "one"), ("semantics", "two")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "mapping of suite"),
        ("semantics: []", "semantics: expected a mapping"),
        ("semantics: {a: }", "semantics, a: expected a mapping"),
        ("semantics: {a: {by-air: x}}", "no entry point 'by-air'"),
        ("semantics: {a: {live: ''}}", "expected a reason"),
    ],
)
def test_a_malformed_ledger_is_refused(text: str, words: str) -> None:
    with pytest.raises(LedgerError, match=words):
        read_ledger(text)
