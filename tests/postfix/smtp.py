"""What a client sends to Postfix with XCLIENT, and the mailbox."""

import smtplib
import time
from pathlib import Path

PATIENCE = 300.0
"""Seconds after which something that must happen is taken not to happen, however busy the machine is."""


def address(client: str) -> str:
    """Return an address as a value of XCLIENT."""
    return f"IPV6:{client}" if ":" in client else client


def xtext(text: str) -> str:
    """Return a text as a value of XCLIENT (RFC 3461 §4)."""
    octets = text.encode("utf-8", "surrogateescape")
    return "".join([chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}" for octet in octets])


def xclient(smtp: smtplib.SMTP, client: str, helo: str) -> None:
    """Make Postfix take this connection for another client's, and send EHLO."""
    code, reply = smtp.docmd("XCLIENT", f"ADDR={address(client)} NAME=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE]")
    assert code == 220, reply
    smtp.docmd("EHLO", helo)


def message(number: int) -> str:
    """Return a message that a Mailbox finds again."""
    return f"Message-ID: <{number}@test.invalid>\r\nSubject: test\r\n\r\nHello\r\n"


class Mailbox:
    """The messages that Postfix has delivered."""

    def __init__(self, folder: Path) -> None:
        self._new = folder / "mail" / "box" / "new"
        self._seen: set[str] = set()
        self._messages: dict[bytes, bytes] = {}

    def wait(self, number: int) -> bytes:
        """Return a message when it is delivered."""
        end = time.monotonic() + PATIENCE
        message_id = b"<%d@test.invalid>" % number
        while message_id not in self._messages:
            assert time.monotonic() < end, f"message {number} was not delivered"
            time.sleep(0.003)
            for path in self._new.glob("*"):
                if path.name not in self._seen:
                    self._seen.add(path.name)
                    octets = path.read_bytes()
                    self._messages[octets.partition(b"\nMessage-ID: ")[2].partition(b"\n")[0]] = octets
                    path.unlink()
        return self._messages.pop(message_id)


def spf_fields(octets: bytes) -> list[str]:
    """Return the header fields of a message that are about SPF, unchanged."""
    fields: list[str] = []
    for line in octets.decode("utf-8").partition("\n\n")[0].split("\n"):
        if line[:1] in (" ", "\t"):
            fields[-1] += f"\n{line}"
        else:
            fields.append(line)
    return [field for field in fields if field.lower().startswith(("received-spf:", "authentication-results:"))]
