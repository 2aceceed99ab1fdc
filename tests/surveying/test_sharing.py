"""What the domains of a survey share changes no line of it."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

import spfengine
from bench.population import KINDS, Population
from spfengine import Answer, Limits, Question, Resolver, RRType, Status, Zone
from spfengine.surveying import SurveyedDomain
from tests.examples import mostly_full
from tests.surveying.cases import DOMAINS, ZONE


def line(surveyed: SurveyedDomain) -> dict[str, object]:
    """Return a line without its times."""
    return {key: value for key, value in surveyed.to_dict().items() if key not in ("asked", "seconds")}


def together(domains: Iterable[str], resolver: Resolver, limits: Limits) -> list[dict[str, object]]:
    return [line(each) for each in spfengine.survey(domains, resolver=resolver, limits=limits)]


def one_by_one(domains: Iterable[str], resolver: Resolver, limits: Limits) -> list[dict[str, object]]:
    return [line(each) for name in domains for each in spfengine.survey([name], resolver=resolver, limits=limits)]


HOSTS: dict[str, Any] = {
    f"h{i}.example": {"A": f"198.51.100.{i}"} | ({"MX": [(10, "h0.example")], "AAAA": "2001:db8::1"} if i % 2 else {})
    for i in range(4)
}


TERMS = {
    "include:{name}": 12,
    "ip4:192.0.2.{number}/28": 6,
    "ip4:10.{number}.0.0/16": 3,
    "ip6:2001:db8:{digit}::/48": 2,
    "a:h{digit}.example": 3,
    "mx:h{digit}.example": 2,
    "a:%{{d}}": 1,
    "include:%{{o}}": 0.2,
    "exists:%{{o}}.e.example": 1,
    "redirect={name}": 1,
    "ip4:": 0.2,
}


def tangle(random: Random) -> Zone:
    """Return a zone of records that include later ones: near the limits, broken, with macros."""
    names = [f"n{i}.example" for i in range(8)]

    def term(form: str, index: int) -> str:
        qualifier = "" if "=" in form else random.choice(["", "", "?", "-", "~"])
        number = random.randrange(256)
        return qualifier + form.format(name=random.choice(names[index:]), number=number, digit=number % 9)

    def record(index: int) -> str:
        chosen = random.choices(list(TERMS), list(TERMS.values()), k=random.randrange(1, 7))
        return " ".join(["v=spf1", *[term(form, index + 1) for form in chosen], random.choice(["-all", "~all"])])

    records: dict[str, Any] = {name: {"TXT": record(index)} for index, name in enumerate(names[:-1])}
    records["n7.example"] = {"TXT": random.choice(["v=spf1 exists:%{i}.e.example -all", "v=spf1 ip4:192.0.2.9 ~all"])}
    if random.random() < 0.3:
        records[random.choice(names)] = {"TXT": Status.SERVFAIL}
    return Zone({**HOSTS, **records})


@pytest.mark.parametrize("seed", mostly_full(range(16), everyday=3))
def test_many_domains_are_surveyed_as_each_alone(seed: int) -> None:
    random = Random(seed)
    zone = tangle(random)
    rules = [Limits(void_rule=rule) for rule in ("per-lookup", "dual-stack")]
    limits = random.choice([Limits(), Limits(lookups=4), Limits(voids=0), *rules])
    domains = [f"n{i}.example" for i in range(8)] * 3  # each is included several times, and so is shared
    assert together(domains, zone, limits) == one_by_one(domains, zone, limits)


def test_a_population_is_surveyed_as_each_alone() -> None:
    population = Population(2 * len(KINDS))
    assert together(population.domains, population, Limits()) == one_by_one(population.domains, population, Limits())
    assert together([*DOMAINS] * 2, ZONE, Limits()) == one_by_one([*DOMAINS] * 2, ZONE, Limits())


def test_a_record_that_asks_who_sends_is_not_shared() -> None:
    domains = [f"d{i}.example" for i in range(6)]
    records: dict[str, Any] = {name: {"TXT": "v=spf1 include:shared.example -all"} for name in domains}
    records["shared.example"] = {"TXT": "v=spf1 exists:%{d}.known.example exists:%{o}.known.example -all"}
    zone = Zone(records | {"d4.example.known.example": {"A": "127.0.0.2"}})
    passing = [each.passing[0] for each in spfengine.survey(domains, resolver=zone, lint=False)]
    assert passing == [0, 0, 0, 0, 1 << 32, 0]


class Changing:
    """A resolver whose shared record changes every few domains."""

    unchanging = True

    def __init__(self) -> None:
        self.surveyed = 0

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer of now."""
        if question.type is not RRType.TXT:
            return Answer.nodata()
        if question.name == "shared.example":
            version = self.surveyed // 5
            more = "include:more.example " if version % 2 else ""
            return Answer.txt(f"v=spf1 {more}ip4:192.0.2.{version}/32 -all")
        return Answer.txt("v=spf1 include:shared.example -all" if question.name[0] == "d" else "v=spf1 ip4:10.0.0.0/8")


def test_a_record_that_changes_during_a_survey_is_read_again() -> None:
    resolver = Changing()
    domains = (f"d{i}.example" for i in range(40))
    for each in spfengine.survey(domains, resolver=resolver, lint=False):
        is_odd = resolver.surveyed // 5 % 2
        assert each.passing == (1 + (1 << 24) * is_odd, 0)
        assert each.lookups == (1 + is_odd, 1 + is_odd)
        resolver.surveyed += 1
