"""Serve a workload's records by DNS on loopback, with a delay for each reply.

    python -m bench.dns_server FILE SECONDS

It is a separate process, so that it does not share an interpreter with the code being measured. It prints its port.
Then, for each line on stdin, it prints the number of queries since the previous line, and the number of distinct (name,
type) pairs in them. It exits when stdin ends.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.workloads import REPOSITORY, Workload, read, write
from bench.zones import make_zone
from spfengine.testing.fake_dns import FakeDNS

TTL = 300


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
    """Serve a workload while the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.dns_server", str(write(workload, Path(folder))), str(delay)]
        with subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield Server(process)
            process.communicate()


def main(path: str, delay: str) -> None:
    with FakeDNS(make_zone(read(Path(path))), delay=float(delay), ttl=TTL) as server:
        print(server.port, flush=True)
        for _ in sys.stdin:
            queries = server.queries
            server.clear_queries()
            print(len(queries), len({(query.name.lower(), query.type) for query in queries}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
