"""`spfengine plan`: what is compared, the formats, exit codes and options; the plan itself is in tests/planning."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Call

ZONE = """\
$ORIGIN example.com.
@ 300 IN SOA ns hostmaster 1 2 3 4 5
@ 300 IN TXT "v=spf1 ip4:192.0.2.0/24 ~all"
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for folder, text in (("before", ZONE), ("after", ZONE.replace("/24", "/25"))):
        (tmp_path / folder / "zones").mkdir(parents=True)
        (tmp_path / folder / "zones" / "example.com.zone").write_text(text, encoding="ascii")


def git(*arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


TEXT = """\
something gets worse for 1 name
  1 name changes, 0 names do not

example.com: something gets worse
  gets worse
    pass → softfail  1 network, 128 IPv4 addresses
        192.0.2.128/25  ip4:192.0.2.0/24 is removed, and no other term matches: by ~all

  stays
    stays pass  although a term that gave it is removed
        192.0.2.0/25  by ip4:192.0.2.0/25

  everything else keeps its result

  example.com: the SPF record changes
    - ip4:192.0.2.0/24
    + ip4:192.0.2.0/25
      ~all
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["before", "after"],
        ["before/", "after/", "--", "zones/"],
        ["before/zones/example.com.zone", "after/zones/example.com.zone"],
        ["example.com=before/zones/example.com.zone", "example.com=after/zones/example.com.zone"],
    ],
)
def test_text(call: Call, arguments: list[str]) -> None:
    assert call("plan", *arguments) == (1, TEXT, "")


def test_revisions_and_the_working_folder(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir("before")
    git("init", "-q", "-b", "main", ".")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "change")
    Path("zones/example.com.zone").write_text(ZONE.replace("/24", "/25"), encoding="ascii")
    assert call("plan", "main", ".") == (1, TEXT, "")
    assert call("plan", "main", "HEAD").code == 0
    git("commit", "-q", "-a", "-m", "two")
    assert call("plan", "main", "HEAD", "--", "zones/") == (1, TEXT, "")
    assert call("plan", "HEAD", "main").code == 0
    Path("main").mkdir()
    ended = call("plan", "main", "HEAD")
    assert (ended.code, ended.out) == (64, "")
    assert "main is a file and a revision of git; expected ./main, or refs/heads/main for a branch" in ended.err
    assert call("plan", "refs/heads/main", "HEAD").code == 1


def test_json_and_markdown(call: Call) -> None:
    for option in (["--json"], ["--format", "json"]):
        document = json.loads(call("plan", "before", "after", *option).out)
        assert document["counts"]["worse"] == 1
    ended = call("plan", "before", "after", "--format", "markdown")
    assert ended.code == 1
    assert ended.out.startswith("<!-- spfengine plan -->\n\n### SPF: something gets worse for 1 name\n")


def test_exit_codes(call: Call) -> None:
    zone = Path("after/zones/example.com.zone")
    codes = {
        "v=spf1 ip4:192.0.2.0/24 ~all": 0,
        "v=spf1 ip4:192.0.2.0/23 ~all": 0,
        "v=spf1 ip4:192.0.2.0/24 -all": 0,
        "v=spf1 ~all": 1,
        "v=spf1 ipv4:192.0.2.0/24 ~all": 2,
        "v=spf1 ip4:192.0.2.0/24 include:elsewhere.example ~all": 69,
    }
    found = {}
    for record in codes:
        zone.write_text(ZONE.replace("v=spf1 ip4:192.0.2.0/24 ~all", record), encoding="ascii")
        found[record] = call("plan", "before", "after").code
    assert found == codes


def test_senders_count(call: Call) -> None:
    Path("after/zones/example.com.zone").write_text(ZONE.replace("~all", "-all"), encoding="ascii")
    Path("senders.csv").write_text("ip,sender,count\n198.51.100.1,a@example.com,7\n", encoding="ascii")
    assert call("plan", "before", "after").code == 0
    ended = call("plan", "before", "after", "--senders", "senders.csv", "--json")
    assert ended.code == 1
    [sender] = json.loads(ended.out)["names"][0]["simulation"]["senders"]
    assert (sender["ip"], sender["count"], sender["effect"]) == ("198.51.100.1", 7, "newly-failing")


def test_zones_answer_for_what_the_files_do_not_have(call: Call) -> None:
    zone = Path("after/zones/example.com.zone")
    zone.write_text(ZONE.replace("ip4:192.0.2.0/24", "include:_spf.example.net"), encoding="ascii")
    net = '$ORIGIN example.net.\n@ SOA ns h 1 2 3 4 5\n_spf TXT "v=spf1 ip4:192.0.2.0/24 -all"\n'
    Path("net.zone").write_text(net, encoding="ascii")
    assert call("plan", "before", "after").code == 69
    assert call("plan", "before", "after", "--zone", "net.zone").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["before", "gone"], 66, "gone is not a file, a folder or a revision"),
        (["before", "after", "--", "zonez"], 66, "zonez has no zone or source file, in BASE or in HEAD"),
        (["before"], 64, "Missing argument 'HEAD'"),
        (["before/zones/example.com.zone", "after", "--", "zones"], 64, "expected PATHS only with folders"),
        (["a\0b", "after"], 66, "a\\x00b"),
        (["", "after"], 66, "not a file, a folder or a revision"),
        (
            ["main...topic", "HEAD"],
            66,
            'it is a range; expected BASE and HEAD as two: "$(git merge-base main topic)" topic',
        ),
        (["main..", "HEAD"], 66, "it is a range; expected BASE and HEAD as two: main HEAD"),
    ],
)
def test_what_can_not_be_used_is_said(call: Call, arguments: list[str], code: int, message: str) -> None:
    ended = call("plan", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


def test_a_file_given_by_its_name_must_be_readable(call: Call) -> None:
    Path("bad.zone").write_text('$ORIGIN example.com.\n@ TXT "v=spf1\n', encoding="ascii")
    ended = call("plan", "before/zones/example.com.zone", "bad.zone")
    assert (ended.code, ended.out) == (65, "")
    assert "bad.zone: line 2" in ended.err
