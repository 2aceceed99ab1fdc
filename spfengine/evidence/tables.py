"""Tables: `ip,sender,helo,count,label`, the form in which everything else can be brought.

Each line is a row of its own: a quotation mark that nobody closes costs one row, not the rest of the file.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.values import (
    Bounds,
    Unusable,
    count_of,
    domain_of,
    helo_of,
    label_of,
    make_sender,
    null_sender,
    result_of,
    sender_of,
)
from spfengine.senders import Sender

KIND = "csv"
COLUMNS: tuple[str, ...] = ("ip", "sender", "helo", "count", "label")
"""What stands in a row, in its order, where there is no row of names above."""
_NAMED = (*COLUMNS, "reported", "header_from")
_NEVER_BEGIN_SO = ("ip", "count", "reported")  # with #: only where one of these stands first is that a comment
_DELIMITERS = ",;\t"
_normal = re.compile(r"[\s-]+").sub


def table_form(first_line: str) -> tuple[str, tuple[str, ...] | None] | None:
    """Return a table's delimiter and the names of its columns (None: it has no row of names); None for no table."""
    for delimiter in _DELIMITERS:
        try:
            cells = _cells(first_line, delimiter)
        except csv.Error:
            continue
        names = tuple([_normal("_", cell.lower()) for cell in cells])
        if "ip" in names:
            return delimiter, names
        if cells and _is_address(cells[0]):
            return delimiter, None
    return None


def _cells(text: str, delimiter: str) -> list[str]:
    """Return the cells of a row.

    Raises:
        csv.Error: its quotation marks do not fit.
    """
    rows = csv.reader([text], delimiter=delimiter, strict=True, skipinitialspace=True)
    return [cell.strip() for cell in next(rows, [])]


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def read_table(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each row.

    Raises:
        Broken: its first row says that it is no such table.
    """
    delimiter, names = ",", COLUMNS
    begun = False
    ledger.begin(KIND)
    for number, line in lines:
        place = f"line {number:,}"
        if line is None:
            ledger.skip(f"the line is longer than {bounds.line:,} octets", None, place)
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        if not text.strip(" \t,;") or (text[0] == "#" and names[0] in _NEVER_BEGIN_SO):
            ledger.aside("empty lines and comments of tables")
            continue
        if not begun:
            begun = True
            form = table_form(text)
            if form is None:
                raise Broken("its first row neither begins with an IP address nor names the column ip", text, place)
            delimiter = form[0]
            if form[1] is not None:
                names = _columns(form[1], ledger, place)
                continue
        try:
            yield _row(text, delimiter, names)
        except Unusable as error:
            ledger.skip(error.reason, error.example, place)


def _columns(names: tuple[str, ...], ledger: Ledger, place: str) -> tuple[str, ...]:
    for name in names:
        if name not in _NAMED:
            ledger.aside("columns of tables that are not read")
        elif names.count(name) > 1:
            raise Broken("a column stands there twice", name, place)
    return names


def _row(text: str, delimiter: str, names: tuple[str, ...]) -> Sender:
    try:
        cells = _cells(text, delimiter)
    except csv.Error:
        raise Unusable("the quotation marks of the row do not fit", text) from None
    if len(cells) > len(names):
        raise Unusable(f"the row has more than {len(names)} cells", text)
    return sender_of_row(dict(zip(names, cells, strict=False)), text)


def sender_of_row(row: Mapping[str, str], shown: str | None = None) -> Sender:
    """Return the sender of a row.

    Args:
        row: its cells by the names of their columns, "" where there is nothing.
        shown: the row, as an example of what can't be used.

    Raises:
        Unusable: it can't become a sender.
    """
    helo = helo_of(row.get("helo"))
    given = row.get("sender", "")
    if not given:
        raise Unusable("the row names no sender (write <> for the null sender)", shown)
    return make_sender(
        row.get("ip", ""),
        null_sender(helo) if given == "<>" else sender_of(given),
        helo,
        count_of(row["count"]) if row.get("count") else 1,
        label_of(row.get("label")),
        _reported(row.get("reported")),
        domain_of(row["header_from"]) if row.get("header_from") else None,
    )


def _reported(text: str | None) -> str | None:
    result = result_of(text)
    if text and result is None:
        raise Unusable("reported is no result of SPF", text)
    return result
