"""How a draft changes the SPF record of a name, term by term, and what is wrong with the draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from spfengine.answers import Answer, Question, RRType, spf_texts
from spfengine.evaluation.check_host import QUALIFIERS, select_record
from spfengine.evaluation.unanswered import hint_for, incompleteness, named_unknown, unanswered
from spfengine.names import fold
from spfengine.policy.outcome import Dependency
from spfengine.policy.policy import Policy
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import All, Record, term_key
from spfengine.record.parser import diagnose, parse_term
from spfengine.record.slips import hint_for_glued
from spfengine.visible import short_repr, visible, visible_name

BROKEN = frozenset({ProblemCode.DRAFT_BROKEN, ProblemCode.MISSING_SPACE})
"""Codes which say that a draft is not to be published."""


class Standing(StrEnum):
    """What SPF record a name has now."""

    RECORD = "record"
    ABSENT = "absent"
    """No SPF record."""
    SEVERAL = "several"
    """More than one SPF record, which is a permerror (RFC 7208 §4.5)."""
    UNKNOWN = "unknown"
    """DNS could not answer."""


@dataclass(frozen=True, slots=True)
class TermChange:
    """A term of a drafted record or of the record as it is now.

    Attributes:
        sign: "+" for a term that is added, "-" for one that is removed, "=" for one that stays.
        term: as written.
    """

    sign: str
    term: str

    def __repr__(self) -> str:
        return short_repr(self, ("sign", "term"))


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A name whose SPF record a draft changes.

    Attributes:
        domain: the name.
        standing: what it has now.
        before, after: the text of its SPF record; None if it has none, or several.
        terms: the terms that stay, are removed, and are added, in the order of the new record.
        ttl: seconds for which resolvers may keep the record as it is now, or None if that is not known.
        reached: whether evaluating the domain simulated ever asks for the record.
        is_after_known: whether it is known what it is after the change; otherwise no terms are compared.
    """

    domain: str
    standing: Standing
    before: str | None
    after: str | None
    terms: tuple[TermChange, ...]
    ttl: int | None
    reached: bool
    is_after_known: bool = True

    def __repr__(self) -> str:
        return short_repr(self, ("domain", "standing", "before", "after"))


def record_change(name: str, old: Answer, new: Answer, reached: bool) -> RecordChange:
    """Return how the SPF record of a name changes between two TXT answers."""
    before, after = _text(old), _text(new)
    standing = Standing.RECORD
    if old.is_failure:
        standing = Standing.UNKNOWN
    elif before is None:
        standing = Standing.SEVERAL if spf_texts(old) else Standing.ABSENT
    terms = () if new.is_failure else tuple(compare_terms(before or "", after or ""))
    return RecordChange(name, standing, before, after, terms, old.ttl, reached, not new.is_failure)


def end_of(policy: Policy) -> Result | None:
    """Return what a client gets that no term matches: by `all`, or without one; None if that is not known."""
    name, seen = policy.domain, set[str]()
    while fold(name) not in seen:
        seen.add(fold(name))
        answer = policy.answers.get(Question(fold(name), RRType.TXT))
        selected = None if answer is None or answer.is_failure else select_record(answer)
        if not isinstance(selected, Record):
            is_absent = isinstance(selected, Problem) and selected.code is ProblemCode.NO_RECORD
            return Result.NONE if is_absent and len(seen) == 1 else None
        ends = [term.qualifier for term in selected.directives if isinstance(term, All)]
        if ends:
            return QUALIFIERS[ends[0]]
        if selected.redirect is None:
            return Result.NEUTRAL
        name = selected.redirect.value.target or ""
    return None


def _text(answer: Answer) -> str | None:
    """Return the text of the one SPF record of an answer, or None."""
    texts = spf_texts(answer)
    return texts[0].decode("latin-1") if len(texts) == 1 else None


