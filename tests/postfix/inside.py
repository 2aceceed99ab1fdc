"""Postfix and its policy servers inside the namespaces of run-with: `python -m tests.postfix.inside FOLDER`.

Its standard input is a socket. It says "ready" there, and then, for each port that it is sent, opens a connection to
that port of this network and hands it over: whoever holds it speaks to Postfix as from loopback. When the other end is
closed it ends; run-with ends what it has started.
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PORT = struct.Struct("!H")


def main(folder: Path) -> None:
    _mounts(folder)
    control = socket.socket(fileno=os.dup(0))
    with (folder / "output").open("wb") as output:
        subprocess.run(["postfix", "-c", folder / "conf", "start"], check=True, stdout=output, stderr=output)
        for line in (folder / "servers").read_text("utf-8").splitlines():
            subprocess.Popen(["sh", "-c", line], stdout=output, stderr=output)
        for port in map(int, (folder / "ports").read_text("ascii").split()):
            _connected(port).close()
    control.sendall(b"ready")
    while sent := control.recv(PORT.size, socket.MSG_WAITALL):
        with _connected(*PORT.unpack(sent)) as connection:
            socket.send_fds(control, [b"!"], [connection.fileno()])


def _mounts(folder: Path) -> None:
    """Let Postfix's unprivileged users read Python and this checkout, wherever they are; others see none of it."""
    for line in (folder / "mounts").read_text("utf-8").splitlines():
        source, _, name = line.partition("\t")
        (folder / name).mkdir()
        subprocess.run(["mount", "--bind", source, folder / name], check=True)


def _connected(port: int) -> socket.socket:
    end = time.monotonic() + 20
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), 20)
        if time.monotonic() > end:
            sys.exit(f"nobody listens at port {port}")
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
