"""What the playground weighs, and how long it takes until it can be used.

    python -m bench.playground FOLDER

FOLDER is what `python -m scripts.build_playground` has built. It needs Node.js, for brotli, and Chromium with
Playwright (SPFENGINE_CHROMIUM names another than the one in PATH). Sizes are of what a visitor gets the first time: as
it is, and packed as hosts pack it. Times are medians, on loopback, of new visitors and of visitors who come back.
"""

import gzip
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.web.serving import folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIMES = 5
_LARGE = 100_000  # octets of a file that has a row of its own
PACKED = (".gz", ".zip")
"""Files that are packed already, so that hosts send them as they are."""
_MEASURED = ("first visit", "later visit", "one edit of a draft")
_BROTLI = """
const { brotliCompressSync } = require("node:zlib");
const { readFileSync } = require("node:fs");
for (const path of process.argv.slice(1)) console.log(brotliCompressSync(readFileSync(path)).length);
"""
_ASK = """async () => {
    const { ask } = await import("./engine.js");
    const zone = { name: "zone", content: btoa("$ORIGIN a.example.\\n@ TXT \\"v=spf1 ip4:192.0.2.0/24 -all\\"\\n") };
    const request = { task: "change", domain: "a.example", zones: [zone], draft: "v=spf1 ip4:192.0.2.0/25 -all" };
    const taken = [];
    for (let count = 0; count < 10; count++) {
        const began = performance.now();
        const { error } = await ask(request);
        if (error !== undefined) throw new Error(error);
        taken.push(performance.now() - began);
    }
    return taken;
}"""


def sizes(path: Path) -> None:
    """Print the sizes of what a visitor loads."""
    files = [each for each in sorted(path.rglob("*")) if each.is_file() and _is_loaded(each.relative_to(path))]
    command = ["node", "-e", _BROTLI, *map(str, files)]
    brotli = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    rows: list[tuple[str, tuple[int, int, int]]] = []
    for each, by_brotli in zip(files, brotli, strict=True):
        content = each.read_bytes()
        size = len(content)
        packed = (size, size) if each.suffix in PACKED else (len(gzip.compress(content)), by_brotli)
        rows.append((str(each.relative_to(path)), (size, *packed)))
    print(f"{'MB':<32}{'as it is':>10}{'gzip':>10}{'brotli':>10}")
    for name, numbers in rows:
        if numbers[0] > _LARGE:
            _print_row(name, numbers)
    _print_row("all others", _sums([numbers for _, numbers in rows if numbers[0] <= _LARGE]))
    _print_row("together", _sums([numbers for _, numbers in rows]))


def _sums(rows: Sequence[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _is_loaded(name: Path) -> bool:
    is_other_page = name.suffix == ".html" and name.name != "index.html"
    return not is_other_page and name.name != "example.json"


def _print_row(name: str, numbers: Sequence[int]) -> None:
    print(f"{name:<32}" + "".join(f"{number / 1e6:>10.2f}" for number in numbers))


def times(path: Path) -> None:
    """Print how long visitors wait."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, folder(path) as address:
        executable = os.environ.get("SPFENGINE_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        visits = [_visit(browser, address) for _ in range(TIMES)]
        browser.close()
    for name, seconds in zip(_MEASURED, zip(*visits, strict=True), strict=True):
        print(f"{name:<24}{median(seconds):>8.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})")


def _visit(browser: "Browser", address: str) -> tuple[float, float, float]:
    """Return the seconds until the engine is ready, for a new visitor and again, and those of one request."""
    context = browser.new_context()
    page = context.new_page()
    ready = []
    for _ in range(2):
        page.goto(address)
        page.locator("html[data-ready]").wait_for(state="attached", timeout=120_000)
        ready.append(page.evaluate("performance.getEntriesByName('ready')[0].startTime") / 1000)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    edits: list[float] = page.evaluate(_ASK)
    context.close()
    return ready[0], ready[1], median(edits[1:]) / 1000


def main() -> None:
    """Measure the folder that the command line names."""
    path = Path(sys.argv[1])
    sizes(path)
    times(path)


if __name__ == "__main__":
    main()
