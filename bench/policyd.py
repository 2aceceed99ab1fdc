"""Measure policy servers for Postfix on the same requests in one run.

    python -m bench.policyd [--seconds S] [--clients N]

Needs root, since the rivals ask only the DNS server in /etc/resolv.conf: everything runs inside `spfengine run-with`.
The rivals are Debian's postfix-policyd-spf-python and postfix-policyd-spf-perl (Mail::SPF); one that is not installed
is left out. They serve one client on stdin, so each client has a process of theirs, as Postfix's spawn(8) does it;
ours serves all clients in one process.

Cold requests are each about another domain; warm ones are about ten domains in turn. Each domain has a record with an
include. All actions have to agree: every message passes.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter

from bench.policy_load import Measured, clients, request, senders
from bench.workloads import REPOSITORY

_DOMAINS = 60_000
_WARM = range(1, 11)
_ZONE = (
    "$ORIGIN bench.test.", "$TTL 3600", "@ SOA ns hostmaster 1 3600 600 86400 300", "@ NS ns", "ns A 127.0.0.1",
    'spf TXT "v=spf1 ip4:192.0.2.0/24 -all"', 'mx TXT "v=spf1 ip4:192.0.2.1 -all"',
)  # fmt: skip
_WARM_UP = 1.0  # seconds
_CONFIGURATION = """
debugLevel = 0
HELO_reject = Fail
Mail_From_reject = Fail
skip_addresses = 192.168.255.255/32
Header_Type = SPF
"""
_RIVALS = {
    "policyd-spf-python": ["/usr/bin/policyd-spf", "{folder}/policyd-spf.conf"],
    "policyd-spf-perl (Mail::SPF)": ["/usr/sbin/postfix-policyd-spf-perl"],
}
OURS = "spfengine policyd"


def measure_processes(command: list[str], number: int, seconds: float, *, warm: bool) -> Measured:
    """Return what clients see that each have a process of their own."""
    measured = Measured()
    sender = senders("bench.test", _WARM if warm else None)
    lock = Lock()

    def one() -> None:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as run:
            assert run.stdin is not None
            assert run.stdout is not None
            begin = perf_counter() + _WARM_UP
            while (sent := perf_counter()) < begin + seconds:
                run.stdin.write(request(sender(), "mx.bench.test"))
                run.stdin.flush()
                answer = run.stdout.readline()
                run.stdout.readline()
                if sent >= begin:
                    with lock:
                        measured.add(perf_counter() - sent, answer)
            run.stdin.close()

    threads = [Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    measured.elapsed = seconds
    return measured


def measure_server(port: int, number: int, seconds: float, *, warm: bool) -> Measured:
    """Return what clients of a server see."""
    measured = Measured()
    sender = senders("bench.test", _WARM if warm else None)

    async def run() -> None:
        connect = partial(asyncio.open_connection, "127.0.0.1", port)
        await clients(connect, number, sender, perf_counter() + _WARM_UP, Measured())
        await clients(connect, number, sender, perf_counter() + seconds, measured)

    asyncio.run(run())
    return measured


def inside(folder: Path, number: int, seconds: float) -> None:
    """Measure all of them, where the DNS server of the system is ours."""
    found: dict[str, dict[str, Measured]] = {}
    for name, words in _RIVALS.items():
        command = [word.format(folder=folder) for word in words]
        if shutil.which(command[0]) is None:
            print(f"{name} is not installed")
            continue
        found[name] = {
            kind: measure_processes(command, number, seconds, warm=kind == "warm") for kind in ("warm", "cold")
        }
    listen = [sys.executable, "-m", "spfengine", "policyd", "--hostname", "mx.example.net", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(listen, stderr=subprocess.PIPE, text=True) as process, (folder / "log").open("w") as log:
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(":")[2])
        reading = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
        found[OURS] = {kind: measure_server(port, number, seconds, warm=kind == "warm") for kind in ("warm", "cold")}
        process.terminate()
        process.wait()
        reading.wait()
    for kind in ("warm", "cold"):
        for name, measured in found.items():
            ratio = found[OURS][kind].rate / measured[kind].rate if measured[kind].rate else float("nan")
            print(f"{kind}: {name}: {measured[kind]}; ours is {ratio:.1f} times as fast")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each measurement")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        inside(options.inside, options.clients, options.seconds)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policyd-spf.conf").write_text(_CONFIGURATION)
        lines = [*_ZONE, *[f'd{number} TXT "v=spf1 include:spf.bench.test -all"' for number in range(1, _DOMAINS)]]
        (folder / "bench.zone").write_text("\n".join([*lines, ""]))
        words = ["--seconds", str(options.seconds), "--clients", str(options.clients), "--inside", name]
        command = [sys.executable, "-m", "spfengine", "run-with", str(folder / "bench.zone"), "--"]
        subprocess.run(
            [*command, sys.executable, "-m", "bench.policyd", *words],
            cwd=REPOSITORY, check=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip


if __name__ == "__main__":
    main()
