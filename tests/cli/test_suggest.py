"""`spfengine suggest`: the seed story in one command, statement by statement; exit codes; hostile and large input."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from tests.cli.conftest import REPOSITORY, SEED, Call, process, terminal
from tests.counting import cpu_seconds_at_most
from tests.evidence.files import record, report

Suite = Callable[[dict[str, Any]], str]

EXAMPLES = REPOSITORY / "examples"
STORY = (
    "suggest",
    "--senders", str(EXAMPLES / "seed-message.eml"), "--senders", str(EXAMPLES / "seed-message-2.eml"),
    "--zone", str(EXAMPLES / "seed-cpanel.zone"), "--zone", str(EXAMPLES / "seed-relay.zone"),
)  # fmt: skip
RECORD = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
ZONEDATA: dict[str, Any] = {
    "d.example": [{"TXT": "v=spf1 a -all"}, {"A": "192.0.2.1"}],
    "mx.example": [{"TXT": "v=spf1 mx -all"}, {"MX": [10, "\x1b[2J\u009b31m.example"]}],
    "costly.example": [{"TXT": "v=spf1 " + " ".join(f"include:i{n}.example" for n in range(11)) + " -all"}],
    **{f"i{n}.example": [{"TXT": f"v=spf1 ip4:198.51.100.{n} -all"}] for n in range(11)},
    "broken.example": [{"TXT": "v=spf1 foo:bar baz -all"}],
    "dead.example": ["SERVFAIL"],
    "half.example": [{"TXT": "v=spf1 ip4:192.0.2.1 include:dead.example -all"}],
    "hostile.example": [{"TXT": "v=spf1 a:\x1b[31m.example include:hostile2.example -all"}],
    "hostile2.example": [{"TXT": "v=spf1 mx:\x07\u202e.example ?all"}],
    "7.2.0.192.in-addr.arpa": [{"PTR": "\x1b[2J\u009b31m.example"}],
}


@pytest.fixture
def story(call: Call) -> str:
    ended = call(*STORY)
    assert ended.code == 0
    return " ".join(ended.out.split())


@pytest.mark.parametrize(
    "statement",
    [
        # The record, first of all.
        f"seed.example: publish this record {RECORD} 2 of 2 senders pass with it, 0 now",
        "everything that passes now still passes; no smaller change does this",
        # Softfail was decided by ~all.
        "~all softfail for everybody else; now it decides 2 messages, from 23.83.218.24 and 23.83.209.25",
        (
            "23.83.218.24 MailChannels softfail by ~all → pass by include:relay.mailchannels.net 1 message; "
            "a receiver saw softfail"
        ),
        # Who the addresses are: a shared relay whose addresses vary.
        (
            "include:relay.mailchannels.net lets 23.83.218.24 and 23.83.209.25 pass: MailChannels, a shared relay "
            "whose addresses vary"
        ),
        "ip4:23.83.218.24 an address of MailChannels, whose addresses vary: the next message may not pass",
        "MailChannels is shared: mail of its other customers passes for your domain too, from any of its 4,358",
        "_mailchannels",
        # What each other term covers.
        "+a matches 203.0.113.80; no message matched it",
        "+mx matches 150.95.55.137 and 163.44.239.12; no message matched it",
        # The two old addresses: who they are, that they are stale, and on which proof each goes.
        (
            "- +ip4:150.95.55.137 jp58.mixhost.jp; stale: +mx matches 150.95.55.137 too, so nothing stops passing; "
            "no message matched it"
        ),
        (
            "- +ip4:163.44.239.12 jp77.mixhost.jp; stale: +mx matches 163.44.239.12 too, so nothing stops passing; "
            "no message matched it"
        ),
        "stays pass although a term that gave it is removed 150.95.55.137/32 by +mx 163.44.239.12/32 by +mx",
        # Before and after, for every address.
        "proof: before and after, for every address softfail → pass 8 networks, 4,358 IPv4 addresses",
        "everything else keeps its result",
        "at most: lookups 2 → 3 of 10, void lookups 2 → 2 of 2",
        "the record: 56 → 49 octets; the DNS answer: 110 → 103 octets of 1232",
        # Ready to paste.
        f"cPanel, and all others that ask for the text alone: {RECORD}",
        f'cPanel, split in strings: "{RECORD}"',
        f'a zone file (BIND, cPanel/WHM): seed.example. 14400 IN TXT "{RECORD}"',
        f'"Value": "\\"{RECORD}\\""',
        f"value: '{RECORD}'",
    ],
)  # fmt: skip
def test_the_seed_story_in_one_command(story: str, statement: str) -> None:
    """A message as Gmail shows it, a cPanel zone and the relay's zone: from there to the record, and why."""
    assert statement in story


@pytest.mark.full
def test_the_record_stands_alone_on_a_line_and_fits_narrow_terminals(call: Call) -> None:
    assert call(*STORY).out.splitlines()[:3] == ["seed.example: publish this record", "", RECORD]
    for columns in (40, 80):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal(*STORY, columns=columns).out)
        text, _, pasted = plain.partition("to paste, ")
        assert RECORD in pasted
        assert [row for row in text.splitlines() if len(row) > columns and row != RECORD] == []


def test_adding_the_address_instead_draws_a_warning_and_is_still_simulated(call: Call) -> None:
    first = (*STORY[:3], *STORY[5:])
    ended = call(*first, "--add", "ip4:23.83.209.25")
    out = " ".join(ended.out.split())
    assert ended.code == 1
    assert (
        "23.83.209.25 is MailChannels, a relay whose addresses vary: the next message may come from another one" in out
    )
    assert "Use include:relay.mailchannels.net instead of ip4:23.83.209.25 [varying-address]" in out
    assert "v=spf1 +a +mx ip4:23.83.209.25 ~all the sender does not pass with it" in out
    assert "23.83.218.24 MailChannels softfail → softfail by ~all" in out
    assert "include:relay.mailchannels.net it would let 23.83.218.24 pass, but is not one of the terms to add" in out


def test_an_address_that_nothing_else_leads_to_stays_until_it_is_told_to_go(call: Call) -> None:
    """Dropping an address is proved, not assumed: in seed.zone nothing but its own term leads to 150.95.55.137."""
    message = str(EXAMPLES / "seed-message.eml")
    ended = call("suggest", "--senders", message, "--zone", SEED)
    out = " ".join(ended.out.split())
    assert ended.code == 0
    assert ended.out.splitlines()[2] == "v=spf1 +a +mx +ip4:150.95.55.137 include:relay.mailchannels.net ~all"
    assert "+ip4:150.95.55.137 jp58.mixhost.jp; nothing else matches it; no message matched it" in out
    assert "If nobody sends from it any more, use --drop ip4:150.95.55.137 [unused]" in out
    assert f"with --drop ip4:150.95.55.137 the record would be {RECORD}" in out
    ended = call("suggest", "--senders", message, "--zone", SEED, "--drop", "ip4:150.95.55.137")
    out = " ".join(ended.out.split())
    assert ended.code == 1  # something stops, as was asked
    assert ended.out.splitlines()[2] == RECORD
    assert "as requested; nothing else matches 150.95.55.137, so that stops passing" in out
    assert "pass → softfail 1 network, 1 IPv4 address 150.95.55.137/32" in out


def test_csv_has_each_sender_before_and_after(call: Call, suite: Suite) -> None:
    ended = call(*STORY, "--csv")
    assert (ended.code, ended.err) == (0, "")
    rows = list(csv.DictReader(ended.out.splitlines()))
    assert [(row["ip"], row["before"], row["after"], row["by"]) for row in rows] == [
        (ip, "softfail", "pass", "include:relay.mailchannels.net") for ip in ("23.83.218.24", "23.83.209.25")
    ]
    broken = call("suggest", "broken.example", "--sender", "192.0.2.1", "--zone", suite(ZONEDATA), "--csv")
    assert len(broken.out.splitlines()) == 1, "without a record to compare with there is no row"
    assert call(*STORY, "--csv", "--json").code == 64


def test_json_is_the_suggestions_own(call: Call) -> None:
    document = json.loads(call("suggest", "seed.example", "--sender", "23.83.218.24", "--zone", SEED, "--json").out)
    zone = spfengine.Zone.from_file(SEED)
    senders = [spfengine.Sender("23.83.218.24", "@seed.example")]
    own = spfengine.suggest("seed.example", senders, resolver=zone).to_dict()
    assert document == {**json.loads(json.dumps(own)), "plan": None}
    document = json.loads(call(*STORY, "--json").out)
    assert document["record"] == RECORD
    assert document["serves_everyone"]
    assert document["evidence"]["messages"] == 2
    assert document["forms"]["cpanel"] == RECORD


