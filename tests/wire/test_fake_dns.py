"""The fake DNS server seen by any client: what a recursive server's replies look like, and that nothing stops it."""

import asyncio
import random
import socket
import sys
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import AddressError, ArgumentError, MissingExtraError, ResolverError
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.zone import Zone
from spfengine.testing import FakeDNS, Fault, FaultKind, Query

ZONE = Zone(
    {
        "Example.com": {"TXT": "v=spf1 -all", "A": "192.0.2.1"},
        "alias.example": {"CNAME": "example.com"},
        "dangling.example": {"CNAME": "nothing.example"},
        "a.ent.example": {"A": "192.0.2.1"},
        "large.example": {"TXT": ["x" * 200] * 5},
        "medium.example": {"TXT": ["x" * 200] * 3},
        "oversize.example": {"TXT": ["x" * 250] * 300},
        "long.example": {"TXT": "y" * 600},
        "dead.example": {"*": Status.SERVFAIL},
    }
)


@pytest.fixture
def server() -> Iterator[FakeDNS]:
    with FakeDNS(ZONE) as server:
        yield server


def query(name: str, type: str = "TXT", **options: Any) -> dns.message.Message:
    return dns.message.make_query(name, type, **options)


def udp(server: FakeDNS, wire: bytes, seconds: float = 30.0) -> bytes | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(seconds)
        client.sendto(wire, (server.address, server.port))
        try:
            return client.recv(65535)
        except TimeoutError:
            return None


