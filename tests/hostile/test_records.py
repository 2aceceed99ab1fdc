"""Hostile records: each gives the right result with a bounded amount of work."""

import tracemalloc

import pytest

from spfengine import Limits, ProblemCode, RecordSyntaxError, check, diagnose, parse
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

pytestmark = pytest.mark.cases

CLIENT = "192.0.2.1"


def split(record: str) -> tuple[str, ...]:
    """Return a record as the strings of one TXT record."""
    return tuple(record[start : start + 255] for start in range(0, len(record), 255))


def codes(record: str | bytes) -> list[str]:
    return [problem.code for problem in diagnose(record)]


INVALID: list[tuple[str | bytes, list[ProblemCode]]] = [
    (b"v=spf1 a\x00 -all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1 a\t-all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1 a\n-all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1 a\r\n-all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1 \xff\xfe -all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1 a:\xc3\xbc.example -all", [ProblemCode.INVALID_CHARACTER]),
    (b"v=spf1\xc2\xa0-all", [ProblemCode.NOT_SPF]),
    (b"v=spf1\n", [ProblemCode.NOT_SPF]),
    (b"v=spf1\x00", [ProblemCode.NOT_SPF]),
    (b"", [ProblemCode.NOT_SPF]),
    (b"\x00" * 1000, [ProblemCode.NOT_SPF]),
    (b"v=spf1 a\x7f", [ProblemCode.INVALID_CHARACTER]),
    ("v=spf1 \u202eall", [ProblemCode.INVALID_CHARACTER]),
    ("v=spf1 \ud800", [ProblemCode.INVALID_CHARACTER]),
    ("v=spf1 a:\u0131.example", [ProblemCode.INVALID_CHARACTER]),
    ("v=spf1 \u0661p4:192.0.2.1", [ProblemCode.INVALID_CHARACTER]),
    ("v=\u017fpf1 -all", [ProblemCode.NOT_SPF]),  # long s: its upper case is S
    ("v=spf1 ip4:192.0.2.1/" + "9" * 10_000, [ProblemCode.INVALID_CIDR_LENGTH]),
    ("v=spf1 a/" + "0" * 10_000, [ProblemCode.INVALID_CIDR_LENGTH]),
    ("v=spf1 ip4:" + "1" * 10_000, [ProblemCode.INVALID_IP4_NETWORK]),
    ("v=spf1 ip6:" + ":" * 10_000, [ProblemCode.INVALID_IP6_NETWORK]),
    ("v=spf1 a:" + "." * 10_000, [ProblemCode.INVALID_DOMAIN_SPEC]),
    ("v=spf1 exists:%{d" + "0" * 10_000 + "}", [ProblemCode.MACRO_DIGITS_ZERO]),
    ("v=spf1 exists:%{i" + "{" * 100_000 + "}", [ProblemCode.INVALID_MACRO]),
    ("v=spf1 exists:" + "%{" * 3, [ProblemCode.INVALID_MACRO] * 3),
]


@pytest.mark.parametrize(("record", "expected"), INVALID)
def test_invalid_records_are_refused(record: str | bytes, expected: list[ProblemCode]) -> None:
    assert codes(record) == expected
    with pytest.raises(RecordSyntaxError) as caught:
        parse(record)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(
    "octets", [b"v=spf1\n", b"v=spf1\t-all", b"v=spf1\x00", b"v=spf1\xa0+all", b" v=spf1 +all", b"v=spf10 +all", b""]
)
def test_text_that_only_looks_like_a_record_is_ignored(octets: bytes) -> None:
    """RFC 7208 §4.5: "v=spf1", then a space or the end; compared as octets, before anything is decoded."""
    for others in ([], [b"v=spf1 ~all"]):
        result = check(CLIENT, "u@a.example", resolver=Zone({"a.example": {"TXT": [octets, *others]}}))
        assert result.result == ("softfail" if others else "none")


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 exists:%{d1000000000}.example -all",
        "v=spf1 exists:%{d" + "9" * 10_000 + "}.example -all",
        "v=spf1 exists:%{d" + "0" * 9_999 + "1}.example -all",
        "v=spf1 exists:%{l" + "." * 129 + "}.example -all",
        "v=spf1 exists:%{l" + ".-+,/_=" * 1000 + "}.example -all",
        "v=spf1 exists:%{lr" + "-" * 5000 + "}.example -all",
        "v=spf1" + " " * 60_000 + "-all" + " " * 5000,
        "v=spf1 " + "x" * 60_000 + "=y -all",
        "v=spf1 x=" + "%%" * 30_000 + " -all",
    ],
)
def test_odd_but_valid_records_are_accepted(record: str) -> None:
    """RFC 7208 §7.1: there is no limit on the number of digits, delimiters and spaces."""
    assert diagnose(record) == ()
    zone = Zone({"a.example": {"TXT": split(record)}})
    assert check(CLIENT, "u@a.example", resolver=zone).result == "fail"


