"""A real DNS server (NSD, as Debian has it) on loopback that serves a Zone, as the only authority there is.

It serves the zone as the root zone, so that any names may stand in one file.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spfengine.addresses import V4, V6, address_text
from spfengine.answers import Status
from spfengine.resolvers.rrsets import RRset
from spfengine.resolvers.zone import Zone

INSTALL = "apt-get install -y nsd"
TTL = 300
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


def find_nsd() -> str:
    """Return where NSD is; where it is not, skip the test, or fail it in CI, where it must be."""
    nsd = shutil.which("nsd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if nsd is None:
        if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_DEBIAN") != "1":
            pytest.fail(f"NSD is not installed, and CI must have it: {INSTALL}")
        pytest.skip(f"NSD, a real DNS server, is not installed: {INSTALL}")
    return nsd


def master_file(rrsets: Iterable[RRset]) -> str:
    """Return the text of a master file (RFC 1035 §5) of these RRsets. Those that fail by plan can't stand in one."""
    lines = []
    for rrset in rrsets:
        if rrset.status is not Status.NOERROR:
            raise ValueError(f"a master file has no way to say that {rrset.name} {rrset.type} is {rrset.status}")
        for record in rrset.records:
            ttl = TTL if rrset.ttl is None else rrset.ttl
            lines.append(f"{_name(rrset.name)} {ttl} IN {rrset.type} {_data(rrset.type, record)}\n")
    return "".join(lines)


def _data(type: str, record: Any) -> str:
    if type == "A":
        return address_text(V4, record)
    if type == "AAAA":
        return address_text(V6, record)
    if type == "MX":
        return f"{record[0]} {_name(record[1])}"
    if type in ("CNAME", "PTR"):
        return _name(record)
    if type in ("TXT", "SPF"):
        pieces = [string[at : at + 255] for string in record for at in range(0, len(string) or 1, 255)]
        return " ".join(f'"{_escaped(piece.decode("latin-1"))}"' for piece in pieces)
    return " ".join(string.decode("latin-1") for string in record)


def _name(name: str) -> str:
    return ".".join(_escaped(label) for label in name.split(".")) + "." if name else "."


def _escaped(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_*") else f"\\{ord(c):03d}" for c in text)


@contextmanager
def serve(zone: Zone, folder: Path) -> Iterator[str]:
    """Serve a zone by NSD, which keeps its files in `folder`; the value is what LiveResolver takes as nameserver."""
    nsd = find_nsd()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    apex = any(rrset.name == "" and rrset.type == "SOA" for rrset in zone.rrsets)
    (folder / "zone").write_text(("" if apex else _SOA) + master_file(zone.rrsets), "ascii")
    (folder / "nsd.conf").write_text(_CONFIGURATION.format(port=port, folder=folder))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [nsd, "-d", "-c", folder / "nsd.conf"], stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_until_it_answers(process, port, folder / "log")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    root_soa = bytes.fromhex("0001 0000 0001 0000 0000 0000 00 0006 0001")
    end = time.monotonic() + 10
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
    pytest.fail(f"NSD does not answer:\n{log.read_text(errors='replace')}")
