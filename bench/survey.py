"""Survey many domains against a DNS server on loopback, and measure the memory that a survey takes.

    python -m bench.survey [--domains N] [--delay S] [--rounds N] [--memory N]

Each engine processes the same domains, with nothing cached: ours makes complete lines; spftrace checks one client, and
checkdmarc reads the record and everything that it includes, in turn, as their users loop over a list.
Prints the domains a second of the best round; the same for each second of the engine's own processor time, since the
server is another process, with which the engine may have to share a core; and the queries that the server received.
Then a separate process surveys a list of `--memory` domains, and another one a tenth of them; prints their largest
resident sizes.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

import spfengine
from bench.dns_server import Server, served
from bench.memory import own_domains
from bench.rivals_live import spftrace_at
from bench.workloads import REPOSITORY, Check
from spfengine import Answer, Question, RRType

Ask = Callable[[list[str]], int]
"""Surveys domains, and returns the number of answers."""


def ours(server: Server, in_flight: int, *, lint: bool) -> Ask:
    def ask(domains: list[str]) -> int:
        async def all_of_them() -> int:
            live = spfengine.LiveResolver(server.nameserver, timeout=10, lifetime=20, in_flight=in_flight)
            lines = [
                json.dumps(each.to_dict())
                async for each in spfengine.asurvey(domains, resolver=live, in_flight=in_flight, lint=lint)
            ]
            return len(lines)

        return asyncio.run(all_of_them())

    return ask


def one_check_each(server: Server) -> Ask | None:
    """Return spftrace: one check of one client for each domain, in turn."""
    check = spftrace_at(server.port, prefetch=True)
    if check is None:
        return None

    def ask(domains: list[str]) -> int:
        async def all_of_them() -> int:
            results = [await check(Check("203.0.113.77", f"u@{domain}", "mx.example.net", "*")) for domain in domains]
            return len(results)

        return asyncio.run(all_of_them())

    return ask


def checkdmarc_at(server: Server) -> Ask | None:
    """Return checkdmarc: the parsed record of each domain and everything that it includes, in turn."""
    try:
        import checkdmarc.spf
        import dns.resolver
    except ImportError:
        return None
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port

    def ask(domains: list[str]) -> int:
        return len([checkdmarc.spf.check_spf(domain, resolver=resolver) for domain in domains])

    return ask


def throughput(count: int, delay: float, rounds: int) -> None:
    workload = own_domains(count)
    domains = list(dict.fromkeys(check.sender.partition("@")[2] for check in workload.checks))
    print(f"{len(domains):,} domains, each answer {delay * 1000:g} ms late:\n")
    print("| | domains a second | a processor second | queries | distinct |\n|---|---:|---:|---:|---:|")
    with served(workload, delay) as server:
        engines: dict[str, Ask | None] = {
            "asurvey": ours(server, 100, lint=True),
            "asurvey, without lint": ours(server, 100, lint=False),
            "asurvey, one domain at a time": ours(server, 1, lint=True),
            "spftrace, one check of each domain": one_check_each(server),
            "checkdmarc": checkdmarc_at(server),
        }
        for engine, ask in engines.items():
            if ask is None:
                print(f"| {engine} | not installed | | | |")
                continue
            best, best_alone, asked = 0.0, 0.0, (0, 0)
            for _ in range(rounds):
                server.queries()
                begin, begin_alone = perf_counter(), process_time()
                answered = ask(domains)
                took, took_alone = perf_counter() - begin, process_time() - begin_alone
                assert answered == len(domains)
                best, best_alone = max(best, answered / took), max(best_alone, answered / took_alone)
                asked = server.queries()
            print(f"| {engine} | {best:,.0f} | {best_alone:,.0f} | {asked[0]:,} | {asked[1]:,} |", flush=True)


class Endless:
    """An asyncio resolver for any number of domains, each with its own record and a shared include."""

    async def aresolve(self, question: Question, /) -> Answer:
        """Return a new answer."""
        await asyncio.sleep(0)
        if question.type is not RRType.TXT:
            return Answer.nodata(ttl=300)
        if question.name == "_spf.shared.example":
            return Answer.txt("v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/25 -all", ttl=300)
        number = int(question.name.partition(".")[0][1:])
        return Answer.txt(
            f"v=spf1 ip4:10.{number >> 8 & 255}.{number & 255}.0/24 include:_spf.shared.example ~all", ttl=300
        )


def take(count: int, path: str) -> None:
    """Survey the domains in a file; print the largest resident size in KiB, and the seconds."""
    from spfengine.cli.survey_files import CompactSet, ListFile, key_of

    listed = ListFile(path)
    seen = CompactSet()

    async def wanted() -> AsyncIterator[str]:
        async for each in listed:
            if seen.add(key_of(each)):
                yield each.text

    async def ask() -> int:
        lines = 0
        async for each in spfengine.asurvey(wanted(), resolver=Endless(), lint=False):
            lines += len(json.dumps(each.to_dict())) > 0
        return lines

    begin = perf_counter()
    lines = asyncio.run(ask())
    assert lines == count, f"{lines} lines"
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, perf_counter() - begin)


def memory(count: int) -> Iterator[tuple[int, int, float]]:
    """Yield (domains, KiB, seconds) for a tenth of a list, and for all of it; each in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        for part in (count // 10, count):
            path = Path(folder) / f"{part}.txt"
            path.write_text("".join(f"n{number}.example\n" for number in range(part)), "ascii")
            words = [
                sys.executable,
                "-c",
                "import sys; from bench.survey import take; take(int(sys.argv[1]), sys.argv[2])",
            ]
            done = subprocess.run(
                [*words, str(part), str(path)], cwd=REPOSITORY, capture_output=True, text=True, check=True
            )
            size, seconds = done.stdout.split()
            yield part, int(size), float(seconds)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=1000)
    parser.add_argument("--delay", type=float, default=0.005)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", type=int, default=100_000)
    options = parser.parse_args(arguments)
    print(f"spfengine {spfengine.__version__}, CPython {sys.version.split()[0]}\n")
    if options.domains:
        throughput(options.domains, options.delay, options.rounds)
    if options.memory:
        print("\n| domains | largest resident size | domains a second |\n|---:|---:|---:|")
        for count, size, seconds in memory(options.memory):
            print(f"| {count:,} | {size / 1024:.0f} MiB | {count / seconds:,.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
