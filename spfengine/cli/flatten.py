"""`spfengine flatten`: networks in place of includes, with the proof that the record says the same."""

import json
import sys

import click

from spfengine.advice.flatten.flatten import flatten
from spfengine.advice.flatten.flattening import Flattening
from spfengine.advice.flatten.splitting import LEAST_SIZE, MOST_SIZE, NAMES
from spfengine.advice.forms import FORMS
from spfengine.cli import exits, options, sources
from spfengine.cli.drafts import Draft, no_duplicates
from spfengine.cli.screen import Screen
from spfengine.errors import ArgumentError

_EPILOG = """\b
Examples:
  spfengine flatten example.com
  spfengine flatten example.com --include _spf.relay.example.net --form bind
  spfengine flatten example.com --draft "v=spf1 include:_spf.relay.example.net mx -all"

Nothing is shown to publish that was not proved, for every address, to give the same result. Once the domain's own
record is flat, keep the record that it was made of, and give it as --draft the next time.

The exit code: 0 flattened, or there is nothing to replace, 1 refused: it can't be proved, or it does not fit, 2 the
record, or one that it leads to, is broken, 69 DNS could not answer. Otherwise: 64 the command line can't be
understood, 65 a file can't be understood, 66 a file can't be read.
"""


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@click.option(
    "--include", "includes", metavar="NAME", multiple=True,
    help="Replace this include (or redirect) only; may be given several times. Without it: all that can be.",
)  # fmt: skip
@click.option("--hosts", is_flag=True, help="Replace a and mx too.")
@click.option(
    "--names", metavar="PATTERN", default=NAMES, show_default=True,
    help="What the names are called that take what does not fit, below DOMAIN; {n} is 1, 2, … With a final dot: the "
    "whole name. Names that are taken are passed over.",
)  # fmt: skip
@click.option(
    "--size", metavar="OCTETS", type=click.IntRange(LEAST_SIZE, MOST_SIZE),
    help="How large the DNS answer for a name may be. Without it: 512, or 1232 where that takes too many names.",
)  # fmt: skip
@click.option(
    "--form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="The form of the records to paste."
)
@options.answers
@options.as_json
def command(
    domain: str,
    includes: tuple[str, ...],
    hosts: bool,
    names: str,
    size: int | None,
    form: str,
    zones: tuple[str, ...],
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Put networks in place of what the record of DOMAIN includes, and prove that every client gets the same result."""
    base = sources.base_resolver(zones, nameservers, 20.0)
    resolver = sources.with_drafts(base, no_duplicates(drafts, domain))
    try:
        found = flatten(domain, resolver=resolver, includes=includes or None, hosts=hosts, names=names, size=size)
    except ArgumentError as error:
        what, _, told = str(error).partition(": ")
        hints = {"includes": "'--include'", "names": "'--names'"}
        raise click.BadParameter(told, param_hint=hints[what]) if what in hints else error from None
    if as_json:
        sys.stdout.write(json.dumps(found.to_dict(), indent=2) + "\n")
    else:
        from spfengine.cli.flatten_view import page

        screen = Screen()
        screen.show(page(found, form, screen.width))
    return _exit(found)


def _exit(found: Flattening) -> int:
    if found.refusal is None:
        return 0
    if found.is_incomplete:
        return exits.UNAVAILABLE
    return 2 if found.is_broken else 1
