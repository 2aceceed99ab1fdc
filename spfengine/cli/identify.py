"""`spfengine identify`: whose addresses these are."""

import json
import sys

import click

from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.identify.identification import Identification
from spfengine.advice.identify.identify import identify_many
from spfengine.advice.rdap.client import IANA
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Screen
from spfengine.errors import CatalogueError
from spfengine.visible import visible

_EPILOG = """\b
Examples:
  spfengine identify 23.83.218.24
  spfengine identify 23.83.218.24 23.83.209.25 --zone example.com.zone
  spfengine identify 192.0.2.1 --catalogue ours.toml --rdap

Asked are the SPF records of the services that the catalogue knows, and reverse DNS; registries of addresses only with
--rdap, since it tells them which addresses you look at.

The exit code: 0 every address has a name, 1 one of them could not be named, 69 one of them could not be named, and DNS
or a registry could not answer something. Otherwise: 64 the command line can't be understood, 65 a file can't be
understood, 66 a file can't be read.
"""
_SCHEMA = "spfengine.identifications/1"


@click.command(epilog=_EPILOG)
@click.argument("ips", metavar="IP...", nargs=-1, required=True, type=options.Address())
@options.zone
@options.nameserver
@click.option(
    "--catalogue", "catalogue_file", metavar="FILE",
    help="Know the services in this file (TOML), too; they go before those that the package knows.",
)  # fmt: skip
@click.option("--rdap", "ask_rdap", is_flag=True, help="Ask the registries of addresses, too, who holds the networks.")
@click.option(
    "--rdap-bootstrap", metavar="URL", default=IANA, show_default=True,
    help="Where --rdap reads which registry has which addresses.",
)  # fmt: skip
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Give a table (CSV) instead of text.")
def command(
    ips: tuple[str, ...],
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    catalogue_file: str | None,
    ask_rdap: bool,
    rdap_bootstrap: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Say whose the address IP is: which service sends from it, and how that is known."""
    if as_json and as_csv:
        raise click.UsageError("expected one of --json and --csv, not both")
    catalogue = _catalogue(catalogue_file)
    rdap = None
    if ask_rdap:
        from spfengine.advice.rdap.client import RDAP

        rdap = RDAP(rdap_bootstrap)
    resolver = sources.base_resolver(zones, nameservers, 20.0)
    found = list(identify_many(ips, resolver=resolver, catalogue=catalogue, rdap=rdap).values())
    if as_json:
        sys.stdout.write(json.dumps(_document(found, catalogue), indent=2) + "\n")
    elif as_csv:
        from spfengine.cli.identify_csv import write

        write(found, sys.stdout)
    else:
        from spfengine.cli.identify_view import page

        Screen().show(page(found, catalogue))
    return _exit(found)


def _catalogue(path: str | None) -> Catalogue:
    try:
        return Catalogue.load(path)
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{visible(str(path))} can't be read: {error.strerror or error}") from error
    except CatalogueError as error:
        raise Failure(exits.DATA, str(error)) from error


def _exit(found: list[Identification]) -> int:
    nameless = [each for each in found if each.best is None]
    if any(each.is_incomplete for each in nameless):
        return exits.UNAVAILABLE
    return int(bool(nameless))


def _document(found: list[Identification], catalogue: Catalogue) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "identifications": [each.to_dict() for each in found],
        "catalogue": {
            "entries": len(catalogue.providers),
            "unread": [missing.to_dict() for missing in found[0].unread],
        },
    }
