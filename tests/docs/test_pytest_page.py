"""Each block of tests in the how-to for pytest passes when it is run as a file."""

import pytest

from tests.conftest import REPOSITORY
from tests.docs.pages import Block, blocks
from tests.testing.inner import run_inner

PAGE = "docs/how-to/test-with-pytest.md"
FILES = [
    block
    for block in blocks(PAGE, (REPOSITORY / PAGE).read_text(encoding="utf-8"))
    if block.language == "python" and "def test_" in block.text
]


@pytest.mark.parametrize("block", FILES, ids=lambda block: block.place)
def test_a_block_of_tests(pytester: pytest.Pytester, block: Block) -> None:
    pytester.makepyfile(block.text)
    done = run_inner(pytester)
    done.assert_outcomes(passed=block.text.count("def test_"))


def test_what_a_failing_test_shows(pytester: pytest.Pytester) -> None:
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    (shown,) = [block.text for block in blocks(PAGE, text) if block.text.startswith("---------- spf_check")]
    pytester.makepyfile(FILES[0].text.replace('"fail", "198', '"pass", "198'))
    done = run_inner(pytester)
    done.assert_outcomes(failed=1)
    assert shown.partition("\n")[2] in done.stdout.str()
