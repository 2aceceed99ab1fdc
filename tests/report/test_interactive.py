"""Interactive reports, without a browser: what is in them, and what edits are answered."""

import gzip
import io
import json
import re
import sys
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.report import interactive
from spfengine.report.edits import MOST_SENDERS, Situation, responding
from spfengine.report.html import view_html
from spfengine.report.simulate import simulation_page
from tests.examples import mostly_full
from tests.report.dom import Page
from tests.report.runtime import stand_in
from tests.report.samples import DRAFT, HOSTILE, NEW, NOW, SEED, hostile_situation, seed_situation

EDITS = (
    DRAFT,
    "v=spf1 a mx -all",
    "v=spf1 a mx ip4:198.51.100.0/24 ip6:2001:db8::/32 ~all",
    "v=spf1 a:mx1.seed.example ?all",
    "v=spf1 include:nobody.example.net -all",
    "v=spf1 redirect=seed.example",
    "v=spf1 ipv4:192.0.2.1 -all",
    "v=spf1 +all",
    "not a record",
    "\u201cv=spf1 mx \u2013all\u201d",
    "v=spf1 include:<script>alert(1)</script> x={{1337*1337}} y=</textarea></script></style> -all",
    f"v=spf1 {'ip4:192.0.2.1 ' * 4000}-all",
    "v=spf1 a:b\u00fccher.example \u202e\u0007 -all",
)
"""Drafts that a reader may write."""


@pytest.fixture
def _runtime(tmp_path: Path) -> Iterator[None]:
    """A package in place of Python for browsers."""
    with stand_in(tmp_path / "site"):
        yield


def answered(situation: Situation, drafts: list[str], *senders: list[str]) -> dict[str, Any]:
    octets = json.dumps(situation.to_dict()).encode()
    found: dict[str, Any] = json.loads(responding(octets)(json.dumps({"drafts": drafts, "senders": senders})))
    return found


@pytest.mark.parametrize("draft", mostly_full(EDITS, 5))
def test_an_edit_is_answered_as_the_command_answers_it(draft: str) -> None:
    """By a simulation on the zone itself, and not on what was recorded of it."""
    situation = seed_situation()
    zone = spfengine.Zone.from_file(SEED)
    record = draft.replace("\u201c", "").replace("\u201d", "").replace("\u2013", "-").strip()
    simulation = spfengine.simulate("seed.example", record, resolver=zone, senders=situation.senders)
    after = spfengine.Overlay(zone, {"seed.example": {"TXT": record}})
    expected = view_html(simulation_page(simulation, resolvers=(zone, after)), "")
    seen = answered(situation, [draft])
    assert seen["view"] == expected
    assert seen["kind"] == "What a change would do"
    assert seen["answer"]


def test_what_was_not_asked_when_the_report_was_made_is_not_known() -> None:
    seen = answered(seed_situation(), ["v=spf1 a mx exists:%{i}.x.seed.example -all"])
    assert "seed.example" in seen["view"]
    assert "temperror" in seen["view"]
    assert "depends on names" in answered(seed_situation(), ["v=spf1 include:new.seed.example ~all"])["answer"]


def test_senders_that_the_reader_adds_are_simulated_too() -> None:
    situation = seed_situation()
    more = spfengine.Sender("150.95.55.137", "news@seed.example")
    expected = view_html(situation.page((DRAFT,), (more,)), "")
    assert answered(situation, [DRAFT], [" 150.95.55.137 ", "news@seed.example"])["view"] == expected
    assert "150.95.55.137" in answered(situation, [DRAFT], ["150.95.55.137", ""])["view"]
    assert expected != answered(situation, [DRAFT])["view"]


@pytest.mark.parametrize(
    ("drafts", "senders", "message"),
    [
        ([" "], [], "the draft for seed.example is empty; write one such as v=spf1 mx -all"),
        (["v=spf1 " + "x" * (1 << 16)], [], "a draft of 65,543 characters; a TXT record has at most 65,535"),
        ([DRAFT], [["192.0.2", ""]], "192.0.2"),
        ([DRAFT], [["192.0.2.1", "a@other.example"]], "expected an address of seed.example"),
        ([DRAFT], [["<script>\x1b", "a@seed.example"]], "<script>"),
        ([DRAFT], [["192.0.2.1", ""]] * (MOST_SENDERS + 1), "more than 1,000 senders; take some out"),
    ],
)
def test_what_cannot_be_answered_has_a_message(drafts: list[str], senders: list[list[str]], message: str) -> None:
    found = answered(seed_situation(), drafts, *senders)
    assert list(found) == ["error"]
    assert message in found["error"]
    assert found["error"].isprintable()


@pytest.mark.parametrize("make", [seed_situation, hostile_situation])
def test_a_situation_survives_json(make: Any) -> None:
    situation = make()
    assert Situation.from_dict(json.loads(json.dumps(situation.to_dict()))) == situation


def test_hostile_text_is_answered_as_in_the_report() -> None:
    view = answered(hostile_situation(), [NEW])["view"]
    first = HOSTILE["simulate"]()
    assert view.strip() in first


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize("make", [seed_situation, hostile_situation])
def test_a_page_holds_all_that_it_needs_and_allows_nothing_else(make: Any) -> None:
    situation = make()
    html = interactive.interactive_html(situation.page(tuple(record for _, record in situation.drafts)), situation, NOW)
    page = Page(html)
    [policy] = [each["content"] for each in page.of("meta") if each.get("http-equiv")]
    code = html[html.rindex("<script>") + len("<script>") : html.rindex("</script>")]
    style = html[html.index("<style>") + len("<style>") : html.index("</style>")]
    digests = [b64encode(sha256(text.encode()).digest()).decode() for text in (style, code)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{digests[1]}' blob: 'wasm-unsafe-eval'; worker-src blob:; connect-src blob:"
    )
    scripts = page.of("script")
    assert [each.get("type") for each in scripts[-1:]] == [None]
    assert {each["type"] for each in scripts[:-1]} == {"application/json", "text/plain", "application/octet-stream"}
    assert not any("src" in each for each in scripts)
    found = re.search(r'id="situation">([^<]*)</script>', html)
    assert found is not None
    assert Situation.from_dict(json.loads(found[1])) == situation


@pytest.mark.usefixtures("_runtime")
def test_the_engine_in_it_has_no_commands_no_servers_and_no_tests() -> None:
    parts = dict(interactive._parts())
    assert parts.keys() == {*interactive.PARTS, "engine.zip"}
    assert gzip.decompress(b64decode(parts["pyodide.mjs"])) == b"pyodide.mjs"
    with zipfile.ZipFile(io.BytesIO(gzip.decompress(b64decode(parts["engine.zip"])))) as engine:
        names = engine.namelist()
    folders = {name.split("/")[1] for name in names if name.startswith("spfengine/")}
    assert not folders & {"cli", "compat", "testing", "policyd", "integrations", "web"}
    assert {name.split("/")[0] for name in names} == {"spfengine", "jinja2", "markupsafe", "idna"}
    assert {"spfengine/report/edits.py", "spfengine/report/templates/view.html"} <= set(names)
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


def test_without_python_for_browsers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, interactive.RUNTIME, None)
    interactive._parts.cache_clear()
    situation = seed_situation()
    with pytest.raises(spfengine.MissingExtraError, match=r"pip install 'spfengine\[live\]'"):
        interactive.interactive_html(situation.page((DRAFT,)), situation)
