"""A record against the one that stands now, term by term."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from spfengine.answers import Answer
from spfengine.record.tokenizer import is_spf_octets


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
        before, after: the text of its SPF record; None where it has none that can be read.
        terms: what stays, goes and comes, in the order of the new record.
        ttl: seconds until the last resolver has forgotten the old record, or None where that is not known.
        reached: whether evaluation of the domain simulated ever asks for the record.
    """

    domain: str
    before: str | None
    after: str | None
    terms: tuple[TermChange, ...]
    ttl: int | None
    reached: bool


def record_change(name: str, old: Answer, new: Answer, reached: bool) -> RecordChange:
    """Return how the SPF record of a name changes between two TXT answers."""
    before, after = _text(old), _text(new)
    terms = tuple(compare_terms(before or "", after or ""))
    return RecordChange(name, before, after, terms, old.ttl, reached)


def _text(answer: Answer) -> str | None:
    """Return the text of the one SPF record of an answer, or None."""
    texts: list[bytes] = [octets for octets in answer.records if is_spf_octets(octets)]
    return texts[0].decode("latin-1") if len(texts) == 1 else None


def compare_terms(before: str, after: str) -> Iterator[TermChange]:
    """Yield what stays, goes and comes between the texts of two records, in the order of the new one.

    Letter case, and a "+" that says what goes without saying, make no difference.
    """
    old, new = before.split(" ")[1:], after.split(" ")[1:]
    old, new = [term for term in old if term], [term for term in new if term]
    staying = Counter(map(_plain, old)) & Counter(map(_plain, new))
    going = Counter(staying)
    place = 0
    for term in new:
        if not staying[_plain(term)]:
            yield TermChange("+", term)
            continue
        staying[_plain(term)] -= 1
        while place < len(old):
            each = old[place]
            place += 1
            if not going[_plain(each)]:
                yield TermChange("-", each)
                continue
            going[_plain(each)] -= 1
            if _plain(each) == _plain(term):
                break
        yield TermChange("=", term)
    for each in old[place:]:
        if going[_plain(each)]:
            going[_plain(each)] -= 1
        else:
            yield TermChange("-", each)


def _plain(term: str) -> str:
    return term.lower().removeprefix("+")
