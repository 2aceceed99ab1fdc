"""The summary of a survey: adding up what surveys wrote, and printing it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from spfengine.cli import exits
from spfengine.cli.exits import CommandError, cannot_read
from spfengine.cli.screen import Screen, write_csv, write_json
from spfengine.cli.sources import STDIN
from spfengine.cli.survey_files import MAX_LINE, NOT_A_LINE, CompactSet, Document, read_line
from spfengine.errors import ArgumentError, RecordingError
from spfengine.json_files import MAX_OCTETS, parse_document
from spfengine.surveying.summary import SCHEMA, Counting, Summary, SummaryRow, whole_of
from spfengine.text.lines import Line, Row, Span, note, table
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_PARQUET = b"PAR1"  # at the beginning and at the end; no list of domains ends so
_COLUMNS = ("row", "domain", "domains", "of", "share")
_BROKEN_BY = "broken-by"
_WORDS = {
    SummaryRow.DOMAINS: "domains were surveyed",
    SummaryRow.INCOMPLETE: "could not be surveyed completely, since DNS did not answer everything",
    SummaryRow.WITH_RECORD: "have an SPF record",
    SummaryRow.WITH_INCLUDE: "have a record with include",
    SummaryRow.FAULTY: "are faulty: some client gets permerror",
    SummaryRow.LARGE_SPACE: "let more than 100,000 IPv4 addresses pass",
    SummaryRow.MISSING_NETWORK: "have ip4 or ip6 without a value",
    SummaryRow.MISSING_NAME: "have a: or mx: without a name",
    SummaryRow.INVALID_VALUE: "have a value that can't be read",
    SummaryRow.UNKNOWN_MECHANISM: "have an unknown mechanism",
    SummaryRow.OTHER_SYNTAX: "have another syntax error",
    SummaryRow.RECURSIVE: "have records that include each other, or themselves, in a loop",
    SummaryRow.MULTIPLE_RECORDS: "have several SPF records",
    SummaryRow.INCLUDE_WITHOUT_RECORD: "include a domain without an SPF record",
    SummaryRow.VOID_MX: "have mx of a name without MX records",
    SummaryRow.VOID_A: "have a of a name without addresses",
    SummaryRow.OVER_LOOKUPS: "need more lookups than the limit allows",
    SummaryRow.OVER_LOOKUPS_BY_TWO_INCLUDES: "of these, two includes alone need that many",
    SummaryRow.LINTED: "with a record were linted",
    SummaryRow.COULD_BE_REGISTERED: "of these trust a domain that somebody could register",
    SummaryRow.RENTABLE_NETWORK: "of these pass networks in which anybody can rent an address",
}


def are_survey_results(paths: Iterable[str]) -> bool:
    """Whether files are results of surveys, not lists of domains: Parquet, or a text that begins with "{".

    Some may be empty, as the output of a part without domains. What is not a plain file can be read only once, and so
    is a list.

    Raises CommandError if one can't be read.
    """
    begins = [_begin(path) for path in paths]
    results = {b"{", _PARQUET}
    return not results.isdisjoint(begins) and set(begins) <= {*results, b""}


def _begin(path: str) -> bytes | None:
    """Return the first octet of a file, or the mark of Parquet; None if it is not a plain file."""
    try:
        if path == STDIN or not Path(path).is_file():
            return None
        with Path(path).open("rb") as file:
            begin = file.read(len(_PARQUET))
            if begin == _PARQUET and file.seek(0, os.SEEK_END) >= 2 * len(_PARQUET):
                file.seek(-len(_PARQUET), os.SEEK_END)
                return begin if file.read() == _PARQUET else begin[:1]
            return begin[:1]
    except (OSError, ValueError) as error:
        raise cannot_read(visible(path), error) from error


def add_up(paths: Iterable[str]) -> Summary:
    """Return the summary of all these files, each with the lines or the summary of a survey.

    Raises:
        CommandError: one can't be read or understood, or a domain has two lines.
    """
    counting = Counting()
    domains = CompactSet()
    summaries = []
    for path in paths:
        try:
            with Path(path).open("rb") as file:
                begin = file.readline(MAX_LINE)
                file.seek(0)
                if _begin(path) == _PARQUET:
                    from spfengine.cli.survey_parquet import documents_of

                    rows = (("", document) for document in documents_of(path))
                    _count(rows, visible(path), counting, domains)
                elif begin.strip() == b"{":
                    summaries.append(_document(file, visible(path)))
                else:
                    _count_lines(file, visible(path), counting, domains)
        except OSError as error:
            raise cannot_read(visible(path), error) from error
    return sum(summaries, counting.summary())


def _document(file: BinaryIO, printable: str) -> Summary:
    try:
        return Summary.from_dict(parse_document(file.read(MAX_OCTETS + 1), "a summary", SCHEMA))
    except (ArgumentError, RecordingError) as error:
        raise CommandError(exits.DATA, f"{printable}: {error}") from error


def _count_lines(file: BinaryIO, printable: str, counting: Counting, domains: CompactSet) -> None:
    _count(_lines_of(file, printable), printable, counting, domains)


def _lines_of(file: BinaryIO, printable: str) -> Iterator[tuple[str, Document]]:
    """Yield what each line says, after "line" and its number. Raises CommandError."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        place = f"line {number}: "
        if not line.endswith(b"\n"):
            hint = "continue that survey with --resume, or remove the line"
            raise CommandError(exits.DATA, f"{printable}: {place}it is not a whole line; {hint}")
        document = read_line(line)
        if document is None:
            raise CommandError(exits.DATA, f"{printable}: {place}{NOT_A_LINE}")
        yield place, document