@pytest.mark.parametrize(
    ("arguments", "code", "headline"),
    [
        (["d.example"], 0, "keep the record; who sends is not known"),
        (["d.example", "--sender", "192.0.2.1"], 0, "the record is as it should be"),
        (["d.example", "--sender", "192.0.2.1,bob@d.example", "--ignore", "192.0.2.9"], 0, "as it should be"),
        (["d.example", "--sender", "192.0.2.9", "--ignore", "192.0.2.0/24"], 0, "as it should be"),
        (["d.example", "--want", "192.0.2.9"], 0, "publish this record"),
        (["d.example", "--sender", "192.0.2.9", "--allow-unnamed"], 0, "publish this record"),
        (["d.example", "--sender", "192.0.2.9"], 1, "keep the record, which does not serve every sender"),
        (["d.example", "--drop", "a"], 1, "a record to consider; who sends is not known"),
        (["d.example", "--want", "192.0.2.9", "--max-size", "70"], 1, "no record fits"),
        (["costly.example"], 1, "no record fits"),
        (["broken.example"], 2, "nothing can be proposed"),
        (["gone.example"], 2, "nothing can be proposed"),
        (["dead.example"], 69, "nothing can be proposed now"),
        (["half.example"], 69, "keep the record; who sends is not known"),
    ],
)
def test_exit_codes(call: Call, suite: Suite, arguments: list[str], code: int, headline: str) -> None:
    ended = call("suggest", *arguments, "--zone", suite(ZONEDATA))
    assert headline in ended.out.splitlines()[0]
    assert ended.code == code


def test_where_no_record_fits_it_is_said_by_how_much_and_what_costs_it(call: Call, suite: Suite) -> None:
    out = " ".join(call("suggest", "costly.example", "--zone", suite(ZONEDATA)).out.split())
    assert "! 11 lookups are needed, 10 are allowed: 1 too many" in out
    assert "the draft that comes closest: v=spf1 include:i0.example" in out
    assert "the lookups of each term: include:i0.example 1, include:i1.example 1" in out
    assert "to paste" not in out


def test_what_is_broken_beyond_mending_is_shown_with_its_faults(call: Call, suite: Suite) -> None:
    out = call("suggest", "broken.example", "--zone", suite(ZONEDATA)).out
    assert "v=spf1 foo:bar baz -all\n" in out
    assert "! foo is not a mechanism" in out
    assert "^^^" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 64, "Missing argument 'DOMAIN'"),
        (["d.example", "--sender", "x"], 64, "not an IP address"),
        (["d.example", "--sender", "192.0.2.1,bob"], 64, "IP or IP,ADDRESS"),
        (["d.example", "--want", "192.0.2.0/99"], 64, "not an address or network"),
        (["d.example", "--ignore", "x"], 64, "not an address or network"),
        (["d.example", "--add", "ipv4:192.0.2.1"], 64, "is not a term of a record: ipv4 is not a mechanism"),
        (["d.example", "--drop", "mx"], 64, "the record has no term mx; its terms are: a, -all"),
        (["d.example", "--max-size", "0"], 64, "--max-size"),
        (["d.example", "--senders", "/none/x.eml"], 66, "/none/x.eml can't be read"),
        (["d.example", "--catalogue", "/none/x.toml"], 66, "/none/x.toml can't be read"),
        (["d.example", "--catalogue", SEED], 65, "this is not TOML"),
    ],
)
def test_mistakes_are_reported_on_one_line(
    call: Call, suite: Suite, arguments: list[str], code: int, message: str
) -> None:
    ended = call("suggest", *arguments, "--zone", suite(ZONEDATA))
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_several_domains_in_the_evidence_are_told_apart(call: Call, suite: Suite, tmp_path: Path) -> None:
    table = tmp_path / "senders.csv"
    table.write_text("ip,sender\n192.0.2.1,bob@d.example\n192.0.2.7,x@mx.example\n", encoding="ascii")
    ended = call("suggest", "--senders", str(table), "--zone", suite(ZONEDATA))
    assert ended.code == 64
    assert "the senders use several domains (d.example, mx.example); give one" in ended.err
    ended = call("suggest", "d.example", "--senders", str(table), "--zone", suite(ZONEDATA))
    assert ended.code == 0
    assert "MAIL FROM is x@mx.example, whose own record decides" in ended.out


def test_a_catalogue_of_ones_own(call: Call, suite: Suite, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[[provider]]\nname = "Ours"\ninclude = "i3.example"\nkind = "relay"\nattested = { own = "we run it" }\n',
        encoding="ascii",
    )
    zone = suite(ZONEDATA)
    ended = call("suggest", "d.example", "--sender", "198.51.100.3", "--zone", zone, "--catalogue", str(own))
    assert ended.code == 0
    assert ended.out.splitlines()[2] == "v=spf1 a include:i3.example -all"


@pytest.mark.full
@pytest.mark.parametrize("form", [[], pytest.param(["--json"], marks=pytest.mark.full)])
@pytest.mark.parametrize(
    "name",
    ["hostile.example", *[pytest.param(name, marks=pytest.mark.full) for name in ("mx.example", "d.example")]],
)
def test_what_strangers_wrote_never_steers_a_terminal(suite: Suite, name: str, form: list[str]) -> None:
    sender = "192.0.2.7,\x1b[2J@" + name
    arguments = (
        "suggest",
        name,
        "--zone",
        suite(ZONEDATA),
        "--sender",
        sender,
        "--sender",
        "192.0.2.8,\u202e@x.example",
    )
    for ended in (process(*arguments, *form), terminal(*arguments, *form, columns=60)):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert all(character == "\n" or character.isprintable() for character in plain + ended.err)
        assert "Traceback" not in ended.err


