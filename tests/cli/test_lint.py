"""`spfengine lint`: what it shows, its formats for programs, its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.cli.lint_reports import Places, github_text
from spfengine.linting import Finding, LintCode, Severity
from spfengine.linting.codes import ABOUT
from tests.cli.conftest import SEED, Call, process, terminal
from tests.examples import mostly_full

Suite = Callable[[dict[str, Any]], str]

SEED_PAGE = """\
seed.example ({seed}, line 15)
  info: receivers that count each void lookup (pyspf and Mail::SPF do) count 3 of them for IPv6 clients, and give \
permerror over 2, to IPv6 clients only; they are +a, +mx (RFC 7208 §4.6.4) [over-void-limit-per-lookup]
    hint: give these hosts AAAA records too, or name their networks by ip4 in place of a and mx
  info: +ip4:163.44.239.12 says only what +mx already says [redundant-term]
    v=spf1 +a +mx +ip4:150.95.55.137 +ip4:163.44.239.12 ~all
                                     ^^^^^^^^^^^^^^^^^^
    hint: take +ip4:163.44.239.12 out, as long as the others lead to these addresses
    fix:  "v=spf1 +a +mx +ip4:150.95.55.137 ~all"

mx1.seed.example ({seed}, line 21)
  info: mx1.seed.example, an MX host of seed.example, has no SPF record: if it sends mail, its HELO name gets none, \
and so does its bounce mail (RFC 7208 §10.1.3) [helo-without-record]
    hint: publish a TXT record for mx1.seed.example: "v=spf1 a -all", if it sends only from its own addresses

mx2.seed.example ({seed}, line 22)
  info: mx2.seed.example, an MX host of seed.example, has no SPF record: if it sends mail, its HELO name gets none, \
and so does its bounce mail (RFC 7208 §10.1.3) [helo-without-record]
    hint: publish a TXT record for mx2.seed.example: "v=spf1 a -all", if it sends only from its own addresses

4 infos for seed.example
  some clients exceed the limits of: pyspf, Mail::SPF, SpamAssassin
