"""`--html FILE`: a report besides the output, written whole or not at all."""

import json
from pathlib import Path

import pytest

from spfengine.written_files import write_whole
from tests.cli.conftest import REPOSITORY, SEED, Call
from tests.report.dom import Page, foreign

MESSAGE = str(REPOSITORY / "examples" / "seed-message.eml")
REPORT = str(REPOSITORY / "examples" / "seed-report.xml")
BAKERY = str(REPOSITORY / "examples" / "bakery.zone")
NEW = str(REPOSITORY / "examples" / "new.zone")
DOMAINS = str(REPOSITORY / "examples" / "domains.txt")
DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"
COMMANDS = {
    "check": ("check", "23.83.218.24", "alice@seed.example", "--zone", SEED),
    "check both": ("check", "192.0.2.1", "seed.example", "--helo", "x.example", "--identity", "both", "--zone", SEED),
    "check over a limit": ("check", "192.0.2.1", "bakery.example", "--zone", BAKERY),
    "tree": ("tree", "bakery.example", "--zone", BAKERY),
    "lint": ("lint", "bakery.example", "--zone", BAKERY),
    "lint a zone": ("lint", "--zone", BAKERY),
    "lint a text": ("lint", "--draft", "v=spf1 ipv4:192.0.2.1 -all"),
    "lint sources": ("lint", "--source", str(REPOSITORY / "examples" / "dns")),
    "simulate": ("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, "--senders", REPORT),
    "simulate a zone": ("simulate", "--zone", BAKERY, "--zone-after", NEW),
    "simulate -all": ("simulate", "seed.example", "--zone", SEED, "--enforce", "--senders", REPORT),
    "suggest": ("suggest", "--zone", SEED, "--senders", MESSAGE),
    "suggest without senders": ("suggest", "seed.example", "--zone", SEED),
    "suggest over a limit": ("suggest", "bakery.example", "--zone", BAKERY, "--sender", "192.0.2.1"),
    "flatten": ("flatten", "bakery.example", "--zone", BAKERY),
    "survey": ("survey", DOMAINS, "--zone", SEED),
}  # fmt: skip


def read(path: Path) -> Page:
    page = Page(path.read_text(encoding="utf-8"))
    assert (list(foreign(page)), page.faults) == ([], [])
    return page


@pytest.mark.parametrize("name", COMMANDS)
def test_a_report_is_written_besides_the_output(call: Call, tmp_path: Path, name: str) -> None:
    report = tmp_path / "report.html"
    plain = call(*COMMANDS[name])
    ended = call(*COMMANDS[name], "--html", str(report))
    assert ended.code == plain.code
    assert name == "survey" or ended.out == plain.out  # a survey has times
    assert read(report).text.strip()
    assert list(tmp_path.iterdir()) == [report]


def test_drift(call: Call, tmp_path: Path) -> None:
    snapshot, report = tmp_path / "snapshot.json", tmp_path / "report.html"
    assert call("snapshot", "seed.example", "-o", str(snapshot), "--zone", SEED).code == 0
    changed = tmp_path / "changed.zone"
    changed.write_text(Path(SEED).read_text(encoding="utf-8").replace("+mx ", ""), encoding="utf-8")
    assert call("drift", str(snapshot), "--zone", str(changed), "--html", str(report)).code == 1
    page = read(report)
    assert "Something got worse since" in page.text
    assert "the SPF record changed" in page.text


def test_the_first_sentence_is_that_of_the_text(call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    ended = call(*COMMANDS["suggest"], "--html", str(report))
    answer = ended.out.partition("\n")[0].partition(": ")[2]
    assert answer == "publish this record"
    assert "Publish this record" in read(report).text


def test_it_says_where_the_senders_come_from(call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    call(*COMMANDS["simulate"], "--html", str(report))
    assert "Reported by: google.com" in read(report).text


def test_it_says_what_was_assumed_of_files(call: Call, tmp_path: Path) -> None:
    zone, report = tmp_path / "x.json", tmp_path / "report.html"
    name = "a" * 64 + ".x.example"  # no DNS name has such a label
    texts = {"x.example": [{"TXT": "v=spf1 -all"}], name: [{"TXT": "v=spf1 -all"}]}
    zone.write_text(json.dumps({"zonedata": texts}), encoding="utf-8")
    ended = call("tree", "x.example", "--zone", str(zone), "--html", str(report), "--json")
    [note] = json.loads(ended.out)["notes"]
    assert note in read(report).text


def test_form_is_used(call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    call(*COMMANDS["suggest"], "--form", "bind", "--html", str(report))
    assert "Zone file" in read(report).text
    assert "Route 53" not in read(report).text


def test_what_is_over_the_limit_is_in_the_tree(call: Call, tmp_path: Path) -> None:
    """The command can ask what a check never reaches."""
    report = tmp_path / "report.html"
    call("simulate", "bakery.example", "--zone", BAKERY, "--draft", "v=spf1 a -all", "--html", str(report))
    assert "_relay.webhost.example" in read(report).text
    assert "not in the files given" not in read(report).text


def test_a_survey_goes_on(call: Call, tmp_path: Path) -> None:
    lines, report = tmp_path / "lines.jsonl", tmp_path / "report.html"
    arguments = ("survey", DOMAINS, "--zone", SEED, "-o", str(lines))
    call(*arguments)
    call(*arguments, "--resume", "--html", str(report))
    assert "2 of 4 domains work" in read(report).text


def test_an_existing_file_is_replaced(call: Call, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("old", encoding="utf-8")
    call(*COMMANDS["tree"], "--html", str(report))
    assert read(report).of("main")


def test_a_file_that_can_not_be_written(call: Call, tmp_path: Path) -> None:
    ended = call(*COMMANDS["tree"], "--html", str(tmp_path / "missing" / "<b>\x1b.html"))
    assert ended.code == 73
    assert ended.err.startswith("spfengine tree: ")
    assert "<b>\\x1b.html can't be written: No such file" in ended.err
    assert ended.out == ""


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("old", encoding="utf-8")
    with pytest.raises(UnicodeEncodeError):
        write_whole(report, "new \udcff", "utf-8")
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["old"]


def test_without_jinja_it_ends_before_anything_is_asked(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spfengine.cli.html.find_spec", lambda name: None if name == "jinja2" else object())
    ended = call(*COMMANDS["tree"], "--html", str(tmp_path / "report.html"))
    assert (ended.code, ended.out) == (69, "")
    assert "run: pip install jinja2 (the extra spfengine[html])" in ended.err
    assert list(tmp_path.iterdir()) == []


HOSTILE = "<img src=x onerror=alert(1)>{{1337*1337}}\u202e"


def test_names_of_files_are_text(call: Call, tmp_path: Path) -> None:
    listed, report = tmp_path / HOSTILE, tmp_path / "report.html"
    listed.write_text("seed.example\n<script>alert(1)</script>\n", encoding="utf-8")
    call("survey", str(listed), "--zone", SEED, "--html", str(report))
    page = read(report)
    assert "<img src=x onerror=alert(1)>{{1337*1337}}\\u202e" in page.text
    assert "<script>alert(1)</script>" in page.text


def test_what_reports_say_is_text(call: Call, tmp_path: Path) -> None:
    evidence, report = tmp_path / f"{HOSTILE}.xml", tmp_path / "report.html"
    text = Path(REPORT).read_text(encoding="utf-8")
    assert "<org_name>google.com<" in text
    hostile = "&lt;script&gt;alert(1)&lt;/script&gt;{{1337*1337}}"
    text = text.replace("<org_name>google.com<", f"<org_name>{hostile}<")
    evidence.write_text(text, encoding="utf-8")
    arguments = ("simulate", "seed.example", "--zone", SEED, "--draft", DRAFT, "--senders", str(evidence))
    assert call(*arguments, "--html", str(report)).code == 1
    assert "Reported by: <script>alert(1)</script>{{1337*1337}}" in read(report).text


def test_a_hostile_message_is_text(call: Call, tmp_path: Path) -> None:
    evidence, report = tmp_path / "message.eml", tmp_path / "report.html"
    text = Path(MESSAGE).read_text(encoding="utf-8")
    text = text.replace(
        "Return-Path: <alice@seed.example>", 'Return-Path: <"<script>{{1337*1337}}</script>"@seed.example>'
    )
    evidence.write_text(text, encoding="utf-8")
    call("suggest", "seed.example", "--zone", SEED, "--senders", str(evidence), "--html", str(report))
    assert str(1337 * 1337) not in read(report).text
