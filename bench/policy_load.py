"""Load for policy servers: clients that each send the next request when the last is answered.

All clients run in one loop over bare descriptors, so that they take little of the machine that is measured.
"""

import os
import selectors
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

_PIECE = 1 << 14
_END = b"\n\n"
_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 13, 14  # fields of /proc/PID/stat (proc(5)), from 0


@dataclass
class Measured:
    """What clients of one kind have seen.

    Attributes:
        seconds: how long each answer took.
        actions: how many answers begin with which word.
        elapsed: for how long the clients ran.
        unanswered: requests that had no answer yet at the end.
    """

    seconds: list[float] = field(default_factory=list)
    actions: dict[str, int] = field(default_factory=dict)
    elapsed: float = 0.0
    unanswered: int = 0

    def add(self, seconds: float, answer: bytes, asked: bytes) -> None:  # noqa: ARG002 - a subclass in tests overrides this, and compares the answer with what was asked
        """Count the answer to a request."""
        self.seconds.append(seconds)
        word = answer.removeprefix(b"action=").split(None, 1)[0].decode("ascii").upper()
        self.actions[word] = self.actions.get(word, 0) + 1

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0

    def quantile(self, part: float) -> float:
        """Return how long that part of the answers took at most, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")

    def __str__(self) -> str:
        times = f"p50 {self.quantile(0.5) * 1000:.1f} ms, p99 {self.quantile(0.99) * 1000:.1f} ms"
        return f"{self.rate:.0f} requests a second, {times}, {self.actions}"


_numbers = count(1)


def request(sender: str, helo: str = "mx.bench.test", ip: str = "192.0.2.1", instance: str = "") -> bytes:
    """Return a request, as Postfix sends it, about a message of its own."""
    lines = (
        "request=smtpd_access_policy", "protocol_state=RCPT", "protocol_name=ESMTP", f"helo_name={helo}", "queue_id=",
        f"sender={sender}", "recipient=bob@mx.example.net", "recipient_count=0", f"client_address={ip}",
        "client_name=unknown", "reverse_client_name=unknown", f"instance={instance or next(_numbers)}",
        "sasl_method=", "sasl_username=", "sasl_sender=", "size=0", "ccert_subject=", "encryption_protocol=",
    )  # fmt: skip
    return "\n".join([*lines, "", ""]).encode("ascii")


class Channel(NamedTuple):
    """A client's connection: descriptors to read answers from, and to write requests to."""

    reads: int
    writes: int


def connections(port: int, number: int, stack: ExitStack) -> list[Channel]:
    """Return connections to a server on loopback, which are closed with the stack."""
    opened = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(number)]
    return [Channel(each.fileno(), each.fileno()) for each in opened]


def pipes(processes: "Sequence[subprocess.Popen[bytes]]") -> list[Channel]:
    """Return the connections to processes that serve one client each on stdin."""
    channels = []
    for process in processes:
        assert process.stdin is not None
        assert process.stdout is not None
        channels.append(Channel(process.stdout.fileno(), process.stdin.fileno()))
    return channels


@dataclass
class Load:
    """Clients of one kind.

    Attributes:
        channels: their connections, one for each client.
        requests: returns the next request.
        measured: gets what they see.
    """

    channels: Sequence[Channel]
    requests: Callable[[], bytes]
    measured: Measured


class _Client:
    """One client, and the answer that it waits for."""

    def __init__(self, channel: Channel, load: Load) -> None:
        self.channel = channel
        self.load = load
        self.answer = self.asked = b""
        self.sent = 0.0

    def ask(self) -> None:
        self.asked = self.load.requests()
        self.sent = perf_counter()
        os.write(self.channel.writes, self.asked)

    def read(self) -> bool:
        """Read what has come, and return whether the answer is complete. Raises EOFError if the server has gone."""
        piece = os.read(self.channel.reads, _PIECE)
        if not piece:
            raise EOFError("the policy server has closed a connection")
        self.answer += piece
        if not self.answer.endswith(_END):
            return False
        self.load.measured.add(perf_counter() - self.sent, self.answer, self.asked)
        self.answer = b""
        return True


def run(loads: Sequence[Load], seconds: float, patience: float = 0.5) -> None:
    """Run all clients side by side for so long, and then wait for the last answers, with patience."""
    with selectors.DefaultSelector() as selector:
        started = perf_counter()
        for load in loads:
            for channel in load.channels:
                client = _Client(channel, load)
                selector.register(channel.reads, selectors.EVENT_READ, client)
                client.ask()
        until, last = started + seconds, started + seconds + patience
        while selector.get_map() and (now := perf_counter()) < last:
            for key, _ in selector.select(last - now):
                if key.data.read():
                    if perf_counter() < until:
                        key.data.ask()
                    else:
                        selector.unregister(key.fd)
        elapsed = perf_counter() - started
        for key in selector.get_map().values():
            key.data.load.measured.unanswered += 1
    for load in loads:
        load.measured.elapsed += min(elapsed, seconds)


def processor_seconds(pids: Sequence[int]) -> float:
    """Return the processor time that these processes have taken."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        total += int(fields[_USER - 2]) + int(fields[_SYSTEM - 2])
    return total / _TICKS


def requests_for(domain: str, numbers: Sequence[int] | None = None) -> Callable[[], bytes]:
    """Return a function that returns requests: each for another domain under this one, or for these in turn."""
    if numbers is None:
        return lambda: request(f"alice@d{next(_numbers)}.{domain}")
    turn = count()
    return lambda: request(f"alice@d{numbers[next(turn) % len(numbers)]}.{domain}")
