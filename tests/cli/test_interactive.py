"""`--html FILE --interactive`: what the commands put into the report, and what they refuse."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spfengine.report import interactive
from spfengine.report.edits import Situation
from tests.cli.conftest import SEED, Call
from tests.report.runtime import stand_in

SIMULATE = ("simulate", "seed.example", "--zone", SEED, "--draft", "v=spf1 a ~all", "--sender", "23.83.218.24")


@pytest.fixture
def _runtime(tmp_path: Path) -> Iterator[None]:
    """A package in place of Python for browsers."""
    with stand_in(tmp_path / "site"):
        yield


def situation_in(path: Path) -> Situation:
    found = re.search(r'id="situation">([^<]*)</script>', path.read_text("utf-8"))
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    return Situation.from_dict(document)


@pytest.mark.usefixtures("_runtime")
def test_a_simulation_has_its_drafts_senders_and_answers(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    plain = call(*SIMULATE)
    drafts = ("--draft", "mail.seed.example=v=spf1 -all")
    assert call(*SIMULATE, *drafts, "--html", str(path), "--interactive").code == plain.code
    situation = situation_in(path)
    assert situation.domain == "seed.example"
    assert situation.drafts == (("seed.example", "v=spf1 a ~all"), ("mail.seed.example", "v=spf1 -all"))
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
    [(name, record)] = situation_in(path).drafts
    assert name == "seed.example"
    assert record in ended.out


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*SIMULATE, "--interactive"), "--interactive is a kind of report; expected --html FILE too"),
        (("simulate", "seed.example", "--zone", SEED, "--enforce"), "expected --draft RECORD"),
        (("simulate", "--zone", SEED, "--zone-after", SEED), "expected --draft RECORD"),
        ((*SIMULATE, "--public-suffixes", SEED), "has no list of --public-suffixes"),
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
