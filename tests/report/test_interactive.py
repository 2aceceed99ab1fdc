"""Interactive reports, without a browser: what is in them, and what edits are answered."""

import gzip
import io
import json
import re
import subprocess
import sys
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import spfengine
from spfengine.advice.explained_check import CheckRequest, explained
from spfengine.cli.app import main
from spfengine.report import interactive
from spfengine.report.check import explained_page
from spfengine.report.edits.lint import EditableLint
from spfengine.report.edits.responding import responding, situation_in, situation_json
from spfengine.report.edits.simulation import MOST_SENDERS
from spfengine.report.edits.situation import Draft, Edit, Situation
from spfengine.report.html import view_html
from spfengine.report.simulate import simulation_page
from spfengine.text.limit_plan import limit_plan_lines
from tests.examples import mostly_full
from tests.report.dom import Page, unbroken
from tests.report.runtime import stand_in
from tests.report.samples import (
    BAKERY,
    DRAFT,
    HOSTILE,
    NEW,
    NOW,
    SEED,
    bakery_lint,
    hostile_check,
    hostile_lint,
    hostile_simulation,
    seed_check,
    seed_simulation,
)

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
SITUATIONS = (seed_simulation, hostile_simulation, seed_check, hostile_check, bakery_lint, hostile_lint)


@pytest.fixture
def _runtime(tmp_path: Path) -> Iterator[None]:
    """A package in place of Python for browsers."""
    with stand_in(tmp_path / "site"):
        yield


def answered(situation: Situation, drafts: Sequence[str | None], *senders: list[str]) -> dict[str, Any]:
    return edited(situation, drafts=drafts, senders=senders)


def edited(situation: Situation, **edit: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(responding(situation_json(situation).encode())(json.dumps(edit)))
    return found


@pytest.mark.parametrize("draft", mostly_full(EDITS, 5))
def test_an_edit_is_answered_as_the_command_answers_it(draft: str) -> None:
    """By a simulation on the zone itself, and not on what was recorded of it."""
    situation = seed_simulation()
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
    seen = answered(seed_simulation(), ["v=spf1 a mx exists:%{i}.x.seed.example -all"])
    assert "seed.example" in seen["view"]
    assert "temperror" in seen["view"]
    assert "depends on names" in answered(seed_simulation(), ["v=spf1 include:new.seed.example ~all"])["answer"]


def test_senders_that_the_reader_adds_are_simulated_too() -> None:
    situation = seed_simulation()
    expected = view_html(situation.page(Edit((DRAFT,), senders=(("150.95.55.137", "news@seed.example"),))), "")
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
    found = answered(seed_simulation(), drafts, *senders)
    assert list(found) == ["error"]
    assert message in found["error"]
    assert found["error"].isprintable()


CLIENTS = (
    ("192.0.2.1", None, None, None),
    (None, "news@seed.example", "mx1.seed.example", None),
    ("150.95.55.137", "", "seed.example", "v=spf1 a:%{h} -all"),
    (None, None, None, "v=spf1 a mx -all"),
    ("2001:db8::1", "postmaster@SEED.example", "", "v=spf1 a mx ~all"),
    ("198.51.100.7", None, None, f"v=spf1 {'mx ' * 11}-all"),
)
"""Address, MAIL FROM and HELO of clients that a reader may write, and the record; None: left alone."""


@pytest.mark.parametrize(("ip", "sender", "helo", "draft"), CLIENTS)
def test_a_check_of_another_client_is_answered_as_the_command_answers_it(
    ip: str | None, sender: str | None, helo: str | None, draft: str | None
) -> None:
    resolver: Any = spfengine.Zone.from_file(SEED)
    if draft is not None:
        resolver = spfengine.Overlay(resolver, {"seed.example": {"TXT": draft}})
    request = CheckRequest(
        ip or "23.83.218.24", "alice@seed.example" if sender is None else sender, helo or None
    )  # fmt: skip
    found = explained(request, resolver)
    drafts = {} if draft is None else {"seed.example": True}
    plan = [] if found.plan is None else list(limit_plan_lines(found.plan, None, ()))
    page = explained_page(found, request.limits, found.asked(drafts), plan)
    seen = edited(seed_check(), drafts=[draft], entries=[ip, sender, helo])
    assert seen["view"] == view_html(page, "")
    assert (seen["kind"], seen["subject"]) == (page.kind, page.subject)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["192.0.2", None, None], "192.0.2"),
        (["", None, None], "not an IP address"),
        (["<script>\x1b", None, None], "<script>"),
        ([None, "x" * 3000, None], "more than 2,000 characters"),
    ],
)
def test_a_client_that_cannot_be_checked_has_a_message(entries: list[str | None], message: str) -> None:
    found = edited(seed_check(), drafts=[None], entries=entries)
    assert list(found) == ["error"]
    assert message in found["error"]
    assert found["error"].isprintable()


def test_a_helo_name_that_is_checked_can_not_be_taken_out() -> None:
    situation = seed_check()
    for identity, entries in (("helo", [None, ""]), ("both", [None, None, ""])):
        request = replace(situation.request, helo="mx1.seed.example", identity=identity)
        assert "can't be empty" in edited(replace(situation, request=request), entries=entries)["error"]


def test_clients_of_domains_that_were_not_asked_for_are_not_known() -> None:
    seen = edited(seed_check(), entries=[None, "a@mx1.seed.example", None])
    assert seen["subject"] == "mx1.seed.example"
    assert "it is not known whether 23.83.218.24 is allowed" in seen["answer"]
    assert "outside-zone" in seen["view"]


