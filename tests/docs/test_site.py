"""The documentation as a site: it builds without a warning, and loads nothing from other hosts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import spfengine
from scripts.docs_site import codes
from scripts.docs_site.index import navigation
from scripts.docs_site.links import on_the_site, outside
from scripts.docs_site.playground import Example
from spfengine.linting import LintCode
from tests.conftest import REPOSITORY
from tests.docs.site import build, built, copied
from tests.report.dom import Page
from tests.web.asking import ask, file

INDEX = REPOSITORY / "docs" / "index.md"
CODES = sorted({*map(str, spfengine.ProblemCode), *map(str, LintCode)})


def _pages_of(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from _pages_of(each)


def test_the_navigation_has_every_page_once_in_four_parts() -> None:
    nav = navigation(INDEX.read_text(encoding="utf-8"))
    assert [title for chapter in nav for title in chapter] == [
        "Home", "Tutorials", "How-to guides", "Reference", "Explanation",
    ]  # fmt: skip
    docs = REPOSITORY / "docs"
    assert sorted(_pages_of(nav)) == sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))


def test_a_chapter_may_have_groups_and_an_item_several_pages() -> None:
    first = "## A\n\nFirst:\n\n- [One](one.md): text, with\n  [two](two.md).\n\n"
    index = f"# T\n\n{first}## B\n\n- [Three](b/three.md#x): t.\n"
    assert navigation(index) == [
        {"Home": "index.md"},
        {"A": [{"First": [{"One": "one.md"}, "two.md"]}]},
        {"B": [{"Three": "b/three.md"}]},
    ]


@pytest.mark.parametrize(
    ("text", "source", "page", "expected"),
    [
        ("[a](../README.md)", "docs/index.md", "index.md", "[a](project/readme.md)"),
        ("[a](../../README.md#install)", "docs/how-to/x.md", "how-to/x.md", "[a](../project/readme.md#install)"),
        ("[a](docs/index.md)", "README.md", "project/readme.md", "[a](../index.md)"),
        ("[a](../../examples/seed.zone)", "docs/how-to/x.md", "how-to/x.md", "[a](../files/examples/seed.zone)"),
        ("[a](LICENSE)", "README.md", "project/readme.md", "[a](../files/LICENSE.txt)"),
        ("[a](lint.md#b)", "docs/reference/problems.md", "codes/c.md", "[a](../reference/lint.md#b)"),
        ("[a](#b) [c](https://d.example/)", "docs/index.md", "index.md", "[a](#b) [c](https://d.example/)"),
        ("`[a](x.md)`\n```text\n[a](y.md)\n```\n", "README.md", "p/r.md", "`[a](x.md)`\n```text\n[a](y.md)\n```\n"),
    ],
)
def test_links_lead_to_the_same_page_on_the_site(text: str, source: str, page: str, expected: str) -> None:
    assert on_the_site(text, source, page) == expected


def test_files_that_pages_link_to_are_found() -> None:
    text = "[a](../../examples/seed.zone) [b](../index.md) [c](../../README.md) `[d](../../x)`"
    assert list(outside(text, "docs/how-to/x.md")) == ["examples/seed.zone"]


def test_a_link_fills_in_the_playground() -> None:
    example = Example(
        "a.example", 'a.example. 1 IN TXT "v=spf1 a:b+c%2 -all"\n', ip="2001:db8::1", sender="é&<@a.example"
    )
    fields = {name: value for name, value in example._asdict().items() if value}
    [line, _] = example.button("../../")
    [url] = re.findall(r'href="([^"]*)"', line)
    address, _, fragment = url.replace("&amp;", "&").partition("#")
    assert address == "../../try/"
    assert {name: values[0] for name, values in parse_qs(fragment).items()} == fields
    assert list(Example().button("")) == []
    assert list(Example(zone="x" * 20_000).button("")) == []


@pytest.mark.full
def test_each_code_has_a_page_made_of_what_is_written_elsewhere() -> None:
    pages = codes.pages(with_playground=True)
    assert sorted(pages) == sorted(["codes/index.md", *map(codes.page_of, CODES)])
    index = pages["codes/index.md"]
    for code in CODES:
        text = pages[codes.page_of(code)]
        assert text.startswith(f"# `{code}`\n")
        assert "**What to do:** " in text
        assert f"[`{code}`]({code}.md)" in index
    for code in LintCode:
        text = pages[codes.page_of(code)]
        assert f"[{code}]\n" in text or f"{code}]" in text.replace("\n", "")
    without_example = [code for code in CODES if "```" not in pages[codes.page_of(code)]]
    assert without_example == ["dns-failure", "exp-time-limit", "flatten-not-equivalent", "time-limit"]
    for code in without_example:
        assert f"There is no example here. {codes.NO_EXAMPLE[code]}" in pages[codes.page_of(code)]
    for code in (*codes.TRIES, "exp-helo-unknown"):
        assert "Try it</a>" in pages[codes.page_of(code)]
    assert sum("Try it</a>" in text for text in pages.values()) > 90


@pytest.mark.parametrize("code", codes.TRIES)
def test_what_is_filled_in_for_a_command_shows_its_code(code: str) -> None:
    example = codes.TRIES[code]
    zones = [file("the pasted zone", example.zone)]
    if example.record:
        found = ask("change", domain=example.domain, zones=zones, draft=example.record)
    else:
        found = ask("check", zones=zones, client={"ip": example.ip, "sender": example.sender})
    assert code in Page(found["view"]).text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("site"))


class _Loads(HTMLParser):
    """What a page loads by itself, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "poster", "data", "action", "style") or (tag == "link" and name == "href"):
                self.loaded.append(value or "")


