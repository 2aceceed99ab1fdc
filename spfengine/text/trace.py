"""The trace of a check as a tree: records, their terms, what each asked DNS, the answers, and the records they name."""

from collections.abc import Iterator

from spfengine.answers import Answer, Status, spf_texts
from spfengine.evaluation.trace import TermStatus, Trace, TracedQuestion, TracedRecord, TracedTerm, traced_records
from spfengine.evaluation.unanswered import NOT_GIVEN
from spfengine.names import fold
from spfengine.record.model import Record
from spfengine.text.lines import FAULT, Line, Node, Span, draw, plain
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

MARKS = {
    TermStatus.MATCH: Span("✓", "strong"),
    TermStatus.NO_MATCH: Span("✗", "quiet"),
    TermStatus.ERROR: Span("!", "fault"),
    TermStatus.FOLLOWED: Span("→", "strong"),
    TermStatus.NOT_EVALUATED: Span("·", "quiet"),
}
"""The mark of a term, by what became of it."""
_WORDS = {
    TermStatus.MATCH: "match",
    TermStatus.NO_MATCH: "no match",
    TermStatus.ERROR: "the check ended here",
    TermStatus.FOLLOWED: "followed",
    TermStatus.NOT_EVALUATED: "not evaluated",
}
_SHOWN = 1 << 16  # an SPF record is never longer, so none is cut
_MOST_RECORDS = 20


def trace_lines(trace: Trace, width: int | None) -> Iterator[Line]:
    """Yield the lines of a trace."""
    yield from draw(_record(trace.root), width)


def render_trace(trace: Trace, width: int | None) -> str:
    """Return the text of a trace; see its method `render`."""
    return plain(trace_lines(trace, width), width)


def _record(record: TracedRecord) -> Node:
    source = "" if record.record is None else f": {visible(record.record.source, _SHOWN)}"
    node = Node(Span(visible_name(record.domain) or "(no domain)", "strong"), Span(source))
    if record.question is not None:
        node.below.append(_question(record.question, record.record))
    node.below += [_term(term) for term in record.terms]
    if record.result is not None:
        node.below.append(Node(Span("gives "), Span(str(record.result), str(record.result))))
    elif record.problem is not None and not any(term.outcome is TermStatus.ERROR for term in record.terms):
        node.below.append(Node(FAULT, Span(record.problem.text)))
    return node


def _term(traced: TracedTerm) -> Node:
    text = Span(visible(traced.term.text, _SHOWN), "term")
    why = _WORDS[traced.outcome] if traced.outcome is TermStatus.ERROR else f"{_WORDS[traced.outcome]}: {traced.why}"
    node = Node(MARKS[traced.outcome], Span(" "), text, Span(f"  {why}"))
    for expansion in traced.expansions:
        name = "nothing" if expansion.name is None else visible_name(expansion.name) or "an empty name"
        node.below.append(Node(Span(f"{visible(expansion.domain_spec, _SHOWN)} → {name}")))
    node.below += [_question(asked) for asked in traced.questions]
    if traced.record is not None:
        node.below.append(_record(traced.record))
    return node


def _question(asked: TracedQuestion, record: Record | None = None) -> Node:
    """Return a question with its answer; `record` is the SPF record of the line above, if the answer holds it."""
    question, answer = asked.question, asked.answer
    notes = []
    if answer.chain:
        notes.append(f"CNAME to {' → '.join([visible_name(name) for name in answer.chain])}")
    if answer.ttl is not None:
        notes.append(f"TTL {answer.ttl}")
    if answer.is_void:
        notes.append("void")
    if asked.repeated:
        notes.append("asked before")
    about = Span(f"  ({', '.join(notes)})" if notes else "", "quiet")
    asks = Span(f"{question.type} {visible_name(question.name)} → ", "quiet")
    return Node(asks, Span(answer_text(answer, record)), about)


def answer_text(answer: Answer, record: Record | None = None) -> str:
    """Return what DNS answered, in words; `record` is the SPF record in it, if that is shown already."""
    texts = answer.texts()
    if record is not None:
        others = len(texts) - 1
        return "the record above" + (f", and {counted(others, 'other TXT record')}" if others else "")
    if texts:
        return listed(texts, _MOST_RECORDS)
    if answer.is_unknown:
        return NOT_GIVEN
    return "no record" if answer.status is Status.NOERROR else str(answer.status)


def decisive_records(root: TracedRecord) -> Iterator[TracedRecord]:
    """Yield the records from the domain checked down to the one in which the check ended."""
    record: TracedRecord | None = root
    ends = (TermStatus.MATCH, TermStatus.ERROR, TermStatus.FOLLOWED)
    while record is not None:
        yield record
        record = next((term.record for term in record.terms if term.record is not None and term.outcome in ends), None)


def record_text(root: TracedRecord, domain: str) -> str | None:
    """Return the text of a domain's record in a trace, even if it is broken; None if there is no single one."""
    for record in traced_records(root):
        if fold(record.domain) != fold(domain):
            continue
        if record.record is not None:
            return record.record.source
        if record.question is not None:
            texts = spf_texts(record.question.answer)
            if len(texts) == 1:
                text: str = texts[0].decode("latin-1")
                return text
    return None
