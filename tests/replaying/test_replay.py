"""A replay by policies alone says of each sender what a simulation says, or that it can't know."""

import json
import pickle
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import spfengine
from spfengine import ArgumentError, Overlay, Policy, Result, Sender, Status, Zone, replay, replay_files, simulate
from spfengine.policy import budget
from spfengine.policy.outcome import Input
from spfengine.replaying import Totals
from spfengine.replaying.totals import ReplayedSender, Total
from spfengine.simulation import Effect
from tests.examples import examples
from tests.properties import generate, strategies

ZONE = Zone({
    "x.example": {"TXT": "v=spf1 ip4:192.0.2.0/28 include:other.example -all"},
    "other.example": {"TXT": "v=spf1 ip4:198.51.100.0/28 exists:%{l}.users.example ~all"},
    "gone.example": {"TXT": "v=spf1 include:dead.example -all"},
    "dead.example": {"TXT": Status.SERVFAIL},
})  # fmt: skip
DRAFTS = {
    "x.example": "v=spf1 ip4:192.0.2.0/30 ip4:203.0.113.7 include:other.example -all",
    "other.example": "v=spf1 ip4:198.51.100.0/29 exists:%{l}.users.example ~all",
    "gone.example": "v=spf1 ip4:192.0.2.1 -all",
}


