"""`spfengine suggest`: from messages, reports or logs to the record to publish."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from spfengine.advice.forms import FORMS
from spfengine.advice.suggest.suggest import suggest
from spfengine.advice.suggest.suggestion import Advice, Suggestion
from spfengine.cli import evidence_input, exits, html as reports, options, sources
from spfengine.cli.limit_plan import Asked, plan_dict, plan_lines, plan_of
from spfengine.cli.screen import Screen, write_json
from spfengine.cli.senders import sender_of, write_senders
from spfengine.evidence.subject import domains_about
from spfengine.linting.codes import Severity
from spfengine.linting.limits import UNFRAGMENTED
from spfengine.names import fold, is_same_or_under
from spfengine.resolvers.overlay import with_drafts
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.senders import Sender, concerns, domain_of
from spfengine.text.evidence import evidence_lines
from spfengine.text.suggest import brief_lines, suggestion_lines
from spfengine.visible import visible_name
from spfengine.wording import listed

if TYPE_CHECKING:
    from spfengine.evidence.evidence import Evidence, ReportedBy

_EPILOG = f"""\b
Examples:
  spfengine suggest --senders message.eml
  spfengine suggest example.com --senders reports/ --zone example.com.zone
  spfengine suggest example.com --senders message.eml --drop ip4:192.0.2.1
  spfengine suggest example.com --sender 192.0.2.1 --want 192.0.2.1

DOMAIN defaults to the domain that the senders use in MAIL FROM, or that the DMARC reports are about. Senders are
wanted if they pass now, if they belong to a service in the catalogue, or if a name of the domain has their address;
other addresses only with --want or --allow-unnamed. Whose mail passes DMARC by DKIM, or was sent on by a forwarder, by
the reports, is added only with --want.

Without senders, nothing shows who sends: then no record is called the one to publish. What the zone suggests, such as
the include of the service in its MX records, is shown as a proposal.

