"""`spfengine simulate`: the plan of a change, before it is published."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from spfengine.advice.forms import FORMS
from spfengine.answers import Resolver, Text, is_spf_octets
from spfengine.cli import evidence_input, exits, html as reports, options, sources
from spfengine.cli.exits import CommandError
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.cli.senders import GivenSenders, write_senders
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.overlay import with_drafts
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.simulation.enforce import Readiness, enforce
from spfengine.simulation.simulate import compare, simulate
from spfengine.simulation.simulation import Simulation
from spfengine.text.enforce import readiness_lines
from spfengine.text.evidence import evidence_lines
from spfengine.text.lines import Line, line, note
from spfengine.text.senders import senders_text
from spfengine.text.simulate import has_plan, overview_lines, simulation_lines
from spfengine.visible import visible_name

if TYPE_CHECKING:
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.evidence.evidence import Evidence
    from spfengine.resolvers.recording import Recording

_EPILOG = f"""\b
Examples:
  spfengine simulate example.com --draft "v=spf1 mx include:relay.example.net -all"
  spfengine simulate example.com --draft "v=spf1 mx ~all" --senders reports/ --csv
  spfengine simulate example.com --draft "_spf.example.com=v=spf1 mx -all" --sender 192.0.2.1
  spfengine simulate example.com --zone example.com.zone --zone-after new.zone
  spfengine simulate --zone example.com.zone --zone-after new.zone
  spfengine simulate example.com --enforce --senders reports/

With --enforce, the draft is the published record with -all in place of what it ends with. The answer is whether the
domain is ready for it: who would fail, who is carried by DKIM, and what is not known.

The exit code: 0 nothing gets worse, 1 something does (mail that passed no longer would, an error is new, or a sender
given gets a worse result, such as fail after softfail), 2 a draft is broken, 69 DNS could not answer, so a part is not
known. The first line says what changes for addresses that belong to no sender and did not pass. With --enforce: 0
every sender given passes, 1 one would fail or is carried by DKIM alone, 2 there is no valid record, 69 it is not known,
for example without senders. {exits.OTHER_HELP}, 73 FILE of --html can't be written.
"""
_SCHEMA = "spfengine.simulations/1"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be simulated: drafts for a domain, or one file in place of the first zone.

    Attributes:
        domain: the domain; None: every name of the zones that has SPF.
        drafts: the drafts of --draft.
        zones, live, nameservers: where answers come from.
        zone_after: the file that replaces the first zone, or None.
        enforce: whether the draft is the published record with -all.
    """

    domain: str | None
    drafts: tuple[Draft, ...]
    zones: tuple[str, ...]
    live: bool
    nameservers: tuple[str, ...]
    zone_after: str | None
    enforce: bool

    def refuse_what_does_not_fit(self) -> None:
        """Raise click.UsageError if these options do not say what to simulate."""
        if self.enforce:
            if self.drafts or self.zone_after is not None:
                raise click.UsageError("--enforce makes the draft itself; expected no --draft and no --zone-after")
            if self.domain is None:
                raise click.UsageError("Missing argument 'DOMAIN': expected the domain that is to end with -all")
        elif self.zone_after is not None:
            if self.drafts:
                raise click.UsageError("--zone-after goes with --zone, and not with --draft")
            if not self.zones:
                raise click.UsageError("--zone-after needs --zone FILE: the present zone")
        elif self.domain is None:
            raise click.UsageError("Missing argument 'DOMAIN': expected the domain that the senders send for")
        elif not self.drafts:
            raise click.UsageError("there is nothing to simulate: expected --draft RECORD, or --zone-after FILE")

    def refuse_to_be_interactive(self, suffixes: str | None) -> None:
        """Raise click.UsageError if there is no draft that the reader of a report could edit."""
        if not self.drafts:
            raise click.UsageError("with --interactive, the reader edits a draft; expected --draft RECORD")
        if suffixes is not None:
            raise click.UsageError("a report of --interactive has no list of --public-suffixes; expected one of them")

    def base(self, layers: "list[Zone | Recording]") -> Resolver:
        """Return what answers before a draft."""
        return sources.answering(layers, self.live, self.nameservers)

    def run(
        self,
        layers: "list[Zone | Recording]",
        base: Resolver | None,
        senders: GivenSenders,
        suffixes: "PublicSuffixes | None",
    ) -> list[Simulation]:
        """Return the simulations.

        Args:
            layers: the files that were read, with the one of --zone-after last.
            base: what answers before a draft.
        """
        if self.zone_after is not None:
            return self._compared(layers[:-1], layers[-1], senders, suffixes)
        domain = self.domain
        assert domain is not None, "a draft is for a domain"
        try:
            return [
                simulate(
                    domain,
                    self._records(domain),
                    resolver=base,
                    senders=senders.concerning(domain),
                    suffixes=suffixes,
                )
            ]
        except ZoneError as error:
            raise click.BadParameter(str(error), param_hint="'--draft'") from error

    def enforced(self, base: Resolver | None, senders: GivenSenders, suffixes: "PublicSuffixes | None") -> Readiness:
        """Return whether the domain is ready for -all."""
        assert self.domain is not None, "a domain is required"
        return enforce(self.domain, resolver=base, senders=senders.concerning(self.domain), suffixes=suffixes)

    def _records(self, domain: str) -> dict[Text, Text]:
        for draft in self.drafts:
            if not draft.record.strip():
                message = f"the draft for {visible_name(draft.name or domain)} is empty; expected NAME=RECORD"
                raise click.BadParameter(message, param_hint="'--draft'")
        return {name.encode("latin-1"): record for name, record in drafts_by_name(self.drafts, domain).items()}

    def resolvers(
        self, layers: "list[Zone | Recording]", base: Resolver | None, drafted: dict[str, str]
    ) -> tuple[Resolver, Resolver]:
        """Return what answers before and after the change; `layers` and `base` are as in `run`."""
        if base is not None:
            return base, with_drafts(base, drafted)
        *present, replacement = layers
        live = sources.answering((), live=True, nameservers=self.nameservers) if self.live or self.nameservers else None
        return zone_files.lay_together(present, live), zone_files.lay_together([replacement, *present[1:]], live)

    def _compared(
        self,
        layers: "list[Zone | Recording]",
        replacement: "Zone | Recording",
        senders: GivenSenders,
        suffixes: "PublicSuffixes | None",
    ) -> list[Simulation]:
        before, after = self.resolvers([*layers, replacement], None, {})
        if self.domain is not None:
            concerned = senders.concerning(self.domain)
            return [compare(self.domain, before, after, senders=concerned, suffixes=suffixes)]
        return [
            compare(name, before, after, senders=senders.sending_from(name), suffixes=suffixes)
            for name in _names_with_spf((layers[0], replacement))
        ]


