"""Two slips where two strings meet: one fix corrects all that is certain, and keeps what only a person can decide."""

import pytest

from spfengine.linting.finding import Finding
from spfengine.linting.lint import lint

CERTAIN = {
    "include:b.example": "include:b.example",
    "include;b.example": "include:b.example",
    "inlude:b.example": "include:b.example",
    "include=b.example": "include:b.example",
    "include:@b.example": "include:b.example",
    "include:https://b.example/": "include:b.example",
    "include:b.example,": "include:b.example",
    "include:b.example,c.example": "include:b.example include:c.example",
    "include:b.example~all": "include:b.example ~all",
    "include: b.example": "include:b.example",
    "ip4=192.0.2.9": "ip4:192.0.2.9",
    "ipv4:192.0.2.9": "ip4:192.0.2.9",
    "a:192.0.2.9": "ip4:192.0.2.9",
    "192.0.2.9": "ip4:192.0.2.9",
    "ip4,192.0.2.9": "ip4:192.0.2.9",
    "ip4:192.0.2.8-192.0.2.9": "ip4:192.0.2.8/31",
    "ip4:192.0.2.*": "ip4:192.0.2.0/24",
    "ip4:192.0.2.0/255.255.255.0": "ip4:192.0.2.0/24",
    "ip4:192.0.2.8,192.0.2.9": "ip4:192.0.2.8 ip4:192.0.2.9",
    "redirect:r.example": "redirect=r.example",
    "mx,": "mx",
    "mx;a": "mx a",
    "a": "a",
    "-al": "-all",
}
"""What is written at the beginning of a string, and what it means."""
BEFORE = {
    "include:a.example": "include:a.example",
    "inlude:a.example": "include:a.example",
    "ip4=192.0.2.1": "ip4:192.0.2.1",
    "ip4:192.0.2.1,": "ip4:192.0.2.1",
    "mx": "mx",
}
"""What is written at the end of the string before it, and what that means."""


def of_text(findings: list[Finding]) -> list[Finding]:
    """Return the findings that say that a term is not what was meant."""
    return [each for each in findings if each.severity == "error" or each.code == "mistyped-modifier"]


@pytest.mark.parametrize("first", BEFORE)
@pytest.mark.parametrize("second", CERTAIN)
def test_one_fix_corrects_all_slips_that_are_certain(first: str, second: str) -> None:
    rest = "" if "al" in second else "exists:h.example"
    meant = f"v=spf1 {BEFORE[first]} {CERTAIN[second]} {rest}".rstrip()
    found = of_text(lint(None, record=(f"v=spf1 {first}", f"{second} {rest}".rstrip())))
    assert {each.fix for each in found} == {(meant,)}
    assert of_text(lint(None, record=meant)) == []


@pytest.mark.parametrize("second", CERTAIN)
def test_the_hint_says_what_the_fix_does(second: str) -> None:
    for finding in lint(None, record=("v=spf1 mx", f"{second} exists:h.example")):
        if finding.code == "missing-space" and second != "include: b.example":
            assert f"did you mean mx {CERTAIN[second]}?" in (finding.hint or "")


@pytest.mark.parametrize("second", ["include:@", "ip4:192.0.2", "ip4:192.0.2.010"])
def test_a_fix_keeps_what_only_a_person_can_decide(second: str) -> None:
    found = lint(None, record=("v=spf1 inlude:a.example", f"{second} ipv4:192.0.2.9 ~all"))
    fixes = {each.fix for each in found if each.code == "missing-space"}
    assert fixes == {(f"v=spf1 include:a.example {second} ip4:192.0.2.9 ~all",)}


@pytest.mark.parametrize(
    "strings",
    [
        ("v=spf1 include:mail-", "all.example ~all"),
        ("v=spf1 include:my", "-all.example ~all"),
        ("v=spf1 exists:%{i}", ".mx.example ~all"),
        ("v=spf1 ip4:192.0.", "2.1 ~all"),
        (f"v=spf1 {'mx ' * 80}include:host", "a:b.example.example ~all"),
    ],
)
def test_a_name_that_was_cut_is_no_missing_space(strings: tuple[str, str]) -> None:
    codes = [each.code for each in lint(None, record=strings)]
    assert ("missing-space" in codes) == (strings[1].startswith("a:"))


def test_a_look_alike_and_a_broken_boundary_are_fixed_at_once() -> None:
    import spfengine

    zone = spfengine.Zone({"x.example": {"TXT": ("spf1 include:a.example", "inlude:b.example ~all"), "A": "192.0.2.1"}})
    fixes = {each.fix for each in spfengine.lint("x.example", resolver=zone) if each.code == "look-alike"}
    assert fixes == {("v=spf1 include:a.example include:b.example ~all",)}


def test_halves_of_a_record_with_slips_are_joined() -> None:
    import spfengine

    records = ["v=spf1 include:a.example", "ipv4:192.0.2.9 include:b.example ~all"]
    zone = spfengine.Zone({"x.example": {"TXT": records}})
    [finding] = [each for each in spfengine.lint("x.example", resolver=zone) if each.code == "split-over-records"]
    assert finding.fix == ("v=spf1 include:a.example ip4:192.0.2.9 include:b.example ~all",)


@pytest.mark.parametrize(
    ("strings", "fixed"),
    [
        (("v=spf1 mx ~all", "include:b.example"), "v=spf1 mx include:b.example ~all"),
        (("v=spf1 mx ~all", "include:b.example ~all"), "v=spf1 mx include:b.example ~all"),
        (("v=spf1 mx ~all", "include:b.example -all"), None),
        (("v=spf1 mx", "include:b.example ~all"), "v=spf1 mx include:b.example ~all"),
    ],
)
def test_terms_after_an_all_of_the_first_string_count(strings: tuple[str, str], fixed: str | None) -> None:
    [finding] = [each for each in lint(None, record=strings) if each.code == "missing-space"]
    assert finding.fix == (None if fixed is None else (fixed,))
    moves = fixed is not None and "~all" in strings[0]
    assert ("the fix also moves the all to the end" in (finding.hint or "")) is moves