The exit code: 0 the record serves every sender given, 1 a sender is not served, no record fits, something that passes
stops (as you asked), or the record has an error, such as +all, 2 the published record is broken and can't be
repaired, or is missing and no sender is given, 69 DNS could not answer, so a part is not known. {exits.OTHER_HELP}, 73
FILE of --html can't be written.
"""
_MOST_DOMAINS = 5


@click.command(cls=evidence_input.Command, epilog=_EPILOG)
@click.argument("domain", type=options.Domain(), required=False)
@evidence_input.option
@evidence_input.receiver_option
@click.option(
    "--sender", "single", metavar="IP[,FROM]", type=options.SenderType(), multiple=True,
    help="One more sender: a client's address, with the address that it sends from if it matters.",
)  # fmt: skip
@options.zone
@options.live
@options.nameserver
@click.option(
    "--want", "want", metavar="NETWORK", type=options.Network(), multiple=True,
    help="Let this address or network pass even if it can't be identified, as ip4/ip6 if nothing better fits.",
)  # fmt: skip
@click.option(
    "--ignore", "ignore", metavar="NETWORK", type=options.Network(), multiple=True,
    help="This address or network is not wanted.",
)  # fmt: skip
@click.option("--allow-unnamed", is_flag=True, help="Want all addresses, even those that can't be identified.")
@click.option(
    "--add", "add", metavar="TERM", multiple=True,
    help="Add this term instead of the best one found, and show what it does.",
)  # fmt: skip
@click.option("--drop", "drop", metavar="TERM", multiple=True, help="Remove this term, even if it lets senders pass.")
@click.option("--keep", "keep", metavar="TERM", multiple=True, help="Keep this term.")
@click.option("--keep-all", is_flag=True, help="Remove nothing but the terms of --drop.")
@click.option(
    "--own", "own", metavar="NAME", multiple=True, type=options.Domain(),
    help="A name whose records, and those under it, you can edit as well. The zone of DOMAIN in --zone is one.",
)  # fmt: skip
@click.option(
    "--catalogue",
    "catalogue",
    metavar="FILE",
    type=options.FileName(),
    help="A catalogue of services, in addition to the built-in one.",
)
@click.option(
    "--max-size", metavar="OCTETS", type=click.IntRange(min=1), default=UNFRAGMENTED, show_default=True,
    help="How large the DNS answer with the TXT records of DOMAIN may be.",
)  # fmt: skip
@click.option("--brief", is_flag=True, help="Show only the record, what it does, and why.")
@click.option(
    "--form", "formats", metavar="FORM", type=click.Choice(FORMS), multiple=True,
    help=f"Show the record to paste only in this format: {', '.join(FORMS)}.",
)  # fmt: skip
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print the senders, before and after, as a table (CSV) instead of text."
)
@options.everything
@reports.option
@reports.interactive
@options.as_json
def command(
    domain: str | None,
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    single: tuple[tuple[str, str], ...],
    zones: tuple[str, ...],
    live: bool,
    nameservers: tuple[str, ...],
    want: tuple[str, ...],
    ignore: tuple[str, ...],
    allow_unnamed: bool,
    add: tuple[str, ...],
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    keep_all: bool,
    own: tuple[str, ...],
    catalogue: str | None,
    max_size: int,
    brief: bool,
    formats: tuple[str, ...],
    as_csv: bool,
    everything: bool,
    html: str | None,
    is_interactive: bool,
    as_json: bool,
) -> int:
    """Propose the record that DOMAIN should have: the smallest change after which all wanted senders pass, with the
    proof.
    """
    options.only_one_format(as_json, as_csv)
    layers = sources.read_zones(zones)
    known = sources.catalogue(catalogue)
    evidence = evidence_input.read_if_given(evidence_paths, receiver, domain, quiet=as_json or as_csv)
    senders = () if evidence is None else evidence.senders
    domain = domain or _domain_of(senders, () if evidence is None else evidence.reports)
    senders += tuple(sender_of(pair, domain) for pair in single)
    own = (*[name for name in zone_files.own_domains(layers) if is_same_or_under(domain, name)], *own)
    resolver = reports.recorder_of(sources.answering(layers, live, nameservers), is_interactive=is_interactive)
    suggestion = suggest(
        domain,
        senders,
        resolver=resolver,
        catalogue=known,
        want=want,
        ignore=ignore,
        add=add,
        drop=drop,
        keep=keep,
        keep_all=keep_all,
        allow_unnamed=allow_unnamed,
        own=own,
        hosts=zone_files.hosts_at(layers, [sender.ip for sender in senders]),
        max_size=max_size,
    )
    plan = None
    if suggestion.is_over_limit:
        plan = plan_of(domain, resolver, senders=senders, catalogue=known)
    if html is not None:
        from spfengine.report.suggest import suggestion_page

        drafted = {} if suggestion.record is None else {domain: suggestion.record}
        plan_text = list(plan_lines(plan, None, Asked(zones, live, nameservers)))
        resolvers = resolver, with_drafts(resolver, drafted)
        page = suggestion_page(suggestion, own, formats, resolvers, plan_text)
        first = {domain: suggestion.record or next(iter(suggestion.published), "v=spf1 -all")}
        concerned = [sender for sender in senders if concerns(sender, fold(domain_of(sender)), domain)]
        situation = reports.editable_simulation(resolver, domain, first, concerned, own, formats)
        reports.write_report(page, html, evidence_lines(evidence), situation)
    if as_json:
        write_json({**_document(suggestion, evidence), "plan": plan_dict(plan)})
    elif as_csv:
        write_senders([] if suggestion.simulation is None else [suggestion.simulation])
    else:
        screen = Screen()
        full = suggestion_lines(suggestion, screen.width, own, formats or FORMS, everything=everything)
        screen.show(brief_lines(suggestion, screen.width, everything=everything) if brief else full)
        screen.show(plan_lines(plan, screen.width, Asked(zones, live, nameservers)))
    return _exit_code(suggestion)


def _document(suggestion: Suggestion, evidence: "Evidence | None") -> dict[str, object]:
    document = suggestion.to_dict()
    if evidence is not None:
        document["evidence"] = evidence_input.to_dict(evidence)
    return document


def _exit_code(suggestion: Suggestion) -> int:
    if suggestion.advice in (Advice.BROKEN, Advice.NEEDS_SENDERS):
        return 2
    has_error = any(finding.severity is Severity.ERROR for finding in suggestion.findings)
    if suggestion.advice is Advice.NONE_FITS or suggestion.unserved or suggestion.is_worse or has_error:
        return 1
    return exits.UNAVAILABLE if suggestion.is_incomplete else 0


def _domain_of(senders: Sequence[Sender], reports: "Sequence[ReportedBy]") -> str:
    """Return the domain that the senders or reports are about. Raises click.UsageError."""
    domains = domains_about(senders, reports)
    if len(domains) == 1:
        return domains[0]
    if not domains:
        raise click.UsageError("Missing argument 'DOMAIN': expected the domain to propose a record for, or --senders")
    names = listed([visible_name(name) for name in domains], _MOST_DOMAINS)
    raise click.UsageError(f"Missing argument 'DOMAIN': the senders use several domains ({names}); give one")
