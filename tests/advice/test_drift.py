"""Issue: `drift` is empty on an unchanged snapshot; else it is the exact difference of then and now."""

import asyncio
import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from spfengine import (
    Answer,
    ArgumentError,
    Limits,
    Policy,
    Question,
    RecordingError,
    Snapshot,
    Status,
    Zone,
    adrift,
    asnapshot,
    check,
    drift,
    snapshot,
)
from spfengine.policy import budget
from tests.examples import examples
from tests.policy.comparing import addresses
from tests.properties import generate

NOW = 1_764_000_000.5

BEFORE: dict[Any, Any] = {
    "example.com": {"TXT": ["v=spf1 mx include:_spf.relay.example exists:%{i}.list.example.com -all", "other=1"]},
    "_spf.relay.example": {"TXT": "v=spf1 include:one.relay.example include:two.relay.example ~all"},
    "one.relay.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 -all"},
    "two.relay.example": {"TXT": "v=spf1 a:hosts.relay.example -all"},
    "hosts.relay.example": {"A": ["203.0.113.1", "203.0.113.2"]},
}
BEFORE["example.com"]["MX"] = [(10, "mx1.example.com"), (20, "mx2.example.com")]
BEFORE |= {"mx1.example.com": {"A": "10.0.0.1"}, "mx2.example.com": {"A": "10.0.0.2"}}


def zone(**changes: Any) -> Zone:
    """The zone, with other records at some names ("_" in a keyword is a dot)."""
    named = {name.replace("__", "_").replace("_", "."): records for name, records in changes.items()}
    return Zone({**BEFORE, **named})


def taken() -> Snapshot:
    return snapshot("example.com", resolver=zone(), now=NOW)


@st.composite
def zones(draw: st.DrawFn) -> tuple[dict[Any, Any], Random]:
    """A zone, made from a seed."""
    chance = Random(draw(st.integers(0, 1 << 32)))
    return generate.zone_dict(chance, plain=chance.randrange(3) > 0), chance


@pytest.fixture(autouse=True)
def _less_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Circles with conditional terms in them take their time in a budget; here they need not."""
    monkeypatch.setattr(budget, "MAX_STEPS", 1 << 10)


@given(zones())
@settings(max_examples=examples(30))
def test_drift_is_empty_on_an_unchanged_snapshot(made: tuple[dict[Any, Any], Random]) -> None:
    """Also where the file lies in between, whatever the order of the answers is, and conditional policies included."""
    records, chance = made
    read = Snapshot.from_json(snapshot(generate.DOMAINS[:2], resolver=Zone(records), now=NOW).to_json())
    for by_type in records.values():
        for type in ("A", "AAAA"):
            if isinstance(by_type.get(type), list):
                chance.shuffle(by_type[type])
    found = drift(read, resolver=Zone(records), now=NOW)
    assert not found.is_changed
    assert not found.is_worse
    for domain in found.domains:
        assert not domain.changes
        assert not domain.answers
        assert domain.before_budget == domain.after_budget
    assert found.after == snapshot(generate.DOMAINS[:2], resolver=Zone(records), now=NOW)


@given(zones(), zones())
@settings(max_examples=examples(30))
def test_what_changed_is_what_the_interpreter_says(
    made: tuple[dict[Any, Any], Random], other: tuple[dict[Any, Any], Random]
) -> None:
    """The diff is exact: it lists every address that changed, and no other."""
    domain = generate.DOMAINS[0]
    old_records, chance = made
    new_records = {**old_records, **{name: other[0][name] for name in chance.sample(sorted(other[0]), 3)}}
    old, new = Zone(old_records), Zone(new_records)
    [found] = drift(snapshot(domain, resolver=old, now=NOW), resolver=new, now=NOW).domains
    if not found.is_incomplete:  # what is not known before or after is no change
        assert list(found.changes) or Policy.compile(domain, resolver=old).equivalent(
            Policy.compile(domain, resolver=new)
        )
    changed_networks = [change.network for change in found.changes]
    for ip in list(addresses([found.before, found.after], chance, 2))[:50]:
        was, will_be = found.before.check(ip), found.after.check(ip)
        if was.result is None or will_be.result is None:
            continue
        assert check(ip, f"u@{domain}", resolver=old).result is was.result
        assert check(ip, f"u@{domain}", resolver=new).result is will_be.result
        changed = was.result is not will_be.result and Status.SERVFAIL.lower() not in (was.result, will_be.result)
        assert any(ip in network for network in changed_networks) is (
            changed and "temperror" not in (was.result, will_be.result)
        )


def test_what_a_third_party_changed_is_reported_with_its_name() -> None:
    """Which third party's record changed, which own one, and which networks get another result by it."""
    now = zone(one_relay_example={"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"},
               mx2_example_com={"A": "10.0.0.3"})  # fmt: skip
    [found] = drift(taken(), resolver=now, now=NOW).domains
    assert [(each.name, each.type, each.kind, each.own) for each in found.answers] == [
        ("mx2.example.com", "A", "changed", True),
        ("one.relay.example", "TXT", "changed", False),
    ]
    assert found.answers[0].before == ("10.0.0.2",)
    assert found.answers[0].after == ("10.0.0.3",)
    terms = [(term.sign, term.term) for term in found.answers[1].terms]
    assert terms == [
        ("=", "ip4:192.0.2.0/24"),
        ("-", "ip4:198.51.100.0/25"),
        ("+", "ip4:198.51.100.0/24"),
        ("=", "-all"),
    ]
    assert [(str(each.network), each.before.result, each.after.result) for each in found.changes] == [
        ("10.0.0.2/32", "pass", None),
        ("10.0.0.3/32", None, "pass"),
        ("198.51.100.128/25", None, "pass"),
    ]
    assert found.is_changed
    assert found.is_worse


