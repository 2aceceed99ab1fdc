"""How octets travel to a DNS server and back: one Attempt, over sockets that block or over asyncio.

Both forms are the same steps. Every socket is connected, so that only the server's own datagrams arrive and an
unreachable one is noticed at once, and every socket is closed when its function returns.
"""

import socket
from time import monotonic
from typing import TYPE_CHECKING

from spfengine.resolvers.stub import Attempt, Reply

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_LARGEST = 65535


def exchange(attempt: Attempt) -> Reply:
    """Return the reply to this attempt, or None where none came in time."""
    try:
        with _open(attempt) as sock:
            _wait_until(sock, attempt.until)
            sock.connect(attempt.server.address)
            if attempt.tcp:
                sock.sendall(_framed(attempt))
                size = int.from_bytes(_receive(sock, 2, attempt.until), "big")
                return attempt.accept(_receive(sock, size, attempt.until))
            sock.sendall(attempt.query.to_wire())
            while True:
                _wait_until(sock, attempt.until)
                reply = attempt.accept(sock.recv(_LARGEST))
                if reply is not None:
                    return reply
    except OSError:  # time is up (TimeoutError is one), or there is nobody
        return None


async def aexchange(attempt: Attempt) -> Reply:
    """Return the reply to this attempt, or None where none came in time."""
    import asyncio

    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(attempt.until - monotonic()):
            with _open(attempt) as sock:
                sock.setblocking(False)
                await loop.sock_connect(sock, attempt.server.address)
                if attempt.tcp:
                    await loop.sock_sendall(sock, _framed(attempt))
                    size = int.from_bytes(await _areceive(loop, sock, 2), "big")
                    return attempt.accept(await _areceive(loop, sock, size))
                await loop.sock_sendall(sock, attempt.query.to_wire())
                while True:
                    reply = attempt.accept(await loop.sock_recv(sock, _LARGEST))
                    if reply is not None:
                        return reply
    except OSError:
        return None


def _open(attempt: Attempt) -> socket.socket:
    return socket.socket(attempt.server.family, socket.SOCK_STREAM if attempt.tcp else socket.SOCK_DGRAM)


def _framed(attempt: Attempt) -> bytes:
    wire = attempt.query.to_wire()
    return len(wire).to_bytes(2, "big") + wire


def _wait_until(sock: socket.socket, until: float) -> None:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)


def _receive(sock: socket.socket, size: int, until: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        _wait_until(sock, until)
        part = sock.recv(size - len(parts))
        if not part:
            raise ConnectionError
        parts += part
    return bytes(parts)


async def _areceive(loop: "AbstractEventLoop", sock: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = await loop.sock_recv(sock, size - len(parts))
        if not part:
            raise ConnectionError
        parts += part
    return bytes(parts)
