"""The commands, and how click runs the one that was called. A command's module is loaded only then."""

import os
from importlib import import_module
from typing import Any

import click

from spfengine import __version__
from spfengine.cli import exits
from spfengine.cli.exits import NAME, Failure

COMMANDS = {
    "check": "Check whether a client may send mail for a domain, and show why.",
    "tree": "Show a record with all records it includes, and how many lookups it needs.",
    "simulate": "Show what a change to SPF records would do, before you publish it.",
    "suggest": "Propose the record that lets all senders of a domain pass, with the proof.",
    "flatten": "Replace includes by networks, and prove that nothing else changes.",
    "snapshot": "Save what DNS says about domains now, so that drift can report changes later.",
    "drift": "Show what changed in DNS since a snapshot, for every address.",
    "lint": "Find what is wrong, risky or without effect in a domain's SPF.",
    "survey": "Summarise the SPF records of many domains: one line of JSON for each.",
    "networks": "List the networks that get a result, as few as possible.",
    "diff": "Compare two records for every address.",
    "identify": "Find out who owns an address, and how that is known.",
    "spfquery": "Check clients as Mail::SPF's and libspf2's command does, with its exit codes.",
    "policyd": "Answer Postfix's policy requests: refuse a message, or add a header field to it.",
    "serve": "Serve zones by DNS on loopback, for tests of any program.",
    "run-with": "Run a program with spfengine as its only DNS server (Linux).",
    "export": "Write zones in the formats of other projects' test fixtures.",
    "conformance": "Test any SPF implementation over the wire, case by case.",
}
"""Name → what the command does, in the order in which help lists them. The module of "run-with" is `run_with`."""

_COMPLETE = f"_{NAME.upper()}_COMPLETE"  # the shell sets it to ask click for completions


class _Commands(click.Group):
    """Loads the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"spfengine.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
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
    """Say what an SPF record means (RFC 7208), and what a change to it would do, before you publish it."""


def run(arguments: list[str]) -> int:
    """Run the command, and return its exit code.

    Raises:
        Failure: the command line can't be understood, or the command failed.
    """
    if _COMPLETE in os.environ:
        application.main(arguments, NAME)  # answers the shell, and exits
    try:
        with application.make_context(NAME, arguments[:] or ["--help"]) as context:  # a copy: click empties it
            code: Any = application.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code if arguments else exits.USAGE
    except click.UsageError as error:
        message = error.format_message().rstrip(".").replace("'. expected", "': expected")
        raise Failure(exits.USAGE, f"{message}; see '{path_of(arguments)} --help'") from error
    return int(code)


def path_of(arguments: list[str]) -> str:
    """Return what messages begin with: "spfengine check", or "spfengine" if there is no such command."""
    return f"{NAME} {arguments[0]}" if arguments and arguments[0] in COMMANDS else NAME
