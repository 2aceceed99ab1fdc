"""`spfengine networks`: every network that gets a result, the fewest there can be."""

import json
import sys

import click

from spfengine.cli import exits, options, sources
from spfengine.cli.drafts import Draft, no_duplicates
from spfengine.cli.policy_view import networks_page, notes_page, without_result
from spfengine.cli.screen import Screen
from spfengine.policy.policy import Policy
from spfengine.problems import Result
from spfengine.visible import visible_name

_EPILOG = """\b
Examples:
  spfengine networks example.com
  spfengine networks example.com --result softfail --zone example.com.zone

Networks go to stdout, one a line; what has to be known besides goes to stderr.

The exit code: 0; 2 where the record is broken, or there is none, so that every client gets permerror or none (unless
that is what was asked for); 69 where DNS could not answer for some. Otherwise: 64 the command line can't be understood,
65 a file can't be understood, 66 a file can't be read.
"""
_SCHEMA = "spfengine.networks/1"


@click.command(epilog=_EPILOG)
@click.argument("domain", type=options.Domain())
@click.option(
    "--result", "wanted", type=click.Choice([str(result) for result in Result]), default=str(Result.PASS),
    show_default=True, help="The result that the networks get.",
)  # fmt: skip
@options.answers
@options.as_json
def command(
    domain: str,
    wanted: str,
    zones: tuple[str, ...],
    drafts: tuple[Draft, ...],
    nameservers: tuple[str, ...],
    as_json: bool,
) -> int:
    """List the networks whose mail for DOMAIN gets a result: all of them, includes and redirects followed."""
    base = sources.base_resolver(zones, nameservers, 20.0)
    drafted = no_duplicates(drafts, domain)
    policy = Policy.compile(domain, resolver=sources.with_drafts(base, drafted))
    result = Result(wanted)
    if as_json:
        sys.stdout.write(json.dumps(_document(policy, result), indent=2) + "\n")
    else:
        Screen().show(networks_page(policy, result))
        Screen(sys.stderr).show(notes_page(policy, result))
    if policy.incomplete:
        return exits.UNAVAILABLE
    return 2 if without_result(policy) and result not in (Result.PERMERROR, Result.NONE) else 0


def _document(policy: Policy, result: Result) -> dict[str, object]:
    return {
        "schema": _SCHEMA,
        "domain": visible_name(policy.domain),
        "result": str(result),
        "networks": [str(network) for network in policy.networks(result)],
        "addresses": {"4": policy.address_count(result, 4), "6": policy.address_count(result, 6)},
        "conditional": [
            {"network": str(network), "depends_on": [str(each) for each in depends_on]}
            for network, _, depends_on in policy.conditional
        ],
        "incomplete": [str(network) for network in policy.incomplete],
        "ttl": policy.ttl,
    }
