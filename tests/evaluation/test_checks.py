"""The entry points: check, check_helo, check_both, check_record, and their async versions."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import spfengine.checks
from spfengine import (
    Answer,
    ArgumentError,
    CheckResult,
    Limits,
    Question,
    RRType,
    Status,
    acheck,
    acheck_both,
    acheck_helo,
    acheck_record,
    check,
    check_both,
    check_helo,
    check_record,
)
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

ZONE = Zone(
    {
        "a.example": {"TXT": ["v=spf1 exists:%{l}.x.example -all exp=e.example", "other"], "A": "192.0.2.9"},
        "h.example": {"TXT": "v=spf1 a:a.example ~all"},
        "alias.example": {"CNAME": "a.example"},
        "postmaster.x.example": {"A": "127.0.0.2"},
        "e.example": {"TXT": "%{s} %{h} %{r} %{t}"},
    }
)


def sync_and_async(name: str, *arguments: Any, **options: Any) -> Any:
    """Return the result of a function, once its async version has given the same."""
    result = getattr(spfengine.checks, name)(*arguments, resolver=ZONE, **options)
    twin = asyncio.run(getattr(spfengine.checks, f"a{name}")(*arguments, resolver=ZONE, **options))
    assert twin == result
    return result


def test_the_two_identities_are_two_checks() -> None:
    """RFC 7208 §2.3, §2.4: two checks with two results, HELO first."""
    first, second = sync_and_async("check_both", "192.0.2.9", "u@a.example", "h.example", now=5.0)
    assert (first.identity, first.domain, first.sender, first.result) == (
        "helo",
        "h.example",
        "postmaster@h.example",
        "pass",
    )
    assert (second.identity, second.domain, second.sender, second.result) == (
        "mailfrom",
        "a.example",
        "u@a.example",
        "fail",
    )
    assert (first.lookups, second.lookups) == (1, 1)
    assert first == sync_and_async("check_helo", "192.0.2.9", "h.example", now=5.0)
    assert second == sync_and_async("check", "192.0.2.9", "u@a.example", "h.example", now=5.0)


@pytest.mark.parametrize("sender", ["", "<>"])
def test_a_null_sender_is_evaluated_once_for_both_identities(sender: str) -> None:
    """RFC 7208 §2.4: for a null sender, one evaluation gives both results."""
    listening = Listening(ZONE)
    first, second = check_both("192.0.2.9", sender, "h.example", resolver=listening, now=5.0)
    assert len(listening.asked) == 2
    assert (first.identity, second.identity) == ("helo", "mailfrom")
    assert (first.sender, second.sender) == ("postmaster@h.example", "postmaster@h.example")
    assert second == check("192.0.2.9", sender, "h.example", resolver=ZONE, now=5.0)
    assert sync_and_async("check_both", "192.0.2.9", sender, "h.example", now=5.0) == (first, second)


def test_a_helo_check_is_of_postmaster() -> None:
    """RFC 7208 §2.3."""
    result = sync_and_async("check_helo", "203.0.113.1", "a.example")
    assert (result.result, result.sender, result.directive) == ("pass", "postmaster@a.example", "exists:%{l}.x.example")


def test_options_reach_the_explanation() -> None:
    result = sync_and_async("check", "203.0.113.1", "u@a.example", "H.example", receiver="mx.r.example", now=12.9)
    assert result.explanation == "u@a.example H.example mx.r.example 12"
    now = check("203.0.113.1", "u@a.example", "H.example", resolver=ZONE).explanation
    assert now is not None
    assert int(now.rpartition(" ")[2]) > 1_700_000_000


def test_limits_reach_every_entry_point() -> None:
    limits = Limits(lookups=0)
    assert sync_and_async("check", "203.0.113.1", "u@a.example", limits=limits).result == "permerror"
    assert sync_and_async("check_helo", "203.0.113.1", "a.example", limits=limits).result == "permerror"
    assert (
        sync_and_async("check_both", "203.0.113.1", "u@a.example", "h.example", limits=limits)[1].result == "permerror"
    )
    assert sync_and_async("check_record", "203.0.113.1", "u@a.example", "v=spf1 a", limits=limits).result == "permerror"


@pytest.mark.parametrize(
    ("sender", "record", "result"),
    [
        ("u@a.example", "v=spf1 +all", "pass"),
        ("u@A.EXAMPLE", b"v=spf1 +all", "pass"),
        ("u@a.example.", "v=spf1 a ~all", "softfail"),
        ("u@gone.example", "v=spf1 ?all", "neutral"),
        ("u@alias.example", "v=spf1 ~all", "softfail"),
        ("u@a.example", "v=spf1 include:alias.example", "permerror"),  # the alias points to the draft: a loop
        ("", "v=spf1 +all", "pass"),
        ("u@a.example", "v=spf1 foo", "permerror"),
        ("u@a.example", b"v=spf1 \xff", "permerror"),
        ("u@a.example", "no spf", "none"),
        ("u@b\x00d.example", "v=spf1 +all", "pass"),
        ("u@bücher.example", "v=spf1 +all", "pass"),
        ("u@", "v=spf1 +all", "none"),
        ("u@a..example", "v=spf1 +all", "none"),
        ("u@[192.0.2.1]", "v=spf1 +all", "none"),
        ("u@\u1aaa.example", "v=spf1 +all", "none"),
        ("u@" + "x" * 64 + ".example", "v=spf1 +all", "none"),
        ("u@\ud800.example", "v=spf1 +all", "none"),
    ],
)
def test_a_record_takes_the_place_of_the_domain_s(sender: str, record: str | bytes, result: str) -> None:
    """The result is what `check` would give if `record` were the SPF record of the sender's domain."""
    assert sync_and_async("check_record", "203.0.113.1", sender, record, "h.example").result == result


