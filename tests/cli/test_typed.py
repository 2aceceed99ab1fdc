"""Arguments as people type and paste them: understood if only one reading is possible, and that is said; else refused
with what to write.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from spfengine.cli import typed
from tests.cli.conftest import SEED, Call
from tests.examples import examples

Suite = Callable[[dict[str, Any]], str]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("[192.0.2.1]:25", "192.0.2.1"),
        ("192.0.2.1:25", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1.", "192.0.2.1"),
        ("192.0.2.1,", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ('"192.0.2.1"', "192.0.2.1"),
        ("ip4:192.0.2.1", "192.0.2.1"),
        ("https://192.0.2.1/", "192.0.2.1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:25", "2001:db8::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("IPv6:2001:db8::1", "2001:db8::1"),
        ("mail.example.com[192.0.2.1]", "192.0.2.1"),
        ("mail.example.com ([192.0.2.1])", "192.0.2.1"),
        ("192.0.2.1 (mail.example.com)", "192.0.2.1"),
        ("[192.0.2.1] (mail.example.com)", "192.0.2.1"),
        ("192.0.2.1[192.0.2.2]", None),
        ("2001:db8::1:25", "2001:db8::1:25"),  # an address as it is
        ("192.0.2.0/24", None),
        ("192.0.2", None),
        ("192.0.2.1 192.0.2.2", None),
        ("mail.example.com", None),
        ("", None),
    ],
)
def test_the_address_that_a_text_means(text: str, meant: str | None) -> None:
    assert typed.address_in(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("bob@b.example", "b.example"),
        ("Bob Smith <bob@b.example>", "b.example"),
        ('"Smith, Bob" <bob@b.example>', "b.example"),
        ("<bob@b.example>", "b.example"),
        ("mailto:bob@b.example?subject=x", "b.example"),
        ("@b.example", "b.example"),
        ("https://b.example/", "b.example"),
        ("https://b.example:8080/path?x=1", "b.example"),
        ("b.example/path", "b.example"),
        ("b.example:25", "b.example"),
        (" b.example\n", "b.example"),
        ('"b.example"', "b.example"),
        ("include:_spf.b.example", "_spf.b.example"),
        ("redirect=_spf.b.example", "_spf.b.example"),
        ("https://user:secret@b.example/", None),
        ("a.example b.example", None),
        ("a.example,b.example", None),
        ("bob@localhost", None),
        ("192.0.2.1", None),
        ("https://192.0.2.1/", None),
    ],
)
def test_the_domain_that_a_text_means(text: str, meant: str | None) -> None:
    assert typed.domain_in(text) == meant


@settings(max_examples=examples(300))
@given(st.text(max_size=40))
def test_whatever_is_typed_nothing_raises(text: str) -> None:
    for read in (typed.address_in, typed.domain_in, typed.mailbox_in, typed.sender_in):
        meant = read(text)
        assert meant is None or meant.isprintable()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["[192.0.2.1]", "bob@seed.example"], ["'[192.0.2.1]' is read as 192.0.2.1"]),
        (["192.0.2.1:25", "bob@seed.example"], ["'192.0.2.1:25' is read as 192.0.2.1"]),
        (["192.0.2.1", "Bob <bob@seed.example>"], ["'Bob <bob@seed.example>' is read as bob@seed.example"]),
        (["192.0.2.1", "https://seed.example/"], ["'https://seed.example/' is read as seed.example"]),
        (["192.0.2.1", " bob@seed.example "], ["' bob@seed.example ' is read as bob@seed.example"]),
        (["192.0.2.1", "mailto:bob@seed.example"], ["is read as bob@seed.example"]),
        (["192.0.2.1", "MAIL FROM:<bob@seed.example>"], ["is read as bob@seed.example"]),
        (["bob@seed.example", "192.0.2.1"], ["is read as IP 192.0.2.1, SENDER bob@seed.example"]),
        (["Bob <bob@seed.example>", "[192.0.2.1]"], ["IP 192.0.2.1, SENDER Bob", "is read as bob@seed.example"]),
        (["192.0.2.1,", "bob@seed.example,"], ["is read as 192.0.2.1", "is read as bob@seed.example"]),
        (["192.0.2.1", "'bob@seed.example'"], ["is read as bob@seed.example"]),
        (["192.0.2.1", "\u201cbob@seed.example\u201d"], ["is read as bob@seed.example"]),
        (["192.0.2.1", "\u201ebob@seed.example\u201c"], ["is read as bob@seed.example"]),
        (["192.0.2.1", "\u00abseed.example\u00bb"], ["is read as seed.example"]),
        (["mx.seed.example[192.0.2.1]", "bob@seed.example"], ["is read as 192.0.2.1"]),
        (["192.0.2.1", "bob@seed.example."], []),
        (["192.0.2.1", "<bob@seed.example>"], []),
    ],
)
def test_a_check_understands_what_is_typed_and_says_how(call: Call, arguments: list[str], said: list[str]) -> None:
    plain = call("check", "192.0.2.1", "bob@seed.example", "--zone", SEED)
    ended = call("check", *arguments, "--zone", SEED)
    assert ended.code == plain.code
    assert ended.out.splitlines()[:2] == plain.out.splitlines()[:2]
    assert len(ended.err.splitlines()) == len(said)
    for line, expected in zip(ended.err.splitlines(), said, strict=True):
        assert line.startswith("spfengine check: ")
        assert expected in line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["192.0.2", "bob@seed.example"], "not an IP address: '192.0.2'; expected one like 192.0.2.1"),
        (["192.168.001.005", "bob@seed.example"], "if its numbers are decimal, write 192.168.1.5"),
        (["192.000.256.001", "bob@seed.example"], "not an IP address: '192.000.256.001'"),
        (
            ["192.0.2.0/24", "bob@seed.example"],
            "192.0.2.0/24 is a network; expected one address of it, such as 192.0.2.1",
        ),
        (
            ["seed.example"],
            "IP comes first: spfengine check IP seed.example; to look at the record alone: spfengine lint",
        ),
        (["192.0.2.1", "bob at seed.example"], "is not a sender: it has a space, and no @"),
        (["192.0.2.1", "bob@seed.example, eve@seed.example"], "is not a sender: it is several addresses"),
        (["192.0.2.1", "192.0.2.2"], "192.0.2.2 is an IP address; expected the sender's address or domain"),
        (["192.0.2.1", "v=spf1 -all"], 'to try a record, write: check IP SENDER --draft "v=spf1 …"'),
    ],
)
def test_what_can_mean_several_things_is_refused_with_what_to_write(
    call: Call, arguments: list[str], expected: str
) -> None:
    ended = call("check", *arguments, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err


def test_what_a_client_said_is_checked_as_it_is(call: Call) -> None:
    for sender in ("", "<>", "bob@", "v=spf1@seed.example", "a=b@seed.example"):
        assert "is read as" not in call("check", "192.0.2.1", sender, "--zone", SEED).err


@pytest.mark.parametrize("command", ["tree", "networks", "lint", "suggest"])
def test_every_command_reads_domains_in_the_same_way(call: Call, command: str) -> None:
    plain = call(command, "seed.example", "--zone", SEED)
    for text in ("bob@seed.example", "https://seed.example/", " seed.example ", "Bob <bob@seed.example>"):
        ended = call(command, text, "--zone", SEED)
        assert (ended.code, ended.out) == (plain.code, plain.out)
        assert f"spfengine {command}: '{text}' is read as seed.example\n" in ended.err
    assert call(command, "seed.example.", "--zone", SEED).out == plain.out


@pytest.mark.parametrize("command", ["tree", "networks", "lint", "suggest", "flatten"])
def test_a_record_or_an_address_in_place_of_a_domain(call: Call, command: str) -> None:
    ended = call(command, "v=spf1 mx -all", "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert (
        "this is a record, and a domain is expected; to lint it: spfengine lint --draft 'v=spf1 mx -all'" in ended.err
    )
    ended = call(command, "192.0.2.1", "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert "192.0.2.1 is an IP address; expected a domain" in ended.err


@pytest.mark.parametrize(
    "text",
    [
        "23.83.218.24,bob@seed.example", "bob@seed.example,23.83.218.24", "23.83.218.24 bob@seed.example",
        "[23.83.218.24];Bob <bob@seed.example>", "23.83.218.24:25,bob@seed.example.",
    ],
)  # fmt: skip
def test_a_sender_in_whatever_order(call: Call, text: str) -> None:
    draft = ("--draft", "v=spf1 +a +mx include:relay.mailchannels.net ~all")
    ended = call("simulate", "seed.example", "--zone", SEED, *draft, "--sender", text)
    assert re.search(r"23\.83\.218\.24 +1 +softfail → pass +bob@seed\.example", ended.out)


def test_a_sender_may_be_a_domain_and_nothing_else_is_guessed(call: Call) -> None:
    draft = ("--zone", SEED, "--draft", "v=spf1 mx ~all")
    assert "192.0.2.9  1" in call("simulate", "seed.example", *draft, "--sender", "192.0.2.9,seed.example").out
    ended = call("simulate", "seed.example", *draft, "--sender", "192.0.2.9,bob")
    assert (ended.code, ended.out) == (64, "")
    assert "expected IP or IP,ADDRESS" in ended.err


def test_a_name_server_in_brackets_or_with_blanks(call: Call) -> None:
    ended = call("check", "192.0.2.1", "x.example", "--nameserver", " 127.0.0.1:1 ", "--dns-timeout", "0.2")
    assert ended.code == 5
    ended = call("check", "192.0.2.1", "x.example", "--nameserver", "ns.example.com")
    assert ended.code == 64
    assert "nameserver 'ns.example.com' is not an address; expected one like 192.0.2.1" in ended.err


@pytest.mark.parametrize(
    "text", ["seed.example v=spf1 -all", "seed.example: v=spf1 -all", 'seed.example "v=spf1 -all"']
)
def test_a_draft_with_a_blank_in_place_of_the_sign(call: Call, text: str) -> None:
    ended = call("check", "192.0.2.1", "seed.example", "--zone", SEED, "--draft", text)
    assert (ended.code, ended.err.splitlines()[0].startswith("spfengine check: ")) == (1, True)
    assert "is read as seed.example=" in ended.err


def test_names_and_networks_of_options_too(call: Call) -> None:
    draft = ("--draft", "v=spf1 include:relay.mailchannels.net ~all")
    ended = call("flatten", "seed.example", "--zone", SEED, *draft, "--include", "include:relay.mailchannels.net")
    assert ended.code == 0
    assert "is read as relay.mailchannels.net" in ended.err
    ended = call("suggest", "seed.example", "--zone", SEED, "--want", "[192.0.2.9]", "--brief")
    assert "ip4:192.0.2.9" in ended.out
    assert "'[192.0.2.9]' is read as 192.0.2.9" in ended.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["suggest", "seed.example", "--max-size", "0"], "0 can't be used; expected 1 or more"),
        (["flatten", "seed.example", "--max-size", "5"], "5 can't be used; expected a number from 256 to 65535"),
    ],
)
def test_a_number_out_of_range_is_refused_in_words(call: Call, arguments: list[str], expected: str) -> None:
    ended = call(*arguments, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err


@pytest.mark.parametrize("verb", [("check", "192.0.2.1", "seed.example"), ("simulate", "seed.example")])
@pytest.mark.parametrize(
    ("draft", "meant"),
    [
        ('"v=spf1 mx" "ip4:192.0.2.0/24 -all"', "mx ip4:192.0.2.0/24"),
        (
            '"v=spf1 include:a.seed.example" "include:b.seed.example -all"',
            "include:a.seed.example include:b.seed.example",
        ),
    ],
)
def test_strings_of_a_draft_that_lack_a_space_are_named(
    call: Call, verb: tuple[str, ...], draft: str, meant: str
) -> None:
    ended = call(*verb, "--draft", draft, "--zone", SEED)
    assert "[missing-space]" in ended.err
    assert f"did you mean {meant}?" in ended.err


def test_a_space_between_the_strings_of_a_draft_is_enough(call: Call) -> None:
    ended = call(
        "check", "192.0.2.1", "seed.example", "--draft", '"v=spf1 mx " "ip4:192.0.2.0/24 -all"', "--zone", SEED
    )
    assert "missing-space" not in ended.err


@pytest.mark.parametrize("dash", ["\u2013", "\u2014"])
def test_a_record_without_quotes_that_was_cleaned_up_is_linted(call: Call, dash: str) -> None:
    ended = call("lint", "--draft", f"v=spf1 ip4:192.0.2.1 {dash}all")
    assert "read as: v=spf1 ip4:192.0.2.1 -all" in ended.err


@pytest.mark.parametrize(
    ("verb", "name", "option"),
    [("lint", "my.zone", "--zone"), ("tree", "zone.txt", "--zone"), ("suggest", "bounce.eml", "--senders"),
     ("suggest", "report.xml.gz", "--senders")],
)  # fmt: skip
def test_a_file_in_place_of_a_domain(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, name: str, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    ended = call(verb, name)
    assert ended.code == 64
    assert f"to read the file, use {option} {name}" in ended.err


@pytest.mark.parametrize("verb", ["lint", "tree", "simulate"])
def test_a_record_in_place_of_an_option(call: Call, verb: str) -> None:
    ended = call(verb, "seed.example", "v=spf1 a -all", "--zone", SEED)
    assert ended.code == 64
    assert '--draft "v=spf1' in ended.err


def test_a_record_that_the_shell_took_apart(call: Call) -> None:
    for arguments in (["v=spf1", "a", "-all"], ["--draft", "v=spf1", "a", "~all"], ["v=spf1", "mx", "~all"]):
        ended = call("lint", *arguments)
        assert ended.code == 64
        assert 'in quotes: --draft "v=spf1' in ended.err


def test_strings_that_lack_a_space_are_in_the_json_of_a_check_and_of_a_change(call: Call, suite: Suite) -> None:
    zone = suite({
        "a.example": [{"TXT": ["v=spf1 include:b.example", "include:c.example -all"]}],
        "b.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
        "c.example": [{"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
    })  # fmt: skip
    hint = "a space is missing before include:c.example; did you mean include:b.example include:c.example?"
    draft = '"v=spf1 include:b.example" "include:c.example ~all"'
    for more in ([], ["--draft", draft]):
        ended = call("check", "192.0.2.2", "a.example", "--zone", zone, *more)
        assert f"hint: {hint}" in ended.out
        assert ended.out.count("a space is missing") == 1
        found = json.loads(call("check", "192.0.2.2", "a.example", "--zone", zone, "--json", *more).out)
        assert (found["problem"]["hint"], found["remarks"][0]["code"]) == (hint, "missing-space")
    ended = call("simulate", "a.example", "--zone", zone, "--draft", draft)
    assert ended.code == 2
    assert ended.out.startswith("a.example: the draft is broken")
    assert "to publish" not in ended.out
    found = json.loads(call("simulate", "b.example", "--zone", zone, "--draft", draft, "--json").out)
    assert found["broken"]
    assert [each["code"] for each in found["problems"]] == ["missing-space"]


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        (["lint", "--draft", '"v=spf1 mx" " -all"'], "cleaned up in the record (quotes and splits)"),
        (["check", "192.0.2.1", "a@seed.example", "--draft", "“v=spf1 -all”"], "(curly quotes, quotes)"),
        (["check", "192.0.2.1:25", "a@seed.example"], "'192.0.2.1:25' is read as 192.0.2.1"),
        (["simulate", "seed.example", "--draft", "seed.example TXT 'v=spf1 -all'"], "the text before the record"),
        (["tree", "https://seed.example/"], "is read as seed.example"),
    ],
)
def test_how_arguments_were_understood_is_in_documents_and_reports(
    call: Call, tmp_path: Path, arguments: list[str], note: str
) -> None:
    """What people read on stderr, a program and the reader of a report know as well."""
    page = tmp_path / "report.html"
    zone = [] if arguments[0] == "lint" else ["--zone", SEED]
    ended = call(*arguments, *zone, "--json", "--html", str(page))
    notes = json.loads(ended.out)["notes"]
    assert [note in each for each in notes] == [True]
    assert notes[0] in ended.err
    said = note.rsplit("'", maxsplit=1)[-1]
    assert re.search(f"{re.escape(said[:1])}{re.escape(said[1:])}", page.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("word", ["-helo", "-helo=mx.seed.example", "-zone"])
def test_an_option_with_one_hyphen(call: Call, word: str) -> None:
    ended = call("check", "192.0.2.1", "a@seed.example", word, "mx.seed.example")
    assert ended.code == 64
    name = word.partition("=")[0]
    assert f"No such option '{name}'; did you mean -{name}?" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lint", "a.example", "b.example"], "b.example; expected [OPTIONS] [DOMAIN]; for several domains"),
        (["tree", "a.example", "b.example", "c.example"], "b.example c.example; expected [OPTIONS] DOMAIN; for"),
        (["check", "192.0.2.1", "b@a.example", "h.example"], "h.example; expected [OPTIONS] IP SENDER; see"),
        (["ui", "a.example"], "a.example; expected [OPTIONS]; see"),
    ],
)  # fmt: skip
def test_too_many_arguments_are_answered_with_those_that_are_expected(
    call: Call, arguments: list[str], said: str
) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert f"there are too many arguments: {said}" in ended.err
