"""Whatever DNS or a file holds: findings, no exception, in bounded time, nothing that steers a terminal."""

import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Zone
from tests.counting import cpu_seconds_at_most
from tests.examples import mostly_full

_HEAVY: dict[str, Any] = {
    "64 KiB of one term": "v=spf1 a:" + "a" * 65000 + ".example -all",
    "hundreds of includes": "v=spf1 " + "include:x.example " * 400,
    "thousands of names": "v=spf1 " + " ".join(f"a:n{i}.example" for i in range(4000)),
    "thousands of networks": "v=spf1 " + " ".join(f"ip4:10.{i // 250}.{i % 250}.0/24" for i in range(1500)) + " -all",
    "thousands of faults": "v=spf1 " + "al " * 16000,
    "thousands of unknown modifiers": "v=spf1 " + "a=1 " * 16000,
    "thousands after all": "v=spf1 -all " + "?a " * 16000,
    "thousands of spaces": "v=spf1" + " " * 60000 + "-all",
    "a look-alike of spaces": " " * 60000 + "v=spf1",
    "a look-alike of punctuation": "-= " * 20000 + "v=spf1",
    "hundreds of macros": "v=spf1 " + "exists:%{i}.%{l}.x.example " * 250,
    "macro digits": "v=spf1 exists:%{i" + "9" * 60000 + "}.x.example -all",
    "octets": bytes(range(256)) * 200,
    "spf and octets": b"v=spf1 " + bytes(range(1, 256)) * 200,
    "thousands of records": ["v=spf1 -all"] * 1000,
    "thousands of texts": [f"spf1 {i}" for i in range(1000)],
    "redirects to itself": "v=spf1 redirect=x.example",
    "wide tree": "v=spf1 " + " ".join(f"include:n{i}.example" for i in range(100)),
}


_HEAVIEST = {"hundreds of macros"}


@pytest.mark.parametrize(
    "what", mostly_full([pytest.param(what, marks=pytest.mark.full if what in _HEAVIEST else ()) for what in _HEAVY], 5)
)
def test_work_is_bounded(what: str) -> None:
    zone: dict[str, Any] = {"x.example": {"TXT": _HEAVY[what], "A": "192.0.2.1"}}
    if what == "wide tree":
        inner = "v=spf1 " + " ".join(f"include:m{i}.example" for i in range(100))
        zone |= {f"n{i}.example": {"TXT": inner} for i in range(100)}
        zone |= {f"m{i}.example": {"TXT": "v=spf1 a -all"} for i in range(100)}
    tracing = sys.gettrace()
    sys.settrace(None)  # coverage is six times the work
    try:
        with cpu_seconds_at_most(100):
            findings = spfengine.lint("x.example", resolver=Zone(zone))
    finally:
        sys.settrace(tracing)
    assert len(findings) < 2500
    for finding in findings:
        assert finding.text.isprintable()
        assert len(finding.text) < 3000
        assert finding.hint is None or finding.hint.isprintable()


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda octets: b"v=spf1 " + octets))
def test_any_octets_give_findings_and_nothing_else(octets: bytes) -> None:
    zone = Zone({"x.example": {"TXT": octets}})
    for finding in [*spfengine.lint("x.example", resolver=zone), *spfengine.lint(None, record=octets)]:
        assert finding.render().replace("\n", "").isprintable()
        assert finding.fix is None or all(string.isascii() and len(string) <= 255 for string in finding.fix)


@given(st.text(max_size=80))
def test_any_text_is_a_domain_or_a_finding(domain: str) -> None:
    zone = Zone({"x.example": {"TXT": "v=spf1 -all"}})
    if "@" in domain:
        with pytest.raises(spfengine.ArgumentError):
            spfengine.lint(domain, resolver=zone)
        return
    for finding in spfengine.lint(domain, resolver=zone):
        assert finding.text.isprintable()


def test_long_chains_of_includes_end() -> None:
    zone = {f"n{i}.example": {"TXT": f"v=spf1 include:n{i + 1}.example -all"} for i in range(2000)}
    findings = spfengine.lint("n0.example", resolver=Zone(zone))
    assert "endless-loop" in [str(finding.code) for finding in findings]


def test_names_of_strangers_are_escaped() -> None:
    zone = Zone({"x.example": {"TXT": b"v=spf1 mx -all", "MX": (10, b"\x1b[31m.example")}})
    for finding in spfengine.lint("x.example", resolver=zone):
        assert "\x1b" not in finding.text