def _count(rows: Iterable[tuple[str, Document]], printable: str, counting: Counting, domains: CompactSet) -> None:
    """Count documents, each after its place. Raises CommandError."""
    for place, document in rows:
        if not domains.add(document["domain"]):
            name = visible(document["domain"], 60)
            raise CommandError(exits.DATA, f"{printable}: {place}{name} has a line already, and would count twice")
        try:
            counting.add(document)
        except ArgumentError as error:
            raise CommandError(exits.DATA, f"{printable}: {place}{error}") from error


def print_summary(summary: Summary, top: int, *, as_json: bool, as_csv: bool) -> None:
    """Print a summary as text, JSON or CSV; as text or CSV only the `top` of the domains by which others break."""
    if as_json:
        write_json(summary.to_dict())
    elif as_csv:
        write_csv(_COLUMNS, _rows(summary, top))
    else:
        screen = Screen()
        screen.show(_lines(summary, top, screen.width))


def _rows(summary: Summary, top: int) -> Iterator[tuple[str, ...]]:
    for row, count in summary.counts:
        share = summary.share(row)
        yield row, "", str(count), whole_of(row) or "", "" if share is None else f"{share:.6f}"
    for name, count in summary.broken_by[:top]:
        share = count / summary[SummaryRow.WITH_RECORD]
        yield _BROKEN_BY, name, str(count), SummaryRow.WITH_RECORD, f"{share:.6f}"


def _lines(summary: Summary, top: int, width: int | None) -> Iterator[Line]:
    column = len(f"{summary[SummaryRow.DOMAINS]:,}")
    rows = []
    for row, count in summary.counts:
        share = summary.share(row)
        rows.append(_row(f"{count:>{column},} {'' if share is None else _percent(share):>7}", _WORDS[row]))
    yield from table(rows, width)
    if summary.broken_by and top:
        yield note("broken or missing records of others, by which most break:", indent=0)
        most = [_row(f"{count:>{column},}", visible_name(name)) for name, count in summary.broken_by[:top]]
        yield from table(most, width)
        if len(summary.broken_by) > top:
            yield note(f"… and {counted(len(summary.broken_by) - top, 'more domain')}; --top N shows more")


def _row(left: str, right: str) -> Row:
    return Row(Span(" "), Span(left), (Span(right),))


def _percent(share: float) -> str:
    """Return a share with two digits after the point, and three if it is under one in a thousand."""
    return f"{share:.2%}" if share >= 0.001 or not share else f"{share:.3%}"
