"""Measure the time and memory that reading evidence takes.

    python -m bench.evidence [--rows N] [--senders N] [--kind report|postfix|exim|table]

The script generates a file of N rows with the given number of different senders, compresses it with gzip, and reads it
in a separate process. It prints the time and the peak memory, and the peak memory of a process that reads one row.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.workloads import REPOSITORY

_READ = """
import json, resource, sys, time
from spfengine.evidence.reading import read_evidence
begun = time.perf_counter()
evidence = read_evidence(sys.argv[1])
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, peak, evidence.sources[0].rows, len(evidence.senders), evidence.left_out, evidence.skipped]))
"""


def _report(rows: int, senders: int) -> Iterator[str]:
    yield '<?xml version="1.0"?>\n<feedback><report_metadata><org_name>bench</org_name></report_metadata>\n'
    for row in range(rows):
        yield (
            f"<record><row><source_ip>{_ip(row % senders)}</source_ip><count>{1 + row % 7}</count><policy_evaluated>"
            "<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row>"
            "<identifiers><envelope_from>example.com</envelope_from><header_from>example.com</header_from>"
            "</identifiers><auth_results><dkim><domain>example.com</domain><result>none</result></dkim>"
            "<spf><domain>example.com</domain><scope>mfrom</scope><result>softfail</result></spf></auth_results>"
            "</record>\n"
        )
    yield "</feedback>"


def _postfix(rows: int, senders: int) -> Iterator[str]:
    for row in range(rows):
        start = f"Aug  3 {row // 3600 % 24:02}:{row // 60 % 60:02}:{row % 60:02} mx postfix"
        yield f"{start}/smtpd[21]: {row:010X}: client=mail.example.com[{_ip(row % senders)}]\n"
        yield f"{start}/cleanup[22]: {row:010X}: message-id=<{row}@example.com>\n"
        yield f"{start}/qmgr[23]: {row:010X}: from=<alice@example.com>, size=1234, nrcpt=1 (queue active)\n"
        yield f"{start}/qmgr[23]: {row:010X}: removed\n"


def _exim(rows: int, senders: int) -> Iterator[str]:
    for row in range(rows):
        ip = _ip(row % senders)
        yield f"2026-08-03 10:15:41 1wZq7K-{row:06}-2f <= alice@example.com H=(mail.example.com) [{ip}] P=esmtp S=1\n"


def _table(rows: int, senders: int) -> Iterator[str]:
    yield "ip,sender,helo,count,label\n"
    for row in range(rows):
        yield f"{_ip(row % senders)},alice@example.com,mail.example.com,3,\n"


def _ip(number: int) -> str:
    return f"2001:db8::{number >> 16:x}:{number & 0xFFFF:x}"


KINDS: dict[str, Callable[[int, int], Iterator[str]]] = {
    "report": _report, "postfix": _postfix, "exim": _exim, "table": _table,
}  # fmt: skip


def measure(kind: str, rows: int, senders: int, folder: Path) -> list[float]:
    """Return seconds, peak memory in MiB, rows, senders kept, messages left out, and rows skipped."""
    path = folder / "evidence.gz"
    with gzip.open(path, "wt", compresslevel=1, encoding="ascii") as file:
        file.writelines(KINDS[kind](rows, senders))
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    measured: list[float] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--senders", type=int, default=50_000)
    parser.add_argument("--kind", choices=[*KINDS], action="append")
    given = parser.parse_args()
    for kind in given.kind or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            _, least, *_ = measure(kind, 1, 1, Path(folder))
            seconds, peak, rows, senders, left_out, skipped = measure(kind, given.rows, given.senders, Path(folder))
        print(
            f"{kind}: {rows:,} rows in {seconds:.1f} s ({seconds / max(rows, 1) * 1e6:.0f} µs a row), {senders:,} "
            f"senders kept, {left_out:,} messages left out, {skipped:,} rows skipped; {peak:.0f} MiB at most, "
            f"{least:.0f} MiB for one row",
            flush=True,
        )


if __name__ == "__main__":
    main()
