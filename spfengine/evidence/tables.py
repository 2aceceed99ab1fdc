"""Tables of senders: `ip,sender,helo,count,label`, exports of other programs, and lists of addresses.

Each line is a row of its own, so that an unclosed quotation mark costs one row and not the rest of the file.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from math import isnan
from operator import index

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.evidence.bounds import MAX_COUNT, Bounds
from spfengine.evidence.columns import ALL_COLUMNS, COLUMNS, EXPECTED, WITHOUT_HEADING, Columns, columns_of, simple
from spfengine.evidence.hops import is_internal
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.values import (
    UnusableError,
    count_of,
    domain_of,
    helo_of,
    label_of,
    make_sender,
    null_sender,
    result_of,
    sender_of,
)
from spfengine.senders import FORWARDING, Sender

__all__ = [
    "ALL_COLUMNS",
    "COLUMNS",
    "KIND",
    "Rows",
    "Table",
    "TableForm",
    "read_table",
    "sender_of_cells",
    "sender_of_row",
    "table_form",
    "text_of",
    "text_of_cell",
]

KIND = "csv"
_NEVER_WITH_HASH = ("ip", "count", "reported")  # if one of these is the first column, a line with # is a comment
_DELIMITERS = ",;\t|"
_SPACE = " "  # any number of spaces
_ADDRESS_IN_ANGLES = re.compile(r".*<([^<>]*)>\s*", re.DOTALL).fullmatch
_BRACKETED = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]+)\](?::\d+)?", re.IGNORECASE).fullmatch
_WITH_PORT = re.compile(r"((?:\d{1,3}\.){3}\d{1,3}):\d+").fullmatch
_GROUPED = re.compile(r"\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+").fullmatch
_WHOLE = re.compile(r"(\d+)[.,]0{1,2}").fullmatch
_COUNTED = re.compile(r"\s*(\d{1,12})\s+(\S+)").fullmatch  # as `uniq -c` writes it
# A line of a list: an address, perhaps after a bullet, and what somebody wrote beside it: "- 192.0.2.1: mail server".
_LISTED = re.compile(
    r"\s*(?:[-*\u2022]\s+)?([0-9A-Fa-f.:]{2,45}?)[,;:]?(?:\s+(?:[-\u2013\u2014:(]\s*)?([^\W\d_][^\[\]\"=<>@]{0,150}?)\)?)?\s*"
).fullmatch
_OUTGOING = ("originating", "outbound", "sent")
NO_SENDERS = "a list of addresses does not say what they send from: give DOMAIN, or the columns ip,sender"
_EVENTS = "other events of message tracking"
_OUTSIDE = "messages that your own users sent"
_INTERNAL = "messages from internal addresses"


@dataclass(frozen=True, slots=True)
class TableForm:
    """The form of a table.

    Attributes:
        delimiter: what is between the cells; " " means any number of spaces.
        columns: the columns.
        has_heading: whether its first line names them.
    """

    delimiter: str
    columns: Columns
    has_heading: bool


def table_form(first_line: str) -> TableForm | None:
    """Return the form of a table; None if this line does not begin one."""
    line = re.sub(r"#Fields: ?", "", first_line, count=1, flags=re.IGNORECASE)
    separated = _separator(line)
    if separated is not None:
        return TableForm(separated, WITHOUT_HEADING, has_heading=True)  # the next line decides
    for delimiter in _DELIMITERS:
        try:
            cells = _cells(line, delimiter)
        except csv.Error:
            continue
        columns = columns_of(tuple(map(simple, cells)))
        if columns is not None and (len(cells) > 1 or cells[0].lower() == "ip" or delimiter == _DELIMITERS[-1]):
            return TableForm(delimiter, columns, has_heading=True)
        if len(cells) > 1 and _is_address(cells[0]):
            return TableForm(delimiter, WITHOUT_HEADING, has_heading=False)
    cells = _cells_of_words(line)
    is_list = bool(cells) and _is_address(cells[0]) and (len(cells) == 1 or _may_be_sender(cells[1]))
    return TableForm(_SPACE, WITHOUT_HEADING, has_heading=False) if is_list else None


def _may_be_sender(cell: str) -> bool:
    is_name = "." in cell.strip(".") and " " not in cell
    return not cell or "@" in cell or is_name or cell == "<>"


def _separator(line: str) -> str | None:
    """Return the delimiter in a line `sep=;`, which Excel writes and reads before a table."""
    return line[4] if len(line) == 5 and line[:4].lower() == "sep=" and line[4] in _DELIMITERS else None


def _cells(text: str, delimiter: str) -> list[str]:
    """Return the cells of a row.

    Raises:
        csv.Error: its quotation marks do not match.
    """
    if delimiter == _SPACE:
        return _cells_of_words(text)
    rows = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True)
    return [cell.strip() for cell in next(rows, [])]


def _cells_of_words(text: str) -> list[str]:
    """Return the words of a row as cells: an address, and what follows; or the count before an address."""
    counted = _COUNTED(text)
    if counted is not None and _is_address(counted[2]):
        return [counted[2], "", "", counted[1]]
    text = text.partition("#")[0]
    listed = _LISTED(text)
    if (
        listed is not None
        and _is_address(listed[1])
        and (listed[2] is None or not _may_be_sender(listed[2].split()[0]))
    ):
        return _described(listed[1], listed[2] or "")
    return text.split()


def _described(ip: str, label: str) -> list[str]:
    """Return the cells of a row that has words beside an address, and no sender."""
    return [ip, "", "", "", label] if label else [ip]


def _is_address(text: str) -> bool:
    try:
        parse_address(_address(text))
    except AddressError:
        return False
    return True


def _address(text: str) -> str:
    """Return an address without the brackets and the port that it may have."""
    match = _BRACKETED(text) or _WITH_PORT(text)
    return text if match is None else match[1]


def read_table(
    lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds, domain: str | None = None
) -> Iterator[Sender]:
    """Yield the sender of each row.

    Args:
        domain: what the senders of a table without senders send from; None: such rows are refused.

    Raises:
        BrokenFileError: the first row is not that of such a table.
    """
    return Table(ledger, bounds, domain).read(lines)


class Table:
    """A table that is being read.

    Attributes:
        rows: what reads its rows; None until the first lines have said which columns it has.
    """

    rows: "Rows | None"

    def __init__(self, ledger: Ledger, bounds: Bounds, domain: str | None) -> None:
        ledger.begin(KIND)
        self._ledger = ledger
        self._bounds = bounds
        self._domain = domain
        self._form: TableForm | None = None
        self.rows = None

    def read(self, lines: Iterable[tuple[int, bytes | None]]) -> Iterator[Sender]:
        """Yield the sender of each row, given the lines with their numbers. Raises BrokenFileError."""
        ledger = self._ledger
        for number, line in lines:
            place = f"line {number:,}"
            if line is None:
                ledger.skip(f"the line is longer than {self._bounds.line:,} octets", None, place)
                continue
            text = text_of(line)
            if not text.strip(" \t,;|") or (text[0] == "#" and not _is_row(text, self._form)):
                ledger.aside("empty lines and comments in tables")
                continue
            if self.rows is None and self._is_heading(text, place):
                continue
            assert self.rows is not None, "the first line that is no comment has made it"
            try:
                yield from self.rows.read(text)
            except UnusableError as error:
                ledger.skip(error.reason, error.example, place)

    def _is_heading(self, text: str, place: str) -> bool:
        """Find out which columns there are by the first line, or the second; return whether it is not yet a row.

        Raises:
            BrokenFileError: it is not the first line of a table.
        """
        self._form = form = table_form(text) if self._form is None else _with_heading(text, self._form.delimiter)
        if form is None:
            raise BrokenFileError(
                f"its first row neither begins with an IP address nor names the column ip: {EXPECTED}", text, place
            )
        if _separator(text) is not None:
            return True
        self.rows = Rows(form, self._ledger, self._domain, place)
        return form.has_heading


def text_of(line: bytes) -> str:
    """Return the text of a line."""
    return line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _with_heading(text: str, delimiter: str) -> TableForm | None:
    """Return the form of a table whose delimiter is known."""
    try:
        cells = _cells(text, delimiter)
    except csv.Error:
        return None
    columns = columns_of(tuple(map(simple, cells)))
    if columns is None:
        return TableForm(delimiter, WITHOUT_HEADING, has_heading=False) if cells and _is_address(cells[0]) else None
    return TableForm(delimiter, columns, has_heading=True)


def _is_row(text: str, form: TableForm | None) -> bool:
    """Whether a line with # at its start is no comment: the heading of Exchange, or a cell that may begin so."""
    if form is None:
        return text[:8].lower() == "#fields:"
    first = next((name for name, places in form.columns.at.items() if 0 in places), "")
    return first not in _NEVER_WITH_HASH and first != ""


