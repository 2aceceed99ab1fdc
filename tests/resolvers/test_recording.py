"""Recordings: what a resolver answered, answered again without it."""

import asyncio
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import json_files
from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.errors import RecordingError, ResolverError
from spfengine.resolvers import recording as module
from spfengine.resolvers.recording import Recorder, Recording
from spfengine.resolvers.zone import Zone

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR

_names = st.text(st.characters(max_codepoint=255), max_size=30)
_ttls = st.none() | st.integers(0, 1 << 20)
_chains = st.lists(_names, max_size=3)
_some: Any = {"min_size": 1, "max_size": 3}
_strings = st.lists(st.binary(max_size=20), **_some).map(tuple)
_pairs = st.one_of(
    st.builds(
        lambda name, records, ttl, chain: (Question(name, TXT), Answer.txt(*records, ttl=ttl, chain=chain)),
        *(_names, st.lists(_strings, **_some), _ttls, _chains),
    ),
    st.builds(
        lambda name, records, ttl: (Question(name, A), Answer.a(*records, ttl=ttl)),
        *(_names, st.lists(st.ip_addresses(v=4), **_some), _ttls),
    ),
    st.builds(
        lambda name, records, chain: (Question(name, AAAA), Answer.aaaa(*records, chain=chain)),
        *(_names, st.lists(st.ip_addresses(v=6), **_some), _chains),
    ),
    st.builds(
        lambda name, records, ttl: (Question(name, MX), Answer.mx(*records, ttl=ttl)),
        *(_names, st.lists(st.tuples(st.integers(0, 65535), _names), **_some), _ttls),
    ),
    st.builds(lambda name, records: (Question(name, PTR), Answer.ptr(*records)), _names, st.lists(_names, **_some)),
    st.builds(
        lambda name, kind, status, chain: (Question(name, kind), Answer(status, chain=chain)),
        *(_names, st.sampled_from(RRType), st.sampled_from(Status), _chains),
    ),
)


@given(st.lists(_pairs, max_size=4))
def test_a_recording_survives_json_whatever_octets_are_in_it(pairs: list[tuple[Question, Answer]]) -> None:
    recording = Recording(pairs)
    text = recording.to_json()
    assert text.isascii()
    again = Recording.from_json(text)
    assert again == recording
    assert again.to_json() == text
    for question, answer in recording.answers:
        assert again.resolve(question) == answer


def test_what_was_recorded_is_answered_again(tmp_path: Path) -> None:
    zone = Zone({"example.com": {"TXT": ("v=spf1 ", "-all")}, "b.example": {"CNAME": "dead.example"}}, ttl=7)
    recorder = Recorder(zone)
    questions = [Question(name, kind) for name in ("Example.com", "b.example", "x.example") for kind in RRType]
    answers = [recorder.resolve(question) for question in questions]
    assert answers == [zone.resolve(question) for question in questions]
    recorder.recording.save(tmp_path / "r.json")
    loaded = Recording.load(tmp_path / "r.json")
    assert [loaded.resolve(Question(q.name.upper() + ".", q.type)) for q in questions] == answers
    assert loaded.resolve(questions[0]) is loaded.resolve(questions[0])
    assert asyncio.run(loaded.aresolve(questions[0])) == answers[0]
    assert [question for question, _ in loaded.answers] == questions


def test_what_was_not_recorded_is_not_known_and_never_made_up() -> None:
    recording = Recording([(Question("example.com", TXT), Answer.txt("x"))])
    for question in (Question("example.com", A), Question("x.example.com", TXT)):
        assert recording.resolve(question) == Answer.failed(Status.UNKNOWN)


