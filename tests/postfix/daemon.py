"""Postfix for a conformance run: `python -m tests.postfix.daemon ours|policyd-spf`, as the run's --daemon.

Its files are in a file system of its own, at FOLDER in the run's namespaces, and disappear with them.
"""

import socket
import subprocess
import sys
from pathlib import Path

from tests.postfix import inside
from tests.postfix.lab import Service, configure

FOLDER = Path("/mnt")
POLICY_PORT = 10024
"""The port at which Debian's policy server can be asked without Postfix."""
_OURS = Service(
    25, "check_policy_service inet:127.0.0.1:10023",
    "{spfengine} policyd --listen 127.0.0.1:10023 --hostname mx.example --permerror reject "
    "--identity mailfrom --strict-private",
)  # fmt: skip
_THEIRS = Service(25, "check_policy_service unix:private/policyd-spf")
# By its path: a virtual environment may have another policyd-spf.
_MASTER = """
policyd-spf unix - n n - 0 spawn
  user=nobody argv=/usr/bin/policyd-spf {folder}/policyd-spf.conf
127.0.0.1:10024 inet n n n - 0 spawn
  user=nobody argv=/usr/bin/policyd-spf {folder}/policyd-spf.conf
"""
# HELO is checked for the null sender only (RFC 7208 §2.4), and no client is skipped; by default loopback is.
# A DNS reply has 6 seconds, since the machine may be busy; only a few cases have a silent server.
_CONFIGURATION = """
debugLevel = 0
HELO_reject = Null
Mail_From_reject = Fail
PermError_reject = True
TempError_Defer = True
Header_Type = SPF
Lookup_Time = 6
skip_addresses = 192.168.255.255/32
"""


def main(kind: str) -> None:
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("this is for the namespaces of: spfengine conformance --namespaces")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", FOLDER], check=True)
    if kind == "ours":
        configure(FOLDER, [_OURS])
    else:
        (FOLDER / "policyd-spf.conf").write_text(_CONFIGURATION, "ascii")
        configure(FOLDER, [_THEIRS], master=_MASTER)
    inside.main(FOLDER)


if __name__ == "__main__":
    main(sys.argv[1])
