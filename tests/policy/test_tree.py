"""The include tree: the whole record, whatever the result of a check is, with the budget's numbers on its terms."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings

from spfengine import Limits, ProblemCode, Status, Zone
from spfengine.policy import budget, include_tree as tree
from spfengine.policy.include_tree import IncludeTree, ainclude_tree, include_tree
from spfengine.policy.policy import Policy
from spfengine.record.model import Include, Redirect
from tests.conftest import REPOSITORY
from tests.examples import examples
from tests.properties import generate, strategies


def numbered(found: IncludeTree) -> dict[str, int | None]:
    """Return the terms that count as lookups, each with its number."""
    return {term.term.text: term.lookup for term in found.terms if term.costs_lookup and term.unused is None}


def of(zone: dict[str, Any], domain: str = "a.example", **more: Any) -> IncludeTree:
    return include_tree(domain, resolver=Zone(zone), **more)


def test_the_seed_and_its_draft() -> None:
    zone = Zone.from_file(REPOSITORY / "examples" / "seed.zone")
    found = include_tree("seed.example", resolver=zone)
    assert numbered(found) == {"+a": 1, "+mx": 2}
    mx = next(term for term in found.terms if term.term.text == "+mx")
    assert mx.names == 2
    assert [(asked.question.name, str(asked.question.type), asked.answer.texts()) for asked in mx.questions] == [
        ("seed.example", "MX", ["10 mx1.seed.example", "20 mx2.seed.example"]),
        ("mx1.seed.example", "A", ["163.44.239.12"]),
        ("mx1.seed.example", "AAAA", []),
        ("mx2.seed.example", "A", ["203.0.113.25"]),
        ("mx2.seed.example", "AAAA", []),
    ]
    assert [problem.code for problem in found.problems] == [ProblemCode.OVER_VOID_LIMIT_PER_LOOKUP]
    assert not (found.is_broken)
    assert not (found.is_over_limit)
    assert not (found.is_incomplete)
    assert not (found.is_open)
    assert not (found.is_cut)


def test_it_continues_after_the_limit() -> None:
    zone = {f"i{n}.example": {"TXT": f"v=spf1 a:h{n}.example ?all"} for n in range(12)}
    zone |= {f"h{n}.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"} for n in range(12)}
    zone["a.example"] = {"TXT": "v=spf1 " + " ".join(f"include:i{n}.example" for n in range(12)) + " -all"}
    found = of(zone)
    assert sorted(numbered(found).values(), key=lambda number: number or 0) == list(range(1, 25))
    assert found.budget.worst_lookups == 24
    assert found.is_over_limit
    assert [problem.code for problem in found.problems] == [ProblemCode.OVER_LOOKUP_LIMIT]
    assert "24 lookups are needed, and 10 are allowed" in found.problems[0].text


def test_a_loop_is_named_and_not_followed_again() -> None:
    found = of({"a.example": {"TXT": "v=spf1 include:b.example -all"},
                "b.example": {"TXT": "v=spf1 include:A.example ?all"}})  # fmt: skip
    loops = [record.domain for record in found.records if record.loop]
    assert loops == ["A.example"]
    assert found.budget.endless
    assert found.is_over_limit
    assert [problem.code for problem in found.problems] == [ProblemCode.OVER_LOOKUP_LIMIT]


def test_the_same_record_twice_is_not_a_loop() -> None:
    found = of({"a.example": {"TXT": "v=spf1 include:b.example include:b.example -all"},
                "b.example": {"TXT": "v=spf1 a:c.example ?all"}, "c.example": {"A": "192.0.2.1"}})  # fmt: skip
    assert [record.domain for record in found.records] == ["a.example", "b.example", "b.example"]
    assert [term.lookup for term in found.terms if term.costs_lookup] == [1, 3, 2, 4]
    assert not any(record.loop for record in found.records)


def test_terms_that_are_never_evaluated_send_no_query() -> None:
    asked = []

    class Asked:
        zone = Zone({"a.example": {"TXT": "v=spf1 a -all mx:x.example include:y.example redirect=z.example"
                                          " exp=e.example moo=x"}})  # fmt: skip

        def resolve(self, question: Any) -> Any:
            asked.append(question.name)
            return self.zone.resolve(question)

    found = include_tree("a.example", resolver=Asked())
    assert set(asked) == {"a.example"}
    assert {term.term.text: term.unused is not None for term in found.terms} == {
        "a": False, "-all": False, "mx:x.example": True, "include:y.example": True, "redirect=z.example": True,
        "exp=e.example": True, "moo=x": True,
    }  # fmt: skip


def test_terms_after_one_that_ends_every_check_have_no_number() -> None:
    found = of({"a.example": {"TXT": "v=spf1 include:all.example a:b.example -all"},
                "all.example": {"TXT": "v=spf1 +all"}, "b.example": {"A": "192.0.2.1"}})  # fmt: skip
    assert numbered(found) == {"include:all.example": 1, "a:b.example": None}
    assert found.budget.worst_lookups == 1
    assert [asked.answer.texts() for term in found.terms for asked in term.questions] == [["192.0.2.1"], []]


def test_broken_and_absent_records_are_shown_with_all_faults() -> None:
    found = of({"a.example": {"TXT": "v=spf1 include:b.example include:c.example include:two.example"
                                        " redirect=d.example"},
                "b.example": {"TXT": "v=spf1 ipv4:192.0.2.1 -al"}, "c.example": {"TXT": "no spf"},
                "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]}})  # fmt: skip
    assert found.is_broken
    assert {record.domain: [str(problem.code) for problem in record.problems] for record in found.records} == {
        "a.example": [],
        "b.example": ["unknown-mechanism", "unknown-mechanism"],
        "c.example": ["include-no-record"],
        "two.example": ["multiple-records"],
        "d.example": ["redirect-domain-not-found"],
    }


def test_a_dns_failure_makes_the_tree_incomplete() -> None:
    dead = {"*": Status.SERVFAIL}
    assert of({"a.example": {"TXT": "v=spf1 a:dead.example -all"}, "dead.example": dead}).is_incomplete
    assert of({"a.example": {"TXT": "v=spf1 include:dead.example -all"}, "dead.example": dead}).is_incomplete
    assert of({"a.example": dead}).is_incomplete
    assert not of({"a.example": dead}).is_broken


def test_terms_that_depend_on_the_client_show_their_inputs() -> None:
    found = of({"a.example": {"TXT": "v=spf1 exists:%{ir}.l.example include:%{l}.s.example ptr a:%{d} -all"},
                "s.example": {}})  # fmt: skip
    assert {term.term.text: [str(each) for each in term.inputs] for term in found.terms if term.inputs} == {
        "exists:%{ir}.l.example": ["client-address"], "include:%{l}.s.example": ["local-part"]
    }  # fmt: skip
    assert found.is_open
    assert not found.is_incomplete
    given = of({"a.example": {"TXT": "v=spf1 include:%{l}.s.example -all"}, "bob.s.example": {"TXT": "v=spf1 -all"}},
               sender="bob@a.example")  # fmt: skip
    assert [record.domain for record in given.records] == ["a.example", "bob.s.example"]
    assert not given.is_open


def test_a_macro_that_differs_by_family_has_two_targets() -> None:
    found = of({"a.example": {"TXT": "v=spf1 include:%{v}.a.example -all"},
                "in-addr.a.example": {"TXT": "v=spf1 ip4:192.0.2.1 ?all"},
                "ip6.a.example": {"TXT": "v=spf1 ip6:2001:db8::1 ?all"}})  # fmt: skip
    assert [record.domain for record in found.records] == ["a.example", "in-addr.a.example", "ip6.a.example"]


def test_own_names_are_marked() -> None:
    zone = {"a.example": {"TXT": "v=spf1 include:_spf.a.example include:_spf.mine.example redirect=host.example"},
            "_spf.a.example": {"TXT": "v=spf1 ?all"}, "_spf.mine.example": {"TXT": "v=spf1 ?all"},
            "host.example": {"TXT": "v=spf1 -all"}}  # fmt: skip
    assert {record.domain: record.own for record in of(zone).records} == {
        "a.example": True, "_spf.a.example": True, "_spf.mine.example": False, "host.example": False
    }  # fmt: skip
    assert [record.own for record in of(zone, own=["mine.example"]).records] == [True, True, True, False]


def test_more_names_than_mx_may_have() -> None:
    zone = {"a.example": {"TXT": "v=spf1 mx -all", "MX": [(n, f"m{n}.a.example") for n in range(11)]}}
    found = of(zone)
    assert [term.names for term in found.terms if term.names is not None] == [11]
    assert ProblemCode.TOO_MANY_MX in [problem.code for problem in found.problems]
    assert found.is_over_limit
    assert not of(zone, limits=Limits(names=11, voids=100)).is_over_limit


def test_a_hostile_tree_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = {
        f"i{n}.example": {"TXT": f"v=spf1 include:i{n + 1}.example include:i{n + 1}.example ?all"} for n in range(40)
    }
    found = of(zone, "i0.example")
    assert found.is_cut
    assert sum(1 for _ in found.records) <= tree.MAX_LOOKUPS + 1
    monkeypatch.setattr(tree, "MAX_TERMS", 5)
    few = of({"a.example": {"TXT": "v=spf1 " + "ip4:192.0.2.1 " * 9}})
    assert few.is_cut
    assert sum(1 for _ in few.terms) == 5


@given(strategies.zones, strategies.chance)
@settings(max_examples=examples(20))
def test_the_numbers_are_those_of_the_budget(zone: Zone, random: Any) -> None:
    """Each lookup of the worst address is the number of one term, in order; the tree fits the policy's budget."""
    domain = random.choice(generate.DOMAINS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "MAX_STEPS", 1 << 12)
        found = include_tree(domain, resolver=zone)
        again = asyncio.run(ainclude_tree(domain, resolver=zone))
        assert found.budget == Policy.compile(domain, resolver=zone).budget(zone)
    assert again == found
    numbers = sorted(term.lookup for term in found.terms if term.lookup is not None)
    assert numbers == list(range(1, len(numbers) + 1))
    if found.budget.incomplete:  # it was cut, or DNS could not answer: the tree shows no more than was found
        assert len(numbers) <= found.budget.worst_lookups
    elif not found.budget.endless:
        assert len(numbers) == found.budget.worst_lookups
    assert not (found.is_cut and not found.budget.endless)
    for term in found.terms:
        assert bool(term.records) <= isinstance(term.term, (Include, Redirect))
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


