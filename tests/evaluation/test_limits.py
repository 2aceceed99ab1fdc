"""The counters of RFC 7208 §4.6.4: lookups, void lookups by each rule, names of hosts."""

from typing import Any, cast

import pytest

from spfengine import Answer, Limits, Question, RRType, Status, VoidRule, check
from spfengine.addresses import V4, V6
from spfengine.names import reverse_name
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

CLIENT = "192.0.2.1"
CLIENT6 = "2001:db8::1"

Names = dict[str | bytes, dict[str, Any]]

HOSTS: Names = {
    "v4.example": {"A": "10.0.0.1"},
    "v6.example": {"AAAA": "2001:db8:9::1"},
    "none.example": {"TXT": "neither"},
    "fails.example": {"A": "10.0.0.1", "AAAA": Status.SERVFAIL},
    "mx2.example": {"MX": [(1, "none.example"), (2, "gone.example"), (3, "none.example")]},
    "mx4.example": {"MX": [(1, "v4.example"), (2, "v4.example")]},
    reverse_name(V4, 0xC0000201): {"PTR": ["gone.example", "none.example", "v6.example"]},
    reverse_name(V6, (0x20010DB8 << 96) + 1): {"PTR": ["v4.example", "fails.example"]},
}


def zone(record: str, **names: Any) -> Zone:
    return Zone(
        {"a.example": {"TXT": record, "A": "10.0.0.1", "AAAA": "2001:db8:9::9"}, **HOSTS, **cast("Names", names)}
    )


@pytest.mark.parametrize(
    ("client", "terms", "per_term", "per_lookup", "dual_stack"),
    [
        (CLIENT, "a:gone.example", 1, 1, 1),
        (CLIENT, "a:none.example", 1, 1, 1),
        (CLIENT, "a:v6.example", 1, 1, 0),
        (CLIENT6, "a:v4.example", 1, 1, 0),
        (CLIENT6, "a:fails.example", 0, 0, 0),  # temperror
        (CLIENT, "a", 0, 0, 0),
        (CLIENT, "mx:mx2.example", 1, 3, 1),
        (CLIENT6, "mx:mx4.example", 1, 2, 0),
        (CLIENT, "mx:gone.example", 1, 1, 1),
        (CLIENT, "exists:gone.example", 1, 1, 1),
        (CLIENT, "exists:v6.example", 1, 1, 1),  # exists queries only A
        (CLIENT6, "exists:v4.example", 0, 0, 0),
        (CLIENT, "ptr", 1, 3, 1),
        (CLIENT6, "ptr", 1, 1, 0),
        ("192.0.2.77", "ptr", 1, 1, 1),
        (CLIENT, "a:gone.example a:gone.example", 2, 2, 2),  # asked once, counted twice
        (CLIENT, "exists:%{p}.gone.example", 1, 4, 1),  # the queries of %{p} count for the term that contains it
        (CLIENT, "ptr a:%{p}", 2, 7, 2),  # "unknown" does not exist either
        (CLIENT, "a:%{h}", 0, 0, 0),  # no query, so never void
        (CLIENT, "include:inner.example", 2, 2, 2),  # the voids are those of the terms inside
        (CLIENT, "ip4:10.0.0.0/8 ?all", 0, 0, 0),
    ],
)
def test_what_counts_as_a_void_lookup(client: str, terms: str, per_term: int, per_lookup: int, dual_stack: int) -> None:
    """RFC 7208 §4.6.4, §11.1, and `VoidRule`."""
    inner: dict[str, Any] = {"inner.example": {"TXT": "v=spf1 a:gone.example a:none.example -all"}}
    counted = []
    for rule in VoidRule:
        limits = Limits(voids=100, void_rule=rule)
        counted.append(
            check(client, "u@a.example", "", resolver=zone(f"v=spf1 {terms}", **inner), limits=limits).void_lookups
        )
    assert counted == [per_term, per_lookup, dual_stack]


