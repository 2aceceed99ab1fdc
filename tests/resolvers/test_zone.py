"""Zones made of a mapping: what each form of it means, and how DNS's own rules hold in it."""

import asyncio
import pickle
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given, strategies as st

from spfengine import check
from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.errors import ZoneError
from spfengine.resolvers.rrsets import MAX_CHAIN, RRset
from spfengine.resolvers.zone import Zone

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR
NODATA, NXDOMAIN = Answer.nodata(), Answer.nxdomain()


def ask(zone: Resolver, name: str, type: RRType = TXT) -> Answer:
    return zone.resolve(Question(name, type))


@pytest.mark.parametrize(
    ("type", "records", "expected"),
    [
        (TXT, "v=spf1 -all", Answer.txt(b"v=spf1 -all")),
        (TXT, b"\xff\x00", Answer.txt(b"\xff\x00")),
        (TXT, "é", Answer.txt("é".encode())),
        (TXT, ("v=spf1 ", b"-all"), Answer.txt(("v=spf1 ", "-all"))),
        (TXT, ["a", "b"], Answer.txt("a", "b")),
        (TXT, ["a", ("b", "c"), "a"], Answer.txt("a", ("b", "c"), "a")),
        (TXT, (), Answer.txt(b"")),
        (TXT, [], NODATA),
        (A, "192.0.2.1", Answer.a("192.0.2.1")),
        (A, IPv4Address("192.0.2.1"), Answer.a("192.0.2.1")),
        (A, ["192.0.2.2", IPv4Address("192.0.2.1")], Answer.a("192.0.2.2", "192.0.2.1")),
        (AAAA, ["2001:db8::1", IPv6Address("::1")], Answer.aaaa("2001:db8::1", "::1")),
        (MX, (10, "mx.example.com."), Answer.mx((10, "mx.example.com"))),
        (MX, [(10, "b.example"), (5, "a.example")], Answer.mx((10, "b.example"), (5, "a.example"))),
        (MX, "10 mx.example.com", Answer.mx((10, "mx.example.com"))),
        (MX, (0, "."), Answer.mx((0, ""))),
        (MX, (10, b"\xe9.example"), Answer.mx((10, "\xe9.example"))),
        (MX, (10, "bücher.example"), Answer.mx((10, "xn--bcher-kva.example"))),
        (PTR, "Host.Example.com", Answer.ptr("Host.Example.com")),
        (PTR, ["a.example", "b.example"], Answer.ptr("a.example", "b.example")),
        (TXT, Status.SERVFAIL, Answer.failed(Status.SERVFAIL)),
        (A, Status.TIMEOUT, Answer.failed(Status.TIMEOUT)),
        (MX, Status.NXDOMAIN, NXDOMAIN),
        (PTR, Status.NOERROR, NODATA),
    ],
)
def test_every_form_of_records(type: RRType, records: Any, expected: Answer) -> None:
    assert ask(Zone({"example.com": {type: records}}), "example.com", type) == expected


def test_star_means_every_type_that_is_not_listed() -> None:
    zone = Zone({"dead.example": {"*": Status.SERVFAIL, "A": "192.0.2.1", "MX": []}})
    assert ask(zone, "dead.example").status is Status.SERVFAIL
    assert ask(zone, "dead.example", PTR).status is Status.SERVFAIL
    assert ask(zone, "dead.example", A) == Answer.a("192.0.2.1")
    assert ask(zone, "dead.example", MX) == NODATA
    assert ask(zone, "x.dead.example") == NXDOMAIN


def test_names_that_are_not_listed() -> None:
    zone = Zone({"a.b.example.com": {"A": "192.0.2.1"}, "bare.example": {}})
    assert ask(zone, "a.b.example.com") == NODATA
    assert ask(zone, "b.example.com") == NODATA, "an empty non-terminal has no records"
    assert ask(zone, "example.com") == NODATA
    assert ask(zone, "bare.example") == NODATA
    for absent in ("x.example.com", "x.a.b.example.com", "ab.example.com", "xample.com", ".example.com", "net", "x"):
        assert ask(zone, absent) == NXDOMAIN
    assert ask(Zone({}), "example.com") == NXDOMAIN


