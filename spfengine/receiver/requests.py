"""Postfix's policy requests, read from octets, and the replies to them (SMTPD_POLICY_README). No I/O happens here."""

from collections.abc import Iterator

from spfengine.errors import ArgumentError

MAX_OCTETS = 1 << 16
"""Octets of the largest request. Postfix's have about 1,000, since SMTP limits the length of its lines."""
MAX_ATTRIBUTES = 200
MAX_REPLY = 998
"""Octets of an action, as of any line of a message (RFC 5322 §2.1.1); Postfix reads up to 2,048."""

Attributes = dict[str, str]
"""The attributes of a request by name; the first of equal names. Octets that are not UTF-8 are surrogates."""


class RequestReader:
    """Reads requests from octets, in whatever pieces these arrive."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, octets: bytes) -> Iterator[Attributes]:
        """Yield the requests that are complete now; take all of them before the next octets are fed.

        Raises:
            ArgumentError: this is not a request: a line has no "=", or it is too long. Nothing can be read after it.
        """
        pending = self._pending + octets
        at = 0
        while True:
            end = at if pending.startswith(b"\n", at) else pending.find(b"\n\n", at)
            if end < 0:
                break
            request = pending[at:end]
            at = end + 1 if end == at else end + 2
            yield _read(request)
        self._pending = pending[at:]
        if len(self._pending) > MAX_OCTETS:
            raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")


def _read(request: bytes) -> Attributes:
    if len(request) > MAX_OCTETS:
        raise ArgumentError(f"a request is longer than {MAX_OCTETS} octets")
    lines = request.decode("utf-8", "surrogateescape").split("\n") if request else []
    if len(lines) > MAX_ATTRIBUTES:
        raise ArgumentError(f"a request has {len(lines)} attributes; at most {MAX_ATTRIBUTES} are read")
    attributes: Attributes = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.partition("=")
        if not equals:
            raise ArgumentError(f"line {number} of a request has no '='; expected name=value, or an empty line")
        if name not in attributes:
            attributes[name] = value
    return attributes


def reply(action: str) -> bytes:
    """Return the reply with an action, which is one line of US-ASCII.

    Raises:
        ArgumentError: it is not such a line, or too long.
    """
    if not (action.isascii() and action.isprintable()) or len(action) > MAX_REPLY:
        raise ArgumentError(f"an action is one printable line of at most {MAX_REPLY} octets")
    return f"action={action}\n\n".encode("ascii")
