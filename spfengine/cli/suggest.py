"""`spfengine suggest`: from messages, reports or logs to the record to publish."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from spfengine.addresses import parse_address
from spfengine.advice.catalogue.catalogue import Catalogue
from spfengine.advice.forms import FORMS
from spfengine.advice.suggest.suggest import suggest
from spfengine.advice.suggest.suggestion import Advice, Suggestion
from spfengine.cli import evidence_input, exits, options, sources
from spfengine.cli.exits import Failure
from spfengine.cli.screen import Screen
from spfengine.errors import AddressError, CatalogueError
from spfengine.evaluation.session import Session
from spfengine.linting.limits import UNFRAGMENTED
from spfengine.names import domain_fault, fold, is_same_or_under
from spfengine.resolvers.zone import Zone
from spfengine.senders import Sender
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.resolvers.recording import Recording

_EPILOG = """\b
Examples:
  spfengine suggest --senders message.eml
  spfengine suggest example.com --senders reports/ --zone example.com.zone
  spfengine suggest example.com --senders message.eml --drop ip4:192.0.2.1
  spfengine suggest example.com --sender 192.0.2.1 --want 192.0.2.1

Without DOMAIN it is the one that the senders use in MAIL FROM. Senders are wanted if they pass now, or if they belong
to a service that the catalogue knows, or if a name of the domain leads to them; other addresses only with --want or
--allow-unnamed.

The exit code: 0 the record serves every sender, 1 a sender is not served, or no record fits, or something that passes
stops (as was told), 2 what stands there is broken beyond mending, or is not there, 69 DNS could not answer, so a part
is not known. Otherwise: 64 the command line can't be understood, 65 a file can't be understood, 66 a file can't be
read.
"""
_MOST_DOMAINS = 5


class _Network(options.Expected):
    """An address or network."""

    name = "network"

    def __init__(self) -> None:
        super().__init__("an address or a network, such as 192.0.2.1 or 192.0.2.0/24")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text as it was given, once it is known to be one."""
        from ipaddress import ip_network

        text = str(value)
        try:
            if "/" in text:
                ip_network(text, strict=False)
            else:
                parse_address(text)
        except (ValueError, AddressError):
            self.fail(f"{visible(text, 60)!r} is no address and no network; expected {self.expected}", param, ctx)
        return text


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain(), required=False)
@evidence_input.option
@evidence_input.receiver_option
@click.option(
    "--sender", "given", metavar="IP[,FROM]", multiple=True,
    help="One more sender: a client's address, with the address that it sends from if it matters.",
)  # fmt: skip
@options.zone
@options.nameserver
@click.option(
    "--want", "want", metavar="NETWORK", type=_Network(), multiple=True,
    help="This address or network is wanted, though nobody can name it: by its address if need be.",
)  # fmt: skip
@click.option(
    "--ignore", "ignore", metavar="NETWORK", type=_Network(), multiple=True,
    help="This address or network is not wanted.",
)  # fmt: skip
@click.option("--allow-unnamed", is_flag=True, help="Want all addresses that nobody can name.")
@click.option(
    "--add", "add", metavar="TERM", multiple=True,
    help="Add this term in place of what would be found, and show what it does.",
)  # fmt: skip
@click.option("--drop", "drop", metavar="TERM", multiple=True, help="Take this term out, whoever passes by it.")
@click.option("--keep", "keep", metavar="TERM", multiple=True, help="Leave this term in.")
@click.option("--keep-all", is_flag=True, help="Take nothing out but what --drop says.")
@click.option(
    "--own", "own", metavar="NAME", multiple=True,
    help="A name, with all under it, whose records you can edit as well. The zone of DOMAIN in --zone is one.",
)  # fmt: skip
@click.option("--catalogue", "catalogue", metavar="FILE", help="A catalogue of services to add to that of the package.")
@click.option(
    "--max-size", metavar="OCTETS", type=click.IntRange(min=1), default=UNFRAGMENTED, show_default=True,
    help="How large the DNS answer with the TXT records of DOMAIN may be.",
)  # fmt: skip
@click.option("--brief", is_flag=True, help="Show only the record, what it does, and why.")
@click.option(
    "--form", "forms", metavar="FORM", type=click.Choice(FORMS), multiple=True,
    help=f"Show the record to paste only in this form: {', '.join(FORMS)}.",
)  # fmt: skip
@click.option(
    "--csv", "as_csv", is_flag=True, help="Give the senders, before and after, as a table (CSV) instead of text."
)
@options.as_json
def command(
    domain: str | None,
    evidence_paths: tuple[str, ...],
    receiver: str | None,
    given: tuple[str, ...],
    zones: tuple[str, ...],
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
    forms: tuple[str, ...],
    as_csv: bool,
    as_json: bool,
) -> int:
    """Say which record DOMAIN should have: the smallest change after which all wanted senders pass, with the proof."""
    if as_json and as_csv:
        raise click.UsageError("expected one of --json and --csv, not both")
    layers = sources.read_zones(zones)
    known = _catalogue(catalogue)
    evidence = evidence_input.read(evidence_paths, receiver, quiet=as_json or as_csv) if evidence_paths else None
    senders = () if evidence is None else evidence.senders
    domain = _domain_of(senders) if domain is None else domain
    senders += tuple(_sender(text, domain) for text in given)
    names = [name for name in sources.own_domains(layers) if is_same_or_under(domain, name)]
    suggestion = suggest(
        domain,
        senders,
        resolver=sources.answering(layers, nameservers, 20.0),
        catalogue=known,
        want=want,
        ignore=ignore,
        add=add,
        drop=drop,
        keep=keep,
        keep_all=keep_all,
        allow_unnamed=allow_unnamed,
        own=(*names, *own),
        hosts=_hosts(layers, senders),
        max_answer=max_size,
    )
    if as_json:
        document = suggestion.to_dict()
        if evidence is not None:
            document["evidence"] = evidence_input.to_dict(evidence)
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    elif as_csv:
        from spfengine.cli.senders_csv import lines

        sys.stdout.writelines(lines([] if suggestion.simulation is None else [suggestion.simulation]))
    else:
        from spfengine.cli.suggest_view import brief_page, page

        screen = Screen()
        if brief:
            screen.show(brief_page(suggestion, screen.width))
        else:
            screen.show(page(suggestion, (*names, *own), forms or FORMS, screen.width))
    return _exit(suggestion)


