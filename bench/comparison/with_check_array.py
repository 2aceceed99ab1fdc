"""`Policy.check_array`: all addresses of one domain as a NumPy column; making the column is not measured."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import numpy as np

import spfengine
from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone
from spfengine.policy import RESULT_CODES, Policy


def prepare(workload: Workload) -> Run:
    policy = Policy.compile(workload.checks[0].sender.rpartition("@")[2], resolver=make_zone(workload))
    column = np.array([int(ipaddress.IPv4Address(check.ip)) for check in workload.checks], np.uint32)

    def run(checks: Sequence[Check]) -> Any:
        assert len(checks) == len(column)
        return policy.check_array(column)

    return run


if __name__ == "__main__":
    main("policy.check_array", spfengine.__version__, prepare, lambda code: str(RESULT_CODES[code]))
