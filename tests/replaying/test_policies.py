"""What is sent to workers: policies of every workload of bench/, small, and the same when they arrive."""

import json
import pickle
from random import Random

import pytest

from bench.workloads import NAMES, load
from bench.zones import make_zone
from spfengine import Policy, Zone
from tests.examples import mostly_full
from tests.policy.comparing import addresses

_OCTETS_A_RANGE = 200  # pickled; what is said of a range is stored once for all ranges of the same outcome
_ADDRESSES = 2000


def arrived(policy: Policy) -> tuple[Policy, Policy]:
    """A policy as workers get it: pickled, and as JSON."""
    pickled = pickle.dumps(policy.without_answers())
    text = json.dumps(policy.to_dict())
    ranges = sum(1 for version in (4, 6) for _ in policy.ranges(version))
    assert len(pickled) < 1000 + _OCTETS_A_RANGE * ranges
    assert len(text) < 5 * (1000 + _OCTETS_A_RANGE * ranges)
    return pickle.loads(pickled), Policy.from_dict(json.loads(text))


@pytest.mark.parametrize("name", mostly_full(NAMES, 4))
def test_policies_of_the_workloads_are_small_and_arrive_whole(name: str) -> None:
    workload = load(name)
    zone = make_zone(workload)
    clients: dict[str, list[str]] = {}
    for check in workload.checks:
        clients.setdefault(check.sender.rpartition("@")[2], []).append(check.ip)
    for number, (domain, ips) in enumerate(clients.items()):
        policy = Policy.compile(domain, resolver=zone)
        at = [*ips[:_ADDRESSES], *(addresses([policy], Random(number), 2) if number < 20 else ())]
        for sent in arrived(policy):
            assert sent == policy
            assert sent.check_many(at) == policy.check_many(at)


def test_answers_are_what_makes_a_policy_large() -> None:
    zone = Zone({"x.example": {"TXT": "v=spf1 " + " ".join([f"ip4:10.{n}.0.0/16" for n in range(200)]) + " -all"}})
    policy = Policy.compile("x.example", resolver=zone)
    sent: Policy = pickle.loads(pickle.dumps(policy.without_answers()))
    assert sent == policy
    assert (len(sent.answers), len(policy.answers)) == (0, 1)
    assert len(pickle.dumps(sent)) < len(pickle.dumps(policy))
