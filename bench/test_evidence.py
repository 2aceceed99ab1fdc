"""What a row of evidence costs; `python -m bench.evidence` has a million of them, and the memory that they take."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.evidence import KINDS
from spfengine.evidence.reading import read_evidence


@pytest.mark.parametrize("kind", KINDS)
def test_rows(benchmark: BenchmarkFixture, tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    path.write_text("".join(KINDS[kind](2000, 100)), encoding="ascii")
    evidence = benchmark(read_evidence, path)
    assert evidence.sources[0].rows == 2000
    assert len(evidence.senders) == 100
    assert evidence.skipped == 0
