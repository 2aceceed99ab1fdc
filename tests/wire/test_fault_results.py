"""Each fault of a DNS server, in the domain's own question and in a term's: the result, and what the result names."""

import asyncio

import pytest

import spfengine
from spfengine.answers import Answer, Question
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.zone import Zone
from spfengine.testing import FakeDNS, Fault
from spfengine.testing.faults import FaultKind

DOMAIN, HOST = "example.com", "host.example.com"
ZONE = Zone({DOMAIN: {"TXT": f"v=spf1 a:{HOST} ip4:192.0.2.9 -all"}, HOST: {"A": "192.0.2.1"}})
RESULTS = {
    FaultKind.SERVFAIL: ("temperror", "dns-servfail", "temperror", "dns-servfail"),
    FaultKind.REFUSED: ("temperror", "dns-refused", "temperror", "dns-refused"),
    FaultKind.FORMERR: ("temperror", "dns-formerr", "temperror", "dns-formerr"),
    FaultKind.NXDOMAIN: ("none", "domain-not-found", "pass", None),
    FaultKind.NODATA: ("none", "no-record", "pass", None),
    FaultKind.SILENCE: ("temperror", "dns-timeout", "temperror", "dns-timeout"),
    FaultKind.DELAY: ("pass", None, "pass", None),
    FaultKind.TRUNCATE: ("temperror", "dns-truncated", "temperror", "dns-truncated"),
    FaultKind.GARBAGE: ("temperror", "dns-timeout", "temperror", "dns-timeout"),
    FaultKind.WRONG_ID: ("temperror", "dns-timeout", "temperror", "dns-timeout"),
    FaultKind.CNAME_LOOP: ("temperror", "dns-cname-loop", "temperror", "dns-cname-loop"),
}
VOID = {FaultKind.NXDOMAIN, FaultKind.NODATA}


class Waiting:
    """Waits long for a reply, but not for one that the fault keeps from coming."""

    def __init__(self, server: FakeDNS, fault: Fault) -> None:
        self._fault = fault
        self._patient = LiveResolver(server.nameserver, timeout=30, retries=0, lifetime=60)
        self._hasty = LiveResolver(server.nameserver, timeout=0.25, retries=0)

    def _resolver(self, question: Question) -> LiveResolver:
        is_silent = self._fault.kind in (FaultKind.SILENCE, FaultKind.GARBAGE, FaultKind.WRONG_ID)
        concerned = self._fault.concerns(question.name, str(question.type), "udp")
        return self._hasty if is_silent and concerned else self._patient

    def resolve(self, question: Question, /) -> Answer:
        return self._resolver(question).resolve(question)

    async def aresolve(self, question: Question, /) -> Answer:
        return await self._resolver(question).aresolve(question)


def checked(kind: FaultKind, name: str, type: str, form: str) -> spfengine.CheckResult:
    """Check a client that only the term after the host's lets pass."""
    fault = Fault(name, type, kind, seconds=0.05 if kind is FaultKind.DELAY else 0)
    with FakeDNS(ZONE, faults=[fault]) as server:
        resolver = Waiting(server, fault)
        if form == "asyncio":
            return asyncio.run(spfengine.acheck("192.0.2.9", f"alice@{DOMAIN}", resolver=resolver))
        return spfengine.check("192.0.2.9", f"alice@{DOMAIN}", resolver=resolver)


def test_every_kind_has_its_row() -> None:
    assert set(RESULTS) == set(FaultKind)


@pytest.mark.parametrize("form", ["sync", "asyncio"])
@pytest.mark.parametrize("kind", RESULTS)
def test_a_fault_of_the_domains_own_record(kind: FaultKind, form: str) -> None:
    result = checked(kind, DOMAIN, "TXT", form)
    code = None if result.problem is None else result.problem.code
    assert (result.result, code, result.void_lookups) == (*RESULTS[kind][:2], 0)


@pytest.mark.parametrize("form", ["sync", "asyncio"])
@pytest.mark.parametrize("kind", RESULTS)
def test_a_fault_of_a_terms_question(kind: FaultKind, form: str) -> None:
    result = checked(kind, HOST, "A", form)
    code = None if result.problem is None else result.problem.code
    assert (result.result, code, result.void_lookups) == (*RESULTS[kind][2:], int(kind in VOID))
