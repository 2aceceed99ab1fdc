"""A result says what decided it, where, by which path and at what cost; and it is an immutable value."""

import copy
import json
import pickle

import pytest

from spfengine import CheckResult, ProblemCode, Result, Status, check
from spfengine.resolvers.zone import Zone

ZONE = Zone(
    {
        "a.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 include:b.example a:h.example redirect=r.example"},
        "b.example": {"TXT": "v=spf1 ?ip4:198.51.100.1 include:c.example -all"},
        "c.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all exp=e.example"},
        "r.example": {"TXT": "v=spf1 ip6:2001:db8::/32 redirect=q.example"},
        "q.example": {"TXT": "v=spf1 ~ip4:203.0.113.0/24 -ip6:::/0 exp=e.example"},
        "h.example": {"A": "10.0.0.1"},
        "e.example": {"TXT": "ask %{o}"},
        "loop.example": {"TXT": "v=spf1 include:b.example include:loop.example"},
        "bad.example": {"TXT": "v=spf1 a foo/bar -all"},
        "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
        "inc-bad.example": {"TXT": "v=spf1 a:h.example include:bad.example -all"},
        "inc-gone.example": {"TXT": "v=spf1 ip4:192.0.2.1 include:gone.example -all"},
        "red-dead.example": {"TXT": "v=spf1 redirect=dead.example"},
        "inc-two.example": {"TXT": "v=spf1 include:two.example"},
        "dead.example": {"*": Status.SERVFAIL},
        "mx-dead.example": {"TXT": "v=spf1 mx:dead.example"},
        "default.example": {"TXT": "v=spf1 ip4:10.0.0.0/8"},
    }
)


def run(ip: str, domain: str) -> CheckResult:
    return check(ip, f"u@{domain}", "helo.example", resolver=ZONE, receiver="mx.example.net", now=1.5)


@pytest.mark.parametrize(
    ("ip", "domain", "result", "directive", "span", "record_domain", "path"),
    [
        (
            "192.0.2.9",
            "a.example",
            "pass",
            "ip4:192.0.2.0/24",
            (7, 23),
            "a.example",
            (("a.example", "ip4:192.0.2.0/24"),),
        ),
        (
            "198.51.100.7",
            "a.example",
            "pass",
            "include:b.example",
            (24, 41),
            "a.example",
            (
                ("a.example", "include:b.example"),
                ("b.example", "include:c.example"),
                ("c.example", "ip4:198.51.100.0/24"),
            ),
        ),
        (
            "10.0.0.1",
            "a.example",
            "pass",
            "a:h.example",
            (42, 53),
            "a.example",
            (("a.example", "a:h.example"),),
        ),
        (
            "203.0.113.1",
            "a.example",
            "softfail",
            "~ip4:203.0.113.0/24",
            (7, 26),
            "q.example",
            (
                ("a.example", "redirect=r.example"),
                ("r.example", "redirect=q.example"),
                ("q.example", "~ip4:203.0.113.0/24"),
            ),
        ),
        (
            "198.51.100.1",
            "a.example",
            "neutral",
            None,
            None,
            "q.example",
            (("a.example", "redirect=r.example"), ("r.example", "redirect=q.example")),
        ),
        (
            "2001:db8::1",
            "a.example",
            "pass",
            "ip6:2001:db8::/32",
            (7, 24),
            "r.example",
            (("a.example", "redirect=r.example"), ("r.example", "ip6:2001:db8::/32")),
        ),
        (
            "2001:db9::1",
            "a.example",
            "fail",
            "-ip6:::/0",
            (27, 36),
            "q.example",
            (("a.example", "redirect=r.example"), ("r.example", "redirect=q.example"), ("q.example", "-ip6:::/0")),
        ),
        ("192.0.2.1", "default.example", "neutral", None, None, "default.example", ()),
        ("192.0.2.1", "gone.example", "none", None, None, "gone.example", ()),
    ],
)
def test_what_decided_and_by_which_path(
    ip: str, domain: str, result: str, directive: str | None, span: object, record_domain: str, path: object
) -> None:
    outcome = run(ip, domain)
    assert outcome.result == result
    assert (outcome.directive, outcome.directive_span, outcome.record_domain) == (directive, span, record_domain)
    assert outcome.path == path


