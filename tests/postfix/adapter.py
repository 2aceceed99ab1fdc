"""An adapter for conformance runs: it sends a message to Postfix over SMTP, as if from the client, and reads it.

For `spfengine conformance --adapter tests.postfix.adapter:check`, with `tests.postfix.daemon` as its --daemon.
"""

import re
import smtplib
import threading
from itertools import count

from spfengine.testing.conformance.answers import from_action
from tests.postfix.daemon import FOLDER
from tests.postfix.smtp import Mailbox, address, message, spf_fields, xtext

_ENHANCED = re.compile(r"([245]\.\d+\.\d+) .*?rejected: ", re.DOTALL)
_EXPLAINS = re.compile(r" explains: (.*)|rejected due to: (.*)\. Please see ", re.DOTALL)

_numbers = count(1)
_lock = threading.Lock()
_mailboxes: list[Mailbox] = []


def check(ip: str, sender: str, helo: str, dns: str) -> tuple[str | None, str] | str | None:
    """Return the result of a client that sends a message, and the explanation in the reply.

    If no client can send the case over SMTP, return None with the reply.
    """
    with smtplib.SMTP("127.0.0.1", 25, "test.invalid", timeout=60) as smtp:
        smtp.command_encoding = "utf-8"
        told_ip = f"ADDR={address(ip)} NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]"
        code, reply = smtp.docmd("XCLIENT", f"{told_ip} HELO={xtext(helo) or '[UNAVAILABLE]'}")
        if code != 220:
            return None, f"XCLIENT: {reply.decode('ascii', 'replace')}"
        try:
            # Not smtplib's mail(), which changes what is not an address.
            code, reply = smtp.docmd("MAIL", f"FROM:<{sender}>" if sender.isascii() else f"FROM:<{sender}> SMTPUTF8")
        except (ValueError, UnicodeError) as error:
            return None, f"MAIL FROM: {error}"
        if code != 250:
            return None, f"MAIL FROM: {reply.decode('ascii', 'replace')}"
        code, reply = smtp.rcpt("box@example.net")
        if code != 250:
            return _refused(code, reply.decode("ascii", "replace"))
        number = next(_numbers)
        smtp.data(message(number))
    with _lock:
        if not _mailboxes:
            _mailboxes.append(Mailbox(FOLDER))
        fields = spf_fields(_mailboxes[0].wait(number))
    return from_action(f"PREPEND {fields[0]}").result if len(fields) == 1 else f"{len(fields)} header fields: {fields}"


def _refused(code: int, reply: str) -> tuple[str | None, str] | str | None:
    match = _ENHANCED.match(reply)
    if match is None:
        return f"{code} {reply}"
    text = reply[match.end() :]
    result = from_action(f"{code} {match[1]} {text}").result
    explained = _EXPLAINS.search(text)
    if result != "fail":
        return result
    return result, "DEFAULT" if explained is None else explained[1] or explained[2]
