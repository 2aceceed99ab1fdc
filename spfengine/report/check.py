"""A check as a page: the result in a sentence, what decided it, and every term that was looked at."""

from collections.abc import Iterable, Mapping, Sequence

from spfengine.advice.explained_check import ExplainedCheck
from spfengine.answers import RRType
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import HELO
from spfengine.evaluation.trace import TermStatus, Trace, TracedQuestion, TracedRecord, TracedTerm
from spfengine.linting.client import Note
from spfengine.problems import Result
from spfengine.report.meters import count_meter
from spfengine.report.page import (
    Block,
    Finding,
    Findings,
    Group,
    Meters,
    Node,
    Page,
    Section,
    Text,
    Tree,
    prose,
    style_of,
    text,
)
from spfengine.report.records import problem_finding
from spfengine.report.sentence import sentence_blocks
from spfengine.text.check import beyond_lines, draft_lines, explanation_lines, problems_of, verdict_lines
from spfengine.text.lines import Line, Span
from spfengine.text.outcomes import SHOWN_TERM
from spfengine.text.trace import MARKS, answer_text, decisive_records
from spfengine.visible import visible, visible_name

KIND = "What happens to a message"
TRACE_KIND = "The trace of a check"
_MEANINGS = {
    TermStatus.MATCH: "matches",
    TermStatus.NO_MATCH: "",
    TermStatus.ERROR: "ended here",
    TermStatus.FOLLOWED: "followed",
    TermStatus.NOT_EVALUATED: "",
}
_MOST_TEXTS = 5  # TXT records that are shown of an answer
_STYLES = {Result.PASS: "pass", Result.FAIL: "fail", Result.PERMERROR: "fail"}


def check_page(
    results: Sequence[CheckResult],
    limits: Limits = DEFAULT_LIMITS,
    notes: Sequence[Iterable[Note]] = (),
    more: Sequence[Line] = (),
    plan: Sequence[Line] = (),
) -> Page:
    """Return the page of one result, or of those of both identities.

    Args:
        limits: the limits of the check.
        notes: for each result, what explains it further.
        more: what else is to be said about the result.
        plan: the lines of a plan to get within the limits.
    """
    last = results[-1]
    headline, *lead = verdict_lines(last)
    word, _, sentence = headline.spans
    sections = []
    for result, said in zip(results, [*notes, *[()] * len(results)], strict=False):
        name = "HELO" if result.identity == HELO else "MAIL FROM"
        of = f" ({name})" if len(results) > 1 else ""
        sections += _sections(result, limits, tuple(said), of, is_last=result is last)
    planned = Section("plan", "How to get within the limits", tuple(prose(plan)))
    wrong = next(at for at, section in enumerate(sections) if section.id == f"wrong-{last.identity}")
    sections.insert(wrong + 1, planned)
    return Page(
        KIND,
        visible_name(last.domain) or "the null sender",
        text(Span(str(last.result), word.style), ": ", sentence),
        _STYLES.get(last.result, "softfail"),
        tuple(prose([*lead, *more])),
        tuple(sections),
    )


def explained_page(
    found: ExplainedCheck, limits: Limits, drafts: Mapping[str, bool], plan: Sequence[Line] = ()
) -> Page:
    """Return the page of results with what explains them.

    Args:
        limits: the limits of the check.
        drafts: the names that have a draft, each with whether the check asked for it.
        plan: the lines of the plan to get within the limits.
    """
    more = [*draft_lines(drafts), *beyond_lines(found.beyond.values())]
    return check_page(found.results, limits, found.notes, more, plan)


def _sections(result: CheckResult, limits: Limits, notes: tuple[Note, ...], of: str, *, is_last: bool) -> list[Section]:
    id = result.identity
    said = [] if is_last else prose(verdict_lines(result))
    findings = [*_problems(result), *[Finding("warning", each.text, each.code, hint=each.hint) for each in notes]]
    wrong: list[Block] = [Findings(tuple(findings))] if findings else []
    meters = Meters((
        count_meter("DNS lookups", [result.lookups], limits.lookups),
        count_meter("Void lookups", [result.void_lookups], limits.voids),
    ))  # fmt: skip
    return [
        Section(f"result-{id}", f"The result{of}", (*said, *prose(explanation_lines(result)))),
        Section(f"wrong-{id}", f"What is wrong{of}", tuple(wrong)),
        Section(f"trace-{id}", f"How it was decided{of}", (trace_block(result.trace),)),
        Section(f"records-{id}", f"The records as sentences{of}", tuple(_sentences(result))),
        Section(f"limits-{id}", f"Limits{of}", (meters,)),
    ]


