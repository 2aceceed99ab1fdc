"""`spfengine flatten`: networks in place of includes, with the proof that the record says the same."""

import click

from spfengine.advice.flatten.flatten import flatten
from spfengine.advice.flatten.flattening import Flattening
from spfengine.advice.flatten.splitting import LEAST_SIZE, MOST_SIZE, NAMES
from spfengine.advice.forms import FORMS
from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.errors import ArgumentError
from spfengine.resolvers.overlay import with_drafts
from spfengine.text.flatten import flattening_lines

_EPILOG = f"""\b
Examples:
  spfengine flatten example.com
  spfengine flatten example.com --include _spf.relay.example.net --form bind
  spfengine flatten example.com --draft "v=spf1 include:_spf.relay.example.net mx -all"

Nothing is shown to publish unless it is proved, for every address, to give the same result. Once the domain's own
record is flat, keep the record that it was made from, and give it as --draft the next time.

The exit code: 0 flattened, or there is nothing to replace, 1 refused: it can't be proved, or it does not fit, 2 the
record, or one that it includes, is broken, 69 DNS could not answer. {exits.OTHER_HELP}, 73 FILE of --html
can't be written.
"""


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@click.option(
    "--include", "includes", metavar="NAME", multiple=True, type=options.Domain(),
    help="Replace only this include (or redirect); may be given several times. Without it: all that can be replaced.",
)  # fmt: skip
@click.option("--hosts", is_flag=True, help="Replace a and mx too.")
@click.option(
    "--names", metavar="PATTERN", default=NAMES, show_default=True,
    help="The names below DOMAIN for what does not fit into its own record; {n} is 1, 2, … With a final dot: the whole "
    "name. Names that exist already are skipped.",
)  # fmt: skip
@click.option(
    "--max-size", metavar="OCTETS", type=click.IntRange(LEAST_SIZE, MOST_SIZE),
    help="How large the DNS answer for a name may be. Without it: 512, or 1232 if that needs too many names.",
)  # fmt: skip
@click.option("--size", type=click.IntRange(LEAST_SIZE, MOST_SIZE), hidden=True)  # what --max-size was called before
@click.option(
    "--form", type=click.Choice(FORMS), default=FORMS[0], show_default=True, help="The format of the records to paste."
)
@options.answers
@reports.option
@options.as_json
def command(
    domain: str,
    includes: tuple[str, ...],
    hosts: bool,
    names: str,
    max_size: int | None,
    size: int | None,
    form: str,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    html: str | None,
    as_json: bool,
) -> int:
    """Replace the includes of DOMAIN's record by networks, and prove that every client gets the same result."""
    base = sources.base_resolver(zones, live, nameservers)
    resolver = with_drafts(base, drafts_by_name(drafts, domain))
    try:
        most = size if max_size is None else max_size
        flattening = flatten(
            domain, resolver=resolver, includes=includes or None, hosts=hosts, names=names, max_size=most
        )
    except ArgumentError as error:
        parameter, _, message = str(error).partition(": ")
        if parameter not in ("includes", "names"):
            raise
        raise click.BadParameter(message, param_hint=f"'--{parameter.replace('includes', 'include')}'") from None
    if html is not None:
        from spfengine.report.flatten import flattening_page
        from spfengine.resolvers.overlay import Overlay

        reports.write_report(flattening_page(flattening, (), (resolver, Overlay(resolver, flattening.drafts))), html)
    if as_json:
        write_json(flattening.to_dict())
    else:
        screen = Screen()
        screen.show(flattening_lines(flattening, screen.width, form))
    return _exit_code(flattening)


def _exit_code(flattening: Flattening) -> int:
    if flattening.refusal is None:
        return 0
    if flattening.is_incomplete:
        return exits.UNAVAILABLE
    return 2 if flattening.is_broken else 1
