"""Senders before and after a change as CSV, which `--senders` reads again. Spreadsheets take no cell for a formula."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from spfengine.cli.senders_view import deciding
from spfengine.dmarc.alignment import Alignment
from spfengine.simulation.simulation import SenderChange, Simulation
from spfengine.visible import visible, visible_name

COLUMNS = (
    "domain", "ip", "sender", "helo", "count", "label", "reported", "header_from", "before", "after", "effect", "by",
    "record_domain", "disagrees", "rests_on", "aligned_before", "aligned_after",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")  # how a formula, or what else a spreadsheet runs, begins
_MOST = 1000  # characters of a cell


def lines(found: Iterable[Simulation]) -> Iterator[str]:
    """Yield the lines of the table, each with its end; the most messages of a domain first."""
    yield csv_line(COLUMNS)
    for simulation in found:
        for change in sorted(simulation.senders, key=lambda change: -change.sender.count):
            yield csv_line([safe(cell) for cell in _cells(simulation.domain, change)])


def safe(text: str) -> str:
    """Return text that is printable, and that no spreadsheet takes for a formula: an apostrophe stands before it."""
    text = visible(text, _MOST)
    return f"'{text}" if text.lstrip(" \"'").startswith(_FORMULA) else text


def _cells(domain: str, change: SenderChange) -> list[str]:
    sender, after = change.sender, change.after
    return [
        visible_name(domain),
        sender.ip,
        sender.sender.removeprefix("@") or "<>",
        sender.helo or "",
        str(sender.count),
        sender.label or "",
        sender.reported or "",
        sender.header_from or "",
        str(change.before.result),
        str(after.result),
        str(change.effect),
        deciding(after),
        visible_name(after.record_domain or ""),
        "yes" if change.disagrees else "no",
        " ".join(change.rests_on),
        _aligned(change.aligned_before),
        _aligned(change.aligned_after),
    ]


def _aligned(alignment: Alignment | None) -> str:
    return "" if alignment is None else {True: "yes", False: "no", None: "unknown"}[alignment.aligned]


def csv_line(cells: Iterable[str]) -> str:
    """Return a line of a table, with its end."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
