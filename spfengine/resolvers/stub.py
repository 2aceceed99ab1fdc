"""The stub resolver's decisions: which server to ask next, and what its reply means. No I/O happens here.

`Stub.ask` is a generator: it yields an `Attempt` and receives the reply to it, None if none came, or `Unsent`. So the
sync and the asyncio form of a live resolver share every decision; only the code that moves octets is written twice.

How a Question is asked:
1. Each server in turn over UDP, with EDNS and a payload size of 1232 octets, which never needs fragments. Those that
   were silent lately come last. No server is waited for so long that the time does not suffice for the others.
2. A truncated reply is asked for again over TCP, from the same server. One that has more records or strings than are
   read is TRUNCATED (see `message_size`).
3. After FORMERR from a server that does not know EDNS, again without it (RFC 6891 §7).
4. A server that fails is not asked again; a silent one is, in the next round. The first failure that a server named is
   the answer; TIMEOUT only if none named any.
5. If a reply ends at a CNAME record, as replies of servers that do not recurse may, the target is asked for. More than
   16 CNAME records in all, or a circle of them, is LOOP.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import from_labels, to_labels
from spfengine.resolvers.cache import MAX_TTL
from spfengine.resolvers.message_size import is_too_large
from spfengine.resolvers.rrsets import MAX_CHAIN
from spfengine.resolvers.servers import Server, ServerHealth

EDNS_SIZE = 1232

for _type in (*RRType, "CNAME", "SOA", "OPT"):
    # dnspython loads the reader of each type when it is first seen, which fails if no file can be opened then
    dns.rdata.get_rdata_class(dns.rdataclass.IN, dns.rdatatype.from_text(_type))  # type: ignore[no-untyped-call]  # dnspython gives it no types

_FAILURES = {
    dns.rcode.SERVFAIL: Status.SERVFAIL,
    dns.rcode.REFUSED: Status.REFUSED,
    dns.rcode.FORMERR: Status.FORMERR,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A query to be sent to a server.

    Attributes:
        server: the server.
        tcp: whether it is sent over TCP.
        query: the message.
        until: when to stop waiting for its reply, by the monotonic clock.
    """

    server: Server
    tcp: bool
    query: dns.message.Message
    until: float

    def accept(self, wire: bytes) -> "dns.message.Message | TooLarge | None":
        """Return the message in these octets, or None if it is not a reply to this query, or can't be read; TooLarge
        if it has more records or strings than are read.
        """
        if wire[:2] != self.query.id.to_bytes(2, "big"):
            return None  # without reading the rest: a flood of other datagrams must cost little
        if is_too_large(wire):
            return TooLarge() if self._repeats_question(wire) else None
        try:
            reply = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True, raise_on_truncation=True)
        except dns.message.Truncated as truncated:
            reply = truncated.message()  # type: ignore[no-untyped-call]  # dnspython gives it no types
        except Exception:  # noqa: BLE001  # whatever hostile octets raise in dnspython: they are not a reply
            return None
        return reply if self.query.is_response(reply) else None

    def _repeats_question(self, wire: bytes) -> bool:
        question = dns.message.QueryMessage()
        question.question = self.query.question
        return wire[12:].lower().startswith(question.to_wire()[12:].lower())


@dataclass(frozen=True, slots=True)
class Unreachable:
    """In place of a reply: the system could not bring the query to the server, or its reply back.

    Attributes:
        reason: the system's reason, such as "Connection refused".
    """

    reason: str


class Unsent:
    """In place of a reply: no socket could be opened to send the query from, which says nothing about the server."""


class TooLarge:
    """In place of a reply: it has more records or strings than are read (see `message_size`)."""


Reply = dns.message.Message | TooLarge | Unreachable | Unsent | None
Asking = Generator[Attempt, Reply, Answer]


