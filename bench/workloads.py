"""Workloads: the records of a zone, and checks against it with their expected results.

A workload file has one fact on each line, with fields separated by tabs: `Z name type value` is a record (TXT joined;
MX `preference host`), `C ip sender helo expected` is a check (`*`: any result, as long as all engines agree).

If there is a shared folder (`../shared`, or SPFENGINE_SHARED), its files are used. Otherwise `bench.generator` makes
workloads of the same shapes, the same ones each time. Nothing here imports an engine: each process of a comparison
loads only its own.
"""

import os
import re
from ipaddress import IPv4Network
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench.generator import HELO, make

REPOSITORY = Path(__file__).resolve().parent.parent

NAMES = ("W1", "W2a", "W2b", "W3a", "W3b", "W4", "W4v6", "W5a", "W5b", "W6", "W7")
"""One ip4 term; the story of the seed zone before and after; a tree like a large provider's, hit and missed; 10 lookups
and 120 networks, missed, IPv4 and IPv6; `exists` with macros, hit, and missed with an explanation; 200 domains of ten
kinds; W4 with 100,000 addresses."""

COLD = frozenset({"W6"})
"""Workloads in which each pass starts with nothing cached and no record parsed."""

_W7_SIZE = 100_000
_W7_SEED = 9


class Check(NamedTuple):
    """A client and its expected result; "*" for any."""

    ip: str
    sender: str
    helo: str
    expected: str


class Record(NamedTuple):
    """A DNS record."""

    name: str
    type: str
    value: str


class Workload(NamedTuple):
    """The records that DNS has, and the checks to make."""

    name: str
    records: tuple[Record, ...]
    checks: tuple[Check, ...]

    @property
    def is_cold(self) -> bool:
        """Whether each pass starts with nothing cached."""
        return self.name in COLD

    def first(self, count: int) -> "Workload":
        """Return this workload with only its first `count` checks."""
        return self._replace(checks=self.checks[:count])

    def faults(self, results: list[str]) -> list[str]:
        """Return a line for each check whose result is not the expected one."""
        faults = [
            f"{self.name}: {check.ip} for {check.sender} gave {result}, not {check.expected}"
            for check, result in zip(self.checks, results, strict=False)
            if check.expected not in ("*", result)
        ]
        if len(results) != len(self.checks):
            faults.append(f"{self.name}: {len(self.checks)} checks have {len(results)} results")
        return faults


def load(name: str) -> Workload:
    """Return the workload with this name, from the shared folder if there is one, else generated."""
    if name == "W7":
        return _many_addresses(load("W4"))
    path = _folder() / f"{name}.tsv"
    if path.is_file():
        return read(path)
    return _workload(name, make(name))


def read(path: Path) -> Workload:
    """Return the workload in a file, named after the file."""
    return _workload(path.stem, [line.split("\t") for line in path.read_text("utf-8").splitlines() if line])


def write(workload: Workload, folder: Path) -> Path:
    """Write a workload to a file in `folder`, and return the file's path."""
    path = folder / f"{workload.name}.tsv"
    lines = [("Z", *record) for record in workload.records] + [("C", *check) for check in workload.checks]
    path.write_text("".join("\t".join(fields) + "\n" for fields in lines), "utf-8")
    return path


def _folder() -> Path:
    return Path(os.environ.get("SPFENGINE_SHARED") or REPOSITORY.parent / "shared") / "bench"


def _workload(name: str, lines: list[list[str]]) -> Workload:
    records = tuple([Record(*fields[1:]) for fields in lines if fields[0] == "Z"])
    checks = tuple([Check(*fields[1:]) for fields in lines if fields[0] == "C"])
    return Workload(name, records, checks)


def _many_addresses(heavy: Workload) -> Workload:
    """Return W7: 100,000 distinct IPv4 addresses in random order, a quarter of them in the networks of W4's zone."""
    random = Random(_W7_SEED)
    text = " ".join([record.value for record in heavy.records if record.type == "TXT"])
    networks = [IPv4Network(network, strict=False) for network in re.findall(r"\bip4:([0-9./]+)", text)]
    sender = heavy.checks[0].sender
    hosts = {int(host) for net in networks for host in (net if net.num_addresses <= 4096 else ())}
    inside = random.sample(sorted(hosts), _W7_SIZE // 4)
    covered = [(int(net.network_address), int(net.broadcast_address)) for net in networks]
    apart = {int(part) for part in (IPv4Network("198.51.100.0/24"))}  # has the hosts of a and mx
    outside: dict[int, None] = {}
    while len(outside) < _W7_SIZE - len(inside):
        address = random.randrange(1 << 24, 224 << 24)
        if address >> 24 == 127:
            continue  # libspf2 passes any client with a loopback address, without asking DNS
        if address not in apart and not any(low <= address <= high for low, high in covered):
            outside[address] = None
    checks = [Check(_quad(ip), sender, HELO, "pass") for ip in inside]
    checks += [Check(_quad(ip), sender, HELO, "fail") for ip in outside]
    random.shuffle(checks)
    return Workload("W7", heavy.records, tuple(checks))


def _quad(address: int) -> str:
    return ".".join([str(octet) for octet in address.to_bytes(4, "big")])
