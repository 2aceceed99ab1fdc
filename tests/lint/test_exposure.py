"""Who else could send: wide space, rented addresses, names that anybody can register; and names that lack something."""

import tomllib
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

import spfengine
from spfengine import Status, Zone
from spfengine.linting import Finding, LintCode, Severity
from spfengine.linting.codes import ABOUT
from spfengine.special_purpose import special_purpose
from tests.listening import Listening


def found(zone: dict[str, Any], code: str, domain: str = "firma.de") -> list[Finding]:
    return [each for each in spfengine.lint(domain, resolver=Zone(zone)) if each.code == code]


class TestSpecialPurpose:
    @pytest.mark.parametrize(
        "term",
        """
        ip4:10.1.2.3 ip4:172.16.0.0/12 ip4:192.168.0.0/16 ip4:127.0.0.1 ip4:169.254.1.1 ip4:100.64.0.0/10 ip4:0.0.0.0
        ip4:192.0.2.1 ip4:255.255.255.255 ip6::: ip6:::1 ip6:fe80::/64 ip6:fd00::/8 ip6:2001:db8::/32 ip6:ff02::1
        """.split(),
    )
    def test_networks_that_no_client_has(self, term: str) -> None:
        [finding] = found({"firma.de": {"TXT": f"v=spf1 {term} -all"}}, "special-purpose-network")
        assert (finding.severity, finding.fix) == (Severity.WARNING, None)
        assert "RFC" in finding.text
        for findings in (
            spfengine.lint("firma.de", resolver=Zone({"firma.de": {"TXT": f"v=spf1 {term} -all"}})),
            spfengine.lint(None, record=f"v=spf1 {term} -all"),
        ):
            assert [each.code for each in findings] == ["special-purpose-network"]

    @pytest.mark.parametrize("term", ["ip4:8.8.8.8", "ip4:172.32.0.1", "ip4:192.169.0.0/16", "ip6:2a00::/32"])
    def test_networks_that_a_client_may_have(self, term: str) -> None:
        assert found({"firma.de": {"TXT": f"v=spf1 {term} -all"}}, "special-purpose-network") == []

    def test_wide_and_with_host_bits_they_draw_one_finding_each(self) -> None:
        txt = "v=spf1 ip4:10.0.0.0/8 ip4:192.168.1.5/16 ip6:fd00::/8 -all"
        findings = spfengine.lint("firma.de", resolver=Zone({"firma.de": {"TXT": txt}}))
        assert [each.code for each in findings] == ["special-purpose-network"] * 3

    @pytest.mark.parametrize("term", ["ip6:::ffff:0:0/96", "ip6:::ffff:128.0.0.0/97", "ip6:::ffff:11.0.0.0/104"])
    def test_what_matches_nobody_is_not_made_to_match_nearly_everybody(self, term: str) -> None:
        [finding] = found({"firma.de": {"TXT": f"v=spf1 {term} -all"}}, "mapped-network")
        assert (finding.fix, finding.hint) == (None, "take it out, and name your own networks by ip4")

    @pytest.mark.parametrize("term", ["a:intern.firma.de", "mx"])
    def test_names_that_lead_there(self, term: str) -> None:
        zone = {
            "firma.de": {"TXT": f"v=spf1 {term} -all", "MX": (10, "intern.firma.de")},
            "intern.firma.de": {"A": "10.0.0.5", "TXT": "v=spf1 a -all"},
        }
        findings = found(zone, "special-purpose-network")
        assert "whose address 10.0.0.5 is a private address (10.0.0.0/8, RFC 1918)" in findings[0].text

    def test_examples_may_have_addresses_for_examples(self) -> None:
        zone = {"x.example": {"TXT": "v=spf1 ip4:192.0.2.1 ip4:10.0.0.1 -all"}}
        [finding] = found(zone, "special-purpose-network", "x.example")
        assert "10.0.0.1" in finding.text


