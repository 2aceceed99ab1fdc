"""Measure the memory that cached answers, policies and Checkers take, and that it does not grow over a million checks.

    python -m bench.memory [--checks N]

tracemalloc measures what is allocated, not what the process takes from the system. For the million checks, the script
also prints by how much the largest resident size grows in the second half.
"""

import argparse
import gc
import resource
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from random import Random

import spfengine
from bench.workloads import Workload, load
from bench.zones import make_zone
from spfengine import Answer, Cache, Checker, Policy, Question, RRType, Zone, check

DOMAINS = 10_000


def allocated(make: Callable[[], object]) -> int:
    """Return the number of bytes allocated for the object that `make` returns."""
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
    """A resolver that makes a new Answer each time, as live DNS does."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def resolve(self, question: Question, /) -> Answer:
        """Return a new answer; it shares its octets with the zone."""
        answer = self.zone.resolve(question)
        if not answer.records:
            return Answer(answer.status, answer.type, (), 300)
        return Answer(answer.status, answer.type, answer.records, 300, answer.chain, answer.strings)


def own_domains(count: int) -> Workload:
    """Return W6 multiplied to `count` domains, each with its own records and one check for each address."""
    base = load("W6")
    domains = list(dict.fromkeys(check.sender.partition("@")[2] for check in base.checks))
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
        checks += [check._replace(sender=f"u@{new}") for check in base.checks[number % len(domains) :: len(domains)]]
    return Workload("many", tuple(records.values()), tuple(checks))


def answers() -> list[tuple[str, int]]:
    """Return the memory of cached answers, with everything derived from them."""
    rows = []
    for description, name in (("a record of one network", "W1"), ("a record of 18 terms", "W4")):
        texts = [record for record in load(name).records if record.type == "TXT"]
        record = max(texts, key=lambda record: len(record.value))
        zone = Zone({record.name: {"TXT": record.value}})
        question = Question(record.name, RRType.TXT)

        def keep(zone: Zone = zone, question: Question = question) -> object:
            cache = Cache(Fresh(zone), default_ttl=300)
            cache.resolve(question)
            for ip in ("203.0.113.1", "2001:db8::1"):
                check(ip, f"u@{question.name}", resolver=cache)
            return cache

        keep()
        empty = allocated(partial(Cache, Fresh(zone)))
        rows.append((f"An answer in the cache: {description}, {len(record.value)} bytes", allocated(keep) - empty))
    return rows


def policies() -> list[tuple[str, int]]:
    """Return the memory of the policy of W4."""
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
    """Return the memory of a Checker with DOMAINS domains."""
    workload = own_domains(DOMAINS)
    zone = make_zone(workload)
    senders = {check.sender: check for check in workload.checks}

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

    rows = [(f"{DOMAINS:,} domains in a Checker, each checked once", allocated(lambda: know(False)))]
    rows.append((f"{DOMAINS:,} domains in a Checker, each checked for 50 addresses", allocated(lambda: know(True))))
    return rows


def growth(checks: int) -> list[tuple[str, int]]:
    """Return the growth of memory in the second half of `checks` checks, of more domains than the Checker keeps."""
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
        (f"Growth of allocated memory in {checks // 20:,} checks, in steady state", second - first),
    ]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=1_000_000)
    options = parser.parse_args(arguments)
    print(f"spfengine {spfengine.__version__}, CPython {sys.version.split()[0]}\n\n| | bytes |\n|---|---:|")
    for description, size in [*answers(), *policies(), *checkers(), *growth(options.checks)]:
        print(f"| {description} | {size:,} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