def test_a_name_that_is_listed_as_absent_does_not_exist() -> None:
    zone = Zone({"a.gone.example": {"*": Status.NXDOMAIN}, "*.gone.example": {"TXT": "any"}})
    assert ask(zone, "a.gone.example") == NXDOMAIN
    assert ask(zone, "b.gone.example") == Answer.txt("any")
    assert ask(zone, "b.a.gone.example") == Answer.txt("any"), "what does not exist hides no wildcard"
    assert ask(Zone({"a.gone.example": {"*": Status.NXDOMAIN}}), "gone.example") == NXDOMAIN


def test_wildcards() -> None:
    """RFC 4592 §2.2.1 and RFC 4592 §3.3.1: the wildcard of the closest encloser answers, and no other."""
    zone = Zone(
        {
            "example": {"SOA": "…", "NS": "ns.example.com."},
            "*.example": {"TXT": "this is a wildcard", "MX": (10, "host1.example")},
            "sub.*.example": {"TXT": "this is not a wildcard"},
            "host1.example": {"A": "192.0.2.1"},
            "_ssh._tcp.host1.example": {"SRV": "…"},
        }
    )
    assert ask(zone, "host3.example", MX) == Answer.mx((10, "host1.example"))
    assert ask(zone, "host3.example", A) == NODATA
    assert ask(zone, "foo.bar.example") == Answer.txt("this is a wildcard")
    assert ask(zone, "host1.example", MX) == NODATA, "the name exists"
    assert ask(zone, "sub.*.example", MX) == NODATA, "the name exists"
    assert ask(zone, "_telnet._tcp.host1.example") == NXDOMAIN, "its closest encloser has no wildcard"
    assert ask(zone, "ghost.*.example", MX) == NXDOMAIN, "its closest encloser is the wildcard itself"
    assert ask(zone, "*.example") == Answer.txt("this is a wildcard")


def test_a_wildcard_that_is_an_empty_non_terminal_gives_no_data() -> None:
    """RFC 4592 §4.9 and RFC 4592 §3.3.1: it is there, but has no records."""
    assert ask(Zone({"sub.*.example": {"TXT": "x"}}), "any.example") == NODATA


def test_wildcards_answer_with_what_they_hold() -> None:
    zone = Zone(
        {
            "*.dead.example": {"*": Status.TIMEOUT},
            "*.alias.example": {"CNAME": "real.example"},
            "real.example": {"TXT": "real"},
            "*": {"A": "192.0.2.9"},
        }
    )
    assert ask(zone, "x.dead.example").status is Status.TIMEOUT
    assert ask(zone, "x.alias.example") == Answer.txt("real", chain=["real.example"])
    assert ask(zone, "anything", A) == Answer.a("192.0.2.9")
    assert ask(zone, "x.real.example", A) == NXDOMAIN


def test_cname_chains() -> None:
    zone = Zone(
        {
            "a.example": {"CNAME": "B.example."},
            "B.example": {"CNAME": "c.example", "MX": (1, "mx.example")},
            "c.example": {"TXT": "c"},
            "out.example": {"CNAME": "elsewhere.test"},
            "dead.example": {"CNAME": "timeout.example"},
            "timeout.example": {"TXT": Status.TIMEOUT},
            "star.example": {"CNAME": "c.example", "*": Status.REFUSED},
            "wild.example": {"CNAME": "any.w.example"},
            "*.w.example": {"TXT": "w"},
            "ent.example": {"CNAME": "w.example"},
        }
    )
    assert ask(zone, "a.example") == Answer.txt("c", chain=["B.example", "c.example"])
    assert ask(zone, "a.example", A) == Answer.nodata(chain=["B.example", "c.example"])
    assert ask(zone, "a.example", MX) == Answer.mx((1, "mx.example"), chain=["B.example"]), "what is listed itself wins"
    assert ask(zone, "b.example", MX) == Answer.mx((1, "mx.example"))
    assert ask(zone, "out.example") == Answer.nxdomain(chain=["elsewhere.test"])
    assert ask(zone, "dead.example") == Answer.failed(Status.TIMEOUT, chain=["timeout.example"])
    assert ask(zone, "star.example") == Answer.txt("c", chain=["c.example"]), "a CNAME record is listed, too"
    assert ask(zone, "wild.example") == Answer.txt("w", chain=["any.w.example"])
    assert ask(zone, "ent.example") == Answer.nodata(chain=["w.example"])