@click.command(cls=evidence_input.Command, epilog=_EPILOG)
@click.argument("domain", type=options.Domain(), required=False)
@options.answers
@click.option(
    "--zone-after", metavar="FILE", type=options.FileName(),
    help="Simulate this file in place of the first --zone. Without DOMAIN: every name of both files that has SPF.",
)  # fmt: skip
@click.option(
    "--enforce", "is_enforced", is_flag=True, help="Show whether DOMAIN is ready for -all, by the senders given."
)
@click.option(
    "--sender", "single", metavar="IP[,FROM]", type=options.SenderType(), multiple=True,
    help="A client whose result to show before and after, with the address that it sends from if it matters.",
)  # fmt: skip
@evidence_input.option
@evidence_input.receiver_option
@click.option(
    "--public-suffixes", "suffixes", metavar="FILE", type=options.FileName(),
    help="Find organisational domains, for the alignment with From, by this list instead of DMARC's tree walk.",
)  # fmt: skip
@click.option(
    "--form", "formats", metavar="FORM", type=click.Choice(FORMS), multiple=True,
    help=f"Show the records to publish in this form, ready to paste: {', '.join(FORMS)}.",
)  # fmt: skip
@click.option(
    "--paste", "pasted", type=click.Choice(FORMS), multiple=True, hidden=True
)  # what --form was called before
@options.everything
@reports.option
@reports.interactive
@options.as_json
@click.option("--csv", "as_csv", is_flag=True, help="Print the senders as a table (CSV) instead of text.")
def command(
    domain: str | None,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    zone_after: str | None,
    is_enforced: bool,
    single: tuple[tuple[str, str], ...],
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    suffixes: str | None,
    formats: tuple[str, ...],
    pasted: tuple[str, ...],
    everything: bool,
    html: str | None,
    is_interactive: bool,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Show what a change to SPF records would do for DOMAIN: for every address, not only for some."""
    options.only_one_format(as_json, as_csv)
    files = zones if zone_after is None else (*zones, zone_after)
    if sources.STDIN in evidence_paths:
        sources.only_one_stdin(*files, sources.STDIN)
    layers = sources.read_zones(files)
    request = Request(domain, drafts, zones, live, nameservers, zone_after, is_enforced)
    request.refuse_what_does_not_fit()
    if is_interactive:
        request.refuse_to_be_interactive(suffixes)
    evidence = evidence_input.read_if_given(evidence_paths, receiver, domain, quiet=as_json or as_csv)
    senders = GivenSenders(single, evidence.senders if evidence is not None else ())
    psl = None if suffixes is None else sources.public_suffixes(suffixes)
    base = None if zone_after is not None else reports.recorder_of(request.base(layers), is_interactive=is_interactive)
    if is_enforced and domain is not None:
        readiness = request.enforced(base, senders, psl)
        _report_left_out(senders, domain)
        if html is not None:
            from spfengine.report.enforce import readiness_page

            own = zone_files.own_domains(layers)
            drafted = {} if readiness.record is None else {readiness.record_domain: readiness.record}
            page = readiness_page(readiness, own, request.resolvers(layers, base, drafted))
            reports.write_report(page, html, evidence_lines(evidence))
        _show_readiness(readiness, layers, evidence, everything=everything, as_json=as_json, as_csv=as_csv)
        return _readiness_code(readiness)
    simulations = request.run(layers, base, senders, psl)
    if domain is not None and evidence is not None:
        _report_left_out(senders, domain)
    own = zone_files.own_domains(layers)
    if html is not None:
        from spfengine.report.simulate import simulations_page

        drafted = drafts_by_name(drafts, domain or "")
        page = simulations_page(simulations, own, formats + pasted, request.resolvers(layers, base, drafted))
        concerned = () if domain is None else senders.concerning(domain)
        situation = reports.editable_simulation(base, domain or "", drafted, concerned, own, formats + pasted)
        reports.write_report(page, html, evidence_lines(evidence), situation)
    if as_json:
        write_json(_document(simulations, domain, evidence))
    elif as_csv:
        write_senders(simulations)
    else:
        screen = Screen()
        screen.show(
            _lines(simulations, own, formats + pasted, screen.width, whole_zone=domain is None, everything=everything)
        )
    return _exit_code(simulations)


def _show_readiness(
    readiness: Readiness,
    layers: "list[Zone | Recording]",
    evidence: "Evidence | None",
    *,
    everything: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    simulations = [] if readiness.simulation is None else [readiness.simulation]
    if as_csv:
        write_senders(simulations)
    elif as_json:
        document = _document(simulations, readiness.domain if simulations else None, evidence)
        document["enforce"] = readiness.to_dict()
        write_json(document)
    else:
        screen = Screen()
        screen.show(readiness_lines(readiness, screen.width, zone_files.own_domains(layers), everything=everything))


def _readiness_code(readiness: Readiness) -> int:
    if readiness.simulation is None or readiness.simulation.is_broken:
        return exits.UNAVAILABLE if readiness.is_incomplete else 2
    return {True: 0, False: 1, None: exits.UNAVAILABLE}[readiness.is_ready]


def _document(simulations: list[Simulation], domain: str | None, evidence: "Evidence | None") -> dict[str, object]:
    documents = [simulation.to_dict() for simulation in simulations]
    whole: dict[str, object] = {"schema": _SCHEMA, "simulations": documents}
    document = whole if domain is None else documents[0]
    if evidence is not None:
        document["evidence"] = evidence_input.to_dict(evidence)
    return document


def _report_left_out(senders: GivenSenders, domain: str) -> None:
    count, messages = senders.left_out(domain)
    if count:
        whose = f"that neither send from {visible_name(domain)} nor have it in From"
        Screen(sys.stderr).show([note(f"left out: {senders_text(count, messages)} {whose}", indent=0)])


def _lines(
    simulations: list[Simulation],
    own: list[str],
    formats: tuple[str, ...],
    width: int | None,
    *,
    whole_zone: bool,
    everything: bool,
) -> Iterator[Line]:
    if not simulations:
        yield line("no name of these zones has an SPF record, before or after")
    elif whole_zone:
        yield from overview_lines(simulations)
    for simulation in simulations:
        if whole_zone and has_plan(simulation):
            yield line()
        if not whole_zone or has_plan(simulation):
            yield from simulation_lines(simulation, width, own, formats, everything=everything)


def _exit_code(simulations: list[Simulation]) -> int:
    if any(simulation.is_broken for simulation in simulations):
        return 2
    if any(simulation.is_worse for simulation in simulations):
        return 1
    return exits.UNAVAILABLE if any(simulation.is_incomplete for simulation in simulations) else 0


def _names_with_spf(zones: "Iterable[Zone | Recording]") -> list[str]:
    """Return the names that have an SPF record in one of these zones, in order."""
    names: dict[str, str] = {}
    for zone in zones:
        if not isinstance(zone, Zone):
            raise CommandError(exits.USAGE, "give DOMAIN: only zone files list the names that they hold")
        for rrset in zone.rrsets:
            if rrset.type == "TXT" and any(is_spf_octets(b"".join(strings)) for strings in rrset.records):
                names.setdefault(fold(rrset.name), rrset.name)
    return list(names.values())
