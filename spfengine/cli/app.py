"""The command as a whole: finds the module of the command that was called, and turns every end into an exit code."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from spfengine import __version__
from spfengine.cli import exits
from spfengine.cli.exits import Failure
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

NAME = "spfengine"


COMMANDS = {
    "check": "Check whether a client may send mail for a domain, and show why.",
    "tree": "Show a record with everything that it leads to, and what that costs.",
    "simulate": "Show what a change to SPF records would do, before it is published.",
    "suggest": "Say which record a domain should have, so that its senders pass; with the proof.",
    "flatten": "Put networks in place of includes, and prove that nothing else changes.",
    "snapshot": "Keep what DNS says of domains now, to be told later what changed.",
    "drift": "Show what changed in DNS since a snapshot, for every address there is.",
    "lint": "Find what is wrong, risky or without effect in a domain's SPF.",
    "survey": "Say what the records of many domains come to: a line of JSON for each.",
    "networks": "List the networks that get a result, the fewest there can be.",
    "diff": "Compare two records for every address there is.",
    "identify": "Say whose an address is, and how that is known.",
    "spfquery": "Check clients as Mail::SPF's and libspf2's command does, with its exit codes.",
    "policyd": "Answer Postfix's policy requests: refuse a message, or add a header field to it.",
    "serve": "Serve zones by DNS on loopback, for tests of any program.",
    "run-with": "Run a program whose only DNS server is ours (Linux).",
    "export": "Write zones in the forms that others' test fixtures have.",
    "conformance": "Put cases of SPF to any implementation, over the wire, and compare.",
}
"""The commands, in the order in which help lists them, each with what it does; its module is `spfengine.cli.` and its
name.
"""

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


class _Commands(click.Group):
    """Loads the module of a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"spfengine.cli.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(f"no such command: {args[0]!r}; expected one of {', '.join(COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name=NAME)
def application() -> None:
    """Say what an SPF record means (RFC 7208), and what a change to it would do, before it is published."""


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
    except click.UsageError as error:
        message = error.format_message().rstrip(".").replace("'. expected", "': expected")
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
    if f"_{NAME.upper()}_COMPLETE" in os.environ:
        application.main(arguments, NAME)  # the shell asks for completions: click answers, and exits
    try:
        with application.make_context(NAME, arguments[:] or ["--help"]) as context:  # a copy: click empties it
            code: Any = application.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code if arguments else exits.USAGE
    return int(code)


def _fail(path: str, code: int, message: str) -> int:
    """Tell on one line of stderr what went wrong; strangers' text in it is escaped."""
    with suppress(OSError, ValueError, AttributeError):  # AttributeError: there is no stderr, so nobody to tell
        sys.stderr.write(f"{path}: {visible(message, _LONGEST_MESSAGE)}\n")
        sys.stderr.flush()
    return code


def _drop_output() -> None:
    """Point stdout to nowhere, so that Python's own flush at its end has nothing to complain about."""
    with suppress(OSError, ValueError):  # stdout is no file: then there is nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
