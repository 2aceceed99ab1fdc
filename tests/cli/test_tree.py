"""`spfengine tree`: what each line says, on any terminal, and the exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.policy.include_tree import include_tree
from tests.cli.conftest import SEED, Call, process, terminal
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]

STORY = """\
seed.example
├─ 1 +a  203.0.113.80; no IPv6 address: void for IPv6 clients
├─ 2 +mx  names 2/10
│  ├─ mx1.seed.example  163.44.239.12; no IPv6 address: void for IPv6 clients
│  └─ mx2.seed.example  203.0.113.25; no IPv6 address: void for IPv6 clients
├─ 3 include:relay.mailchannels.net  outside seed.example
│  ├─   ip4:199.10.31.235/32 … ip4:44.224.130.112  8 networks
│  └─   -all
└─   ~all

  lookups 3/10, void lookups 2/2 (IPv6 clients; IPv4: 0)
  void lookups if receivers count otherwise: each void answer: 3/2 (IPv6 clients; IPv4: 0); \
only names without any address: 0/2
  some clients exceed the limits of: pyspf, Mail::SPF, SpamAssassin
  ! receivers that count each void lookup (pyspf and Mail::SPF do) count 3 of them for IPv6 clients \
(+a of seed.example, +mx of seed.example), and give permerror over 2 [over-void-limit-per-lookup]
    hint: publish both A and AAAA records for the hosts that mx and a name, or list networks with ip4 and ip6
