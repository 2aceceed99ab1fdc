"""Postfix's log, in which the lines of a message share its queue id; and those of SPF policy servers next to it."""

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from urllib.parse import unquote

from spfengine.errors import HeaderError
from spfengine.evaluation.headers.received_spf import parse_received_spf
from spfengine.evidence.asides import BEFORE_SENDER, LOCAL, NO_SENDER, REPEATED, USERS, why_aside
from spfengine.evidence.bounces import sender_of_bounce
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.refusals import Refusals
from spfengine.evidence.values import ENCLOSED, UnusableError, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

_QUEUED = re.compile(r"([0-9A-Za-z]{5,20}): (.*)").match
_CLIENT = re.compile(r"client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\](?::\d+)?(.*)")
# Sent by a filter that hands a message back (XFORWARD). If it has a queue id, the message was logged under that before.
_ORIGINAL = re.compile(r", orig_client=(?:[^\s\[\],]*)\[(?:IPv6:)?([^\]\s]{1,60})\]")
_HAD_QUEUE_ID = re.compile(r", orig_queue_id=(?!NOQUEUE)\w").search
_FROM = re.compile(rf"from=<(|{ENCLOSED})>(?:, |$)")
# "reject: RCPT from mail.example.com[192.0.2.1]: 550 5.7.23 …; from=<a@b> to=<c@d> proto=ESMTP helo=<x>"; postscreen
# has the port after the address, and commas. A warning or a filter does not refuse the message.
_REFUSALS = ("reject: ", "milter-reject: ", "discard: ", "milter-discard: ")
_REFUSED_CLIENT = re.compile(
    r"(?:milter-)?(?:reject|discard): ([A-Z-]{4,20}) from [^\s\[\]]*\[(?:IPv6:)?([^\]\s]{1,60})\](?::\d+)?: (\d?)"
)
_ENVELOPE = re.compile(
    rf"; from=<(|{ENCLOSED})>,?(?: to=<({ENCLOSED})>,?)?"
    r"(?: proto=\w+,?)?(?: helo=<([^>]*)>)?((?: sasl_\w+=\S*)*(?:: [^<>]*)?)$"
)
_MOST_TRIED = 10  # places where the envelope may begin
_SPF_FAIL = re.compile(r": 5\d\d 5\.7\.23 ").search  # RFC 7372 §3.2
_WHOLE_MESSAGE = ("END-OF-MESSAGE", "DATA", "BDAT")  # after these no line with from= follows

_RECEIVED_SPF = re.compile(r"(?:.{0,200}?[:\s=])??Received-SPF: (.*)").match
# "…/Why?s=mfrom;id=alice%40example.com;ip=192.0.2.1;r=mx", in the reply to a message that is refused
_WHY = re.compile(r"[?;]s=(mfrom|helo);id=([^;\s]{1,600});ip=([^;\s]{1,60})").search


@dataclass(frozen=True, slots=True)
class _Client:
    """The client of a message, before its sender is known.

    Attributes:
        ip: the client's address; None if the message is not of interest, or its sender has been returned already.
        place: the line that names the client.
        helo, reported: what a filter has logged about the message, or None.
        sender: the sender, once a line has named it; None before.
        bounced: whether the sender of a bounce of the message has been returned.
    """

    ip: str | None
    place: str
    helo: str | None = None
    reported: str | None = None
    sender: str | None = None
    bounced: bool = False


@dataclass(frozen=True, slots=True)
class _Policy:
    """What a policy server logged of a message: its HELO name and the result."""

    helo: str | None
    reported: str | None


