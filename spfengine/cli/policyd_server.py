"""The loops of the policy server: between sockets, or stdin and stdout, and what decides."""

import asyncio
import os
import re
import signal
import socket
import stat
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from types import FrameType
from typing import TypeVar

from spfengine.cli import exits
from spfengine.cli.exits import Failure
from spfengine.errors import ArgumentError
from spfengine.receiver.delegation import Delegation, RequestReader, reply
from spfengine.visible import visible

_T = TypeVar("_T")

_PIECE = 1 << 14
_MOST_CLIENTS = 1000
_IDLE = 900.0  # seconds; Postfix closes a connection after 300 without a request
_LAST_ANSWERS = 10.0  # seconds that running checks have at the end
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([0-9.]+)):([0-9]{1,5})")
_FAILED = "451 4.3.5 The SPF check failed, try again later"


def place(text: str) -> tuple[str, int | None]:
    """Return host and port of "HOST:PORT", or path and None of "unix:PATH".

    Raises:
        ArgumentError: it is neither.
    """
    if text.startswith("unix:") and len(text) > 5:
        return text[5:], None
    match = _PLACE.fullmatch(text)
    host = (match[1] or match[2]) if match else ""
    with suppress(ValueError):
        ip_address(host)
        if match is not None and int(match[3]) < 65536:
            return host, int(match[3])
    raise ArgumentError(f"{visible(text, 80)!r}: expected an address and port like 127.0.0.1:10023, or unix:PATH")


def is_loopback(host: str) -> bool:
    """Whether only this machine can ask there."""
    return ip_address(host).is_loopback


def serve_stdin(delegation: Delegation) -> int:
    """Answer requests on stdin until it ends or SIGTERM comes."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    reader = RequestReader()
    try:
        while octets := os.read(0, _PIECE):
            for attributes in reader.feed(octets):
                try:
                    action = delegation.decide(attributes)
                except Exception as error:  # noqa: BLE001 - whatever one request does, the next is answered
                    action = _failed(delegation, error)
                _write(reply(action))
    except ArgumentError as error:
        delegation.note(str(error))
        return exits.DATA
    except (KeyboardInterrupt, BrokenPipeError):  # SIGTERM; or Postfix has gone
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def _failed(delegation: Delegation, error: Exception) -> str:
    delegation.note(f"the check failed: {type(error).__name__}: {error}")
    return _FAILED


def _write(octets: bytes) -> None:
    while octets:
        octets = octets[os.write(1, octets) :]


def serve(delegation: Delegation, places: Sequence[tuple[str, int | None]]) -> int:
    """Answer requests at all of these places until SIGTERM or SIGINT.

    Raises:
        Failure: a place can't be had.
    """
    sockets: list[socket.socket] = []
    try:
        for host, port in places:
            sockets.append(_listen(host, port))
        asyncio.run(_Server(delegation).run(sockets))
    finally:
        for each in sockets:
            each.close()
        for path, port in places[: len(sockets)]:
            if port is None:
                with suppress(OSError):
                    os.unlink(path)
    return 0


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_UNIX if port is None else socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port is None:
            _remove_stale(host)
            listening.bind(host)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        where = f"unix:{visible(host)}" if port is None else f"{host}:{port}"
        raise Failure(exits.UNAVAILABLE, f"can't listen at {where}: {error.strerror or error}") from error
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


class _Server:
    """Serves clients until it is told to stop; then it lets running checks end."""

    def __init__(self, delegation: Delegation) -> None:
        self._delegation = delegation
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._busy: set[asyncio.Task[None]] = set()

    async def run(self, sockets: Sequence[socket.socket]) -> None:
        """Serve at these sockets until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        servers = [
            await (asyncio.start_unix_server if each.family == socket.AF_UNIX else asyncio.start_server)(
                self._serve, sock=each
            )
            for each in sockets
        ]
        for each in sockets:
            name = each.getsockname()
            where = f"unix:{name}" if isinstance(name, str) else f"[{name[0]}]:{name[1]}" if ":" in name[0] else None
            self._delegation.note(f"listening at {where or f'{name[0]}:{name[1]}'}")
        await stopping.wait()
        for server in servers:
            server.close()
        for task in set(self._clients) - self._busy:
            task.cancel()
        if self._clients:
            await asyncio.wait(list(self._clients), timeout=_LAST_ANSWERS)
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._delegation.note("stopped")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a client is served in a task"
        self._clients[task] = writer
        try:
            if len(self._clients) > _MOST_CLIENTS:
                self._delegation.note(f"there are more than {_MOST_CLIENTS} clients, so this one is closed")
            else:
                await self._answer(reader, writer, task)
        except ArgumentError as error:
            self._delegation.note(f"a client is closed: {error}")
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the client has gone or is idle, or all is to end; cancelled from here only, and this is the end
        finally:
            self._busy.discard(task)
            self._clients.pop(task, None)
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: "asyncio.Task[None]"
    ) -> None:
        requests = RequestReader()
        while octets := await _in_time(reader.read(_PIECE)):
            for attributes in requests.feed(octets):
                self._busy.add(task)
                try:
                    action = await self._delegation.adecide(attributes)
                except Exception as error:  # noqa: BLE001 - whatever one request does, the server serves the next
                    action = _failed(self._delegation, error)
                writer.write(reply(action))
                await _in_time(writer.drain())
            self._busy.discard(task)


async def _in_time(waiting: Awaitable[_T]) -> _T:
    """Wait for a client. Not `asyncio.wait_for`: before Python 3.12 it may lose the cancellation at the end."""
    async with asyncio.timeout(_IDLE):
        return await waiting
