"""All names of a zone in one go."""

import pickle
from typing import Any

import pytest

import spfengine
from spfengine import Zone
from spfengine.linting.zones import names_to_lint
from tests.conftest import REPOSITORY, shared_folder


def codes_of(zone: dict[str, Any]) -> list[tuple[str | None, str]]:
    return [(finding.domain, str(finding.code)) for finding in spfengine.lint_zone(Zone(zone))]


def test_names_that_have_spf_or_should_have_it_are_linted() -> None:
    zone: dict[str, Any] = {
        "x.example": {"MX": (10, "mx.x.example"), "TXT": "v=spf1 mx ?all"},
        "mx.x.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
        "mail.x.example": {"MX": (10, "mx.x.example")},
        "old.x.example": {"SPF": "v=spf1 -all"},
        "typo.x.example": {"TXT": "v=spf1mx -all"},
        "_dmarc.x.example": {"TXT": "v=DMARC1; p=none"},
        "key._domainkey.x.example": {"TXT": "v=DKIM1; p="},
    }
    assert names_to_lint(Zone(zone)) == ["x.example", "mail.x.example", "old.x.example", "typo.x.example"]
    assert codes_of(zone) == [
        ("x.example", "neutral-all"),
        ("mx.x.example", "helo-without-record"),
        ("mail.x.example", "no-record"),
        ("old.x.example", "no-record"),
        ("old.x.example", "type-spf"),
        ("typo.x.example", "no-record"),
        ("typo.x.example", "look-alike"),
    ]


def test_a_name_that_is_only_included_is_a_part_of_who_includes_it() -> None:
    zone = {
        "_a.x.example": {"TXT": "v=spf1 ip4:192.0.2.1"},
        "x.example": {"TXT": "v=spf1 include:_a.x.example -all"},
    }
    assert codes_of(zone) == []
    assert codes_of({**zone, "_a.x.example": {"TXT": "v=spf1 ip4:192.0.2.1", "MX": (0, ".")}}) == [
        ("_a.x.example", "missing-all")
    ]


def test_names_that_only_include_each_other_are_linted_all_the_same() -> None:
    zone = {"a.example": {"TXT": "v=spf1 include:b.example"}, "b.example": {"TXT": "v=spf1 include:a.example"}}
    assert ("b.example", "endless-loop") in codes_of(zone)


def test_what_two_names_lead_to_is_told_once() -> None:
    zone = {
        "a.example": {"TXT": "v=spf1 include:_c.example -all"},
        "b.example": {"TXT": "v=spf1 include:_c.example -all"},
        "_c.example": {"TXT": "v=spf1 ptr ip4:192.0.2.1 -all"},
    }
    assert codes_of(zone) == [("_c.example", "ptr")]


def test_names_of_others_in_the_zone_are_left_out() -> None:
    """A zone file with a SOA record is authoritative for what lies under it."""
    zone = Zone.from_file(REPOSITORY / "examples" / "seed.zone")
    assert names_to_lint(zone) == ["seed.example"]
    found = {finding.domain for finding in spfengine.lint_zone(zone)}
    assert found == {"seed.example", "mx1.seed.example", "mx2.seed.example"}


def test_a_zone_without_names_has_no_findings() -> None:
    assert codes_of({}) == []


