"""A zone file is not the whole of DNS: each command names what the file does not have, and claims nothing about it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import spfengine
from spfengine import Zone
from spfengine.linting.codes import DNS_CODES
from spfengine.resolvers.zone_files.files import read_zone
from spfengine.testing import FakeDNS
from tests.cli.conftest import Call

OUT = "_spf.google.com"
HINT = "add --live"
ZONE = """\
$ORIGIN example.com.
$TTL 300
@ SOA ns h 1 2 3 4 5
@ NS ns
@ TXT "v=spf1 mx include:_spf.google.com ~all"
@ MX 10 mx
mx A 192.0.2.1
ns A 192.0.2.53
mail TXT "v=spf1 include:_spf.google.com include:_spf.sub.example.com -all"
known TXT "v=spf1 mx:example.com -all"
by-name TXT "v=spf1 ptr -all"
why TXT "v=spf1 mx:example.com exp=why.example.net -all"
why-p TXT "v=spf1 mx:example.com exp=text.example.com -all"
text TXT "%{p} may not"
rest TXT "v=spf1 exists:%{i}.list.example.com include:_spf.google.com -all"
sub NS ns.example.net.
"""
DNS: dict[str, dict[str, Any]] = {
    "_spf.google.com": {"TXT": "v=spf1 ip4:198.51.100.0/24 ~all"},
    "_spf.sub.example.com": {"TXT": "v=spf1 ip4:203.0.113.0/24 ~all"},
    "example.com": {"TXT": "v=spf1 +all", "MX": (10, "old.example.com")},
    "old.example.com": {"A": "192.0.2.99"},
}


@pytest.fixture
def zone(tmp_path: Path) -> str:
    path = tmp_path / "zone.txt"
    path.write_text(ZONE, encoding="ascii")
    return str(path)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with FakeDNS(Zone(DNS)) as dns:
        yield dns.nameserver


COMMANDS: list[list[str]] = [
    ["check", "192.0.2.9", "example.com"],
    ["check", "192.0.2.9", "a@mail.example.com", "--trace"],
    ["check", "192.0.2.9", "by-name.example.com"],
    ["check", "192.0.2.9", "other.example"],
    ["check", "192.0.2.9", "_spf.sub.example.com"],
    ["lint"],
    ["lint", "example.com"],
    ["lint", "example.com", "--record", "v=spf1 a:x.example.net -all"],
    ["simulate", "example.com", "--draft", "v=spf1 mx -all"],
    ["simulate", "example.com", "--draft", "v=spf1 mx -all", "--sender", "192.0.2.9"],
    ["suggest", "example.com"],
    ["suggest", "other.example"],
    ["flatten", "example.com"],
    ["tree", "example.com"],
    ["networks", "example.com"],
    ["diff", "example.com", "v=spf1 mx -all"],
    ["snapshot", "example.com", "-o", "/dev/null"],
    ["identify", "192.0.2.9"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_what_is_not_known_is_named_with_the_way_out(call: Call, zone: str, arguments: list[str]) -> None:
    ended = call(*arguments, "--zone", zone)
    text = " ".join((ended.out + ended.err).split())
    assert ended.code == 69
    assert "not in the files given" in text
    assert HINT in text
    for claim in ("DNS could not answer", "UNKNOWN", "does not exist", "nothing gets worse", "no result changes",
                  "equivalent", "as it should be", "still passes"):  # fmt: skip
        assert claim not in text, claim


@pytest.mark.parametrize("arguments", [
    ["check", "192.0.2.1", "example.com"],
    ["check", "192.0.2.9", "known.example.com"],
    ["lint", "known.example.com"],
    ["simulate", "known.example.com", "--draft", "v=spf1 mx:example.com ~all"],
    ["networks", "known.example.com"],
    ["tree", "known.example.com"],
    ["diff", "known.example.com", "v=spf1 ip4:192.0.2.1 -all"],
], ids=" ".join)  # fmt: skip
def test_what_the_zone_decides_by_itself_is_known(call: Call, zone: str, arguments: list[str]) -> None:
    ended = call(*arguments, "--zone", zone)
    assert ended.code in (0, 1)
    assert "not in the files" not in ended.out + ended.err


def test_the_issues_example(call: Call, zone: str) -> None:
    ended = call("simulate", "example.com", "--zone", zone, "--draft", "v=spf1 mx -all")
    first = ended.out.splitlines()[0]
    assert first == (
        "example.com: nothing is known to get worse, but part of it depends on names that are not in the files given; "
        "everything not listed: softfail → fail"
    )
    assert ended.code == 69
    document = json.loads(call("simulate", "example.com", "--zone", zone, "--draft", "v=spf1 mx -all", "--json").out)
    assert (document["incomplete"], document["worse"], document["changes"]) == (True, False, [])
    assert {problem["code"] for problem in document["problems"]} == {"outside-zone"}
    assert "192.0.2.0/32" in document["unknown"]


def test_json_of_a_check(call: Call, zone: str) -> None:
    ended = call("check", "192.0.2.9", "example.com", "--zone", zone, "--json", "--trace")
    document = json.loads(ended.out)
    assert (document["result"], document["problem"]["code"]) == ("temperror", "outside-zone")
    assert HINT in document["problem"]["hint"]
    assert '"status": "UNKNOWN"' in ended.out


def test_an_explanation_outside_is_no_fault(call: Call, zone: str) -> None:
    for name in ("why.example.com", "why-p.example.com"):
        ended = call("check", "192.0.2.9", name, "--zone", zone, "--json")
        document = json.loads(ended.out)
        assert (ended.code, document["result"], document["explanation"]) == (1, "fail", None)
        assert "not in the files given" in document["explanation_problem"]["text"]
    codes = [finding["code"] for finding in json.loads(call("lint", "why.example.com", "--zone", zone, "--json").out)
             ["findings"] if finding["severity"] != "info"]  # fmt: skip
    assert codes == ["outside-zone"]


def test_an_explanation_with_the_helo_name_is_linted() -> None:
    zone = Zone({"x.example": {"TXT": "v=spf1 mx exp=e.x.example -all", "MX": (1, "x.example"), "A": "192.0.2.1"},
                 "e.x.example": {"TXT": "%{h} may not"}})  # fmt: skip
    assert not [finding for finding in spfengine.lint("x.example", resolver=zone) if finding.code.startswith("exp-")]


def test_lint_says_each_name_once(call: Call, zone: str) -> None:
    findings = json.loads(call("lint", "--zone", zone, "--json").out)["findings"]
    outside = [finding["text"].partition(",")[0] for finding in findings if finding["code"] == "outside-zone"]
    assert sorted(outside) == [
        "the TXT records of _spf.google.com are not in the files given",
        "the TXT records of _spf.sub.example.com are not in the files given",
        "the TXT records of why.example.net are not in the files given",
    ]
    assert all(finding["severity"] == "warning" for finding in findings if finding["code"] == "outside-zone")


def test_a_name_with_macros_that_ends_outside_is_named_with_its_term(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "example.com.zone"
    path.write_text('@ SOA ns h 1 2 3 4 5\n@ TXT "v=spf1 include:%{i}._ip.%{h}._spf.google.com -all"\n')
    ended = call("lint", "example.com", "--zone", str(path), "--json")
    [finding] = [each for each in json.loads(ended.out)["findings"] if each["code"] == "outside-zone"]
    assert finding["span"] == [7, 44]
    assert "so what include:%{i}._ip.%{h}._spf.google.com does is not known" in finding["text"]
    assert ended.code == 69


def test_counts_do_not_claim_to_be_whole(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "z"
    terms = " ".join(f"a:h{n}.example.com" for n in range(8))
    hosts = "\n".join(f"h{n}.example.com. A 192.0.2.{n}" for n in range(8))
    record = f'example.com. TXT "v=spf1 {terms} include:x.test -all"\n{hosts}\n'
    path.write_text(f"example.com. SOA ns.x. h.x. 1 2 3 4 5\n{record}", encoding="ascii")
    out = call("lint", "example.com", "--zone", str(path)).out
    assert "at least 9 lookups of the 10 that are allowed are needed" in " ".join(out.split())
    assert "lookups at least 9/10" in call("tree", "example.com", "--zone", str(path)).out


def test_senders_of_other_domains_are_unknown(call: Call, zone: str, tmp_path: Path) -> None:
    table = tmp_path / "senders.csv"
    table.write_text(
        "ip,sender,count,header_from\n192.0.2.9,a@other.example,3,example.com\n192.0.2.1,@example.com,5,\n"
    )
    ended = call("simulate", "example.com", "--zone", zone, "--draft", "v=spf1 mx ~all", "--senders", str(table),
                 "--csv")  # fmt: skip
    effects = [row.split(",")[10] for row in ended.out.splitlines()[1:]]
    assert sorted(effects) == ["unchanged", "unknown"]
    assert ended.code == 69
    suggested = json.loads(
        call("suggest", "example.com", "--zone", zone, "--senders", str(table), "--want", "192.0.2.9", "--json").out
    )
    assert (suggested["incomplete"], suggested["smallest"]) == (True, False)


def test_a_pass_that_becomes_unknown_is_not_called_worse(call: Call, zone: str) -> None:
    ended = call("simulate", "example.com", "--zone", zone, "--draft", "v=spf1 include:_spf.google.com mx ~all",
                 "--sender", "192.0.2.1", "--json")  # fmt: skip
    document = json.loads(ended.out)
    assert (document["worse"], document["incomplete"], ended.code) == (False, True, 69)
    assert [sender["effect"] for sender in document["senders"]] == ["unknown"]


def test_a_part_of_a_conditional_range_may_be_unknown(call: Call, zone: str) -> None:
    ended = call("simulate", "rest.example.com", "--zone", zone, "--draft", "v=spf1 exists:%{i}.list.example.com ~all",
                 "--json")  # fmt: skip
    document = json.loads(ended.out)
    assert (document["changes"], document["incomplete"], ended.code) == ([], True, 69)
    part, same = (spfengine.Policy.compile("rest.example.com", resolver=read_zone(zone)) for _ in range(2))
    assert not part.equivalent(same), "nothing is known of what the include decides"


def test_survey_and_drift(call: Call, zone: str, tmp_path: Path, server: str) -> None:
    domains = tmp_path / "domains.txt"
    domains.write_text("example.com\nknown.example.com\n", encoding="ascii")
    ended = call("survey", str(domains), "--zone", zone)
    states = {line["domain"]: (line["state"], line["incomplete"]) for line in map(json.loads, ended.out.splitlines())}
    assert states == {"example.com": ("unknown", True), "known.example.com": ("works", False)}
    assert ended.code == 69
    snapshot = str(tmp_path / "taken.json")
    live = ("--zone", zone, "--nameserver", server)
    assert call("snapshot", "example.com", "-o", snapshot, *live).code == 0
    assert call("drift", snapshot, *live).code == 0
    drifted = call("drift", snapshot, "--zone", zone)
    assert drifted.code == 69
    assert "part of it is not in the files given" in drifted.out
    assert "_spf.google.com is not in the files given; add --live" in " ".join(drifted.out.split())
    assert call("drift", snapshot, "--zone", zone, "--update").code == 69
    assert call("drift", snapshot, *live).code == 0, "a part is never written over the whole"


def test_the_files_over_live_dns(call: Call, zone: str, server: str) -> None:
    live = ("--zone", zone, "--nameserver", server)
    assert call("check", "198.51.100.7", "example.com", *live).code == 0
    assert call("check", "203.0.113.7", "mail.example.com", *live, "--live").code == 0, "below the delegation"
    assert call("check", "192.0.2.99", "example.com", *live).code == 2, "the zone as it will be, not as it is"
    assert call("networks", "mail.example.com", *live).out == "198.51.100.0/24\n203.0.113.0/24\n"
    ended = call("simulate", "example.com", *live, "--draft", "v=spf1 mx -all")
    assert ended.code == 1
    assert "198.51.100.0/24" in ended.out
    assert "outside-zone" not in call("lint", *live).out


def test_a_new_zone_over_live_dns(call: Call, zone: str, tmp_path: Path, server: str) -> None:
    after = tmp_path / "after.txt"
    after.write_text(ZONE.replace('"v=spf1 mx include:_spf.google.com ~all"', '"v=spf1 mx -all"'), encoding="ascii")
    files = ("--zone", zone, "--zone-after", str(after))
    ended = call("simulate", "example.com", *files)
    assert ended.code == 69
    ended = call("simulate", "example.com", *files, "--nameserver", server)
    assert (ended.code, "198.51.100.0/24" in ended.out) == (1, True)
    assert call("simulate", *files, "--nameserver", server).code == 1


def test_a_hostile_name_is_shown_escaped(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "z"
    path.write_bytes(b'example.com. SOA ns.x. h.x. 1 2 3 4 5\nexample.com. MX 1 \\027[31m\\010x.test.\n'
                     b'example.com. TXT "v=spf1 mx -all"\n')  # fmt: skip
    simulate = ["simulate", "example.com", "--draft", "v=spf1 mx ~all"]
    for arguments in (["check", "192.0.2.1", "example.com"], ["lint"], ["tree", "example.com"], simulate):
        ended = call(*arguments, "--zone", str(path))
        assert ended.code == 69
        assert "\x1b" not in ended.out + ended.err


# A folder of zones, as an admin has it

SERVICES = ["_spf.google.com", "spf.protection.outlook.com", "sendgrid.net", "servers.mcsv.net", "spf.mandrillapp.com"]
FALSE = {
    "name-not-found", "no-addresses", "include-domain-not-found", "include-no-record", "redirect-domain-not-found",
    "redirect-no-record", "over-void-limit", "include-never-passes", "null-mx", "domain-not-found",
}  # fmt: skip
"""What lint can say of these zones only if a name outside them is taken for missing."""


def octodns_zone(random: Random) -> str:
    terms = [f"include:{name}" for name in random.sample(SERVICES, random.randrange(4))]
    terms += random.sample(["mx", "a:mail.provider.example", "ip4:192.0.2.7", "a:www.%{d}", "exists:%{i}.l.test"], 2)
    end = random.choice(["~all", "-all", "redirect=_spf.provider.example"])
    return "\n".join([
        "'':",
        f"- {{type: TXT, value: 'v=spf1 {' '.join(terms)} {end}'}}",
        "- {type: MX, value: {preference: 1, exchange: aspmx.l.google.com.}}",
        "www: {type: CNAME, value: host.provider.example.}",
        "shop: {type: NS, values: [ns1.provider.example.]}",
        "news: {type: TXT, value: 'v=spf1 include:_spf.shop.x.test ~all'}",
        "",
    ])  # fmt: skip


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.full)])
def test_a_folder_of_octodns_zones(tmp_path: Path, count: int) -> None:
    random = Random(13)
    for number in range(count):
        path = tmp_path / f"d{number}.example.yaml"
        path.write_text(octodns_zone(random), encoding="ascii")
        zone = read_zone(path)
        assert isinstance(zone, Zone)
        findings = spfengine.lint_zone(zone)
        assert not FALSE & {str(finding.code) for finding in findings}, path.read_text()
        assert DNS_CODES & {finding.code for finding in findings}


Suite = Callable[[dict[str, Any]], str]


def test_a_suite_stays_the_whole_of_dns(call: Call, suite: Suite) -> None:
    path = suite({"x.example": [{"TXT": "v=spf1 include:gone.example -all"}]})
    assert call("check", "192.0.2.1", "x.example", "--zone", path).code == 4
    assert call("check", "192.0.2.1", "gone.example", "--zone", path).code == 6
