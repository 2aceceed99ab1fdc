"""The stub resolver's decisions, made without a network: what is sent next after each reply of an unusual server."""

from collections.abc import Callable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, strategies as st

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.resolvers.dns_messages import Message
from spfengine.resolvers.rrsets import MAX_CHAIN
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Stub, TooLarge

Reply = Callable[[Attempt], Message | TooLarge | None]
QUESTION = Question("a.example", RRType.A)
SERVER = Server(2, ("192.0.2.53", 53))
OTHER = Server(2, ("192.0.2.54", 53))


def run(*replies: Reply, servers: tuple[Server, ...] = (SERVER,)) -> tuple[Answer, list[Attempt]]:
    """Return the answer and the attempts it took, each answered by the next of `replies`."""
    asking = Stub(servers, timeout=1, retries=0, lifetime=5).ask(QUESTION)
    attempts = [next(asking)]
    for reply in replies:
        try:
            attempts.append(asking.send(reply(attempts[-1])))
        except StopIteration as stop:
            assert len(attempts) == len(replies)
            answer: Answer = stop.value
            return answer, attempts
    raise AssertionError("one more attempt was made than there are replies")


def wire_of(
    *answer: str, authority: tuple[str, ...] = (), rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = dns.flags.RA
) -> Callable[[Attempt], bytes]:
    """Return a reply with these records, written as in a zone file, as dnspython writes it."""

    def reply(attempt: Attempt) -> bytes:
        message = response_to(attempt)
        message.flags |= flags
        message.set_rcode(rcode)
        message.answer = [rrset(line) for line in answer]
        message.authority = [rrset(line) for line in authority]
        return message.to_wire()

    return reply


def says(
    *answer: str, authority: tuple[str, ...] = (), rcode: dns.rcode.Rcode = dns.rcode.NOERROR, flags: int = dns.flags.RA
) -> Reply:
    """Return a reply with these records."""
    written = wire_of(*answer, authority=authority, rcode=rcode, flags=flags)

    def reply(attempt: Attempt) -> Message:
        accepted = attempt.accept(written(attempt))
        assert isinstance(accepted, Message)
        return accepted

    return reply


def response_to(attempt: Attempt) -> dns.message.Message:
    """Return an empty reply, as dnspython makes it."""
    return dns.message.make_response(dns.message.from_wire(attempt.query.wire))


def name_in(attempt: Attempt) -> str:
    return str(dns.message.from_wire(attempt.query.wire).question[0].name)


def rrset(line: str) -> dns.rrset.RRset:
    name, ttl, rrclass, rrtype, data = line.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), rrclass, rrtype, data)


def silence(attempt: Attempt) -> None:
    """Return that no reply came."""


SOA = "example. 60 IN SOA ns.example. admin.example. 1 2 3 4 30"


def test_a_reply_that_ends_at_an_alias_is_asked_on() -> None:
    answer, attempts = run(says("a.example. 9 IN CNAME b.example."), says("b.example. 60 IN A 192.0.2.1"))
    assert answer == Answer.a("192.0.2.1", ttl=9, chain=["b.example"])
    assert list(map(name_in, attempts)) == ["a.example.", "b.example."]


def test_an_alias_of_a_name_without_records_is_not_asked_on() -> None:
    answer, _ = run(says("a.example. 60 IN CNAME b.example.", authority=(SOA,)))
    assert answer == Answer.nodata(30, chain=["b.example"])


def test_an_alias_into_another_zone_is_asked_on_though_a_zone_is_named() -> None:
    _, attempts = run(says("a.example. 60 IN CNAME b.test.", authority=(SOA,)), says("b.test. 60 IN A 192.0.2.1"))
    assert len(attempts) == 2


def test_aliases_that_are_asked_on_can_go_in_a_circle() -> None:
    answer, _ = run(says("a.example. 9 IN CNAME b.example."), says("b.example. 9 IN CNAME A.example."))
    assert answer == Answer.failed(Status.LOOP, ["b.example", "A.example"])


def test_aliases_are_asked_on_only_so_often() -> None:
    def next_alias(attempt: Attempt) -> Message | TooLarge | None:
        name = name_in(attempt)
        return says(f"{name} 9 IN CNAME x{name}")(attempt)

    answer, _ = run(*[next_alias] * (MAX_CHAIN + 1))
    assert answer.status is Status.LOOP


