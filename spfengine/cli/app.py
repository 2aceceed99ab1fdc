"""The command as a whole: finds the module of the command that was called, and turns every end into an exit code."""

import os
import sys
from collections.abc import Sequence

from spfengine.cli import exits
from spfengine.cli.command_line import Command, read
from spfengine.cli.commands import COMMANDS, NAME, load
from spfengine.cli.exits import Failure, Misuse
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

_EXITS: tuple[tuple[type[Exception], int], ...] = (
    (AddressError, exits.USAGE),
    (ArgumentError, exits.USAGE),
    (ZoneError, exits.DATA),
    (RecordingError, exits.DATA),
    (CatalogueError, exits.DATA),
    (ResolverError, exits.UNAVAILABLE),
    (MissingExtraError, exits.UNAVAILABLE),
)
_LONGEST_MESSAGE = 2000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. Everything that can go wrong becomes one line on stderr."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    path = f"{NAME} {given[0]}" if given and given[0] in COMMANDS else NAME
    if sys.stdout is None:  # closed by whoever called: `>&-`
        return _fail(path, exits.IO_ERROR, "the output can't be written: standard output is closed")
    try:
        code = _run(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return exits.BROKEN_PIPE
    except Misuse as misuse:
        message = misuse.message.rstrip(".").replace("'. expected", "': expected")
        return _fail(path, exits.USAGE, f"{message}; see '{path} --help'")
    except Failure as failure:
        return _fail(path, failure.code, failure.message)
    except OSError as error:  # files of the command line have become a Failure by now: this is the output
        _drop_output()
        return _fail(path, exits.IO_ERROR, f"input or output failed: {error.strerror or error}")
    except tuple(kind for kind, _ in _EXITS) as error:
        return _fail(path, next(code for kind, code in _EXITS if isinstance(error, kind)), str(error))
    return code


def _run(arguments: list[str]) -> int:
    completes = f"_{NAME.upper()}_COMPLETE" in os.environ  # the shell asks click
    if arguments and arguments[0] in COMMANDS and not completes:
        command = load(arguments[0])
        plain = read(command, arguments[1:]) if isinstance(command, Command) else None
        if plain is not None:
            return int(command.run(**plain))
    from spfengine.cli import with_click

    if completes:
        with_click.application.main(arguments, NAME)  # click answers, and exits
    return with_click.run(arguments)


def _fail(path: str, code: int, message: str) -> int:
    """Tell on one line of stderr what went wrong; strangers' text in it is escaped."""
    from contextlib import suppress

    with suppress(OSError, ValueError, AttributeError):  # AttributeError: there is no stderr, so nobody to tell
        sys.stderr.write(f"{path}: {visible(message, _LONGEST_MESSAGE)}\n")
        sys.stderr.flush()
    return code


def _drop_output() -> None:
    """Point stdout to nowhere, so that Python's own flush at its end has nothing to complain about."""
    from contextlib import suppress

    with suppress(OSError, ValueError):  # stdout is no file: then there is nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
