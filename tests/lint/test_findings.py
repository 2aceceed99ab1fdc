"""What findings say: who is concerned, what costs it, what is not known, and whose record it is."""

import asyncio
import pickle
from typing import Any

import pytest

import spfengine
from spfengine import Status, Zone
from spfengine.linting import Finding, LintCode, Severity
from spfengine.text.lines import plain
from spfengine.text.lint import lint_lines
from tests.conftest import REPOSITORY
from tests.lint.cases import CASES, DOMAIN, case
from tests.optional import need

SEED = REPOSITORY / "examples" / "seed.zone"


def codes_of(findings: list[Finding]) -> list[str]:
    return [str(finding.code) for finding in findings]


def only(findings: list[Finding], code: str) -> Finding:
    [finding] = [each for each in findings if each.code == code]
    return finding


def test_the_seed_story() -> None:
    """The stale address is found, and the receivers that count each void lookup are named."""
    findings = spfengine.lint("seed.example", resolver=Zone.from_file(SEED))
    assert codes_of(findings) == ["over-void-limit-per-lookup", "redundant-term", *["helo-without-record"] * 2]
    assert "pyspf and Mail::SPF" in findings[0].text
    assert "IPv6 clients only" in findings[0].text
    assert findings[1].text == "+ip4:163.44.239.12 says only what +mx already says"
    assert findings[1].fix == ("v=spf1 +a +mx +ip4:150.95.55.137 ~all",)


def test_a_record_that_nothing_is_wrong_with() -> None:
    assert case("v=spf1 mx a:a1.example include:ok.example -all").findings() == []


def test_a_record_can_stand_for_the_one_that_is_published() -> None:
    zone = case(["v=spf1 mx -all", "google-site-verification=1"]).make()
    assert codes_of(spfengine.lint(DOMAIN, resolver=zone, record="v=spf1 mx")) == ["missing-all"]
    assert codes_of(spfengine.lint(DOMAIN, resolver=zone, record=b"v=spf1 mx -al")) == ["unknown-mechanism"]
    assert codes_of(spfengine.lint(DOMAIN, resolver=zone, record="v=spf2 mx -all")) == ["not-spf"]
    assert codes_of(spfengine.lint(DOMAIN, resolver=zone, record="v=spf1 mx -all")) == []
    failing = Zone({DOMAIN: {"TXT": Status.SERVFAIL}})
    assert codes_of(spfengine.lint(DOMAIN, resolver=failing, record="v=spf1 ip4:192.0.2.1 -all")) == []


