"""`Policy.check_many`: all addresses of one domain at once; compiling its policy is not measured."""

from collections.abc import Sequence
from typing import Any

import spfengine
from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone
from spfengine.policy.policy import Policy


def prepare(workload: Workload) -> Run:
    policy = Policy.compile(workload.checks[0].sender.rpartition("@")[2], resolver=make_zone(workload))
    ips = [check.ip for check in workload.checks]

    def run(checks: Sequence[Check]) -> list[Any]:
        assert len(checks) == len(ips)
        return list(policy.check_many(ips))

    return run


if __name__ == "__main__":
    main("policy.check_many", spfengine.__version__, prepare, lambda outcome: str(outcome.result))
