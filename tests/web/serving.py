"""`spfengine ui` as a process of its own, and a folder as any web host serves it; both on loopback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.cli.conftest import command, environment

NO_DNS = ("--nameserver", "127.0.0.1:1")
"""Nobody listens there, so that no test asks anybody."""


@contextmanager
def ui(*arguments: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run the command, and yield its address and process."""
    process = subprocess.Popen(
        command("ui", "--listen", "127.0.0.1", *(arguments or NO_DNS)), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def folder(path: Path) -> Iterator[str]:
    """Serve a folder, and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
