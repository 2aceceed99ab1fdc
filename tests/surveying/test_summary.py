"""The summary of a survey: rows that add up in any order, and that equal what is known of a population."""

import asyncio
import json
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from bench.population import APEX, KINDS, Population, write
from bench.workloads import Record, Workload
from bench.zones import make_zone
from spfengine import LiveResolver, Question, RRType, Zone
from spfengine.errors import ArgumentError
from spfengine.surveying import RecordFault, Summary, SummaryRow, SurveyedDomain
from tests.conftest import REPOSITORY
from tests.surveying.cases import DOMAINS, RECORDS, ZONE
from tests.wire.real_server import recurse, serve

# Table 3 of "SPF Beyond the Standard", out of 55 million domains with SPF
PUBLISHED = {
    "missing-network": 7_827,
    "missing-name": 2_127,
    "invalid-value": 23_147,
    "unknown-mechanism": 53_466,
    "recursive": 55_907,
    "multiple-records": 82_606,
    "include-without-record": 85_140,
    "void-mx": 324_524,
    "void-a": 280_890,
    "over-lookups": 3_548_014,
}

COUNTS = st.builds(
    Summary,
    st.lists(st.tuples(st.sampled_from(list(SummaryRow)), st.integers(0, 1 << 40))),
    st.lists(st.tuples(st.sampled_from(["a.example", "b.example", "%{d}.example"]), st.integers(1, 1 << 40))),
)


@given(COUNTS, COUNTS, COUNTS)
def test_parts_add_up_in_any_order(first: Summary, second: Summary, third: Summary) -> None:
    assert first + second == second + first
    assert (first + second) + third == first + (second + third)
    assert first + Summary() == first == sum([first], Summary())
    for row in SummaryRow:
        assert (first + second)[row] == first[row] + second[row]
    for copy in (Summary.from_dict(json.loads(json.dumps(first.to_dict()))), pickle.loads(pickle.dumps(first))):
        assert copy == first


def surveyed(**settings: Any) -> list[SurveyedDomain]:
    return list(spfengine.survey([*DOMAINS, "no domain"], resolver=ZONE, **settings))


def test_parts_of_a_survey_add_up_to_the_whole() -> None:
    lines = surveyed()
    whole = Summary.of(lines)
    assert Summary.of([line.to_dict() for line in lines]) == whole
    assert sum([Summary.of([line]) for line in reversed(lines)], Summary()) == whole
    assert whole["domains"] == len(DOMAINS)
    assert whole.share("domains") is None
    assert whole.share("with-record") == whole["with-record"] / len(DOMAINS)
    assert Summary().share("faulty") is None
    with pytest.raises(KeyError):
        _ = whole["no-row"]


FAULTS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("v=spf1 ip4: a: -al", {}, ["missing-network", "missing-name", "unknown-mechanism"], []),
    ("v=spf1 +IP6 -all", {}, ["missing-network"], []),
    ("v=spf1 ?mx:/24 -all", {}, ["missing-name"], []),
    ("v=spf1 ip4:1.2.3.4/33 -all", {}, ["invalid-value"], []),
    ("v=spf1 all:x -all", {}, ["invalid-value"], []),
    ("v=spf1 exists: -all", {}, ["other-syntax"], []),
    ("v=spf1 mx -all", {}, ["void-mx"], []),
    ("v=spf1 mx:%{d} -all", {}, [], []),  # its name has a macro
    ("v=spf1 a:h1.example -all", {}, [], []),
    ("v=spf1 -all a:nowhere.example", {}, [], []),  # never evaluated
    ("v=spf1 include:x.example -all", {}, ["recursive"], []),
    ("v=spf1 include:two.example -all", {}, [], ["two.example"]),
    ("v=spf1 include:dangling.example -all", {}, ["include-without-record"], ["nowhere.example"]),
    ("v=spf1 redirect=Nowhere.Example.", {}, [], ["nowhere.example"]),
    ("v=spf1 ip4:0.0.0.0/0 ip6:::/0 include:typo.example -all", {}, [], []),  # no client comes to it
    (f"v=spf1 {'a:h1.example ' * 11}-all", {}, ["over-lookups"], []),
    (f"v=spf1 {'include:three.example ' * 4}-all", {}, ["over-lookups"], []),
    (f"v=spf1 {'include:six.example ' * 2}-all", {}, ["over-lookups", "over-lookups-by-two-includes"], []),
    ("v=spf1 redirect=_spf.x.example", {"_spf.x.example": {"TXT": f"v=spf1 {'include:six.example ' * 2}-all"}},
     ["over-lookups", "over-lookups-by-two-includes"], []),
    ("v=spf1 include:many.example -all", {}, ["over-lookups", "over-lookups-by-two-includes"], []),
]  # fmt: skip
OTHERS = {
    "three.example": {"TXT": f"v=spf1 {'a:h1.example ' * 2}-all"},
    "six.example": {"TXT": f"v=spf1 {'a:h1.example ' * 5}-all"},
    "h1.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"},
}


