"""Measure policy servers for Postfix on the same requests in one run.

    python -m bench.policyd [--seconds S] [--clients N] [--latency MS …]

Needs root, since the rivals ask only the DNS server in /etc/resolv.conf: everything runs in namespaces whose DNS server
is `bench.hostile_dns`. The rivals are Debian's postfix-policyd-spf-python and postfix-policyd-spf-perl (Mail::SPF); one
that is not installed is left out. They serve one client on stdin, so each client has a process of theirs, as Postfix's
spawn(8) does it; ours serves all clients in one process.

Cold requests are each about another domain, whose record has an include that all of them share; warm ones are about ten
domains in turn. All actions have to agree: every message passes.

DNS answers at once, and in a second run after 10 ms, since a resolver that has to ask others takes that long or longer.
A server that asks one question after the other waits for each. In the first run nothing but work counts.

Two figures say how fast a server is. Requests a second depend on the number of cores: one process uses one of them, and
the DNS server and the clients share the machine. Processor time for a request does not.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.hostile_dns import served
from bench.policy_load import Channel, Load, Measured, connections, pipes, processor_seconds, requests_for, run
from spfengine.testing.isolation import enter_namespaces

_OURS = (sys.executable, "-m", "spfengine", "policyd", "--hostname", "mx.example.net")
_WARM = range(1, 11)
_WARM_UP = 1.5  # seconds, in which Python and Perl start
_CONFIGURATION = """
debugLevel = 0
HELO_reject = Fail
Mail_From_reject = Fail
skip_addresses = 192.168.255.255/32
Header_Type = SPF
"""
_PROCESSES = {
    "policyd-spf-python": ["/usr/bin/policyd-spf", "{folder}/policyd-spf.conf"],
    "policyd-spf-perl (Mail::SPF)": ["/usr/sbin/postfix-policyd-spf-perl"],
    "spfengine policyd, a process for each client": [*_OURS],
}
OURS = "spfengine policyd"


@dataclass
class Cost:
    """What clients saw, and how much processor time the server took for it, in seconds."""

    measured: Measured
    processor: float

    @property
    def each(self) -> float:
        """Processor time for one request, in seconds."""
        return self.processor / len(self.measured.seconds) if self.measured.seconds else float("nan")

    def __str__(self) -> str:
        return f"{self.measured}, {self.each * 1000:.2f} ms of a processor for each"


def measure(channels: Sequence[Channel], pids: Sequence[int], seconds: float, *, warm: bool) -> Cost:
    """Return what clients with these connections see of a server."""
    requests = requests_for("bench.test", _WARM if warm else None)
    run([Load(channels, requests, Measured())], _WARM_UP, patience=10)
    measured = Measured()
    before = processor_seconds(pids)
    run([Load(channels, requests, measured)], seconds, patience=10)
    return Cost(measured, processor_seconds(pids) - before)


@contextmanager
def processes(command: list[str], number: int) -> Iterator[tuple[list[Channel], list[int]]]:
    """Run a process for each client."""
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            )
            for _ in range(number)
        ]
        yield pipes(running), [process.pid for process in running]


@contextmanager
def server(number: int, log: Path) -> Iterator[tuple[list[Channel], list[int]]]:
    """Run our server, with its log in a file."""
    listen = [*_OURS, "--listen", "127.0.0.1:0"]
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(listen, stderr=subprocess.PIPE, text=True))
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(":")[2])
        stream = stack.enter_context(log.open("w"))
        reading = stack.enter_context(subprocess.Popen(["cat"], stdin=process.stderr, stdout=stream))
        yield connections(port, number, stack), [process.pid]
        process.terminate()
        process.wait()
        reading.wait()


def compare(folder: Path, number: int, seconds: float, latency: float) -> None:
    """Measure all of them, with a DNS server that answers after `latency` milliseconds."""
    found: dict[str, dict[str, Cost]] = {}
    with served(53, latency / 1000):
        for name, words in _PROCESSES.items():
            command = [word.format(folder=folder) for word in words]
            if shutil.which(command[0]) is None:
                print(f"{name} is not installed")
                continue
            found[name] = {}
            for kind in ("warm", "cold"):
                with processes(command, number) as (channels, pids):
                    found[name][kind] = measure(channels, pids, seconds, warm=kind == "warm")
        found[OURS] = {}
        for kind in ("warm", "cold"):
            with server(number, folder / "log") as (channels, pids):
                found[OURS][kind] = measure(channels, pids, seconds, warm=kind == "warm")
    print(f"DNS answers after {latency:g} ms; {number} clients")
    for kind in ("warm", "cold"):
        ours = found[OURS][kind]
        print(f"{kind}: {OURS}: {ours}")
        for name, costs in found.items():
            rival = costs[kind]
            if rival is not ours:
                times, cheaper = ours.measured.rate / rival.measured.rate, rival.each / ours.each
                print(f"{kind}: {name}: {rival}; ours is {times:.1f} times as fast, with {cheaper:.1f} times less work")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 10.0], help="of DNS, in milliseconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policyd-spf.conf").write_text(_CONFIGURATION)
        enter_namespaces()
        for latency in options.latency:
            compare(folder, options.clients, options.seconds, latency)


if __name__ == "__main__":
    main()
