"""Outcomes that depend on more than the address: the tree of a conditional range has every possible result."""

from collections.abc import Iterator
from typing import Any

import pytest

from spfengine import ArgumentError, Limits, Result, Status, Zone, check
from spfengine.policy import compile as tiling, work
from spfengine.policy.outcome import Choice, Input, Outcome
from spfengine.policy.policy import Policy

NOBODY = "192.0.2.1"
ONE_IN_ARPA = "1.2.0.192.in-addr.arpa"


def zone_of(record: str, **names: Any) -> Zone:
    """Return a zone of one record and of names, which are written with underscores instead of dots."""
    others: dict[Any, Any] = {name.replace("_", "."): records for name, records in names.items()}
    zone: dict[str | bytes, Any] = {"d.example": {"TXT": record}, **others}
    return Zone(zone)


def leaves(outcome: Outcome) -> Iterator[Outcome]:
    if outcome.tree is None:
        yield outcome
    else:
        for _, below in outcome.tree.branches:
            yield from leaves(below)


def followed(outcome: Outcome, *script: Choice) -> Outcome:
    for choice in script:
        assert outcome.tree is not None
        outcome = dict(outcome.tree.branches)[choice]
    return outcome


def choices(outcome: Outcome) -> list[Choice]:
    assert outcome.tree is not None
    return [choice for choice, _ in outcome.tree.branches]


def test_the_tree_names_term_and_inputs() -> None:
    policy = Policy.compile("d.example", resolver=zone_of("v=spf1 ~exists:%{ir}.%{l}.%{h}.e.example -all"))
    outcome = policy.check(NOBODY)
    assert outcome.result is None
    assert outcome.is_conditional
    (dependency,) = outcome.depends_on
    assert dependency.domain == "d.example"
    assert dependency.term == "~exists:%{ir}.%{l}.%{h}.e.example"
    assert dependency.inputs == (Input.CLIENT_ADDRESS, Input.LOCAL_PART, Input.HELO)
    assert outcome.tree is not None
    found = {choice: below.result for choice, below in outcome.tree.branches}
    assert found == {"match": "softfail", "no-match": "fail", "no-match-void": "fail", "temperror": "temperror"}
    assert [str(network) for network, _, _ in policy.conditional] == ["0.0.0.0/0", "::/0"]


def test_only_ranges_that_depend_on_the_term_are_conditional() -> None:
    policy = Policy.compile("d.example", resolver=zone_of("v=spf1 ip4:192.0.2.0/24 exists:%{i}.e.example -all"))
    assert policy.check("192.0.2.77").result == "pass"
    assert policy.check("192.0.3.0").result is None
    assert [str(network) for network in policy.networks("pass")] == ["192.0.2.0/24"]
    assert policy.address_count("pass") == 256
    assert policy.networks("fail") == []


def test_exists_of_an_address_is_void_or_matches() -> None:
    """Its name can always be queried, so there is no third possibility (RFC 7208 §5.7)."""
    always = Policy.compile("d.example", resolver=zone_of("v=spf1 exists:%{ir}.%{v}.e.example -all"))
    for ip in (NOBODY, "2001:db8::1"):
        assert choices(always.check(ip)) == ["match", "no-match-void", "temperror"]


@pytest.mark.parametrize(
    ("spec", "sender"),
    [
        ("%{l}.e.example", None),  # a local part may hold anything, two dots in a row too
        ("%{h}.e.example", None),  # HELO may be empty
        (f"{'x' * 61}%{{i1}}.example", None),  # a label of 62 to 64 octets, depending on the client's address
        ("%{i}..example", None),
        ("%{i}.%{l}.example", "ü@d.example"),  # RFC 8616 §4: does not match, and sends no query
    ],
)
def test_exists_with_a_name_that_may_be_invalid_may_send_no_query(spec: str, sender: str | None) -> None:
    policy = Policy.compile("d.example", resolver=zone_of(f"v=spf1 exists:{spec} -all"), sender=sender)
    assert "no-match" in choices(policy.check(NOBODY))


