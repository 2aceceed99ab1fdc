"""Run every block of Python and every command in the docs, and compare the output with what the page shows."""

import sys
from typing import Any

import pytest
import spf

import spfengine.compat.pyspf
from spfengine import __version__
from tests.conftest import REPOSITORY
from tests.docs.pages import Block, PageError, blocks, pages, run_console, run_python
from tests.optional import need

ALL = {
    page.relative_to(REPOSITORY).as_posix(): page.read_text(encoding="utf-8")
    for page in pages(REPOSITORY)
    if page.is_file()
}


def _with_marks(block: Block) -> Any:
    return pytest.param(block, id=block.place, marks=[pytest.mark.live] if block.mark == "live DNS" else [])


def _safe_blocks(page: str) -> list[Block]:
    try:
        return blocks(page, ALL[page])
    except PageError:
        return []  # test_every_block_is_of_a_known_kind reports it


BLOCKS = [block for page in ALL for block in _safe_blocks(page)]


@pytest.mark.parametrize("page", ALL)
def test_every_block_is_of_a_known_kind(page: str) -> None:
    blocks(page, ALL[page])


def test_the_readme_is_among_the_pages() -> None:
    assert any(block.page == "README.md" and block.is_run for block in BLOCKS)


NEEDS = {"docs/how-to/replay-on-a-cluster.md": "distributed"}
"""Modules that the code of a page imports and the extra `test` does not install."""


def _python_pages() -> list[Any]:
    """Return each page once, and again with its live DNS blocks if it has any."""
    run = [block for block in BLOCKS if block.language == "python" and block.is_run]
    found = [
        pytest.param(page, False, id=page, marks=[pytest.mark.full] if page in NEEDS else [])
        for page in sorted({block.page for block in run})
    ]
    live = sorted({block.page for block in run if block.mark == "live DNS"})
    return found + [pytest.param(page, True, id=f"{page} with live DNS", marks=pytest.mark.live) for page in live]


@pytest.mark.parametrize(("page", "live"), _python_pages())
def test_python_of(page: str, live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if page in NEEDS:
        need(NEEDS[page])
    monkeypatch.chdir(REPOSITORY)
    # The page for pyspf's users replaces these; restore them afterwards.
    monkeypatch.setitem(sys.modules, "spf", spf)
    monkeypatch.setattr(spfengine.compat.pyspf, "DNSLookup", spfengine.compat.pyspf.DNSLookup)
    namespace: dict[str, Any] = {"__name__": "__page__"}
    for block in BLOCKS:
        if block.page == page and block.language == "python" and block.is_run and (live or block.mark != "live DNS"):
            run_python(block, namespace)


@pytest.mark.parametrize("block", [_with_marks(b) for b in BLOCKS if b.language == "console" and b.is_run])
def test_console(block: Block) -> None:
    run_console(block, REPOSITORY)


def _one(text: str) -> Block:
    found = blocks("page.md", text)
    assert found
    return found[0]


def test_blocks_are_found_with_their_marks_and_output() -> None:
    text = (
        "Text.\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\n"
        "<!-- not run: needs a mail server -->\n```python\nx\n```\n"
        "- item\n  ```json\n  {}\n  ```\n\n<!-- live DNS: asks for example.com -->\n```console\n$ spfengine\n```\n"
    )
    assert blocks("page.md", text) == [
        Block("page.md", 3, "python", "print(1)\n", None, "1\n"),
        Block("page.md", 7, "text", "1\n"),
        Block("page.md", 12, "python", "x\n", "not run"),
        Block("page.md", 16, "json", "{}\n"),
        Block("page.md", 21, "console", "$ spfengine\n", "live DNS"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```python\n1\n", "without an end"),
        ("```\n1\n```\n", "unknown language ''"),
        ("```pyton\n1\n```\n", "unknown language 'pyton'"),
        ("```sh\nls\n```\n", "who runs this"),
        ("<!-- not run: -->\n```sh\nls\n```\n", "who runs this"),
        ("<!-- not run: a reason, but not right above -->\n\n```sh\nls\n```\n", "who runs this"),
    ],
)
def test_a_wrong_block_is_refused(text: str, fault: str) -> None:
    with pytest.raises(PageError, match=fault):
        blocks("page.md", text)


def test_the_blocks_of_a_page_share_a_namespace() -> None:
    namespace: dict[str, Any] = {}
    for block in blocks(
        "page.md", "```python\nx = 2\n```\n```python\n>>> x\n2\n>>> y = 3\n```\n```python\nassert y == 3\n```\n"
    ):
        run_python(block, namespace)


@pytest.mark.parametrize(
    "text",
    [
        "```python\n>>> 1 + 1\n3\n```\n",
        "```python\n>>> 1 + 1\n2\n>>> no_such_name\n3\n```\n",
        "```python\nprint(1)\n```\n",
        "```python\nprint(1)\n```\n```text\n2\n```\n",
        "```python\nx = 1\n```\n```text\n1\n```\n",
    ],
)
def test_python_with_other_output_fails(text: str) -> None:
    with pytest.raises(PageError):
        run_python(_one(text), {})


def test_output_of_commands_is_compared_word_for_word() -> None:
    version = f"spfengine, version {__version__}"
    run_console(_one(f"```console\n$ spfengine --version\n{version}\n$ echo $?\n0\n```\n"), REPOSITORY)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ spfengine --version\nspfengine, version 0.0.9\n```\n",
        "```console\n$ spfengine --version\n```\n",
        f"```console\n$ spfengine --version\nspfengine, version {__version__}\n$ echo $?\n1\n```\n",
        "```console\n$ pip install spfengine\n```\n",
        "```console\n$ spfengine --version | cat\n```\n",
        "```console\nspfengine --version\n```\n",
    ],
)
def test_a_command_with_other_output_fails(text: str) -> None:
    with pytest.raises(PageError):
        run_console(_one(text), REPOSITORY)
