"""Ways through a trace."""

from collections.abc import Iterator

from spfengine.answers import spf_texts
from spfengine.evaluation.trace import TermStatus, TracedQuestion, TracedRecord
from spfengine.names import fold


def records(root: TracedRecord) -> Iterator[TracedRecord]:
    """Yield a record and all that it led to, in the order in which they were wanted."""
    pending = [root]
    while pending:
        record = pending.pop()
        yield record
        pending += [term.record for term in reversed(record.terms) if term.record is not None]


def questions(root: TracedRecord) -> Iterator[TracedQuestion]:
    """Yield every question that was asked."""
    for record in records(root):
        if record.question is not None:
            yield record.question
        for term in record.terms:
            yield from term.questions


def way(root: TracedRecord) -> Iterator[TracedRecord]:
    """Yield the records from the domain checked down to where the check ended."""
    record: TracedRecord | None = root
    while record is not None:
        yield record
        ends = (TermStatus.MATCH, TermStatus.ERROR, TermStatus.FOLLOWED)
        record = next((t.record for t in record.terms if t.record is not None and t.outcome in ends), None)


def source(root: TracedRecord, domain: str) -> str | None:
    """Return the text of the record that was found for a domain, also where it is broken; None where there is none."""
    for record in records(root):
        if fold(record.domain) != fold(domain):
            continue
        if record.record is not None:
            return record.record.source
        if record.question is not None:
            found = spf_texts(record.question.answer)
            if len(found) == 1:
                text: str = found[0].decode("latin-1")
                return text
    return None
