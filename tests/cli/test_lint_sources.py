"""`spfengine lint --source`: the formats, exit codes and options; what is found in files is tested in tests/sources."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call

MAIN = """\
resource "aws_route53_record" "spf" {
  records = ["v=spf1 ip4:${var.ip} ptr +all"]
}
"""
ZONE = """\
$ORIGIN example.net.
@ 300 IN SOA ns hostmaster 1 2 3 4 5
_spf 300 IN TXT "v=spf1 ip4:198.51.100.0/24 -all"
broken 300 IN TXT "v=spf1 ipv4:198.51.100.1 -all"
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dns").mkdir()
    (tmp_path / "dns" / "main.tf").write_text(MAIN, encoding="utf-8")
    (tmp_path / "ok.yaml").write_text("a: v=spf1 include:_spf.example.net -all\n", encoding="utf-8")
    (tmp_path / "net.zone").write_text(ZONE, encoding="utf-8")


def test_text(call: Call) -> None:
    ended = call("lint", "--source", "dns", "ok.yaml")
    assert (ended.code, ended.err) == (2, "")
    assert ended.out == (
        "dns/main.tf:2:15\n"
        "  not known, so not looked at: ${var.ip}\n"
        "  warning: line 2, column 36: ptr is slow and unreliable, and should not be used (RFC 7208 §5.5) [ptr]\n"
        "    v=spf1 ip4:${var.ip} ptr +all\n"
        "                         ^^^\n"
        "    hint: take it out, and name your hosts by a, mx, ip4 or ip6\n"
        "  error: line 2, column 40: unless an all is in an unknown part before it, +all lets every client pass that "
        "no term before it matches: worse than no record (RFC 7208 §5.1) [passes-everyone]\n"
        "    v=spf1 ip4:${var.ip} ptr +all\n"
        "                             ^^^^\n"
        "    hint: write ~all, or -all once all your senders are in the record\n"
        "\n"
        "1 error, 1 warning in 2 records of 2 files; what their terms lead to was not looked up\n"
    )


def test_github(call: Call) -> None:
    lines = call("lint", "--source", "dns", "--format", "github").out.splitlines()
    assert lines[0].startswith(
        "::warning title=spfengine ptr,file=dns/main.tf,line=2,endLine=2,col=36,endColumn=39::ptr is slow"
    )
    assert len(lines) == 2


def test_sarif(call: Call) -> None:
    document = json.loads(call("lint", "--source", "dns", "--format", "sarif").out)
    first = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert first == {
        "artifactLocation": {"uri": "dns/main.tf"},
        "region": {"startLine": 2, "startColumn": 36, "endLine": 2, "endColumn": 39},
    }


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
@pytest.mark.parametrize("form", ["github", "sarif", "json", "text"])
def test_a_file_may_have_any_name(form: str, call: Call, tmp_path: Path) -> None:
    name = b"dns/caf\xff\x1b[2J\n::error::.tf"
    Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_text(MAIN, encoding="utf-8")
    ended = call("lint", "--source", "dns", "--format", form)
    assert ended.code == 2
    assert all(line.isprintable() for line in ended.out.splitlines())
    if form == "github":
        assert [line.partition(" ")[0] for line in ended.out.splitlines()] == ["::warning", "::error"] * 2
    if form == "sarif":
        assert '"dns/caf%FF%1B%5B2J%0A%3A%3Aerror%3A%3A.tf"' in ended.out


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"]])
def test_json(call: Call, option: list[str]) -> None:
    document = json.loads(call("lint", "--source", "dns", *option).out)
    [first, _] = document["findings"]
    place = {"file": "dns/main.tf", "line": 2, "column": 36, "end_line": 2, "end_column": 39}
    assert {key: first[key] for key in place} == place
    assert document["counts"] == {"error": 1, "warning": 1, "info": 0}
    assert document["sources"] == {
        "files": 1,
        "records": [
            {
                "file": "dns/main.tf",
                "line": 2,
                "column": 15,
                "end_line": 2,
                "end_column": 44,
                "name": None,
                "name_text": "",
                "record": "v=spf1 ip4:${var.ip} ptr +all",
                "unknown": [
                    {"text": "${var.ip}", "span": [11, 20], "line": 2, "column": 26, "end_line": 2, "end_column": 35}
                ],
            }
        ],
        "unread": [],
        "skipped": [],
    }


def test_equal_findings_of_two_files_have_their_own_places(call: Call) -> None:
    for name in ("a.yaml", "b.yaml"):
        Path(name).write_text("x: v=spf1 ptr -all\n", encoding="ascii")
    document = json.loads(call("lint", "--source", "a.yaml", "b.yaml", "--json").out)
    assert [each["file"] for each in document["findings"]] == ["a.yaml", "b.yaml"]