class Rows:
    """Reads the rows of one table.

    Attributes:
        form: its form.
        has_default: whether rows without a sender have one, as the caller said.
    """

    def __init__(self, form: TableForm, ledger: Ledger, domain: str | None, place: str) -> None:
        self.form = form
        self.has_default: bool = domain is not None
        self._delimiter = form.delimiter
        self._columns = columns = form.columns
        self._ledger = ledger
        self._domain = domain
        if form.has_heading:
            for _ in range(columns.ignored):
                ledger.aside("columns of tables that are not read")
            for name, places in columns.at.items():
                if columns.own and len(places) > 1:
                    raise BrokenFileError("a column occurs twice", name, place)
        self._is_plain = columns.own
        self._places = columns.at
        by_place = {at: name for name, places in columns.at.items() for at in places}
        self._names = tuple([by_place.get(at, "") for at in range(columns.width)])  # "" for a column that is not read

    def read(self, text: str) -> Iterator[Sender]:
        """Yield the senders of a row. Raises UnusableError."""
        try:
            cells = _cells(text, self._delimiter)
        except csv.Error:
            raise UnusableError("the quotation marks of the row do not match", text) from None
        yield from self.read_cells(cells, text)

    def read_cells(self, cells: list[str], text: str | None) -> Iterator[Sender]:
        """Yield the senders of a row of these cells. Raises UnusableError."""
        width = self._columns.width
        if self._columns is WITHOUT_HEADING and len(cells) > 1 and all(map(_is_address, cells)):
            for cell in cells:
                yield self._sender({"ip": cell}, text)
            return
        if self._columns is WITHOUT_HEADING and len(cells) == 2 and not _may_be_sender(cells[1]):
            cells = _described(*cells)
            if self._domain is None:
                raise UnusableError(NO_SENDERS, text)
        if len(cells) > width and any(cells[width:]):
            raise UnusableError(f"the row has more than {width} cells", text)
        if self._is_plain:
            yield self._sender(dict(zip(self._names, cells, strict=False)), text)
            return
        row = {name: self._first(cells, places) for name, places in self._places.items()}
        if self._is_of_interest(cells, row):
            if self._default is None and "sender" not in self._places:
                raise UnusableError(NO_SENDERS, text)
            yield sender_of_cells(row, text, self._default)

    @staticmethod
    def _first(cells: list[str], places: tuple[int, ...]) -> str:
        """Return the first cell at these places that is not empty."""
        return next((cells[at] for at in places if at < len(cells) and cells[at]), "")

    @property
    def _default(self) -> str | None:
        return self._domain if "sender" not in self._places else None

    def _sender(self, row: Mapping[str, str], text: str | None) -> Sender:
        if self._domain is not None and not row.get("sender") and (
            "sender" not in self._places or self._columns is WITHOUT_HEADING
        ):  # fmt: skip
            row = {**row, "sender": self._domain}
        if self._delimiter == _SPACE and not row.get("sender"):
            raise UnusableError(NO_SENDERS, text)
        return sender_of_row(row, text)

    def _is_of_interest(self, cells: list[str], row: dict[str, str]) -> bool:
        """Whether a row is about a message that came from outside; if not, it is counted."""
        columns = self._columns
        event, source = self._cell(cells, columns.event), self._cell(cells, columns.source)
        if event not in ("", "receive") or source not in ("", "smtp"):
            self._ledger.aside(_EVENTS)
            return False
        if self._cell(cells, columns.direction) in _OUTGOING:
            self._ledger.aside(_OUTSIDE)
            return False
        if columns.event is not None or columns.direction is not None:
            row["ip"] = next(
                (cells[at] for at in self._places["ip"] if at < len(cells) and _is_outside(cells[at])), row["ip"]
            )
            if row["ip"] and not _is_outside(row["ip"]) and _is_address(row["ip"]):
                self._ledger.aside(_INTERNAL)
                return False
        if columns.scopes is not None:
            _choose_scope(row, self._cell(cells, columns.scopes), self._cell(cells, columns.domains))
        return True

    @staticmethod
    def _cell(cells: list[str], at: int | None) -> str:
        return "" if at is None or at >= len(cells) else cells[at].lower()


