"""Postfix policy delegation: requests read from octets as they come, and replies written.

A request is lines `name=value` and an empty line; a reply is `action=…` and an empty line
(https://www.postfix.org/SMTPD_POLICY_README.html).
"""

from collections.abc import Iterator

from spfengine.errors import ArgumentError

MAX_OCTETS = 1 << 16
"""Octets of the largest request. Postfix's have about 1,000; no line of SMTP may have more than some thousand."""
MAX_ATTRIBUTES = 200
MAX_REPLY = 998
"""Octets of an action: as one line of a message it may have no more (RFC 5322 §2.1.1), and Postfix reads 2,048."""

Attributes = dict[str, str]
"""The attributes of a request by name; of one that stands twice, the first. Octets that are no UTF-8 are surrogates."""


class RequestReader:
    """Makes requests out of octets, in whatever pieces they come."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, octets: bytes) -> Iterator[Attributes]:
        """Yield the requests that are complete now.

        Raises:
            ArgumentError: what comes is no request: a line without "=", or more than a request may have. Nothing more
                can be read then.
        """
        pending = self._pending + octets
        while True:
            if pending[:1] == b"\n":
                request, pending = b"", pending[1:]
            else:
                request, end, rest = pending.partition(b"\n\n")
                if not end:
                    break
                pending = rest
            self._pending = pending
            yield _read(request)
        self._pending = pending
        if len(pending) > MAX_OCTETS:
            raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")


def _read(request: bytes) -> Attributes:
    if len(request) > MAX_OCTETS:
        raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")
    lines = request.split(b"\n") if request else []
    if len(lines) > MAX_ATTRIBUTES:
        raise ArgumentError(f"a request has {len(lines)} attributes; at most {MAX_ATTRIBUTES} are read")
    found: Attributes = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.partition(b"=")
        if not equals:
            raise ArgumentError(f"line {number} of a request has no '='; expected name=value, or an empty line")
        found.setdefault(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))
    return found


def reply(action: str) -> bytes:
    """Return the reply that says an action, which is one line of US-ASCII.

    Raises:
        ArgumentError: it is none, or it is too long.
    """
    if not (action.isascii() and action.isprintable()) or len(action) > MAX_REPLY:
        raise ArgumentError(f"an action is one printable line of at most {MAX_REPLY} octets")
    return f"action={action}\n\n".encode("ascii")