@pytest.mark.parametrize(
    ("domain", "result", "code", "at", "marked", "path"),
    [
        ("gone.example", "none", ProblemCode.DOMAIN_NOT_FOUND, "gone.example", None, ()),
        ("e.example", "none", ProblemCode.NO_RECORD, "e.example", None, ()),
        ("h.example", "none", ProblemCode.NO_RECORD, "h.example", None, ()),
        ("localhost", "none", ProblemCode.INVALID_DOMAIN, "localhost", None, ()),
        ("dead.example", "temperror", ProblemCode.DNS_SERVFAIL, "dead.example", None, ()),
        ("two.example", "permerror", ProblemCode.MULTIPLE_RECORDS, "two.example", None, ()),
        ("bad.example", "permerror", ProblemCode.UNKNOWN_MECHANISM, "bad.example", "foo/bar", ("foo/bar",)),
        (
            "inc-bad.example",
            "permerror",
            ProblemCode.UNKNOWN_MECHANISM,
            "bad.example",
            "foo/bar",
            ("include:bad.example", "foo/bar"),
        ),
        (
            "inc-gone.example",
            "permerror",
            ProblemCode.INCLUDE_DOMAIN_NOT_FOUND,
            "inc-gone.example",
            "include:gone.example",
            ("include:gone.example",),
        ),
        (
            "inc-two.example",
            "permerror",
            ProblemCode.MULTIPLE_RECORDS,
            "two.example",
            None,
            ("include:two.example",),
        ),
        (
            "red-dead.example",
            "temperror",
            ProblemCode.DNS_SERVFAIL,
            "red-dead.example",
            "redirect=dead.example",
            ("redirect=dead.example",),
        ),
        (
            "mx-dead.example",
            "temperror",
            ProblemCode.DNS_SERVFAIL,
            "mx-dead.example",
            "mx:dead.example",
            ("mx:dead.example",),
        ),
    ],
)
def test_what_went_wrong_and_where(
    domain: str, result: str, code: ProblemCode, at: str, marked: str | None, path: tuple[str, ...]
) -> None:
    outcome = run("203.0.113.77", domain)
    assert outcome.result == result
    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.domain, outcome.record_domain) == (code, at, at)
    assert (outcome.directive, outcome.directive_span) == (None, None)
    source = _source(at)
    assert (None if outcome.problem.span is None else source[slice(*outcome.problem.span)]) == marked
    assert tuple(term for _, term in outcome.path) == path
    assert outcome.problem.section
    assert str(outcome.problem) == f"{outcome.problem.text} [{code}]"


def _source(domain: str) -> str:
    found = [rrset for rrset in ZONE.rrsets if (rrset.name, rrset.type) == (domain, "TXT")]
    return found[0].records[0][0].decode() if found and found[0].records else ""


def test_queries_are_counted() -> None:
    outcome = run("2001:db9::1", "a.example")
    assert (outcome.lookups, outcome.void_lookups, outcome.questions) == (5, 1, 7)
    assert outcome.explanation == "ask a.example"
    assert outcome.explanation_problem is None
    outcome = run("203.0.113.1", "a.example")
    assert (outcome.explanation, outcome.explanation_problem) == (None, None)


def test_what_was_checked() -> None:
    outcome = run("::ffff:192.0.2.9", "A.example.")
    assert (outcome.ip, outcome.domain, outcome.sender, outcome.helo) == (
        "192.0.2.9",
        "A.example",
        "u@A.example",
        "helo.example",
    )
    assert outcome.identity == "mailfrom"