@pytest.mark.parametrize(
    ("unit", "result"),
    [
        ("ip4:192.0.2.1 ", "pass"),
        *[pytest.param(unit, "permerror", marks=pytest.mark.full) for unit in ("a ", "\x01 ", "exp=%{ ")],
    ],
)
def test_64_kib_of_one_term(unit: str, result: str) -> None:
    record = "v=spf1 " + unit * (65_000 // len(unit))
    zone = Zone({"a.example": {"TXT": split(record)}})
    listening = Listening(zone)
    tracemalloc.start()
    outcome = check(CLIENT, "u@a.example", resolver=listening, limits=Limits(seconds=None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert outcome.result == result
    assert len(listening.asked) <= 2
    assert len(outcome.problem.text if outcome.problem else "") < 1000
    assert peak < 40_000_000
    assert len(diagnose(record)) <= len(record)


@pytest.mark.parametrize("spf", [0, 1, 2, 1000])
def test_a_thousand_txt_records(spf: int) -> None:
    """RFC 7208 §4.5: none, one, or several of them are SPF records."""
    records = ["v=spf1 +all"] * spf + ["x" * 200] * (1000 - spf)
    result = check(CLIENT, "u@a.example", resolver=Zone({"a.example": {"TXT": records}}))
    assert result.result == ("none" if spf == 0 else "pass" if spf == 1 else "permerror")
    assert len(result.problem.text if result.problem else "") < 1500


@pytest.mark.parametrize("length", range(1, 13))
@pytest.mark.parametrize("word", ["include:", "redirect="])
def test_circles_of_records(word: str, length: int) -> None:
    """RFC 7208 §4.6.4: "loops end by the limit", and the problem names the loop if ten terms show all of it."""
    zone = Zone({f"d{i}.example": {"TXT": f"v=spf1 {word}d{(i + 1) % length}.example"} for i in range(length)})
    listening = Listening(zone)
    result = check(CLIENT, "u@d0.example", resolver=listening)
    assert result.result == "permerror"
    assert result.problem is not None
    assert result.problem.code == "too-many-lookups"
    assert len(listening.asked) == min(length, 11)
    assert result.lookups == 11
    if length <= 11:
        named = result.problem.text.partition("loop: ")[2].split(" → ")
        assert named[0] == named[-1]
        assert len(named) == length + 1
        assert set(named) == {f"d{i}.example" for i in range(length)}
    else:
        assert "loop" not in result.problem.text


@pytest.mark.parametrize("word", ["include:", "redirect="])
@pytest.mark.parametrize("length", [1, 2, 150])
def test_circles_with_a_very_high_limit(word: str, length: int) -> None:
    """Even with a very high limit for lookups, the evaluation of endless records stops."""
    zone = Zone({f"d{i}.example": {"TXT": f"v=spf1 {word}d{(i + 1) % length}.example"} for i in range(length)})
    result = check(CLIENT, "u@d0.example", resolver=zone, limits=Limits(lookups=20_000))
    assert result.result == "permerror"
    assert result.problem is not None
    assert result.problem.code == "too-many-lookups"
    assert result.trace.problem == result.problem


def test_ten_mx_of_ten_hosts() -> None:
    """RFC 7208 §4.6.4: 10 terms with 10 names each are allowed: 111 questions, and the very last address matches."""
    records: dict[str | bytes, dict[str, object]] = {
        "a.example": {"TXT": "v=spf1 " + " ".join(f"mx:m{i}.example" for i in range(10)) + " -all"}
    }
    for i in range(10):
        records[f"m{i}.example"] = {"MX": [(10, f"h{j}.m{i}.example") for j in range(10)]}
        for j in range(10):
            records[f"h{j}.m{i}.example"] = {"A": [f"10.{i}.{j}.{k}" for k in range(20)]}
    zone = Zone(records)
    listening = Listening(zone)
    result = check("10.9.9.19", "u@a.example", resolver=listening)
    assert result.result == "pass"
    assert result.directive == "mx:m9.example"
    assert len(listening.asked) == 111
    listening = Listening(zone)
    assert check("10.9.9.20", "u@a.example", resolver=listening).result == "fail"
    assert len(listening.asked) == 111


def test_amplification_ends_at_the_limit() -> None:
    """RFC 7208 §11.1: an attacker's record costs no more than a valid one."""
    records: dict[str | bytes, dict[str, object]] = {
        f"d{i}.example": {
            "TXT": "v=spf1 " + " ".join(f"include:d{j}.example" for j in range(20)) + " ptr:%{p} exp=%{p}.example"
        }
        for i in range(20)
    }
    listening = Listening(Zone(records))
    assert check(CLIENT, "u@d0.example", resolver=listening).result == "permerror"
    assert len(listening.asked) <= 11


@pytest.mark.parametrize(
    "macro", ["%{l1}", *[pytest.param(macro, marks=pytest.mark.full) for macro in ("%{L1r-}", "%{l9.-_}", "%{h}")]]
)
@pytest.mark.parametrize(
    "local_part", ["a." * 5_000, *[pytest.param(text, marks=pytest.mark.full) for text in ("." * 10_240, "ü" * 5_000)]]
)
def test_thousands_of_macros_on_ten_kib_of_local_part(macro: str, local_part: str) -> None:
    """Expansion stops at the longest name, so memory does not grow with macros times local part."""
    record = "v=spf1 exists:" + macro * (60_000 // len(macro)) + ".example exp=e.example -all"
    text = macro * (60_000 // len(macro))
    zone = Zone({"a.example": {"TXT": split(record)}, "e.example": {"TXT": split(text)}})
    tracemalloc.start()
    result = check(CLIENT, f"{local_part}@a.example", "h" * 200, resolver=zone)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.result == "fail"
    assert peak < 30_000_000
    assert len(result.explanation or "") <= 65_535


def test_a_local_part_of_a_megabyte_costs_no_more_than_a_short_one() -> None:
    """The part of a name or explanation that would be cut off is never expanded."""
    record = "v=spf1 exists:" + "%{l1}" * 12_000 + ".example exp=e.example -all"
    zone = Zone({"a.example": {"TXT": split(record)}, "e.example": {"TXT": split("%{l1}" * 12_000)}})
    result = check(CLIENT, "a." * 500_000 + "@a.example", resolver=zone)
    assert result.result == "fail"
    assert result.explanation is None
    assert result.explanation_problem is not None
    assert result.explanation_problem.code == "exp-too-long"


def test_an_explanation_that_is_too_long_is_none() -> None:
    zone = Zone({"a.example": {"TXT": "v=spf1 exp=e.example -all"}, "e.example": {"TXT": split("%{l}" * 1000)}})
    result = check(CLIENT, "x" * 1000 + "@a.example", resolver=zone)
    assert result.explanation_problem is not None
    assert result.explanation_problem.code == "exp-too-long"
    result = check(CLIENT, "x" * 60 + "@a.example", resolver=zone)
    assert result.explanation == "x" * 60_000
