"""The pictures of the docs show what the commands print and the reports show now."""

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts.pictures import FOLDER, MADE_OF, REPORTS, TERMINALS, Terminal, drawn, hash_of, text_of
from tests.conftest import REPOSITORY
from tests.docs.pages import pages, run_in_colour

AGAIN = "run: python3 -m scripts.pictures"
ADDRESS = re.compile(r"(?:href|src)=|url\((?!#)|@import|@font-face|https?://(?!www\.w3\.org/2000/svg\")")
"""What could make a browser load something."""


def size(png: Path) -> tuple[int, int]:
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


@pytest.mark.parametrize("name", TERMINALS)
def test_a_terminal_shows_what_its_command_prints(name: str) -> None:
    svg = (FOLDER / name).read_text(encoding="utf-8")
    assert text_of(svg) == text_of(drawn(TERMINALS[name])), AGAIN
    printed = run_in_colour(TERMINALS[name].command.split()[1:], TERMINALS[name].width, REPOSITORY)
    plain = re.sub(r"\x1b\[[\d;]*m", "", printed)
    assert "\x1b[" in printed, "there are no colours"
    lines = [line.rstrip() for line in plain.rstrip("\n").split("\n")]
    assert text_of(svg)[-len(lines) :] == lines
    assert ADDRESS.findall(svg) == []


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_the_one_that_was_photographed(name: str) -> None:
    report = REPORTS[name]
    width, height = size(FOLDER / name)
    assert json.loads(MADE_OF.read_text(encoding="utf-8"))[name] == hash_of(report), AGAIN
    assert width == report.width or (report.part is not None and width <= report.width)
    assert height == report.height or report.part is not None
    assert 5_000 < (FOLDER / name).stat().st_size < 200_000


def test_hostile_text_is_only_shown() -> None:
    draft = "v=spf1 include:</text><script>alert(1)</script> exists:&x;]]> onload=\u202e{{7*7}} ~all"
    words = f"check 192.0.2.1 a@seed.example --zone examples/seed.zone --draft {shlex.quote(draft)}"
    svg = drawn(Terminal(f"spfengine {words}"))
    tree = ET.fromstring(svg)
    assert {element.tag.partition("}")[2] for element in tree.iter()} == {
        "svg", "style", "defs", "clipPath", "rect", "g", "text", "circle",
    }  # fmt: skip
    assert [name for element in tree.iter() for name in element.attrib if name.startswith("on") or "href" in name] == []
    assert "</text><script>alert(1)</script>" in "".join(text_of(svg)).replace(" ", "")
    assert "\u202e" not in svg


def test_every_picture_is_made_and_shown() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*TERMINALS, *REPORTS, MADE_OF.name}
    shown = re.findall(
        r"\]\([./a-z]*pictures/([^)]+)\)", "".join(page.read_text("utf-8") for page in pages(REPOSITORY))
    )
    assert set(shown) == {*TERMINALS, *REPORTS}


def test_each_picture_says_in_words_what_it_shows() -> None:
    for page in pages(REPOSITORY):
        for words in re.findall(r"!\[([^]]*)\]\([^)]*pictures/", page.read_text(encoding="utf-8")):
            assert len(words) > 40, page
