"""The implementations that can be tested: a command, a policy server, a function; and a daemon that runs meanwhile.

`ask` never raises because of what an implementation does: it returns a `Seen` without a result.
"""

import os
import pkgutil
import re
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from time import monotonic, sleep
from typing import Any, Protocol

from spfengine.errors import ArgumentError
from spfengine.testing.conformance.answers import WORDS, Seen, from_action, from_exit_code, from_output, seen_nothing
from spfengine.testing.suites import Case
from spfengine.visible import visible

Address = tuple[str, int] | str
"""Host and port, or the path of a unix socket."""

MAX_OUTPUT = 1 << 16
"""The octets of an implementation's answer that are read."""
DNS_VARIABLE = "SPFENGINE_DNS"
"""The environment variable that says where the DNS server is: HOST:PORT."""

PLACEHOLDERS = ("ip", "sender", "helo", "identity", "receiver", "now", "dns", "dns_host", "dns_port")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_GRACE_SECONDS = 5.0
_OUTPUT_SHOWN = 600


class Implementation(Protocol):
    """Something that checks SPF."""

    def cannot_say(self, case: Case) -> str | None:
        """Return why it can't be asked about a case; None if it can."""
        ...

    def ask(self, case: Case, dns: str) -> Seen:
        """Return its answer to a case. Its DNS server is at `dns`, HOST:PORT."""
        ...

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person asks it about the case."""
        ...


def _missing_setting(case: Case, receiver: bool, now: bool) -> str | None:
    """Return which setting of a case can't be passed on, or None; `receiver` and `now`: whether these can be."""
    if case.limits_given:
        return "it needs limits other than the defaults"
    if case.receiver is not None and not receiver:
        return "it needs the receiving host's name ({receiver})"
    if case.now is not None and not now:
        return "it needs the time ({now})"
    return None


class Command:
    """A command that is started for each case, without a shell.

    Args:
        template: split once, as a POSIX shell splits words; then the placeholders in each word are replaced.
        words: maps words of the output, or exit codes as text, to results.
        by_exit_code: whether the exit code is the result; otherwise the output has it.
        explanation_line: the line of the output with the explanation, counted from 1, the line of the result.
        whole: whether that line is the explanation and nothing else.
        seconds: how long it may run.

    Raises:
        ArgumentError: the template can't be split, or has an unknown placeholder.
    """

    def __init__(
        self,
        template: str,
        words: Mapping[str, str] = WORDS,
        *,
        by_exit_code: bool = False,
        explanation_line: int | None = None,
        whole: bool = True,
        seconds: float = 60.0,
    ) -> None:
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise ArgumentError(f"the command can't be split into words: {error}") from None
        if not self._words:
            raise ArgumentError("the command is empty")
        self._addressholders = {name for word in self._words for name in _PLACEHOLDER.findall(word)}
        unknown = sorted(self._addressholders - set(PLACEHOLDERS))
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            raise ArgumentError(f"there is no placeholder {{{unknown[0]}}}; expected some of {known}")
        self._results = words
        self._by_exit_code = by_exit_code
        self._explanation_line = explanation_line
        self._whole = whole
        self._seconds = seconds

    def arguments(self, case: Case, dns: str) -> list[str]:
        """Return the words of the command for a case."""
        host, _, port = dns.rpartition(":")
        values = {
            "ip": case.host,
            "sender": case.mailfrom,
            "helo": case.helo,
            "identity": case.mailfrom or f"postmaster@{case.helo}",  # RFC 7208 §2.4: the MAIL FROM identity
            "receiver": case.receiver or "unknown",
            "now": "" if case.now is None else f"{case.now:.0f}",
            "dns": dns,
            "dns_host": host.strip("[]"),
            "dns_port": port,
        }
        return [_PLACEHOLDER.sub(lambda match: values[match[1]], word) for word in self._words]

    def cannot_say(self, case: Case) -> str | None:
        """Return why it can't be asked about a case; None if it can."""
        if any("\0" in text for text in (case.host, case.mailfrom, case.helo)):
            return "no argument of a command can hold a NUL"
        return _missing_setting(case, "receiver" in self._addressholders, "now" in self._addressholders)

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person asks it about the case: a shell command."""
        return f"{DNS_VARIABLE}={dns} {shlex.join(self.arguments(case, dns))}"

    def ask(self, case: Case, dns: str) -> Seen:
        """Return its answer to a case."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                running = subprocess.Popen(  # noqa: S603 - the command is the caller's own, and no shell reads it
                    self.arguments(case, dns),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    env={**os.environ, DNS_VARIABLE: dns},
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                return seen_nothing(f"it can't be started: {error}")
            try:
                code = running.wait(self._seconds)
            except subprocess.TimeoutExpired:
                _kill(running)
                return seen_nothing(f"it did not end within {self._seconds:g} seconds")
            except BaseException:
                _kill(running)
                raise
            text, error_text = _text(output), _text(errors)
        if self._by_exit_code:
            seen = from_exit_code(code, text, self._results)
        else:
            seen = from_output(text, self._results, self._explanation_line, whole=self._whole)
        if seen.result is None:
            return replace(
                seen, note=f"{seen.note} (exit code {code})", raw=seen.raw or visible(error_text.strip(), 300)
            )
        return seen


