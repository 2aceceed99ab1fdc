"""Identifications as CSV: a row for each answer. Spreadsheets take no cell for a formula."""

import csv
from collections.abc import Iterable
from typing import TextIO

from spfengine.advice.identify.identification import Identification, Match
from spfengine.cli.senders_csv import safe

COLUMNS = ("ip", "rank", "name", "how", "confidence", "shared", "include", "evidence")


def write(found: Iterable[Identification], out: TextIO) -> None:
    """Write the table: of each address its answers, the best with rank 1; an address without any has rank 0."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in found:
        for rank, match in enumerate(each.matches, 1):
            writer.writerow([safe(cell) for cell in (each.ip, str(rank), *_cells(match))])
        if not each.matches:
            why = "; ".join(missing.why for missing in each.missing) or "nobody could name it"
            writer.writerow([safe(cell) for cell in (each.ip, "0", "", "", "", "", "", why)])


def _cells(match: Match) -> tuple[str, ...]:
    return (
        match.name,
        str(match.how),
        str(match.confidence),
        "yes" if match.shared else "no",
        "" if match.provider is None else match.provider.customer_include or match.provider.include,
        match.evidence,
    )
