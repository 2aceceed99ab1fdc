"""`spfengine simulate`: the plan of a change, before it is published."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from spfengine.answers import Resolver, Text
from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Line, Screen, line
from spfengine.errors import ZoneError
from spfengine.evaluation.session import Session
from spfengine.names import fold
from spfengine.record.tokenizer import is_spf_octets
from spfengine.resolvers.zone import Zone
from spfengine.senders import Sender
from spfengine.simulation.simulate import compare, simulate
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording

_EPILOG = """\b
Examples:
  spfengine simulate example.com --draft "v=spf1 mx include:relay.example.net -all"
  spfengine simulate example.com --draft "_spf.example.com=v=spf1 mx -all" --sender 192.0.2.1
  spfengine simulate example.com --zone example.com.zone --zone-after new.zone
  spfengine simulate --zone example.com.zone --zone-after new.zone

The exit code: 0 nothing gets worse, 1 something does (mail that passed no longer would, or an error is new), 2 a draft
is broken, 69 DNS could not answer, so a part is not known. Otherwise: 64 the command line can't be understood, 65 a
file can't be understood, 66 a file can't be read.
"""
_SCHEMA = "spfengine.simulations/1"


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain(), required=False)
@options.answers
@click.option(
    "--zone-after", metavar="FILE",
    help="Simulate this file in place of the first --zone. Without DOMAIN: every name of both files that has SPF.",
)  # fmt: skip
@click.option(
    "--sender", "senders", metavar="IP[,FROM]", multiple=True,
    help="A client whose result to show before and after, with the address that it sends from if it matters.",
)  # fmt: skip
@options.as_json
def command(
    domain: str | None,
    zones: tuple[str, ...],
    drafts: tuple[options.Draft, ...],
    nameservers: tuple[str, ...],
    zone_after: str | None,
    senders: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show what a change to SPF records would do for DOMAIN: for every address there is, not only for some tried."""
    layers = sources.read_zones((*zones, zone_after) if zone_after is not None else zones)
    if zone_after is None:
        found = [_drafted(domain, drafts, sources.answering(layers, nameservers, 20.0) if drafts else None, senders)]
    else:
        if drafts or nameservers:
            raise click.UsageError("--zone-after goes with --zone, and with neither --draft nor --nameserver")
        if not zones:
            raise click.UsageError("--zone-after needs --zone FILE: the zone as it is now")
        found = _zones(domain, layers[:-1], layers[-1], senders)
    if as_json:
        documents = [simulation.to_dict() for simulation in found]
        document = documents[0] if domain is not None else {"schema": _SCHEMA, "simulations": documents}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        screen = Screen()
        screen.show(_pages(found, sources.own_domains(layers), domain is None, screen.width))
    return _exit(found)


def _pages(found: list[Simulation], own: list[str], whole_zone: bool, width: int | None) -> Iterator[Line]:
    from spfengine.cli.simulate_view import has_plan, overview, page

    if not found:
        yield line("no name of these zones has an SPF record, before or after")
    elif whole_zone:
        yield from overview(found)
    for simulation in found:
        if whole_zone and has_plan(simulation):
            yield line()
        if not whole_zone or has_plan(simulation):
            yield from page(simulation, own, width)


def _exit(found: list[Simulation]) -> int:
    if any(simulation.is_broken for simulation in found):
        return 2
    if any(simulation.is_worse for simulation in found):
        return 1
    return exits.UNAVAILABLE if any(simulation.is_incomplete for simulation in found) else 0


def _drafted(
    domain: str | None, drafts: tuple[options.Draft, ...], base: "Resolver | None", senders: tuple[str, ...]
) -> Simulation:
    if domain is None:
        raise click.UsageError("Missing argument 'DOMAIN': expected the domain whose mail it is about")
    if base is None:
        raise click.UsageError("there is nothing to simulate: expected --draft RECORD, or --zone-after FILE")
    for draft in drafts:
        if not draft.record.strip():
            told = f"the draft for {visible_name(draft.name or domain)} is empty; expected NAME=RECORD"
            raise click.BadParameter(told, param_hint="'--draft'")
    by_name: dict[Text, Text] = {
        name.encode("latin-1"): record for name, record in options.no_duplicates(drafts, domain).items()
    }
    checked = _senders(senders, domain)
    try:
        return simulate(domain, by_name, resolver=base, senders=checked)
    except ZoneError as error:
        raise click.BadParameter(str(error), param_hint="'--draft'") from error


def _zones(
    domain: str | None, layers: "list[Zone | Recording]", replaced: "Zone | Recording", senders: tuple[str, ...]
) -> list[Simulation]:
    """Return what changes for a domain, or for every name that has SPF in the first zone or in what replaces it."""
    before = sources.answering(layers, (), 20.0)
    after = sources.answering([replaced, *layers[1:]], (), 20.0)
    names = [domain] if domain is not None else _names_with_spf((layers[0], replaced))
    return [compare(name, before, after, senders=_senders(senders, name, only_own=domain is None)) for name in names]


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


def _senders(given: tuple[str, ...], domain: str, *, only_own: bool = False) -> list[Sender]:
    """Return the senders given; with `only_own` without those that send from another domain."""
    found = []
    for text in given:
        ip, comma, sender = text.partition(",")
        options.Address().convert(ip, None, None)
        if comma and "@" not in sender:
            raise click.BadParameter(f"{visible(text, 80)!r}: expected IP or IP,ADDRESS", param_hint="'--sender'")
        each = Sender(ip, sender or f"@{domain}")
        if not only_own or not sender or fold(Session(ip, sender).domain) == fold(domain):
            found.append(each)
    return found