class Stub:
    """A stub resolver for these servers.

    Args:
        servers: asked in this order; at least one.
        timeout: seconds to wait for one reply, at most.
        retries: how many more rounds the silent servers are asked.
        lifetime: seconds for one Question in all.
        unreachable: called once for each server that can't be reached, with the system's reason.

    Attributes:
        health: what is remembered of the servers from one question to the next.
    """

    __slots__ = ("health", "lifetime", "retries", "timeout")

    def __init__(
        self,
        servers: Sequence[Server],
        timeout: float,
        retries: int,
        lifetime: float,
        unreachable: Callable[[Server, str], None] | None = None,
    ) -> None:
        self.health = ServerHealth(servers, report=unreachable)
        self.timeout = timeout
        self.retries = retries
        self.lifetime = lifetime

    def ask(self, question: Question) -> Asking:
        """Return the servers' answer. Yields the attempts to make, and receives their replies."""
        try:
            name = dns.name.Name([*to_labels(question.name), b""])
        except (dns.exception.DNSException, ValueError):
            return Answer.failed(Status.FORMERR)  # no query can be made of this name
        end = monotonic() + self.lifetime
        lookup = _Lookup(name, question.type)
        while True:
            reply = yield from self._ask_servers(lookup.name, question.type, end)
            answer = lookup.answer(reply) if isinstance(reply, dns.message.Message) else lookup.failed(reply)
            if answer is not None:
                return answer

    def _ask_servers(
        self, name: dns.name.Name, rrtype: RRType, end: float
    ) -> Generator[Attempt, Reply, dns.message.Message | Status]:
        first, silent = self.health.order()
        asked = [(server, False) for server in first] + [(server, True) for server in silent]
        failure = Status.TIMEOUT
        for _ in range(1 + self.retries):
            again = []
            for position, (server, is_silent) in enumerate(asked):
                left = end - monotonic()
                if left <= 0:
                    return failure
                seconds = min(self.timeout, left / _shares([late for _, late in asked[position:]]))
                reply = yield from self._ask_server(server, name, rrtype, end, seconds)
                if isinstance(reply, dns.message.Message):
                    return reply
                if reply is Status.TIMEOUT:
                    again.append((server, is_silent))
                elif failure is Status.TIMEOUT:
                    failure = reply
            asked = again
        return failure

    def _ask_server(
        self, server: Server, name: dns.name.Name, rrtype: RRType, end: float, seconds: float
    ) -> Generator[Attempt, Reply, dns.message.Message | Status]:
        query = dns.message.make_query(name, rrtype.value, use_edns=0, payload=EDNS_SIZE)
        reply = yield from self._send(server, query, min(end, monotonic() + seconds))
        if (
            isinstance(reply, dns.message.Message)
            and reply.edns < 0
            and reply.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP)
        ):
            query = dns.message.make_query(name, rrtype.value, use_edns=False)
            reply = yield from self._send(server, query, min(end, monotonic() + seconds))
        if reply is None:
            return Status.TIMEOUT
        if isinstance(reply, TooLarge):
            return Status.TRUNCATED
        if reply.flags & dns.flags.TC:
            reply = yield from self._send(server, query, min(end, monotonic() + seconds), tcp=True)
            if not isinstance(reply, dns.message.Message) or reply.flags & dns.flags.TC:
                return Status.TRUNCATED
        rcode = reply.rcode()
        if rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) and not _is_referral(reply):
            return reply
        return _FAILURES.get(rcode, Status.SERVFAIL)

    def _send(
        self, server: Server, query: dns.message.Message, until: float, *, tcp: bool = False
    ) -> Generator[Attempt, Reply, dns.message.Message | TooLarge | None]:
        sent = self.health.clock()
        reply = yield Attempt(server, tcp, query, until)
        if isinstance(reply, Unsent):
            return None
        if isinstance(reply, Unreachable):
            self.health.unreachable(server, reply.reason)
            reply = None
        if reply is not None:
            self.health.answered(server)
        elif not tcp:  # else it has just answered over UDP
            self.health.unanswered(server, sent)
        return reply


def _shares(silent: list[bool]) -> int:
    """Return into how many shares the time is divided between the servers that are not yet asked in this round: the
    silent ones together have one, as long as others come before them.
    """
    first = silent.count(False)
    return first + any(silent) if first else len(silent)


