"""`spfengine simulate`: the plan of a change, word by word, and every way in which it can be asked for wrongly."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from tests.cli.conftest import SEED, Call, process, terminal

Suite = Callable[[dict[str, Any]], str]

DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
STORY = """\
seed.example: something gets worse
  senders  3 sources, 3 messages: newly failing 1; newly passing 1; unchanged, passing 1

  gets worse
    newly failing  1 source, 1 message
      150.95.55.137  1  pass → softfail  seed.example  by ~all
    pass → softfail  1 network, 1 IPv4 address
        150.95.55.137/32  +ip4:150.95.55.137 is removed, and no other term matches: by ~all

  gets better
    newly passing  1 source, 1 message
      23.83.218.24  1  softfail → pass  seed.example  by include:relay.mailchannels.net
    softfail → pass  8 networks, 4,358 IPv4 addresses
        23.83.208.0/20     by include:relay.mailchannels.net → ip4:23.83.208.0/20
        44.224.130.112/32  by include:relay.mailchannels.net → ip4:44.224.130.112
        46.232.183.0/24    by include:relay.mailchannels.net → ip4:46.232.183.0/24
        54.148.219.64/32   by include:relay.mailchannels.net → ip4:54.148.219.64
        54.149.205.143/32  by include:relay.mailchannels.net → ip4:54.149.205.143
        54.149.210.130/32  by include:relay.mailchannels.net → ip4:54.149.210.130
        100.20.61.20/32    by include:relay.mailchannels.net → ip4:100.20.61.20
        199.10.31.235/32   by include:relay.mailchannels.net → ip4:199.10.31.235/32

  stays
    unchanged, passing  1 source, 1 message
      163.44.239.12  1  pass → pass  seed.example  by +mx
    stays pass  although a term that gave it is removed
        163.44.239.12/32  by +mx

  everything else keeps its result

  seed.example: the SPF record changes
      +a
      +mx
    - +ip4:150.95.55.137
    - +ip4:163.44.239.12
    + include:relay.mailchannels.net
      ~all

  at most: lookups 2 → 3 of 10, void lookups 2 → 2 of 2 (if each void answer counts: 3 → 3)
  seed.example: the old record may be used for 1 hour after the change
  depends on records outside seed.example, which their owners may change at any time: relay.mailchannels.net
  ! receivers that count each void lookup (pyspf and Mail::SPF do) count 3 of them for IPv6 clients \
(+a of seed.example, +mx of seed.example), and give permerror over 2; they already do [over-void-limit-per-lookup]
    hint: publish both A and AAAA records for the hosts that mx and a name, or list networks with ip4 and ip6

  to publish as TXT of seed.example:
v=spf1 +a +mx include:relay.mailchannels.net ~all
"""

ZONEDATA: dict[str, Any] = {
    "plain.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}],
    "half.example": [{"TXT": "v=spf1 ip4:192.0.2.0/24 include:dead.example -all"}],
    "dead.example": ["SERVFAIL"],
    "redirecting.example": [{"TXT": "v=spf1 redirect=_spf.host.example"}],
    "_spf.host.example": [{"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}],
    "rests.example": [{"TXT": "v=spf1 exists:%{ir}.list.example -all"}],
    "hostile.example": [{"TXT": "v=spf1 a:\x1b[31m.example include:hostile2.example -all"}],
    "hostile2.example": [{"TXT": "v=spf1 mx:\x07\u202e.example ?all"}],
    "mx.example": [{"TXT": "v=spf1 mx -all"}, {"MX": [10, "\x1b[2J\u009b31m.example"]}],
}


def test_the_seed_story_word_by_word(call: Call) -> None:
    senders = [part for ip in ("23.83.218.24", "150.95.55.137", "163.44.239.12") for part in ("--sender", ip)]
    ended = call("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, *senders)
    assert ended.out == STORY
    assert (ended.code, ended.err) == (1, "")


@pytest.mark.full
def test_the_story_fits_narrow_terminals_and_what_is_to_be_pasted_stays_whole() -> None:
    for columns in (30, 50, 100):
        ended = terminal("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, columns=columns)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert [row for row in plain.splitlines() if len(row) > columns and row != DRAFT] == []
        assert plain.splitlines()[-1] == DRAFT


def test_json_is_the_simulations_own(call: Call) -> None:
    ended = call("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, "--json")
    zone = spfengine.Zone.from_file(SEED)
    assert json.loads(ended.out) == spfengine.simulate("seed.example", DRAFT, resolver=zone).to_dict()
    assert ended.out.isascii()
    assert json.loads(ended.out)["schema"] == "spfengine.simulation/1"


@pytest.mark.parametrize(
    ("domain", "drafts", "code"),
    [
        ("plain.example", ["v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"], 0),
        ("plain.example", ["v=spf1 ip4:192.0.2.0/24 -all"], 0),
        ("plain.example", ["v=spf1 ip4:192.0.2.0/25 -all"], 1),
        ("plain.example", ["v=spf1 ip4:192.0.2.0/24 include:none.example -all"], 1),
        ("plain.example", ["v=spf1 ipv4:192.0.2.0/24 -all"], 2),
        ("plain.example", ["v=spf1 include:none.example -all"], 2),
        ("plain.example", ["v=DMARC1"], 2),
        ("plain.example", ["v=spf1 ip4:192.0.2.0/24 include:dead.example -all"], 69),
        ("half.example", ["v=spf1 ip4:192.0.2.0/24 include:dead.example ~all"], 69),
        ("half.example", ["v=spf1 include:dead.example -all"], 69),
        ("plain.example", ["_spf.plain.example=v=spf1 -all"], 0),
    ],
)
def test_exit_codes(call: Call, suite: Suite, domain: str, drafts: list[str], code: int) -> None:
    options = [part for draft in drafts for part in ("--draft", draft)]
    assert call("simulate", domain, "--zone", suite(ZONEDATA), *options).code == code


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["seed.example", "--zone", SEED], 64, "there is nothing to simulate: expected --draft"),
        (["--zone", SEED, "--draft", "v=spf1 -all"], 64, "Missing argument 'DOMAIN'"),
        (["seed.example", "--zone", SEED, "--draft", ""], 64, "expected a record that begins with v=spf1"),
        (["seed.example", "--zone", SEED, "--draft", "seed.example="], 64, "the draft for seed.example is empty"),
        (["seed.example", "--zone", SEED, "--draft", "*.seed.example=v=spf1 -all"], 64, "no wildcard"),
        (["seed.example", "--zone", SEED, "--draft", "v=spf1 a", "--draft", "SEED.example.=v=spf1 b"], 64,
         "there are two drafts for SEED.example"),
        (["192.0.2.1", "--zone", SEED, "--draft", "v=spf1 a"], 64, "is an IP address; expected a domain"),
        (["localhost", "--zone", SEED, "--draft", "v=spf1 a"], 64, "a single label"),
        (["seed.example", "--zone", SEED, "--draft", "v=spf1 a", "--sender", "x"], 64, "not an IP address"),
        (["seed.example", "--zone", SEED, "--draft", "v=spf1 a", "--sender", "192.0.2.1,bob"], 64, "IP or IP,ADDRESS"),
        (["seed.example", "--zone-after", SEED], 64, "--zone-after needs --zone"),
        (["seed.example", "--zone", SEED, "--zone-after", SEED, "--draft", "v=spf1 a"], 64, "--zone-after goes with"),
        (["seed.example", "--zone", "-", "--zone-after", "-"], 64, "only one file can be -"),
        (["seed.example", "--zone", SEED, "--zone-after", "/none/x.zone"], 66, "/none/x.zone can't be read"),
    ],
)  # fmt: skip
def test_mistakes_are_reported_on_one_line(call: Call, arguments: list[str], code: int, expected: str) -> None:
    ended = call("simulate", *arguments)
    assert ended.code == code
    assert ended.out == ""
    assert expected in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("place", ["--zone", "--zone-after"])
def test_a_zone_file_with_a_broken_line_is_reported_with_its_number(call: Call, tmp_path: Path, place: str) -> None:
    path = tmp_path / "broken.zone"
    path.write_text('$ORIGIN x.example.\n@ 60 IN TXT "v=spf1 -all"\nwww 60 IN A 192.0.2.300\n', encoding="ascii")
    files = ["--zone", str(path)] if place == "--zone" else ["--zone", SEED, "--zone-after", str(path)]
    ended = call("simulate", "x.example", *files, *([] if place != "--zone" else ["--draft", "v=spf1 a"]))
    assert ended.code == 65
    assert re.search(r"broken\.zone\b.*\b3\b", ended.err)
    assert ended.out == ""


def test_a_draft_outside_the_tree_changes_nothing_and_that_is_said(call: Call, suite: Suite) -> None:
    ended = call("simulate", "plain.example", "--zone", suite(ZONEDATA), "--draft", "_spf.plain.example=v=spf1 -all")
    assert "the draft for _spf.plain.example is not reached from plain.example: it changes nothing" in ended.out
    assert "every address keeps its result" in ended.out
    assert ended.out.startswith("plain.example: no result changes\n")
    assert "to publish" not in ended.out


def test_a_new_name_and_the_record_that_includes_it(call: Call) -> None:
    out = call("simulate", "seed.example", "--zone", SEED,
               "--draft", "v=spf1 include:_spf.seed.example ~all",
               "--draft", "_spf.seed.example=v=spf1 a:seed.example mx:seed.example ip4:150.95.55.137 -all",
               ).out  # fmt: skip
    assert "_spf.seed.example: a new SPF record" in out
    assert "everything else keeps its result" in out
    assert "163.44.239.12/32  by include:_spf.seed.example → mx:seed.example" in out
    assert out.count("to publish as TXT of ") == 2


def test_everything_else_is_said_once(call: Call) -> None:
    out = call("simulate", "seed.example", "--zone", SEED, "--draft", "v=spf1 a mx -all").out
    assert "  everything else: softfail → fail  by -all\n" in out
    assert "  stays pass\n" in out
    rows = [row.split()[0] for row in out.splitlines() if re.match(r" +\d+\.\d+\.\d+\.\d+/", row)]
    assert rows == ["150.95.55.137/32", "163.44.239.12/32", "203.0.113.25/32", "203.0.113.80/32"]


def test_families_are_reported_apart_where_they_differ(call: Call) -> None:
    out = call("simulate", "seed.example", "--zone", SEED, "--draft", "v=spf1 ip4:0.0.0.0/0 -all").out
    assert "  every other IPv4 address: softfail → pass  by ip4:0.0.0.0/0\n" in out
    assert "  every IPv6 address: softfail → fail  by -all\n" in out


def test_what_is_not_known_is_said_to_be_unknown(call: Call, suite: Suite) -> None:
    ended = call("simulate", "plain.example", "--zone", suite(ZONEDATA),
                 "--draft", "v=spf1 ip4:192.0.2.0/24 include:dead.example -all")  # fmt: skip
    assert "everything else: not known; DNS could not answer" in ended.out
    assert "TXT dead.example (SERVFAIL)" in ended.out
    assert "192.0.2.0/24  by ip4:192.0.2.0/24" in ended.out
    assert " → " not in ended.out.partition("at least")[0]
    out = call("simulate", "half.example", "--zone", suite(ZONEDATA), "--draft", "v=spf1 include:dead.example -all").out
    assert "every address: not known" in out
    assert call("simulate", "dead.example", "--zone", suite(ZONEDATA), "--draft", "v=spf1 -all").out.count(
        "the current record is not known") == 1  # fmt: skip


def test_names_that_the_admin_cannot_edit_are_reported_apart(call: Call, suite: Suite) -> None:
    out = call("simulate", "redirecting.example", "--zone", suite(ZONEDATA),
               "--draft", "v=spf1 ip4:192.0.2.1 redirect=_spf.host.example").out  # fmt: skip
    assert "depends on records outside redirecting.example, which their owners may change at any time: " in out
    assert "time: _spf.host.example\n" in out
    out = call("simulate", "redirecting.example", "--zone", suite(ZONEDATA),
               "--draft", "_spf.host.example=v=spf1 -all").out  # fmt: skip
    assert "(outside redirecting.example: only its owner can change it)" in out


def test_results_that_rest_on_more_are_reported(call: Call, suite: Suite) -> None:
    out = call("simulate", "rests.example", "--zone", suite(ZONEDATA),
               "--draft", "v=spf1 exists:%{ir}.list2.example -all").out  # fmt: skip
    assert "some results depend on more than the address: exists:%{ir}.list2.example" in out
    assert "conditional (" in out


ZONE_BEFORE = """\
$ORIGIN a.example.
$TTL 1h
@ IN SOA ns hostmaster 1 4h 1h 2w 5m
@ IN TXT "v=spf1 mx include:_spf.a.example -all"
@ IN MX 10 mx
mx IN A 192.0.2.1
_spf IN TXT "v=spf1 ip4:198.51.100.0/24 -all"
www IN TXT "v=spf1 -all"
news IN TXT "v=spf1 include:_spf.a.example -all"
"""


def test_every_name_of_a_zone_in_one_go(call: Call, tmp_path: Path) -> None:
    before, after = tmp_path / "before.zone", tmp_path / "after.zone"
    before.write_text(ZONE_BEFORE, encoding="ascii")
    after.write_text(ZONE_BEFORE.replace("100.0/24", "100.0/25"), encoding="ascii")
    ended = call("simulate", "--zone", str(before), "--zone-after", str(after))
    assert ended.code == 1
    assert ended.out.startswith(
        "4 names have SPF; nothing changes for 1 of them:\n  www.a.example  (never sends mail)\n"
    )
    for name in ("a.example", "_spf.a.example", "news.a.example"):
        assert f"\n{name}: something gets worse\n" in ended.out
    assert ended.out.count("198.51.100.128/25") == 3
    document = json.loads(call("simulate", "--zone", str(before), "--zone-after", str(after), "--json").out)
    assert document["schema"] == "spfengine.simulations/1"
    assert [each["domain"] for each in document["simulations"]] == [
        "a.example", "_spf.a.example", "www.a.example", "news.a.example"
    ]  # fmt: skip
    one = call("simulate", "www.a.example", "--zone", str(before), "--zone-after", str(after))
    assert one.code == 0
    assert one.out.startswith("www.a.example: no result changes; it never sends mail, before and after\n")


def test_a_name_that_only_one_of_the_zones_has(call: Call, tmp_path: Path) -> None:
    before, after = tmp_path / "before.zone", tmp_path / "after.zone"
    before.write_text(ZONE_BEFORE, encoding="ascii")
    kept = [row for row in ZONE_BEFORE.splitlines() if not row.startswith("www")]
    after.write_text("\n".join([*kept, 'new IN TXT "v=spf1 mx:a.example -all"', ""]), encoding="ascii")
    ended = call("simulate", "--zone", str(before), "--zone-after", str(after))
    assert "www.a.example: the SPF record is removed" in ended.out
    assert "new.a.example: a new SPF record" in ended.out
    assert "every address: fail → none" in ended.out
    assert "stays" not in ended.out


def test_senders_of_another_name_are_left_out_of_a_whole_zone(call: Call, tmp_path: Path) -> None:
    before = tmp_path / "before.zone"
    before.write_text(ZONE_BEFORE, encoding="ascii")
    files = ["--zone", str(before), "--zone-after", str(before)]
    document = json.loads(call("simulate", *files, "--sender", "192.0.2.1,bob@news.a.example", "--json").out)
    assert [len(each["senders"]) for each in document["simulations"]] == [0, 0, 0, 1]


def test_zones_without_spf(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.zone"
    path.write_text("$ORIGIN x.example.\n@ 60 IN A 192.0.2.1\n", encoding="ascii")
    ended = call("simulate", "--zone", str(path), "--zone-after", str(path))
    assert (ended.code, ended.out) == (0, "no name of these zones has an SPF record, before or after\n")


def test_a_long_record_is_also_given_in_strings_for_a_zone_file(call: Call, suite: Suite) -> None:
    record = "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(30)) + " -all"
    out = call("simulate", "plain.example", "--zone", suite(ZONEDATA), "--draft", record).out
    lines = out.splitlines()
    assert record in lines
    strings = re.findall(r'"([^"]*)"', lines[-1])
    assert "".join(strings) == record
    assert max(map(len, strings)) <= 255


@pytest.mark.full
@pytest.mark.parametrize(
    "name",
    ["hostile.example", *[pytest.param(name, marks=pytest.mark.full) for name in ("mx.example", "plain.example")]],
)
@pytest.mark.parametrize("form", [[], pytest.param(["--json"], marks=pytest.mark.full)])
def test_what_strangers_published_never_steers_a_terminal(suite: Suite, name: str, form: list[str]) -> None:
    zone = suite(ZONEDATA)
    for draft in ("v=spf1 mx a -all", "v=spf1 a:\x1b[31m.example \u202e -all", "\x07.example=v=spf1 -all"):
        arguments = (
            "simulate",
            name,
            "--zone",
            zone,
            "--draft",
            draft,
            "--sender",
            "192.0.2.1,\x1b[2J@x.example",
            *form,
        )
        for ended in (process(*arguments), terminal(*arguments, columns=60)):
            plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
            assert all(character == "\n" or character.isprintable() for character in plain + ended.err)
            assert "Traceback" not in ended.err


def test_an_internationalised_domain(call: Call, suite: Suite) -> None:
    zone = suite({"xn--bcher-kva.example": [{"TXT": "v=spf1 -all"}]})
    ended = call("simulate", "b\u00fccher.example.", "--zone", zone, "--draft", "v=spf1 ?all")
    assert ended.out.startswith("xn--bcher-kva.example: nothing gets worse\n")
