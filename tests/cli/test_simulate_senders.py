"""`spfengine simulate --senders`: what happens to each sender, and what disagrees with reports or is not known."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spfengine.cli.screen import safe_cell
from spfengine.cli.senders import COLUMNS
from spfengine.evidence.reading import read_evidence
from tests.cli.conftest import SEED, Call, process, terminal

Suite = Callable[[dict[str, Any]], str]
DRAFT = ("--draft", "v=spf1 +a +mx include:relay.mailchannels.net ~all")
TABLE = """\
ip,sender,helo,count,label,reported,header_from
23.83.218.24,@seed.example,,120,the relay,softfail,seed.example
23.83.209.25,@seed.example,,1040,,softfail,seed.example
203.0.113.80,alice@seed.example,www.seed.example,4,web server,pass,news.seed.example
150.95.55.137,@seed.example,,2,jp58,softfail,
198.51.100.9,bob@other.example,,3,,pass,
198.51.100.10,bob@seed.example,,200,,pass,
192.0.2.200,@bounce.esp.example,,7,ESP,none,seed.example
"""
PAGE = """\
seed.example: something gets worse
  senders  6 sources, 1,373 messages: newly failing 1; not known 1; newly passing 2; still failing 1; \
unchanged, passing 1

  gets worse
    newly failing  1 source, 2 messages
      150.95.55.137  2  pass → softfail  jp58  by ~all
    pass → softfail  1 network, 1 IPv4 address
        150.95.55.137/32  +ip4:150.95.55.137 is removed, and no other term matches: by ~all

  not known
    not known: they depend on names that are not in the files given  1 source, 7 messages
      192.0.2.200  7  not known → not known  ESP  the TXT records of bounce.esp.example are not in the files given  \
From: seed.example not aligned

  gets better
    newly passing  2 sources, 1,160 messages
      23.83.209.25  1,040  softfail → pass  seed.example  by include:relay.mailchannels.net  \
From: seed.example not aligned → aligned
      23.83.218.24    120  softfail → pass  the relay  by include:relay.mailchannels.net  \
From: seed.example not aligned → aligned
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
    still failing  1 source, 200 messages
      198.51.100.10  200  softfail → softfail  bob@seed.example  by ~all
    unchanged, passing  1 source, 4 messages
      203.0.113.80  4  pass → pass  web server  by +a  From: news.seed.example alignment not known
    stays pass  although a term that gave it is removed
        163.44.239.12/32  by +mx

  everything else keeps its result

  the current record gives a different result than was reported  2 sources, 202 messages
      198.51.100.10  200  pass was reported, now softfail  bob@seed.example  by ~all
      150.95.55.137    2  softfail was reported, now pass  jp58  by +ip4:150.95.55.137
      DNS has changed since then, a forwarder resent these, or the report is about another identity

  seed.example: the SPF record changes
      +a
      +mx
    - +ip4:150.95.55.137
    - +ip4:163.44.239.12
    + include:relay.mailchannels.net
      ~all

"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "senders.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


Table = Callable[[str], str]


def simulate(call: Call, path: str, *more: str, zone: str = SEED, domain: str = "seed.example") -> Any:
    return call(
        "simulate", domain, "--zone", zone, *(more if "--draft" in more else (*DRAFT, *more)), "--senders", path
    )


def test_before_and_after_word_by_word(call: Call, table: Table) -> None:
    ended = simulate(call, table(TABLE))
    assert ended.out.startswith(PAGE)
    assert ended.code == 1
    assert "left out: 1 source, 3 messages that neither send from seed.example nor have it in From\n" in ended.err


@pytest.mark.full
def test_it_fits_a_terminal(table: Table) -> None:
    path = table(TABLE)
    for columns in (40, 80):
        ended = terminal("simulate", "seed.example", "--zone", SEED, *DRAFT, "--senders", path, columns=columns)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
        assert [row for row in plain.splitlines() if len(row) > columns and not row.startswith("v=spf1")] == []


