"""Sockets that systemd hands over (sd_listen_fds(3)), and the state of the service, reported to it (sd_notify(3))."""

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress

_FIRST = 3
METRICS = "metrics"
"""The FileDescriptorName= of the socket at which metrics are asked for."""


def handed_over(environ: MutableMapping[str, str] = os.environ) -> list[tuple[str, socket.socket]]:
    """Return the listening sockets that systemd has opened for this process, with their names.

    The variables are removed, so that no child takes them for its own.
    """
    pid, count, names = [environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")]
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    named = names.split(":")
    return [
        (named[index] if index < len(named) else "", _inherited(_FIRST + index)) for index in range(int(count))
    ]  # fmt: skip


def _inherited(descriptor: int) -> socket.socket:
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor)


def notify(state: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Tell systemd the state of the service, such as "READY=1", if it wants to know."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + address[1:] if address.startswith("@") else address)
        sock.sendall(state.encode("ascii"))