"""


def test_the_seed_story(call: Call) -> None:
    ended = call("lint", "seed.example", "--zone", SEED)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == SEED_PAGE.format(seed=SEED)


def test_all_names_of_a_zone(call: Call, suite: Suite) -> None:
    zone = {
        "a.example": [{"TXT": "v=spf1 mx ?all"}, {"MX": [10, "mx.a.example"]}],
        "mx.a.example": [{"A": "192.0.2.1"}, {"AAAA": "2001:db8::1"}],
        "b.example": [{"TXT": "v=spf1 include:a.example -al"}],
    }
    ended = call("lint", "--zone", suite(zone))
    assert (ended.code, ended.err) == (2, "")
    assert ended.out.index("a.example\n") < ended.out.index("b.example\n")
    assert "1 error, 1 warning, 1 info\n" in ended.out


def test_the_summary_of_a_zone_does_not_say_that_a_name_with_a_broken_record_sends_nothing(
    call: Call, suite: Suite
) -> None:
    zone = {
        "firma.de": [{"TXT": "v=spf1 ip4:5.9.1.2 ip4:5.9.1 -all"}],
        "joined.firma.de": [{"TXT": ["v=spf1 ip4:5.9.1.2", "ip4:5.9.1.3", "-all"]}],
        "quiet.firma.de": [{"TXT": "v=spf1 -all"}],
    }
    document = json.loads(call("lint", "--zone", suite(zone), "--json").out)
    assert {each["name"]: (each["sends"], each["why"]) for each in document["names"]} == {
        "firma.de": ("yes", "its record names senders, but has an error"),
        "joined.firma.de": ("unknown", "its record has an error"),
        "quiet.firma.de": ("no", "its record lets nobody pass"),
    }


def test_the_names_of_a_zone_are_summed_up(call: Call, suite: Suite) -> None:
    zone = {
        "firma.de": [{"TXT": "v=spf1 mx -all"}, {"MX": [10, "mx.firma.de"]}],
        "mx.firma.de": [{"A": "5.9.1.2"}, {"AAAA": "2a01:4f8::2"}],
        "shop.firma.de": [{"MX": [10, "mx.firma.de"]}],
        "quiet.firma.de": [{"TXT": "v=spf1 -all"}],
        "k1._domainkey.news.firma.de": [{"TXT": "v=DKIM1; p=abc"}],
        "news.firma.de": [{"MX": [10, "mx.firma.de"]}],
        "_dmarc.firma.de": [{"TXT": "v=DMARC1; p=none; aspf=s"}],
        "www.firma.de": [{"A": "5.9.1.3"}],
    }
    path = suite(zone)
    ended = call("lint", "--zone", path)
    assert "5 names: 2 send mail" in ended.out
    document = json.loads(call("lint", "--zone", path, "--json").out)
    names = {each["name"]: each for each in document["names"]}
    assert {name: each["sends"] for name, each in names.items()} == {
        "firma.de": "yes", "shop.firma.de": "unknown", "quiet.firma.de": "no", "news.firma.de": "yes",
        "mx.firma.de": "unknown",
    }  # fmt: skip
    assert "v=spf1 a -all" in names["mx.firma.de"]["needs"]
    severities = {each["domain"]: each["severity"] for each in document["findings"] if each["code"] == "no-record"}
    assert severities == {"shop.firma.de": "warning", "news.firma.de": "error"}
    hints = [each["hint"] for each in document["findings"] if each["domain"] == "shop.firma.de"]
    assert hints[0].startswith('publish "v=spf1 redirect=firma.de"')
    assert json.loads(call("lint", "firma.de", "--zone", path, "--json").out)["names"] == []


@pytest.mark.parametrize("record", ['"v=spf1 mx" "ip4:5.9.1.2 ~all"', "v=spf1 mx ip4:5.9.1.2ip4:5.9.1.3 ~all"])
def test_a_space_that_got_lost_between_strings(call: Call, record: str) -> None:
    [finding] = json.loads(call("lint", "--record", record, "--json").out)["findings"]
    assert finding["code"] == "missing-space"
    assert "".join(finding["fix"]).replace("mxip4", "?") in (
        "v=spf1 mx ip4:5.9.1.2 ~all", "v=spf1 mx ip4:5.9.1.2 ip4:5.9.1.3 ~all"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "arguments", "code"),
    [
        ("v=spf1 mx -all", [], 0),
        ("v=spf1  mx -all", [], 0),
        ("v=spf1  mx -all", ["--strict"], 1),
        ("v=spf1 mx ?all", [], 1),
        ("v=spf1 mx -al", [], 2),
        ("v=spf1 mx +all", [], 2),
        ("v=spf1 mx -al", ["--ignore", "unknown-mechanism"], 0),
        ("v=spf1 mx -al", ["--ignore", "unknown"], 0),
        ("v=spf1 mx ?all", ["--select", "missing-all,extra-spaces"], 0),
        ("v=spf1 mx ?all", ["--select", "neutral", "--select", "ptr"], 1),
        ("v=spf1 mx ?all", ["--select", "neutral", "--ignore", "neutral-all"], 0),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_exit_codes(call: Call, record: str, arguments: list[str], code: int, form: str) -> None:
    ended = call("lint", "--record", record, "--format", form, *arguments)
    assert (ended.code, ended.err) == (code, "")


def test_what_dns_could_not_answer_has_an_exit_code_of_its_own(call: Call, suite: Suite) -> None:
    unknown = suite({"x.example": [{"TXT": "v=spf1 a:y.example ?all"}], "y.example": ["TIMEOUT"]})
    assert call("lint", "x.example", "--zone", unknown).code == 69
    assert call("lint", "x.example", "--zone", unknown, "--ignore", "dns").code == 1
    broken = suite({"x.example": [{"TXT": "v=spf1 a:y.example include:z.example ?all"}], "y.example": ["TIMEOUT"]})
    assert call("lint", "x.example", "--zone", broken).code == 2


def test_nothing_found(call: Call) -> None:
    assert call("lint", "--record", "v=spf1 ip4:23.83.208.1 -all").out == "nothing found\n"


@pytest.mark.parametrize("record", ["v=spf1 mx -all", "v=spf1 include:gone.example -all", "v=spf1 redirect=x.example"])
def test_what_was_not_looked_up_is_said(call: Call, record: str) -> None:
    expected = "nothing found in the text of the record; what its terms lead to was not looked up\n"
    assert call("lint", "--record", record).out == expected


USAGE = [
    (["lint"], ["expected DOMAIN, --draft RECORD, --zone FILE or --source FILE"]),
    (["lint", "--record", "v=spf1 -all", "--zone", SEED], ["--draft", "DOMAIN"]),
    (["lint", "--record", "v=spf1 -all", "--nameserver", "192.0.2.53"], ["--draft", "DOMAIN"]),
    (["lint", "--record", "v=spf1 -all", "--live"], ["--live", "DOMAIN"]),
    (["lint", "192.0.2.1", "--zone", SEED], ["192.0.2.1 is an IP address"]),
    (["lint", "--zone", SEED, "--select", "missing-al"], ["'--select'", "did you mean missing-all?"]),
    (["lint", "--zone", SEED, "--ignore", "xyzzy"], ["'--ignore'", "xyzzy", "docs/reference/lint.md"]),
    (["lint", "--zone", SEED, "--ignore", "ptr,,mx"], ["'--ignore'"]),
    (["lint", "--zone", SEED, "--format", "xml"], ["'--format'", "sarif"]),
    (["lint", "--zone", SEED, "--draft", "v=spf1 -all"], ["--draft"]),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=lambda value: " ".join(value)[:60])
def test_a_usage_error_names_the_argument(call: Call, arguments: list[str], message: list[str]) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err.count("\n") == 1
    for words in message:
        assert words in ended.err


def test_a_recording_does_not_tell_its_names(call: Call, tmp_path: Path) -> None:
    recorder = spfengine.Recorder(spfengine.Zone.from_file(SEED))
    spfengine.lint("seed.example", resolver=recorder)
    path = tmp_path / "recording.json"
    path.write_text(recorder.recording.to_json(), encoding="ascii")
    assert call("lint", "seed.example", "--zone", str(path)).code == 0
    ended = call("lint", "--zone", str(path))
    assert ended.code == 64
    assert "DOMAIN" in ended.err


@pytest.mark.parametrize("word", [*LintCode, "exp", "DNS", "over-*", "exp-", "include-never"])
def test_codes_and_how_they_begin_can_be_given(call: Call, word: str) -> None:
    assert call("lint", "--record", "v=spf1 -all", "--select", word).code == 0


def test_json(call: Call) -> None:
    document = json.loads(call("lint", "seed.example", "--zone", SEED, "--json").out)
    zone = spfengine.Zone.from_file(SEED)
    lines = {"seed.example": 15, "mx1.seed.example": 21, "mx2.seed.example": 22}
    findings = spfengine.lint("seed.example", resolver=zone)
    expected = [{**each.to_dict(), "file": SEED, "line": lines[each.domain or ""]} for each in findings]
    assert document == {
        "schema": "spfengine.lint/1",
        "domain": "seed.example",
        "counts": {"error": 0, "warning": 0, "info": 4},
        "findings": expected,
        "names": [],
        "plan": None,
        "plans": [],
        "too_much_for": {"seed.example": ["pyspf", "mail-spf", "spamassassin"]},
    }
    assert call("lint", "seed.example", "--zone", SEED, "--format", "json").out == json.dumps(document, indent=2) + "\n"


def test_github(call: Call) -> None:
    lines = call("lint", "--zone", SEED, "--format", "github").out.splitlines()
    file = SEED.replace(":", "%3A").replace(",", "%2C")
    assert [line.rpartition("seed.example: ")[0].partition("::mx")[0].rstrip(":") for line in lines] == [
        f"::notice title=spfengine over-void-limit-per-lookup,file={file},line=15",
        f"::notice title=spfengine redundant-term,file={file},line=15",
        f"::notice title=spfengine helo-without-record,file={file},line=21",
        f"::notice title=spfengine helo-without-record,file={file},line=22",
    ]


def test_sarif(call: Call) -> None:
    log = json.loads(call("lint", "--zone", SEED, "--format", "sarif").out)
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("spfengine", spfengine.__version__)
    codes = ["over-void-limit-per-lookup", "redundant-term", "helo-without-record"]
    assert [rule["id"] for rule in driver["rules"]] == codes
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"].startswith(ABOUT[LintCode(rule["id"])].summary)
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert [result["level"] for result in run["results"]] == ["note", "note", "note", "note"]
    for place, result in enumerate(run["results"]):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert "seed.example: " in result["message"]["text"]
        [location] = result["locations"]
        assert location["logicalLocations"][0]["name"].endswith("seed.example")
        assert location["physicalLocation"]["region"] == {"startLine": (15, 15, 21, 22)[place]}
        assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("examples/seed.zone")
        assert result["ruleIndex"] == min(place, 2)


def test_sarif_without_a_file_has_logical_places_only(call: Call) -> None:
    [run] = json.loads(call("lint", "--record", "v=spf1 mx", "--format", "sarif").out)["runs"]
    [result] = run["results"]
    assert result["locations"] == [
        {"logicalLocations": [{"name": "record", "fullyQualifiedName": "record TXT", "kind": "resource"}]}
    ]


def test_sarif_of_nothing(call: Call) -> None:
    [run] = json.loads(call("lint", "--record", "v=spf1 mx -all", "--format", "sarif").out)["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


ZONE_FILE = b"""\
$TTL 300
$ORIGIN example.
@ IN SOA ns root 1 2 3 4 5
one IN A 192.0.2.1
    IN TXT "some text"
    IN TXT "v=spf1 a ?all"
