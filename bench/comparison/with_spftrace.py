"""spftrace: `acheck` in a running event loop, with a resolver of the kind that it documents, which reads a dict.

Starting the loop is not measured. spftrace has no option to turn off its trace.
"""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from bench.comparison.protocol import Run, main, skip
from bench.workloads import Check, Workload

try:
    import spftrace
except ImportError as error:
    skip("spftrace", f"{error.name} is not installed; the extra `bench` has it")


class Ready(spftrace.BaseResolver):
    """A resolver with ready-made answers."""

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self._answers: dict[tuple[str, str], tuple[str, list[str]]] = {}
        for name, type, value in workload.records:
            answer = value.partition(" ")[2] if type == "MX" else value  # the workloads have MX in order of preference
            self._answers.setdefault((name, type), ("NOERROR", []))[1].append(answer)
        names = {record.name for record in workload.records}
        self._exists = {name.split(".", labels)[-1] for name in names for labels in range(name.count("."))}

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        answer = self._answers.get((name, rtype))
        if answer is None:
            return ("NOERROR" if name in self._exists else "NXDOMAIN"), []
        return answer


def prepare(workload: Workload) -> Run:
    resolver = Ready(workload)

    def run(checks: Sequence[Check]) -> list[Any]:
        return loop.run_until_complete(_run(checks, resolver))

    return run


async def _run(checks: Sequence[Check], resolver: Any) -> list[Any]:
    acheck = spftrace.acheck
    return [(await acheck(ip, sender, helo, resolver=resolver)).verdict for ip, sender, helo, _ in checks]


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    main("spftrace", version("spftrace"), prepare)
    loop.close()
