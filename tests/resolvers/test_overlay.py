"""Drafts laid over a resolver: what DNS would answer once they are published."""

import asyncio
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.errors import ResolverError, ZoneError
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.zone import Zone

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR
NODATA, NXDOMAIN = Answer.nodata(), Answer.nxdomain()

LIVE = Zone(
    {
        "example.com": {"TXT": "live", "MX": (10, "mx.example.com"), "A": "192.0.2.1"},
        "alias.example.com": {"CNAME": "target.example.net"},
        "into.example.com": {"CNAME": "middle.example.net"},
        "middle.example.net": {"CNAME": "target.example.net"},
        "target.example.net": {"TXT": "target", "A": "192.0.2.2"},
        "dead.example.com": {"*": Status.SERVFAIL},
        "loop.example.com": {"CNAME": "loop.example.com"},
        "stale.example.com": {"CNAME": "nowhere.test"},
    },
    ttl=300,
)


def ask(drafts: Any, name: str, type: RRType = TXT, below: object = LIVE) -> Answer:
    overlay = Overlay(below, drafts)
    question = Question(name, type)
    answer = overlay.resolve(question)
    assert asyncio.run(Overlay(below, drafts).aresolve(question)) == answer, "asyncio answers the same"
    return answer


def live(name: str, type: RRType = TXT) -> Answer:
    return LIVE.resolve(Question(name, type))


@pytest.mark.parametrize(
    ("drafts", "name", "type", "expected"),
    [
        # a draft replaces its RRset, and only that
        ({"example.com": {"TXT": "draft"}}, "EXAMPLE.com.", TXT, Answer.txt("draft")),
        ({"Example.com.": {"txt": ["a", ("b", "c")]}}, "example.com", TXT, Answer.txt("a", ("b", "c"))),
        ({"example.com": {"TXT": "draft"}}, "example.com", MX, live("example.com", MX)),
        ({"example.com": {"TXT": "draft"}}, "example.com", PTR, live("example.com", PTR)),
        ({"example.com": {"TXT": "draft"}}, "mx.example.com", TXT, live("mx.example.com")),
        ({"example.com": {"TXT": Status.TIMEOUT}}, "example.com", TXT, Answer.failed(Status.TIMEOUT)),
        ({"example.com": {"*": Status.REFUSED, "A": []}}, "example.com", MX, Answer.failed(Status.REFUSED)),
        ({"example.com": {"*": Status.REFUSED, "A": []}}, "example.com", A, NODATA),
        ({"dead.example.com": {"TXT": "draft"}}, "dead.example.com", TXT, Answer.txt("draft")),
        ({"dead.example.com": {"TXT": "draft"}}, "dead.example.com", A, Answer.failed(Status.SERVFAIL)),
        # deletions
        ({"example.com": {"TXT": None}}, "example.com", TXT, NODATA),
        ({"example.com": {"TXT": None}}, "example.com", A, live("example.com", A)),
        ({"example.com": {"TXT": None, "A": "192.0.2.9"}}, "example.com", A, Answer.a("192.0.2.9")),
        ({"example.com": {"TXT": None, "*": Status.SERVFAIL}}, "example.com", TXT, NODATA),
        ({"example.com": {"*": None, "A": "192.0.2.9"}}, "example.com", MX, NODATA),
        ({"example.com": {"*": None, "A": "192.0.2.9"}}, "example.com", A, Answer.a("192.0.2.9")),
        ({"example.com": None}, "example.com", TXT, NXDOMAIN),
        ({"example.com": None}, "example.com", MX, NXDOMAIN),
        ({"example.com": None, "a.example.com": {"TXT": "x"}}, "example.com", MX, NODATA),
        ({"example.com": None, "a.example.com": None}, "example.com", MX, NXDOMAIN),
        ({"new.example": {"TXT": None}}, "new.example", A, live("new.example", A)),
        # a name that is nowhere below exists by its draft, and so do the names above it
        ({"a.new.example": {"TXT": "x"}}, "a.new.example", TXT, Answer.txt("x")),
        ({"a.new.example": {"TXT": "x"}}, "a.new.example", A, Answer.nodata(300)),
        ({"a.new.example": {"TXT": "x"}}, "new.example", A, Answer.nodata(300)),
        ({"a.new.example": {"SPF": "x"}}, "a.new.example", TXT, Answer.nodata(300)),
        ({"a.new.example": {"TXT": "x"}}, "b.new.example", A, Answer.nxdomain(300)),
        ({"a.new.example": None}, "new.example", A, Answer.nxdomain(300)),
        ({"a.stale.example.com": {"TXT": "x"}}, "stale.example.com", A, live("stale.example.com", A)),
        # CNAME records below at a drafted name are hidden
        ({"alias.example.com": {"TXT": "draft"}}, "alias.example.com", TXT, Answer.txt("draft")),
        ({"alias.example.com": {"TXT": "draft"}}, "alias.example.com", A, NODATA),
        ({"alias.example.com": {"MX": (1, "m.example")}}, "alias.example.com", TXT, NODATA),
        ({"alias.example.com": {"TXT": None}}, "alias.example.com", TXT, NODATA),
        ({"alias.example.com": {"CNAME": None}}, "alias.example.com", A, NODATA),
        ({"loop.example.com": {"TXT": "draft"}}, "loop.example.com", A, NODATA),
        # CNAME records below that lead into a drafted name
        (
            {"target.example.net": {"TXT": "draft"}},
            "into.example.com",
            TXT,
            Answer.txt("draft", ttl=300, chain=["middle.example.net", "target.example.net"]),
        ),
        (
            {"target.example.net": {"TXT": "draft"}},
            "into.example.com",
            A,
            Answer.a("192.0.2.2", ttl=300, chain=["middle.example.net", "target.example.net"]),
        ),
        (
            {"middle.example.net": {"A": "192.0.2.7"}},
            "into.example.com",
            TXT,
            Answer.nodata(300, chain=["middle.example.net"]),
        ),
        ({"target.example.net": None}, "alias.example.com", A, Answer.nxdomain(300, chain=["target.example.net"])),
        (
            {"target.example.net": {"*": Status.TIMEOUT}},
            "alias.example.com",
            A,
            Answer.failed(Status.TIMEOUT, chain=["target.example.net"]),
        ),
        ({"middle.example.net": {"TXT": "x"}}, "alias.example.com", TXT, live("alias.example.com")),
        # drafted CNAME records
        (
            {"new.example": {"CNAME": "example.com"}},
            "new.example",
            TXT,
            Answer.txt("live", ttl=300, chain=["example.com"]),
        ),
        (
            {"example.com": {"CNAME": "into.example.com"}},
            "example.com",
            A,
            Answer.a("192.0.2.2", ttl=300, chain=["into.example.com", "middle.example.net", "target.example.net"]),
        ),
        (
            {"example.com": {"CNAME": "new.example"}, "new.example": {"TXT": "draft"}},
            "example.com",
            TXT,
            Answer.txt("draft", chain=["new.example"]),
        ),
        (
            {"example.com": {"CNAME": "new.example", "MX": (1, "m.example")}},
            "example.com",
            MX,
            Answer.mx((1, "m.example")),
        ),
        (
            {"new.example": {"CNAME": "example.com", "*": None}},
            "new.example",
            TXT,
            Answer.txt("live", ttl=300, chain=["example.com"]),
        ),
        (
            {"example.com": {"CNAME": "nowhere.example"}},
            "example.com",
            TXT,
            Answer.nxdomain(300, chain=["nowhere.example"]),
        ),
        (
            {"target.example.net": {"CNAME": "into.example.com"}},
            "alias.example.com",
            TXT,
            Answer.failed(
                Status.LOOP,
                chain=["target.example.net", "into.example.com", "middle.example.net", "target.example.net"],
            ),
        ),
        ({"a.example": {"CNAME": "A.example"}}, "a.example", TXT, Answer.failed(Status.LOOP, chain=["A.example"])),
    ],
)
def test_what_a_draft_means(drafts: Any, name: str, type: RRType, expected: Answer) -> None:
    assert ask(drafts, name, type) == expected