@pytest.mark.full
@pytest.mark.parametrize("name", ["realworld.yml", "realworld-older.yml"])
def test_published_records_are_linted(name: str) -> None:
    folder = shared_folder()
    if folder is None:
        pytest.skip("the folder of published records is not there; set SPFENGINE_SHARED to its path")
    yaml = pytest.importorskip("yaml", reason="the records are YAML")
    document = yaml.safe_load((folder / "data" / name).read_text(encoding="utf-8"))
    zone = Zone.from_openspf(document["zonedata"])
    findings = spfengine.lint_zone(zone)
    assert findings
    of_what_is_not_there = (
        "include-domain-not-found name-not-found no-addresses could-be-registered helo-without-record"
    )
    assert {each.code for each in findings}.isdisjoint([*of_what_is_not_there.split(), "string-over-255"])
    for finding in findings:
        assert finding.text.isprintable()
        assert finding.hint is None or finding.hint.isprintable()


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("takes.x.example", "warning"),
        ("host.x.example", "warning"),
        ("null.x.example", "warning"),
        ("signs.x.example", "error"),
        ("seems.x.example", "error"),
        ("sends.x.example", "error"),
        ("part.x.example", "error"),
    ],
)
def test_a_name_without_a_record_is_an_error_only_if_it_sends_by_every_road(name: str, severity: str) -> None:
    zone = Zone(
        {
            "x.example": {"SOA": "ns. root. 1 2 3 4 5", "TXT": "v=spf1 include:part.x.example -all"},
            **{f"{label}.x.example": {"MX": (10, "host.x.example")} for label in ("takes", "signs", "sends")},
            "host.x.example": {"A": "192.0.2.1"},
            "null.x.example": {"MX": (0, ".")},
            "k._domainkey.signs.x.example": {"TXT": "v=DKIM1; p=abc"},
            "seems.x.example": {"TXT": "spf1 mx -all", "MX": (10, "host.x.example")},
            "part.x.example": {"MX": (10, "host.x.example")},
        }
    )
    senders = [spfengine.Sender("192.0.2.1", "a@sends.x.example")]
    of_all = [each for each in spfengine.lint_zone(zone, senders=senders) if each.domain == name]
    of_one = spfengine.lint(name, resolver=zone, senders=senders)
    of_overlay = spfengine.lint(name, resolver=spfengine.Overlay(Zone({}), zone), senders=senders)
    for findings in (of_all, of_one, of_overlay):
        found = {str(each.severity) for each in findings if each.code == "no-record"}
        assert found == ({severity} if name != "host.x.example" or findings is not of_all else set())


def test_what_a_collection_of_published_records_lacks_is_not_known() -> None:
    """A suite with few domains is the whole of DNS, and so is one of any size for the names that are for tests."""
    records = {f"d{number}.com": [{"TXT": "v=spf1 -all"}] for number in range(30)}
    ours = {
        "firma.de": [{"TXT": "v=spf1 a mx include:gone.fr a:gone.x.example -all"}, {"MX": [10, "mx.firma.de"]}],
        "mx.firma.de": [{"A": "5.9.1.2"}],
    }
    names = "firma.de gone.fr mx.firma.de".split()

    def found(zone: Zone) -> set[tuple[str, str]]:
        findings = [each for each in spfengine.lint_zone(zone) if each.domain == "firma.de"]
        return {(str(each.code), next((name for name in names if f"{name} " in each.text), "")) for each in findings}

    collection = Zone.from_openspf({**records, **ours})
    collected = found(collection)
    assert {code for code, _ in collected} == {"outside-zone", "could-be-registered"}
    assert found(pickle.loads(pickle.dumps(collection))) == collected
    assert spfengine.check("5.9.1.2", "a@firma.de", resolver=Zone.from_openspf({**records, **ours})).result == "pass"
    whole = {code for code, _ in found(Zone.from_openspf(ours))}
    assert "outside-zone" not in whole
    assert {"could-be-registered", "no-addresses"} <= whole
    assert {code for code, _ in found(Zone({"firma.de": {"TXT": "v=spf1 include:gone.fr -all"}}))} >= {
        "could-be-registered"
    }


def test_what_only_an_idle_include_covers_is_not_called_superfluous() -> None:
    """To take out both would lose it."""
    zone = Zone(
        {
            "firma.de": {"TXT": "v=spf1 include:sendgrid.net ip4:149.72.76.77 ip4:5.9.1.2 a:h.firma.de -all"},
            "h.firma.de": {"A": "5.9.1.2", "AAAA": "2a01:4f8::2"},
            "sendgrid.net": {"TXT": "v=spf1 ip4:149.72.0.0/16 -all"},
        }
    )
    findings = spfengine.lint("firma.de", resolver=zone)
    assert [each.code for each in findings if "sendgrid.net" in each.text] == ["include-does-nothing"]
    assert [each.text.split(" ")[0] for each in findings if each.code == "redundant-term"] == ["ip4:5.9.1.2"]
