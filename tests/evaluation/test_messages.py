"""What a check says of the record or name at fault."""

from typing import Any

import pytest

from spfengine import Limits, check
from spfengine.resolvers.zone import Zone

ZONE: dict[str | bytes, dict[str, Any]] = {
    "none.example": {"A": "192.0.2.1"},
    "other.example": {"TXT": "not SPF"},
    "others.example": {"TXT": ["not SPF", "nor this"]},
    "two.example": {"TXT": ["v=spf1 a", "v=spf1 mx"]},
    "many.example": {"TXT": [f"v=spf1 x={number}" for number in range(12)]},
    "ten.example": {"TXT": [f"v=spf1 x={number}" for number in range(10)]},
    "fault.example": {"TXT": "v=spf1 mx foo -all"},
    "faults.example": {"TXT": "v=spf1 a:b..example include:%{z} foo"},
    "last.example": {"TXT": "v=spf1 a mx:"},
}


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        ("none.example", "none.example: it has no TXT record, so no SPF record"),
        ("other.example", "other.example: its TXT record is not an SPF record"),
        ("others.example", "others.example: none of its 2 TXT records is an SPF record"),
        ("two.example", "found 2 SPF records, but only one is allowed: v=spf1 a; v=spf1 mx"),
    ],
)
def test_why_there_is_no_record(domain: str, text: str) -> None:
    problem = check("192.0.2.1", f"u@{domain}", resolver=Zone(ZONE)).problem
    assert problem is not None
    assert problem.text == text


@pytest.mark.parametrize(("domain", "more"), [("ten.example", "v=spf1 x=9"), ("many.example", "; and 2 more")])
def test_at_most_ten_records_are_shown(domain: str, more: str) -> None:
    problem = check("192.0.2.1", f"u@{domain}", resolver=Zone(ZONE)).problem
    assert problem is not None
    assert problem.text.endswith(more)
    assert problem.text.count("v=spf1") == 10


@pytest.mark.parametrize(
    ("domain", "term"), [("fault.example", "foo"), ("faults.example", "include:%{z}"), ("last.example", "mx:")]
)
def test_the_path_ends_at_the_first_term_with_a_fault(domain: str, term: str) -> None:
    result = check("192.0.2.1", f"u@{domain}", resolver=Zone(ZONE))
    assert result.result == "permerror"
    assert result.path == ((domain, term),)


@pytest.mark.parametrize(("term", "section"), [("include:none.example", "5.2"), ("redirect=none.example", "6.1")])
def test_what_needs_a_record_names_the_section_that_says_so(term: str, section: str) -> None:
    zone = Zone({**ZONE, "a.example": {"TXT": f"v=spf1 {term}"}})
    problem = check("192.0.2.1", "u@a.example", resolver=zone).problem
    assert problem is not None
    assert problem.section == section


@pytest.mark.parametrize(
    ("term", "sender", "hint"),
    [
        ("include:%{i}.x.example", "u", "publish an SPF record for 192.0.2.1.x.example, the target of include:%{i}."),
        ("redirect=%{i}.x.example", "u", "publish an SPF record for 192.0.2.1.x.example, the target of redirect=%{i}."),
        ("include:%{l}.x.example", "a..b", "take include:%{l}.x.example out, or correct its name"),
        ("redirect=%{l}.x.example", "a..b", "take redirect=%{l}.x.example out, or correct its name"),
        ("include:gone.example", "u", "take include:gone.example out, or correct its name"),
    ],
)
def test_the_hint_is_to_publish_a_record_if_the_name_depends_on_the_client(term: str, sender: str, hint: str) -> None:
    zone = Zone({"a.example": {"TXT": f"v=spf1 {term}"}})
    problem = check("192.0.2.1", f"{sender}@a.example", resolver=zone).problem
    assert problem is not None
    assert (problem.hint or "").startswith(hint)


def test_the_characters_that_a_domain_can_not_have_are_named() -> None:
    problem = check("192.0.2.1", "u@\N{SNOWMAN}.example", resolver=Zone({})).problem
    assert problem is not None
    assert problem.text.endswith("is not a domain name that IDNA2008 allows; it has \N{SNOWMAN} (snowman U+2603)")


def test_a_chain_of_records_that_is_too_long_has_the_number_that_is_allowed() -> None:
    chain = {f"i{n}.example": {"TXT": f"v=spf1 include:i{n + 1}.example -all"} for n in range(120)}
    limits = Limits(lookups=200)
    problem = check("192.0.2.1", "u@i0.example", resolver=Zone(chain), limits=limits).problem
    assert problem is not None
    assert problem.text == "records are nested more than 100 levels deep by include and redirect"


def test_an_explanation_with_a_client_name_that_is_not_given_says_why_it_is_missing() -> None:
    names = {"a.example": {"TXT": "v=spf1 -all exp=%{p}.why.a.example"}}
    result = check("192.0.2.1", "u@a.example", resolver=Zone(names, apexes=["a.example"]))
    assert (result.result, result.explanation) == ("fail", None)
    assert result.explanation_problem is not None
    assert result.explanation_problem.code == "exp-dns-error"
    assert "1.2.0.192.in-addr.arpa are not in the files given" in result.explanation_problem.text


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (
            "a:www.a.example",
            "the A records of x.b.test, of which www.a.example is an alias, are not in the files given",
        ),
        ("a:x.b.test", "the A records of x.b.test are not in the files given"),
    ],
)
def test_the_name_that_is_not_given_is_named(terms: str, text: str) -> None:
    names = {"a.example": {"TXT": f"v=spf1 {terms} -all"}, "www.a.example": {"CNAME": "x.b.test"}}
    problem = check("192.0.2.1", "u@a.example", resolver=Zone(names, apexes=["a.example"])).problem
    assert problem is not None
    assert problem.text == text


def test_a_trace_has_the_names_of_expansions() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 exists:%{i}.x.example exists:%{l}.x.example -all"}})
    term, other, _ = check("192.0.2.1", "ü@a.example", resolver=zone).trace.root.terms
    assert term.to_dict()["expansions"] == [{"domain_spec": "%{i}.x.example", "name": "192.0.2.1.x.example"}]
    assert other.to_dict()["expansions"] == [{"domain_spec": "%{l}.x.example", "name": None}]