class TestLimits:
    def test_ipv6_clients_only(self) -> None:
        finding = only(CASES["over-void-limit"][0].findings(), "over-void-limit")
        assert finding.text.startswith("IPv6 clients cause 3 void lookups, and 2 are allowed")
        assert "to IPv6 clients only" in finding.text
        assert "a:v4.example, a:v4.example/31, a:v4.example/30" in finding.text
        assert "neither A nor AAAA records do not" in finding.text
        assert "AAAA" in str(finding.hint)

    def test_ipv4_clients_only(self) -> None:
        zone = {"v6.example": {"AAAA": "2001:db8::6"}}
        findings = case("v=spf1 a:v6.example a:v6.example//127 a:v6.example//126 -all", zone).findings()
        finding = only(findings, "over-void-limit")
        assert "to IPv4 clients only" in finding.text
        assert "give these hosts A records too" in str(finding.hint)

    def test_both_families(self) -> None:
        findings = case("v=spf1 a:gone.x.example a:gone2.x.example a:gone3.x.example -all").findings()
        finding = only(findings, "over-void-limit")
        assert "only" not in finding.text.partition(";")[0]
        assert "neither" not in finding.text
        assert codes_of(findings).count("name-not-found") == 3

    def test_the_true_need_is_told_however_far_it_is_over_the_limit(self) -> None:
        zone = {f"i{i}.example": {"TXT": f"v=spf1 ip4:198.51.100.{i} -all"} for i in range(30)}
        record = "v=spf1 " + " ".join(f"include:{name}" for name in zone) + " -all"
        parts = (record[:200], record[200:400], record[400:])
        finding = only(case(parts, zone).findings(), "over-lookup-limit")
        assert "up to 30 lookups, and 10 are allowed" in finding.text
        assert "and 18 more" in finding.text

    def test_the_term_that_costs_most_is_told(self) -> None:
        zone: dict[str, Any] = {f"i{i}.example": {"TXT": f"v=spf1 ip4:198.51.100.{i} -all"} for i in range(8)}
        zone["big.example"] = {"TXT": "v=spf1 " + " ".join(f"include:{name}" for name in zone) + " -all"}
        finding = only(case("v=spf1 mx include:big.example -all", zone).findings(), "near-lookup-limit")
        assert finding.span == (10, 29)
        assert str(finding.hint).startswith("include:big.example alone costs 9 of them")

    def test_limits_can_be_other_ones(self) -> None:
        zone = case("v=spf1 mx a include:ok.example -all").make()
        found = spfengine.lint(DOMAIN, resolver=zone, limits=spfengine.Limits(lookups=2))
        assert "up to 3 lookups, and 2 are allowed" in only(found, "over-lookup-limit").text

    def test_a_limit_of_none_is_not_nearly_reached(self) -> None:
        zone = case("v=spf1 mx -all").make()
        assert codes_of(spfengine.lint(DOMAIN, resolver=zone, limits=spfengine.Limits(voids=0))) == []

    def test_a_void_lookup_counts_even_if_its_check_ends_for_another_reason(self) -> None:
        zone = Zone({DOMAIN: {"TXT": "v=spf1 include:gone.example -all"}})
        found = spfengine.lint(DOMAIN, resolver=zone, limits=spfengine.Limits(voids=0))
        assert codes_of(found) == ["over-void-limit", "could-be-registered"]

    def test_voids_of_macros_are_certain_only_where_no_client_gets_around_them(self) -> None:
        found = case("v=spf1 exists:%{i}.a.example a:v4.example a:v4.example/31 -all").findings()
        assert "over-void-limit" not in codes_of(found)
        assert "voids-by-chance" in codes_of(found)
        found = case("v=spf1 exists:%{i}.a.example a:v4.example a:v4.example/31 a:v4.example/30 -all").findings()
        assert "over-void-limit" in codes_of(found)

    @pytest.mark.parametrize(
        ("zone", "loop"),
        [
            ({DOMAIN: "v=spf1 include:x.example -all"}, "include:x.example leads back to its own record"),
            (
                {DOMAIN: "v=spf1 include:b.example -all", "b.example": "v=spf1 redirect=c.example",
                 "c.example": "v=spf1 a include:X.EXAMPLE -all"},
                "include:b.example closes a loop: x.example → b.example → c.example → X.EXAMPLE",
            ),
            ({DOMAIN: "v=spf1 redirect=%{d}"}, "redirect=%{d} leads back to its own record"),
        ],
    )  # fmt: skip
    def test_loops_are_named(self, zone: dict[str, str], loop: str) -> None:
        records = {name: {"TXT": text, **({"SOA": "x"} if name == DOMAIN else {})} for name, text in zone.items()}
        finding = only(spfengine.lint(DOMAIN, resolver=Zone(records)), "endless-loop")
        assert loop in finding.text
        assert finding.own
        assert "near-lookup-limit" not in codes_of(spfengine.lint(DOMAIN, resolver=Zone(records)))

    def test_records_that_are_reached_twice_are_no_circle(self) -> None:
        zone = {
            "b.example": {"TXT": "v=spf1 ip4:192.0.2.9 -all"},
            "c.example": {"TXT": "v=spf1 include:b.example -all"},
            "d.example": {"TXT": "v=spf1 include:c.example include:b.example include:x.example -all"},
        }
        record = "v=spf1 include:c.example include:b.example include:d.example -all"
        found = [each for each in case(record, zone).findings() if each.code == "endless-loop"]
        assert [each.text.partition(";")[0] for each in found] == [
            "include:d.example closes a loop: x.example → d.example → x.example"
        ]

    def test_a_circle_through_macros_that_rest_on_the_sender(self) -> None:
        zone = {f"{i}.example": {"TXT": f"v=spf1 include:{(i + 1) % 120}.example -all"} for i in range(120)}
        finding = only(spfengine.lint("0.example", resolver=Zone(zone)), "endless-loop")
        assert finding.domain == "0.example"


