"""Mail logs, line by line. Lines of Postfix, policyd-spf, Exim and other programs may be in one file."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.received_spf import parse_received_spf
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.hops import is_internal
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.values import Unusable, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

KIND = "log"
_NO_SENDER = "log lines that name no sender"
_LOCAL = "messages from the host itself"
_INTERNAL = "messages from internal addresses"
_USERS = "messages submitted by authenticated users"


def read_log(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each message that a server accepted, as soon as it is known."""
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
                ledger.aside(_NO_SENDER)
        except Unusable as error:
            ledger.skip(error.reason, error.example, place)
            continue
        if sender is not None:
            yield sender
        yield from postfix.take()
    yield from postfix.end()


# Postfix's log, in which the lines of a message share its queue id; and policyd-spf's in the same file.

# "postfix/smtpd[1]: ", "postfix-in/submission/smtpd[1]: ", with rsyslog's or journald's prefixes before it.
_LINE = re.compile(r"[\s\]]postfix[\w.-]*/(?:[\w.-]+/)?(\w+)(?:\[\d+\])?: ([0-9A-Za-z]{5,20}): (.*)")
_CLIENT = re.compile(r"client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\](?::\d+)?(.*)")
# Sent by a filter that hands a message back (XFORWARD). If it has a queue id, the message was logged under that before.
_ORIGINAL = re.compile(r", orig_client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\]")
_HAD_QUEUE_ID = re.compile(r", orig_queue_id=(?!NOQUEUE)\w").search
_FROM = re.compile(r"from=<(|\"(?:[^\"\\]|\\.)*\"@[^>]*|[^>]*)>(?:, |$)")
_POLICY = re.compile(r"[\s\]](?:python-)?policyd-spf(?:\[\d+\])?: (?:.{0,200}?[:\s])??Received-SPF: (.*)")


@dataclass(frozen=True, slots=True)
class _Client:
    """The client of a message, before its sender is known.

    Attributes:
        ip: the client's address; None if the message is not of interest, or its sender has been returned already.
        place: the line that names the client.
    """

    ip: str | None
    place: str


@dataclass(frozen=True, slots=True)
class _Policy:
    """What policyd-spf logged of a message: its HELO name and the result."""

    helo: str | None
    reported: str | None