def test_many_senders_are_reported_by_their_number(call: Call, table: Table) -> None:
    rows = [f"203.0.{n >> 8}.{n & 255},@seed.example,,{n + 1}" for n in range(300)]
    ended = simulate(call, table("\n".join(["ip,sender,helo,count", *rows])))
    assert "    still failing  300 sources, 45,150 messages\n      203.0.1.43  300  softfail" in ended.out
    assert "      … and 290 sources, 42,195 messages more; --all lists them, --csv and --json have them\n" in ended.out
    assert len(ended.out.splitlines()) < 70
    assert len(json.loads(simulate(call, table(TABLE), "--json").out)["senders"]) == 6


def test_what_a_result_rests_on_is_said(call: Call, table: Table, suite: Suite) -> None:
    zone = suite({
        "x.example": [{"TXT": "v=spf1 ip4:192.0.2.1 exists:%{l}.users.example exists:%{h}.helo.example -all"}],
        "postmaster.users.example": [{"A": "127.0.0.2"}],
    })  # fmt: skip
    path = table(
        "192.0.2.1,@x.example\n192.0.2.2,@x.example\n192.0.2.3,bob@x.example\n192.0.2.4,bob@x.example,h.example\n"
    )
    draft = ("--draft", "v=spf1 ip4:192.0.2.1 exists:%{l}.users.example exists:%{h}.helo.example ~all")
    ended = simulate(call, path, *draft, zone=zone, domain="x.example")
    assert "  ! the HELO name is not known, but the result of 192.0.2.3 depends on it; give it" in ended.out.replace(
        "\n    ", " "
    )
    assert "  ! the local part is not known, but the result of 192.0.2.2 depends on it\n" in ended.out
    document = json.loads(simulate(call, path, *draft, "--json", zone=zone, domain="x.example").out)
    assert [each["rests_on"] for each in document["senders"]] == [[], ["local-part"], ["helo"], []]


def test_the_null_sender_rests_on_helo(call: Call, table: Table) -> None:
    path = table("ip,sender,helo,header_from\n203.0.113.80,<>,seed.example,seed.example\n")
    sender = json.loads(simulate(call, path, "--json").out)["senders"][0]
    assert (sender["before"], sender["rests_on"], sender["alignment"]["after"]["aligned"]) == ("pass", [], True)


def test_the_alignment_that_dns_cannot_tell_is_not_known(call: Call, table: Table, suite: Suite) -> None:
    zone = suite({"m.x.example": [{"TXT": "v=spf1 +all"}], "_dmarc.m.x.example": ["SERVFAIL"]})
    path = table("ip,sender,helo,header_from\n192.0.2.1,@m.x.example,,x.example\n")
    ended = simulate(call, path, "--draft", "v=spf1 ?all +all", zone=zone, domain="m.x.example")
    assert "From: x.example alignment not known → not aligned" in ended.out
    table_of = csv.DictReader(io.StringIO(simulate(call, path, "--draft", "v=spf1 ip4:0.0.0.0/0 -all", "--csv",
                                                   zone=zone, domain="m.x.example").out))  # fmt: skip
    assert [row["aligned_before"] for row in table_of] == ["unknown"]


def test_the_mode_of_alignment_is_reported(call: Call, table: Table, suite: Suite) -> None:
    path = table("ip,sender,helo,header_from\n192.0.2.1,@m.x.example,,x.example\n")
    for record, expected in (
        ("v=DMARC1; p=reject", "aligned (relaxed)"),
        ("v=DMARC1; p=reject; aspf=s", "not aligned (DMARC asks for strict)"),
    ):
        zone = suite({"m.x.example": [{"TXT": "v=spf1 +all"}], "_dmarc.x.example": [{"TXT": record}]})
        out = simulate(call, path, "--draft", "v=spf1 ?all +all", zone=zone, domain="m.x.example").out
        assert f"From: x.example {expected} → not aligned  DMARC policy reject (p of x.example)\n" in out


