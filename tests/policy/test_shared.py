"""What is kept of the records that many domains include."""

from typing import Any

import pytest

from spfengine import Answer, Limits, Question, RRType
from spfengine.drivers import drive
from spfengine.policy import shared
from spfengine.policy.compile import Tables, compile_tables
from spfengine.policy.inputs import Inputs
from tests.counting import count_steps

SERVICE = {
    "s.example": "v=spf1 " + " ".join(f"include:{name}.example" for name in "tuvwxy") + " -all",
    **{f"{name}.example": f"v=spf1 ip4:10.{ord(name)}.0.0/24 -all" for name in "vwxy"},
    "t.example": "v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/24 -all",
    "u.example": "v=spf1 ip6:2001:db8::/32 -all",
}


class Records:
    """A resolver of SPF records that answers the same question with the same answer."""

    def __init__(self, records: dict[str, str]) -> None:
        self.answers = {Question(name, RRType.TXT).key: Answer.txt(text) for name, text in records.items()}

    def resolve(self, question: Question) -> Answer:
        return self.answers.get(question.key, Answer.nxdomain())


def inputs(domain: str, includes: shared.SharedIncludes | None = None) -> Inputs:
    return Inputs(domain, None, None, Limits(), None, 0.0, includes=includes)


def compiled(domain: str, records: Records, includes: shared.SharedIncludes | None = None) -> Tables:
    return drive(compile_tables(inputs(domain, includes), paths=False), records, None)


def costs(tables: Tables) -> list[Any]:
    """Return the start, the result, the lookups and the void lookups of each range."""
    return [
        [(start, each.result, each.lookups, each.void_lookups) for start, each in zip(*found[:2], strict=True)]
        for found in (tables.ip4, tables.ip6)
    ]


def learned(records: Records, *domains: str) -> shared.SharedIncludes:
    """Return what is kept after the domains were compiled."""
    includes = shared.SharedIncludes()
    for domain in domains:
        includes.learn(inputs(domain), compiled(domain, records).answers)
    return includes


def domains(term: str = "include:s.example", **others: str) -> Records:
    records = {f"d{number}.example": f"v=spf1 ip4:10.0.{number}.0/24 {term} ~all" for number in range(3)}
    return Records({**records, **SERVICE, **{name.replace("_", "."): text for name, text in others.items()}})


def test_what_others_include_is_looked_up_rather_than_evaluated_and_means_the_same() -> None:
    records = domains()
    includes = learned(records, "d0.example", "d1.example")
    plain = compiled("d2.example", records)
    assert costs(compiled("d2.example", records, includes)) == costs(plain)
    assert includes.octets > 0
    steps = count_steps(lambda: compiled("d2.example", records, includes))
    assert steps < 0.7 * count_steps(lambda: compiled("d2.example", records))


def test_what_is_included_for_the_second_time_is_kept_wherever_it_is_in_a_record() -> None:
    """Also after a term whose record nobody else includes."""
    own = {f"{name}{n}.example": "v=spf1 ip4:192.0.2.7 -all" for name in "mn" for n in range(2)}
    terms = "include:m{0}.example include:t.example include:n{0}.example include:u.example"
    records = Records({**SERVICE, **own, **{f"d{n}.example": f"v=spf1 {terms.format(n)} -all" for n in range(2)}})
    alone = domains("include:t.example include:u.example")
    assert learned(records, "d0.example").octets == 0
    assert learned(records, "d0.example", "d1.example").octets == learned(alone, "d0.example", "d1.example").octets > 0


def test_if_an_answer_has_changed_the_include_is_evaluated_and_forgotten() -> None:
    includes = learned(domains(), "d0.example", "d1.example")
    changed = domains(u_example="v=spf1 ip6:2001:db8:1::/48 -all")
    assert costs(compiled("d2.example", changed, includes)) == costs(compiled("d2.example", changed))
    assert includes.octets < learned(domains(), "d0.example", "d1.example").octets


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 exists:%{o}.x.example -all",
        "v=spf1 ip4:128.0.0.0/1 exists:%{l}.x.example -all",
        "v=spf1 include:gone.example -all",
    ],
)
def test_what_depends_on_who_includes_it_is_not_kept_which_costs_little_to_find_out(record: str) -> None:
    records = domains(s_example=record, gone_example="v=spf1 nonsense")
    assert learned(records, "d0.example", "d1.example", "d2.example").octets == 0
    includes = shared.SharedIncludes()
    includes.learn(inputs("d0.example"), records.answers)
    assert count_steps(lambda: includes.learn(inputs("d0.example"), records.answers)) < 50_000


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MAX_OCTETS", 20_000)
    includes = shared.SharedIncludes()
    seen = []
    for number in range(200):
        answers = {
            Question("d.example", RRType.TXT): Answer.txt(f"v=spf1 include:s{number // 2}.example -all"),
            Question(f"s{number // 2}.example", RRType.TXT): Answer.txt("v=spf1 ip4:192.0.2.0/24 -all"),
        }
        includes.learn(Inputs("d.example", None, None, Limits(), None, 0.0), answers)
        seen.append(includes.octets)
    assert seen[0] == 0 < seen[1]  # the second domain that includes a record shows that it is shared
    assert 10_000 < max(seen) <= 20_000
