"""The logs of sendmail and OpenSMTPD. Their lines of a message share its id, or that of the session."""

import re
from collections import OrderedDict
from typing import TypeVar

from spfengine.evidence.asides import LOCAL, NO_SENDER, REPEATED, USERS, why_aside
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.values import ENCLOSED, UnusableError, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

_Kept = TypeVar("_Kept")

# u73A15x0012345: from=<alice@example.com>, size=1, nrcpts=1, proto=ESMTP, daemon=MTA, relay=x.example [192.0.2.1] (…)
_SENDMAIL = re.compile(r"([0-9A-Za-z]{10,20}): (.*)").match
_SENDMAIL_FROM = re.compile(rf"from=(<(?:{ENCLOSED})>|[^\s,]*),").match
_RELAY = re.compile(r"[^,]*?\[(?:IPv6:)?([^\]\s]{1,60})\]").match
# ruleset=check_mail, arg1=<alice@example.com>, relay=x.example [192.0.2.1], reject=553 5.1.8 …
_CHECK_MAIL = re.compile(rf"ruleset=check_mail, arg1=(<(?:{ENCLOSED})>)").match

# 0a1b2c3d4e5f6a7b smtp connected address=192.0.2.1 host=mail.example.com
# 0a1b2c3d4e5f6a7b smtp envelope evpid=d1cc2b3412345678 from=<alice@example.com> to=<bob@example.net>
# … and since OpenSMTPD 5.9, with event=; before that: smtp-in: Accepted message d1cc2b34 on session 0a1b…: from=<…>, …
_SESSION = re.compile(r"([0-9a-f]{8,20}) smtp (?:event=)?([\w-]+) ?(.*)").match
_NEW_SESSION = re.compile(r"smtp-in: New session ([0-9a-f]{8,20}) from host \S* \[(?:IPv6:)?([^\]\s]{1,60})\]").match
_ACCEPTED = re.compile(r"smtp-in: Accepted message (\w+) on session ([0-9a-f]{8,20}): (.*)").match
_SMTPD_ADDRESS = re.compile(r"(?:^| )address=\[?(?:IPv6:)?([^\s\]]{1,60})").search
_SMTPD_FROM = re.compile(rf"(?:^| )from=<({ENCLOSED})>").search
_SMTPD_MESSAGE = re.compile(r"(?:^| )(?:msgid|evpid)=([0-9a-f]{8})").search
_MAIL_COMMAND = re.compile(rf"command=\"MAIL FROM: ?<({ENCLOSED})>", re.IGNORECASE).search
_HELO_COMMAND = re.compile(r"(?:^| )helo=([^\s]+)").search


class Recent(OrderedDict[str, _Kept]):
    """The values of the ids that occurred last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: _Kept) -> None:
        """Keep a value; forget the oldest, if there are too many."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


class Sendmail:
    """A log of sendmail, as far as it has been read."""

    def __init__(self, found: list[Sender], ledger: Ledger, bounds: Bounds) -> None:
        self._found = found
        self._ledger = ledger
        self._refused: Recent[bool] = Recent(bounds.pending)  # by queue id
        self._users: Recent[bool] = Recent(bounds.pending)  # by process, which serves one connection

    def read(self, text: str, process: str) -> None:
        """Read a line, without what is before its text, and put its sender in `found`.

        Raises:
            UnusableError: the line can't be understood.
        """
        if text.startswith("AUTH=server, "):
            self._users.keep(process, True)
        line = _SENDMAIL(text)
        if line is None:
            self._ledger.aside(NO_SENDER)
            return
        queue_id, rest = line.groups()
        if rest.startswith("AUTH=server, "):
            self._users.keep(process, True)
        given = _SENDMAIL_FROM(rest) or _CHECK_MAIL(rest)
        at = rest.find(", relay=", 0 if given is None else given.end() - 1)
        if given is None or at < 0:
            self._ledger.aside(NO_SENDER)
        elif queue_id in self._refused:
            self._ledger.aside(REPEATED)
        elif process in self._users:
            self._ledger.aside(USERS)
        else:
            if rest.startswith("ruleset="):
                self._refused.keep(queue_id, True)
            self._find(given[1], rest[at + len(", relay=") :])

    def _find(self, given: str, relay: str) -> None:
        client = _RELAY(relay)
        if client is None:  # "relay=root@localhost"
            self._ledger.aside(LOCAL)
            return
        ip = make_sender(client[1], "").ip
        why = why_aside(ip)
        if why is None:
            self._found.append(make_sender(ip, null_sender(None) if given == "<>" else sender_of(given)))
        else:
            self._ledger.aside(why)


class OpenSMTPD:
    """A log of OpenSMTPD, as far as it has been read."""

    def __init__(self, found: list[Sender], ledger: Ledger, bounds: Bounds) -> None:
        self._found = found
        self._ledger = ledger
        self._clients: Recent[str] = Recent(bounds.pending)  # the address of each session
        self._users: Recent[bool] = Recent(bounds.pending)  # sessions
        self._helos: Recent[str] = Recent(bounds.pending)
        self._messages: Recent[bool] = Recent(bounds.pending)  # that have been found

    def read(self, text: str) -> None:
        """Read a line, without what is before its text, and put its sender in `found`.

        Raises:
            UnusableError: the line can't be understood.
        """
        line = _SESSION(text)
        if line is None:
            self._read_old(text)
            return
        session, event, rest = line.groups()
        address = _SMTPD_ADDRESS(rest)
        if address is not None and event in ("connected", "message", "envelope"):
            self._clients.keep(session, address[1])
        if event in ("authentication", "auth") and "result=ok" in rest:
            self._users.keep(session, True)
        helo = _HELO_COMMAND(rest)
        if helo is not None and event in ("connected", "helo", "message", "envelope"):
            self._helos.keep(session, helo[1])
        given = _SMTPD_FROM(rest) if event in ("message", "envelope") else None
        if event == "failed-command":
            given = _MAIL_COMMAND(rest)
        if given is None:
            self._ledger.aside(NO_SENDER)
            return
        message = _SMTPD_MESSAGE(rest)
        self._find(session, f"{session} {message[1] if message is not None else given[1]}", given[1])

    def _read_old(self, text: str) -> None:
        new = _NEW_SESSION(text)
        if new is not None:
            self._clients.keep(*new.groups())
        accepted = _ACCEPTED(text)
        given = None if accepted is None else _SMTPD_FROM(accepted[3])
        if accepted is None or given is None:
            self._ledger.aside(NO_SENDER)
        else:
            self._find(accepted[2], f"{accepted[2]} {accepted[1]}", given[1])

    def _find(self, session: str, message: str, given: str) -> None:
        """Find the sender of a message, if it has not been found yet."""
        if message in self._messages:
            self._ledger.aside(REPEATED)  # a line for another recipient
            return
        client = self._clients.get(session)
        if client is None:
            raise UnusableError("the log names no client of a message (no address= of its session before)", session)
        self._messages.keep(message, True)
        if client == "local":
            self._ledger.aside(LOCAL)
            return
        if session in self._users:
            self._ledger.aside(USERS)
            return
        ip = make_sender(client, "").ip
        why = why_aside(ip)
        if why is None:
            helo = helo_of(self._helos.get(session))
            self._found.append(make_sender(ip, sender_of(given) if given else null_sender(helo), helo))
        else:
            self._ledger.aside(why)
