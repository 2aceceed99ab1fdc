"""The whole trace as a tree: records, their terms, what each asked, what came back, and what it led to."""

from collections.abc import Iterator

from spfengine.answers import Status
from spfengine.cli.branches import Node, draw
from spfengine.cli.check_view import MARKS
from spfengine.cli.screen import Line, Span
from spfengine.evaluation.trace import TermStatus, Trace, TracedQuestion, TracedRecord, TracedTerm
from spfengine.record.model import Record
from spfengine.visible import visible, visible_name

_SHOWN = 1 << 16  # an SPF record is never longer, so nothing of it is cut
_MOST_RECORDS = 20
_WORDS = {
    TermStatus.MATCH: "match",
    TermStatus.NO_MATCH: "no match",
    TermStatus.ERROR: "the check ended here",
    TermStatus.FOLLOWED: "followed",
    TermStatus.NOT_EVALUATED: "not evaluated",
}


def tree(trace: Trace, width: int | None) -> Iterator[Line]:
    """Yield the lines of a trace."""
    yield from draw(_record(trace.root), width)


def _record(record: TracedRecord) -> Node:
    result = "" if record.result is None else str(record.result)
    source = "" if record.record is None else f": {visible(record.record.source, _SHOWN)}"
    node = Node(Span(visible_name(record.domain) or "(no domain)", "strong"), Span(source))
    if record.question is not None:
        node.below.append(_question(record.question, record.record))
    node.below += [_term(term) for term in record.terms]
    if result:
        node.below.append(Node(Span("gives "), Span(result, result)))
    elif record.problem is not None and not any(term.outcome is TermStatus.ERROR for term in record.terms):
        node.below.append(Node(Span("! ", "fault"), Span(record.problem.text)))
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
    """Return a question with its answer; `record` is the SPF record that stands above, if it is in the answer."""
    question, answer = asked.question, asked.answer
    texts = answer.texts()
    if record is not None:
        others = len(texts) - 1
        told = "the record above" + (f", and {others} other TXT record{'s' * (others > 1)}" if others else "")
    elif texts:
        told = ", ".join(texts[:_MOST_RECORDS])
        told += f", and {len(texts) - _MOST_RECORDS} more" if len(texts) > _MOST_RECORDS else ""
    else:
        told = "no record" if answer.status is Status.NOERROR else str(answer.status)
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
    return Node(Span(f"{question.type} {visible_name(question.name)} → ", "quiet"), Span(told), about)