class TestWhatIsNotKnown:
    @pytest.mark.parametrize(
        "status", [s for s in Status if s not in (Status.NOERROR, Status.NXDOMAIN, Status.LOOP, Status.UNKNOWN)]
    )
    @pytest.mark.parametrize("term", ["a:f.example", "mx:f.example", "exists:f.example", "include:f.example"])
    def test_is_said_to_be_unknown(self, status: Status, term: str) -> None:
        findings = case(f"v=spf1 mx {term} -all", {"f.example": {"*": status}}).findings()
        assert {str(finding.code) for finding in findings} == {f"dns-{status.lower()}"}
        assert all(finding.severity is Severity.WARNING for finding in findings)

    def test_nor_is_the_record_itself(self) -> None:
        findings = spfengine.lint("servfail.example", resolver=case(None).make())
        assert codes_of(findings) == ["dns-servfail"]

    def test_nor_are_hosts_of_mx(self) -> None:
        zone = {"f.example": {"MX": (10, "h.example")}, "h.example": {"A": Status.TIMEOUT, "AAAA": "2001:db8::1"}}
        findings = case("v=spf1 mx:f.example -all", zone).findings()
        assert codes_of(findings) == ["dns-timeout"]
        assert "h.example" in findings[0].text

    def test_nor_is_what_macros_lead_to(self) -> None:
        """%{v} makes another name for each family, so that only running it asks for it."""
        zone = {"in-addr.example": {"*": Status.REFUSED}, "ip6.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"}}
        findings = case("v=spf1 mx a:%{v}.example -all", zone).findings()
        assert "dns-refused" in codes_of(findings)
        assert any("in-addr.example" in finding.text for finding in findings)


OTHERS = {
    "b.example": {"TXT": "v=spf1 ptr a:gone.ok.example ip4:10.0.0.0/7 include:c.example ?all"},
    "c.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -al"},
}


class TestWhoseRecord:
    def test_others_are_told_apart(self) -> None:
        findings = case("v=spf1 mx include:b.example -all", OTHERS).findings()
        assert {(each.domain, each.own) for each in findings} == {("b.example", False), ("c.example", False)}
        assert codes_of(findings) == ["name-not-found", "unknown-mechanism", "unknown-mechanism"]
        assert findings[1].path == ((DOMAIN, "include:b.example"), ("b.example", "include:c.example"))

    def test_others_can_be_said_to_be_own(self) -> None:
        zone = case("v=spf1 mx include:b.example -all", OTHERS).make()
        findings = spfengine.lint(DOMAIN, resolver=zone, own=["B.example"])
        assert {"ptr", "huge-network"} <= set(codes_of([each for each in findings if each.domain == "b.example"]))
        assert all(each.own == (each.domain != "c.example") for each in findings)

    def test_names_under_the_domain_are_own(self) -> None:
        found = case("v=spf1 include:_spf.x.example -all", {"_spf.x.example": {"TXT": "v=spf1 mx:x.example ptr"}})
        assert [(str(each.code), each.own) for each in found.findings()] == [("ptr", True)]

    def test_an_included_record_needs_no_all(self) -> None:
        found = case("v=spf1 include:_spf.x.example -all", {"_spf.x.example": {"TXT": "v=spf1 mx:x.example"}})
        assert found.findings() == []

    def test_a_record_that_is_redirected_to_does(self) -> None:
        found = case("v=spf1 redirect=_spf.x.example", {"_spf.x.example": {"TXT": "v=spf1 mx:x.example"}})
        assert codes_of(found.findings()) == ["missing-all"]

    def test_an_include_of_everybody_is_told_at_the_term_that_can_be_changed(self) -> None:
        found = case("v=spf1 include:b.example -all", {"b.example": {"TXT": "v=spf1 +all"}})
        finding = only(found.findings(), "passes-everyone")
        assert (finding.domain, finding.span) == (DOMAIN, (7, 24))
        assert "every client" in finding.text