class TestRegistrable:
    @pytest.mark.parametrize(
        ("term", "domain"),
        [
            ("include:_spf.gone.com", "gone.com"),
            ("redirect=gone.com", "gone.com"),
            ("a:mail.gone.co.uk", "gone.co.uk"),
            ("mx:gone.com", "gone.com"),
            ("exists:gone.com", "gone.com"),
            ("exists:%{i}._spf.gone.com", "gone.com"),
            ("include:%{l}._spf.gone.com", "gone.com"),
        ],
    )
    def test_anybody_can_register_the_domain(self, term: str, domain: str) -> None:
        zone = {"firma.de": {"TXT": f"v=spf1 ip4:8.8.8.8 {term}"}, "co.uk": {"TXT": "a suffix"}}
        [finding] = found(zone, "could-be-registered")
        assert finding.severity is Severity.ERROR
        assert f"leads to {domain}, which does not exist: anybody who registers it can send as you" in finding.text
        assert not found(zone, "name-not-found")

    def test_an_mx_host_counts_too(self) -> None:
        zone = {"firma.de": {"TXT": "v=spf1 mx -all", "MX": (10, "mx.gone.com")}}
        assert found(zone, "could-be-registered")

    @pytest.mark.parametrize("term", ["a:gone.there.com", "include:gone.there.com", "mx:gone.there.com"])
    def test_below_an_existing_domain_it_stays_void(self, term: str) -> None:
        zone = {"firma.de": {"TXT": f"v=spf1 {term} -all"}, "there.com": {"A": "8.8.8.8"}}
        assert found(zone, "could-be-registered") == []
        assert found(zone, "name-not-found") or found(zone, "include-domain-not-found")

    @pytest.mark.parametrize("status", [Status.SERVFAIL, Status.TIMEOUT, Status.REFUSED])
    def test_what_dns_could_not_answer_says_nothing(self, status: Status) -> None:
        zone = {"firma.de": {"TXT": "v=spf1 a:mail.gone.com -all"}, "gone.com": {"*": status}, "mail.gone.com": {}}
        assert found(zone, "could-be-registered") == []

    @pytest.mark.parametrize("term", ["a:mail.invalid", "include:_spf.example.com", "a:host.localhost", "a:com.local"])
    def test_names_that_nobody_can_register(self, term: str) -> None:
        assert found({"firma.de": {"TXT": f"v=spf1 {term} -all"}}, "could-be-registered") == []


_OTHERS: dict[str, Any] = {
    "spf.dienst.de": {"TXT": "v=spf1 ip4:8.8.8.8 -all"},
    "host.dienst.de": {"A": "8.8.4.4"},
    "mail.dienst.de": {"MX": (10, "host.dienst.de")},
}


@pytest.mark.parametrize("term", ["include:gone.com", "include:_spf.gone.com", "redirect=gone.com"])
def test_one_fault_is_one_finding(term: str) -> None:
    """That a name does not exist and that anybody could register it: the second says both."""
    findings = spfengine.lint("firma.de", resolver=Zone({"firma.de": {"TXT": f"v=spf1 ip4:5.9.1.2 {term}"}}))
    about = [each for each in findings if "gone.com" in each.text]
    assert [each.code for each in about] == ["could-be-registered"]
    assert about[0].text.endswith("can send as you; until then receivers give permerror")


def test_terms_that_lead_to_one_domain_are_one_finding() -> None:
    record = "v=spf1 include:a.gone.com a:b.gone.com redirect=c.gone.com"
    findings = spfengine.lint("firma.de", resolver=Zone({"firma.de": {"TXT": record}}))
    [finding] = [each for each in findings if "gone.com" in each.text and each.severity is Severity.ERROR]
    assert finding.code == "could-be-registered"
    assert [record[start:end] for start, end in finding.spans] == record.split(" ")[1:]
    assert finding.text.endswith("; a:b.gone.com and redirect=c.gone.com lead there as well")


class TestConfused:
    @pytest.mark.parametrize(
        ("term", "code", "meant"),
        [
            ("a:spf.dienst.de", "no-addresses", "did you mean include:spf.dienst.de?"),
            ("mx:spf.dienst.de", "no-addresses", "did you mean include:spf.dienst.de?"),
            ("~mx:host.dienst.de", "no-addresses", "did you mean ~a:host.dienst.de?"),
            ("include:host.dienst.de", "include-no-record", "did you mean a:host.dienst.de?"),
            ("include:mail.dienst.de", "include-no-record", "did you mean mx:mail.dienst.de?"),
            ("a:mail.dienst.de", "no-addresses", "did you mean mx:mail.dienst.de?"),
        ],
    )
    def test_what_the_name_has_says_what_was_meant(self, term: str, code: str, meant: str) -> None:
        [finding] = found({**_OTHERS, "firma.de": {"TXT": f"v=spf1 {term} -all"}}, code)
        assert str(finding.hint).endswith(meant)
        assert finding.fix is None


