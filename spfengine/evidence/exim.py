"""Exim's main log: a line with `<=` for each message that arrived, which tells all that SPF needs."""

import re

from spfengine.evidence.ledger import Ledger
from spfengine.evidence.messages import is_internal
from spfengine.evidence.values import Unusable, helo_of, make_sender, null_sender, sender_of
from spfengine.senders import Sender

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