def test_the_schema_is_stable() -> None:
    """It is public API: change it only together with its version."""
    recording = Recording(
        [
            (Question("a\xff.example", TXT), Answer.txt(("v=spf1 ", b"\xfe"), ttl=60, chain=["b.example"])),
            (Question("a.example", A), Answer.a("192.0.2.1")),
            (Question("a.example", AAAA), Answer.aaaa("2001:db8::1")),
            (Question("a.example", MX), Answer.mx((10, "mx.example"), (0, "."))),
            (Question("1.2.0.192.in-addr.arpa", PTR), Answer.ptr("a.example")),
            (Question("b.example", A), Answer.nodata(5)),
            (Question("c.example", A), Answer.nxdomain()),
            (Question("d.example", A), Answer.failed(Status.TIMEOUT, chain=["e.example"])),
        ]
    )
    a = {"name": "a.example", "status": "NOERROR"}
    assert json.loads(recording.to_json()) == {
        "schema": "spfengine.recording/1",
        "answers": [
            {
                "name": "a\xff.example",
                "type": "TXT",
                "status": "NOERROR",
                "ttl": 60,
                "chain": ["b.example"],
                "records": [["v=spf1 ", "\xfe"]],
            },
            {**a, "type": "A", "records": ["192.0.2.1"]},
            {**a, "type": "AAAA", "records": ["2001:db8::1"]},
            {**a, "type": "MX", "records": [[10, "mx.example"], [0, ""]]},
            {"name": "1.2.0.192.in-addr.arpa", "type": "PTR", "status": "NOERROR", "records": ["a.example"]},
            {"name": "b.example", "type": "A", "status": "NOERROR", "ttl": 5},
            {"name": "c.example", "type": "A", "status": "NXDOMAIN"},
            {"name": "d.example", "type": "A", "status": "TIMEOUT", "chain": ["e.example"]},
        ],
    }


def test_a_recording_is_a_value() -> None:
    recording = Recording([(Question("a.example", TXT), Answer.txt("x"))])
    assert pickle.loads(pickle.dumps(recording)) == recording
    assert hash(Recording(recording.answers)) == hash(recording)
    with pytest.raises(AttributeError):
        setattr(recording, "answers", ())  # noqa: B010  the checker would refuse the plain form


def test_the_later_of_two_answers_counts() -> None:
    class Changing:
        answers = iter([Answer.failed(Status.TIMEOUT), Answer.txt("x")])

        async def aresolve(self, _question: Question) -> Answer:
            return next(self.answers)

    recorder = Recorder(Changing())
    for name in ("a.example", "A.example"):
        asyncio.run(recorder.aresolve(Question(name, TXT)))
    assert recorder.recording.answers == ((Question("A.example", TXT), Answer.txt("x")),)


def test_a_recorder_passes_on_what_its_resolver_raises_and_records_nothing() -> None:
    class Raising:
        def resolve(self, question: Question) -> Answer:
            raise KeyError(question.name)

    recorder = Recorder(Raising())
    with pytest.raises(KeyError):
        recorder.resolve(Question("a.example", TXT))
    assert recorder.recording == Recording([])
    with pytest.raises(ResolverError):
        Recorder(5)
    assert isinstance(recorder, Resolver)
    assert isinstance(recorder, AsyncResolver)


def test_a_recorder_that_could_not_keep_all_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWERS", 2)
    recorder = Recorder(Zone({}))
    for number in (0, 1, 1):
        recorder.resolve(Question(f"n{number}.example", TXT))
    assert len(recorder.recording.answers) == 2
    assert recorder.resolve(Question("n2.example", TXT)) == Answer.nxdomain()
    with pytest.raises(RecordingError, match="more than 2"):
        _ = recorder.recording


def test_saving_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.json"
    good = Recording([(Question("a.example", TXT), Answer.txt("x"))])
    good.save(str(path))
    before = path.read_text()
    bad = Recording([(Question("a.example", A), Answer(Status.NOERROR, A, (1 << 40,)))])
    with pytest.raises(RecordingError, match=r"a\.example A"):
        bad.save(path)

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="disk full"):
        Recording([]).save(path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError):
        good.save(tmp_path / "absent" / "r.json")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (Question("\u0100.example", TXT), Answer.nodata()),
        (Question("a.example", "NS"), Answer.nodata()),  # type: ignore[arg-type]  # what a user's resolver may do
        (Question("a.example", TXT), Answer(Status.NOERROR, TXT, ("text",))),
        (Question("a.example", MX), Answer(Status.NOERROR, MX, (5,))),
        (Question("a.example", A), Answer.a("192.0.2.1", ttl=-1)),
        (Question("a.example", PTR), Answer(Status.NOERROR, PTR, ("\u20ac",))),
    ],
)
def test_an_answer_that_can_not_be_written(question: Question, answer: Answer) -> None:
    with pytest.raises(RecordingError, match="can't be written"):
        Recording([(question, answer)]).to_json()


