"""The logs of content filters, rspamd and amavis, in which one line has a message's client and sender."""

import re

from spfengine.evidence.asides import LOCAL, NO_SENDER, REPEATED, USERS, why_aside
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.postfix_log import Postfix
from spfengine.evidence.values import ENCLOSED, UnusableError, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

# rspamd_task_write_log: id: <x@y>, qid: <4AB>, ip: 192.0.2.1, from: <a@b.example>, (default: F (no action): [1.0/15.0]
# [R_SPF_ALLOW(-0.20){+ip4:192.0.2.0/24;},…]), len: …
_WRITE_LOG = "rspamd_task_write_log: "
_QUEUE_ID = re.compile(r", qid: <([0-9A-Za-z]{1,40})>").search
_IP = re.compile(r", ip: \[?([0-9A-Fa-f:.]{2,45})\]?(?:,| )").search
_USER = re.compile(r", user: ([^,\s]+)").search
_SMTP_FROM = re.compile(rf", from: <({ENCLOSED})>").search
_HELO = re.compile(r", helo: <?([^\s,>]+)").search
_SYMBOL = re.compile(r"\bR_SPF_([A-Z]+)\b").search
_SYMBOLS = {
    "ALLOW": "pass", "FAIL": "fail", "SOFTFAIL": "softfail", "NEUTRAL": "neutral", "NA": "none",
    "DNSFAIL": "temperror", "PERMFAIL": "permerror",
}  # fmt: skip

# (01234-05) Passed CLEAN {RelayedInbound}, [192.0.2.1]:4567 [192.0.2.1] <a@b.example> -> <c@d.example>, Queue-ID: 4AB,
_VERDICT = re.compile(
    r"(?:\(!*\))?(?:\([\w-]+\) )?(?:Passed|Blocked) [A-Z][\w-]*(?: \([^)]{0,500}\))?(?: \{[^}]{0,200}\})?,(.*)"
).match
_PASSED = re.compile(
    r"((?: [A-Z][\w-]*(?:/[\w-]+)?)*)(?: \[(?:IPv6:)?([^\]\s]{1,60})\](?::\d+)?)?(?: \[(?:IPv6:)?[^\]\s]{0,60}\])?"
    rf" <({ENCLOSED})> -> "
).match
_AMAVIS_QUEUE_ID = re.compile(r", Queue-ID: ([0-9A-Za-z]{1,40})").search


class Filters:
    """The lines of content filters, next to those of the server that calls them."""

    def __init__(self, found: list[Sender], ledger: Ledger, postfix: Postfix) -> None:
        self._found = found
        self._ledger = ledger
        self._postfix = postfix

    def read_rspamd(self, text: str) -> None:
        """Read a line of rspamd, and put its sender in `found`, unless the server's lines have it.

        Raises:
            UnusableError: the line can't be understood.
        """
        start = text.find(_WRITE_LOG)
        scores = text.find(", (", start)
        if start < 0 or scores < 0:
            self._ledger.aside(NO_SENDER)
            return
        facts = text[start:scores]  # the symbols after it have text of the message
        given = _SMTP_FROM(f"{facts},")
        ip = _IP(f"{facts},")
        if ip is None or given is None:
            self._ledger.aside(LOCAL if ip is None else NO_SENDER)
            return
        symbol = _SYMBOL(text, scores)
        reported = None if symbol is None else _SYMBOLS.get(symbol[1])
        helo = _HELO(facts)
        name = None if helo is None else helo_of(helo[1])
        queue_id = _QUEUE_ID(facts)
        if queue_id is not None and self._postfix.knows(queue_id[1]):
            self._postfix.learn(queue_id[1], name, reported)
            self._ledger.aside(REPEATED)
            return
        if _USER(facts) is not None:
            self._ledger.aside(USERS)
            return
        self._find(ip[1], given[1], name, reported)

    def read_amavis(self, text: str) -> None:
        """Read a line of amavis, and put its sender in `found`, unless the server's lines have it.

        Raises:
            UnusableError: the line can't be understood.
        """
        verdict = _VERDICT(text)
        if verdict is None:
            self._ledger.aside(NO_SENDER)
            return
        passed = _PASSED(verdict[1])
        if passed is None:
            raise UnusableError("the client and the sender of the message can't be read", text)
        banks, ip, given = passed.groups()
        queue_id = _AMAVIS_QUEUE_ID(verdict[1], passed.end())
        if queue_id is not None and self._postfix.knows(queue_id[1]):
            self._ledger.aside(REPEATED)
        elif "ORIGINATING" in banks.split():
            self._ledger.aside(USERS)
        elif ip is None:
            self._ledger.aside(LOCAL)
        else:
            self._find(ip, given, None, None)

    def _find(self, ip: str, given: str, helo: str | None, reported: str | None) -> None:
        ip = make_sender(ip, "").ip
        why = why_aside(ip)
        if why is None:
            address = sender_of(given) if given else null_sender(helo)
            self._found.append(make_sender(ip, address, helo, reported=reported))
        else:
            self._ledger.aside(why)
