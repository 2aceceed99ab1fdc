"""`spfengine flatten`: what it shows, what it asks for, and its exit codes."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

import spfengine
from tests.cli.conftest import SEED, Call, terminal

Suite = Callable[[dict[str, Any]], str]

DRAFT = "v=spf1 mx include:relay.mailchannels.net exists:%{i}.list.seed.example ~all"
FLAT = (
    "v=spf1 mx ip4:23.83.208.0/20 ip4:44.224.130.112 ip4:46.232.183.0/24 ip4:54.148.219.64 ip4:54.149.205.143 "
    "ip4:54.149.210.130 ip4:100.20.61.20 ip4:199.10.31.235 exists:%{i}.list.seed.example ~all"
)
STORY = f"""\
seed.example: flattened; every client gets the same result

  - include:relay.mailchannels.net  8 networks, 4,358 IPv4 addresses; good for 3600 s

  proof: equivalent, for all IPv4 and IPv6 addresses
    the same, although its result depends on more than the address: exists:%{{i}}.list.seed.example in the record of \
seed.example (client-address)
  lookups 3 → 2 of 10, void lookups 2 → 2 of 2 (if each void answer counts: 3 → 3)

  to publish as TXT of seed.example:  247 octets in DNS
{FLAT}

  ! the networks are those of today: the record no longer follows relay.mailchannels.net
    to learn of changes, watch them, from cron or CI:
    spfengine snapshot relay.mailchannels.net -o includes.json
    spfengine drift includes.json --quiet
    keep the current record: to flatten it again, give it as --draft