def test_nothing_is_asked_without_an_option_and_terms_are_followed_with_one(call: Call) -> None:
    Path("x.yaml").write_text("x: v=spf1 include:gone.example.net include:broken.example.net -all\n", encoding="ascii")
    assert call("lint", "--source", "x.yaml").code == 0
    ended = call("lint", "--source", "x.yaml", "--zone", "net.zone", "--json")
    assert ended.code == 2
    findings = json.loads(ended.out)["findings"]
    assert [(each["code"], each["domain"], each["column"]) for each in findings] == [
        ("include-domain-not-found", None, 11),
        ("unknown-mechanism", "broken.example.net", 36),
    ]
    text = call("lint", "--source", "x.yaml", "--zone", "net.zone").out
    assert (
        "broken.example.net (not yours: its owner has to change it)\n  reached by include:broken.example.net\n" in text
    )


def test_a_domain_is_that_of_the_records(call: Call) -> None:
    Path("x.yaml").write_text("x: v=spf1 mx include:_spf.example.net -all\n", encoding="ascii")
    assert call("lint", "--source", "x.yaml", "--zone", "net.zone").out == "nothing found in 1 record of 1 file\n"
    findings = json.loads(call("lint", "example.net", "--source", "x.yaml", "--zone", "net.zone", "--json").out)
    assert ("no-addresses", "example.net") in {(each["code"], each["domain"]) for each in findings["findings"]}


def test_codes_are_selected(call: Call) -> None:
    assert call("lint", "--source", "dns", "--ignore", "passes-everyone").code == 1
    assert call("lint", "--source", "dns", "--select", "host-bits").code == 0


def test_what_was_not_read_is_said(call: Call) -> None:
    Path("x.tf").write_bytes(b'x = "v=spf1 -all"\0')
    ended = call("lint", "--source", "x.tf")
    assert (ended.code, ended.out) == (69, "no SPF record found in 0 files\n")
    assert ended.err == "spfengine lint: x.tf: it was not read: it has NUL octets, so it is not text\n"
    assert call("lint", "--source", ".", "--ignore", "passes-everyone,ptr").code == 0
    sources = json.loads(call("lint", "--source", "x.tf", "--json").out)["sources"]
    assert [each["file"] for each in sources["unread"]] == ["x.tf"]
    assert sources["skipped"] == sources["unread"], "the former name"


def test_files_without_records_are_fine(call: Call) -> None:
    Path("x.tf").write_text("x = 1\n", encoding="ascii")
    assert call("lint", "--source", "x.tf") == (0, "no SPF record found in 1 file\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--source", "gone.tf"], 66, "gone.tf can't be read"),
        (["--source", "net.zone"], 64, "expected a folder, or a file whose name ends with"),
        (["--source"], 64, "--source"),
        (["--source", "dns", "--draft", "v=spf1 -all"], 64, "--draft"),
        (["--source", "dns", "--own", "example.com"], 64, "--own"),
    ],
)
def test_what_can_not_be_used_is_said(call: Call, arguments: list[str], code: int, message: str) -> None:
    ended = call("lint", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_nothing_in_a_file_reaches_the_terminal_as_it_is(call: Call) -> None:
    name = "\x1b[31m.tf"
    Path(name).write_text('x = "v=spf1 \x1b]0;x\x07 ${"\x1b2J"} ptr -all"\n', encoding="utf-8")
    ended = call("lint", "--source", name)
    assert ended.code == 2
    assert "\x1b" not in ended.out + ended.err
    assert "\x1b" not in call("lint", "--source", name, "--format", "sarif").out


def test_nothing_that_is_read_is_run(call: Call) -> None:
    Path("x.py").write_text(f"open({os.fspath('ran')!r}, 'w')\nX = 'v=spf1 -all'\n", encoding="ascii")
    assert call("lint", "--source", "x.py").code == 0
    assert not Path("ran").exists()


def test_the_name_of_a_record_is_read_where_the_file_says_it(call: Call) -> None:
    Path("dnsconfig.js").write_text('D("example.net", REG, TXT("@", "v=spf1 mx ptr -all"));\n', encoding="ascii")
    document = json.loads(call("lint", "--source", "dnsconfig.js", "--zone", "net.zone", "--json").out)
    assert document["sources"]["records"][0]["name"] == "example.net"
    assert ("no-addresses", "example.net") in {(each["code"], each["domain"]) for each in document["findings"]}
    assert call("lint", "--source", "dnsconfig.js").out.startswith("dnsconfig.js:1:33  example.net\n")
    Path("dnsconfig.js").write_text('D(domain, REG, TXT("@", "v=spf1 mx ptr -all"));\n', encoding="ascii")
    out = call("lint", "--source", "dnsconfig.js").out
    assert out.startswith("dnsconfig.js:1:26\n  the name of the record is not known: @ in domain\n")
