"""Chromium, driven by Playwright, and axe-core. Without one a test is skipped with what is missing; in CI it fails.

SPFENGINE_CHROMIUM is the browser (default: `chromium` in PATH), SPFENGINE_AXE the file axe.min.js of npm's axe-core.
SPFENGINE_SCREENSHOTS is a folder for pictures; without it none are kept.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.optional import need

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _missing(what: str, *, is_debian: bool) -> NoReturn:
    is_excused = is_debian and os.environ.get("SPFENGINE_NO_DEBIAN") == "1"
    if os.environ.get("CI") == "true" and not is_excused:
        pytest.fail(f"{what}; CI needs it")
    pytest.skip(what)


@pytest.fixture(scope="module")  # while it runs, so does Playwright's event loop, and asyncio.run() starts no other
def chromium() -> "Iterator[Browser]":
    """The browser."""
    need("playwright")
    path = os.environ.get("SPFENGINE_CHROMIUM") or shutil.which("chromium")
    if path is None:
        _missing("Chromium is not installed: apt-get install -y chromium", is_debian=True)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which looks for what keeps people from using a page."""
    path = os.environ.get("SPFENGINE_AXE")
    if path is None:
        what = "axe-core is not given: npm pack axe-core, unpack it, and set SPFENGINE_AXE to its axe.min.js"
        _missing(what, is_debian=False)
    return Path(path).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """The folder for screenshots; None if they are not kept."""
    folder = os.environ.get("SPFENGINE_SCREENSHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