def compare_terms(before: str, after: str) -> Iterator[TermChange]:
    """Yield the terms that stay, are removed and are added between two records, in the order of the new one.

    Terms are compared by `same_term`; what is not a term, as text. A term that moves is removed and added.
    """
    old, new = _terms(before), _terms(after)
    matcher = SequenceMatcher(None, list(map(_key, old)), list(map(_key, new)), autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield from [TermChange("-", term) for term in old[old_start:old_end]]
        yield from [TermChange("=" if tag == "equal" else "+", term) for term in new[new_start:new_end]]


def _terms(record: str) -> list[str]:
    return [term for term in record.split(" ")[1:] if term]


def _key(text: str) -> object:
    term = parse_term(text)
    return text if term is None else term_key(term)


# What makes a draft unsafe, or what is known of it incomplete.


def broken(name: str, old: Answer, new: Answer, *, meant: bool) -> Iterator[Problem]:
    """Yield what is wrong with the drafted TXT records of a name.

    Args:
        old, new: what answers now, and with the draft.
        meant: whether the draft was given as an SPF record, whatever it looks like.
    """
    selected = select_record(new)
    shown = visible_name(name)
    if isinstance(selected, Record):
        yield from _glued(name, old, selected)
        return
    if not new.records:
        return
    if isinstance(selected, Problem) and selected.code is ProblemCode.MULTIPLE_RECORDS:
        text = f"{shown}: {selected.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, None, selected.section, selected.hint)
        return
    for fault in _faults(old, new, meant=meant):
        text = f"the draft for {shown} is broken: {fault.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, name, fault.span, fault.section, fault.hint)


def _glued(name: str, old: Answer, record: Record) -> Iterator[Problem]:
    """Yield the terms of a drafted record that are several terms, without a space between them."""
    published = {text for octets in spf_texts(old) for text in octets.decode("latin-1").split(" ")}
    for term in record.terms:
        hint = None if term.text in published else hint_for_glued(term.text)
        if hint is not None:
            shown = visible(term.text, 120)
            text = f"the draft for {visible_name(name)} is broken: there is no space between the terms in {shown}"
            yield Problem(ProblemCode.MISSING_SPACE, text, name, term.span, "3.3", hint)


def _faults(old: Answer, new: Answer, *, meant: bool) -> tuple[Problem, ...]:
    """Return the faults of the SPF record that a draft adds."""
    added = [octets for octets in new.records if octets not in old.records]
    texts = spf_texts(new) or [octets for octets in added if meant or b"v=spf" in octets.lower()]
    return diagnose(texts[0]) if texts else ()


def breaking(after: Policy) -> Iterator[Problem]:
    """Yield why every client gets permerror, if that is so."""
    outcomes = [outcome for version in (4, 6) for _, _, outcome in after.ranges(version)]
    if all(outcome.result is Result.PERMERROR for outcome in outcomes) and outcomes[0].problem is not None:
        why = outcomes[0].problem
        text = f"after the change every client gets permerror: {why.text}"
        yield Problem(ProblemCode.DRAFT_BROKEN, text, why.domain, why.span, why.section, why.hint)


def not_reached(domain: str, name: str, term: Dependency | None) -> Problem:
    """Return the problem of a draft that evaluation never asks for.

    Args:
        term: a term that only a check of one client can follow, and that may lead to the draft; None if there is none.
    """
    text = f"the draft for {visible_name(name)} is not reached from {visible(domain)}"
    if term is None:
        text += ": it changes nothing"
    else:
        text += f" by a name that is known; {term} may lead to it, and what it changes then is not known"
    hint = "check the spelling of the name, or include it from a record that is reached"
    return Problem(ProblemCode.DRAFT_NOT_REACHED, text, name, None, "", hint)


def incomplete(before: Policy, after: Policy) -> Iterator[Problem]:
    """Yield what was not answered, or that a bound on work was met, so that some results are not known."""
    failed = unanswered([before.answers, after.answers])
    if before.incomplete or after.incomplete:
        what = "what that decides is not known" if failed else "the results of some addresses are not known"
        text = f"{named_unknown(failed)}; {what}"
        section = "2.6.6" if failed else ""
        yield Problem(incompleteness(failed), text, before.domain, None, section, hint_for(failed))
