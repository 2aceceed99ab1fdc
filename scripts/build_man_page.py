"""Write the man page spfengine(1) from the help texts of the commands.

    python3 -m scripts.build_man_page [--output FILE]

The help texts keep their lines, as a terminal of 80 columns shows them.
"""

import argparse
import time
from datetime import UTC, datetime
from os import environ
from pathlib import Path

import click

from spfengine import __version__
from spfengine.cli.commands import COMMANDS, application
from spfengine.cli.exits import NAME

REPOSITORY = Path(__file__).resolve().parent.parent
_WIDTH = 78  # a man page indents a section's text by 7 of a terminal's 80 columns; examples may be longer


def escape(line: str) -> str:
    """Return a line of text in roff: nothing in it is a request or an escape sequence."""
    line = line.replace("\\", "\\e").replace("-", "\\-")
    line = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in line)
    return f"\\&{line}" if line[:1] in (".", "'") else line


def help_text(context: click.Context) -> list[str]:
    """Return the help of a command as lines of roff, which are not filled."""
    context.terminal_width = context.max_content_width = _WIDTH
    return [".nf", *[escape(line) for line in context.command.get_help(context).split("\n")], ".fi"]


def man_page() -> str:
    """Return the page: the help of the program, and that of each command."""
    seconds = int(environ.get("SOURCE_DATE_EPOCH", time.time()))
    date = datetime.fromtimestamp(seconds, UTC).date()
    root = click.Context(application, info_name=NAME, **application.context_settings)
    lines = [
        f'.TH {NAME.upper()} 1 "{date}" "{NAME} {__version__}" "User Commands"',
        ".SH NAME",
        f"{NAME} \\- {escape('evaluate SPF records, and simulate changes to them')}",
        ".SH DESCRIPTION",
        *help_text(root),
        ".SH COMMANDS",
    ]
    for name in COMMANDS:
        command = application.get_command(root, name)
        assert command is not None
        lines += [f'.SS "{NAME} {escape(name)}"', *help_text(click.Context(command, root, name))]
    return "\n".join([*lines, ""])


def main() -> None:
    """Parse the command line and write the page."""
    parser = argparse.ArgumentParser(description="Write the man page.")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist" / f"{NAME}.1", help="the file to write")
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(man_page(), encoding="ascii")
    print(output)


if __name__ == "__main__":
    main()
