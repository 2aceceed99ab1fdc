"""A survey as a page: how many domains work, and each domain with what its record needs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from spfengine.report.page import Block, Cell, Column, Fact, Facts, Page, Section, Text, prose, table, text
from spfengine.surveying.domain import DomainState
from spfengine.text.lines import Span, line
from spfengine.text.outcomes import address_count
from spfengine.wording import counted, listed

KIND = "The SPF of many domains"
MOST_DOMAINS = 20_000
"""Domains that a report lists; of more, it has the numbers only."""
_TITLES = {
    DomainState.PERMERROR: ("Broken: some clients get permerror", "fail"),
    DomainState.OVER_LIMIT: ("Over a limit: some clients get permerror", "fail"),
    DomainState.UNKNOWN: ("Not known: DNS could not answer, or the files don't say", "softfail"),
    DomainState.NONE: ("Without an SPF record", "softfail"),
    DomainState.WORKS: ("Working: every client gets pass, fail, softfail or neutral", "pass"),
    DomainState.NO_DOMAIN: ("Not domains", "softfail"),
}
_NAMES = {
    DomainState.PERMERROR: "broken",
    DomainState.OVER_LIMIT: "over a limit",
    DomainState.UNKNOWN: "not known",
    DomainState.NONE: "without a record",
    DomainState.WORKS: "work",
    DomainState.NO_DOMAIN: "not domains",
}
_ALL = {"fail": "-all", "softfail": "~all", "neutral": "?all", "pass": "+all"}
_MOST_CODES = 6
_SHOWN = 20
_COLUMNS = (Column("Domain"), Column("Lookups", is_number=True), Column("Ends with"))


class SurveyRows:
    """The lines of a survey, as rows of a report: only what it shows is kept of each.

    Attributes:
        counts: how many domains there are, by their state.
    """

    def __init__(self) -> None:
        self.counts: Counter[DomainState] = Counter()
        self._rows: dict[DomainState, list[tuple[Cell, ...]]] = {state: [] for state in _TITLES}
        self._kept = 0

    def add(self, document: Mapping[str, Any]) -> None:
        """Add a line, as `SurveyedDomain.to_dict` returns it."""
        state = DomainState(document["state"])
        self.counts[state] += 1
        if self._kept < MOST_DOMAINS:
            self._kept += 1
            self._rows[state].append(_row(document))

    def page(self, subject: str = "") -> Page:
        """Return the page of the lines so far; `subject` is what was surveyed, such as the name of the list."""
        total = sum(self.counts.values())
        works = self.counts[DomainState.WORKS]
        style = "pass" if works == total else "softfail"
        answer = text(
            Span(f"{works:,} of {counted(total, 'domain')} {'works' if 1 in (works, total) else 'work'}", style)
        )
        facts = [Fact(f"{self.counts[s]:,}", _NAMES[s], _TITLES[s][1]) for s in _TITLES if self.counts[s]]
        sections = tuple([Section(str(state), title, self._blocks(state)) for state, (title, _) in _TITLES.items()])
        return Page(KIND, subject or counted(total, "domain"), answer, style, (Facts(tuple(facts)),), sections)

    def _blocks(self, state: DomainState) -> tuple[Block, ...]:
        rows = self._rows[state]
        if not rows:
            return ()
        left_out = self.counts[state] - len(rows)
        more = [line(f"{counted(left_out, 'more domain')}: the lines of the survey have them")] if left_out else []
        caption = text(Span(counted(self.counts[state], "domain"), "strong"))
        return (table(caption, _COLUMNS, rows, _SHOWN), *prose(more))


def survey_page(documents: Iterable[Mapping[str, Any]], subject: str = "") -> Page:
    """Return the page of a survey's lines."""
    rows = SurveyRows()
    for document in documents:
        rows.add(document)
    return rows.page(subject)


def _row(document: Mapping[str, Any]) -> tuple[Cell, ...]:
    problem = document["problem"]
    more: list[Text] = [text(Span(document["fault"], "fault"))] if document["fault"] is not None else []
    more += [text(Span(problem["text"], "quiet"))] if problem is not None else []
    more += _passing(document["passing"])
    more += _codes(document["lint"] or {})
    return (
        Cell(text(document["domain"]), tuple(more), is_code=True),
        Cell(text(_lookups(document))),
        Cell(text(_end(document))),
    )


def _lookups(document: Mapping[str, Any]) -> str:
    if document["result"] is not None or document["fault"] is not None:
        return ""  # nothing was evaluated
    return "no end" if document["endless"] else f"{max(document['lookups'].values()):,}"


def _end(document: Mapping[str, Any]) -> Span:
    if document["all"] is not None:
        return Span(_ALL[document["all"]], "term")
    return Span("no all" if document["record"] is not None else "", "quiet")


def _passing(passing: Mapping[str, float]) -> list[Text]:
    words = [address_count(int(count), int(version)) for version, count in passing.items() if count]
    return [text(Span(f"{' and '.join(words)} may send", "quiet"))] if words else []


def _codes(lint: Mapping[str, list[str]]) -> list[Text]:
    found = [(severity, codes) for severity, codes in lint.items() if codes]
    return [text(Span(f"{severity}: {listed(codes, _MOST_CODES)}", "quiet")) for severity, codes in found]