def test_more_that_passes_is_a_change_and_not_worse() -> None:
    now = zone(hosts_relay_example={"A": ["203.0.113.2", "203.0.113.1", "203.0.113.7"]})
    found = drift(taken(), resolver=now, now=NOW)
    assert found.is_changed
    assert not found.is_worse
    assert [str(change.network) for change in found.domains[0].changes] == ["203.0.113.7/32"]


@pytest.mark.parametrize(
    "changes",
    [
        {"one_relay_example": {"TXT": "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ip4:198.51.100.0/25 -all"}},
        {"hosts_relay_example": {"A": ["203.0.113.2", "203.0.113.1"]}},
        {"two_relay_example": {"TXT": ["v=spf1 a:hosts.relay.example -all", "note"]}},
        {"example_com": {**BEFORE["example.com"], "TXT": [BEFORE["example.com"]["TXT"][0], "other=2"]}},
    ],
)
def test_what_is_only_written_otherwise_changes_nothing(changes: dict[str, Any]) -> None:
    found = drift(taken(), resolver=zone(**changes), now=NOW)
    assert not found.is_changed
    [domain] = found.domains
    assert [each.name for each in domain.answers] == (["one.relay.example"] if "one_relay_example" in changes else [])


def test_records_newly_reached_and_no_longer_reached_are_listed() -> None:
    new = {"TXT": "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/25 -all"}
    led = {"TXT": "v=spf1 include:three.relay.example include:two.relay.example ~all"}
    [found] = drift(
        taken(), resolver=Zone({**BEFORE, "_spf.relay.example": led, "three.relay.example": new}), now=NOW
    ).domains
    assert [(each.name, each.kind) for each in found.answers] == [
        ("_spf.relay.example", "changed"),
        ("three.relay.example", "reached"),
        ("one.relay.example", "left"),
    ]
    assert not found.is_changed


class Failing:
    """A zone some names of which do not answer."""

    def __init__(self, answering: Zone, *names: str) -> None:
        self.answering, self.names = answering, names

    def resolve(self, question: Question) -> Answer:
        return Answer.failed(Status.TIMEOUT) if question.name in self.names else self.answering.resolve(question)

    async def aresolve(self, question: Question) -> Answer:
        return self.resolve(question)


@pytest.mark.parametrize("name", ["example.com", "_spf.relay.example", "two.relay.example", "hosts.relay.example"])
def test_what_dns_cannot_answer_did_not_change(name: str) -> None:
    """Issue brief: 69 when DNS could not answer; nothing is said to have changed then."""
    found = drift(taken(), resolver=Failing(zone(), name), now=NOW)
    assert not found.is_changed
    assert not found.is_worse
    assert found.is_incomplete
    assert not found.domains[0].answers
    assert found.domains[0].unknown


