"""What an answer makes foreseeable: only what the check may come to, spelled as the check asks it."""

import pytest
from hypothesis import given

from spfengine import Answer, Limits, Question, RRType, Zone
from spfengine.evaluation.check_host import check_host
from spfengine.evaluation.session import Session
from spfengine.prefetch import foreseen
from tests.properties import strategies
from tests.properties.generate import Call

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR
REVERSE = "1.2.0.192.in-addr.arpa"


def of_record(record: str, ip: str = "192.0.2.1", sender: str = "u@a.example", lookups: int = 10) -> list[str]:
    session = Session(ip, sender, "h.example", limits=Limits(lookups))
    result = foreseen(session, Question("a.example", TXT), Answer.txt(record))
    return [f"{type} {name}" for name, type in result]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 a -all", ["A a.example"]),
        ("v=spf1 a:B.example/24 mx mx:c.example", ["A B.example", "MX a.example", "MX c.example"]),
        ("v=spf1 include:B.example include:c.example ~all", ["TXT B.example", "TXT c.example"]),
        ("v=spf1 a redirect=b.example", ["A a.example", "TXT b.example"]),
        ("v=spf1 redirect=b.example -all", []),
        ("v=spf1 -all include:b.example", []),
        ("v=spf1 a -all a:never.example", ["A a.example"]),
        ("v=spf1 ip4:192.0.2.0/24 a -all", []),
        ("v=spf1 ip4:203.0.113.0/24 a -all", ["A a.example"]),
        ("v=spf1 ip6:::/0 a ip4:0.0.0.0/0 mx", ["A a.example"]),
        ("v=spf1 exists:b.example exists:%{ir}.%{v}.%{d} -all", ["A b.example", f"A {REVERSE[:-5]}.a.example"]),
        ("v=spf1 exists:%{l}.%{o} exists:%{h} exists:%{s}", ["A u.a.example", "A h.example", "A u@a.example"]),
        ("v=spf1 include:%{l}.example redirect=%{d1}.example", ["TXT u.example", "TXT example.example"]),
        ("v=spf1 ptr -all", [f"PTR {REVERSE}"]),
        ("v=spf1 a:%{p}.example include:%{p} redirect=%{p}", [f"PTR {REVERSE}"] * 2),
        ("v=spf1 a:one..two include:single include:%{l}", ["A one..two"][:0]),
        ("v=spf1 -all exp=why.example", []),
        ("v=spf1 mistake", []),
        ("no record", []),
    ],
)
def test_of_a_record(record: str, expected: list[str]) -> None:
    assert of_record(record) == expected


def test_of_a_record_for_ipv6() -> None:
    assert of_record("v=spf1 ip4:0.0.0.0/0 a exists:b.example mx", "2001:db8::1") == [
        "AAAA a.example",
        "A b.example",
        "MX a.example",
    ]


def test_a_local_part_that_is_not_ascii_leads_nowhere() -> None:
    assert of_record("v=spf1 a:%{l}.example include:%{s} a", sender="\u00fc@a.example") == ["A a.example"]


def test_no_more_terms_than_a_check_may_evaluate() -> None:
    record = " ".join(["v=spf1", *[f"include:n{number}.example" for number in range(20)], "redirect=z.example"])
    assert len(of_record(record)) == 10
    assert len(of_record(record, lookups=3)) == 3
    assert len(of_record(record, lookups=21)) == 21


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        (Question("a.example", MX), Answer.mx((10, "M1.example"), (20, ""), (30, "m2..example"), (40, "m3.example")),
         ["M1.example", "m3.example"]),
        (Question("a.example", MX), Answer.mx(*[(1, f"m{n}.example") for n in range(10)]),
         [f"m{n}.example" for n in range(10)]),
        (Question("a.example", MX), Answer.mx(*[(1, f"m{n}.example") for n in range(11)]), []),
        (Question(REVERSE, PTR), Answer.ptr(*[f"p{n}.example" for n in range(12)]),
         [f"p{n}.example" for n in range(10)]),
        (Question("a.example", A), Answer.a("192.0.2.1"), []),
        (Question("a.example", TXT), Answer.nxdomain(), []),
        (Question("a.example", TXT), Answer.a("192.0.2.1"), []),
    ],
)  # fmt: skip
def test_of_other_answers(question: Question, answer: Answer, expected: list[str]) -> None:
    session = Session("192.0.2.1", "u@a.example")
    assert list(foreseen(session, question, answer)) == [Question(name, A) for name in expected]


@given(strategies.zones, strategies.calls)
def test_whatever_is_asked_was_foreseen(zone: Zone, call: Call) -> None:
    """All but the first question and the explanation; and, once the client's names are asked for, what depends on them.

    Without limits nothing is left out.
    """
    session = Session(*call, limits=Limits(lookups=100, voids=100, names=100))
    ahead = {("txt", session.domain.lower())}
    evaluation = check_host(session)
    try:
        question = next(evaluation)
        while session.counts_voids:
            asked = question.type.lower(), question.name.lower()
            assert asked in ahead or any(type == "ptr" for type, _ in ahead)
            answer = zone.resolve(question)
            ahead |= {(type.lower(), name.lower()) for name, type in foreseen(session, question, answer)}
            question = evaluation.send(answer)
    except StopIteration:
        pass
    assert len(ahead) < 5000
