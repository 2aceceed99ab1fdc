"""The stub resolver's decisions: which server to ask next, and what its reply means. No I/O happens here.

`Stub.ask` is a generator: it yields an `Attempt` and receives the reply to it, or None where none came. So the sync and
the asyncio form of a live resolver share every decision by construction; only how octets travel is written twice.

How a Question is asked:
1. Each server in turn over UDP, with EDNS and room for 1232 octets (what never needs fragments).
2. A truncated reply is asked for again over TCP, from the same server.
3. FORMERR of a server that knows no EDNS: asked again without (RFC 6891 §7).
4. A server that fails is not asked again, one that is silent is, in the next round. The first failure that a server
   named is the answer, and TIMEOUT only where none named any.
5. A reply that ends at a CNAME record, as servers give that do not recurse, is asked on from there. More than 16 CNAME
   records in all, or a circle of them, is LOOP.
"""

from collections.abc import Generator, Sequence
from time import monotonic
from typing import Any, NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from spfengine.addresses import parse_ip4, parse_ip6
from spfengine.answers import Answer, Question, RRType, Status
from spfengine.names import from_labels, to_labels
from spfengine.resolvers.zone import MAX_CHAIN

EDNS_SIZE = 1232

_FAILURES = {
    dns.rcode.SERVFAIL: Status.SERVFAIL,
    dns.rcode.REFUSED: Status.REFUSED,
    dns.rcode.FORMERR: Status.FORMERR,
}


class Server(NamedTuple):
    """A DNS server, as the socket module wants it.

    Attributes:
        family: the socket family.
        address: the socket address.
    """

    family: int
    address: tuple[Any, ...]


class Attempt(NamedTuple):
    """One query to be sent, and how long to wait for its reply."""

    server: Server
    tcp: bool
    query: dns.message.Message
    until: float
    """When to stop waiting, on the monotonic clock."""

    def accept(self, wire: bytes) -> dns.message.Message | None:
        """Return the reply that these octets are, or None where they are none to this query, or not readable."""
        try:
            reply = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True, raise_on_truncation=True)
        except dns.message.Truncated as truncated:
            reply = truncated.message()  # type: ignore[no-untyped-call]  # dnspython gives it no types
        except Exception:  # noqa: BLE001  # whatever hostile octets lead the reader to: it is no reply
            return None
        return reply if self.query.is_response(reply) else None


Reply = dns.message.Message | None
Asking = Generator[Attempt, Reply, Answer]


class Stub:
    """How Questions are put to servers.

    Args:
        servers: asked in this order; at least one.
        timeout: seconds to wait for one reply.
        retries: how many more rounds the silent servers are asked.
        lifetime: seconds for one Question, whatever it takes.
    """

    __slots__ = ("lifetime", "retries", "servers", "timeout")

    def __init__(self, servers: Sequence[Server], timeout: float, retries: int, lifetime: float) -> None:
        self.servers = tuple(servers)
        self.timeout = timeout
        self.retries = retries
        self.lifetime = lifetime

    def ask(self, question: Question) -> Asking:
        """Return what the servers answer, as a generator that says what to send."""
        try:
            name = dns.name.Name([*to_labels(question.name), b""])
        except (dns.exception.DNSException, ValueError):
            return Answer.failed(Status.FORMERR)  # no query can be made of this name, so nobody can answer it
        end = monotonic() + self.lifetime
        walk = _Walk(name, question.type)
        while True:
            reply = yield from self._ask_servers(walk.name, question.type, end)
            answer = walk.answer(reply) if isinstance(reply, dns.message.Message) else walk.failed(reply)
            if answer is not None:
                return answer

    def _ask_servers(
        self, name: dns.name.Name, rrtype: RRType, end: float
    ) -> Generator[Attempt, Reply, dns.message.Message | Status]:
        servers = list(self.servers)
        failure = Status.TIMEOUT
        for _ in range(1 + self.retries):
            for server in tuple(servers):
                if monotonic() >= end:
                    return failure
                reply = yield from self._ask_server(server, name, rrtype, end)
                if isinstance(reply, dns.message.Message):
                    return reply
                if reply is not Status.TIMEOUT:
                    servers.remove(server)
                    failure = reply if failure is Status.TIMEOUT else failure
        return failure

    def _ask_server(
        self, server: Server, name: dns.name.Name, rrtype: RRType, end: float
    ) -> Generator[Attempt, Reply, dns.message.Message | Status]:
        query = dns.message.make_query(name, rrtype.value, use_edns=0, payload=EDNS_SIZE)
        reply = yield self._attempt(server, query, end)
        if reply is not None and reply.edns < 0 and reply.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP):
            query = dns.message.make_query(name, rrtype.value, use_edns=False)
            reply = yield self._attempt(server, query, end)
        if reply is None:
            return Status.TIMEOUT
        if reply.flags & dns.flags.TC:
            reply = yield self._attempt(server, query, end, tcp=True)
            if reply is None or reply.flags & dns.flags.TC:
                return Status.TRUNCATED
        rcode = reply.rcode()
        if rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) and not _is_referral(reply):
            return reply
        return _FAILURES.get(rcode, Status.SERVFAIL)

    def _attempt(self, server: Server, query: dns.message.Message, end: float, tcp: bool = False) -> Attempt:
        return Attempt(server, tcp, query, min(end, monotonic() + self.timeout))


