"""A plain command line is read without click: it is read as click reads it, or left to click."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import click
import pytest
from hypothesis import given, settings, strategies as st

from spfengine.cli import options, with_click
from spfengine.cli.check import command
from spfengine.cli.command_line import read
from spfengine.cli.drafts import Draft
from tests.cli.conftest import SEED, Call

WITH_CLICK = options.command(command)
IP, SENDER = "192.0.2.1", "alice@example.com"

WORDS = [option.word for option in command.options]
FLAGS = [option.word for option in command.options if option.is_flag]
VALUES = {
    "--helo": ["mx.example.com", "", "-", "x=y"],
    "--identity": ["mailfrom", "helo", "both"],
    "--zone": ["x.zone", "-", ""],
    "--draft": ["v=spf1 -all", "x.example=v=spf1 mx -all", "v=spf1"],
    "--nameserver": ["192.0.2.53", "[2001:db8::1]:53"],
    "--receiver": ["mx.example.net"],
    "--void-rule": ["per-term", "per-lookup", "dual-stack"],
    "--timeout": ["5", "0.5", "1e3", " 7 "],
    "--record-answers": ["answers.json"],
}
UNUSABLE = [
    "", "0", "-1", "nan", "inf", "hel", "MAILFROM", "--", "--zone", "-h", "x", "\u201cv=spf1 -all\u201d", "=", "a b",
]  # fmt: skip
NOISE = [
    "--", "-", "", "-1", "-x", "-h", "-V", "--help", "---", "--=", "-=", "--nope", "--nope=1", "--Zone", "fe80::1%e",
]  # fmt: skip


def with_click_read(words: Sequence[str]) -> dict[str, Any] | None:
    """Return what click makes of the words behind `spfengine check`, or None where it says that it can't, or helps."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        parent = with_click.application.make_context("spfengine", ["check"])
        try:
            return WITH_CLICK.make_context("check", list(words), parent).params
        except (click.UsageError, click.exceptions.Exit):
            return None


def with_value(word: str, value: str) -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[word, value], [f"{word}={value}"]])


usable = st.sampled_from([(word, value) for word, values in VALUES.items() for value in values])
given_well = st.one_of(usable.flatmap(lambda pair: with_value(*pair)), st.sampled_from(FLAGS).map(lambda word: [word]))
given_badly = st.one_of(
    st.just(["--"]),
    st.tuples(st.sampled_from(WORDS), st.sampled_from(UNUSABLE)).flatmap(lambda pair: with_value(*pair)),
    st.sampled_from(WORDS).flatmap(lambda word: st.integers(3, len(word)).map(lambda end: [word[:end]])),
    st.sampled_from(NOISE).map(lambda word: [word]),
    st.text(max_size=4).map(lambda word: [word]),
)


@st.composite
def lines(draw: st.DrawFn, *others: st.SearchStrategy[list[str]]) -> list[str]:
    """Return IP and SENDER, in this order, with options in any places."""
    pieces = draw(st.lists(st.one_of(given_well, *others), max_size=5))
    for argument in (SENDER, IP):
        pieces.insert(draw(st.integers(0, len(pieces))), [argument])
    places = sorted(place for place, piece in enumerate(pieces) if piece in ([SENDER], [IP]))
    pieces[places[0]], pieces[places[-1]] = [IP], [SENDER]
    return [word for piece in pieces for word in piece]


def seen(parameters: dict[str, Any]) -> dict[str, str]:
    """Values with their types: 1 is not 1.0, nor True."""
    return {name: repr(value) for name, value in parameters.items()}


@settings(max_examples=400)
@given(lines(given_badly))
def test_what_is_read_is_what_click_reads(words: list[str]) -> None:
    """Whatever stands on the line: "what click would give `command.run` for these words; None where …"."""
    found = read(command, words)
    if found is not None:
        expected = with_click_read(words)
        assert expected is not None
        assert seen(found) == seen(expected)


@given(st.lists(st.one_of(given_well, given_badly, st.sampled_from([[IP], [SENDER]])), max_size=6))
def test_what_click_refuses_is_not_read(pieces: list[list[str]]) -> None:
    words = [word for piece in pieces for word in piece]
    if with_click_read(words) is None:
        assert read(command, words) is None


@given(lines())
def test_options_in_full_with_values_that_can_be_used_are_read(words: list[str]) -> None:
    """ "Read are options written in full, their values behind them or behind "=", and arguments"."""
    expected = with_click_read(words)
    assert expected is not None
    found = read(command, words)
    assert found is not None
    assert seen(found) == seen(expected)


@pytest.mark.parametrize(
    "line",
    [
        f"{IP} {SENDER}",
        f"{IP} example.com",
        f"{IP} {SENDER} --zone x.zone",
        f"{IP} {SENDER} --zone x.zone --zone y.zone --json",
        f"--json --trace {IP} {SENDER} --zone=x.zone",
        f"--zone - -- {IP} {SENDER}",
        f"{IP} -- -odd@example.com",
        f"{IP} {SENDER} --helo mx.example.com --identity both --timeout 5",
        f"2001:db8::1 {SENDER} --nameserver 192.0.2.53 --receiver mx.example.net --void-rule dual-stack",
        f"{IP} {SENDER} --record-answers answers.json",
        f"{IP} {SENDER} --helo a.example --helo b.example --helo=c.example --json --json",
        f"{IP} {SENDER} --draft v=spf1 --draft x.example=v=spf1",
    ],
)
def test_ordinary_lines_are_read(line: str) -> None:
    found = read(command, line.split())
    assert found is not None
    assert seen(found) == seen(with_click_read(line.split()) or {})


@pytest.mark.parametrize(
    "line",
    [
        "",
        IP,
        f"{IP} {SENDER} more",
        f"x {SENDER}",
        f"{IP} {SENDER} --zone",
        f"{IP} {SENDER} --zone --json",
        f"{IP} {SENDER} --zon x.zone",
        f"{IP} {SENDER} --json=yes",
        f"{IP} {SENDER} --identity hel",
        f"{IP} {SENDER} --timeout 0",
        f"{IP} {SENDER} --draft x",
        f"{IP} {SENDER} --help",
        f"{IP} {SENDER} -h",
        f"{IP} -odd@example.com",
        f"-- {IP} {SENDER} --json",
        f"-- {IP} -- {SENDER}",
    ],
)
def test_all_else_is_left_to_click(line: str) -> None:
    assert read(command, line.split()) is None


def test_a_draft_of_which_there_is_something_to_tell_is_left_to_click(call: Call) -> None:
    """click's way tells it, once."""
    words = ["--draft", "\u201cv=spf1 +all\u201d", "--zone", SEED, "--", IP, "alice@seed.example"]
    assert read(command, words) is None
    ended = call("check", *words)
    assert (ended.code, ended.err.count("cleaned up in the record")) == (0, 1)
    assert (with_click_read(words) or {})["drafts"] == (Draft(None, "v=spf1 +all"),)


def test_the_environment_gives_no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """click can be told to look there for them; it is not."""
    for name in ("ZONE", "SPFENGINE_ZONE", "SPFENGINE_CHECK_ZONE", "SPFENGINE_CHECK_JSON"):
        monkeypatch.setenv(name, "x.zone")
    assert seen(read(command, [IP, SENDER]) or {}) == seen(with_click_read([IP, SENDER]) or {})
