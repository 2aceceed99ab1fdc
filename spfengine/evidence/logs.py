"""Mail logs, line by line. Lines of several programs may be in one file, each after the same or another prefix.

The program decides how a line is read. It is the first word before a colon: what comes after that, a client may have
written, and so it can't make a line look like one of another program.
"""

import json
import re
from collections.abc import Iterable, Iterator

from spfengine.evidence.asides import NO_SENDER
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.daemon_logs import OpenSMTPD, Sendmail
from spfengine.evidence.exim_log import Exim
from spfengine.evidence.filter_logs import Filters
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.postfix_log import Postfix
from spfengine.evidence.values import UnusableError
from spfengine.senders import Sender

KIND = "log"

# "postfix/smtpd[21]: ", "postfix-in/submission/smtpd[21]: ", "exim4[21]: ", after a time, a host, and what journalctl,
# rsyslog, docker compose or grep have put before these.
_PROGRAM = re.compile(r"(?:^|[\s|>\]:])([A-Za-z_][\w./@+-]{0,60})(?:\[(\d{1,10})\])?: ").search
# The form that most logs have, since this is faster: "Aug  3 10:15:01 mx postfix/smtpd[21]: ".
_USUAL = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+Z-]{8,30}) [\w.-]+ "
    r"([A-Za-z_][\w./@+-]{0,60})\[(\d{1,10})\]: "
).match
# Without all that, as journalctl -o cat writes a line: at its very start, which no client can have written.
_BARE = re.compile(
    r"(?P<sendmail>\w{10,20}: (?:from=\S{0,600}, size=\d+, class=|ruleset=))"
    r"|(?P<postfix>(?:NOQUEUE|[0-9A-Za-z]{6,20}): (?:client=|uid=|to=<|from=<|removed$|(?:milter-)?reject: "
    r"|(?:milter-)?discard: ))"
    r"|(?P<policyd>(?:[Pp]repend )?Received-SPF: )"
    r"|(?P<amavis>\(\d{1,8}-[\w-]{1,8}\) (?:Passed|Blocked) )"
    r"|(?P<smtpd>[0-9a-f]{16} smtp )"
).match
_FARTHEST = 500  # characters before the program
_LONGEST_HEADER = 4000  # characters of the header of RFC 5424, with its structured data
# RFC 5424 §6: "<22>1 2026-08-03T10:15:01Z mx postfix/smtpd 21 - - ": the program has no colon.
_STRUCTURED = re.compile(
    r"(?:^|[\s|>:])1 \d{4}-\d\d-\d\d[T ]\S{8,30} \S{1,255} (\S{1,48}) (\S{1,128}) \S{1,32} "
    r"(?:-|(?:\[(?:[^\]\"\\]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (?:\ufeff)?|$)"
).search
_POLICY_SERVERS = ("policyd", "policyd-spf", "policy-spf", "policyd-spf-perl", "policyd-spf-python", "policyspf")
_SENDMAILS = ("sendmail", "sm-mta", "sm-acceptingconnections", "sm-msp-queue", "sendmail-mta")


def read_log(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each message that a server accepted or refused, as soon as it is known."""
    ledger.begin(KIND)
    log = _Log(ledger, bounds)
    found = log.found
    for number, line in lines:
        place = f"line {number:,}"
        if line is None:
            ledger.skip(f"the line is longer than {bounds.line:,} octets", None, place)
            continue
        try:
            log.read(line.decode("utf-8", "surrogateescape"), place)
        except UnusableError as error:
            ledger.skip(error.reason, error.example, place)
        if found:
            yield from found
            found.clear()
    log.end()
    yield from found


class _Log:
    """A log, as far as it has been read.

    Attributes:
        found: the senders that have become known; the caller empties it.
    """

    def __init__(self, ledger: Ledger, bounds: Bounds) -> None:
        self.found: list[Sender] = []
        self._ledger = ledger
        self._postfix = Postfix(self.found, ledger, bounds)
        self._exim = Exim(self.found, ledger, bounds)
        self._filters = Filters(self.found, ledger, self._postfix)
        self._sendmail = Sendmail(self.found, ledger, bounds)
        self._opensmtpd = OpenSMTPD(self.found, ledger, bounds)

    def read(self, text: str, place: str) -> None:
        """Read a line. Raises UnusableError."""
        if text[:1] == "{":
            text = _of_json(text)
        name, process, start = _program(text)
        if start < 0 or text.find(" H=", 0, start) >= 0:  # Exim's own log has no program
            self._exim.read(text)
        else:
            self._read_of(name, process, text, start, place)

    def _read_of(self, name: str, process: str, text: str, start: int, place: str) -> None:
        """Read a line of a program, whose text begins at `start`."""
        last = name.rpartition("/")[2]
        if last in _POLICY_SERVERS or last.endswith("policyd-spf"):
            self._postfix.read_policy(text[start:])
        elif name.startswith("postfix"):
            self._postfix.read(text[start:], process, place)
        elif name.startswith("rspamd"):
            self._filters.read_rspamd(text)
        elif name.startswith("amavis"):
            self._filters.read_amavis(text[start:])
        elif name in ("smtpd", "opensmtpd"):
            self._opensmtpd.read(text[start:])
        elif name in _SENDMAILS:
            self._sendmail.read(text[start:], process)
        elif name.startswith("exim"):
            self._exim.read(text)
        else:
            self._ledger.aside(NO_SENDER)

    def end(self) -> None:
        """Find the remaining senders."""
        self._postfix.end()
        self._exim.end()


def _program(text: str) -> tuple[str, str, int]:
    """Return the name of the program that wrote a line, the id of its process, and where its text begins; -1: none."""
    usual = _USUAL(text)
    if usual is not None:
        return usual[1], usual[2], usual.end()
    bare = _BARE(text)
    if bare is not None:
        return bare.lastgroup or "", "", 0
    if text.find("1 2", 0, _FARTHEST) >= 0:
        structured = _STRUCTURED(text, 0, _LONGEST_HEADER)
        if structured is not None and structured.start() < _FARTHEST:
            return structured[1], structured[2], structured.end()
    end = text.find(" <= ", 0, _FARTHEST)  # in Exim's own log, there is no program before it
    program = _PROGRAM(text, 0, _FARTHEST if end < 0 else end)
    return ("", "", -1) if program is None else (program[1], program[2] or "", program.end())


def _of_json(line: str) -> str:
    """Return the text of a line of journalctl -o json, or of a log file of Docker; the line itself if it is neither."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(entry, dict):
        return line
    message = entry.get("MESSAGE", entry.get("log"))
    program = entry.get("SYSLOG_IDENTIFIER", "")
    if not isinstance(message, str) or not isinstance(program, str):
        return line
    process = entry.get("SYSLOG_PID", entry.get("_PID"))
    number = f"[{process}]" if isinstance(process, str) and process.isdecimal() else ""
    return f"{program}{number}: {message}" if program else message
