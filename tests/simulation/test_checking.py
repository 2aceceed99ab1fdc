"""Senders before and after: any number of them, however their outcome is found."""

import pytest

import spfengine
from spfengine import Sender, Zone
from spfengine.simulation import Effect, checking

ZONE = Zone(
    {
        "x.example": {"TXT": "v=spf1 ip4:192.0.2.0/28 include:other.example -all"},
        "other.example": {"TXT": "v=spf1 ip4:198.51.100.0/28 exists:%{l}.users.example ~all"},
        "bob.users.example": {"A": "127.0.0.2"},
        "_dmarc.x.example": {"TXT": "v=DMARC1; p=none"},
    }
)
DRAFT = {"x.example": "v=spf1 ip4:192.0.2.0/30 include:other.example -all", "other.example": "v=spf1 ?all"}
IPS = [f"192.0.2.{n}" for n in range(20)] + [f"198.51.100.{n}" for n in range(20)] + ["2001:db8::1", "::ffff:192.0.2.1"]
FROM = ["bob@x.example", "@X.Example", "@other.example", "bob@other.example", "@none.example", "@x..example", "<>", ""]
SENDERS = [Sender(ip, sender, header_from="x.example") for ip in IPS for sender in FROM]


@pytest.mark.parametrize("worth", [1, 50, 10_000])
def test_every_road_gives_the_results_of_checks(monkeypatch: pytest.MonkeyPatch, worth: int) -> None:
    """Whether a domain's policy is compiled for its senders, or each of them is checked."""
    monkeypatch.setattr(checking, "_WORTH_COMPILING", worth)
    plan = spfengine.simulate("x.example", DRAFT, resolver=ZONE, senders=SENDERS)
    drafted = spfengine.Overlay(ZONE, {name: {"TXT": text} for name, text in DRAFT.items()})
    for change, sender in zip(plan.senders, SENDERS, strict=True):
        assert change.sender is sender
        for found, resolver in ((change.before, ZONE), (change.after, drafted)):
            expected = spfengine.check(sender.ip, sender.sender, resolver=resolver)
            facts = expected.result, expected.directive, expected.lookups, expected.void_lookups
            assert (found.result, found.directive, found.lookups, found.void_lookups) == facts


def test_equal_outcomes_are_one_object() -> None:
    senders = [Sender("203.0.113.1", f"u{n}@other.example") for n in range(200)]
    plan = spfengine.simulate("x.example", "v=spf1 -all", resolver=ZONE, senders=senders)
    assert len({id(change.before) for change in plan.senders}) == 1


@pytest.mark.parametrize(
    ("reported", "disagrees"),
    [
        (None, False), ("", False), ("pass", False), (" Pass ", False), ("fail", True), ("HardFail", True),
        ("unknown", False), ("error", True), ("temperror", False), ("nonsense", False), ("\x1b", False),
    ],
)  # fmt: skip
def test_what_was_reported_is_compared_where_it_can_be(reported: str | None, disagrees: bool) -> None:
    sender = Sender("192.0.2.1", "bob@x.example", reported=reported)
    plan = spfengine.simulate("x.example", "v=spf1 -all", resolver=ZONE, senders=[sender])
    assert plan.senders[0].disagrees is disagrees
    assert plan.senders[0].effect is Effect.NEWLY_FAILING


def test_what_dns_cannot_answer_now_disagrees_with_nothing() -> None:
    zone = Zone({"x.example": {"TXT": spfengine.Status.SERVFAIL}})
    sender = Sender("192.0.2.1", "bob@x.example", reported="pass")
    plan = spfengine.simulate("x.example", "v=spf1 -all", resolver=zone, senders=[sender])
    assert (plan.senders[0].disagrees, plan.senders[0].effect) == (False, Effect.UNKNOWN)


def test_alignment_is_told_where_from_is_known() -> None:
    senders = [Sender("192.0.2.1", "@x.example"), Sender("192.0.2.1", "@x.example", header_from="m.x.example")]
    plan = spfengine.simulate("x.example", "v=spf1 -all", resolver=ZONE, senders=senders)
    unknown, known = plan.senders
    assert (unknown.aligned_before, unknown.aligned_after) == (None, None)
    assert known.aligned_before is not None
    assert known.aligned_before.aligned is True
    assert known.aligned_after is not None
    assert (known.aligned_after.aligned, known.aligned_after.why) == (False, "SPF did not pass")


def test_made_up_names_in_from_do_not_ask_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_MOST_PAIRS", 5)
    asked = []

    class Counting:
        def resolve(self, question: spfengine.Question) -> spfengine.Answer:
            asked.append(question)
            return ZONE.resolve(question)

    senders = [Sender("192.0.2.1", "@x.example", header_from=f"n{n}.example") for n in range(50)]
    plan = spfengine.simulate("x.example", "v=spf1 ip4:192.0.2.1 -all", resolver=Counting(), senders=senders)
    assert [change.aligned_after is not None for change in plan.senders] == [True] * 5 + [False] * 45
    assert len(asked) < 30
