"""Parsing and expanding macro-strings."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from spfengine.evaluation.session import Session
from spfengine.record.macro import parse_macro_string

CASES = {
    "%{ir}.%{v}._ok.%{d2}": "10.2.0.192.in-addr._ok.example.com",
    "%{l1r+}._at.%{o}._ok.example.com": "alice._at.mail.example.com._ok.example.com",
    "%{d4r-}.%{h}": "mail.example.com.mx.example.net",
    "%{S}.example.org": "alice%2Bnews%40mail.example.com.example.org",
}


@pytest.mark.parametrize("text", CASES)
def test_macro_expansion(benchmark: BenchmarkFixture, text: str) -> None:
    session = Session("192.0.2.10", "alice+news@mail.example.com", "mx.example.net")
    spec, problems = parse_macro_string(text)
    assert spec is not None
    assert problems == []
    name = benchmark(spec.expand_name, lambda letter: session.macro_value(letter, session.domain, "unknown"))
    assert name == CASES[text]


def test_macro_parse(benchmark: BenchmarkFixture) -> None:
    parsed = benchmark(lambda: [parse_macro_string(text)[0] for text in CASES])
    assert [str(spec) for spec in parsed] == list(CASES)
