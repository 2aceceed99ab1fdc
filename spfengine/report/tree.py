"""An include tree as a page: whether the record is within the limits, and which terms spend them."""

from spfengine.answers import Status
from spfengine.linting.limits import answer_size
from spfengine.policy.include_tree import IncludeTree, TreeRecord
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.report.meters import limit_meters, size_meter
from spfengine.report.nodes import tree_block
from spfengine.report.page import Block, Findings, Meter, Meters, Page, Section, Text, prose, style_of, text
from spfengine.report.records import problem_finding, worst_first
from spfengine.report.sentence import sentence_blocks
from spfengine.text.lines import Line, Span, note
from spfengine.text.tree import receiver_lines
from spfengine.visible import visible_name
from spfengine.wording import and_more, counted

KIND = "The include tree"
_MOST_FAULTS = 100


def tree_page(tree: IncludeTree, plan: list[Line] | None = None) -> Page:
    """Return the page of an include tree.

    Args:
        plan: the lines of a plan to get within the limits, if there is one.
    """
    answer = _answer(tree)
    sentences = sentence_blocks(tree.root.record, tree.domain, _why_permerror(tree))
    return Page(
        KIND,
        visible_name(tree.domain),
        answer,
        style_of(answer),
        (),
        (
            Section("problems", "What is wrong", tuple(_problems(tree))),
            Section("plan", "How to get within the limits", tuple(prose(plan or []))),
            Section("limits", "Limits", (Meters(tuple(_meters(tree))), *prose(receiver_lines(tree.budget)))),
            Section("tree", "The include tree", (tree_block(tree), *_notes(tree))),
            Section("record", "The record as a sentence", tuple(sentences)),
        ),
    )


def _answer(tree: IncludeTree) -> Text:
    need, limit = tree.budget, tree.limits.lookups
    least = "at least " if tree.is_open or need.incomplete else ""
    if tree.is_broken:
        return _broken(tree)
    if need.endless:
        return text(Span("the records form a loop", "fault"), ", so that no number of lookups is enough")
    used = f"{least}{need.worst_lookups} of {counted(limit, 'lookup')} used"
    if tree.is_over_limit:
        return text(Span("over a limit", "fault"), f": some clients get permerror; {used}")
    if tree.is_incomplete or least:
        return text(Span("no limit is known to be exceeded, but not everything is known", "softfail"), f"; {used}")
    if any(problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP for problem in tree.problems):
        return text(Span("within the limits, but not for every receiver", "softfail"), f": {used}")
    return text(Span("within the limits", "pass"), f": {used}")


def _broken(tree: IncludeTree) -> Text:
    """Return which record is broken or missing, and what that does."""
    first, *others = [record for record in tree.records if record.result in (Result.NONE, Result.PERMERROR)]
    if first is not tree.root:
        more = f"; {and_more(len(others), 'record')} like it" if others else ""
        return text(Span(first.problems[0].text, "fault"), f"; checks that need it end in permerror{more}")
    if first.result is Result.NONE:
        return text(Span("there is no SPF record", "softfail"), ": every check gives none")
    return text(Span("the record is broken", "fault"), ": every check gives permerror")


def _why_permerror(tree: IncludeTree) -> Problem | None:
    """Return why some clients get permerror; None if none is known to."""
    for record in tree.records:
        if record.result in (Result.NONE, Result.PERMERROR):
            return record.problems[0]
    return next(iter(tree.problems), None) if tree.is_over_limit else None


def _problems(tree: IncludeTree) -> list[Block]:
    sources = {record.domain: source_of(record) for record in tree.records if record.problems}
    unknown = {each for record in tree.records if record.result is Result.TEMPERROR for each in record.problems}
    findings = [
        problem_finding(
            each, sources.get(each.domain or ""), severity="warning" if each in unknown else _severity(each)
        )
        for each in tree.problems[:_MOST_FAULTS]
    ]
    return [Findings(worst_first(findings))] if findings else []


def _severity(problem: Problem) -> str:
    return "warning" if problem.code is ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP else "error"


def source_of(record: TreeRecord) -> str | None:
    """Return the text of a record, even of a broken one; None if there is no single one."""
    asked = record.question
    if record.record is not None:
        return record.record.source
    if asked is None or asked.answer.status is not Status.NOERROR or len(asked.answer.records) != 1:
        return None
    octets: bytes = asked.answer.records[0]
    return octets.decode("latin-1")


def _meters(tree: IncludeTree) -> list[Meter]:
    meters = limit_meters(None, tree.budget, tree.limits, is_open=tree.is_open or tree.hides_lookups)
    asked = tree.root.question
    if asked is not None and not asked.answer.is_failure:
        meters.append(size_meter(None, answer_size(tree.domain, asked.answer)))
    return meters


def _notes(tree: IncludeTree) -> list[Block]:
    lines = []
    if any(term.costs_lookup and term.lookup is None and term.unused is None for term in tree.terms):
        lines.append(note("Not reached: the checks that need the most lookups end before these terms."))
    if tree.is_cut:
        lines.append(note("The tree is too large to be shown whole; terms without an answer were not asked about."))
    return prose(lines)