def test_a_failure_behind_an_alias_is_that_failure() -> None:
    answer, _ = run(says("a.example. 9 IN CNAME b.example."), says(rcode=dns.rcode.SERVFAIL))
    assert answer == Answer.failed(Status.SERVFAIL, ["b.example"])


def test_the_order_of_records_in_a_reply_means_nothing_for_a_chain() -> None:
    answer, _ = run(
        says("c.example. 7 IN A 192.0.2.1", "b.example. 9 IN CNAME c.example.", "a.example. 9 IN CNAME b.example.")
    )
    assert answer == Answer.a("192.0.2.1", ttl=7, chain=["b.example", "c.example"])


def test_records_of_other_names_and_types_are_no_answer() -> None:
    answer, _ = run(says("b.example. 9 IN A 192.0.2.1", "a.example. 9 IN TXT x", authority=(SOA,)))
    assert answer == Answer.nodata(30)


def test_nxdomain_without_soa_has_no_ttl() -> None:
    answer, _ = run(says(rcode=dns.rcode.NXDOMAIN))
    assert answer == Answer.nxdomain()


WEEK = 7 * 24 * 3600
TTLS = [(WEEK - 1, WEEK - 1), (WEEK, WEEK), (WEEK + 1, WEEK), ((1 << 31) - 1, WEEK), (1 << 31, 0), ((1 << 32) - 1, 0)]


def with_ttl(written: Callable[[Attempt], bytes], old: int, new: int) -> Reply:
    """Return this reply with another number in place of `old`; dnspython writes none of 2^31 or more."""

    def changed(attempt: Attempt) -> Message | TooLarge | None:
        wire = written(attempt)
        assert wire.count(old.to_bytes(4, "big")) == 1
        return attempt.accept(wire.replace(old.to_bytes(4, "big"), new.to_bytes(4, "big")))

    return changed


@pytest.mark.parametrize(("ttl", "read"), TTLS)
def test_a_ttl_is_at_most_a_week_and_with_the_top_bit_zero(ttl: int, read: int) -> None:
    """RFC 2181 §8."""
    answer, _ = run(with_ttl(wire_of("a.example. 77777 IN A 192.0.2.1"), 77777, ttl))
    assert answer == Answer.a("192.0.2.1", ttl=read)
    alias = wire_of("a.example. 77777 IN CNAME b.example.", f"b.example. {WEEK} IN A 192.0.2.1")
    answer, _ = run(with_ttl(alias, 77777, ttl))
    assert answer == Answer.a("192.0.2.1", ttl=read, chain=["b.example"])


@pytest.mark.parametrize(("ttl", "read"), TTLS)
@pytest.mark.parametrize("soa", [
    f"example. 77777 IN SOA ns.example. admin.example. 1 2 3 4 {(1 << 31) - 1}",
    f"example. {(1 << 31) - 1} IN SOA ns.example. admin.example. 1 2 3 4 77777",
], ids=["ttl", "minimum"])  # fmt: skip
def test_so_is_that_of_a_negative_answer(soa: str, ttl: int, read: int) -> None:
    """RFC 2181 §8, RFC 2308 §5."""
    answer, _ = run(with_ttl(wire_of(authority=(soa,)), 77777, ttl))
    assert answer == Answer.nodata(read)


@pytest.mark.parametrize("rcode", [dns.rcode.NOTIMP, dns.rcode.YXDOMAIN, dns.rcode.NOTAUTH, dns.rcode.BADVERS])
def test_codes_that_have_no_status_are_servfail(rcode: dns.rcode.Rcode) -> None:
    answer, _ = run(says(rcode=rcode))
    assert answer.status is Status.SERVFAIL


def without_edns(rcode: dns.rcode.Rcode) -> Reply:
    def reply(attempt: Attempt) -> Message | TooLarge | None:
        message = response_to(attempt)
        message.use_edns(False)
        message.set_rcode(rcode)
        return attempt.accept(message.to_wire())

    return reply


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_server_that_knows_no_edns_is_asked_without(rcode: dns.rcode.Rcode) -> None:
    answer, attempts = run(without_edns(rcode), says("a.example. 9 IN A 192.0.2.1"))
    assert answer.records
    assert [dns.message.from_wire(attempt.query.wire).edns for attempt in attempts] == [0, -1]
    answer, _ = run(without_edns(rcode), without_edns(dns.rcode.FORMERR))
    assert answer.status is Status.FORMERR