def tcp(server: FakeDNS, *wires: bytes) -> list[bytes]:
    with socket.create_connection((server.address, server.port), timeout=30) as client:
        client.sendall(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as stream:
            return [stream.read(int.from_bytes(head, "big")) for head in iter(lambda: stream.read(2), b"")]


def reply(server: FakeDNS, asked: dns.message.Message) -> dns.message.Message:
    wire = udp(server, asked.to_wire())
    assert wire is not None
    return dns.message.from_wire(wire)


def test_a_reply_has_a_recursive_servers_manners(server: FakeDNS) -> None:
    asked = query("eXaMpLe.CoM")
    got = reply(server, asked)
    assert asked.is_response(got)
    assert got.flags & dns.flags.RA
    assert got.flags & dns.flags.RD
    assert not got.flags & (dns.flags.TC | dns.flags.AD)
    assert str(got.question[0].name) == "eXaMpLe.CoM."
    assert str(got.answer[0].name) == "eXaMpLe.CoM."
    assert got.edns == -1


@pytest.mark.parametrize("flags", [dns.flags.AD, dns.flags.CD, dns.flags.AD | dns.flags.CD, 0])
def test_flags_of_the_query_do_no_harm(server: FakeDNS, flags: int) -> None:
    asked = query("example.com")
    asked.flags = flags
    got = reply(server, asked)
    assert got.answer
    assert bool(got.flags & dns.flags.CD) == bool(flags & dns.flags.CD)


def test_aliases_come_with_what_they_lead_to(server: FakeDNS) -> None:
    got = reply(server, query("alias.example", "A"))
    assert [rrset.to_text() for rrset in got.answer] == [
        "alias.example. 0 IN CNAME example.com.",
        "example.com. 0 IN A 192.0.2.1",
    ]
    got = reply(server, query("dangling.example", "A"))
    assert got.rcode() == dns.rcode.NXDOMAIN
    assert len(got.answer) == len(got.authority) == 1


def test_a_question_for_the_alias_itself(server: FakeDNS) -> None:
    for name in ("alias.example", "dangling.example"):
        got = reply(server, query(name, "CNAME"))
        assert (got.rcode(), [rrset.rdtype for rrset in got.answer]) == (dns.rcode.NOERROR, [dns.rdatatype.CNAME])
    got = reply(server, query("example.com", "CNAME"))
    assert (got.rcode(), got.answer) == (dns.rcode.NOERROR, [])


@pytest.mark.parametrize(
    ("name", "type", "rcode"),
    [
        ("ent.example", "A", dns.rcode.NOERROR),
        ("example.com", "AAAA", dns.rcode.NOERROR),
        ("example.com", "TYPE65280", dns.rcode.NOERROR),
        ("example.com", "SPF", dns.rcode.NOERROR),
        ("ent.example", "ANY", dns.rcode.NOERROR),
        (".", "NS", dns.rcode.NOERROR),
        ("nothing.example", "A", dns.rcode.NXDOMAIN),
        ("nothing.example", "TYPE65280", dns.rcode.NXDOMAIN),
        ("nothing.example", "ANY", dns.rcode.NXDOMAIN),
    ],
)
def test_a_negative_answer_says_how_long_it_holds(name: str, type: str, rcode: dns.rcode.Rcode) -> None:
    with FakeDNS(ZONE, ttl=77) as server:
        got = reply(server, query(name, type))
        assert (got.rcode(), got.answer) == (rcode, [])
        (soa,) = got.authority
        assert (soa.rdtype, soa.ttl, soa[0].minimum) == (dns.rdatatype.SOA, 77, 77)


def test_any_is_every_record_of_the_name(server: FakeDNS) -> None:
    got = reply(server, query("example.com", "ANY"))
    assert sorted(rrset.to_text() for rrset in got.answer) == [
        "example.com. 0 IN A 192.0.2.1",
        'example.com. 0 IN TXT "v=spf1 -all"',
    ]
    for name in ("alias.example", "dangling.example"):
        got = reply(server, query(name, "ANY"))
        assert (got.rcode(), [rrset.rdtype for rrset in got.answer]) == (dns.rcode.NOERROR, [dns.rdatatype.CNAME])
    assert reply(server, query("dead.example", "ANY")).rcode() == dns.rcode.SERVFAIL


def test_a_name_that_fails_fails_for_every_type(server: FakeDNS) -> None:
    assert reply(server, query("dead.example", "SRV")).rcode() == dns.rcode.SERVFAIL


@pytest.mark.parametrize(
    ("name", "options", "fits"),
    [
        ("medium.example", {}, False),
        ("medium.example", {"use_edns": 0, "payload": 1232}, True),
        ("medium.example", {"use_edns": 0, "payload": 100}, False),
        ("large.example", {"use_edns": 0, "payload": 512}, False),
        ("large.example", {"use_edns": 0, "payload": 1232}, True),
        ("oversize.example", {"use_edns": 0, "payload": 65535}, False),
    ],
)
def test_a_reply_without_room_in_a_datagram_says_so(
    server: FakeDNS, name: str, options: dict[str, Any], fits: bool
) -> None:
    asked = query(name, **options)
    got = reply(server, asked)
    assert bool(got.answer) is fits
    assert bool(got.flags & dns.flags.TC) is not fits
    assert got.edns == asked.edns
    (whole,) = tcp(server, asked.to_wire())
    assert bool(dns.message.from_wire(whole).answer) is (name != "oversize.example")


def test_more_than_a_message_can_hold_is_truncated_over_tcp_too(server: FakeDNS) -> None:
    (wire,) = tcp(server, query("oversize.example").to_wire())
    assert dns.message.from_wire(wire).flags & dns.flags.TC


def test_a_long_text_is_sent_in_strings_of_255(server: FakeDNS) -> None:
    got = reply(server, query("long.example", use_edns=0))
    assert [len(string) for string in got.answer[0][0].strings] == [255, 255, 90]


def test_tcp_takes_several_queries_on_one_connection(server: FakeDNS) -> None:
    asked = [query("example.com"), query("alias.example"), query("nothing.example")]
    got = [dns.message.from_wire(wire) for wire in tcp(server, *(message.to_wire() for message in asked))]
    assert {message.id for message in got} == {message.id for message in asked}


def test_the_zone_is_replaced_while_it_runs(server: FakeDNS) -> None:
    server.zone = Zone({"new.example": {"TXT": "new"}})
    assert reply(server, query("new.example")).answer
    assert reply(server, query("example.com")).rcode() == dns.rcode.NXDOMAIN
    with pytest.raises(ResolverError):
        server.zone = "no resolver"  # type: ignore[assignment]  # wrong on purpose


def test_every_query_is_logged_as_it_came(server: FakeDNS) -> None:
    udp(server, query("Example.COM", "MX").to_wire())
    tcp(server, query("example.com", "TYPE65280").to_wire())
    assert [found[:3] for found in server.queries] == [
        ("Example.COM", "MX", "udp"),
        ("example.com", "TYPE65280", "tcp"),
    ]
    assert server.queries[0].client[0] == "127.0.0.1"
    server.clear_queries()
    assert server.queries == []


@pytest.mark.parametrize("seed", range(3))
def test_octets_that_are_no_query_do_not_stop_it(server: FakeDNS, seed: int) -> None:
    noise = random.Random(seed)
    good = query("example.com", use_edns=0).to_wire()
    packets = [noise.randbytes(noise.randrange(100)) for _ in range(200)]
    packets += [good[:end] for end in range(len(good))]
    packets += [bytes(b ^ (noise.random() < 0.1) * noise.randrange(256) for b in good) for _ in range(200)]
    packets += [good[:4] + noise.randbytes(8) + good[12:] for _ in range(100)]
    packets += [good[:12] + b"\xc0\x0c" + good[12:], b"", b"\0" * 12, b"\xff" * 5000]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for packet in packets:
            client.sendto(packet, (server.address, server.port))
    for packet in packets[::10]:
        tcp(server, packet)
    assert reply(server, query("example.com")).answer
    assert server.errors == []


@pytest.mark.parametrize(
    ("change", "rcode"),
    [
        ("opcode", dns.rcode.NOTIMP),
        ("class", dns.rcode.REFUSED),
        ("two questions", dns.rcode.FORMERR),
        ("no question", dns.rcode.FORMERR),
        ("half a name", dns.rcode.FORMERR),
        ("a reply", None),
        ("half a header", None),
    ],
)
def test_what_it_does_not_serve_is_told_or_dropped(server: FakeDNS, change: str, rcode: dns.rcode.Rcode | None) -> None:
    asked = bytearray(query("example.com").to_wire())
    if change == "opcode":
        asked[2] |= 2 << 3
    elif change == "class":
        asked[-1] = 3
    elif change == "two questions":
        asked[5] = 2
    elif change == "no question":
        asked[5] = 0
        del asked[12:]
    elif change == "half a name":
        del asked[15:]
    elif change == "a reply":
        asked[2] |= 0x80
    else:
        del asked[8:]
    wire = udp(server, bytes(asked), 0.2 if rcode is None else 30)
    if rcode is None:
        assert wire is None
    else:
        assert wire is not None
        assert wire[:2] == asked[:2]
        assert wire[3] & 15 == rcode


def test_a_slow_client_holds_nobody_up(server: FakeDNS) -> None:
    wire = query("example.com").to_wire()
    with socket.create_connection((server.address, server.port), timeout=2) as slow:
        for octet in len(wire).to_bytes(2, "big") + wire:
            slow.sendall(bytes([octet]))
            assert reply(server, query("example.com")).answer
        assert len(slow.recv(100)) > 12


@pytest.mark.full
def test_a_thousand_questions_at_once_are_all_answered_and_logged(server: FakeDNS) -> None:
    async def ask_all() -> list[Answer]:
        resolver = LiveResolver(server.nameserver, timeout=5, lifetime=10, cache=False)
        names = ("example.com", "oversize.example", "large.example", "nothing.example")

        async def ask(task: int) -> list[Answer]:
            return [await resolver.aresolve(Question(names[(task + turn) % 4], RRType.A)) for turn in range(20)]

        return [answer for answers in await asyncio.gather(*map(ask, range(50))) for answer in answers]

    answers = asyncio.run(ask_all())
    assert [answer.is_failure for answer in answers] == [False] * 1000
    assert len(server.queries) == 1000


def test_what_the_resolver_raises_is_servfail_and_kept() -> None:
    class Broken:
        def resolve(self, question: Question, /) -> Answer:
            raise KeyError(question.name)

    with FakeDNS(Broken()) as server:
        assert reply(server, query("example.com")).rcode() == dns.rcode.SERVFAIL
        assert isinstance(server.errors[0], KeyError)


@pytest.mark.parametrize("name", ["x" * 64 + ".example", "a..example", "a." * 200])
def test_records_with_a_name_that_no_message_can_hold_are_left_out(name: str) -> None:
    zone = Zone({"example.com": {"MX": [(10, name), (20, "mx.example")]}, "www.example.com": {"CNAME": name}})
    with FakeDNS(zone) as server:
        found = reply(server, query("example.com", "MX"))
        assert [str(record.exchange) for rrset in found.answer for record in rrset] == ["mx.example."]
        assert reply(server, query("www.example.com", "A")).rcode() == dns.rcode.NXDOMAIN
        assert server.errors == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Status.NOERROR, RRType.MX, ((10, "\u0100.example"),)),
        Answer.mx((1 << 20, "mx.example")),
        Answer.txt("here", ttl=1 << 40),
    ],
    ids=str,
)
def test_what_no_message_can_hold_is_servfail(answer: Answer) -> None:
    class Odd:
        def resolve(self, _: Question, /) -> Answer:
            return answer

    with FakeDNS(Odd()) as server:
        assert reply(server, query("example.com", str(answer.type))).rcode() == dns.rcode.SERVFAIL
        assert len(server.errors) == 1


