"""`spfengine tree`: a record with everything that it leads to."""

import json
import sys

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.drafts import Draft, no_duplicates
from spfengine.cli.screen import Screen
from spfengine.policy.include_tree import include_tree

_EPILOG = """\b
Examples:
  spfengine tree example.com
  spfengine tree example.com --zone example.com.zone --draft "v=spf1 mx include:relay.example.net -all"

The number before a term says which lookup of a check it is, where a check needs the most; only 10 are allowed. The tree
goes on behind the limit.

The exit code: 0 nothing found, 1 over a limit, 2 a record is broken or is not there, 69 DNS could not answer
something. Otherwise: 64 the command line can't be understood, 65 a file can't be understood, 66 a file can't be read.
"""


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@options.answers
@options.as_json
def command(
    domain: str,
    zones: tuple[str, ...],
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show the record of DOMAIN with everything that it leads to: includes, redirects, hosts and their addresses, and
    what it costs of the lookups that are allowed.
    """
    drafted = no_duplicates(drafts, domain)
    layers = sources.read_zones(zones)
    base = sources.answering(layers, nameservers, 20.0)
    tree = include_tree(domain, resolver=sources.with_drafts(base, drafted), own=sources.own_domains(layers))
    if as_json:
        sys.stdout.write(json.dumps(tree.to_dict(), indent=2) + "\n")
    else:
        from spfengine.cli.tree_view import page

        screen = Screen()
        screen.show(page(tree, screen.width))
    if tree.is_broken:
        return 2
    if tree.is_over_limit:
        return 1
    return exits.UNAVAILABLE if tree.is_incomplete else 0
