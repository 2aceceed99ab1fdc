"""What reports answer first, and how sentences and words are written."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Status
from spfengine.policy.include_tree import include_tree
from spfengine.report import page as report
from spfengine.report.html import page_html
from spfengine.report.lint import lint_page
from spfengine.simulation.enforce import enforce
from spfengine.text.lines import Span
from spfengine.visible import visible
from tests.report.dom import Page, foreign
from tests.report.samples import NOW

SILENT: dict[str, Any] = {"*": Status.TIMEOUT}
IN_DOUBT = [spfengine.Sender("192.0.2.9", "a@x.example", None, 3)]


def _drift_into(zone: spfengine.Zone) -> str:
    answered = {"x.example": {"TXT": "v=spf1 include:silent.example ?all"}, "silent.example": {"TXT": "v=spf1 ?all"}}
    snapshot = spfengine.snapshot(["x.example"], resolver=spfengine.Zone(answered))
    return spfengine.drift(snapshot, resolver=zone).render_html(now=NOW)


@pytest.mark.parametrize("answers", [{"TXT": "v=spf1 include:silent.example ?all"}, SILENT], ids=["include", "record"])
@pytest.mark.parametrize(
    "make",
    [
        lambda zone: spfengine.check("192.0.2.9", "a@x.example", resolver=zone).render_html(now=NOW),
        lambda zone: spfengine.check("192.0.2.9", "a@x.example", resolver=zone).trace.render_html(now=NOW),
        lambda zone: include_tree("x.example", resolver=zone).render_html(now=NOW),
        lambda zone: spfengine.render_html(spfengine.lint("x.example", resolver=zone), now=NOW),
        lambda zone: spfengine.simulate(
            "x.example", "v=spf1 include:silent.example ip4:192.0.2.9 ?all", resolver=zone, senders=IN_DOUBT
        ).render_html(now=NOW),
        lambda zone: spfengine.suggest("x.example", IN_DOUBT, resolver=zone).render_html(now=NOW),
        lambda zone: spfengine.flatten("x.example", resolver=zone).render_html(now=NOW),
        lambda zone: enforce("x.example", resolver=zone, senders=IN_DOUBT).render_html(now=NOW),
        lambda zone: spfengine.render_html(spfengine.survey(["x.example"], resolver=zone), now=NOW),
        _drift_into,
    ],
    ids=["check", "trace", "tree", "lint", "simulate", "suggest", "flatten", "enforce", "survey", "drift"],
)
def test_what_is_not_known_looks_like_no_failure(
    make: Callable[[spfengine.Zone], str], answers: dict[str, Any]
) -> None:
    html = make(spfengine.Zone({"x.example": answers, "silent.example": SILENT}))
    html = html.replace('<strong class="fail">fail</strong>', "")  # what a record with -all gives
    styles = {style for attributes in Page(html).elements for style in (attributes[1].get("class") or "").split()}
    assert not styles & {"fail", "fault", "error", "permerror"}


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ("v=spf1 ip4:192.0.2.9 -all", "Pass: decided by ip4:192.0.2.9 in the record of x.example"),
        ("v=spf1 include:in.example -all", "Pass: decided by include:in.example in the record of x.example"),
        ("v=spf1 redirect=in.example", "Pass: decided by ip4:192.0.2.0/24 in the record of in.example"),
        ("v=spf1 ip4:192.0.2.1", "Neutral: no term of the record of x.example matches"),
        ("v=spf1 ipv4:192.0.2.1", "Permerror: ipv4 is not a mechanism"),
    ],
)
def test_the_report_of_a_trace_answers_what_decided(record: str, answer: str) -> None:
    zone = spfengine.Zone({"x.example": {"TXT": record}, "in.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ~all"}})
    trace = spfengine.check("192.0.2.9", "a@x.example", resolver=zone).trace
    assert f"\n{answer}\n" in Page(trace.render_html(now=NOW)).text


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ("v=spf1 ipv4:192.0.2.1 -all", "ipv4 is not a mechanism"),
        (
            "v=spf1 +all mx",
            "+all lets every client pass that no term before it matches; and 1 more finding",
        ),
        ("v=spf1 exp=foo..example -all", "No explanation: foo..example is not a domain name"),
        ("v=spf1 ip4:192.0.2.1  -all", "Nothing wrong was found; 1 thing to know"),
        ("v=spf1 ip4:192.0.2.1 -all", "Nothing found"),
    ],
)
def test_the_report_of_lint_answers_what_is_wrong_first(record: str, answer: str) -> None:
    zone = spfengine.Zone({"x.example": {"TXT": record}})
    assert f"\n{answer}\n" in Page(spfengine.render_html(spfengine.lint("x.example", resolver=zone), now=NOW)).text


@pytest.mark.parametrize(
    ("record", "answer", "style"),
    [
        ("v=spf1 ip4:23.83.208.1 -all", "Nothing found", "answer pass"),
        (
            "v=spf1 include:gone.example -all",
            "Nothing found in the text of the record; what its terms lead to was not looked up",
            "answer ",
        ),
        (
            "v=spf1 include:gone.example  -all",
            (
                "Nothing wrong was found in the text of the record; what its terms lead to was not looked up; "
                "1 thing to know"
            ),
            "answer ",
        ),
    ],
)
def test_the_report_of_a_record_alone_claims_no_more_than_was_looked_at(record: str, answer: str, style: str) -> None:
    page = Page(page_html(lint_page(None, spfengine.lint(None, record=record), alone=record), NOW))
    assert f"\n{answer}\n" in page.text
    assert style in [each.get("class") for each in page.of("div")]


GONE: dict[str, Any] = {"x.example": {"TXT": "v=spf1 include:gone.example a ~all", "A": ["192.0.2.1"]}}
INSTEAD = (
    "Permerror instead, if a check gets to what is wrong: include:gone.example leads to no record: gone.example does "
    "not exist."
)


@pytest.mark.parametrize(
    "make",
    [
        lambda zone: spfengine.check("192.0.2.9", "a@x.example", resolver=zone).render_html(now=NOW),
        lambda zone: include_tree("x.example", resolver=zone).render_html(now=NOW),
        lambda zone: spfengine.simulate("x.example", "v=spf1 a ~all", resolver=zone).render_html(now=NOW),
    ],
    ids=["check", "tree", "simulate"],
)
def test_a_sentence_does_not_promise_what_an_error_prevents(make: Callable[[spfengine.Zone], str]) -> None:
    assert Page(make(spfengine.Zone(GONE))).text.count(INSTEAD) == 1
    whole = spfengine.Zone({**GONE, "gone.example": {"TXT": "v=spf1 -all"}})
    assert "Permerror instead" not in Page(make(whole)).text


def test_lookups_that_an_error_hides_are_not_said_to_be_left() -> None:
    """In the report and in the terminal: the check ends at the first include, and `a` is not counted."""
    tree = include_tree("x.example", resolver=spfengine.Zone(GONE))
    assert "Within the limit: 9 left, as far as is known" in Page(tree.render_html(now=NOW)).text
    assert "lookups at least 1/10" in tree.render(width=None)


@pytest.mark.parametrize(
    ("record", "label"),
    [
        ("v=spf1 ip4:23.83.208.300 inclde:x.example -all", "Fixes only this:"),
        ("v=spf1 ipv4:23.83.208.1 +all", "Fixes only this:"),
        ("v=spf1 ipv4:23.83.208.1 -all", "Fix:"),
    ],
)
def test_a_fix_that_leaves_something_wrong_says_so(record: str, label: str) -> None:
    findings = spfengine.lint(None, record=record)
    shown = Page(spfengine.render_html(findings, now=NOW)).text
    assert {each for each in ("Fix:", "Fixes only this:") if each in shown} == {label}
    rendered = "".join([finding.render(width=None) for finding in findings])
    assert ("fixes only this: " in rendered) is (label != "Fix:")


def test_the_report_of_lint_names_the_domain_if_it_is_another_one() -> None:
    names = {"x.example": {"TXT": "v=spf1 include:in.example -all"}, "in.example": {"TXT": "v=spf1 ipv4:192.0.2.1"}}
    html = spfengine.render_html(spfengine.lint("x.example", resolver=spfengine.Zone(names)), now=NOW)
    assert "\nin.example: ipv4 is not a mechanism" in Page(html).text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nothing gets worse", "Nothing gets worse"),
        ("a term is missing", "A term is missing"),
        ("pass \u2192 fail", "pass \u2192 fail"),
        ("seed.example: the record changes", "seed.example: the record changes"),
        ("include:a.example leads to no record", "include:a.example leads to no record"),
        ("mx has no effect", "mx has no effect"),
        ("2 drafts", "2 drafts"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name_or_a_term(text: str, shown: str) -> None:
    page = report.Page("kind", "subject", (Span(""), Span(text, "pass"), Span("; etc.")), "pass")
    assert f"\n{shown}; etc.\n" in Page(page_html(page, NOW)).text


@given(st.text(st.sampled_from("ab.:/@-,= <&\"'\u202e\u00e9"), max_size=80))
def test_where_words_may_break_changes_no_text(text: str) -> None:
    page = report.Page("kind", "subject", (Span(text, "term"),), "")
    seen = Page(page_html(page, NOW))
    assert (list(foreign(seen)), seen.faults) == ([], [])
    assert visible(text) in seen.text
