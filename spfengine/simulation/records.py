"""A record against the one that stands now, term by term."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

from spfengine.answers import Answer
from spfengine.record.model import term_key
from spfengine.record.parser import parse_term
from spfengine.record.tokenizer import is_spf_octets


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


def spf_texts(answer: Answer) -> list[bytes]:
    """Return the texts of the SPF records of a TXT answer."""
    return [octets for octets in answer.records if is_spf_octets(octets)]


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
