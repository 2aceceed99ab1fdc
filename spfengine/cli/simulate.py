"""`spfengine simulate`: the plan of a change, before it is published."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from spfengine.advice.forms import FORMS
from spfengine.answers import Resolver, Text, is_spf_octets
from spfengine.cli import evidence_input, exits, options, senders_given, sources
from spfengine.cli.drafts import Draft, no_duplicates
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Line, Screen, line
from spfengine.cli.senders_given import Given, counted
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.zone import Zone
from spfengine.simulation.simulate import compare, simulate
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.resolvers.recording import Recording

_EPILOG = """\b
Examples:
  spfengine simulate example.com --draft "v=spf1 mx include:relay.example.net -all"
  spfengine simulate example.com --draft "v=spf1 mx ~all" --senders reports/ --csv
  spfengine simulate example.com --draft "_spf.example.com=v=spf1 mx -all" --sender 192.0.2.1
  spfengine simulate example.com --zone example.com.zone --zone-after new.zone
  spfengine simulate --zone example.com.zone --zone-after new.zone

The exit code: 0 nothing gets worse, 1 something does (mail that passed no longer would, or an error is new), 2 a draft
is broken, 69 DNS could not answer, so a part is not known. Otherwise: 64 the command line can't be understood, 65 a
file can't be understood, 66 a file can't be read.
"""
_PIECES = 1 << 14  # of JSON that are written at once
_SCHEMA = "spfengine.simulations/1"


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain(), required=False)
@options.answers
@click.option(
    "--zone-after", metavar="FILE",
    help="Simulate this file in place of the first --zone. Without DOMAIN: every name of both files that has SPF.",
)  # fmt: skip
@click.option(
    "--sender", "single", metavar="IP[,FROM]", multiple=True,
    help="A client whose result to show before and after, with the address that it sends from if it matters.",
)  # fmt: skip
@evidence_input.option
@evidence_input.receiver_option
@click.option(
    "--public-suffixes", "suffixes", metavar="FILE",
    help="Find organisational domains, for the alignment with From, by this list instead of DMARC's tree walk.",
)  # fmt: skip
@click.option(
    "--paste", "pasted", type=click.Choice(FORMS), multiple=True,
    help="Give the new records in this form, ready to paste. May be given several times.",
)  # fmt: skip
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Give the senders as a table (CSV) instead of text.")
def command(
    domain: str | None,
    zones: tuple[str, ...],
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    zone_after: str | None,
    single: tuple[str, ...],
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    suffixes: str | None,
    pasted: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
) -> int:
    """Show what a change to SPF records would do for DOMAIN: for every address there is, not only for some tried."""
    if as_json and as_csv:
        raise click.UsageError("expected one of --json and --csv, not both")
    if "-" in evidence_paths and "-" in (*zones, zone_after):
        raise click.UsageError("only one file can be -, standard input")
    layers = sources.read_zones((*zones, zone_after) if zone_after is not None else zones)
    _refuse_what_does_not_fit(domain, drafts, zones, nameservers, zone_after)
    evidence = evidence_input.read(evidence_paths, receiver, quiet=as_json or as_csv) if evidence_paths else None
    given = senders_given.read(single, evidence.senders if evidence is not None else ())
    listed = None if suffixes is None else sources.public_suffixes(suffixes)
    if zone_after is None:
        assert domain is not None, "a draft is for a domain"
        found = [_drafted(domain, drafts, sources.answering(layers, nameservers, 20.0), given, listed)]
    else:
        found = _zones(domain, layers[:-1], layers[-1], given, listed)
    if domain is not None and evidence is not None:
        _tell_what_is_left_aside(given, domain)
    if as_json:
        documents = [simulation.to_dict() for simulation in found]
        whole: dict[str, object] = {"schema": _SCHEMA, "simulations": documents}
        document = documents[0] if domain is not None else whole
        if evidence is not None:
            document["evidence"] = evidence_input.to_dict(evidence)
        pieces = json.JSONEncoder(indent=2).iterencode(document)
        while piece := "".join(islice(pieces, _PIECES)):  # senders may be many
            sys.stdout.write(piece)
        sys.stdout.write("\n")
    elif as_csv:
        from spfengine.cli.senders_csv import lines

        sys.stdout.writelines(lines(found))
    else:
        screen = Screen()
        own = sources.own_domains(layers)
        screen.show(_pages(found, own, pasted, domain is None, screen.width))
    return _exit(found)


def _refuse_what_does_not_fit(
    domain: str | None,
    drafts: tuple[Draft, ...],
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    zone_after: str | None,
) -> None:
    if zone_after is not None:
        if drafts or nameservers:
            raise click.UsageError("--zone-after goes with --zone, and with neither --draft nor --nameserver")
        if not zones:
            raise click.UsageError("--zone-after needs --zone FILE: the zone as it is now")
    elif domain is None:
        raise click.UsageError("Missing argument 'DOMAIN': expected the domain whose mail it is about")
    elif not drafts:
        raise click.UsageError("there is nothing to simulate: expected --draft RECORD, or --zone-after FILE")


def _tell_what_is_left_aside(given: Given, domain: str) -> None:
    count, messages = given.aside(domain)
    if count:
        told = (
            f"left aside: {counted(count, messages)} that neither send from {visible_name(domain)} nor have it in From"
        )
        Screen(sys.stderr).show([line(told, hang=2)])


def _pages(
    found: list[Simulation], own: list[str], pasted: tuple[str, ...], whole_zone: bool, width: int | None
) -> Iterator[Line]:
    from spfengine.cli.simulate_view import has_plan, overview, page

    if not found:
        yield line("no name of these zones has an SPF record, before or after")
    elif whole_zone:
        yield from overview(found)
    for simulation in found:
        if whole_zone and has_plan(simulation):
            yield line()
        if not whole_zone or has_plan(simulation):
            yield from page(simulation, own, width, pasted)


def _exit(found: list[Simulation]) -> int:
    if any(simulation.is_broken for simulation in found):
        return 2
    if any(simulation.is_worse for simulation in found):
        return 1
    return exits.UNAVAILABLE if any(simulation.is_incomplete for simulation in found) else 0


def _drafted(
    domain: str,
    drafts: tuple[Draft, ...],
    base: "Resolver",
    given: Given,
    suffixes: "PublicSuffixes | None",
) -> Simulation:
    for draft in drafts:
        if not draft.record.strip():
            told = f"the draft for {visible_name(draft.name or domain)} is empty; expected NAME=RECORD"
            raise click.BadParameter(told, param_hint="'--draft'")
    by_name: dict[Text, Text] = {
        name.encode("latin-1"): record for name, record in no_duplicates(drafts, domain).items()
    }
    try:
        return simulate(domain, by_name, resolver=base, senders=given.concerning(domain), suffixes=suffixes)
    except ZoneError as error:
        raise click.BadParameter(str(error), param_hint="'--draft'") from error


def _zones(
    domain: str | None,
    layers: "list[Zone | Recording]",
    replaced: "Zone | Recording",
    given: Given,
    suffixes: "PublicSuffixes | None",
) -> list[Simulation]:
    """Return what changes for a domain, or for every name that has SPF in the first zone or in what replaces it."""
    before = sources.answering(layers, (), 20.0)
    after = sources.answering([replaced, *layers[1:]], (), 20.0)
    if domain is not None:
        return [compare(domain, before, after, senders=given.concerning(domain), suffixes=suffixes)]
    names = _names_with_spf((layers[0], replaced))
    return [compare(name, before, after, senders=given.sending_from(name), suffixes=suffixes) for name in names]


def _names_with_spf(zones: "Iterable[Zone | Recording]") -> list[str]:
    """Return the names of zones that have an SPF record in one of them, in order."""
    names: dict[str, str] = {}
    for zone in zones:
        if not isinstance(zone, Zone):
            raise Failure(exits.USAGE, "give DOMAIN: only zone files tell which names they hold")
        for rrset in zone.rrsets:
            if rrset.type == "TXT" and any(is_spf_octets(b"".join(strings)) for strings in rrset.records):
                names.setdefault(fold(rrset.name), rrset.name)
    return list(names.values())
