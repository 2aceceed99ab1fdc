"""`spfengine export`: zones in the forms that others' test fixtures have."""

import sys

import click

from spfengine.cli import exits, serving_options
from spfengine.cli.exits import Failure
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters import FORMATS, export

_EPILOG = """\b
Examples:
  spfengine export suite.yml --format bind
  spfengine export example.com.zone --format rspamd

The exit code: 0, or 65 where the format can't say what the zone holds; then nothing is written.
"""


@click.command(epilog=_EPILOG)
@serving_options.zones
@click.option("--format", "format", type=click.Choice(FORMATS), required=True, help="The form to write.")
def command(zones: tuple[str, ...], format: str) -> int:
    """Write zones to stdout in a form of others. ZONE is a file as --zone takes it elsewhere; more are laid over it."""
    zone = serving_options.read(zones)
    if not isinstance(zone, Zone):
        raise Failure(exits.DATA, "a recording holds answers, not a zone; expected a zone file or an OpenSPF suite")
    sys.stdout.write(export(zone, format))
    return 0
