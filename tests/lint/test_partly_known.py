"""Records with unknown parts: what is known of them is linted, and nothing depends on what is not."""

import re

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Zone
from spfengine.linting import Finding, LintCode
from spfengine.linting.partly_known import PartlyKnown, lint_partly_known
from spfengine.resolvers.recording import Recorder


def partly(text: str) -> PartlyKnown:
    """Return a record in which ${…} are unknown parts."""
    return PartlyKnown(text, tuple(match.span() for match in re.finditer(r"\$\{[^}]*\}", text)))


def linted(text: str, **settings: object) -> list[Finding]:
    return lint_partly_known(partly(text), **settings)  # type: ignore[arg-type]  # the tests give what it takes


def found(text: str) -> list[tuple[str, str]]:
    """Return the code of each finding, and the part of the record that it is about."""
    return [(str(each.code), "" if each.span is None else text[slice(*each.span)]) for each in linted(text)]


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 mx +all", "v=spf1 ipv4:1.2.3.4 mx", "v=spf1 mx  ptr -all"])
def test_a_record_without_unknown_parts_is_linted_as_ever(text: str) -> None:
    assert linted(text) == spfengine.lint(None, record=text)


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 ${x}",
        "v=spf1${x}",
        "v=spf1 mx ${x}",
        "v=spf1 ip4:${x} -all",
        "v=spf1 include:${x} ~all",
        "v=spf1 ip4:${x}/33 -all",
        "v=spf1 include:${x} include:${x} -all",
        "v=spf1 mx ${q}all",
        "v=spf1 a:${x}.example/${y} redirect=${z}",
        "v=spf1 exists:%{i}.${x} -all",
        "v=spf1 ${x}:${y} -all",
        "v=spf1 mx -all${x}",
    ],
)
def test_nothing_is_said_of_what_is_not_known(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("v=spf1 include:${x} ptr -all", [("ptr", "ptr")]),
        ("v=spf1 ${x} ipv4:1.2.3.4 -all", [("unknown-mechanism", "ipv4:1.2.3.4")]),
        ("v=spf1 inculde:${x} -all", [("unknown-mechanism", "inculde:${x}")]),
        ("v=spf1 -redirect=${x}", [("qualified-modifier", "-redirect=${x}")]),
        ("v=spf1 ${x} ip4:11.0.0.1/8 ?all", [("host-bits", "ip4:11.0.0.1/8"), ("huge-network", "ip4:11.0.0.1/8")]),
        ("v=spf1 mx -all ${x} a", [("term-after-all", "a")]),
        ("v=spf1 ${x}  mx -all", [("extra-spaces", "  ")]),
    ],
)
def test_what_is_known_is_linted(text: str, findings: list[tuple[str, str]]) -> None:
    assert set(findings) <= set(found(text))


def test_a_finding_that_an_all_would_undo_says_so() -> None:
    [after] = linted("v=spf1 ${x} +all")
    assert after.code == LintCode.PASSES_EVERYONE
    assert after.text.startswith("unless an all is in an unknown part before it, +all lets every client pass")
    [before] = linted("v=spf1 mx +all ${x}")
    assert before.text.startswith("+all lets every client pass")


def test_there_is_no_fix_with_unknown_parts() -> None:
    for text, has_fix in (("v=spf1 ip4:8.8.8.8/24 -all", True), ("v=spf1 ${x} ip4:8.8.8.8/24 -all", False)):
        [fix] = [each.fix for each in linted(text) if each.code == LintCode.HOST_BITS]
        assert (fix is not None) == has_fix


ZONE = Zone(
    {
        "example.com": {"A": "192.0.2.1", "MX": "10 a.example.com"},
        "a.example.com": {"A": "192.0.2.1"},
        "b.example.com": {"TXT": "v=spf1 ip4:192.0.2.1 -all"},
        "nine.example.com": {"TXT": "v=spf1 " + "a:a.example.com " * 8 + "-all"},
    }
)


class TestWithAResolver:
    def test_the_terms_lead_to_findings(self) -> None:
        findings = linted("v=spf1 include:${x} include:gone.example.com include:b.example.com -all", resolver=ZONE)
        assert [(str(each.code), each.domain, each.span) for each in findings] == [
            ("include-domain-not-found", None, (20, 44))
        ]

    def test_lookups_are_counted_as_at_least(self) -> None:
        text = "v=spf1 include:nine.example.com include:${x} mx a -all"
        [over] = [each for each in linted(text, resolver=ZONE) if each.code == LintCode.OVER_LOOKUP_LIMIT]
        assert " 12 lookups" in over.text
        assert "include:${x}" in over.text
        assert over.text.endswith("; what is not known may add to it")

    def test_without_a_domain_nothing_is_asked_of_it(self) -> None:
        recorder = Recorder(ZONE)
        linted("v=spf1 a mx/24 ptr exists:%{d}.example.com include:b.example.com -all", resolver=recorder)
        assert {question.name for question, _ in recorder.recording.answers} <= {"b.example.com"}

    def test_without_a_domain_a_fix_keeps_what_depends_on_it(self) -> None:
        findings = linted("v=spf1 a mx a:a.example.com a:a.example.com/24 -all", resolver=ZONE)
        fixes = ["".join(each.fix) for each in findings if each.fix is not None]
        assert fixes
        assert all(fix.startswith("v=spf1 a mx ") for fix in fixes)

    def test_with_a_domain_it_is_asked(self) -> None:
        findings = linted("v=spf1 a mx include:${x} -all", resolver=ZONE, domain="gone.example.com")
        assert {str(each.code) for each in findings} >= {"name-not-found"}
        assert {each.domain for each in findings} == {"gone.example.com"}

    def test_no_name_of_ours_is_shown(self) -> None:
        for text in ("v=spf1 a ${x} include:${y} mx ~all", "v=spf1 a mx a:gone.example.com a:b.example.com ?all"):
            for each in linted(text, resolver=ZONE):
                assert "unknown.invalid" not in f"{each} {each.hint} {each.fix} {each.path} {each.source}"


KNOWN = [
    "mx",
    "a",
    "ptr",
    "ip4:10.0.0.0/8",
    "ip4:10.1.2.3/16",
    "include:b.example.com",
    "?a",
    "a:c.example",
    "ip4:1.1.1.1",
]
COMPLETIONS = [
    "", "mx", "ip4:192.0.2.1", "include:c.example ip4:198.51.100.0/24", "?a", "-ip4:192.0.2.7", "exists:%{i}.c.example",
]  # fmt: skip


@given(
    st.lists(st.sampled_from([*KNOWN, "${x}"]), min_size=1, max_size=6),
    st.sampled_from(["", "~all", "-all", "+all", "?all"]),
    st.sampled_from(COMPLETIONS),
)
def test_no_finding_depends_on_an_unknown_part(words: list[str], end: str, completion: str) -> None:
    """Each finding about the text is also there for any terms in place of the unknown parts, if none is an all."""
    text = " ".join(["v=spf1", *words, *([end] if end else [])])
    completed = " ".join(text.replace("${x}", completion).split())
    there = {
        (each.code, completed[slice(*each.span)] if each.span else "")
        for each in spfengine.lint(None, record=completed)
    }
    for each in linted(text):
        assert (each.code, text[slice(*each.span)] if each.span else "") in there, each
