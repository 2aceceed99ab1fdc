"""The command as click has it: it reads all command lines but plain ones, completes them, and gives help."""

from typing import Any

import click

from spfengine import __version__
from spfengine.cli import exits, options
from spfengine.cli.command_line import Command
from spfengine.cli.commands import COMMANDS, NAME, load
from spfengine.cli.exits import Misuse


class _Commands(click.Group):
    """Loads the module of a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        command: click.Command | Command = load(cmd_name)
        return options.command(command) if isinstance(command, Command) else command

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


def run(arguments: list[str]) -> int:
    """Run the command, and return its exit code.

    Raises:
        Misuse: the command line can't be understood.
    """
    try:
        with application.make_context(NAME, arguments[:] or ["--help"]) as context:  # a copy: click empties it
            code: Any = application.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code if arguments else exits.USAGE
    except click.UsageError as error:
        raise Misuse(error.format_message()) from error
    return int(code)