@pytest.mark.parametrize(("record", "more", "faults", "broken_by"), FAULTS, ids=[record for record, *_ in FAULTS])
def test_what_is_wrong_with_a_record(
    record: str, more: dict[str, Any], faults: list[str], broken_by: list[str]
) -> None:
    zone = Zone({**RECORDS, **OTHERS, **more, "x.example": {"TXT": record}})
    [found] = spfengine.survey(["x.example"], resolver=zone, lint=False)
    assert [str(fault) for fault in found.faults] == faults
    assert list(found.broken_by) == broken_by


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 " + "include:a.b " * 5_400 + "-all",
        b"v=spf1 include:\xad\xe2\x80\xae.example -all",
        "v=spf1 include:%{i}\\x.example -all",
        "v=spf1 " + " ".join([f"include:n{number}.xx" for number in range(4_500)]),
        "v=spf1 " + "a: ip4: x " * 6_000,
    ],
    ids=["one-include", "not-printable", "macro", "includes", "errors"],
)
def test_any_record_can_be_counted(record: str | bytes) -> None:
    zone = Zone({**RECORDS, "x.example": {"TXT": record}})
    found = Summary.of(spfengine.survey(["x.example"], resolver=zone, lint=False))
    assert found["with-record"] == 1
    assert Summary.from_dict(found.to_dict()) == found


BAD: list[tuple[str, Any]] = [
    ("schema", "spfengine.survey/2"),
    ("state", "fine"),
    ("faults", ["no-fault"]),
    ("faults", "recursive"),
    ("incomplete", 1),
    ("passing", {"4": "many"}),
    ("broken_by", ["\x1b[2J"]),
    ("results", None),
    ("lint", {"error": []}),
]


@pytest.mark.parametrize(("key", "value"), BAD)
def test_what_is_no_line_is_refused_with_its_key(key: str, value: object) -> None:
    [line] = spfengine.survey(["soft.example"], resolver=ZONE)
    with pytest.raises(ArgumentError, match=f"line.{key}"):
        Summary.of([{**line.to_dict(), key: value}])
    with pytest.raises(ArgumentError, match=r"key .* is missing"):
        Summary.of([{other: kept for other, kept in line.to_dict().items() if other != key}])


def test_what_is_no_summary_is_refused() -> None:
    document: dict[str, Any] = Summary.of(surveyed()).to_dict()
    rows = document["rows"]
    bad: list[Any] = [
        None,
        [],
        {**document, "schema": "x"},
        {**document, "rows": rows[1:]},
        {**document, "rows": rows * 2},
        {**document, "rows": [*rows[1:], rows[1]]},
        {**document, "broken_by": [{"domain": "\n", "domains": 1}]},
        {**document, "rows": [{**rows[0], "domains": -1}, *rows[1:]]},
    ]
    for data in bad:
        with pytest.raises(ArgumentError, match="summary"):
            Summary.from_dict(data)


def test_the_codes_are_those_that_were_published() -> None:
    """Users' scripts compare with these values, so none may disappear."""
    faults = """
        missing-network missing-name invalid-value unknown-mechanism other-syntax recursive multiple-records
        include-without-record void-mx void-a over-lookups over-lookups-by-two-includes
    """.split()
    first = "domains incomplete with-record with-include faulty large-space".split()
    assert list(RecordFault) == faults
    assert list(SummaryRow) == [*first, *faults, "linted", "could-be-registered", "rentable-network"]


# The population whose truth is known


