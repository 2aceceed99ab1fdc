"""A workload's records as a `spfengine.Zone`."""

from bench.workloads import Workload
from spfengine import Zone


def make_zone(workload: Workload) -> Zone:
    """Return a new zone of this workload's records, nothing of it evaluated yet."""
    mapping: dict[str | bytes, dict[str, list[str | tuple[int, str]]]] = {}
    for name, type, value in workload.records:
        record: str | tuple[int, str] = value
        if type == "MX":
            preference, exchange = value.split(" ")
            record = int(preference), exchange
        mapping.setdefault(name, {}).setdefault(type, []).append(record)
    return Zone(mapping)
