"""A part of a table in Parquet, as columns of cells. Needs pyarrow and NumPy."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute
from pyarrow.parquet import ParquetFile

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.cells import Cells, octets_of, odd_positions
from spfengine.evidence.columns import Columns
from spfengine.evidence.ledger import BrokenFileError
from spfengine.evidence.plain_rows import USED, PlainRows, has_plain_rows, plain_rows
from spfengine.evidence.tables import Rows, text_of_cell
from spfengine.evidence.values import MAX_SENDER, UnusableError
from spfengine.senders import Sender

_AT_ONCE: Final = 1 << 17  # rows
_LEAST_ROW: Final = 8  # octets that a row counts for, however well it is packed
_FREE: Final = 64 << 20  # octets that may be unpacked whatever the ratio
_LONGEST_TEXT: Final = 1 << 16  # octets of a cell
_MOST_COLUMNS: Final = 10_000
_MOST_DESCRIBED: Final = 1 << 20  # octets of a text, and items of a list, in the description of the file
_BUFFER: Final = 1 << 20  # octets
_FAULTS: Final = (
    pa.ArrowException, OSError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError, AttributeError,
)  # fmt: skip
_DAMAGED: Final = "it is not a Parquet file that can be read"


def open_parquet(file: BinaryIO, bounds: Bounds) -> tuple[ParquetFile, list[str]]:
    """Return an open Parquet file, and the names of its columns. Raises BrokenFileError."""
    options: dict[str, Any] = {
        "thrift_string_size_limit": _MOST_DESCRIBED,
        "thrift_container_size_limit": _MOST_DESCRIBED,
        "buffer_size": _BUFFER,
        "pre_buffer": False,
    }
    try:
        described = ParquetFile(file, **options)
        schema, metadata = described.schema_arrow, described.metadata
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        source = ParquetFile(file, read_dictionary=texts, **options)  # holds a text that is repeated once
        unpacked = sum([metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups)])
        unpacked = max(unpacked, _LEAST_ROW * metadata.num_rows)
        size = file.seek(0, os.SEEK_END)
    except _FAULTS as error:
        raise _broken(error) from None
    if metadata.num_columns > _MOST_COLUMNS:
        raise BrokenFileError(f"the Parquet file has more than {_MOST_COLUMNS:,} columns")
    if unpacked > bounds.unpacked:
        raise BrokenFileError(f"it unpacks to more than {bounds.unpacked >> 20:,} MiB")
    if unpacked > max(_FREE, size * bounds.ratio):
        raise BrokenFileError(f"it unpacks to more than {bounds.ratio} times its size: a bomb")
    return source, list(schema.names)


def parts_of(source: ParquetFile, names: list[str], columns: Columns) -> Iterator[pa.RecordBatch]:
    """Yield the rows in parts, without the columns that are not read; their names are the places of the columns.

    Raises:
        BrokenFileError: the file is damaged, or has two columns of one name.
    """
    others = (columns.event, columns.source, columns.direction, columns.scopes, columns.domains)
    read = {place for places in columns.at.values() for place in places} | {
        place for place in others if place is not None
    }
    places = sorted(read)
    try:
        batches = source.iter_batches(_AT_ONCE, columns=[names[place] for place in places], use_threads=False)
        for batch in batches:
            if batch.schema.names != [names[place] for place in places]:
                raise BrokenFileError("the Parquet file has a column twice, or inside another one")
            yield pa.RecordBatch.from_arrays(batch.columns, [str(place) for place in places])
    except _FAULTS as error:
        raise _broken(error) from None


def _broken(error: BaseException) -> BrokenFileError:
    return BrokenFileError(_DAMAGED, str(error).partition("\n")[0])


class ParquetPart:
    """Rows of a table."""

    def __init__(self, batch: pa.RecordBatch, rows: Rows) -> None:
        """Take the rows.

        Args:
            batch: the rows; the names of the columns are their places.
            rows: what reads the rows that are not plain.
        """
        self._batch = batch
        self._reader = rows
        self._is_other = np.ones(batch.num_rows, np.bool_)

    def plain_rows(self) -> PlainRows | None:
        """Return the plain rows, or None if there are none. They are not kept here, see `TablePart`."""
        if not has_plain_rows(self._reader):
            return None
        columns = self._reader.form.columns
        used = columns.at if columns.own else [name for name in USED if name in columns.at]
        try:
            cells = {name: _cells(self._batch.column(str(columns.at[name][0]))) for name in used}
        except _FAULTS:  # a damaged file can name texts that it does not have
            return None
        is_usual = np.ones(self._batch.num_rows, np.bool_)
        whole: dict[str, Cells] = {}
        for name, each in cells.items():
            if each is None:
                return None
            is_usual &= ~each.has_any(odd_positions(each.octets, ""))
            whole[name] = each
        at = np.flatnonzero(is_usual)
        parts = {name: each.at(at) for name, each in whole.items()}
        rows, is_good = plain_rows(parts, columns, lambda row: self._sender(int(at[row])))
        self._is_other[at[is_good]] = False
        return rows if is_good.any() else None

    def _sender(self, row: int) -> Sender:
        [sender] = self.read(row)
        return sender

    def others(self) -> Iterator[int]:
        """Yield the rows that are not plain."""
        yield from np.flatnonzero(self._is_other).tolist()

    def read(self, row: int) -> Iterator[Sender]:
        """Yield the sender of a row. Raises UnusableError."""
        cells = [""] * self._reader.form.columns.width
        for name, column in zip(self._batch.schema.names, self._batch.columns, strict=True):
            cells[int(name)] = _text(column[row])
        yield from self._reader.read_cells(cells, None)


def _text(value: Any) -> str:
    """Return the text of a cell. Raises UnusableError."""
    if pa.types.is_nested(value.type):
        raise UnusableError("a cell is neither text, nor a whole number, nor an address", "a list or an object")
    try:
        if isinstance(value, pa.DictionaryScalar):
            value = value.value
        if isinstance(value, pa.StringScalar) and value.is_valid and value.as_buffer().size > _LONGEST_TEXT:
            raise UnusableError(f"a cell is longer than {_LONGEST_TEXT:,} octets")
        return text_of_cell(value.as_py())
    except _FAULTS:
        raise UnusableError("a cell can't be read") from None


_NUL: Final = "\0"  # no plain row has it


def _cells(column: pa.Array) -> Cells | None:
    """Return the cells of a column; None if it has other values than texts and whole numbers."""
    if pa.types.is_integer(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.string())
    elif pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        column = _values(column)
    else:
        return None
    _, offsets, octets = column.buffers()
    edges = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return Cells(octets_of(octets or b""), edges[:-1], edges[1:])


def _values(column: pa.DictionaryArray) -> pa.StringArray:
    """Return the values of a column; a NUL in place of long ones, which a small file can have a million times.

    The time does not depend on how many other values the dictionary has.
    """
    if not len(column.dictionary):
        return pa.nulls(len(column), pa.string())
    indices = column.indices
    _, offsets, _ = column.dictionary.buffers()
    edges = np.frombuffer(offsets, np.int32)[column.dictionary.offset :][: len(column.dictionary) + 1]
    at = indices.fill_null(0).to_numpy(zero_copy_only=False)
    is_long = edges[at + 1] - edges[at] > MAX_SENDER
    if not is_long.any():
        return column.dictionary.take(indices)
    short = column.dictionary.take(compute.if_else(pa.array(is_long), None, indices))
    return compute.if_else(pa.array(is_long), _NUL, short)
