"""`spfengine export`: zones in the formats of other projects' test fixtures."""

import sys

import click

from spfengine.cli import exits, serving
from spfengine.cli.exits import CommandError
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import FORMATS, export

_EPILOG = f"""\b
Examples:
  spfengine export suite.yml --format bind
  spfengine export example.com.zone --format rspamd

The exit code: 0, or 65 if the format can't express what the zone holds; then nothing is written. {exits.OTHER_HELP}.
"""


@click.command(epilog=_EPILOG)
@serving.zones
@click.option("--form", "--format", "format", type=click.Choice(FORMATS), required=True, help="The format to write.")
def command(zones: tuple[str, ...], format: str) -> int:
    """Write zones to stdout in another project's format. ZONE is a file as other commands' --zone takes it; further
    files override the first.
    """
    zone = serving.read(zones)
    if not isinstance(zone, Zone):
        raise CommandError(
            exits.DATA, "a recording holds answers, not a zone; expected a zone file or an OpenSPF suite"
        )
    sys.stdout.write(export(zone, format))
    return 0
