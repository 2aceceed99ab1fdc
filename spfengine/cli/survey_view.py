"""What a survey comes to altogether, for people."""

from collections import Counter
from collections.abc import Iterator

from spfengine.cli.screen import Line, Row, Span, line, table
from spfengine.cli.survey_output import Document
from spfengine.surveying.domain import DomainState

_STATES = {
    DomainState.WORKS: ("pass", "✓", "work: every client gets pass, fail, softfail or neutral"),
    DomainState.OVER_LIMIT: ("permerror", "✗", "are over a limit: some clients get permerror"),
    DomainState.PERMERROR: ("permerror", "✗", "are broken: some clients get permerror"),
    DomainState.NONE: ("none", "·", "have no SPF record"),
    DomainState.UNKNOWN: ("temperror", "!", "are not known: DNS could not answer"),
    DomainState.NO_DOMAIN: ("fault", "!", "are no domains"),
}
_ALL = {"fail": "-all", "softfail": "~all", "neutral": "?all", "pass": "+all"}


class Tally:
    """What lines say, counted.

    Attributes:
        lines: how many there are.
        incomplete: domains of which DNS could not answer something.
    """

    def __init__(self) -> None:
        self.lines = 0
        self.incomplete = 0
        self._states: Counter[str] = Counter()
        self._all: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        """Count a line."""
        self.lines += 1
        self.incomplete += document["incomplete"]
        self._states[document["state"]] += 1
        if document["state"] == DomainState.WORKS:
            self._all[_ALL.get(document["all"], "no all")] += 1

    @property
    def domains(self) -> int:
        """How many domains there are."""
        return self.lines - self._states[DomainState.NO_DOMAIN]

    def page(self, heading: str, width: int | None) -> Iterator[Line]:
        """Yield what was counted."""
        yield line(heading, hang=2)
        rows = []
        column = len(f"{max(self._states.values(), default=0):,}")
        for state, (style, mark, words) in _STATES.items():
            count = self._states[state]
            if count:
                share = f"{count / self.lines:.0%}" if count * 200 >= self.lines else "<1%"
                more = f" ({self._endings()})" if state is DomainState.WORKS else ""
                rows.append(Row(Span(mark, style), Span(f"{count:>{column},} {share:>4}"), (Span(words + more),)))
        yield from table(rows, width)

    def _endings(self) -> str:
        return ", ".join(f"{ending} {count:,}" for ending, count in self._all.most_common())
