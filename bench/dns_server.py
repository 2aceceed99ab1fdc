"""A workload's records served by DNS on loopback, each reply so much late: a process of its own, so that what is
measured does not share an interpreter with it.

    python -m bench.dns_server FILE SECONDS

It prints its port, then, for each line on stdin, how many queries came since the line before, and for how many distinct
(name, type) pairs. It ends with stdin.
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
    """The process: its port, and the queries that it got."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.port = int(process.stdout.readline())

    @property
    def nameserver(self) -> str:
        return f"127.0.0.1:{self.port}"

    def queries(self) -> tuple[int, int]:
        """Return how many queries came since this was last asked, and how many distinct ones."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        count, distinct = self._process.stdout.readline().split()
        return int(count), int(distinct)


@contextmanager
def served(workload: Workload, delay: float) -> Iterator[Server]:
    """Serve a workload as long as the block runs."""
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
