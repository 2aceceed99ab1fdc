"""Documented readings of RFC 7208 that a table of cases can't express: time, identities, invalid arguments."""

import asyncio
import time
from ipaddress import IPv6Address
from typing import Any

import pytest

from spfengine import AddressError, Answer, CheckResult, Limits, Question, Zone, acheck, check, check_both, check_helo
from spfengine.evaluation.trace import traced
from tests.examples import mostly_full

pytestmark = pytest.mark.cases

SHORT = 0.15
"""Seconds that a check may take: enough for whatever is not slow on purpose, even on a busy machine."""
LONG = 0.3


class Slow:
    """A zone that answers slowly for one name."""

    def __init__(self, name: str, records: dict[str | bytes, dict[str, object]]) -> None:
        self._name = name
        self._zone = Zone(records)
        self.asked: list[str] = []

    def resolve(self, question: Question, /) -> Answer:
        self.asked.append(question.name)
        if question.name == self._name:
            time.sleep(LONG)
        return self._zone.resolve(question)

    async def aresolve(self, question: Question, /) -> Answer:
        self.asked.append(question.name)
        if question.name == self._name:
            await asyncio.sleep(LONG)
        return self._zone.resolve(question)


REVERSE = "1.2.0.192.in-addr.arpa"
PTR: dict[str | bytes, dict[str, object]] = {REVERSE: {"PTR": "slow.example"}, "slow.example": {"A": "192.0.2.1"}}

SLOW = {
    "the record": ("one.example", "v=spf1 +all"),
    "a term": ("slow.example", "v=spf1 a:slow.example +all"),
    "ptr": (REVERSE, "v=spf1 ptr:slow.example +all"),
    "a name of ptr": ("slow.example", "v=spf1 ptr:slow.example +all"),
    "the macro p": (REVERSE, "v=spf1 exists:%{p}.example +all"),
}


def both_ways(resolver: Slow, limits: Limits) -> list[CheckResult]:
    """Return the results of check() and of acheck()."""
    return [
        check("192.0.2.1", "user@one.example", resolver=resolver, limits=limits),
        asyncio.run(acheck("192.0.2.1", "user@one.example", resolver=resolver, limits=limits)),
    ]


@pytest.mark.parametrize("where", mostly_full(SLOW))
def test_running_out_of_time_is_temperror_at_every_query(where: str) -> None:
    name, record = SLOW[where]
    resolver = Slow(name, {"one.example": {"TXT": record}, **PTR})
    for result in both_ways(resolver, Limits(seconds=SHORT)):
        assert (result.result, result.problem and result.problem.code) == ("temperror", "time-limit")
        assert result.trace.result == "temperror"
    assert check("192.0.2.1", "user@one.example", resolver=resolver, limits=Limits(seconds=None)).result == "pass"


def test_running_out_of_time_during_exp_keeps_fail_and_drops_the_explanation() -> None:
    resolver = Slow(
        "why.example", {"one.example": {"TXT": "v=spf1 -all exp=why.example"}, "why.example": {"TXT": "Why."}}
    )
    for result in both_ways(resolver, Limits(seconds=SHORT)):
        assert (result.result, result.problem, result.explanation) == ("fail", None, None)
        assert result.explanation_problem is not None
        assert result.explanation_problem.code == "exp-time-limit"
    assert check("192.0.2.1", "user@one.example", resolver=resolver).explanation == "Why."


def test_the_time_limit_is_twenty_seconds_by_default() -> None:
    assert Limits().seconds == 20.0


@pytest.mark.parametrize("address", ["fe80::1%eth0", IPv6Address("fe80::1%eth0"), "192.0.2.1%eth0", "192.0.2.256", ""])
def test_an_invalid_client_address_raises(address: Any) -> None:
    with pytest.raises(AddressError):
        check(address, "user@one.example", resolver=Zone({}))


@pytest.mark.parametrize("sender", ["", "<>"])
def test_a_null_sender_keeps_its_identity(sender: str) -> None:
    zone = Zone({"mx.example": {"TXT": "v=spf1 +all"}})
    result = check("192.0.2.1", sender, "mx.example", resolver=zone)
    assert (result.identity, result.sender, result.domain) == ("mailfrom", "postmaster@mx.example", "mx.example")
    helo = check_helo("192.0.2.1", "mx.example", resolver=zone)
    assert (helo.identity, helo.sender, helo.domain) == ("helo", "postmaster@mx.example", "mx.example")


def test_helo_and_mail_from_are_two_checks_with_two_results_helo_first() -> None:
    records: dict[str | bytes, dict[str, object]] = {
        "mx.example": {"TXT": "v=spf1 a:one.example -all"},
        "one.example": {"TXT": "v=spf1 a:mx.example +all"},
    }
    helo, mailfrom = check_both("192.0.2.1", "user@one.example", "mx.example", resolver=Zone(records))
    assert (helo.identity, helo.result, helo.lookups, helo.void_lookups) == ("helo", "fail", 1, 1)
    assert (mailfrom.identity, mailfrom.result, mailfrom.lookups, mailfrom.void_lookups) == ("mailfrom", "pass", 1, 1)


@pytest.mark.parametrize("sender", ["", "<>"])
def test_a_null_sender_is_evaluated_once_for_both_identities(sender: str) -> None:
    resolver = Slow("", {"mx.example": {"TXT": "v=spf1 a +all"}})
    helo, mailfrom = check_both("192.0.2.1", sender, "mx.example", resolver=resolver)
    assert resolver.asked == ["mx.example", "mx.example"]  # TXT and A, each once
    assert (helo.identity, helo.result) == ("helo", "pass")
    assert (mailfrom.identity, mailfrom.result, mailfrom.void_lookups) == ("mailfrom", "pass", helo.void_lookups)


def test_the_trace_shows_the_ptr_names_that_were_ignored() -> None:
    names = [f"n{number}.example" for number in range(12)]
    zone = Zone({"one.example": {"TXT": "v=spf1 ptr -all"}, REVERSE: {"PTR": names}})
    root = check("192.0.2.1", "user@one.example", resolver=zone).trace.root
    told = {term.term.text: term.why for _, term in traced(root)}
    assert "2 names" in told["ptr"]
    assert "ignored" in told["ptr"]


def test_a_record_is_queried_as_txt_only() -> None:
    types = []

    class Noted:
        def resolve(self, question: Question, /) -> Answer:
            types.append(str(question.type))
            return Answer.nodata()

    check("192.0.2.1", "user@one.example", resolver=Noted())
    assert types == ["TXT"]


def test_the_trace_shows_the_chain_of_cname_records() -> None:
    zone = Zone(
        {"one.example": {"CNAME": "two.example"}, "two.example": {"CNAME": "x.example"}, "x.example": {"TXT": "v=spf1"}}
    )
    question = check("192.0.2.1", "user@one.example", resolver=zone).trace.root.question
    assert question is not None
    assert question.answer.chain == ("two.example", "x.example")
