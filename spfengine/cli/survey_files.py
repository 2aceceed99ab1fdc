"""The files of a survey: the list of domains, and the lines that are written.

The list may be of any length, so it is read piece by piece. The lines go to standard output, or to a file that a later
survey can continue: it holds whole lines, except for the last one if the process was killed while writing it. To go
on, read all lines, cut off what is half written, and ask for the domains that have no line.
"""

import json
import os
import stat
import sys
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import blake2b
from typing import Any, Self

from spfengine.cli import exits
from spfengine.cli.exits import CommandError, cannot_read, cannot_write
from spfengine.cli.sources import STDIN
from spfengine.surveying.domain import SCHEMA, DomainState
from spfengine.surveying.listing import DomainList, Listed
from spfengine.visible import visible

MAX_LINE = 4 << 20
"""The most octets of a line that is read back; no line that was written is as long."""
_BEGIN = json.dumps({"schema": SCHEMA, "domain": ""})[:-2].encode("ascii")
_PIECE = 1 << 16
NOT_A_LINE = "it is not a line of a survey"
_SMALLEST = 1 << 10  # slots of an empty CompactSet

Document = dict[str, Any]


class CompactSet:
    """A set of texts that can only grow: 12 to 24 octets for each text, however long it is.

    It keeps 64 bits of a keyed hash of each text. So in a set of a million, the chance that two texts are taken for one
    is about 1 in 40 million, even if an attacker chose them.
    """

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._slots = array("Q", [0]) * _SMALLEST
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        code = self._code(text)
        return self._slots[self._index(code)] == code

    def add(self, text: str) -> bool:
        """Add a text, and return whether it is new."""
        code = self._code(text)
        index = self._index(code)
        if self._slots[index] == code:
            return False
        self._slots[index] = code
        self._count += 1
        if 3 * self._count > 2 * len(self._slots):
            self._grow()
        return True

    def _code(self, text: str) -> int:
        octets = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(octets, digest_size=8, key=self._key).digest()) or 1  # 0 marks a free slot

    def _index(self, code: int) -> int:
        """Return the slot of this code, or the free one that it would take."""
        slots, last = self._slots, len(self._slots) - 1
        index = code & last
        while slots[index] not in (0, code):
            index = (index + 1) & last
        return index

    def _grow(self) -> None:
        codes = self._slots
        self._slots = array("Q", [0]) * (2 * len(codes))
        for code in codes:
            if code:
                self._slots[self._index(code)] = code


class ListFile:
    """An open list.

    Attributes:
        printable: its name, for messages.
        size: its octets; None if that is not known.
        read: how many octets the lines have that were taken from it so far.
    """

    def __init__(self, path: str) -> None:
        """Open a list. Raises CommandError if it can't be read."""
        self.printable: str = "standard input" if path == STDIN else visible(path)
        try:
            self._descriptor = sys.stdin.fileno() if path == STDIN else os.open(path, os.O_RDONLY)
            status = os.fstat(self._descriptor)
        except (OSError, ValueError, AttributeError) as error:  # no stdin: closed, or none at all
            raise cannot_read(self.printable, error) from error
        self._closes = path != STDIN
        if stat.S_ISDIR(status.st_mode):
            self.__exit__()
            raise CommandError(
                exits.NO_INPUT, f"{self.printable} can't be read: it is a folder; expected a list of domains"
            )
        self.is_file: bool = stat.S_ISREG(status.st_mode)
        self.size: int | None = status.st_size if self.is_file else None
        self.read: int = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._closes:
            os.close(self._descriptor)

    def domains(self) -> CompactSet:
        """Read the whole file, and return the domains that it lists; reading then starts again at its beginning.

        Raises:
            CommandError: it can't be read, or it is not a file, so that it can't be read twice.
        """
        if not self.is_file:
            why = "so it can't be read twice, as --resume has to; write the list to a file"
            raise CommandError(exits.USAGE, f"{self.printable} is not a file, {why}")
        domains = CompactSet()
        for listed in self._lines():
            domains.add(key_of(listed))
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return domains

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
            raise cannot_read(self.printable, error) from error


def key_of(listed: Listed) -> str:
    """Return what the output has under "domain" for a line of the list."""
    return listed.domain if listed.fault is None else visible(listed.domain)


async def _readable(descriptor: int) -> None:
    """Wait in the event loop until something can be read; return at once if it can't watch the descriptor."""
    from asyncio import Event, get_running_loop

    loop = get_running_loop()
    ready = Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except (OSError, NotImplementedError):  # a plain file, or an event loop that can't watch it
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


