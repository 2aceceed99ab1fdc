"""`spfengine diff`: a difference for every address, or the proof that there is none."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import SEED, Call, terminal
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]

ZONEDATA: dict[str, Any] = {
    "a.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "b.example": [{"TXT": "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 -all"}],
    "c.example": [{"TXT": "v=spf1 ip4:192.0.2.0/25 ~all"}],
    "half.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example -all"}],
    "dead.example": ["SERVFAIL"],
    "broken.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 -all"}],
}


def test_the_seed_word_by_word(call: Call) -> None:
    ended = call("diff", "seed.example", "v=spf1 a mx ~all", "--zone", SEED)
    assert ended.out == (
        "seed.example → v=spf1 a mx ~all\n"
        "  pass → softfail  1 network, 1 IPv4 address\n"
        "      150.95.55.137/32  by ~all, not by +ip4:150.95.55.137\n"
        "  everything else keeps its result\n"
    )
    assert (ended.code, ended.err) == (1, "")


def test_what_is_said_otherwise_may_mean_the_same(call: Call) -> None:
    ended = call("diff", "seed.example", "v=spf1 a mx ip4:150.95.55.137 ~all", "--zone", SEED)
    assert ended.out.endswith("\n  equivalent: every client gets the same result\n")
    assert ended.code == 0
    outcome = call("diff", "seed.example", "v=spf1 a mx ip4:150.95.55.137 ~all", "--zone", SEED, "--by", "outcome")
    assert outcome.code == 1


@pytest.mark.parametrize(
    ("a", "b", "code", "expected"),
    [
        ("a.example", "b.example", 0, "equivalent"),
        ("a.example", "c.example", 1, "everything else: fail → softfail  by ~all, not by -all"),
        ("v=spf1 ip4:192.0.2.0/24 -all", "a.example", 0, "equivalent"),
        ("v=spf1 -all", "V=spf1 ?all", 1, "every address: fail → neutral"),
        ("a.example", "broken.example", 2, "broken.example: every client gets permerror: ipv4 is not a mechanism"),
        ("a.example", "v=spf1 ipv4:192.0.2.1", 2, "every client gets permerror: ipv4 is not a mechanism"),
        ("a.example", "none.example", 2, "none.example: every client gets none: none.example does not exist"),
        ("a.example", "half.example", 69, "everything else: not known"),
        ("half.example", "half.example", 69, "TXT dead.example (SERVFAIL)"),
    ],
)
def test_exit_codes_and_words(call: Call, suite: Suite, a: str, b: str, code: int, expected: str) -> None:
    ended = call("diff", a, b, "--zone", suite(ZONEDATA))
    assert ended.code == code
    assert expected in ended.out
    assert code == 0 or "equivalent" not in ended.out
    assert ended.err == ""


def test_json(call: Call, suite: Suite) -> None:
    document = json.loads(call("diff", "a.example", "v=spf1 ip4:192.0.2.0/25 -all", "--zone", suite(ZONEDATA),
                               "--json").out)  # fmt: skip
    assert [change["network"] for change in document["changes"]] == ["192.0.2.128/25"]
    assert (document["equivalent"], document["incomplete"], document["unknown"]) == (False, False, [])
    half = json.loads(call("diff", "a.example", "half.example", "--zone", suite(ZONEDATA), "--json").out)
    assert (half["equivalent"], half["incomplete"], half["changes"]) == (False, True, [])
    assert half["unknown"]
    assert set(half) == {"schema", "equivalent", "incomplete", "changes", "outcomes", "unknown"}


@pytest.mark.parametrize("text", ["localhost", "a@localhost", "192.0.2.1", "\x1b[2J", ""])
def test_what_is_neither_domain_nor_record_is_a_usage_error(call: Call, text: str) -> None:
    ended = call("diff", "seed.example", text, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err[:-1].isprintable()


@pytest.mark.parametrize("columns", mostly_full([20, 40, 80]))
def test_it_fits_the_terminal(columns: int) -> None:
    ended = terminal("diff", "seed.example", "v=spf1 mx a:\x1b[31m.example -all", "--zone", SEED, columns=columns,
                     variables={"NO_COLOR": "1"})  # fmt: skip
    assert max(map(len, ended.out.splitlines())) <= columns
    assert all(character == "\n" or character.isprintable() for character in ended.out)
