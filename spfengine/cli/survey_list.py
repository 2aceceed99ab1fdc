"""The list of a survey: a file, or standard input, read piece by piece, so that it may be of any length."""

import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Self

from spfengine.cli import exits
from spfengine.cli.exits import Failure
from spfengine.surveying.listing import DomainList, Listed
from spfengine.surveying.seen import Seen
from spfengine.visible import visible

STDIN = "-"
_PIECE = 1 << 16


class ListFile:
    """An open list.

    Attributes:
        shown: its name, for messages.
        size: its octets; None where that is not known.
        read: how many octets the lines have that were taken of it so far.
    """

    def __init__(self, path: str) -> None:
        """Open a list. Raises Failure where it can't be read."""
        self.shown = "standard input" if path == STDIN else visible(path)
        try:
            self._descriptor = sys.stdin.fileno() if path == STDIN else os.open(path, os.O_RDONLY)
            status = os.fstat(self._descriptor)
        except (OSError, ValueError, AttributeError) as error:  # no stdin: closed, or none at all
            raise self._failure(error) from error
        self._closes = path != STDIN
        if stat.S_ISDIR(status.st_mode):
            self.__exit__()
            raise Failure(exits.NO_INPUT, f"{self.shown} can't be read: it is a folder; expected a list of domains")
        self.is_file = stat.S_ISREG(status.st_mode)
        self.size = status.st_size if self.is_file else None
        self.read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._closes:
            os.close(self._descriptor)

    def domains(self) -> Seen:
        """Read the whole of a file, and return what domains it lists; it is read from its start again afterwards.

        Raises:
            Failure: it can't be read, or it is no file, so that it can't be read twice.
        """
        if not self.is_file:
            told = "so it can't be read twice, as --resume has to; write the list to a file"
            raise Failure(exits.USAGE, f"{self.shown} is no file, {told}")
        found = Seen()
        for listed in self._lines():
            found.add(key_of(listed))
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return found

    def _lines(self) -> Iterator[Listed]:
        lines = DomainList()
        while octets := self._piece():
            yield from lines.feed(octets)
        yield from lines.end()

    async def __aiter__(self) -> AsyncIterator[Listed]:
        lines = DomainList()
        while True:
            if not self.is_file:
                await _readable(self._descriptor)
            octets = self._piece()
            for listed in lines.feed(octets) if octets else lines.end():
                self.read = listed.end
                yield listed
            if not octets:
                return

    def _piece(self) -> bytes:
        try:
            return os.read(self._descriptor, _PIECE)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Failure:
        return Failure(exits.NO_INPUT, f"{self.shown} can't be read: {getattr(error, 'strerror', None) or error}")


def key_of(listed: Listed) -> str:
    """Return what stands in the output for a line of the list, under "domain"."""
    return listed.domain if listed.fault is None else visible(listed.domain)


async def _readable(descriptor: int) -> None:
    """Wait until something can be read, so that meanwhile the event loop goes on; where it can't be told, at once."""
    from asyncio import Event, get_running_loop

    loop = get_running_loop()
    ready = Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except (OSError, NotImplementedError):  # a plain file, or an event loop that watches none: it is read at once
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
