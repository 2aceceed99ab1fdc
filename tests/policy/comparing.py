"""Compares a policy with the interpreter, address by address."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address
from random import Random

from spfengine import CheckResult, Limits, Zone, check
from spfengine.addresses import V4, V6
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from tests.properties.generate import Call

Address = IPv4Address | IPv6Address

MAPPED = range(0xFFFF << 32, 0x10000 << 32)


def domain_of(call: Call) -> str:
    """Return the domain that this call checks, spelled as in the call."""
    sender = call.sender[1:-1] if call.sender[:1] == "<" and call.sender[-1:] == ">" else call.sender
    return sender.rpartition("@")[2] if "@" in sender else sender or call.helo


def compiled(zone: Zone, call: Call, limits: Limits) -> Policy:
    """Return the policy for this sender and HELO name alone."""
    return Policy.compile(domain_of(call), resolver=zone, sender=call.sender, helo=call.helo, limits=limits)


def addresses(policies: Iterable[Policy], random: Random, count: int = 8) -> Iterator[Address]:
    """Yield the first and last address of every range, their neighbours, and random ones; only addresses of clients."""
    found: set[Address] = set()
    for policy in policies:
        for family, kind in ((V4, IPv4Address), (V6, IPv6Address)):
            wanted = [random.randrange(family.last + 1) for _ in range(count)]
            for first, last, _ in policy.ranges(family.version):
                wanted += [first - 1, first, first + 1, last - 1, last, last + 1, random.randint(first, last)]
            values = [value for value in wanted if 0 <= value <= family.last]
            found.update([kind(value) for value in values if family is V4 or value not in MAPPED])
    return iter(sorted(found, key=lambda address: (address.version, int(address))))


def fields(outcome: Outcome | CheckResult) -> tuple[object, ...]:
    """Return the values of all fields that an outcome of a policy and a result of a check have in common."""
    return (
        outcome.result,
        outcome.problem,
        outcome.directive,
        outcome.record_domain,
        outcome.path,
        outcome.lookups,
        outcome.void_lookups,
    )


def compare(policy: Policy, zone: Zone, call: Call, limits: Limits, at: Iterable[Address]) -> int:
    """Compare a policy with the interpreter at these addresses; return how many of them were conditional."""
    conditional = 0
    for ip in at:
        result = check(ip, call.sender, call.helo, resolver=zone, limits=limits)
        outcome = policy.check(ip)
        if outcome.result is None:
            conditional += 1
            assert outcome.depends_on
            assert result.result in outcome.results or None in outcome.results, (ip, result.result, outcome.results)
            outcome = policy.check(ip, sender=call.sender, helo=call.helo, resolver=zone)
        assert fields(outcome) == fields(result), ip
    return conditional