@pytest.mark.parametrize("code", CASES)
def test_asyncio_says_the_same(code: str) -> None:
    found = CASES[code][0]
    assert asyncio.run(spfengine.alint(found.domain, resolver=found.make())) == found.findings()


@pytest.mark.parametrize("code", CASES)
def test_a_finding_is_a_value(code: str) -> None:
    for finding in CASES[code][0].findings():
        assert pickle.loads(pickle.dumps(finding)) == finding
        assert finding.to_dict().keys() == {
            "code", "severity", "text", "domain", "span", "spans", "section", "hint", "fix", "own", "record",
            "path",
        }  # fmt: skip
        shown = finding.render()
        assert str(finding.code) in shown
        assert all(line.isprintable() for line in shown.split("\n"))


def test_live_dns_answers_where_no_resolver_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = case("v=spf1 mx ?all").make()
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: zone)
    assert codes_of(spfengine.lint(DOMAIN)) == ["neutral-all"]
    assert codes_of(asyncio.run(spfengine.alint(DOMAIN))) == ["neutral-all"]
    assert codes_of(asyncio.run(spfengine.alint(None, record="v=spf1 mx ?all"))) == ["neutral-all"]


def test_an_mx_record_that_no_name_can_be_asked_of() -> None:
    class Odd:
        def resolve(self, question: spfengine.Question) -> spfengine.Answer:
            if question.type == "MX":
                return spfengine.Answer.mx((10, "a..example"), (20, "mx.x.example"))
            return zone.resolve(question)

    zone = case("v=spf1 mx -all").make()
    assert codes_of(spfengine.lint(DOMAIN, resolver=Odd())) == ["invalid-target-name"]


def test_many_terms_that_cover_one_are_counted() -> None:
    record = "v=spf1 " + " ".join(f"ip4:192.0.2.{i * 32}/27" for i in range(8)) + " ip4:192.0.2.0/24 -all"
    finding = only(case(record).findings(), "redundant-term")
    assert finding.text.endswith("ip4:192.0.2.0/27, ip4:192.0.2.32/27, ip4:192.0.2.64/27 and 5 more already say")
    assert finding.fix == (record.replace(" ip4:192.0.2.0/24", ""),)


def test_a_term_that_terms_of_several_qualifiers_cover_is_unreachable() -> None:
    record = "v=spf1 ip4:192.0.2.0/25 -ip4:192.0.2.128/25 ip4:192.0.2.0/24 -all"
    assert codes_of(case(record).findings()) == ["unreachable-term"]


def test_an_include_whose_record_is_at_fault_is_not_told_of_twice() -> None:
    zone = {"b.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"}}
    assert codes_of(case("v=spf1 mx include:b.example -all", zone).findings()) == ["unknown-mechanism"]
    assert codes_of(case("v=spf1 mx include:gone.x.example -all").findings()) == ["include-domain-not-found"]


def test_sender_id_is_another_protocol() -> None:
    assert codes_of(case(["v=spf1 mx -all", "spf2.0/pra mx -all"]).findings()) == []


def test_nothing_is_asked_twice() -> None:
    asked = []

    class Watching:
        def resolve(self, question: spfengine.Question) -> spfengine.Answer:
            asked.append((question.name.lower(), question.type))
            return zone.resolve(question)

    zone = case("v=spf1 a mx include:ok.example include:OK.example exists:a1.example -all exp=why.x.example").make()
    spfengine.lint(DOMAIN, resolver=Watching())
    assert asked
    assert len(asked) == len(set(asked))


def test_findings_stand_in_the_order_of_the_record() -> None:
    findings = case("v=spf1 ?mx ip4:192.0.2.1/24 ptr moo=cow ?all").findings()
    spans = [finding.span for finding in findings if finding.span is not None]
    assert spans == sorted(spans)
    assert codes_of(findings) == ["neutral-term", "host-bits", "ptr", "unknown-modifier", "neutral-all"]


