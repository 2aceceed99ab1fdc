"""The commands, and how click runs the one that was called. A command's module is loaded only then."""

import os
import re
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from typing import Any

import click

from spfengine import __version__
from spfengine.cli import exits
from spfengine.cli.exits import NAME, CommandError
from spfengine.cli.typed import address_in, domain_in
from spfengine.record.grammar import VERSION
from spfengine.visible import visible

GROUPS = {
    "Everyday": {
        "check": "Check whether a client may send mail for a domain, and show why.",
        "lint": "Find what is wrong, risky or without effect in a domain's SPF.",
        "tree": "Show a record with all records it includes, and how many lookups it needs.",
        "suggest": "Propose the record that lets all senders of a domain pass, with the proof.",
        "identify": "Find out who owns an address, and how that is known.",
        "ui": "Open all this as a page in your browser, on this machine.",
    },
    "Plan a change": {
        "simulate": "Show what a change to SPF records would do, before you publish it.",
        "plan": "Show what a change to files does to all names in them, such as in a pull request.",
        "diff": "Compare two records for every address.",
        "networks": "List the networks that get a result, as few as possible.",
        "flatten": "Replace includes by networks, and prove that nothing else changes.",
    },
    "Watch": {
        "snapshot": "Save what DNS says about domains now, so that drift can report changes later.",
        "drift": "Show what changed in DNS since a snapshot, for every address.",
        "survey": "Summarise the SPF records of many domains: one line of JSON for each.",
    },
    "Mail servers": {
        "policyd": "Answer Postfix's policy requests: refuse a message, or add a header field to it.",
        "spfquery": "Check clients as Mail::SPF's and libspf2's command does, with its exit codes.",
    },
    "Testing": {
        "serve": "Serve zones by DNS on loopback, for tests of any program.",
        "run-with": "Run a program with spfengine as its only DNS server (Linux).",
        "export": "Write zones in the formats of other projects' test fixtures.",
        "conformance": "Test any SPF implementation over the wire, case by case.",
        "receivers": "Ask the mail software on this machine what it makes of a record.",
    },
}
"""What the commands are for → their names, each with what it does, in the order in which help lists them."""

COMMANDS = {name: about for group in GROUPS.values() for name, about in group.items()}
"""Name → what the command does. The module of "run-with" is `run_with`."""

_EPILOG = """\b
Examples:
  spfengine check 192.0.2.1 alice@example.com
  spfengine suggest example.com --senders message.eml
  spfengine simulate example.com --draft "v=spf1 mx include:relay.example.net -all"

'spfengine COMMAND --help' shows the options of a command, with examples and exit codes.
"""
_COMPLETE = f"_{NAME.upper()}_COMPLETE"  # the shell sets it to ask click for completions


class _Commands(click.Group):
    """Loads the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it with this argument
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it with this argument
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"spfengine.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it with this argument
        width = max(map(len, COMMANDS))
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), about) for name, about in commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise click.UsageError(_no_command(args), ctx)
        return super().resolve_command(ctx, args)


def _no_command(words: list[str]) -> str:
    """Return that the first word is no command, and what was probably meant."""
    word = words[0]
    shown = visible(word, 60)
    near = get_close_matches(word.lower()[:60], list(COMMANDS), 1, 0.6)
    if near:
        return f"no such command: {shown!r}; did you mean {near[0]}?"
    if address_in(word) is not None:
        return f"no such command: {shown!r}; did you mean check {shown} SENDER?"
    if word[:2].lower() == "v=":
        return "no such command; did you mean lint --draft RECORD?"
    if "." in word and domain_in(word) is not None:
        return f"no such command: {shown!r}; did you mean lint {shown}, or tree {shown}?"
    return f"no such command: {shown!r}; expected one of {', '.join(COMMANDS)}"


@click.group(cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name=NAME)
def application() -> None:
    """Say what an SPF record means (RFC 7208), and what a change to it would do, before you publish it."""


def run(arguments: list[str]) -> int:
    """Run the command, and return its exit code.

    Raises:
        CommandError: the command line can't be understood, or the command failed.
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
        message = _RANGE.sub(_range_words, message)
        if (_is_split(arguments) or _EXTRA_RECORD.search(message)) and "--draft" in _options_of(error.ctx):
            message = 'a record is given with --draft, in quotes: --draft "v=spf1 …"'
        known = _options_of(error.ctx)
        if _ONE_HYPHEN.match(message):
            message = _with_two_hyphens(arguments, known) or message
        message = _with_other_name(message, known)
        message = _with_what_is_expected(message, error.ctx)
        raise CommandError(exits.USAGE, f"{message}; see '{path_of(arguments)} --help'") from error
    return int(code)


def _with_other_name(message: str, known: set[str]) -> str:
    """Return the message about an option that a command does not have, with what has its purpose."""
    if message.startswith("No such option '--record'") and "--draft" in known:
        return "No such option '--record'; did you mean --draft?"
    if message.startswith(("No such option '--senders'", "No such option '--message'")):
        return f"{message.partition('.')[0]}; to read senders from a file: {NAME} suggest --senders FILE"
    return message


_ONE_HYPHEN = re.compile(r"No such option '-[^-]'")


def _with_two_hyphens(arguments: list[str], known: set[str]) -> str | None:
    """Return that an option was written with one hyphen; None if none was."""
    written = [word.partition("=")[0] for word in arguments]
    found = next((word for word in written if word[:1] == "-" and f"-{word}" in known), None)
    return None if found is None else f"No such option '{found}'; did you mean -{found}?"


def _is_split(arguments: list[str]) -> bool:
    """Whether a record was given without quotes, so that the shell split it."""
    after = [word for version, word in pairwise(arguments) if version.lower() == VERSION]
    is_all = any(word.lower() in ("-all", "~all", "?all", "+all") for word in arguments)
    return any(not word.startswith("--") for word in after) or ("--draft" in arguments and is_all)


_EXTRA_WORDS = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)


def _with_what_is_expected(message: str, context: click.Context | None) -> str:
    """Return the message about words that a command does not take, with those that it takes."""
    found = _EXTRA_WORDS.match(message)
    if found is None or context is None:
        return message
    expected = context.command.collect_usage_pieces(context)
    each = "; for several domains, run it once for each" if expected[-1].strip("[]") == "DOMAIN" else ""
    return f"there are too many arguments: {found[1]}; expected {' '.join(expected)}{each}"


_EXTRA_RECORD = re.compile(r"^Got unexpected extra arguments? \(.*\bv=spf", re.IGNORECASE | re.DOTALL)


def _options_of(context: click.Context | None) -> set[str]:
    """Return the options of the command that a message is about."""
    return set() if context is None else {name for each in context.command.params for name in each.opts}


_RANGE = re.compile(r"is not in the range (?:([0-9]+)<=)?x(?:(<=|>=)([0-9]+))?")


def _range_words(match: re.Match[str]) -> str:
    """Return what a number has to be, in words."""
    low, sign, bound = match.groups()
    if low is not None:
        return f"can't be used; expected a number from {low} to {bound}"
    return f"can't be used; expected {bound} or {'more' if sign == '>=' else 'less'}"


def path_of(arguments: list[str]) -> str:
    """Return what messages begin with: "spfengine check", or "spfengine" if there is no such command."""
    return f"{NAME} {arguments[0]}" if arguments and arguments[0] in COMMANDS else NAME
