"""A summary of the lines of a survey: counts that add up, in any parts and any order."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

from spfengine.errors import ArgumentError
from spfengine.frozen import Frozen, fill
from spfengine.json_reader import Field
from spfengine.linting.codes import LintCode
from spfengine.surveying.domain import SCHEMA as LINE_SCHEMA, DomainState, SurveyedDomain
from spfengine.surveying.faults import RecordFault

SCHEMA = "spfengine.survey-summary/1"
"""The version of the JSON form; it changes when a key changes its meaning or is removed."""
LARGE_SPACE = 100_000
"""More IPv4 addresses than this that pass are counted; "Lazy Gatekeepers" (IMC 2023) counts the same."""
MAX_BROKEN_BY = 1 << 24
"""Domains of the longest list that is read."""
_MOST_NAMES = 1 << 16  # of one line; a TXT record has fewer octets


class SummaryRow(StrEnum):
    """Stable codes of the rows of a summary. They are public API: a code never gets another meaning.

    Each row counts domains; a domain may be in any number of rows.
    """

    DOMAINS = "domains"
    """The domains surveyed: all lines but those of texts that are not domain names."""
    INCOMPLETE = "incomplete"
    """DNS could not answer something, so that the domain may belong to rows that don't count it."""
    WITH_RECORD = "with-record"
    """The domain has an SPF record, whether it is valid or not, or has several."""
    WITH_INCLUDE = "with-include"
    """Its own record can be parsed, and has an `include` that may be evaluated."""
    FAULTY = "faulty"
    """Some client gets permerror, whatever the reason."""
    LARGE_SPACE = "large-space"
    """More than 100,000 IPv4 addresses pass."""
    MISSING_NETWORK = RecordFault.MISSING_NETWORK.value
    MISSING_NAME = RecordFault.MISSING_NAME.value
    INVALID_VALUE = RecordFault.INVALID_VALUE.value
    UNKNOWN_MECHANISM = RecordFault.UNKNOWN_MECHANISM.value
    OTHER_SYNTAX = RecordFault.OTHER_SYNTAX.value
    RECURSIVE = RecordFault.RECURSIVE.value
    MULTIPLE_RECORDS = RecordFault.MULTIPLE_RECORDS.value
    INCLUDE_WITHOUT_RECORD = RecordFault.INCLUDE_WITHOUT_RECORD.value
    VOID_MX = RecordFault.VOID_MX.value
    VOID_A = RecordFault.VOID_A.value
    OVER_LOOKUPS = RecordFault.OVER_LOOKUPS.value
    OVER_LOOKUPS_BY_TWO_INCLUDES = RecordFault.OVER_LOOKUPS_BY_TWO_INCLUDES.value
    LINTED = "linted"
    """The domain has an SPF record, and was linted. Only such a domain can be in the rows below."""
    COULD_BE_REGISTERED = LintCode.COULD_BE_REGISTERED.value
    """Lint finds `could-be-registered`: somebody can register a domain that the record trusts."""
    RENTABLE_NETWORK = LintCode.RENTABLE_NETWORK.value
    """Lint finds `rentable-network`: addresses pass that anybody can rent."""


_WHOLES = {
    SummaryRow.DOMAINS: None,
    SummaryRow.INCOMPLETE: SummaryRow.DOMAINS,
    SummaryRow.WITH_RECORD: SummaryRow.DOMAINS,
    SummaryRow.OVER_LOOKUPS_BY_TWO_INCLUDES: SummaryRow.OVER_LOOKUPS,
    SummaryRow.COULD_BE_REGISTERED: SummaryRow.LINTED,
    SummaryRow.RENTABLE_NETWORK: SummaryRow.LINTED,
}
_FROM_LINT = (SummaryRow.COULD_BE_REGISTERED, SummaryRow.RENTABLE_NETWORK)


def whole_of(row: SummaryRow) -> SummaryRow | None:
    """Return the row of which this one is a part, and by which its share is computed; None for all domains."""
    return _WHOLES.get(row, SummaryRow.WITH_RECORD)


class Summary(Frozen):
    """The summary of the lines of a survey. `+` adds up parts: the sum is the same in any order.

    `Summary()` is the sum of nothing, so that `sum(parts, Summary())` adds up any number. A summary is immutable, can
    be pickled, and has a JSON form. No part may have a domain that another one has; it would count twice.

    Attributes:
        counts: each row with the number of its domains, in the order of `SummaryRow`.
        broken_by: the domains whose broken or missing records give clients of others permerror, each with the number
            of these others, most first.
    """

    fields: ClassVar[tuple[str, ...]] = ("counts", "broken_by")
    __slots__ = fields
    counts: tuple[tuple[SummaryRow, int], ...]
    broken_by: tuple[tuple[str, int], ...]

    def __init__(
        self, counts: Iterable[tuple[SummaryRow, int]] = (), broken_by: Iterable[tuple[str, int]] = ()
    ) -> None:
        """Gather counts; several of one row or domain are added up."""
        rows = _added_up(counts)
        names = _added_up(broken_by)
        fill(self, "counts", tuple([(row, rows[row]) for row in SummaryRow]))
        fill(self, "broken_by", tuple(sorted(names.items(), key=lambda item: (-item[1], item[0]))))

    def __repr__(self) -> str:
        with_record, faulty = self[SummaryRow.WITH_RECORD], self[SummaryRow.FAULTY]
        return f"<Summary: {self[SummaryRow.DOMAINS]:,} domains, {with_record:,} with a record, {faulty:,} faulty>"

    def __add__(self, other: "Summary") -> "Summary":
        if not isinstance(other, Summary):
            return NotImplemented
        return Summary((*self.counts, *other.counts), (*self.broken_by, *other.broken_by))

    def __getitem__(self, row: SummaryRow | str) -> int:
        """Return how many domains a row counts. Raises KeyError if there is no such row."""
        for each, count in self.counts:
            if each == row:
                return count
        raise KeyError(row)

    def share(self, row: SummaryRow | str) -> float | None:
        """Return the share of a row in the row that it is a part of; None if there is nothing to be a part of.

        Raises KeyError if there is no such row.
        """
        count = self[row]
        whole = whole_of(SummaryRow(row))
        return None if whole is None or not self[whole] else count / self[whole]

    @classmethod
    def of(cls, lines: "Iterable[SurveyedDomain | Mapping[str, Any]]") -> Self:
        """Return the summary of surveyed domains, or of lines that a survey wrote, each parsed from its JSON.

        Raises:
            ArgumentError: a value is not the line of a survey of a known version.
        """
        counting = Counting()
        for line in lines:
            counting.add(line)
        return cls(counting.rows.items(), counting.broken_by.items())

    def to_dict(self) -> dict[str, object]:
        """Return the summary as JSON-safe values; key "schema" names their version."""
        return {
            "schema": SCHEMA,
            "rows": [
                {"row": str(row), "domains": count, "of": _text(whole_of(row)), "share": self.share(row)}
                for row, count in self.counts
            ],
            "broken_by": [{"domain": name, "domains": count} for name, count in self.broken_by],
        }

    @classmethod
    def from_dict(cls, data: object) -> "Summary":
        """Return the summary that `to_dict` wrote as these values. Safe with untrusted values, unlike pickle.

        Raises:
            ArgumentError: the values are not a summary of a known version.
        """
        return _from_dict(data)


class Counting:
    """Counts lines one by one, for a summary of them.

    Attributes:
        rows: how many domains each row has.
        broken_by: how many domains each domain breaks.
    """

    def __init__(self) -> None:
        self.rows: Counter[SummaryRow] = Counter()
        self.broken_by: Counter[str] = Counter()

    def add(self, line: "SurveyedDomain | Mapping[str, Any]") -> None:
        """Count a surveyed domain, or the line of one. Raises ArgumentError if it is neither."""
        document = line.to_dict() if isinstance(line, SurveyedDomain) else line
        rows, names = _rows_of(Field(document, "line"))
        self.rows.update(rows)
        self.broken_by.update(names)

    def summary(self) -> Summary:
        """Return the summary of what was counted."""
        return Summary(self.rows.items(), self.broken_by.items())


def _added_up(items: Iterable[tuple[Any, int]]) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for key, count in items:
        sums[key] += count
    return sums


def _text(row: SummaryRow | None) -> str | None:
    return None if row is None else str(row)


# What a line is counted as. Lines are read as untrusted.


def _rows_of(line: Field) -> tuple[list[SummaryRow], list[str]]:
    """Return the rows in which a line is counted, and the domains by which it is broken."""
    if line["schema"].data != LINE_SCHEMA:
        line["schema"].refuse(f'"{LINE_SCHEMA}"')
    if line["state"].word(DomainState) is DomainState.NO_DOMAIN:
        return [], []
    rows = [SummaryRow.DOMAINS]
    if line["incomplete"].truth():
        rows.append(SummaryRow.INCOMPLETE)
    faults = [fault.word(RecordFault) for fault in line["faults"].items(len(RecordFault))]
    if line["record"].data is None and RecordFault.MULTIPLE_RECORDS not in faults:
        return rows, []
    rows += [SummaryRow.WITH_RECORD, *[SummaryRow(fault) for fault in dict.fromkeys(faults)]]
    if any(True for _ in line["includes"].items(_MOST_NAMES)):
        rows.append(SummaryRow.WITH_INCLUDE)
    if any(result.text() == "permerror" for result in line["results"].items(_MOST_NAMES)):
        rows.append(SummaryRow.FAULTY)
    if line["passing"]["4"].number() > LARGE_SPACE:
        rows.append(SummaryRow.LARGE_SPACE)
    if line["lint"].data is not None:
        rows.append(SummaryRow.LINTED)
        codes = {code.text() for severity in ("error", "warning", "info") for code in _codes(line["lint"][severity])}
        rows += [row for row in _FROM_LINT if row in codes]
    return rows, list(dict.fromkeys([name.text() for name in line["broken_by"].items(_MOST_NAMES)]))


def _codes(field: Field) -> Iterable[Field]:
    return field.items(len(LintCode))


def _from_dict(data: object) -> Summary:
    root = Field(data, "summary")
    if root["schema"].data != SCHEMA:
        root["schema"].refuse(f'"{SCHEMA}"')
    counts: dict[SummaryRow, int] = {}
    for field in root["rows"].items(len(SummaryRow)):
        row = field["row"].word(SummaryRow)
        if row in counts:
            field["row"].refuse("a row that is not there twice")
        counts[row] = field["domains"].count()
    missing = [str(row) for row in SummaryRow if row not in counts]
    if missing:
        raise ArgumentError(f"{root['rows'].where}: the row {missing[0]} is missing")
    names = [(field["domain"].text(), field["domains"].count()) for field in root["broken_by"].items(MAX_BROKEN_BY)]
    return Summary(counts.items(), names)