def test_faults_are_set_and_cleared_while_it_runs(server: FakeDNS) -> None:
    server.add_fault(Fault("EXAMPLE.com.", "txt", "nxdomain", queries=[2]))
    codes = [reply(server, query("example.com")).rcode() for _ in range(3)]
    assert codes == [dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.NOERROR]
    server.add_fault(Fault("*", "*", FaultKind.REFUSED))
    assert reply(server, query("other.example", "A")).rcode() == dns.rcode.REFUSED
    server.clear_faults()
    assert reply(server, query("example.com")).answer


def test_a_delay_comes_on_top_of_another_fault(server: FakeDNS) -> None:
    server.add_fault(Fault("example.com", "*", FaultKind.DELAY, seconds=0.2))
    server.add_fault(Fault("example.com", "*", FaultKind.NODATA))
    begun = monotonic()
    assert not reply(server, query("example.com")).answer
    assert monotonic() - begun >= 0.2


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "2001:db8::1"])
def test_it_listens_on_loopback_only_unless_told(host: str) -> None:
    with pytest.raises(ArgumentError, match="not loopback"):
        FakeDNS(ZONE, host)
    assert FakeDNS(ZONE, host, allow_remote=True).address == host


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"resolver": {}}, ResolverError),
        ({"host": "localhost"}, AddressError),
        ({"port": 65536}, ArgumentError),
        ({"port": -1}, ArgumentError),
        ({"delay": -1.0}, ArgumentError),
        ({"ttl": -1}, ArgumentError),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        FakeDNS(**{"resolver": ZONE, **arguments})