def test_the_population_has_the_published_rates() -> None:
    weights: Counter[str] = Counter()
    for kind in KINDS:
        weights.update(dict.fromkeys(map(str, kind.rows), kind.weight))
    assert {row: weights[row] for row in PUBLISHED} == PUBLISHED
    with_record = sum([kind.weight for kind in KINDS if kind.record.startswith("v=spf1")])
    assert with_record == 55_000_000
    assert with_record / sum([kind.weight for kind in KINDS]) == pytest.approx(0.565)
    assert weights["large-space"] / with_record == pytest.approx(0.347)
    assert weights["with-include"] / with_record == pytest.approx(0.60)
    assert weights["over-lookups-by-two-includes"] / weights["over-lookups"] == pytest.approx(0.837)
    assert min(kind.weight for kind in KINDS) > 0


def test_the_summary_of_a_small_population_is_what_is_known_of_it() -> None:
    population = Population(300)
    known = population.truth(lint=False)
    found = Summary.of(spfengine.survey(population.domains, resolver=population, lint=False))
    assert found == known
    assert all(known[fault] for fault in RecordFault)
    assert {name for name, _ in known.broken_by} >= {f"{label}.{APEX}" for label in ("empty", "nowhere", "broken")}


def test_lint_finds_one_domain_of_each_kind() -> None:
    population = Population(len(KINDS))
    found = Summary.of(spfengine.survey(population.domains, resolver=population))
    assert found == population.truth(lint=True)
    assert found["could-be-registered"] == 2
    assert found["rentable-network"] == 1


def test_as_zone_files_the_population_answers_the_same(tmp_path: Path) -> None:
    population = Population(len(KINDS))
    write(population, tmp_path)
    zone = spfengine.read_zone(str(tmp_path / f"{APEX}.zone"))
    com = spfengine.read_zone(str(tmp_path / "com.zone"))
    names = [*population.domains, f"mail.{APEX}", f"gone.d1.{APEX}", f"www.d1.{APEX}", f"d{len(KINDS)}.{APEX}"]
    names += [f"_spf.d{number}.{APEX}" for number in range(len(KINDS))]
    for name in names:
        for type in (RRType.TXT, RRType.A, RRType.AAAA, RRType.MX):
            expected, returned = zone.resolve(Question(name, type)), population.resolve(Question(name, type))
            assert (returned.status, returned.records) == (expected.status, expected.records), (name, type)
    assert com.resolve(Question("gone-1.com", RRType.TXT)).status == "NXDOMAIN"
    assert (tmp_path / "domains.txt").read_text("ascii").split() == list(population.domains)


def test_another_seed_is_another_population() -> None:
    first, second = Population(200), Population(200, seed=1)
    assert first.truth(lint=False) == Population(200).truth(lint=False)
    assert [first.kind(n) for n in range(200)] != [second.kind(n) for n in range(200)]
    with pytest.raises(ValueError, match="domains or more"):
        Population(3)


def test_the_example_is_the_summary_of_a_population() -> None:
    """What the page shows; `test_the_summary_of_a_population_is_what_is_known_of_it` surveys it."""
    text = (REPOSITORY / "examples" / "population-summary.json").read_text("ascii")
    assert Summary.from_dict(json.loads(text)) == Population(20_000).truth(lint=True)


@pytest.mark.debian
def test_of_a_population_that_real_servers_have_it_is_what_is_known(tmp_path: Path) -> None:
    """An authoritative server, and a recursive one before it, as in a survey of the Internet."""
    population = Population(2_000)
    workload = Workload("population", tuple(_rows(population)), ())
    with serve(make_zone(workload), tmp_path) as authority, recurse(authority, tmp_path) as nameserver:
        live = LiveResolver(nameserver, timeout=20, lifetime=60)
        found = Summary.of(asyncio.run(surveyed_live(population, live)))
    assert found == population.truth(lint=True)


async def surveyed_live(population: Population, live: LiveResolver) -> list[SurveyedDomain]:
    found = spfengine.asurvey(population.domains, resolver=live, seconds=60)
    return [each async for each in found]


def _rows(population: Population) -> Iterator[Record]:
    for name, sets in population.names():
        for type, records in sets.items():
            yield from [Record(name, type, record) for record in records]


@pytest.mark.full
def test_the_summary_of_a_population_is_what_is_known_of_it() -> None:
    population = Population(20_000)
    found = Summary.of(spfengine.survey(population.domains, resolver=population))
    assert found == population.truth(lint=True)
