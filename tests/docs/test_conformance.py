"""On the conformance page, each row names cases that exist, and the list of all cases is up to date."""

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from spfengine.testing.suites import SEMANTICS, load_suite
from tests.architecture.rfc7208 import SECTIONS

_CODE = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(r"\d+(?:\.\d+)*$")
_OTHER = re.compile(r"(?:RFC \d{3,5}(?: §\d+(?:\.\d+)*)?|eid\d+)$")
_HEADINGS = ["topic", "section", "what we do", "who differs", "shown by"]


class Row(NamedTuple):
    """A row of the page's tables."""

    topic: str
    sections: list[str]
    shown_by: list[str]


def rows(text: str) -> list[Row]:
    """Return the rows of all tables of the page."""
    found = []
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(cells) == len(_HEADINGS), line
            if cells != _HEADINGS and set(cells[0]) != {"-"}:
                found.append(Row(cells[0], cells[1].split(", "), _CODE.findall(cells[-1])))
    return found


@pytest.fixture(scope="module")
def page(repository: Path) -> list[Row]:
    return rows((repository / "docs" / "conformance.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def names() -> list[str]:
    return [case.name for case in load_suite(SEMANTICS, "semantics")]


def test_every_row_names_cases_or_tests_that_exist(page: list[Row], names: list[str], repository: Path) -> None:
    assert len(page) > 50
    for row in page:
        assert row.shown_by, f"{row.topic}: nothing shows it"
        for shown in row.shown_by:
            if shown.startswith("tests/"):
                assert (repository / shown).is_file(), f"{row.topic}: there is no {shown}"
            else:
                assert any(fnmatchcase(name, shown) for name in names), f"{row.topic}: there is no case {shown}"


def test_every_case_is_in_a_row(page: list[Row], names: list[str]) -> None:
    patterns = [shown for row in page for shown in row.shown_by]
    assert [name for name in names if not any(fnmatchcase(name, pattern) for pattern in patterns)] == []


def test_every_row_names_a_section(page: list[Row]) -> None:
    for row in page:
        for section in row.sections:
            assert _OTHER.match(section) or (_NUMBER.match(section) and section in SECTIONS), f"{row.topic}: {section}"


def test_every_case_names_a_section() -> None:
    for case in load_suite(SEMANTICS, "semantics"):
        assert case.spec, case.name
        assert case.description, case.name
        for section in case.spec:
            assert _OTHER.match(section) or section in SECTIONS, f"{case.name}: {section}"


def test_the_list_of_cases_is_up_to_date(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.conformance_cases", "--check"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_case_is_in_the_list(names: list[str], repository: Path) -> None:
    listed = (repository / "docs" / "conformance-cases.md").read_text("utf-8")
    assert [name for name in names if f"\n| `{name}` |" not in listed] == []