def test_without_dnslib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dnslib", None)
    with pytest.raises(MissingExtraError, match="install the extra `testing`"):
        FakeDNS(ZONE)


def test_it_starts_stops_and_starts_again() -> None:
    server = FakeDNS(ZONE)
    with pytest.raises(ArgumentError, match="start"):
        _ = server.port
    server.stop()
    port = 0
    for _ in range(2):
        assert server.start() is server
        assert reply(server, query("example.com")).answer
        with pytest.raises(ArgumentError, match="started already"):
            server.start()
        port = server.port
        server.stop()
        server.stop()
    with socket.socket() as client, pytest.raises(OSError, match="refused"):
        client.connect(("127.0.0.1", port))


def test_a_port_that_is_taken_is_an_os_error(server: FakeDNS) -> None:
    with pytest.raises(OSError, match="in use"):
        FakeDNS(ZONE, port=server.port).start()


def test_it_stops_at_once_whatever_is_under_way() -> None:
    wire = query("example.com").to_wire()
    with FakeDNS(ZONE, delay=300) as server, socket.create_connection((server.address, server.port)) as connection:
        connection.sendall(len(wire).to_bytes(2, "big") + wire)
        udp(server, wire, 0.05)
        while len(server.queries) < 2:
            sleep(0.01)
        begun = monotonic()
        server.stop()
        assert monotonic() - begun < 200


