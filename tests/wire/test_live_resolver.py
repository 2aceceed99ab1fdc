"""Live DNS against a fake server: every record and every failure comes back over the wire as the zone has it."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

import spfengine
from spfengine.answers import Answer, AsyncResolver, Question, Resolver, RRType, Status
from spfengine.errors import ArgumentError
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.rrsets import MAX_CHAIN, RRset
from spfengine.resolvers.zone import Zone
from spfengine.testing import FakeDNS, Fault, FaultKind
from tests.examples import mostly_full
from tests.wire.conftest import Ask

TXT, A, AAAA, MX, PTR = RRType.TXT, RRType.A, RRType.AAAA, RRType.MX, RRType.PTR
PATIENCE = 30.0
"""Seconds to wait for a reply that comes, however busy the machine is."""
SHORT = 0.25
"""Seconds to wait for a reply that does not come."""
MIXED = 1.5
"""Seconds to wait where some replies come and others do not."""
LONG = tuple("0123456789abcdef" * 15 for _ in range(265))  # 63,600 octets in strings of 240
ZONE = Zone(
    {
        "example.com": {
            "TXT": ["v=spf1 mx -all", ("two ", "strings"), b"\xff\x00\n", "", "v=spf1 mx -all"],
            "A": ["192.0.2.2", "192.0.2.1", "192.0.2.2"],
            "AAAA": ["2001:db8::1", "::ffff:192.0.2.1", "::"],
            "MX": [(10, "b.example"), (5, "A.Example"), (10, "b.example"), (0, ".")],
        },
        "1.2.0.192.in-addr.arpa": {"PTR": ["Host.Example.com", "other.example"]},
        "alias.example": {"CNAME": "Second.example"},
        "second.example": {"CNAME": "example.com"},
        "alias-of-nothing.example": {"CNAME": "nothing.example"},
        "loop.example": {"CNAME": "pool.example"},
        "pool.example": {"CNAME": "loop.example"},
        "deep.ent.example": {"A": "192.0.2.9"},
        "big.example": {"TXT": LONG},
        "crumbs.example": {"TXT": tuple("x" * 500)},
        "many.example": {"TXT": [f"record {number}" for number in range(400)]},
        "exchanges.example": {
            "MX": [(number, f"mx{number}.{'x' * 40}.{number // 2}.example") for number in range(400)]
        },
        **{f"c{number}.example": {"CNAME": f"c{number + 1}.example"} for number in range(MAX_CHAIN + 1)},
        f"c{MAX_CHAIN + 1}.example": {"A": "192.0.2.3"},
    },
    ttl=300,
)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDNS]:
    with FakeDNS(ZONE) as server:
        yield server


def live(*servers: FakeDNS, timeout: float = PATIENCE, retries: int = 0) -> LiveResolver:
    nameservers = [server.nameserver for server in servers]
    return LiveResolver(nameservers, timeout=timeout, retries=retries, lifetime=2 * PATIENCE, cache=False)


@contextmanager
def served(zone: Resolver, *faults: Fault, timeout: float = PATIENCE) -> Iterator[tuple[FakeDNS, LiveResolver]]:
    with FakeDNS(zone, faults=faults) as server:
        yield server, live(server, timeout=timeout)


@pytest.mark.parametrize(
    ("name", "type"),
    [
        *[("example.com", each) for each in RRType],
        ("1.2.0.192.in-addr.arpa", PTR),
        *[("alias.example", each) for each in RRType],
        ("alias-of-nothing.example", TXT),
        ("nothing.example", TXT),
        ("ent.example", A),
        ("loop.example", A),
        ("big.example", TXT),
        ("crumbs.example", TXT),
        ("many.example", TXT),
        ("exchanges.example", MX),
        ("c1.example", A),
        ("c0.example", A),
    ],
)
def test_an_answer_over_the_wire_is_the_zones_own(server: FakeDNS, ask: Ask, name: str, type: RRType) -> None:
    expected = ZONE.resolve(Question(name, type))
    assert ask(live(server), name, type) == expected


def test_the_zone_of_these_tests_has_what_they_are_about() -> None:
    assert ZONE.resolve(Question("c1.example", A)).records
    assert ZONE.resolve(Question("c0.example", A)).status is Status.LOOP
    assert len(ZONE.resolve(Question("big.example", TXT)).records[0]) > 63_000
    assert ZONE.resolve(Question("ent.example", A)).status is Status.NOERROR


FAILURES = [
    s for s in Status if s not in (Status.NOERROR, Status.NXDOMAIN, Status.UNKNOWN)
]  # UNKNOWN: no server says so


@pytest.mark.parametrize("status", FAILURES)
def test_every_failure_is_told_apart(ask: Ask, status: Status) -> None:
    timeout = SHORT if status is Status.TIMEOUT else PATIENCE
    with served(Zone({"x.example": {"TXT": status}}), timeout=timeout) as (_, resolver):
        assert ask(resolver, "x.example").status is status


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.SERVFAIL, Status.SERVFAIL),
        (FaultKind.REFUSED, Status.REFUSED),
        (FaultKind.FORMERR, Status.FORMERR),
        (FaultKind.NXDOMAIN, Status.NXDOMAIN),
        (FaultKind.NODATA, Status.NOERROR),
        (FaultKind.SILENCE, Status.TIMEOUT),
        (FaultKind.DELAY, Status.TIMEOUT),
        (FaultKind.TRUNCATE, Status.TRUNCATED),
        (FaultKind.GARBAGE, Status.TIMEOUT),
        (FaultKind.WRONG_ID, Status.TIMEOUT),
        (FaultKind.CNAME_LOOP, Status.LOOP),
    ],
)
def test_every_fault_of_the_server_has_its_status(ask: Ask, kind: FaultKind, status: Status) -> None:
    fault = Fault("Example.com", "TXT", kind, seconds=PATIENCE if kind is FaultKind.DELAY else 0)
    timeout = SHORT if status is Status.TIMEOUT else PATIENCE
    with served(ZONE, fault, timeout=timeout) as (server, resolver):
        answer = ask(resolver, "example.com", TXT)
        assert (answer.status, answer.records) == (status, ())
        assert ask(live(server), "example.com", A).records


def test_every_fault_kind_is_in_the_table_above() -> None:
    mark = next(mark for mark in test_every_fault_of_the_server_has_its_status.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]  # pytest sets it
    assert {kind for kind, _ in mark.args[1]} == set(FaultKind)


@pytest.mark.parametrize("kind", [FaultKind.SILENCE, FaultKind.GARBAGE, FaultKind.WRONG_ID])
def test_what_was_not_understood_is_asked_again(ask: Ask, kind: FaultKind) -> None:
    with FakeDNS(ZONE, faults=[Fault("example.com", "*", kind, queries=[1])]) as server:
        assert ask(live(server, timeout=SHORT, retries=40), "example.com").records
        assert len(server.queries) >= 2


def test_what_failed_is_not_asked_again(ask: Ask) -> None:
    with FakeDNS(ZONE, faults=[Fault("example.com", "*", FaultKind.SERVFAIL, queries=[1])]) as server:
        assert ask(live(server, retries=3), "example.com").status is Status.SERVFAIL
        assert len(server.queries) == 1
        assert ask(live(server), "example.com").records


@pytest.mark.full
def test_the_next_server_is_asked_when_one_is_silent_or_fails(ask: Ask) -> None:
    everything = [Fault("*", "*", FaultKind.SILENCE)]
    with (
        FakeDNS(ZONE, faults=everything) as silent,
        FakeDNS(ZONE, faults=[Fault("*", "*", FaultKind.REFUSED)]) as refusing,
        FakeDNS(ZONE) as good,
    ):
        assert ask(live(silent, refusing, good, timeout=MIXED), "example.com").records
        assert ask(live(silent, refusing, silent, timeout=MIXED), "example.com").status is Status.REFUSED
        assert ask(live(good, silent), "example.com").records
        assert len(silent.queries) == 3


def test_a_server_that_is_not_there_costs_no_time(ask: Ask, server: FakeDNS) -> None:
    dead = FakeDNS(ZONE).start()
    nowhere = dead.nameserver
    dead.stop()
    begun = monotonic()
    answer = ask(LiveResolver([nowhere, server.nameserver], timeout=300, lifetime=600), "example.com")
    assert answer.records
    assert ask(LiveResolver(nowhere, timeout=300, lifetime=600), "example.com").status is Status.TIMEOUT
    assert monotonic() - begun < 300


def test_a_question_has_a_lifetime_whatever_it_takes(ask: Ask) -> None:
    with FakeDNS(ZONE, faults=[Fault("*", "*", FaultKind.SILENCE)]) as server:
        resolver = LiveResolver([server.nameserver] * 5, timeout=0.2, retries=100, lifetime=0.5, cache=False)
        begun = monotonic()
        assert ask(resolver, "example.com").status is Status.TIMEOUT
        assert 0.45 < monotonic() - begun < 90  # without a lifetime it would be 101 seconds
        resolver = LiveResolver(server.nameserver, timeout=300, lifetime=0.2)
        begun = monotonic()
        assert ask(resolver, "example.com").status is Status.TIMEOUT
        assert monotonic() - begun < 300


def test_a_large_answer_is_asked_for_over_tcp(ask: Ask) -> None:
    with served(ZONE) as (server, resolver):
        assert ask(resolver, "big.example").records
        assert [query.over for query in server.queries] == ["udp", "tcp"]


@pytest.mark.parametrize(
    "kind", mostly_full([FaultKind.TRUNCATE, FaultKind.SILENCE, FaultKind.GARBAGE, FaultKind.WRONG_ID])
)
def test_truncated_is_what_remains_where_tcp_does_not_help(ask: Ask, kind: FaultKind) -> None:
    timeout = PATIENCE if kind is FaultKind.TRUNCATE else MIXED
    with served(ZONE, Fault("big.example", "*", kind, over="tcp"), timeout=timeout) as (_, resolver):
        assert ask(resolver, "big.example").status is Status.TRUNCATED


ODD_NAMES = [
    "\\065.example",
    "@.example",
    "a@b.example",
    "sp ace.example",
    " .example",
    "\xff\xfe\x00.example",
    'quo"te.example',
    "semi;colon.example",
    "*.example",
    "%2b.example",
    "_spf._tcp.example",
    "tab\t\n.example",
    "single-label",
    "UPPER.lower.ExAmPlE",
    ".".join(["x" * 63] * 3 + ["y" * 61]),
    "(paren$).example",
    "\xe9.example",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_a_name_is_asked_for_octet_for_octet(ask: Ask, name: str) -> None:
    zone = Zone({name.encode("latin-1"): {"TXT": "here", "MX": (10, name.encode("latin-1"))}})
    with served(zone) as (server, resolver):
        assert ask(resolver, name) == Answer.txt("here", ttl=0)
        assert ask(resolver, name, MX).records == ((10, name),)
        assert {query.name for query in server.queries} == {name}


@pytest.mark.parametrize("name", ["a..example", ".example", "x" * 64 + ".example", "a." * 127 + "b", "\u0100.example"])
def test_a_name_that_no_query_can_hold_is_not_asked(ask: Ask, name: str) -> None:
    with served(ZONE) as (server, resolver):
        assert ask(resolver, name).status is Status.FORMERR
        assert server.queries == []


def test_negative_answers_say_how_long_they_hold(server: FakeDNS, ask: Ask) -> None:
    assert ask(live(server), "nothing.example").ttl == 300
    assert ask(live(server), "ent.example").ttl == 300


def test_the_shortest_ttl_of_a_chain_counts(ask: Ask) -> None:
    rrsets = [
        RRset("a.example", "CNAME", ("b.example",), 60),
        RRset("b.example", "CNAME", ("c.example",), 9),
        RRset("c.example", "TXT", ((b"here",),), 30),
    ]
    zone = Zone.from_rrsets((), rrsets)
    with served(zone) as (_, resolver):
        assert ask(resolver, "a.example") == Answer.txt("here", ttl=9, chain=["b.example", "c.example"])


def test_a_ttl_over_the_wire_is_at_most_a_week(ask: Ask) -> None:
    with served(Zone({"a.example": {"TXT": "here"}}, ttl=(1 << 31) - 1)) as (_, resolver):
        assert ask(resolver, "a.example").ttl == 7 * 24 * 3600
        assert ask(resolver, "b.example").ttl == 7 * 24 * 3600


def test_answers_are_kept_while_their_ttl_lasts(ask: Ask) -> None:
    with FakeDNS(ZONE, faults=[Fault("dead.example", "*", FaultKind.SERVFAIL)]) as server:
        resolver = LiveResolver(server.nameserver, timeout=PATIENCE)
        names = ("example.com", "EXAMPLE.com", "nothing.example", "dead.example")
        for _ in range(2):
            for name in names:
                ask(resolver, name)
        assert [query.name for query in server.queries] == [
            "example.com",
            "nothing.example",
            "dead.example",
            "dead.example",
        ]
        resolver = LiveResolver(server.nameserver, timeout=PATIENCE, cache=False)
        server.clear_queries()
        assert ask(resolver, "example.com") == ask(resolver, "example.com")
        assert len(server.queries) == 2


@pytest.mark.full
def test_questions_do_not_wait_for_each_other() -> None:
    async def ask_all(resolver: LiveResolver) -> list[Answer]:
        return await asyncio.gather(*[resolver.aresolve(Question("example.com", A)) for _ in range(50)])

    with FakeDNS(ZONE, delay=1) as server:
        resolver = live(server)
        begun = monotonic()
        answers = asyncio.run(ask_all(resolver))
        with ThreadPoolExecutor(20) as pool:
            answers += pool.map(lambda _: resolver.resolve(Question("example.com", A)), range(20))
        assert monotonic() - begun < 60  # one after the other would take 70 seconds
        assert set(answers) == {ZONE.resolve(Question("example.com", A))}
        assert len(server.queries) == 70


@pytest.mark.full
def test_a_cancelled_question_leaves_nothing_behind() -> None:
    async def give_up(resolver: LiveResolver) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await resolver.aresolve(Question("example.com", A))

    with no_leaks(), FakeDNS(ZONE, delay=30) as server:
        asyncio.run(give_up(live(server)))


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@contextmanager
def no_leaks() -> Iterator[None]:
    """Fail where sockets are still open afterwards, or were closed by nothing but the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
        before = open_files()
        yield
        gc.collect()
        assert open_files() == before


