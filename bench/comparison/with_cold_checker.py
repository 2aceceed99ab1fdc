"""`Checker.check` on a Zone, every check with its result object. In a cold workload, it starts with nothing cached."""

from collections.abc import Sequence
from typing import Any

import spfengine
from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone


def prepare(workload: Workload) -> Run:
    checker = spfengine.Checker(make_zone(workload))

    def run(checks: Sequence[Check]) -> list[Any]:
        check = checker.check
        return [check(ip, sender, helo).result for ip, sender, helo, _ in checks]

    return run


if __name__ == "__main__":
    main("Checker, from cold", spfengine.__version__, prepare)
