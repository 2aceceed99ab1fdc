"""The look: in a terminal of any width, in colour or not, and nothing of strangers' that steers it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine.text.lines import Line, Row, Span, table, wrap
from tests.cli.conftest import SEED, Call, process, terminal
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
LONG = "x" * 60 + "." + "y" * 60
STORIES: dict[str, Any] = {
    "nested.example": [{"TXT": "v=spf1 " + f"exists:%{{ir}}.%{{l1r+-}}.{LONG}.example include:a.example -all"}],
    "a.example": [{"TXT": "v=spf1 mx include:b.example ?all"}],
    "b.example": [{"TXT": "v=spf1 ip4:203.0.113.0/24 redirect=c.example"}],
    "c.example": [{"TXT": "v=spf1 a:" + LONG + ".example ~all"}],
    "circle.example": [{"TXT": "v=spf1 a mx include:circle.example -all"}],
    "broken.example": [{"TXT": "v=spf1 " + "ip4:192.0.2.1 " * 30 + "ipv4:192.0.2.2 include:" + LONG + "~all"}],
    "fail.example": [{"TXT": "v=spf1 -all exp=why.example"}],
    "why.example": [{"TXT": "This is a rather long text, which a terminal of few columns has to fold. " * 3 + LONG}],
    "hostile.example": [
        {"TXT": "v=spf1 a\x1b[31m\x07\x1b]0;owned\x07 mx \u009b2J \u00e2\u0080\u00ae [bold red]x[/] -all"}
    ],
    "names.example": [{"TXT": "v=spf1 mx a:markup.example -all"}, {"MX": [10, "\x1b[2J\u009b31m.example"]}],
    "markup.example": [{"CNAME": "[red]x[/red].:bell:.example"}],
    "txt.example": [{"TXT": "\x1b[2J\r\nPASS  forged"}, {"TXT": "v=spf1 -all exp=bad.example"}],
    "bad.example": [{"TXT": "\x1b]8;;http://evil\x07click\x1b]8;;\x07"}],
}


def stories(zone: str) -> list[list[str]]:
    found = [["check", "203.0.114.9", f"bob@{name}", "--zone", zone] for name in STORIES]
    return [*found, ["check", "23.83.218.24", "seed.example", "--zone", SEED]]


@pytest.mark.parametrize("columns", mostly_full([20, 40, 80, 160], 2))
@pytest.mark.parametrize("trace", [[], ["--trace"]])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(
    call: Call, suite: Suite, monkeypatch: pytest.MonkeyPatch, columns: int, trace: list[str]
) -> None:
    for story in stories(suite(STORIES)):
        monkeypatch.delenv("COLUMNS", raising=False)
        whole = call(*story, *trace).out
        monkeypatch.setenv("COLUMNS", str(columns))
        out = call(*story, *trace).out
        assert all(len(line) <= columns or is_to_copy(line) for line in out.splitlines()), story
        assert re.match(r"[A-Z]{4,}\b", out), story
        if "^" not in out:  # an excerpt is cut to fit; all else is folded
            assert _letters(out) == _letters(whole), story


def is_to_copy(line: str) -> bool:
    """Whether a line is a record or a command to copy, which is not wrapped."""
    return line.lstrip().startswith(("v=spf1 ", "spfengine "))


def _letters(text: str) -> str:
    return re.sub(r"[\s│├└─]", "", text)


@pytest.mark.parametrize("columns", mostly_full([40, 80, 160]))
def test_a_terminal_has_colour_and_its_own_width(columns: int) -> None:
    ended = terminal("check", "23.83.218.24", "seed.example", "--zone", SEED, "--trace", columns=columns)
    assert (ended.code, ended.err) == (2, "")
    assert "\x1b[1;33mSOFTFAIL\x1b[0m" in ended.out
    plain = COLOURS.sub("", ended.out)
    assert "\x1b" not in plain
    assert all(len(line) <= columns or is_to_copy(line) for line in plain.splitlines())
    assert plain.startswith("SOFTFAIL  23.83.218.24 ")


@pytest.mark.parametrize("variables", mostly_full([{"NO_COLOR": "1"}, {"TERM": "dumb"}]))
def test_a_terminal_without_colour_is_left_plain(variables: dict[str, str]) -> None:
    arguments = ("check", "23.83.218.24", "seed.example", "--zone", SEED)
    ended = terminal(*arguments, variables=variables)
    assert "\x1b" not in ended.out
    assert ended.out.startswith("SOFTFAIL")
    assert all(len(line) <= 80 or is_to_copy(line) for line in ended.out.splitlines())


def test_colour_can_be_forced_through_a_pipe() -> None:
    arguments = ("check", "23.83.218.24", "seed.example", "--zone", SEED)
    assert "\x1b[" in process(*arguments, FORCE_COLOR="1", TERM="xterm").out
    assert "\x1b" not in process(*arguments).out


@pytest.mark.parametrize(
    "form", [["--trace"], *[pytest.param(form, marks=pytest.mark.full) for form in ([], ["--json", "--trace"])]]
)
@pytest.mark.parametrize("domain", mostly_full(["hostile.example", "names.example", "txt.example"]))
def test_what_strangers_published_never_steers_a_terminal(suite: Suite, domain: str, form: list[str]) -> None:
    arguments = ("check", "203.0.114.9", f"bob@{domain}", "--zone", suite(STORIES), *form)
    for ended in (terminal(*arguments), process(*arguments)):
        plain = COLOURS.sub("", ended.out)
        assert ended.code in range(7)
        assert all(character == "\n" or character.isprintable() for character in plain)
        assert not re.search(r"^PASS", plain, re.MULTILINE)
    if not form:
        assert "\\x1b" in terminal(*arguments).out or domain == "names.example"


@pytest.mark.full
def test_markup_in_data_is_text(suite: Suite) -> None:
    zone = suite(STORIES)
    shown = COLOURS.sub("", terminal("check", "203.0.114.9", "hostile.example", "--zone", zone, columns=160).out)
    assert "[bold red]x[/]" in shown
    shown = COLOURS.sub(
        "", terminal("check", "203.0.114.9", "names.example", "--zone", zone, "--trace", columns=200).out
    )
    assert "CNAME to [red]x[/red].:bell:.example" in shown


HOSTILE_TEXT = "e\x1b[31m\x07\u202e\u009b\r\nx"


@pytest.mark.parametrize(
    "arguments",
    mostly_full(
        [
            ["check", "192.0.2.1", f"{HOSTILE_TEXT}@x.example", "--helo", HOSTILE_TEXT, "--zone", SEED],
            ["check", "192.0.2.1", f"bob@{HOSTILE_TEXT}.example", "--zone", SEED, "--trace"],
            ["check", "192.0.2.1", HOSTILE_TEXT, "--helo", HOSTILE_TEXT, "--identity", "both", "--zone", SEED],
            ["check", HOSTILE_TEXT, "x.example"],
            ["check", "192.0.2.1", "x.example", f"--{HOSTILE_TEXT}"],
            ["check", "192.0.2.1", "x.example", HOSTILE_TEXT],
            ["check", "192.0.2.1", "x.example", "--zone", HOSTILE_TEXT],
            ["check", "192.0.2.1", "x.example", "--draft", HOSTILE_TEXT],
            ["check", "192.0.2.1", "x.example", "--draft", f"{HOSTILE_TEXT}.example=v=spf1 -all", "--zone", SEED],
            ["check", "192.0.2.1", "x.example", "--draft", f"v=spf1 {HOSTILE_TEXT}", "--zone", SEED],
            ["check", "192.0.2.1", "x.example", "--nameserver", HOSTILE_TEXT],
            ["check", "192.0.2.1", "x.example", "--identity", HOSTILE_TEXT],
            ["check", "192.0.2.1", "x.example", "--timeout", HOSTILE_TEXT],
            ["check", "192.0.2.1", "seed.example", "--record-answers", f"/none/{HOSTILE_TEXT}", "--zone", SEED],
            [HOSTILE_TEXT],
        ],
        3,
    ),
)
def test_what_was_given_as_argument_is_escaped_too(arguments: list[str]) -> None:
    ended = terminal(*arguments)
    for text in (COLOURS.sub("", ended.out), ended.err):
        assert all(character == "\n" or character.isprintable() for character in text)
    cleaned = "cleaned up in the record (line breaks)" in ended.err
    is_unknown = "[outside-zone]" in COLOURS.sub("", ended.out)
    assert ended.err.count("\n") == (1 if (ended.code >= 64 and not is_unknown) or cleaned else 0)
    assert "Traceback" not in ended.err


@pytest.mark.full
def test_bytes_that_are_no_text_are_taken_as_they_come() -> None:
    for arguments in (["check", "192.0.2.1", "b\udcff@x.example"], ["check", "192.0.2.1", "x\udcff.example"],
                      ["check", "192.0.2.1", "x.example", "--helo", "\udcff"],
                      ["check", "192.0.2.1", "x.example", "--draft", "v=spf1 \udcff"]):  # fmt: skip
        ended = process(*arguments, "--zone", SEED, PYTHONUTF8="1")
        assert ended.code in (*range(7), 69), ended.err
        assert ended.err == ""


@pytest.mark.full
def test_an_output_of_few_characters_gets_what_it_can_show(suite: Suite) -> None:
    zone = suite(STORIES)
    for form in ([], ["--trace"], ["--json"]):
        for name in ("nested.example", "broken.example", "hostile.example", "circle.example"):
            arguments = ("check", "203.0.114.9", name, "--zone", zone, *form)
            ended = process(*arguments, PYTHONIOENCODING="ascii", COLUMNS="40")
            assert ended.err == ""
            assert ended.out.isascii()
            if not form or form == ["--trace"]:
                assert all(len(line) <= 40 or is_to_copy(line) for line in ended.out.splitlines())


def test_a_wrapped_line_keeps_its_parts_and_its_indent() -> None:
    spans = (Span("one two", "term"), Span(" three"), Span("four-and-more", "quiet"))
    rows = wrap(Line(spans, "- ", "  "), 12)
    assert ["".join(span.text for span in row) for row in rows] == ["- one two", "  threefour-", "  and-more"]
    assert Span("one two", "term") in rows[0]
    assert wrap(Line((), "", ""), 10) == [[Span("")]]


@given(st.lists(st.text("ab /:.\u2192", max_size=60), max_size=4), st.text(" \u2502", max_size=60), st.integers(20, 90))
def test_no_row_is_ever_too_wide_and_no_word_is_lost(texts: list[str], lead: str, width: int) -> None:
    rows = ["".join([span.text for span in row]) for row in wrap(Line(tuple(map(Span, texts)), lead, lead), width)]
    assert all(len(row) <= width for row in rows)
    assert re.sub(r"[ \u2502]", "", "".join(rows)) == "".join(texts).replace(" ", "")


def test_a_table_without_room_for_two_columns_is_stacked() -> None:
    rows = [Row(Span("x"), Span("left"), (Span("right"),)), Row(Span("y"), Span("l" * 70), ())]
    assert len(table(rows, 40)) == 3
    assert len(table(rows, 100)) == 2
