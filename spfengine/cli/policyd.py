"""`spfengine policyd`: SPF for Postfix, as a policy server."""

import asyncio
import os
import signal
import socket
import stat
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from types import FrameType
from typing import Any, TypeVar

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure, reason
from spfengine.cli.options import endpoint_text
from spfengine.errors import ArgumentError
from spfengine.evaluation.limits import Limits
from spfengine.evaluation.session import HELO, MAILFROM
from spfengine.receiver.delegation import BOTH, Delegation, Header, Refusal, RequestReader, Rules, checked_rules, reply
from spfengine.visible import visible

_T = TypeVar("_T")
_Endpoint = tuple[str, int | None]  # address and port, or path and None

_EPILOG = f"""\b
Examples, in /etc/postfix/master.cf and main.cf:
  policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/spfengine policyd
  smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
      check_policy_service unix:private/policyd-spf

As a server of its own: spfengine policyd --listen 127.0.0.1:10023, and check_policy_service inet:127.0.0.1:10023.

It ends with 0 at SIGTERM, SIGINT and the end of its input. {exits.OTHER_HELP}, 69 there is no DNS server to ask, or it
can't listen at the address.
"""
_PIECE = 1 << 14
_MOST_CLIENTS = 1000
_IDLE = 900.0  # seconds; Postfix closes a connection after 300 without a request
_LAST_ANSWERS = 10.0  # seconds that running checks have at the end
_FAILED = "451 4.3.5 The SPF check failed, try again later"


def _refusal(option: str, result: str, default: Refusal) -> Callable[[Any], Any]:
    return click.option(
        option, type=click.Choice(list(map(str, Refusal))), default=str(default), show_default=True,
        help=f"What to do with {result}.",
    )  # fmt: skip


@click.command(epilog=_EPILOG)
@click.option(
    "--listen", "endpoints", metavar="HOST:PORT|unix:PATH", type=options.Endpoint(unix=True), multiple=True,
    help="Serve there, until SIGTERM; without it, one client on stdin and stdout. May be given several times.",
)  # fmt: skip
@click.option("--allow-remote", is_flag=True, help="Allow --listen at an address that is not loopback.")
@click.option("--hostname", metavar="NAME", help="The receiving host, for header fields and %{r}; else this machine's.")
@click.option(
    "--identity", type=click.Choice([MAILFROM, HELO, BOTH]), default=MAILFROM, show_default=True,
    help="What to check: the sender, the HELO name, or the HELO name and then the sender.",
)  # fmt: skip
@click.option(
    "--header", type=click.Choice(list(map(str, Header))), default=str(Header.RECEIVED_SPF), show_default=True,
    help="The header field that an accepted message gets.",
)  # fmt: skip
@_refusal("--fail", "fail", Refusal.REJECT)
@_refusal("--temperror", "temperror", Refusal.DEFER)
@_refusal("--permerror", "permerror", Refusal.ACCEPT)
@click.option(
    "--skip", metavar="NETWORK", type=options.Network(), multiple=True,
    help="Don't check clients there, such as your own forwarders. May be given several times.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Accept every message, and log what would have been done.")
@options.zone
@options.live
@options.nameserver
@options.void_rule
@options.timeout
@click.option("--syslog", is_flag=True, help="Log to syslog (facility mail); else to stderr, with --listen only.")
def command(
    endpoints: tuple[_Endpoint, ...],
    allow_remote: bool,
    hostname: str | None,
    identity: str,
    header: str,
    fail: str,
    temperror: str,
    permerror: str,
    skip: tuple[str, ...],
    dry_run: bool,
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    void_rule: str,
    timeout: float,
    syslog: bool,
) -> int:
    """Answer Postfix's policy requests (check_policy_service): refuse a message, or add a header field to it.

    A fail is refused with 550 5.7.23 and the domain's explanation, a temperror deferred with 451 4.7.24; all other
    messages are accepted with a header field. There is one check for all recipients of a message.
    """
    rules = checked_rules(
        Rules(
            hostname or socket.gethostname(), identity, Header(header), Refusal(fail), Refusal(temperror),
            Refusal(permerror), tuple(map(ip_network, skip)), dry_run, Limits(void_rule=void_rule, seconds=timeout),
        )
    )  # fmt: skip
    for host, port in endpoints:
        if port is not None and not allow_remote and not ip_address(host).is_loopback:
            message = f"--listen {host} is not loopback, so others could ask; use 127.0.0.1, or give --allow-remote"
            raise click.UsageError(message)
    resolver = sources.base_resolver(zones, live, nameservers, timeout)
    log = _log(syslog=syslog, listens=bool(endpoints))
    delegation = Delegation(rules, resolver, log)
    return _serve(delegation, endpoints) if endpoints else _serve_stdin(delegation)


def _log(*, syslog: bool, listens: bool) -> Callable[[str], object] | None:
    """Return the function that writes a line of the log; None if nothing may be written: Postfix's spawn(8) takes
    stderr for the reply.
    """
    if syslog:
        import syslog as system

        system.openlog("spfengine-policyd", system.LOG_PID, system.LOG_MAIL)
        return system.syslog
    return _to_stderr if listens else None


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _serve_stdin(delegation: Delegation) -> int:
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


def _serve(delegation: Delegation, endpoints: Sequence[_Endpoint]) -> int:
    """Answer requests at all of these endpoints until SIGTERM or SIGINT.

    Raises:
        Failure: it can't listen at one of them.
    """
    sockets: list[socket.socket] = []
    try:
        for host, port in endpoints:
            sockets.append(_listen(host, port))
        asyncio.run(_Server(delegation).run(sockets))
    finally:
        for listening in sockets:
            listening.close()
        for path, port in endpoints[: len(sockets)]:
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
        where = endpoint_text(visible(host), port)
        raise Failure(exits.UNAVAILABLE, f"can't listen at {where}: {reason(error)}") from error
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
    """Serves clients until SIGTERM or SIGINT; then it waits for the running checks to end."""

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
        servers = [await self._start(listening) for listening in sockets]
        await stopping.wait()
        for server in servers:
            server.close()
        await self._end()
        self._delegation.note("stopped")

    async def _start(self, listening: socket.socket) -> asyncio.Server:
        start = asyncio.start_unix_server if listening.family == socket.AF_UNIX else asyncio.start_server
        server = await start(self._serve, sock=listening)
        name = listening.getsockname()
        where = endpoint_text(name, None) if isinstance(name, str) else endpoint_text(*name[:2])
        self._delegation.note(f"listening at {where}")
        return server

    async def _end(self) -> None:
        """Close idle clients at once, the others after their answer or a time limit."""
        for task in set(self._clients) - self._busy:
            task.cancel()
        if self._clients:
            await asyncio.wait(list(self._clients), timeout=_LAST_ANSWERS)
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

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
            pass  # the client has gone or is idle, or the server stops: only _end() cancels
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
