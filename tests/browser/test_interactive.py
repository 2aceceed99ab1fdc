"""Interactive reports in a real browser, from file://: the engine inside answers edits as the command does, offline."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spfengine.report import interactive
from spfengine.report.edits import Situation
from spfengine.report.html import view_html
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.senders import Sender
from spfengine.visible import visible
from tests.browser.test_reports import DESKTOP, OPEN_ALL, PHONE, Opened, opened, violations
from tests.optional import need, pyodide_folder
from tests.report.runtime import found_in
from tests.report.samples import NEW, NOW, PAYLOADS, hostile_situation, seed_situation
from tests.report.test_interactive import EDITS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.full, pytest.mark.browser]

PATIENCE = 300_000
"""Milliseconds, on a busy machine: it starts in some seconds on one that is not."""
PARSED = "html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML"
REFUSED = """async () => {
    const tries = [
        () => fetch("https://example.com/"), () => fetch("data:,x"), () => import("https://example.com/x.js"),
        () => eval("1"),
    ];
    const seen = [];
    for (const each of tries) {
        try { await each(); seen.push("done"); } catch { seen.push("refused"); }
    }
    return seen;
}"""


@pytest.fixture(scope="module")
def _runtime(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Python for browsers, as its script packs it."""
    need("hatchling")
    folder = tmp_path_factory.mktemp("runtime")
    command = [
        sys.executable,
        "-m",
        "scripts.build_live_runtime",
        "--pyodide",
        str(pyodide_folder()),
        "--output",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=repository)
    [wheel] = folder.glob("*.whl")
    with found_in(wheel):
        yield


class Tried:
    """An interactive report in the browser, whose reader tries other records."""

    def __init__(self, report: Opened, situation: Situation) -> None:
        self.page = report.page
        self.situation = situation
        self.added: tuple[Sender, ...] = ()

    def start(self) -> None:
        self.page.click("#try > summary")
        self.page.locator("#status", has_text="Ready").wait_for(timeout=PATIENCE)

    def try_record(self, record: str) -> None:
        self.page.fill("#draft-1", record)
        self.wait()

    def add(self, ip: str, mail_from: str = "") -> None:
        self.page.fill("#ip", ip)
        self.page.fill("#from", mail_from)
        self.page.keyboard.press("Enter")
        self.wait()

    def wait(self) -> None:
        self.page.locator("main:not(.waiting)").wait_for(timeout=PATIENCE)

    def is_as_native(self, record: str, *added: Sender) -> bool:
        """Whether the page shows what a simulation in this process has."""
        page = self.situation.page((read_pasted(record.strip()).text,), added)
        expected = self.page.evaluate(PARSED, view_html(page, ""))
        said = visible("".join([span.text for span in page.answer]), 1000)
        seen = self.page.locator("main").evaluate("main => main.innerHTML")
        return (seen, self.page.text_content("#status")) == (expected, said)


def foreign(report: Opened) -> list[str]:
    """Return what the report asked for that is not a part of it."""
    return [url for url in report.requests if not url.startswith("blob:null/")]


def html_of(situation: Situation) -> str:
    first = situation.page(tuple([record for _, record in situation.drafts]))
    return interactive.interactive_html(first, situation, NOW)


@pytest.mark.usefixtures("_runtime")
def test_edits_show_what_the_command_shows(chromium: "Browser", tmp_path: Path) -> None:
    situation = seed_situation()
    html = html_of(situation)
    with opened(chromium, html, tmp_path, DESKTOP) as report:
        tried = Tried(report, situation)
        first = report.page.locator("main").evaluate("main => main.innerHTML")
        tried.start()
        for record in EDITS:
            tried.try_record(record)
            assert tried.is_as_native(record), record
        for payload in PAYLOADS:
            record = f"v=spf1 a include:{payload}.example {payload} x={payload} -all"
            tried.try_record(record)
            assert tried.is_as_native(record), record
        tried.try_record("  ")
        assert report.page.text_content("#status") == (
            "the draft for seed.example is empty; write one such as v=spf1 mx -all"
        )
        tried.try_record(EDITS[1])
        tried.add("150.95.55.137", "news@seed.example")
        more = Sender("150.95.55.137", "news@seed.example")
        assert tried.is_as_native(EDITS[1], more)
        tried.add("<b>192.0.2.1</b>")
        assert "not an IP address: '<b>192.0.2.1</b>'" in str(report.page.text_content("#status"))
        report.page.locator("#added button").last.click()
        tried.wait()
        assert tried.is_as_native(EDITS[1], more)
        report.page.click("#back")
        assert report.page.locator("main").evaluate("main => main.innerHTML") == first
        assert report.messages == []
        assert foreign(report) == []


@pytest.mark.usefixtures("_runtime")
def test_hostile_text_is_only_shown(chromium: "Browser", tmp_path: Path) -> None:
    situation = hostile_situation()
    with opened(chromium, html_of(situation), tmp_path, PHONE) as report:
        tried = Tried(report, situation)
        tried.start()
        for record in (NEW, "v=spf1 include:<script>alert(1)</script>.hostile.example -all"):
            tried.try_record(record)
            assert tried.is_as_native(record)
            report.page.evaluate(OPEN_ALL)
            assert report.overflow() <= 0
        main = report.page.locator("main")
        assert main.locator("script, img, iframe, object, embed, link, form, [style], [onload], [onerror]").count() == 0
        assert str(1337 * 1337) not in report.page.inner_text("main")
        assert report.messages == []
        assert foreign(report) == []


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_everybody_can_use_it(
    chromium: "Browser", axe: str, pictures: Path | None, tmp_path: Path, width: int, scheme: str
) -> None:
    situation = seed_situation()
    html = html_of(situation)
    with opened(chromium, html, tmp_path, width, scheme) as report:
        page = report.page
        tried = Tried(report, situation)
        assert violations(report, axe) == []
        for _ in range(2):  # the link to the answer, and the summary
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#status", has_text="Ready").wait_for(timeout=PATIENCE)
        page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type("v=spf1 a mx -all")
        tried.wait()
        for text in ("203.0.113.99", ""):
            page.keyboard.press("Tab")
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        tried.wait()
        assert tried.is_as_native("v=spf1 a mx -all", Sender("203.0.113.99", "@seed.example"))
        if pictures is not None:
            page.screenshot(path=pictures / f"interactive-{width}-{scheme}.png", full_page=True)
        assert report.overflow() <= 0
        page.evaluate(OPEN_ALL)
        assert report.overflow() <= 0
        assert violations(report, axe) == []
        assert report.messages == []
        assert foreign(report) == []
        assert page.evaluate("document.activeElement.id") == "ip"


@pytest.mark.usefixtures("_runtime")
def test_neither_page_nor_worker_can_ask_anybody(chromium: "Browser", tmp_path: Path) -> None:
    situation = seed_situation()
    with opened(chromium, html_of(situation), tmp_path, DESKTOP) as report:
        Tried(report, situation).start()
        assert report.messages == []
        seen = report.page.evaluate(REFUSED)
        assert seen == ["refused"] * 4
        [worker] = report.page.workers
        assert worker.evaluate("() => fetch('https://example.com/').then(() => 'done', () => 'refused')") == "refused"
        assert foreign(report) == []