"""

MANY = " ".join(f"ip4:100.{first}.{second}.101" for first in (100, 101) for second in range(100, 130))
ZONEDATA: dict[str, Any] = {
    "plain.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "flat.example": [{"TXT": "v=spf1 include:plain.example mx -all"}],
    "asks.example": [{"TXT": "v=spf1 exists:%{i}.list.example -all"}],
    "mixed.example": [{"TXT": "v=spf1 include:asks.example include:plain.example -all"}],
    "dead.example": ["SERVFAIL"],
    "half.example": [{"TXT": "v=spf1 include:plain.example include:dead.example -all"}],
    "gone.example": [{"TXT": "v=spf1 include:plain.example include:none.example -all"}],
    "broken.example": [{"TXT": "v=spf1 include:plain.example -al"}],
    "empty.example": [{"TXT": "v=spf1 include:none2.example -all"}],
    "none2.example": [{"TXT": "v=spf1 -all"}],
    "many.example": [{"TXT": f"v=spf1 {MANY} -all"}],
    "split.example": [{"TXT": "v=spf1 include:many.example ~all"}, {"TXT": "other"}],
    "hosts.example": [{"TXT": "v=spf1 a include:none2.example mx -all"}, {"A": "192.0.2.9"}],
    "crowded.example": [{"TXT": "v=spf1 include:plain.example -all"}, {"TXT": "x" * 300}, {"TXT": "y" * 250}],
    "shell.example": [{"TXT": "v=spf1 include:$(reboot)`ls`.example ~all"}],
    "$(reboot)`ls`.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}],
    "forty.example": [{"TXT": "v=spf1 " + " ".join(f"include:m{n}.example" for n in range(9)) + " -all"}],
    **{f"m{n}.example": [{"TXT": f"v=spf1 ip4:10.{2 * n}.0.0/24 -all"}] for n in range(9)},
    "wide.example": [{"TXT": "v=spf1 " + " ".join(f"include:n{n}.example" for n in range(11)) + " -all"}],
    **{f"n{n}.example": [{"TXT": f"v=spf1 ip4:10.{n}.0.0/24 -all"}] for n in range(11)},
}


def test_the_story_word_by_word(call: Call) -> None:
    ended = call("flatten", "seed.example", "--zone", SEED, "--draft", DRAFT)
    assert (ended.code, ended.out, ended.err) == (0, STORY, "")


@pytest.mark.full
def test_the_story_fits_narrow_terminals_and_what_is_to_be_pasted_stays_whole() -> None:
    for columns in (40, 60, 80):
        ended = terminal("flatten", "seed.example", "--zone", SEED, "--draft", DRAFT, columns=columns)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out).splitlines()
        assert FLAT in plain
        assert [row for row in plain if len(row) > columns and row != FLAT and "spfengine " not in row] == []


def test_json_is_the_flattenings_own(call: Call, suite: Suite) -> None:
    path = suite(ZONEDATA)
    ended = call("flatten", "split.example", "--zone", path, "--json")
    zone = spfengine.Zone.from_openspf(ZONEDATA)
    assert json.loads(ended.out) == spfengine.flatten("split.example", resolver=zone).to_dict()
    assert ended.out.isascii()


@pytest.mark.parametrize(
    ("domain", "options", "code", "expected"),
    [
        ("flat.example", [], 0, "v=spf1 ip4:192.0.2.0/24 mx -all"),
        ("plain.example", [], 0, "plain.example: there is nothing to replace"),
        ("mixed.example", [], 0, "stays: exists:%{i}.list.example in the record of asks.example"),
        ("mixed.example", ["--include", "asks.example"], 1, "[flatten-conditional]"),
        ("split.example", ["--max-size", "320"], 0, "2. to publish as TXT of _spf2.split.example:"),
        ("split.example", ["--size", "320"], 0, "2. to publish as TXT of _spf2.split.example:"),  # its former name
        ("half.example", [], 69, "DNS could not answer TXT dead.example (SERVFAIL)"),
        ("gone.example", [], 2, "include:none.example leads to no record"),
        ("broken.example", [], 2, "broken.example: not flattened"),
        ("none.example", [], 2, "[domain-not-found]"),
        ("empty.example", [], 0, "nothing: no client matches it"),
        ("wide.example", [], 0, "except those that are over a limit now"),
        ("split.example", [], 0, "this saves no lookup"),
        ("split.example", ["--names", "n{n}"], 0, "1. to publish as TXT of n1.split.example:"),
        ("hosts.example", ["--hosts"], 0, "  - mx                     nothing: no client matches it"),
        ("crowded.example", [], 0, "hint: shorten the record, move terms to records that it includes"),
        ("crowded.example", [], 0, "with 2 other TXT records\n"),
        ("forty.example", [], 0, "m4.example, m5.example and 3 more"),
        ("split.example", ["--form", "bind"], 0, 'split.example. IN TXT "v=spf1 include:_spf1'),
    ],
)  # fmt: skip
def test_exit_codes_and_what_is_reported(
    call: Call, suite: Suite, domain: str, options: list[str], code: int, expected: str
) -> None:
    ended = call("flatten", domain, "--zone", suite(ZONEDATA), *options)
    assert expected in ended.out
    assert (ended.code, ended.err) == (code, "")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--include", "other.example"], "'--include': the record has no include of other.example"),
        (["--names", "same"], "'--names': expected a name with {n}"),
        (["--max-size", "12"], "--max-size"),
        (["--max-size", "x"], "--max-size"),
        (["--form", "x"], "--form"),
    ],
)
def test_what_cannot_be_understood_is_reported_with_its_option(
    call: Call, suite: Suite, options: list[str], expected: str
) -> None:
    ended = call("flatten", "flat.example", "--zone", suite(ZONEDATA), *options)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err
    assert ended.err.count("\n") == 1


def test_what_is_mended_is_listed_and_the_rest_said_once(call: Call, suite: Suite) -> None:
    out = call("flatten", "wide.example", "--zone", suite(ZONEDATA)).out
    assert "\n  permerror → pass  1 network, 256 IPv4 addresses\n      10.10.0.0/24  by ip4:10.10.0.0/24\n" in out
    assert "\n  stays pass  10 networks, 2,560 IPv4 addresses\n" in out
    assert "\n  everything else: permerror → fail  by -all\n" in out


def test_what_is_to_be_pasted_into_a_shell_is_quoted(call: Call, suite: Suite) -> None:
    """Names in records are strangers', who may write $(…) into them."""
    out = call("flatten", "shell.example", "--zone", suite(ZONEDATA)).out
    [row] = [row for row in out.split("\n") if "spfengine snapshot" in row]
    assert shlex.split(row) == ["spfengine", "snapshot", "$(reboot)`ls`.example", "-o", "includes.json"]
