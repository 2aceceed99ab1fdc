"""Whether a change is worse if the result depends on more than the address."""

import pytest

import spfengine
from spfengine.simulation.simulation import change_is_worse

ZONE = spfengine.Zone({
    "d.example": {"TXT": "v=spf1 -all"},
    "net.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"},
    "h.example": {"A": ["192.0.2.1"]},
})  # fmt: skip


def _worse(before: str, after: str, ip: str = "192.0.2.1") -> bool:
    policies = [
        spfengine.Policy.compile("d.example", resolver=spfengine.Overlay(ZONE, {"d.example": {"TXT": text}}))
        for text in (before, after)
    ]
    return change_is_worse(*[policy.check(ip) for policy in policies])


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        # The same condition, choice by choice.
        ("v=spf1 exists:%{i}.x.example ~all", "v=spf1 exists:%{i}.x.example include:net.example ~all", False),
        ("v=spf1 exists:%{i}.x.example include:net.example ~all", "v=spf1 exists:%{i}.x.example ~all", True),
        ("v=spf1 exists:%{i}.x.example ~all", "v=spf1 exists:%{i}.x.example -all", False),
        ("v=spf1 exists:%{i}.x.example ip4:192.0.2.1 -all", "v=spf1 exists:%{i}.x.example ?a:h.example -all", True),
        ("v=spf1 exists:%{l}.x.example -all", "v=spf1 exists:%{l}.x.example include:none.example -all", True),
        ("v=spf1 exists:%{l}.a.example exists:%{l}.b.example -all",
         "v=spf1 exists:%{l}.a.example exists:%{l}.b.example include:net.example -all", False),
        # A condition that is new, or goes.
        ("v=spf1 -all", "v=spf1 exists:%{i}.x.example -all", False),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 exists:%{i}.x.example -all", True),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 -exists:%{i}.x.example ip4:192.0.2.1 -all", True),
        ("v=spf1 exists:%{i}.x.example -all", "v=spf1 ip4:192.0.2.0/24 -all", False),
        ("v=spf1 exists:%{i}.x.example -all", "v=spf1 -all", True),
        ("v=spf1 exists:%{i}.x.example -all", "v=spf1 exists:%{l}.y.example -all", True),
        # Only a check of one client can show it.
        ("v=spf1 include:%{l}.x.example -all", "v=spf1 include:%{l}.y.example -all", True),
        ("v=spf1 include:%{l}.x.example -all", "v=spf1 ip4:192.0.2.1 -all", False),
        # No condition at all.
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.0/24 -all", False),
        ("v=spf1 ip4:192.0.2.1 -all", "v=spf1 -all", True),
    ],
)  # fmt: skip
def test_worse_is_pass_lost_or_an_error_that_is_new(before: str, after: str, worse: bool) -> None:
    assert _worse(before, after) is worse
