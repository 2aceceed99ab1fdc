"""W8: how many round trips a first check takes, with a DNS server that answers concurrently, each query 20 ms late.

    python -m bench.round_trips [--delay S] [--rounds N]

Each check starts with nothing cached. Prints the least time of the rounds, divided by the time of a single query and
its reply (a socket, no resolver), and the number of queries that the server received. No engine that waits for DNS can
need fewer round trips than the depth of the tree. All results must be what the workload expects. All engines are
measured in a running process, so imports do not count.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Callable
from time import perf_counter

import dns.message

import spfengine
from bench.dns_server import Server, served
from bench.rivals_live import Ask, blocking, pyspf_at, spftrace_at
from bench.workloads import Check, load

WORKLOADS = {"W4": 5, "W3b": 3, "W2a": 3}
"""The workloads to measure, and the depth of their trees."""


def _live(server: Server, prefetch: int) -> spfengine.LiveResolver:
    return spfengine.LiveResolver(server.nameserver, prefetch=prefetch)


def engines(server: Server) -> dict[str, Ask | None]:
    """Return a function for each engine that makes a check with nothing cached."""

    def ours(prefetch: int, *, in_asyncio: bool) -> Ask:
        def ask(check: Check) -> str:
            resolver = _live(server, prefetch)
            if in_asyncio:
                return str(asyncio.run(spfengine.acheck(*check[:3], resolver=resolver)).result)
            return str(spfengine.check(*check[:3], resolver=resolver).result)

        return ask

    return {
        "spfengine, one query at a time": ours(0, in_asyncio=False),
        "spfengine": ours(20, in_asyncio=False),
        "spfengine, in asyncio": ours(20, in_asyncio=True),
        "pyspf": pyspf_at(server.port),
        "spftrace": blocking(spftrace_at(server.port, prefetch=False)),
        "spftrace, prefetch=True": blocking(spftrace_at(server.port, prefetch=True)),
    }


def measure(ask: Ask, check: Check, rounds: int) -> tuple[float, str]:
    """Return the seconds of the quickest of several checks, and their result."""
    best, result = float("inf"), ""
    for _ in range(rounds):
        begin = perf_counter()
        result = ask(check)
        best = min(best, perf_counter() - begin)
    return best, result


def round_trip(server: Server, rounds: int) -> float:
    """Return the seconds of one query and its reply."""
    query = dns.message.make_query("one.example", "TXT").to_wire()
    best = float("inf")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", server.port))
        client.settimeout(10)
        for _ in range(rounds):
            begin = perf_counter()
            client.send(query)
            client.recv(65535)
            best = min(best, perf_counter() - begin)
    return best


def main(arguments: list[str], write: Callable[[str], object] = print) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args(arguments)
    rows: dict[str, list[str]] = {}
    wrong = []
    for name in WORKLOADS:
        workload = load(name)
        check = workload.checks[0]
        with served(workload, options.delay) as server:
            trip = round_trip(server, 3 * options.rounds)
            rows.setdefault("one round trip, in ms", []).append(f"{trip * 1000:.1f}")
            for engine, ask in engines(server).items():
                if ask is None:
                    rows.setdefault(engine, []).append("not installed")
                    continue
                ask(check)  # imports, and other work that is done once
                server.queries()
                seconds, result = measure(ask, check, options.rounds)
                count, _ = server.queries()
                rows.setdefault(engine, []).append(f"{seconds / trip:.2f} ({count / options.rounds:.0f})")
                if result != check.expected:
                    wrong.append(f"{engine}: {name} gave {result}, not {check.expected}")
    write("Round trips of a first check (queries):\n")
    write("| | " + " | ".join(WORKLOADS) + " |\n|---|" + "---:|" * len(WORKLOADS))
    write("| depth of the tree | " + " | ".join(str(depth) for depth in WORKLOADS.values()) + " |")
    for engine, cells in rows.items():
        write(f"| {engine} | " + " | ".join(cells) + " |")
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
