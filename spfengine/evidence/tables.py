"""Tables `ip,sender,helo,count,label`, into which data of any other form can be converted.

Each line is a row of its own, so that an unclosed quotation mark costs one row and not the rest of the file.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping

from spfengine.addresses import parse_address
from spfengine.errors import AddressError
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Broken, Ledger
from spfengine.evidence.values import (
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
from spfengine.senders import FORWARDING, Sender

KIND = "csv"
COLUMNS: tuple[str, ...] = ("ip", "sender", "helo", "count", "label")
"""The columns of a table without a heading, in their order."""
ALL_COLUMNS = (*COLUMNS, "reported", "header_from", "dmarc_spf", "dmarc_dkim", "override")
_NEVER_WITH_HASH = ("ip", "count", "reported")  # if one of these is the first column, a line with # is a comment
_DELIMITERS = ",;\t"
_normal = re.compile(r"[\s-]+").sub


def table_form(first_line: str) -> tuple[str, tuple[str, ...] | None] | None:
    """Return a table's delimiter and the names of its columns (None if it has no heading); None if it is no table."""
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
        csv.Error: its quotation marks do not match.
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
        Broken: the first row is not that of such a table.
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
        if not text.strip(" \t,;") or (text[0] == "#" and names[0] in _NEVER_WITH_HASH):
            ledger.aside("empty lines and comments in tables")
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
        if name not in ALL_COLUMNS:
            ledger.aside("columns of tables that are not read")
        elif names.count(name) > 1:
            raise Broken("a column occurs twice", name, place)
    return names


def _row(text: str, delimiter: str, names: tuple[str, ...]) -> Sender:
    try:
        cells = _cells(text, delimiter)
    except csv.Error:
        raise Unusable("the quotation marks of the row do not match", text) from None
    if len(cells) > len(names):
        raise Unusable(f"the row has more than {len(names)} cells", text)
    return sender_of_row(dict(zip(names, cells, strict=False)), text)


def sender_of_row(row: Mapping[str, str], text: str | None = None) -> Sender:
    """Return the sender of a row.

    Args:
        row: its cells by the names of their columns; "" is an empty cell.
        text: the row, to be quoted if it can't be used.

    Raises:
        Unusable: it can't become a sender.
    """
    helo = helo_of(row.get("helo"))
    given = row.get("sender", "")
    if not given:
        raise Unusable("the row names no sender (write <> for the null sender)", text)
    return make_sender(
        row.get("ip", ""),
        null_sender(helo) if given == "<>" else sender_of(given),
        helo,
        count_of(row["count"]) if row.get("count") else 1,
        label_of(row.get("label")),
        _reported(row.get("reported")),
        domain_of(row["header_from"]) if row.get("header_from") else None,
        _one_of(row.get("dmarc_spf"), "dmarc_spf", ("pass", "fail")),
        _one_of(row.get("dmarc_dkim"), "dmarc_dkim", ("pass", "fail")),
        _one_of(row.get("override"), "override", FORWARDING),
    )


def _one_of(text: str | None, name: str, words: tuple[str, ...]) -> str | None:
    word = (text or "").strip().lower()
    if word and word not in words:
        raise Unusable(f"{name} is none of {', '.join(words)}", text)
    return word or None


def _reported(text: str | None) -> str | None:
    result = result_of(text)
    if text and result is None:
        raise Unusable("reported is not an SPF result", text)
    return result
