"""`spfengine identify`: who owns an address."""

from collections.abc import Iterable, Iterator

import click

from spfengine.advice.identify.identification import Identification, Match
from spfengine.advice.identify.identify import identify_many
from spfengine.advice.rdap.client import IANA
from spfengine.catalogue.catalogue import Catalogue
from spfengine.cli import exits, options, sources
from spfengine.cli.screen import Screen, write_csv, write_json
from spfengine.text.identify import identify_lines

_EPILOG = f"""\b
Examples:
  spfengine identify 23.83.218.24
  spfengine identify 23.83.218.24 23.83.209.25 --zone example.com.zone
  spfengine identify 192.0.2.1 --catalogue ours.toml --rdap

The command asks for the SPF records of the services in the catalogue, and for reverse DNS. It asks address registries
only with --rdap, since they then learn which addresses you look at.

The exit code: 0 every address has a name, 1 one of them could not be named, 69 one of them could not be named, and DNS
or a registry could not answer something. {exits.OTHER_HELP}.
"""
_SCHEMA = "spfengine.identifications/1"
_COLUMNS = ("ip", "rank", "name", "how", "confidence", "shared", "include", "evidence")


@click.command(epilog=_EPILOG)
@click.argument("ips", metavar="IP...", nargs=-1, required=True, type=options.Address())
@options.zone
@options.live
@options.nameserver
@click.option(
    "--catalogue", "catalogue_file", metavar="FILE", type=options.FileName(),
    help="Use the services in this file (TOML), too; they take precedence over the built-in ones.",
)  # fmt: skip
@click.option("--rdap", "ask_rdap", is_flag=True, help="Ask the address registries, too, who holds the networks.")
@click.option(
    "--rdap-bootstrap", metavar="URL", default=IANA, show_default=True,
    help="The list of which registry has which addresses, for --rdap.",
)  # fmt: skip
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print a table (CSV) instead of text.")
def command(
    ips: tuple[str, ...],
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    catalogue_file: str | None,
    ask_rdap: bool,
    rdap_bootstrap: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Find out who owns the address IP: which service sends from it, and how that is known."""
    options.only_one_format(as_json, as_csv)
    catalogue = sources.catalogue(catalogue_file)
    rdap = None
    if ask_rdap:
        from spfengine.advice.rdap.client import RDAP

        rdap = RDAP(rdap_bootstrap)
    resolver = sources.base_resolver(zones, live, nameservers)
    results = list(identify_many(ips, resolver=resolver, catalogue=catalogue, rdap=rdap).values())
    if as_json:
        write_json(_document(results, catalogue))
    elif as_csv:
        write_csv(_COLUMNS, _rows(results))
    else:
        Screen().show(identify_lines(results, catalogue))
    return _exit_code(results)


def _exit_code(results: list[Identification]) -> int:
    nameless = [result for result in results if result.best is None]
    if any(result.is_incomplete for result in nameless):
        return exits.UNAVAILABLE
    return int(bool(nameless))


def _document(results: list[Identification], catalogue: Catalogue) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "identifications": [result.to_dict() for result in results],
        "catalogue": {
            "entries": len(catalogue.providers),
            "unread": [missing.to_dict() for missing in results[0].unread],
        },
    }


def _rows(results: Iterable[Identification]) -> Iterator[tuple[str, ...]]:
    """Yield the matches of each address, the best with rank 1; an address without any has rank 0."""
    for result in results:
        for rank, match in enumerate(result.matches, 1):
            yield (result.ip, str(rank), *_cells(match))
        if not result.matches:
            why = "; ".join(missing.why for missing in result.missing) or "not identified"
            yield (result.ip, "0", "", "", "", "", "", why)


def _cells(match: Match) -> tuple[str, ...]:
    return (
        match.name,
        str(match.how),
        str(match.confidence),
        "yes" if match.shared else "no",
        "" if match.provider is None else match.provider.customer_include or match.provider.include,
        match.evidence,
    )