class TestEverybody:
    @pytest.mark.parametrize(
        ("record", "zone", "passes"),
        [
            ("v=spf1 a/0 -all", {}, False),
            ("v=spf1 a/0 -all", {"A": "8.8.8.8"}, True),
            ("v=spf1 a//0 -all", {"A": "8.8.8.8"}, False),
            ("v=spf1 mx/0 -all", {"MX": (10, "gone.firma.de")}, False),
            ("v=spf1 mx/0 -all", {"MX": (10, "www.firma.de")}, True),
            ("v=spf1 ip4:0.0.0.0/0 -all", {}, True),
        ],
    )
    def test_passes_everyone_only_if_somebody_passes(self, record: str, zone: dict[str, Any], passes: bool) -> None:
        records = {"firma.de": {"TXT": record, **zone}, "www.firma.de": {"A": "8.8.8.8"}}
        assert bool(found(records, "passes-everyone")) is passes


class TestSpace:
    def test_the_terms_that_bring_most_are_named(self) -> None:
        zone = {
            "firma.de": {"TXT": "v=spf1 ip4:131.107.0.0/16 include:dienst.de ip4:9.9.9.9 -all"},
            "dienst.de": {"TXT": "v=spf1 ip4:131.104.0.0/15 -all"},
        }
        [finding] = found(zone, "large-space")
        assert "lets 196,609 IPv4 addresses pass" in finding.text
        assert finding.text.endswith("include:dienst.de (131,072), ip4:131.107.0.0/16 (65,536)")
        assert found({"firma.de": {"TXT": "v=spf1 ip4:131.107.0.0/16 -all"}}, "large-space") == []

    @pytest.mark.parametrize(
        ("term", "operator"),
        [
            ("ip4:34.64.0.0/10", "Google Cloud"),
            ("ip4:3.8.0.0/16", "Amazon EC2"),
            ("ip4:104.16.0.0/13", "Cloudflare"),
            ("ip6:2a01:4f8::/32", "Hetzner"),
            ("include:big.dienst.de", "Google Cloud"),
        ],
    )
    def test_networks_that_anybody_can_rent(self, term: str, operator: str) -> None:
        zone = {
            "firma.de": {"TXT": f"v=spf1 {term} -all"},
            "big.dienst.de": {"TXT": "v=spf1 ip4:34.64.0.0/12 -all"},
        }
        [finding] = found(zone, "rentable-network")
        assert operator in finding.text
        assert "https://" in str(finding.hint)

    @pytest.mark.parametrize("term", ["ip4:5.9.1.2", "ip4:5.9.1.0/24", "-ip4:5.9.0.0/16", "include:small.dienst.de"])
    def test_addresses_of_ones_own_are_no_such_network(self, term: str) -> None:
        zone = {
            "firma.de": {"TXT": f"v=spf1 {term} -all"},
            "small.dienst.de": {"TXT": "v=spf1 ip4:5.9.0.0/20 -all"},
        }
        assert found(zone, "rentable-network") == []

    def test_the_terms_of_a_record_are_one_finding(self) -> None:
        terms = "ip4:34.64.0.0/10 ip4:5.9.1.2 mx a/8 ip4:34.0.0.0/9".split()
        record = f"v=spf1 {' '.join(terms)} -all"
        zone = {
            "firma.de": {"TXT": record, "MX": (10, "mx.firma.de"), "A": "34.64.0.9"},
            "mx.firma.de": {"A": "5.9.1.3"},
        }
        [finding] = found(zone, "rentable-network")
        named = [record[start:end] for start, end in finding.spans]
        assert named == ["ip4:34.64.0.0/10", "a/8", "ip4:34.0.0.0/9"]
        assert finding.span == finding.spans[0]
        assert finding.text.startswith("3 terms pass networks of ")
        assert all(term in finding.text for term in named)
        assert finding.to_dict()["spans"] == [list(span) for span in finding.spans]
        assert found(zone, "wide-network") == []
        of_text = spfengine.lint(None, record=record)
        assert [len(each.spans) for each in of_text if each.code == "rentable-network"] == [2]

    def test_the_data_has_a_source_for_every_operator(self) -> None:
        path = Path(spfengine.__file__).parent / "linting" / "rentable.toml"
        operators = tomllib.loads(path.read_text(encoding="utf-8"))["operator"]
        networks = [ip_network(network) for operator in operators for network in operator["networks"]]
        assert all(operator["source"].startswith("https://") for operator in operators)
        assert {operator["kind"] for operator in operators} == {"cloud", "cdn"}
        assert all(special_purpose(network[0]) is None for network in networks)
        for version in (4, 6):
            ordered = sorted([each for each in networks if each.version == version], key=lambda each: int(each[0]))
            assert [pair for pair in pairwise(ordered) if int(pair[0][-1]) >= int(pair[1][0])] == []