def test_a_chain_of_drafted_cnames_is_bounded() -> None:
    drafts: Any = {f"n{i}.example": {"CNAME": f"n{i + 1}.example"} for i in range(100)}
    answer = ask(drafts, "n0.example")
    assert answer.status is Status.LOOP
    assert len(answer.chain) < 20


_NAMES = st.sampled_from([*LIVE.names, "mx.example.com", "example", "nowhere.test", "Example.COM", "com"])


@given(_NAMES, st.sampled_from(RRType), st.sampled_from([{}, {"example.com": {}}]))
def test_an_empty_overlay_changes_nothing(name: str, type: RRType, drafts: Any) -> None:
    question = Question(name, type)
    assert Overlay(LIVE, drafts).resolve(question) is LIVE.resolve(question)


@given(_NAMES, st.sampled_from(RRType))
def test_drafts_that_say_what_is_there_change_nothing(name: str, type: RRType) -> None:
    drafts = {"example.com": {"TXT": "live", "MX": (10, "mx.example.com"), "A": "192.0.2.1"}}
    drafted, below = ask(drafts, name, type), live(name, type)
    assert (drafted.status, drafted.records, drafted.chain) == (below.status, below.records, below.chain)


def test_what_no_draft_touches_is_the_very_answer_of_the_resolver_below() -> None:
    overlay = Overlay(LIVE, {"example.com": {"TXT": "draft"}})
    for question in (Question("example.com", MX), Question("into.example.com", A), Question("nowhere.test", A)):
        assert overlay.resolve(question) is LIVE.resolve(question)
    drafted = Question("example.com", TXT)
    assert overlay.resolve(drafted) is overlay.resolve(drafted), "what is derived from it is kept on it"