def test_code_and_severity_are_text() -> None:
    [finding] = case("v=spf1 mx ?all").findings()
    assert finding.code == "neutral-all"
    assert finding.code is LintCode.NEUTRAL_ALL
    assert finding.severity == "warning"
    assert str(finding).startswith("x.example: warning: ?all gives neutral")


ZONE: dict[str, dict[str, Any]] = {
    "x.example": {"SOA": "ns h 1 2 3 4 5", "NS": "ns.x.example", "TXT": "v=spf1 mx -all", "MX": (10, "mail.x.example")},
    "*.x.example": {"TXT": "v=spf1 -all"},
    "mail.x.example": {"A": "192.0.2.1"},
    "www.x.example": {"CNAME": "x.example"},
    "ok.x.example": {"TXT": "v=spf1 -all"},
    "_dmarc.sub.x.example": {"TXT": "v=DMARC1; p=none"},
    "_sip._tcp.x.example": {"SRV": "0 0 5060 sip.x.example."},
    "other.x.example": {"NS": "ns.other.example"},
    "a.other.x.example": {"A": "192.0.2.2"},
    "failing.x.example": {"TXT": spfengine.Status.SERVFAIL},
    "gone.x.example": {"*": spfengine.Status.NXDOMAIN},
    "a..x.example": {"A": "192.0.2.3"},
}


def test_a_wildcard_misses_the_names_that_exist_and_only_these_are_named() -> None:
    zone = spfengine.Zone(ZONE)
    for findings in (
        spfengine.lint_zone(zone),
        *(spfengine.lint(d, resolver=zone) for d in ("x.example", "*.x.example")),
    ):
        [gap] = [finding for finding in findings if finding.code == "wildcard-gap"]
        assert gap.domain == "*.x.example"
        assert gap.text.endswith("2 names that exist have none: mail.x.example, sub.x.example (RFC 4592 §2.2.1)")
        assert gap.source == "v=spf1 -all"
        assert gap.own
    assert not [f for f in spfengine.lint("mail.x.example", resolver=zone) if f.code == "wildcard-gap"]


def test_a_name_is_missed_by_the_closest_wildcard_only_and_the_list_is_bounded() -> None:
    hosts = {f"h{number}.sub.x.example": {"A": "192.0.2.1"} for number in range(30)}
    zone = spfengine.Zone({**ZONE, "*.sub.x.example": {"TXT": "v=spf1 a -all"}, **hosts})
    gaps = {finding.domain: finding.text for finding in spfengine.lint_zone(zone) if finding.code == "wildcard-gap"}
    assert gaps.keys() == {"*.x.example", "*.sub.x.example"}
    assert "30 names that exist have none: h0.sub.x.example, " in gaps["*.sub.x.example"]
    assert "and 20 more" in gaps["*.sub.x.example"]
    assert "h0" not in gaps["*.x.example"]


@pytest.mark.parametrize("data", [{"A": "192.0.2.1"}, {"TXT": "x"}, {"NS": "ns.x.example"}, {"SRV": "0 0 1 a."}])
def test_a_cname_record_beside_data_is_an_error_wherever_it_is_in_the_zone(data: dict[str, str]) -> None:
    zone = spfengine.Zone({**ZONE, "Ftp.x.example": {"CNAME": "x.example", **data}})
    [finding] = [each for each in spfengine.lint_zone(zone) if each.code == "cname-beside-data"]
    assert (finding.domain, finding.severity) == ("Ftp.x.example", "error")
    assert f"({next(iter(data))})" in finding.text
    assert not [f for f in spfengine.lint("x.example", resolver=zone) if f.code == "cname-beside-data"]
    assert [f.code for f in spfengine.lint("ftp.x.example", resolver=zone) if f.severity == "error"][-1:] == [
        "cname-beside-data"
    ]


