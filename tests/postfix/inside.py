"""Postfix and its policy servers inside the namespaces of run-with: `python -m tests.postfix.inside FOLDER`.

If its standard input is a socket, it sends "ready"; then, for each port that it receives, it opens a connection to that
port in this network and sends the open socket, over which the receiver talks to Postfix as if from loopback. It exits
when the other end is closed, and run-with ends what it has started. Otherwise it waits for a signal.
"""

import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PORT = struct.Struct("!H")


def main(folder: Path) -> None:
    _mounts(folder)
    with (folder / "output").open("wb") as output:
        servers = (folder / "servers").read_text("utf-8").splitlines()
        for line in servers:
            subprocess.Popen(["sh", "-c", line], stdout=output, stderr=output)
        _wait(lambda: (folder / "output").read_bytes().count(b"listening at ") == len(servers), "policy servers")
        subprocess.run(["postfix", "-c", folder / "conf", "start"], check=True, stdout=output, stderr=output)
    if not stat.S_ISSOCK(os.fstat(0).st_mode):
        signal.pause()
    control = socket.socket(fileno=os.dup(0))
    control.sendall(b"ready")
    while sent := control.recv(PORT.size, socket.MSG_WAITALL):
        with _connected(*PORT.unpack(sent)) as connection:
            socket.send_fds(control, [b"!"], [connection.fileno()])


def _mounts(folder: Path) -> None:
    """Let Postfix's unprivileged users read Python and this checkout, wherever they are, inside the namespaces only."""
    for line in (folder / "mounts").read_text("utf-8").splitlines():
        source, _, name = line.partition("\t")
        (folder / name).mkdir()
        subprocess.run(["mount", "--bind", source, folder / name], check=True)


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 300
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"the {what} can't be started")
        time.sleep(0.02)


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 300)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