class Postfix:
    """A log, as far as it has been read."""

    def __init__(self, ledger: Ledger, bounds: Bounds) -> None:
        self._ledger = ledger
        self._most = bounds.pending
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._policies: OrderedDict[tuple[str, str], list[_Policy]] = OrderedDict()
        self._policies_held = 0
        self._senders: list[Sender] = []

    def read(self, text: str, place: str) -> Sender | None:
        """Return the sender of a message if this line is the last one needed to know it; otherwise None.

        Raises:
            Unusable: the line can't be understood.
        """
        line = _LINE.search(text)
        if line is None:
            policy = _POLICY.search(text)
            if policy is not None:
                self._read_policy(policy[1])
            else:
                self._ledger.aside(_NO_SENDER)
            return None
        _, queue_id, rest = line.groups()
        if queue_id == "NOQUEUE":
            self._ledger.aside(_NO_SENDER)
        elif rest.startswith("client="):
            self._read_client(queue_id, rest, place)
        elif rest.startswith("from="):
            return self._read_from(queue_id, rest)
        elif rest.startswith("uid="):
            self._keep(queue_id, _Client(None, place))
            self._ledger.aside(_LOCAL)
        else:
            if rest == "removed":
                self._forget(queue_id)
            self._ledger.aside(_NO_SENDER)
        return None

    def take(self) -> list[Sender]:
        """Return the senders that only policyd-spf has logged, since the last call."""
        if not self._senders:
            return []
        senders, self._senders = self._senders, []
        return senders

    def end(self) -> Iterator[Sender]:
        """Yield the remaining senders that only policyd-spf has logged, and count the messages without a sender."""
        while self._policies:
            self._give_up_policy()
        yield from self.take()
        while self._clients:
            self._forget(next(iter(self._clients)))

    def _read_client(self, queue_id: str, text: str, place: str) -> None:
        client = _CLIENT.match(text)
        if client is None:
            raise Unusable("the client of the message (client=) can't be read", text)
        ip, rest = client.groups()
        original = _ORIGINAL.search(rest)
        if original is not None and _HAD_QUEUE_ID(rest) is None:
            ip = original[1]  # a filter before the queue handed it on
        ip = make_sender(ip, "").ip
        why = _USERS if "sasl_username=" in rest else _INTERNAL if is_internal(ip) else None
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
            self._ledger.skip(
                "the log names no sender of a message (no from= with its queue id)", queue_id, client.place
            )

    def _read_from(self, queue_id: str, text: str) -> Sender | None:
        client = self._clients.get(queue_id)
        if client is None:
            raise Unusable("the log names no client of a message (no client= with its queue id before)", queue_id)
        if client.ip is None:
            self._ledger.aside(_NO_SENDER)  # of the host itself, or a repetition: each attempt to deliver logs it again
            return None
        self._clients[queue_id] = replace(client, ip=None)
        match = _FROM.match(text)
        if match is None:
            raise Unusable("the sender of the message (from=) can't be read", text)
        given = match[1]
        sender = sender_of(given) if given else ""
        policy = self._policy_of(client.ip, sender)
        helo = None if policy is None else policy.helo
        reported = None if policy is None else policy.reported
        return make_sender(client.ip, sender or null_sender(helo), helo, reported=reported)

    def _policy_of(self, ip: str, sender: str) -> _Policy | None:
        """Return what policyd-spf logged of this message, which is before the message is queued."""
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
        """Take the senders of the oldest entry of policyd-spf, for which no line of Postfix was found."""
        (ip, sender), waiting = self._policies.popitem(last=False)
        self._policies_held -= len(waiting)
        for policy in waiting:
            try:
                address = sender or null_sender(policy.helo)
                self._senders.append(make_sender(ip, address, policy.helo, reported=policy.reported))
            except Unusable as error:
                self._ledger.skip(error.reason, error.example)


# Exim's main log, in which the line with `<=` of a message has all that SPF needs.

# 1tF0ab-000123-Ab <= alice@example.com H=mail.example.com (helo.example.com) [192.0.2.1]:4567 P=esmtps …
_ARRIVAL = re.compile(
    r" (?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}) <= "
    r"(<>|\"(?:[^\"\\]|\\.)*\"@\S+|\S+)(.*)"
)
# The host's name is missing if reverse DNS has none; the HELO name, if it is the same.
_HOST = re.compile(r" H=(?:([^\s()\[\]]+) ?)?(?:\((.{0,300}?)\) )?\[([0-9A-Fa-f:.]{2,45})\](?:[: ]|$)")
_AUTHENTICATED = re.compile(r" A=\S").search
_LITERAL = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?").fullmatch


def read_arrival(text: str, ledger: Ledger) -> Sender | None:
    """Return the sender in a line with `<=`; None if the message came from this host or one of its users.

    Raises:
        Unusable: the line can't be understood.
    """
    arrival = _ARRIVAL.search(text)
    if arrival is None:
        ledger.aside(_NO_SENDER)
        return None
    given, rest = arrival.groups()
    if " H=" not in rest:
        ledger.aside(_LOCAL)
        return None
    if _AUTHENTICATED(rest):
        ledger.aside(_USERS)
        return None
    host = _HOST.search(rest)
    if host is None:
        raise Unusable("the client of the message (H=) can't be read", rest.strip())
    name, given_helo, ip = host.groups()
    if given_helo is not None and _LITERAL(given_helo):
        given_helo = given_helo.partition("]")[0] + "]"
    helo = helo_of(given_helo or name)
    sender = make_sender(ip, null_sender(helo) if given == "<>" else sender_of(given), helo)
    if is_internal(sender.ip):
        ledger.aside(_INTERNAL)
        return None
    return sender