def test_no_socket_stays_open(ask: Ask) -> None:
    faults = [Fault("silent.example", "*", FaultKind.SILENCE), Fault("cut.example", "*", FaultKind.TRUNCATE)]
    with no_leaks(), served(ZONE, *faults, timeout=SHORT) as (_, resolver):
        for name in ("example.com", "big.example", "silent.example", "cut.example"):
            ask(resolver, name)


def test_both_forms_keep_their_protocol() -> None:
    assert isinstance(LiveResolver("127.0.0.1:5353"), Resolver)
    assert isinstance(LiveResolver("127.0.0.1:5353"), AsyncResolver)


def test_a_check_over_the_wire() -> None:
    zone = Zone(
        {"example.com": {"TXT": "v=spf1 mx -all", "MX": (10, "mx.example.com")}, "mx.example.com": {"A": "192.0.2.1"}}
    )
    with served(zone) as (_, resolver):
        assert spfengine.check("192.0.2.1", "a@example.com", resolver=resolver).result == "pass"
        result = asyncio.run(spfengine.acheck("192.0.2.2", "a@example.com", resolver=resolver))
        assert result.result == "fail"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nameservers": []}, "nameservers is empty"),
        ({"nameservers": "dns.example"}, "'dns.example' is not an address"),
        ({"nameservers": ["192.0.2.1:0"]}, "port is a number from 1 to 65535"),
        ({"nameservers": ["192.0.2.1:65536"]}, "port is a number from 1 to 65535"),
        ({"nameservers": ["192.0.2.1:dns"]}, "is not an address"),
        ({"nameservers": ["[::1"]}, "is not an address"),
        ({"nameservers": ["[::1]5353"]}, "is not an address"),
        ({"nameservers": [""]}, "is not an address"),
        ({"nameservers": ["\x1b[31m"]}, "x1b"),
        ({"nameservers": "192.0.2.1", "port": 0}, "port is a number"),
        ({"nameservers": "192.0.2.1", "timeout": 0}, "timeout"),
        ({"nameservers": "192.0.2.1", "lifetime": -1}, "lifetime"),
        ({"nameservers": "192.0.2.1", "retries": -1}, "retries"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ArgumentError, match=message.replace("[", r"\[")) as caught:
        LiveResolver(**given)  # type: ignore[arg-type]  # wrong on purpose
    assert str(caught.value).isprintable()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback (::1)")
def test_a_server_on_ipv6(ask: Ask) -> None:
    with FakeDNS(ZONE, "::1") as server:
        assert server.nameserver == f"[::1]:{server.port}"
        for resolver in (live(server), LiveResolver("::1", port=server.port), LiveResolver("[::1]", port=server.port)):
            assert ask(resolver, "example.com", A).records
        assert ask(live(server), "big.example").records
