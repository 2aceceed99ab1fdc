"""`spfengine snapshot`: what DNS says about domains now, in a file that `spfengine drift` compares with."""

import sys

import click

from spfengine.advice.drift.snapshot import Snapshot, snapshot
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import CommandError
from spfengine.evaluation.unanswered import hint_for, named_unknown
from spfengine.text.outcomes import failed_of, without_result
from spfengine.visible import visible, visible_name
from spfengine.wording import counted

_EPILOG = f"""\b
Examples:
  spfengine snapshot example.com -o example.json
  spfengine snapshot _spf.relay.example.net spf.crm.example.org -o includes.json

`spfengine drift` compares DNS with the file later. The file is written whole or not at all.

The exit code: 0, 2 if a domain has no record, or one that gives nobody a result, 69 DNS could not answer: then nothing
is written. {exits.OTHER_HELP}, 73 FILE can't be written.
"""


@click.command(epilog=_EPILOG)
@click.argument("domains", metavar="DOMAIN...", type=options.Domain(), nargs=-1, required=True)
@click.option("-o", "--output", metavar="FILE", type=options.FileName(), required=True, help="The file to write.")
@options.zone
@options.live
@options.nameserver
def command(
    domains: tuple[str, ...], output: str, zones: tuple[str, ...], live: bool, nameservers: tuple[str, ...]
) -> int:
    """Save what DNS says about each DOMAIN now, and what that means, in a file."""
    taken = snapshot(domains, resolver=sources.base_resolver(zones, live, nameservers))
    if taken.is_incomplete:
        failed = failed_of(*taken.policies)
        raise CommandError(exits.UNAVAILABLE, f"{named_unknown(failed)}; nothing is written; {hint_for(failed)}")
    for policy in taken.policies:
        why = without_result(policy)
        if why is not None:
            raise CommandError(2, f"{visible_name(policy.domain)}: {why}; nothing is written")
    write(taken, output)
    count, answers = len(taken.policies), len(taken.recording.answers)
    sys.stdout.write(f"{visible(output)}: {counted(count, 'domain')}, {counted(answers, 'answer')}\n")
    return 0


def write(taken: Snapshot, path: str) -> None:
    """Write a snapshot. Raises CommandError if that fails."""
    try:
        taken.save(path)
    except (OSError, ValueError) as error:
        raise exits.cannot_write(visible(path), error) from error