@pytest.mark.parametrize("length", [1, 2, 3, 12, 40])
def test_a_circle_of_cnames_is_a_loop(length: int) -> None:
    zone = Zone({f"n{i}.example": {"CNAME": f"N{(i + 1) % length}.example"} for i in range(length)})
    answer = ask(zone, "n0.example")
    assert answer.status is Status.LOOP
    assert len(answer.chain) <= MAX_CHAIN + 1


@pytest.mark.parametrize("zone", [{"*.x.example": {"CNAME": "a.b.x.example"}}, {"x.example": {"CNAME": "x.example"}}])
def test_a_cname_that_leads_back_to_itself_is_a_loop(zone: Any) -> None:
    assert ask(Zone(zone), "x.example" if "x.example" in zone else "q.x.example").status is Status.LOOP


def test_the_longest_chain_that_is_followed() -> None:
    names: Any = {f"n{i}.example": {"CNAME": f"n{i + 1}.example"} for i in range(MAX_CHAIN + 1)}
    names[f"n{MAX_CHAIN + 1}.example"] = {"TXT": "end"}
    zone = Zone(names)
    assert ask(zone, "n1.example").records == (b"end",)
    assert ask(zone, "n0.example").status is Status.LOOP


@pytest.mark.parametrize(
    "name", ["foo:bar/baz.example.com", "a%2bb.example.com", "a b.example.com", "a@b.example.com", "a\\065.example.com"]
)
def test_odd_names_are_taken_octet_for_octet(name: str) -> None:
    zone = Zone({name: {"TXT": "x"}})
    assert ask(zone, name) == Answer.txt("x")
    assert ask(zone, "aA.example.com") == NXDOMAIN


def test_names_in_bytes_are_octets_and_names_in_text_are_u_labels() -> None:
    zone = Zone({b"\xe9\xff.example": {"TXT": "octets"}, "Bücher.example": {"TXT": "u-label"}})
    assert ask(zone, "\xe9\xff.example") == Answer.txt("octets")
    assert ask(zone, "\xc9\xff.example") == NXDOMAIN, "only ASCII letters have case"
    assert ask(zone, "xn--bcher-kva.example") == Answer.txt("u-label")


@given(st.lists(st.text("aBcZ-1", min_size=1, max_size=8), min_size=1, max_size=4), st.data())
def test_letter_case_and_a_final_dot_are_irrelevant(labels: list[str], data: st.DataObject) -> None:
    name = ".".join(labels)
    asked = "".join([data.draw(st.sampled_from([c.lower(), c.upper()])) for c in name])
    zone = Zone({name: {"TXT": "x", "MX": (1, "m.example")}})
    for written in (asked, asked + "."):
        assert ask(zone, written) == Answer.txt("x")
        assert ask(zone, "Sub." + written) == NXDOMAIN
    assert ask(Zone({asked + ".": {"TXT": "x"}}), name) == Answer.txt("x")


def test_the_same_answer_object_each_time() -> None:
    zone = Zone({"Example.com": {"TXT": "x"}, "a.example.com": {"CNAME": "example.com"}})
    for name in ("example.com", "EXAMPLE.com", "a.example.com"):
        assert ask(zone, name) is ask(zone, name)
    assert ask(zone, "example.com") is ask(zone, "EXAMPLE.COM."), "what is derived from it is kept on it"


def test_ttl() -> None:
    zone = Zone({"example.com": {"TXT": "x"}, "a.example.com": {"CNAME": "example.com"}}, ttl=60)
    assert [ask(zone, name, kind).ttl for name, kind in (("example.com", TXT), ("example.com", A), ("x", A))] == [
        60
    ] * 3
    assert ask(zone, "a.example.com").ttl == 60
    shortest = [RRset("a.example", "CNAME", ("b.example",), 300), RRset("b.example", "TXT", ((b"x",),), 20)]
    assert ask(Zone.from_rrsets((), shortest), "a.example") == Answer.txt("x", ttl=20, chain=["b.example"])