@pytest.fixture(autouse=True, scope="module")
def _less_work() -> Iterator[None]:
    """Circles with conditional terms in them take their time in a budget; here they need not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "MAX_STEPS", 1 << 10)
        yield


def pair(domain: str) -> tuple[Policy, Policy]:
    plan = simulate(domain, DRAFTS[domain], resolver=ZONE)
    return plan.before, plan.after


PAIRS = [pair(domain) for domain in DRAFTS]


def facts(totals: Totals) -> set[tuple[object, ...]]:
    return {astuple(total) for total in totals.totals}


def test_rows_and_messages_are_counted_by_domain_and_results() -> None:
    rows = [
        Sender("192.0.2.1", "a@x.example", count=5),
        Sender("192.0.2.5", "b@X.Example.", count=7),  # goes with the draft
        Sender("192.0.2.6", "@x.example", count=2),
        Sender("203.0.113.7", "<a@x.example>", count=3),  # comes with the draft
        Sender("203.0.113.8", "a@other.example", count=11),  # depends on the local part
        Sender("198.51.100.9", "a@other.example", count=13),  # passed for certain, and then depends on the local part
        Sender("192.0.2.1", "a@gone.example"),  # DNS could not answer
        Sender("203.0.113.7", "<>", "x.example"),
        Sender("192.0.2.1", "a@sub.x.example", count=100),
        Sender("192.0.2.1", "a@..", count=100),
    ]
    totals = replay(rows, PAIRS)
    assert facts(totals) == {
        ("x.example", "pass", "pass", Effect.UNCHANGED, (), 1, 5),
        ("x.example", "pass", None, None, (Input.LOCAL_PART,), 2, 9),
        ("x.example", None, "pass", None, (Input.LOCAL_PART,), 2, 4),
        ("other.example", None, None, Effect.UNCHANGED, (Input.LOCAL_PART,), 1, 11),
        ("other.example", "pass", None, None, (Input.LOCAL_PART,), 1, 13),
        ("gone.example", "temperror", "pass", Effect.UNKNOWN, (), 1, 1),
    }
    assert (totals.rows, totals.messages, totals.other_rows, totals.other_messages) == (8, 43, 2, 200)
    assert not totals.is_worse
    assert replay(rows, []) == Totals(other_rows=10, other_messages=243, listed_at_most=20)


def test_what_changes_is_listed_by_effect_the_most_messages_first() -> None:
    before, after = [
        Policy.compile("x.example", resolver=Zone({"x.example": {"TXT": record}}))
        for record in ("v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 ip4:198.51.100.0/24 ?all")
    ]
    rows = [Sender(f"192.0.2.{n}", "@x.example", "h.example", 10 + n) for n in range(8)]
    rows += [Sender(f"198.51.100.{n}", "@x.example", count=1000) for n in range(4)]
    rows += [Sender("203.0.113.1", "@x.example", count=2000)]
    totals = replay(rows, [(before, after)], listed_at_most=3)
    assert [(item.effect, item.ip, item.messages) for item in totals.listed] == [
        ("newly-failing", "192.0.2.7", 17), ("newly-failing", "192.0.2.6", 16), ("newly-failing", "192.0.2.5", 15),
        ("changed", "203.0.113.1", 2000),
        *[("newly-passing", f"198.51.100.{n}", 1000) for n in range(3)],
    ]  # fmt: skip
    assert totals.listed[0] == ReplayedSender(
        "192.0.2.7", "@x.example", "h.example", 17, "x.example",
        Result.PASS, Result.NEUTRAL, Effect.NEWLY_FAILING, "ip4:192.0.2.0/24", "?all",
    )  # fmt: skip
    assert totals.is_worse
    assert replay(rows, [(before, after)], listed_at_most=0).listed == ()


domains = st.sampled_from(generate.DOMAINS)
records = strategies.chance.map(lambda random: generate.record(random, exp=False))
drafts = st.dictionaries(domains, records, min_size=1, max_size=3)
calls = strategies.chance.map(lambda random: [generate.call(random, odd=False) for _ in range(6)])


def expected(zone: Zone, draft: dict[str, str], domain: str, senders: list[Sender]) -> Counter[tuple[object, ...]]:
    """What checks of the senders come to, one by one, without any policy."""
    after = Overlay(zone, {name: {"TXT": text} for name, text in draft.items()})
    return Counter(
        tuple([spfengine.check(item.ip, item.sender, item.helo or "", resolver=r).result for r in (zone, after)])
        for item in senders
    )


@given(strategies.zones, domains, drafts, calls)
@settings(max_examples=examples(40))
def test_totals_are_what_a_simulation_and_checks_say(
    zone: Zone, domain: str, draft: dict[str, str], called: list[generate.Call]
) -> None:
    senders = [
        Sender(item.ip, f"{item.sender.rpartition('@')[0]}@{domain}", item.helo, n) for n, item in enumerate(called, 1)
    ]
    plan = simulate(domain, draft, resolver=zone, senders=senders, now=0.0)
    totals = replay(senders, [(plan.before, plan.after)])
    described: Counter[tuple[object, ...]] = Counter()
    more = 0
    for change in plan.senders:
        policies = [policy.check(change.sender.ip) for policy in (plan.before, plan.after)]
        if all(outcome.result is not None for outcome in policies):
            described[change.before.result, change.after.result, change.effect] += change.sender.count
        else:
            more += change.sender.count
            for outcome, returned in zip(policies, (change.before, change.after), strict=True):
                assert returned.result in outcome.results or None in outcome.results
    certain = [item for item in totals.totals if item.before is not None and item.after is not None]
    assert {(item.before, item.after, item.effect): item.messages for item in certain} == described
    assert totals.messages == described.total() + more == sum(item.count for item in senders)
    assert totals.rows == len(senders)
    if all(item.before is not None and item.after is not None for item in totals.totals):
        checks = expected(zone, draft, domain, senders)
        assert checks == sum([Counter({(t.before, t.after): t.rows}) for t in totals.totals], Counter[Any]())
    assert all(bool(item.rests_on) is (item.before is None or item.after is None) for item in totals.totals)


@given(strategies.zones, domains, drafts, calls)
@settings(max_examples=examples(40))
def test_what_rests_on_the_same_conditions_keeps_its_result(
    zone: Zone, domain: str, draft: dict[str, str], called: list[generate.Call]
) -> None:
    """ "If both depend on the same conditions in the same way, nothing changes, as long as DNS says the same to what
    these ask": the drafts are TXT records, so only where a macro leads to one of them it does not.
    """
    senders = [Sender(item.ip, f"{item.sender.rpartition('@')[0]}@{domain}", item.helo) for item in called]
    plan = simulate(domain, draft, resolver=zone, senders=senders, now=0.0)
    for change in plan.senders:
        [total] = replay([change.sender], [(plan.before, plan.after)]).totals
        possible = plan.before.check(change.sender.ip).results | plan.after.check(change.sender.ip).results
        if total.before is None and total.effect is Effect.UNCHANGED and None not in possible:
            assert change.before.result is change.after.result


def some_rows(random: Random) -> list[object]:
    """Rows as a table may have them: senders of several domains, some again and again, and some that are none."""
    returned: list[object] = []
    for _ in range(random.randint(0, 60)):
        ip = random.choice(["192.0.2.", "198.51.100.", "203.0.113."]) + str(random.randrange(18))
        sender = random.choice(["a@x.example", "@x.example", "a@other.example", "@gone.example", "@none.example"])
        count = random.choice([1, 1, 2, 50, 10**9])
        returned.append(random.choice([
            Sender(ip, sender, count=count), {"ip": ip, "sender": sender, "count": count}, (ip, sender, None, count),
            ("192.0.2.256", sender), {}, None,
        ]))  # fmt: skip
    return returned


def split(items: list[Any], random: Random) -> list[list[Any]]:
    """Parts of a list, some of them empty."""
    cuts = sorted(random.randrange(len(items) + 1) for _ in range(random.randrange(6)))
    return [items[first:last] for first, last in zip([0, *cuts], [*cuts, len(items)], strict=True)]


def added_up(parts: list[Totals], random: Random) -> Totals:
    """The sum of parts: any two of them are added up, until one is left."""
    parts = [*parts, *[Totals() for _ in range(random.randrange(3))]]
    while len(parts) > 1:
        first = parts.pop(random.randrange(len(parts)))
        parts.append(first + parts.pop(random.randrange(len(parts))))
    return parts[0]


@given(strategies.chance, st.integers(0, 4))
def test_the_sum_of_any_parts_in_any_order_is_that_of_the_whole(random: Random, listed: int) -> None:
    """ "The sum is the same in whatever order, and however they are grouped"."""
    rows = some_rows(random)
    whole = replay(rows, PAIRS, listed_at_most=listed)
    parts = [replay(part, PAIRS, listed_at_most=listed) for part in split(random.sample(rows, len(rows)), random)]
    returned = added_up(parts, random)
    alike = [name for name in Totals.fields if name != "unread"]  # a part numbers its rows by itself
    assert [getattr(returned, name) for name in alike] == [getattr(whole, name) for name in alike]
    assert Counter({e.reason: e.count for e in returned.unread}) == Counter({e.reason: e.count for e in whole.unread})
    assert returned.rows + returned.other_rows + returned.skipped == len(rows)
    assert Totals.from_dict(json.loads(json.dumps(returned.to_dict()))) == returned
    assert pickle.loads(pickle.dumps(returned)) == returned


@given(strategies.chance)
def test_files_add_up_to_what_they_are_together(tmp_path_factory: pytest.TempPathFactory, random: Random) -> None:
    """Down to what could not be read, and where."""
    folder = tmp_path_factory.mktemp("parts")
    paths = []
    for number in range(random.randint(1, 5)):
        rows = [
            f"{item.ip},{item.sender},,{item.count}" if isinstance(item, Sender) else f"{item}"
            for item in some_rows(random)
        ]
        paths.append(folder / f"{number}.csv")
        paths[-1].write_text("\n".join(["ip,sender,helo,count", *rows]), "utf-8")
    whole = replay_files(paths, PAIRS)
    parts = [replay_files(part, PAIRS) for part in split(random.sample(paths, len(paths)), random)]
    assert added_up(parts, random) == whole
    assert replay_files(folder, PAIRS) == whole
    evidence = spfengine.read_evidence(paths)
    assert whole.messages + whole.other_messages == evidence.messages
    assert (whole.skipped, {str(e) for e in whole.unread}) == (evidence.skipped, {str(e) for e in evidence.unread})


def test_a_long_list_of_what_could_not_be_read_loses_nothing_but_its_end() -> None:
    parts = [replay([None], PAIRS, source=f"part {n:05}") for n in range(1500)]
    for random in (Random(1), Random(2)):
        returned = added_up(random.sample(parts, len(parts)), random)
        assert returned.skipped == 1500
        assert [item.source for item in returned.unread] == [f"part {n:05}" for n in range(1000)]


CELLS: dict[str, object] = {
    "text": ("192.0.2.1", "a@x.example", "h.example", "5"),
    "numbers": ("192.0.2.1", "a@x.example", None, 5),
    "an address object": (ip_address("192.0.2.1"), "a@x.example", "", 5),
    "what data frames make of whole numbers": ["192.0.2.1", "a@x.example", float("nan"), 5.0],
    "a mapping": {"count": 5, "ip": "192.0.2.1", "sender": "a@x.example", "anything": object()},
    "a domain alone": {"ip": " 192.0.2.1 ", "sender": "X.example", "count": 5, "reported": "pass", "label": None},
    "the null sender": ("192.0.2.1", "<>", "x.example", 5),
    "a label": ("192.0.2.1", "a@x.example", "", 5, "the old server"),
    "a mapped address": ("::ffff:192.0.2.1", "a@x.example", "", 5),
}


@pytest.mark.parametrize("row", CELLS.values(), ids=CELLS)
def test_cells_of_many_kinds_are_read(row: object) -> None:
    assert facts(replay([row], PAIRS)) == {("x.example", "pass", "pass", Effect.UNCHANGED, (), 1, 5)}


def test_a_missing_value_of_pandas_is_none() -> None:
    class NAType:
        def __eq__(self, other: object) -> bool:
            raise TypeError("boolean value of NA is ambiguous")

        def __hash__(self) -> int:
            return 0

    row = ("192.0.2.1", "a@x.example", NAType(), 5)
    assert replay([row], PAIRS) == replay([CELLS["text"]], PAIRS)


class Count:
    """A number as numpy has them."""

    def __index__(self) -> int:
        return 5


def test_a_number_of_another_library_is_one() -> None:
    assert replay([("192.0.2.1", "a@x.example", "", Count())], PAIRS) == replay([CELLS["text"]], PAIRS)


BAD: dict[str, tuple[object, str]] = {
    "nothing": (None, "row 2: the row is neither a sender nor made of cells: 'NoneType'"),
    "text": ("192.0.2.1,a@x.example", "row 2: the row is neither a sender nor made of cells: 'str'"),
    "no cells": ((), "row 2: the row names no sender"),
    "too many cells": (("192.0.2.1",) * 6, "row 2: the row has more than 5 cells"),
    "no address": (("192.0.2.256", "a@x.example"), "row 2: not an IP address: '192.0.2.256'"),
    "an address that steers a terminal": (("\x1b[2J", "@x.example"), r"row 2: not an IP address: '\x1b[2J'"),
    "a sender that steers a terminal": (
        ("192.0.2.1", "\x1b[31m@x.example"),
        r"row 2: the sender has unprintable characters: '\x1b[31m@x.example'",
    ),
    "a HELO name that is a list": (
        ("192.0.2.1", "@x.example", ["h"]),
        "row 2: a cell is neither text, nor a whole number, nor an address: 'list'",
    ),
    "no message": (("192.0.2.1", "@x.example", "", 0), "row 2: the count is 0"),
    "fewer than none": (("192.0.2.1", "@x.example", "", -(10**5000)), "row 2: the count is not a number: '-1'"),
    "messages without end": (
        ("192.0.2.1", "@x.example", "", 10**5000),
        "row 2: the count is 1,000,000,000,000 or more",
    ),
    "half a message": (("192.0.2.1", "@x.example", "", 0.5), "row 2: a cell is neither text"),
    "infinitely many": (("192.0.2.1", "@x.example", "", float("inf")), "row 2: a cell is neither text"),
    "a sender whose sender is none": (Sender("192.0.2.1", None), "row 2: the sender, the HELO name or the count"),  # type: ignore[arg-type]  # made by a caller without types
    "a sender whose count is text": (Sender("192.0.2.1", "@x.example", count="5"), "of another type"),  # type: ignore[arg-type]  # made by a caller without types
    "a sender of no message": (Sender("192.0.2.1", "@x.example", count=0), "row 2: the count is not 1 to"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_is_counted_and_reported_with_its_place(what: str) -> None:
    row, described = BAD[what]
    good = CELLS["text"]
    totals = replay([good, row, good], PAIRS, source="part\x1b 7")
    assert (totals.rows, totals.skipped) == (2, 1)
    [unread] = totals.unread
    assert described in str(unread)
    assert str(unread).startswith(r"part\x1b 7, row 2: ")
    assert str(unread).isprintable()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=8)
    | st.sampled_from(["192.0.2.1", "2001:db8::1", "a@x.example", "x.example", "<>", "\x1b]0;x\x07", "=c()", "\udcff"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(Sender.fields) | st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(anything, max_size=6))
def test_whatever_a_table_holds_no_row_raises(rows: list[Any]) -> None:
    """And all that is shown of it is safe to show."""
    totals = replay(rows, PAIRS)
    assert totals.rows + totals.other_rows + totals.skipped == len(rows)
    assert all(str(item).isprintable() for item in totals.unread)
    assert all(text.isprintable() for row in totals.listed for text in astuple(row) if isinstance(text, str))
    assert Totals.from_dict(json.loads(json.dumps(totals.to_dict()))) == totals


def test_a_sender_of_octets_is_safe_to_show() -> None:
    sender = Sender("203.0.113.7", '"\x1b[2J\u202e"@x.example', "\x07" + "h" * 1000)
    totals = replay([sender], PAIRS)
    assert totals.listed[0].sender == '"\\x1b[2J\\u202e"@x.example'
    assert all(text.isprintable() and len(text) < 600 for text in astuple(totals.listed[0]) if isinstance(text, str))


def test_a_table_of_files_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "senders.csv"
    path.write_bytes(b"ip,sender,count\n192.0.2.1,x.example,5\n192.0.2.1,\x1b[2Jx.example,1\nno,x.example\n")
    totals = replay_files(path, PAIRS)
    assert (totals.rows, totals.messages, totals.skipped) == (1, 5, 2)
    assert [item.place for item in totals.unread] == ["line 4", "line 3"]
    path.write_bytes(b"\x00\x01\x02")
    assert [str(item) for item in replay_files(str(path), PAIRS).unread] == [
        (
            f"{path}: not a DMARC report, message, mail log or table of senders (columns ip,sender,helo,count,label); "
            "of a message, use Download original (.eml): '\\x00\\x01\\x02'"
        )
    ]
    with pytest.raises(FileNotFoundError):
        replay_files([tmp_path / "none.csv"], PAIRS)


def test_the_json_form_of_policies_does_as_well() -> None:
    rows = some_rows(Random(7208))
    sent = json.loads(json.dumps([[before.to_dict(), after.to_dict()] for before, after in PAIRS]))
    without = [(before.without_answers(), after.without_answers()) for before, after in PAIRS]
    assert replay(rows, sent) == replay(rows, PAIRS) == replay(rows, pickle.loads(pickle.dumps(without)))


REFUSED: dict[str, tuple[Any, str]] = {
    "one policy": ([PAIRS[0][0]], r"expected pairs of policies, \(before, after\)"),
    "three": ([(*PAIRS[0], PAIRS[0][0])], "expected pairs of policies"),
    "no policies": ([("x.example", "x.example")], r"policy: expected an object with keys, not 'x\.example'"),
    "of two domains": ([(PAIRS[0][0], PAIRS[1][1])], r"are of x\.example and other\.example"),
    "twice": ([PAIRS[0], PAIRS[1], PAIRS[0]], r"the policies of x\.example are given twice"),
    "of one sender": (
        [(PAIRS[0][0], Policy.compile("x.example", resolver=ZONE, sender="a@x.example"))],
        r"a policy of x\.example is for one sender or HELO name",
    ),
    "of one HELO name": ([(Policy.compile("x.example", resolver=ZONE, helo="h.example"), PAIRS[0][1])], "or HELO name"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_policies_that_do_not_fit_are_refused(what: str) -> None:
    policies, message = REFUSED[what]
    with pytest.raises(ArgumentError, match=message):
        replay([], policies)
    with pytest.raises(ArgumentError, match=message):
        replay_files([], policies)


def test_names_that_are_shown_alike_are_not_taken_for_one() -> None:
    odd, like = "\x01.x.example", "\\001.x.example"
    zone = Zone({name.encode("latin-1"): {"TXT": "v=spf1 -all"} for name in (odd, like)})
    pairs = [(policy, policy) for policy in (Policy.compile(name, resolver=zone) for name in (odd, like))]
    with pytest.raises(ArgumentError, match=r"\\001\.x\.example are given twice"):
        replay([], pairs)


@pytest.mark.parametrize("listed", [-1, 1001, None, 5.0, True])
def test_a_list_without_end_is_refused(listed: Any) -> None:
    with pytest.raises(ArgumentError, match="listed_at_most must be"):
        replay([], PAIRS, listed_at_most=listed)


def test_totals_are_added_to_totals_only() -> None:
    with pytest.raises(TypeError):
        Totals() + 1  # type: ignore[operator]  # a caller without types
    assert sum([Totals(), Totals(skipped=1)], Totals()) == Totals(skipped=1)


def test_a_batch_more_or_less_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for seed in range(20) for row in some_rows(Random(seed))]
    whole = replay(rows, PAIRS)
    monkeypatch.setattr("spfengine.replaying.replay._AT_ONCE", 7)
    monkeypatch.setattr("spfengine.replaying.replay._MOST_KNOWN", 2)
    assert replay(rows, PAIRS) == whole


def sample() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(replay([*some_rows(Random(3)), None], PAIRS).to_dict()))
    assert all(data[key] for key in ("totals", "listed", "unread"))
    return data


def test_the_json_form_is_stable() -> None:
    """Public API: a key is never renamed, nor given another meaning, under the same schema."""
    rows = [("203.0.113.7", "a@x.example", "h.example", 5), ("192.0.2.1", "@none.example"), None]
    assert replay(rows, PAIRS, source="part 7").to_dict() == {
        "schema": "spfengine.replay/1",
        "rows": 1,
        "messages": 5,
        "totals": [{
            "domain": "x.example", "before": None, "after": "pass", "effect": None, "rests_on": ["local-part"],
            "rows": 1, "messages": 5,
        }],
        "listed": [{
            "ip": "203.0.113.7", "sender": "a@x.example", "helo": "h.example", "messages": 5, "domain": "x.example",
            "before": None, "after": "pass", "effect": None, "directive_before": None,
            "directive_after": "ip4:203.0.113.7",
        }],
        "other_rows": 1,
        "other_messages": 1,
        "skipped": 1,
        "unread": [{
            "source": "part 7", "member": None, "place": "row 3",
            "reason": "the row is neither a sender nor made of cells", "example": "NoneType", "count": 1, "messages": 0,
        }],
        "listed_at_most": 20,
    }  # fmt: skip


def _first(data: dict[str, Any], key: str) -> dict[str, Any]:
    returned: dict[str, Any] = data[key][0]
    return returned


FORGED: dict[str, tuple[Any, str]] = {
    "another schema": (lambda d: d.update(schema="spfengine.policy/1"), r"totals\.schema: expected"),
    "a key that is missing": (lambda d: d.pop("unread"), r'totals: the key "unread" is missing'),
    "a list without end": (lambda d: d.update(listed_at_most=1001), r"listed_at_most: expected a number up to 1000"),
    "a sum that is none": (lambda d: d.update(messages=d["messages"] + 1), r'messages: expected the sum of "totals"'),
    "fewer than none": (lambda d: d.update(skipped=-1), r"totals\.skipped: expected a whole number"),
    "rows without end": (lambda d: _first(d, "totals").update(rows=10**5000), r"totals\.totals\[0\]\.rows: expected"),
    "a domain that steers a terminal": (
        lambda d: _first(d, "totals").update(domain="\x1b"),
        r"totals\.totals\[0\]\.domain: expected text .* printable characters",
    ),
    "an unknown result": (lambda d: _first(d, "totals").update(before="passed"), r"\.before: expected one of none"),
    "an unknown effect": (lambda d: _first(d, "listed").update(effect="x"), r"\.effect: expected one of newly"),
    "an address that is none": (lambda d: _first(d, "listed").update(ip="x"), r"\.ip: expected an IP address, not 'x'"),
    "a place that is a number": (lambda d: _first(d, "unread").update(place=7), r"\.unread\[0\]\.place: expected text"),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_are_no_totals_is_refused_and_the_message_says_where(what: str) -> None:
    change, message = FORGED[what]
    data = sample()
    change(data)
    with pytest.raises(ArgumentError, match=message) as caught:
        Totals.from_dict(data)
    assert str(caught.value).isprintable()


@given(st.data(), anything)
def test_anything_in_any_place_gives_totals_or_argument_error(data: st.DataObject, value: Any) -> None:
    whole = sample()
    here: Any = whole
    while True:
        key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else list(range(len(here)))))
        if not (isinstance(here[key], (dict, list)) and here[key]) or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = value
    try:
        read = Totals.from_dict(whole)
    except ArgumentError as error:
        assert str(error).isprintable()
    else:
        assert Totals.from_dict(json.loads(json.dumps(read.to_dict()))) == read
        assert read + Totals() == read


@pytest.mark.full
def test_totals_stay_small() -> None:
    """However many rows there are: "a small totals object"."""
    rows = [Sender("192.0.2.5", f"u{n}@x.example", f"h{n}.example") for n in range(20_000)]
    totals = replay(rows, PAIRS)
    assert totals.totals == (Total("x.example", Result.PASS, None, None, (Input.LOCAL_PART,), 20_000, 20_000),)
    assert len(totals.listed) == 20
    assert len(pickle.dumps(totals)) < 4_000


SPELLINGS = [
    "a@x.example", "@x.example", "<a@x.example>", "a@x.example>", "<a@x.example", "<>", "", "x.example", "a@", "@",
    "a@b@x.example", "a@x.example.", "a@X.EXAMPLE", "<@x.example>", "<a@x.example.>", "<@>", "a@<x.example>",
    "a@\uff58.example",
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(SPELLINGS), st.sampled_from([None, "x.example", "other.example"]))))
def test_the_domain_is_that_of_a_check(spelt: list[tuple[str, str | None]]) -> None:
    """However a sender is written, and whatever was asked before."""
    senders = [Sender("192.0.2.1", sender, helo) for sender, helo in spelt]
    known = {"x.example", "other.example"}
    checked = [spfengine.check(item.ip, item.sender, item.helo or "", resolver=ZONE) for item in senders]
    returned = Counter(item.domain.lower() for item in checked if item.domain.lower() in known)
    totals = replay(senders, PAIRS)
    counted: Counter[str] = Counter()
    for total in totals.totals:
        counted[total.domain] += total.rows
    assert counted == returned
    assert totals.other_rows == len(senders) - returned.total()


def test_totals_stand_in_order() -> None:
    """ "By domain, most messages first": whatever came first in the table."""
    rows = [("203.0.113.7", "@x.example"), ("192.0.2.1", "@gone.example", "", 9), ("192.0.2.1", "@x.example", "", 5)]
    totals = replay(rows, PAIRS)
    assert [(item.domain, item.messages) for item in totals.totals] == [
        ("gone.example", 9), ("x.example", 5), ("x.example", 1),
    ]  # fmt: skip


def test_of_bad_rows_in_one_place_the_first_is_reported_whichever_part_is_added_first() -> None:
    good = CELLS["text"]
    parts = [replay([*[good] * before, ("bad", "x.example")], PAIRS, source="table") for before in (9, 8, 999)]
    for random in map(Random, range(6)):
        [unread] = added_up(random.sample(parts, 3), random).unread
        assert str(unread) == "table, row 9: not an IP address: 'bad' (and 2 more)"


@pytest.mark.parametrize(
    ("record", "worse"), [("v=spf1 ?all", False), ("v=spf1 +all", False), ("v=spf1 ipv4:1 -all", True)]
)
def test_worse_is_what_a_simulation_calls_worse(record: str, worse: bool) -> None:
    before = Policy.compile("x.example", resolver=Zone({"x.example": {"TXT": "v=spf1 -all"}}))
    after = Policy.compile("x.example", resolver=Zone({"x.example": {"TXT": record}}))
    assert replay([CELLS["text"]], [(before, after)]).is_worse is worse


@pytest.mark.full
def test_rows_are_not_kept() -> None:
    """ "In bounded memory", however many senders there are."""

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(30_000):
            yield f"203.0.{number >> 8}.{number & 255}", f"{'u' * 200}{number}@x.example"

    replay(rows(), PAIRS)
    tracemalloc.start()
    replay(rows(), PAIRS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20, "all of them take nearly twice as much"


@pytest.mark.parametrize("rows", ["192.0.2.1,a@x.example", b"192.0.2.1", None, 5, {"ip": "192.0.2.1"}])
def test_what_is_not_a_list_of_rows_is_refused(rows: Any) -> None:
    with pytest.raises(ArgumentError, match="rows is a list of rows, not"):
        replay(rows, PAIRS)


@pytest.mark.parametrize("policies", ["x.example", None, 5, {"x.example": PAIRS[0]}])
def test_what_is_not_a_list_of_policies_is_refused(policies: Any) -> None:
    with pytest.raises(ArgumentError, match=r"policies is a list of pairs \(before, after\), not"):
        replay([], policies)


@pytest.mark.parametrize("paths", [None, 5, [5]])
def test_what_is_not_a_list_of_paths_is_refused(paths: Any) -> None:
    with pytest.raises(ArgumentError, match="paths is a path or a list of paths"):
        replay_files(paths, PAIRS)


def test_values_have_a_short_repr() -> None:
    totals = replay([("203.0.113.7", f"{'a' * 60}@x.example", "h" * 200), None], PAIRS)
    for value in (totals, *totals.totals, *totals.listed, *totals.unread):
        assert repr(value).isprintable()
        assert len(repr(value)) < 200
        assert pickle.loads(pickle.dumps(value)) == value
