"""Exim's main log and reject log, in which one line has all that SPF needs."""

import re

from spfengine.evidence.asides import BEFORE_SENDER, LOCAL, NO_SENDER, USERS, why_aside
from spfengine.evidence.bounces import sender_of_bounce
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.refusals import Refusals
from spfengine.evidence.values import ENCLOSED, UnusableError, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

_ID = r"(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_ADDRESS = r"<>|\"(?:[^\"\\]|\\.)*\"@[^\s>]+|[^\s>]+"
# 1tF0ab-000123-Ab <= alice@example.com H=mail.example.com (helo.example.com) [192.0.2.1]:4567 P=esmtps …
_ARRIVAL = re.compile(rf"(?:^| ){_ID} <= ({_ADDRESS})(.*)").search
# H=mail.example.com (helo.example.com) [192.0.2.1]:4567 F=<alice@example.com> rejected RCPT <bob@example.net>: …
# H=(helo.example.com) [192.0.2.1] temporarily rejected MAIL <alice@example.com>: …
# 1tF0ab-000123-Ab ** bob@example.net F=<alice@example.com> R=dnslookup T=remote_smtp H=mx.example.net [198.51.100.1]: …
_BOUNCE = re.compile(rf"(?:^| ){_ID} \*\* (?:[^\s\"]|\"(?:[^\"\\]|\\.)*\")+ (.*)").search
_GIVEN = re.compile(rf" F=<({ENCLOSED})>").search
_STEP = re.compile(rf"rejected ([A-Za-z]+)(?: <({ENCLOSED})>)?").match
_FARTHEST = 2000  # characters from H= to the word rejected
# The host's name is missing if reverse DNS has none; the HELO name, if it is the same.
_HOST = re.compile(r" H=(?:([^\s()\[\]]+) ?)?(?:\((.{0,300}?)\) )?\[([0-9A-Fa-f:.]{2,45})\](?:[: ]|$)").search
_AUTHENTICATED = re.compile(r" A=\S").search
_LITERAL = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?").fullmatch
_PROCESS = re.compile(r" \[(\d{1,10})\] ").search


class Exim:
    """A log, as far as it has been read."""

    def __init__(self, found: list[Sender], ledger: Ledger, bounds: Bounds) -> None:
        self._found = found
        self._ledger = ledger
        self._refusals = Refusals(found, bounds)

    def read(self, text: str) -> None:
        """Read a line, and put its sender in `found`, unless it is of this host or one of its users.

        Raises:
            UnusableError: the line can't be understood.
        """
        arrival = _ARRIVAL(text)
        if arrival is not None:
            self._read_arrival(*arrival.groups())
            return
        bounce = _BOUNCE(text)
        if bounce is not None:
            self._read_bounce(bounce[1])
            return
        start = text.find(" H=")
        at = text.find(" rejected ", start, start + _FARTHEST) if start >= 0 else -1
        if at < 0:
            self._ledger.aside(NO_SENDER)
        else:
            self._read_refusal(text, start, at)

    def _read_refusal(self, text: str, start: int, at: int) -> None:
        """Read a line with H= at `start` and the word rejected at `at`."""
        step = _STEP(text, at + 1)
        host = _HOST(text, start, at + 1)
        given = None if host is None else _GIVEN(text, host.end() - 1, at)  # not in what the client calls itself
        recipient = (step and step[2]) or ""
        if given is not None:
            sender = given[1]
        elif step is not None and step[1] == "MAIL" and step[2] is not None:
            sender = step[2]
        else:
            self._ledger.aside(BEFORE_SENDER)
            return
        read = self._client(text[start:at], sender)
        if read is not None:
            process = _PROCESS(text, 0, 60)
            for_now = text.endswith(" temporarily", start, at)
            self._refusals.refuse(read, recipient, "" if process is None else process[1], for_now=for_now)

    def _read_bounce(self, text: str) -> None:
        """Read the line of a message of this server that another one refused, if it did so because of SPF."""
        given = _GIVEN(" " + text, 0, _FARTHEST)
        sender = sender_of_bounce(text, given[1] if given is not None else None)
        if sender is None:
            self._ledger.aside(NO_SENDER)
        else:
            self._found.append(sender)

    def _read_arrival(self, given: str, rest: str) -> None:
        if " H=" not in rest:
            self._ledger.aside(LOCAL)
            return
        sender = self._client(rest, "" if given == "<>" else given)
        if sender is not None:
            self._refusals.accept(sender.ip, sender.sender)
            self._found.append(sender)

    def _client(self, text: str, given: str) -> Sender | None:
        """Return the sender with the client in a text; None if it is not of interest."""
        if _AUTHENTICATED(text):
            self._ledger.aside(USERS)
            return None
        host = _HOST(text)
        if host is None:
            raise UnusableError("the client of the message (H=) can't be read", text.strip())
        name, given_helo, ip = host.groups()
        if given_helo is not None and _LITERAL(given_helo):
            given_helo = given_helo.partition("]")[0] + "]"
        helo = helo_of(given_helo or name)
        sender = make_sender(ip, sender_of(given) if given else null_sender(helo), helo)
        why = why_aside(sender.ip)
        if why is None:
            return sender
        self._ledger.aside(why)
        return None

    def end(self) -> None:
        """Find the remaining senders."""
        self._refusals.end()
