"""The fenced blocks of the docs' pages, and how each is run.

    ```python    with `>>>`, a doctest; otherwise it is run, and a block of `text` right after it is what it prints.
                 All blocks of a page share one namespace, in order.
    ```console   lines `$ spfengine …` with what they print, word for word; `$ echo $?` shows the exit code.
    ```sh        commands for a person; the comment above says what runs them, or why nothing does.
    others       data to read: text, json, zone, and so on.

A comment right above a block excludes it, and says why: `<!-- not run: … -->`. A block with `<!-- live DNS: … -->` runs
only if the tests may query the Internet's DNS.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from spfengine.cli.app import main

DATA = {"text", "json", "zone", "yaml", "toml", "ini", "html", "mermaid", "diff"}
WIDTH = 100
"""Columns of the terminal in which the docs' commands run."""

_FENCE = re.compile(r"^( *)(`{3,})[ ]*([^\s`]*)[^`]*$")
_COMMENT = re.compile(r"<!--\s*(not run|live DNS)\s*:\s*(\S.*?)\s*-->$")


class PageError(AssertionError):
    """A block is not what it says it is."""


class Block(NamedTuple):
    """A fenced block.

    Attributes:
        page: the page, relative to the checkout.
        line: the line of its opening fence.
        language: the word after the opening fence.
        text: its content.
        mark: None, "not run" or "live DNS", from the comment right above it.
        output: what the block of `text` right below it holds, or None.
    """

    page: str
    line: int
    language: str
    text: str
    mark: str | None = None
    output: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def is_run(self) -> bool:
        return self.language in ("python", "console") and self.mark != "not run"


def blocks(page: str, text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order.

    Raises:
        PageError: a block has no end, no language, an unknown one, or is `sh` without a comment that says who runs it.
    """
    found: list[Block] = []
    lines = text.split("\n")
    number = 0
    last_end = -1
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        start = number
        indent, ticks, language = fence.groups()
        number += 1
        content = []
        while number < len(lines) and lines[number].strip() != ticks:
            content.append(lines[number].removeprefix(indent))
            number += 1
        if number == len(lines):
            raise PageError(f"{page}:{start + 1}: a block without an end")
        body = "".join(f"{line}\n" for line in content)
        above = _COMMENT.search(lines[start - 1]) if start else None
        block = Block(page, start + 1, language, body, None if above is None else above[1])
        if language not in DATA | {"python", "console", "sh"}:
            raise PageError(f"{block.place}: unknown language {language!r}; expected python, console, sh or data")
        if language == "sh" and block.mark is None:
            raise PageError(f"{block.place}: nothing says who runs this: put <!-- not run: why --> above it")
        if (
            language == "text"
            and found
            and found[-1].language == "python"
            and not "".join(lines[last_end:start]).strip()
        ):
            found[-1] = found[-1]._replace(output=body)
        found.append(block)
        number += 1
        last_end = number
    return found


def run_python(block: Block, namespace: dict[str, Any]) -> None:
    """Run a block of Python in the namespace of its page.

    Raises:
        PageError: it does not print what the page shows.
    """
    if re.search(r"^\s*>>> ", block.text, re.MULTILINE):
        _run_doctest(block, namespace)
        return
    printed = io.StringIO()
    # Line numbers in a traceback are those of the page.
    code = compile("\n" * block.line + block.text, block.page, "exec", dont_inherit=True)
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    if printed.getvalue() != (block.output or ""):
        raise PageError(f"{block.place}: printed\n{printed.getvalue()}\nbut the page shows\n{block.output}")


def _run_doctest(block: Block, namespace: dict[str, Any]) -> None:
    report = io.StringIO()
    test = doctest.DocTestParser().get_doctest(block.text, namespace, block.place, block.page, block.line)
    test.globs = namespace  # not a copy: the next block of the page uses it too
    runner = doctest.DocTestRunner(verbose=False)
    if runner.run(test, out=report.write, clear_globs=False).failed:
        raise PageError(report.getvalue())


def run_console(block: Block, repository: Path) -> None:
    """Run the commands of a block and compare what they print with what the page shows.

    Raises:
        PageError: they differ, or a command is neither spfengine nor `echo $?`.
    """
    code: int | None = None
    for command, shown in commands(block):
        if command == "echo $?":
            printed = f"{code}\n"
        else:
            printed, code = run(block, command, repository)
        if printed.rstrip("\n") != shown.rstrip("\n"):
            raise PageError(f"{block.place}: $ {command}\nprinted\n{printed}\nbut the page shows\n{shown}")


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a block, each with what the page shows of its output."""
    lines = block.text.replace("\\\n", " ").split("\n")
    if not lines[0].startswith("$ "):
        raise PageError(f"{block.place}: expected a line with $ and a command")
    command = ""
    shown: list[str] = []
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, "\n".join(shown)
            command, shown = line[2:].strip(), []
        else:
            shown.append(line)
    yield command, "\n".join(shown)


def run(block: Block, command: str, repository: Path) -> tuple[str, int]:
    """Return what a command prints, and its exit code."""
    words = shlex.split(command)
    if words[:1] != ["spfengine"] or {"|", ">", "<", "&&", "||", ";"} & set(words):
        raise PageError(f"{block.place}: only spfengine and echo $? are run here, one command a line, not: {command}")
    environment = _environment() | {"COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    run_words = _in_a_process if words[1] in _STARTS_PROCESSES else _in_this_process
    return run_words(words[1:], environment, repository)


def run_in_colour(words: list[str], width: int, repository: Path) -> str:
    """Return what a command prints on a terminal with colours, which are in ANSI's escape sequences.

    Args:
        words: the words after `spfengine`.
        width: columns of the terminal.
    """
    environment = _environment() | {"COLUMNS": str(width), "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    return _in_this_process(words, environment, repository)[0]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _COLOUR}


_COLOUR = ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR")

_STARTS_PROCESSES = ("conformance", "run-with")
"""Commands whose own processes write to the same output: they need one of their own."""


def _in_this_process(words: list[str], environment: dict[str, str], repository: Path) -> tuple[str, int]:
    """Run a command here: a page has dozens, and a new interpreter takes longer than most of them."""
    printed = io.BytesIO()
    output = io.TextIOWrapper(printed, encoding="utf-8", newline="\n", write_through=True)
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO())),
        contextlib.chdir(repository),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        code = main(words)
    return printed.getvalue().decode("utf-8"), code


def _in_a_process(words: list[str], environment: dict[str, str], repository: Path) -> tuple[str, int]:
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    done = subprocess.run(
        [sys.executable, "-m", "spfengine", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, "PATH": path, "PYTHONPATH": str(repository), "PYTHONIOENCODING": "utf-8"},
        cwd=repository,
        check=False,
        timeout=60,
    )
    return done.stdout.decode("utf-8"), done.returncode


def pages(repository: Path) -> list[Path]:
    """Return every page with blocks to run: README.md, CONTRIBUTING.md and docs/."""
    return [repository / "README.md", repository / "CONTRIBUTING.md", *sorted((repository / "docs").rglob("*.md"))]