class Postfix:
    """A log, as far as it has been read."""

    def __init__(self, found: list[Sender], ledger: Ledger, bounds: Bounds) -> None:
        self._found = found
        self._ledger = ledger
        self._most = bounds.pending
        self._refusals = Refusals(found, bounds)
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._policies: OrderedDict[tuple[str, str], list[_Policy]] = OrderedDict()
        self._policies_held = 0

    def read(self, text: str, process: str, place: str) -> None:
        """Read a line of Postfix, without what is before its text; put the sender, once it is known, in `found`.

        Args:
            process: the id of the process.
            place: of the line.

        Raises:
            UnusableError: the line can't be understood.
        """
        line = _QUEUED(text)
        if line is None:
            self._ledger.aside(NO_SENDER)
            return
        queue_id, rest = line.groups()
        if rest.startswith(_REFUSALS):
            self._read_refusal(queue_id, rest, process)
        elif queue_id == "NOQUEUE":
            self._ledger.aside(NO_SENDER)
        elif rest.startswith("client="):
            self._read_client(queue_id, rest, place)
        elif rest.startswith("from="):
            self._read_from(queue_id, rest)
        elif rest.startswith("uid="):
            self._keep(queue_id, _Client(None, place))
            self._ledger.aside(LOCAL)
        elif rest.find(", status=bounced (") >= 0:
            self._read_bounce(queue_id, rest)
        else:
            if rest == "removed":
                self._forget(queue_id)
            self._ledger.aside(NO_SENDER)

    def knows(self, queue_id: str) -> bool:
        """Whether the log has the client of this message."""
        return queue_id in self._clients

    def learn(self, queue_id: str, helo: str | None, reported: str | None) -> None:
        """Take what a filter logged about a message whose client is known."""
        self._clients[queue_id] = replace(self._clients[queue_id], helo=helo, reported=reported)

    def end(self) -> None:
        """Find the remaining senders, and count the messages without a sender."""
        while self._policies:
            self._give_up_policy()
        self._refusals.end()
        while self._clients:
            self._forget(next(iter(self._clients)))

    def _read_client(self, queue_id: str, text: str, place: str) -> None:
        client = _CLIENT.match(text)
        if client is None:
            raise UnusableError("the client of the message (client=) can't be read", text)
        ip, rest = client.groups()
        original = _ORIGINAL.search(rest)
        if original is not None and _HAD_QUEUE_ID(rest) is None:
            ip = original[1]  # a filter before the queue handed it on
        ip = make_sender(ip, "").ip
        why = USERS if "sasl_username=" in rest else why_aside(ip)
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

    def _read_from(self, queue_id: str, text: str) -> None:
        client = self._clients.get(queue_id)
        if client is None:
            raise UnusableError("the log names no client of a message (no client= with its queue id before)", queue_id)
        match = _FROM.match(text)
        if match is not None:
            client = self._clients[queue_id] = replace(client, sender=match[1])
        if client.ip is None:
            self._ledger.aside(NO_SENDER)  # of the host itself, or a repetition: each attempt to deliver logs it again
            return
        self._clients[queue_id] = replace(client, ip=None)
        if match is None:
            raise UnusableError("the sender of the message (from=) can't be read", text)
        sender = self._sender(client.ip, match[1], client.helo, client.reported)
        self._refusals.accept(sender.ip, sender.sender)
        self._found.append(sender)

    def _sender(self, ip: str, given: str, helo: str | None, reported: str | None) -> Sender:
        """Return the sender of a message, with what a policy server has logged about it."""
        sender = sender_of(given) if given else ""
        policy = self._policy_of(ip, sender)
        if policy is not None:
            helo, reported = helo or policy.helo, policy.reported or reported
        return make_sender(ip, sender or null_sender(helo), helo, reported=reported)

    def _read_bounce(self, queue_id: str, text: str) -> None:
        """Read the line of a message of this server that another one refused, if it did so because of SPF."""
        client = self._clients.get(queue_id)
        if client is not None and client.bounced:
            self._ledger.aside(REPEATED)  # for another recipient
            return
        sender = sender_of_bounce(text[text.index("status=bounced (") :], None if client is None else client.sender)
        if sender is None:
            self._ledger.aside(NO_SENDER)
            return
        if client is not None:
            self._clients[queue_id] = replace(client, bounced=True)
        self._found.append(sender)

    # Messages that were refused

    def _read_refusal(self, queue_id: str, text: str, process: str) -> None:
        envelope = _envelope(text)
        if envelope is None:
            self._ledger.aside(BEFORE_SENDER)
            return
        given, recipient, helo, more = envelope.groups()
        refused = _REFUSED_CLIENT.match(text)
        client = self._clients.get(queue_id)
        if client is not None:
            if client.ip is None or (refused is not None and refused[1] not in _WHOLE_MESSAGE):
                self._ledger.aside(REPEATED)  # only this recipient is refused
                return
            self._clients[queue_id] = replace(client, ip=None)
            ip, digit = client.ip, "5"
        elif refused is not None:
            ip, digit = make_sender(refused[2], "").ip, refused[3]
        else:
            raise UnusableError("the client of a refused message can't be read", text)
        why = USERS if "sasl_username=" in more else why_aside(ip)
        if why is not None:
            self._ledger.aside(why)
            return
        reported = "fail" if _SPF_FAIL(text, 0, envelope.start()) is not None else None
        sender = self._sender(ip, given, helo_of(helo), reported)
        self._refusals.refuse(sender, recipient or "", process, for_now=digit == "4")

    # Policy servers

    def _policy_of(self, ip: str, sender: str) -> _Policy | None:
        """Return what a policy server logged of this message, which is before the message is queued."""
        waiting = self._policies.get((ip, sender))
        if not waiting:
            return None
        policy = waiting.pop(0)
        self._policies_held -= 1
        if not waiting:
            del self._policies[ip, sender]
        return policy

    def read_policy(self, text: str) -> None:
        """Read a line of a policy server, without what is before its text.

        Raises:
            UnusableError: the line can't be understood.
        """
        field = _RECEIVED_SPF(text)
        if field is not None:
            self._read_received_spf(field[1])
            return
        why = _WHY(text)
        if why is None:
            self._ledger.aside(NO_SENDER)
            return
        identity, given, ip = why.groups()
        given = unquote(given, errors="surrogateescape")
        if identity == "mfrom":
            self._hold(make_sender(ip, "").ip, sender_of(given), _Policy(None, "fail"))
        else:
            self._ledger.aside(NO_SENDER)  # Postfix's own line has the sender as well

    def _read_received_spf(self, text: str) -> None:
        try:
            field = parse_received_spf(text)
        except HeaderError:
            raise UnusableError("the Received-SPF of policyd-spf can't be read", text) from None
        ip = field.client_ip
        if ip is None:
            raise UnusableError("the Received-SPF of policyd-spf names no client", text)
        given = field.keys.get("envelope-from", "").strip("<>")
        helo = helo_of(field.keys.get("helo"))
        of_helo = bool(given) and field.keys.get("identity") == "helo"
        self._hold(ip, sender_of(given) if given else "", _Policy(helo, None if of_helo else str(field.result)))

    def _hold(self, ip: str, sender: str, policy: _Policy) -> None:
        self._policies.setdefault((ip, sender), []).append(policy)
        self._policies.move_to_end((ip, sender))
        self._policies_held += 1
        if self._policies_held > self._most:
            self._give_up_policy()

    def _give_up_policy(self) -> None:
        """Find the senders of the oldest entry of a policy server, for which no line of Postfix was found."""
        (ip, sender), waiting = self._policies.popitem(last=False)
        self._policies_held -= len(waiting)
        for policy in waiting:
            try:
                address = sender or null_sender(policy.helo)
                self._found.append(make_sender(ip, address, policy.helo, reported=policy.reported))
            except UnusableError as error:
                self._ledger.skip(error.reason, error.example)


def _envelope(text: str) -> re.Match[str] | None:
    """Return what the client gave before it was refused: it is at the end, and may also be quoted in the reply."""
    at = -1
    for _ in range(_MOST_TRIED):
        at = text.find("; from=<", at + 1)
        envelope = _ENVELOPE.match(text, at) if at >= 0 else None
        if at < 0 or envelope is not None:
            return envelope
    return None
