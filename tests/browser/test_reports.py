"""Reports in a real browser, from file://: they load nothing, fit a phone, and can be used by everybody."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import spfengine
from spfengine.policy.include_tree import include_tree
from tests.report.samples import HOSTILE, KINDS, NOW, SEED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.full, pytest.mark.browser]

PHONE, DESKTOP = 360, 1280
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"
BROKEN = """() => {
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let block = node.parentElement;
    while (getComputedStyle(block).display === "inline") block = block.parentElement;
    const words = [/[^\\s\\/-]+/g, /[^\\s\\/.:=@,-]+/g].flatMap((each) => [...node.data.matchAll(each)]);
    for (const word of words) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
      const width = boxes.reduce((sum, box) => sum + box.width, 0);
      const lines = new Set(boxes.map((box) => Math.round(box.top)));
      if (lines.size > 1 && width < block.clientWidth - 1) broken.push(word[0]);
    }
  }
  return broken;
}"""
"""The words, and the parts of names and addresses, that are broken although they would fit on a line of their own."""
LOADED = (
    "document.querySelectorAll('script, img, iframe, object, embed, link, form, [style], [onload], [onerror]').length"
)


class Opened:
    """A report in the browser, with what the browser reports about it.

    Attributes:
        page: the page.
        requests: what it asked for, but for the file itself.
        messages: errors, warnings and dialogs.
    """

    def __init__(self, page: "Page", url: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.messages: list[str] = []
        log = page.context.new_cdp_session(page)
        log.send("Network.enable")
        log.on("Network.requestWillBeSent", lambda event: self.requests.append(event["request"]["url"]))
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        page.goto(url)
        self.requests.remove(url.partition("#")[0])

    def is_quiet(self) -> bool:
        """Whether the browser reported nothing at all."""
        return not self.requests and not self.messages

    def overflow(self) -> int:
        """How many pixels the page is wider than the screen."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@contextmanager
def opened(chromium: "Browser", html: str, folder: Path, width: int, scheme: Any = "light") -> Iterator[Opened]:
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    try:
        yield Opened(context.new_page(), path.as_uri())
    finally:
        context.close()


def violations(report: Opened, axe: str) -> list[tuple[str, list[str]]]:
    """Return what axe-core finds: each rule, with the first elements that break it."""
    report.page.evaluate(axe)
    found = report.page.evaluate("axe.run().then(result => result.violations)")
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("kind", KINDS)
def test_a_report(chromium: "Browser", axe: str, pictures: Path | None, tmp_path: Path, kind: str, width: int) -> None:
    html = KINDS[kind]()
    for scheme in ("light", "dark"):
        with opened(chromium, html, tmp_path, width, scheme) as report:
            if pictures is not None:
                report.page.screenshot(path=pictures / f"{kind}-{width}-{scheme}.png", full_page=True)
            assert report.overflow() <= 0
            report.page.evaluate(OPEN_ALL)
            assert report.overflow() <= 0
            assert report.page.evaluate(BROKEN) == []
            assert report.is_quiet()
            assert violations(report, axe) == []


@pytest.mark.parametrize("width", [344, PHONE])
def test_addresses_are_not_broken_beside_long_results(chromium: "Browser", tmp_path: Path, width: int) -> None:
    zone = spfengine.Zone({"x.example": {"TXT": "v=spf1 include:gone.example ~all"}})
    ips = ("198.151.100.159", "2001:db8:4864:20::12b", "2001:db8:1234:5678:9abc:def0:1234:5678")
    senders = [spfengine.Sender(ip, "@x.example", None, 12_345) for ip in ips]
    html = spfengine.simulate("x.example", "v=spf1 ipv4:1.2.3.4", resolver=zone, senders=senders).render_html(now=NOW)
    with opened(chromium, html, tmp_path, width) as report:
        assert report.overflow() <= 0
        assert report.page.evaluate(BROKEN) == []


def test_what_keeps_people_out_is_found(chromium: "Browser", axe: str, tmp_path: Path) -> None:
    html = KINDS["check"]().replace(' lang="en"', "")
    with opened(chromium, html, tmp_path, PHONE) as report:
        assert "html-has-lang" in [code for code, _ in violations(report, axe)]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_only_shown(chromium: "Browser", tmp_path: Path, kind: str) -> None:
    with opened(chromium, HOSTILE[kind](), tmp_path, PHONE) as report:
        report.page.evaluate(OPEN_ALL)
        assert report.is_quiet()
        assert report.page.evaluate(LOADED) == 0
        assert report.overflow() <= 0
        assert report.page.evaluate("document.styleSheets.length") == 1
        assert "{{1337*1337}}" in report.page.inner_text("main")
        assert str(1337 * 1337) not in report.page.inner_text("body")


