"""`spfengine drift`: what changed in DNS since a snapshot, for cron and CI."""

import json
import sys

import click

from spfengine.advice.drift.drift import Drift, drift
from spfengine.advice.drift.snapshot import Snapshot
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Screen
from spfengine.cli.snapshot import write
from spfengine.errors import RecordingError
from spfengine.visible import visible

_EPILOG = """\b
Examples:
  spfengine drift includes.json
  spfengine drift includes.json --quiet --update    (from cron: mail about each change, once)

The exit code: 0 nothing changed for any client, 1 something did (with --only-worse: something got worse: mail that
passed no longer does, or an error is new), 69 nothing is known to have changed, but DNS could not answer everything.
Otherwise: 64 the command line can't be understood, 65 FILE can't be understood, 66 FILE can't be read, 73 FILE can't
be written.
"""


@click.command(epilog=_EPILOG)
@click.argument("file", metavar="FILE", type=options.Expected("a file that `spfengine snapshot` wrote"))
@click.option("--only-worse", is_flag=True, help="Exit with 1 only where something got worse.")
@click.option("--update", is_flag=True, help="Write what DNS says now to FILE, unless DNS could not answer everything.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing where the exit code is 0.")
@options.zone
@options.nameserver
@click.option("--csv", "as_csv", is_flag=True, help="Give the networks that changed as a table (CSV) instead of text.")
@options.as_json
def command(
    file: str,
    only_worse: bool,
    update: bool,
    quiet: bool,
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    as_csv: bool,
    as_json: bool,
) -> int:
    """Show what changed since the snapshot in FILE, for every address there is, and whose record it was."""
    if as_json and as_csv:
        raise click.UsageError("expected one of --json and --csv, not both")
    taken = _read(file)
    found = drift(taken, resolver=sources.base_resolver(zones, nameservers, 20.0))
    code = _exit(found, only_worse)
    if as_json:
        sys.stdout.write(json.dumps(found.to_dict(), indent=2) + "\n")
    elif as_csv:
        from spfengine.cli.drift_csv import lines

        sys.stdout.writelines(lines(found))
    elif code or not quiet:
        from spfengine.cli.drift_view import page

        screen = Screen()
        screen.show(page(found, screen.width))
    if update and not found.is_incomplete:
        write(found.after, file)
    return code


def _read(path: str) -> Snapshot:
    shown = visible(path)
    try:
        return Snapshot.load(path)
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{shown} can't be read: {error.strerror or error}") from error
    except RecordingError as error:
        raise Failure(exits.DATA, f"{shown}: {error}") from error


def _exit(found: Drift, only_worse: bool) -> int:
    if found.is_worse if only_worse else found.is_changed:
        return 1
    return exits.UNAVAILABLE if found.is_incomplete else 0