class TestNames:
    def test_the_record_of_a_domain_above_does_not_apply(self) -> None:
        zone = {"firma.de": {"TXT": "v=spf1 -all"}, "a.news.firma.de": {"A": "8.8.8.8"}}
        [finding] = found(zone, "no-record", "a.news.firma.de")
        assert "the record of firma.de does not apply to its subdomains" in finding.text
        assert '"v=spf1 redirect=firma.de"' in str(finding.hint)
        assert '"v=spf1 -all"' in str(finding.hint)
        assert finding.fix is None

    @pytest.mark.parametrize(
        ("mx", "hint"),
        [
            ((10, "mx.firma.de"), 'publish "v=spf1 mx ~all" to begin with, and'),
            ((1, "smtp.google.com"), 'publish "v=spf1 include:_spf.google.com ~all" to begin with, since Google'),
            ((10, "mx.dienst.de"), "publish a record with the include that the service of its MX records names"),
        ],
    )
    def test_the_first_record_has_mx_only_if_own_hosts_take_the_mail(self, mx: tuple[int, str], hint: str) -> None:
        [finding] = found({"firma.de": {"MX": mx}, mx[1]: {"A": "8.8.8.8"}}, "no-record")
        assert str(finding.hint).startswith(hint)
        assert str(finding.hint).endswith('"v=spf1 -all" if it sends none')

    def test_a_host_that_says_its_name_has_a_record(self) -> None:
        zone: dict[str, Any] = {
            "firma.de": {"TXT": "v=spf1 mx a:out.firma.de -all", "MX": [(10, "mx.firma.de"), (20, "mx.dienst.de")]},
            "mx.firma.de": {"A": "8.8.8.8"},
            "out.firma.de": {"A": "8.8.4.4", "TXT": "v=spf1 a -all"},
            "mx.dienst.de": {"A": "9.9.9.9"},
        }
        findings = spfengine.lint("firma.de", resolver=Lookup(Zone(zone)))
        hosts = [each.domain for each in findings if each.code is LintCode.HELO_WITHOUT_RECORD]
        assert hosts == ["mx.firma.de"]

    @pytest.mark.parametrize(
        ("host", "asked"),
        [
            ({"TXT": "v=spf1 a -all", "A": "8.8.8.8"}, "TXT"),
            ({"TXT": Status.TIMEOUT, "A": "8.8.8.8"}, "TXT"),
            ({"A": "8.8.8.8", "AAAA": "2600::1"}, "TXT A"),
            ({"AAAA": "2600::1"}, "TXT A AAAA"),
        ],
    )
    def test_the_addresses_of_a_host_are_asked_for_only_if_they_decide(self, host: dict[str, Any], asked: str) -> None:
        zone = Zone({"firma.de": {"TXT": "v=spf1 ip4:8.8.8.8 -all", "MX": (10, "mx.firma.de")}, "mx.firma.de": host})
        listening = Listening(zone)
        spfengine.lint("firma.de", resolver=listening)
        assert [str(kind) for name, kind in listening.questions if name == "mx.firma.de"] == asked.split()

    def test_nothing_is_said_if_nobody_may_send(self) -> None:
        zone = {"firma.de": {"TXT": "v=spf1 -all", "MX": (10, "mx.firma.de")}, "mx.firma.de": {"A": "8.8.8.8"}}
        assert found(zone, "helo-without-record") == []

    @pytest.mark.parametrize(("ttl", "said"), [(60, True), (299, True), (300, False), (86400, False), (86401, True)])
    def test_a_ttl_that_is_very_short_or_long(self, ttl: int, said: bool) -> None:
        zone = Zone({"firma.de": {"TXT": "v=spf1 ip4:8.8.8.8 -all"}}, ttl=ttl)
        findings = spfengine.lint("firma.de", resolver=zone)
        assert ("ttl" in [each.code for each in findings]) is said

    def test_a_short_ttl_may_be_what_a_cache_has_left_of_it(self) -> None:
        zone = Zone({"firma.de": {"TXT": "v=spf1 ip4:8.8.8.8 -all"}}, ttl=7)
        assert "ttl" not in [each.code for each in spfengine.lint("firma.de", resolver=Lookup(zone))]

    @pytest.mark.parametrize(
        ("record", "named", "hint"),
        [
            ("v=spf1 ptr a:no.firma.de mx:no.firma.de -all", "ptr finds nothing", "take ptr out"),
            (
                "v=spf1 exists:%{i}.a.firma.de a:no.firma.de mx:no.firma.de -all",
                "exists:%{i}.a.firma.de finds",
                "macros",
            ),
        ],
    )
    def test_the_cause_of_voids_by_chance(self, record: str, named: str, hint: str) -> None:
        zone = {"firma.de": {"TXT": record}, "no.firma.de": {"TXT": "nothing"}}
        [finding] = found(zone, "voids-by-chance")
        assert finding.text.startswith(named)
        assert hint in str(finding.hint)
        assert ("macros" in str(finding.hint)) is ("%" in record)

    def test_an_include_that_depends_on_the_sender_was_not_followed(self) -> None:
        [finding] = found({"firma.de": {"TXT": "v=spf1 include:%{l}._spf.firma.de -all"}}, "include-not-followed")
        assert "the local part of the sender" in finding.text


