"""Large tables: the plain rows of each part are read by columns, if NumPy is installed, and all others one by one."""

from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from spfengine.evidence.bounds import CHUNK, Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.streams import blocks, lines
from spfengine.evidence.tables import KIND, Table
from spfengine.senders import Sender

if TYPE_CHECKING:
    from spfengine.evidence.plain_rows import PlainRows

OnPlainRows = Callable[["PlainRows"], None]
"""Called with the plain rows of each part of a large table."""

_BLOCK = 1 << 21  # octets


def read_large_table(pieces: Iterable[bytes], ledger: Ledger, bounds: Bounds, plain: OnPlainRows) -> Iterator[Sender]:
    """Yield the senders that `read_table` yields, except those of plain rows, for which `plain` is called.

    Raises:
        BrokenFileError: as for `read_table`, or the pieces end early.
    """
    table = Table(ledger, bounds, None)
    number = 0
    is_large = False
    for block in blocks(pieces, CHUNK, _BLOCK, bounds.line):
        is_large = is_large or (len(block) >= CHUNK and find_spec("numpy") is not None)  # NumPy takes long to load
        begin = 0
        while begin < len(block) and (table.rows is None or not is_large):
            end = (block.find(b"\n", begin) + 1 or len(block)) if is_large else len(block)
            for line, text in lines([block[begin:end]], bounds.line):
                yield from table.read([(number + line, text)])
            number += block.count(b"\n", begin, end)
            begin = end
        if begin < len(block):
            assert table.rows is not None, "the loop has read the lines before the first row"
            from spfengine.evidence.table_parts import TablePart

            part = TablePart(block[begin:], table.rows, bounds.line)
            hand_over(part.plain_rows(), KIND, ledger, plain)
            yield from table.read((number + line, text) for line, text in part.others())
            number += part.lines


def hand_over(rows: "PlainRows | None", kind: str, ledger: Ledger, plain: OnPlainRows) -> None:
    """Count plain rows, and call `plain` for them."""
    if rows is not None:
        ledger.add(kind, int(rows.messages.sum()), rows=len(rows.messages))
        plain(rows)
