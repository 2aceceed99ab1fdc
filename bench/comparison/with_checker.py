"""`Checker.check` on a Zone, every check with its result object, after all domains have become hot."""

import spfengine
from bench.comparison.protocol import Run, main
from bench.comparison.with_cold_checker import prepare as prepare_cold
from bench.workloads import Workload


def prepare(workload: Workload) -> Run:
    run = prepare_cold(workload)
    for _ in range(4):
        run(workload.checks)
    return run


if __name__ == "__main__":
    main("Checker, warm", spfengine.__version__, prepare)
