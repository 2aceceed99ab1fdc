"""A plain loop: `inet_pton`, `int.from_bytes` and `bisect` in a plain loop over the ranges of a compiled policy.

That is the least that Python can do for an address given as a string. The loop returns indexes into a table; the
outcomes are looked up afterwards.
"""

from bisect import bisect_right
from collections.abc import Sequence
from platform import python_version
from socket import AF_INET, inet_pton
from typing import Any

from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone
from spfengine.policy.policy import Policy

_outcomes: list[str] = []


def prepare(workload: Workload) -> Run:
    policy = Policy.compile(workload.checks[0].sender.rpartition("@")[2], resolver=make_zone(workload))
    ranges = list(policy.ranges(4))
    _outcomes[:] = [str(outcome.result) for _, _, outcome in ranges]
    starts = tuple([first for first, _, _ in ranges])
    ips = [check.ip for check in workload.checks]

    def run(checks: Sequence[Check]) -> list[Any]:
        assert len(checks) == len(ips)
        return plain_loop(ips, starts)

    return run


def plain_loop(ips: list[str], starts: tuple[int, ...]) -> list[int]:
    """Return the index of each address in a table of ranges."""
    from_bytes = int.from_bytes
    return [bisect_right(starts, from_bytes(inet_pton(AF_INET, ip), "big")) - 1 for ip in ips]


if __name__ == "__main__":
    main("plain loop", python_version(), prepare, lambda index: _outcomes[index])
