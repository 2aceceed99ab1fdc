"""`spfengine.check` on a Zone, every check with its result object."""

from collections.abc import Sequence
from typing import Any

import spfengine
from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone


def prepare(workload: Workload) -> Run:
    zone = make_zone(workload)

    def run(checks: Sequence[Check]) -> list[Any]:
        check = spfengine.check
        return [check(ip, sender, helo, resolver=zone).result for ip, sender, helo, _ in checks]

    return run


if __name__ == "__main__":
    main("spfengine.check", spfengine.__version__, prepare)
