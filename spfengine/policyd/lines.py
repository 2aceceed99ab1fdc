"""The log as lines of a stream."""

from asyncio import get_running_loop
from contextlib import suppress
from typing import TextIO


class Lines:
    """Writes lines to a stream.

    In an event loop, all lines of one turn are written at once, since a write takes as long as making several lines. If
    they can't be written, the server continues without them.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        """Write a line, now or in the next turn."""
        self._lines.append(line)
        if len(self._lines) == 1:
            try:
                get_running_loop().call_soon(self._flush)
            except RuntimeError:
                self._flush()

    def _flush(self) -> None:
        text = "".join([f"{line}\n" for line in self._lines])
        self._lines.clear()
        with suppress(OSError):
            self._stream.write(text)
            self._stream.flush()