FOREIGN = re.compile(r"^(?:[a-z]+:)?//", re.IGNORECASE)
CSS_FOREIGN = re.compile(r"(?:url\(|@import)\s*[\"']?(?:[a-z]+:)?//[^)\"']*", re.IGNORECASE)


@pytest.mark.full
def test_pages_load_nothing_from_other_hosts(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 150
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert [url for url in _Loads(text).loaded if FOREIGN.match(url)] == [], page
        assert CSS_FOREIGN.findall(text) == [], page
    for sheet in site.rglob("*.css"):
        assert CSS_FOREIGN.findall(sheet.read_text(encoding="utf-8")) == [], sheet


def test_what_a_page_loads_is_found() -> None:
    loads = _Loads('<link href="//a.example/x.css"><img src=y><a href="https://b.example">b</a>')
    assert (loads.loaded, loads.links) == (["//a.example/x.css", "y"], ["https://b.example"])
    assert FOREIGN.match("//a.example/x.css")
    assert FOREIGN.match("HTTPS://a.example")
    assert not FOREIGN.match("a//b")
    assert CSS_FOREIGN.findall("a{background:url( 'https://a.example/b.png')}@import \"//c.example\";") != []
    assert CSS_FOREIGN.findall("a{background:url(data:image/svg+xml;a//b)} /* https://a.example */") == []


@pytest.mark.full
def test_links_on_the_site_lead_to_files_of_it(site: Path) -> None:
    """MkDocs checks the links of pages; this also checks those that it does not see: to the playground."""
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue  # its links are absolute, since it is shown at any path
        for link in _Loads(page.read_text(encoding="utf-8")).links:
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc and parts.path:
                target = page.parent / parts.path
                assert target.is_file() or (target / "index.html").is_file(), f"{page}: {link}"


@pytest.mark.full
def test_a_broken_link_is_an_error(tmp_path: Path) -> None:
    checkout = copied(tmp_path)
    page = checkout / "docs" / "tutorial" / "ready-for-all.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[x](../how-to/postfix.md#nowhere)\n", encoding="utf-8")
    done = build(checkout)
    assert done.returncode == 1
    assert "does not contain an anchor '#nowhere'" in done.stderr
    assert "the site was not built" in done.stderr
    page_of_code = (checkout / "site" / "codes" / "no-record" / "index.html").read_text(encoding="utf-8")
    assert "Try it</a>" not in page_of_code, "there is no playground"


@pytest.mark.full
def test_a_folder_that_is_no_playground_is_refused(tmp_path: Path) -> None:
    done = build(REPOSITORY, "--playground", str(tmp_path), "--output", str(tmp_path / "site"))
    assert done.returncode == 2
    assert "has no index.html: build the playground first" in done.stderr
    assert not (tmp_path / "site").exists()


def test_contributing_names_the_command() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert (
        "`python3 -m venv .venv && .venv/bin/pip install -q '.[docs]' && .venv/bin/python -m scripts.build_site`"
        in text
    )
