"""The validated names of the client's address: ptr and %{p} (RFC 7208 §5.5, §7.3, eid4751)."""

from typing import Any

import pytest

from spfengine import Answer, Limits, Question, RRType, Status, check
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

REVERSE = "1.2.0.192.in-addr.arpa"
HOSTS: dict[str | bytes, dict[str, Any]] = {
    name: {"A": ["10.0.0.1", "192.0.2.1"]}
    for name in ("a.example", "x.a.example", "y.X.a.example", "b.example", "xa.example", "example")
}


def zone(ptr: object, record: str) -> Zone:
    return Zone(
        {
            **HOSTS,
            "a.example": {"TXT": record, "A": "192.0.2.1"},
            "liar.a.example": {"A": "10.0.0.1"},
            "dead.a.example": {"A": Status.SERVFAIL},
            "six.a.example": {"AAAA": "::1"},
            "e.example": {"TXT": "%{p}"},
            REVERSE: {"PTR": ptr},
        }
    )


@pytest.mark.parametrize(
    ("ptr", "validated"),
    [
        (["b.example", "x.a.example", "a.example"], "a.example"),
        (["b.example", "x.a.example", "A.Example"], "A.Example"),
        (["b.example", "x.a.example", "y.x.a.example"], "x.a.example"),
        (["b.example", "xa.example"], "b.example"),
        (["xa.example", "x.a.example"], "x.a.example"),
        (["example", "liar.a.example"], "example"),
        (["liar.a.example", "b.example"], "b.example"),
        (["dead.a.example", "b.example"], "b.example"),
        (["gone.a.example", "six.a.example"], "unknown"),
        ("liar.a.example", "unknown"),
        (Status.SERVFAIL, "unknown"),
        (Status.NXDOMAIN, "unknown"),
        ([], "unknown"),
        ([*(f"n{i}.example" for i in range(10)), "a.example"], "unknown"),
        ([*(f"n{i}.example" for i in range(9)), "X.a.example."], "X.a.example"),
    ],
)
def test_which_name_p_expands_to(ptr: object, validated: str) -> None:
    """RFC 7208 §7.3: the domain itself, else a subdomain of it, else any; spelled as DNS gave it."""
    result = check("192.0.2.1", "u@a.example", resolver=zone(ptr, "v=spf1 -all exp=e.example"))
    assert result.explanation == validated


@pytest.mark.parametrize(
    ("ptr", "term", "matches"),
    [
        ("a.example", "ptr", True),
        ("x.a.example", "ptr", True),
        ("y.x.A.example", "ptr:X.a.EXAMPLE", True),
        ("xa.example", "ptr", False),
        ("example", "ptr", False),
        ("b.example", "ptr", False),
        ("b.example", "ptr:b.example.", True),
        ("liar.a.example", "ptr", False),
        ("dead.a.example", "ptr", False),
        (["liar.a.example", "dead.a.example", "x.a.example"], "ptr", True),
        (Status.TIMEOUT, "ptr", False),
        (["b.example"] * 10 + ["a.example"], "ptr", False),
        ("a.example", "ptr:%{h}", False),
        ("a.example", "ptr:%{p}", True),
        ("a.example", "ptr:%{d}", True),
    ],
)
def test_which_names_ptr_accepts(ptr: object, term: str, matches: bool) -> None:
    """RFC 7208 §5.5, the reading of eid4751: the validated name is the target-name or a subdomain of it."""
    records = zone(ptr, f"v=spf1 {term} -all")
    result = check("192.0.2.1", "u@a.example", "", resolver=records, limits=Limits(voids=100))
    assert result.result == ("pass" if matches else "fail")


def test_ptr_and_p_share_their_queries() -> None:
    listening = Listening(
        zone(
            ["b.example", "x.a.example"], "v=spf1 ptr:c.example exists:%{p}.n.example ptr:d.example -all exp=e.example"
        )
    )
    result = check("192.0.2.1", "u@a.example", resolver=listening)
    assert result.explanation == "x.a.example"
    assert [question.name for question in listening.questions].count(REVERSE) == 1
    assert len(listening.asked) == 1 + 3 + 1 + 1


def test_a_name_that_can_not_be_queried_is_skipped() -> None:
    """An answer may hold a name that is not valid in DNS: it is never queried, and validates nothing."""

    class Odd:
        def resolve(self, question: Question) -> Answer:
            if question.type is RRType.TXT:
                return Answer.txt("v=spf1 ptr -all")
            if question.type is RRType.PTR:
                return Answer.ptr(
                    "", ".", "a..a.example", "x" * 64 + ".a.example", "x." * 130 + "a.example", "ok.a.example"
                )
            return Answer.a("192.0.2.1")

    listening = Listening(Odd())
    assert check("192.0.2.1", "u@a.example", resolver=listening).result == "pass"
    assert [question.name for question in listening.questions if question.type is RRType.A] == ["ok.a.example"]
