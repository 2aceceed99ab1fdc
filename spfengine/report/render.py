"""`render_html`: any result of a verb as one HTML file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spfengine.advice.drift.drift import Drift
from spfengine.advice.flatten.flattening import Flattening
from spfengine.advice.suggest.suggestion import Suggestion
from spfengine.errors import ArgumentError
from spfengine.evaluation.check_result import CheckResult
from spfengine.evaluation.trace import Trace
from spfengine.linting.finding import Finding
from spfengine.policy.include_tree import IncludeTree
from spfengine.report.check import check_page, trace_page
from spfengine.report.drift import drift_page
from spfengine.report.enforce import readiness_page
from spfengine.report.flatten import flattening_page
from spfengine.report.html import page_html
from spfengine.report.lint import lint_page
from spfengine.report.page import Page
from spfengine.report.simulate import simulation_page, simulations_page
from spfengine.report.suggest import suggestion_page
from spfengine.report.survey import survey_page
from spfengine.report.tree import tree_page
from spfengine.simulation.enforce import Readiness
from spfengine.simulation.simulation import Simulation
from spfengine.surveying.domain import SCHEMA as SURVEY, SurveyedDomain

_PAGES: tuple[tuple[type, Callable[[Any], Page]], ...] = (
    (CheckResult, lambda result: check_page([result])),
    (Trace, trace_page),
    (IncludeTree, tree_page),
    (Finding, lambda finding: lint_page(finding.domain, [finding])),
    (Simulation, simulation_page),
    (Readiness, readiness_page),
    (Suggestion, suggestion_page),
    (Flattening, flattening_page),
    (Drift, drift_page),
    (SurveyedDomain, lambda surveyed: survey_page([surveyed.to_dict()])),
)
_EXPECTED = (
    "results is what check, lint, include_tree, simulate, suggest, flatten, drift or survey returns, or a list of "
    "results of one kind, not"
)


def render_html(results: object, *, now: float | None = None) -> str:
    """Return a report as an HTML document: one file that loads nothing and runs no script.

    Args:
        results: what a verb returns: a CheckResult, its Trace, an IncludeTree, a Simulation, a Readiness, a Suggestion,
            a Flattening or a Drift; or several Findings, CheckResults, Simulations or SurveyedDomains. An iterable of
            a survey's lines, as `json.loads` reads them, does as well.
        now: the time that the report names, in seconds since the epoch; the clock's by default.

    Raises:
        ArgumentError: `results` is something else.
        MissingExtraError: Jinja2 is not installed (the extra `html`).
    """
    return page_html(_page_of(results), now)


def _page_of(results: object) -> Page:
    for kind, make in _PAGES:
        if isinstance(results, kind):
            return make(results)
    if isinstance(results, str | bytes | Mapping) or not isinstance(results, Iterable):
        raise ArgumentError(f"{_EXPECTED} {type(results).__name__}")
    return _page_of_several(list(results))


def _page_of_several(results: Sequence[Any]) -> Page:
    if all(isinstance(each, Finding) for each in results):  # also if there are none
        domains = {each.domain for each in results if each.own and not each.path}
        return lint_page(next(iter(domains)) if len(domains) == 1 else None, results)
    if all(isinstance(each, CheckResult) for each in results):
        return check_page(results)
    if all(isinstance(each, Simulation) for each in results):
        return simulations_page(results)
    documents = [each.to_dict() if isinstance(each, SurveyedDomain) else each for each in results]
    if all(isinstance(each, Mapping) and each.get("schema") == SURVEY for each in documents):
        return survey_page(documents)
    kinds = ", ".join(sorted({type(each).__name__ for each in results}))
    raise ArgumentError(f"{_EXPECTED} a list of {kinds}")
