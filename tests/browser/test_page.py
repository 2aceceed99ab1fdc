"""The page in a real browser: as `spfengine ui` serves it, and as the playground, with the engine in the browser."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from scripts.build_playground import build
from spfengine import Zone
from tests.browser.test_reports import DESKTOP, LOADED, OPEN_ALL, PHONE, Opened, violations
from tests.conftest import REPOSITORY
from tests.optional import missing, need, pyodide_folder
from tests.report.dom import Page as ReadPage, foreign
from tests.report.samples import INVISIBLE, PAYLOADS
from tests.web.serving import folder, ui
from tests.web.test_answers import PROPOSED

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator

    from tests.wire.doh_server import Log

pytestmark = [pytest.mark.full, pytest.mark.browser]

MESSAGE = (REPOSITORY / "examples" / "seed-message.eml").read_text(encoding="utf-8")
ZONE = (REPOSITORY / "examples" / "seed.zone").read_text(encoding="utf-8")
REPORT = REPOSITORY / "examples" / "seed-report.xml"
TABS = ("check", "publish", "change", "lint", "read")
READY = 120_000
"""Milliseconds in which the engine is loaded, on a machine that is busy."""
FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"
_MOST_TABS = 60


def _reply(handler: "BaseHTTPRequestHandler", query: bytes) -> None:
    """Answer a query as a public resolver answers web pages: with permission to read it (CORS)."""
    from tests.wire.doh_server import reply_of, sending

    sending(reply_of(Zone.from_text(ZONE), query) or b"", access_control_allow_origin="*")(handler, query)


@pytest.fixture(scope="module")
def resolver() -> "Iterator[tuple[str, Log]]":
    """A resolver on loopback that answers DNS over HTTPS, and what it gets."""
    need("trustme")
    need("h2")
    from tests.wire.doh_server import doh_server

    with doh_server(Zone({}), _reply, tls=False) as served:
        yield served


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory, resolver: "tuple[str, Log]") -> Path:
    """The playground, built, which may ask the resolver on loopback."""
    if shutil.which("node") is None:
        missing("Node.js is missing: apt-get install -y nodejs")
    pyodide = pyodide_folder()
    output = tmp_path_factory.mktemp("playground") / "try"
    build(pyodide, output, {"Loopback": resolver[0]})
    return output


@pytest.fixture(scope="module", params=["ui", "playground"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the page."""
    need("starlette")
    need("uvicorn")
    with ui() if request.param == "ui" else folder(request.getfixturevalue("playground")) as served:
        yield served if isinstance(served, str) else served[0]


class Visit(Opened):
    """The page in the browser, ready to be used.

    Attributes:
        context: the browser's context.
        asked: every request of the page and its workers, as the browser's own log has it.
    """

    def __init__(self, context: "BrowserContext", url: str, fragment: str = "") -> None:
        self.context = context
        self.place = url
        self.asked: list[str] = []
        context.on("request", lambda request: self.asked.append(request.url))
        super().__init__(context.new_page(), url + fragment)
        self.page.set_default_timeout(READY)
        self.page.locator("html[data-ready]").wait_for(state="attached", timeout=READY)

    def is_quiet(self) -> bool:
        """Whether the browser reported nothing, and nothing was asked of anybody but of where the page is from."""
        here = (self.place, f"blob:{self.place}")
        return not self.messages and all(url.startswith(here) for url in (*self.requests, *self.asked))

    def view(self, task: str) -> "Locator":
        return self.page.locator(f"#panel-{task} .view")

    def fill(self, **values: str) -> None:
        """Give texts, and ask no DNS."""
        for name, value in values.items():
            self.page.fill(f"#{name}", value)
        live = self.page.locator("#live")
        if live.is_visible():
            live.uncheck()

    def look_in_vain(self) -> None:
        """Press the button."""
        self.page.click("#given button[type=submit]")

    def look(self) -> None:
        """Press the button, and wait until everything is shown."""
        self.look_in_vain()
        self.view("lint").locator(".answer").wait_for(state="attached")

    def tab_to(self, target: str) -> None:
        """Press Tab until something is focused: its id, or its text. Whatever is focused on the way can be seen."""
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(OUTLINE) in ("solid", "auto")
            if self.page.evaluate(FOCUSED) == target:
                return
        raise AssertionError(f"Tab does not lead to {target}")

    def paste(self, text: str) -> None:
        """Paste from the clipboard, by the keys."""
        self.page.evaluate("text => navigator.clipboard.writeText(text)", text)
        self.page.keyboard.press("ControlOrMeta+V")


@contextmanager
def visiting(
    chromium: "Browser", place: str, width: int = DESKTOP, scheme: Any = "light", fragment: str = ""
) -> Iterator[Visit]:
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=place.rstrip("/"))
    try:
        yield Visit(context, place, fragment)
    finally:
        context.close()


def test_the_seed_story_by_keyboard_alone(chromium: "Browser", place: str) -> None:
    """From pasting the message to copying the record."""
    from playwright.sync_api import expect

    with visiting(chromium, place) as visit:
        page = visit.page
        visit.tab_to("message")
        visit.paste(MESSAGE)
        visit.tab_to("zone")
        visit.paste(ZONE)
        if page.locator("#live").is_visible():
            visit.tab_to("live")
            page.keyboard.press("Space")
            assert not page.locator("#live").is_checked()
        visit.tab_to("Show why, and what to publish")
        page.keyboard.press("Enter")
        expect(visit.view("check").locator(".answer")).to_contain_text("23.83.218.24 is probably not allowed")
        expect(visit.view("check")).to_contain_text("MailChannels")
        expect(page.locator("#status")).to_have_text("seed.example: publish this record")
        visit.tab_to("tab-check")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(FOCUSED) == "tab-publish"
        expect(visit.view("publish").locator(".answer")).to_have_text("Publish this record")
        expect(visit.view("check")).to_be_hidden()
        visit.tab_to("copy-record")
        page.keyboard.press("Enter")
        expect(page.locator("#copy-record")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == PROPOSED
        page.locator("#tab-publish").focus()
        page.keyboard.press("ArrowRight")
        visit.tab_to("draft")
        assert page.input_value("#draft") == PROPOSED
        expect(page.locator("#draft-status")).to_have_text("nothing gets worse")
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type("v=spf1 -all")
        expect(page.locator("#draft-status")).to_contain_text("something gets worse")
        expect(visit.view("change").locator(".answer")).to_contain_text("Something gets worse")
        visit.tab_to("copy-draft")
        page.keyboard.press("Space")
        expect(page.locator("#copy-draft")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "v=spf1 -all"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("End")
        assert page.evaluate(FOCUSED) == "tab-read"
        assert visit.is_quiet()


@pytest.mark.parametrize(("width", "scheme"), [(PHONE, "dark"), (DESKTOP, "light")])
def test_the_page_can_be_used_by_everybody(
    chromium: "Browser", place: str, axe: str, pictures: Path | None, request: pytest.FixtureRequest, width: int,
    scheme: str,
) -> None:  # fmt: skip
    with visiting(chromium, place, width, scheme) as visit:
        page = visit.page
        name = f"{request.node.callspec.params['place']}-{width}-{scheme}"

        def look(what: str) -> None:
            if pictures is not None:
                page.screenshot(path=pictures / f"page-{name}-{what}.png", full_page=True)
            assert visit.overflow() <= 0
            assert violations(visit, axe) == []

        look("start")
        visit.fill(message=MESSAGE, zone=ZONE)
        visit.look()
        for task in TABS:
            page.click(f"#tab-{task}")
            page.evaluate(OPEN_ALL)
            look(task)
        visit.fill(zone="$%&")
        visit.look_in_vain()
        page.locator("#problem:not(:empty)").wait_for()
        look("problem")
        assert visit.is_quiet()


def test_hostile_text_is_only_shown(chromium: "Browser", place: str) -> None:
    everything = " ".join(PAYLOADS)
    name = "<script>alert(1)</script>.hostile.example"
    terms = " ".join([f"x{at}={payload.replace('%', '%%')}" for at, payload in enumerate(PAYLOADS)])
    recording = {"zonedata": {
        "hostile.example": [{"TXT": f"v=spf1 ip4:192.0.2.0/24 include:{name} {terms} -all"}, {"TXT": everything}],
        name: [{"TXT": f"v=spf1 ip4:198.51.100.0/24 {terms} -all"}],
    }}  # fmt: skip
    rows = [
        {"ip": f"203.0.113.{at}", "sender": f"{each}@hostile.example", "helo": each, "label": each[:60]}
        for at, each in enumerate([*PAYLOADS, "x" * (1 << 16)])
    ]
    with visiting(chromium, place, PHONE) as visit:
        page = visit.page
        visit.fill(message=json.dumps(rows), domain="hostile.example")
        zone: FilePayload = {
            "name": f"{everything[:150]}{INVISIBLE}.json",
            "mimeType": "",
            "buffer": json.dumps(recording).encode(),
        }
        page.set_input_files("#zone-files", zone)
        page.fill("#record", f"v=spf1 ip4:192.0.2.0/25 include:{name} {terms} y=<b>{'x' * 40_000} -all")
        visit.look()
        for task in TABS:
            page.click(f"#tab-{task}")
            page.evaluate(OPEN_ALL)
            assert visit.overflow() <= 0
            assert visit.view(task).evaluate(f"view => {LOADED.replace('document', 'view')}") == 0
            assert str(1337 * 1337) not in page.inner_text("body")
        assert "<script>alert(1)</script>" in visit.view("change").inner_text()
        assert "{{1337*1337}}" in page.locator("#panel-change").inner_text()
        assert page.locator("#zone-chosen").inner_text().startswith("<script>")
        assert visit.is_quiet()


ASK_OTHERS = """new Promise(resolve => {
    addEventListener("securitypolicyviolation", event => resolve(event.violatedDirective));
    fetch("https://example.com/").then(() => resolve("sent"), () => setTimeout(resolve, 1000, "failed"));
})"""
"""Asks another host, and says which directive of the policy forbade it."""


def test_the_policy_is_in_force(chromium: "Browser", place: str) -> None:
    """What got into a view after all does nothing."""
    with visiting(chromium, place) as visit:
        page = visit.page
        hostile = "<img src=x onerror='document.title = 1'><p id=x style='color: red'>x</p>"
        page.evaluate("html => { document.querySelector('#problem').innerHTML = html }", hostile)
        assert page.evaluate("getComputedStyle(document.getElementById('x')).color") != "rgb(255, 0, 0)"
        assert page.evaluate(ASK_OTHERS) == "connect-src"
        for worker in page.workers:
            assert worker.evaluate(ASK_OTHERS) == "connect-src"
        assert page.title() != "1"
        assert any("event handler" in message for message in visit.messages)
        assert not any("example.com" in url for url in visit.asked)


def test_files_are_chosen_dropped_and_taken_out(chromium: "Browser", place: str) -> None:
    from playwright.sync_api import expect

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("report.xml", REPORT.read_bytes())
    with visiting(chromium, place) as visit:
        page = visit.page
        visit.fill(zone=ZONE)
        dropped = page.evaluate_handle("new DataTransfer()")
        page.evaluate("([transfer, text]) => transfer.items.add(new File([text], 'dropped.eml'))", [dropped, MESSAGE])
        for _ in range(2):  # the same file again is no other one
            page.dispatch_event("#evidence", "drop", {"dataTransfer": dropped})
        zipped: FilePayload = {"name": "report.zip", "mimeType": "application/zip", "buffer": archive.getvalue()}
        page.set_input_files("#evidence-files", zipped)
        expect(page.locator("#evidence-chosen li")).to_have_count(2)
        visit.look()
        both = page.locator("#senders option").count()
        page.get_by_role("button", name="Remove dropped.eml").click()
        assert page.evaluate(FOCUSED) == "evidence-files"
        visit.look()
        expect(page.locator("#senders option")).to_have_count(both - 1)
        assert visit.is_quiet()


def test_a_report_is_downloaded(chromium: "Browser", place: str) -> None:
    with visiting(chromium, place) as visit:
        visit.fill(message=MESSAGE, zone=ZONE)
        visit.look()
        visit.page.click("#tab-publish")
        with visit.page.expect_download() as started:
            visit.page.click("#panel-publish .download")
        assert started.value.suggested_filename == "seed.example-publish.html"
        report = ReadPage(Path(started.value.path()).read_text(encoding="utf-8"))
        assert list(foreign(report)) == []
        assert PROPOSED in report.text
        assert visit.is_quiet()


def test_what_is_missing_is_said_at_its_field(chromium: "Browser", place: str) -> None:
    from playwright.sync_api import expect

    with visiting(chromium, place) as visit:
        page = visit.page
        visit.fill(zone=ZONE)
        visit.look_in_vain()
        expect(page.locator("#problem")).to_contain_text("give the domain")
        assert page.evaluate(FOCUSED) == "domain"
        assert page.get_attribute("#domain", "aria-describedby") == "problem"
        page.fill("#domain", "seed.example")
        page.keyboard.press("Enter")
        expect(visit.view("lint").locator(".answer")).to_be_visible()
        expect(page.locator("#problem")).to_be_empty()
        assert visit.is_quiet()


def test_a_link_fills_it_in(chromium: "Browser", place: str) -> None:
    from playwright.sync_api import expect

    with visiting(chromium, place, fragment="#record=v%3Dspf1%20ipv4%3A192.0.2.1%20-all") as visit:
        expect(visit.view("lint")).to_contain_text("ip4:192.0.2.1")
        assert visit.page.input_value("#record") == "v=spf1 ipv4:192.0.2.1 -all"
        assert visit.page.locator("[role=tab]:visible").all_inner_texts() == ["What is wrong"]
    client = {"domain": "seed.example", "zone": ZONE, "ip": "23.83.218.24", "sender": "alice@seed.example"}
    with visiting(chromium, place, fragment=f"#{urlencode(client)}") as visit:
        expect(visit.view("check").locator(".answer")).to_contain_text("23.83.218.24 is probably not allowed")
        assert visit.is_quiet()


def test_dns_is_asked_only_by_the_page_that_is_for_it(
    chromium: "Browser", playground: Path, resolver: "tuple[str, Log]"
) -> None:
    from playwright.sync_api import expect

    url, log = resolver
    with folder(playground) as address, visiting(chromium, address) as visit:
        page = visit.page
        page.fill("#message", MESSAGE)
        visit.look_in_vain()
        expect(page.locator("#problem")).to_contain_text("paste or drop a zone export")
        assert not log.requests
        page.select_option("#resolver", "Ask Loopback")
        page.wait_for_url(f"{address}loopback.html#*")
        page.locator("html[data-ready]").wait_for(state="attached")
        expect(page.locator("#live-about")).to_contain_text("Loopback then learns your address and the names")
        assert page.input_value("#message") == MESSAGE
        assert not log.requests
        visit.look()
        expect(visit.view("check").locator(".answer")).to_contain_text("23.83.218.24 is probably not allowed")
        expect(page.locator("#status")).to_have_text("seed.example: publish this record")
        assert log.requests
        others = [each for each in (*visit.requests, *visit.asked) if not each.startswith((address, f"blob:{address}"))]
        assert others
        assert all(each.startswith(f"{url}?dns=") for each in others)
        assert page.evaluate(ASK_OTHERS) == "connect-src"
        assert page.workers[0].evaluate(ASK_OTHERS) == "connect-src"


def test_the_playground_works_offline(chromium: "Browser", playground: Path) -> None:
    """After it has been loaded once."""
    from playwright.sync_api import expect

    with folder(playground) as address:
        context = chromium.new_context()
        first = Visit(context, address)
        first.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    context.set_offline(True)  # and the server is gone as well
    visit = Visit(context, address)
    visit.fill(message=MESSAGE, zone=ZONE)
    visit.look()
    expect(visit.view("check").locator(".answer")).to_contain_text("23.83.218.24 is probably not allowed")
    assert visit.is_quiet()
    context.close()
