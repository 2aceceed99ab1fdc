"""Where the lines of a survey go: standard output, or a file that a survey can go on with after it was stopped.

A file holds whole lines, but for the last one where the process was killed in the middle of it. So going on means: read
all lines, cut off what is half written, and ask for what is not there.
"""

import json
import os
import stat
import sys
from collections.abc import Callable
from typing import Any, Self

from spfengine.cli import exits
from spfengine.cli.exits import Failure
from spfengine.surveying.domain import SCHEMA, DomainState
from spfengine.surveying.seen import Seen
from spfengine.visible import visible

MAX_LINE = 4 << 20
"""Octets of a line that is read back; no line that was written is as long."""
_BEGIN = json.dumps({"schema": SCHEMA, "domain": ""})[:-2].encode("ascii")
_PIECE = 1 << 16

Document = dict[str, Any]


class Stdout:
    """Lines on standard output, each as soon as it is known."""

    def write(self, line: str) -> None:
        """Write a line. Raises OSError."""
        sys.stdout.write(line)
        sys.stdout.flush()


class OutFile:
    """Lines at the end of a file, each written whole, and at once."""

    def __init__(self, path: str, *, resume: bool) -> None:
        """Open a new file, or with `resume` one that may be there already; nobody else may go on with it meanwhile.

        Raises:
            Failure: it is there, or can't be written, or another survey writes it.
        """
        self.shown = visible(path)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | (0 if resume else os.O_EXCL)
        try:
            self._descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError as error:
            told = "is there already; give --resume to go on with it, or another name to begin anew"
            raise Failure(exits.CANNOT_CREATE, f"{self.shown} {told}; nothing was changed") from error
        except (OSError, ValueError) as error:
            raise self._failure(error) from error
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise Failure(exits.CANNOT_CREATE, f"{self.shown} is no file that lines can be added to")
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
        """Whether nothing stands in it."""
        return os.fstat(self._descriptor).st_size == 0

    def resume(self, listed: Seen, fits: Callable[[Document], str | None], each: Callable[[Document], object]) -> Seen:
        """Read the lines that are there, cut off a half-written one at the end, and return whose lines they are.

        Args:
            listed: what the list holds.
            fits: returns why a line is none of this survey's, or None.
            each: is called with each line.

        Raises:
            Failure: the file is not what this survey wrote; then nothing was changed.
        """
        done = Seen()
        end = number = 0
        rest = b""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        while octets := os.read(self._descriptor, _PIECE):
            *lines, rest = (rest + octets).split(b"\n")
            for line in lines:
                number += 1
                end += len(line) + 1
                document = _read(line)
                fault = "it is no line of a survey" if document is None else fits(document)
                if document is not None and fault is None:
                    shown = visible(document["domain"], 60)
                    if document["domain"] not in listed:
                        fault = f"{shown} is not in the list, so this is the survey of another one"
                    elif not done.add(document["domain"]):
                        fault = f"{shown} stands there a second time"
                    each(document)
                if fault is not None:
                    raise self._refusal(f"line {number}: {fault}")
            if len(rest) > MAX_LINE:
                raise self._refusal(f"line {number + 1}: it is no line of a survey")
        if rest:
            if not (rest.startswith(_BEGIN) or _BEGIN.startswith(rest)):
                raise self._refusal("its last line is no half-written line of a survey")
            os.ftruncate(self._descriptor, end)
        return done

    def write(self, line: str) -> None:
        """Write a line. Raises Failure where that can't be done; what was written of it is taken back."""
        octets = line.encode("ascii")
        written = 0
        try:
            while written < len(octets):
                written += os.write(self._descriptor, octets[written:])
        except OSError as error:
            if written:
                os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise self._failure(error) from error

    def _lock(self) -> None:
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Failure(exits.CANNOT_CREATE, f"{self.shown} is written by another survey just now") from error
        except OSError:
            return  # a file system without locks

    def _failure(self, error: Exception) -> Failure:
        told = getattr(error, "strerror", None) or error
        return Failure(exits.CANNOT_CREATE, f"{self.shown} can't be written: {told}")

    def _refusal(self, why: str) -> Failure:
        told = f"{self.shown}: {why}; nothing was changed. Give another name to --output, or take the file away"
        return Failure(exits.DATA, told)


def _read(line: bytes) -> Document | None:
    """Return a line that was written as one, or None where it was not."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return None
    if not isinstance(document.get("domain"), str) or not isinstance(document.get("live"), bool):
        return None
    if not isinstance(document.get("lint"), dict | None) or not isinstance(document.get("incomplete"), bool):
        return None
    if not isinstance(document.get("all"), str | None) or document.get("state") not in list(DomainState):
        return None
    return document
