"""`spfengine networks`: networks alone on stdout, what has to be known besides on stderr."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import spfengine
from tests.cli.conftest import SEED, Call

Suite = Callable[[dict[str, Any]], str]

ZONEDATA: dict[str, Any] = {
    "half.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example -all"}],
    "dead.example": ["SERVFAIL"],
    "rests.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 exists:%{ir}.list.example -all"}],
    "broken.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 -all"}],
    "all.example": [{"TXT": "v=spf1 +all"}],
}


def test_the_seed(call: Call) -> None:
    ended = call("networks", "seed.example", "--zone", SEED)
    assert ended.out == "150.95.55.137/32\n163.44.239.12/32\n203.0.113.25/32\n203.0.113.80/32\n"
    assert ended.err == "seed.example: pass for 4 IPv4 addresses and 0 IPv6 addresses\n"
    assert ended.code == 0


def test_a_draft_and_another_result(call: Call) -> None:
    draft = ("--draft", "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ?ip6:2001:db8::/32 -all")
    assert call("networks", "seed.example", "--zone", SEED, *draft).out == "192.0.2.0/24\n"
    assert call("networks", "seed.example", "--zone", SEED, *draft, "--result", "neutral").out == "2001:db8::/32\n"


def test_json(call: Call) -> None:
    document = json.loads(call("networks", "seed.example", "--zone", SEED, "--json").out)
    policy = spfengine.Policy.compile("seed.example", resolver=spfengine.Zone.from_file(SEED))
    assert document == {
        "schema": "spfengine.networks/1",
        "domain": "seed.example",
        "result": "pass",
        "networks": [str(network) for network in policy.networks("pass")],
        "addresses": {"4": 4, "6": 0},
        "conditional": [],
        "incomplete": [],
        "ttl": policy.ttl,
    }


@pytest.mark.parametrize(
    ("domain", "options", "code", "expected"),
    [
        ("half.example", [], 69, "half.example: pass for at least 256 IPv4 addresses and 0 IPv6 addresses\n"),
        ("half.example", [], 69, ("the result of 4,294,967,040 IPv4 addresses and 2^128 IPv6 addresses is not known: "
                                 "DNS could not answer TXT dead.example (SERVFAIL); try again later")),
        ("rests.example", [], 0, "left out, since it depends on more than the address: exists:%{ir}.list.example"),
        ("broken.example", [], 2, "every client gets permerror: ipv4 is not a mechanism"),
        ("broken.example", ["--result", "permerror"], 0, "permerror for 4,294,967,296 IPv4 addresses and "),
        ("none.example", [], 2, "every client gets none: none.example does not exist"),
        ("none.example", ["--result", "none"], 0, "none for "),
        ("all.example", [], 0, "pass for 4,294,967,296 IPv4 addresses and about 2^128 IPv6 addresses"),
    ],
)  # fmt: skip
def test_what_has_to_be_known_besides(
    call: Call, suite: Suite, domain: str, options: list[str], code: int, expected: str
) -> None:
    ended = call("networks", domain, "--zone", suite(ZONEDATA), *options)
    assert ended.code == code
    assert expected in ended.err
    assert all(len(row.split("/")) == 2 for row in ended.out.splitlines())


@pytest.mark.parametrize("domain", ["a@localhost", "localhost", "a..example", "", "\x1b[2J.\udcff"])
def test_what_is_no_domain_is_a_usage_error(call: Call, domain: str) -> None:
    ended = call("networks", domain, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.count("\n") == 1
    assert ended.err[:-1].isprintable()