@pytest.mark.full
def test_a_thousand_senders_and_a_long_record_take_bounded_time(call: Call, suite: Suite, tmp_path: Path) -> None:
    terms = " ".join([f"ip4:198.18.{n}.0/24" for n in range(45)] + [f"ip4:198.18.{n}.7" for n in range(15)])
    zone = suite({"d.example": [{"TXT": f"v=spf1 {terms} a -all"}, {"A": "192.0.2.1"}]})
    table = tmp_path / "senders.csv"
    rows = [f"11.{n % 4}.{n // 256}.{n % 256},u{n}@d.example" for n in range(1000)]
    table.write_text("ip,sender\n" + "\n".join(rows) + "\n", encoding="ascii")
    with cpu_seconds_at_most(150):
        ended = call("suggest", "d.example", "--senders", str(table), "--zone", zone, "--max-size", "4000")
    assert ended.code == 1
    assert "and 995 more could not be identified" in ended.out
    record = ended.out.splitlines()[2]
    assert "198.18.3.7" not in record  # the wider network leads there
    assert record.count("ip4:") == 45


def test_long_lists_are_cut_and_say_so(call: Call, suite: Suite, tmp_path: Path) -> None:
    record = "v=spf1 " + " ".join(f"ip4:198.18.{n}.1" for n in range(120)) + " -all"
    table = tmp_path / "senders.csv"
    table.write_text("ip,sender\n" + "".join(f"198.18.{n}.1,u@long.example\n" for n in range(120)), encoding="ascii")
    zone = suite({"long.example": [{"TXT": record}]})
    out = call("suggest", "--senders", str(table), "--zone", zone, "--max-size", "4000").out
    assert "      … and 91 more; --all lists them all\n" in out
    assert "      … and 100 more; --all lists them all\n" in out
    everything = call("suggest", "--senders", str(table), "--zone", zone, "--max-size", "4000", "--all").out
    assert "--all lists" not in everything
    assert everything.count("pass by ip4:198.18.") + everything.count("pass → pass") >= 120
    assert "120 of 120 senders pass with it, 120 now" in out


def test_what_stands_there_in_other_ways(call: Call, suite: Suite) -> None:
    zone = suite({
        "two.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}, {"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
        "rests.example": [{"TXT": "v=spf1 exists:%{ir}.list.example -all"}],
        "none.example": [{"A": "192.0.2.1"}],
    })  # fmt: skip
    out = call("suggest", "two.example", "--zone", zone).out
    assert out.splitlines()[2] == "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"
    assert "! the 2 SPF records are merged into one [mended]" in out
    out = call("suggest", "rests.example", "--zone", zone, "--sender", "192.0.2.1").out
    assert "some results depend on more than the address: exists:%{ir}.list.example" in out
    assert "what it matches depends on more than the address" in out
    out = call("suggest", "none.example", "--zone", zone, "--sender", "192.0.2.1", "--form", "bind").out
    assert out.splitlines()[2] == "v=spf1 a ~all"
    assert "Change it to -all once you are sure that you know all senders [first-record]" in out
    assert "cPanel, split" not in out
    brief = call("suggest", "none.example", "--zone", zone, "--sender", "192.0.2.1", "--brief").out
    assert out.startswith(brief)
    assert "proof" not in brief


def test_what_linting_finds_in_the_new_record_is_told(call: Call, suite: Suite) -> None:
    out = call("suggest", "d.example", "--zone", suite(ZONEDATA), "--add", "ip4:0.0.0.0/1").out
    assert "[huge-network]" in out


def test_the_domain_is_that_of_the_reports(call: Call, suite: Suite, tmp_path: Path) -> None:
    """Also if all of their mail has another MAIL FROM."""
    path = tmp_path / "report.xml"
    about = "<policy_published><domain>{}</domain><p>none</p></policy_published>"
    row = record("192.0.2.1", spf="<spf><domain>lists.example</domain><result>pass</result></spf>")
    path.write_bytes(report(about.format("D.example"), row))
    ended = call("suggest", "--senders", str(path), "--zone", suite(ZONEDATA))
    assert ended.out.startswith("d.example: ")
    path.write_bytes(report(about.format("d.example"), row) + report(about.format("e.example"), row, head=""))
    assert call("suggest", "--senders", str(path), "--zone", suite(ZONEDATA)).out.startswith("lists.example: ")
