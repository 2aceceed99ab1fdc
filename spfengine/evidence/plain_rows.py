"""Plain rows: those of a large table that are read by columns. Needs NumPy; imported only for large tables.

A row is plain if its cells are printable ASCII without quotation marks, spaces and angle brackets, and each is what its
column expects, written in the usual way. `Rows` reads such a row without a fault, and to what it is here. It reads all
other rows, so that each row has the same sender, or is refused for the same reason, whichever way a table is read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spfengine.addresses import V6, address_text, parse_ip6
from spfengine.evidence.cells import LONGEST, Cells, Indexes, Mask, Octets, positions
from spfengine.evidence.columns import WITHOUT_HEADING, Columns
from spfengine.evidence.tables import Rows, sender_of_row
from spfengine.evidence.values import MAX_LABEL, MAX_NAME, MAX_SENDER, UnusableError, sender_of
from spfengine.senders import Sender

USED: Final = ("ip", "sender", "helo", "count")
"""The columns that a replay needs."""

_MOST_DIGITS: Final = 9  # of a count, so that the counts of a part of a table can be added up as floating-point numbers
_WORDS: Final = ("reported", "header_from", "dmarc_spf", "dmarc_dkim", "override")  # columns of few different cells
_LONGEST_ADDRESS: Final = 48  # a whole number of words


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Plain rows of one part of a table.

    Attributes:
        is_ip4: which rows have an IPv4 address.
        ip4: their addresses; 0 for the other rows.
        ip6: the addresses of the other rows, 16 octets each; 0 for these.
        domains: the domains of senders, in lower case.
        domain: for each row, the index of its domain.
        messages: for each row, its count, of nine digits at most.
        is_normal: which rows have texts that a `Sender` would not change.
        sender_at: returns the sender of a row.
    """

    is_ip4: Mask
    ip4: NDArray[np.uint32]
    ip6: Octets
    domains: tuple[str, ...]
    domain: Indexes
    messages: NDArray[np.int64]
    is_normal: Mask
    sender_at: Callable[[int], Sender]
    _ordering: Sequence[tuple[Cells, int]]

    def foremost(self, rows: Indexes, at_most: int) -> Indexes:
        """Return so many of the given rows, all of them normal: those with the most messages, and of equal ones those
        whose address, sender and HELO name come first as texts.
        """
        chosen = [rows[:0]]
        for values_of in self._keys():
            if len(rows) <= at_most or not at_most:
                break
            values = values_of(rows)
            bound = np.partition(values, at_most - 1)[at_most - 1]
            chosen.append(rows[values < bound])
            rows, at_most = rows[values == bound], at_most - len(chosen[-1])
        return np.concatenate([*chosen, rows[:at_most]])

    def _keys(self) -> Iterator[Callable[[Indexes], NDArray[Any]]]:
        """Yield functions that return what rows are sorted by: first by the values of the first one."""
        yield lambda rows: -self.messages[rows]
        for cells, longest in self._ordering:
            yield from [partial(_words, cells, at) for at in range(0, longest, 8)]


def has_plain_rows(rows: Rows) -> bool:
    """Whether a table has a form that can have plain rows: each column that is used is in one place."""
    columns = rows.form.columns
    kinds = (columns.event, columns.source, columns.direction, columns.scopes)
    return (
        rows.form.delimiter != " "
        and not rows.has_default
        and "sender" in columns.at
        and all(len(columns.at.get(name, (0,))) == 1 for name in USED)
        and kinds == (None,) * len(kinds)
    )


def _words(cells: Cells, at: int, rows: Indexes) -> NDArray[np.uint64]:
    return cells.at(rows).words(at)


def plain_rows(
    cells: Mapping[str, Cells], columns: Columns, sender_at: Callable[[int], Sender]
) -> tuple[PlainRows, Mask]:
    """Return the plain ones of rows, and which they are.

    Args:
        cells: the cells of their columns: printable ASCII without spaces, quotation marks and angle brackets.
        columns: the columns of the table.
        sender_at: returns the sender of a row.
    """
    is_good = _fit(cells, columns)
    ip4, is_ip4 = cells["ip"].ip4()
    ip6, is_ip6, is_normal = _read_ip6(cells["ip"], is_good & ~is_ip4)
    messages, is_counted = _read_counts(cells.get("count"), len(is_good))
    domains, domain, has_domain, is_folded = _read_domains(cells["sender"], is_good)
    is_good &= (is_ip4 | is_ip6) & is_counted & has_domain
    at = np.flatnonzero(is_good)
    ordering = [(cells["ip"].at(at), _LONGEST_ADDRESS), (cells["sender"].at(at), LONGEST)]
    if "helo" in cells:
        ordering.append((cells["helo"].at(at), LONGEST))
    return PlainRows(
        is_ip4[at], ip4[at], ip6[at], domains, domain[at], messages[at],
        (is_normal & is_folded & _are_normal(cells))[at], lambda row: sender_at(int(at[row])), ordering,
    ), is_good  # fmt: skip