"""
DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"

ZONEDATA: dict[str, Any] = {
    "loop.example": [{"TXT": "v=spf1 include:back.example a:never.example -all"}],
    "back.example": [{"TXT": "v=spf1 include:loop.example ?all"}],
    "broken.example": [{"TXT": "v=spf1 include:bad.example -all"}],
    "bad.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 -all"}],
    "half.example": [{"TXT": "v=spf1 a:dead.example mx:dead.example include:dead.example -all"}],
    "dead.example": ["SERVFAIL"],
    "void.example": [{"TXT": "v=spf1 a:g1.example mx:g2.example exists:g3.example -all"}],
    "rests.example": [{"TXT": "v=spf1 ptr exists:%{ir}.%{d} include:%{l}.s.example a:%{d} -all"}],
    "null.example": [{"TXT": "v=spf1 mx -all"}, {"MX": [0, "."]}],
    "cname.example": [{"TXT": "v=spf1 a:www.cname.example -all"}],
    "www.cname.example": [{"CNAME": "host.example"}],
    "host.example": [{"A": ["192.0.2.7", "192.0.2.8"]}, {"AAAA": ["2001:db8::7"]}],
    "all.example": [{"TXT": "v=spf1 -all mx redirect=x.example"}],
    "many.example": [{"TXT": "v=spf1 " + " ".join(f"a:h{n}.example" for n in range(12)) + " -all"}],
    **{f"h{n}.example": [{"A": ["192.0.2.1"]}, {"AAAA": ["2001:db8::1"]}] for n in range(12)},
    "hostile.example": [{"TXT": "v=spf1 a:\x1b[31m.example mx:x.example include:x.example -all"}],
    "x.example": [{"TXT": "v=spf1 a:\x07\u202e.example -all"}, {"MX": [10, "\x1b[2J\u009b31m.example"]}],
    "long.example": [{"TXT": f"v=spf1 include:{'x' * 60}.{'y' * 60}.example -all"}],
    f"{'x' * 60}.{'y' * 60}.example": [{"TXT": f"v=spf1 a:{'z' * 60}.{'y' * 60}.example include:x.example -all"}],
}


def test_the_draft_of_the_seed_story_word_by_word(call: Call) -> None:
    ended = call("tree", "seed.example", "--zone", SEED, "--draft", DRAFT)
    assert ended.out == STORY
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("domain", "code", "expected"),
    [
        ("loop.example", 1, ["2 include:loop.example  leads back to loop.example: a loop",
                             "lookups without end, and 10 are allowed", "a:never.example  not reached"]),
        ("broken.example", 2, ["include:bad.example  outside broken.example  permerror: ipv4 is not a mechanism",
                               "v=spf1 ipv4:192.0.2.1 -all", "! bad.example: ipv4 is not a mechanism",
                               "hint: did you mean ip4:192.0.2.1?"]),
        ("none.example", 2, ["none.example  none: none.example does not exist"]),
        ("half.example", 69, ["DNS could not answer: A SERVFAIL and AAAA SERVFAIL", "lookups at least 1/10",
                              "dead.example could not be asked for: SERVFAIL", "temperror: the TXT records of dead"]),
        ("void.example", 1, ["1 a:g1.example  does not exist: void", "g2.example does not exist: void",
                             "void lookups 3/2", "3 void lookups are made"]),
        ("rests.example", 0, ["asks for the names of the client; only the first 10 are looked at",
                              "depends on the client's address", "depends on the sender", "lookups at least 3/10",
                              "a:%{d}  not reached  = rests.example"]),
        ("null.example", 0, ["a null MX: it takes no mail, and matches nobody", "names 1/10"]),
        ("cname.example", 0, ["192.0.2.7, 192.0.2.8, 2001:db8::7 (CNAME to host.example)"]),
        ("all.example", 0, ["mx  it comes after all, which matches every address",
                             "redirect=x.example  the record has all"]),
        ("many.example", 1, ["12 a:h11.example  192.0.2.1, 2001:db8::1", "lookups 12/10", "12 lookups are needed"]),
    ],
)  # fmt: skip
def test_what_the_lines_say(call: Call, suite: Suite, domain: str, code: int, expected: list[str]) -> None:
    ended = call("tree", domain, "--zone", suite(ZONEDATA))
    assert ended.code == code
    for each in expected:
        assert each in ended.out


def test_json_is_the_trees_own(call: Call) -> None:
    ended = call("tree", "seed.example", "--zone", SEED, "--json")
    tree = include_tree("seed.example", resolver=spfengine.Zone.from_file(SEED))
    assert json.loads(ended.out) == {**tree.to_dict(), "plan": None}
    assert json.loads(ended.out)["schema"] == "spfengine.tree/1"
    assert ended.out.isascii()


def test_names_of_the_zone_file_are_the_admins_own(call: Call, tmp_path: Any) -> None:
    path = tmp_path / "x.zone"
    path.write_text('$ORIGIN x.example.\n$TTL 60\n@ IN SOA ns h 1 1 1 1 1\nmail IN TXT "v=spf1 include:_spf.x.example'
                    ' include:y.example. -all"\n_spf IN TXT "v=spf1 ?all"\ny.example. IN TXT "v=spf1 ?all"\n',
                    encoding="ascii")  # fmt: skip
    out = call("tree", "mail.x.example", "--zone", str(path)).out
    assert "include:_spf.x.example\n" in out
    assert "include:y.example.  outside mail.x.example\n" in out


@pytest.mark.parametrize("columns", mostly_full([20, 40, 80]))
def test_no_line_is_wider_than_the_terminal(suite: Suite, columns: int) -> None:
    zone = suite(ZONEDATA)
    for domain in ("long.example", "hostile.example", "rests.example", "loop.example", "many.example"):
        ended = terminal("tree", domain, "--zone", zone, columns=columns, variables={"NO_COLOR": "1"})
        shown = ended.out.partition("to publish as TXT")[0]  # a record to copy is not wrapped
        assert max(map(len, shown.splitlines())) <= columns, domain
        assert ended.err == ""


@pytest.mark.parametrize("form", mostly_full([[], ["--json"]]))
def test_what_strangers_published_never_steers_a_terminal(suite: Suite, form: list[str]) -> None:
    for ended in (process("tree", "hostile.example", "--zone", suite(ZONEDATA), *form),
                  terminal("tree", "hostile.example", "--zone", suite(ZONEDATA), *form)):  # fmt: skip
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert all(character == "\n" or character.isprintable() for character in plain)
        assert "Traceback" not in ended.err


@pytest.mark.parametrize("domain", ["a@localhost", "localhost", "", "\x1b[2J"])
def test_what_is_no_domain_is_a_usage_error(call: Call, domain: str) -> None:
    ended = call("tree", domain, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err[:-1].isprintable()


def test_a_missing_file_and_a_missing_domain(call: Call) -> None:
    assert call("tree", "seed.example", "--zone", "/none.zone").code == 66
    assert "expected a domain, such as example.com" in call("tree").err


def test_the_receivers_whose_limits_are_exceeded_are_named(call: Call, suite: Suite) -> None:
    """ "tree … say which profiles a record is too much for"."""
    hosts = [f"h{number}.x.example" for number in range(11)]
    zone = {
        "x.example": [{"TXT": f"v=spf1 {' '.join(f'a:{host}' for host in hosts)} -all"}],
        **{host: [{"A": "192.0.2.1"}, {"AAAA": "2001:db8::1"}] for host in hosts},
    }
    path = suite(zone)
    ended = call("tree", "x.example", "--zone", path)
    assert (
        "some clients exceed the limits of: RFC 7208, pyspf, Mail::SPF, libspf2 and Exim, milter-greylist" in ended.out
    )
    assert "rspamd" not in ended.out
    assert ended.code == 1
    assert call("tree", "x.example", "--zone", path, "--limits", "rspamd").code == 0


def test_a_check_can_apply_the_limits_of_a_receiver(call: Call) -> None:
    arguments = ("check", "2001:db8::1", "seed.example", "--zone", SEED)
    assert call(*arguments).out.startswith("SOFTFAIL")
    assert call(*arguments, "--limits", "pyspf").out.startswith("PERMERROR")
    assert call(*arguments, "--limits", "pyspf", "--void-rule", "per-term").out.startswith("SOFTFAIL")


@pytest.mark.parametrize("command", [("check", "2001:db8::1"), ("tree",)])
def test_a_receiver_without_a_limit_has_none(call: Call, command: tuple[str, ...], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ended = call(*command, "seed.example", "--zone", SEED, "--limits", "libspf2", "--html", str(page))
    assert re.search(r"void lookups \d+ \(no limit\)", ended.out)
    assert ">No limit<" in page.read_text(encoding="utf-8")
