"""A policy as a value, and its arguments."""

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine import AddressError, Answer, ArgumentError, Limits, Question, Zone
from spfengine.answers import RRType
from spfengine.policy.policy import Policy
from tests.counting import count_steps
from tests.policy.comparing import compiled
from tests.properties import strategies
from tests.properties.generate import Call

ZONE: dict[str | bytes, Any] = {
    "d.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 a:h.example exists:%{l}.e.example -all"},
    "h.example": {"A": "198.51.100.1", "AAAA": "2001:db8::1"},
}


def policy(zone: dict[str | bytes, Any] = ZONE, **more: Any) -> Policy:
    return Policy.compile("d.example", resolver=Zone(zone), **more)


def networks(count: int) -> str:
    return " ".join(f"ip4:10.{n >> 8}.{n & 255}.0/25" for n in range(count))


def test_check_many_keeps_the_order_of_the_addresses() -> None:
    ips = ["198.51.100.1", "192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "203.0.113.1"]
    assert policy().check_many(ips) == [policy().check(ip) for ip in ips]
    assert [outcome.result for outcome in policy().check_many(ips)] == ["pass", "pass", "pass", "pass", None]
    assert policy().check_many([]) == []
    with pytest.raises(AddressError, match="not an IP address"):
        policy().check_many(["192.0.2.1", "192.0.2"])


TEXTS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
GIVEN = st.one_of(TEXTS, st.ip_addresses(), st.sampled_from(["::ffff:198.51.100.1", "198.51.100.1", "192.0.2.0"]))
NO_ADDRESSES = ["1.2.3", "01.2.3.4", "1.2.3.4 ", "1.2.3.4\x00", "\ud800", "", "::1%eth0", None, 1, b"1.2.3.4"]


@given(st.lists(GIVEN, max_size=8), st.lists(TEXTS, max_size=2), st.integers(0, 3))
def test_check_many_gives_what_check_gives_for_each_address(given_ips: list[Any], more: list[str], rounds: int) -> None:
    """Even if the others, which take another code path, are among thousands of IPv4 addresses."""
    one = policy()
    plain = [f"192.0.{n >> 8}.{n & 255}" for n in range(700 * rounds)]
    ips = [*plain, *given_ips, *plain, *more]
    assert one.check_many(iter(ips)) == [one.check(ip) for ip in ips]


@pytest.mark.parametrize("wrong", NO_ADDRESSES, ids=repr)
@pytest.mark.parametrize("before", [0, 1, 1023, 1024, 3000])
def test_check_many_refuses_an_invalid_address_at_any_position(wrong: Any, before: int) -> None:
    with pytest.raises(AddressError, match="not an IP address"):
        policy().check_many([*["192.0.2.1"] * before, wrong, "192.0.2.1"])


@pytest.mark.parametrize("name", ["domain", "limits", "ttl", "_ip4", "answers", "other"])
def test_a_policy_is_immutable(name: str) -> None:
    one = policy()
    with pytest.raises(AttributeError):
        setattr(one, name, None)
    with pytest.raises(AttributeError):
        delattr(one, name)
    with pytest.raises(TypeError):
        one.answers[Question("d.example", RRType.TXT)] = Answer.nodata()  # type: ignore[index]  # that is what is tested
    assert one == policy()


@given(strategies.zones, strategies.calls, strategies.limits)
def test_a_policy_survives_pickle_and_copy(zone: Zone, call: Call, limits: Limits) -> None:
    one = compiled(zone, call, limits)
    again = pickle.loads(pickle.dumps(one))
    assert again == one
    assert hash(again) == hash(one)
    assert again.answers == one.answers
    assert again.ttl == one.ttl
    assert list(again.ranges(6)) == list(one.ranges(6))
    assert copy.deepcopy(one) == copy.copy(one) == one


def test_policies_are_equal_if_all_their_ranges_are() -> None:
    assert policy() == policy()
    assert len({policy(), policy()}) == 1
    assert policy() != policy(sender="u@d.example")
    assert policy() != policy(helo="h.example")
    assert policy() != policy(limits=Limits(9))
    assert policy() != "policy"
    moved = {**ZONE, "h.example": {"A": "198.51.100.2", "AAAA": "2001:db8::1"}}
    assert policy() != policy(moved)
    assert hash(policy()) != hash(policy(moved))


def test_the_hash_of_a_large_policy_is_computed_once() -> None:
    large = Policy.compile("z.example", resolver=Zone({"z.example": {"TXT": f"v=spf1 {networks(5000)} -all"}}))
    assert sum(1 for _ in large.ranges(4)) == 10_001
    hash(large)
    assert count_steps(lambda: hash(large)) < 100


def test_a_policy_keeps_its_answers_and_can_drop_them() -> None:
    whole = policy()
    assert set(whole.answers) == {
        ("d.example", "TXT"), ("h.example", "A"), ("h.example", "AAAA"),
    }  # fmt: skip
    assert whole.answers[Question("h.example", RRType.A)].records == (0xC6336401,)
    bare = whole.without_answers()
    assert dict(bare.answers) == {}
    assert bare == whole
    assert (hash(bare), bare.ttl) == (hash(whole), whole.ttl)
    assert len(pickle.dumps(bare)) < len(pickle.dumps(whole))


class WithTTLs:
    """Answers with the given TTLs."""

    def __init__(self, txt: int | None, a: int | None, aaaa: int | None) -> None:
        self.answers = {
            "TXT": Answer.txt("v=spf1 a:h.example -all", ttl=txt),
            "A": Answer.a("192.0.2.1", ttl=a),
            "AAAA": Answer.nodata(ttl=aaaa),
        }

    def resolve(self, question: Question, /) -> Answer:
        return self.answers[question.type]


@pytest.mark.parametrize(
    ("ttls", "expected"),
    [((300, 60, 900), 60), ((300, 60, 5), 5), ((0, 60, 5), 0), ((300, None, 5), None), ((None, None, None), None)],
)
def test_the_ttl_is_the_smallest_of_all_answers(ttls: tuple[int | None, ...], expected: int | None) -> None:
    resolver = WithTTLs(*ttls)
    assert Policy.compile("d.example", resolver=resolver).ttl == expected


def test_a_query_is_sent_once_for_both_families_and_all_runs() -> None:
    asked: list[Question] = []

    class Counting:
        def resolve(self, question: Question, /) -> Answer:
            asked.append(question)
            return Zone(ZONE).resolve(question)

    Policy.compile("d.example", resolver=Counting())
    assert len(asked) == len(set(asked)) == 3


def test_a_helo_policy() -> None:
    """The policy of a HELO identity d is that of `compile(d, sender="", helo=d)`."""
    zone = Zone(
        {"mx.d.example": {"TXT": "v=spf1 exists:%{l}.%{h} -all"}, "postmaster.mx.d.example": {"A": "127.0.0.2"}}
    )
    one = Policy.compile("mx.d.example", resolver=zone, sender="", helo="mx.d.example")
    assert (one.local_part, one.helo) == ("postmaster", "mx.d.example")
    assert one.check("192.0.2.1").result == "pass"


@pytest.mark.parametrize(
    ("domain", "more", "message"),
    [
        ("d.example", {"sender": "u@other.example"}, r"'u@other\.example' belongs to the domain 'other\.example'"),
        ("d.example", {"sender": ""}, r"the sender '' belongs to the domain ''"),
        ("u@d.example", {}, r"'u@d\.example'; give an address"),
        (None, {}, "domain must be text, not NoneType"),
        ("d.example", {"sender": 7}, "sender must be text, not int"),
        ("d.example", {"helo": b"h"}, "helo must be text, not bytes"),
    ],
)
def test_invalid_arguments_are_refused(domain: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Policy.compile(domain, resolver=Zone(ZONE), **more)


def test_unknown_results_and_families_are_refused() -> None:
    with pytest.raises(ArgumentError, match="'passed' is not a result; expected one of none, neutral, pass"):
        policy().networks("passed")
    with pytest.raises(ArgumentError, match="'' is not a result"):
        policy().address_count("")
    with pytest.raises(ArgumentError, match="4 or 6, not 5"):
        list(policy().ranges(5))
    with pytest.raises(ArgumentError, match="4 or 6, not 5"):
        policy().address_count("pass", 5)


@pytest.mark.parametrize(
    ("domain", "result", "code"),
    [
        ("gone.example", "none", "domain-not-found"),
        ("localhost", "none", "invalid-domain"),
        ("[192.0.2.1]", "none", "invalid-domain"),
        ("", "none", "invalid-domain"),
        ("h.example", "none", "no-record"),
        ("bad.example", "permerror", "unknown-mechanism"),
        ("x\u2603.example", "none", "invalid-u-label"),
    ],
)
def test_a_domain_without_a_usable_record_has_a_policy_too(domain: str, result: str, code: str) -> None:
    zone = Zone({**ZONE, "bad.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -all"}})
    one = Policy.compile(domain, resolver=zone)
    for ip in ("192.0.2.1", "2001:db8::1"):
        outcome = one.check(ip)
        assert outcome.result == result
        assert outcome.problem is not None
        assert outcome.problem.code == code
    assert len(list(one.ranges(4))) == len(list(one.ranges(6))) == 1
    assert "ranges>" in repr(one)


def test_a_domain_is_the_same_in_every_spelling() -> None:
    zone = Zone({"xn--bcher-kva.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}})
    for written in ("bücher.example", "xn--bcher-kva.example", "BÜCHER.example."):
        one = Policy.compile(written, resolver=zone, sender=f"u@{written}")
        assert one.domain == "xn--bcher-kva.example"
        assert one.check("192.0.2.1").result == "pass"