two IN TXT ( "v=spf1 "
             "a ?all" )
    IN A 192.0.2.2
three.example. TXT "v=spf1 a ?all"
three A 192.0.2.3
$ORIGIN four.example.
@ TXT "v=spf1 ip4:192.0.2.4 ?all"
@ MX 10 mx.one.example.
five MX 10 mx.one.example.
"""


def test_lines_of_zone_files(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "a zone, with: odd%name.zone"
    path.write_bytes(ZONE_FILE)
    findings = json.loads(call("lint", "--zone", str(path), "--json", "--select", "neutral-all,no-record").out)[
        "findings"
    ]
    assert [(each["domain"], each["line"]) for each in findings] == [
        ("one.example", 6),
        ("two.example", 7),
        ("three.example", 10),
        ("four.example", 13),
        ("five.four.example", 15),
    ]
    lines = call("lint", "--zone", str(path), "--format", "github").out.splitlines()
    assert all(",file=" in line and "/a zone%2C with%3A odd%25name.zone" in line for line in lines)
    [run] = json.loads(call("lint", "--zone", str(path), "--format", "sarif").out)["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("/a%20zone%2C%20with%3A%20odd%25name.zone")


def test_a_file_whose_lines_are_not_known_is_reported_without_one(call: Call, suite: Suite) -> None:
    path = suite({"x.example": [{"TXT": "v=spf1 ?all"}]})
    [finding] = json.loads(call("lint", "--zone", path, "--json").out)["findings"]
    assert (finding["file"], finding["line"]) == (path, None)
    assert ",line=" not in call("lint", "--zone", path, "--format", "github").out


def test_a_finding_is_in_the_file_of_its_zone(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "a.two.example."
    folder.mkdir()
    paths = [tmp_path / "one.example.yaml", tmp_path / "two.example.yaml", folder / "www.yaml"]
    for path, name in zip(paths, ("", "", "www"), strict=True):
        path.write_text(f"'{name}': {{type: TXT, value: v=spf1 ?all}}\n")
    zones = [option for path in paths for option in ("--zone", str(path))]
    findings = json.loads(call("lint", *zones, "--json", "--select", "neutral-all").out)["findings"]
    assert {each["domain"]: each["file"] for each in findings} == {
        "one.example": str(paths[0]), "two.example": str(paths[1]), "www.a.two.example": str(paths[2]),
    }  # fmt: skip


EVIL = "v=spf1 a:%\r\n::error::owned,x=1 \x1b[31m::warning file=/etc/passwd::y al\u2028l"


@pytest.mark.parametrize("form", mostly_full(["text", "json", "github", "sarif"]))
def test_hostile_text_steers_nothing(form: str) -> None:
    ended = process("lint", "--record", EVIL, "--format", form)
    assert ended.code == 2
    assert "cleaned up in the record (line breaks)" in ended.err
    assert not any(character in ended.out + ended.err for character in "\x1b\r\u2028")
    if form == "github":
        for line in ended.out.splitlines():
            assert line.startswith("::error title=spfengine ")
            assert "%0A" not in line


def test_nothing_in_a_finding_begins_another_annotation() -> None:
    finding = Finding(LintCode.PTR, Severity.INFO, "100%\r\n::error::x", "x.example")
    message = github_text([finding], Places([]))
    assert message == "::notice title=spfengine ptr::x.example: 100%25%0D%0A::error::x\n"


@pytest.mark.full
def test_on_a_terminal_it_is_coloured_and_fits() -> None:
    ended = terminal("lint", "seed.example", "--zone", SEED, columns=60)
    assert ended.code == 0
    assert "\x1b[" in ended.out
    plain = process("lint", "seed.example", "--zone", SEED, COLUMNS="60").out
    assert max(map(len, plain.splitlines())) <= 60


def test_others_records_are_reported_apart(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.zone"
    path.write_text(
        'x.example. SOA a. b. 1 2 3 4 5\nx.example. TXT "v=spf1 include:y.example -all"\ny.example. TXT "v=spf1 -al"\n',
        encoding="ascii",
    )
    ended = call("lint", "--zone", str(path))
    assert "y.example (not yours: its owner has to change it)\n  reached by x.example include:y.example\n" in ended.out
    assert "fix:" not in ended.out
    ended = call("lint", "x.example", "--zone", str(path), "--own", "y.example")
    assert "not yours" not in ended.out
    assert 'fix:  "v=spf1 -all"' in ended.out