class _Walk:
    """The way along CNAME records, through one reply or several, from the name asked for to its records."""

    def __init__(self, name: dns.name.Name, rrtype: RRType) -> None:
        self.name = name
        self.type = rrtype
        self.seen = {name}
        self.chain: list[str] = []
        self.ttl: int | None = None

    def answer(self, reply: dns.message.Message) -> Answer | None:
        """Return what this reply says, or None where it only leads on to `name`."""
        wanted = dns.rdatatype.from_text(self.type.value)
        aliases: dict[dns.name.Name, tuple[dns.name.Name, int]] = {}
        found: dict[dns.name.Name, list[Any]] = {}
        ttls: dict[dns.name.Name, int] = {}
        for rrset in reply.answer:
            if rrset.rdclass != dns.rdataclass.IN or not rrset:
                continue
            if rrset.rdtype == wanted:
                found.setdefault(rrset.name, []).append(rrset[0])
                ttls[rrset.name] = min(rrset.ttl, ttls.get(rrset.name, rrset.ttl))
            elif rrset.rdtype == dns.rdatatype.CNAME:
                aliases.setdefault(rrset.name, (rrset[0].target, rrset.ttl))
        start = self.name
        while self.name not in found and self.name in aliases:
            self.name, ttl = aliases[self.name]
            self.chain.append(from_labels(self.name.labels))
            self._keep_for(ttl)
            if self.name in self.seen or len(self.chain) > MAX_CHAIN:
                return self.failed(Status.LOOP)
            self.seen.add(self.name)
        exists = reply.rcode() == dns.rcode.NOERROR
        if exists and self.name in found:
            self._keep_for(ttls[self.name])
            return self._records(found[self.name])
        negative_ttl = self._negative_ttl(reply)
        if exists and negative_ttl is None and self.name is not start:
            return None
        if negative_ttl is None:
            self.ttl = None
        else:
            self._keep_for(negative_ttl)
        return Answer.nodata(self.ttl, self.chain) if exists else Answer.nxdomain(self.ttl, self.chain)

    def failed(self, status: Status) -> Answer:
        """Return that it ends in this failure."""
        return Answer.failed(status, self.chain)

    def _keep_for(self, ttl: int) -> None:
        self.ttl = ttl if self.ttl is None else min(self.ttl, ttl)

    def _negative_ttl(self, reply: dns.message.Message) -> int | None:
        """Return how long a negative answer may be kept (RFC 2308 §5), or None where no SOA record says so."""
        for rrset in reply.authority:
            if rrset.rdtype == dns.rdatatype.SOA and rrset and self.name.is_subdomain(rrset.name):
                return int(min(rrset.ttl, rrset[0].minimum))
        return None

    def _records(self, found: list[Any]) -> Answer:
        if self.type is RRType.TXT:
            strings = tuple(tuple(record.strings) for record in found)
            records: tuple[Any, ...] = tuple(b"".join(parts) for parts in strings)
            return Answer(Status.NOERROR, self.type, records, self.ttl, self.chain, strings)
        if self.type is RRType.A:
            records = tuple(parse_ip4(record.address) for record in found)
        elif self.type is RRType.AAAA:
            records = tuple(parse_ip6(record.address) for record in found)
        elif self.type is RRType.MX:
            records = tuple((record.preference, from_labels(record.exchange.labels)) for record in found)
        else:
            records = tuple(from_labels(record.target.labels) for record in found)
        return Answer(Status.NOERROR, self.type, records, self.ttl, self.chain)


def _is_referral(reply: dns.message.Message) -> bool:
    """Whether a server that does not recurse only names others to ask, which is no answer."""
    if reply.answer or reply.rcode() != dns.rcode.NOERROR or reply.flags & (dns.flags.AA | dns.flags.RA):
        return False
    kinds = {rrset.rdtype for rrset in reply.authority}
    return dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds
