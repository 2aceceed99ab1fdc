"""The site of the documentation in a real browser: it loads nothing from other hosts, and everybody can use it."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.site import built

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.full, pytest.mark.browser]

PHONE, DESKTOP = 360, 1280
PAGES = ("", "tutorial/gmail-says-softfail.ja/", "codes/no-record/", "project/readme/")
WIDE = "explanation/performance/"
"""A page with tables that are wider than a phone."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site on loopback."""
    site = built(tmp_path_factory.mktemp("site"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def opened(chromium: "Browser", address: str, width: int, scheme: Any = "light") -> Iterator["Page"]:
    """Yield a page that may only load what is at this address; afterwards check that it was quiet."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    foreign: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(address) else foreign.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    try:
        yield page
        assert [url for url in foreign if not url.startswith("data:")] == []
        assert messages == []
    finally:
        context.close()


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages(chromium: "Browser", address: str, axe: str, pictures: Path | None, width: int, scheme: str) -> None:
    with opened(chromium, address, width, scheme) as page:
        for path in PAGES:
            page.goto(address + path)
            if pictures is not None:
                name = path.strip("/").replace("/", "-") or "index"
                page.screenshot(path=pictures / f"site-{name}-{width}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
            page.evaluate(axe)
            found = page.evaluate("axe.run().then(result => result.violations)")
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], path


def test_a_wide_table_fits_a_phone(chromium: "Browser", address: str) -> None:
    with opened(chromium, address, PHONE) as page:
        page.goto(address + WIDE)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


@pytest.mark.parametrize(
    ("words", "page"),
    [("over-void-limit", "codes/over-void-limit/"), ("MailChannels", "tutorial/gmail-says-softfail/")],
)
def test_search_needs_no_other_host(chromium: "Browser", address: str, words: str, page: str) -> None:
    with opened(chromium, address, DESKTOP) as window:
        window.goto(address)
        window.keyboard.press("/")
        window.keyboard.type(words)
        window.locator(f'.md-search-result__link[href*="{page}"]').first.wait_for()


def test_try_it_opens_the_playground(chromium: "Browser", address: str) -> None:
    with opened(chromium, address, PHONE) as page:
        page.goto(address + "codes/no-record/")
        page.get_by_role("link", name="Try it").first.click()
        assert page.title() == "Playground"
        assert page.url.startswith(address + "try/#domain=x.example&zone=x.example.")
