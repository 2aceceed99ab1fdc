"""What is wrong with records, how they change, and how to paste them."""

from collections.abc import Iterable, Mapping, Sequence

from spfengine.advice.forms import FORMS
from spfengine.linting.codes import Severity
from spfengine.linting.finding import Finding as LintFinding, quoted
from spfengine.linting.lint import is_whole_fix
from spfengine.problems import Problem, ProblemCode
from spfengine.report.page import Block, Excerpt, Finding, Form, Paste, signed, term_blocks
from spfengine.simulation.records import TermChange
from spfengine.text.outcomes import SHOWN_TERM
from spfengine.text.problems import section_name
from spfengine.visible import visible, visible_name

_SHOWN = 240  # characters of a record on each side of its fault
_FORM_NAMES = {
    "cpanel": "cPanel, and all others that ask for the text alone",
    "cpanel-split": "cPanel, split in strings",
    "bind": "Zone file (BIND, cPanel/WHM)",
    "route53": "Route 53",
    "octodns": "octoDNS",
}
_SERIOUS = (ProblemCode.DRAFT_BROKEN, ProblemCode.OVER_LOOKUP_LIMIT, ProblemCode.OVER_VOID_LIMIT)


def excerpt_of(source: str | None, span: tuple[int, int] | None) -> Excerpt | None:
    """Return the part of a record that a span is about; None if there is none."""
    if source is None or span is None:
        return None
    start, end = span
    before = visible(source[max(start - _SHOWN, 0) : start], 4 * _SHOWN)
    after = visible(source[end : end + _SHOWN], 4 * _SHOWN)
    at = visible(source[start:end], SHOWN_TERM)
    cut = "…" if start > _SHOWN else ""
    return Excerpt(f"{cut}{before}", at, f"{after}{'…' if end + _SHOWN < len(source) else ''}", "^" * max(len(at), 1))


def lint_finding(finding: LintFinding, place: str = "") -> Finding:
    """Return a finding of lint."""
    return Finding(
        str(finding.severity),
        finding.text,
        str(finding.code),
        section_name(finding.section) if finding.section else "",
        place,
        excerpt_of(finding.source, finding.span),
        finding.hint,
        None if finding.fix is None else quoted(finding.fix),
        finding.fix is None or is_whole_fix(finding.fix),
    )


def problem_finding(problem: Problem, source: str | None = None, *, severity: str = "", after: str = "") -> Finding:
    """Return a problem; `source` is the record that its span is of."""
    own = "error" if problem.code in _SERIOUS else "warning"
    return Finding(
        severity or own,
        f"{problem.text}{after}",
        str(problem.code),
        section_name(problem.section) if problem.section else "",
        "",
        excerpt_of(source, problem.span),
        problem.hint,
    )


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings, errors first."""
    order = [str(severity) for severity in Severity]
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def term_changes(name: str, terms: Sequence[TermChange]) -> list[Block]:
    """Return how a record changes, term by term."""
    return term_blocks(name, [signed(each.sign, visible(each.term, SHOWN_TERM)) for each in terms])


def paste_block(name: str, forms: Mapping[str, str], wanted: Iterable[str] = ()) -> list[Block]:
    """Return a record in its forms, of which the first is shown; nothing if there is none.

    Args:
        wanted: the forms to show; none: all.
    """
    names = [each for each in FORMS if each in forms and each in (tuple(wanted) or FORMS)]
    shown = [Form(_FORM_NAMES[each], _lines(forms[each]), is_open=each == names[0]) for each in names]
    return [Paste(visible_name(name), tuple(shown))] if shown else []


def _lines(text: str) -> tuple[str, ...]:
    return tuple([visible(line, len(line)) for line in text.split("\n")])
