"""What a person sees of a check: the verdict first, then what decided it, and why nothing else did."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from spfengine.cli import walk
from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.session import HELO
from spfengine.evaluation.trace import TermStatus, TracedRecord, TracedTerm
from spfengine.names import fold
from spfengine.problems import Problem, ProblemCode, Result, excerpt
from spfengine.record.model import Directive, Network, Term
from spfengine.record.parser import diagnose
from spfengine.visible import visible, visible_name

_SENTENCES = {
    Result.PASS: "{ip} is allowed to {act}",
    Result.FAIL: "{ip} is not allowed to {act}",
    Result.SOFTFAIL: "{ip} is probably not allowed to {act}",
    Result.NEUTRAL: "{domain} does not say whether {ip} is allowed to {act}",
    Result.NONE: "no SPF record says whether {ip} is allowed to {act}",
    Result.PERMERROR: "SPF is set up wrongly, so it does not say whether {ip} is allowed to {act}",
    Result.TEMPERROR: "DNS could not answer, so nobody can tell now whether {ip} is allowed to {act}",
}
_RESULTS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}
MARKS = {
    TermStatus.MATCH: Span("✓", "strong"),
    TermStatus.NO_MATCH: Span("✗", "quiet"),
    TermStatus.ERROR: Span("!", "fault"),
    TermStatus.FOLLOWED: Span("→", "strong"),
    TermStatus.NOT_EVALUATED: Span("·", "quiet"),
}
_RUN = 4  # neighbouring networks that do not match, from which on they are told in one line
_MOST_FAULTS = 20
_SHOWN_RECORD = 2000
_SHOWN_TERM = 300


def page(
    results: list[CheckResult], limits: Limits, width: int | None, drafts: dict[str, bool], *, with_trace: bool
) -> Iterator[Line]:
    """Yield the lines for one result, or for two of both identities.

    Args:
        width: columns, or None where lines are not folded.
        drafts: the names that have a draft, each with whether it was asked for.
    """
    if len(results) == 2 and results[0] == results[1].as_identity(HELO):
        yield line(Span("The null sender: one check serves HELO and MAIL FROM.", "quiet"))
        results = results[1:]
    for place, result in enumerate(results):
        if place:
            yield line()
        yield from _result(result, limits, width, with_trace=with_trace)
    for name, asked in drafts.items():
        told = "" if asked else ": nothing asked for it, so it changes nothing"
        yield line(Span(f"with your draft for {visible_name(name)}{told}", "quiet" if asked else ""), indent=2, hang=2)


def _result(result: CheckResult, limits: Limits, width: int | None, *, with_trace: bool) -> Iterator[Line]:
    yield _verdict(result)
    if result.problem is None:
        yield _decided(result)
    yield from _path(result)
    yield _checked(result)
    if result.problem is not None:
        yield line()
        yield from _problem(result, result.problem, width)
    yield from _explanation(result)
    if with_trace:
        from spfengine.cli.trace_view import tree

        yield line()
        yield from tree(result.trace, width)
    else:
        told: set[str] = set()
        for record in walk.way(result.trace.root):
            if fold(record.domain) not in told:  # records that lead in a circle are told once
                told.add(fold(record.domain))
                yield from _record(record, width)
    yield line()
    yield _counts(result, limits)


def _verdict(result: CheckResult) -> Line:
    domain = visible_name(result.domain) or "nobody"
    act = f"call itself {domain}" if result.identity == HELO else f"send mail for {domain}"
    if result.result is Result.NEUTRAL:
        act = "use that name" if result.identity == HELO else "send mail for it"
    sentence = _SENTENCES[result.result].format(ip=result.ip, act=act, domain=domain)
    word = str(result.result).upper()
    return line(Span(word, str(result.result)), "  ", sentence, hang=2)


def _checked(result: CheckResult) -> Line:
    helo = f", HELO {visible(result.helo)}" if result.helo else ""
    what = f"HELO {visible(result.helo)}" if result.identity == HELO else f"MAIL FROM {visible(result.sender)}{helo}"
    return line(Span(f"checked: {what}", "quiet"), indent=2, hang=2)


def _decided(result: CheckResult) -> Line:
    domain = visible_name(result.record_domain or "")
    if result.directive is None:
        told = f"no term of the record of {domain} matched, and it ends without all: that is neutral"
        return line(told, indent=2, hang=2)
    decisive = Span(visible(result.directive, _SHOWN_TERM), "term")
    return line("decided by ", decisive, f" in the record of {domain}", indent=2, hang=2)


def _path(result: CheckResult) -> Iterator[Line]:
    """Yield how it got from the domain checked to the end, where it went over more than one record."""
    if len(result.path) > 1:
        way = [f"{visible_name(name)} {visible(term, _SHOWN_TERM)}" for name, term in dict.fromkeys(result.path)]
        way += ["…"] * (len(way) < len(result.path))  # a circle
        yield line(Span(f"path: {' → '.join(way)}", "quiet"), indent=2, hang=2)


def _problem(result: CheckResult, problem: Problem, width: int | None) -> Iterator[Line]:
    """Yield what is wrong; for a broken record every fault, each with the place where it stands."""
    source = None if problem.domain is None else walk.source(result.trace.root, problem.domain)
    problems: Iterable[Problem] = (problem,)
    if source is not None:
        faults = diagnose(source)
        if any(fault.code is problem.code and fault.span == problem.span for fault in faults):
            problems = faults
    whose = "" if problem.domain is None or source is None else f"in the record of {visible_name(problem.domain)}: "
    for count, each in enumerate(problems):
        if count == _MOST_FAULTS:
            yield line("… and more of the kind", indent=2)
            return
        yield from _one_problem(each, source, whose, width)
        whose = ""


def _one_problem(problem: Problem, source: str | None, whose: str, width: int | None) -> Iterator[Line]:
    section = problem.section if problem.section.startswith("RFC") else f"RFC 7208 §{problem.section}"
    about = Span(f" ({section}) [{problem.code}]", "quiet")
    yield line(Span("! ", "fault"), whose, problem.text, about, indent=2, hang=2)
    if source is not None and problem.span is not None:
        text, carets = excerpt(source, problem.span, 78 if width is None else width - 2)
        yield line(text, indent=2, folds=False)
        yield line(Span(carets, "fault"), indent=2, folds=False)
    if problem.hint:
        yield line(Span("hint: ", "strong"), problem.hint, indent=4, hang=2)


def _explanation(result: CheckResult) -> Iterator[Line]:
    if result.explanation is not None:
        yield line(f"{visible_name(result.record_domain or '')} explains, in its own words:", indent=2, hang=2)
        yield line(f'"{result.explanation}"', indent=4, hang=1)
    elif result.explanation_problem is not None and result.explanation_problem.code is not ProblemCode.EXP_ABSENT:
        yield line(Span(result.explanation_problem.text, "quiet"), indent=2, hang=2)


def _record(record: TracedRecord, width: int | None) -> Iterator[Line]:
    if record.record is None:
        return
    yield line()
    yield line(Span(visible_name(record.domain), "strong"), ": ", visible(record.record.source, _SHOWN_RECORD), hang=2)
    rows = [row for group in _groups(record.terms) for row in _rows(group)]
    yield from table(rows, width)


def _groups(terms: list[TracedTerm]) -> Iterator[list[TracedTerm]]:
    """Yield the terms, those together of which the same can be said."""
    for _, group in groupby(terms, lambda t: (t.outcome, _alike(t))):
        yield list(group)


def _alike(traced: TracedTerm) -> object:
    if traced.outcome is TermStatus.NOT_EVALUATED:
        return traced.why
    if traced.outcome is TermStatus.NO_MATCH and isinstance(traced.term, Network):
        return Network
    return traced


def _rows(group: list[TracedTerm]) -> list[Row]:
    first = group[0]
    if len(group) >= (2 if first.outcome is TermStatus.NOT_EVALUATED else _RUN):
        why = first.why
        if first.outcome is TermStatus.NO_MATCH:
            why = f"{first.why.partition(' ')[0]} is in none of these networks"
        span = f"{_shown(first.term)} … {_shown(group[-1].term)}"
        return [Row(MARKS[first.outcome], Span(span, "term"), (Span(f"({len(group)} terms) {why}"),))]
    return [Row(MARKS[t.outcome], Span(_shown(t.term), "term"), _why(t)) for t in group]


def _why(traced: TracedTerm) -> tuple[Span, ...]:
    if traced.outcome is TermStatus.ERROR:
        return (Span("the check ended here", "fault"),)
    if traced.outcome is not TermStatus.MATCH or not isinstance(traced.term, Directive):
        return (Span(traced.why),)
    result = str(_RESULTS[traced.term.qualifier])
    return Span(f"{traced.why} → "), Span(result, result)


def _shown(term: Term) -> str:
    return visible(term.text, _SHOWN_TERM)


def _counts(result: CheckResult, limits: Limits) -> Line:
    rule = "" if limits.void_rule is VoidRule.PER_TERM else f" ({limits.void_rule})"
    unneeded = f" ({result.questions_unneeded} more asked ahead for nothing)" if result.questions_unneeded else ""
    over = result.lookups > limits.lookups, result.void_lookups > limits.voids
    return line(
        Span(f"lookups {result.lookups}/{limits.lookups}", "fault" if over[0] else "quiet"),
        Span(", ", "quiet"),
        Span(f"void lookups {result.void_lookups}/{limits.voids}{rule}", "fault" if over[1] else "quiet"),
        Span(f", DNS questions {result.questions}{unneeded}", "quiet"),
        indent=2,
        hang=2,
    )