@pytest.mark.parametrize("beside", [{}, {"RRSIG": "x"}, {"NSEC": "x", "KEY": "y"}, {"*": spfengine.Status.TIMEOUT}])
def test_a_cname_record_alone_or_signed_is_none(beside: dict[str, str]) -> None:
    zone = spfengine.Zone({**ZONE, "ftp.x.example": {"CNAME": "x.example", **beside}})
    assert not [each for each in spfengine.lint_zone(zone) if each.code == "cname-beside-data"]


def test_names_of_others_in_a_zone_are_not_judged() -> None:
    zone = spfengine.Zone({**ZONE, "y.example": {"CNAME": "x.example", "A": "192.0.2.1"}}, apexes=["x.example"])
    assert not [each for each in spfengine.lint_zone(zone) if each.code == "cname-beside-data"]


def test_ipv6_clients_of_ipv4_only_hosts_are_an_info_as_long_as_the_rule_of_the_rfc_is_kept() -> None:
    hosts = {"mx.x.example": {"A": "192.0.2.25", "TXT": "v=spf1 a -all"}, DOMAIN: {
        "MX": [(10, "mx.x.example"), (20, "v4.example")]}}  # fmt: skip
    findings = case("v=spf1 mx a:v4.example -all", hosts).findings()
    assert only(findings, "over-void-limit-per-lookup").severity is Severity.INFO
    assert "near-void-limit" not in codes_of(findings)


def test_void_lookups_that_have_findings_of_their_own_are_not_near_the_limit_once_more() -> None:
    assert codes_of(case("v=spf1 a:no.x.example a:text.example -all").findings()) == ["name-not-found", "no-addresses"]


@pytest.mark.parametrize(
    ("txt", "hints"),
    [
        ("v=spf1 mx ~all -all", ["keep one of the two; now ~all decides"]),
        (
            "v=spf1 mx all a -all",
            ["take all out, so that -all at the end decides", "take all out", "keep one of the two; now all decides"],
        ),
    ],
)
def test_which_of_two_alls_is_meant_only_a_person_knows(txt: str, hints: list[str]) -> None:
    findings = case(txt).findings()
    assert [(each.hint, each.fix) for each in findings] == [(hint, None) for hint in hints]


@pytest.mark.parametrize("term", ["a:s.x.example", "mx:s.x.example", "a:%{d}"])
def test_a_record_is_never_told_to_include_itself(term: str) -> None:
    findings = case(None, {"s.x.example": {"TXT": f"v=spf1 {term} -all"}}, domain="s.x.example").findings()
    assert codes_of(findings) == ["no-addresses"]
    assert "include" not in str(findings[0].hint)


def test_a_record_is_never_told_to_include_one_that_includes_it() -> None:
    zone = {"s.x.example": {"TXT": f"v=spf1 a:{DOMAIN} mx:{DOMAIN} -all"}, DOMAIN: {}}
    findings = case("v=spf1 include:s.x.example -all", zone).findings()
    assert all("include:" not in str(each.hint) for each in findings if each.code == "no-addresses")