def test_a_zone_keeps_no_tie_to_what_it_was_made_of_and_can_not_be_changed() -> None:
    records: Any = {"example.com": {"TXT": ["x"]}}
    zone = Zone(records)
    records["example.com"]["TXT"].append("y")
    records["new.example"] = {"TXT": "z"}
    assert ask(zone, "example.com") == Answer.txt("x")
    assert ask(zone, "new.example") == NXDOMAIN
    for name in ("ttl", "names", "other"):
        with pytest.raises(AttributeError):
            setattr(zone, name, 5)
        with pytest.raises(AttributeError):
            delattr(zone, name)


def test_a_zone_is_a_value() -> None:
    records: Any = {"example.com": {"TXT": ("a", "b"), "A": Status.TIMEOUT}, "x.example": {}}
    zone = Zone(records, ttl=7)
    again = pickle.loads(pickle.dumps(zone))
    assert again == zone == Zone(records, ttl=7)
    assert hash(again) == hash(zone)
    assert zone != Zone(records, ttl=8)
    assert [ask(again, n, t) for n in records for t in RRType] == [ask(zone, n, t) for n in records for t in RRType]
    assert len(repr(Zone({f"n{i}.example": {"TXT": "x" * 1000} for i in range(1000)}))) < 100


def test_what_a_zone_holds_can_be_listed() -> None:
    zone = Zone(
        {
            "Example.com.": {"txt": "x", "SPF": "v=spf1 -all", "MX": (10, "mx.example.com")},
            "a.example.com": {"CNAME": "example.com"},
            "dead.example.com": {"*": Status.REFUSED},
            "empty.example.com": {},
        },
        ttl=5,
    )
    assert zone.names == ("Example.com", "a.example.com", "dead.example.com", "empty.example.com")
    assert zone.rrsets == (
        RRset("Example.com", "TXT", ((b"x",),), 5),
        RRset("Example.com", "SPF", ((b"v=spf1 -all",),), 5),
        RRset("Example.com", "MX", ((10, "mx.example.com"),), 5),
        RRset("a.example.com", "CNAME", ("example.com",), 5),
        RRset("dead.example.com", "*", (), 5, Status.REFUSED),
    )


def test_records_of_type_spf_are_kept_but_never_answered() -> None:
    """RFC 7208 §3.1: type SPF is not used any more."""
    zone = Zone({"example.com": {"SPF": "v=spf1 -all"}})
    assert ask(zone, "example.com") == NODATA
    assert [rrset.type for rrset in zone.rrsets] == ["SPF"]


def test_it_answers_both_ways() -> None:
    zone = Zone({"example.com": {"TXT": "x"}})
    assert isinstance(zone, Resolver)
    assert isinstance(zone, AsyncResolver)
    question = Question("example.com", TXT)
    assert asyncio.run(zone.aresolve(question)) is zone.resolve(question)


