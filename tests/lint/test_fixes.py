"""A fix, published in place of the record at fault, makes the finding go away."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Zone
from spfengine.linting import Finding
from tests.lint.cases import CASES, DOMAIN, Case, case

FIXED = """
    multiple-records look-alike invalid-character unknown-mechanism qualified-modifier missing-term-name
    missing-argument unexpected-argument empty-domain-spec invalid-domain-spec address-as-domain-spec invalid-macro
    invalid-ip4-network invalid-ip6-network invalid-cidr-length unexpected-cidr-length duplicate-modifier
    mistyped-modifier extra-spaces missing-space misshapen-name split-over-records host-bits mapped-network
    term-after-all redirect-ignored escaping-macro unreversed-macro duplicate-term unreachable-term
    redundant-term include-never-passes invalid-target-name name-not-found no-addresses null-mx string-over-255
""".split()
"""Codes that come with a fix, in their cases."""


def published(zone: Zone, finding: Finding) -> Zone:
    """Return the zone with the fix in place of the record that the finding is about."""
    name = finding.domain or ""
    answer = zone.resolve(spfengine.Question(name, spfengine.RRType.TXT))
    source = None if finding.source is None else finding.source.encode("latin-1")
    kept = [strings for strings in answer.strings if not _is_replaced(b"".join(strings), source)]
    overlay = {name: {"TXT": [*kept, finding.fix]}}
    rrsets: dict[str | bytes, Any] = {}
    for rrset in zone.rrsets:
        rrsets.setdefault(rrset.name, {})[rrset.type] = rrset
    old = [rrset for rrset in zone.rrsets if not (rrset.name.lower() == name.lower() and rrset.type == "TXT")]
    new = Zone(overlay)
    return Zone.from_rrsets(zone.names, [*old, *new.rrsets])


def _is_replaced(octets: bytes, source: bytes | None) -> bool:
    is_spf = octets[:6].lower() == b"v=spf1" and octets[6:7] in (b"", b" ")
    return octets == source or (source is None and is_spf)


def reported(findings: list[Finding]) -> Counter[tuple[str, str]]:
    """Return how often each code is reported for each term."""
    return Counter((str(each.code), _term(each)) for each in findings)


def _term(finding: Finding) -> str:
    if finding.source is None or finding.span is None or finding.code == "look-alike":
        return ""
    return finding.source[finding.span[0] : finding.span[1]].lower()


def assert_fixed(zone: Zone, domain: str, finding: Finding, before: list[Finding]) -> None:
    assert finding.fix is not None
    assert all(len(string) <= 255 and string.isascii() for string in finding.fix)
    after = spfengine.lint(domain, resolver=published(zone, finding))
    key = (str(finding.code), _term(finding))
    assert reported(after)[key] < reported(before)[key], (finding.source, finding.fix, [str(each) for each in after])


@pytest.mark.parametrize("code", FIXED)
def test_the_fix_of_each_code_that_has_one(code: str) -> None:
    found = CASES[code][0]
    before = found.findings()
    findings = [finding for finding in before if finding.code == code and finding.fix is not None]
    assert findings
    for finding in findings:
        assert_fixed(found.make(), found.domain, finding, before)


@pytest.mark.parametrize("code", CASES)
def test_no_other_code_has_a_fix_in_its_case(code: str) -> None:
    """What is listed above is all of it."""
    if code not in FIXED:
        assert [each for each in CASES[code][0].findings() if each.code == code and each.fix is not None] == []


@pytest.mark.parametrize(
    ("record", "fixed"),
    [
        ("v=spf1 include:_spf.smtp.com~all", "v=spf1 include:_spf.smtp.com ~all"),
        ("v=spf1 ipv4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 ip4:192.0.2.1:25 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip4:mail.example.com -all", "v=spf1 a:mail.example.com -all"),
        ("v=spf1 inlude:ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 include: ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 redirect:ok.example", "v=spf1 redirect=ok.example"),
        ("v=spf1 includeok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 include:https://ok.example/ -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 ipv4:192.0.2.2 inlude:ok.example -al", "v=spf1 ip4:192.0.2.2 include:ok.example -all"),
        ("v=spf1 mx -all;", "v=spf1 mx -all"),
        ("v=spf1 mx, -all", "v=spf1 mx -all"),
        ("v=spf1 mx -all.", "v=spf1 mx -all"),
        ("v=spf1 mx -allow", "v=spf1 mx -all"),
        ("v=spf1 mx,a,-all", "v=spf1 mx a -all"),
        ("v=spf1 mx;ip4:192.0.2.1; ~all", "v=spf1 mx ip4:192.0.2.1 ~all"),
        ("v=spf1 ip4:192.0.2.1;ip4=192.0.2.2;~all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"),
        ("v=spf1 mx;a:ok.example;include=v4.example;~all", "v=spf1 mx a:ok.example include:v4.example ~all"),
        ("v=spf1 ip4:192.0.2.1,192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"),
        ("v=spf1 ip4:192.0.2.1, 192.0.2.2 -all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"),
        ("v=spf1 ip4:192.0.2.4-192.0.2.7 -all", "v=spf1 ip4:192.0.2.4/30 -all"),
        ("v=spf1 ip4:192.0.2.4-6 -all", "v=spf1 ip4:192.0.2.4/31 ip4:192.0.2.6 -all"),
        ("v=spf1 ip4:192.0.2.9-192.0.2.3 -all", None),
        ("v=spf1 ip4:192.0.2.* -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 192.0.*.* -all", "v=spf1 ip4:192.0.0.0/16 -all"),
        ("v=spf1 ip4:192.0.2 -all", None),
        ("v=spf1 ip4:192.0.2/24 -all", None),
        ("v=spf1 ip4:192.0.2.0/255.255.255.0 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 ip4:192.0.2.0/0.0.0.255 -all", None),
        ("v=spf1 ip4:192.0.2.0 255.255.255.0 -all", None),
        ("v=spf1 ip4:192.000.002.001 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip4:192.0.2.010 -all", None),
        ("v=spf1 ip4:192.0.2.1inlude:ok.example -all", None),
        ("v=spf1 ip4:192.009.002.010 -all", "v=spf1 ip4:192.9.2.10 -all"),
        ("v=spf1 include:https://ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 a:https://ok.example/x -all", "v=spf1 a:ok.example -all"),
        ("v=spf1 include:@ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 include:@ -all", None),
        ("v=spf1 include:b\u00fccher.example -all", "v=spf1 include:xn--bcher-kva.example -all"),
        ("v=spf1 mx redirect=a.example,b.example", None),
        ("v=spf1 a:foo.example-include:b.example -all", None),
        ("v=spf1 :ok.example -all", None),
        ("v=spf1 mx -a11", None),
        ("v=spf1 a:a1.example/24/64 -all", "v=spf1 a:a1.example/24//64 -all"),
        ("v=spf1 ok.example -all", None),
        ("v=spf1 mx \u2013all", "v=spf1 mx -all"),
        ("v=spf1 mx\u00a0-all", "v=spf1 mx -all"),
        ("v=spf1include:ok.example -all", "v=spf1 include:ok.example -all"),
        (" v=spf1 mx -all", "v=spf1 mx -all"),
        ('"v=spf1 mx -all"', "v=spf1 mx -all"),
        ("\u201cv=spf1 mx -all\u201d", "v=spf1 mx -all"),
        ('v=spf1 mx "-all"', "v=spf1 mx -all"),
        ("v=spf2 mx -all", "v=spf1 mx -all"),
        ("spf1 mx -all", "v=spf1 mx -all"),
        ("v=spf mx -all", "v=spf1 mx -all"),
        ("v = spf1 mx -all", "v=spf1 mx -all"),
        ("v=spf1; mx -all", "v=spf1 mx -all"),
        ('v=spf1 mx" "-all', "v=spf1 mx -all"),
        ("v=spf1 mx v=spf1 a -all", "v=spf1 mx a -all"),
        ("v=spf1 mx ip4=192.0.2.1 -all", "v=spf1 mx ip4:192.0.2.1 -all"),
        ("v=spf1 mx include=ok.example -all", "v=spf1 mx include:ok.example -all"),
        ("v=spf1 mx inlcude=ok.example -all", "v=spf1 mx include:ok.example -all"),
        ("v=spf1 mx ~all ~all", "v=spf1 mx ~all"),
        ("v=spf1 2001:db8::/48 -all", "v=spf1 ip6:2001:db8::/48 -all"),
        ("v=spf1 a:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all"),
        ("v=spf1 redirectok.example", "v=spf1 redirect=ok.example"),
        ("v=spf1 include:ok.example/ -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 incl-ok.example -all", None),
        ("v=spf1 explain=why.x.example -all", "v=spf1 exp=why.x.example -all"),
        ("v=spf1 redirct:ok.example", "v=spf1 redirect=ok.example"),
        ("v=spf1 mx redirect=ok.example redirect=a.example", None),
        ("v=spf1 mx redirect=ok.example redirect=OK.example", "v=spf1 mx redirect=ok.example"),
        ("v=spf1 mx: a:ok.example -all", "v=spf1 mx a:ok.example -all"),
        ("v=spf1 exists: include:ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 mx redirect=ok.example -al", None),
        ("v=spf1 ip4:192.0.2.0 /24 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 ip4:192.0.2.0/ 24 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 ip4:192.0.2.0 / 24 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 a mx /24 //64 -all", "v=spf1 a mx/24//64 -all"),
        ("v=spf1 include ok.example ip4 192.0.2.1 -all", "v=spf1 include:ok.example ip4:192.0.2.1 -all"),
        ("v=spf1 include : ok.example -all", "v=spf1 include:ok.example -all"),
        ("v=spf1 redirect = ok.example", "v=spf1 redirect=ok.example"),
        ("v=spf1 redirect ok.example", "v=spf1 redirect=ok.example"),
        ("v=spf1 include mx -all", None),
        ("v=spf1 a = ok.example -all", None),
        ("v=spf1 include:<ok.example> -all", "v=spf1 include:ok.example -all"),
        ('v=spf1 include:"ok.example" -all', "v=spf1 include:ok.example -all"),
        ("v=spf1 ip6:[2001:db8::1] -all", "v=spf1 ip6:2001:db8::1 -all"),
        ("v=spf1 ip4:<192.0.2.0/24> -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 a:192.0.2.1:25 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip4:192.0.2.1\\ -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 include:*.ok.example -all", None),
        ("v=spf1 mx " + "ip4:192.0.2.1 " * 200 + "-al", None),
        ("v=spf1 mx " + "al " * 11, None),
        (" " * 3000 + "v=spf1 mx -all", None),
        ("spf is not for us", None),
    ],
)  # fmt: skip
def test_a_typo_is_told_with_the_record_that_was_meant(record: str, fixed: str | None) -> None:
    findings = [each for each in spfengine.lint(None, record=record) if each.code != "string-over-255"]
    fixes = {"".join(each.fix) for each in findings if each.fix is not None}
    assert fixes == (set() if fixed is None else {fixed})


@pytest.mark.parametrize(
    ("records", "fixed"),
    [
        (["v=spf1 mx -all", "v=spf1 mx -all"], "v=spf1 mx -all"),
        (["v=spf1 mx -all", "v=spf1 include:ok.example -all"], "v=spf1 mx include:ok.example -all"),
        (["v=spf1 mx -all", "v=spf1 +mx a -all"], "v=spf1 mx a -all"),
        (["v=spf1 mx -all", "v=spf1 +mx a ~all"], None),
        (["v=spf1 mx ?all", "v=spf1 a ~all"], None),
        (["v=spf1 mx -all", "v=spf1 mx"], "v=spf1 mx -all"),
        (["v=spf1 mx -all", "v=spf1 mx +all"], None),
        (["v=spf1 mx -all", "v=spf1 redirect=ok.example"], None),
        (["v=spf1 mx -all", "v=spf1 a -al"], "v=spf1 mx a -all"),
        (["v=spf1 mx -all", "v=spf1 mx foo -all"], None),
        (["v=spf1 mx exp=a.example -all", "v=spf1 mx exp=b.example -all"], None),
    ],
)
def test_several_records_are_merged_where_they_do_not_contradict_each_other(
    records: list[str], fixed: str | None
) -> None:
    [finding] = [each for each in case(records).findings() if each.code == "multiple-records"]
    assert finding.fix == (None if fixed is None else (fixed,))


def test_which_policy_several_records_meant_only_a_person_can_decide() -> None:
    """RFC 7208 §4.5: receivers follow neither, so the one that a merged record gets is a decision."""
    [finding] = [
        each for each in case(["v=spf1 mx -all", "v=spf1 a ~all"]).findings() if each.code == "multiple-records"
    ]
    assert finding.hint == (
        "merge them into one record: v=spf1 mx a, and at its end ~all or -all: which one, only you can decide"
    )


def test_a_domain_that_takes_no_mail_is_offered_the_record_that_says_so() -> None:
    for domain in ("null.example", "quiet.example"):
        found = case(None, {"quiet.example": {"TXT": "no mail here"}}, domain)
        before = found.findings()
        [finding] = before
        assert (finding.code, finding.fix) == ("no-record", ("v=spf1 -all",))
        assert_fixed(found.make(), domain, finding, before)
    for domain in (DOMAIN, "no-mail.example"):  # without MX records, mail goes to its address (RFC 5321 §5.1)
        [finding] = case(None, domain=domain).findings()
        assert (finding.code, finding.fix) == ("no-record", None)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ({"TXT": "v=spf1include:ok.example -all"}, "look-alike"),
        ({"TXT": '"v=spf1 a -all"'}, "look-alike"),
        ({"TXT": ("v=spf1", "a", "-all")}, "look-alike"),
        ({"TXT": ("v=spf1", "redirect=ok.example")}, "look-alike"),
        ({"TXT": "spf2.0/pra a -all"}, "no-record"),
        ({"TXT": "redirect=ok.example"}, "no-record"),
        ({"TXT": "a include:ok.example ~all"}, "no-record"),
        ({"SPF": "v=spf1 a -all"}, "type-spf"),
    ],
)
def test_all_is_not_refused_if_something_shows_what_was_meant(records: dict[str, Any], code: str) -> None:
    """A look-alike record, one without quotes, one of type SPF, or a redirect: the domain does send mail."""
    findings = case(None, {"quiet.example": {"A": "192.0.2.9", **records}}, "quiet.example").findings()
    assert code in [finding.code for finding in findings]
    assert "no-record" in [finding.code for finding in findings]
    assert [finding.fix for finding in findings if finding.fix == ("v=spf1 -all",)] == []


@pytest.mark.parametrize("leads", ["redirect=quiet.example", "include:QUIET.example -all"])
def test_all_is_not_refused_if_another_record_leads_there(leads: str) -> None:
    zone = {"quiet.example": {"A": "192.0.2.9", "TXT": "nothing of SPF"}, "other.example": {"TXT": f"v=spf1 {leads}"}}
    [finding] = case(None, zone, "quiet.example").findings()
    assert (finding.code, finding.fix) == ("no-record", None)
    assert "other records include this one or redirect to it" in str(finding.hint)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("v=spf1 mx", "missing-all"),
        ("v=spf1 mx redirct=ok.example", "missing-all"),
        ("v=spf1 mx ?all", "neutral-all"),
        ("v=spf1 mx +all", "passes-everyone"),
        ("v=spf1 mx any", "unknown-mechanism"),
    ],
)
def test_no_policy_is_chosen_for_the_admin(record: str, code: str) -> None:
    """A hint says what could be published; no fix adds an all, or changes what one says."""
    [finding] = [each for each in spfengine.lint(None, record=record) if each.code == code]
    assert finding.fix is None
    assert finding.hint


@pytest.mark.parametrize(
    ("records", "fixed"),
    [
        (
            [("v=spf1 include:ok.example", "include:v4.example ~all")],
            "v=spf1 include:ok.example include:v4.example ~all",
        ),
        ([("v=spf1 ip4:192.0.2.1", "ip4:192.0.2.2", "~all")], "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"),
        ([("v=spf1", "include:ok.example ~all")], "v=spf1 include:ok.example ~all"),
        ([("v=spf1 mx", "a ~all")], "v=spf1 mx a ~all"),
        ([("v=spf1 a:ok.example", "mx -all")], "v=spf1 a:ok.example mx -all"),
        (["v=spf1 include:ok.exampleinclude:v4.example ~all"], "v=spf1 include:ok.example include:v4.example ~all"),
        (["v=spf1 include:ok.example,v4.example ~all"], "v=spf1 include:ok.example include:v4.example ~all"),
        (["v=spf1 ip4:192.0.2.1redirect=ok.example"], "v=spf1 ip4:192.0.2.1 redirect=ok.example"),
        ([("v=spf1 mx", "redirect=ok.example")], "v=spf1 mx redirect=ok.example"),
        (["v=spf1 mxredirect=ok.example"], "v=spf1 mx redirect=ok.example"),
        ([("v=spf1 ip4:192.0.2.1 a", "exp=ok.example -all")], "v=spf1 ip4:192.0.2.1 a exp=ok.example -all"),
    ],
)
def test_spaces_that_got_lost(records: list[Any], fixed: str) -> None:
    found = case(records)
    before = found.findings()
    findings = [finding for finding in before if finding.code == "missing-space"]
    assert findings
    for finding in findings:
        assert "".join(finding.fix or ()) == fixed
        assert_fixed(found.make(), DOMAIN, finding, before)
        assert not [each for each in before if each.span == finding.span and each.code != "missing-space"]


@pytest.mark.parametrize(
    ("strings", "code", "fixed"),
    [
        (("v=spf1 include:ok.example", "v=spf1 mx -all"), "invalid-domain-spec", "v=spf1 include:ok.example mx -all"),
        (("v=spf1 ip4:192.0.2.1", "v=spf1 mx -all"), "invalid-ip4-network", "v=spf1 ip4:192.0.2.1 mx -all"),
        (("v=spf1 mx ~all", "v=spf1 a -all"), "qualified-modifier", "v=spf1 mx ~all a -all"),
        (("v=spf1 mx", "v=spf1 a:ok.example -all"), "mistyped-modifier", "v=spf1 mx a:ok.example -all"),
        (("v=spf1 mx all", "v=spf1 a -all"), "unknown-modifier", None),
    ],
)
def test_two_records_that_became_one_keep_their_terms(strings: tuple[str, ...], code: str, fixed: str | None) -> None:
    [finding] = [each for each in case([strings]).findings() if each.code == code]
    assert (None if finding.fix is None else "".join(finding.fix)) == fixed


@pytest.mark.parametrize(
    ("record", "is_missing"),
    [
        ("v=spf1 mxredirect=ok.example", False),
        ("v=spf1 include:ok.example-all", False),
        ("v=spf1 include:ok.exampleinclude:v4.example", True),
    ],
)
def test_an_end_is_missing_only_if_it_is_with_the_lost_spaces_too(record: str, is_missing: bool) -> None:
    assert ("missing-all" in case(record).codes()) is is_missing


@pytest.mark.parametrize(
    "records",
    [
        [("v=spf1 include:ok.exa", "mple ~all")],
        [("v=spf1 include:ok.example ", "~all")],
        [("v=spf1 " + "ip4:192.0.2.1 " * 17 + "include:x.footb", "all -all")],
        [("v=spf1 a:m", "x.x.example ~all")],
    ],
)
def test_strings_that_are_cut_within_a_term_lack_no_space(records: list[Any]) -> None:
    assert "missing-space" not in case(records).codes()


@pytest.mark.parametrize(
    ("records", "fixed"),
    [
        (["v=spf1 ip4:192.0.2.1 ", "include:ok.example ~all"], "v=spf1 ip4:192.0.2.1 include:ok.example ~all"),
        (["include:ok.example -all", "v=spf1 ip4:192.0.2.1"], "v=spf1 ip4:192.0.2.1 include:ok.example -all"),
        (["v=spf1 include:ok.exa", "mple ip4:192.0.2.1 ~all"], "v=spf1 include:ok.example ip4:192.0.2.1 ~all"),
        (["v=spf1 mx ~all", "include:ok.example ~all"], None),
        (["v=spf1 mx", "include:ok.example", "ip4:192.0.2.1 ~all"], None),
    ],
)
def test_a_record_cut_over_two_txt_records_is_joined(records: list[str], fixed: str | None) -> None:
    findings = [finding for finding in case(records).findings() if finding.code == "split-over-records"]
    assert findings
    assert {finding.fix for finding in findings} == {None if fixed is None else (fixed,)}
    assert "missing-all" not in case(records).codes()


@pytest.mark.parametrize(
    "other",
    [
        "v=DMARC1; p=none; aspf=s", "google-site-verification=abc", "MS=ms123", "SPF check of %{i} failed for %{d}",
        "see https://spf.example/ for all", "a mx", "all", "v=DKIM1; p=", "spf.protection.example",
    ],
)  # fmt: skip
def test_other_texts_are_no_halves_and_no_look_alikes(other: str) -> None:
    assert case(["v=spf1 mx -all", other]).codes() == []


def test_a_record_without_quotes_gets_its_spaces_back() -> None:
    [finding] = [each for each in case([("v=spf1", "mx", "-all")]).findings() if each.code == "look-alike"]
    assert finding.fix == ("v=spf1 mx -all",)


def test_a_look_alike_beside_a_record_is_to_be_taken_out() -> None:
    """Published as well, it would be the second record: permerror."""
    findings = case(["v=spf1 mx -all", "v=spf1a -all"]).findings()
    [finding] = [each for each in findings if each.code == "look-alike"]
    assert finding.fix is None
    assert str(finding.hint).startswith("take it out")


@pytest.mark.parametrize(
    ("records", "fixed"),
    [
        (["v=spf1 mx exists:%{L}.x.example -all", "v=spf1 exists:%{l}.x.example -all"],
         "v=spf1 mx exists:%{L}.x.example exists:%{l}.x.example -all"),
        (["v=spf1 a redirect=%{L}.x.example", "v=spf1 mx redirect=%{l}.x.example"], None),
        (["v=spf1 a redirect=ok.example", "v=spf1 mx redirect=OK.Example"], "v=spf1 a redirect=ok.example mx"),
        (["v=spf1 ip4:192.0.2.1 -all", "v=spf1 -ip4:192.0.2.1 -all"], None),
        (["v=spf1 -all mx", "v=spf1 a -all"], None),
        (["v=spf1 redirect=mail.football", "v=spf1 -all"], None),
        (["v=spf1 mx foo=Bar -all", "v=spf1 mx foo=bar -all"], "v=spf1 mx foo=Bar foo=bar -all"),
        ([f"v=spf1 ip4:192.0.2.{i} -all" for i in range(11)], None),
    ],
)  # fmt: skip
def test_a_merged_record_has_every_term(records: list[str], fixed: str | None) -> None:
    [finding] = [each for each in case(records).findings() if each.code == "multiple-records"]
    assert finding.fix == (None if fixed is None else (fixed,))


def test_a_record_among_several_is_not_split_alone() -> None:
    """The fix would take the place of all of them."""
    long = "v=spf1 " + "ip4:192.0.2.1 " * 20 + "-all"
    findings = case([(long,), "v=spf1 mx -all"]).findings()
    [finding] = [each for each in findings if each.code == "string-over-255"]
    assert finding.fix is None


def test_a_fix_of_somebody_elses_record_is_not_offered() -> None:
    found = case("v=spf1 include:b.example -all", {"b.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"}})
    [finding] = found.findings()
    assert (finding.domain, finding.own, finding.fix) == ("b.example", False, None)
    assert finding.path == ((DOMAIN, "include:b.example"),)


_TERMS = st.sampled_from(
    """
    mx a a:v4.example a:gone.example +mx ?a -ip4:192.0.2.0/24 ip4:192.0.2.1 ip4:192.0.2.7/24 ip6:::ffff:192.0.2.1 ~all
    -all ?all +all include:ok.example include:gone.example include:n.example redirect=ok.example exp=why.x.example ptr
    ipv4:192.0.2.1 ip4: inlude:ok.example all: mx:null.example exists:%{I}.%{v}.x.example a=v4.example moo=cow -al a/0
    include:ok.example~all exists:%{i}.a.example exists:%{p}.b.example v=spf1 a:a1..example mx:many.example
    a:loop.example
    """.split()
)


@given(st.lists(_TERMS, max_size=8), st.sampled_from(["v=spf1 ", "v=spf1  ", " v=spf1 ", "v=spf1", '"v=spf1 ']))
def test_every_fix_of_every_record_works(terms: list[str], begin: str) -> None:
    found: Case = case([begin + " ".join(terms)], {"n.example": {"TXT": "v=spf1 ?all"}})
    zone = found.make()
    before = found.findings()
    for finding in before:
        if finding.fix is not None:
            assert_fixed(zone, DOMAIN, finding, before)
