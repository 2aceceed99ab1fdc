"""Every code is drawn by what it is for, and not by what is nearly the same."""

import pytest

import spfengine
from spfengine import ProblemCode
from spfengine.linting import LintCode, Severity
from spfengine.linting.codes import ABOUT
from tests.conftest import REPOSITORY
from tests.lint.cases import CASES, TEXT_ONLY, example_rows


def test_every_code_has_a_case() -> None:
    assert CASES.keys() == set(LintCode) - TEXT_ONLY
    assert ABOUT.keys() == set(LintCode)


@pytest.mark.parametrize("code", CASES)
def test_it_is_drawn_by_what_it_is_for(code: str) -> None:
    findings = [finding for finding in CASES[code][0].findings() if finding.code == code]
    assert findings, CASES[code][0].codes()
    for finding in findings:
        assert finding.severity is ABOUT[finding.code].severity
        assert finding.own
        assert finding.text.isprintable()
        if finding.source is not None and finding.span is not None:
            start, end = finding.span
            assert 0 <= start < end <= len(finding.source)


@pytest.mark.parametrize("code", CASES)
def test_it_is_not_drawn_by_what_is_nearly_the_same(code: str) -> None:
    assert code not in CASES[code][1].codes()


def test_every_fault_of_a_text_has_its_own_code() -> None:
    """A finding of a problem that a check would have, has that problem's code."""
    section_of_texts = list(ProblemCode)[
        list(ProblemCode).index(ProblemCode.NOT_SPF) : list(ProblemCode).index(ProblemCode.DUPLICATE_MODIFIER) + 1
    ]
    assert {str(code) for code in section_of_texts} <= {str(code) for code in LintCode}


@pytest.mark.parametrize(
    ("record", "codes"),
    [
        ("v=spf1 mx -all", []),
        ("v=spf1 include:a.example include:b.example ~all", []),
        ("V=SPF1 MX -ALL", []),
        ("v=spf2 mx -all", ["not-spf"]),
        ("", ["not-spf"]),
        ("v=spf1 ipv4:192.0.2.1 -al", ["unknown-mechanism", "unknown-mechanism"]),
        (b"v=spf1 a:\xff.example -all", ["invalid-character"]),
    ],
)
def test_the_text_of_a_record_alone_is_linted_without_a_question(record: str | bytes, codes: list[str]) -> None:
    findings = spfengine.lint(None, record=record)
    assert [str(finding.code) for finding in findings] == codes
    assert all(finding.domain is None for finding in findings)


def test_without_domain_and_record_there_is_nothing_to_lint() -> None:
    with pytest.raises(spfengine.ArgumentError, match="nothing to lint"):
        spfengine.lint(None)


def test_a_record_is_text() -> None:
    with pytest.raises(spfengine.ArgumentError, match="not int"):
        spfengine.lint(None, record=7)  # type: ignore[arg-type]  # what a caller may do all the same


@pytest.mark.parametrize("severity", Severity)
def test_severities_are_words(severity: Severity) -> None:
    assert severity in ("error", "warning", "info")


def test_the_reference_has_an_example_and_its_fix_for_each_code() -> None:
    """After a change, replace the rows by what `example_rows` of tests/lint/cases.py returns."""
    page = (REPOSITORY / "docs" / "reference" / "lint-examples.md").read_text(encoding="utf-8")
    assert [row for row in example_rows() if row not in page.splitlines()] == []