def test_senders_are_sorted_by_what_they_lose(call: Call, table: Table) -> None:
    """Mail that passes DMARC by SPF alone fails once SPF does; what DKIM carries does not (RFC 9989 §7.4)."""
    path = table(
        "ip,sender,count,dmarc_spf,dmarc_dkim,override\n"
        "150.95.55.137,@seed.example,9,pass,pass,\n"
        "150.95.55.137,@seed.example,2,pass,fail,\n"
        "203.0.113.80,@seed.example,3,fail,pass,\n"
        "192.0.2.1,@seed.example,4,fail,fail,mailing_list\n"
        "192.0.2.1,@seed.example,1,fail,fail,\n"
    )
    ended = simulate(call, path)
    lines = [line.strip() for line in ended.out.splitlines()]
    start = lines.index("newly failing  2 sources, 11 messages")
    assert lines[start + 1 : start + 5] == [
        "! 2 messages passed DMARC by SPF alone, and will fail it",
        "9 messages passed DMARC by DKIM as well, and still will",
        "150.95.55.137  2  pass → softfail  seed.example  by ~all  passed DMARC by SPF alone",
        "150.95.55.137  9  pass → softfail  seed.example  by ~all  passed DMARC by SPF and DKIM",
    ]
    assert "192.0.2.1  1  softfail → softfail  seed.example  by ~all  failed DMARC" in lines
    assert (
        "192.0.2.1  4  softfail → softfail  seed.example  by ~all  failed DMARC; the receiver says that it was sent "
        "through a mailing list (mailing_list)" in lines
    )
    rows = list(csv.DictReader(io.StringIO(simulate(call, path, "--csv").out)))
    assert {row["authentication"] for row in rows} == {
        "spf-and-dkim", "spf-alone", "dkim-alone", "forwarded", "unauthenticated",
    }  # fmt: skip
    document = json.loads(simulate(call, path, "--json").out)
    assert {each["authentication"] for each in document["senders"]} == {row["authentication"] for row in rows}


def test_alignment_by_a_list_of_public_suffixes(call: Call, table: Table, tmp_path: Path) -> None:
    listed = tmp_path / "psl"
    listed.write_text("example\n", encoding="ascii")
    ended = simulate(call, table(TABLE), "--public-suffixes", str(listed))
    assert "From: news.seed.example aligned (relaxed)\n" in ended.out
    listed.write_text("<html>\n", encoding="ascii")
    ended = simulate(call, table(TABLE), "--public-suffixes", str(listed))
    assert ended.code == 65
    assert "line 1: '<html>' is not a rule" in ended.err
    ended = simulate(call, table(TABLE), "--public-suffixes", str(tmp_path / "none"))
    assert ended.code == 66


