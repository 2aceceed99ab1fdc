"""The faults of a fake DNS server, as values: which queries they count, and which have them."""

from typing import Any

import pytest

from spfengine.errors import ArgumentError
from spfengine.testing.faults import Fault, FaultEffect, FaultKind, FaultPlan


def test_a_fault_counts_only_the_queries_that_it_concerns() -> None:
    plan = FaultPlan([Fault("Example.com.", "txt", "servfail", queries=[2], over="udp")])
    for name, type, over in (
        ("example.com", "TXT", "tcp"),
        ("example.com", "A", "udp"),
        ("other.example", "TXT", "udp"),
        ("EXAMPLE.COM", "TXT", "udp"),
    ):
        assert plan.effect(name, type, over) == FaultEffect(None, 0)
    assert plan.effect("example.com", "TXT", "udp") == FaultEffect(FaultKind.SERVFAIL, 0)
    assert plan.effect("example.com", "TXT", "udp") == FaultEffect(None, 0)


def test_delays_add_up_and_the_first_other_fault_counts() -> None:
    plan = FaultPlan(
        [
            Fault("*", "*", "delay", seconds=1),
            Fault("*", "TXT", "refused", queries=[1]),
            Fault("example.com", "*", "garbage"),
            Fault("example.com", "*", "delay", seconds=2),
        ]
    )
    assert plan.effect("example.com", "TXT", "udp") == FaultEffect(FaultKind.REFUSED, 3)
    assert plan.effect("example.com", "TXT", "udp") == FaultEffect(FaultKind.GARBAGE, 3)
    assert plan.effect("other.example", "A", "tcp") == FaultEffect(None, 1)
    plan.clear()
    assert plan.effect("example.com", "TXT", "udp") == FaultEffect(None, 0)


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


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("example.com TXT servfail", Fault("example.com", "TXT", "servfail")),
        ("  * *  silence queries=1,3 over=tcp ", Fault("*", "*", "silence", [1, 3], "tcp")),
        ("example.com MX delay seconds=0.5", Fault("example.com", "MX", "delay", seconds=0.5)),
    ],
)
def test_a_fault_is_read_from_words(text: str, fault: Fault) -> None:
    assert Fault.from_text(text) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected NAME TYPE KIND"),
        ("example.com servfail", "expected NAME TYPE KIND"),
        ("example.com TXT servfail 3", "'3' can't be used"),
        ("example.com TXT servfail queries=a", "'queries=a' can't be used"),
        ("example.com TXT servfail seconds=", "'seconds=' can't be used"),
        ("example.com TXT explode", "no such fault"),
        ("example.com TXT servfail queries=0", "counted from 1"),
        ("example.com TXT delay seconds=nan", "seconds"),
        ("example.com TXT servfail over=\x1b", "over"),
    ],
)
def test_words_that_are_no_fault_are_refused(text: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message) as caught:
        Fault.from_text(text)
    assert "\x1b" not in str(caught.value)
