"""`spfengine diff`: two meanings compared, address by address."""

import json
import sys

import click

from spfengine.answers import Resolver
from spfengine.cli import exits, options, sources
from spfengine.cli.policy_view import diff_page
from spfengine.cli.screen import Screen
from spfengine.errors import ArgumentError
from spfengine.policy.policy import Policy
from spfengine.resolvers.overlay import Overlay
from spfengine.visible import visible

_EPILOG = """\b
Examples:
  spfengine diff example.com example.net
  spfengine diff example.com "v=spf1 ip4:192.0.2.0/24 -all"
  spfengine diff _spf.example.com _spf2.example.com --zone example.com.zone

A and B are each a domain, or a record (which begins with v=).

The exit code: 0 they are equivalent, 1 they differ, 69 DNS could not answer, so a part is not known.
"""
_SCHEMA = "spfengine.diff/1"
_RECORD_NAME = "record.invalid"  # where a record stands that was given without a domain (RFC 6761 §6.4)


@click.command(epilog=_EPILOG)
@click.argument("a", type=options.Expected("a domain or a record"))
@click.argument("b", type=options.Expected("a domain or a record"))
@click.option(
    "--by", type=click.Choice(["result", "outcome"]), default="result", show_default=True,
    help="Compare results, or every field of the outcomes (deciding term, counts, problem).",
)  # fmt: skip
@options.zone
@options.nameserver
@options.as_json
def command(a: str, b: str, by: str, zones: tuple[str, ...], nameservers: tuple[str, ...], as_json: bool) -> int:
    """Show for which networks the records A and B give another result; prove that there is none, if there is none."""
    base = sources.base_resolver(zones, nameservers, 20.0)
    domain = next((each for each in (a, b) if not _is_record(each)), _RECORD_NAME)
    before, after = _policy(a, domain, base), _policy(b, domain, base)
    changes = before.diff(after, by=by)
    incomplete = bool(before.incomplete or after.incomplete)
    if as_json:
        document = {
            "schema": _SCHEMA,
            "equivalent": not changes,
            "incomplete": incomplete,
            "changes": [
                {"network": str(each.network), "before": each.before.to_dict(), "after": each.after.to_dict()}
                for each in changes
            ],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        screen = Screen()
        screen.show(diff_page(a, b, changes, screen.width))
        if incomplete:
            sys.stderr.write("DNS could not answer for some networks: what changes there is not known\n")
    return 1 if changes else exits.UNAVAILABLE if incomplete else 0


def _is_record(text: str) -> bool:
    return text[:2].lower() == "v="


def _policy(text: str, domain: str, base: Resolver) -> Policy:
    if not _is_record(text):
        return Policy.compile(text, resolver=base)
    try:
        return Policy.compile(domain, resolver=Overlay(base, {domain: {"TXT": text}}))
    except ArgumentError as error:
        raise click.BadParameter(f"{visible(text, 80)!r}: {error}") from error
