"""Any text is a record, or a syntax error that has all of its faults."""

from random import Random

import pytest
from hypothesis import given, strategies as st

from spfengine import Record, RecordSyntaxError, diagnose, parse
from spfengine.record.model import All, Directive, NetworkRun
from tests.properties import generate, strategies


def read(text: str | bytes) -> Record | RecordSyntaxError:
    try:
        return parse(text)
    except RecordSyntaxError as error:
        return error


@given(st.one_of(strategies.texts, strategies.octets, st.text(), st.binary()))
def test_any_text_is_a_record_or_a_record_syntax_error(text: str | bytes) -> None:
    """parse() returns a Record or raises RecordSyntaxError, with the problems that diagnose() returns."""
    outcome = read(text)
    problems = diagnose(text)
    if isinstance(outcome, Record):
        assert problems == ()
    else:
        assert problems == outcome.problems
        assert outcome.span == problems[0].span
        assert outcome.section == problems[0].section


@given(st.one_of(strategies.texts, strategies.octets))
def test_faults_are_in_the_order_of_the_text(text: str | bytes) -> None:
    """Spans are (start, end) offsets into `source`, in ascending order."""
    outcome = read(text)
    if isinstance(outcome, RecordSyntaxError):
        spans = []
        for problem in outcome.problems:
            assert problem.span is not None
            assert 0 <= problem.span[0] <= problem.span[1] <= len(outcome.source)
            assert problem.section
            spans.append(problem.span)
        assert spans == sorted(spans)


@given(st.one_of(strategies.texts, strategies.octets))
def test_the_message_of_a_fault_is_printable(text: str | bytes) -> None:
    """SECURITY.md: untrusted text is escaped before anyone sees it."""
    outcome = read(text)
    if isinstance(outcome, RecordSyntaxError):
        for line in str(outcome).split("\n"):
            assert line.isprintable()
        for problem in outcome.problems:
            assert problem.text.isprintable()
            assert (problem.hint or "").isprintable()


@given(strategies.records)
def test_the_text_of_a_record_parses_to_the_same_record(text: str) -> None:
    record = parse(text)
    assert str(record) == text
    assert parse(str(record)) == record
    assert hash(parse(text.encode("ascii"))) == hash(record)


@given(strategies.texts)
def test_the_span_of_a_term_is_its_position(text: str) -> None:
    """A term has its text as written, and the offsets of that text in the record."""
    outcome = read(text)
    if isinstance(outcome, Record):
        place = len("v=spf1")
        for term in outcome.terms:
            start, end = term.span
            assert outcome.source[start:end] == term.text
            assert outcome.source[place:start].strip(" ") == ""
            assert start > place
            place = end
        assert outcome.source[place:].strip(" ") == ""


@given(strategies.records)
def test_the_steps_are_the_directives_in_their_order(text: str) -> None:
    """RFC 7208 §4.6.2: "Each mechanism is considered in turn from left to right".

    RFC 7208 §5.1: "Mechanisms after "all" will never be tested."
    """
    record = parse(text)
    in_steps: list[Directive] = []
    for step in record.steps:
        in_steps += step.directives if isinstance(step, NetworkRun) else (step,)
    if record.all is not None:
        in_steps.append(record.all)
    alls = [place for place, directive in enumerate(record.directives) if isinstance(directive, All)]
    assert tuple(in_steps) == (record.directives[: alls[0] + 1] if alls else record.directives)


@given(strategies.records, strategies.malformed_terms, strategies.chance)
def test_a_malformed_term_makes_the_record_void_anywhere(text: str, malformed: str, chance: Random) -> None:
    """RFC 7208 §4.6: "if there are any syntax errors anywhere in the record, check_host() returns immediately with the
    result "permerror", without further interpretation or evaluation".
    """
    spaces = [place for place, character in enumerate(text + " ") if character == " "]
    place = chance.choice(spaces)
    faulty = f"{text[:place]} {malformed}{text[place:]}"
    (alone,) = diagnose(f"v=spf1 {malformed}")
    assert alone.code in {problem.code for problem in diagnose(faulty)}
    with pytest.raises(RecordSyntaxError):
        parse(faulty)


@given(strategies.records, strategies.chance)
def test_the_case_of_letters_does_not_change_the_terms(text: str, chance: Random) -> None:
    """RFC 7208 §4.6.1: "mechanism and modifier names are case-insensitive"."""
    one, other = parse(text), parse(generate.recased(chance, text))
    assert [type(term) for term in one.terms] == [type(term) for term in other.terms]
    for left, right in zip(one.directives, other.directives, strict=True):
        assert (left.qualifier, left.mechanism, left.span) == (right.qualifier, right.mechanism, right.span)
    assert [m.name for m in one.modifiers] == [m.name for m in other.modifiers]
