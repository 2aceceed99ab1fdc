"""Every fault of a record's text: its code, the part that it marks, its section, and what to do about it."""

import re

import pytest

from spfengine import ProblemCode, RecordSyntaxError, diagnose, parse
from tests.record.faults import CASES, Case, Fault

pytestmark = pytest.mark.cases


LEGAL = (
    "v=spf1",
    "v=spf1 ",
    "V=SPF1 -ALL",
    "v=spf1 -all v=spf1 -all",
    "v=spf1 all=x",
    "v=spf1 ptr=",
    "v=spf1 ipv4=1.2.3.4",
    "v=spf1 include:http://a.example",
    "v=spf1 include:u@a.example",
    "v=spf1 a:a.example. mx:_spf.a.example ptr:a.b-c.x--y",
    "v=spf1 a:%{d} a:%{d}/24 a:x.%{d}//64 exists:%%.%_.%-.example exists:%{ir}.%{v}.%{d2}",
    "v=spf1 a/0//0 mx/32//128 ip4:192.0.2.1/0 ip6:::/128 ip6:::ffff:192.0.2.1 ip4:10.0.0.255/8",
    "v=spf1 a:foo/bar.example a:a.example/24.example/24",
    "v=spf1 x=y x=z X=%{d1r+-} a.b_c-d=/:=",
    "v=spf1 +a -mx ~ptr ?all redirect=a.example exp=b.example",
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.record))
def test_every_fault_is_reported(case: Case) -> None:
    told = [
        Fault(problem.code, case.record[slice(*(problem.span or (0, 0)))], problem.section, problem.hint)
        for problem in diagnose(case.record)
    ]
    assert told == list(case.faults)
    with pytest.raises(RecordSyntaxError) as caught:
        parse(case.record)
    assert caught.value.problems == diagnose(case.record)
    assert caught.value.source == case.record
    assert caught.value.section == case.faults[0].section


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.record))
def test_a_suggested_term_is_valid(case: Case) -> None:
    """If a hint says "did you mean", what it suggests can be used unchanged."""
    for fault in case.faults:
        found = re.fullmatch(r".*did you mean (.*)\?", fault.hint or "")
        for term in found[1].split(" or ") if found is not None else ():
            if term not in ("a:localhost", "include", "ip4"):  # more than the name is wrong: the rest is reported next
                assert diagnose(f"v=spf1 {term}") == ()


@pytest.mark.parametrize("record", LEGAL)
def test_a_valid_record_has_no_fault(record: str) -> None:
    assert diagnose(record) == ()
    assert diagnose(record.encode("ascii")) == ()
    assert str(parse(record)) == record


def test_every_code_of_a_syntax_fault_is_tested() -> None:
    met = {fault.code for case in CASES for fault in case.faults}
    codes = list(ProblemCode)
    assert met == set(codes[codes.index(ProblemCode.NOT_SPF) : codes.index(ProblemCode.DUPLICATE_MODIFIER) + 1])


def test_a_fault_is_shown_with_carets_under_it() -> None:
    with pytest.raises(RecordSyntaxError) as caught:
        parse("v=spf1 ipv4:1.2.3.4 -all")
    assert str(caught.value).split("\n") == [
        "ipv4 is not a mechanism (RFC 7208 §4.6.1) [unknown-mechanism]",
        "  v=spf1 ipv4:1.2.3.4 -all",
        "         ^^^^^^^^^^^^",
        "hint: did you mean ip4:1.2.3.4?",
    ]


def test_a_fault_in_a_long_record_is_shown_in_an_excerpt() -> None:
    record = "v=spf1 " + "ip4:192.0.2.1 " * 50 + "mx:\x1b[31m " + "ip4:192.0.2.1 " * 50
    (problem,) = diagnose(record)
    assert problem.span is not None
    _, line, carets, _ = problem.render(record).split("\n")
    assert line.isprintable()
    assert len(line) < 100
    assert line[carets.index("^") : carets.rindex("^") + 1] == "\\x1b"
    assert line.startswith("  …")
    assert line.endswith("…")


def test_hints_are_left_out_if_there_are_too_many_faults() -> None:
    problems = diagnose("v=spf1 " + "inlude:a.example " * 300)
    assert len(problems) == 300
    assert problems[0].hint is not None
    assert problems[-1].hint is None