def test_it_is_an_async_context_manager() -> None:
    async def ask() -> Answer:
        async with FakeDNS(ZONE) as server:
            return await LiveResolver(server.nameserver, timeout=1).aresolve(Question("example.com", RRType.TXT))

    assert asyncio.run(ask()).records


def ask(server: FakeDNS, *pairs: tuple[str, str]) -> None:
    for name, type in pairs:
        reply(server, query(name, type))


def test_what_was_asked_can_be_asserted(server: FakeDNS) -> None:
    ask(server, ("Example.com", "TXT"), ("example.com", "MX"), ("example.com", "MX"))
    tcp(server, query("example.com", "MX").to_wire())
    assert len(server.asked("EXAMPLE.com.", "mx")) == 3
    assert len(server.asked("example.com", "MX", over="tcp")) == 1
    assert len(server.asked("example.com")) == 4
    assert len(server.asked("*", "TXT")) == 1
    server.assert_asked("example.com")
    server.assert_asked("example.com", "MX", times=3)
    server.assert_not_asked("example.com", "A")
    with pytest.raises(
        AssertionError, match=r"example.com MX was asked 3 times, expected 1 times; .*\n.*Example.com TXT"
    ):
        server.assert_asked("example.com", "MX", times=1)
    with pytest.raises(AssertionError, match="asked 1 times, expected never"):
        server.assert_not_asked("example.com", "TXT")
    with pytest.raises(AssertionError, match="asked 0 times, expected at least once"):
        server.assert_asked("other.example")


def test_no_query_at_all_is_told_too(server: FakeDNS) -> None:
    with pytest.raises(AssertionError, match="the queries were:\n  none"):
        server.assert_asked("example.com")


def test_a_query_that_nobody_expected_fails_the_test() -> None:
    with FakeDNS(ZONE, expected=[("Example.com.", "txt"), ("*", "MX")]) as server:
        ask(server, ("example.com", "TXT"), ("other.example", "MX"))
        assert server.unexpected == []


def test_an_unexpected_query_is_told_of_at_the_end() -> None:
    server = FakeDNS(ZONE)
    with pytest.raises(AssertionError, match=r"1 queries that nobody expected:\n  evil\\007.example A over udp"):
        _ask_and_expect(server)
    server.clear_queries()
    server.assert_expected()


def _ask_and_expect(server: FakeDNS) -> None:
    with server:
        server.expect(("example.com", "*"))
        server.expect(("*", "MX"))
        ask(server, ("example.com", "A"), ("more.example", "MX"), ("evil\\007.example", "A"))
        assert [found.name for found in server.unexpected] == ["evil\x07.example"]


def test_an_unexpected_query_does_not_hide_the_tests_own_error() -> None:
    with pytest.raises(KeyError, match="the test's own"):
        _ask_and_raise()


def _ask_and_raise() -> None:
    with FakeDNS(ZONE, expected=()) as server:
        ask(server, ("example.com", "TXT"))
        raise KeyError("the test's own")


def test_unexpected_queries_fail_the_async_form_too() -> None:
    async def run() -> None:
        async with FakeDNS(ZONE, expected=()) as server:
            await LiveResolver(server.nameserver, timeout=1).aresolve(Question("example.com", RRType.TXT))

    with pytest.raises(AssertionError, match=r"example\.com TXT"):
        asyncio.run(run())


def test_of_many_unexpected_queries_the_first_are_told() -> None:
    server = FakeDNS(ZONE).start()
    server.expect()
    ask(server, *[(f"n{number}.example", "A") for number in range(25)])
    server.stop()
    with pytest.raises(AssertionError, match=r"25 queries .*(\n  .*){20}\n  and 5 more$"):
        server.assert_expected()


def test_each_query_is_told_as_it_comes() -> None:
    seen = []

    def listen(query: Query) -> None:
        seen.append(query)
        if len(seen) == 2:
            raise KeyError(query.name)

    with FakeDNS(ZONE, on_query=listen) as server:
        ask(server, ("example.com", "TXT"), ("example.com", "A"), ("example.com", "MX"))
        assert seen == server.queries
        assert [type(error) for error in server.errors] == [KeyError]
