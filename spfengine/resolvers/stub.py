"""The stub resolver's decisions: which server to ask next, and what its reply means. No I/O happens here.

`Stub.ask` is a generator: it yields an `Attempt` and receives the reply to it, None if none came, or `Unsent`. So the
sync and the asyncio form of a live resolver share every decision; only the code that moves octets is written twice.

How a Question is asked:
1. Each server in turn over UDP, with EDNS and a payload size of 1232 octets, which never needs fragments. Those that
   were silent lately come last. No server is waited for so long that there is no time left for the others.
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

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.errors import ArgumentError
from spfengine.names import from_labels
from spfengine.resolvers.cache import MAX_TTL
from spfengine.resolvers.dns_messages import (
    AA,
    CNAME,
    FORMERR,
    NOERROR,
    NOTIMP,
    NS,
    NXDOMAIN,
    RA,
    REFUSED,
    SERVFAIL,
    SOA,
    Labels,
    Message,
    Query,
    fold_labels,
    labels_to_ask,
    read_reply,
    write_query,
)
from spfengine.resolvers.message_size import is_too_large
from spfengine.resolvers.rrsets import MAX_CHAIN
from spfengine.resolvers.servers import Server, ServerHealth

_FAILURES = {SERVFAIL: Status.SERVFAIL, REFUSED: Status.REFUSED, FORMERR: Status.FORMERR}


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
    query: Query
    until: float

    def accept(self, wire: bytes) -> "Message | TooLarge | None":
        """Return the message in these octets, or None if it is not a reply to this query, or can't be read; TooLarge
        if it has more records or strings than are read.
        """
        if wire[:2] != self.query.wire[:2]:
            return None  # without reading the rest: a flood of other datagrams must cost little
        if is_too_large(wire):
            return TooLarge() if self.query.repeats_question(wire) else None
        return read_reply(wire, self.query)


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


Reply = Message | TooLarge | Unreachable | Unsent | None
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

    Raises:
        ArgumentError: a number can't be used.
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
        if not (timeout > 0 and lifetime > 0):
            raise ArgumentError(f"timeout and lifetime are seconds above 0, not {timeout!r} and {lifetime!r}")
        if retries < 0:
            raise ArgumentError(f"retries is a number of rounds, 0 or more, not {retries!r}")
        self.health: ServerHealth = ServerHealth(servers, report=unreachable)
        self.timeout: float = timeout
        self.retries: int = retries
        self.lifetime: float = lifetime

    def ask(self, question: Question) -> Asking:
        """Return the servers' answer. Yields the attempts to make, and receives their replies."""
        labels = labels_to_ask(question.name)
        if labels is None:
            return Answer.failed(Status.FORMERR)
        end = monotonic() + self.lifetime
        lookup = _Lookup(labels, question.type)
        while True:
            reply = yield from self._ask_servers(lookup.name, question.type, end)
            answer = lookup.answer(reply) if isinstance(reply, Message) else lookup.failed(reply)
            if answer is not None:
                return answer

    def _ask_servers(self, name: Labels, rrtype: RRType, end: float) -> Generator[Attempt, Reply, Message | Status]:
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
                if isinstance(reply, Message):
                    return reply
                if reply is Status.TIMEOUT:
                    again.append((server, is_silent))
                elif failure is Status.TIMEOUT:
                    failure = reply
            asked = again
        return failure

    def _ask_server(
        self, server: Server, name: Labels, rrtype: RRType, end: float, seconds: float
    ) -> Generator[Attempt, Reply, Message | Status]:
        query = write_query(name, rrtype)
        reply = yield from self._send(server, query, min(end, monotonic() + seconds))
        if isinstance(reply, Message) and not reply.edns and reply.rcode in (FORMERR, NOTIMP):
            query = write_query(name, rrtype, edns=False)
            reply = yield from self._send(server, query, min(end, monotonic() + seconds))
        if reply is None:
            return Status.TIMEOUT
        if isinstance(reply, TooLarge):
            return Status.TRUNCATED
        if reply.is_truncated:
            reply = yield from self._send(server, query, min(end, monotonic() + seconds), tcp=True)
            if not isinstance(reply, Message) or reply.is_truncated:
                return Status.TRUNCATED
        if reply.rcode in (NOERROR, NXDOMAIN) and not _is_referral(reply):
            return reply
        return _FAILURES.get(reply.rcode, Status.SERVFAIL)

    def _send(
        self, server: Server, query: Query, until: float, *, tcp: bool = False
    ) -> Generator[Attempt, Reply, Message | TooLarge | None]:
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

    def __init__(self, name: Labels, rrtype: RRType) -> None:
        self.name = name
        self.type = rrtype
        self.seen = {fold_labels(name)}
        self.chain: list[str] = []
        self.ttl: int | None = None

    def answer(self, reply: Message) -> Answer | None:
        """Return what this reply says, or None if the question must be asked again for `name`."""
        records: dict[Labels, list[Any]] = {}
        ttls: dict[Labels, int] = {}
        aliases: dict[Labels, tuple[Labels, int]] = {}
        for owner, rrtype, ttl, data in reply.answer:
            if rrtype == CNAME:
                aliases.setdefault(owner, (data, ttl))
            else:
                records.setdefault(owner, []).append(data)
                ttls[owner] = min(ttl, ttls.get(owner, ttl))
        start = self.name
        folded = fold_labels(start)
        while folded not in records and folded in aliases:
            self.name, ttl = aliases[folded]
            folded = fold_labels(self.name)
            self.chain.append(from_labels(self.name))
            self._limit_ttl(ttl)
            if folded in self.seen or len(self.chain) > MAX_CHAIN:
                return self.failed(Status.LOOP)
            self.seen.add(folded)
        exists = reply.rcode == NOERROR
        if exists and folded in records:
            self._limit_ttl(ttls[folded])
            return self._records(records[folded])
        return self._negative(reply, folded, exists=exists, may_go_on=self.name is not start)

    def failed(self, status: Status) -> Answer:
        """Return the answer for a lookup that ends in this failure."""
        return Answer.failed(status, self.chain)

    def _limit_ttl(self, ttl: int) -> None:
        ttl = min(ttl, MAX_TTL)
        self.ttl = ttl if self.ttl is None else min(self.ttl, ttl)

    def _negative(self, reply: Message, folded: Labels, *, exists: bool, may_go_on: bool) -> Answer | None:
        """Return the answer of a reply without records; None if it ends at a CNAME record and has no SOA record, which
        a negative answer would have.
        """
        ttl = _negative_ttl(reply, folded)
        if exists and ttl is None and may_go_on:
            return None
        if ttl is None:
            self.ttl = None
        else:
            self._limit_ttl(ttl)
        return Answer.nodata(self.ttl, self.chain) if exists else Answer.nxdomain(self.ttl, self.chain)

    def _records(self, data: list[Any]) -> Answer:
        if self.type is RRType.TXT:
            texts = tuple([b"".join(strings) for strings in data])
            return Answer(Status.NOERROR, self.type, texts, self.ttl, self.chain, tuple(data))
        return Answer(Status.NOERROR, self.type, tuple(data), self.ttl, self.chain)


def _negative_ttl(reply: Message, folded: Labels) -> int | None:
    """Return how long a negative answer for a name may be kept (RFC 2308 §5), or None if no SOA record says so."""
    for owner, rrtype, ttl, minimum in reply.authority:
        if rrtype == SOA and folded[len(folded) - len(owner) :] == owner:
            return min(ttl, int(minimum))
    return None


def _is_referral(reply: Message) -> bool:
    """Whether a server that does not recurse only names others to ask, which does not answer the question."""
    if reply.has_answers or reply.rcode != NOERROR or reply.flags & (AA | RA):
        return False
    kinds = {record.type for record in reply.authority}
    return NS in kinds and SOA not in kinds