def _is_outside(text: str) -> bool:
    return _is_address(text) and not is_internal(_address(text))


def _choose_scope(row: dict[str, str], scopes: str, domains: str) -> None:
    """Take the result of MAIL FROM and the HELO name out of lists of results, as parsedmarc writes them."""
    names, results = _listed(domains), _listed(row.get("reported", ""))
    by_scope = {scope: at for at, scope in reversed(list(enumerate(_listed(scopes))))}
    mailfrom, helo = by_scope.get("mfrom"), by_scope.get("helo")
    if helo is not None and helo < len(names):
        row["helo"] = names[helo]
    if row.get("sender", "") == domains or not row.get("sender"):  # there is no envelope_from
        row["sender"] = names[mailfrom] if mailfrom is not None and mailfrom < len(names) else ""
    at = mailfrom
    if not row["sender"] and row.get("helo"):
        row["sender"], at = "<>", helo
    row["reported"] = results[at] if at is not None and at < len(results) else ""


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")]


def text_of_cell(value: object) -> str:
    """Return a cell as its text in a table.

    Raises:
        UnusableError: it is neither text, nor a number, nor an address.
    """
    if isinstance(value, str):
        return value.strip()
    if value is None or type(value).__name__ == "NAType":  # pandas.NA, which can't be compared with anything
        return ""
    if isinstance(value, IPv4Address | IPv6Address):
        return str(value)
    if isinstance(value, float):
        if isnan(value):  # an empty cell of a data frame
            return ""
        value = int(value) if value.is_integer() else value  # a column of counts in which some cells are empty
    try:
        number = index(value)  # type: ignore[arg-type]  # a cell may be anything; TypeError is expected
    except TypeError:
        raise UnusableError(
            "a cell is neither text, nor a whole number, nor an address", type(value).__name__
        ) from None
    return str(max(-1, min(number, MAX_COUNT)))  # a number beyond these is refused as a count, whatever it is


def sender_of_row(row: Mapping[str, str], text: str | None = None) -> Sender:
    """Return the sender of a row.

    Args:
        row: its cells by the names of their columns; "" is an empty cell.
        text: the row, to be quoted if it can't be used.

    Raises:
        UnusableError: it can't become a sender.
    """
    helo = helo_of(row.get("helo"))
    given = row.get("sender", "")
    if not given:
        raise UnusableError("the row names no sender (write <> for the null sender)", text)
    return make_sender(
        row.get("ip", ""),
        null_sender(helo) if given == "<>" else sender_of(given),
        helo,
        count_of(row["count"]) if row.get("count") else 1,
        label_of(row.get("label")),
        _reported(row.get("reported")),
        domain_of(row["header_from"]) if row.get("header_from") else None,
        _one_of(row.get("dmarc_spf"), "dmarc_spf", _PASS_OR_FAIL),
        _one_of(row.get("dmarc_dkim"), "dmarc_dkim", _PASS_OR_FAIL),
        _one_of(row.get("override"), "override", FORWARDING),
    )


_PASS_OR_FAIL = ("pass", "fail")
_ALIGNED = {"pass": "pass", "true": "pass", "yes": "pass", "fail": "fail", "false": "fail", "no": "fail"}
_WORDS = re.compile(r"\w+").findall


def _one_of(text: str | None, name: str, words: tuple[str, ...]) -> str | None:
    word = (text or "").strip().lower()
    if word and word not in words:
        raise UnusableError(f"{name} is none of {', '.join(words)}", text)
    return word or None


def sender_of_cells(row: Mapping[str, str], text: str | None = None, domain: str | None = None) -> Sender:
    """Return the sender of a row of another program, whose cells may be written in more ways than those of a table of
    ours. What is only an addition costs itself if it can't be read, not the row.

    Args:
        row, text: as for `sender_of_row`.
        domain: what the sender sends from, if the table has no senders; None: such a row is refused.

    Raises:
        UnusableError: it can't become a sender.
    """
    given = row.get("sender", "")
    angles = _ADDRESS_IN_ANGLES(given)
    given = given if angles is None or given == "<>" else angles[1].strip() or "<>"
    count = row.get("count", "")
    grouped, whole = _GROUPED(count), _WHOLE(count)
    if grouped is not None:
        count = "".join([digit for digit in count if digit.isdigit()])
    elif whole is not None:
        count = whole[1]
    return sender_of_row(
        {
            "ip": _address(row.get("ip", "")),
            "sender": given or domain or "",
            "helo": _or_nothing(helo_of, row.get("helo")) or "",
            "count": count,
            "label": _or_nothing(label_of, row.get("label")) or "",
            "reported": result_of(row.get("reported")) or "",
            "header_from": _or_nothing(domain_of, row.get("header_from", "").rpartition("@")[2]) or "",
            "dmarc_spf": _ALIGNED.get(row.get("dmarc_spf", "").lower(), ""),
            "dmarc_dkim": _ALIGNED.get(row.get("dmarc_dkim", "").lower(), ""),
            "override": next((word for word in _WORDS(row.get("override", "").lower()) if word in FORWARDING), ""),
        },
        text,
    )


def _or_nothing(read: Callable[[str], str | None], text: str | None) -> str | None:
    try:
        return read(text) if text else None
    except UnusableError:
        return None


def _reported(text: str | None) -> str | None:
    result = result_of(text)
    if text and result is None:
        raise UnusableError("reported is not an SPF result", text)
    return result
