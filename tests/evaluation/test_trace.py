"""The trace of a check: what became of each term, and why, in words."""

import json
from typing import Any

import pytest

from spfengine import Limits, Status, check
from spfengine.evaluation.trace import Expansion, TracedRecord, traced, traced_questions
from spfengine.resolvers.zone import Zone
from tests.evaluation.trace_cases import CASES, Case

ZONE: dict[str | bytes, dict[str, Any]] = {
    "v4.example": {"A": ["10.0.0.1", "192.0.2.77"]},
    "hit.example": {"A": ["10.0.0.9", "192.0.2.1"]},
    "none.example": {"TXT": "no address"},
    "many.example": {"A": [f"10.0.1.{i}" for i in range(14)]},
    "mx.example": {"MX": [(1, "v4.example"), (2, "."), (3, "hit.example"), (4, "none.example")]},
    "nomatch.example": {"MX": [(1, "v4.example"), (2, "none.example"), (3, "gone.example")]},
    "null.example": {"MX": (0, ".")},
    "1.2.0.192.in-addr.arpa": {"PTR": ["h.a.example", "liar.a.example", "other.example"]},
    "7.2.0.192.in-addr.arpa": {"PTR": [f"n{i}.b.example" for i in range(12)]},
    "8.2.0.192.in-addr.arpa": {"PTR": Status.SERVFAIL},
    "h.a.example": {"A": "192.0.2.1"},
    "mx.h.a.example": {"MX": (0, ".")},
    "liar.a.example": {"A": "10.0.0.1"},
    "other.example": {"A": "192.0.2.1"},
    "pass.example": {"TXT": "v=spf1 +all"},
    "soft.example": {"TXT": "v=spf1 ~all"},
    "bad.example": {"TXT": "v=spf1 foo"},
    "h.x.example": {"A": "127.0.0.2"},
    "dead.example": {"*": Status.TIMEOUT},
    "e.example": {"TXT": "no"},
    "red.example": {"TXT": "v=spf1 -all exp=e.example"},
}


def trace_of(terms: str, ip: str, sender: str = "u@a.example") -> TracedRecord:
    zone = Zone({**ZONE, "a.example": {"TXT": f"v=spf1 {terms}", "A": "10.0.0.5"}})
    return check(ip, sender, "", resolver=zone, limits=Limits(voids=99)).trace.root


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.terms} {case.ip}: {case.term}")
def test_why(case: Case) -> None:
    (found,) = [found for found in trace_of(case.terms, case.ip, case.sender).terms if found.term.text == case.term]
    assert (found.outcome, found.why) == (case.outcome, case.why)


def test_a_term_shows_only_its_own_queries() -> None:
    zone = Zone({**ZONE, "a.example": {"TXT": "v=spf1 include:soft.example mx:mx.example a:v4.example -all"}})
    include, mx, *_ = check("192.0.2.1", "u@a.example", resolver=zone).trace.root.terms
    assert include.record is not None
    assert include.record.question is not None
    assert include.record.question.question.name == "soft.example"
    assert include.record.result == "softfail"
    asked = [(q.question.name, str(q.question.type), q.repeated) for q in mx.questions]
    assert asked == [("mx.example", "MX", False), ("v4.example", "A", False), ("hit.example", "A", False)]


def test_a_repeated_query_is_marked() -> None:
    terms = trace_of("a:v4.example a:V4.example ?all", "192.0.2.1").terms
    assert [q.repeated for term in terms for q in term.questions] == [False, True]


def test_expansions_are_shown() -> None:
    first, second, _ = trace_of("exists:%{ir}.%{d2} exists:%{p}.x.example -all", "192.0.2.1").terms
    assert first.expansions == [Expansion("%{ir}.%{d2}", "1.2.0.192.a.example")]
    assert second.expansions == [Expansion("%{p}.x.example", "h.a.example.x.example")]
    assert [str(q.question.type) for q in second.questions] == ["PTR", "A", "A", "A", "A"]


