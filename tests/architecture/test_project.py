"""Facts that the project states in several places agree, and every exception to a rule gives its reason."""

import re
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import spfengine


@pytest.fixture(scope="module")
def pyproject(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_the_same_everywhere(repository: Path, pyproject: dict[str, Any]) -> None:
    assert spfengine.__version__ == pyproject["project"]["version"]
    assert f"## [{spfengine.__version__}]" in (repository / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_is_explained(repository: Path, pyproject: dict[str, Any]) -> None:
    project = pyproject["project"]
    requirements = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=!~ ]", requirement)[0] for requirement in requirements} - {"spfengine"}
    text = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    assert sorted(name for name in names if not re.search(rf"\b{re.escape(name.lower())}\b", text)) == []


EXCEPTION = re.compile(
    r"# (?:noqa\b(?P<noqa>[^#]*)|type: ignore(?P<ignore>.*)|pragma: no (?:cover|branch)(?P<cover>.*))"
)
CODE = re.compile(r"^(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*|\[[a-z, -]+\])")


def unexplained(text: str) -> list[int]:
    """Return the lines that switch off a rule without naming its code or without a reason after it."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        for one in EXCEPTION.finditer(line):
            rest = next(group for group in one.groups() if group is not None)
            code = CODE.match(rest)
            reason = (
                rest if one["cover"] is not None else None if code is None else rest[code.end() :] + line[one.end() :]
            )
            if (
                reason is None
                or len(re.findall(r"[a-z]{2,}", re.sub(r"type: ignore\[[^]]*\]|noqa: [A-Z0-9, ]+", "", reason))) < 2
            ):
                found.append(number)
    return found


def test_every_exception_to_a_rule_says_why(repository: Path) -> None:
    found = []
    for folder in ("spfengine", "tests", "bench", "scripts"):
        for path in sorted((repository / folder).rglob("*.py")):
            if path != Path(__file__):
                lines = unexplained(path.read_text(encoding="utf-8"))
                found += [f"{path.relative_to(repository)}:{line}" for line in lines]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "is_explained"),
    [
        ("x = 1", True),
        ("import spf  # type: ignore[import-untyped]  # it ships no types", True),
        ("x  # noqa: B018 - the look-up is what is tested", True),
        ("x  # type: ignore[a-b]  # noqa: F401  # untyped; only asked whether it is there", True),
        ("x  # pragma: no cover - only on another system", True),
        ("x  # noqa: B018", False),
        ("x  # noqa", False),
        ("x  # noqa - there is a reason but no code", False),
        ("x  # type: ignore  # there is a reason but no code", False),
        ("x  # type: ignore[a-b]", False),
        ("x  # type: ignore[a-b]  # noqa: F401", False),
        ("x  # pragma: no cover", False),
    ],
)
def test_an_exception_without_a_reason_is_found(line: str, is_explained: bool) -> None:
    assert (unexplained(line) == []) == is_explained


def test_every_rule_that_is_off_says_why(repository: Path) -> None:
    """In the lists of pyproject.toml that switch something off, each entry has a comment."""
    lines = (repository / "pyproject.toml").read_text(encoding="utf-8").split("\n")
    inside = False
    bare = []
    for line in lines:
        inside = inside and not line.startswith("]")
        if inside and re.match(r'\s+"', line) and not re.search(r'",\s+# \S', line):
            bare.append(line)
        inside = inside or bool(re.match(r'(?:ignore|exclude_also|"[a-z]+/\*\*") = \[$', line))
    assert bare == []
