"""Exchange's protocol log of SMTP Receive: what a client sent, line by line, in a table whose rows share a session."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spfengine.evidence.asides import NO_SENDER, USERS, why_aside
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.columns import simple
from spfengine.evidence.daemon_logs import Recent
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.values import ENCLOSED, UnusableError, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

KIND = "log"

_COLUMNS = ("sessionid", "remoteendpoint", "event", "data", "context")
_RECEIVED = "<"  # of the events: what the client sent; what the server sent is ">", and what it notes "*"
_HEADING = re.compile(r"#Fields: ?", re.IGNORECASE)
_ENDPOINT = re.compile(r"\[?([0-9A-Fa-f:.]{2,45}?)\]?:\d{1,5}").fullmatch
_HELO = re.compile(r"(?:EHLO|HELO)\s+(\S+)\s*", re.IGNORECASE).fullmatch
_MAIL = re.compile(rf"MAIL FROM:\s*<({ENCLOSED})>", re.IGNORECASE).match


def is_protocol_log(line: str) -> bool:
    """Whether this line names the columns of such a log."""
    return _HEADING.match(line) is not None and set(_COLUMNS) <= set(_named(line))


def _named(line: str) -> list[str]:
    return [simple(name) for name in _HEADING.sub("", line, count=1).split(",")]


def read_protocol_log(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each message that a client offered."""
    ledger.begin(KIND)
    log = _Log(ledger, bounds)
    for number, line in lines:
        place = f"line {number:,}"
        if line is None:
            ledger.skip(f"the line is longer than {bounds.line:,} octets", None, place)
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        try:
            sender = log.read(text)
        except UnusableError as error:
            ledger.skip(error.reason, error.example, place)
            continue
        if sender is not None:
            yield sender


@dataclass(slots=True)
class _Session:
    """A connection, as far as the log has been read."""

    helo: str | None = None
    is_user: bool = False


class _Log:
    """A log, as far as it has been read."""

    def __init__(self, ledger: Ledger, bounds: Bounds) -> None:
        self._ledger = ledger
        self._sessions: Recent[_Session] = Recent(bounds.pending)
        self._places: dict[str, int] = {}

    def read(self, text: str) -> Sender | None:
        """Return the sender that a line names; None if it names none. Raises UnusableError."""
        if not text or text[0] == "#":
            if is_protocol_log(text):  # each file, and each day, names them anew
                self._places = {name: at for at, name in enumerate(_named(text)) if name in _COLUMNS}
            return None
        try:
            cells = next(csv.reader([text], strict=True), [])
            session_id, endpoint, event, data, context = (cells[self._places[name]] for name in _COLUMNS)
        except (csv.Error, IndexError, KeyError):
            raise UnusableError("the row does not have the cells that its heading names", text) from None
        session = self._sessions.get(session_id)
        if session is None:
            session = _Session()
            self._sessions.keep(session_id, session)
        if context == "authenticated":
            session.is_user = True
        given = _MAIL(data) if event == _RECEIVED else None
        if given is not None:
            return self._sender(session, endpoint, given[1])
        helo = _HELO(data) if event == _RECEIVED else None
        if helo is not None:
            session.helo = helo[1]
        self._ledger.aside(NO_SENDER)
        return None

    def _sender(self, session: _Session, endpoint: str, given: str) -> Sender | None:
        """Return the sender of a message that a client offers; None if it is not of interest."""
        match = _ENDPOINT(endpoint)
        if match is None:
            raise UnusableError("the client of the message (remote-endpoint) can't be read", endpoint)
        helo = helo_of(session.helo)
        sender = make_sender(match[1], sender_of(given) if given else null_sender(helo), helo)
        why = USERS if session.is_user else why_aside(sender.ip)
        if why is None:
            return sender
        self._ledger.aside(why)
        return None
