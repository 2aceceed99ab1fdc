"""`spfengine tree`: a record with all records that it includes."""

import click

from spfengine.cli import exits, html as reports, options, sources
from spfengine.cli.limit_plan import Asked, plan_dict, plan_lines, plan_of
from spfengine.cli.options import Draft, drafts_by_name
from spfengine.cli.screen import Screen, write_json
from spfengine.policy.include_tree import include_tree
from spfengine.resolvers.overlay import with_drafts
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.text.tree import tree_lines

_EPILOG = f"""\b
Examples:
  spfengine tree example.com
  spfengine tree example.com --zone example.com.zone --draft "v=spf1 mx include:relay.example.net -all"

The number before a term says which lookup of a check it is, for the checks that need the most; only 10 are allowed.
Terms after the limit are shown too.

The exit code: 0 nothing is wrong, 1 over a limit, 2 a record is broken or missing, 69 DNS could not answer something.
{exits.OTHER_HELP}, 73 FILE of --html can't be written.
"""


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@options.answers
@reports.option
@options.limits
@options.as_json
def command(
    domain: str,
    zones: tuple[str, ...],
    live: bool,
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    html: str | None,
    profile: str,
    void_rule: str | None,
    as_json: bool,
) -> int:
    """Show the record of DOMAIN with its includes, redirects, hosts and their addresses, and how many of the lookups
    that are allowed it needs.
    """
    drafted = drafts_by_name(drafts, domain)
    layers = sources.read_zones(zones)
    resolver = with_drafts(sources.answering(layers, live, nameservers), drafted)
    limits = options.limits_of(profile, void_rule, None)
    tree = include_tree(domain, resolver=resolver, limits=limits, own=zone_files.own_domains(layers))
    plan = plan_of(domain, resolver, limits) if tree.is_over_limit else None
    asked = Asked(zones, live, nameservers, drafted)
    if html is not None:
        from spfengine.report.tree import tree_page

        reports.write_report(tree_page(tree, list(plan_lines(plan, None, asked))), html)
    if as_json:
        write_json({**tree.to_dict(), "plan": plan_dict(plan)})
    else:
        screen = Screen()
        screen.show(tree_lines(tree, screen.width))
        screen.show(plan_lines(plan, screen.width, asked))
    if tree.is_broken:
        return 2
    if tree.is_over_limit:
        return 1
    return exits.UNAVAILABLE if tree.is_incomplete else 0