def _problems(result: CheckResult) -> list[Finding]:
    if result.problem is None:
        return []
    source, problems = problems_of(result, result.problem)
    severity = "warning" if result.result in (Result.NONE, Result.TEMPERROR) else "error"
    return [problem_finding(problem, source, severity=severity) for problem in problems]


def _sentences(result: CheckResult) -> list[Block]:
    blocks: dict[str, Block] = {}
    problem = result.problem if result.result is Result.PERMERROR else None
    for record in decisive_records(result.trace.root):
        inner = sentence_blocks(record.record, record.domain, problem)
        if inner:
            name = visible_name(record.domain)
            blocks.setdefault(name, Group(text(Span(name, "term")), tuple(inner)))
    return list(blocks.values())


def trace_page(trace: Trace) -> Page:
    """Return the page of a trace alone."""
    root = trace.root
    answer = text(Span(str(trace.result), str(trace.result)), ": ", *_decision(trace))
    section = Section("trace", "How it was decided", (trace_block(trace),))
    return Page(TRACE_KIND, visible_name(root.domain) or "the null sender", answer, style_of(answer), (), (section,))


def _decision(trace: Trace) -> Text:
    """Return what decided a check."""
    if trace.problem is not None:
        return text(trace.problem.text)
    deciding = trace.root
    while followed := [each for each in deciding.evaluated() if each.outcome is TermStatus.FOLLOWED and each.record]:
        deciding = followed[0].record or deciding
    name = visible_name(deciding.domain)
    for each in deciding.evaluated():
        if each.outcome is TermStatus.MATCH:
            return text("decided by ", Span(visible(each.term.text, SHOWN_TERM), "term"), f" in the record of {name}")
    return text(f"no term of the record of {name} matches")


def trace_block(trace: Trace) -> Tree:
    """Return a trace as a tree: records, their terms, what each asked, and what DNS answered."""
    ended = {Result.TEMPERROR: "unknown", Result.NONE: "none"}.get(trace.result, "fault")
    return Tree(_record(trace.root, ended))


def _record(record: TracedRecord, ended: str) -> Node:
    """Return the node of a record; `ended` is the style of what ended the check."""
    about = [] if record.result is None else [Span(f"gives {record.result}", str(record.result))]
    if record.problem is not None and record.result is None and not _is_said_below(record):
        about = [Span(record.problem.text, ended)]
    return Node(
        "", "", visible_name(record.domain) or "(no domain)", about=tuple(about), below=tuple(_below(record, ended))
    )


def _is_said_below(record: TracedRecord) -> bool:
    """Whether the problem in which a check ended is said of a term of the record."""
    return any(term.outcome is TermStatus.ERROR for term in record.evaluated())


def _below(record: TracedRecord, ended: str) -> list[Node]:
    nodes = [] if record.question is None else [_question(record.question)]
    return [*nodes, *[_term(term, ended) for term in record.terms]]


def _term(traced: TracedTerm, ended: str) -> Node:
    mark = MARKS[traced.outcome].text
    meaning = _MEANINGS[traced.outcome]
    about = [Span(traced.why, ended if traced.outcome is TermStatus.ERROR else "")] if traced.why else []
    about += [
        Span(f"{visible(each.domain_spec, SHOWN_TERM)} → {visible_name(each.name or '') or 'no name'}")
        for each in traced.expansions
    ]
    questions = [_question(asked) for asked in traced.questions]
    led = [] if traced.record is None else [_record(traced.record, ended)]
    return Node(
        mark if meaning else "",
        meaning,
        visible(traced.term.text, SHOWN_TERM),
        about=tuple(about),
        below=(*questions, *led),
        is_open=bool(meaning),
    )


def _question(asked: TracedQuestion) -> Node:
    question = asked.question
    texts = asked.answer.texts()[:_MOST_TEXTS] if question.type is RRType.TXT else []
    notes = [Span(each, "term") for each in texts] or [Span(answer_text(asked.answer), "quiet")]
    notes += [Span("void", "softfail")] if asked.answer.is_void else []
    notes += [Span("asked before", "quiet")] if asked.repeated else []
    return Node("", "", f"{question.type} {visible_name(question.name)}", about=tuple(notes))
