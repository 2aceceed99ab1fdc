"""`--senders *.eml`: the shell puts several files after the option, and DOMAIN may be there too."""

from pathlib import Path

import click
import pytest

from spfengine.cli import evidence_input, simulate, suggest


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.eml", "b.eml", "reports", "example.org"):
        (tmp_path / name).write_text("x")
    return tmp_path


def parsed(*arguments: str, command: click.Command = suggest.command) -> tuple[object, tuple[str, ...]]:
    """Return DOMAIN and the files."""
    context = command.make_context("x", list(arguments))
    return context.params["domain"], context.params["evidence_paths"]


@pytest.mark.parametrize(
    ("arguments", "domain", "paths"),
    [
        ("--senders a.eml b.eml", None, ("a.eml", "b.eml")),
        ("--senders a.eml b.eml example.com", "example.com", ("a.eml", "b.eml")),
        ("example.com --senders a.eml b.eml", "example.com", ("a.eml", "b.eml")),
        ("example.com --senders a.eml reports --json", "example.com", ("a.eml", "reports")),
        ("--senders a.eml --json example.com", "example.com", ("a.eml",)),
        ("--senders=a.eml b.eml --senders reports example.com", "example.com", ("a.eml", "b.eml", "reports")),
        ("--senders a.eml nosuch.eml", None, ("a.eml", "nosuch.eml")),
        ("--senders *.eml", None, ("a.eml", "b.eml")),
        ("--senders *.xml", None, ("*.xml",)),
        ("--senders - example.com", "example.com", ("-",)),
        ("--senders example.org", None, ("example.org",)),
        ("example.com --senders a.eml example.org", "example.com", ("a.eml", "example.org")),
        ("--senders a.eml example.org example.com", "example.com", ("a.eml", "example.org")),
        ("--senders a.eml ./example.org", None, ("a.eml", "./example.org")),
        ("--senders a.eml -- example.com", "example.com", ("a.eml",)),
    ],
)
@pytest.mark.parametrize("command", [suggest.command, simulate.command])
def test_which_words_are_files(
    files: Path, command: click.Command, arguments: str, domain: str | None, paths: tuple[str, ...]
) -> None:
    assert parsed(*arguments.split(), command=command) == (domain, paths)


@pytest.mark.parametrize("arguments", ["--senders a.eml example.org", "--zone b.eml --senders a.eml example.org"])
def test_a_word_that_may_be_both_is_refused(files: Path, arguments: str) -> None:
    with pytest.raises(click.UsageError, match=r"example\.org is a file, and may be the DOMAIN: write DOMAIN before"):
        parsed(*arguments.split())


def test_every_command_with_the_option_takes_several_files() -> None:
    from importlib import import_module

    from spfengine.cli.commands import COMMANDS

    for name in COMMANDS:
        command = import_module(f"spfengine.cli.{name.replace('-', '_')}").command
        if any("--senders" in option.opts for option in command.params):
            assert isinstance(command, evidence_input.Command), name
