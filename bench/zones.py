"""Make a `spfengine.Zone` of a workload's records."""

from bench.workloads import Workload
from spfengine import Zone


def make_zone(workload: Workload) -> Zone:
    """Return a new zone with this workload's records, none of them parsed yet."""
    mapping: dict[str | bytes, dict[str, list[str | tuple[int, str]]]] = {}
    for name, type, value in workload.records:
        record: str | tuple[int, str] = value
        if type == "MX":
            preference, exchange = value.split(" ")
            record = int(preference), exchange
        mapping.setdefault(name, {}).setdefault(type, []).append(record)
    return Zone(mapping)
