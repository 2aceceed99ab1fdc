"""The fake DNS server as a process: it says when it is ready, logs queries, reloads, and stops on a signal."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from spfengine.answers import Resolver
from spfengine.testing.fake_dns import FakeDNS, Query
from spfengine.visible import visible_name

SCHEMA = "spfengine.serve/1"
_WATCH_SECONDS = 0.25
_STOP = [signal.SIGTERM, signal.SIGINT]
_RELOAD = [signal.Signals[name] for name in ("SIGHUP",) if name in signal.Signals.__members__]  # not on Windows

Reload = Callable[[], Resolver | None]
"""Returns the resolver that answers from now on; None to keep the current one."""


def ready(server: FakeDNS) -> str:
    """Return a line of JSON: where a server listens, and the id of this process."""
    document = {
        "schema": SCHEMA,
        "address": server.address,
        "udp_port": server.port,
        "tcp_port": server.port,
        "pid": os.getpid(),
    }
    return json.dumps(document) + "\n"


@contextmanager
def ready_file(path: str | None, line: str) -> Iterator[None]:
    """Create a file that holds `line`, in one step, and delete it at the end. Raises OSError."""
    if path is None:
        yield
        return
    draft = Path(f"{path}.{os.getpid()}")
    draft.write_text(line, "ascii")
    draft.replace(path)
    try:
        yield
    finally:
        Path(path).unlink(missing_ok=True)


class QueryLines:
    """Writes each query as a line of ASCII JSON: time, name, type, over, client."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, query: Query) -> None:
        """Write a query and flush. Raises OSError."""
        document = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "name": visible_name(query.name),
            "type": query.type,
            "over": query.over,
            "client": list(query.client),
        }
        self._stream.write(json.dumps(document) + "\n")
        self._stream.flush()


def serve_until_stopped(server: FakeDNS, announce: Callable[[], None], reload: Reload, files: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; reload on SIGHUP and when one of the files changes.

    Call this in the main thread, with a server that is started. `announce` is called when the signals have their
    handlers.
    """
    events: SimpleQueue[int] = SimpleQueue()  # its put() is safe in a signal handler
    before = {number: signal.signal(number, lambda number, _: events.put(number)) for number in (*_STOP, *_RELOAD)}
    try:
        seen = _state(files)
        announce()
        while True:
            try:
                event: int | None = events.get(timeout=_WATCH_SECONDS)
            except Empty:
                event = None
            if event in _STOP:
                return
            now = _state(files)
            if event is not None or now != seen:
                seen = now
                resolver = reload()
                if resolver is not None:
                    server.zone = resolver
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _state(files: Sequence[str]) -> list[tuple[int, int, int] | None]:
    """Return, for each file, values that change when it is written or replaced; None if it does not exist."""
    states: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            stat = os.stat(path)
        except OSError:
            states.append(None)
        else:
            states.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return states
