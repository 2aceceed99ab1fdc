"""The entry point of the command `spfengine`: turns every end of a run into an exit code and one line on stderr."""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from spfengine.cli import exits
from spfengine.cli.exits import NAME, CommandError
from spfengine.errors import (
    AddressError,
    ArgumentError,
    CatalogueError,
    MissingExtraError,
    RecordingError,
    ResolverError,
    ZoneError,
)
from spfengine.visible import visible

NOT_INSTALLED = (
    "the command needs click, which is not installed; run: pip install click pyyaml rich (the extra spfengine[cli])"
)
_EXITS: tuple[tuple[type[Exception], int], ...] = (
    (AddressError, exits.USAGE),
    (ArgumentError, exits.USAGE),
    (ZoneError, exits.DATA),
    (RecordingError, exits.DATA),
    (CatalogueError, exits.DATA),
    (ResolverError, exits.UNAVAILABLE),
    (MissingExtraError, exits.UNAVAILABLE),
)
_ALLOCATIONS = 50_000  # loading and a check make about as many objects, and leave no garbage
_LONGEST_MESSAGE = 2000
QUOTED = "\n  "
"""What separates the message of a ZoneError from the line of the file that it is about."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: the words of the command line; None: those of the process, which is to end with this command.
    """
    if arguments is not None:
        return _run(list(arguments))
    gc.set_threshold(_ALLOCATIONS)
    try:
        return _run(sys.argv[1:])
    finally:
        gc.freeze()  # the process ends, so the garbage collector need not look through what it leaves


def _run(arguments: list[str]) -> int:
    path = NAME
    try:
        from spfengine.cli import commands

        path = commands.path_of(arguments)
        if sys.stdout is None:  # the caller closed it: `>&-`
            raise CommandError(exits.IO_ERROR, "the output can't be written: standard output is closed")
        code = commands.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return exits.BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - _meaning() raises what it does not know
        code, message = _meaning(error)
        _report(path, message)
    return code


def _meaning(error: Exception) -> tuple[int, str]:
    """Return the exit code and message for an exception; raise the exception again if it is a bug of ours."""
    if isinstance(error, CommandError):
        return error.code, error.message
    if isinstance(error, ModuleNotFoundError) and error.name == "click":
        return exits.UNAVAILABLE, NOT_INSTALLED
    if isinstance(error, OSError):  # commands turn errors of their files into a CommandError, so this is the output
        _drop_output()
        return exits.IO_ERROR, f"input or output failed: {error.strerror or error}"
    for kind, code in _EXITS:
        if isinstance(error, kind):
            return code, str(error)
    raise error


def _report(path: str, message: str) -> None:
    """Write one line to stderr; untrusted text in it is escaped."""
    message = message.replace(QUOTED, "; the line: ", 1)
    with suppress(OSError, ValueError, AttributeError):  # AttributeError: there is no stderr
        sys.stderr.write(f"{path}: {visible(message, _LONGEST_MESSAGE)}\n")
        sys.stderr.flush()


def _drop_output() -> None:
    """Point stdout to nowhere, so that Python does not complain when it flushes stdout at exit."""
    with suppress(OSError, ValueError):  # stdout is not a file: there is nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
