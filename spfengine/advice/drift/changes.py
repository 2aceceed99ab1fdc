"""Which answers of DNS changed between two policies of one domain, and whose they are."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import is_same_or_under
from spfengine.simulation.records import TermChange, compare_terms, spf_texts
from spfengine.visible import visible, visible_name


class Kind(StrEnum):
    """How an answer changed."""

    CHANGED = "changed"
    """DNS says something else."""
    REACHED = "reached"
    """A record that the domain's leads to now, and did not before."""
    LEFT = "left"
    """A record that the domain's no longer leads to."""


class AnswerChange(NamedTuple):
    """A name whose records changed, as far as SPF looks at them.

    Attributes:
        name: the name.
        type: the type of its records.
        kind: how they changed.
        own: whether the name is the domain's own, at or under it; else it is somebody else's to edit.
        before, after: the records as people write them, of TXT only those of SPF; where there are none, one text that
            says so; empty where DNS was not asked.
        has_records: whether there are any now.
        terms: for TXT, what stays, goes and comes, in the order of the new record.
    """

    name: str
    type: RRType
    kind: Kind
    own: bool
    before: tuple[str, ...]
    after: tuple[str, ...]
    has_records: bool
    terms: tuple[TermChange, ...]

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "type": str(self.type),
            "kind": str(self.kind),
            "own": self.own,
            "before": list(self.before),
            "after": list(self.after),
            "terms": [{"sign": term.sign, "term": visible(term.term, 1 << 16)} for term in self.terms],
        }


def answer_changes(
    domain: str, before: Mapping[Question, Answer], after: Mapping[Question, Answer]
) -> Iterator[AnswerChange]:
    """Yield what changed in the answers that a domain's policy was made from, in the order in which they are asked for.

    What DNS could not answer did not change. Nor did what is only in another order, or has another TTL.
    """
    for question, new in after.items():
        old = before.get(question)
        if old is None:
            if question.type is RRType.TXT and not new.is_failure:
                yield _change(domain, question, Kind.REACHED, None, new)
        elif not (old.is_failure or new.is_failure) and _content(old, question) != _content(new, question):
            yield _change(domain, question, Kind.CHANGED, old, new)
    if any(answer.is_failure for answer in after.values()):
        return  # what could not be asked may have led there
    for question, old in before.items():
        if question not in after and question.type is RRType.TXT and not old.is_failure:
            yield _change(domain, question, Kind.LEFT, old, None)


def _change(domain: str, question: Question, kind: Kind, old: Answer | None, new: Answer | None) -> AnswerChange:
    terms: tuple[TermChange, ...] = ()
    if question.type is RRType.TXT:
        terms = tuple(compare_terms(_one_record(old), _one_record(new)))
    own = is_same_or_under(question.name, domain)
    shown = _shown(old, question), _shown(new, question)
    has_records = new is not None and bool(_content(new, question))
    return AnswerChange(question.name, question.type, kind, own, *shown, has_records, terms)


def _content(answer: Answer, question: Question) -> list[Any]:
    """Return what SPF sees of an answer, whatever the order of its records."""
    if question.type is RRType.TXT:
        return sorted(spf_texts(answer))
    return sorted(answer.records)


def _shown(answer: Answer | None, question: Question) -> tuple[str, ...]:
    if answer is None:
        return ()
    if question.type is RRType.TXT:
        texts = [visible(octets, 1 << 16) for octets in spf_texts(answer)]
    else:
        texts = sorted(answer.texts())
    return tuple(texts) or (("the name does not exist",) if answer.status is Status.NXDOMAIN else ("there is none",))


def _one_record(answer: Answer | None) -> str:
    """Return the text of the one SPF record of an answer, "" where there is none, or not just one."""
    texts = [] if answer is None else spf_texts(answer)
    return texts[0].decode("latin-1") if len(texts) == 1 else ""
