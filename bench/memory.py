"""What is kept takes so much memory, and no more after a million checks.

    python -m bench.memory [--checks N]

Measured with tracemalloc: what is allocated, not what the process has of the system (that is told as well, for the
million checks, as its largest resident size before and after the second half).
"""

import argparse
import gc
import resource
import sys
import tracemalloc
from collections.abc import Callable
from random import Random

import spfengine
from bench.workloads import Workload, load
from bench.zones import make_zone
from spfengine import Answer, Cache, Checker, Policy, Question, RRType, Zone, check

DOMAINS = 10_000


def allocated(make: Callable[[], object]) -> int:
    """Return how many octets are allocated for what this makes, and is kept."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = make()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return after - before


class Fresh:
    """Answers of a zone, made anew each time, as those of live DNS are."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def resolve(self, question: Question, /) -> Answer:
        """Return a new answer; its octets are shared with the zone."""
        answer = self.zone.resolve(question)
        if not answer.records:
            return Answer(answer.status, answer.type, (), 300)
        return Answer(answer.status, answer.type, answer.records, 300, answer.chain, answer.strings)


def own_domains(count: int) -> Workload:
    """Return W6 with its domains once more and once more, each with records of its own, one check for each address."""
    base = load("W6")
    domains = list(dict.fromkeys(each.sender.partition("@")[2] for each in base.checks))
    records = {(record.name, record.type, record.value): record for record in base.records}
    checks = []
    for number in range(count):
        domain = domains[number % len(domains)]
        new = f"n{number}.{domain}"
        for record in base.records:
            if record.name == domain or record.name.endswith(f".{domain}"):
                name = record.name.replace(domain, new)
                changed = record._replace(name=name, value=record.value.replace(domain, new))
                records[name, record.type, changed.value] = changed
        checks += [each._replace(sender=f"u@{new}") for each in base.checks[number % len(domains) :: len(domains)]]
    return Workload("many", tuple(records.values()), tuple(checks))


def answers() -> list[tuple[str, int]]:
    """Return what kept answers take: the answer itself, and all that is worked out of it."""
    rows = []
    for told, name in (("a record of one network", "W1"), ("a record of 18 terms", "W4")):
        record = max([each for each in load(name).records if each.type == "TXT"], key=lambda each: len(each.value))
        zone = Zone({record.name: {"TXT": record.value}})
        question = Question(record.name, RRType.TXT)

        def keep(zone: Zone = zone, question: Question = question) -> object:
            cache = Cache(Fresh(zone), default_ttl=300)
            cache.resolve(question)
            for ip in ("203.0.113.1", "2001:db8::1"):
                check(ip, f"u@{question.name}", resolver=cache)
            return cache

        keep()
        empty = allocated(lambda zone=zone: Cache(Fresh(zone)))  # type: ignore[misc]  # mypy reads no such lambda
        rows.append((f"An answer in the cache: {told}, {len(record.value)} octets", allocated(keep) - empty))
    return rows


def policies() -> list[tuple[str, int]]:
    """Return what the policy of W4 takes."""
    zone = make_zone(load("W4"))
    domain = load("W4").checks[0].sender.partition("@")[2]
    Policy.compile(domain, resolver=zone)
    whole = allocated(lambda: Policy.compile(domain, resolver=Fresh(zone)))
    rows = [("A policy (W4), with its answers", whole)]
    rows.append(
        ("A policy (W4), without them", allocated(lambda: Policy.compile(domain, resolver=zone).without_answers()))
    )
    return rows


def checkers() -> list[tuple[str, int]]:
    """Return what a Checker takes that knows so many domains."""
    workload = own_domains(DOMAINS)
    zone = make_zone(workload)
    senders = {each.sender: each for each in workload.checks}

    def know(each_address: bool) -> Checker:
        checker = Checker(
            Fresh(zone),
            hot_after=0 if each_address else 2,
            max_octets=1 << 32,
            max_answers=1 << 20,
            max_domains=1 << 20,
        )
        for one in workload.checks if each_address else senders.values():
            checker.check(one.ip, one.sender, one.helo)
        return checker

    rows = [(f"{DOMAINS:,} domains in a Checker, each asked once", allocated(lambda: know(False)))]
    rows.append((f"{DOMAINS:,} domains in a Checker, each asked for 50 addresses", allocated(lambda: know(True))))
    return rows


def growth(checks: int) -> list[tuple[str, int]]:
    """Return by how much memory grows in the second half of so many checks of more domains than are kept."""
    workload = own_domains(2000)
    zone = make_zone(workload)
    random = Random(7208)
    checker = Checker(Fresh(zone), max_domains=500, max_answers=2000)
    chosen = list(workload.checks)

    def ask(count: int) -> None:
        for _ in range(count):
            one = chosen[int(random.random() ** 3 * len(chosen))]
            checker.check(one.ip, one.sender, one.helo)

    ask(checks // 2)
    gc.collect()
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    ask(checks // 20)
    gc.collect()
    first, _ = tracemalloc.get_traced_memory()
    ask(checks // 20)
    gc.collect()
    second, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ask(checks - checks // 2 - 2 * (checks // 20))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) * 1024
    return [
        (f"Growth of the largest resident size in the second half of {checks:,} checks", grown),
        (f"Growth in {checks // 20:,} checks, all in steady state", second - first),
    ]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    print(f"spfengine {spfengine.__version__}, CPython {sys.version.split()[0]}\n\n| | octets |\n|---|---:|")
    for told, octets in [*answers(), *policies(), *checkers(), *growth(options.checks)]:
        print(f"| {told} | {octets:,} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
