"""`spfengine simulate`: the plan of a change, before it is published."""

import json
import sys

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Line, Screen, line
from spfengine.names import to_a_labels
from spfengine.resolvers.overlay import Drafts
from spfengine.resolvers.zone import Zone
from spfengine.simulation.senders import Sender
from spfengine.simulation.simulate import compare, simulate
from spfengine.simulation.simulation import Simulation
from spfengine.visible import visible

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
@click.argument("domain", required=False)
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
    if zone_after is None:
        found = [_drafted(domain, drafts, zones, nameservers, senders)]
    else:
        found = _zones(domain, zones, zone_after, drafts, nameservers, senders)
    if as_json:
        documents = [simulation.to_dict() for simulation in found]
        document = documents[0] if domain is not None else {"schema": _SCHEMA, "simulations": documents}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        from spfengine.cli.simulate_view import page

        screen = Screen()
        pages: list[Line] = []
        for place, simulation in enumerate(found):
            pages += [line()] if place else []
            pages += page(simulation, screen.width)
        screen.show(pages or [line("no name of these zones has an SPF record, before or after")])
    return _exit(found)


def _exit(found: list[Simulation]) -> int:
    if any(simulation.is_broken for simulation in found):
        return 2
    if any(simulation.is_worse for simulation in found):
        return 1
    return exits.UNAVAILABLE if any(simulation.is_incomplete for simulation in found) else 0


def _drafted(
    domain: str | None,
    drafts: tuple[options.Draft, ...],
    zones: tuple[str, ...],
    nameservers: tuple[str, ...],
    senders: tuple[str, ...],
) -> Simulation:
    if domain is None:
        raise click.UsageError("Missing argument 'DOMAIN': expected the domain whose mail it is about")
    if not drafts:
        raise click.UsageError("there is nothing to simulate: expected --draft RECORD, or --zone-after FILE")
    base = sources.base_resolver(zones, nameservers, 20.0)
    own = options.no_duplicates(drafts, domain)
    if len(own) == 1 and drafts[0].name is None:
        return simulate(domain, drafts[0].record, resolver=base, senders=_senders(senders, domain))
    by_name: Drafts = {name.encode("latin-1"): {"TXT": record} for name, record in own.items()}
    return simulate(domain, by_name, resolver=base, senders=_senders(senders, domain))


def _zones(
    domain: str | None,
    zones: tuple[str, ...],
    zone_after: str,
    drafts: tuple[options.Draft, ...],
    nameservers: tuple[str, ...],
    senders: tuple[str, ...],
) -> list[Simulation]:
    if drafts or nameservers:
        raise click.UsageError("--zone-after goes with --zone, and with neither --draft nor --nameserver")
    if not zones:
        raise click.UsageError("--zone-after needs --zone FILE: the zone as it is now")
    before = sources.base_resolver(zones, (), 20.0)
    after = sources.base_resolver((zone_after, *zones[1:]), (), 20.0)
    names = [domain] if domain is not None else _names_with_spf(sources.read_zone(zones[0]), zone_after)
    return [compare(name, before, after, senders=_senders(senders, name)) for name in names]


def _names_with_spf(before: object, path_after: str) -> list[str]:
    """Return the names of two zones that have an SPF record in one of them, in order."""
    names: dict[str, None] = {}
    for zone in (before, sources.read_zone(path_after)):
        if not isinstance(zone, Zone):
            raise Failure(exits.USAGE, "give DOMAIN: only zone files tell which names they hold")
        for rrset in zone.rrsets:
            if rrset.type == "TXT" and any(_is_spf(strings) for strings in rrset.records):
                names[rrset.name] = None
    return list(names)


def _is_spf(strings: object) -> bool:
    from spfengine.record.tokenizer import is_spf_octets

    return isinstance(strings, tuple) and is_spf_octets(b"".join(strings))


def _senders(given: tuple[str, ...], domain: str) -> list[Sender]:
    found = []
    for text in given:
        ip, comma, sender = text.partition(",")
        options.Address().convert(ip, None, None)
        if comma and "@" not in sender:
            raise click.BadParameter(f"{visible(text, 80)!r}: expected IP or IP,ADDRESS", param_hint="'--sender'")
        found.append(Sender(ip, sender or f"@{to_a_labels(domain) or domain}"))
    return found
