"""A record against the one that stands now, term by term."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

from spfengine.answers import Answer, spf_texts
from spfengine.evaluation.check_host import select_record
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Record, term_key
from spfengine.record.parser import diagnose, parse_term
from spfengine.visible import visible, visible_name


class Standing(StrEnum):
    """What stands at a name now."""

    RECORD = "record"
    ABSENT = "absent"
    """No SPF record."""
    SEVERAL = "several"
    """More than one SPF record, so that there is none that counts (RFC 7208 §4.5)."""
    UNKNOWN = "unknown"
    """DNS could not answer."""


class TermChange(NamedTuple):
    """A term of a drafted record, against the record that stands now.

    Attributes:
        sign: "+" for a new term, "-" for one that goes, "=" for one that stays.
        term: as written.
    """

    sign: str
    term: str


class RecordChange(NamedTuple):
    """A name whose SPF record a draft changes.

    Attributes:
        domain: the name.
        standing: what stands there now.
        before, after: the text of its SPF record; None where it has none, or not just one.
        terms: what stays, goes and comes, in the order of the new record.
        ttl: seconds for which resolvers may go on with what stands there now, or None where that is not known.
        reached: whether evaluation of the domain simulated ever asks for the record.
    """

    domain: str
    standing: Standing
    before: str | None
    after: str | None
    terms: tuple[TermChange, ...]
    ttl: int | None
    reached: bool


def record_change(name: str, old: Answer, new: Answer, reached: bool) -> RecordChange:
    """Return how the SPF record of a name changes between two TXT answers."""
    before, after = _text(old), _text(new)
    standing = Standing.RECORD
    if old.is_failure:
        standing = Standing.UNKNOWN
    elif before is None:
        standing = Standing.SEVERAL if spf_texts(old) else Standing.ABSENT
    terms = tuple(compare_terms(before or "", after or ""))
    return RecordChange(name, standing, before, after, terms, old.ttl, reached)


def _text(answer: Answer) -> str | None:
    """Return the text of the one SPF record of an answer, or None."""
    texts = spf_texts(answer)
    return texts[0].decode("latin-1") if len(texts) == 1 else None


def compare_terms(before: str, after: str) -> Iterator[TermChange]:
    """Yield what stays, goes and comes between the texts of two records, in the order of the new one.

    Terms are compared by `same_term`; one that is no term, as text. A term that moves goes and comes.
    """
    old = [term for term in before.split(" ")[1:] if term]
    new = [term for term in after.split(" ")[1:] if term]
    matcher = SequenceMatcher(None, [_key(term) for term in old], [_key(term) for term in new], autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            for term in new[new_start:new_end]:
                yield TermChange("=", term)
            continue
        for term in old[old_start:old_end]:
            yield TermChange("-", term)
        for term in new[new_start:new_end]:
            yield TermChange("+", term)


def _key(text: str) -> object:
    term = parse_term(text)
    return text if term is None else term_key(term)


# What makes a draft unsafe, or what is known of it incomplete.

_TOLD = 5  # questions that are named


def broken(name: str, old: Answer, new: Answer, *, meant: bool) -> Iterator[Problem]:
    """Yield what is wrong with the drafted TXT records of a name.

    Args:
        old, new: what answers now, and with the draft.
        meant: whether the draft was given as an SPF record, whatever it looks like.
    """
    found = select_record(new)
    shown = visible_name(name)
    if isinstance(found, Record) or not new.records:
        return
    if isinstance(found, Problem) and found.code is ProblemCode.MULTIPLE_RECORDS:
        yield Problem(ProblemCode.DRAFT_BROKEN, f"{shown}: {found.text}", name, None, found.section, found.hint)
        return
    added = [octets for octets in new.records if octets not in old.records]
    texts = spf_texts(new) or [octets for octets in added if meant or b"v=spf" in octets.lower()]
    for fault in diagnose(texts[0]) if texts else ():
        text = f"the draft for {shown} is broken: {fault.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, fault.span, fault.section, fault.hint)


def breaking(after: Policy) -> Iterator[Problem]:
    """Yield why no client at all gets a result but permerror, where that is so."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in after.ranges(version)]
    if all(outcome.result is Result.PERMERROR for outcome in outcomes) and outcomes[0].problem is not None:
        why = outcomes[0].problem
        text = f"after the change every client gets permerror: {why.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, why.domain, why.span, why.section, why.hint)


def not_reached(domain: str, name: str) -> Problem:
    """Return the problem of a draft that evaluation never asks for."""
    text = f"the draft for {visible_name(name)} is not reached from {visible(domain)}: it changes nothing"
    hint = "check the spelling of the name, or include it from a record that is reached"
    return Problem(ProblemCode.DRAFT_NOT_REACHED, text, name, None, "", hint)


def incomplete(before: Policy, after: Policy) -> Iterator[Problem]:
    """Yield what DNS could not answer, so that some results are not known."""
    if before.incomplete or after.incomplete:
        failed = {q: answer.status for p in (before, after) for q, answer in p.answers.items() if answer.is_failure}
        named = [f"{question.type} {visible_name(question.name)} ({status})" for question, status in failed.items()]
        more = f" and {len(named) - _TOLD} more" if len(named) > _TOLD else ""
        text = f"DNS could not answer {', '.join(named[:_TOLD])}{more}; what it decides is not known"
        yield Problem(ProblemCode.DNS_INCOMPLETE, text, before.domain, None, "2.6.6", "try again later")