@pytest.mark.parametrize(("client", "failing"), [(CLIENT6, "fails4.example"), (CLIENT, "fails.example")])
def test_a_failure_of_the_other_family_is_not_void(client: str, failing: str) -> None:
    """RFC 7208 §4.6.4: the extra query is not charged, and its failure means "not void"."""
    names = {"fails.example": {"AAAA": Status.SERVFAIL, "A": []}, "fails4.example": {"A": Status.TIMEOUT, "AAAA": []}}
    limits = Limits(voids=0, void_rule="dual-stack")
    listening = Listening(zone(f"v=spf1 a:{failing} -all", **names))
    result = check(client, "u@a.example", resolver=listening, limits=limits)
    assert result.result == "fail"
    assert (result.lookups, result.void_lookups, result.questions) == (1, 0, 3)
    assert {question.type for question in listening.questions} == {RRType.TXT, RRType.A, RRType.AAAA}


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.NOERROR, Status.NXDOMAIN)])
def test_a_failure_is_no_void_lookup_by_any_rule(status: Status) -> None:
    """Whatever the records of the other family are."""
    names = {"x.example": {"A": status, "AAAA": "2001:db8::1"}}
    for rule in VoidRule:
        listening = Listening(zone("v=spf1 a:x.example -all", **names))
        result = check(CLIENT, "u@a.example", resolver=listening, limits=Limits(void_rule=rule))
        assert (result.result, result.void_lookups) == ("temperror", 0)
        assert len(listening.asked) == 2


@pytest.mark.parametrize(("voids", "terms"), [(0, 1), (1, 2), (2, 3), (5, 6)])
@pytest.mark.parametrize("rule", list(VoidRule))
def test_one_void_lookup_too_many_ends_the_check_at_once(voids: int, terms: int, rule: VoidRule) -> None:
    """RFC 7208 §4.6.4: even if it is the last term; no later query is sent."""
    limits = Limits(voids=voids, void_rule=rule)
    names = [f"a:gone{i}.example" for i in range(terms)]
    for record in (f"v=spf1 {' '.join(names)}", f"v=spf1 {' '.join(names)} a:v4.example +all"):
        listening = Listening(zone(record))
        result = check(CLIENT, "u@a.example", resolver=listening, limits=limits)
        assert result.result == "permerror"
        assert result.problem is not None
        assert result.problem.code == "too-many-void-lookups"
        assert f"gone{terms - 1}.example" in result.problem.text
        assert ("lookups" if rule == "per-lookup" else "terms") in result.problem.text
        assert result.path[-1] == ("a.example", names[-1])
        assert len(listening.asked) == 1 + terms
    assert (
        check(CLIENT, "u@a.example", resolver=zone(f"v=spf1 {' '.join(names[:-1])} +all"), limits=limits).result
        == "pass"
    )


def test_the_voids_of_an_explanation_do_not_count() -> None:
    names = {"e.example": {"TXT": "from %{p}"}}
    result = check(
        CLIENT,
        "u@a.example",
        resolver=zone("v=spf1 -all exp=e.example", **names),
        limits=Limits(voids=0, void_rule="per-lookup"),
    )
    assert result.explanation == "from unknown"
    assert (result.void_lookups, result.lookups, result.questions) == (0, 0, 6)


def test_the_first_record_s_void_does_not_count() -> None:
    for domain in ("gone.example", "v4.example"):
        result = check(CLIENT, f"u@{domain}", resolver=zone("v=spf1"), limits=Limits(voids=0))
        assert (result.result, result.void_lookups) == ("none", 0)


@pytest.mark.parametrize("word", ["include:", "redirect="])
@pytest.mark.parametrize("target", ["gone.example", "v4.example"])
def test_the_void_of_a_target_is_counted_but_reported_as_a_missing_record(word: str, target: str) -> None:
    """RFC 7208 §4.6.4: such a void is permerror anyway, and the problem says that the record is missing."""
    result = check(CLIENT, "u@a.example", resolver=zone(f"v=spf1 {word}{target}"), limits=Limits(voids=0))
    assert result.result == "permerror"
    assert result.problem is not None
    assert result.problem.code.startswith(word[:-1])
    assert result.void_lookups == 1


@pytest.mark.parametrize("lookups", [0, 1, 3, 10])
def test_lookups_are_charged_before_any_query(lookups: int) -> None:
    """RFC 7208 §4.6.4: "MUST limit the total number of those terms to 10"."""
    limits = Limits(lookups=lookups)
    listening = Listening(zone("v=spf1 " + "exists:v4.%{l}.example " * (lookups + 1)))
    result = check(CLIENT, "u..v@a.example", resolver=listening, limits=limits)
    assert result.result == "permerror"
    assert result.lookups == lookups + 1
    assert len(listening.asked) == 1  # the names can't be queried, but are charged
    assert (
        check(CLIENT, "u@a.example", resolver=zone("v=spf1 " + "a " * lookups + "+all"), limits=limits).result == "pass"
    )


