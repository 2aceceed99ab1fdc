"""Serve a workload's records by DNS on loopback, with a delay for each reply.

    python -m bench.dns_server FILE SECONDS

It is a separate process, so that it does not share an interpreter with the code being measured. It prints its port.
Then, for each line on stdin, it prints the number of queries since the previous line, and the number of distinct (name,
type) pairs in them. It exits when stdin ends.

Replies are kept, so that from the second round on the server takes a small part of the time of any client. `FakeDNS`
takes 0.3 ms for a query: it was slower than what is measured.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from bench.workloads import REPOSITORY, Workload, read, write
from bench.zones import make_zone
from spfengine import Answer, Question, Resolver
from spfengine.testing import wire

TTL = 300
_ID = 2  # octets of a message's number
_HEADER = 12


class Server:
    """The server process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    @property
    def nameserver(self) -> str:
        return f"127.0.0.1:{self.port}"

    def queries(self) -> tuple[int, int]:
        """Return the number of queries since the last call, and the number of distinct ones."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        count, distinct = self._process.stdout.readline().split()
        return int(count), int(distinct)


@contextmanager
def served(workload: Workload, delay: float) -> Iterator[Server]:
    """Serve a workload while the block runs, from a core of its own if there are several.

    The system does not always see that the two would be faster on different cores.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.dns_server", str(write(workload, Path(folder))), str(delay)]
        with subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                if len(cores) > 1:
                    os.sched_setaffinity(process.pid, cores[-1:])
                    os.sched_setaffinity(0, cores[:-1])
                yield Server(process)
                process.communicate()
            finally:
                if len(cores) > 1:
                    os.sched_setaffinity(0, cores)


class _Service(asyncio.DatagramProtocol):
    """Answers queries over UDP. Replies have to fit into a datagram.

    Attributes:
        asked: the questions of the queries so far, in lower case.
    """

    def __init__(self, zone: Resolver, delay: float) -> None:
        self._zone = zone
        self._delay = delay
        self._replies: dict[bytes, bytes] = {}  # both without the number of the message
        self.asked: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.DatagramTransport", transport)  # in CPython 3.11 it is no instance of that

    def datagram_received(self, octets: bytes, client: tuple[str, int]) -> None:
        """Send the reply when it is due."""
        number, query = octets[:_ID], octets[_ID:]
        reply = self._replies.get(query)
        if reply is None:
            reply = self._replies[query] = self._reply(octets)[_ID:]
        self.asked.append(octets[_HEADER:].lower())
        asyncio.get_running_loop().call_later(self._delay, self._transport.sendto, number + reply, client)

    def _reply(self, octets: bytes) -> bytes:
        query = wire.read_query(octets)
        assert query is not None, "an engine sends what it was not asked to"
        rrtype = wire.TYPES.get(query.number)  # None: checkdmarc asks for the type SPF as well, which no zone has
        answer = Answer.nodata(TTL) if rrtype is None else self._zone.resolve(Question(query.name, rrtype))
        whole = wire.write_reply(query, answer, TTL)
        assert wire.fit_udp(query, whole) == whole, f"{query.name} does not fit into a datagram"
        return whole


async def serve(zone: Resolver, delay: float) -> None:
    """Serve until stdin ends."""
    loop = asyncio.get_running_loop()
    transport, service = await loop.create_datagram_endpoint(lambda: _Service(zone, delay), local_addr=("127.0.0.1", 0))
    print(transport.get_extra_info("sockname")[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(len(service.asked), len(set(service.asked)), flush=True)
        service.asked.clear()
    transport.close()


if __name__ == "__main__":
    asyncio.run(serve(make_zone(read(Path(sys.argv[1]))), float(sys.argv[2])))