def test_a_server_that_only_refers_to_others_gives_no_answer() -> None:
    referral = says(authority=("example. 9 IN NS ns.example.",), flags=0)
    answer, attempts = run(referral, says("a.example. 9 IN A 192.0.2.1"), servers=(SERVER, OTHER))
    assert answer.records
    assert [attempt.server for attempt in attempts] == [SERVER, OTHER]
    answer, _ = run(referral)
    assert answer.status is Status.SERVFAIL


def test_a_truncated_reply_is_asked_for_over_tcp_at_the_same_server() -> None:
    cut = says(flags=dns.flags.TC)
    answer, attempts = run(cut, says("a.example. 9 IN A 192.0.2.1"), servers=(SERVER, OTHER))
    assert answer.records
    assert [(attempt.server, attempt.tcp) for attempt in attempts] == [(SERVER, False), (SERVER, True)]


def test_what_a_truncated_reply_holds_is_not_used() -> None:
    cut = says("a.example. 9 IN A 192.0.2.1", flags=dns.flags.TC)
    answer, _ = run(cut, silence)
    assert answer == Answer.failed(Status.TRUNCATED)


def test_the_first_failure_that_a_server_named_is_told() -> None:
    refused, servfail = says(rcode=dns.rcode.REFUSED), says(rcode=dns.rcode.SERVFAIL)
    for replies, status in (
        ((refused, servfail), Status.REFUSED),
        ((servfail, refused), Status.SERVFAIL),
        ((silence, servfail), Status.SERVFAIL),
        ((servfail, silence), Status.SERVFAIL),
        ((silence, silence), Status.TIMEOUT),
    ):
        answer, _ = run(*replies, servers=(SERVER, OTHER))
        assert answer.status is status


def test_every_attempt_has_a_number_of_its_own() -> None:
    """A server that has seen one query does not know that of the next (RFC 5452 §9.2)."""
    servers = tuple([Server(2, ("192.0.2.53", port)) for port in range(1, 21)])
    _, attempts = run(*[silence] * 20, servers=servers)
    assert len({attempt.query.id for attempt in attempts}) > 15
    numbers = [[attempt.query.id for attempt in run(without_edns(dns.rcode.NOTIMP), silence)[1]] for _ in range(20)]
    assert sum(first != second for first, second in numbers) > 15


def attempt() -> Attempt:
    return next(Stub((SERVER,), timeout=1, retries=0, lifetime=5).ask(QUESTION))


def test_a_reply_to_another_question_is_none() -> None:
    asked = attempt()
    for change in ("name", "type", "id", "query"):
        query = dns.message.make_query(
            "b.example." if change == "name" else "a.example.", "MX" if change == "type" else "A"
        )
        query.id = asked.query.id ^ (change == "id")
        reply = query if change == "query" else dns.message.make_response(query)
        assert asked.accept(reply.to_wire()) is None


def test_a_cut_datagram_that_says_so_is_a_reply() -> None:
    asked = attempt()
    wire = bytearray(response_to(asked).to_wire())
    wire[2] |= 0x02  # TC
    wire[7] = 1  # an answer that is not there
    accepted = asked.accept(bytes(wire[:-11]))
    assert isinstance(accepted, Message)
    assert accepted.is_truncated


@given(st.binary(max_size=200), st.integers(0, 3))
def test_no_octets_raise(octets: bytes, shape: int) -> None:
    """Whatever comes is a reply that can be used, or none."""
    asking = Stub((SERVER,), timeout=1, retries=0, lifetime=5).ask(QUESTION)
    asked = next(asking)
    good = response_to(asked).to_wire()
    wire = [octets, good[:2] + octets, good[:12] + octets, good[:6] + octets[:2] + good[8:] + octets][shape]
    found = None
    try:
        asking.send(asked.accept(wire))
    except StopIteration as stop:
        found = stop.value
    assert found is None or isinstance(found, Answer)
