"""Every report is one file that loads nothing and runs nothing, in an order that everybody can follow."""

import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise

import pytest

from tests.report.dom import Page, foreign
from tests.report.samples import HOSTILE, INVISIBLE, KINDS, PAYLOADS


@pytest.fixture(scope="module", params=list(KINDS))
def html(request: pytest.FixtureRequest) -> str:
    return KINDS[request.param]()


@pytest.fixture(scope="module", params=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    return HOSTILE[request.param]()


def test_it_is_made_of_nothing_that_loads_or_runs(html: str) -> None:
    page = Page(html)
    assert list(foreign(page)) == []
    assert page.faults == []
    assert "://" not in html.replace("http-equiv", "")


def test_its_policy_allows_its_own_style_alone(html: str) -> None:
    [policy] = [each["content"] for each in Page(html).of("meta") if each.get("http-equiv")]
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_policy_is_before_everything_that_it_is_about(html: str) -> None:
    assert html.index("Content-Security-Policy") < html.index("<title>") < html.index("<style>")


def test_the_answer_is_first(html: str) -> None:
    main = html[html.index("<main") :]
    assert main.index('<div class="answer') < main.index("<section")


def test_headings_are_in_order(html: str) -> None:
    levels = [level for level, _ in Page(html).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_heading_and_name_says_something(html: str) -> None:
    page = Page(html)
    assert all(text.strip() for _, text in page.headings)
    assert all(each["aria-label"] for _, each in page.elements if "aria-label" in each)


def test_anchors_are_unique_and_lead_somewhere(html: str) -> None:
    page = Page(html)
    ids = [each["id"] for _, each in page.elements if "id" in each]
    assert len(set(ids)) == len(ids)
    leads_to = [(each["href"] or "")[1:] for each in page.of("a")]
    labels = [each["aria-labelledby"] for _, each in page.elements if "aria-labelledby" in each]
    assert {*leads_to, *labels} <= set(ids)


def test_tables_have_captions_and_heads(html: str) -> None:
    page = Page(html)
    assert len(page.of("caption")) == len(page.of("table"))
    assert all(each.get("scope") in ("row", "col") for each in page.of("th"))


def test_it_has_landmarks_and_a_language(html: str) -> None:
    page = Page(html)
    assert page.of("html") == [{"lang": "en"}]
    assert [len(page.of(name)) for name in ("header", "main", "footer")] == [1, 1, 1]


def test_every_picture_is_described_or_hidden(html: str) -> None:
    for svg in Page(html).of("svg"):
        assert svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and svg.get("aria-label"))


def test_hostile_text_is_text(hostile: str) -> None:
    page = Page(hostile)
    assert list(foreign(page)) == []
    assert page.faults == []
    assert [len(page.of(name)) for name in ("style", "title", "main", "body")] == [1, 1, 1, 1]


def test_hostile_text_is_shown(hostile: str) -> None:
    """A report need not show every text, but some of them, and none of them changed."""
    text = Page(hostile).text
    assert sum(payload in text for payload in PAYLOADS) >= 6
    assert "{{1337*1337}}" in text
    assert str(1337 * 1337) not in text


def test_nothing_that_can_not_be_seen_is_written(hostile: str) -> None:
    text = Page(hostile).text
    assert [character for character in set(text) if not (character.isprintable() or character == "\n")] == []
    assert not set(INVISIBLE) & set(text) - set("alice[31m")


def test_what_can_not_be_seen_is_made_visible() -> None:
    assert "\\u202ealice\\u2066\\u200b\\x1b[31m\\x00\\x07\\u2028\\ufeff" in Page(HOSTILE["survey"]()).text