def test_a_table_that_senders_reads_again(call: Call, table: Table, tmp_path: Path) -> None:
    ended = simulate(call, table(TABLE), "--csv")
    assert ended.code == 1
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["ip"] for row in rows][:2] == ["23.83.209.25", "198.51.100.10"]
    assert {row["effect"] for row in rows} == {
        "newly-passing",
        "newly-failing",
        "still-failing",
        "unchanged",
        "unknown",
    }
    assert rows[-1]["by"] == "~all"
    again = tmp_path / "again.csv"
    again.write_text(ended.out, encoding="utf-8")
    first, second = read_evidence([table(TABLE)]).senders, read_evidence([str(again)]).senders
    assert set(second) == {sender for sender in first if sender.ip != "198.51.100.9"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+a", "'+a"),
        ("-all", "'-all"),
        ("@SUM(1)", "'@SUM(1)"),
        (" =1", "' =1"),
        ('"=1', "'\"=1"),
        ("\t=1", "\\x09=1"),
        ("a\r\n=1", "a\\x0d\\x0a=1"),
        ("|calc", "'|calc"),
        ("~all", "~all"),
        ("x" * 2000, "x" * 1000 + "…"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


@pytest.mark.full
def test_hostile_labels_steer_nothing(table: Table) -> None:
    evil = "=cmd|' /C calc'!A0\x1b[31m\u202e[bold]"
    path = table(f'ip,sender,label,count,reported,header_from\n23.83.218.24,@seed.example,"{evil}",1,pass,"{evil}"\n')
    for form in ([], ["--json"], ["--csv"]):
        ended = process("simulate", "seed.example", "--zone", SEED, *DRAFT, "--senders", path, *form)
        assert all(character == "\n" or character.isprintable() for character in ended.out + ended.err)
        assert "Traceback" not in ended.err
        if form == ["--csv"] and "calc" in ended.out:
            assert all(
                not cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(ended.out)) for cell in row
            )


def test_json_says_what_was_read(call: Call, table: Table) -> None:
    document = json.loads(simulate(call, table(TABLE), "--json").out)
    assert document["evidence"]["messages"] == 1376
    assert {each["disagrees"] for each in document["senders"]} == {True, False}
    assert document["senders"][0]["alignment"]["after"] == {
        "aligned": True, "strict": True, "relaxed": True, "policy_strict": None, "header_from": "seed.example",
        "spf_domain": "seed.example", "organisational_domains": None, "why": "the same domain",
        "applies": None, "policy": None,
    }  # fmt: skip


def test_senders_of_a_whole_zone_go_to_their_own_names(call: Call, table: Table) -> None:
    files = ("--zone", SEED, "--zone-after", SEED)
    ended = call("simulate", *files, "--senders", table(TABLE), "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert {(row["domain"], row["ip"]) for row in rows} == {
        ("seed.example", ip)
        for ip in ("23.83.218.24", "23.83.209.25", "203.0.113.80", "150.95.55.137", "198.51.100.10")
    }
    assert "seed.example: no result changes" in call("simulate", *files, "--senders", table(TABLE)).out


@pytest.mark.parametrize(
    ("more", "code", "expected"),
    [
        (("--json", "--csv"), 64, "expected one of --json and --csv"),
        (("--paste", "word"), 64, "'word' is not one of"),
        (("--zone", "-", "--senders", "-"), 64, "only one file can be -"),
        (("--senders", "/none/x.xml"), 66, "/none/x.xml can't be read"),
    ],
)
def test_mistakes(call: Call, table: Table, more: tuple[str, ...], code: int, expected: str) -> None:
    ended = simulate(call, table(TABLE), *more)
    assert (ended.code, ended.out) == (code, "")
    assert expected in ended.err


def test_no_sender_at_all_is_reported(call: Call, table: Table) -> None:
    assert simulate(call, table("ip,sender\n")).code == 65


def test_records_ready_to_paste(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 -all"}, {"TXT": "other; text"}]})
    forms = [part for form in ("cpanel", "cpanel-split", "bind", "route53", "octodns") for part in ("--paste", form)]
    out = call("simulate", "x.example", "--zone", zone, "--draft", "v=spf1 mx -all", *forms).out
    pasted = out.partition("to publish as TXT of x.example:\n")[2]
    assert pasted.startswith('  cpanel:\nv=spf1 mx -all\n  cpanel-split:\n"v=spf1 mx -all"\n  bind:\n')
    assert 'x.example. IN TXT "v=spf1 mx -all"\n' in pasted
    assert '"Value": "\\"other; text\\""' in pasted
    assert "  - 'other\\; text'" in pasted
    assert "replaces every TXT record" not in pasted  # the other one is known, and kept


def test_a_name_of_a_zone_is_relative_to_it_in_octodns(call: Call) -> None:
    out = call("simulate", "seed.example", "--zone", SEED, "--draft", "v=spf1 include:_spf.seed.example ~all",
               "--draft", "_spf.seed.example=v=spf1 mx:seed.example -all", "--paste", "octodns").out  # fmt: skip
    assert "\n'_spf':\n- type: TXT\n  value: 'v=spf1 mx:seed.example -all'\n" in out