def _fit(cells: Mapping[str, Cells], columns: Columns) -> Mask:
    """Return which rows have cells that fit their columns, as far as they do not have to be read for that."""
    sender = cells["sender"]
    fit: Mask = (sender.lengths > 0) & (sender.lengths <= MAX_SENDER)
    if columns is WITHOUT_HEADING:  # whose second cell may be another address, or a label
        fit &= sender.has_any(positions(sender.octets, "@"))
    if columns.own:  # in the table of another program, such a cell costs only itself
        for name, longest in (("helo", MAX_NAME), ("label", MAX_LABEL)):
            if name in cells:
                fit &= cells[name].lengths <= longest
        for name in _WORDS:
            if name in cells:
                fit &= _are_read(name, cells[name])
    return fit


def _are_read(name: str, cells: Cells) -> Mask:
    """Return which cells of a column `Rows` can read, or are empty."""
    is_short = cells.lengths <= LONGEST
    texts, index, is_read = cells.at(is_short).different()
    is_read &= np.array([_is_read(name, text) for text in texts], np.bool_)[index]
    is_short[is_short] = is_read
    return is_short


def _is_read(name: str, text: str) -> bool:
    try:
        sender_of_row({"ip": "192.0.2.1", "sender": "example.com", name: text})
    except UnusableError:
        return False
    return True


def _read_ip6(cells: Cells, wanted: Mask) -> tuple[Octets, Mask, Mask]:
    """Return the octets of IPv6 addresses; which of the wanted cells are such; and which cells are normal.

    Those of IPv4 addresses are normal.
    """
    ip6 = np.zeros((len(wanted), 16), np.uint8)
    is_normal = np.ones(len(wanted), np.bool_)
    if not wanted.any():
        return ip6, wanted, is_normal
    is_ip6 = wanted & cells.has_any(positions(cells.octets, ":")) & (cells.lengths <= _LONGEST_ADDRESS)
    rows = np.flatnonzero(is_ip6)
    known = [_ip6_of(cells.text(row)) for row in rows.tolist()]
    if known:
        ip6[rows] = np.frombuffer(b"".join([octets or bytes(16) for octets, _ in known]), np.uint8).reshape(-1, 16)
        is_ip6[rows] = [octets is not None for octets, _ in known]
        is_normal[rows] = [normal for _, normal in known]
    return ip6, is_ip6, is_normal


@lru_cache(1 << 14)
def _ip6_of(text: str) -> tuple[bytes | None, bool]:
    """Return the octets of an address, None if it is not one; and whether a sender has it as it is written."""
    value = parse_ip6(text)
    if value is None:
        return None, False
    return value.to_bytes(16, "big"), address_text(V6, value) == text and not text.startswith("::ffff:")


def _read_counts(cells: Cells | None, rows: int) -> tuple[NDArray[np.int64], Mask]:
    """Return the counts of rows, and which are plain. An empty cell means 1."""
    if cells is None:
        return np.ones(rows, np.int64), np.ones(rows, np.bool_)
    counts, is_count = cells.numbers(_MOST_DIGITS)
    is_empty = cells.lengths == 0
    counts[is_empty] = 1
    return counts, is_empty | (is_count & (counts > 0))


def _read_domains(senders: Cells, wanted: Mask) -> tuple[tuple[str, ...], Indexes, Mask, Mask]:
    """Return the different domains of senders in lower case; the index of each; which cells have one; and which senders
    are written as `Sender` has them.
    """
    domains = senders.after_last("@")
    has_domain = wanted & (domains.lengths > 0) & (domains.lengths <= LONGEST)
    texts, index, is_sure = domains.at(has_domain).different()
    folded = [_domain_of(text) for text in texts]
    at = np.flatnonzero(has_domain)
    domain = np.zeros(len(wanted), np.intp)
    domain[at] = index
    has_domain[at] = is_sure & np.array([name is not None for name in folded], np.bool_)[index]
    is_folded = (domains.starts > senders.starts) & (senders.lengths <= LONGEST)
    is_folded[at] &= np.array([name == text for name, text in zip(folded, texts, strict=True)], np.bool_)[index]
    return tuple([name or "" for name in folded]), domain, has_domain, is_folded


@lru_cache(1 << 14)
def _domain_of(text: str) -> str | None:
    """Return a domain in lower case; None if it is not one."""
    try:
        return sender_of(f"@{text}")[1:]
    except UnusableError:
        return None


def _are_normal(cells: Mapping[str, Cells]) -> Mask:
    """Return which rows have HELO names that are short, in lower case, and do not end in a dot."""
    helo = cells.get("helo")
    if helo is None:
        return np.ones(len(cells["ip"].starts), np.bool_)
    octets = helo.octets
    capitals = np.flatnonzero(octets - np.uint8(ord("A")) < 26)
    ends_in_dot = (helo.lengths > 0) & (octets.take(helo.ends - 1, mode="clip") == ord("."))
    normal: Mask = (helo.lengths <= LONGEST) & ~ends_in_dot & ~helo.has_any(capitals)
    return normal
