"""`spfengine snapshot`: what DNS says of domains now, kept in a file."""

import sys

import click

from spfengine.advice.drift.snapshot import Snapshot, snapshot
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.policy_view import failures, without_result
from spfengine.visible import visible, visible_name

_EPILOG = """\b
Examples:
  spfengine snapshot example.com -o example.json
  spfengine snapshot _spf.relay.example.net spf.crm.example.org -o includes.json

`spfengine drift` tells later what changed. The file is written whole or not at all.

The exit code: 0, 2 where a domain has no record, or one that gives nobody a result, 69 DNS could not answer: then
nothing is written. Otherwise: 64 the command line can't be understood, 65 a file can't be understood, 66 a file can't
be read, 73 FILE can't be written.
"""


@click.command(epilog=_EPILOG)
@click.argument("domains", metavar="DOMAIN...", type=options.Domain(), nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", required=True, help="The file to write.")
@options.zone
@options.nameserver
def command(domains: tuple[str, ...], output: str, zones: tuple[str, ...], nameservers: tuple[str, ...]) -> int:
    """Keep what DNS says of each DOMAIN now, and what that means, in a file."""
    taken = snapshot(domains, resolver=sources.base_resolver(zones, nameservers, 20.0))
    if taken.is_incomplete:
        raise Failure(exits.UNAVAILABLE, f"DNS could not answer {failures(*taken.policies)}; nothing is written")
    for policy in taken.policies:
        why = without_result(policy)
        if why is not None:
            raise Failure(2, f"{visible_name(policy.domain)}: {why}; nothing is written")
    write(taken, output)
    count = len(taken.policies)
    sys.stdout.write(
        f"{visible(output)}: {count} domain{'s' if count != 1 else ''}, {len(taken.recording.answers)} answers\n"
    )
    return 0


def write(taken: Snapshot, path: str) -> None:
    """Write a snapshot. Raises Failure where that can't be done."""
    try:
        taken.dump(path)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise Failure(exits.CANNOT_CREATE, f"{visible(path)} can't be written: {told}") from error
