"""Make the pictures of the docs: what commands print on a terminal (SVG), and reports in a browser (PNG).

    python3 -m scripts.pictures [NAME …]

Nothing in them is drawn by hand. The SVGs need rich (the extra `cli`), the PNGs Jinja2 (`html`), Playwright and
Chromium (`full`, and `apt-get install chromium`; SPFENGINE_CHROMIUM names another one). Look at what it makes: a test
compares the text of an SVG with what the command prints now, and the HTML of a report with that of which its PNG was
made.
"""

import hashlib
import html
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.text import Text

from spfengine.visible import visible
from tests.docs.pages import run_in_colour
from tests.report.samples import KINDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parent.parent
FOLDER = REPOSITORY / "docs" / "pictures"
MADE_OF = FOLDER / "made-of.json"
"""The SHA-256 of the HTML that each PNG shows."""


class Terminal(NamedTuple):
    """A command and the columns of the terminal in which it runs."""

    command: str
    width: int = 84


class Report(NamedTuple):
    """A report of `tests/report/samples.py`, the window in which it is shown, and which part of it: a CSS selector."""

    kind: str
    width: int
    height: int
    scheme: Any = "light"
    part: str | None = None


TERMINALS = {
    "suggest.svg": Terminal("spfengine suggest --senders examples/seed-message.eml --zone examples/seed.zone --brief"),
    "check.svg": Terminal("spfengine check 23.83.218.24 alice@seed.example --zone examples/seed.zone"),
}
REPORTS = {
    "report.png": Report("suggest", 1000, 900),
    "report-phone.png": Report("simulate", 360, 760, "dark"),
    "report-tree.png": Report("tree", 900, 900, part="#tree"),
    "report-addresses.png": Report("simulate", 900, 900, part="#space"),
}

# rich's own format fetches a font from another host.
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
_PIECE = re.compile(r'<text [^>]*?\bx="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_COLUMN = 12.2  # units of rich's SVG
_MARGIN = 20


def drawn(terminal: Terminal) -> str:
    """Return a picture of a terminal in which a command was run, as SVG."""
    printed = run_in_colour(shlex.split(terminal.command)[1:], terminal.width, REPOSITORY)
    console = Console(file=io.StringIO(), record=True, width=terminal.width, force_terminal=True, no_color=False)
    console.print(Text(f"$ {visible(terminal.command)}", style="bold"))
    console.print(Text.from_ansi(printed.rstrip("\n")))
    return console.export_svg(title="", code_format=_FORMAT)


def text_of(svg: str) -> list[str]:
    """Return the lines of text in a picture of a terminal, each character in its column."""
    lines: dict[float, str] = {}
    for left, y, text in _PIECE.findall(svg):
        line = lines.get(float(y), "").ljust(round(float(left) / _COLUMN))
        lines[float(y)] = line + html.unescape(text).replace("\xa0", " ")
    return [lines[y].rstrip() for y in sorted(lines)]


def hash_of(report: Report) -> str:
    """Return the SHA-256 of the HTML of a report."""
    return hashlib.sha256(KINDS[report.kind]().encode()).hexdigest()


def photograph(browser: "Browser", names: list[str], folder: Path = FOLDER) -> None:
    """Write the PNGs of reports to a folder, and what they were made of."""
    record = folder / MADE_OF.name
    made_of = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    with tempfile.TemporaryDirectory() as temporary:
        page = Path(temporary) / "report.html"
        for name in names:
            report = REPORTS[name]
            page.write_text(KINDS[report.kind](), encoding="utf-8")
            size: Any = {"width": report.width, "height": report.height}
            window = browser.new_page(viewport=size, color_scheme=report.scheme)
            window.goto(page.as_uri())
            window.screenshot(path=folder / name, **_part(window, report))
            window.close()
            made_of[name] = hash_of(report)
    record.write_text(json.dumps(made_of, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _part(window: "Page", report: Report) -> dict[str, Any]:
    """Return what Playwright needs to know to show a part of a report only, with a margin."""
    box = None if report.part is None else window.locator(report.part).bounding_box()
    if box is None:
        return {}
    sides = {"x": box["x"] - _MARGIN, "y": box["y"], "width": box["width"] + 2 * _MARGIN, "height": box["height"]}
    return {"full_page": True, "clip": sides}


def main(names: list[str]) -> None:
    """Make the given pictures, or all of them."""
    wanted = names or [*TERMINALS, *REPORTS]
    for name in wanted:
        if name in TERMINALS:
            (FOLDER / name).write_text(drawn(TERMINALS[name]), encoding="utf-8")
    reports = [name for name in wanted if name in REPORTS]
    if reports:
        from playwright.sync_api import sync_playwright

        path = os.environ.get("SPFENGINE_CHROMIUM") or shutil.which("chromium")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            photograph(browser, reports)
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