# Zones for which the interpreter gives a result that is easily overlooked.
RARE: dict[str, tuple[str, Limits, Zone]] = {
    "exists that matches": (
        "pass",
        Limits(),
        zone_of("v=spf1 exists:%{l}.x.example -all", u_x_example={"A": "127.0.0.2"}),
    ),
    "exists that sends no query, with no void allowed": (
        "fail",
        Limits(voids=0),
        zone_of(f"v=spf1 exists:{'x' * 63}%{{l}}.example -all"),
    ),
    "mx whose second host matches after the first was void": (
        "pass", Limits(voids=1),
        zone_of("v=spf1 mx:%{l}.x.example a:gone.example -all",
                u_x_example={"MX": [(1, "gone.example"), (2, "h.example")]}, h_example={"A": NOBODY}),
    ),
    "an include that such an mx keeps from matching, followed by a void": (
        "permerror", Limits(voids=1),
        zone_of("v=spf1 include:i.example a:gone.example ?all", i_example={"TXT": "v=spf1 -mx:%{l}.x.example +all"},
                u_x_example={"MX": [(1, "gone.example"), (2, "h.example")]}, h_example={"A": NOBODY}),
    ),
    "mx that matches at the second of two hosts, after a void, which still counts later": (
        "permerror", Limits(voids=1, names=2),
        zone_of("v=spf1 include:i.example a:gone.example ?all", i_example={"TXT": "v=spf1 -mx:%{l}.x.example +all"},
                u_x_example={"MX": [(1, "gone.example"), (2, "h.example")]}, h_example={"A": NOBODY}),
    ),
    "ptr that matches after a void, which still counts later": (
        "permerror", Limits(voids=1),
        zone_of("v=spf1 include:i.example a:gone.example ?all", i_example={"TXT": "v=spf1 -ptr:x.example +all"},
                h_x_example={"A": NOBODY}, **{ONE_IN_ARPA.replace(".", "_"): {"PTR": ["gone.example", "h.x.example"]}}),
    ),
    "a with %{p}, whose void still counts later": (
        "permerror", Limits(voids=1),
        zone_of("v=spf1 include:i.example a:gone.example ?all", i_example={"TXT": "v=spf1 -a:%{p}.x.example +all"},
                unknown_x_example={"A": NOBODY}),
    ),
    "mx with more than ten hosts": (
        "permerror", Limits(),
        zone_of("v=spf1 mx:%{l}.x.example ?all", u_x_example={"MX": [(1, f"h{n}.example") for n in range(11)]}),
    ),
    "mx with three void hosts, each counted": (
        "permerror", Limits(void_rule="per-lookup"),
        zone_of("v=spf1 mx:%{l}.x.example ?all", u_x_example={"MX": [(1, f"h{n}.example") for n in range(3)]}),
    ),
    "mx with as many void hosts as are allowed, each counted, followed by a void": (
        "permerror", Limits(voids=30, void_rule="per-lookup", names=30),
        zone_of("v=spf1 mx:%{l}.x.example a:gone.example ?all",
                u_x_example={"MX": [(1, f"h{n}.example") for n in range(30)]}),
    ),
    "ptr with ten void names, each counted": (
        "permerror", Limits(voids=9, void_rule="per-lookup"),
        zone_of("v=spf1 ptr ?all",
                **{ONE_IN_ARPA.replace(".", "_"): {"PTR": [f"h{n}.example" for n in range(10)]}}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RARE)
def test_rare_results_are_in_the_tree(name: str) -> None:
    expected, limits, zone = RARE[name]
    result = check(NOBODY, "u@d.example", resolver=zone, limits=limits)
    assert result.result == expected, "the zone is made for this result"
    outcome = Policy.compile("d.example", resolver=zone, limits=limits).check(NOBODY)
    assert outcome.result is None
    assert result.result in outcome.results
    assert result.problem is None or result.problem.code in {
        leaf.problem.code for leaf in leaves(outcome) if leaf.problem is not None
    }


def test_impossible_results_are_not_in_the_tree() -> None:
    one = Policy.compile("d.example", resolver=zone_of("v=spf1 ptr:x.example -all")).check(NOBODY)
    assert one.results == {Result.PASS, Result.FAIL}, "RFC 7208 §5.5: a DNS failure is no match; one void is allowed"
    two = Policy.compile("d.example", resolver=zone_of("v=spf1 a:%{l}.x.example ?all")).check(NOBODY)
    assert two.results == {Result.PASS, Result.NEUTRAL, Result.TEMPERROR}


@pytest.mark.parametrize("term", ["include:%{l}.x.example", "redirect=%{ir}.x.example", "include:%{h}"])
def test_a_record_of_an_unknown_name_needs_the_interpreter(term: str) -> None:
    zone = zone_of(
        f"v=spf1 {term}",
        u_x_example={"TXT": "v=spf1 +all"},
        **{"1_2_0_192_x_example": {"TXT": "v=spf1 +all"}},
    )
    policy = Policy.compile("d.example", resolver=zone)
    outcome = policy.check(NOBODY)
    assert outcome.tree is None
    assert outcome.results == frozenset([None, Result.NEUTRAL] if "include" in term else [None])
    assert outcome.depends_on[0].term == term
    asked = policy.check(NOBODY, sender="u@d.example", helo="u.x.example", resolver=zone)
    assert asked.result == "pass"


def test_an_outcome_stays_conditional_without_its_inputs() -> None:
    zone = zone_of("v=spf1 exists:%{l}.%{h} -all", u_h_example={"A": "127.0.0.2"})
    policy = Policy.compile("d.example", resolver=zone)
    assert policy.check(NOBODY, sender="u@d.example", helo="h.example").result is None, "nothing answers"
    assert policy.check(NOBODY, resolver=zone).result is None
    assert policy.check(NOBODY, resolver=zone, sender="u@d.example").result is None
    assert policy.check(NOBODY, resolver=zone, helo="h.example").result is None
    assert policy.check(NOBODY, resolver=zone, sender="u@d.example", helo="h.example").result == "pass"
    assert policy.check(NOBODY, resolver=zone, sender="u@d.example", helo="").result == "fail"
    with pytest.raises(ArgumentError, match=r"does not belong to the domain 'd\.example'"):
        policy.check(NOBODY, resolver=zone, sender="u@other.example", helo="")


def test_a_term_that_is_reached_on_two_paths_continues_each() -> None:
    """j's exists is the fourth lookup on both paths: inside i, which then passes, or after i: then nothing passes."""
    zone = zone_of(
        "v=spf1 include:i.example include:j.example -all",
        i_example={"TXT": "v=spf1 -exists:%{l}.x.example include:j.example +all"},
        j_example={"TXT": "v=spf1 -exists:%{l}.y.example"},
    )
    outcome = Policy.compile("d.example", resolver=zone).check(NOBODY)
    matched = followed(outcome, Choice.MATCH, Choice.NO_MATCH)
    assert (matched.result, matched.path) == ("fail", (("d.example", "-all"),))
    not_matched = followed(outcome, Choice.NO_MATCH, Choice.NO_MATCH)
    assert (not_matched.result, not_matched.path) == (
        "pass",
        (("d.example", "include:i.example"), ("i.example", "+all")),
    )
    assert matched.lookups == not_matched.lookups == 4


def test_inputs_that_were_given_when_compiling_need_not_be_given_again() -> None:
    zone = zone_of("v=spf1 exists:%{l}.%{h}.%{i} -all")
    policy = Policy.compile("d.example", resolver=zone, sender="u@d.example", helo="h.example")
    assert [d.inputs for d in policy.check(NOBODY).depends_on] == [(Input.CLIENT_ADDRESS,)]
    assert policy.check(NOBODY, resolver=zone).result == "fail"


def most_leaves_zone() -> Zone:
    """Return the record with the largest tree that RFC 7208 §4.6.4 allows: a match of an mx only ends an include."""
    names: dict[str | bytes, Any] = {f"i{n}.example": {"TXT": "v=spf1" + " -mx:%{l}.e.example" * 10} for n in range(10)}
    names["d.example"] = {"TXT": "v=spf1 " + " ".join(f"include:i{n}.example" for n in range(10)) + " ?all"}
    return Zone(names)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (zone_of("v=spf1" + " exists:%{l}.e.example" * 10 + " -all"), 526),
        (zone_of("v=spf1" + " mx:%{l}.e.example" * 10 + " -all"), None),
        (most_leaves_zone(), None),
    ],
    ids=["ten exists", "ten mx", "most"],
)
def test_no_legal_record_reaches_a_cap(zone: Zone, expected: int | None) -> None:
    """compile.py: under the limits of RFC 7208 §4.6.4 no record has a larger tree."""
    for rule in ("per-term", "per-lookup", "dual-stack"):
        outcome = Policy.compile("d.example", resolver=zone, limits=Limits(void_rule=rule)).check(NOBODY)
        found = list(leaves(outcome))
        assert all(leaf.result is not None for leaf in found)
        assert len(found) <= tiling.MAX_LEAVES // 2
        if expected is not None and rule == "per-term":
            assert len(found) == expected


