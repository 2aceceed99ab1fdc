"""`spfengine identify`: whose addresses these are, for people and as JSON."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import spfengine
from tests.advice.registry import IP, Registry, running
from tests.cli.conftest import SEED, Call, terminal
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with running() as server:
        yield server


def test_the_seed(call: Call) -> None:
    ended = call("identify", "23.83.218.24", "23.83.209.25", "--zone", SEED)
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.startswith(
        "23.83.218.24 is MailChannels, shared by all customers of the service\n"
        "  ✓ high confidence: the SPF record of relay.mailchannels.net passes this address, by ip4:23.83.208.0/20\n"
        "\n"
        "23.83.209.25 is MailChannels, shared by all customers of the service\n"
    )
    assert ended.out.count("MailChannels: include:relay.mailchannels.net\n") == 1, "once, however many addresses"
    assert "include its name, never list its addresses" in ended.out
    assert "Domain Lockdown" in ended.out
    assert ended.out.endswith(
        "120 of the 121 services of the catalogue are not in the files given: add "
        "--live to look up in DNS what the files do not have\n"
    )


@pytest.mark.parametrize(
    ("zonedata", "code", "expected"),
    [
        ({}, 1, ("23.83.218.24: not identified\n"
                 "  no known SPF record passes it, and it has no name in reverse DNS\n")),
        ({"24.218.83.23.in-addr.arpa": ["SERVFAIL"]}, 69,
         ("not identified\n"
          "  ! DNS could not answer for the PTR records of 24.218.83.23.in-addr.arpa (SERVFAIL)\n")),
        ({"_spf.google.com": ["SERVFAIL"]}, 69,
         ("\n! Google Workspace / Gmail: the TXT records of _spf.google.com could not be looked up: "
          "its DNS server failed")),
        ({"_spf.google.com": ["SERVFAIL"], "24.218.83.23.in-addr.arpa": [{"PTR": "x.example"}]}, 0,
         ("23.83.218.24 calls itself x.example\n"
          "  · low confidence: its name in reverse DNS is x.example, but that name does not resolve to the address\n")),
        ({"24.218.83.23.in-addr.arpa": [{"PTR": "out.sendgrid.net"}], "out.sendgrid.net": [{"A": IP}]}, 0,
         "23.83.218.24 is probably Twilio SendGrid, shared by all customers of the service\n"),
        ({"24.218.83.23.in-addr.arpa": [{"PTR": "out.mimecast.com"}]}, 0, "23.83.218.24 may be Mimecast\n"),
        ({"24.218.83.23.in-addr.arpa": [{"PTR": "out.x.example"}], "out.x.example": [{"A": IP}]}, 0,
         "23.83.218.24 is named out.x.example\n"),
        ({"relay.kinstamailservice.com": [{"TXT": "v=spf1 include:relay.mailchannels.net -all"}],
          "relay.mailchannels.net": [{"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}]}, 0,
         ("  · medium confidence: Kinsta: the SPF record of relay.kinstamailservice.com passes this address, by "
          "include:relay.mailchannels.net → ip4:23.83.208.0/20 (the record of MailChannels)\n")),
        ({"spf.sendinblue.com": [{"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}]}, 0,
         "  - include:spf.brevo.com has replaced it\n"),
        ({"pphosted.com": [{"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}]}, 0,
         ("Proofpoint (hosted): include:spf-<customer>.pphosted.com\n"
          "  - each customer has an include of their own, of this form\n")),
        ({"spf.mtasv.net": [{"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}]}, 0,
         "  - in the record of a customer's own domain, this include usually does nothing\n"),
    ],
)  # fmt: skip
def test_what_it_says(call: Call, suite: Suite, zonedata: dict[str, Any], code: int, expected: str) -> None:
    ended = call("identify", IP, "--zone", suite({"none.example": [], **zonedata}))
    assert expected in ended.out
    assert ended.code == code
    assert all(row.isprintable() for row in ended.out.splitlines())


def test_many_failures_are_counted(call: Call, suite: Suite) -> None:
    names = [provider.include for provider in spfengine.Catalogue.load().providers][:9]
    ended = call("identify", IP, "--zone", suite({name: ["SERVFAIL"] for name in names}))
    assert ended.out.count("could not be looked up") == 5
    assert ended.out.endswith("! and 4 more services that DNS could not answer for\n")
    assert ended.code == 69


def test_json(call: Call) -> None:
    ended = call("identify", "23.83.218.24", "203.0.113.25", "--zone", SEED, "--json")
    document = json.loads(ended.out)
    found = spfengine.identify_many(["23.83.218.24", "203.0.113.25"], resolver=spfengine.Zone.from_file(SEED))
    assert list(document) == ["schema", "identifications", "catalogue"]
    assert document["schema"] == "spfengine.identifications/1"
    assert document["identifications"] == [each.to_dict() for each in found.values()]
    assert document["catalogue"]["entries"] == 121
    assert len(document["catalogue"]["unread"]) == 120
    assert document["catalogue"]["unread"][0] == {
        "include": "_spf.mx.cloudflare.net",
        "why": "the TXT records of _spf.mx.cloudflare.net are not in the files given",
        "is_failure": False,
        "is_outside": True,
    }
    assert ended.code == 69
    assert ended.out.isascii()


def test_csv(call: Call, suite: Suite) -> None:
    zone = suite({
        "relay.mailchannels.net": [{"TXT": "v=spf1 ip4:23.83.208.0/20 -all"}],
        "24.218.83.23.in-addr.arpa": [{"PTR": "=cmd|' /c calc'!a1.example"}],
        "1.2.0.192.in-addr.arpa": ["SERVFAIL"],
    })  # fmt: skip
    ended = call("identify", IP, "192.0.2.1", "192.0.2.2", "--zone", zone, "--csv")
    rows = list(csv.DictReader(ended.out.splitlines()))
    assert [(row["ip"], row["rank"], row["name"], row["how"], row["confidence"], row["shared"], row["include"])
            for row in rows] == [
        (IP, "1", "MailChannels", "spf", "high", "yes", "relay.mailchannels.net"),
        (IP, "2", "'=cmd|' /c calc'!a1.example", "reverse-dns", "low", "no", ""),
        ("192.0.2.1", "0", "", "", "", "", ""),
        ("192.0.2.2", "0", "", "", "", "", ""),
    ]  # fmt: skip
    assert rows[0]["evidence"].startswith("the SPF record of relay.mailchannels.net passes this address")
    assert "(SERVFAIL)" in rows[2]["evidence"]
    assert rows[3]["evidence"] == "not identified"
    assert ended.code == 69
    assert call("identify", IP, "--zone", zone, "--csv", "--json").code == 64


def test_a_catalogue_of_ones_own(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        '[[provider]]\nname = "Our old servers"\ninclude = "spf.corp.example"\nkind = "relay"\n'
        'reverse_dns = ["mixhost.jp"]\nattested = { own = "we run them" }\n'
    )
    ended = call("identify", "150.95.55.137", "--zone", SEED, "--catalogue", str(path))
    assert ended.code == 0
    assert ended.out.startswith("150.95.55.137 is probably Our old servers\n")
    assert "attested by we run them; confidence: high" in ended.out


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("[[provider]]\n", 65, "ours.toml: line 1: entry 1: name is missing; expected a text in quotes"),
        ("\x1b[2J", 65, "ours.toml: this is not TOML: "),
        (None, 66, "ours.toml can't be read: No such file or directory"),
    ],
)
def test_a_catalogue_that_is_not_one(call: Call, tmp_path: Path, text: str | None, code: int, expected: str) -> None:
    path = tmp_path / "ours.toml"
    if text is not None:
        path.write_text(text)
    ended = call("identify", IP, "--zone", SEED, "--catalogue", str(path))
    assert (ended.code, ended.out) == (code, "")
    assert expected in ended.err
    assert ended.err[:-1].isprintable()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "Missing argument 'IP...': expected an IP address"),
        (("192.0.2.300",), "not an IP address: '192.0.2.300'"),
        (("seed.example",), "not an IP address"),
        ((IP, "--rdap", "--rdap-bootstrap", "ftp://x/"), "not an https or http URL: 'ftp://x/'"),
    ],
)
def test_mistakes_are_usage_errors(call: Call, arguments: tuple[str, ...], expected: str) -> None:
    ended = call("identify", *arguments, "--zone", SEED)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err


def test_rdap_is_asked_only_when_told_so(call: Call, registry: Registry) -> None:
    where = ("--rdap-bootstrap", registry.url)
    assert call("identify", IP, "--zone", SEED, *where).code == 0
    assert registry.asked == []
    ended = call("identify", IP, "23.0.0.1", "--zone", SEED, "--rdap", *where)
    assert registry.asked == ["/ipv4.json", f"/registry/ip/{IP}", "/registry/ip/23.0.0.1"]
    assert (
        "  · low confidence: MailChannels Corporation: the registry at 127.0.0.1 says that 23.83.208.0 to" in ended.out
    )
    assert "23.0.0.1: not identified\n" in ended.out
    assert "  ! the holder of the network is not known: 127.0.0.1 has" in ended.out
    assert ended.code == 69, "the services of the catalogue are not in the file"


def test_rdap_alone_names_the_network(call: Call, registry: Registry, suite: Suite) -> None:
    zone = suite({"none.example": []})
    ended = call("identify", IP, "--zone", zone, "--rdap", "--rdap-bootstrap", registry.url)
    assert ended.out.startswith("23.83.218.24 is in a network of MailChannels Corporation\n")
    assert ended.code == 0
    registry.says(f"/registry/ip/{IP}", b"", 503)
    assert call("identify", IP, "--zone", zone, "--rdap", "--rdap-bootstrap", registry.url).code == 69


@pytest.mark.parametrize("columns", mostly_full([80, 40]))
def test_it_fits_a_terminal(columns: int) -> None:
    ended = terminal("identify", "23.83.218.24", "150.95.55.137", "203.0.113.25", "--zone", SEED, columns=columns,
                     variables={"NO_COLOR": "1"})  # fmt: skip
    assert ended.code == 69
    assert all(len(row) <= columns for row in ended.out.splitlines())