def test_the_repr_of_a_result() -> None:
    assert repr(run("192.0.2.9", "a.example")) == (
        "<CheckResult pass by 'ip4:192.0.2.0/24': 192.0.2.9 for a.example (mailfrom)>"
    )
    assert repr(run("192.0.2.9", "two.example")) == (
        "<CheckResult permerror (multiple-records): 192.0.2.9 for two.example (mailfrom)>"
    )
    assert (
        repr(run("192.0.2.9", "default.example")) == "<CheckResult neutral: 192.0.2.9 for default.example (mailfrom)>"
    )


def test_results_are_text() -> None:
    """`Result` is a StrEnum, so `result.result == "pass"` is true."""
    assert run("192.0.2.9", "a.example").result is Result.PASS
    assert [str(result) for result in Result] == [
        "none",
        "neutral",
        "pass",
        "fail",
        "softfail",
        "temperror",
        "permerror",
    ]
    assert f"{Result.PASS}" == "pass"


@pytest.mark.parametrize("ip", ["192.0.2.9", "2001:db9::1", "203.0.113.1"])
@pytest.mark.parametrize("domain", ["a.example", "two.example", "bad.example", "gone.example"])
def test_a_result_is_a_value(ip: str, domain: str) -> None:
    outcome = run(ip, domain)
    again = run(ip, domain)
    assert outcome == again
    assert hash(outcome) == hash(again)
    assert outcome != run("10.9.9.9", domain)
    assert outcome != outcome.result
    thawed = pickle.loads(pickle.dumps(outcome))
    assert thawed == outcome
    assert thawed.to_dict() == outcome.to_dict()
    assert thawed.ip == outcome.ip
    assert thawed.trace.to_dict() == outcome.trace.to_dict()
    assert thawed.received_spf("mx") == outcome.received_spf("mx")
    assert copy.deepcopy(outcome) is outcome


@pytest.mark.parametrize("name", ["result", "problem", "directive", "explanation", "path", "lookups", "anything"])
def test_a_result_never_changes(name: str) -> None:
    outcome = run("192.0.2.9", "a.example")
    with pytest.raises(AttributeError):
        setattr(outcome, name, None)
    with pytest.raises(AttributeError):
        delattr(outcome, name)


def test_the_json_form() -> None:
    """The keys are public API."""
    form = run("2001:db9::1", "a.example").to_dict()
    assert json.loads(json.dumps(form)) == {
        "schema": "spfengine.check/1",
        "result": "fail",
        "problem": None,
        "directive": "-ip6:::/0",
        "directive_span": [27, 36],
        "record_domain": "q.example",
        "path": [["a.example", "redirect=r.example"], ["r.example", "redirect=q.example"], ["q.example", "-ip6:::/0"]],
        "explanation": "ask a.example",
        "explanation_problem": None,
        "identity": "mailfrom",
        "ip": "2001:db9::1",
        "sender": "u@a.example",
        "helo": "helo.example",
        "domain": "a.example",
        "lookups": 5,
        "void_lookups": 1,
        "questions": 7,
    }
    form = run("203.0.113.7", "bad.example").to_dict()
    assert form["problem"] == {
        "code": "unknown-mechanism",
        "text": "foo is not a mechanism",
        "domain": "bad.example",
        "span": [9, 16],
        "section": "4.6.1",
        "hint": "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists",
    }
    without = Zone({"a.example": {"TXT": "v=spf1 -all"}})
    explained = check("192.0.2.1", "u@a.example", resolver=without).to_dict()["explanation_problem"]
    assert isinstance(explained, dict)
    assert explained["code"] == "exp-absent"


def test_the_other_identity_has_the_same_verdict() -> None:
    outcome = run("2001:db9::1", "a.example")
    other = outcome.as_identity("helo")
    assert other.identity == "helo"
    assert outcome.identity == "mailfrom"
    assert other != outcome
    assert {**other.to_dict(), "identity": "mailfrom"} == outcome.to_dict()
    assert other.trace.to_dict() == outcome.trace.to_dict()