@pytest.mark.parametrize("record", [None, 5, ["v=spf1 +all"], "v=spf1 \ud800"])
def test_an_invalid_record_argument_is_refused(record: Any) -> None:
    with pytest.raises(ArgumentError, match="record"):
        check_record("192.0.2.1", "u@a.example", record, resolver=ZONE)
    with pytest.raises(ArgumentError, match="record"):
        asyncio.run(acheck_record("192.0.2.1", "u@a.example", record, resolver=ZONE))


def test_the_other_names_of_a_record_are_queried_as_usual() -> None:
    listening = Listening(ZONE)
    check_record("192.0.2.1", "u@a.example", "v=spf1 a include:h.example", resolver=listening)
    assert Question("a.example", RRType.TXT) not in listening.questions
    assert set(listening.questions) == {Question("a.example", RRType.A), Question("h.example", RRType.TXT)}


Call = Callable[[], object]


def test_the_default_resolver_is_live_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same resolver each time."""
    monkeypatch.setattr(spfengine.drivers, "default_resolver", lambda: ZONE)
    live: object = spfengine.drivers.default_resolver()
    assert live is ZONE
    sync: list[Call] = [
        lambda: check("203.0.113.1", "u@a.example"),
        lambda: check_both("203.0.113.1", "u@a.example", "h.example")[1],
        lambda: check_record("203.0.113.1", "u@gone.example", "v=spf1 -all"),
        lambda: asyncio.run(acheck("203.0.113.1", "u@a.example")),
        lambda: asyncio.run(acheck_both("203.0.113.1", "u@a.example", "h.example"))[1],
        lambda: asyncio.run(acheck_record("203.0.113.1", "u@gone.example", "v=spf1 -all")),
    ]
    for call in sync:
        result = call()
        assert isinstance(result, CheckResult)
        assert result.result == "fail"
    assert check_helo("203.0.113.1", "h.example").result == "softfail"
    assert asyncio.run(acheck_helo("203.0.113.1", "h.example")).result == "softfail"


def test_a_resolver_needs_only_one_method() -> None:
    """Anything with the one method of the protocol is a resolver."""

    class Mine:
        def resolve(self, question: Question) -> Answer:
            return Answer.txt("v=spf1 -all") if question.type is RRType.TXT else Answer.failed(Status.REFUSED)

    assert check("192.0.2.1", "u@any.example", resolver=Mine()).result == "fail"
    assert asyncio.run(acheck("192.0.2.1", "u@any.example", resolver=Mine())).result == "fail"
