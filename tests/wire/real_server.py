"""Real DNS servers on loopback, as Debian has them: NSD serves a Zone, and Unbound asks it as a recursive server does.

NSD serves the zone as the root zone, so one file can have any names, and it is the only authority there is.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import DEFAULT_TTL as TTL, master_file
from tests.debian import program
from tests.ports import free_port

_SOA = f". {TTL} IN SOA fake-root.invalid. nobody.invalid. 1 3600 600 86400 {TTL}\n. {TTL} IN NS fake-root.invalid.\n"
_CONFIGURATION = """
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    database: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "."
    zonefile: "{folder}/zone"
"""


@contextmanager
def serve(zone: Zone, folder: Path) -> Iterator[str]:
    """Serve a zone by NSD, which keeps its files in `folder`; the value is what LiveResolver takes as nameserver."""
    nsd = program("nsd")
    port = free_port()
    apex = any(rrset.name == "" and rrset.type == "SOA" for rrset in zone.rrsets)
    (folder / "zone").write_text(("" if apex else _SOA) + master_file(zone.rrsets), "ascii")
    (folder / "nsd.conf").write_text(_CONFIGURATION.format(port=port, folder=folder))
    with _running([nsd, "-d", "-c", str(folder / "nsd.conf")], port, folder / "log"):
        yield f"127.0.0.1:{port}"


_RECURSIVE = """
server:
    interface: 127.0.0.1@{port}
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    do-daemonize: no
    do-not-query-localhost: no
    module-config: "iterator"
    num-threads: 1
remote-control:
    control-enable: no
stub-zone:
    name: "."
    stub-addr: {authority}
"""


@contextmanager
def recurse(authority: str, folder: Path) -> Iterator[str]:
    """Ask an authority through Unbound, which keeps its files in `folder`; the value is what LiveResolver takes."""
    unbound = program("unbound")
    port = free_port()
    configuration = _RECURSIVE.format(port=port, folder=folder, authority=authority.replace(":", "@"))
    (folder / "unbound.conf").write_text(configuration)
    with _running([unbound, "-d", "-c", str(folder / "unbound.conf")], port, folder / "unbound.log"):
        yield f"127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], port: int, path: Path) -> Iterator[None]:
    """Run a server until the end of the block."""
    with path.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_until_it_answers(process, port, path)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    root_soa = bytes.fromhex("0001 0100 0001 0000 0000 0000 00 0006 0001")
    end = time.monotonic() + 300
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.1)
        client.connect(("127.0.0.1", port))
        while time.monotonic() < end and process.poll() is None:
            try:
                client.send(root_soa)
                reply = client.recv(512)
            except OSError:
                time.sleep(0.02)
            else:
                if reply[3] & 15 == 0:
                    return
    pytest.fail(f"the server does not answer:\n{log.read_text(errors='replace')}")
