"""What a survey says of one domain is what the rest of the engine says of it."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

import spfengine
from bench.workloads import NAMES, load
from bench.zones import make_zone
from spfengine import Limits, Policy, Zone, survey
from spfengine.surveying import DomainState, SurveyedDomain
from tests.listening import Listening
from tests.surveying.cases import DOMAINS, ZONE

V4, V6 = 1 << 32, 1 << 128
MAPPED = 1 << 32  # for which there is no IPv6 client

# domain, what is said of it
SAID: list[tuple[str, dict[str, Any]]] = [
    ("plain.example", {"state": "works", "result": None, "results": ("pass", "fail"), "all": "fail", "record":
      "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all", "passing": (256, 1 << 96), "problem": None}),
    ("soft.example", {"state": "works", "all": "softfail", "includes": ("plain.example",), "leads_to":
      ("plain.example",), "lookups": (2, 2), "void_lookups": (0, 1), "passing": (257, 1 << 96), "redirect": None}),
    ("open.example", {"state": "works", "all": "pass", "passing": (V4, V6 - MAPPED), "results": ("pass",)}),
    ("endless.example", {"state": "over-limit", "endless": True, "result": "permerror", "problem": "too-many-lookups"}),
    ("lead.example", {"state": "works", "all": "softfail", "redirect": "soft.example", "includes": (),
                      "leads_to": ("soft.example", "plain.example"), "lookups": (3, 3)}),
    ("round.example", {"state": "over-limit", "endless": True, "all": None, "redirect": "Round.Example"}),
    ("no-all.example", {"state": "works", "all": None, "results": ("neutral", "pass")}),
    ("behind.example", {"state": "works", "includes": (), "leads_to": (), "lookups": (0, 0), "results": ("fail",)}),
    ("absent.example", {"state": "none", "result": "none", "problem": "no-record", "record": None, "all": None}),
    ("nowhere.example", {"state": "none", "result": "none", "problem": "domain-not-found", "record": None}),
    ("typo.example", {"state": "permerror", "result": "permerror", "problem": "unknown-mechanism", "record":
      "v=spf1 ipv4:192.0.2.1 -all", "all": None, "passing": (0, 0)}),
    ("two.example", {"state": "permerror", "result": "permerror", "problem": "multiple-records", "record": None}),
    ("dangling.example", {"state": "permerror", "result": None, "results": ("pass", "permerror"), "passing": (1, 0),
                          "problem": "include-domain-not-found"}),
    ("dead.example", {"state": "unknown", "result": "temperror", "problem": "dns-servfail", "incomplete": True}),
    ("half.example", {"state": "unknown", "result": None, "results": ("pass", "temperror"), "incomplete": True,
                      "problem": "dns-servfail", "all": "fail", "passing": (256, 0)}),
    ("many.example", {"state": "over-limit", "result": None, "lookups": (12, 12), "problem": "too-many-lookups",
                      "results": ("pass", "permerror"), "endless": False}),
    ("voids.example", {"state": "over-limit", "void_lookups": (3, 3), "problem": "too-many-void-lookups"}),
    ("wide.example", {"state": "over-limit", "problem": "too-many-mx", "result": "permerror"}),
    # A stray failure of DNS is always possible, and is nobody's fault; so is an mx of a macro with too many names.
    ("asks.example", {"state": "permerror", "problem": "include-domain-not-found", "conditional": True,
                      "includes": ("%{d1}.other.example",)}),
    ("chance.example", {"state": "over-limit", "conditional": True, "problem": "too-many-void-lookups",
                        "results": ("pass", "permerror"), "void_lookups": (3, 3)}),
]  # fmt: skip


def of(domain: str, **settings: Any) -> SurveyedDomain:
    [returned] = survey([domain], resolver=ZONE, **settings)
    return returned


@pytest.mark.parametrize(("domain", "said"), SAID, ids=[domain for domain, _ in SAID])
def test_what_is_said_of_a_domain(domain: str, said: dict[str, Any]) -> None:
    returned = of(domain)
    values = {field.name: getattr(returned, field.name) for field in fields(returned)}
    values |= {"problem": None if returned.problem is None else returned.problem.code}
    assert {key: values[key] for key in said} == said
    assert (returned.domain, returned.fault, returned.live) == (domain, None, False)


def all_workloads() -> list[tuple[str, Zone]]:
    returned = [(domain, ZONE) for domain in DOMAINS]
    for name in NAMES[:-1]:
        workload = load(name)
        zone = make_zone(workload)
        domains = list(dict.fromkeys(check.sender.partition("@")[2] for check in workload.checks))
        returned += [(domain, zone) for domain in domains[:20]]
    return returned


@pytest.mark.full
def test_it_is_what_policy_budget_and_lint_say() -> None:
    for domain, zone in all_workloads():
        [returned] = survey([domain], resolver=zone)
        policy = Policy.compile(domain, resolver=zone)
        need = policy.budget(zone)
        assert returned.lookups == tuple(need.lookups[version].most for version in (4, 6)), domain
        assert returned.void_lookups == tuple(need.voids[policy.limits.void_rule][version].most for version in (4, 6))
        assert returned.endless == need.endless
        assert returned.passing == tuple(policy.address_count("pass", version) for version in (4, 6))
        assert returned.conditional == bool(policy.conditional)
        assert returned.ttl == policy.ttl
        findings = spfengine.lint(domain, resolver=Listening(zone))  # not all of a zone is the domain's own
        assert returned.lint is not None
        assert {(severity, code) for severity, codes in returned.lint.items() for code in codes} == {
            (item.severity, item.code) for item in findings
        }
        for version in (4, 6):
            for _, _, outcome in policy.ranges(version):
                assert outcome.result is None or outcome.result in returned.results
        [without] = survey([domain], resolver=zone, lint=False)
        assert replace(
            without, lint=returned.lint, questions=0, incomplete=returned.incomplete, asked=0, seconds=0
        ) == (replace(returned, questions=0, asked=0, seconds=0))


def test_each_question_goes_out_once() -> None:
    for domain in DOMAINS:
        listening = Listening(ZONE)
        [returned] = survey([domain], resolver=listening)
        assert len(listening.questions) == len(set(listening.questions)) == returned.questions, domain
        assert returned.live  # nobody says that what answers never changes


def test_the_limits_are_the_callers() -> None:
    assert of("many.example", limits=Limits(lookups=12, voids=12)).state == "works"
    assert of("voids.example", limits=Limits(void_rule="dual-stack")).state == "over-limit"
    assert of("plain.example", limits=Limits(lookups=0)).state == "works"
    assert of("soft.example", limits=Limits(lookups=1)).state == "over-limit"


@pytest.mark.parametrize("text", ["", "x", "a@b.example", "https://b.example/", "a b.example", "1.2.3.4", "\ud800.x.y"])
def test_what_is_no_domain_has_its_line_and_nothing_is_asked(text: str) -> None:
    listening = Listening(ZONE)
    [returned] = survey([text], resolver=listening)
    assert (returned.domain, returned.state, listening.asked) == (text, DomainState.NO_DOMAIN, [])
    assert returned.fault is not None
    assert returned.fault.isprintable()
    json.dumps(returned.to_dict()).encode("ascii")


def test_domains_are_read_as_people_write_them() -> None:
    zone = Zone({"xn--bcher-kva.example": {"TXT": "v=spf1 -all"}})
    for text in ("bücher.example", "BÜCHER.Example.", "xn--bcher-kva.EXAMPLE", "bücher。example"):
        [returned] = survey([text], resolver=zone)
        assert (returned.domain, returned.state) == ("xn--bcher-kva.example", "works")


def test_every_line_has_the_same_keys_and_is_safe_to_print() -> None:
    keys = None
    for returned in survey([*DOMAINS, "no domain", "\x1b[31m.example"], resolver=ZONE):
        line = json.dumps(returned.to_dict())
        assert line.isascii()
        assert line.isprintable()
        assert "u001b" not in line
        assert "u0000" not in line
        assert keys in (None, returned.to_dict().keys())
        keys = returned.to_dict().keys()


def test_counts_that_readers_of_json_may_not_take_are_no_integers() -> None:
    """2^96 and 2^32: from 2^53 on a number is written as a floating-point one."""
    assert '"passing": {"4": 256, "6": 7.922816251426434e+28}' in json.dumps(of("plain.example").to_dict())
    assert '"passing": {"4": 4294967296, ' in json.dumps(of("open.example").to_dict())


@pytest.mark.parametrize("settings", [{"seconds": 0}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_a_setting_that_cannot_be_used_is_refused_at_once(settings: dict[str, Any]) -> None:
    with pytest.raises(spfengine.ArgumentError):
        survey([], resolver=ZONE, **settings)
    with pytest.raises(spfengine.ResolverError):
        survey([], resolver=object())  # type: ignore[arg-type]  # what a caller may give
