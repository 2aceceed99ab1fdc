"""UDP in an event loop: each query goes out over a socket that no other query is using.

To open a socket and to register it with the loop takes longer than to read a reply. So while other queries are in
flight, a socket is used again, a few times and for a second at most: an attacker has no time to find its port, which is
chosen at random and has to be guessed together with the number of the query (RFC 5452 §9.2). As soon as nothing is in
flight, no socket is open.
"""

import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Reply, Unreachable, Unsent

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

MAX_MESSAGE = 65535
"""Octets of the largest message."""
MAX_DATAGRAMS = 100
"""Datagrams read for one query: a bound on the work that a flood of datagrams which are not the reply can cause."""
MAX_USES = 16
"""Queries for which a socket is used, one after the other."""
MAX_SECONDS = 1.0
"""Seconds for which a socket is used again."""


class Datagrams:
    """The sockets of one event loop.

    Attributes:
        in_flight: how many queries wait for their replies.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self._idle: dict[Server, list[_Socket]] = {}

    @property
    def open(self) -> int:
        """How many sockets are open."""
        return self.in_flight + sum(map(len, self._idle.values()))

    async def exchange(self, attempt: Attempt, loop: "AbstractEventLoop") -> Reply:
        """Return the reply to this attempt, None if none came in time, or why it could not be sent.

        Raises:
            NotImplementedError: the event loop can't watch sockets.
        """
        self.in_flight += 1
        used: _Socket | None = None
        try:
            used = self._socket(attempt.server, loop)
            return await used.exchange(attempt, loop)
        except _NoSocketError:
            return Unsent()
        except OSError as error:
            if used is not None:
                used.uses = MAX_USES
            return Unreachable(reason(error))
        finally:
            self.in_flight -= 1
            if used is not None:
                self._put_back(used)

    def _socket(self, server: Server, loop: "AbstractEventLoop") -> "_Socket":
        """Return a socket that no query is using. Raise OSError if the server can't be reached."""
        idle = self._idle.get(server)
        while idle:
            found = idle.pop()
            if found.is_fresh:
                return found
            found.close()
        return _Socket(server, loop)

    def _put_back(self, used: "_Socket") -> None:
        if used.is_fresh and self.in_flight:
            self._idle.setdefault(used.server, []).append(used)
        else:
            used.close()
        if not self.in_flight:
            for idle in self._idle.values():
                while idle:
                    idle.pop().close()


_OF_LOOPS: "WeakKeyDictionary[AbstractEventLoop, Datagrams]" = WeakKeyDictionary()


def datagrams_in(loop: "AbstractEventLoop") -> Datagrams:
    """Return the sockets of an event loop."""
    found = _OF_LOOPS.get(loop)
    if found is None:
        found = _OF_LOOPS[loop] = Datagrams()
    return found


def open_socket(server: Server, kind: socket.SocketKind) -> socket.socket | None:
    """Return a new socket, or None if there are no file descriptors left, or this machine has no IPv6."""
    try:
        return socket.socket(server.family, kind)
    except OSError:
        return None


def reason(error: OSError) -> str:
    """Return why a server can't be reached, in the system's words."""
    return error.strerror or "it closed the connection"


class _NoSocketError(Exception):
    """No socket could be opened."""


class _Socket:
    """A UDP socket connected to a server, and the query that is using it.

    Attributes:
        server: the server.
        uses: for how many queries it was used.
    """

    __slots__ = ("_accept", "_loop", "_opened", "_replied", "_sock", "_unread", "server", "uses")

    def __init__(self, server: Server, loop: "AbstractEventLoop") -> None:
        """Open a socket. Raise OSError if the server can't be reached, and _NoSocketError if there is no socket."""
        sock = open_socket(server, socket.SOCK_DGRAM)
        if sock is None:
            raise _NoSocketError
        try:
            sock.setblocking(False)
            sock.connect(server.address)  # which does not wait with UDP
            loop.add_reader(sock.fileno(), self._read)
        except BaseException:
            sock.close()
            raise
        self.server = server
        self.uses = 0
        self._opened = monotonic()
        self._sock = sock
        self._loop = loop
        self._accept: Callable[[bytes], Reply] | None = None
        self._replied: Future[Reply] | None = None
        self._unread = 0

    @property
    def is_fresh(self) -> bool:
        """Whether it may be used for another query."""
        return self.uses < MAX_USES and monotonic() - self._opened < MAX_SECONDS

    async def exchange(self, attempt: Attempt, loop: "AbstractEventLoop") -> Reply:
        """Return the reply to an attempt; None if none came in time. Raise OSError if the server can't be reached."""
        self.uses += 1
        self._sock.send(attempt.query.wire)  # which does not wait either
        self._accept = attempt.accept
        self._unread = MAX_DATAGRAMS
        self._replied = loop.create_future()
        timer = loop.call_later(attempt.until - monotonic(), self._end, None)
        try:
            return await self._replied
        finally:
            timer.cancel()
            self._accept = self._replied = None

    def close(self) -> None:
        """Close it."""
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _read(self) -> None:
        """Read one datagram; the loop handles other events before the next one."""
        try:
            wire = self._sock.recv(MAX_MESSAGE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.uses = MAX_USES
            if self._replied is not None and not self._replied.done():
                self._replied.set_exception(error)
            return
        if self._accept is None:
            return  # the reply to an earlier query, too late
        reply = self._accept(wire)
        self._unread -= 1
        if reply is not None or not self._unread:
            self._end(reply)

    def _end(self, reply: Reply) -> None:
        if self._replied is not None and not self._replied.done():
            self._replied.set_result(reply)
