"""The reader of a pipe goes before all is written, as `head` does: no complaint, and no file that is half written."""

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import REPOSITORY, SEED, command, environment
from tests.cli.test_html import BAKERY, DOMAINS, DRAFT, NEW, REPORT
from tests.cli.test_written_files import BEFORE

COMMANDS: dict[str, list[str]] = {
    "check": ["check", "23.83.218.24", "alice@seed.example", "--zone", SEED, "--trace"],
    "conformance": ["conformance", str(REPOSITORY / "tests" / "conformance" / "small.yml"), "--adapter",
                    "tests.conformance.implementations:ours", "--default-explanation", "DEFAULT"],
    "diff": ["diff", "seed.example", "bakery.example", "--zone", SEED, "--zone", BAKERY],
    "export": ["export", SEED, "--form", "bind"],
    "flatten": ["flatten", "bakery.example", "--zone", BAKERY],
    "help": ["check", "--help"],
    "identify": ["identify", "23.83.218.24", "--zone", SEED],
    "lint": ["lint", "--zone", BAKERY],
    "networks": ["networks", "seed.example", "--zone", SEED],
    "plan": ["plan", BAKERY, NEW],
    "simulate": ["simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, "--senders", REPORT],
    "suggest": ["suggest", "seed.example", "--zone", SEED, "--sender", "192.0.2.1"],
    "survey": ["survey", DOMAINS, "--zone", SEED],
    "survey summary": ["survey", DOMAINS, "--zone", SEED, "--summary"],
    "tree": ["tree", "bakery.example", "--zone", BAKERY],
}  # fmt: skip
HTML = ("check", "flatten", "lint", "simulate", "suggest", "survey", "tree")


def _end(words: list[str], octets: int) -> tuple[int, bytes]:
    """Run a command whose reader goes after so many octets; return the exit code and what is on standard error."""
    reader, writer = os.pipe()
    if not octets:
        os.close(reader)
    with subprocess.Popen(command(*words), stdout=writer, stderr=subprocess.PIPE, env=environment()) as running:
        os.close(writer)
        if octets:
            os.read(reader, octets)
            os.close(reader)
        _, errors = running.communicate(timeout=300)
        return running.returncode, errors


@pytest.mark.full
@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_went_before_the_first_octet(name: str) -> None:
    code, errors = _end(COMMANDS[name], 0)
    assert code == 141
    assert b"Traceback" not in errors
    assert b"Broken pipe" not in errors


@pytest.mark.full
@pytest.mark.parametrize("name", COMMANDS)
def test_a_reader_that_goes_after_the_first_octets(name: str) -> None:
    """What is short may be in the pipe before its reader goes: then the command ends as it does otherwise."""
    code, errors = _end(COMMANDS[name], 20)
    assert b"Traceback" not in errors
    assert b"Broken pipe" not in errors
    assert code in (141, *range(7))


@pytest.mark.full
@pytest.mark.parametrize("name", HTML)
def test_a_report_beside_it_is_whole_or_as_it_was(name: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(BEFORE, encoding="ascii")
    _end([*COMMANDS[name], "--html", str(report)], 0)
    text = report.read_text("utf-8")
    assert text == BEFORE or text.rstrip().endswith("</html>")
    assert list(tmp_path.iterdir()) == [report]


@pytest.mark.full
@pytest.mark.parametrize(
    "words",
    [["snapshot", "seed.example", "--zone", SEED, "--output"], [*COMMANDS["tree"], "--html"]],
    ids=["snapshot", "html"],
)
def test_a_named_pipe_whose_reader_goes(words: list[str], tmp_path: Path, reading: Callable[[Path], None]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading(pipe)
    ended = subprocess.run(command(*words, str(pipe)), capture_output=True, env=environment(), timeout=300, check=False)
    assert b"Traceback" not in ended.stderr
    assert ended.returncode in (0, 1, 73)
    if ended.returncode == 73:
        assert b"can't be written" in ended.stderr
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.fixture
def reading() -> Callable[[Path], None]:
    """A reader that opens a named pipe and goes at once."""

    def start(pipe: Path) -> None:
        threading.Thread(target=lambda: os.close(os.open(pipe, os.O_RDONLY)), daemon=True).start()

    return start
