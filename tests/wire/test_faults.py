"""The faults of a fake DNS server, as values: which queries they count, and which have them."""

from typing import Any

import pytest

from spfengine.errors import ArgumentError
from spfengine.testing.faults import Effect, Fault, FaultKind, FaultPlan


def test_a_fault_counts_only_the_queries_that_it_concerns() -> None:
    plan = FaultPlan([Fault("Example.com.", "txt", "servfail", queries=[2], over="udp")])
    for name, type, over in (
        ("example.com", "TXT", "tcp"),
        ("example.com", "A", "udp"),
        ("other.example", "TXT", "udp"),
        ("EXAMPLE.COM", "TXT", "udp"),
    ):
        assert plan.effect(name, type, over) == Effect(None, 0)
    assert plan.effect("example.com", "TXT", "udp") == Effect(FaultKind.SERVFAIL, 0)
    assert plan.effect("example.com", "TXT", "udp") == Effect(None, 0)


def test_delays_add_up_and_the_first_other_fault_counts() -> None:
    plan = FaultPlan(
        [
            Fault("*", "*", "delay", seconds=1),
            Fault("*", "TXT", "refused", queries=[1]),
            Fault("example.com", "*", "garbage"),
            Fault("example.com", "*", "delay", seconds=2),
        ]
    )
    assert plan.effect("example.com", "TXT", "udp") == Effect(FaultKind.REFUSED, 3)
    assert plan.effect("example.com", "TXT", "udp") == Effect(FaultKind.GARBAGE, 3)
    assert plan.effect("other.example", "A", "tcp") == Effect(None, 1)
    plan.clear()
    assert plan.effect("example.com", "TXT", "udp") == Effect(None, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "explode"}, "no such fault: 'explode'; expected one of servfail, "),
        ({"kind": "delay", "seconds": -1}, "seconds"),
        ({"kind": "silence", "over": "sctp"}, "over"),
        ({"kind": "silence", "queries": [0]}, "counted from 1"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Fault("example.com", "TXT", **arguments)
