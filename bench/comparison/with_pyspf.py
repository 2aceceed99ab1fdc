"""pyspf: `query(...).check()`, with its DNS lookup replaced by a dict of answers in the form that py3dns gives them.

It runs without its time limit (`querytime=0`), and caches nothing between checks.
"""

from collections.abc import Sequence
from importlib.metadata import version
from ipaddress import IPv6Address
from typing import Any

from bench.comparison.protocol import Run, main, skip
from bench.workloads import Check, Workload

try:
    import spf
except ImportError as error:
    skip("pyspf", f"{error.name} is not installed; the extra `bench` has it")

Records = list[tuple[tuple[str, str], Any]]


def prepare(workload: Workload) -> Run:
    answers: dict[tuple[str, str], Records] = {}
    for name, type, value in workload.records:
        data: Any = value
        if type == "TXT":
            data = (value.encode(),)
        elif type == "MX":
            preference, exchange = value.split(" ")
            data = int(preference), exchange
        elif type == "AAAA":
            data = IPv6Address(value).packed
        answers.setdefault((name, type), []).append(((name, type), data))
    nothing: Records = []

    def lookup(name: str, qtype: str, _tcpfallback: object = True, _timeout: object = None) -> Records:
        return answers.get((name, qtype), nothing)

    spf.DNSLookup = lookup

    def run(checks: Sequence[Check]) -> list[Any]:
        query = spf.query
        return [query(i=ip, s=sender, h=helo, querytime=0).check()[0] for ip, sender, helo, _ in checks]

    return run


if __name__ == "__main__":
    main("pyspf", version("pyspf"), prepare)
