"""How much a Parquet file may unpack to."""

from dataclasses import replace
from io import BytesIO

import pytest

from spfengine.evidence.bounds import DEFAULT_BOUNDS
from spfengine.evidence.ledger import BrokenFileError
from tests.optional import need


def test_a_file_may_unpack_to_a_multiple_of_its_own_size(monkeypatch: pytest.MonkeyPatch) -> None:
    need("pyarrow")
    import pyarrow as pa
    from pyarrow.parquet import write_table

    from spfengine.evidence.parquet_parts import open_parquet

    monkeypatch.setattr("spfengine.evidence.parquet_parts._FREE", 0)
    file = BytesIO()
    write_table(pa.table({"ip": ["192.0.2.1"] * 1000, "sender": ["a@x.example"] * 1000}), file)
    _, names = open_parquet(file, DEFAULT_BOUNDS)
    assert names == ["ip", "sender"]
    with pytest.raises(BrokenFileError, match="more than 2 times its size: a bomb"):
        open_parquet(file, replace(DEFAULT_BOUNDS, ratio=2))