def entry(**changes: object) -> str:
    base = {"name": "a.example", "type": "TXT", "status": "NOERROR", "records": [["x"]], **changes}
    return json.dumps({"schema": "spfengine.recording/1", "answers": [base]})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "JSON"),
        ("nonsense", "JSON"),
        (b"\xff\xfe\x00", "JSON"),
        ("[" * 100_000, "JSON"),
        ("9" * 10_000, "recording"),
        ("[]", "schema"),
        ("{}", "schema"),
        ('{"schema": "spfengine.recording/2", "answers": []}', "spfengine.recording/2"),
        ('{"schema": ["spfengine.recording/1"], "answers": []}', "a list"),
        ('{"schema": "spfengine.recording/1"}', "answers"),
        ('{"schema": "spfengine.recording/1", "answers": {}}', "answers"),
        ('{"schema": "spfengine.recording/1", "answers": [5]}', "answers[0]"),
        (entry(more=1), "more"),
        (entry(name=None), "name"),
        (entry(name=5), "name"),
        (entry(name="\u0100"), "\u0100"),
        (entry(name="a" * 2000), "name"),
        (entry(type="NS"), "NS"),
        (entry(type=[]), "string"),
        (entry(status="WHAT"), "WHAT"),
        (entry(status=None), "string"),
        (entry(status="NXDOMAIN"), "records, though the status is NXDOMAIN"),
        (entry(ttl=-1), "TTL"),
        (entry(ttl=True), "TTL"),
        (entry(ttl=None), "TTL"),
        (entry(ttl=1.5), "TTL"),
        (entry(ttl=1 << 31), "TTL"),
        (entry(chain="x"), "list"),
        (entry(chain=[5]), "name"),
        (entry(records="x"), "list"),
        (entry(records={"a": 1}), "an object"),
        (entry(records=["x"]), "list"),
        (entry(records=[[5]]), "string of octets"),
        (entry(records=[["\u20ac"]]), "string of octets"),
        (entry(type="A", records=["::1"]), "::1"),
        (entry(type="A", records=[5]), "address"),
        (entry(type="AAAA", records=["192.0.2.1"]), "192.0.2.1"),
        (entry(type="MX", records=[["10", "a.example"]]), "preference"),
        (entry(type="MX", records=[[10]]), "preference"),
        (entry(type="MX", records=[[10, 5]]), "name"),
        (entry(type="PTR", records=[["x"]]), "a list"),
        (entry(name="\x1b[31m", ttl="\x1b[31m"), "\\x1b[31m"),
    ],
)
def test_what_is_no_recording(text: str | bytes, part: str) -> None:
    with pytest.raises(RecordingError) as caught:
        Recording.from_json(text)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


def test_two_answers_to_one_question_are_refused() -> None:
    data = json.loads(entry())
    data["answers"] *= 2
    with pytest.raises(RecordingError, match="several"):
        Recording.from_json(json.dumps(data))


_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.sampled_from(["name", "type", "status", "ttl", "chain", "records"]), _json, st.sampled_from(RRType))
def test_any_json_is_a_recording_or_a_recording_error(key: str, value: Any, kind: RRType) -> None:
    fault = ""
    try:
        Recording.from_json(entry(**{"type": kind, key: value}))
    except RecordingError as error:
        fault = str(error)
    assert fault.isprintable()


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.json"
    Recording([]).save(path)
    monkeypatch.setattr(json_files, "MAX_OCTETS", 10)
    with pytest.raises(RecordingError, match="at most"):
        Recording.load(path)


def test_no_result_rests_on_what_was_not_recorded() -> None:
    """RFC 7208 §5.5: `ptr` passes over a failure of DNS, but here nobody was asked."""
    answers = Zone({"example.com": {"TXT": "v=spf1 ptr -all"}})
    recording = Recording([(question, answers.resolve(question)) for question in [Question("example.com", TXT)]])
    result = spfengine.check("192.0.2.1", "alice@example.com", resolver=recording)
    assert (str(result.result), str(result.problem and result.problem.code)) == ("temperror", "outside-zone")
