"""Listening sockets of the server."""

import os
import socket
import stat

from spfengine.wording import endpoint_text

_BACKLOG = 512


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at an address and port, or at a path (port None).

    Raises:
        OSError: it can't.
    """
    family = socket.AF_UNIX if port is None else socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port is None:
            _remove_stale(host)
            listening.bind(host)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _remove_stale(path: str) -> None:
    """Remove a socket at which nobody listens any more."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)


def place_of(listening: socket.socket) -> str:
    """Return where a socket listens, as `--listen` takes it."""
    name = listening.getsockname()
    return endpoint_text(name, None) if isinstance(name, str) else endpoint_text(*name[:2])
