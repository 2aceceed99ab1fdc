"""One client of the policy server: its requests are answered one after the other."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spfengine.errors import ArgumentError
from spfengine.receiver.delegation import Client, Delegation
from spfengine.receiver.requests import Attributes, RequestReader, reply

if TYPE_CHECKING:
    from spfengine.policyd.server import Server

_IN_A_ROW = 8
"""Requests that are answered before other clients have their turn."""
MOST_USELESS = 100
"""Requests that ask nothing, such as empty lines, after which a connection is closed. Postfix sends none."""


class Connection(asyncio.Protocol):
    """A client's connection.

    Requests whose verdicts are known are answered at once; for others there is a task. While a client's requests wait,
    at most one piece of what it sends ahead is read, and the rest waits in its own socket. Postfix sends nothing ahead.

    Attributes:
        active_at: when the client last sent something, by the clock of the event loop.
    """

    transport: asyncio.Transport

    def __init__(self, server: "Server", delegation: Delegation) -> None:
        self._server = server
        self._delegation = delegation
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._requests: Iterator[Attributes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent_ahead = b""
        self._useless = 0
        self._may_write = True
        self._has_ended = False
        self._later = False
        self.active_at: float = self._loop.time()

    @property
    def is_busy(self) -> bool:
        """Whether a request of this client is not answered yet."""
        return self._requests is not None

    @property
    def is_checking(self) -> bool:
        """Whether a check runs for this client."""
        return self._task is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take part in the server."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._server.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the signature of asyncio.Protocol
        """Leave the server; nobody waits for the check any more."""
        if self._task is not None:
            self._task.cancel()
        self._requests = None
        self._server.closed(self)

    def pause_writing(self) -> None:
        """Answer no further request until the client has read what was answered."""
        self._may_write = False

    def resume_writing(self) -> None:
        """Go on with the requests that wait."""
        self._may_write = True
        if self._requests is not None and self._task is None and not self._later:
            self._advance()

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are complete now, after those that wait."""
        self.active_at = self._loop.time()
        if self.is_busy:
            self._sent_ahead = data
            self.transport.pause_reading()
            return
        self._requests = self._reader.feed(data)
        self._advance()

    def eof_received(self) -> bool:
        """Keep the connection open as long as requests wait: the client may still read their replies."""
        self._has_ended = True
        return self.is_busy

    def _advance(self) -> None:
        """Answer the requests that were read, some in a row."""
        self._later = False
        for _ in range(_IN_A_ROW):
            if self._requests is None or self.transport.is_closing() or not self._may_write:
                break
            try:
                attributes = next(self._requests, None)
            except ArgumentError as error:
                self.close(f"a client is closed: {error}")
                return
            if attributes is None:
                self._rest()
                return
            self._answer(attributes)
            if self._task is not None:
                break
        else:
            self._advance_later()

    def _advance_later(self) -> None:
        self._later = True
        self._loop.call_soon(self._advance)

    def _rest(self) -> None:
        """Go on with what was sent ahead, or wait for the next request, unless the server stops."""
        self._requests = None
        if self._sent_ahead:
            self._requests = self._reader.feed(self._sent_ahead)
            self._sent_ahead = b""
            self._advance_later()
            self.transport.resume_reading()
        elif self._server.is_stopping or self._has_ended:
            self.transport.close()

    def _answer(self, attributes: Attributes) -> None:
        self._server.metrics.event("request")
        found: Client | str = ""
        try:
            if attributes.get("request") != "smtpd_access_policy":
                self._count_useless()
            found = self._delegation.client_of(attributes)
            action = found if isinstance(found, str) else self._delegation.known(found)
        except Exception as error:  # noqa: BLE001 - whatever one request does, the next is answered
            action = self._server.failed(error)
        if action is not None:
            self.transport.write(reply(action))
        elif isinstance(found, Client):
            self._task = self._loop.create_task(self._check(found))

    def _count_useless(self) -> None:
        self._useless += 1
        if self._useless == MOST_USELESS:
            self.close(f"a client is closed: it has sent {MOST_USELESS} requests that ask nothing")

    async def _check(self, client: Client) -> None:
        try:
            action = await self._delegation.acheck(client)
        except Exception as error:  # noqa: BLE001 - whatever one request does, the next is answered
            action = self._server.failed(error)
        self._task = None
        if not self.transport.is_closing():
            self.transport.write(reply(action))
            self._advance()

    def close(self, why: str = "") -> None:
        """Close the connection, after what is already written."""
        if why:
            self._server.metrics.event("client-closed")
            self._server.log.note(why)
        self._requests = None
        self.transport.close()
