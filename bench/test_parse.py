"""Parsing a record: cold, from its text; warm, from the answer that keeps the parsed record."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from bench.workloads import load
from spfengine import Answer, Record, parse
from spfengine.evaluation.check_host import select_record

RECORDS = (Path(__file__).parent / "data" / "records.txt").read_text("ascii").splitlines()
HEAVY = [record.value for record in load("W4").records if record.type == "TXT"]


@pytest.mark.parametrize("texts", [RECORDS, HEAVY], ids=["8 records of all kinds", "8 records of W4"])
def test_cold_parse(benchmark: BenchmarkFixture, texts: list[str]) -> None:
    records = benchmark(lambda: [parse(text) for text in texts])
    assert [str(record) for record in records] == texts


@pytest.mark.parametrize("texts", [RECORDS, HEAVY], ids=["8 records of all kinds", "8 records of W4"])
def test_warm_parse(benchmark: BenchmarkFixture, texts: list[str]) -> None:
    answers = [Answer.txt(text) for text in texts]
    read = [select_record(answer) for answer in answers]
    records = benchmark(lambda: [select_record(answer) for answer in answers])
    assert all(isinstance(record, Record) for record in records)
    assert all(again is first for again, first in zip(records, read, strict=True))