RECORDS = (
    None,
    "v=spf1 include:_spf.google.com ~all",
    "v=spf1 a mx a mx ip4:192.0.2.1/33 all",
    ' "v=spf1 include:servers.mcsv.net" "~all"',
    "v=spf1 mx  -all ",
    "v=spf1 exists:%{i}.nobody.example -all",
)


@pytest.mark.parametrize("record", RECORDS)
def test_lint_of_another_record_is_answered_as_the_command_answers_it(record: str | None, call_lint: Any) -> None:
    """By the command itself, whose report this is compared with, but for the names of files and what was cleaned up."""
    situation = bakery_lint()
    seen = edited(situation, drafts=[record])["view"]
    words = ["bakery.example", "--zone", str(BAKERY)]
    html = call_lint(*words, *([] if record is None else ["--draft", record]))
    expected = html[html.index('tabindex="-1">\n') :].partition("\n")[2].partition("</main>")[0]
    expected = expected.partition('<section id="notes"')[0]
    expected = unbroken(expected)
    for path in (
        r" \([^()]*bakery\.zone, line \d+\)",
        f" --zone {re.escape(str(BAKERY))}",
        r'<span class="quiet"></span>',
    ):
        expected = re.sub(path, "", expected)
    assert unbroken(seen) == expected


@pytest.fixture
def call_lint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return the report that the command writes."""

    def run(*words: str) -> str:
        path = tmp_path / "report.html"
        main(["lint", *words, "--html", str(path)])
        capsys.readouterr()
        return path.read_text("utf-8")

    return run


def test_a_record_alone_and_codes_that_are_not_wanted() -> None:
    alone = EditableLint(None, (Draft("", "v=spf1 a -all"),), (), (), (), (), None)
    assert "Nothing found" in edited(alone, drafts=[None])["view"]
    assert "passes-everyone" in edited(alone, drafts=["v=spf1 +all"])["view"]
    few = replace(alone, left_out=("passes-everyone",))
    assert "Nothing found" in edited(few, drafts=["v=spf1 +all"])["view"]
    assert "the draft is empty" in edited(alone, drafts=[""])["error"]


@pytest.mark.parametrize("make", [seed_check, hostile_check, bakery_lint, hostile_lint])
def test_what_was_left_alone_is_as_published(make: Any) -> None:
    situation = make()
    assert edited(situation)["view"] == view_html(situation.page(Edit()), "")


@pytest.mark.parametrize("make", SITUATIONS)
def test_a_situation_survives_json(make: Any) -> None:
    situation = make()
    assert situation_in(situation_json(situation)) == situation


def test_hostile_text_is_answered_as_in_the_report() -> None:
    view = answered(hostile_simulation(), [NEW])["view"]
    first = HOSTILE["simulate"]()
    assert view.strip() in first


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize("make", SITUATIONS)
def test_a_page_holds_all_that_it_needs_and_allows_nothing_else(make: Any) -> None:
    situation = make()
    html = interactive.interactive_html(situation.page(Edit()), situation, NOW)
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
    assert situation_in(found[1]) == situation


@pytest.mark.usefixtures("_runtime")
def test_the_engine_in_it_has_no_commands_no_servers_and_no_tests() -> None:
    parts = dict(interactive._parts())
    assert parts.keys() == {*interactive.PARTS, "engine.zip"}
    assert gzip.decompress(b64decode(parts["pyodide.js"])) == b"pyodide.js"
    with zipfile.ZipFile(io.BytesIO(gzip.decompress(b64decode(parts["engine.zip"])))) as engine:
        names = engine.namelist()
    folders = {name.split("/")[1] for name in names if name.startswith("spfengine/")}
    assert not folders & {"cli", "compat", "testing", "policyd", "integrations", "web"}
    assert {name.split("/")[0] for name in names} == {"spfengine", "jinja2", "markupsafe", "idna"}
    assert {"spfengine/report/edits/responding.py", "spfengine/report/templates/view.html"} <= set(names)
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


ALONE = """
import json, sys
sys.path[:0] = sys.argv[1:2]
from spfengine.report.edits.responding import responding
assert responding.__code__.co_filename.startswith(sys.argv[1])
for path in sys.argv[2:]:
    found = json.loads(responding(open(path, "rb").read())('{"drafts": ["v=spf1 a mx ip4:192.0.2.1/33 all"]}'))
    print(found["answer"])
"""
"""Answers an edit of each situation with the engine of a report."""


@pytest.mark.usefixtures("_runtime")
def test_the_engine_in_it_needs_nothing_that_was_left_out(tmp_path: Path) -> None:
    engine = tmp_path / "engine.zip"
    engine.write_bytes(gzip.decompress(b64decode(dict(interactive._parts())["engine.zip"])))
    paths = []
    situations: list[Situation] = [seed_simulation(), seed_check(), bakery_lint()]
    for situation in situations:
        paths.append(tmp_path / f"{situation.kind}.json")
        paths[-1].write_text(situation_json(situation))
    command = [sys.executable, "-I", "-c", ALONE, str(engine), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(paths)


def test_without_python_for_browsers_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, interactive.RUNTIME, None)
    interactive._parts.cache_clear()
    situation = seed_simulation()
    with pytest.raises(spfengine.MissingExtraError, match=r"pip install 'spfengine\[live\]'"):
        interactive.interactive_html(situation.page(Edit()), situation)
