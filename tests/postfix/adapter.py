"""Cases of conformance put to a whole Postfix: a message is sent over SMTP, as if from the client, and looked at.

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
    """Return the result of a client that sends a message, and the explanation that it was told.

    Where no client can say that, it is None with what Postfix answered.
    """
    with smtplib.SMTP("127.0.0.1", 25, "test.invalid", timeout=60) as smtp:
        smtp.command_encoding = "utf-8"
        told_ip = f"ADDR={address(ip)} NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]"
        code, told = smtp.docmd("XCLIENT", f"{told_ip} HELO={xtext(helo) or '[UNAVAILABLE]'}")
        if code != 220:
            return None, f"XCLIENT: {told.decode('ascii', 'replace')}"
        try:
            # The command as it stands: smtplib's mail() makes an address of what is none.
            code, told = smtp.docmd("MAIL", f"FROM:<{sender}>" if sender.isascii() else f"FROM:<{sender}> SMTPUTF8")
        except (ValueError, UnicodeError) as error:
            return None, f"MAIL FROM: {error}"
        if code != 250:
            return None, f"MAIL FROM: {told.decode('ascii', 'replace')}"
        code, told = smtp.rcpt("box@example.net")
        if code != 250:
            return _refused(code, told.decode("ascii", "replace"))
        number = next(_numbers)
        smtp.data(message(number))
    with _lock:
        if not _mailboxes:
            _mailboxes.append(Mailbox(FOLDER))
        fields = spf_fields(_mailboxes[0].wait(number))
    return from_action(f"PREPEND {fields[0]}").result if len(fields) == 1 else f"{len(fields)} header fields: {fields}"


def _refused(code: int, told: str) -> tuple[str | None, str] | str | None:
    match = _ENHANCED.match(told)
    if match is None:
        return f"{code} {told}"
    text = told[match.end() :]
    result = from_action(f"{code} {match[1]} {text}").result
    explained = _EXPLAINS.search(text)
    if result != "fail":
        return result
    return result, "DEFAULT" if explained is None else explained[1] or explained[2]
