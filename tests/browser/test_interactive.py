"""Interactive reports in a real browser, from file://: the engine inside answers edits as the command does, offline."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spfengine.report import interactive
from spfengine.report.edits.situation import Edit, Situation
from spfengine.report.html import view_html
from spfengine.resolvers.zone import Zone
from spfengine.visible import visible
from tests.browser.test_reports import DESKTOP, OPEN_ALL, PHONE, Opened, opened, violations
from tests.optional import need, pyodide_folder
from tests.report.runtime import found_in
from tests.report.samples import (
    NEW,
    NOW,
    PAYLOADS,
    hostile_check,
    hostile_lint,
    hostile_simulation,
    seed_check,
    seed_simulation,
    yaml_lint,
)
from tests.report.test_interactive import EDITS
from tests.wire.doh_server import doh_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.full, pytest.mark.browser]

PATIENCE = 300_000
"""Milliseconds, on a busy machine: it starts in some seconds on one that is not."""
PARSED = "html => new DOMParser().parseFromString(html, 'text/html').body.innerHTML"
REFUSED = """async (url) => {
    const tries = [() => fetch(url), () => fetch("data:,x"), () => import(url), () => eval("1")];
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

    def start(self) -> None:
        self.page.click("#try > summary")
        self.page.locator("#status", has_text="Ready").wait_for(timeout=PATIENCE)

    def try_record(self, record: str) -> None:
        self.page.fill("#draft-1", record)
        self.wait()

    def write(self, number: int, text: str) -> None:
        self.page.fill(f"#entry-{number}", text)
        self.wait()

    def add(self, ip: str, mail_from: str = "") -> None:
        self.page.fill("#ip", ip)
        self.page.fill("#from", mail_from)
        self.page.keyboard.press("Enter")
        self.wait()

    def wait(self) -> None:
        self.page.locator("main:not(.waiting)").wait_for(timeout=PATIENCE)

    def is_as_native(self, edit: Edit) -> bool:
        """Whether the page shows what the engine in this process has."""
        page = self.situation.page(edit)
        expected = self.page.evaluate(PARSED, view_html(page, ""))
        said = visible("".join([span.text for span in page.answer]), 1000)
        seen = self.page.locator("main").evaluate("main => main.innerHTML")
        title = self.page.text_content("h1")
        return (seen, title, self.page.text_content("#status")) == (expected, page.subject, said)


def foreign(report: Opened) -> list[str]:
    """Return what the report asked for that is not a part of it."""
    return [url for url in report.requests if not url.startswith("blob:null/")]


def html_of(situation: Situation) -> str:
    return interactive.interactive_html(situation.page(Edit()), situation, NOW)


@pytest.mark.usefixtures("_runtime")
def test_edits_show_what_the_command_shows(chromium: "Browser", tmp_path: Path) -> None:
    situation = seed_simulation()
    html = html_of(situation)
    with opened(chromium, html, tmp_path, DESKTOP) as report:
        tried = Tried(report, situation)
        first = report.page.locator("main").evaluate("main => main.innerHTML")
        tried.start()
        for record in EDITS:
            tried.try_record(record)
            assert tried.is_as_native(Edit((record,))), record
        for payload in PAYLOADS:
            record = f"v=spf1 a include:{payload}.example {payload} x={payload} -all"
            tried.try_record(record)
            assert tried.is_as_native(Edit((record,))), record
        tried.try_record("  ")
        assert report.page.text_content("#status") == (
            "the draft for seed.example is empty; write one such as v=spf1 mx -all"
        )
        tried.try_record(EDITS[1])
        tried.add("150.95.55.137", "news@seed.example")
        more = Edit((EDITS[1],), senders=(("150.95.55.137", "news@seed.example"),))
        assert tried.is_as_native(more)
        tried.add("<b>192.0.2.1</b>")
        assert "not an IP address: '<b>192.0.2.1</b>'" in str(report.page.text_content("#status"))
        report.page.locator("#added button").last.click()
        tried.wait()
        assert tried.is_as_native(more)
        report.page.click("#back")
        assert report.page.locator("main").evaluate("main => main.innerHTML") == first
        assert report.messages == []
        assert foreign(report) == []


CLIENTS = (
    ("192.0.2.1", None, None),
    ("192.0.2.1", "<img/src=x/onerror=alert(1)>@seed.example", None),
    ("2001:db8::1", "", "seed.example"),
    ("2001:db8::1", "", "{{1337*1337}}"),
)


@pytest.mark.usefixtures("_runtime")
def test_other_clients_and_records_are_checked_as_by_the_command(
    chromium: "Browser", axe: str, pictures: Path | None, tmp_path: Path
) -> None:
    situation = seed_check()
    with opened(chromium, html_of(situation), tmp_path, PHONE) as report:
        tried = Tried(report, situation)
        tried.start()
        for client in CLIENTS:
            for number, text in enumerate(client, 1):
                if text is not None:
                    tried.write(number, text)
            assert tried.is_as_native(Edit(entries=client)), client
        tried.try_record("v=spf1 a mx ip6:2001:db8::/32 -all")
        assert tried.is_as_native(Edit(("v=spf1 a mx ip6:2001:db8::/32 -all",), CLIENTS[-1]))
        if pictures is not None:
            report.page.screenshot(path=pictures / "interactive-check-360-light.png", full_page=True)
        assert report.overflow() <= 0
        assert violations(report, axe) == []
        tried.write(1, "<b>")
        assert "not an IP address: '<b>'" in str(report.page.text_content("#status"))
        report.page.click("#back")
        assert report.page.text_content("h1") == "seed.example"
        assert report.messages == []
        assert foreign(report) == []


@pytest.mark.usefixtures("_runtime")
def test_other_records_are_linted_as_by_the_command(
    chromium: "Browser", axe: str, pictures: Path | None, tmp_path: Path
) -> None:
    """The zone is in the report, in YAML, so that also what the whole zone shows is found."""
    situation = yaml_lint()
    with opened(chromium, html_of(situation), tmp_path, PHONE, "dark") as report:
        tried = Tried(report, situation)
        tried.start()
        for record in ("v=spf1 a:nobody.seed.example -all", *EDITS[:5], *EDITS[6:10]):
            tried.try_record(record)
            assert tried.is_as_native(Edit((record,))), record
        if pictures is not None:
            report.page.screenshot(path=pictures / "interactive-lint-360-dark.png", full_page=True)
        assert report.overflow() <= 0
        assert violations(report, axe) == []
        assert report.messages == []
        assert foreign(report) == []


@pytest.mark.usefixtures("_runtime")
@pytest.mark.parametrize("make", [hostile_check, hostile_lint])
def test_hostile_names_and_senders_are_only_shown(chromium: "Browser", tmp_path: Path, make: Any) -> None:
    situation = make()
    with opened(chromium, html_of(situation), tmp_path, PHONE) as report:
        tried = Tried(report, situation)
        tried.start()
        tried.try_record(NEW)
        assert tried.is_as_native(Edit((NEW,)))
        report.page.evaluate(OPEN_ALL)
        assert report.overflow() <= 0
        assert report.messages == []
        assert foreign(report) == []


@pytest.mark.usefixtures("_runtime")
def test_hostile_text_is_only_shown(chromium: "Browser", tmp_path: Path) -> None:
    situation = hostile_simulation()
    with opened(chromium, html_of(situation), tmp_path, PHONE) as report:
        tried = Tried(report, situation)
        tried.start()
        for record in (NEW, "v=spf1 include:<script>alert(1)</script>.hostile.example -all"):
            tried.try_record(record)
            assert tried.is_as_native(Edit((record,)))
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
    situation = seed_simulation()
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
        assert tried.is_as_native(Edit(("v=spf1 a mx -all",), senders=(("203.0.113.99", ""),)))
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
    situation = seed_simulation()
    with (
        doh_server(Zone({}), tls=False) as (url, log),
        opened(chromium, html_of(situation), tmp_path, DESKTOP) as report,
    ):
        Tried(report, situation).start()
        assert report.messages == []
        assert report.page.evaluate(REFUSED, url) == ["refused"] * 4
        [worker] = report.page.workers
        assert worker.evaluate("url => fetch(url).then(() => 'done', () => 'refused')", url) == "refused"
        assert log.connections == 0