def test_the_policy_is_in_force(chromium: "Browser", tmp_path: Path) -> None:
    """A style or script that got into a report after all does nothing."""
    html = KINDS["check"]().replace(
        "</main>", "<p id=x style='color: red'>x</p><script>document.title = ''</script></main>"
    )
    with opened(chromium, html, tmp_path, PHONE) as report:
        assert report.page.title() != ""
        assert report.page.evaluate("getComputedStyle(document.getElementById('x')).color") != "rgb(255, 0, 0)"
        assert len(report.messages) == 2


def test_rows_that_are_stacked_are_a_table_to_a_screen_reader(chromium: "Browser", tmp_path: Path) -> None:
    def roles(width: int) -> Counter[str]:
        with opened(chromium, KINDS["simulate"](), tmp_path, width) as report:
            tree = report.page.context.new_cdp_session(report.page).send("Accessibility.getFullAXTree")
            return Counter(node["role"]["value"] for node in tree["nodes"] if not node["ignored"])

    parts = ("table", "caption", "row", "columnheader", "rowheader", "cell")
    phone, desktop = roles(PHONE), roles(DESKTOP)
    assert {part: phone[part] for part in parts} == {part: desktop[part] for part in parts}
    assert all(phone[part] for part in parts)


def test_what_is_selected_to_be_copied_is_the_record(chromium: "Browser", tmp_path: Path) -> None:
    """A long name has places to break, which are no part of it."""
    with opened(chromium, KINDS["suggest"](), tmp_path, PHONE) as report:
        selected = report.page.locator("pre.copy code").first.evaluate(
            "element => { getSelection().selectAllChildren(element); return getSelection().toString(); }"
        )
        assert selected == "v=spf1 +a +mx +ip4:150.95.55.137 include:relay.mailchannels.net ~all"


def test_a_keyboard_is_enough(chromium: "Browser", tmp_path: Path) -> None:
    with opened(chromium, KINDS["simulate"](), tmp_path, DESKTOP) as report:
        page = report.page
        expected = page.locator("a, summary").evaluate_all(
            "all => all.filter(each => !each.parentElement.closest('details:not([open]) > :not(summary)')).length"
        )
        reached = []
        for _ in range(expected):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.tagName + document.activeElement.textContent"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert reached[0] == "ASkip to the answer"
        assert len(set(reached)) == expected
        form = page.locator("details.form").last
        form.locator("summary").focus()
        page.keyboard.press("Enter")
        assert form.locator("pre").is_visible()


def test_it_prints_on_a4_with_the_tree_unfolded(chromium: "Browser", tmp_path: Path) -> None:
    with opened(chromium, KINDS["flatten"](), tmp_path, DESKTOP) as report:
        page = report.page
        folded = page.locator(".tree details:not([open]) > ul").first
        assert not folded.is_visible()
        page.emulate_media(media="print")
        assert folded.is_visible()
        assert page.pdf(prefer_css_page_size=True).count(b"/MediaBox [0 0 594.95996 841.91998]") > 1


def test_a_deep_tree_fits_a_phone(chromium: "Browser", tmp_path: Path) -> None:
    """A record may nest as many includes as it likes; checks end at ten, the tree at a hundred."""
    names = {f"n{n}.example": {"TXT": f"v=spf1 ip4:192.0.2.{n} include:n{n + 1}.example -all"} for n in range(120)}
    html = include_tree("n0.example", resolver=spfengine.Zone(names)).render_html(now=NOW)
    with opened(chromium, html, tmp_path, PHONE) as report:
        report.page.evaluate(OPEN_ALL)
        assert report.is_quiet()
        assert report.overflow() <= 0
        deepest = report.page.locator(".tree li").last
        assert deepest.bounding_box()["width"] > 200  # type: ignore[index]  # it is visible


def test_ten_thousand_senders_are_folded(chromium: "Browser", tmp_path: Path) -> None:
    senders = [
        spfengine.Sender(f"198.18.{number // 256}.{number % 256}", "@seed.example", count=number)
        for number in range(10_000)
    ]
    zone = spfengine.Zone.from_file(SEED)
    html = spfengine.simulate("seed.example", "v=spf1 a -all", resolver=zone, senders=senders).render_html(now=NOW)
    with opened(chromium, html, tmp_path, PHONE) as report:
        assert report.is_quiet()
        assert report.page.evaluate("document.documentElement.scrollHeight") < 20_000
        fold = report.page.locator("details.rows").last
        fold.locator("summary").click()
        assert fold.locator("tbody tr").first.is_visible()
        assert fold.locator("tbody tr").count() <= 500
        assert report.overflow() <= 0
