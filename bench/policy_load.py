"""Load for policy servers: clients that each send the next request when the last is answered."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter
from typing import Any


@dataclass
class Measured:
    """What clients of one kind have seen.

    Attributes:
        seconds: how long each answer took.
        actions: how many answers begin with which word.
        elapsed: for how long the clients ran.
    """

    seconds: list[float] = field(default_factory=list)
    actions: dict[str, int] = field(default_factory=dict)
    elapsed: float = 0.0

    def add(self, seconds: float, answer: bytes) -> None:
        """Count an answer."""
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


Connect = Callable[[], Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def clients(connect: Connect, number: int, sender: Callable[[], str], until: float, measured: Measured) -> None:
    """Run clients until a time of `perf_counter`."""
    started = perf_counter()

    async def one() -> None:
        reader, writer = await connect()
        try:
            while perf_counter() < until:
                sent = perf_counter()
                writer.write(request(sender()))
                answer = await reader.readuntil(b"\n\n")
                measured.add(perf_counter() - sent, answer)
        finally:
            writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(number)]
    _, pending = await asyncio.wait(tasks, timeout=until - started + 0.5)
    measured.elapsed = perf_counter() - started
    for task in pending:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


def senders(domain: str, numbers: Sequence[int] | None = None) -> Callable[[], str]:
    """Return a function that returns senders: each of another domain under this one, or of these in turn."""
    if numbers is None:
        return lambda: f"alice@d{next(_numbers)}.{domain}"
    turn = count()
    return lambda: f"alice@d{numbers[next(turn) % len(numbers)]}.{domain}"