def test_a_tree_over_the_cap_is_cut_and_needs_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = zone_of("v=spf1 ip4:10.0.0.0/8 exists:%{l}.e.example exists:%{l}.f.example -all")
    whole = Policy.compile("d.example", resolver=zone).check(NOBODY)
    for cap, value in (("MAX_LEAVES", len(list(leaves(whole))) - 1), ("MAX_TREE_DEPTH", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(tiling, cap, value)
            policy = Policy.compile("d.example", resolver=zone)
        cut = policy.check(NOBODY)
        assert cut.tree is None
        assert cut.results == frozenset([None])
        assert cut.depends_on == whole.depends_on
        assert (cut.lookups, cut.void_lookups) == (whole.lookups, whole.void_lookups), (
            "the highest cost in the part that was cut"
        )
        assert policy.check("10.0.0.1").result == "pass"
        assert policy.check(NOBODY, sender="u@d.example", resolver=zone).result == "fail"
        assert Policy.from_dict(policy.to_dict()) == policy


def test_a_record_over_the_cap_on_work_needs_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = " ".join(f"ip4:10.{n}.0.0/16" for n in range(0, 200, 2))
    zone = zone_of(f"v=spf1 ip4:9.0.0.0/8 exists:%{{l}}.e.example {networks} -all")
    monkeypatch.setattr(work, "MAX_STEPS", 2200)
    policy = Policy.compile("d.example", resolver=zone)
    assert policy.check("1.0.0.0").tree is not None
    assert policy.check("9.0.0.0").result == "pass"
    last = policy.check("255.0.0.0")
    assert (last.result, last.tree) == (None, None)
    assert policy.check("255.0.0.0", sender="u@d.example", resolver=zone).result == "fail"


def test_a_record_over_the_cap_on_ranges_needs_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = zone_of("v=spf1 ip4:10.0.0.0/8 ip4:20.0.0.0/8 ip4:30.0.0.0/8 -all")
    monkeypatch.setattr(tiling, "MAX_RANGES", 4)
    policy = Policy.compile("d.example", resolver=zone)
    assert policy.check("10.0.0.1").result == "pass"
    assert policy.check("20.0.0.1").result == "pass"
    beyond = policy.check("30.0.0.1")
    assert beyond.result is None
    assert beyond.problem is not None
    assert beyond.problem.code == "work-limit"
    assert policy.check("30.0.0.1", resolver=zone).result == "pass"
    assert policy.check("31.0.0.1", resolver=zone).result == "fail"
    assert [str(network) for network in policy.networks("pass")] == ["10.0.0.0/8", "20.0.0.0/8"]


def test_a_helo_name_given_to_the_check_is_used_rather_than_that_of_the_policy() -> None:
    zone = Zone({"d.example": {"TXT": "v=spf1 exists:%{i}.%{h} -all"}, "192.0.2.1.two.example": {"A": "127.0.0.2"}})
    policy = Policy.compile("d.example", resolver=zone, helo="one.example")
    assert policy.check("192.0.2.1", resolver=zone).result == "fail"
    assert policy.check("192.0.2.1", resolver=zone, helo="two.example").result == "pass"
    assert policy.check("192.0.2.1", resolver=zone, helo="one.example").result == "fail"
    other = Policy.compile("d.example", resolver=zone, helo="two.example")
    assert other.check("192.0.2.1", resolver=zone).result == "pass"


@pytest.mark.parametrize("status", [status for status in Status if status not in (Status.NOERROR, Status.NXDOMAIN)])
def test_a_failure_after_a_conditional_term_is_incomplete(status: Status) -> None:
    """A conditional term that DNS may not answer for is not."""
    zone = Zone({"d.example": {"TXT": "v=spf1 exists:%{i}.x.example a:h.example -all"}, "h.example": {"A": status}})
    policy = Policy.compile("d.example", resolver=zone)
    assert [str(network) for network in policy.incomplete] == ["0.0.0.0/0"]
    assert not policy.is_cut


@pytest.mark.parametrize(("count_p", "result"), [(True, "permerror"), (False, None)])
def test_p_is_charged_in_a_policy_as_in_a_check(count_p: bool, result: str | None) -> None:
    """`Limits.count_p`; a term without a domain-spec has no `%{p}`."""
    limits = Limits(lookups=1, count_p=count_p)
    zone = Zone({"d.example": {"TXT": "v=spf1 exists:%{p}.x.example -all"}, "e.example": {"TXT": "v=spf1 ptr -all"}})
    assert Policy.compile("d.example", resolver=zone, limits=limits).check("192.0.2.1").result == result
    assert Policy.compile("e.example", resolver=zone, limits=limits).check("192.0.2.1").result is None


@pytest.mark.parametrize(("names", "most"), [(0, 1), (1, 1), (2, 2), (4, 4)])
def test_how_many_void_lookups_ptr_can_count(names: int, most: int) -> None:
    """By the rule "per-lookup": that for its names, or those for their addresses."""
    zone = Zone({"d.example": {"TXT": "v=spf1 ptr -all"}})
    for voids in range(6):
        limits = Limits(voids=voids, names=names, void_rule="per-lookup")
        results = Policy.compile("d.example", resolver=zone, limits=limits).check("192.0.2.1").results
        assert (Result.PERMERROR in results) == (voids < most)


def test_an_outcome_as_json() -> None:
    outcome = Outcome(Result.PASS, directive="mx", record_domain="d.example", path=(("d.example", "mx"),))
    assert outcome.to_dict() == {
        "result": "pass", "problem": None, "directive": "mx", "record_domain": "d.example",
        "path": [["d.example", "mx"]],
        "lookups": 0, "void_lookups": 0, "depends_on": [], "tree": None, "rest": None,
    }  # fmt: skip
