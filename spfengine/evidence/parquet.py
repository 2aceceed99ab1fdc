"""Tables in Parquet, read by pyarrow. Their columns have the names that the columns of other tables have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.columns import EXPECTED, columns_of, simple
from spfengine.evidence.large_tables import hand_over
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.tables import Rows, TableForm
from spfengine.evidence.values import UnusableError
from spfengine.senders import Sender

if TYPE_CHECKING:
    from spfengine.evidence.large_tables import OnPlainRows

KIND = "parquet"
_NEEDS = "it is a Parquet file, which needs pyarrow: pip install pyarrow numpy (the extra spfengine[parquet])"


def read_parquet(
    file: BinaryIO, ledger: Ledger, bounds: Bounds, domain: str | None, plain: "OnPlainRows | None"
) -> Iterator[Sender]:
    """Yield the sender of each row.

    Args:
        file: the file; it can be read from anywhere.
        domain: what the senders of a table without senders send from; None: such rows are refused.
        plain: takes the plain rows, whose senders are then not yielded.

    Raises:
        BrokenFileError: it is damaged, has no column of addresses, or pyarrow is not installed.
    """
    try:
        from spfengine.evidence.parquet_parts import ParquetPart, open_parquet, parts_of
    except ImportError:
        raise BrokenFileError(_NEEDS) from None
    ledger.begin(KIND)
    source, names = open_parquet(file, bounds)
    columns = columns_of(tuple(map(simple, names)))
    if columns is None:
        raise BrokenFileError(f"the Parquet file has no column of addresses: {EXPECTED}", ", ".join(names))
    rows = Rows(TableForm(",", columns, has_heading=True), ledger, domain, "its columns")
    number = 0
    for batch in parts_of(source, names, columns):
        part = ParquetPart(batch, rows)
        if plain is not None:
            hand_over(part.plain_rows(), KIND, ledger, plain)
        for row in part.others():
            try:
                yield from part.read(row)
            except UnusableError as error:
                ledger.skip(error.reason, error.example, f"row {number + row + 1:,}")
        number += batch.num_rows
