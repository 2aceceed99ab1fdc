"""The ways to put a case to an implementation. Each returns what it said; whatever it does, nothing is raised."""

import os
import pkgutil
import re
import shlex
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

from spfengine.errors import ArgumentError
from spfengine.testing.conformance.answers import WORDS, Seen, from_action, from_exit_code, from_output, seen_nothing
from spfengine.testing.suites import Case
from spfengine.visible import visible

MAX_OUTPUT = 1 << 16
"""Octets of an implementation's answer that are looked at."""
DNS_VARIABLE = "SPFENGINE_DNS"
"""The environment variable that tells a command where the DNS server is: HOST:PORT."""

PLACEHOLDERS = ("ip", "sender", "helo", "identity", "receiver", "now", "dns", "dns_host", "dns_port")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class Implementation(Protocol):
    """Something that checks SPF."""

    def cannot_say(self, case: Case) -> str | None:
        """Return why a case can't be put to it; None where it can."""
        ...

    def ask(self, case: Case, dns: str) -> Seen:
        """Return what it answers to a case; its DNS server is at `dns`, HOST:PORT."""
        ...

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person puts the case to it."""
        ...


def _needs(case: Case, receiver: bool, now: bool) -> str | None:
    """Return what a case needs beyond a client, if that can't be said; `receiver` and `now`: whether these can."""
    if case.limits_given:
        return "it needs limits other than the defaults"
    if case.receiver is not None and not receiver:
        return "it needs the receiving host's name ({receiver})"
    if case.now is not None and not now:
        return "it needs the time ({now})"
    return None


class Command:
    """A command that is started for each case. It never goes through a shell.

    Args:
        template: is split once, as a POSIX shell splits words; then placeholders are replaced in each word.
        words: words of the output, or exit codes as text, → result.
        by_exit_code: whether the exit code tells the result; else the output does.
        explanation_line: which line of the output has the explanation, that of the result being 1.
        whole: whether that line is the explanation and nothing else.
        seconds: how long it may run.

    Raises:
        ArgumentError: the template can't be split, or has a placeholder that there is not.
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
        self._used = {name for word in self._words for name in _PLACEHOLDER.findall(word)}
        unknown = sorted(self._used - set(PLACEHOLDERS))
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
        """Return why a case can't be put to it; None where it can."""
        if any("\0" in text for text in (case.host, case.mailfrom, case.helo)):
            return "no argument of a command can hold a NUL"
        return _needs(case, "receiver" in self._used, "now" in self._used)

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person puts the case to it: for a shell."""
        return f"{DNS_VARIABLE}={dns} {shlex.join(self.arguments(case, dns))}"

    def ask(self, case: Case, dns: str) -> Seen:
        """Return what it answers to a case."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
            try:
                running = subprocess.Popen(  # noqa: S603 - the command is the caller's own, and no shell reads it
                    self.arguments(case, dns),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=complaints,
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
            told, complained = _text(output), _text(complaints)
        if self._by_exit_code:
            seen = from_exit_code(code, told, self._results)
        else:
            seen = from_output(told, self._results, self._explanation_line, whole=self._whole)
        if seen.result is None:
            return seen._replace(
                note=f"{seen.note} (exit code {code})", raw=seen.raw or visible(complained.strip(), 300)
            )
        return seen


def _kill(running: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)  # with what it has started: it leads a session of its own
    running.wait()


def _text(file: Any) -> str:
    file.seek(0)
    text: str = file.read(MAX_OUTPUT).decode("utf-8", "replace")
    return text


_MESSAGES = count()


class PolicyServer:
    """A server of Postfix policy delegation. Each case is a connection of its own.

    Args:
        place: (host, port), or the path of a unix socket.
        seconds: how long an answer may take.
    """

    def __init__(self, place: tuple[str, int] | str, seconds: float = 60.0) -> None:
        self._place = place
        self._seconds = seconds

    def cannot_say(self, case: Case) -> str | None:
        """Return why a case can't be put to it; None where it can."""
        if any(set("\0\n") & set(text) for text in (case.host, case.mailfrom, case.helo)):
            return "no attribute of a request can hold a line end or NUL"
        return _needs(case, receiver=False, now=False)

    def reach(self) -> None:
        """Connect once. Raises OSError where nobody listens."""
        with self._connected():
            pass

    def _connected(self) -> socket.socket:
        family = socket.AF_UNIX if isinstance(self._place, str) else _family(self._place[0])
        client = socket.socket(family, socket.SOCK_STREAM)
        try:
            client.settimeout(self._seconds)
            client.connect(self._place)
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
            "instance": f"conformance.{os.getpid()}.{next(_MESSAGES)}",  # each request is about a message of its own
            "sasl_username": "",
            "size": "0",
        }
        return "".join([f"{name}={value}\n" for name, value in attributes.items()]) + "\n"

    def by_hand(self, case: Case, dns: str) -> str:  # noqa: ARG002 - the server knows its DNS server already
        """Return how a person puts the case to it: the request."""
        return self.request(case).rstrip("\n")

    def ask(self, case: Case, dns: str) -> Seen:  # noqa: ARG002 - the server knows its DNS server already
        """Return what it answers to a case."""
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


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Function:
    """A Python function: `function(ip, sender, helo, dns)` returns a result, or (result, explanation).

    It returns (None, why) for a case that can't be put to what it asks.

    Args:
        name: "module:function".
        words: texts that it returns, in lower case, → result.

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
        """Return why a case can't be put to it; None where it can."""
        return _needs(case, receiver=False, now=False)

    def by_hand(self, case: Case, dns: str) -> str:
        """Return how a person puts the case to it: as Python."""
        return f"{self._name.replace(':', '.')}({case.host!r}, {case.mailfrom!r}, {case.helo!r}, {dns!r})"

    def ask(self, case: Case, dns: str) -> Seen:
        """Return what it answers to a case."""
        try:
            answer = self._function(case.host, case.mailfrom, case.helo, dns)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
            return seen_nothing(f"it raised {type(error).__name__}", str(error))
        result, explanation = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)
        if result is None and explanation is not None:
            return seen_nothing(visible(str(explanation), 300))._replace(left_out=True)
        word = self._results.get(str(result).lower())
        if word is None:
            return seen_nothing("it returned no result", repr(answer))
        return Seen(word, None if explanation is None else str(explanation), True, visible(repr(answer), 300))