def _kill(running: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)  # and what it has started: it leads a session
    running.wait()


def _text(file: Any) -> str:
    file.seek(0)
    text: str = file.read(MAX_OUTPUT).decode("utf-8", "replace")
    return text


_MESSAGES = count()


class PolicyServer:
    """A Postfix policy server. Each case has its own connection.

    Args:
        address: (host, port), or the path of a unix socket.
        seconds: how long an answer may take.
    """

    def __init__(self, address: Address, seconds: float = 60.0) -> None:
        self._address = address
        self._seconds = seconds

    def cannot_say(self, case: Case) -> str | None:
        """Return why it can't be asked about a case; None if it can."""
        if any(set("\0\n") & set(text) for text in (case.host, case.mailfrom, case.helo)):
            return "no attribute of a request can hold a line end or NUL"
        return _missing_setting(case, receiver=False, now=False)

    def reach(self) -> None:
        """Connect and disconnect. Raises OSError if nothing listens."""
        with self._connected():
            pass

    def _connected(self) -> socket.socket:
        client = socket.socket(_family(self._address), socket.SOCK_STREAM)
        try:
            client.settimeout(self._seconds)
            client.connect(self._address)
        except OSError:
            client.close()
            raise
        return client

    def request(self, case: Case) -> str:
        """Return the request for a case."""
        attributes = {
            "request": "smtpd_access_policy",
            "protocol_state": "RCPT",
            "protocol_name": "ESMTP",
            "helo_name": case.helo,
            "queue_id": "",
            "sender": case.mailfrom,
            "recipient": "postmaster@receiver.invalid",
            "recipient_count": "0",
            "client_address": case.host,
            "client_name": "unknown",
            "reverse_client_name": "unknown",
            "instance": f"conformance.{os.getpid()}.{next(_MESSAGES)}",  # each request is about another message
            "sasl_username": "",
            "size": "0",
        }
        return "".join([f"{name}={value}\n" for name, value in attributes.items()]) + "\n"

    def by_hand(self, case: Case, dns: str) -> str:  # noqa: ARG002 - the server has its own DNS settings
        """Return how a person asks it about the case: the request."""
        return self.request(case).rstrip("\n")

    def ask(self, case: Case, dns: str) -> Seen:  # noqa: ARG002 - the server has its own DNS settings
        """Return its answer to a case."""
        received = b""
        try:
            with self._connected() as client:
                client.sendall(self.request(case).encode("utf-8", "surrogateescape"))
                while b"\n\n" not in received and len(received) < MAX_OUTPUT:
                    piece = client.recv(4096)
                    if not piece:
                        break
                    received += piece
        except OSError as error:
            return seen_nothing(f"it can't be asked: {error}")
        line = received.partition(b"\n")[0].decode("utf-8", "replace")
        if not line.startswith("action="):
            return seen_nothing("it closed the connection" if not line else "it gave no action", line)
        return from_action(line.removeprefix("action="))