def test_hosts_of_a_service_are_not_ones_own_in_a_zone_that_is_the_whole_of_dns() -> None:
    zone = {
        "firma.de": {"TXT": "v=spf1 mx -all", "MX": [(1, "aspmx.l.google.com"), (5, "mail.firma.de")]},
        "aspmx.l.google.com": {"A": "142.250.110.26"},
        "mail.firma.de": {"A": "8.8.8.8"},
    }
    assert [each.domain for each in found(zone, "helo-without-record")] == ["mail.firma.de"]


def test_a_subdomain_that_a_service_may_send_with_keeps_its_include() -> None:
    grid = {"sendgrid.net": {"TXT": "v=spf1 ip4:167.89.0.0/17 ~all"}}
    for name, is_idle in (("news.firma.de", False), ("_spf.firma.de", True)):
        zone = {
            "firma.de": {"TXT": f"v=spf1 include:{name} -all"},
            name: {"TXT": "v=spf1 include:sendgrid.net -all"},
            **grid,
        }
        assert bool(found(zone, "include-does-nothing")) is is_idle


class Lookup:
    """A resolver that is no zone: it does not show whose its answers are."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def resolve(self, question: spfengine.Question) -> spfengine.Answer:
        return self._zone.resolve(question)


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ("v=spf1 \u201cmx\u201d -all", "\u201c (left double quotation mark U+201C)"),
        ("v=spf1 mx \u2013all", "\u2013 (en dash U+2013)"),
        ("v=spf1 mx\u200b -all", "\\u200b (zero width space U+200B)"),
        ("v=spf1 a:b\u00fccher.example -all", "\u00fc (latin small letter u with diaeresis U+00FC)"),
    ],
)
def test_characters_are_shown_and_named(record: str, shown: str) -> None:
    finding = spfengine.lint(None, record=record)[0]
    assert shown in finding.text
    assert shown in str(finding.to_dict()["text"])
    assert record.replace("\u200b", "\\u200b") in finding.render()
    assert record.replace("\u200b", "\\u200b") == finding.to_dict()["record"]


@pytest.mark.parametrize("code", ["helo-without-record", "large-space", "ttl", "include-not-followed"])
def test_what_harms_nobody_is_only_an_info(code: str) -> None:
    assert ABOUT[LintCode(code)].severity is Severity.INFO


class TestEvidenceOfIncludes:
    """An include that no message came through is said to do nothing only by enough messages."""

    ZONE: ClassVar[dict[str, Any]] = {
        "firma.de": {"TXT": "v=spf1 include:used.firma.de include:spare.firma.de -all"},
        "used.firma.de": {"TXT": "v=spf1 ip4:5.9.1.2 -all"},
        "spare.firma.de": {"TXT": "v=spf1 ip4:5.9.1.3 -all"},
    }

    @pytest.mark.parametrize(
        ("messages", "severity"),
        [(1, None), (9, None), (10, "info"), (99, "info"), (100, "warning"), (1234, "warning")],
    )
    def test_the_messages_have_to_be_enough(self, messages: int, severity: str | None) -> None:
        senders = [spfengine.Sender("5.9.1.2", "a@firma.de", count=messages)]
        findings = spfengine.lint("firma.de", resolver=Zone(self.ZONE), senders=senders)
        idle = [each for each in findings if each.code == "include-does-nothing"]
        assert [str(each.severity) for each in idle] == ([severity] if severity else [])
        for each in idle:
            assert each.text.startswith("include:spare.firma.de does nothing for the senders given: of the ")
            assert f"{messages:,} messages seen" in each.text