def test_a_tree_as_json_has_the_answer_and_the_fault_of_each_record() -> None:
    zone = {
        "a.example": {"TXT": "v=spf1 include:b.example include:gone.example exp=e.example redirect=bad.example"},
        "b.example": {"TXT": "v=spf1 mx include:A.example -all", "MX": "1 m.example"},
        "bad.example": {"TXT": "v=spf1 foo bar"},
        "m.example": {"A": "192.0.2.1"},
    }
    root: Any = json.loads(json.dumps(of(zone).to_dict()))["root"]
    assert [term["term"] for term in root["terms"]] == [
        "include:b.example",
        "include:gone.example",
        "redirect=bad.example",
        "exp=e.example",
    ]
    assert (root["domain"], root["result"], root["loop"], root["problems"]) == ("a.example", None, False, [])
    assert root["question"]["records"] == [zone["a.example"]["TXT"]]
    b, gone, bad = (root["terms"][index]["records"][0] for index in range(3))
    assert b["record"] == zone["b.example"]["TXT"]
    mx, include, _ = b["terms"]
    assert (mx["names"], mx["lookup"]) == (1, 2)
    assert include["records"] == [
        {"domain": "A.example", "own": True, "loop": True, "question": None, "record": None, "result": None,
         "problems": [], "terms": []}
    ]  # fmt: skip
    assert (gone["result"], gone["record"], gone["question"]["status"]) == ("permerror", None, "NXDOMAIN")
    assert [problem["code"] for problem in gone["problems"]] == ["include-domain-not-found"]
    assert (bad["result"], bad["record"]) == ("permerror", None)
    assert [problem["code"] for problem in bad["problems"]] == ["unknown-mechanism"] * 2


def test_a_redirect_to_no_record_ends_the_chain() -> None:
    for target in ("gone.example", "bad.example", "%{d}.x.example", "A.example"):
        zone = Zone({"a.example": {"TXT": f"v=spf1 mx redirect={target}"}, "bad.example": {"TXT": "v=spf1 foo"}})
        found = Policy.compile("a.example", resolver=zone).reachability(zone)
        assert [str(each.directive) for each in found.unreachable] == ["mx"]


def test_a_tree_that_is_too_much_work_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"i{number}.example" for number in range(20)]
    zone = {name: {"TXT": "v=spf1 " + "x=y " * 50} for name in names}
    zone["a.example"] = {"TXT": "v=spf1 " + " ".join(f"include:{name}" for name in names)}
    assert not of(zone).is_cut
    monkeypatch.setattr("spfengine.policy.work.MAX_STEPS", 1000)
    found = of(zone)
    assert found.is_cut
    assert found.to_dict()["cut"] is True
