"""`Policy.check`, one address at a time; compiling the policies of all domains is not measured.

If an outcome depends on more than the address, the policy asks the zone, as a check would.
"""

from collections.abc import Sequence
from typing import Any

import spfengine
from bench.comparison.protocol import Run, main
from bench.workloads import Check, Workload
from bench.zones import make_zone
from spfengine.policy.policy import Policy


def prepare(workload: Workload) -> Run:
    zone = make_zone(workload)
    senders = {check.sender for check in workload.checks}
    by_sender = {sender: Policy.compile(sender.rpartition("@")[2], resolver=zone).check for sender in senders}
    if any(Policy.compile(sender.rpartition("@")[2], resolver=zone).conditional for sender in senders):

        def ask(checks: Sequence[Check]) -> list[Any]:
            return [
                by_sender[sender](ip, sender=sender, helo=helo, resolver=zone).result for ip, sender, helo, _ in checks
            ]

        return ask

    def run(checks: Sequence[Check]) -> list[Any]:
        return [by_sender[sender](ip).result for ip, sender, _, _ in checks]

    return run


if __name__ == "__main__":
    main("policy.check", spfengine.__version__, prepare)