class Stdout:
    """Lines on standard output, each as soon as it is known."""

    def write(self, line: str) -> None:
        """Write a line. Raises OSError."""
        sys.stdout.write(line)
        sys.stdout.flush()


class NoFile:
    """Lines that are only counted."""

    def write(self, line: str) -> None:
        """Write nothing."""


class OutFile:
    """Lines at the end of a file, each written whole, and at once."""

    def __init__(self, path: str, *, resume: bool) -> None:
        """Open a new file, or with `resume` one that may exist already, and lock it.

        Raises:
            CommandError: it exists, can't be written, or another survey is writing it.
        """
        self.printable: str = visible(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | (0 if resume else os.O_EXCL)
        try:
            self._descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError as error:
            hint = "give --resume to continue it, or another name to begin anew"
            raise CommandError(
                exits.CANNOT_CREATE, f"{self.printable} exists already; {hint}; nothing was changed"
            ) from error
        except (OSError, ValueError) as error:
            raise cannot_write(self.printable, error) from error
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise CommandError(exits.CANNOT_CREATE, f"{self.printable} is not a file that lines can be added to")
            self._lock()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def is_empty(self) -> bool:
        """Whether it has no octets."""
        return os.fstat(self._descriptor).st_size == 0

    def resume(
        self, listed: CompactSet, fits: Callable[[Document], str | None], on_line: Callable[[Document], object]
    ) -> CompactSet:
        """Read the lines that exist, cut off a half-written one at the end, and return the domains that have a line.

        Args:
            listed: the domains of the list.
            fits: returns why a line does not belong to this survey, or None.
            on_line: is called with each line.

        Raises:
            CommandError: this survey did not write the file; then nothing was changed.
        """
        done = CompactSet()
        end = number = 0
        rest = b""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while octets := os.read(self._descriptor, _PIECE):
            *lines, rest = (rest + octets).split(b"\n")
            for line in lines:
                number += 1
                end += len(line) + 1
                document = read_line(line)
                fault = NOT_A_LINE if document is None else fits(document) or _fault(document, listed, done)
                if fault is not None:
                    raise self._refusal(f"line {number}: {fault}")
                on_line(document or {})
            if len(rest) > MAX_LINE:
                raise self._refusal(f"line {number + 1}: {NOT_A_LINE}")
        if rest:
            if not (rest.startswith(_BEGIN) or _BEGIN.startswith(rest)):
                raise self._refusal("its last line is not a half-written line of a survey")
            os.ftruncate(self._descriptor, end)
        return done

    def write(self, line: str) -> None:
        """Write a line. Raises CommandError if that fails; a half-written line is removed."""
        octets = line.encode("ascii")
        written = 0
        try:
            while written < len(octets):
                written += os.write(self._descriptor, octets[written:])
        except OSError as error:
            if written:
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise cannot_write(self.printable, error) from error

    def _lock(self) -> None:
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(exits.CANNOT_CREATE, f"{self.printable} is being written by another survey") from error
        except OSError:
            return  # a file system without locks

    def _refusal(self, why: str) -> CommandError:
        hint = "Give another name to --output, or remove the file"
        return CommandError(exits.DATA, f"{self.printable}: {why}; nothing was changed. {hint}")


def _fault(document: Document, listed: CompactSet, done: CompactSet) -> str | None:
    """Return why a line is not one of this list, or None; add its domain to those that are done."""
    domain = document["domain"]
    if domain not in listed:
        return f"{visible(domain, 60)} is not in the list, so this is the survey of another one"
    return None if done.add(domain) else f"{visible(domain, 60)} has a second line"


def read_line(line: bytes) -> Document | None:
    """Return the document of a line that a survey wrote; None if it is not one."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and is_document(document) else None


def is_document(document: Document) -> bool:
    """Whether this is the document of a domain, as a survey writes it."""
    return (
        document.get("schema") == SCHEMA
        and isinstance(document.get("domain"), str)
        and isinstance(document.get("live"), bool)
        and isinstance(document.get("lint"), dict | None)
        and isinstance(document.get("incomplete"), bool)
        and isinstance(document.get("faults"), list)
        and isinstance(document.get("broken_by"), list)
        and isinstance(document.get("all"), str | None)
        and document.get("state") in list(DomainState)
    )


def is_parquet(path: str) -> bool:
    """Whether a file is to have the form of Parquet, by its name."""
    return path.lower().endswith(".parquet")


def lines_file(path: str) -> str:
    """Return the file in which a survey keeps its lines until it writes a Parquet file."""
    return f"{path}.jsonl"
