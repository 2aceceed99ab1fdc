"""The JSON form of a policy, which is safe to read from an untrusted source."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine import ArgumentError, Limits, Zone
from spfengine.policy.policy import Policy
from tests.policy.comparing import addresses, compiled, domain_of
from tests.properties import strategies
from tests.properties.generate import Call

ZONE = Zone({
    "d.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -include:i.example exists:%{l}.e.example a:h.example ~all"},
    "i.example": {"TXT": "v=spf1 mx:%{i}.e.example ?all"},
    "h.example": {"A": "198.51.100.1"},
})  # fmt: skip


def policy() -> Policy:
    return Policy.compile("d.example", resolver=ZONE)


def sample() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(policy().to_dict()))
    return data


@given(strategies.zones, strategies.calls, strategies.limits, strategies.chance)
def test_a_policy_that_is_read_back_is_equal(zone: Zone, call: Call, limits: Limits, chance: Random) -> None:
    for one in (compiled(zone, call, limits), Policy.compile(domain_of(call), resolver=zone, limits=limits)):
        text = json.dumps(one.to_dict(), allow_nan=False)
        again = Policy.from_dict(json.loads(text))
        assert again == one
        assert hash(again) == hash(one)
        assert again.ttl == one.ttl
        assert dict(again.answers) == {}
        assert json.dumps(again.to_dict()) == text
        for ip in addresses([one], chance, 2):
            assert again.check(ip) == one.check(ip)


def test_the_form_is_stable() -> None:
    """Public API: under the same schema, a key never changes its name or its meaning."""
    zone = Zone({"d.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 exists:%{i}.e.example -all"}}, ttl=300)
    data = Policy.compile("d.example", resolver=zone, sender="u@d.example", helo="h.example").to_dict()
    assert list(data) == [
        "schema", "domain", "local_part", "helo", "limits", "ttl", "dependencies", "outcomes", "ip4", "ip6",
    ]  # fmt: skip
    assert data["schema"] == "spfengine.policy/1"
    assert (data["domain"], data["local_part"], data["helo"], data["ttl"]) == ("d.example", "u", "h.example", 300)
    assert data["limits"] == {
        "lookups": 10, "voids": 2, "void_rule": "per-term", "names": 10, "seconds": 20.0, "count_p": False,
    }  # fmt: skip
    assert data["dependencies"] == [
        {"domain": "d.example", "term": "exists:%{i}.e.example", "inputs": ["client-address"]}
    ]
    assert data["ip4"] == [["0.0.0.0", 3], ["192.0.2.0", 4], ["192.0.3.0", 3]]
    assert data["ip6"] == [["::", 3]]
    outcomes: Any = data["outcomes"]
    assert outcomes[3] == {
        "result": None,
        "problem": None,
        "directive": None,
        "record_domain": None,
        "path": [],
        "lookups": 1,
        "void_lookups": 1,
        "depends_on": [0],
        "tree": {"dependency": 0, "branches": [["match", 0], ["no-match-void", 1], ["temperror", 2]]},
        "rest": None,
    }
    assert outcomes[2]["problem"] == {
        "code": "dns-failure",
        "text": "DNS could not answer for exists:%{i}.e.example",
        "domain": "d.example",
        "span": [24, 45],
        "section": "2.6.6",
        "hint": None,
    }
    assert outcomes[4] == {
        "result": "pass",
        "problem": None,
        "directive": "ip4:192.0.2.0/24",
        "record_domain": "d.example",
        "path": [["d.example", "ip4:192.0.2.0/24"]],
        "lookups": 0,
        "void_lookups": 0,
        "depends_on": [],
        "tree": None,
        "rest": None,
    }


@pytest.mark.parametrize("octets", ["\x00\x1b[31m", "a b\\", "\xff\x80", "\r\n"])
def test_names_keep_their_octets(octets: str) -> None:
    zone = Zone({b"odd" + octets.encode("latin-1") + b".example": {"TXT": "v=spf1 ipv4:1"}})
    domain = f"odd{octets}.example"
    one = Policy.compile(domain, resolver=zone, sender=f"{octets}@{domain}", helo=octets)
    text = json.dumps(one.to_dict())
    assert text.isprintable()
    assert Policy.from_dict(json.loads(text)) == one


@pytest.mark.full
def test_ten_thousand_ranges_are_read_and_written_quickly_enough() -> None:
    networks = " ".join(f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(5000))
    one = Policy.compile("z.example", resolver=Zone({"z.example": {"TXT": f"v=spf1 {networks} -all"}}))
    data = one.to_dict()
    assert isinstance(data["ip4"], list)
    assert len(data["ip4"]) == 10_001
    assert Policy.from_dict(data) == one


Change = Callable[[dict[str, Any]], Any]

REFUSED: dict[str, tuple[Change, str]] = {
    "another schema": (
        lambda d: d.update(schema="spfengine.policy/2"),
        r'policy\.schema: expected "spfengine\.policy/1", not \'spfengine\.policy/2\'',
    ),
    "no schema": (lambda d: d.pop("schema"), r'policy: the key "schema" is missing'),
    "a key that is missing": (lambda d: d.pop("ip6"), r'policy: the key "ip6" is missing'),
    "a domain that is none": (lambda d: d.update(domain=None), r"policy\.domain: expected text .* not None"),
    "a domain that is no octets": (
        lambda d: d.update(domain="\u0100.example"),
        r"policy\.domain: expected text .*U\+00FF",
    ),
    "a local part that is too long": (lambda d: d.update(local_part="x" * 70_000), r"policy\.local_part: expected"),
    "a HELO name that is a list": (lambda d: d.update(helo=[]), r"policy\.helo: .* not a value of type list"),
    "a negative TTL": (lambda d: d.update(ttl=-1), r"policy\.ttl: expected a whole number, 0 or more, not -1"),
    "a TTL that is true": (lambda d: d.update(ttl=True), r"policy\.ttl: .* not True"),
    "limits that are none": (
        lambda d: d.update(limits=None),
        r"policy\.limits: expected an object with keys, not None",
    ),
    "an unknown rule": (
        lambda d: d["limits"].update(void_rule="x"),
        r"policy\.limits\.void_rule: expected one of per-term",
    ),
    "no time": (lambda d: d["limits"].update(seconds=0), r"policy\.limits: .*seconds must be"),
    "time without end": (lambda d: d["limits"].update(seconds=10**5000), r"policy\.limits\.seconds: expected a number"),
    "lookups without end": (
        lambda d: d["limits"].update(lookups=10**5000),
        r"policy\.limits\.lookups: expected a whole",
    ),
    "time that is no number": (
        lambda d: d["limits"].update(seconds=float("nan")),
        r"policy\.limits\.seconds: .*not nan",
    ),
    "a time in words": (lambda d: d["limits"].update(seconds="20"), r"policy\.limits\.seconds: expected a number"),
    "half a lookup": (lambda d: d["limits"].update(lookups=0.5), r"policy\.limits\.lookups: expected a whole number"),
    "a rule that is neither": (
        lambda d: d["limits"].update(count_p=1),
        r"policy\.limits\.count_p: expected true or false",
    ),
    "an unknown input": (
        lambda d: d["dependencies"][0].update(inputs=["x"]),
        r"policy\.dependencies\[0\]\.inputs\[0\]: expected one of client-address",
    ),
    "a term that steers a terminal": (
        lambda d: d["dependencies"][0].update(term="\x1b[2J"),
        r"policy\.dependencies\[0\]\.term: expected text .* printable characters, not '\\\\x1b\[2J'",
    ),
    "outcomes that are no list": (
        lambda d: d.update(outcomes={}),
        r"policy\.outcomes: expected a list, not a value of type dict",
    ),
    "an unknown result": (
        lambda d: d["outcomes"][0].update(result="passed"),
        r"policy\.outcomes\[0\]\.result: expected one of none",
    ),
    "a result that is a list": (
        lambda d: d["outcomes"][0].update(result=[]),
        r"policy\.outcomes\[0\]\.result: expected one of",
    ),
    "an unknown problem": (
        lambda d: problem(d).update(code="x"),
        r"policy\.outcomes\[\d+\]\.problem\.code: expected a ProblemCode, not 'x'",
    ),
    "a problem that steers a terminal": (lambda d: problem(d).update(text="\x1b"), r"\.problem\.text: expected text"),
    "a span of one": (lambda d: problem(d).update(span=[1]), r"\.problem\.span: expected a list of two values"),
    "a path of names": (
        lambda d: d["outcomes"][0].update(path=["d.example"]),
        r"\.path\[0\]: expected a list of two values",
    ),
    "a path that is text": (lambda d: d["outcomes"][0].update(path="d.example"), r"\.path: expected a list"),
    "a dependency that is not there": (
        lambda d: conditional(d).update(depends_on=[99]),
        r"depends_on\[0\]: expected an index into a table",
    ),
    "a dependency counted from the end": (
        lambda d: conditional(d).update(depends_on=[-1]),
        r"depends_on\[0\]: expected an index into a table",
    ),
    "no result and no dependency": (
        lambda d: conditional(d).update(depends_on=[], tree=None),
        r"depends_on: expected dependencies if",
    ),
    "a result and a tree": (lambda d: conditional(d).update(result="pass", depends_on=[]), r"\.result: expected null"),
    "a tree that holds itself": (
        lambda d: branches(d)[0].__setitem__(1, d["outcomes"].index(conditional(d))),
        r"branches\[0\]\[1\]: expected an index into a table",
    ),
    "a choice made twice": (
        lambda d: branches(d)[1].__setitem__(0, "match"),
        r"branches\[1\]\[0\]: expected each choice once",
    ),
    "a tree without branches": (lambda d: branches(d).clear(), r"branches: expected at least one branch"),
    "too many branches": (lambda d: branches(d).extend([["match", 0]] * 9), r"branches: expected at most 6 items"),
    "no ranges": (lambda d: d.update(ip4=[]), r"policy\.ip4: expected at least one range"),
    "ranges that begin late": (lambda d: d["ip4"].pop(0), r"policy\.ip4\[0\]\[0\]: expected addresses in order"),
    "ranges out of order": (lambda d: d["ip4"].reverse(), r"policy\.ip4\[0\]\[0\]: expected addresses in order"),
    "a range twice": (lambda d: d["ip4"].insert(1, d["ip4"][0]), r"policy\.ip4\[1\]\[0\]: expected addresses in order"),
    "an address of the other family": (
        lambda d: d["ip4"][1].__setitem__(0, "2001:db8::"),
        r"policy\.ip4\[1\]\[0\]: expected an IPv4 address",
    ),
    "an address that is none": (
        lambda d: d["ip4"][1].__setitem__(0, "192.0.2"),
        r"expected an IPv4 address, not '192\.0\.2'",
    ),
    "an address that is a number": (lambda d: d["ip6"][0].__setitem__(0, 0), r"policy\.ip6\[0\]\[0\]: expected text"),
    "a range among mapped addresses": (
        lambda d: d["ip6"].append(["::ffff:1.2.3.4", 0]),
        r"policy\.ip6\[1\]\[0\]: .*::ffff:0:0/96",
    ),
    "an outcome that is not there": (
        lambda d: d["ip4"][0].__setitem__(1, 99),
        r"policy\.ip4\[0\]\[1\]: expected an index into a table",
    ),
    "a huge number": (lambda d: d["ip4"][0].__setitem__(1, 10**5000), r"not a value of type int"),
}


def problem(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(o["problem"] for o in data["outcomes"] if o["problem"] is not None)
    return found


def conditional(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(o for o in data["outcomes"] if o["tree"] is not None)
    return found


def branches(data: dict[str, Any]) -> list[Any]:
    found: list[Any] = conditional(data)["tree"]["branches"]
    return found


def test_the_sample_is_read() -> None:
    assert Policy.from_dict(sample()) == policy()


@pytest.mark.parametrize("what", REFUSED)
def test_a_malformed_policy_is_refused_and_the_message_says_where(what: str) -> None:
    change, message = REFUSED[what]
    data = sample()
    change(data)
    with pytest.raises(ArgumentError, match=message) as caught:
        Policy.from_dict(data)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("data", [None, 7, "x", [], {}, b""], ids=repr)
def test_anything_but_an_object_is_refused(data: object) -> None:
    with pytest.raises(ArgumentError, match=r"^policy: "):
        Policy.from_dict(data)


def test_a_tree_that_expands_exponentially_is_refused() -> None:
    """Each outcome contains the previous one twice: 40 of them would have 2^40 leaves."""
    for width, message in ((2, "leaves"), (1, "deep")):
        data = sample()
        leaf = {**data["outcomes"][0], "tree": None}
        data["outcomes"] = [leaf]
        for place in range(40):
            choices = ["match", "no-match"][:width]
            tree = {"dependency": 0, "branches": [[choice, place] for choice in choices]}
            data["outcomes"].append({**leaf, "result": None, "directive": None, "depends_on": [0], "tree": tree})
        data["ip4"] = data["ip6"] = []
        with pytest.raises(ArgumentError, match=rf"\.tree: expected a tree of at most .*{message}"):
            Policy.from_dict(data)


def test_the_leaves_of_a_tree_are_counted_in_all_its_branches() -> None:
    """2^14 leaves may be read, at whatever depth."""
    for place, is_read in ((14, True), (15, False)):
        data = sample()
        leaf = {**data["outcomes"][0], "tree": None}
        trees = [{"dependency": 0, "branches": [["match", n], ["no-match", n]]} for n in range(place)]
        conditional = {**leaf, "result": None, "directive": None, "depends_on": [0]}
        data["outcomes"] = [leaf, *[{**conditional, "tree": tree} for tree in trees]]
        data["ip4"], data["ip6"] = [["0.0.0.0", place]], [["::", 0]]
        if is_read:
            assert Policy.from_dict(data).check("192.0.2.1").result is None
        else:
            with pytest.raises(ArgumentError, match=r"\.tree: expected a tree of at most 16384 leaves"):
                Policy.from_dict(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 300) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.data(), json_values)
def test_any_value_in_any_field_gives_a_policy_or_argument_error(data: st.DataObject, value: Any) -> None:
    whole = sample()
    here: Any = whole
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(here[key], (dict, list)) and here[key]) or data.draw(st.booleans()):
            break
        here = here[key]
    here[key] = value
    try:
        read = Policy.from_dict(whole)
    except ArgumentError as error:
        assert str(error).isprintable()
    else:
        assert Policy.from_dict(json.loads(json.dumps(read.to_dict()))) == read
        assert read.check("192.0.2.1") is not None