def _exit(suggestion: Suggestion) -> int:
    if suggestion.advice is Advice.BROKEN:
        return 2
    if suggestion.advice is Advice.NONE_FITS or suggestion.unserved or suggestion.is_worse:
        return 1
    return exits.UNAVAILABLE if suggestion.is_incomplete else 0


def _domain_of(senders: Sequence[Sender]) -> str:
    """Return the domain of MAIL FROM that all senders share."""
    found: dict[str, str] = {}
    for sender in senders:
        name = Session(sender.ip, sender.sender, sender.helo or "").domain
        if domain_fault(name) is None:
            found.setdefault(fold(name), name)
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise click.UsageError("Missing argument 'DOMAIN': expected the domain whose mail it is about, or --senders")
    named = ", ".join([visible_name(name) for name in list(found.values())[:_MOST_DOMAINS]])
    more = f" and {len(found) - _MOST_DOMAINS} more" if len(found) > _MOST_DOMAINS else ""
    raise click.UsageError(f"Missing argument 'DOMAIN': the senders use several domains ({named}{more}); give one")


def _sender(text: str, domain: str) -> Sender:
    ip, comma, sender = text.partition(",")
    options.Address().convert(ip, None, None)
    if comma and "@" not in sender:
        raise click.BadParameter(f"{visible(text, 80)!r}: expected IP or IP,ADDRESS", param_hint="'--sender'")
    return Sender(ip, sender or f"@{domain}")


def _catalogue(path: str | None) -> Catalogue:
    try:
        return Catalogue.load(path)
    except OSError as error:
        told = f"{visible(path or '')} can't be read: {error.strerror or error}"
        raise Failure(exits.NO_INPUT, told) from error
    except CatalogueError as error:
        raise Failure(exits.DATA, str(error)) from error


def _hosts(layers: "Sequence[Zone | Recording]", senders: Sequence[Sender]) -> Iterator[str]:
    """Yield the names of the zones that lead to a sender."""
    wanted = {parse_address(sender.ip)[1] for sender in senders}
    for layer in layers:
        for rrset in layer.rrsets if isinstance(layer, Zone) else ():
            if rrset.type in ("A", "AAAA") and not wanted.isdisjoint(rrset.records):
                yield rrset.name
