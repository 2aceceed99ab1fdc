"""All names of a zone in one go."""

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
