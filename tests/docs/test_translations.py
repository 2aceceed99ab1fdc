"""A translated page has the commands, outputs and links of the page that it follows, and one word for each thing."""

import re

import pytest

from tests.conftest import REPOSITORY
from tests.docs.pages import blocks

TRANSLATED = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "docs").rglob("*.ja.md"))]
ELSEWHERE = ("gmail-says-softfail.md", "gmail-says-softfail.ja.md")
"""The links of each page to the other."""
AVOIDED = {
    "ドラフト": "下書き",
    "リレー": "中継サービス",
    "ルックアップ": "DNS 参照",
    "ターム|メカニズム": "項目",
    "サーバ(?!ー)": "サーバー",
    "チェックする|照合": "検査する",
}
"""Words that would be a second one for the same thing, and the one that the pages use."""


def _pair(name: str) -> tuple[str, str]:
    page = REPOSITORY / name
    original = page.with_name(page.name.replace(".ja.md", ".md"))
    return original.read_text(encoding="utf-8"), page.read_text(encoding="utf-8")


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _shape(text: str) -> list[str]:
    """Return what must be the same in both languages, in order: headings and list items without their words."""
    return re.findall(r"^(?:#+|-)(?= )", _prose(text), re.MULTILINE)


def test_the_tutorial_of_the_story_is_translated() -> None:
    assert "docs/tutorial/gmail-says-softfail.ja.md" in TRANSLATED


@pytest.mark.parametrize("name", TRANSLATED)
def test_commands_and_outputs_are_those_of_the_original(name: str) -> None:
    original, translated = _pair(name)
    assert [(block.language, block.mark, block.text) for block in blocks(name, translated)] == [
        (block.language, block.mark, block.text) for block in blocks(name, original)
    ]


@pytest.mark.parametrize("name", TRANSLATED)
def test_nothing_is_left_out(name: str) -> None:
    original, translated = _pair(name)
    assert _shape(translated) == _shape(original)
    links = [re.findall(r"\]\(([^)\s]+)\)", _prose(text)) for text in (original, translated)]
    before, after = ([link for link in found if link not in ELSEWHERE] for found in links)
    assert before == after
    for pattern in (r"\d+(?:\.\d+){3}(?:/\d+)?", r"(?<!`)`[^`\n]+`(?!`)", r"RFC \d+"):
        found = [set(re.findall(pattern, _prose(text))) for text in (original, translated)]
        assert found[0] == found[1], pattern


@pytest.mark.parametrize("name", TRANSLATED)
def test_the_page_names_a_version_that_it_follows(name: str) -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    head = _pair(name)[1].split("\n## ")[0]
    versions = re.findall(r"\.md\)\uff08spfengine ([^\uff09]+)\uff09", head)  # in fullwidth parentheses
    assert len(versions) == 1
    assert f"## [{versions[0]}]" in changelog


@pytest.mark.parametrize("name", TRANSLATED)
def test_one_word_is_used_for_one_thing(name: str) -> None:
    prose = _prose(_pair(name)[1])
    assert {word: f"write {right}" for word, right in AVOIDED.items() if re.search(word, prose)} == {}
    assert "下書き" in prose


def test_pages_are_compared() -> None:
    """The checks see a difference if there is one."""
    assert _shape("# a\n\n- b\n\n```text\n# c\n```\n## d\n") == ["#", "-", "##"]
