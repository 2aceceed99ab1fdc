"""A program that runs beside a conformance run, from the first case to the last. No shell starts it."""

import os
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

from spfengine.errors import ArgumentError
from spfengine.testing.conformance.implementations import DNS_VARIABLE
from spfengine.visible import visible

Place = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""
_GRACE_SECONDS = 5.0
_SHOWN = 600


class DaemonError(Exception):
    """The program does not serve; the message says what it complained of."""


def split(template: str) -> list[str]:
    """Return the words of a command, as a POSIX shell splits them. Raises ArgumentError where it can't be split."""
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise ArgumentError(f"the daemon's command can't be split into words: {error}") from None
    if not words:
        raise ArgumentError("the daemon's command is empty")
    return words


@contextmanager
def daemon(words: list[str], place: Place | None, dns: str, seconds: float = 30.0) -> Iterator[None]:
    """Run a program as long as the block runs, which begins when something listens at `place`.

    Args:
        words: the command; `{dns}`, `{dns_host}` and `{dns_port}` are replaced in each word.
        place: where it listens; None: the block begins at once.
        dns: where the DNS server is, HOST:PORT.
        seconds: how long it may take until it listens.

    Raises:
        DaemonError: it can't be started, ends, or does not listen in time.
    """
    host, _, port = dns.rpartition(":")
    words = [
        word.replace("{dns}", dns).replace("{dns_host}", host.strip("[]")).replace("{dns_port}", port) for word in words
    ]
    with tempfile.TemporaryFile() as output:
        try:
            running = subprocess.Popen(  # noqa: S603 - the command is the caller's own, and no shell reads it
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, DNS_VARIABLE: dns},
                start_new_session=True,
            )
        except OSError as error:
            raise DaemonError(f"{visible(words[0], 80)} can't be started: {error.strerror or error}") from error
        try:
            told = "" if place is None else _wait(running, place, monotonic() + seconds)
            if told:
                output.seek(max(0, output.seek(0, os.SEEK_END) - _SHOWN))
                said = output.read().decode("utf-8", "replace").strip()
                raise DaemonError(f"{visible(words[0], 80)} {told}: {visible(said, _SHOWN) or 'it said nothing'}")
            yield
        finally:
            _end(running)


def _wait(running: "subprocess.Popen[bytes]", place: Place, end: float) -> str:
    """Wait until something listens; return why it does not."""
    while monotonic() < end:
        if running.poll() is not None:
            return f"has ended (exit code {running.returncode})"
        family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(place)
            return ""
        sleep(0.05)
    return "does not listen"


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End it with what it has started: it leads a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        running.wait(_GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