class _Lookup:
    """From the name asked for to its records, along CNAME records, through one reply or several.

    Attributes:
        name: the name that the CNAME records have led to so far.
    """

    def __init__(self, name: dns.name.Name, rrtype: RRType) -> None:
        self.name = name
        self.type = rrtype
        self.seen = {name}
        self.chain: list[str] = []
        self.ttl: int | None = None

    def answer(self, reply: dns.message.Message) -> Answer | None:
        """Return what this reply says, or None if the question must be asked again for `name`."""
        records: dict[dns.name.Name, list[Any]] = {}
        ttls: dict[dns.name.Name, int] = {}
        aliases: dict[dns.name.Name, tuple[dns.name.Name, int]] = {}
        wanted = dns.rdatatype.from_text(self.type.value)
        for rrset in reply.answer:
            if rrset.rdclass != dns.rdataclass.IN or not rrset:
                continue
            if rrset.rdtype == wanted:
                records.setdefault(rrset.name, []).append(rrset[0])
                ttls[rrset.name] = min(rrset.ttl, ttls.get(rrset.name, rrset.ttl))
            elif rrset.rdtype == dns.rdatatype.CNAME:
                aliases.setdefault(rrset.name, (rrset[0].target, rrset.ttl))
        start = self.name
        while self.name not in records and self.name in aliases:
            self.name, ttl = aliases[self.name]
            self.chain.append(from_labels(self.name.labels))
            self._limit_ttl(ttl)
            if self.name in self.seen or len(self.chain) > MAX_CHAIN:
                return self.failed(Status.LOOP)
            self.seen.add(self.name)
        exists = reply.rcode() == dns.rcode.NOERROR
        if exists and self.name in records:
            self._limit_ttl(ttls[self.name])
            return self._records(records[self.name])
        return self._negative(reply, exists=exists, may_go_on=self.name is not start)

    def failed(self, status: Status) -> Answer:
        """Return the answer for a lookup that ends in this failure."""
        return Answer.failed(status, self.chain)

    def _limit_ttl(self, ttl: int) -> None:
        ttl = 0 if ttl >= 1 << 31 else min(ttl, MAX_TTL)  # RFC 2181 §8
        self.ttl = ttl if self.ttl is None else min(self.ttl, ttl)

    def _negative(self, reply: dns.message.Message, *, exists: bool, may_go_on: bool) -> Answer | None:
        """Return the answer of a reply without records; None if it ends at a CNAME record and has no SOA record, which
        a negative answer would have.
        """
        ttl = self._negative_ttl(reply)
        if exists and ttl is None and may_go_on:
            return None
        if ttl is None:
            self.ttl = None
        else:
            self._limit_ttl(ttl)
        return Answer.nodata(self.ttl, self.chain) if exists else Answer.nxdomain(self.ttl, self.chain)

    def _negative_ttl(self, reply: dns.message.Message) -> int | None:
        """Return how long a negative answer may be kept (RFC 2308 §5), or None if no SOA record says so."""
        for rrset in reply.authority:
            if rrset.rdtype == dns.rdatatype.SOA and rrset and self.name.is_subdomain(rrset.name):
                ttl, minimum = rrset.ttl, rrset[0].minimum
                return 0 if minimum >= 1 << 31 else int(min(ttl, minimum))  # RFC 2181 §8
        return None

    def _records(self, rdata: list[Any]) -> Answer:
        if self.type is RRType.TXT:
            strings = tuple(tuple(record.strings) for record in rdata)
            texts = tuple(b"".join(parts) for parts in strings)
            return Answer(Status.NOERROR, self.type, texts, self.ttl, self.chain, strings)
        read = _READERS[self.type]
        return Answer(Status.NOERROR, self.type, tuple([read(record) for record in rdata]), self.ttl, self.chain)


_READERS: dict[RRType, Callable[[Any], Any]] = {
    RRType.A: lambda record: parse_ip4(record.address),
    RRType.AAAA: lambda record: parse_ip6(record.address),
    RRType.MX: lambda record: (record.preference, from_labels(record.exchange.labels)),
    RRType.PTR: lambda record: from_labels(record.target.labels),
}


def _is_referral(reply: dns.message.Message) -> bool:
    """Whether a server that does not recurse only names others to ask, which does not answer the question."""
    if reply.answer or reply.rcode() != dns.rcode.NOERROR or reply.flags & (dns.flags.AA | dns.flags.RA):
        return False
    kinds = {rrset.rdtype for rrset in reply.authority}
    return dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds
