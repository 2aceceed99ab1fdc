"""A check: the result first, then what decided it, and why nothing else did."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from spfengine.evaluation.check_host import QUALIFIERS
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.evaluation.session import HELO
from spfengine.evaluation.trace import TermStatus, TracedRecord, TracedTerm
from spfengine.linting.client import Note
from spfengine.names import fold
from spfengine.problems import Problem, ProblemCode, Result
from spfengine.record.model import Directive, Network, Term
from spfengine.record.parser import diagnose
from spfengine.text.lines import WARNING, Line, Row, Span, line, note, table, verbatim
from spfengine.text.outcomes import of_limit
from spfengine.text.problems import problem_lines
from spfengine.text.trace import MARKS, decisive_records, record_text, trace_lines
from spfengine.visible import visible, visible_name

_SENTENCES = {
    Result.PASS: "{ip} is allowed to {act}",
    Result.FAIL: "{ip} is not allowed to {act}",
    Result.SOFTFAIL: "{ip} is probably not allowed to {act}",
    Result.NEUTRAL: "{domain} does not say whether {ip} is allowed to {act}",
    Result.NONE: "no SPF record says whether {ip} is allowed to {act}",
    Result.PERMERROR: "SPF is set up wrongly, so it does not say whether {ip} is allowed to {act}",
    Result.TEMPERROR: "DNS could not answer, so it is not known now whether {ip} is allowed to {act}",
}
_UNKNOWN = {
    ProblemCode.OUTSIDE_ZONE: "it is not known whether {ip} is allowed to {act}",
    ProblemCode.HELO_UNKNOWN: "the HELO name is not known, so it is not known whether {ip} is allowed to {act}",
}
_RUN = 4  # this many neighbouring networks that do not match are put in one line
_MOST_FAULTS = 20
_SHOWN_RECORD = 2000
_SHOWN_TERM = 300


def check_lines(
    results: Sequence[CheckResult], limits: Limits, width: int | None, drafts: Mapping[str, bool], *, with_trace: bool
) -> Iterator[Line]:
    """Yield the lines for one result, or for those of both identities.

    Args:
        width: columns, or None if lines are not wrapped.
        drafts: the names that have a draft, each with whether the check asked for it.
    """
    if len(results) == 2 and results[0] == results[1].as_identity(HELO):
        yield line(Span("The null sender: one check serves HELO and MAIL FROM.", "quiet"))
        results = results[1:]
    for index, result in enumerate(results):
        if index:
            yield line()
        yield from _result(result, limits, width, with_trace=with_trace)
    yield from draft_lines(drafts)


def draft_lines(drafts: Mapping[str, bool]) -> Iterator[Line]:
    """Yield which drafts the check was with, and whether it asked for them."""
    for name, asked in drafts.items():
        unused = "" if asked else ": nothing asked for it, so it changes nothing"
        yield note(Span(f"with your draft for {visible_name(name)}{unused}", "quiet" if asked else ""))


def note_lines(notes: Iterable[Note]) -> Iterator[Line]:
    """Yield what explains a result further, each with what to do."""
    for each in notes:
        yield line()
        yield note(WARNING, each.text)
        yield note(Span("hint: ", "strong"), each.hint, indent=4)


def beyond_lines(results: Iterable[CheckResult]) -> Iterator[Line]:
    """Yield what checks that ended at a limit would give without it; `results` are those without it."""
    for result in results:
        path = " → ".join([visible(term, 100) for _, term in result.path])
        by = f"by {path}" if result.directive is not None else "since no term matches"
        no_include = "" if len(result.path) > 1 else f", and no include names {result.ip}"
        yield note(f"without the limit, the result would be {result.result} {by}{no_include}")


def next_lines(result: CheckResult, asked: Sequence[str]) -> Iterator[Line]:
    """Yield what to run next for a client that does not pass although the record is in order.

    Args:
        asked: the arguments of a command that asks the same zones and DNS servers.
    """
    if result.problem is None and result.result is not Result.PASS:
        command = ["spfengine", "suggest", visible_name(result.domain), "--want", result.ip, *asked]
        yield line()
        yield note(f"if {result.ip} sends your mail, see what to publish:")
        yield verbatim(shlex.join(command), indent=4)


def _result(result: CheckResult, limits: Limits, width: int | None, *, with_trace: bool) -> Iterator[Line]:
    yield from verdict_lines(result)
    if result.problem is not None:
        yield line()
        yield from _problem_lines(result, result.problem, width)
    yield from explanation_lines(result)
    if with_trace:
        yield line()
        yield from trace_lines(result.trace, width)
    else:
        yield from _records(result, width)
    yield line()
    yield _counts(result, limits)


def verdict_lines(result: CheckResult) -> Iterator[Line]:
    """Yield the result in a sentence, what decided it, and what was checked."""
    yield _verdict(result)
    if result.problem is None:
        yield _decided(result)
    yield from _path(result)
    yield _checked(result)


def _verdict(result: CheckResult) -> Line:
    domain = _domain_words(result)
    act = f"call itself {domain}" if result.identity == HELO else f"send mail for {domain}"
    if result.result is Result.NEUTRAL:
        act = "use that name" if result.identity == HELO else "send mail for it"
    why = None if result.problem is None else _UNKNOWN.get(result.problem.code)
    sentence = (why or _SENTENCES[result.result]).format(ip=result.ip, act=act, domain=domain)
    return note(Span(str(result.result).upper(), str(result.result)), "  ", sentence, indent=0)


def _domain_words(result: CheckResult) -> str:
    if result.problem is not None and result.problem.code is ProblemCode.INVALID_U_LABEL:
        return visible(result.domain)  # it has no form in DNS
    return visible_name(result.domain) or ("the null sender" if _is_null(result) else "a sender without a domain")


def _is_null(result: CheckResult) -> bool:
    return result.sender.strip("<>@") == ""


def _checked(result: CheckResult) -> Line:
    if result.identity == HELO:
        what = f"HELO {visible(result.helo)}"
    else:
        what = "MAIL FROM <>" if _is_null(result) and not result.domain else f"MAIL FROM {visible(result.sender)}"
    return note(Span(f"checked: {what}", "quiet"))


def _decided(result: CheckResult) -> Line:
    domain = visible_name(result.record_domain or "")
    if result.directive is None:
        return note(f"no term of the record of {domain} matched, and it ends without all: that is neutral")
    return note("decided by ", Span(visible(result.directive, _SHOWN_TERM), "term"), f" in the record of {domain}")


def _path(result: CheckResult) -> Iterator[Line]:
    """Yield how the check got from the domain to the record that decided, if that is another one."""
    if len(result.path) > 1:
        steps = [f"{visible_name(name)} {visible(term, _SHOWN_TERM)}" for name, term in dict.fromkeys(result.path)]
        steps += ["…"] * (len(steps) < len(result.path))  # a loop
        yield note(Span(f"path: {' → '.join(steps)}", "quiet"))


def problems_of(result: CheckResult, problem: Problem) -> tuple[str | None, tuple[Problem, ...]]:
    """Return the text of the record in which a check ended, and what is wrong; of a broken record every fault."""
    source = None if problem.domain is None else record_text(result.trace.root, problem.domain)
    if source is not None:
        faults = diagnose(source)
        if any(fault.code is problem.code and fault.span == problem.span for fault in faults):
            return source, faults
    return source, (problem,)


def _problem_lines(result: CheckResult, problem: Problem, width: int | None) -> Iterator[Line]:
    """Yield what is wrong, each fault with the part of the record that it is about."""
    source, problems = problems_of(result, problem)
    before = "" if problem.domain is None or source is None else f"in the record of {visible_name(problem.domain)}: "
    for count, fault in enumerate(problems):
        if count == _MOST_FAULTS:
            yield line("… and more of the kind", indent=2)
            return
        yield from problem_lines(fault, width, source=source, before=before, section=True)
        before = ""


def explanation_lines(result: CheckResult) -> Iterator[Line]:
    """Yield how the domain explains a fail, or why there is no explanation."""
    if result.explanation is not None:
        yield note(f"{visible_name(result.record_domain or '')} explains, in its own words:")
        yield line(f'"{result.explanation}"', indent=4, hang=1)
    elif result.explanation_problem is not None and result.explanation_problem.code is not ProblemCode.EXP_ABSENT:
        yield note(Span(result.explanation_problem.text, "quiet"))


def _records(result: CheckResult, width: int | None) -> Iterator[Line]:
    domains: set[str] = set()
    for record in decisive_records(result.trace.root):
        if fold(record.domain) not in domains:  # a record that includes itself is printed once
            domains.add(fold(record.domain))
            yield from _record(record, width)


def _record(record: TracedRecord, width: int | None) -> Iterator[Line]:
    if record.record is None:
        return
    yield line()
    source = visible(record.record.source, _SHOWN_RECORD)
    yield note(Span(visible_name(record.domain), "strong"), ": ", source, indent=0)
    rows = [row for group in _groups(record.terms) for row in _rows(group)]
    yield from table(rows, width)


def _groups(terms: list[TracedTerm]) -> Iterator[list[TracedTerm]]:
    """Yield the terms; neighbours about which the same is to be said are one group."""
    for _, group in groupby(terms, lambda term: (term.outcome, _group_key(term))):
        yield list(group)


def _group_key(traced: TracedTerm) -> object:
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
        terms = f"{_printable(first.term)} … {_printable(group[-1].term)}"
        return [Row(MARKS[first.outcome], Span(terms, "term"), (Span(f"({len(group)} terms) {why}"),))]
    return [Row(MARKS[term.outcome], Span(_printable(term.term), "term"), _why(term)) for term in group]


def _why(traced: TracedTerm) -> tuple[Span, ...]:
    if traced.outcome is TermStatus.ERROR:
        return (Span("the check ended here", "fault"),)
    if traced.outcome is not TermStatus.MATCH or not isinstance(traced.term, Directive):
        return (Span(traced.why),)
    result = str(QUALIFIERS[traced.term.qualifier])
    return Span(f"{traced.why} → "), Span(result, result)


def _printable(term: Term) -> str:
    return visible(term.text, _SHOWN_TERM)


def _counts(result: CheckResult, limits: Limits) -> Line:
    rule = "" if limits.void_rule is VoidRule.PER_TERM else f" ({limits.void_rule})"
    unneeded = f" ({result.questions_unneeded} more sent ahead, not needed)" if result.questions_unneeded else ""
    over = result.lookups > limits.lookups, result.void_lookups > limits.voids
    return note(
        Span(f"lookups {of_limit(result.lookups, limits.lookups)}", "fault" if over[0] else "quiet"),
        Span(", ", "quiet"),
        Span(f"void lookups {of_limit(result.void_lookups, limits.voids)}{rule}", "fault" if over[1] else "quiet"),
        Span(f", DNS queries {result.questions}{unneeded}", "quiet"),
    )
