"""Mail logs, line by line: Postfix, policyd-spf and Exim may stand in one file, among others."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.received_spf import parse_received_spf
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.messages import is_internal
from spfengine.evidence.values import Bounds, Unusable, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

# Postfix's log, in which a message is spread over lines that share its queue id; and policyd-spf's, beside it.

# "postfix/smtpd[1]: ", "postfix-in/submission/smtpd[1]: ", with rsyslog's or journald's prefixes before it.
_LINE = re.compile(r"[\s\]]postfix[\w.-]*/(?:[\w.-]+/)?(\w+)(?:\[\d+\])?: ([0-9A-Za-z]{5,20}): (.*)")
_CLIENT = re.compile(r"client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\](?::\d+)?(.*)")
# What a filter tells that hands a message back (XFORWARD): with a queue id, it has been logged under that one before.
_ORIGINAL = re.compile(r", orig_client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\]")
_HAD_QUEUE_ID = re.compile(r", orig_queue_id=(?!NOQUEUE)\w").search
_FROM = re.compile(r"from=<(|\"(?:[^\"\\]|\\.)*\"@[^>]*|[^>]*)>(?:, |$)")
_POLICY = re.compile(r"[\s\]](?:python-)?policyd-spf(?:\[\d+\])?: (?:.{0,200}?[:\s])??Received-SPF: (.*)")
_NO_LINE = "lines of logs that tell of no sender"
_LOCAL = "messages that the host itself made"
_SITE = "messages from addresses of the site itself"
_USERS = "messages that authenticated users submitted"


class _Client(NamedTuple):
    """Whose message a queue id stands for, before its sender is known.

    Attributes:
        ip: the client's address; None where the message tells of no sender, or has been taken already.
        place: the line that told.
    """

    ip: str | None
    place: str


class _Policy(NamedTuple):
    """What policyd-spf said."""

    helo: str | None
    reported: str | None


class Postfix:
    """A log as far as it has been read."""

    def __init__(self, ledger: Ledger, bounds: Bounds) -> None:
        self._ledger = ledger
        self._most = bounds.pending
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._policies: OrderedDict[tuple[str, str], list[_Policy]] = OrderedDict()
        self._policies_held = 0
        self._found: list[Sender] = []

    def read(self, text: str, place: str) -> Sender | None:
        """Return the sender of the message that this line is the last to tell of; None for all other lines.

        Raises:
            Unusable: the line can't be understood.
        """
        line = _LINE.search(text)
        if line is None:
            policy = _POLICY.search(text)
            if policy is not None:
                self._read_policy(policy[1])
            else:
                self._ledger.aside(_NO_LINE)
            return None
        _, queue_id, said = line.groups()
        if queue_id == "NOQUEUE":
            self._ledger.aside(_NO_LINE)
        elif said.startswith("client="):
            self._read_client(queue_id, said, place)
        elif said.startswith("from="):
            return self._read_from(queue_id, said)
        elif said.startswith("uid="):
            self._keep(queue_id, _Client(None, place))
            self._ledger.aside(_LOCAL)
        else:
            if said == "removed":
                self._forget(queue_id)
            self._ledger.aside(_NO_LINE)
        return None

    def take(self) -> list[Sender]:
        """Return the senders that were found beside those of `read`."""
        if not self._found:
            return []
        found, self._found = self._found, []
        return found

    def end(self) -> Iterator[Sender]:
        """Yield what policyd-spf alone has told of, and count the messages whose sender the log does not tell."""
        while self._policies:
            self._give_up_policy()
        yield from self.take()
        while self._clients:
            self._forget(next(iter(self._clients)))

    def _read_client(self, queue_id: str, said: str, place: str) -> None:
        client = _CLIENT.match(said)
        if client is None:
            raise Unusable("the client of the message (client=) can't be read", said)
        ip, rest = client.groups()
        original = _ORIGINAL.search(rest)
        if original is not None and _HAD_QUEUE_ID(rest) is None:
            ip = original[1]  # a filter before the queue handed it on
        ip = make_sender(ip, "").ip
        why = _USERS if "sasl_username=" in rest else _SITE if is_internal(ip) else None
        if why is not None:
            self._ledger.aside(why)
        self._keep(queue_id, _Client(ip if why is None else None, place))

    def _keep(self, queue_id: str, client: _Client) -> None:
        self._forget(queue_id)
        self._clients[queue_id] = client
        if len(self._clients) > self._most:
            self._forget(next(iter(self._clients)))

    def _forget(self, queue_id: str) -> None:
        client = self._clients.pop(queue_id, None)
        if client is not None and client.ip is not None:
            self._ledger.skip("the log does not tell the sender of a message (no from= with its queue id)",
                              queue_id, client.place)  # fmt: skip

    def _read_from(self, queue_id: str, said: str) -> Sender | None:
        client = self._clients.get(queue_id)
        if client is None:
            raise Unusable("the log does not tell the client of a message (no client= with its queue id before)",
                           queue_id)  # fmt: skip
        if client.ip is None:
            self._ledger.aside(_NO_LINE)  # of the host itself, or told before: each attempt to deliver tells it again
            return None
        self._clients[queue_id] = client._replace(ip=None)
        match = _FROM.match(said)
        if match is None:
            raise Unusable("the sender of the message (from=) can't be read", said)
        given = match[1]
        sender = sender_of(given) if given else ""
        policy = self._policy_of(client.ip, sender)
        helo = None if policy is None else policy.helo
        return make_sender(client.ip, sender or null_sender(helo), helo, reported=policy and policy.reported)

    def _policy_of(self, ip: str, sender: str) -> _Policy | None:
        """Return what policyd-spf said of this message, which was before the message was queued."""
        waiting = self._policies.get((ip, sender))
        if not waiting:
            return None
        policy = waiting.pop(0)
        self._policies_held -= 1
        if not waiting:
            del self._policies[ip, sender]
        return policy

    def _read_policy(self, text: str) -> None:
        try:
            field = parse_received_spf(text)
        except HeaderError:
            raise Unusable("the Received-SPF of policyd-spf can't be read", text) from None
        ip = field.client_ip
        if ip is None:
            raise Unusable("the Received-SPF of policyd-spf names no client", text)
        given = field.keys.get("envelope-from", "").strip("<>")
        helo = helo_of(field.keys.get("helo"))
        of_helo = bool(given) and field.keys.get("identity") == "helo"
        sender = sender_of(given) if given else ""
        waiting = self._policies.setdefault((ip, sender), [])
        waiting.append(_Policy(helo, None if of_helo else str(field.result)))
        self._policies.move_to_end((ip, sender))
        self._policies_held += 1
        if self._policies_held > self._most:
            self._give_up_policy()

    def _give_up_policy(self) -> None:
        """Take what policyd-spf said of the oldest client for a message: no line of Postfix tells of it."""
        (ip, sender), waiting = self._policies.popitem(last=False)
        self._policies_held -= len(waiting)
        for helo, reported in waiting:
            try:
                self._found.append(make_sender(ip, sender or null_sender(helo), helo, reported=reported))
            except Unusable as error:
                self._ledger.skip(error.reason, error.example)


# Exim's main log: a line with `<=` for each message that arrived, which tells all that SPF needs.

# 1tF0ab-000123-Ab <= alice@example.com H=mail.example.com (helo.example.com) [192.0.2.1]:4567 P=esmtps …
_ARRIVAL = re.compile(
    r" (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) <= "
    r"(<>|\"(?:[^\"\\]|\\.)*\"@\S+|\S+)(.*)"
)
# The host's name is absent where reverse DNS gave none; the HELO name, where it is the same.
_HOST = re.compile(r" H=(?:([^\s()\[\]]+) ?)?(?:\((.{0,300}?)\) )?\[([0-9A-Fa-f:.]{2,45})\](?:[: ]|$)")
_AUTHENTICATED = re.compile(r" A=\S").search
_LITERAL = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?").fullmatch


def read_arrival(text: str, ledger: Ledger) -> Sender | None:
    """Return the sender that a line with `<=` tells of; None where it came from this host or an own user.

    Raises:
        Unusable: it can't be understood.
    """
    arrival = _ARRIVAL.search(text)
    if arrival is None:
        ledger.aside("lines of logs that tell of no sender")
        return None
    given, rest = arrival.groups()
    if " H=" not in rest:
        ledger.aside("messages that the host itself made")
        return None
    if _AUTHENTICATED(rest):
        ledger.aside("messages that authenticated users submitted")
        return None
    host = _HOST.search(rest)
    if host is None:
        raise Unusable("the client of the message (H=) can't be read", rest.strip())
    name, said, ip = host.groups()
    if said is not None and _LITERAL(said):
        said = said.partition("]")[0] + "]"
    helo = helo_of(said or name)
    sender = make_sender(ip, null_sender(helo) if given == "<>" else sender_of(given), helo)
    if is_internal(sender.ip):
        ledger.aside("messages from addresses of the site itself")
        return None
    return sender


KIND = "log"


def read_log(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each message that a server accepted, once the log has told enough of it."""
    ledger.begin(KIND)
    postfix = Postfix(ledger, bounds)
    for number, line in lines:
        place = f"line {number:,}"
        if line is None:
            ledger.skip(f"the line is longer than {bounds.line:,} octets", None, place)
            continue
        text = line.decode("utf-8", "surrogateescape")
        try:
            if " <= " in text:
                sender = read_arrival(text, ledger)
            elif "postfix" in text or "policyd-spf" in text:
                sender = postfix.read(text, place)
            else:
                sender = None
                ledger.aside("lines of logs that tell of no sender")
        except Unusable as error:
            ledger.skip(error.reason, error.example, place)
            continue
        if sender is not None:
            yield sender
        yield from postfix.take()
    yield from postfix.end()
