"""Help that leads on: grouped commands, examples, "did you mean", one name for one thing, servers that are named."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from spfengine.cli.commands import COMMANDS, GROUPS
from tests.cli.conftest import SEED, Call

Suite = Callable[[dict[str, Any]], str]


def test_help_groups_the_commands_and_shows_three_examples(call: Call) -> None:
    out = call("--help").out
    places = [out.index(f"\n{group}:\n") for group in GROUPS]
    assert places == sorted(places)
    assert list(GROUPS) == ["Everyday", "Plan a change", "Watch", "Mail servers", "Testing"]
    for name, about in COMMANDS.items():
        assert f"\n  {name} " in out
        assert about.split()[0] in out
    assert out.count("\n    spfengine ") == 3
    assert max(map(len, out.splitlines())) <= 90


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(call: Call, command: str) -> None:
    out = call(command, "--help").out
    assert f"spfengine {command} " in out.partition("Usage:")[2].partition("\n")[2]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("chek", "no such command: 'chek'; did you mean check?"),
        ("Lint", "did you mean lint?"),
        ("sugest", "did you mean suggest?"),
        ("192.0.2.1", "did you mean check 192.0.2.1 SENDER?"),
        ("example.com", "did you mean lint example.com, or tree example.com?"),
        ("v=spf1 -all", "did you mean lint --draft RECORD?"),
        ("xyzzy", "expected one of check, lint, tree, suggest"),
    ],
)
def test_a_command_that_does_not_exist(call: Call, typed: str, expected: str) -> None:
    ended = call(typed)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1


def test_the_old_names_of_options_are_accepted_and_not_shown(call: Call, suite: Suite) -> None:
    assert call("lint", "--record", "v=spf1 mx -all").out == call("lint", "--draft", "v=spf1 mx -all").out
    assert "--record " not in call("lint", "--help").out
    zone = suite({"x.example": [{"TXT": "v=spf1 -all"}]})
    plan = ("simulate", "x.example", "--zone", zone, "--draft", "v=spf1 mx -all")
    assert call(*plan, "--paste", "bind").out == call(*plan, "--form", "bind").out
    assert "--paste" not in call("simulate", "--help").out
    assert call("lint", "--draft", "v=spf1 mx", "--form", "json").out == call(
        "lint", "--draft", "v=spf1 mx", "--format", "json").out  # fmt: skip


def test_lint_takes_drafts_of_names(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 -all"}]})
    drafts = ("--draft", "v=spf1 include:_spf.x.example -all", "--draft", "_spf.x.example=v=spf1 +all")
    ended = call("lint", "x.example", "--zone", zone, *drafts)
    assert ended.code == 2
    assert "include:_spf.x.example lets every client pass" in ended.out
    ended = call("lint", "--zone", zone, "--draft", "x.example=v=spf1 foo")
    assert ended.out.startswith("x.example")
    assert "foo is not a mechanism" in ended.out
    ended = call("lint", "--zone", zone, *drafts)
    assert ended.code == 64
    assert "several drafts; expected DOMAIN" in ended.err


def test_a_name_server_that_cannot_be_reached_is_named_with_its_error(call: Call) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    ended = call("check", "192.0.2.1", "x.example", "--nameserver", f"127.0.0.1:{port}")
    assert ended.code == 5
    assert ended.err == f"spfengine: DNS server 127.0.0.1:{port}: Connection refused\n"


def test_a_name_server_that_is_silent_is_named_once(call: Call) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        ended = call("lint", "x.example", "--nameserver", server, "--dns-timeout", "0.1")
    assert ended.code == 69
    assert ended.err == f"spfengine: DNS server {server}: no answer in time\n"


def test_a_dns_timeout_that_is_no_time(call: Call) -> None:
    ended = call("check", "192.0.2.1", "x.example", "--zone", SEED, "--dns-timeout", "soon")
    assert ended.code == 64
    assert "'soon' is not a time; expected seconds, more than 0" in ended.err


@pytest.mark.parametrize(
    "content", ["null", "[]", "3", '"x"', '{"zonedata": []}', '{"zonedata": {"a.example": [null]}}']
)
@pytest.mark.parametrize("suffix", ["json", "yml"])
def test_messages_about_files_have_no_python_words(call: Call, tmp_path: Any, content: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_text(content, encoding="ascii")
    message = call("check", "192.0.2.1", "a.example", "--zone", str(path)).err
    words = message.replace("'", " ").replace("(", " ").split()
    assert not {"None", "NoneType", "list,", "dict", "int", "str", "tuple", "True", "False"} & set(words)
    assert " not list" not in message
