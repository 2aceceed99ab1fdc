"""The lines of a survey as a Parquet file: one row for each domain, in columns that have the names of the keys.

A Parquet file can't be added to. So a survey writes its lines to a file next to it, with which `--resume` continues,
and the Parquet file when every domain has a line: as a whole, or not at all.
"""

import json
import os
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final

from spfengine.cli import exits
from spfengine.cli.exits import CommandError, cannot_read, cannot_write
from spfengine.cli.survey_files import NOT_A_LINE, Document, is_document, lines_file
from spfengine.errors import MissingExtraError
from spfengine.visible import visible
from spfengine.written_files import draft_of, write_pieces

try:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile, ParquetWriter
except ImportError:
    raise MissingExtraError("Parquet needs pyarrow: pip install pyarrow (the extra spfengine[parquet])") from None

_AT_ONCE: Final = 4096  # domains
_EXACT: Final = 1 << 53  # a greater count is a floating-point number in JSON as well
_COUNTS: Final = ("lookups", "void_lookups", "passing")
_TEXTS: Final = pa.list_(pa.string())
_BY_VERSION: Final = pa.struct([("4", pa.float64()), ("6", pa.float64())])
_PROBLEM: Final = pa.struct([
    ("code", pa.string()), ("text", pa.string()), ("domain", pa.string()), ("span", pa.list_(pa.int64())),
    ("section", pa.string()), ("hint", pa.string()),
])  # fmt: skip
COLUMNS: Final = pa.schema([
    ("schema", pa.string()), ("domain", pa.string()), ("state", pa.string()), ("fault", pa.string()),
    ("result", pa.string()), ("results", _TEXTS), ("problem", _PROBLEM), ("faults", _TEXTS), ("broken_by", _TEXTS),
    ("record", pa.string()), ("all", pa.string()), ("redirect", pa.string()), ("includes", _TEXTS),
    ("leads_to", _TEXTS), ("lookups", _BY_VERSION), ("void_lookups", _BY_VERSION), ("endless", pa.bool_()),
    ("passing", _BY_VERSION), ("conditional", pa.bool_()), ("incomplete", pa.bool_()), ("cut", pa.bool_()),
    ("lint", pa.struct([("error", _TEXTS), ("warning", _TEXTS), ("info", _TEXTS)])), ("ttl", pa.int64()),
    ("live", pa.bool_()), ("questions", pa.int64()), ("asked", pa.string()), ("seconds", pa.float64()),
])  # fmt: skip
"""The columns, which are those of `spfengine.survey/1`."""


def documents_of(path: str) -> Iterator[Document]:
    """Yield the documents of a file that a survey wrote. Raises CommandError."""
    printable = visible(path)
    faults = (pa.ArrowException, OSError, ValueError, LookupError, TypeError, ArithmeticError, MemoryError)
    try:
        with ParquetFile(path) as file:
            if not file.schema_arrow.equals(COLUMNS):
                raise CommandError(exits.DATA, f"{printable}: it does not have the columns of a survey")
            for batch in file.iter_batches(_AT_ONCE, use_threads=False):
                for document in batch.to_pylist():
                    if not is_document(document):
                        raise CommandError(exits.DATA, f"{printable}: a row: {NOT_A_LINE}")
                    yield _with_counts(document)
    except faults as error:
        if isinstance(error, OSError) and error.errno is not None:  # pyarrow raises others for damage
            raise cannot_read(printable, error) from error
        why = visible(str(error).partition("\n")[0], 200)
        raise CommandError(exits.DATA, f"{printable}: it is not a Parquet file that can be read: {why}") from error


def _with_counts(document: Document) -> Document:
    """Return a document whose counts are whole numbers, as in JSON, if these are exact."""
    for name in _COUNTS:
        counts = document[name].items()
        document[name] = {version: int(count) if count <= _EXACT else count for version, count in counts}
    return document


def prepare(path: str, *, resume: bool) -> None:
    """Make the file of lines for a new survey, or for one that continues. Raises CommandError."""
    printable = visible(path)
    if not os.path.exists(path):
        return
    if not resume:
        hint = "give --resume to continue it, or another name to begin anew"
        raise CommandError(exits.CANNOT_CREATE, f"{printable} exists already; {hint}; nothing was changed")
    if not os.path.exists(lines_file(path)):
        lines = (f"{json.dumps(document)}\n" for document in documents_of(path))
        try:
            write_pieces(lines_file(path), lines)
        except OSError as error:
            raise cannot_write(visible(lines_file(path)), error) from error


def finish(path: str) -> None:
    """Write the Parquet file, and remove the file of lines. Raises CommandError."""
    try:
        with (
            open(lines_file(path), "rb") as lines,
            draft_of(path) as draft,
            ParquetWriter(draft, COLUMNS, compression="zstd") as writer,
        ):
            for batch in _batches(lines):
                writer.write_batch(batch)
        os.remove(lines_file(path))
    except OSError as error:
        raise cannot_write(visible(path), error) from error


def _batches(lines: BinaryIO) -> Iterator[pa.RecordBatch]:
    while part := [json.loads(line) for line in islice(lines, _AT_ONCE)]:
        yield pa.RecordBatch.from_pylist(part, schema=COLUMNS)
