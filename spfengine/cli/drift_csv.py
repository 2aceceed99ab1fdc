"""A drift as CSV: a row for each network whose result changed. Spreadsheets take no cell for a formula."""

from collections.abc import Iterator

from spfengine.advice.drift.drift import Drift
from spfengine.cli.policy_view import outcome_text, outcome_word
from spfengine.cli.senders_csv import csv_line, safe
from spfengine.simulation.simulation import change_is_worse
from spfengine.visible import visible_name

COLUMNS = ("domain", "network", "before", "after", "worse", "by_before", "by_after")


def lines(found: Drift) -> Iterator[str]:
    """Yield the lines of the table, each with its end: the networks of a domain in order."""
    yield csv_line(COLUMNS)
    for drift in found.domains:
        for change in drift.changes:
            cells = (
                visible_name(drift.domain),
                str(change.network),
                outcome_word(change.before),
                outcome_word(change.after),
                "yes" if change_is_worse(change.before, change.after) else "no",
                outcome_text(change.before),
                outcome_text(change.after),
            )
            yield csv_line([safe(cell) for cell in cells])