@pytest.mark.parametrize("txt", ["v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "v=spf1 ip4:0.0.0.0/1 a/1 mx/1 -all"])
def test_terms_that_let_everybody_pass_together(txt: str) -> None:
    findings = case(txt).findings()
    assert "large-space" not in codes_of(findings)
    assert "together" in only(findings, "passes-everyone").text


@pytest.mark.parametrize("text", ["v=spf1, a, mx, ~all", "v=spf1; a; mx; ~all", "v=spf1: a mx ~all"])
def test_separators_after_the_version_are_corrected_with_the_others(text: str) -> None:
    assert only(case(text).findings(), "look-alike").fix == ("v=spf1 a mx ~all",)


def test_a_look_alike_shows_the_characters_that_no_record_may_hold() -> None:
    finding = only(case("v=spf1\u00a0mx -all".encode()).findings(), "look-alike")
    assert finding.text.endswith("; it has \\xa0 (no-break space U+00A0)")
    assert "\u00c2" not in finding.render()


def test_a_subdomain_with_a_null_mx_needs_no_record_with_senders() -> None:
    findings = case("v=spf1 mx -all", {"n.x.example": {"MX": (0, ".")}}, domain="n.x.example").findings()
    assert only(findings, "no-record").fix == ("v=spf1 -all",)
    assert "redirect" not in str(findings[0].hint)


@pytest.mark.parametrize("txt", ["v=spf1 redirect=ok.example ~all", "v=spf1 ~all redirect=ok.example"])
def test_a_redirect_that_alone_says_who_sends_is_not_taken_out(txt: str) -> None:
    finding = only(case(txt).findings(), "redirect-ignored")
    assert (finding.fix, str(finding.hint).partition(",")[0]) == (None, "take ~all out")


@pytest.mark.parametrize(
    ("word", "meant"), [("al", "~all or -all?"), ("alll", "~all or -all?"), ("all-", "-all?"), ("-al", "-all?")]
)
def test_no_hint_offers_all_that_lets_everybody_pass(word: str, meant: str) -> None:
    [finding] = spfengine.lint(None, record=f"v=spf1 ip4:192.0.2.1 {word}")
    assert finding.hint == f"did you mean {meant}"


def test_a_list_in_a_list_is_taken_apart() -> None:
    [finding] = spfengine.lint(None, record="v=spf1 include:a.example,b.example,ip4:198.51.100.4;mx ~all")
    assert finding.fix == ("v=spf1 include:a.example include:b.example ip4:198.51.100.4 mx ~all",)


def test_many_hosts_without_a_record_are_shown_together() -> None:
    zone: dict[str, Any] = {
        "x.example": {"TXT": "v=spf1 mx -all", "MX": [(i, f"mx{i}.x.example") for i in range(4)]},
        **{f"mx{i}.x.example": {"A": f"192.0.2.{i}", "AAAA": f"2001:db8::{i}"} for i in range(4)},
    }
    findings = spfengine.lint("x.example", resolver=spfengine.Zone(zone))
    assert [each.code for each in findings] == ["helo-without-record"] * 4
    text = plain(lint_lines("x.example", findings, lambda _: "", None), None)
    assert text.count("[helo-without-record]") == 1
    assert "mx0.x.example, mx1.x.example, mx2.x.example, mx3.x.example" in text


def test_a_term_that_is_there_twice_is_one_finding() -> None:
    findings = case("v=spf1 mx ip4:203.0.113.1 mx -all").findings()
    second = [each for each in findings if each.span == (26, 28)]
    assert [each.code for each in second] == ["duplicate-term"]


def test_an_mx_record_with_an_address_is_one_finding_in_a_zone_too() -> None:
    rrsets = {"x.example": {"SOA": "ns. root. 1 2 3 4 5", "TXT": "v=spf1 mx -all", "MX": (10, "192.0.2.1")}}
    assert codes_of(spfengine.lint("x.example", resolver=spfengine.Zone(rrsets))) == ["mx-is-address"]


ABOVE = ("acme.com", "example.com", "example.org", "corp.internal", "internal", "github.io", "io", "co.uk", "com")


@pytest.mark.parametrize(
    ("domain", "parent"),
    [
        ("news.x.acme.com", "acme.com"),
        ("news.x.example.com", "example.com"),
        ("news.example.org", "example.org"),
        ("mx1.corp.internal", "corp.internal"),
        ("corp.internal", None),
        ("news.alice.github.io", None),
        ("alice.github.io", None),
        ("b.co.uk", None),
    ],
)
def test_a_domain_above_is_proposed_only_if_it_has_the_same_owner(domain: str, parent: str | None) -> None:
    """GitHub gives the names below github.io to others: its record is none of theirs."""
    need("publicsuffixlist")
    above = {name: {"TXT": "v=spf1 a -all"} for name in ABOVE}
    zone = Zone({**above, domain: {"A": "203.0.113.1", "MX": (10, domain)}})
    text = " ".join([finding.text for finding in spfengine.lint(domain, resolver=zone)])
    assert ("does not apply to its subdomains" in text) is (parent is not None)
    assert parent is None or f"the record of {parent} does not apply" in text