def test_the_queries_of_an_explanation_are_shown_with_it() -> None:
    zone = Zone({**ZONE, "a.example": {"TXT": "v=spf1 exp=e.%{d} -all"}, "e.a.example": {"TXT": "%{p}"}})
    result = check("192.0.2.1", "u@a.example", resolver=zone)
    assert result.explanation == "h.a.example"
    _, exp = result.trace.root.terms
    assert exp.expansions == [Expansion("e.%{d}", "e.a.example")]
    assert [str(q.question.type) for q in exp.questions][:2] == ["TXT", "PTR"]


def test_the_record_of_a_redirect_is_below_its_term() -> None:
    root = trace_of("a redirect=red.example", "192.0.2.1")
    redirect = root.terms[1]
    assert redirect.record is not None
    assert redirect.record.result == "fail"
    assert root.result is None
    assert [(domain, found.term.text) for domain, found in traced(root)] == [
        ("a.example", "a"),
        ("a.example", "redirect=red.example"),
        ("red.example", "-all"),
        ("red.example", "exp=e.example"),
    ]


@pytest.mark.parametrize("domain", ["u@", "u@gone.example", "u@none.example", "u@dead.example", "u@bad.example"])
def test_a_check_without_a_record_has_a_trace_too(domain: str) -> None:
    result = check("192.0.2.1", domain, resolver=Zone(ZONE))
    root = result.trace.root
    assert root.problem == result.problem
    assert root.terms == []
    assert root.record is None
    assert (root.question is None) == (result.questions == 0)


def test_the_trace_is_made_once_and_is_json() -> None:
    result = check("192.0.2.1", "u@red.example", resolver=Zone(ZONE))
    assert result.trace is result.trace
    root = json.loads(json.dumps(result.trace.to_dict()))
    assert root["record"] == "v=spf1 -all exp=e.example"
    assert root["result"] == "fail"
    assert root["question"] == {
        "name": "red.example",
        "type": "TXT",
        "status": "NOERROR",
        "records": ["v=spf1 -all exp=e.example"],
        "chain": [],
        "ttl": None,
        "repeated": False,
        "void": False,
    }
    assert [term["outcome"] for term in root["terms"]] == ["match", "followed"]
    assert set(root["terms"][0]) == {"term", "span", "outcome", "why", "expansions", "questions", "record"}


def test_the_terms_of_an_included_record_are_traced_with_it() -> None:
    inner = "v=spf1 ip4:10.0.0.0/8 a:%{d} ip4:192.0.2.0/24 -all"
    zone = Zone({**ZONE, "a.example": {"TXT": "v=spf1 include:b.example -all"}, "b.example": {"TXT": inner}})
    result = check("192.0.2.1", "u@a.example", resolver=zone)
    (include, last) = result.trace.root.terms
    assert include.record is not None
    assert [(term.term.text, str(term.outcome)) for term in include.record.terms] == [
        ("ip4:10.0.0.0/8", "no-match"),
        ("a:%{d}", "no-match"),
        ("ip4:192.0.2.0/24", "match"),
        ("-all", "not-evaluated"),
    ]
    assert include.record.terms[1].why == "192.0.2.1 is none of these: b.example has no A record"
    assert str(last.outcome) == "not-evaluated"
    questions = [str(each.question.name) for each in traced_questions(result.trace.root)]
    assert questions == ["a.example", "b.example", "b.example"]
    assert result.questions_unneeded == result.questions_ahead == 0


def test_a_trace_is_printed_in_80_columns() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 " + "x=y " * 40 + "-all"}})
    trace = check("192.0.2.1", "u@a.example", resolver=zone).trace
    assert trace.render() == trace.render(width=80) != trace.render(width=81)


def test_a_chain_of_cname_records_is_shown() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 a:alias.example -all"}, "alias.example": {"CNAME": "v4.example"}, **ZONE})
    term = check("192.0.2.1", "u@a.example", resolver=zone).trace.root.terms[0]
    assert term.questions[0].answer.chain == ("v4.example",)
    assert term.to_dict()["questions"][0]["chain"] == ["v4.example"]  # type: ignore[index]  # JSON is of any form
