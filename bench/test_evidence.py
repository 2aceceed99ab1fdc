"""The cost of a row of evidence; `python -m bench.evidence` reads a million of them, and measures memory."""

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
