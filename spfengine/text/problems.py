"""A problem or a finding: what is wrong, the part of the record with carets under it, and what to do."""

from collections.abc import Iterator

from spfengine.linting.finding import Finding
from spfengine.problems import Problem, excerpt
from spfengine.text.lines import FAULT, Line, Span, note, verbatim

_WIDTH = 80  # of an excerpt, if lines are not wrapped


def problem_lines(
    problem: Problem | Finding,
    width: int | None,
    *,
    source: str | None = None,
    mark: Span = FAULT,
    before: str = "",
    after: str = "",
    section: bool = False,
) -> Iterator[Line]:
    """Yield the lines of a problem.

    Args:
        source: the record that its span is of; None: no excerpt.
        mark: what the first line begins with.
        before, after: what to say before and after the problem's own text.
        section: whether to name the section that decides.
    """
    where = f" ({section_name(problem.section)})" if section and problem.section else ""
    yield note(mark, f"{before}{problem.text}{after}", Span(f"{where} [{problem.code}]", "quiet"))
    if source is not None and problem.span is not None:
        text, carets = excerpt(source, problem.span, (_WIDTH if width is None else width) - 2)
        yield verbatim(text, indent=2)
        yield Line((Span(carets, "fault"),), "  ", "  ", wraps=False)
    if problem.hint:
        yield note(Span("hint: ", "strong"), problem.hint, indent=4)


def section_name(section: str) -> str:
    """Return a section as people cite it; without the name of an RFC it is one of RFC 7208."""
    return section if section.startswith("RFC") else f"RFC 7208 §{section}"