def test_a_draft_over_a_zone_equals_the_zone_that_has_it() -> None:
    below: Any = {"a.example": {"TXT": "a", "A": "192.0.2.1"}, "b.example": {"CNAME": "a.example"}}
    drafts: Any = {
        "a.example": {"TXT": "new"},
        "c.d.example": {"MX": (1, "a.example")},
        "b.example": {"A": "192.0.2.2"},
    }
    after = Zone(
        {"a.example": {"TXT": "new", "A": "192.0.2.1"}, **{n: drafts[n] for n in ("c.d.example", "b.example")}}
    )
    for name in ("a.example", "b.example", "c.d.example", "d.example", "example", "x.example"):
        for kind in RRType:
            assert ask(drafts, name, kind, Zone(below)) == after.resolve(Question(name, kind)), (name, kind)


def test_an_overlay_of_an_overlay() -> None:
    inner = Overlay(LIVE, {"example.com": {"TXT": "one"}, "new.example": {"TXT": "new"}})
    outer = Overlay(inner, {"example.com": {"TXT": "two"}})
    assert outer.resolve(Question("example.com", TXT)) == Answer.txt("two")
    assert outer.resolve(Question("new.example", TXT)) == Answer.txt("new")


def test_what_a_resolver_raises_is_passed_on() -> None:
    class Raising:
        def resolve(self, question: Question) -> Answer:
            raise StopIteration(question)

    with pytest.raises(StopIteration):
        Overlay(Raising(), {}).resolve(Question("example.com", TXT))


def test_it_says_which_drafts_were_reached() -> None:
    overlay = Overlay(LIVE, {"Target.example.net": {"TXT": "x"}, "far.example": {"TXT": "y"}, "none.example": {}})
    assert overlay.names == ("Target.example.net", "far.example")
    assert overlay.asked == frozenset()
    overlay.resolve(Question("example.com", TXT))
    assert overlay.asked == frozenset()
    overlay.resolve(Question("into.example.com", MX))
    assert overlay.asked == {"target.example.net"}


class OnlySync:
    def resolve(self, question: Question) -> Answer:
        return LIVE.resolve(question)


class OnlyAsync:
    async def aresolve(self, question: Question) -> Answer:
        return LIVE.resolve(question)


class Broken:
    def resolve(self, question: Question) -> Any:
        return {"example.com": None, "b.example": Answer.a("192.0.2.1")}[question.name]


def test_it_lies_over_whatever_keeps_the_protocol() -> None:
    drafts: Any = {"example.com": {"MX": (1, "m.example")}}
    question = Question("example.com", TXT)
    assert isinstance(Overlay(LIVE, drafts), Resolver)
    assert isinstance(Overlay(LIVE, drafts), AsyncResolver)
    assert ask(drafts, "example.com", TXT, OnlySync()) == live("example.com")
    assert asyncio.run(Overlay(OnlyAsync(), drafts).aresolve(question)) == live("example.com")
    with pytest.raises(ResolverError, match="acheck"):
        Overlay(OnlyAsync(), drafts).resolve(question)
    with pytest.raises(ResolverError, match="neither resolve"):
        Overlay(object(), drafts)
    for name in ("example.com", "b.example"):
        with pytest.raises(ResolverError, match="Broken was asked for TXT of"):
            Overlay(Broken(), {}).resolve(Question(name, TXT))


def test_it_pickles() -> None:
    overlay = pickle.loads(pickle.dumps(Overlay(LIVE, {"example.com": {"TXT": "draft"}})))
    assert overlay.resolve(Question("example.com", TXT)) == Answer.txt("draft")


@pytest.mark.parametrize(
    ("drafts", "parts"),
    [
        ([], ["mapping", "list"]),
        ({"example.com": "v=spf1 -all"}, ["example.com", "mapping of type"]),
        ({"example.com": {"A": "x"}}, ["example.com A", "IPv4"]),
        ({"example.com": {"A ": None}}, ["example.com", "record type"]),
        ({"a..b": None}, ["a..b"]),
        ({"*.example.com": {"TXT": "x"}}, ["*.example.com", "wildcard"]),
        ({"example.com": {"TXT": "x"}, "Example.com": {"A": []}}, ["Example.com", "drafted twice"]),
        ({"example.com": {"TXT": "x", "txt": None}}, ["example.com TXT", "drafted twice"]),
        ({"example.com": {"TXT": "x", "txt": "y"}}, ["example.com TXT", "drafted twice"]),
    ],
)
def test_drafts_that_can_not_be_used(drafts: Any, parts: list[str]) -> None:
    with pytest.raises(ZoneError) as caught:
        Overlay(LIVE, drafts)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("drafts", ["v=spf1 -all", ["example.com"], None, 5])
def test_what_is_not_a_mapping_of_drafts_is_refused(drafts: Any) -> None:
    with pytest.raises(ZoneError, match="drafts are a mapping of name → type → records, not"):
        Overlay(Zone({}), drafts)
