"""Run 1,000 checks at once, of 100 domains, in one event loop, against a DNS server on loopback.

    python -m bench.many [--checks N] [--domains N] [--delay S] [--rounds N]

Prints the checks a second of the best round, and the number of queries that the server received, in all and distinct.
Our checks share a cache, as they would in a mail server; spftrace keeps answers only within a check, as it documents.
Each round starts with nothing cached; a second round of the same Checker has its own row.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter

import spfengine
from bench.dns_server import Server, served
from bench.rivals_live import spftrace_at
from bench.workloads import Check, Workload, load

Ask = Callable[[Check], Awaitable[str]]


def some(workload: Workload, checks: int, domains: int) -> Workload:
    """Return the first `checks` checks of the first `domains` domains of a workload."""
    names = list(dict.fromkeys(check.sender for check in workload.checks))[:domains]
    chosen = [check for check in workload.checks if check.sender in names]
    return workload._replace(checks=tuple(chosen[:checks]))


def engines(server: Server) -> dict[str, Callable[[], Ask | None]]:
    """Return a factory for each engine, whose engines have nothing cached."""

    def ours() -> Ask:
        resolver = spfengine.LiveResolver(server.nameserver, timeout=10, lifetime=20)

        async def ask(check: Check) -> str:
            return str((await spfengine.acheck(*check[:3], resolver=resolver)).result)

        return ask

    def checker() -> Ask:
        known = spfengine.Checker(spfengine.LiveResolver(server.nameserver, timeout=10, lifetime=20))

        async def ask(check: Check) -> str:
            return str((await known.acheck(*check[:3])).result)

        return ask

    return {
        "spfengine.acheck": ours,
        "Checker.acheck": checker,
        "spftrace.acheck": lambda: spftrace_at(server.port, prefetch=False),
        "spftrace.acheck, prefetch=True": lambda: spftrace_at(server.port, prefetch=True),
    }


async def _all(ask: Ask, checks: tuple[Check, ...]) -> tuple[list[str], float]:
    begin = perf_counter()
    results = await asyncio.gather(*[ask(check) for check in checks])
    return results, perf_counter() - begin


async def _twice(ask: Ask, checks: tuple[Check, ...]) -> tuple[list[str], float, float]:
    results, first = await _all(ask, checks)
    await _all(ask, checks)
    await _all(ask, checks)
    again, then = await _all(ask, checks)
    assert again == results
    return results, first, then


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1000)
    parser.add_argument("--domains", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    workload = some(load("W6"), options.checks, options.domains)
    results: dict[str, list[str]] = {}
    count = len(workload.checks)
    print(f"{count} checks at once, of {options.domains} domains:\n")
    print("| | checks a second | queries | distinct |\n|---|---:|---:|---:|")
    with served(workload, options.delay) as server:
        for engine, make in engines(server).items():
            ask = make()
            if ask is None:
                print(f"| {engine} | not installed | | |")
                continue
            best, warm, asked = 0.0, 0.0, (0, 0)
            for _ in range(options.rounds):
                server.queries()
                ask = make()
                assert ask is not None
                if engine.startswith("Checker"):
                    results[engine], took, then = asyncio.run(_twice(ask, workload.checks))
                    warm = max(warm, count / then)
                else:
                    results[engine], took = asyncio.run(_all(ask, workload.checks))
                best, asked = max(best, count / took), server.queries()
            print(f"| {engine} | {best:,.0f} | {asked[0]:,} | {asked[1]:,} |")
            if warm:
                print(f"| {engine}, once known | {warm:,.0f} | 0 | 0 |")
    expected = results["spfengine.acheck"]
    wrong = [engine for engine, theirs in results.items() if theirs != expected]
    if wrong:
        print(f"results differ: {', '.join(wrong)}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