def test_a_lost_record_is_worse_and_the_lookups_are_counted() -> None:
    found = drift(taken(), resolver=zone(two_relay_example={}), now=NOW)
    assert found.is_worse
    [domain] = found.domains
    assert "permerror" in {str(change.after.result) for change in domain.changes if change.before.result == "pass"}
    assert [domain.before_budget.worst_lookups, domain.after_budget.worst_lookups] == [6, 4]
    assert (domain.answers[0].after, domain.answers[0].has_records) == (("there is none",), False)


def test_asyncio_gives_the_same() -> None:
    asked = Failing(zone())
    before = asyncio.run(asnapshot(["example.com"], resolver=asked, now=NOW))
    assert before == taken()
    now = Failing(zone(hosts_relay_example={"A": "203.0.113.1"}))
    assert asyncio.run(adrift(before, resolver=now, now=NOW)) == drift(taken(), resolver=now, now=NOW)


def test_nothing_is_asked_twice_for_several_domains() -> None:
    class Counting:
        def __init__(self) -> None:
            self.asked: list[Question] = []

        def resolve(self, question: Question) -> Answer:
            self.asked.append(question)
            return zone().resolve(question)

    counting = Counting()
    made = snapshot(["example.com", "_spf.relay.example", "EXAMPLE.com."], resolver=counting, now=NOW)
    assert made.domains == ("example.com", "_spf.relay.example")
    assert len(counting.asked) == len(set(counting.asked))
    counting.asked.clear()
    drift(made, resolver=counting, now=NOW)
    assert len(counting.asked) == len(set(counting.asked))


def test_limits_are_kept_with_the_snapshot() -> None:
    made = snapshot("example.com", resolver=zone(), limits=Limits(lookups=4), now=NOW)
    read = Snapshot.from_json(made.to_json())
    assert read.policies[0].limits == Limits(lookups=4)
    assert drift(read, resolver=zone(), now=NOW).domains[0].after.limits == Limits(lookups=4)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "snapshot.json"
    taken().save(path)
    assert Snapshot.load(path) == taken()
    assert path.read_bytes().isascii()
    before = path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        snapshot("_spf.relay.example", resolver=zone()).dump(path)  # its former name
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["snapshot.json"]


Edit = Callable[[dict[str, Any]], object]


def _edited(edit: Edit) -> str:
    data = json.loads(taken().to_json())
    edit(data)
    return json.dumps(data)


def _answers(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data["recording"]["answers"]
    return found


HOSTILE: list[tuple[Edit, str]] = [
    (lambda data: data.update(schema="spfengine.snapshot/2"), "spfengine.snapshot/1"),
    (lambda data: data.update(schema=[]), "spfengine.snapshot/1"),
    (lambda data: data.pop("taken"), '"taken"'),
    (lambda data: data.update(taken="yesterday\x1b[31m"), '"taken"'),
    (lambda data: data.update(taken=1764000000), '"taken"'),
    (lambda data: data.pop("recording"), "recording: "),
    (lambda data: data["recording"].update(answers=7), "recording: "),
    (lambda data: _answers(data)[0].update(type="SOA"), "recording: answers[0]"),
    (lambda data: _answers(data).append(_answers(data)[0]), "recording: "),
    (lambda data: data.update(policies=[]), '"policies"'),
    (lambda data: data.update(policies={}), '"policies"'),
    (lambda data: data.update(policies=data["policies"] * 2), "policies[1]: example.com is in the snapshot twice"),
    (lambda data: data.update(policies=data["policies"] * 1001), '"policies"'),
    (lambda data: data["policies"][0].pop("ip4"), "policies[0]: "),
    (lambda data: data["policies"][0].update(domain="localhost"), "policies[0]: "),
    (lambda data: data["policies"][0].update(domain="u@example.com"), "policies[0]: "),
    (lambda data: data["policies"][0].update(domain="\xfc.example"), "policies[0]: "),
    (lambda data: data["policies"][0].update(domain="example.com."), "policies[0]: "),
    (lambda data: data["policies"][0].update(local_part="u"), "for one local part or HELO name"),
    (lambda data: data["policies"][0].update(helo="h"), "for one local part or HELO name"),
    # What was compiled does not come out of the answers: one of them was changed.
    (lambda data: data["policies"][0].update(domain="other.example"), "does not follow from the answers"),
    (lambda data: data["policies"][0]["ip4"].pop(1), "does not follow from the answers"),
    (lambda data: _answers(data)[0]["records"][0].__setitem__(0, "v=spf1 +all"), "does not follow from the answers"),
    (lambda data: _answers(data).pop(), "does not follow from the answers"),
    (lambda data: data["policies"][0]["limits"].update(lookups=1), "does not follow from the answers"),
]


@pytest.mark.parametrize(("edit", "message"), HOSTILE)
def test_an_edited_file_is_refused_with_the_place_and_the_reason(edit: Edit, message: str) -> None:
    """A snapshot is not trusted to be consistent: its policies are compiled again from its answers."""
    with pytest.raises(RecordingError) as caught:
        Snapshot.from_json(_edited(edit))
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [b"", b"\xff", "[" * 100_000, '{"schema": ' * 5000, "9" * 10_000, "null", '"x"', b"\x1f\x8b", b" " * (65 << 20)],
    ids=["empty", "octets", "deep", "deep objects", "digits", "null", "text", "gzip", "large"],
)  # fmt: skip
def test_what_is_no_snapshot_is_refused(text: str | bytes) -> None:
    with pytest.raises(RecordingError):
        Snapshot.from_json(text)


