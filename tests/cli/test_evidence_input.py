"""The option --senders: what it says of what was read, and of what was not; its progress bar; its mistakes."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from spfengine.cli import evidence_input
from spfengine.cli.exits import CommandError
from tests.cli.conftest import REPOSITORY, environment, shown_on
from tests.evidence.files import GOOD, SAMPLES, record as record_of, report, zipped

SUMMARY = """\
read 1 mail log, 2 message files, 2 DMARC reports: 57 messages, 10 senders
  reported by: google.com, Outlook.com, 2026-08-03 to 2026-08-04
  about: seed.example (DMARC policy p=none sp=none np=none), seed.example (DMARC
    policy p=none sp=none)
  trusted header fields written by: google.com (1), mx.example.net (1)
  not known: the sender's local part of 50 messages, the HELO name of 52
    messages
  left out: log lines that name no sender: 9
  left out: messages submitted by authenticated users: 1
  left out: messages from the host itself: 1
  left out: messages from internal addresses: 1
  not read: 1 row or part
    postfix.log, line 24: the log names no sender of a message (no from= with
      its queue id): '9E9E9E9E9E'
"""


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_what_it_says(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(SAMPLES)
    message = os.path.relpath(REPOSITORY / "examples" / "seed-message.eml", SAMPLES)
    evidence = evidence_input.read(["postfix.log", message, "rspamd.eml", "google.xml", "microsoft.xml"])
    assert printed(capsys) == SUMMARY
    evidence_input.read(["postfix.log"], quiet=True)
    assert printed(capsys) == SUMMARY[SUMMARY.index("  not read") :]
    document = evidence_input.to_dict(evidence)
    assert "senders" not in document
    assert (document["messages"], document["skipped"]) == (57, 1)
    json.dumps(document)


def test_the_option_may_be_given_several_times() -> None:
    @click.command()
    @evidence_input.option
    @evidence_input.receiver_option
    def command(evidence_paths: tuple[str, ...], receiver: str | None) -> None:
        click.echo(repr((evidence_paths, receiver)))

    run = CliRunner().invoke(command, ["--senders", "a", "--senders", "-", "--receiver", "mx.example.net"])
    assert run.output == "(('a', '-'), 'mx.example.net')\n"


def test_a_receiver_that_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(SAMPLES / "rspamd.eml")
    assert evidence_input.read([path], "example.net").messages == 1
    with pytest.raises(CommandError) as raised:
        evidence_input.read([path], "example.org")
    assert raised.value.code == 65
    assert "no trusted header field" in printed(capsys)


def test_mistakes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(CommandError) as raised:
        evidence_input.read([str(tmp_path / "none\x1b[2J")])
    assert raised.value.code == 66
    assert raised.value.message.endswith("none\\x1b[2J can't be read: No such file or directory")
    with pytest.raises(click.UsageError, match="only one file can be -"):
        evidence_input.read(["-", "-"])
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(CommandError) as raised:
        evidence_input.read([str(tmp_path / "empty")])
    assert (raised.value.code, raised.value.message) == (65, "no senders found in the files of --senders")
    assert "read nothing: 0 messages, 0 senders\n" in printed(capsys)


def test_nothing_of_strangers_reaches_the_terminal_unescaped(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    evil = "\x1b]0;owned\x07\u202e[red]"
    bad = record_of(f"{evil[4:]}").replace("\x07", "")
    folder = tmp_path / evil
    folder.mkdir()
    (folder / "a.zip").write_bytes(zipped({evil: report(bad), "good": GOOD}))
    (folder / "b.eml").write_bytes(
        f"Return-Path: <a@b.example>\nReceived: from x (y [192.0.2.1]) by {evil}\nX: {evil}\n\nx".encode()
    )
    evidence_input.read([str(folder)])
    text = printed(capsys)
    assert "\\x1b]0;owned\\x07\\u202e[red]" in text
    assert all(row.isprintable() for row in text.split("\n"))


def test_long_lists_are_cut_and_say_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}").write_bytes(b"?")
        (tmp_path / f"m{number:02}").write_bytes(
            f"Return-Path: <a@b.example>\nReceived: from x (y [192.0.2.1]) by mx{number}.example\n\nx".encode()
        )
    evidence_input.read([str(tmp_path)])
    text = printed(capsys)
    assert "mx4.example (1) and 25 more\n" in text
    assert "not read: 30 rows or parts\n" in text
    assert "… and 10 more kinds, of 10 rows\n" in text


def test_more_senders_than_are_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from spfengine.evidence.bounds import Bounds
    from spfengine.evidence.reading import read_evidence

    monkeypatch.setattr(
        evidence_input, "read_evidence", lambda paths, **given: read_evidence(paths, bounds=Bounds(senders=1), **given)
    )
    evidence_input.read([str(SAMPLES / "google.xml")], quiet=True)
    assert printed(capsys) == "  there are more than 1 different senders: 2 messages of the others are left out\n"


SLOW = """
import sys, time
from spfengine.cli import evidence_input, screen
screen._SILENT_SECONDS = float(sys.argv[1])
evidence_input.read(sys.argv[2:])
"""


def on_terminal(*arguments: str) -> str:
    controller, screen = pty.openpty()
    given = environment(TERM="xterm-256color", COLUMNS="80")
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, *arguments], stdout=subprocess.DEVNULL, stderr=screen, env=given, cwd=REPOSITORY
    )
    os.close(screen)
    text = shown_on(controller).decode()
    assert running.wait(300) == 0
    return text


@pytest.mark.full
def test_a_progress_bar_on_a_terminal_where_it_takes_a_while(tmp_path: Path) -> None:
    path = tmp_path / "long.xml"
    path.write_bytes(report(*[record_of(f"2001:db8::{n % 50:x}") for n in range(8000)]))
    text = on_terminal("0", str(path))
    assert "reading senders" in text
    assert "━" in text
    assert ": 8,000 messages, 50 senders" in text
    assert "reading senders" not in on_terminal("100", str(path))


@pytest.mark.full
def test_no_bar_where_nobody_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "long.xml"
    path.write_bytes(report(*[record_of(f"2001:db8::{n % 50:x}") for n in range(3000)]))
    done = subprocess.run(
        [sys.executable, "-c", SLOW, "0", str(path)], capture_output=True, check=True, env=environment(), cwd=REPOSITORY
    )
    assert done.stderr.decode().startswith("read 1 DMARC report: 3,000 messages, 50 senders\n")
    assert done.stdout == b""
