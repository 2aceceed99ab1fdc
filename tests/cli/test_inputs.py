"""The sources of answers: files of each kind, several at once, drafts, recordings, DNS servers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.testing.fake_dns import FakeDNS
from tests.cli.conftest import SEED, Call, process

Suite = Callable[[dict[str, Any]], str]


def result(call: Call, *arguments: str) -> str:
    return str(json.loads(call("check", *arguments, "--json").out)["result"])


def test_each_kind_of_file_answers(call: Call, tmp_path: Path) -> None:
    files = {
        "x.zone": 'x.example. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"\n',
        "no-suffix": 'x.example. 300 IN TXT "v=spf1 ip4:192.0.2.1 -all"\n',
        "x.yml": "zonedata:\n  x.example:\n  - TXT: v=spf1 ip4:192.0.2.1 -all\n",
        "bare.YAML": "x.example:\n- TXT: v=spf1 ip4:192.0.2.1 -all\n",
        "x.json": '{"zonedata": {"x.example": [{"TXT": "v=spf1 ip4:192.0.2.1 -all"}]}}',
    }
    for name, content in files.items():
        path = tmp_path / name
        path.write_text(content)
        assert result(call, "192.0.2.1", "x.example", "--zone", str(path)) == "pass", name
        assert result(call, "192.0.2.2", "x.example", "--zone", str(path)) == "fail", name


def test_a_zone_file_can_come_from_standard_input() -> None:
    zone = b'x.example. 300 IN TXT "v=spf1 -all"\n'
    assert process("check", "::1", "x.example", "--zone", "-", stdin=zone).out.startswith("FAIL")


def test_several_files_are_one_zone_and_the_later_one_wins(call: Call, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zone", tmp_path / "second.zone"
    first.write_text('a.example. 300 IN TXT "v=spf1 include:b.example -all"\n'
                     'c.example. 300 IN TXT "v=spf1 -all"\nwww.a.example. 300 IN CNAME host.b.example.\n')  # fmt: skip
    second.write_text('b.example. 300 IN TXT "v=spf1 a:www.a.example -all"\nhost.b.example. 300 IN A 192.0.2.1\n'
                      'C.example. 300 IN TXT "v=spf1 +all"\n')  # fmt: skip
    files = ("--zone", str(first), "--zone", str(second))
    assert result(call, "192.0.2.1", "a.example", *files) == "pass"
    assert result(call, "192.0.2.1", "c.example", *files) == "pass"
    assert result(call, "192.0.2.1", "c.example", *files[2:], *files[:2]) == "fail"


def test_recorded_answers_give_the_same_result_again(call: Call, tmp_path: Path) -> None:
    path = str(tmp_path / "answers.json")
    arguments = ("check", "23.83.218.24", "seed.example", "--json", "--trace")
    with_draft = ("--draft", "v=spf1 mx include:relay.mailchannels.net ~all")
    recorded = call(*arguments, "--zone", SEED, "--record-answers", path, *with_draft)
    assert recorded.code == 0
    assert call(*arguments, "--zone", path, *with_draft) == recorded
    assert "include:relay" not in Path(path).read_text()  # drafts are no answers


def test_a_recording_and_a_zone_lie_over_each_other(call: Call, tmp_path: Path) -> None:
    recording = str(tmp_path / "answers.json")
    call("check", "23.83.218.24", "seed.example", "--zone", SEED, "--record-answers", recording)
    zone = tmp_path / "x.zone"
    zone.write_text('seed.example. 300 IN TXT "v=spf1 +all"\nx.example. 300 IN TXT "v=spf1 include:y.example ?all"\n')
    files = ("--zone", recording, "--zone", str(zone))
    assert result(call, "::1", "seed.example", *files) == "pass"
    assert result(call, "::1", "seed.example", *files[2:], *files[:2]) == "softfail"
    assert result(call, "::1", "x.example", *files[2:], *files[:2]) == "permerror"  # y.example is in neither
    assert result(call, "163.44.239.12", "b@x.example", *files, "--draft", "v=spf1 mx:seed.example -all") == "pass"
    assert result(call, "23.83.218.24", "seed.example", "--zone", recording, "--zone", recording) == "softfail"


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        (["v=spf1 +all"], "pass"),
        (["V=SPF1 +all"], "pass"),
        (["SEED.example.=v=spf1 +all"], "pass"),
        (["v=spf1 include:_spf.seed.example -all", "_spf.seed.example=v=spf1 +all"], "pass"),
        (["v=spf1 include:_spf.seed.example -all"], "permerror"),
        (["b\u00fccher.example=v=spf1 +all", "v=spf1 include:xn--bcher-kva.example -all"], "pass"),
        (["v=DMARC1"], "none"),
        (["seed.example="], "none"),
    ],
)
def test_drafts_stand_for_published_records(call: Call, drafts: list[str], expected: str) -> None:
    options = [part for draft in drafts for part in ("--draft", draft)]
    assert result(call, "192.0.2.1", "seed.example", "--zone", SEED, *options) == expected


def test_a_draft_without_a_name_is_for_the_domain_that_is_checked(call: Call, suite: Suite) -> None:
    zone = suite({"h.example": [{"TXT": "v=spf1 -all"}], "s.example": [{"TXT": "v=spf1 -all"}]})
    options = ("--helo", "h.example", "--zone", zone, "--draft", "v=spf1 +all")
    assert result(call, "::1", "s.example", *options) == "pass"
    assert result(call, "::1", "s.example", *options, "--identity", "helo") == "pass"
    assert result(call, "::1", "<>", *options) == "pass"
    both = json.loads(call("check", "::1", "s.example", *options, "--identity", "both", "--json").out)
    assert (both["helo"]["result"], both["mailfrom"]["result"]) == ("fail", "pass")


def test_a_draft_for_the_null_sender_changes_nothing_if_the_helo_name_is_not_known(call: Call) -> None:
    assert result(call, "::1", "", "--zone", SEED, "--draft", "v=spf1 +all") == "temperror"


@pytest.mark.parametrize("sender", ["bob@localhost", "bob@", "bob@[192.0.2.1]", "bob@x..example"])
def test_a_draft_for_a_sender_without_a_domain_changes_nothing(call: Call, sender: str) -> None:
    assert result(call, "::1", sender, "--zone", SEED, "--draft", "v=spf1 +all") == "none"


def test_servers_given_are_asked_and_their_answers_recorded(call: Call, tmp_path: Path) -> None:
    path = str(tmp_path / "answers.json")
    zone = spfengine.Zone({"live.example": {"TXT": "v=spf1 a -all", "A": "192.0.2.1"}})
    with FakeDNS(zone) as server:
        arguments = ("192.0.2.1", "live.example", "--nameserver", server.nameserver, "--record-answers", path)
        assert result(call, *arguments) == "pass"
    assert result(call, "192.0.2.1", "live.example", "--zone", path) == "pass"


def test_a_suite_in_yaml_without_pyyaml_says_what_to_install(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.yml"
    path.write_text("zonedata: {}")
    monkeypatch.setitem(sys.modules, "yaml", None)
    ended = call("check", "::1", "x.example", "--zone", str(path))
    assert (ended.code, ended.out) == (69, "")
    assert "pip install pyyaml" in ended.err
    assert ended.err.count("\n") == 1


def test_a_file_too_large_is_refused(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    ended = call("check", "::1", "x.example", "--zone", str(path))
    assert ended.code == 65
    assert "64 MiB" in ended.err


SAMPLES = Path(__file__).parents[1] / "resolvers" / "samples"


@pytest.mark.parametrize("sample", ["cpanel.db", "cloudflare.txt", "route53.json", "example.com.yaml"])
def test_exports_of_providers_answer(call: Call, tmp_path: Path, sample: str) -> None:
    relay = tmp_path / "relay.zone"
    relay.write_text('relay.example.net. 300 IN TXT "v=spf1 ip4:198.51.100.0/24 -all"\n')
    files = ("--zone", str(SAMPLES / sample), "--zone", str(relay))
    assert result(call, "203.0.113.80", "example.com", *files) == "pass"
    assert result(call, "198.51.100.7", "example.com", *files) == "pass"
    assert result(call, "192.0.2.1", "example.com", *files) == "softfail"


def test_what_an_export_does_not_tell_is_reported(call: Call) -> None:
    path = str(SAMPLES / "route53.json")
    ended = call("check", "192.0.2.1", "example.com", "--zone", path, "--draft", "v=spf1 a:cdn.example.com -all")
    assert ended.code == 69
    assert (
        f"{path}: cdn.example.com A is not known: an alias of d111.cloudfront.example, of which the file has no A"
        in ended.err
    )
    assert f"{path}: split.example.com A is not known: 2 record sets by weight" in ended.err


def test_more_unknown_records_than_can_be_told_are_counted(call: Call, tmp_path: Path) -> None:
    soa = {"Name": "example.", "Type": "SOA", "ResourceRecords": [{"Value": "ns.example. h.example. 1 2 3 4 5"}]}
    aliases = [{"Name": f"n{n}.example.", "Type": "A", "AliasTarget": {"DNSName": "x.\\033."}} for n in range(8)]
    path = tmp_path / "x.json"
    path.write_text(json.dumps([soa, *aliases]))
    ended = call("check", "192.0.2.1", "n.example", "--zone", str(path))
    assert ended.err.count("\n") == 6
    assert ended.err.endswith("x.json: nor are 3 more\n")
    assert "\x1b" not in ended.err


def test_json_can_come_from_standard_input() -> None:
    ended = process(
        "check", "203.0.113.80", "example.com", "--zone", "-", stdin=(SAMPLES / "route53.json").read_bytes()
    )
    assert ended.out.startswith("PASS")


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (' "v=spf1 " "+all" ', "spaces around it, quotes and splits"),
        ("seed.example=\u201cv=spf1 +all\u201d", "quotes"),
        ('seed.example. 3600 IN TXT "v=spf1 +all"', "the text before the record in a zone file, quotes"),
        ('@ IN TXT ( "v=spf1 "\n "+all" )', "line breaks, the text before"),
    ],
)
def test_a_pasted_draft_is_cleaned_up_and_that_is_reported(call: Call, draft: str, message: str) -> None:
    ended = call("check", "192.0.2.1", "bob@seed.example", "--zone", SEED, "--draft", draft)
    assert ended.code == 0
    assert ended.err.startswith("spfengine check: cleaned up in the record (")
    assert message in ended.err
    assert "; it is read as: v=spf1 +all\n" in ended.err


def test_records_to_compare_and_to_lint_are_cleaned_up_too(call: Call) -> None:
    ended = call("diff", '"v=spf1 ip4:192.0.2.1 -all"', "v=spf1 ip4:192.0.2.1 -all", "--zone", SEED)
    assert (ended.code, ended.err.count("cleaned up")) == (0, 1)
    ended = call("lint", "--record", "\u201cv=spf1 ip4:8.8.8.8 -all\u201d")
    assert (ended.code, ended.err.count("cleaned up")) == (0, 1)
    ended = call("lint", "--record", " v=spf1 ip4:8.8.8.8 -all")  # the space is a finding, so it stays
    assert (ended.code, ended.err) == (2, "")


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        ("v spf1", "expected a record that begins with v=spf1, or NAME=RECORD"),
        ('_spf IN TXT "v=spf1 -all"', "single label"),
        ("a b=v=spf1 -all", "'a b' is not a domain name"),
    ],
)
def test_what_is_no_draft_is_refused(call: Call, draft: str, message: str) -> None:
    ended = call("check", "192.0.2.1", "seed.example", "--zone", SEED, "--draft", draft)
    assert ended.code == 64
    assert message in ended.err


ORIGINLESS = '@ 300 IN SOA ns h 1 2 3 4 5\n@ 300 IN TXT "v=spf1 mx -all"\n@ IN MX 10 mail\nmail IN A 192.0.2.25\n'


def test_a_domain_before_the_file_is_what_its_names_belong_to(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "records.txt"
    path.write_text(ORIGINLESS)
    arguments = ("check", "192.0.2.25", "x.example", "--json", "--zone")
    assert call(*arguments, str(path)).code == 65
    for domain in ("x.example", "X.example."):
        checked = call(*arguments, f"{domain}={path}")
        assert (checked.code, checked.err) == (0, "")
        assert "notes" not in json.loads(checked.out)
    assert process(*arguments, "x.example=-", stdin=ORIGINLESS.encode()).code == 0
    assert call(*arguments, "x.example=-", "--zone", "-").code == 64
    assert call(*arguments, f"a..b={path}").code == 66
    assert call(*arguments, "x.example=").code == 66


def test_a_file_whose_name_has_an_equals_sign_is_read_as_it_is(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "x=1.zone"
    path.write_text('x.example. 300 IN TXT "v=spf1 +all"\n')
    assert result(call, "::1", "x.example", "--zone", str(path)) == "pass"


def test_the_domain_in_a_files_name_is_used_and_said(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "db.x.example"
    path.write_text(ORIGINLESS + "a..b TXT x\n")
    assumed = "the file has no $ORIGIN; after its name, its names belong to x.example (for another domain: "
    impossible = "DNS can't have 1 name of the file, so they never answer: a..b.x.example"
    notes = [f"{path}: {assumed}--zone DOMAIN={path})", f"{path}: {impossible}"]
    for command in (("check", "192.0.2.25", "x.example"), ("lint", "x.example"), ("tree", "x.example")):
        done = call(*command, "--zone", str(path), "--json")
        assert json.loads(done.out)["notes"] == notes
        assert done.err.splitlines() == notes
    text = call("lint", "x.example", "--zone", str(path), "--select", "txt-over-512,near,no-record,missing,neutral")
    assert text.code == 0


def test_lint_finds_the_line_in_a_file_without_origin(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "records.txt"
    path.write_text(ORIGINLESS.replace("-all", "?all"))
    found = json.loads(call("lint", "--zone", f"x.example={path}", "--format", "json").out)["findings"]
    assert [(each["code"], each["file"], each["line"]) for each in found] == [
        ("neutral-all", str(path), 2),
        ("helo-without-record", str(path), 4),
    ]


def test_the_line_that_a_message_is_about_is_at_its_end(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "zone.txt"
    path.write_text("@ IN SOA ns.a.example. x.a.example. 1 1 1 1 1\t; \x07\n", "utf-8")
    ended = call("lint", "a.example", "--zone", str(path))
    assert ended.code == 65
    [message] = ended.err.splitlines()
    assert "\\x0a" not in message
    assert message.endswith("; the line: @ IN SOA ns.a.example. x.a.example. 1 1 1 1 1\\x09; \\x07")


def test_an_alias_of_a_host_without_ipv6_has_no_ipv6_either(call: Call, tmp_path: Path) -> None:
    """octoDNS: what the file has at the target is known, so an alias of it lacks nothing."""
    path = tmp_path / "a.example.yaml"
    path.write_text(
        "'':\n- {type: A, value: 192.0.2.1}\n- {type: TXT, value: 'v=spf1 a:www.a.example -all'}\n"
        "www: {type: ALIAS, value: a.example.}\nfar: {type: ALIAS, value: b.example.}\n",
        "utf-8",
    )
    ended = call("check", "2001:db8::1", "a.example", "--zone", str(path))
    assert ended.code == call("check", "192.0.2.9", "a.example", "--zone", str(path)).code
    assert "not known" not in ended.out
    assert "www.a.example" not in ended.err
    assert "far.a.example A is not known" in ended.err