@pytest.mark.parametrize(
    ("record", "lookups", "counting_p"),
    [
        ("v=spf1 exists:%{p}.x.example", 1, 2),
        ("v=spf1 exists:%{p}%{p1}.x.example exists:%{P}.y.example", 2, 4),
        ("v=spf1 include:%{p}.inc.example", 1, 2),
        ("v=spf1 redirect=%{p}.inc.example", 1, 2),
        ("v=spf1 ptr", 1, 1),
        ("v=spf1 a:%{i}.x.example", 1, 1),
        ("v=spf1 -all exp=%{p}.e.example", 0, 0),
    ],
)
def test_whether_p_is_charged(record: str, lookups: int, counting_p: int) -> None:
    """`Limits.count_p`: "whether each term with `%{p}` in it is charged for that as well"."""
    names = {"unknown.inc.example": {"TXT": "v=spf1"}}
    for count_p, expected in ((False, lookups), (True, counting_p)):
        limits = Limits(voids=100, count_p=count_p)
        assert check(CLIENT, "u@a.example", resolver=zone(record, **names), limits=limits).lookups == expected


def test_a_term_with_p_is_void_once() -> None:
    """The void lookups of `%{p}` and of the term are those of one term, however often that is charged."""
    for terms, voids in (
        ("exists:%{p}.gone.example", 1),
        ("a:gone.example exists:%{p}.gone.example a:gone.example", 3),
    ):
        limits = Limits(voids=9, count_p=True)
        assert check("192.0.2.77", "u@a.example", resolver=zone(f"v=spf1 {terms}"), limits=limits).void_lookups == voids


def test_a_charge_for_p_can_exceed_the_limit() -> None:
    limits = Limits(lookups=1, count_p=True)
    result = check(CLIENT, "u@a.example", resolver=zone("v=spf1 exists:%{p}.x.example +all"), limits=limits)
    assert result.result == "permerror"
    assert result.questions == 1


@pytest.mark.parametrize(
    ("names", "result"), [(0, "permerror"), (1, "permerror"), (2, "permerror"), (3, "fail"), (4, "fail")]
)
def test_how_many_exchanges_mx_may_have(names: int, result: str) -> None:
    """RFC 7208 §4.6.4: the limit is on the number of records, duplicates included."""
    limits = Limits(names=names, voids=100)
    outcome = check(CLIENT, "u@a.example", resolver=zone("v=spf1 mx:mx2.example -all"), limits=limits)
    assert outcome.result == result
    assert outcome.problem is None or outcome.problem.code == "too-many-mx"


@pytest.mark.parametrize(("names", "result"), [(0, "fail"), (1, "fail"), (2, "pass"), (10, "pass")])
def test_how_many_names_ptr_looks_at(names: int, result: str) -> None:
    """RFC 7208 §4.6.4: "the remaining records are ignored"."""
    others = {
        reverse_name(V4, 0xC0000202): {"PTR": ["v4.example", "good.a.example", "x.example"]},
        "good.a.example": {"A": "192.0.2.2"},
    }
    resolver = zone("v=spf1 ptr -all", **others)
    assert check("192.0.2.2", "u@a.example", resolver=resolver, limits=Limits(names=names)).result == result


def test_limits_are_values() -> None:
    assert Limits() == Limits(10, 2, "per-term", 10, 20.0, count_p=False)
    assert hash(Limits(voids=3)) == hash(Limits(voids=3))
    assert Limits(void_rule="dual-stack").void_rule is VoidRule.DUAL_STACK
    assert Limits(voids=1) != Limits(voids=2)
    with pytest.raises(AttributeError, match="immutable"):
        Limits().voids = 5


def test_the_same_query_is_sent_once() -> None:
    """The name (in any case) and type are not queried again, but counted as if they had been."""
    listening = Listening(zone("v=spf1 a:V4.example a:v4.EXAMPLE/24 mx:v4.example exists:v4.example"))
    result = check(CLIENT, "u@a.example", resolver=listening)
    assert listening.questions == [
        Question("a.example", RRType.TXT),
        Question("V4.example", RRType.A),
        Question("v4.example", RRType.MX),
    ]
    assert (result.lookups, result.questions) == (4, 3)
    assert isinstance(listening.asked[0][1], Answer)