@pytest.mark.parametrize(
    ("records", "parts"),
    [
        ([("example.com", {})], ["mapping", "list"]),
        ({"example.com": "v=spf1 -all"}, ["example.com", "v=spf1 -all", "mapping of type"]),
        ({"example.com": Status.SERVFAIL}, ["example.com", "mapping of type"]),
        ({5: {}}, ["name", "5", "str or bytes"]),
        ({"\udc80.example": {}}, ["\\udc80", "IDNA2008"]),
        ({"example.com": {5: "x"}}, ["example.com", "5", "record type"]),
        ({"example.com": {"T XT": "x"}}, ["example.com", "T XT", "record type"]),
        ({"example.com": {"TXT": None}}, ["example.com TXT", "null", "str or bytes"]),
        ({"example.com": {"TXT": 5}}, ["example.com TXT", "5"]),
        ({"example.com": {"TXT": [["a"]]}}, ["example.com TXT", "tuple"]),
        ({"example.com": {"TXT": "\ud800"}}, ["example.com TXT", "UTF-8"]),
        ({"example.com": {"A": "192.0.2.1/24"}}, ["example.com A", "192.0.2.1/24", "IPv4"]),
        ({"example.com": {"A": "::1"}}, ["example.com A", "::1", "IPv4"]),
        ({"example.com": {"A": IPv6Address("::1")}}, ["example.com A", "IPv4"]),
        ({"example.com": {"A": ("192.0.2.1", "192.0.2.2")}}, ["example.com A", "list"]),
        ({"example.com": {"AAAA": "192.0.2.1"}}, ["example.com AAAA", "IPv6"]),
        ({"example.com": {"AAAA": IPv6Address("fe80::1%1")}}, ["example.com AAAA", "IPv6"]),
        ({"example.com": {"AAAA": 1}}, ["example.com AAAA", "IPv6"]),
        ({"example.com": {"MX": "mx.example.com"}}, ["example.com MX", "(preference, exchange)"]),
        ({"example.com": {"MX": (65536, "mx.example.com")}}, ["example.com MX", "65536"]),
        ({"example.com": {"MX": (True, "mx.example.com")}}, ["example.com MX", "True"]),
        ({"example.com": {"MX": [10, "mx.example.com"]}}, ["example.com MX", "(preference, exchange)"]),
        ({"example.com": {"PTR": 5}}, ["example.com PTR", "domain name"]),
        ({"example.com": {"CNAME": ["a.example", "b.example"]}}, ["example.com CNAME", "exactly one"]),
        ({"example.com": {"CNAME": []}}, ["example.com CNAME", "exactly one"]),
        ({"example.com": {"CNAME": Status.TIMEOUT}}, ["example.com CNAME", "TIMEOUT", '"*"']),
        ({"example.com": {"*": "x"}}, ["example.com *", "Status"]),
        ({"example.com": {"TXT": "x"}, "Example.com.": {"txt": "y"}}, ["Example.com TXT", "twice"]),
        ({"ex\x1b[31m.com": {"TXT": 5}}, ["ex\\027[31m.com TXT"]),
        ({"example.com": {"A": "\x1b[31m\n"}}, ["\\x1b[31m\\x0a"]),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_place(records: Any, parts: list[str]) -> None:
    with pytest.raises(ZoneError) as caught:
        Zone(records)
    for part in parts:
        assert part in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("ttl", [-1, True, 1 << 31, "60", 1.5])
def test_a_ttl_that_is_none(ttl: Any) -> None:
    with pytest.raises(ZoneError, match="ttl"):
        Zone({}, ttl=ttl)


def test_the_root_is_a_name() -> None:
    zone = Zone({".": {"NS": "a.root.example."}})
    assert zone.names == ("",)
    assert ask(zone, "example") == NXDOMAIN
    assert ask(zone, "") == NODATA
    assert ask(Zone({"example": {}}), "") == NODATA
    assert ask(Zone({}), "") == NXDOMAIN


class Counting(Zone):
    """A zone of a caller's own, which answers otherwise."""

    __slots__ = ()

    def resolve(self, question: Question, /) -> Answer:
        return Answer.txt("v=spf1 -all") if question.type == TXT else super().resolve(question)


def test_a_class_derived_from_zone_is_asked_and_not_passed_over() -> None:
    """A check takes the ready-made answers of a Zone without asking; a derived class may answer differently."""
    records = {"d.example": {"TXT": "v=spf1 +all"}}
    assert check("192.0.2.1", "a@d.example", resolver=Zone(records)).result == "pass"
    assert check("192.0.2.1", "a@d.example", resolver=Counting(records)).result == "fail"


@given(st.sampled_from(["D.Example", "d.example", "w.d.example", "no.example", "c.d.example", "example"]),
       st.sampled_from(list(RRType)))  # fmt: skip
def test_what_is_at_hand_is_what_resolve_answers(name: str, type: RRType) -> None:
    zone = Zone({"D.Example": {"TXT": "v=spf1 -all", "A": "192.0.2.1"}, "*.d.example": {"MX": (1, "d.example")},
                 "c.d.example": {"CNAME": "d.example"}, "e.example": {"*": Status.SERVFAIL}})  # fmt: skip
    question = Question(name.lower(), type)
    assert zone.known_answer(question) in (None, zone.resolve(Question(name, type)))