def _family(address: Address) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


class Function:
    """A Python function: `function(ip, sender, helo, dns)` returns a result, or (result, explanation).

    For a case that it can't ask its implementation about, it returns (None, reason).

    Args:
        name: "module:function".
        words: maps the texts that it returns, in lower case, to results.

    Raises:
        ArgumentError: there is no such function.
    """

    def __init__(self, name: str, words: Mapping[str, str] = WORDS) -> None:
        self._name = name
        self._results = words
        try:
            self._function: Callable[..., Any] = pkgutil.resolve_name(name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ArgumentError(f"{visible(name, 80)!r}: expected module:function: {error}") from None
        if not callable(self._function):
            raise ArgumentError(f"{visible(name, 80)!r} can't be called")

    def cannot_say(self, case: Case) -> str | None:
        """Return why it can't be asked about a case; None if it can."""
        return _missing_setting(case, receiver=False, now=False)

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person asks it about the case: a Python expression."""
        return f"{self._name.replace(':', '.')}({case.host!r}, {case.mailfrom!r}, {case.helo!r}, {dns!r})"

    def ask(self, case: Case, dns: str) -> Seen:
        """Return its answer to a case."""
        try:
            answer = self._function(case.host, case.mailfrom, case.helo, dns)
        except Exception as error:  # noqa: BLE001 - any exception is its answer
            return seen_nothing(f"it raised {type(error).__name__}", str(error))
        result, explanation = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
        if result is None and explanation is not None:
            return replace(seen_nothing(visible(str(explanation), 300)), left_out=True)
        word = self._results.get(str(result).lower())
        if word is None:
            return seen_nothing("it returned no result", repr(answer))
        return Seen(word, None if explanation is None else str(explanation), True, visible(repr(answer), 300))


class DaemonError(Exception):
    """A daemon does not serve; the message has the end of its output."""


def split_daemon_command(command: str) -> list[str]:
    """Return the words of a command, as a POSIX shell splits them. Raises ArgumentError if it can't be split."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ArgumentError(f"the daemon's command can't be split into words: {error}") from None
    if not words:
        raise ArgumentError("the daemon's command is empty")
    return words


@contextmanager
def daemon(words: list[str], address: Address | None, dns: str, seconds: float = 30.0) -> Iterator[None]:
    """Start a program, wait until it listens at `address`, run the block, and end the program. No shell starts it.

    Args:
        words: the command; `{dns}`, `{dns_host}` and `{dns_port}` are replaced in each word.
        address: where it listens; None not to wait.
        dns: where the DNS server is, HOST:PORT.
        seconds: how long to wait until it listens.

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
            failure = "" if address is None else _wait_until_it_listens(running, address, monotonic() + seconds)
            if failure:
                output.seek(max(0, output.seek(0, os.SEEK_END) - _OUTPUT_SHOWN))
                text = visible(output.read().decode("utf-8", "replace").strip(), _OUTPUT_SHOWN)
                raise DaemonError(f"{visible(words[0], 80)} {failure}: {text or 'it said nothing'}")
            yield
        finally:
            _end(running)


def _wait_until_it_listens(running: "subprocess.Popen[bytes]", address: Address, end: float) -> str:
    """Return "" when something listens at the address, or why nothing does."""
    while monotonic() < end:
        if running.poll() is not None:
            return f"has ended (exit code {running.returncode})"
        with suppress(OSError), socket.socket(_family(address), socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            client.connect(address)
            return ""
        sleep(0.05)
    return "does not listen"


def _end(running: "subprocess.Popen[bytes]") -> None:
    """End it and what it has started: it leads a session."""
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        running.wait(_GRACE_SECONDS)
    _kill(running)
