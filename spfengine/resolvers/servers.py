"""The servers of a stub resolver, and which of them were silent or answered lately."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any

_SILENT_SECONDS = 60.0
"""How long a server is asked after the others, once it has left a query unanswered."""


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server, as the `socket` module takes it.

    Attributes:
        family: the socket family.
        address: the socket address.
    """

    family: int
    address: tuple[Any, ...]


class ServerHealth:
    """Decides which servers are asked first: those that are not silent, in the order in which they were given.

    A server is silent for a minute after a query that it left unanswered, or until it answers one. It stays what it was
    if it answered another query meanwhile: then the name is slow, and not the server; anyone can publish such a name.
    After the minute, one question tries the server again in its place, and the others do not wait for that.

    What is remembered are two times for each server. Safe to share between threads.

    Attributes:
        clock: a monotonic clock, in seconds.
    """

    __slots__ = ("_answered", "_lock", "_report", "_servers", "_silent_until", "_unreachable", "clock")

    def __init__(
        self,
        servers: Sequence[Server],
        clock: Callable[[], float] = monotonic,
        report: Callable[[Server, str], None] | None = None,
    ) -> None:
        self._report = report
        self._unreachable: set[Server] = set()
        self._servers = tuple(servers)
        self.clock = clock
        self._lock = Lock()
        self._silent_until: dict[Server, float] = {}
        self._answered: dict[Server, float] = {}

    def order(self) -> tuple[list[Server], list[Server]]:
        """Return the servers to ask first, and the silent ones, to be asked after them, last answered first."""
        now = self.clock()
        first: list[Server] = []
        silent: list[Server] = []
        with self._lock:
            for server in self._servers:
                until = self._silent_until.get(server)
                if until is None:
                    first.append(server)
                elif until <= now:
                    self._silent_until[server] = now + _SILENT_SECONDS  # for all but this question, which tries it
                    first.append(server)
                else:
                    silent.append(server)
            silent.sort(key=lambda server: self._answered.get(server, float("-inf")), reverse=True)
        return first, silent

    def answered(self, server: Server) -> None:
        """Note that a server has sent a reply, whatever it says."""
        with self._lock:
            self._answered[server] = self.clock()
            self._silent_until.pop(server, None)

    def unreachable(self, server: Server, reason: str) -> None:
        """Note that the system can't reach a server, and report its reason the first time."""
        with self._lock:
            is_new = server not in self._unreachable
            self._unreachable.add(server)
        if is_new and self._report is not None:
            self._report(server, reason)

    def unanswered(self, server: Server, since: float) -> None:
        """Note that a server has sent no reply in time to a query that was sent at `since`."""
        with self._lock:
            if self._answered.get(server, float("-inf")) < since:
                self._silent_until[server] = self.clock() + _SILENT_SECONDS
            has_never_answered = server not in self._answered
        if has_never_answered:
            self.unreachable(server, "no answer in time")