@given(st.integers(0, 1 << 32))
@settings(max_examples=examples(60))
def test_a_file_that_chance_edited_is_refused_or_is_one(seed: int) -> None:
    chance = Random(seed)
    data = json.loads(taken().to_json())
    spoilt = copy.deepcopy(data)
    for _ in range(chance.randrange(1, 3)):
        where: Any = spoilt
        while isinstance(where, (dict, list)) and where:
            key = chance.choice(sorted(where) if isinstance(where, dict) else range(len(where)))
            if not isinstance(where[key], (dict, list)) or not where[key] or not chance.randrange(4):
                where[key] = chance.choice([None, 0, -1, 1 << 70, 1e300, "", "x", [], {}, True, where[key]])
                break
            where = where[key]
    try:
        read = Snapshot.from_json(json.dumps(spoilt))
    except RecordingError:
        return
    assert not drift(read, resolver=read.recording, now=NOW).is_changed


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ([], "1 to 1000 domains"),
        ([f"d{place}.example" for place in range(1001)], "1 to 1000 domains"),
        ("localhost", "single label"),
        (["example.com", "u@example.com"], "not for 'u@example.com'"),
        ([7], "domains[0]: expected a list of domain names"),
    ],
)
def test_a_callers_mistake_is_reported(domains: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(message)):
        snapshot(domains, resolver=zone(), now=NOW)


@pytest.mark.parametrize("now", [-1.0, 1e18, float("nan"), float("inf")])
def test_what_is_no_time_is_reported(now: float) -> None:
    with pytest.raises(ArgumentError, match="now"):
        snapshot("example.com", resolver=zone(), now=now)


def test_a_drift_is_json() -> None:
    now = zone(one_relay_example={"TXT": "v=spf1 ip4:192.0.2.0/24 a:\x1b[31m.example -all"})
    found = drift(taken(), resolver=now, now=NOW + 60)
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["schema"], data["since"], data["now"]) == (
        "spfengine.drift/1", "2025-11-24T16:00:00Z", "2025-11-24T16:01:00Z",
    )  # fmt: skip
    assert data["worse"] is True
    assert "\x1b" not in json.dumps(found.to_dict(), ensure_ascii=False)
    assert repr(taken()).startswith("Snapshot(")


def test_live_dns_is_asked_where_there_is_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    answering = Failing(zone())
    monkeypatch.setattr("spfengine.drivers.default_resolver", lambda: answering)
    made = snapshot("example.com", now=NOW)
    assert made == taken() == asyncio.run(asnapshot("example.com", now=NOW))
    assert drift(made, now=NOW) == asyncio.run(adrift(made, now=NOW))
    assert not drift(made, now=NOW).is_changed
