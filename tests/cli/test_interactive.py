"""`--html FILE --interactive`: what the commands put into the report, and what they refuse."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spfengine.report import interactive
from spfengine.report.edits.check import EditableCheck
from spfengine.report.edits.lint import EditableLint
from spfengine.report.edits.responding import situation_in
from spfengine.report.edits.simulation import EditableSimulation
from spfengine.report.edits.situation import Draft, Edit, Situation
from spfengine.report.html import view_html
from tests.cli.conftest import SEED, Call
from tests.report.dom import unbroken
from tests.report.runtime import stand_in

SIMULATE = ("simulate", "seed.example", "--zone", SEED, "--draft", "v=spf1 a ~all", "--sender", "23.83.218.24")


@pytest.fixture
def _runtime(tmp_path: Path) -> Iterator[None]:
    """A package in place of Python for browsers."""
    with stand_in(tmp_path / "site"):
        yield


def embedded(path: Path) -> Situation:
    found = re.search(r'id="situation">([^<]*)</script>', path.read_text("utf-8"))
    assert found is not None
    return situation_in(found[1])


def shown(path: Path) -> str:
    """Return what the report shows first, without what only the command says."""
    html = path.read_text("utf-8")
    view = html[html.index('tabindex="-1">\n') :].partition("\n")[2].partition("</main>")[0]
    return re.sub(r'<span class="quiet"> \([^()]*\.zone, line \d+\)</span>', "", unbroken(view))


@pytest.mark.usefixtures("_runtime")
def test_a_simulation_has_its_drafts_senders_and_answers(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    plain = call(*SIMULATE)
    drafts = ("--draft", "mail.seed.example=v=spf1 -all")
    assert call(*SIMULATE, *drafts, "--html", str(path), "--interactive").code == plain.code
    situation = embedded(path)
    assert isinstance(situation, EditableSimulation)
    assert situation.domain == "seed.example"
    assert situation.drafts == (Draft("seed.example", "v=spf1 a ~all"), Draft("mail.seed.example", "v=spf1 -all"))
    assert [sender.ip for sender in situation.senders] == ["23.83.218.24"]
    asked = {(question.name, str(question.type)) for question, _ in situation.answers.answers}
    assert {("seed.example", "TXT"), ("seed.example", "A"), ("seed.example", "MX"), ("mx1.seed.example", "A")} <= asked
    published = [answer.texts() for question, answer in situation.answers.answers if question.type == "TXT"]
    assert ["v=spf1 a ~all"] not in published
    assert path.read_text("utf-8").count("<textarea") == 2


@pytest.mark.usefixtures("_runtime")
def test_a_suggestion_begins_with_the_record_that_it_proposes(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    words = ("suggest", "seed.example", "--zone", SEED, "--sender", "23.83.218.24", "--brief")
    ended = call(*words, "--html", str(path), "--interactive")
    [(name, record, _)] = embedded(path).drafts
    assert name == "seed.example"
    assert record in ended.out


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(
    ("words", "client", "names"),
    [
        ((), ("23.83.218.24", "alice@seed.example", None), ["seed.example"]),
        (("--helo", "mx1.seed.example", "--identity", "both"), None, ["seed.example"]),
        (("--helo", "mx1.seed.example", "--identity", "helo"), None, ["mx1.seed.example"]),
        (("--void-rule", "per-lookup", "--draft", "v=spf1 a -all", "--draft", "x.example=v=spf1 -all"), None,
         ["seed.example", "x.example"]),
    ],
)  # fmt: skip
def test_a_check_has_its_client_its_limits_and_its_records(
    call: Call, tmp_path: Path, words: tuple[str, ...], client: tuple[str, ...] | None, names: list[str]
) -> None:
    path = tmp_path / "report.html"
    ended = call("check", "23.83.218.24", "alice@seed.example", "--zone", SEED, *words)
    assert (
        call(
            "check", "23.83.218.24", "alice@seed.example", "--zone", SEED, *words, "--html", str(path), "--interactive"
        )
        == ended
    )
    situation = embedded(path)
    assert isinstance(situation, EditableCheck)
    assert [draft.name for draft in situation.drafts] == names
    assert [draft.is_published for draft in situation.drafts] == ["--draft" not in words] * len(names)
    if client is not None:
        assert (situation.request.ip, situation.request.sender, situation.request.helo) == client
        assert situation.drafts[0].record == "v=spf1 +a +mx +ip4:150.95.55.137 +ip4:163.44.239.12 ~all"
    assert unbroken(view_html(situation.page(Edit()), "")) == shown(path)


@pytest.mark.usefixtures("_runtime")
def test_lint_has_the_files_of_the_zone_and_what_is_reported(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    words = ("lint", "seed.example", "--zone", SEED, "--ignore", "txt-over-512", "--own", "own.example")
    plain = call(*words)
    assert call(*words, "--html", str(path), "--interactive") == plain
    situation = embedded(path)
    assert isinstance(situation, EditableLint)
    assert [(file.name, file.content) for file in situation.files] == [("seed.zone", Path(SEED).read_bytes())]
    assert (situation.domain, situation.own, situation.left_out) == (
        "seed.example",
        ("own.example",),
        ("txt-over-512",),
    )
    assert situation.answers is None
    assert [draft.is_published for draft in situation.drafts] == [True]
    assert unbroken(view_html(situation.page(Edit()), "")) == shown(path)


@pytest.mark.usefixtures("_runtime")
def test_lint_of_a_zone_in_yaml_has_what_reads_it(call: Call, tmp_path: Path) -> None:
    zone = tmp_path / "seed.example.yaml"
    zone.write_text("'': {type: TXT, value: 'v=spf1 a -all'}\n")
    path = tmp_path / "report.html"
    assert call("lint", "seed.example", "--zone", str(zone), "--html", str(path), "--interactive").code in (0, 1, 2)
    situation = embedded(path)
    assert situation.needs == ("yaml",)
    assert unbroken(view_html(situation.page(Edit()), "")) == shown(path)


@pytest.mark.usefixtures("_runtime")
def test_lint_of_a_record_alone_has_nothing_else(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    call("lint", "--draft", '"v=spf1 a" "mx -all"', "--html", str(path), "--interactive")
    situation = embedded(path)
    assert isinstance(situation, EditableLint)
    assert situation.drafts == (Draft("", '"v=spf1 a" "mx -all"'),)
    assert (situation.domain, situation.files, situation.answers) == (None, (), None)
    assert shown(path).startswith(unbroken(view_html(situation.page(Edit()), "")).rstrip())


def test_a_zone_that_is_too_large_for_a_report_is_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spfengine.cli.lint_edits._MOST_OCTETS", 10)
    path = tmp_path / "report.html"
    with stand_in(tmp_path / "site"):
        ended = call("lint", "seed.example", "--zone", SEED, "--html", str(path), "--interactive")
    assert ended.code == 65
    assert "a report of --interactive holds at most" in ended.err
    assert not path.exists()


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*SIMULATE, "--interactive"), "--interactive is a kind of report; expected --html FILE too"),
        (("simulate", "seed.example", "--zone", SEED, "--enforce"), "expected --draft RECORD"),
        (("simulate", "--zone", SEED, "--zone-after", SEED), "expected --draft RECORD"),
        ((*SIMULATE, "--public-suffixes", SEED), "has no list of --public-suffixes"),
        (("lint", "--zone", SEED), "expected DOMAIN or --draft RECORD"),
        (("lint", "--source", SEED), "expected DOMAIN or --draft RECORD"),
        (("lint", "seed.example", "--zone", "-"), "expected files, and not -"),
    ],
)
def test_what_has_no_draft_to_edit_is_refused(call: Call, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    path = tmp_path / "report.html"
    more = () if "--interactive" in words else ("--html", str(path), "--interactive")
    ended = call(*words, *more)
    assert ended.code == 64
    assert message in ended.err
    assert not path.exists()


def test_without_python_for_browsers_it_says_what_to_install_in_one_line(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, interactive.RUNTIME, None)
    ended = call(*SIMULATE, "--html", str(tmp_path / "report.html"), "--interactive")
    assert ended.code == 69
    assert ended.err.count("\n") == 1
    assert "pip install 'spfengine[live]'" in ended.err
    assert list(tmp_path.iterdir()) == []
